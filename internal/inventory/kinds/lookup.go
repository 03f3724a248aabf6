package kinds

import (
	"encoding/json"
	"strconv"
	"strings"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// The functions of this file find values in what was read. Names are those of
// the API; their case and underscores make no difference, because the SDK,
// the command line, AWS Config and Terraform spell them differently.

// member returns the member of an object.
func member(object map[string]any, name string) any {
	key, ok := (leg{name: name, folded: cfn.Fold(name)}).key(object)
	if !ok {
		return nil
	}
	return object[key]
}

// within returns the value at a path of names joined by dots; of a list on the
// way, the first member counts.
func within(tree any, path string) any {
	for path != "" && tree != nil {
		var name string
		name, path, _ = strings.Cut(path, ".")
		if list, ok := tree.([]any); ok {
			if len(list) == 0 {
				return nil
			}
			tree = list[0]
		}
		object, ok := tree.(map[string]any)
		if !ok {
			return nil
		}
		tree = member(object, name)
	}
	return tree
}

// textAt is the text at the path, "" when there is none.
func textAt(tree any, path string) string {
	s, _ := within(tree, path).(string)
	return s
}

// objectAt is the object at the path, or the object that the JSON text there
// holds; nil when there is none.
func objectAt(tree any, path string) map[string]any {
	switch v := within(tree, path).(type) {
	case map[string]any:
		return v
	case string:
		var object map[string]any
		if json.Unmarshal([]byte(v), &object) == nil {
			return object
		}
	}
	return nil
}

// objectsAt are the objects of the list at the path.
func objectsAt(tree any, path string) []map[string]any {
	list, _ := within(tree, path).([]any)
	var objects []map[string]any
	for _, v := range list {
		if object, ok := v.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// said is the first text that is there under one of the paths: a property, an
// attribute, or as it was read.
func (r *Reading) said(paths ...string) string {
	for _, path := range paths {
		for _, tree := range []map[string]any{r.Properties, r.Attributes, r.Item} {
			if s := textAt(tree, path); s != "" {
				return s
			}
		}
	}
	return ""
}

// idAt takes the first text under the paths for the id: an ARN, or the name
// that ARN makes one of.
func idAt(paths ...string) func(*Reading) string {
	return func(r *Reading) string { return r.said(paths...) }
}

// idOf joins the texts under the paths to the parts of an ARN's name; a part
// that is missing leaves the id open.
func idOf(paths ...string) func(*Reading) string {
	return func(r *Reading) string {
		parts := make([]string, 0, len(paths))
		for _, path := range paths {
			said := r.said(path)
			if said == "" {
				return ""
			}
			parts = append(parts, said)
		}
		return strings.Join(parts, "|")
	}
}

// nameAt takes the first text under the paths for the name.
func nameAt(paths ...string) func(*Reading) string { return idAt(paths...) }

// when marks a resource if one of the texts stands under the path.
func when(mark inventory.Mark, path string, texts ...string) func(*Reading) []inventory.Mark {
	return func(r *Reading) []inventory.Mark {
		said := r.said(path)
		for _, text := range texts {
			if strings.EqualFold(said, text) {
				return []inventory.Mark{mark}
			}
		}
		return nil
	}
}

// begins marks a resource if the text under the path begins with one of these.
func begins(mark inventory.Mark, path string, starts ...string) func(*Reading) []inventory.Mark {
	return func(r *Reading) []inventory.Mark {
		said := r.said(path)
		for _, start := range starts {
			if strings.HasPrefix(said, start) {
				return []inventory.Mark{mark}
			}
		}
		return nil
	}
}

// marks joins rules of marking.
func marks(rules ...func(*Reading) []inventory.Mark) func(*Reading) []inventory.Mark {
	return func(r *Reading) []inventory.Mark {
		var all []inventory.Mark
		for _, rule := range rules {
			all = append(all, rule(r)...)
		}
		return all
	}
}

// shapes joins changes of the properties.
func shapes(changes ...func(*Reading)) func(*Reading) {
	return func(r *Reading) {
		for _, change := range changes {
			change(r)
		}
	}
}

// copied fills a property from another path, unless it is known already. The
// value stays where it was too.
func copied(path, property string) func(*Reading) {
	return func(r *Reading) {
		if _, known := r.Properties[property]; known {
			return
		}
		for _, tree := range []map[string]any{r.Properties, r.Attributes, r.Item} {
			if v := within(tree, path); v != nil {
				r.Properties[property] = v
				return
			}
		}
	}
}

// lastOf fills a property with what follows the last separator of a text.
func lastOf(path, separator, property string) func(*Reading) {
	return func(r *Reading) {
		if _, known := r.Properties[property]; known {
			return
		}
		if s := r.said(path); s != "" {
			r.Properties[property] = s[strings.LastIndex(s, separator)+1:]
		}
	}
}

// parsed replaces a property's JSON text by what it says; policies come as text
// from the API and as a document in a template.
func parsed(properties ...string) func(*Reading) {
	return func(r *Reading) {
		for _, name := range properties {
			text, ok := r.Properties[name].(string)
			if !ok {
				continue
			}
			if document, ok := inventory.Document(text); ok {
				r.Properties[name] = document
			}
		}
	}
}

// pairs replaces a property that is a list of names and values by an object of
// them.
func pairs(property, name, value string) func(*Reading) {
	return func(r *Reading) {
		list, ok := r.Properties[property].([]any)
		if !ok {
			return
		}
		object := map[string]any{}
		for _, v := range list {
			key := textAt(v, name)
			if set := within(v, value); key != "" && set != nil {
				object[key] = set
			}
		}
		r.Properties[property] = object
	}
}

// ownerARN is the ARN of what a resource belongs to: as it was read, or of the
// kind with the name that was read.
func ownerARN(kind cloud.Kind, r *Reading, paths ...string) string {
	owner := r.said(paths...)
	if owner == "" || strings.HasPrefix(owner, "arn:") {
		return owner
	}
	return ARN(kind, r.Place, owner)
}

// policyID is the id of the policy of a resource, which has only one.
func policyID(kind cloud.Kind, r *Reading, path string) string {
	owner := ownerARN(kind, r, path)
	if owner == "" {
		return ""
	}
	return owner + "|policy"
}

// after is what follows the last separator.
func after(s, separator string) string { return s[strings.LastIndex(s, separator)+1:] }

// numberAt is the number at the path, which some APIs hand out as text.
func numberAt(tree any, path string) (float64, bool) {
	text, ok := scalarText(within(tree, path))
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil
}

// without takes attributes away once the rest of the rule has used them.
func without(names ...string) func(*Reading) {
	return func(r *Reading) {
		for _, name := range names {
			delete(r.Attributes, name)
		}
	}
}

// listed replaces a member that is an object of names and values by a list of
// both, in order.
func listed(object map[string]any, member, name, value string) {
	key, ok := (leg{name: member, folded: cfn.Fold(member)}).key(object)
	if !ok {
		return
	}
	from, ok := object[key].(map[string]any)
	if !ok {
		return
	}
	var list []any
	for _, k := range sortedKeys(from) {
		list = append(list, map[string]any{name: k, value: from[k]})
	}
	object[key] = list
}
