package eval

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// The bounds of one stack's evaluation.
const (
	maxDepth  = 400
	maxSteps  = 2_000_000
	maxBytes  = 64 << 20
	maxString = 4 << 20
)

// Scope is what the names of one stack stand for. Nil functions know nothing.
type Scope struct {
	// Parameters holds the value of every declared parameter: text, a number,
	// a list, or the text form of what is not known.
	Parameters map[string]any
	// Allowed lists the allowed values of parameters that are not known: what
	// is not among them is certainly different.
	Allowed map[string][]string
	// Pseudo holds the known pseudo parameters ("AWS::Region").
	Pseudo     map[string]any
	Mappings   map[string]any
	Conditions map[string]any
	// Resource returns the id of a resource of the stack.
	Resource func(logical string) (cloud.ResourceID, bool)
	// Attribute resolves an attribute through, where that can be done (the
	// outputs of a nested stack).
	Attribute func(logical, attribute string) (any, bool)
	// Import finds an export by its name.
	Import func(name string) (any, bool)
	// Lenient leaves undefined names unmentioned: a macro that is not expanded
	// may define them.
	Lenient bool
}

// Problem is a part of a template that cannot be right.
type Problem struct {
	Path   string
	Reason string
}

// Evaluator evaluates the values of one stack. It is not safe for concurrent use.
type Evaluator struct {
	scope    Scope
	truths   map[string]Truth
	deciding map[string]bool
	problems []Problem
	path     []string
	macros   []Problem
	steps    int
	bytes    int
	spent    bool
}

// New returns an evaluator for a stack.
func New(s Scope) *Evaluator {
	return &Evaluator{scope: s, truths: map[string]Truth{}, deciding: map[string]bool{}}
}

// removed is the value of AWS::NoValue.
type removed struct{}

// either is a conditional value whose condition is not decided.
type either struct {
	condition string
	then, els any
}

// form is the text of both branches.
func (v either) form() string {
	return "${Fn::If:" + compact([]any{v.condition, finish(v.then), finish(v.els)}) + "}"
}

// zones are the availability zones of a region.
type zones struct{ region string }

// Value evaluates a value that stands at path. present is false for
// AWS::NoValue.
func (e *Evaluator) Value(path string, v any) (value any, present bool) {
	e.path = append(e.path[:0], path)
	out := e.eval(v, 0)
	if _, gone := out.(removed); gone {
		return nil, false
	}
	return finish(out), true
}

// Text evaluates a value to text.
func (e *Evaluator) Text(path string, v any) string {
	value, _ := e.Value(path, v)
	return e.text(value)
}

// Problems returns what could not be right, in the order of evaluation, and
// Macros the macros that stand in the place of values.
func (e *Evaluator) Problems() []Problem { return e.problems }

// Macros returns where macros were left unexpanded, with their names as reasons.
func (e *Evaluator) Macros() []Problem { return e.macros }

func (e *Evaluator) problem(format string, args ...any) {
	const most = 500
	if len(e.problems) < most {
		e.problems = append(e.problems, Problem{strings.Join(e.path, "/"), fmt.Sprintf(format, args...)})
	}
}

// afford reports whether the bounds allow another step with so many bytes.
func (e *Evaluator) afford(bytes int) bool {
	e.steps++
	e.bytes += bytes
	if e.steps <= maxSteps && e.bytes <= maxBytes && bytes <= maxString {
		return true
	}
	if !e.spent {
		e.problem("the values are too large when evaluated (bounds: %d steps, %d bytes, %d bytes in one text); the rest is left out", maxSteps, maxBytes, maxString)
		e.spent = true
	}
	return false
}

func (e *Evaluator) eval(v any, depth int) any {
	if depth > maxDepth {
		e.problem("nested deeper than %d levels", maxDepth)
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		if !e.afford(0) {
			return nil
		}
		return e.mapping(v, depth)
	case []any:
		if !e.afford(0) {
			return nil
		}
		out := make([]any, 0, len(v))
		for i, item := range v {
			e.path = append(e.path, strconv.Itoa(i))
			value := e.eval(item, depth+1)
			e.path = e.path[:len(e.path)-1]
			if _, gone := value.(removed); !gone {
				out = append(out, value)
			}
		}
		return out
	case string:
		if !e.afford(len(v)) {
			return ""
		}
	}
	return v
}

func (e *Evaluator) mapping(m map[string]any, depth int) any {
	if len(m) == 1 {
		for name, args := range m {
			if isFunction(name, args) {
				return e.call(name, args, depth)
			}
		}
	}
	out := make(map[string]any, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		e.path = append(e.path, key)
		value := e.eval(m[key], depth+1)
		e.path = e.path[:len(e.path)-1]
		if _, gone := value.(removed); !gone {
			out[key] = value
		}
	}
	return out
}

// isFunction reports whether a mapping's only key is a function. "Ref" and
// "Condition" are also plain words: a policy statement's Condition is a
// mapping, a reference is a name.
func isFunction(name string, args any) bool {
	if name == "Ref" {
		return isScalar(args)
	}
	return strings.HasPrefix(name, "Fn::") && !strings.HasPrefix(name, "Fn::ForEach::")
}

