package inventory

import "strings"

// isPolicy reports whether a document is a policy: it has statements.
func isPolicy(m map[string]any) bool {
	_, ok := m["Statement"]
	return ok
}

// samePolicy compares two policies by what they say: the order of statements,
// actions and resources has no meaning, one value is a list of one, and an
// account's number is its root (IAM User Guide, policy elements).
func (c comparison) samePolicy(x, y map[string]any) bool {
	a, b := Statements(x), Statements(y)
	if len(a) != len(b) {
		return false
	}
	used := make([]bool, len(b))
	for _, s := range a {
		match := -1
		for j, other := range b {
			if !used[j] && c.sameStatement(s, other) {
				match = j
				break
			}
		}
		if match < 0 {
			return false
		}
		used[match] = true
	}
	return true
}

func asList(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

func (c comparison) sameStatement(x, y map[string]any) bool {
	for _, name := range []string{"Effect", "Action", "NotAction", "Resource", "NotResource"} {
		if !c.sameSet(name, asList(x[name]), asList(y[name])) {
			return false
		}
	}
	return c.sameGroups(principals(x["Principal"]), principals(y["Principal"])) &&
		c.sameGroups(principals(x["NotPrincipal"]), principals(y["NotPrincipal"])) &&
		c.sameConditions(x["Condition"], y["Condition"])
}

func (c comparison) sameConditions(x, y any) bool {
	a, _ := x.(map[string]any)
	b, _ := y.(map[string]any)
	if len(a) != len(b) {
		return false
	}
	for operator, v := range a {
		keys, _ := v.(map[string]any)
		others, _ := b[operator].(map[string]any)
		if !c.sameGroups(keys, others) {
			return false
		}
	}
	return true
}

// sameGroups compares objects whose members are sets of texts.
func (c comparison) sameGroups(x, y map[string]any) bool {
	if len(x) != len(y) {
		return false
	}
	for name, v := range x {
		other, ok := y[name]
		if !ok || !c.sameSet(name, asList(v), asList(other)) {
			return false
		}
	}
	return true
}

// principals writes "*" as the object that means the same.
func principals(v any) map[string]any {
	if v == "*" {
		return map[string]any{"AWS": "*"}
	}
	m, _ := v.(map[string]any)
	return m
}

func (c comparison) sameSet(name string, x, y []any) bool {
	if len(x) != len(y) {
		return false
	}
	used := make([]bool, len(y))
	for _, v := range x {
		match := -1
		for j, other := range y {
			if !used[j] && c.sameWord(name, v, other) {
				match = j
				break
			}
		}
		if match < 0 {
			return false
		}
		used[match] = true
	}
	return true
}

func (c comparison) sameWord(name string, a, b any) bool {
	x, y := scalar(a), scalar(b)
	switch name {
	case "Action", "NotAction", "Effect":
		return strings.EqualFold(x, y)
	case "AWS":
		x, y = rootAccount(x), rootAccount(y)
	}
	return c.sameScalar(name, x, y)
}

// rootAccount is the account number of an account's root.
func rootAccount(principal string) string {
	fields := strings.Split(principal, ":")
	if len(fields) == 6 && fields[2] == "iam" && fields[5] == "root" {
		return fields[4]
	}
	return principal
}
