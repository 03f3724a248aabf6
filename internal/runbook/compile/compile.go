package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// Compile makes the runbook of a design. Its findings are those of compiling;
// the checks add theirs. The error has the kind Invalid when the choices cannot
// be followed at all.
func Compile(in Input) (*runbook.Runbook, error) {
	if in.Inventory == nil || in.Graph == nil || in.Design == nil {
		return nil, fault.Newf(fault.Internal, "compile runbook: inventory, graph or design is missing")
	}
	if in.Choices.Strategy != "" {
		return compile(in, in.Choices.Strategy, "landfall.yaml or the command line asks for it")
	}
	advice, books, err := advise(in)
	if err != nil {
		return nil, err
	}
	r := books[advice.Recommended]
	r.Why = advice.Why
	return r, nil
}

// compile makes the runbook for one strategy.
func compile(in Input, strategy runbook.Strategy, why string) (*runbook.Runbook, error) {
	if !slices.Contains(runbook.Strategies(), strategy) {
		return nil, fault.Newf(fault.Invalid, "compile runbook: there is no strategy %q", strategy).Hintf("take big-bang, phased, blue-green or canary")
	}
	environment, err := production(in.Choices.Environments)
	if err != nil {
		return nil, err
	}
	b := newBook(in)
	b.strategy = strategy
	b.collect()
	b.ways()
	b.plan()
	b.prepare()
	b.before()
	b.cutover()
	b.evaluate()
	b.retire()
	b.unplanned()
	b.announce()
	r := &runbook.Runbook{
		SchemaVersion: runbook.Version, InterpreterVersion: runbook.Interpreter, Inputs: in.Inputs, Workload: in.Design.Workload, Environment: environment.Name,
		Strategy: strategy, Why: why, Steps: b.ordered(), Data: []runbook.DataSet{}, Routes: []runbook.Route{},
		Triggers: append(b.triggers(), b.frozen()...), Acceptance: b.acceptance(), Contacts: b.contacts(), Findings: b.findings, NotPlanned: b.left,
	}
	if r.Inputs == nil {
		r.Inputs = map[string]string{}
	}
	for _, s := range b.data {
		r.Data = append(r.Data, s.DataSet)
	}
	for _, w := range b.routes {
		r.Routes = append(r.Routes, w.Route)
	}
	r.Window = window(r, in.Choices.Window)
	r.CriticalPath, r.ExpectedSeconds = runbook.Longest(r.Schedule(runbook.InCutover))
	r.PointOfNoReturn = r.NoReturn()
	tidy(r)
	return r, nil
}

// tidy puts findings and what is left out into order; lists are never null.
func tidy(r *runbook.Runbook) {
	if r.Findings == nil {
		r.Findings = []runbook.Finding{}
	}
	if r.NotPlanned == nil {
		r.NotPlanned = []runbook.NotPlanned{}
	}
	slices.SortStableFunc(r.NotPlanned, func(a, b runbook.NotPlanned) int {
		return cmp.Or(cmp.Compare(a.About, b.About), cmp.Compare(a.What, b.What))
	})
	r.NotPlanned = slices.Compact(r.NotPlanned)
	SortFindings(r.Findings)
}

// SortFindings puts those that block first, then goes by id.
func SortFindings(list []runbook.Finding) {
	slices.SortStableFunc(list, func(a, b runbook.Finding) int {
		if a.Blocks != b.Blocks {
			if a.Blocks {
				return -1
			}
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// production is the environment that takes over.
func production(list []Environment) (Environment, error) {
	for _, e := range list {
		if e.Production {
			return e, nil
		}
	}
	if len(list) == 0 {
		return Environment{Name: "production", Production: true}, nil
	}
	return Environment{}, fault.Newf(fault.Invalid, "compile runbook: no environment of landfall.yaml is production").
		Hintf("give one the stage production under environments in landfall.yaml")
}

// environments are those that are deployed to, production last.
func (b *book) environments() []Environment {
	list := slices.Clone(b.Choices.Environments)
	if len(list) == 0 {
		list = []Environment{{Name: "production", Production: true}}
	}
	slices.SortStableFunc(list, func(x, y Environment) int {
		rank := func(e Environment) int {
			if e.Production {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(rank(x), rank(y)), strings.Compare(x.Name, y.Name))
	})
	return list
}

// ordered returns the steps so that each comes after those that it needs.
func (b *book) ordered() []runbook.Step {
	order, _ := runbook.Order(b.steps) // check reports a ring
	out := make([]runbook.Step, 0, len(order))
	for _, i := range order {
		out = append(out, b.steps[i])
	}
	return out
}

// window makes the maintenance window that the steps need, or takes the one
// that was agreed on.
func window(r *runbook.Runbook, agreed Window) *runbook.Window {
	inside := r.Schedule(runbook.InWindow)
	if len(inside) == 0 {
		return nil
	}
	// The guides for load balancers ask for a window of one to two hours with half
	// an hour of buffer, of which going back takes 15 to 30 minutes.
	const quarter, buffer = 15 * minute, 30 * minute
	_, forward := runbook.Longest(inside)
	w := &runbook.Window{Opens: agreed.Opens, Seconds: agreed.Seconds, RollbackSeconds: agreed.RollbackSeconds, Zone: cmp.Or(agreed.Zone, "UTC")}
	if w.RollbackSeconds == 0 {
		w.RollbackSeconds = max(up(r.UndoSeconds(runbook.InWindow), quarter), buffer)
	}
	if w.Seconds == 0 {
		w.Seconds = max(up(forward+buffer, quarter)+w.RollbackSeconds, hour)
	}
	return w
}

// up rounds to a whole multiple.
func up(n, unit int64) int64 { return (n + unit - 1) / unit * unit }

// unplanned names every decision that no step carries out.
func (b *book) unplanned() {
	said := map[string]bool{}
	for i := range b.steps {
		if b.steps[i].Phase == runbook.Decommission {
			continue // it takes down everything that is not kept
		}
		for _, id := range b.steps[i].About {
			said[string(id)] = true
		}
	}
	for _, n := range b.left {
		said[string(n.About)] = true
	}
	for _, v := range b.decisions {
		if said[string(v.Source)] {
			continue
		}
		what, why := "moving "+v.Name, v.Why
		switch v.Action {
		case design.Retain:
			why = "the design leaves it at the source: " + v.Why
		case design.Retire:
			why = "the design needs nothing in its place; it goes with the retirement: " + v.Why
		case design.Migrate, design.Replace, design.Manual:
			what = "a step of its own for " + v.Name
			why = "another resource does its work at the target: " + v.Why
		}
		b.leave(v.Source, what, why)
	}
}

// contacts are those that landfall.yaml names, and the roles that it does not.
func (b *book) contacts() []runbook.Contact {
	out := slices.Clone(b.Choices.Contacts)
	if out == nil {
		out = []runbook.Contact{}
	}
	known := map[string]bool{}
	for _, c := range out {
		known[c.Role] = true
	}
	var missing []string
	for i := range b.steps {
		roles := append([]string{b.steps[i].Owner}, b.steps[i].Approvals.Roles...)
		for _, role := range roles {
			if !known[role] {
				known[role] = true
				missing = append(missing, role)
			}
		}
	}
	if slices.Sort(missing); len(missing) > 0 {
		b.find(runbook.Finding{ID: "contacts", Text: fmt.Sprintf("nobody is named for %s", strings.Join(missing, ", ")), Do: "name a person or a rota for each under runbook.contacts in landfall.yaml"})
	}
	return out
}
