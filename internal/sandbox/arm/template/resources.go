package template

import (
	"fmt"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
)

// Resource is one resource of a template, loops unfolded.
type Resource struct {
	// ID is where it will stand.
	ID armid.ID
	// Type, Name and APIVersion as evaluated; Name is the full name.
	Type, Name, APIVersion string
	// Symbol is its key in the symbolic form of resources, otherwise "".
	Symbol string
	// Existing marks a resource of the symbolic form that is only referred to.
	Existing bool
	// Skipped marks a resource whose condition is false.
	Skipped bool
	// Loop is the copy loop it comes from, "" when none.
	Loop string
	// Depends are the keys (armid.ID.Key) of resources of this template that
	// come before it.
	Depends []string

	raw    map[string]any
	frame  *frame
	after  []string
	origin int
}

// maxChildDepth bounds nested resources; the service allows five levels.
const maxChildDepth = 5

// expand reads the resources in both of their forms.
func (t *Template) expand(resources any) error {
	switch list := resources.(type) {
	case []any:
		return t.expandList(list, nil, 0)
	case map[string]any:
		for _, symbol := range sortedKeys(list) {
			raw, ok := list[symbol].(map[string]any)
			if !ok {
				return invalid("the resource '%s' is not an object", symbol)
			}
			if err := t.expandOne(raw, part{symbol: symbol}); err != nil {
				return err
			}
		}
		return nil
	}
	return invalid("the resources are neither an array nor an object")
}

// part is what a resource inherits from where it stands.
type part struct {
	symbol string
	parent *Resource
	depth  int
}

func (t *Template) expandList(list []any, parent *Resource, depth int) error {
	for i, item := range list {
		raw, ok := item.(map[string]any)
		if !ok {
			return invalid("the resource %d is not an object", i+1)
		}
		if err := t.expandOne(raw, part{parent: parent, depth: depth}); err != nil {
			return err
		}
	}
	return nil
}

// expandOne adds a resource, as often as its loop says, and its children.
func (t *Template) expandOne(raw map[string]any, at part) error {
	if at.depth > maxChildDepth {
		return invalid("resources are nested more than %d deep", maxChildDepth)
	}
	if err := knownMembers(raw); err != nil {
		return err
	}
	base := t.frame()
	if at.parent != nil {
		base = at.parent.frame
	}
	spec, looped := document.Member(raw, "copy")
	if !looped {
		return t.add(raw, base, at)
	}
	c, ok := spec.(map[string]any)
	if !ok {
		return invalid("the copy of a resource is not an object")
	}
	if at.parent != nil {
		return invalid("a copy loop on a child resource is not supported; declare the child at the top level")
	}
	l, err := base.loopOf(c)
	if err != nil {
		return invalidCause(err, "the copy loop of a resource")
	}
	return t.addLoop(raw, l, at)
}

func (t *Template) addLoop(raw map[string]any, l copyLoop, at part) error {
	last := len(t.Resources)
	for i := range l.count {
		start := len(t.Resources)
		if err := t.add(raw, t.frame().with(loop{name: l.name, index: i}), at); err != nil {
			return err
		}
		r := t.Resources[start]
		r.Loop = l.name
		if l.serial && i >= l.batch {
			// With mode Serial a batch starts when the batch before it is done.
			for b := (i/l.batch - 1) * l.batch; b < i/l.batch*l.batch; b++ {
				r.after = append(r.after, t.Resources[last+int(b)*(len(t.Resources)-start)].ID.Key())
			}
		}
	}
	return nil
}

func knownMembers(raw map[string]any) error {
	for _, key := range []string{"type", "apiVersion", "name"} {
		if _, ok := document.Member(raw, key); !ok {
			return invalid("a resource has no '%s'", key)
		}
	}
	return nil
}

func (t *Template) add(raw map[string]any, f *frame, at part) error {
	if len(t.Resources) >= maxResources {
		return invalid("the template has more than %d resources", maxResources)
	}
	r := &Resource{Symbol: at.symbol, raw: raw, frame: f, origin: len(t.Resources)}
	if err := r.head(at.parent); err != nil {
		return err
	}
	for _, other := range t.Resources {
		if other.ID.Key() == r.ID.Key() && !other.Skipped && !r.Skipped {
			return invalid("the resource '%s' is defined multiple times in the template", r.ID)
		}
	}
	t.Resources = append(t.Resources, r)
	children, found := document.Member(raw, "resources")
	if !found || strings.EqualFold(r.Type, "Microsoft.Resources/deployments") {
		return nil
	}
	list, ok := children.([]any)
	if !ok {
		return invalid("the child resources of '%s' are not an array", r.Name)
	}
	return t.expandList(list, r, at.depth+1)
}

// head evaluates what must be known before anything runs: type, name, version,
// condition, scope.
func (r *Resource) head(parent *Resource) error {
	var err error
	for _, part := range []struct {
		key  string
		into *string
	}{{"type", &r.Type}, {"apiVersion", &r.APIVersion}, {"name", &r.Name}} {
		if *part.into, err = r.word(part.key); err != nil {
			return err
		}
	}
	if existing, ok := document.Member(r.raw, "existing"); ok {
		r.Existing = existing == true
	}
	if r.Skipped, err = r.skipped(parent); err != nil {
		return err
	}
	if parent != nil && !strings.Contains(r.Type, "/") {
		r.Type, r.Name = parent.Type+"/"+r.Type, parent.Name+"/"+r.Name
	}
	scope, err := r.scope(parent)
	if err != nil {
		return err
	}
	if r.ID, err = buildID(scope, r.Type, r.Name); err != nil {
		return invalid("the template resource '%s' of type '%s' has incorrect segment lengths. A nested resource type must have identical number of segments as its resource name", r.Name, r.Type)
	}
	return nil
}

