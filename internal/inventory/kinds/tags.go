package kinds

import (
	"strings"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
)

// takeTags takes the tags out of what was read: as a list of keys and values
// or as an object, under the schema's name of them or one of those that APIs
// use. A property with tags that say more than key and value (those of an
// Auto Scaling group say whether they are passed on) stays a property too.
func takeTags(work map[string]any, schema *cfn.Schema) cloud.Tags {
	tags := cloud.Tags{}
	names := []string{"Tags", "TagList", "TagSet", "tags_all"}
	var own cfn.Field
	if schema != nil && schema.TagProperty != "" {
		own, _ = schema.Root.Field(schema.TagProperty)
		names = append(names, schema.TagProperty)
	}
	for _, name := range names {
		l := leg{name: name, folded: cfn.Fold(name)}
		key, ok := l.key(work)
		if !ok || !readTags(work[key], tags) {
			continue
		}
		if own.Type != nil && cfn.Fold(own.Name) == l.folded && saysMore(own.Type) {
			continue
		}
		delete(work, key)
	}
	if len(tags) == 0 {
		return nil
	}
	return tags
}

// saysMore reports whether a tag of this type has members beside its key and
// value.
func saysMore(t *cfn.Type) bool {
	return t.Form == cfn.List && t.Item != nil && len(t.Item.Fields) > 2
}

// readTags adds the tags that a value holds and reports whether it is one that
// can hold tags. The first value of a key stays.
func readTags(v any, tags cloud.Tags) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		for key, value := range v {
			if _, isMap := value.(map[string]any); isMap {
				return false
			}
			s, _ := scalarText(value)
			setTag(tags, key, s)
		}
		return true
	case []any:
		for _, member := range v {
			m, ok := member.(map[string]any)
			if !ok {
				return false
			}
			key := firstText(m, "Key", "TagKey")
			if key == "" {
				return false
			}
			setTag(tags, key, firstText(m, "Value", "TagValue"))
		}
		return true
	}
	return false
}

func setTag(tags cloud.Tags, key, value string) {
	if _, known := tags[key]; !known && key != "" {
		tags[key] = value
	}
}

func firstText(m map[string]any, names ...string) string {
	for _, name := range names {
		for key, v := range m {
			if strings.EqualFold(key, name) {
				if s, ok := scalarText(v); ok {
					return s
				}
			}
		}
	}
	return ""
}
