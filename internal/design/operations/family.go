package operations

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
)

//go:embed gaps.tsv
var gapsTSV string

//go:embed plain.tsv
var plainTSV string

//go:embed metrics.tsv
var metricsTSV string

// Family returns the rules for operations. It panics on an embedded table that
// cannot be read, which is a defect of the program.
func Family() design.Family {
	plain, err := common.Plain(plainTSV, design.Operations)
	if err != nil {
		panic(err)
	}
	table, err := loadMetrics()
	if err != nil {
		panic(err)
	}
	w := watcher{table}
	var rules []design.Rule
	for _, more := range [][]design.Rule{logRules(), w.alarmRules(), w.dashboardRules(), trailRules(), backupRules(), budgetRules(), plain} {
		rules = append(rules, more...)
	}
	return design.Family{Name: "operations", Rules: rules, Gaps: gapsTSV}
}

// metric is one line of the table of metrics.
type metric struct {
	kind cloud.Kind
	name string
	// aggregation is "" for that of the alarm.
	aggregation string
	// factor multiplies a threshold; unit names one that a number cannot turn:
	// "inverse", "health", "storage", "memory", "period".
	factor     float64
	unit       string
	dimensions []string
}

// metrics are the lines for a metric, by "namespace|metric".
type metrics map[string][]metric

func loadMetrics() (metrics, error) {
	out := metrics{}
	for n, line := range strings.Split(metricsTSV, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 7 {
			return nil, fmt.Errorf("metric line %d: want seven cells", n+1)
		}
		m := metric{kind: cloud.Kind(cells[2]), name: cells[3], aggregation: strings.Trim(cells[4], "."), factor: 1}
		if f, err := strconv.ParseFloat(cells[5], 64); err == nil {
			m.factor = f
		} else {
			m.unit = cells[5]
		}
		if cells[6] != "." {
			m.dimensions = strings.Split(cells[6], "|")
		}
		out[cells[0]+"|"+cells[1]] = append(out[cells[0]+"|"+cells[1]], m)
	}
	return out, nil
}

type watcher struct{ table metrics }
