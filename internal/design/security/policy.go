package security

import (
	"encoding/json"
	"maps"
	"net/url"
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

// policyOf reads a policy document: a mapping, or its JSON text, which IAM's
// API encodes as a URL (IAM API Reference, "GetRolePolicy").
func policyOf(value any) []statement {
	if text, ok := value.(string); ok {
		if strings.HasPrefix(text, "%7B") {
			if plain, err := url.QueryUnescape(text); err == nil {
				text = plain
			}
		}
		value = nil
		var tree any
		if json.Unmarshal([]byte(text), &tree) == nil {
			value = tree
		}
	}
	var out []statement
	if tree, ok := value.(map[string]any); ok {
		for _, m := range design.Maps(tree["Statement"]) {
			out = append(out, statementOf(m))
		}
	}
	return out
}

func statementOf(m map[string]any) statement {
	s := statement{allow: strings.EqualFold(design.Text(m, "Effect"), "Allow"), actions: design.Texts(m["Action"]), resources: design.Texts(m["Resource"])}
	if list := design.Texts(m["NotAction"]); len(list) > 0 {
		s.actions, s.notActions = list, true
	}
	if list := design.Texts(m["NotResource"]); len(list) > 0 {
		s.resources, s.notResources = list, true
	}
	if conditions, ok := m["Condition"].(map[string]any); ok && len(conditions) > 0 {
		s.conditions, s.condition = conditions, conditionText(conditions)
	}
	switch p := m["Principal"].(type) {
	case string:
		s.principals = []string{p}
	case map[string]any:
		s.services, s.principals, s.federated = design.Texts(p["Service"]), design.Texts(p["AWS"]), design.Texts(p["Federated"])
	}
	return s
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
