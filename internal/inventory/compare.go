package inventory

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
)

// comparison tells whether two values of a property mean the same, however
// each source writes it.
type comparison struct {
	*merger
	kind      cloud.Kind
	writeOnly []string
}

// same compares two values. What one of them leaves out is no difference: it
// has its default, or the source does not say it.
func (c comparison) same(t *cfn.Type, path string, a, b any, depth int) bool {
	if depth > maxDepth || a == nil || b == nil || a == Redacted || b == Redacted || slices.Contains(c.writeOnly, path) {
		return true
	}
	a, b = opened(a, b)
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok {
			return false
		}
		if isPolicy(x) && isPolicy(y) {
			return c.samePolicy(x, y)
		}
		return c.sameObject(t, path, x, y, depth)
	case []any:
		y, ok := b.([]any)
		if !ok {
			y = []any{b}
		}
		return c.sameList(t, path, x, y, depth)
	}
	if y, ok := b.([]any); ok {
		return c.sameList(t, path, []any{a}, y, depth)
	}
	return c.sameScalar(path, a, b)
}

// opened gives documents for texts that hold one, where both sides have one.
func opened(a, b any) (any, any) {
	x, isText := a.(string)
	y, both := b.(string)
	switch {
	case isText && both:
		if x == y {
			return a, b
		}
		dx, okX := decoded(x)
		dy, okY := decoded(y)
		if okX && okY {
			return dx, dy
		}
	case isText:
		if d, ok := decoded(x); ok {
			return d, b
		}
	case both:
		if d, ok := decoded(y); ok {
			return a, d
		}
	}
	return a, b
}

func (c comparison) sameObject(t *cfn.Type, path string, x, y map[string]any, depth int) bool {
	for name, v := range x {
		if other, ok := y[name]; ok && !c.same(below(t, name), path+"."+name, v, other, depth+1) {
			return false
		}
	}
	// Of a map of free names each name counts: a variable that only one side
	// sets is a difference.
	if t != nil && t.Form == cfn.Map {
		return len(x) == len(y) && sameNames(x, y)
	}
	return true
}

func sameNames(x, y map[string]any) bool {
	for name := range x {
		if _, ok := y[name]; !ok {
			return false
		}
	}
	return true
}

