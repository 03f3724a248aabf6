package config

import (
	"encoding/json"
	"strings"
)

// Schema returns the JSON Schema (draft 2020-12) of landfall.yaml, for editors
// that complete and check YAML. It says what the table says; a few rules that a
// schema cannot express (a role's account, duplicate YAML keys) are the
// loader's alone.
func Schema() ([]byte, error) {
	root := object{"type": "object", "additionalProperties": false}
	for _, k := range keys() {
		place(root, strings.Split(k.path, "."), k)
	}
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = FileName
	root["description"] = "What is carried from AWS to Azure, and how."
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

// object is a JSON object; encoding/json writes its members in order.
type object map[string]any

// place puts a key below the groups that its path names. A group that holds a
// required key is required itself; any other may be left empty, which YAML
// reads as null.
func place(group object, path []string, k key) {
	properties, ok := group["properties"].(object)
	if !ok {
		properties = object{}
		group["properties"] = properties
	}
	if k.must {
		require(group, path[0])
	}
	if len(path) == 1 {
		properties[path[0]] = k.schema()
		return
	}
	inner, ok := properties[path[0]].(object)
	if !ok {
		inner = object{"type": []string{"object", "null"}, "additionalProperties": false}
		properties[path[0]] = inner
	}
	if k.must {
		inner["type"] = "object"
	}
	place(inner, path[1:], k)
}

func require(group object, name string) {
	names, _ := group["required"].([]string)
	group["required"] = append(names, name)
}

func (k key) schema() object {
	s := object{}
	switch k.form {
	case integer:
		s = object{"type": "integer", "minimum": k.rule.min, "maximum": k.rule.max}
	case boolean:
		s = object{"type": "boolean"}
	case text:
		s = k.rule.schema()
	case texts:
		s = object{"type": "array", "items": k.rule.schema(), "uniqueItems": true, "maxItems": maxListEntries}
	case pairs:
		s = object{"type": "object", "additionalProperties": k.rule.schema(), "maxProperties": maxListEntries}
	case records:
		row := object{"type": "object", "additionalProperties": false}
		for _, f := range k.fields {
			place(row, []string{f.path}, f)
		}
		s = object{"type": "array", "items": row, "maxItems": maxListEntries}
	}
	s["description"] = k.doc
	if k.def != nil {
		s["default"] = k.def
	}
	return s
}

func (r rule) schema() object {
	s := object{"type": "string", "maxLength": maxTextRunes}
	if r.digits {
		// A schema sees a YAML number where the loader sees its text.
		s["type"] = []string{"string", "integer"}
	}
	switch {
	case len(r.oneOf) > 0:
		s["enum"] = r.oneOf
	case r.pattern != "":
		s["pattern"] = r.pattern
	default:
		s["minLength"] = 1
	}
	return s
}
