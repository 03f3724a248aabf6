package design

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// Target is what a rule puts.
type Target struct {
	// Type is the ARM type; Parent the id of the resource that a child type
	// stands in, "" for a type of two parts.
	Type   cloud.Kind
	Parent cloud.ResourceID
	// Base is what the name is made of; see Context.Name. Exact names are taken
	// as they are.
	Base  string
	Exact bool
	// Model is the typed model of the SDK, a struct value or a pointer to one.
	// Its id, name, type, etag, location and tags are ignored.
	Model any
	// APIVersion is only needed where Model is no SDK type (a map).
	APIVersion string
	// Location is the design's own when empty; NoLocation for types without one.
	Location   cloud.Region
	NoLocation bool
	// Scope is the resource that an extension resource stands on.
	Scope cloud.ResourceID
	// Tags are added to those of the design and of the source.
	Tags cloud.Tags
	// After are dependencies that no reference in the body says.
	After []cloud.ResourceID
}

var apiVersionPart = regexp.MustCompile(`/(\d{4}-\d{2}-\d{2}(?:-preview)?)(?:/|$)`)

// Put adds a target resource for source resources (none for what belongs to
// the workload as a whole) and returns its id. References inside the body are
// whole ids of other target resources; what they name is put in order by it.
func (c *Context) Put(t Target, sources ...*inventory.Resource) cloud.ResourceID {
	version := t.APIVersion
	if version == "" {
		version = apiVersion(t.Model)
	}
	if version == "" {
		c.defect("%s %q: no API version", t.Type, t.Base)
	}
	name := t.Base
	if t.Exact && (name == "" || strings.Contains(name, "/")) {
		c.defect("%s %q: an id cannot hold that name", t.Type, name)
		t.Exact = false
	}
	if !t.Exact {
		name = c.Name(t.Type, t.Parent, t.Base)
	}
	id := c.idOf(t, name)
	if r, ok := c.byID[key(id)]; ok {
		c.defect("%s is put twice", r.ID)
		return id
	}
	body, err := bodyOf(t.Model)
	if err != nil {
		c.defect("%s: %v", id, err)
	}
	r := &Resource{ID: id, Type: t.Type, APIVersion: version, Name: fullName(id, t), Body: body, Scope: t.Scope, DependsOn: slices.Clone(t.After)}
	if !t.NoLocation && t.Parent == "" && t.Scope == "" {
		if r.Location = t.Location; r.Location == "" {
			r.Location = c.Place.Location
		}
	} else if t.Location != "" {
		r.Location = t.Location
	}
	if rule, _ := c.Catalog.NameRule(t.Type); rule.Tags > 0 && !t.NoLocation && t.Scope == "" {
		r.Tags = c.tags(t, sources)
	}
	c.resources = append(c.resources, r)
	c.byID[key(id)] = r
	for _, s := range sources {
		c.Attach(s, id)
	}
	return id
}

// Attach says that a target also stands for a source resource.
func (c *Context) Attach(source *inventory.Resource, targets ...cloud.ResourceID) {
	for _, id := range targets {
		if !slices.Contains(c.targets[source.ID], id) {
			c.targets[source.ID] = append(c.targets[source.ID], id)
			if _, ok := c.rank[source.ID]; ok {
				c.sources[id] = append(c.sources[id], source)
			}
		}
	}
}

// Once returns the resource that make put under a key, and calls it on the
// first asking only: for what a workload has one of.
func (c *Context) Once(key string, make func() cloud.ResourceID) cloud.ResourceID {
	if id, ok := c.once[key]; ok {
		return id
	}
	id := make()
	c.once[key] = id
	return id
}

// Parameter declares a value that the deployment supplies and returns the
// expression that stands for it in a body. The same name may be declared
// again with the same words.
func (c *Context) Parameter(p Parameter) string {
	if p.Type == "" {
		p.Type = "string"
	}
	if old, ok := c.params[p.Name]; ok && !reflect.DeepEqual(old, p) {
		c.defect("parameter %q is declared twice and differently", p.Name)
	}
	c.params[p.Name] = p
	return "[parameters('" + p.Name + "')]"
}

// ParameterOf declares a value that the deployment supplies for one source
// resource, nil where the words alone say for what. Names that come to the same
// letters get numbers: "shop-db" and "shopdb" give one name, as parameters of a
// template know no case (Microsoft Learn, "Parameters in ARM templates").
func (c *Context) ParameterOf(of *inventory.Resource, p Parameter) string {
	owner := p.Description + "|" + strconv.FormatBool(p.Secure)
	if of != nil {
		owner = string(of.ID) + "|" + owner
	}
	base := p.Name
	for n := 2; ; n++ {
		name := key(cloud.ResourceID(p.Name))
		if _, taken := c.owners[name]; !taken {
			c.owners[name] = owner
		}
		if c.owners[name] == owner {
			return c.Parameter(p)
		}
		p.Name = base + strconv.Itoa(n)
	}
}

