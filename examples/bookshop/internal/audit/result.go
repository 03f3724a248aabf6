package audit

import (
	"fmt"
	"io"
	"strings"
)

// Kind is a kind of violation.
type Kind string

// The kinds of violations.
const (
	Lost      Kind = "lost"      // accepted, and not in the database
	Doubled   Kind = "doubled"   // more than once in the database
	Changed   Kind = "changed"   // in the database with another content
	Revived   Kind = "revived"   // refused, and in the database
	Foreign   Kind = "foreign"   // in the database under this run's name, and never tried
	Reordered Kind = "reordered" // a customer's orders stand in another order than they were placed
	Unsettled Kind = "unsettled" // neither fulfilled nor waiting for it, or given up
	Misbooked Kind = "misbooked" // fulfilled other than exactly once: ledger or events do not fit
	Stock     Kind = "stock"     // stock movements do not sum up
	Numbering Kind = "numbering" // the sequence will hand out numbers that are taken
)

// Violation is one thing that must not be.
type Violation struct {
	Kind   Kind   `json:"kind"`
	Order  string `json:"order,omitempty"`
	Detail string `json:"detail"`
}

// Result is what an audit found.
type Result struct {
	OK         bool        `json:"ok"`
	Runs       []string    `json:"runs"`
	Tried      int         `json:"tried"`    // orders in the journals
	Accepted   int         `json:"accepted"` // by what the journals say
	Refused    int         `json:"refused"`
	Unknown    int         `json:"unknown"`
	Found      int         `json:"found"`      // orders of these runs in the database
	Confirmed  int         `json:"confirmed"`  // accepted, and found once with the same content
	Arrived    int         `json:"arrived"`    // unknown, and found
	Fulfilled  int         `json:"fulfilled"`  // found and fulfilled
	Queued     int         `json:"queued"`     // found and still waiting
	Customers  int         `json:"customers"`  // whose order of orders was compared
	StockBooks int         `json:"stockBooks"` // whose movements were summed up
	Truncated  int         `json:"truncated"`  // unfinished last lines of journals
	Violations []Violation `json:"violations"`
}

// Text writes the result for people.
func (r Result) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "runs        %s\n", strings.Join(r.Runs, ", "))
	fmt.Fprintf(&b, "tried       %d orders: %d accepted, %d refused, %d unknown\n", r.Tried, r.Accepted, r.Refused, r.Unknown)
	fmt.Fprintf(&b, "found       %d in the database: %d of %d accepted confirmed, %d of %d unknown arrived\n", r.Found, r.Confirmed, r.Accepted, r.Arrived, r.Unknown)
	fmt.Fprintf(&b, "fulfilled   %d, still queued %d\n", r.Fulfilled, r.Queued)
	fmt.Fprintf(&b, "order kept  compared for %d customers\n", r.Customers)
	fmt.Fprintf(&b, "stock       summed up for %d books\n", r.StockBooks)
	if r.Truncated > 0 {
		fmt.Fprintf(&b, "journals    %d with an unfinished last line (a generator was killed); it counts as not sent\n", r.Truncated)
	}
	for _, v := range r.Violations {
		fmt.Fprintf(&b, "VIOLATION   %s", v.Kind)
		if v.Order != "" {
			fmt.Fprintf(&b, " %s", v.Order)
		}
		fmt.Fprintf(&b, ": %s\n", v.Detail)
	}
	if r.OK {
		b.WriteString("verdict     no order was lost, doubled, changed or reordered\n")
	} else {
		fmt.Fprintf(&b, "verdict     %d violations\n", len(r.Violations))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
