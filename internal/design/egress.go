package design

import (
	"slices"
	"strings"
)

// EgressNotKnown begins the note that says why Egress says nothing.
const EgressNotKnown = "the cost of egress is not known: "

// EgressKnown reports whether Egress is an estimate; otherwise no size or no
// price is known, which is not zero.
func (s CostSummary) EgressKnown() bool {
	return !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.HasPrefix(n, EgressNotKnown) })
}
