package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// maxFindings bounds what one check reports; a body that is wrong everywhere
// is as wrong as one with twenty faults.
const maxFindings = 20

// maxDepth bounds the walk: the definitions are recursive, a body must not be.
const maxDepth = 64

// Mode says how a body is judged.
type Mode struct {
	// Partial is a PATCH: required properties may be absent and a null stays,
	// because in a merge patch it deletes.
	Partial bool
	// Deferred lets a string that is a template expression stand anywhere: its
	// value is only known while the deployment runs.
	Deferred bool
}

// Finding is one thing a provider would refuse.
type Finding struct {
	// Path is where: "properties.subnets[0].nam".
	Path string
	// Rule is which kind of rule is broken.
	Rule Rule
	// Message says it in a sentence.
	Message string
}

// Rule is a kind of finding.
type Rule string

// The rules. Each is a code of its own in the answer's details.
const (
	UnknownProperty  Rule = "UnknownProperty"
	MissingProperty  Rule = "MissingRequiredProperty"
	WrongType        Rule = "WrongPropertyType"
	NotAllowed       Rule = "InvalidPropertyValue"
	PatternMismatch  Rule = "PatternMismatch"
	LengthOutOfRange Rule = "LengthOutOfRange"
	NumberOutOfRange Rule = "NumberOutOfRange"
	TooDeep          Rule = "TooDeep"
)

// walk is one check in progress.
type walk struct {
	defs     *Definitions
	kind     string
	mode     Mode
	findings []Finding
}

// Check judges a body of the type and returns it as the provider would keep
// it. A type that is not in the file is not judged: ok is false and the body
// comes back as it was. The envelope's id, name, type and apiVersion are left
// to the caller, who knows the request path.
func (d *Definitions) Check(kind string, body map[string]any, mode Mode) (kept map[string]any, findings []Finding, ok bool) {
	r, ok := d.Resource(kind)
	if !ok {
		return body, nil, false
	}
	w := &walk{defs: d, kind: kind, mode: mode}
	inner := maps.Clone(body)
	for key := range inner {
		if envelope(key) {
			delete(inner, key)
		}
	}
	value := w.value(r.body, inner, "")
	kept, isObject := value.(map[string]any)
	if !isObject {
		kept = inner
	}
	return kept, w.findings, true
}

func envelope(key string) bool {
	switch strings.ToLower(key) {
	case "id", "name", "type", "apiversion":
		return true
	}
	return false
}

// CheckName judges the last name of a resource against the definition's own
// pattern and length. It returns "" when there is nothing to say.
func (d *Definitions) CheckName(kind, name string) string {
	r, ok := d.Resource(kind)
	if !ok {
		return ""
	}
	p, ok := d.nodes[r.body].props["name"]
	if !ok || d.nodes[p.node].letter != 'S' {
		return ""
	}
	w := &walk{defs: d}
	w.text(d.nodes[p.node], name, "name")
	if len(w.findings) == 0 {
		return ""
	}
	return w.findings[0].Message
}

