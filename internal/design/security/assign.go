package security

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/graph"
	"github.com/hashicorp/go-azure-sdk/resource-manager/authorization/2022-04-01/roledefinitions"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cosmosdb/2025-10-15/rbacs"
)

// builtIn is a role of Azure that grants on one kind of scope only operations
// of the table.
type builtIn struct {
	guid, name string
	operations []string
}

// assign grants what is needed in one place: exact built-in roles, else one
// custom role.
func (a *account) assign(n *need) {
	if slices.ContainsFunc(slices.Collect(maps.Keys(n.operations)), func(op string) bool { return strings.HasPrefix(op, "c:") }) {
		a.assignCosmos(n)
		return
	}
	plain, condition := conditionOf(n)
	roles := a.s.exact(a.c.Catalog, n.kind, plain)
	names := make([]string, 0, len(roles))
	for _, role := range roles {
		a.put(n, role.guid, condition)
		names = append(names, role.name)
	}
	if len(roles) == 0 {
		id, name := custom(a.c, plain)
		a.put(n, string(id), condition)
		names = append(names, name)
	}
	for _, name := range names {
		a.granted(n, name, condition)
	}
}

func (a *account) granted(n *need, name, condition string) {
	where := name + " on " + shownName(a.c, n.scope)
	if condition != "" {
		where += " under a condition"
	}
	a.grant.Granted = append(a.grant.Granted, where)
	for _, text := range slices.Sorted(maps.Keys(n.loose)) {
		a.wider(name, n.scope, text)
	}
	if n.kind == onGroup {
		return
	}
	others := a.others(n)
	if len(others) > 0 {
		a.wider(name, n.scope, where+" also reaches what stands for "+strings.Join(others, ", "))
	}
}

// others are what the grant reaches besides what it is for: sources that have
// the same target, and for a vault the secrets that other resources of the
// design keep in it.
func (a *account) others(n *need) []string {
	var out []string
	for _, r := range a.c.SourcesOf(n.scope) {
		if !n.sources[r.ID] && !n.sources[recordsOf(a.c, r).ID] && holds(r.Kind) {
			out = append(out, r.Name)
		}
	}
	if n.kind != vaultKind {
		return out
	}
	prefix := string(n.scope) + "/secrets/"
	for _, r := range a.c.Everything() {
		// Few have a secret there, so that is asked first.
		if !slices.ContainsFunc(a.c.TargetsOf(r), func(id cloud.ResourceID) bool { return strings.HasPrefix(string(id), prefix) }) || n.sources[r.ID] || holds(r.Kind) {
			continue
		}
		if !slices.ContainsFunc(a.c.Needs(r), func(e graph.Edge) bool { return e.To == a.role.ID }) {
			out = append(out, r.Name)
		}
	}
	return out
}

// put makes one assignment. A condition is part of it.
func (a *account) put(n *need, role, condition string) {
	id := common.RoleAssignment(a.c, a.identity, n.scope, role, a.role)
	a.made[id] = true
	if r, ok := a.c.Resource(id); ok && condition != "" {
		if properties, ok := r.Body["properties"].(map[string]any); ok {
			// Azure takes one assignment of a role for one identity in one place.
			if old, _ := properties["condition"].(string); old != "" && old != condition {
				condition = "(" + old + ") OR (" + condition + ")"
			}
			properties["condition"], properties["conditionVersion"] = condition, "2.0"
		}
	}
	for _, p := range a.s.attached[a.role.ID] {
		a.c.Attach(p, id)
	}
	for _, p := range a.c.FindAll(a.role, a.role.Properties["ManagedPolicyArns"], "AWS::IAM::ManagedPolicy") {
		if a.c.Node(p) != nil && slices.Contains(a.c.OfKind("AWS::IAM::ManagedPolicy"), p) {
			a.c.Attach(p, id)
		}
	}
}

// conditionOf gives the operations without their marks, and the condition that
// keeps reading and listing of blobs apart and blob names to their patterns
// (Microsoft Learn, "Azure role assignment condition format and syntax", and
// "Actions and attributes for Azure role assignment conditions for Azure Blob
// Storage").
func conditionOf(n *need) (plain []string, condition string) {
	var get, list bool
	seen := map[string]bool{}
	for op := range n.operations {
		name, mark, _ := strings.Cut(op, "#")
		get, list = get || mark == "get", list || mark == "list"
		seen[name] = true
	}
	plain = slices.Sorted(maps.Keys(seen))
	const read = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
	var parts []string
	switch {
	case get && !list:
		parts = append(parts, "(!(ActionMatches{'"+read+"'} AND SubOperationMatches{'Blob.List'}))")
	case list && !get:
		parts = append(parts, "(!(ActionMatches{'"+read+"'} AND NOT SubOperationMatches{'Blob.List'}))")
	}
	if !slices.Contains(n.tails, "*") {
		parts = append(parts, pathCondition(plain, n.tails))
	}
	return plain, strings.Join(parts, " AND ")
}