// Output returns the expression for a property that the target gives a
// resource only when it exists ("principalId" of an identity).
func (c *Context) Output(id cloud.ResourceID, property string) string {
	version := ""
	if r, ok := c.byID[key(id)]; ok {
		version = r.APIVersion
	} else {
		c.defect("output %q of %s, which is not put", property, id)
	}
	return fmt.Sprintf("[reference('%s', '%s').%s]", id, version, property)
}

// BuiltInRole returns the id of a role that Azure brings along, by its GUID.
func (c *Context) BuiltInRole(guid string) string {
	return "/subscriptions/" + string(c.Place.Subscription) + "/providers/Microsoft.Authorization/roleDefinitions/" + guid
}

func (c *Context) idOf(t Target, name string) cloud.ResourceID {
	switch {
	case t.Parent != "":
		_, last, _ := cutLast(string(t.Type), "/")
		return cloud.ResourceID(string(t.Parent) + "/" + last + "/" + name)
	case t.Scope != "":
		return cloud.ResourceID(string(t.Scope) + "/providers/" + string(t.Type) + "/" + name)
	}
	return cloud.ResourceID(string(c.Place.GroupID()) + "/providers/" + string(t.Type) + "/" + name)
}

// fullName gives "vnet/subnet" for a child.
func fullName(id cloud.ResourceID, t Target) string {
	_, rest, ok := cutLast(string(id), "/providers/")
	if !ok {
		return t.Base
	}
	parts := strings.Split(rest, "/")
	var names []string
	for i := 2; i < len(parts); i += 2 {
		names = append(names, parts[i])
	}
	return strings.Join(names, "/")
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

// apiVersion reads the version from the path of the SDK package that the
// model's type stands in, so that body and version cannot disagree.
func apiVersion(model any) string {
	t := reflect.TypeOf(model)
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return ""
	}
	m := apiVersionPart.FindStringSubmatch(t.PkgPath())
	if m == nil {
		return ""
	}
	return m[1]
}

// bodyOf turns a model into a tree without nulls and without the members that
// are a resource's own.
func bodyOf(model any) (map[string]any, error) {
	if model == nil {
		return map[string]any{}, nil
	}
	encoded, err := json.Marshal(model)
	if err != nil {
		return map[string]any{}, fmt.Errorf("encode model: %w", err)
	}
	body := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	if err := decoder.Decode(&body); err != nil {
		return map[string]any{}, fmt.Errorf("decode model: %w", err)
	}
	for _, name := range []string{"id", "name", "type", "etag", "location", "tags", "systemData", "apiVersion"} {
		delete(body, name)
	}
	maps.DeleteFunc(body, func(_ string, v any) bool { return empty(v) })
	return body, nil
}

// empty removes nulls below v and reports whether v itself is one.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, w any) bool { return empty(w) })
	case []any:
		for _, w := range v {
			empty(w)
		}
	}
	return false
}

// tags joins those of the design, the sources and the target.
func (c *Context) tags(t Target, sources []*inventory.Resource) cloud.Tags {
	out := cloud.Tags{"workload": c.Options.Workload}
	if len(sources) == 1 {
		for k, v := range sources[0].Tags {
			if strings.EqualFold(k, "Name") || strings.HasPrefix(strings.ToLower(k), "aws:") {
				continue
			}
			if c.Place.Environment != "" && TellsEnvironment(k) {
				v = c.Place.Environment
			}
			out[tagName(k)] = v
		}
	}
	maps.Copy(out, c.Options.Tags)
	for k, v := range t.Tags {
		out[tagName(k)] = v
	}
	c.dropUntold(out, sources)
	if rule, _ := c.Catalog.NameRule(t.Type); len(out) > rule.Tags {
		for _, k := range out.Keys()[rule.Tags:] {
			delete(out, k)
		}
	}
	return unique(out)
}

// tagName replaces what Azure refuses in a tag's name: < > % & \ ? /
// (Microsoft Learn, "Use tags to organize your Azure resources").
func tagName(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`<>%&\?/`, r) {
			return '-'
		}
		return r
	}, name)
}

// unique drops names that differ from an earlier one in capitals only: tag
// names at the target ignore them.
func unique(tags cloud.Tags) cloud.Tags {
	seen := map[string]bool{}
	for _, k := range tags.Keys() {
		if l := strings.ToLower(k); seen[l] {
			delete(tags, k)
		} else {
			seen[l] = true
		}
	}
	return tags
}