func isScalar(v any) bool {
	switch v.(type) {
	case string, json.Number, bool, nil:
		return true
	}
	return false
}

func (e *Evaluator) call(name string, args any, depth int) any {
	switch name {
	case "Ref":
		return e.ref(e.text(args))
	case "Fn::GetAtt":
		return e.getAtt(args, depth)
	case "Fn::Sub":
		return e.sub(args, depth)
	case "Fn::If":
		return e.ifElse(args, depth)
	case "Fn::Join":
		return e.joinList(args, depth)
	case "Fn::Split":
		return e.split(args, depth)
	case "Fn::Select":
		return e.selectItem(args, depth)
	case "Fn::FindInMap":
		return e.findInMap(args, depth)
	case "Fn::GetAZs":
		return e.getAZs(args, depth)
	case "Fn::Base64":
		return e.base64(args, depth)
	case "Fn::Cidr":
		return e.cidr(args, depth)
	case "Fn::ImportValue":
		return e.importValue(args, depth)
	case "Fn::Length":
		return e.length(args, depth)
	case "Fn::ToJsonString":
		return e.toJSONString(args, depth)
	case "Fn::Transform":
		return e.transform(args, depth)
	case "Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals":
		return e.decision(name, args, depth)
	}
	if !strings.Contains(ruleFunctions, " "+name+" ") {
		e.problem("the function %q is not known; its arguments are kept", name)
	}
	return e.unknown(name, e.eval(args, depth+1))
}

// ruleFunctions are allowed in Rules only ("Rule-specific intrinsic
// functions"), which constrain parameters and hold no resources.
const ruleFunctions = " Fn::Contains Fn::EachMemberEquals Fn::EachMemberIn Fn::RefAll Fn::ValueOf Fn::ValueOfAll Fn::GetStackOutput "

// decision is a condition function in the place of a value.
func (e *Evaluator) decision(name string, args any, depth int) any {
	switch e.decide(map[string]any{name: args}, depth) {
	case True:
		return true
	case False:
		return false
	}
	return e.unknown(name, e.eval(args, depth+1))
}

// unknown is the text form of a function.
func (e *Evaluator) unknown(name string, args any) any {
	return e.bounded("${" + name + ":" + compact(finish(args)) + "}")
}

// bounded returns the text if the bounds allow it.
func (e *Evaluator) bounded(s string) string {
	if !e.afford(len(s)) {
		return ""
	}
	return s
}

// compact is the JSON of a value without escaped angle brackets.
func compact(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return `"?"` // finish leaves nothing that JSON cannot hold
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// finish replaces the inner forms by their documented ones.
func finish(v any) any {
	switch v := v.(type) {
	case removed:
		return map[string]any{"Ref": "AWS::NoValue"}
	case either:
		return v.form()
	case zones:
		return "${Fn::GetAZs:" + strconv.Quote(v.region) + "}"
	case []any:
		for i := range v {
			v[i] = finish(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = finish(v[k])
		}
	}
	return v
}

// text is a value inside a longer text.
func (e *Evaluator) text(v any) string {
	switch v := v.(type) {
	case nil, removed:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	case int:
		return strconv.Itoa(v)
	case either:
		return e.bounded(v.form())
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = e.text(item)
		}
		return e.bounded(strings.Join(parts, ","))
	default:
		return e.bounded(compact(finish(v)))
	}
}

// Undecided reports whether a text holds a form that stands for something
// that is not known.
func Undecided(s string) bool {
	for _, mark := range []string{"${ref:", "${param:", "${ssm:", "${import:", "${AWS::", "${az:", "${undefined:", "${Fn::"} {
		if strings.Contains(s, mark) {
			return true
		}
	}
	return false
}

// known reports whether a value holds nothing undecided.
func known(v any) bool {
	switch v := v.(type) {
	case either, zones, removed:
		return false
	case string:
		return !Undecided(v)
	case []any:
		return !slices.ContainsFunc(v, func(item any) bool { return !known(item) })
	case map[string]any:
		for _, item := range v {
			if !known(item) {
				return false
			}
		}
	}
	return true
}

// reference is the text form of a resource's value or attribute. A name that
// the form cannot hold stays undefined.
func (e *Evaluator) reference(logical, attribute string) (string, bool) {
	if e.scope.Resource == nil {
		return "", false
	}
	id, ok := e.scope.Resource(logical)
	if !ok || strings.ContainsAny(string(id)+attribute, "}\n") || strings.Contains(string(id), "#") {
		return "", false
	}
	return inventory.Reference{Resource: id, Attribute: attribute}.String(), true
}

func (e *Evaluator) undefined(name string) string {
	if !e.scope.Lenient {
		e.problem("%q is neither a parameter nor a resource of the template", name)
	}
	return e.bounded("${undefined:" + name + "}")
}

// Fork returns an evaluator of the same scope that shares what was decided
// and spent, for a value that is needed in the middle of another one.
func (e *Evaluator) Fork() *Evaluator {
	return &Evaluator{scope: e.scope, truths: e.truths, deciding: e.deciding, steps: e.steps, bytes: e.bytes}
}