func (r *Resource) word(key string) (string, error) {
	raw, _ := document.Member(r.raw, key)
	v, err := r.frame.value(raw)
	if err != nil {
		return "", invalidCause(notDeferred(err, "resource property", key), "the '%s' of a resource", key)
	}
	s, ok := v.(string)
	if !ok || s == "" {
		return "", invalid("the '%s' of a resource is not a string", key)
	}
	return s, nil
}

func (r *Resource) skipped(parent *Resource) (bool, error) {
	if parent != nil && parent.Skipped {
		return true, nil
	}
	raw, ok := document.Member(r.raw, "condition")
	if !ok {
		return false, nil
	}
	v, err := r.frame.value(raw)
	if err != nil {
		return false, invalidCause(notDeferred(err, "condition of resource", r.Name), "the condition of resource '%s'", r.Name)
	}
	on, err := asBool(v)
	if err != nil {
		return false, invalid("the condition of resource '%s': %s", r.Name, err)
	}
	return !on, nil
}

// scope is where the resource stands: its own scope property, the resource
// group and subscription properties, its parent's scope, or the deployment's.
func (r *Resource) scope(parent *Resource) (armid.ID, error) {
	place := r.frame.t.place.Scope
	if parent != nil {
		place = parent.ID.Scope()
	}
	for _, key := range []string{"subscriptionId", "resourceGroup"} {
		if _, ok := document.Member(r.raw, key); !ok {
			continue
		}
		word, err := r.word(key)
		if err != nil {
			return place, err
		}
		if key == "subscriptionId" {
			place = armid.ID{Subscription: word}
			continue
		}
		place = armid.ID{Subscription: place.Subscription, Group: word}
	}
	if _, ok := document.Member(r.raw, "scope"); !ok {
		return place, nil
	}
	word, err := r.word("scope")
	if err != nil {
		return place, err
	}
	if strings.HasPrefix(word, "/") {
		return armid.Parse(word)
	}
	return relativeScope(place, word)
}

// relativeScope reads "Microsoft.X/a/name/b/name2".
func relativeScope(place armid.ID, word string) (armid.ID, error) {
	id, err := armid.Parse(strings.TrimSuffix(place.String(), "/") + "/providers/" + word)
	if err != nil {
		return place, invalid("the scope '%s' is not a resource id", short(word))
	}
	return id, nil
}

// buildID puts type and name together. The old form of an extension writes
// "Microsoft.X/a/providers/locks" and "name/Microsoft.Authorization/lock".
func buildID(scope armid.ID, kind, name string) (armid.ID, error) {
	if strings.EqualFold(kind, "Microsoft.Resources/resourceGroups") {
		return armid.ID{Subscription: scope.Subscription, Group: name}, nil
	}
	base, extension, old := cutFold(kind, "/providers/")
	if !old {
		return scope.Under(kind, name)
	}
	names := strings.Split(name, "/")
	own := strings.Count(base, "/")
	if len(names) < own+2 {
		return armid.ID{}, fmt.Errorf("the name is too short")
	}
	parent, err := scope.Under(base, strings.Join(names[:own], "/"))
	if err != nil {
		return armid.ID{}, err
	}
	return parent.Under(names[own]+"/"+extension, strings.Join(names[own+1:], "/"))
}

func cutFold(s, separator string) (before, after string, found bool) {
	i := strings.Index(strings.ToLower(s), strings.ToLower(separator))
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// control are members of a resource that are not part of the body.
func control(key string) bool {
	switch strings.ToLower(key) {
	case "type", "apiversion", "name", "condition", "copy", "dependson", "resources", "scope", "comments", "existing", "subscriptionid", "resourcegroup", "metadata", "import":
		return true
	}
	return false
}

func (r *Resource) body() map[string]any {
	out := map[string]any{}
	for key, value := range r.raw {
		if !control(key) {
			out[key] = value
		}
	}
	return out
}

// Body evaluates the body with the running deployment.
func (r *Resource) Body(rt Runtime) (map[string]any, error) {
	v, err := r.frame.running(rt).value(r.evaluated())
	if err != nil {
		return nil, invalidCause(err, "the resource '%s'", r.Name)
	}
	return r.whole(v), nil
}

// Preview evaluates what can be known before the deployment runs. late says
// that some expressions stay as they are written.
func (r *Resource) Preview(rt Runtime) (body map[string]any, late bool, err error) {
	v, late, err := r.frame.running(rt).soft(r.evaluated())
	if err != nil {
		return nil, false, invalidCause(err, "the resource '%s'", r.Name)
	}
	return r.whole(v), late, nil
}

// evaluated is the part of the body whose expressions belong to this template.
// The template inside a nested deployment is left alone: its own reader, or
// ReadNested, evaluates it.
func (r *Resource) evaluated() map[string]any {
	body := r.body()
	if r.IsDeployment() {
		properties := document.Object(body, "properties")
		trimmed := map[string]any{}
		for key, value := range properties {
			if !strings.EqualFold(key, "template") {
				trimmed[key] = value
			}
		}
		body["properties"] = trimmed
	}
	return body
}

func (r *Resource) whole(v any) map[string]any {
	body, _ := v.(map[string]any)
	if body == nil {
		body = map[string]any{}
	}
	if r.IsDeployment() {
		body = document.Set(body, "properties.template", document.Get(r.raw, "properties.template"))
	}
	return body
}

// IsDeployment reports whether the resource is a nested deployment.
func (r *Resource) IsDeployment() bool {
	return strings.EqualFold(r.Type, "Microsoft.Resources/deployments")
}
