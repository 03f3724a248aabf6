package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/trail/residual"
)

// residualWidth bounds a name in the tables; whyWidth a reason.
const (
	residualWidth = 56
	whyWidth      = 96
)

// Residual is the result of "landfall residual".
type Residual struct {
	residual.Report
	// File is where it was written, and Evidence the ledger entry that records
	// it; empty without a workspace.
	File     string `json:"file,omitempty"`
	Evidence int64  `json:"evidence,omitempty"`
}

// Text writes the result for a person: what is still used, by whom, and what to
// do next.
func (r Residual) Text(p *Paper) {
	p.Line("%s to %s (%s): %s, %s of them after the cutover", moment(r.Since), moment(r.Until), lasting(r.Until.Sub(r.Since)), plural(r.Total, "record", "records"), fmt.Sprint(r.After))
	p.Line("%d still used, %d proved unused, %d not observable", r.Counts[residual.Used], r.Counts[residual.Unused], r.Counts[residual.Unobservable])
	r.gaps(p)
	r.used(p)
	r.list(p, residual.Unobservable, Unknown, "not observable: nothing says that these are unused")
	r.list(p, residual.Unused, Good, "proved unused")
	r.people(p)
	r.apart(p)
	r.leftovers(p)
	for _, n := range r.Notes {
		p.Line("%s %s", p.Mark(Info), n)
	}
	if r.File != "" {
		p.Line("")
		p.Line("wrote %s, ledger entry %d", r.File, r.Evidence)
	}
	p.Line("")
	p.Line("next: %s", r.next())
}

func (r Residual) next() string {
	switch {
	case r.Counts[residual.Used] > 0:
		return "move or stop the callers named above, or name those that are expected with --expect; then run this again"
	case r.Counts[residual.Unobservable] > 0:
		return "switch on the logs that are named above, wait, and run this again"
	case len(r.ByResource) == 0:
		return "landfall assess, so that there are resources to ask about"
	case len(r.Leftover) > 0:
		return "see to what was created since"
	}
	return "nothing of the source is used; keep watching until the observation is over"
}

func (r Residual) gaps(p *Paper) {
	if len(r.Unread)+len(r.Refused) == 0 {
		return
	}
	p.Title("not read: %d, not understood: %d", len(r.Unread), len(r.Refused))
	for _, u := range r.Unread[:min(len(r.Unread), shownLines)] {
		p.Line("  %s %s: %s; hides %s", p.Mark(Warn), u.Operation, u.Reason, u.Hides)
	}
	for _, f := range r.Refused[:min(len(r.Refused), shownLines)] {
		p.Line("  %s %s: %s", p.Mark(Warn), f.File, f.Reason)
	}
	if n := max(0, len(r.Unread)-shownLines) + max(0, len(r.Refused)-shownLines); n > 0 {
		p.Line("  and %d more; --json has all", n)
	}
}

func (r Residual) of(s residual.Status) []residual.Resource {
	var list []residual.Resource
	for i := range r.ByResource {
		if r.ByResource[i].Status == s {
			list = append(list, r.ByResource[i])
		}
	}
	return list
}

// used is a block per resource: how much, and by whom.
func (r Residual) used(p *Paper) {
	list := r.of(residual.Used)
	slices.SortStableFunc(list, func(a, b residual.Resource) int {
		// What belongs to somebody else comes last.
		return cmp.Or(strings.Compare(outsider(a.Boundary), outsider(b.Boundary)), cmp.Compare(b.Events, a.Events))
	})
	if len(list) == 0 {
		return
	}
	p.Title("still used: %d", len(list))
	for _, one := range list[:min(len(list), shownLines)] {
		p.Line("  %s %s  %s", p.Mark(Bad), narrow(nameOf(&one), residualWidth), r.amount(&one))
		shown := 0
		for i := range one.By {
			if u := &one.By[i]; u.Rule == "" && shown < 3 {
				p.Line("          by %s", caller(u))
				shown++
			}
		}
	}
	if n := len(list) - shownLines; n > 0 {
		p.Line("  and %d more; --json has all", n)
	}
}

// outsider is "out" for what does not belong to the workload, else nothing.
func outsider(boundary string) string {
	if boundary == "out" {
		return boundary
	}
	return ""
}

func (r Residual) amount(one *residual.Resource) string {
	parts := []string{}
	for _, n := range []struct {
		n    int64
		what string
	}{{one.Reads, "read"}, {one.Writes, "written"}, {one.Denied, "denied"}} {
		if n.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", fmt.Sprint(n.n), n.what))
		}
	}
	text := strings.Join(parts, ", ")
	if one.Last != nil {
		text += ", last " + moment(*one.Last)
	}
	return text
}

