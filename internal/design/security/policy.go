package security

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// document is one policy that says what a role may do.
type document struct {
	// name is how findings call it, from where its references are read.
	name       string
	from       *inventory.Resource
	statements []statement
}

// statement is one statement of a policy in a form that can be compared.
type statement struct {
	allow                    bool
	actions, resources       []string
	notActions, notResources bool
	// condition names the keys with their values, "" without one.
	condition string
	// services and federated are the principals of a trust policy.
	services, principals, federated []string
	conditions                      map[string]any
}

// policyOf reads a policy document.
func policyOf(value any) []statement {
	var out []statement
	for _, p := range inventory.Policy(value) {
		s := statement{allow: p.Allow, actions: p.Actions, resources: p.Resources, services: p.Services, principals: p.Principals, federated: p.Federated, conditions: p.Conditions, condition: conditionText(p.Conditions)}
		if len(p.NotActions) > 0 {
			s.actions, s.notActions = p.NotActions, true
		}
		if len(p.NotResources) > 0 {
			s.resources, s.notResources = p.NotResources, true
		}
		out = append(out, s)
	}
	return out
}

func conditionText(conditions map[string]any) string {
	var parts []string
	for _, operator := range slices.Sorted(maps.Keys(conditions)) {
		m, _ := conditions[operator].(map[string]any)
		for _, k := range slices.Sorted(maps.Keys(m)) {
			parts = append(parts, operator+" "+k+" "+strings.Join(design.Texts(m[k]), " or "))
		}
	}
	return strings.Join(parts, " and ")
}

// policies gathers what a role's documents say; unread names those whose text
// is not known.
func (s *state) policies(c *design.Context, role *inventory.Resource) (list []document, unread []string) {
	for _, p := range design.Maps(role.Properties["Policies"]) {
		list = append(list, document{design.Text(p, "PolicyName"), role, policyOf(p["PolicyDocument"])})
	}
	seen := map[*inventory.Resource]bool{}
	for _, ref := range design.List(role.Properties["ManagedPolicyArns"]) {
		name := lastPart(design.Text(map[string]any{"v": ref}, "v"))
		if p, ok := c.Find(role, ref, "AWS::IAM::ManagedPolicy"); ok && p.Properties["PolicyDocument"] != nil {
			seen[p] = true
			list = append(list, document{p.Name, p, policyOf(p.Properties["PolicyDocument"])})
		} else if actions, ok := s.table.managed[name]; ok {
			list = append(list, document{name, role, []statement{{allow: true, actions: actions, resources: []string{"*"}}}})
		} else {
			unread = append(unread, name)
		}
	}
	for _, p := range s.attached[role.ID] {
		if !seen[p] {
			seen[p] = true
			list = append(list, document{p.Name, p, policyOf(p.Properties["PolicyDocument"])})
		}
	}
	return list, unread
}

// attach finds the policies that name their roles themselves.
func (s *state) attach(c *design.Context) {
	for _, p := range c.OfKind("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy") {
		for _, property := range []string{"Roles", "RoleName"} {
			for _, role := range c.FindAll(p, p.Properties[property], "AWS::IAM::Role") {
				s.attached[role.ID] = append(s.attached[role.ID], p)
			}
		}
	}
}

// lastPart is what follows the last slash or colon.
func lastPart(text string) string { return text[strings.LastIndexAny(text, "/:")+1:] }
