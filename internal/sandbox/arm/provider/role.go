package provider

import (
	"strings"

	"example.com/landfall/internal/catalog"
)

// Role is a role definition.
type Role struct {
	ID, Name                                         string
	Actions, NotActions, DataActions, NotDataActions []string
}

// Owner is the id of the built-in role that may do everything.
const Owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"

// Roles lists the built-in roles: those of the product's catalogue.
func Roles() ([]Role, error) {
	facts, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	var out []Role
	for _, r := range facts.Roles() {
		out = append(out, Role{ID: r.GUID, Name: r.Name, Actions: r.Actions, NotActions: r.NotActions, DataActions: r.DataActions, NotDataActions: r.NotDataActions})
	}
	return out, nil
}

// Allows reports whether the role grants an action: one of its actions covers
// it and none of its exceptions does.
func (r Role) Allows(action string) bool {
	return covered(r.Actions, action) && !covered(r.NotActions, action)
}

func covered(patterns []string, action string) bool {
	for _, p := range patterns {
		if wildcard(strings.ToLower(p), strings.ToLower(action)) {
			return true
		}
	}
	return false
}

// wildcard matches "*" against any run of characters, slashes too.
func wildcard(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}