// caller is who, from where, with what, doing what.
func caller(u *residual.User) string {
	who := cmp.Or(u.Principal, u.Address, "somebody unknown")
	if u.Session != "" {
		who += " as " + u.Session
	}
	if u.Principal != "" && u.Address != "" {
		who += " from " + u.Address
	}
	if u.Via != "" {
		who += " through " + u.Via
	}
	if u.Agent != "" {
		who += " with " + narrow(u.Agent, 40)
	}
	actions := u.Actions[:min(len(u.Actions), 3)]
	text := fmt.Sprintf("%s: %s %s", who, fmt.Sprint(u.Events), strings.Join(actions, ", "))
	if n := len(u.Actions) - len(actions); n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

func nameOf(one *residual.Resource) string {
	if one.Name != "" && one.Kind != "" {
		return fmt.Sprintf("%s (%s)", one.Name, strings.TrimPrefix(string(one.Kind), "AWS::"))
	}
	return one.ID
}

// list groups the resources of a status by the reason for it.
func (r Residual) list(p *Paper, s residual.Status, mark Mark, title string) {
	list := r.of(s)
	if len(list) == 0 {
		return
	}
	p.Title("%s: %d", title, len(list))
	by := map[string][]string{}
	for i := range list {
		by[list[i].Why] = append(by[list[i].Why], nameOf(&list[i]))
	}
	reasons := make([]string, 0, len(by))
	for why := range by {
		reasons = append(reasons, why)
	}
	slices.SortFunc(reasons, func(a, b string) int { return cmp.Or(cmp.Compare(len(by[b]), len(by[a])), cmp.Compare(a, b)) })
	for _, why := range reasons[:min(len(reasons), shownLines)] {
		names := by[why]
		more := ""
		if n := len(names) - 4; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		p.Line("  %s %s%s", p.Mark(mark), narrow(strings.Join(names[:min(len(names), 4)], ", "), 2*residualWidth), more)
		p.Line("          %s", why)
	}
	if n := len(reasons) - shownLines; n > 0 {
		p.Line("  and %d more reasons; --json has all", n)
	}
}

// people are the principals whose doings count as use.
func (r Residual) people(p *Paper) {
	rows := [][]string{{"  PRINCIPAL", "READ", "WRITTEN", "DENIED", "LAST"}}
	more := 0
	for i := range r.ByPrincipal {
		one := &r.ByPrincipal[i]
		if one.Events == one.Apart {
			continue
		}
		if len(rows) > shownLines {
			more++
			continue
		}
		rows = append(rows, []string{"  " + narrow(one.Principal, whyWidth), fmt.Sprint(one.Reads), fmt.Sprint(one.Writes), fmt.Sprint(one.Denied), moment(one.Last)})
	}
	if len(rows) == 1 {
		return
	}
	p.Title("who")
	p.Table(rows)
	if more > 0 {
		p.Line("  and %d more; --json has all", more)
	}
}

// apart shows the rules that told something apart.
func (r Residual) apart(p *Paper) {
	if r.Apart == 0 {
		return
	}
	p.Title("told apart, and no residual use: %s", plural(r.Apart, "record", "records"))
	rows := [][]string{{"  RULE", "RECORDS", "WHAT IT GOES BY"}}
	for _, rule := range r.Rules {
		if rule.Events > 0 {
			rows = append(rows, []string{"  " + narrow(rule.Name, residualWidth), fmt.Sprint(rule.Events), narrow(rule.About, whyWidth)})
		}
	}
	p.Table(rows)
}

func (r Residual) leftovers(p *Paper) {
	if len(r.Leftover) == 0 {
		return
	}
	p.Title("created since and not deleted: %d", len(r.Leftover))
	rows := [][]string{{"  WHAT", "CALL", "BY", "AT"}}
	for _, one := range r.Leftover[:min(len(r.Leftover), shownLines)] {
		rows = append(rows, []string{"  " + narrow(one.ID, residualWidth), one.Service + ":" + one.Action, narrow(one.By, residualWidth), moment(one.At)})
	}
	p.Table(rows)
	if n := len(r.Leftover) - shownLines; n > 0 {
		p.Line("  and %d more; --json has all", n)
	}
}

func lasting(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= time.Hour:
		return plural(int64(d.Hours()), "hour", "hours")
	}
	return plural(int64(d.Minutes()), "minute", "minutes")
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
