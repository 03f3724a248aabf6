package design

import (
	"fmt"
	"slices"
	"strings"
)

// GapEntry is one row of the gap catalogue: where a target behaves
// differently from its source.
type GapEntry struct {
	ID       string
	Severity Severity
	// Title names the difference, Effect says what it does to the workload, Do
	// what to do about it, Source the page it comes from.
	Title, Effect, Do, Source string
}

// ParseGaps reads a family's part of the gap catalogue: lines of id, severity,
// title, effect, what to do and source, parted by tabs; # begins a comment.
func ParseGaps(text string) ([]GapEntry, error) {
	var out []GapEntry
	for n, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 6 || slices.Contains(cells, "") {
			return nil, fmt.Errorf("gap line %d: want six cells that say something", n+1)
		}
		e := GapEntry{cells[0], Severity(cells[1]), cells[2], cells[3], cells[4], cells[5]}
		if e.Severity.rank() < 0 {
			return nil, fmt.Errorf("gap line %d: unknown severity %q", n+1, cells[1])
		}
		out = append(out, e)
	}
	return out, nil
}