func pathCondition(operations, tails []string) string {
	var not, paths []string
	for _, op := range operations {
		if name, ok := strings.CutPrefix(op, "d:"); ok {
			not = append(not, "!(ActionMatches{'"+name+"'})")
		}
	}
	for _, tail := range tails {
		paths = append(paths, "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLike '"+strings.ReplaceAll(tail, "'", "''")+"'")
	}
	return "((" + strings.Join(not, " AND ") + ") OR (" + strings.Join(paths, " OR ") + "))"
}

// exact returns built-in roles that together grant the operations and nothing
// more on a scope of the kind, nil when there are none.
func (s *state) exact(facts *catalog.Catalog, kind cloud.Kind, operations []string) []builtIn {
	if kind == onGroup {
		return nil
	}
	var candidates []builtIn
	for _, b := range s.fitting(facts, kind) {
		if !slices.ContainsFunc(b.operations, func(op string) bool { return !slices.Contains(operations, op) }) {
			candidates = append(candidates, b)
		}
	}
	slices.SortStableFunc(candidates, func(a, b builtIn) int {
		return cmp.Or(cmp.Compare(len(b.operations), len(a.operations)), cmp.Compare(len(a.name), len(b.name)), cmp.Compare(a.name, b.name))
	})
	var chosen []builtIn
	covered := map[string]bool{}
	for _, b := range candidates {
		if slices.ContainsFunc(b.operations, func(op string) bool { return !covered[op] }) {
			chosen = append(chosen, b)
			for _, op := range b.operations {
				covered[op] = true
			}
		}
	}
	if len(covered) != len(operations) {
		return nil
	}
	return chosen
}

// fitting reads which roles grant operations of the table on scopes of a kind,
// and nothing that the table does not know.
func (s *state) fitting(facts *catalog.Catalog, kind cloud.Kind) []builtIn {
	if found, ok := s.builtIns[kind]; ok {
		return found
	}
	if s.roles == nil {
		s.roles = facts.Roles()
	}
	provider, _, _ := strings.Cut(string(kind), "/")
	var out []builtIn
	for _, role := range s.roles {
		if !slices.ContainsFunc(role.Actions, about(provider)) && !slices.ContainsFunc(role.DataActions, about(provider)) {
			continue
		}
		control, ok := covered(role.Actions, "", kind, s.table.universe[kind])
		data, dataOK := covered(role.DataActions, "d:", kind, s.table.universe[kind])
		if all := append(control, data...); ok && dataOK && len(all) > 0 && len(role.NotActions)+len(role.NotDataActions) == 0 {
			slices.Sort(all)
			out = append(out, builtIn{role.GUID, role.Name, slices.Compact(all)})
		}
	}
	s.builtIns[kind] = out
	return out
}

func about(provider string) func(pattern string) bool {
	return func(pattern string) bool { return strings.HasPrefix(pattern, provider+"/") }
}

// covered returns the operations that the patterns of a role grant on a scope
// of a kind; ok is false when a pattern grants something else there.
func covered(patterns []string, class string, kind cloud.Kind, universe []string) (operations []string, ok bool) {
	for _, pattern := range patterns {
		if strings.HasSuffix(pattern, "/*") && !elsewhere(pattern, kind) {
			// It grants every operation there is, more than the table knows.
			return nil, false
		}
		found := false
		for _, op := range universe {
			name, _, _ := strings.Cut(op, "#")
			plain := strings.TrimPrefix(name, class)
			if (class == "" && strings.Contains(name, ":")) || (class != "" && plain == name) {
				continue
			}
			if matches(strings.ToLower(pattern), strings.ToLower(plain)) {
				found = true
				operations = with(operations, name)
			}
		}
		if !found && !inert(pattern, kind) {
			return nil, false
		}
	}
	return operations, true
}

// inert reports whether a pattern of a role says nothing on a scope of the
// kind: it is about other resources than the scope and what stands in it.
func inert(pattern string, kind cloud.Kind) bool {
	for _, anywhere := range []string{"*", "Microsoft.Authorization/", "Microsoft.Insights/", "Microsoft.EventGrid/eventSubscriptions", "Microsoft.Resources/tags"} {
		if strings.HasPrefix(pattern, anywhere) {
			return false
		}
	}
	return elsewhere(pattern, kind)
}

