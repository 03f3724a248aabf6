package control

import (
	"net/http"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/provider"
	"github.com/google/uuid"
)

const (
	assignmentType = "microsoft.authorization/roleassignments"
	definitionType = "microsoft.authorization/roledefinitions"
)

// builtInRole answers a built-in role at any scope.
func (p *Plane) builtInRole(id armid.ID) (View, bool) {
	if id.TypeKey() != definitionType {
		return View{}, false
	}
	for _, r := range p.roles {
		if strings.EqualFold(r.ID, id.Name()) {
			return View{ID: id, State: Succeeded, Body: roleBody(id.String(), r)}, true
		}
	}
	return View{}, false
}

func roleBody(id string, r provider.Role) map[string]any {
	return map[string]any{"id": id, "name": r.ID, "type": "Microsoft.Authorization/roleDefinitions", "properties": map[string]any{
		"roleName": r.Name, "type": "BuiltInRole", "description": "", "assignableScopes": []any{"/"}, "permissions": []any{permission(r)},
	}}
}

func permission(r provider.Role) map[string]any {
	return map[string]any{"actions": list(r.Actions), "notActions": list(r.NotActions), "dataActions": list(r.DataActions), "notDataActions": list(r.NotDataActions)}
}

func list(words []string) []any {
	out := make([]any, len(words))
	for i, w := range words {
		out[i] = w
	}
	return out
}

// authorizationRules are the rules of role assignments and definitions.
func (p *Plane) authorizationRules(c *candidate) error {
	if c.id.TypeKey() != assignmentType && c.id.TypeKey() != definitionType {
		return nil
	}
	if _, err := uuid.Parse(c.id.Name()); err != nil {
		return armerror.BadRequest("InvalidRoleAssignmentId", "The role assignment or definition ID '%s' is not valid. The ID must be a GUID.", c.id.Name())
	}
	if c.id.TypeKey() == definitionType {
		return nil
	}
	principal := document.Text(c.written, "properties.principalId")
	role, err := armid.Parse(document.Text(c.written, "properties.roleDefinitionId"))
	if err != nil || principal == "" {
		return armerror.BadRequest("InvalidRequestContent", "A role assignment needs 'properties.principalId' and 'properties.roleDefinitionId'.")
	}
	if _, ok := p.find(role); !ok {
		return armerror.NotFound("RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", role.Name())
	}
	if c.before != nil && (document.Text(c.before.written, "properties.principalId") != principal || !sameRole(c.before, role)) {
		return armerror.Conflict("RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.")
	}
	for _, r := range p.ofKind(assignmentType) {
		if r.id.Key() == c.id.Key() || r.id.Scope().Key() != c.id.Scope().Key() {
			continue
		}
		if strings.EqualFold(document.Text(r.written, "properties.principalId"), principal) && sameRole(r, role) {
			return armerror.Conflict("RoleAssignmentExists", "The role assignment already exists. The ID of the existing role assignment is %s.", strings.ReplaceAll(r.id.Name(), "-", ""))
		}
	}
	return nil
}

// sameRole compares role definitions by their GUID; the scope they are written
// with does not matter.
func sameRole(r *record, role armid.ID) bool {
	id, err := armid.Parse(document.Text(r.written, "properties.roleDefinitionId"))
	return err == nil && strings.EqualFold(id.Name(), role.Name())
}

// roleOf reads a role definition, built-in or custom.
func (p *Plane) roleOf(id string) (provider.Role, bool) {
	parsed, err := armid.Parse(id)
	if err != nil {
		return provider.Role{}, false
	}
	v, ok := p.find(parsed)
	if !ok {
		return provider.Role{}, false
	}
	role := provider.Role{ID: parsed.Name(), Name: document.Text(v.Body, "properties.roleName")}
	for _, item := range document.List(v.Body, "properties.permissions") {
		role.Actions = append(role.Actions, document.Strings(document.List(item, "actions"))...)
		role.NotActions = append(role.NotActions, document.Strings(document.List(item, "notActions"))...)
		role.DataActions = append(role.DataActions, document.Strings(document.List(item, "dataActions"))...)
		role.NotDataActions = append(role.NotDataActions, document.Strings(document.List(item, "notDataActions"))...)
	}
	return role, true
}

// rolesAt are the roles a principal holds at a scope, from there or above.
func (p *Plane) rolesAt(principal string, scope armid.ID) []provider.Role {
	var roles []provider.Role
	for _, r := range p.ofKind(assignmentType) {
		if !r.id.Scope().Contains(scope) || !strings.EqualFold(document.Text(r.written, "properties.principalId"), principal) {
			continue
		}
		if role, ok := p.roleOf(document.Text(r.written, "properties.roleDefinitionId")); ok {
			roles = append(roles, role)
		}
	}
	return roles
}

// Permissions answers the permissions API: what the principal may do at a scope.
func (p *Plane) Permissions(principal string, scope armid.ID) ([]map[string]any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.find(scope); !ok {
		return nil, p.absent(scope)
	}
	out := []map[string]any{}
	for _, r := range p.rolesAt(principal, scope) {
		out = append(out, permission(r))
	}
	return out, nil
}

// Authorize refuses an action that no role of the principal grants at the
// scope. What stands above the subscription is open to every principal of the
// directory.
func (p *Plane) Authorize(principal, action string, scope armid.ID) error {
	if scope.IsTenant() || scope.Subscription == "" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.rolesAt(principal, scope) {
		if r.Allows(action) {
			return nil
		}
	}
	return armerror.New(http.StatusForbidden, "AuthorizationFailed", "The client '%s' with object id '%s' does not have authorization to perform action '%s' over scope '%s' or the scope is invalid. If access was recently granted, please refresh your credentials.", principal, principal, action, scope)
}

// RoleDefinitions lists built-in and custom roles at a scope.
func (p *Plane) RoleDefinitions(scope armid.ID) []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	prefix := ""
	if scope.Subscription != "" {
		prefix = p.Subscription().String()
	}
	var out []map[string]any
	for _, r := range p.roles {
		out = append(out, roleBody(prefix+"/providers/Microsoft.Authorization/roleDefinitions/"+r.ID, r))
	}
	for _, r := range p.ofKind(definitionType) {
		if r.id.Scope().Contains(scope) || scope.Contains(r.id.Scope()) {
			out = append(out, p.view(r).Body)
		}
	}
	return out
}
