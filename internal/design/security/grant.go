package security

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// need is what an identity has to be granted in one place.
type need struct {
	scope cloud.ResourceID
	kind  cloud.Kind
	// operations are Azure's, as the table writes them.
	operations map[string]bool
	// tails narrow the names of blobs; "*" is all.
	tails []string
	// sources are the source resources that it is for.
	sources map[cloud.ResourceID]bool
	// loose are permissions that the source gives under a condition only.
	loose map[string]bool
	// narrow says that the source gives part of it on named resources only.
	narrow bool
}

// account is the work on one role.
type account struct {
	c        *design.Context
	s        *state
	role     *inventory.Resource
	identity cloud.ResourceID
	verdict  verdict
	grant    design.Grant
	needs    map[string]*need
	// made are the assignments of this family, which grant exactly what is needed
	// or say what they grant beside it.
	made map[cloud.ResourceID]bool
}

// grant turns what a role may do into role assignments.
func (s *state) grant(c *design.Context, r *inventory.Resource, identity cloud.ResourceID) {
	a := &account{c: c, s: s, role: r, identity: identity, verdict: s.verdictOf(c, r), needs: map[string]*need{}, made: map[cloud.ResourceID]bool{},
		grant: design.Grant{Role: r.ID, Identity: identity, Actions: []string{}, Granted: []string{}, Wider: []string{}, Missing: []string{}, Unmapped: []string{}}}
	for _, p := range sorted(a.verdict.may) {
		a.place(p, a.verdict.may[p])
	}
	a.grant.Actions = a.actions()
	a.gather()
	for _, key := range slices.Sorted(maps.Keys(a.needs)) {
		a.assign(a.needs[key])
	}
	s.accounts = append(s.accounts, a)
}

// close records both sides of a role.
func (a *account) close() {
	a.findings()
	for _, list := range []*[]string{&a.grant.Granted, &a.grant.Wider, &a.grant.Missing, &a.grant.Unmapped} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	a.c.Grant(a.grant)
}

func sorted(may map[permission]*allowed) []permission {
	return slices.SortedFunc(maps.Keys(may), func(a, b permission) int {
		return cmp.Or(cmp.Compare(a.action, b.action), cmp.Compare(a.on, b.on), cmp.Compare(a.literal, b.literal))
	})
}

// actions lists what the source allows, by resource.
func (a *account) actions() []string {
	on := map[string][]string{}
	for _, p := range sorted(a.verdict.may) {
		name := p.literal
		if r := a.verdict.may[p].resource; r != nil {
			name = r.Name
		}
		on[name] = with(on[name], p.action)
	}
	out := make([]string, 0, len(on))
	for _, name := range slices.Sorted(maps.Keys(on)) {
		out = append(out, strings.Join(on[name], " ")+" on "+name)
	}
	return out
}

// place finds where a permission is granted at the target.
func (a *account) place(p permission, may *allowed) {
	rows := a.s.table.byAction[strings.ToLower(p.action)]
	if len(rows) == 0 {
		a.grant.Unmapped = append(a.grant.Unmapped, p.action+": nobody has looked for its counterpart")
		return
	}
	switch row := rows[0]; row.target {
	case needed:
		return
	case none:
		a.grant.Unmapped = append(a.grant.Unmapped, p.action+": "+row.note)
		return
	case onGroup:
		a.need(row, a.c.Place.GroupID(), p, may)
		return
	}
	if may.resource == nil {
		a.absent(p)
		return
	}
	if byService(may.conditions) {
		return
	}
	for _, row := range rows {
		if id, ok := a.c.TargetOf(may.resource, row.target); ok {
			a.need(row, id, p, may)
			return
		}
	}
	a.grant.Missing = append(a.grant.Missing, p.action+" on "+may.resource.Name+": "+a.noTarget(may.resource))
}

// byService reports whether a permission on a key is only for calls that come
// through another service: at the target that service uses the key by its own
// identity (KMS Developer Guide, "kms:ViaService").
func byService(conditions []string) bool {
	return len(conditions) > 0 && !slices.ContainsFunc(conditions, func(text string) bool { return !strings.Contains(text, "kms:ViaService") })
}

func (a *account) noTarget(r *inventory.Resource) string {
	switch {
	case a.c.Shared(r):
		return "it stays at AWS with others; the workload reaches it from Azure by a federated role"
	case len(a.c.TargetsOf(r)) > 0:
		return "what takes its place is reached without a role"
	}
	return "it has no target in this design"
}

// absent is a permission on what the workload does not have.
func (a *account) absent(p permission) {
	if strings.Trim(p.literal, "*") == "" || strings.HasSuffix(strings.TrimRight(p.literal, "*"), ":") {
		return
	}
	if parts := strings.SplitN(p.literal, ":", 6); len(parts) == 6 && parts[4] != "" && a.role.Account != "" && strings.Trim(parts[4], "0123456789") == "" && parts[4] != string(a.role.Account) {
		a.grant.Missing = append(a.grant.Missing, p.action+" on "+p.literal+": it belongs to account "+parts[4])
		return
	}
	a.grant.Missing = append(a.grant.Missing, p.action+" on "+p.literal+": nothing of the workload answers to it")
}

