package edge

import (
	_ "embed"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
)

//go:embed gaps.tsv
var gapsTSV string

//go:embed plain.tsv
var plainTSV string

// Family returns the rules for what stands before a workload. It panics on an
// embedded table that cannot be read, which is a defect of the program.
func Family() design.Family {
	plain, err := common.Plain(plainTSV, design.Names)
	if err != nil {
		panic(err)
	}
	rules := wafRules()
	for _, more := range [][]design.Rule{zoneRules(), distributionRules(), acceleratorRules(), recordRules(), plain} {
		rules = append(rules, more...)
	}
	return design.Family{Name: "edge", Rules: rules, Gaps: gapsTSV}
}