func (w *walk) add(path string, rule Rule, format string, args ...any) {
	if len(w.findings) < maxFindings {
		w.findings = append(w.findings, Finding{Path: path, Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
}

// value judges one value and returns it as it is kept.
func (w *walk) value(index int, value any, path string) any {
	n := w.defs.nodes[index]
	if strings.Count(path, ".") > maxDepth {
		w.add(path, TooDeep, "The value at '%s' is nested too deeply.", path)
		return value
	}
	if s, ok := value.(string); ok && w.mode.Deferred && isExpression(s) {
		return value
	}
	switch n.letter {
	case 'O':
		return w.object(n, value, path)
	case 'D':
		return w.discriminated(n, value, path)
	case 'Y':
		return w.array(n, value, path)
	case 'U', 'L':
		return w.enum(n, value, path)
	case 'S':
		return w.stringValue(n, value, path)
	case 'I':
		return w.number(n, value, path)
	case 'B':
		if _, ok := value.(bool); !ok {
			w.wrongType(path, "a boolean", value)
		}
	}
	return value
}

// isExpression mirrors the template language: "[...]" is one, "[[..." is text.
func isExpression(s string) bool {
	return strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") && !strings.HasPrefix(s, "[[")
}

func (w *walk) wrongType(path, want string, value any) {
	w.add(path, WrongType, "The value at '%s' is %s, but %s is expected.", path, kindOf(value), want)
}

func kindOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "the string '" + cut(v) + "'"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	}
	return "a number"
}

func cut(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}

func (w *walk) object(n node, value any, path string) any {
	object, ok := value.(map[string]any)
	if !ok {
		w.wrongType(path, "an object", value)
		return value
	}
	// The published types have no empty objects; a definition that lost all
	// its members in reduction says nothing about them.
	if len(n.props) == 0 && n.extra < 0 {
		return value
	}
	return w.members(n, object, path)
}

func (w *walk) discriminated(n node, value any, path string) any {
	object, ok := value.(map[string]any)
	if !ok {
		w.wrongType(path, "an object", value)
		return value
	}
	chosen, found := lookup(object, n.key)
	allowed := slices.Sorted(maps.Keys(n.variants))
	if !found {
		if !w.mode.Partial {
			w.add(join(path, n.key), MissingProperty, "Required property '%s' not found in JSON. Its value decides the form of the object. Allowed values: %s.", join(path, n.key), quoteAll(allowed))
		}
		return value
	}
	text, isText := chosen.(string)
	i := slices.IndexFunc(allowed, func(a string) bool { return strings.EqualFold(a, text) })
	if !isText || i < 0 {
		w.add(join(path, n.key), NotAllowed, "The value '%v' at '%s' is not one of the allowed values %s.%s", chosen, join(path, n.key), quoteAll(allowed), nearest(text, allowed))
		return value
	}
	variant := w.defs.nodes[n.variants[allowed[i]]]
	whole := node{letter: 'O', name: variant.name, props: maps.Clone(n.props), extra: variant.extra}
	maps.Copy(whole.props, variant.props)
	return w.members(whole, object, path)
}

// members judges the properties of an object. Names are compared without
// regard to case because the providers' JSON readers do so, and are kept in
// their published case.
func (w *walk) members(n node, object map[string]any, path string) any {
	kept := make(map[string]any, len(object))
	present := make(map[string]bool, len(object))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		value := object[key]
		p, known := n.props[strings.ToLower(key)]
		at := join(path, key)
		switch {
		case known:
			present[strings.ToLower(key)] = value != nil
			w.member(p, value, at, kept)
		case n.extra >= 0:
			kept[key] = w.extra(n.extra, value, at)
		default:
			w.add(at, UnknownProperty, "Could not find member '%s' on object of type '%s'. Path '%s'.%s", key, n.name, at, nearest(key, names(n)))
		}
	}
	if w.mode.Partial {
		return kept
	}
	for _, name := range names(n) {
		p := n.props[strings.ToLower(name)]
		if p.has(flagRequired) && !p.has(flagReadOnly) && !p.has(flagIdentity) && !present[strings.ToLower(name)] && !(path == "" && envelope(name)) {
			w.add(join(path, name), MissingProperty, "Required property '%s' not found in JSON. Path '%s'.", name, path)
		}
	}
	return kept
}

// member keeps one known property. What is read-only is dropped, not refused:
// providers ignore it, and clients rely on writing back what they have read.
func (w *walk) member(p property, value any, path string, kept map[string]any) {
	if p.has(flagReadOnly) {
		return
	}
	if value == nil {
		if w.mode.Partial {
			kept[p.name] = nil
		}
		return
	}
	kept[p.name] = w.value(p.node, value, path)
}

func (w *walk) extra(index int, value any, path string) any {
	if value == nil {
		return nil
	}
	return w.value(index, value, path)
}

func (w *walk) array(n node, value any, path string) any {
	list, ok := value.([]any)
	if !ok {
		w.wrongType(path, "an array", value)
		return value
	}
	w.length(n, len(list), path, "items")
	kept := make([]any, len(list))
	for i, item := range list {
		kept[i] = w.value(n.item, item, path+"["+strconv.Itoa(i)+"]")
	}
	return kept
}

func (w *walk) enum(n node, value any, path string) any {
	text, ok := value.(string)
	if !ok {
		w.wrongType(path, "a string", value)
		return value
	}
	allowed := w.literals(n)
	for _, a := range allowed {
		if strings.EqualFold(a, text) {
			return a
		}
	}
	if w.incomplete(path) {
		return value
	}
	w.add(path, NotAllowed, "The value '%s' at '%s' is not one of the allowed values %s.%s", cut(text), path, quoteAll(allowed), nearest(text, allowed))
	return value
}

// incomplete names the enums whose published list lags behind the service: the
// compute definitions list the VM sizes of 2017, those of MySQL end with 8.0.21
// while the service makes 8.4 ("Supported versions in Azure Database for MySQL -
// Flexible Server"); both are marked extensible.
func (w *walk) incomplete(path string) bool {
	path = strings.ToLower(path)
	return strings.HasSuffix(path, ".vmsize") || path == "properties.version" && strings.EqualFold(w.kind, "Microsoft.DBforMySQL/flexibleServers")
}

func (w *walk) literals(n node) []string {
	if n.letter == 'L' {
		return []string{n.literal}
	}
	var all []string
	for _, m := range n.members {
		if member := w.defs.nodes[m]; member.letter == 'L' {
			all = append(all, member.literal)
		}
	}
	return all
}

func (w *walk) stringValue(n node, value any, path string) any {
	text, ok := value.(string)
	if !ok {
		w.wrongType(path, "a string", value)
		return value
	}
	w.text(n, text, path)
	return value
}

func (w *walk) text(n node, text, path string) {
	w.length(n, len([]rune(text)), path, "characters")
	if n.pattern != nil && !n.pattern.MatchString(text) {
		w.add(path, PatternMismatch, "The value '%s' at '%s' does not match the pattern '%s'.", cut(text), path, n.limits.Pattern)
	}
}

func (w *walk) length(n node, length int, path, unit string) {
	if low := n.limits.MinLength; low != nil && length < *low {
		w.add(path, LengthOutOfRange, "The value at '%s' has %d %s, at least %d are required.", path, length, unit, *low)
	}
	if high := n.limits.MaxLength; high != nil && length > *high {
		w.add(path, LengthOutOfRange, "The value at '%s' has %d %s, at most %d are allowed.", path, length, unit, *high)
	}
}

func (w *walk) number(n node, value any, path string) any {
	number, ok := toFloat(value)
	if !ok {
		w.wrongType(path, "a number", value)
		return value
	}
	if low := n.limits.MinValue; low != nil && number < *low {
		w.add(path, NumberOutOfRange, "The value %v at '%s' is below the minimum %v.", number, path, *low)
	}
	if high := n.limits.MaxValue; high != nil && number > *high {
		w.add(path, NumberOutOfRange, "The value %v at '%s' is above the maximum %v.", number, path, *high)
	}
	return value
}

// toFloat reads the forms a JSON number takes here. The definitions write
// fractions as numbers too, so a fraction is no wrong type.
func toFloat(value any) (float64, bool) {
	switch v := value.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	return 0, false
}

func lookup(object map[string]any, key string) (any, bool) {
	for _, k := range slices.Sorted(maps.Keys(object)) {
		if strings.EqualFold(k, key) && object[k] != nil {
			return object[k], true
		}
	}
	return nil, false
}

func names(n node) []string {
	all := make([]string, 0, len(n.props))
	for _, p := range n.props {
		all = append(all, p.name)
	}
	slices.Sort(all)
	return all
}

// Nearest is the allowed word closest to the one written, "" when none is
// close enough for the one written to be a slip.
func Nearest(word string, allowed []string) string {
	best, distance := "", len(word)/2+2
	for _, a := range allowed {
		if d := levenshtein.ComputeDistance(strings.ToLower(word), strings.ToLower(a)); d < distance {
			best, distance = a, d
		}
	}
	return best
}

func nearest(word string, allowed []string) string {
	if best := Nearest(word, allowed); best != "" {
		return " The nearest allowed name is '" + best + "'."
	}
	return ""
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func quoteAll(words []string) string {
	const shown = 12
	more := ""
	if len(words) > shown {
		more = fmt.Sprintf(" and %d more", len(words)-shown)
		words = words[:shown]
	}
	return "'" + strings.Join(words, "', '") + "'" + more
}
