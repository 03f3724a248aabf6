package common

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/google/uuid"
	"github.com/hashicorp/go-azure-sdk/resource-manager/authorization/2022-04-01/roleassignments"
)

// RoleAssignment gives a role on a scope to a user-assigned identity and
// returns the assignment. role is the GUID of a built-in role, or the id of a
// role definition. The assignment's name follows from the three, so that a
// second deployment finds it again.
func RoleAssignment(c *design.Context, identity, scope cloud.ResourceID, role string, sources ...*inventory.Resource) cloud.ResourceID {
	given := role
	if !strings.Contains(role, "/") {
		role = c.BuiltInRole(role)
	}
	name := GUID(string(identity), string(scope), role)
	id := c.Once("common/role/"+name, func() cloud.ResourceID {
		return c.Put(design.Target{
			Type: "Microsoft.Authorization/roleAssignments", Base: name, Exact: true, Scope: scope, NoLocation: true,
			Model: roleassignments.RoleAssignment{Properties: &roleassignments.RoleAssignmentProperties{
				PrincipalId:      c.Output(identity, "properties.principalId"),
				PrincipalType:    new(roleassignments.PrincipalTypeServicePrincipal),
				RoleDefinitionId: role,
				Description:      new(MayDo(c, identity, given, scope)),
			}},
		})
	})
	for _, r := range sources {
		c.Attach(r, id)
	}
	return id
}

// MayDo says in words what a role assignment gives: "id-web may Key Vault
// Secrets User on kv-shop". It is the description of the assignment, whose
// name and body hold nothing but ids.
func MayDo(c *design.Context, identity cloud.ResourceID, role string, scope cloud.ResourceID) string {
	name := role[strings.LastIndexByte(role, '/')+1:]
	if own, ok := c.Resource(cloud.ResourceID(role)); ok {
		name = design.Text(own.Body, "properties.roleName")
	} else if known, ok := c.Catalog.Role(name); ok {
		name = known.Name
	}
	on := LastName(scope)
	if scope == c.Place.GroupID() {
		on = "the resource group"
	} else if r, ok := c.Resource(scope); ok {
		on = r.Name
	}
	return LastName(identity) + " may " + name + " on " + on
}

// GUID returns the name-based UUID of some texts, for types whose names are
// UUIDs. Capitals do not matter, as in ids.
func GUID(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(strings.ToLower(strings.Join(parts, "|")))).String()
}
