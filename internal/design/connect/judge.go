package connect

import (
	"cmp"
	"slices"
)

// Result is what one try found.
type Result struct {
	ID string `json:"id"`
	// State is "open", "refused", "filtered" (no answer in time), "no-name" (the
	// name does not resolve), "broken" (connected, and the protocol failed) or
	// "not-tried".
	State   string  `json:"state"`
	Detail  string  `json:"detail,omitempty"`
	Address string  `json:"address,omitempty"`
	Seconds float64 `json:"seconds"`
}

// The states of a try.
const (
	Open     = "open"
	Refused  = "refused"
	Filtered = "filtered"
	NoName   = "no-name"
	Broken   = "broken"
	NotTried = "not-tried"
)

// Verdict is a check with what was found and whether that is as it has to be.
type Verdict struct {
	Check
	Result Result `json:"result"`
	// Passed is false for what was not tried, and for a name that does not
	// resolve where the connection has to be shut: nothing was shown then.
	Passed bool `json:"passed"`
	// Rule is what decides, by the configuration, on the side where it was tried;
	// of a check that passed it is "".
	Rule string `json:"rule,omitempty"`
	// SourceRule and TargetRule are what decides on each side: a rule with its
	// name, an NSG's with its priority too, or a route.
	SourceRule string `json:"sourceRule,omitempty"`
	TargetRule string `json:"targetRule,omitempty"`
}

// Judge pairs the checks with the results. Of several results for one check
// the worst counts.
func Judge(rules *Rules, checks []Check, results []Result) []Verdict {
	found := map[string]Result{}
	for _, r := range results {
		if old, ok := found[r.ID]; !ok || badness(r.State) > badness(old.State) {
			found[r.ID] = r
		}
	}
	out := make([]Verdict, 0, len(checks))
	for _, c := range checks {
		r, ok := found[c.ID]
		if !ok {
			r = Result{ID: c.ID, State: NotTried}
		}
		v := Verdict{Check: c, Result: r}
		if c.Open {
			v.Passed = r.State == Open
		} else {
			// A refusal by the far host is no firewall, but no connection either.
			v.Passed = r.State == Filtered || r.State == Refused
		}
		if !v.Passed {
			v.SourceRule, v.TargetRule = rules.Of(c)
			if v.Rule = v.SourceRule; c.From.Side == Target {
				v.Rule = v.TargetRule
			}
		}
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(a, b Verdict) int {
		if a.Passed != b.Passed {
			if b.Passed {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return out
}

func badness(state string) int {
	return slices.Index([]string{Open, Refused, Filtered, Broken, NoName}, state)
}