// elsewhere reports whether a pattern is about other resources than those of
// the kind and what stands in them.
func elsewhere(pattern string, kind cloud.Kind) bool {
	about, verb, _ := cutLast(strings.ToLower(pattern), "/")
	if verb == "action" {
		about, _, _ = cutLast(about, "/")
	}
	scope := strings.ToLower(string(kind))
	if verb == "*" && strings.HasPrefix(scope, about) {
		return false
	}
	return !matches(about, scope) && !strings.HasPrefix(about, scope+"/")
}

// custom puts a role definition that grants exactly the operations, once for
// all identities that need it.
func custom(c *design.Context, operations []string) (cloud.ResourceID, string) {
	var actions, data []string
	for _, op := range operations {
		if name, ok := strings.CutPrefix(op, "d:"); ok {
			data = append(data, name)
		} else {
			actions = append(actions, op)
		}
	}
	guid := common.GUID(append([]string{string(c.Place.GroupID()), "role"}, operations...)...)
	// Names of custom roles are unique in the tenant, so they carry the suffix.
	name := c.Options.Workload + " " + c.Place.Suffix + " " + common.GUID(operations...)[:8]
	return c.Once("security/role/"+guid, func() cloud.ResourceID {
		permission := roledefinitions.Permission{Actions: &[]string{}, DataActions: &[]string{}, NotActions: &[]string{}, NotDataActions: &[]string{}}
		if len(actions) > 0 {
			permission.Actions = &actions
		}
		if len(data) > 0 {
			permission.DataActions = &data
		}
		return c.Put(design.Target{Type: definitionKind, Base: guid, Exact: true, NoLocation: true, Model: roledefinitions.RoleDefinition{Properties: &roledefinitions.RoleDefinitionProperties{
			RoleName: new(name), Type: new("CustomRole"), AssignableScopes: &[]string{string(c.Place.GroupID())}, Permissions: &[]roledefinitions.Permission{permission},
			Description: new("Grants exactly what a role of the source allows"),
		}}})
	}), name
}

// assignCosmos grants data actions of Cosmos DB, which has definitions and
// assignments of its own (Microsoft Learn, "Use data plane role-based access
// control with Azure Cosmos DB for NoSQL").
func (a *account) assignCosmos(n *need) {
	var data []string
	for _, op := range slices.Sorted(maps.Keys(n.operations)) {
		if name, ok := strings.CutPrefix(op, "c:"); ok {
			data = append(data, name)
		} else {
			a.grant.Unmapped = append(a.grant.Unmapped, "tables are made and changed by the infrastructure code")
		}
	}
	if len(data) == 0 {
		return
	}
	store, path, ok := strings.Cut(string(n.scope), "/sqlDatabases/")
	if !ok {
		return
	}
	database, container, _ := strings.Cut(path, "/containers/")
	scope := store + "/dbs/" + database + "/colls/" + container
	guid := common.GUID(append([]string{store, "role"}, data...)...)
	name := a.c.Options.Workload + " " + guid[:8]
	definition := a.c.Once("security/cosmos/"+guid, func() cloud.ResourceID {
		return a.c.Put(design.Target{Type: "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions", Parent: cloud.ResourceID(store), Base: guid, Exact: true, NoLocation: true,
			Model: rbacs.SqlRoleDefinitionCreateUpdateParameters{Properties: &rbacs.SqlRoleDefinitionResource{
				RoleName: new(name), Type: new(rbacs.RoleDefinitionTypeCustomRole), AssignableScopes: &[]string{store}, Permissions: &[]rbacs.Permission{{DataActions: &data}},
			}}})
	})
	assignment := a.c.Put(design.Target{Type: "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments", Parent: cloud.ResourceID(store), NoLocation: true,
		Base: common.GUID(string(a.identity), scope, guid), Exact: true, After: []cloud.ResourceID{n.scope},
		Model: rbacs.SqlRoleAssignmentCreateUpdateParameters{Properties: &rbacs.SqlRoleAssignmentResource{
			PrincipalId: new(a.c.Output(a.identity, "properties.principalId")), RoleDefinitionId: new(string(definition)), Scope: new(scope),
		}}}, a.role)
	a.made[assignment] = true
	for _, p := range a.s.attached[a.role.ID] {
		a.c.Attach(p, assignment)
	}
	a.granted(n, name, "")
}
