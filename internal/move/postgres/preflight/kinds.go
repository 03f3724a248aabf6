package preflight

import (
	_ "embed"
	"strings"
)

//go:embed findings.tsv
var findingsTSV string

// Kind is a kind of finding: what of it is the same for all objects.
type Kind struct {
	ID   string `json:"id"`
	Area string `json:"area"`
	// Severity is the usual one, Also those that it has in other cases.
	Severity Severity   `json:"severity"`
	Also     []Severity `json:"also,omitempty"`
	What     string     `json:"what"`
	Why      string     `json:"why"`
	// Fix is what to do, "" for nothing.
	Fix string `json:"fix,omitempty"`
}

// Kinds lists every kind of finding, by area, in the order of the reference.
func Kinds() []Kind {
	const width = 7
	var out []Kind
	for line := range strings.Lines(findingsTSV) {
		line = strings.TrimSuffix(line, "\n")
		cells := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") || len(cells) != width {
			continue
		}
		k := Kind{ID: cells[0], Area: cells[1], Severity: Severity(cells[2]), What: cells[4], Why: cells[5], Fix: cells[6]}
		for also := range strings.SplitSeq(cells[3], ",") {
			if also != "" {
				k.Also = append(k.Also, Severity(also))
			}
		}
		out = append(out, k)
	}
	return out
}
