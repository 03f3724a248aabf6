package security

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

const cosmosAssignmentKind cloud.Kind = "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments"

// kept is a target that holds something of the source.
type kept struct {
	id cloud.ResourceID
	of *inventory.Resource
}

// prove reads from the targets themselves what each identity is granted,
// whichever family did so, and weighs it against the source.
func (s *state) prove(c *design.Context) {
	held := map[string][]*design.Resource{}
	for _, r := range c.Targets() {
		for _, who := range principals(r) {
			held[who] = append(held[who], r)
		}
	}
	for _, r := range c.Everything() {
		for _, id := range c.TargetsOf(r) {
			if holds(r.Kind) || strings.Contains(string(id), "/secrets/") {
				s.kept = append(s.kept, kept{id, r})
			}
		}
	}
	slices.SortStableFunc(s.kept, func(a, b kept) int { return cmp.Compare(a.id, b.id) })
	for _, a := range s.accounts {
		assignments := held[strings.ToLower(c.Output(a.identity, "properties.principalId"))]
		slices.SortFunc(assignments, func(x, y *design.Resource) int { return cmp.Compare(x.ID, y.ID) })
		for _, r := range assignments {
			if !a.made[r.ID] {
				a.weigh(r)
			}
		}
		a.close()
	}
}

// principals are whom a target grants something.
func principals(r *design.Resource) []string {
	var found []any
	switch kind := strings.ToLower(string(r.Type)); {
	case strings.EqualFold(kind, string(assignmentKind)), strings.EqualFold(kind, string(cosmosAssignmentKind)):
		found = []any{design.At(r.Body, "properties.principalId")}
	case strings.EqualFold(kind, string(vaultKind)):
		for _, p := range design.Maps(design.At(r.Body, "properties.accessPolicies")) {
			found = append(found, p["objectId"])
		}
	case strings.HasSuffix(kind, "/accesspolicyassignments"):
		found = []any{design.At(r.Body, "properties.user.objectId"), design.At(r.Body, "properties.objectId")}
	}
	var out []string
	for _, v := range found {
		if text, ok := v.(string); ok {
			out = with(out, strings.ToLower(text))
		}
	}
	return out
}

// assigned is what an assignment grants and where.
type assigned struct {
	name  string
	scope cloud.ResourceID
	// control and data are the patterns of the role; class marks the data ones
	// as the table does.
	control, data []string
	class         string
	known         bool
}

func (a *account) read(r *design.Resource) assigned {
	g := assigned{name: lastPart(string(r.Type)), scope: r.Scope, class: "d:"}
	definition, _ := design.At(r.Body, "properties.roleDefinitionId").(string)
	switch {
	case strings.EqualFold(string(r.Type), string(cosmosAssignmentKind)):
		// The scope of Cosmos DB names databases and containers in its own way.
		scope, _ := design.At(r.Body, "properties.scope").(string)
		g.scope, g.class = cloud.ResourceID(strings.NewReplacer("/dbs/", "/sqlDatabases/", "/colls/", "/containers/").Replace(scope)), "c:"
	case !strings.EqualFold(string(r.Type), string(assignmentKind)):
		g.scope = r.ID
		return g
	}
	if g.scope == "" {
		g.scope = a.c.Place.GroupID()
	}
	if own, ok := a.c.Resource(cloud.ResourceID(definition)); ok {
		g.known, g.name = true, design.Text(own.Body, "properties.roleName")
		for _, p := range design.Maps(design.At(own.Body, "properties.permissions")) {
			g.control, g.data = append(g.control, design.Texts(p["actions"])...), append(g.data, design.Texts(p["dataActions"])...)
		}
		return g
	}
	g.name = lastPart(definition)
	if role, ok := a.c.Catalog.Role(g.name); ok && role.Known() {
		g.known, g.name, g.control, g.data = true, role.Name, role.Actions, role.DataActions
	}
	return g
}

// weigh counts an assignment that another family made, and tells what it
// grants beyond the source. What holds nothing of the source, like a
// function's own store, is the platform's.
func (a *account) weigh(r *design.Resource) {
	g := a.read(r)
	where := g.name + " on " + shownName(a.c, g.scope)
	text := ""
	switch {
	case !g.known:
		text = where + ": nothing says what it grants"
	case !strings.HasPrefix(string(g.scope), string(a.c.Place.GroupID())+"/"):
		text = where + ": it reaches all that stands there"
	}
	if text != "" {
		a.grant.Granted = append(a.grant.Granted, where)
		a.wider(g.name, g.scope, text)
		return
	}
	beyond := map[string][]string{}
	reached := a.reached(g.scope)
	for _, k := range reached {
		for _, op := range a.beyond(g, k) {
			beyond[op] = with(beyond[op], k.of.Name)
		}
	}
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(beyond)) {
		parts = append(parts, op+" on what stands for "+strings.Join(beyond[op], ", "))
	}
	if len(reached) == 0 {
		where += ", which holds nothing of the source"
	}
	a.grant.Granted = append(a.grant.Granted, where)
	if len(parts) > 0 {
		a.wider(g.name, g.scope, where+" also grants "+strings.Join(parts, "; "))
	}
}

