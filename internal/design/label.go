package design

import (
	"cmp"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
)

// Labels returns how people call the resources of a design: by their names, and
// role assignments and definitions, whose names are GUIDs, by what they say:
// "Key Vault Secrets User for id-web on kv-shop". Where the catalogue of roles
// cannot be read a role keeps its GUID.
func Labels(d *Design) func(Resource) string {
	l := labels{byID: map[string]*Resource{}}
	for i := range d.Resources {
		r := &d.Resources[i]
		l.byID[key(r.ID)] = r
		if l.facts == nil && guidForm.MatchString(lastName(r.Name)) {
			l.facts, _ = catalog.Load()
		}
	}
	return l.of
}

type labels struct {
	byID  map[string]*Resource
	facts *catalog.Catalog
}

func (l labels) of(r Resource) string {
	kind := strings.ToLower(string(r.Type))
	switch {
	case !guidForm.MatchString(lastName(r.Name)):
		return r.Name
	case strings.HasSuffix(kind, "roleassignments"):
		scope := string(r.Scope)
		if scope == "" {
			scope = Text(r.Body, "properties.scope")
		}
		return l.role(Text(r.Body, "properties.roleDefinitionId")) + " for " + who(Text(r.Body, "properties.principalId")) + " on " + place(scope)
	case strings.HasSuffix(kind, "roledefinitions"):
		return cmp.Or(Text(r.Body, "properties.roleName"), r.Name)
	}
	return r.Name
}

// role is the name of a role by the id of its definition.
func (l labels) role(id string) string {
	if own := l.byID[strings.ToLower(id)]; own != nil {
		return l.of(*own)
	}
	guid := lastName(id)
	if l.facts != nil {
		if role, ok := l.facts.Role(guid); ok {
			return role.Name
		}
	}
	// The two roles that a Cosmos DB account has of its own (Microsoft Learn, "Use
	// data plane role-based access control with Azure Cosmos DB for NoSQL").
	switch guid {
	case "00000000-0000-0000-0000-000000000001":
		return "Cosmos DB Built-in Data Reader"
	case "00000000-0000-0000-0000-000000000002":
		return "Cosmos DB Built-in Data Contributor"
	}
	return cmp.Or(guid, "a role")
}

// who is the holder of a role: the resource whose identity it is, or a
// principal by its id.
func who(principal string) string {
	if id := idForm.FindString(principal); id != "" {
		return lastName(id)
	}
	if name, ok := ParameterIn(principal); ok {
		return "parameter " + name
	}
	return cmp.Or(principal, "a principal")
}

// place is what a scope is called: the names in its id, parted by slashes.
func place(scope string) string {
	_, rest, ok := cutLast(scope, "/providers/")
	if !ok {
		if _, group, found := cutLast(scope, "/resourceGroups/"); found {
			return "resource group " + group
		}
		return cmp.Or(strings.TrimPrefix(scope, "/subscriptions/"), "the resource group")
	}
	var names []string
	for i, part := range strings.Split(rest, "/") {
		if i > 0 && i%2 == 0 && part != "default" {
			names = append(names, part)
		}
	}
	return strings.Join(names, "/")
}

func lastName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// Outcome says what becomes of the resource where the action alone would
// mislead: what stays at the source because others use it has a counterpart too.
func (d Decision) Outcome() string {
	if d.Action == Retain && len(d.Targets) > 0 {
		return "retain for the others, with a counterpart for the workload"
	}
	return string(d.Action)
}

// ParameterVariable is the environment variable that a deployment takes a
// parameter from: "adminPassword" is in LANDFALL_PARAMETER_ADMINPASSWORD.
func ParameterVariable(name string) string { return "LANDFALL_PARAMETER_" + strings.ToUpper(name) }

// NameIn is what a resource is called in each environment, where that differs.
type NameIn struct {
	Resource Resource
	// Names are by the order of the environments.
	Names []string
}

// NamesIn returns the resources of a design whose own names are others in each
// environment, because the world has each of them once. The names of role
// assignments and definitions are left out: nobody looks for those by name.
func NamesIn(d *Design, environments []Environment) []NameIn {
	var moved []map[cloud.ResourceID]string
	for _, e := range environments {
		names, other := map[cloud.ResourceID]string{}, ForEnvironment(d, e)
		m := newMover(d, e)
		for _, r := range other.Resources {
			names[r.ID] = r.Name
		}
		at := map[cloud.ResourceID]string{}
		for _, r := range d.Resources {
			at[r.ID] = names[m.id(r.ID)]
		}
		moved = append(moved, at)
	}
	var out []NameIn
	for _, r := range d.Resources {
		if d.Place.Suffix == "" || !strings.Contains(lastName(r.Name), d.Place.Suffix) {
			continue
		}
		n := NameIn{Resource: r}
		for _, names := range moved {
			n.Names = append(n.Names, names[r.ID])
		}
		out = append(out, n)
	}
	return out
}