func (c comparison) sameList(t *cfn.Type, path string, x, y []any, depth int) bool {
	if len(x) != len(y) {
		return false
	}
	var item *cfn.Type
	if t != nil {
		item = t.Item
	}
	inOrder := true
	for i := range x {
		if !c.same(item, path+"[]", x[i], y[i], depth+1) {
			inOrder = false
			break
		}
	}
	if inOrder || !withoutOrder(t, path) {
		return inOrder
	}
	// Each member of one side needs one of the other. Long lists are compared
	// as they are sorted: the product of two would take too long.
	if len(x) > 500 {
		return false
	}
	used := make([]bool, len(y))
	for _, v := range x {
		match := -1
		for j := range y {
			if !used[j] && c.same(item, path+"[]", v, y[j], depth+1) {
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

// withoutOrder reports whether the order of a list has no meaning: the schema
// says so, or it names things.
func withoutOrder(t *cfn.Type, path string) bool {
	if t == nil || t.Unordered || t.Unique {
		return true
	}
	for _, end := range []string{"Ids", "Arns", "ARNs", "Subnets", "SecurityGroups", "Zones", "Names", "AZs"} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}

func (c comparison) sameScalar(path string, a, b any) bool {
	if a == b {
		return true
	}
	x, y := scalar(a), scalar(b)
	if x == y {
		return true
	}
	if strings.Contains(x, "${ref:") || strings.Contains(y, "${ref:") {
		return c.sameReference(x, y)
	}
	return c.sameText(path, x, y) || c.sameThing(x, y)
}

// sameText compares texts that a service writes in several ways.
func (c comparison) sameText(path, x, y string) bool {
	last := path[strings.LastIndex(path, ".")+1:]
	switch {
	case strings.TrimSuffix(x, ".") == strings.TrimSuffix(y, "."): // a DNS name with or without the root
		return true
	case lowers(c.kind) && strings.EqualFold(x, y):
		return true
	case last == "EngineVersion":
		return strings.HasPrefix(x, y+".") || strings.HasPrefix(y, x+".")
	case last == "IpProtocol" || last == "Protocol":
		return protocol(x) == protocol(y)
	case last == "UserData":
		return script(x) == script(y)
	case sameMoment(x, y):
		return true
	}
	return (strings.EqualFold(x, "true") || strings.EqualFold(x, "false")) && strings.EqualFold(x, y)
}

// sameMoment compares times to the second: sources write more or fewer digits.
func sameMoment(x, y string) bool {
	if len(x) < 20 || len(y) < 20 || x[4] != '-' || y[4] != '-' {
		return false
	}
	a, errA := time.Parse(time.RFC3339Nano, x)
	b, errB := time.Parse(time.RFC3339Nano, y)
	return errA == nil && errB == nil && a.Truncate(time.Second).Equal(b.Truncate(time.Second))
}

// protocol is the number of a protocol (IANA, Assigned Internet Protocol
// Numbers; -1 and "all" are EC2's words for all).
func protocol(name string) string {
	switch strings.ToLower(name) {
	case "tcp":
		return "6"
	case "udp":
		return "17"
	case "icmp":
		return "1"
	case "icmpv6":
		return "58"
	case "all":
		return "-1"
	}
	return strings.ToLower(name)
}

func script(text string) string {
	if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
		return strings.TrimSpace(string(plain))
	}
	return strings.TrimSpace(text)
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return canonical(v)
}

// sameThing reports whether two texts are names of one resource: an alias of
// a key and its ARN, the name of a role and its ARN.
func (c comparison) sameThing(x, y string) bool {
	names := c.byName()
	for _, a := range names[x] {
		for _, b := range names[y] {
			if a == b {
				return true
			}
		}
	}
	return false
}

// sameReference compares a text with references with what the other source
// has in their place. What a reference to an unknown thing becomes cannot be
// told: it is no difference.
func (c comparison) sameReference(x, y string) bool {
	for _, ref := range append(References(x), References(y)...) {
		if t := c.thing(ref); t == nil || !anchored(t.id) {
			return true
		}
	}
	for _, p := range c.expanded(x) {
		for _, q := range c.expanded(y) {
			if p == q || c.sameThing(p, q) {
				return true
			}
		}
	}
	return false
}

func (c comparison) thing(ref Reference) *thing {
	if to, ok := c.moved[ref.Resource]; ok {
		return c.byID[to]
	}
	return c.byID[ref.Resource]
}

// expanded are the texts that a text with references may become. More than
// some are not tried.
func (c comparison) expanded(text string) []string {
	out := []string{text}
	for _, ref := range References(text) {
		t := c.thing(ref)
		if t == nil {
			continue
		}
		var next []string
		for _, name := range t.names(ref.Attribute) {
			for _, base := range out {
				if next = append(next, strings.ReplaceAll(base, ref.String(), name)); len(next) >= 256 {
					return next
				}
			}
		}
		out = next
	}
	return out
}

// names are what a reference to the thing, or to an attribute of it, may stand
// for.
func (t *thing) names(attribute string) []string {
	names := []string{}
	if attribute != "" {
		at := any(map[string]any(t.resource.Properties))
		for part := range strings.SplitSeq(attribute, ".") {
			m, _ := at.(map[string]any)
			at = m[part]
		}
		if s, ok := at.(string); ok {
			names = append(names, s)
		}
		if s, ok := t.resource.Attributes[attribute].(string); ok {
			names = append(names, s)
		}
	}
	return append(append(names, string(t.id), t.resource.Name, lastPart(string(t.id))), t.resource.Aliases...)
}
