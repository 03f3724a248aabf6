package view

import (
	"fmt"
	"slices"

	"example.com/landfall/internal/design/connect"
)

// ConnectionPlan is the result of "landfall connections plan".
type ConnectionPlan struct {
	Checks int `json:"checks"`
	// Open and Shut count what has to succeed and what must not; Unknown the
	// checks whose far end has no address yet.
	Open    int `json:"open"`
	Shut    int `json:"shut"`
	Unknown int `json:"unknown"`
	// From are the ends where the checks are to be run.
	From []string `json:"from"`
	// Unplanned are connections that a person has to try in another way.
	Unplanned []connect.Unplanned `json:"unplanned,omitempty"`
}

// OfChecks sums up the checks.
func OfChecks(checks []connect.Check) ConnectionPlan {
	out := ConnectionPlan{Checks: len(checks), From: []string{}}
	for _, c := range checks {
		if c.Open {
			out.Open++
		} else {
			out.Shut++
		}
		if c.To.Host == "" {
			out.Unknown++
		}
		if from := string(c.From.Side) + " " + c.From.Name; !slices.Contains(out.From, from) {
			out.From = append(out.From, from)
		}
	}
	slices.Sort(out.From)
	return out
}

// Text writes the result for a person.
func (r ConnectionPlan) Text(p *Paper) {
	p.Line("wrote connections.json: %s, %d have to open, %d have to stay shut, %d with an address that is not known yet", plural(int64(r.Checks), "connection", "connections"), r.Open, r.Shut, r.Unknown)
	if len(r.From) > 0 {
		p.Line("copy landfall and connections.json to each of these and run: landfall connections try --checks connections.json --from NAME --out NAME.json")
		for _, f := range r.From {
			p.Line("  %s", f)
		}
	}
	if len(r.Unplanned) > 0 {
		p.Title("not planned, to be tried in another way: %d", len(r.Unplanned))
		for _, u := range r.Unplanned[:min(len(r.Unplanned), shownLines)] {
			p.Line("  %s %s to %s port %d: %s", p.Mark(Unknown), u.From, u.To, u.Port, u.Why)
		}
		more(p, len(r.Unplanned), "--json")
	}
}

// Tried is the result of "landfall connections try".
type Tried struct {
	From    string           `json:"from"`
	Results []connect.Result `json:"results"`
	File    string           `json:"file,omitempty"`
}

// Text writes the result for a person.
func (r Tried) Text(p *Paper) {
	rows := [][]string{{"STATE", "CONNECTION", "ADDRESS", "SECONDS", "DETAIL"}}
	for _, x := range r.Results {
		rows = append(rows, []string{x.State, x.ID, x.Address, fmt.Sprintf("%.2f", x.Seconds), narrow(x.Detail, flowWidth)})
	}
	p.Table(rows)
	if r.File != "" {
		p.Line("")
		p.Line("wrote %s; judge it where the workspace is: landfall connections report %s", r.File, r.File)
	}
}

// ConnectionMatrix is the result of "landfall connections report".
type ConnectionMatrix struct {
	Passed   int               `json:"passed"`
	Failed   int               `json:"failed"`
	NotTried int               `json:"notTried"`
	Verdicts []connect.Verdict `json:"verdicts"`
	Evidence int64             `json:"evidence"`
}

// OfVerdicts sums up the verdicts.
func OfVerdicts(list []connect.Verdict) ConnectionMatrix {
	out := ConnectionMatrix{Verdicts: list}
	for _, v := range list {
		switch {
		case v.Passed:
			out.Passed++
		case v.Result.State == connect.NotTried:
			out.NotTried++
		default:
			out.Failed++
		}
	}
	return out
}

// Text writes what is not as it has to be, first.
func (r ConnectionMatrix) Text(p *Paper) {
	p.Line("%d as they have to be, %d not, %d not tried (ledger entry %d)", r.Passed, r.Failed, r.NotTried, r.Evidence)
	rows := [][]string{{"", "FROM", "TO", "PORT", "HAS TO BE", "IS", "RULE"}}
	for _, v := range r.Verdicts {
		mark, want := Good, "shut"
		if v.Open {
			want = "open"
		}
		switch {
		case v.Passed:
		case v.Result.State == connect.NotTried:
			mark = Unknown
		default:
			mark = Bad
		}
		rows = append(rows, []string{string(mark), string(v.From.Side) + " " + v.From.Name, string(v.To.Side) + " " + v.To.Name, fmt.Sprint(v.Port), want, v.Result.State, narrow(v.Rule, nodeWidth)})
	}
	p.Line("")
	p.Table(rows)
}
