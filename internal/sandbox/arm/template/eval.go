package template

import (
	"errors"
	"fmt"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
)

// ErrDeferred says that an expression needs the running deployment and there
// is none yet. A Runtime that does not know a value yet returns it, too.
var ErrDeferred = errors.New("the value is only known while the deployment runs")

// Runtime answers the functions that ask the running deployment.
type Runtime interface {
	// Reference gives the properties of a resource, or the whole resource
	// without its id when full. apiVersion may be empty. An unknown resource
	// is an error with Resource Manager's code.
	Reference(id armid.ID, full bool) (any, error)
	// List posts a list action ("listKeys") to a resource.
	List(function string, id armid.ID, body any) (any, error)
}

// frame is what an expression can see.
type frame struct {
	t       *Template
	runtime Runtime
	// loops are the copy indexes in force, innermost last.
	loops []loop
	// busy holds the variables being evaluated, to refuse a circle.
	busy map[string]bool
	// defaults is set while parameter defaults are evaluated: newGuid and
	// utcNow exist only there.
	defaults bool
}

type loop struct {
	name  string
	index int64
	// property loops need their name in copyIndex.
	property bool
}

func (f *frame) with(l loop) *frame {
	g := *f
	g.loops = append(append([]loop(nil), f.loops...), l)
	return &g
}

func (f *frame) running(r Runtime) *frame {
	g := *f
	g.runtime = r
	return &g
}

// text evaluates one template string.
func (f *frame) text(s string) (any, error) {
	if strings.HasPrefix(s, "[[") {
		return s[1:], nil
	}
	if !IsExpression(s) {
		return s, nil
	}
	e, err := parse(s)
	if err != nil {
		return nil, err
	}
	return f.eval(e)
}

// value evaluates every string of a tree and unfolds its property loops.
func (f *frame) value(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return f.text(v)
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			value, err := f.value(item)
			if err != nil {
				return nil, err
			}
			out = append(out, value)
		}
		return out, nil
	case map[string]any:
		return f.object(v)
	}
	return v, nil
}

func (f *frame) object(m map[string]any) (any, error) {
	out := make(map[string]any, len(m))
	for _, key := range sortedKeys(m) {
		if loops, ok := m[key].([]any); ok && strings.EqualFold(key, "copy") {
			if err := f.propertyLoops(loops, out); err != nil {
				return nil, err
			}
			continue
		}
		name, err := f.text(key)
		if err != nil {
			return nil, err
		}
		nameText, ok := name.(string)
		if !ok {
			return nil, fmt.Errorf("the property name '%s' does not evaluate to a string", short(key))
		}
		if out[nameText], err = f.value(m[key]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// soft evaluates a tree and keeps as written what cannot be known yet, as a
// what-if answers it. deferred reports whether anything was kept.
func (f *frame) soft(v any) (out any, deferred bool, err error) {
	switch v := v.(type) {
	case map[string]any:
		return f.softObject(v)
	case []any:
		list := make([]any, 0, len(v))
		for _, item := range v {
			value, late, err := f.soft(item)
			if err != nil {
				return nil, false, err
			}
			deferred = deferred || late
			list = append(list, value)
		}
		return list, deferred, nil
	}
	out, err = f.value(v)
	if errors.Is(err, ErrDeferred) {
		return v, true, nil
	}
	return out, false, err
}

func (f *frame) softObject(m map[string]any) (any, bool, error) {
	if whole, err := f.object(m); !errors.Is(err, ErrDeferred) {
		return whole, false, err
	}
	out := make(map[string]any, len(m))
	for _, key := range sortedKeys(m) {
		value, _, err := f.soft(m[key])
		if err != nil {
			return nil, false, err
		}
		out[key] = value
	}
	return out, true, nil
}

func (f *frame) eval(e expr) (any, error) {
	switch e := e.(type) {
	case literal:
		return e.value, nil
	case call:
		return f.call(e)
	case member:
		return f.member(e)
	}
	return nil, fmt.Errorf("an unknown kind of expression %T", e)
}

func (f *frame) member(m member) (any, error) {
	of, err := f.eval(m.of)
	if err != nil {
		return nil, err
	}
	key, err := f.eval(m.key)
	if err != nil {
		return nil, err
	}
	value, err := pick(of, key)
	if err != nil && m.safe {
		return nil, nil
	}
	return value, err
}

// pick takes a property or an item. Names are compared without regard to case.
func pick(of, key any) (any, error) {
	switch of := of.(type) {
	case map[string]any:
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("an object has no item %v", key)
		}
		value, found := document.Member(of, name)
		if !found {
			return nil, fmt.Errorf("the language expression property '%s' doesn't exist, available properties are '%s'", name, strings.Join(sortedKeys(of), ", "))
		}
		return value, nil
	case []any:
		i, ok := key.(int64)
		if !ok || i < 0 || i >= int64(len(of)) {
			return nil, fmt.Errorf("the array index '%v' is out of bounds, the array has %d items", key, len(of))
		}
		return of[i], nil
	}
	return nil, fmt.Errorf("'%v' cannot be taken of %s", key, describe(of))
}

func (f *frame) call(c call) (any, error) {
	fn, ok := f.t.functions[strings.ToLower(c.name)]
	if !ok && strings.HasPrefix(strings.ToLower(c.name), "list") {
		fn, ok = builtin{min: 2, max: 3, run: listFunction(c.name)}, true
	}
	if !ok {
		return nil, fmt.Errorf("the template function '%s' is not valid or not supported here", c.name)
	}
	if len(c.args) < fn.min || fn.max >= 0 && len(c.args) > fn.max {
		return nil, fmt.Errorf("the template function '%s' takes %s arguments, not %d", c.name, fn.arity(), len(c.args))
	}
	if fn.lazy != nil {
		return fn.lazy(f, c.args)
	}
	args := make([]any, len(c.args))
	for i, a := range c.args {
		var err error
		if args[i], err = f.eval(a); err != nil {
			return nil, err
		}
	}
	value, err := fn.run(f, args)
	if err != nil && !errors.Is(err, ErrDeferred) {
		return nil, fmt.Errorf("in the template function '%s': %w", c.name, err)
	}
	return value, err
}

func describe(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case int64, float64:
		return "a number"
	case []any:
		return "an array"
	}
	return "an object"
}