// reached are the targets in a scope that hold something of the source. A
// secret whose value is moved later is no target; its vault is.
func (a *account) reached(scope cloud.ResourceID) []kept {
	from, _ := slices.BinarySearchFunc(a.s.kept, scope, func(k kept, id cloud.ResourceID) int { return cmp.Compare(k.id, id) })
	var out []kept
	for _, k := range a.s.kept[from:] {
		if !strings.HasPrefix(string(k.id), string(scope)) {
			break
		}
		if k.id == scope || k.id[len(scope)] == '/' {
			out = append(out, k)
		}
	}
	if vault, name, ok := strings.Cut(string(scope), "/secrets/"); ok {
		for _, k := range a.reached(cloud.ResourceID(vault)) {
			if string(k.id) == vault && common.SecretName(called(k.of)) == name {
				out = append(out, k)
			}
		}
	}
	return out
}

// beyond lists the operations of an assignment on one target that the source
// does not allow the role.
func (a *account) beyond(g assigned, k kept) []string {
	if !holds(k.of.Kind) {
		// A secret that a resource of the workload keeps here: whoever runs under
		// the role has it from the source.
		if slices.ContainsFunc(a.c.Needs(k.of), func(e graph.Edge) bool { return e.To == a.role.ID }) {
			return nil
		}
		return []string{"reading the secret"}
	}
	target, ok := a.c.Resource(k.id)
	if !ok {
		return nil
	}
	universe := a.s.table.universe[target.Type]
	if len(universe) == 0 && slices.ContainsFunc(a.c.TargetsOf(k.of), func(id cloud.ResourceID) bool {
		t, ok := a.c.Resource(id)
		return ok && len(a.s.table.universe[t.Type]) > 0
	}) {
		// What carries the target that the table is about.
		return nil
	}
	may, all := a.operations(recordsOf(a.c, k.of), target.Type)
	if all {
		return nil
	}
	var out []string
	for _, class := range []string{"", g.class} {
		patterns := g.control
		if class != "" {
			patterns = g.data
		}
		for _, op := range granted(patterns, class, target.Type, universe) {
			// To read what a resource is like comes with every right on it.
			if may[op] || (class == "" && len(may) > 0 && strings.HasSuffix(op, "/read")) {
				continue
			}
			name, _, _ := strings.Cut(strings.TrimPrefix(op, class), "#")
			out = with(out, name)
		}
	}
	return out
}

// operations are what the source allows a role on a resource, in the words of
// the target; all says that it allows everything there.
func (a *account) operations(on *inventory.Resource, kind cloud.Kind) (may map[string]bool, all bool) {
	may = map[string]bool{}
	for _, v := range []verdict{a.verdict, a.s.handedTo(a.c, a.role.ID)} {
		for p, by := range v.may {
			if p.on != on.ID || !slices.Contains(by.conditions, "") || !slices.Contains(by.tails, "*") {
				continue
			}
			all = all || p.action == byEntry
			for _, row := range a.s.table.byAction[strings.ToLower(p.action)] {
				for _, op := range row.operations {
					may[op] = may[op] || row.target == kind
				}
			}
		}
	}
	maps.DeleteFunc(may, func(_ string, yes bool) bool { return !yes })
	return may, all
}

// granted are the operations of the table that patterns of a role grant on a
// kind of target, and the patterns themselves where they grant others there.
func granted(patterns []string, class string, kind cloud.Kind, universe []string) []string {
	var out []string
	for _, pattern := range patterns {
		found := false
		for _, op := range universe {
			name, _, _ := strings.Cut(op, "#")
			plain := strings.TrimPrefix(name, class)
			if (class == "" && strings.Contains(name, ":")) || (class != "" && plain == name) {
				continue
			}
			if matches(strings.ToLower(pattern), strings.ToLower(plain)) {
				found, out = true, with(out, op)
			}
		}
		if everything := strings.HasSuffix(pattern, "/*") && !elsewhere(pattern, kind); everything || (!found && !inert(pattern, kind)) {
			out = with(out, class+pattern)
		}
	}
	return out
}

// recordsOf returns the stream that a delivery stream reads, whose records are
// all that it holds, and any other resource itself.
func recordsOf(c *design.Context, r *inventory.Resource) *inventory.Resource {
	if r.Kind == "AWS::KinesisFirehose::DeliveryStream" {
		if stream, ok := c.Find(r, design.At(r.Properties, "KinesisStreamSourceConfiguration.KinesisStreamARN"), "AWS::Kinesis::Stream"); ok {
			return stream
		}
	}
	return r
}
