package kinds

import (
	"encoding/json"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// FromTemplate puts the properties of a template's resource into the types of
// the kind's schema ("true" becomes true where a boolean belongs, one value a
// list of one) and returns the names that the kind does not have; their values
// are left out. Texts with an inventory.Reference are left as they are. Of a
// kind that CloudFormation does not know (a custom resource), all names are
// taken.
func (c *Converter) FromTemplate(kind cloud.Kind, properties map[string]any) (inventory.Properties, []string) {
	schema, ok := c.schemas.Kind(kind)
	if !ok {
		return Redact(cloneObject(properties, 0)), nil
	}
	r := &Reading{Kind: schema.Kind, Properties: map[string]any{}, Attributes: map[string]any{}}
	var unknown []string
	for _, name := range sortedKeys(properties) {
		field, ok := schema.Root.Field(name)
		if !ok {
			unknown = append(unknown, name)
			continue
		}
		v := clone(properties[name], 0)
		value, rest := typed(field.Type, v, 0)
		unknown = append(unknown, names(name, rest)...)
		if value == nil && rest != nil && field.Type.Form == cfn.Text {
			// A template may write a document where the schema has its text.
			if text, err := json.Marshal(rest); err == nil {
				value = string(text)
			}
		}
		if value != nil && !emptyObject(value) {
			r.Properties[field.Name] = value
		}
	}
	for _, path := range c.rules[schema.Kind].unordered {
		visit(r.Properties, path, nil, func(_ []int, v any) bool {
			if list, ok := v.([]any); ok {
				inventory.SortValues(list)
			}
			return false
		})
	}
	c.clean(r)
	return r.Properties, unknown
}

// names lists the names that a type had no place for.
func names(at string, rest any) []string {
	switch rest := rest.(type) {
	case map[string]any:
		var all []string
		for _, name := range sortedKeys(rest) {
			if below := names(at+"."+name, rest[name]); below != nil {
				all = append(all, below...)
			} else {
				all = append(all, at+"."+name)
			}
		}
		return all
	case []any:
		var all []string
		for _, member := range rest {
			for _, name := range names(at+"[]", member) {
				if len(all) == 0 || all[len(all)-1] != name {
					all = append(all, name)
				}
			}
		}
		return all
	}
	return nil
}
