package template

import (
	"slices"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
)

// connect settles the order: dependsOn, serial loops, and the resources that
// reference() and list*() name, which Resource Manager waits for as well.
func (t *Template) connect() error {
	for _, r := range t.Resources {
		keys := slices.Clone(r.after)
		for _, word := range r.dependsOn() {
			found, err := t.dependency(r, word)
			if err != nil {
				return err
			}
			keys = append(keys, found...)
		}
		keys = append(keys, t.implicit(r)...)
		slices.Sort(keys)
		keys = slices.Compact(keys)
		r.Depends = slices.DeleteFunc(keys, func(k string) bool { return k == r.ID.Key() })
	}
	return t.refuseCircle()
}

func (r *Resource) dependsOn() []any {
	list := document.List(r.raw, "dependsOn")
	if one, ok := document.Get(r.raw, "dependsOn").(string); ok {
		list = []any{one}
	}
	return list
}

// dependency finds what one dependsOn entry means: an id, a symbol, a loop, or
// a name. An id outside the template is taken as existing already.
func (t *Template) dependency(r *Resource, word any) ([]string, error) {
	v, err := r.frame.value(word)
	if err != nil {
		return nil, invalidCause(notDeferred(err, "dependsOn of resource", r.Name), "the dependsOn of resource '%s'", r.Name)
	}
	s, ok := v.(string)
	if !ok {
		return nil, invalid("a dependsOn entry of resource '%s' is not a string", r.Name)
	}
	if strings.HasPrefix(s, "/") {
		return t.dependencyByID(r, s)
	}
	if keys := t.dependencyByName(s); len(keys) > 0 {
		return keys, nil
	}
	return nil, invalid("the resource '%s' is not defined in the template. It is named in the dependsOn of '%s'", short(s), r.Name)
}

func (t *Template) dependencyByID(r *Resource, s string) ([]string, error) {
	id, err := armid.Parse(s)
	if err != nil {
		return nil, invalid("the dependsOn of resource '%s': %s", r.Name, err)
	}
	if slices.ContainsFunc(t.Resources, func(o *Resource) bool { return o.ID.Key() == id.Key() }) {
		return []string{id.Key()}, nil
	}
	return nil, invalid("the resource '%s' is not defined in the template. It is named in the dependsOn of '%s'", id, r.Name)
}

// dependencyByName takes a symbol, a loop name, a resource name, or
// "Type/name".
func (t *Template) dependencyByName(s string) []string {
	var keys []string
	for _, r := range t.Resources {
		typed := r.Type + "/" + r.Name
		if strings.EqualFold(r.Symbol, s) && s != "" || strings.EqualFold(r.Loop, s) && s != "" || strings.EqualFold(r.Name, s) || strings.EqualFold(typed, s) {
			keys = append(keys, r.ID.Key())
		}
	}
	return keys
}

// implicit walks the body's expressions for reference and list calls whose
// first argument is known and names a resource of this template. What cannot
// be evaluated yet is no dependency here; it fails when it runs, if it must.
func (t *Template) implicit(r *Resource) []string {
	var keys []string
	walkTexts(r.evaluated(), func(s string) {
		if !IsExpression(s) {
			return
		}
		e, err := parse(s)
		if err != nil {
			return
		}
		walkCalls(e, func(c call) {
			if key, ok := t.calledResource(r, c); ok {
				keys = append(keys, key)
			}
		})
	})
	return keys
}

func (t *Template) calledResource(r *Resource, c call) (string, bool) {
	name := strings.ToLower(c.name)
	if name != "reference" && !strings.HasPrefix(name, "list") || len(c.args) == 0 {
		return "", false
	}
	v, err := r.frame.eval(c.args[0])
	s, isText := v.(string)
	if err != nil || !isText {
		return "", false
	}
	id, err := t.resolve(s)
	if err != nil {
		return "", false
	}
	mine := slices.ContainsFunc(t.Resources, func(o *Resource) bool { return o.ID.Key() == id.Key() && !o.Skipped })
	return id.Key(), mine
}

func walkTexts(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(v)
	case []any:
		for _, item := range v {
			walkTexts(item, visit)
		}
	case map[string]any:
		for _, key := range sortedKeys(v) {
			walkTexts(v[key], visit)
		}
	}
}

func walkCalls(e expr, visit func(call)) {
	switch e := e.(type) {
	case call:
		visit(e)
		for _, a := range e.args {
			walkCalls(a, visit)
		}
	case member:
		walkCalls(e.of, visit)
		walkCalls(e.key, visit)
	}
}

// Waves cuts the resources into groups: each group needs only earlier ones,
// so its members may be written side by side, as Resource Manager does.
// Skipped and existing resources are in no wave.
func (t *Template) Waves() [][]*Resource {
	done := map[string]bool{}
	var rest []*Resource
	for _, r := range t.Resources {
		if r.Skipped || r.Existing {
			done[r.ID.Key()] = true
			continue
		}
		rest = append(rest, r)
	}
	// Two declarations of one id are allowed when conditions exclude each other.
	for _, r := range rest {
		delete(done, r.ID.Key())
	}
	var waves [][]*Resource
	for len(rest) > 0 {
		var wave, later []*Resource
		for _, r := range rest {
			if slices.ContainsFunc(r.Depends, func(k string) bool { return !done[k] }) {
				later = append(later, r)
				continue
			}
			wave = append(wave, r)
		}
		if len(wave) == 0 {
			return waves
		}
		for _, r := range wave {
			done[r.ID.Key()] = true
		}
		waves, rest = append(waves, wave), later
	}
	return waves
}

// refuseCircle reports the resources that wait for each other.
func (t *Template) refuseCircle() error {
	seen := map[string]bool{}
	for _, wave := range t.Waves() {
		for _, r := range wave {
			seen[r.ID.Key()] = true
		}
	}
	var stuck []string
	for _, r := range t.Resources {
		if !r.Skipped && !r.Existing && !seen[r.ID.Key()] {
			stuck = append(stuck, r.ID.String())
		}
	}
	if len(stuck) == 0 {
		return nil
	}
	return armerror.BadRequest("InvalidTemplateCircularDependency", "Deployment template validation failed: 'Circular dependency detected on resource: '%s'. Please remove the circular dependency among: '%s''.", stuck[0], strings.Join(stuck, "', '"))
}
