package explore

import (
	"fmt"
	"slices"

	"example.com/landfall/internal/runbook"
)

// Limit is the number of states that are looked at for one set of data or one
// route. A cutover has a few dozen steps of which most follow each other.
const Limit = 50_000

// The ways in which a cutover can go wrong.
const (
	twoWriters  = "two-writers"
	stale       = "stale-target"
	lost        = "lost-writes"
	unserved    = "unserved"
	shares      = "shares"
	removed     = "removed-in-use"
	notReturned = "not-returned"
	notFinished = "not-finished"
)

func says(code, about string) (text, do string) {
	switch code {
	case twoWriters:
		return "both sides can write " + about + " at one time", "put a step between that lets nobody write, and let the second need it"
	case stale:
		return "the target takes writes of " + about + " before it has all that the source took", "carry over everything behind the fence before the target writes"
	case lost:
		return "going back loses what the target took of " + about + ", and the plan does not say so", "carry changes back before the target writes, or say what the undo loses"
	case unserved:
		return "users of " + about + " are sent to a side that does not serve", "let the share need the step that makes the side serve, and the undo the other way round"
	case shares:
		return "the shares of " + about + " do not add up to 100", "let them add up to 100"
	case removed:
		return "something at the source is removed while " + about + " still needs the source", "remove nothing before the last share and the last writer are at the target"
	case notReturned:
		return "a rollback leaves " + about + " without the source as it was, and the plan does not say so", "give each step its undo, or say from where there is no way back"
	case notFinished:
		return "all steps are done and " + about + " is not at the target", "add the steps that bring it there"
	}
	return code, ""
}

// Runbook explores the cutover once for each set of data and once for each
// route: no rule speaks of two of them, so what concerns neither can be left
// out. limit bounds the states of each. Those that are the same up to the names
// of their steps are explored once.
func Runbook(r *runbook.Runbook, limit int) []runbook.Finding {
	found := []runbook.Finding{}
	if _, ok := runbook.Order(r.Steps); !ok {
		return found // a ring has no order to explore; the checks report it
	}
	b := newBook(r)
	known := map[string]answer{} // by what a model says, names left out
	look := func(kind, id string, m *model) {
		key := m.key()
		a, same := known[key]
		if !same {
			a.code, a.example, a.whole = m.search(limit)
			known[key] = a
		}
		switch {
		case a.code != "":
			text, do := says(a.code, id)
			example := m.named(a.example)
			found = append(found, runbook.Finding{ID: "explore." + a.code + ":" + kind + ":" + id, Text: text, Steps: concerned(example), Example: words(example), Do: do, Blocks: true})
		case !a.whole:
			found = append(found, runbook.Finding{ID: "explore.not-whole:" + kind + ":" + id, Text: fmt.Sprintf("not fully explored: more than %d states of %s; no fault was found in those that were looked at", limit, id), Do: "let steps that change it follow each other"})
		}
	}
	for _, d := range r.Data {
		if !d.ReadOnly {
			look("data", d.ID, b.project(d.ID, ""))
		}
	}
	for _, w := range r.Routes {
		look("route", w.ID, b.project("", w.ID))
	}
	return found
}

// answer is what exploring a model came to.
type answer struct {
	code    string
	example []event
	whole   bool
}

// event is one thing that happens.
type event struct {
	step int // of the model, -1 for none
	what string
	id   string
}

// named is an example with the ids of this model's steps: it may be of another
// one that is the same up to names.
func (m *model) named(example []event) []event {
	out := slices.Clone(example)
	for i := range out {
		if out[i].step >= 0 && out[i].id != "" {
			out[i].id = m.steps[out[i].step].id
		}
	}
	return out
}

func concerned(example []event) []string {
	var ids []string
	seen := map[string]bool{}
	for _, e := range example {
		if e.id != "" && !seen[e.id] {
			seen[e.id] = true
			ids = append(ids, e.id)
		}
	}
	return ids
}

func words(example []event) []string {
	out := make([]string, 0, len(example))
	for _, e := range example {
		if e.id == "" {
			out = append(out, e.what)
			continue
		}
		out = append(out, e.id+": "+e.what)
	}
	return out
}
