package compile

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/runbook"
)

// Manual is the kind of a step that a person carries out.
const Manual runbook.StepKind = "manual"

// book is a runbook in the making.
type book struct {
	Input
	strategy  runbook.Strategy
	steps     []runbook.Step
	data      []set
	routes    []route
	findings  []runbook.Finding
	left      []runbook.NotPlanned
	byID      map[cloud.ResourceID]*inventory.Resource
	decisions []*design.Decision                    // in the boundary, in the order of ids
	inBook    map[string]bool                       // ids of steps
	types     map[cloud.ResourceID]cloud.Kind       // of the design's resources
	zones     map[cloud.ResourceID]cloud.ResourceID // of records, by the graph
}

func newBook(in Input) *book {
	b := &book{Input: in, byID: map[cloud.ResourceID]*inventory.Resource{}, inBook: map[string]bool{},
		types: map[cloud.ResourceID]cloud.Kind{}, zones: map[cloud.ResourceID]cloud.ResourceID{}}
	for i := range in.Inventory.Resources {
		b.byID[in.Inventory.Resources[i].ID] = &in.Inventory.Resources[i]
	}
	for i := range in.Design.Resources {
		b.types[in.Design.Resources[i].ID] = in.Design.Resources[i].Type
	}
	for i := range in.Graph.Edges {
		e := &in.Graph.Edges[i]
		if zone := b.byID[e.To]; (e.Relation == graph.InZone || e.Relation == graph.AttachedTo) && zone != nil && zone.Kind == "AWS::Route53::HostedZone" {
			if known := b.zones[e.From]; known == "" || e.To < known {
				b.zones[e.From] = e.To
			}
		}
	}
	for i := range in.Design.Decisions {
		b.decisions = append(b.decisions, &in.Design.Decisions[i])
	}
	slices.SortFunc(b.decisions, func(x, y *design.Decision) int { return strings.Compare(string(x.Source), string(y.Source)) })
	return b
}

// add completes a step and puts it into the book; it returns its id.
func (b *book) add(s runbook.Step) string {
	if s.Kind == "" {
		s.Kind = Manual
	}
	if s.Place == "" {
		s.Place = runbook.Anywhere
	}
	s.Owner = b.Choices.owner(s.Owner)
	s.Approvals.Roles = slices.Clone(s.Approvals.Roles)
	for i := range s.Approvals.Roles {
		s.Approvals.Roles[i] = b.Choices.owner(s.Approvals.Roles[i])
	}
	for i := range s.Messages {
		for j := range s.Messages[i].To {
			s.Messages[i].To[j] = b.Choices.owner(s.Messages[i].To[j])
		}
	}
	s.Needs = slices.Clone(s.Needs) // callers share their lists
	slices.Sort(s.Needs)
	s.Needs = slices.Compact(s.Needs)
	if s.Needs == nil {
		s.Needs = []string{}
	}
	if s.Gates == nil {
		s.Gates = []runbook.Gate{}
	}
	if measured := b.Measured[s.ID]; measured > 0 {
		s.ExpectedSeconds, s.ExpectedBasis = measured, "measured in the rehearsal"
	}
	if s.Undo == nil && s.UndoReason == "" {
		s.UndoReason = "it changes nothing that would have to be taken back"
	}
	if s.TimeoutSeconds == 0 {
		// Three times what is expected: what takes longer has met something that a
		// person should see.
		s.TimeoutSeconds = max(3*s.ExpectedSeconds, 15*minute)
	}
	if s.Retry.Attempts == 0 {
		s.Retry = runbook.Retry{Attempts: 1}
		if s.Kind != Manual {
			s.Retry = runbook.Retry{Attempts: 3, FirstSeconds: 30, MaxSeconds: 300}
		}
	}
	s.About = slices.Clone(s.About)
	slices.Sort(s.About)
	s.About = slices.Compact(s.About)
	b.steps = append(b.steps, s)
	b.inBook[s.ID] = true
	return s.ID
}

// by gives a step the kind that carries it out where there is one; otherwise a
// person does, who is told the name of the kind and what proves it.
func (b *book) by(kind runbook.StepKind, s runbook.Step) runbook.Step {
	if b.Kinds[kind] {
		s.Kind, s.Place = kind, place(kind, s.Place)
		return s
	}
	s.Kind = Manual
	if s.Inputs == nil {
		s.Inputs = map[string]any{}
	}
	s.Inputs["kind"] = string(kind)
	s.Verify += "; attach what shows it (output, query result or picture)"
	return s
}

// place is where steps of a kind are carried out. All those of a database are where
// the workspace is: how far its move is stands there, and nowhere else.
func place(kind runbook.StepKind, otherwise runbook.Place) runbook.Place {
	if strings.HasSuffix(string(kind), ".postgres") {
		return runbook.Anywhere
	}
	return otherwise
}

// inPhase returns the ids of the steps of a phase so far, in their order.
func (b *book) inPhase(p runbook.Phase) []string {
	var ids []string
	for i := range b.steps {
		if b.steps[i].Phase == p {
			ids = append(ids, b.steps[i].ID)
		}
	}
	return ids
}

// leaves are those of the ids that none of the others needs.
func (b *book) leaves(ids []string) []string {
	needed, asked := map[string]bool{}, map[string]bool{}
	for _, id := range ids {
		asked[id] = true
	}
	for i := range b.steps {
		if asked[b.steps[i].ID] {
			for _, n := range b.steps[i].Needs {
				needed[n] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return needed[id] })
}

// gather puts one step between many that are needed and many that need them,
// where naming each in each would fill pages; it says nothing that people have
// to agree to.
func (b *book) gather(id, title string, needs []string, users int) []string {
	const many = 200
	if len(needs)*users <= many {
		return needs
	}
	text := title + ": " + plural(len(needs), "step", "steps") + " before this one"
	return []string{b.add(b.by("note", runbook.Step{ID: id, Phase: runbook.Execute, Title: title, Owner: "lead", Needs: needs, Inputs: map[string]any{"text": text},
		Probe: "the ledger has the note", Do: "note that all steps before it are done", Verify: "each of them is done", UndoReason: "a note changes nothing", ExpectedSeconds: 1, ExpectedBasis: "assumed", InWindow: b.opened()}))}
}

// opened reports whether the window was opened by a step so far.
func (b *book) opened() bool { return b.inBook[idOpen] }

func (b *book) find(f runbook.Finding) { b.findings = append(b.findings, f) }

func (b *book) leave(about cloud.ResourceID, what, why string) {
	b.left = append(b.left, runbook.NotPlanned{About: about, What: what, Why: why})
}

// people is how many have to say yes to something dangerous.
func (b *book) people() int {
	if b.Choices.TwoPersons {
		return 2
	}
	return 1
}

// slug makes a part of an id of a name: small letters, digits and hyphens.
func slug(name string) string {
	const most = 40
	var out strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			out.WriteRune(r)
		case out.Len() > 0 && !strings.HasSuffix(out.String(), "-"):
			out.WriteByte('-')
		}
		if out.Len() >= most {
			break
		}
	}
	if text := strings.Trim(out.String(), "-"); text != "" {
		return text
	}
	return "unnamed"
}

// unique adds a number to names that were given before.
type unique map[string]int

func (u unique) name(want string) string {
	u[want]++
	if n := u[want]; n > 1 {
		return u.name(fmt.Sprintf("%s-%d", want, n))
	}
	return want
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
