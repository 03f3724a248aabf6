package inventory

import (
	"encoding/json"
	"net/url"
	"strings"
)

// Document decodes a policy or another JSON document that stands somewhere as
// a text. IAM escapes its documents as in a URL (RFC 3986; IAM API Reference,
// "GetRolePolicy").
func Document(text string) (any, bool) {
	plain := strings.TrimSpace(text)
	if strings.HasPrefix(plain, "%7B") || strings.HasPrefix(plain, "%7b") {
		unescaped, err := url.PathUnescape(plain)
		if err != nil {
			return nil, false
		}
		plain = unescaped
	}
	if !strings.HasPrefix(plain, "{") && !strings.HasPrefix(plain, "[") {
		return nil, false
	}
	var value any
	if json.Unmarshal([]byte(plain), &value) != nil {
		return nil, false
	}
	return value, true
}

// Statements returns the statements of a policy document as they are written:
// one or many, in a mapping or in its text (IAM User Guide, "IAM JSON policy
// elements: Statement").
func Statements(document any) []map[string]any {
	if text, ok := document.(string); ok {
		document, _ = Document(text)
	}
	var tree map[string]any
	switch v := document.(type) {
	case map[string]any:
		tree = v
	case Properties:
		tree = v
	}
	var out []map[string]any
	for _, v := range asList(tree["Statement"]) {
		if s, ok := v.(map[string]any); ok {
			out = append(out, s)
		}
	}
	return out
}

// Statement is one statement of a policy in one form: what may be one or many
// is a list.
type Statement struct {
	Allow                   bool
	Actions, NotActions     []string
	Resources, NotResources []string
	// Principals are accounts, roles and users, or "*" for anyone; Services and
	// Federated are those of their own kinds.
	Principals, Services, Federated []string
	// Conditions are keys with their values by operator, nil without any.
	Conditions map[string]any
}

// Policy reads a policy document.
func Policy(document any) []Statement {
	var out []Statement
	for _, m := range Statements(document) {
		effect, _ := m["Effect"].(string)
		s := Statement{Allow: strings.EqualFold(effect, "Allow"), Actions: listed(m["Action"]), NotActions: listed(m["NotAction"]), Resources: listed(m["Resource"]), NotResources: listed(m["NotResource"])}
		switch p := m["Principal"].(type) {
		case string:
			s.Principals = []string{p}
		case map[string]any:
			s.Principals, s.Services, s.Federated = listed(p["AWS"]), listed(p["Service"]), listed(p["Federated"])
		}
		if c, ok := m["Condition"].(map[string]any); ok && len(c) > 0 {
			s.Conditions = c
		}
		out = append(out, s)
	}
	return out
}

// listed are the texts of a list, or of one value. A template in YAML writes an
// account without quotes, which makes a number of it.
func listed(v any) []string {
	var out []string
	for _, one := range asList(v) {
		switch one.(type) {
		case nil, map[string]any, []any:
			continue
		}
		if text := scalar(one); text != "" {
			out = append(out, text)
		}
	}
	return out
}
