package provider

import (
	_ "embed"
	"strings"
)

//go:embed roles.txt
var rolesText string

// Role is a role definition.
type Role struct {
	ID, Name                                         string
	Actions, NotActions, DataActions, NotDataActions []string
}

// Owner is the id of the built-in role that may do everything.
const Owner = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"

// Roles lists the built-in roles that the sandbox knows.
func Roles() []Role {
	var out []Role
	for line := range strings.SplitSeq(rolesText, "\n") {
		f := strings.Split(line, "|")
		if len(f) != 6 || strings.HasPrefix(line, "#") {
			continue
		}
		out = append(out, Role{ID: f[0], Name: f[1], Actions: words(f[2]), NotActions: words(f[3]), DataActions: words(f[4]), NotDataActions: words(f[5])})
	}
	return out
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