// need adds a permission to what is granted in one place.
func (a *account) need(row right, scope cloud.ResourceID, p permission, may *allowed) {
	tails := slices.Sorted(slices.Values(may.tails))
	if slices.Contains(tails, "*") || !strings.Contains(strings.Join(row.operations, " "), "/blobs/") || strings.Contains(strings.Join(row.operations, " "), "#list") {
		tails = []string{"*"}
	}
	key := string(scope) + "|" + strings.Join(tails, "|")
	n := a.needs[key]
	if n == nil {
		n = &need{scope: scope, kind: row.target, operations: map[string]bool{}, tails: tails, sources: map[cloud.ResourceID]bool{}, loose: map[string]bool{}}
		a.needs[key] = n
	}
	for _, op := range row.operations {
		n.operations[op] = true
	}
	n.narrow = n.narrow || !may.all
	if may.resource != nil {
		n.sources[may.resource.ID] = true
	}
	if !slices.Contains(may.conditions, "") {
		on := p.literal
		if may.resource != nil {
			on = may.resource.Name
		}
		n.loose[p.action+" on "+on+" without the condition "+strings.Join(may.conditions, " or ")] = true
	}
}

// singleMost is how many resources of a kind get assignments of their own when
// the source allows all there are: a subscription takes 4,000 assignments
// (Microsoft Learn, "Troubleshoot Azure RBAC limits").
const singleMost = 3

// gather makes one grant on the resource group of what the source allows on
// every resource of a kind. Vaults and stores stay apart, since some hold what
// the source keeps elsewhere.
func (a *account) gather() {
	alike := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(a.needs)) {
		n := a.needs[key]
		operations := strings.Join(slices.Sorted(maps.Keys(n.operations)), " ")
		if n.narrow || n.kind == onGroup || n.kind == vaultKind || n.kind == storeKind || len(n.loose) > 0 || strings.Contains(operations, "c:Microsoft") || !slices.Equal(n.tails, []string{"*"}) {
			continue
		}
		alike[string(n.kind)+" "+operations] = append(alike[string(n.kind)+" "+operations], key)
	}
	group := a.c.Place.GroupID()
	for _, what := range slices.Sorted(maps.Keys(alike)) {
		if len(alike[what]) <= singleMost {
			continue
		}
		one := &need{scope: group, kind: onGroup, operations: map[string]bool{}, tails: []string{"*"}, sources: map[cloud.ResourceID]bool{}, loose: map[string]bool{}}
		for _, key := range alike[what] {
			maps.Copy(one.operations, a.needs[key].operations)
			delete(a.needs, key)
		}
		a.needs[string(group)+"|"+what] = one
	}
}

// shownName is how findings call a target.
func shownName(c *design.Context, id cloud.ResourceID) string {
	if id == c.Place.GroupID() {
		return "the resource group"
	}
	if r, ok := c.Resource(id); ok {
		return r.Name
	}
	return string(id)
}

// wider records what an assignment grants beyond the source. The finding's id
// holds nothing that another environment changes.
func (a *account) wider(role string, scope cloud.ResourceID, text string) {
	a.grant.Wider = append(a.grant.Wider, text)
	place := strings.ReplaceAll(shownName(a.c, scope), a.c.Place.Suffix, "")
	id := strings.Join(strings.FieldsFunc("identity.wider."+a.role.Name+"."+strings.ReplaceAll(role, a.c.Place.Suffix, "")+"."+place, func(r rune) bool { return r == ' ' }), "-")
	a.c.Finding(design.Finding{
		ID: id, Severity: design.High, About: []cloud.ResourceID{a.role.ID, a.identity}, Blocks: true,
		Text: fmt.Sprintf("the identity of role %s may do more than the role: %s", a.role.Name, text),
		Do:   "narrow it, or accept it by this id under design.accept with a reason",
	})
}

// findings reports what the policies say in words that have to be read.
func (a *account) findings() {
	v := a.verdict
	report := func(id string, severity design.Severity, list []string, text, do string) {
		if len(list) == 0 {
			return
		}
		slices.Sort(list)
		a.c.Finding(design.Finding{ID: "identity." + id + "." + a.role.Name, Severity: severity, About: []cloud.ResourceID{a.role.ID},
			Text: fmt.Sprintf(text, a.role.Name, strings.Join(slices.Compact(list), "; ")), Do: do})
	}
	report("wildcard", design.Medium, slices.Clone(v.wildcards), "role %s allows by wildcard: %s", "name the actions that the workload calls; only those on the workload's own resources are granted")
	report("boundary", design.Medium, slices.Clone(v.bounds), "the permissions boundary of role %s was not read: %s", "read the boundary and compare it with what is granted")
	report("unread", design.Medium, slices.Clone(a.s.unread[a.role.ID]), "role %s has policies whose text was not read: %s", "add what they allow to the role's identity")
	for _, text := range v.denies {
		a.wider("deny", a.c.Place.GroupID(), text+": Azure roles deny nothing")
	}
}
