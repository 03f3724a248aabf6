package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/sandbox/arm/document"
)

func deploymentFunctions() map[string]builtin {
	return map[string]builtin{
		"parameters":    named(func(f *frame, name string) (any, error) { return f.parameter(name) }),
		"variables":     named(func(f *frame, name string) (any, error) { return f.variable(name) }),
		"copyindex":     {min: 0, max: 2, run: copyIndex},
		"deployment":    fromScope(func(s Place) any { return s.Deployment }, "deployment"),
		"resourcegroup": fromScope(func(s Place) any { return nonEmpty(s.Group) }, "resourceGroup"),
		"subscription":  fromScope(func(s Place) any { return nonEmpty(s.Subscription) }, "subscription"),
		"tenant":        fromScope(func(s Place) any { return nonEmpty(s.Tenant) }, "tenant"),
		"environment":   fromScope(func(s Place) any { return nonEmpty(s.Environment) }, "environment"),
		"utcnow":        {min: 0, max: 1, run: utcNow},
		"newguid":       {min: 0, max: 0, run: newGUID},
	}
}

func nonEmpty(m map[string]any) any {
	if m == nil {
		return nil
	}
	return m
}

func named(fn func(f *frame, name string) (any, error)) builtin {
	return builtin{min: 1, max: 1, run: func(f *frame, args []any) (any, error) {
		name, err := asText(args[0])
		if err != nil {
			return nil, err
		}
		return fn(f, name)
	}}
}

func fromScope(get func(Place) any, name string) builtin {
	return builtin{min: 0, max: 0, run: func(f *frame, _ []any) (any, error) {
		v := get(f.t.place)
		if v == nil {
			return nil, fmt.Errorf("'%s' is not available at the scope of this deployment", name)
		}
		return v, nil
	}}
}

func (f *frame) parameter(name string) (any, error) {
	for _, key := range sortedKeys(f.t.parameters) {
		if strings.EqualFold(key, name) {
			return f.t.parameters[key], nil
		}
	}
	return nil, fmt.Errorf("the template parameter '%s' is not found", name)
}

// variable evaluates a variable when it is first asked for, because variables
// may name each other in any order.
func (f *frame) variable(name string) (any, error) {
	raw, ok := document.Member(f.t.variables, name)
	key := strings.ToLower(name)
	if !ok {
		return f.loopVariable(name)
	}
	if v, done := f.t.known[key]; done {
		return v, nil
	}
	if f.busy[key] {
		return nil, fmt.Errorf("the template variable '%s' refers to itself", name)
	}
	g := *f
	g.loops, g.runtime = nil, nil
	g.busy = map[string]bool{key: true}
	for k := range f.busy {
		g.busy[k] = true
	}
	v, err := g.value(raw)
	if err != nil {
		return nil, notDeferred(err, "variable", name)
	}
	f.t.known[key] = v
	return v, nil
}

// notDeferred turns "not known yet" into the refusal Resource Manager gives
// where runtime functions are not allowed.
func notDeferred(err error, what, name string) error {
	if errors.Is(err, ErrDeferred) {
		return fmt.Errorf("the template %s '%s' uses a function that is only available while the deployment runs (reference, list)", what, name)
	}
	return err
}

// loopVariable finds a variable made by the "copy" element of variables.
func (f *frame) loopVariable(name string) (any, error) {
	loops, _ := document.Member(f.t.variables, "copy")
	list, _ := loops.([]any)
	i := slices.IndexFunc(list, func(v any) bool { return strings.EqualFold(document.Text(v, "name"), name) })
	if i < 0 {
		return nil, fmt.Errorf("the template variable '%s' is not found", name)
	}
	out := map[string]any{}
	if err := f.propertyLoops(list[i:i+1], out); err != nil {
		return nil, notDeferred(err, "variable", name)
	}
	return out[document.Text(list[i], "name")], nil
}

// copyIndex takes a loop name, an offset, both or neither.
func copyIndex(f *frame, args []any) (any, error) {
	name, offset := "", int64(0)
	for i, a := range args {
		switch a := a.(type) {
		case string:
			if i != 0 {
				return nil, fmt.Errorf("the loop name comes first")
			}
			name = a
		case int64:
			offset = a
		default:
			return nil, fmt.Errorf("a loop name or an offset is expected, not %s", describe(a))
		}
	}
	for _, l := range slices.Backward(f.loops) {
		if strings.EqualFold(l.name, name) || name == "" && !l.property {
			return l.index + offset, nil
		}
	}
	return nil, fmt.Errorf("there is no copy loop '%s' here", name)
}

// utcNow and newGuid exist only in the default values of parameters, so that
// one deployment sees one value.
func utcNow(f *frame, args []any) (any, error) {
	if !f.defaults {
		return nil, fmt.Errorf("it is only allowed in the default value of a parameter")
	}
	form := "yyyyMMddTHHmmssZ"
	if len(args) == 1 {
		var err error
		if form, err = asText(args[0]); err != nil {
			return nil, err
		}
	}
	return netTime(f.t.place.Now, form)
}

// netTime knows the date parts that templates use; another letter is refused.
func netTime(at time.Time, form string) (string, error) {
	switch form {
	case "d":
		form = "MM/dd/yyyy"
	case "u":
		form = "yyyy-MM-dd HH:mm:ssZ"
	}
	layout := strings.NewReplacer("yyyy", "2006", "MM", "01", "dd", "02", "HH", "15", "mm", "04", "ss", "05").Replace(form)
	if strings.ContainsAny(layout, "yMdhHmsfFtKzg") {
		return "", fmt.Errorf("the date format '%s' is not supported", short(form))
	}
	return at.UTC().Format(layout), nil
}

func newGUID(f *frame, _ []any) (any, error) {
	if !f.defaults {
		return nil, fmt.Errorf("it is only allowed in the default value of a parameter")
	}
	f.t.guids++
	return guid(fmt.Sprintf("%s-%d-%d", f.t.place.Scope, f.t.place.Now.UnixNano(), f.t.guids)), nil
}
