package action

import (
	"context"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// KindConnections tries the connections of an environment.
const KindConnections runbook.StepKind = "connections"

// Connection is one way that was tried.
type Connection struct {
	// ID is that of connections.json.
	ID string
	// Expected says whether it has to be open; a closed one proves a denial.
	Expected bool
	// Tried says that it was, Passed that it was as expected.
	Tried, Passed bool
	Detail        string
}

// Connector tries the connections of connections.json that begin where it runs
// or of which results are at hand.
type Connector interface {
	Connections(ctx context.Context, environment string, progress func(done, total int)) ([]Connection, error)
}

// Connections proves that what must reach each other does, and nothing else.
type Connections struct {
	only
	Connector Connector
}

var _ Test = Connections{}

// Try tries them. One that was not tried is no yes, and neither is a list in
// which nothing is denied: what must not pass has to be tried as well.
func (a Connections) Try(ctx context.Context, c *Call) ([]Evidence, error) {
	var in struct {
		Environment string `json:"environment"`
		// OnlyAllowed says that this workload has nothing to deny.
		OnlyAllowed bool `json:"onlyAllowed"`
	}
	if err := inputs(c, &in); err != nil {
		return nil, err
	}
	all, err := a.Connector.Connections(ctx, in.Environment, func(done, total int) {
		c.beat(Progress{Text: "connections", Done: int64(done), Of: int64(total)})
	})
	if err != nil {
		return nil, err
	}
	var open, shut, untried int
	var wrong []string
	for _, k := range all {
		switch {
		case !k.Tried:
			untried++
		case !k.Passed:
			wrong = append(wrong, k.ID+" ("+k.Detail+")")
		case k.Expected:
			open++
		default:
			shut++
		}
	}
	evidence := []Evidence{{Kind: "reachability", Text: number(open) + " open and " + number(shut) + " refused as they have to be, " + number(len(wrong)) + " are not, " + number(untried) + " not tried",
		Data: map[string]string{"environment": in.Environment, "open": number(open), "refused": number(shut), "wrong": number(len(wrong)), "notTried": number(untried)}}}
	const shown = 5
	switch {
	case len(wrong) > 0:
		return evidence, fault.Newf(fault.Found, "try the connections of %q: %d are not as they have to be: %s", in.Environment, len(wrong), strings.Join(wrong[:min(shown, len(wrong))], "; "))
	case untried > 0:
		return evidence, fault.Newf(fault.Found, "try the connections of %q: %d were not tried", in.Environment, untried).
			Hintf("landfall connections try --from END, near each end")
	case open+shut == 0:
		return evidence, fault.Newf(fault.Found, "try the connections of %q: there are none to try", in.Environment).Hintf("landfall connections plan")
	case shut == 0 && !in.OnlyAllowed:
		return evidence, fault.Newf(fault.Found, "try the connections of %q: none is tried that must be refused", in.Environment)
	}
	return evidence, nil
}
