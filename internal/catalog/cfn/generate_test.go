package cfn

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// With -schemas the embedded file is made anew from a folder of registry
// schemas as cfn-lint packages them (cfnlint/data/schemas, MIT-0):
//
//	go test ./internal/catalog/cfn -run TestGenerate -schemas .../cfnlint/data/schemas
//
// providers/us-east-1.json names the file of each kind under resources/.
var schemaFolder = flag.String("schemas", "", "folder of registry schemas to make schemas.jsonl.gz from")

// TestGenerate writes the embedded file from the folder, if one is given.
// Without a folder it checks that the file is what the generator would write
// again from its own content, so that nobody edits it by hand.
func TestGenerate(t *testing.T) {
	lines := strings.SplitAfter(string(unpack(packed)), "\n")
	if *schemaFolder != "" {
		lines = generate(t, *schemaFolder)
		if err := os.WriteFile("schemas.jsonl.gz", pack(t, lines), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(pack(t, lines), packed) {
		t.Error("schemas.jsonl.gz is not in the form that this test writes")
	}
}

func pack(t *testing.T, lines []string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if _, err := w.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func generate(t *testing.T, folder string) []string {
	t.Helper()
	files := map[string]string{}
	readJSON(t, filepath.Join(folder, "providers", "us-east-1.json"), &files)
	var lines []string
	for _, kind := range slices.Sorted(maps.Keys(files)) {
		var r registrySchema
		readJSON(t, filepath.Join(folder, "resources", files[kind]+".json"), &r)
		r.Name = kind
		for _, t := range r.Properties {
			r.inline(t, 0)
		}
		for _, t := range r.Definitions {
			r.inline(t, 0)
		}
		line, err := json.Marshal(r.compact())
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line)+"\n")
	}
	return lines
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
}

// registrySchema is what is used of a CloudFormation registry schema.
type registrySchema struct {
	Name         string                   `json:"typeName"`
	Definitions  map[string]*registryType `json:"definitions"`
	Properties   map[string]*registryType `json:"properties"`
	ReadOnly     []string                 `json:"readOnlyProperties"`
	WriteOnly    []string                 `json:"writeOnlyProperties"`
	CreateOnly   []string                 `json:"createOnlyProperties"`
	Identifier   []string                 `json:"primaryIdentifier"`
	Alternatives [][]string               `json:"additionalIdentifiers"`
	Required     []string                 `json:"required"`
	Taggable     *bool                    `json:"taggable"`
	Tagging      *struct {
		Taggable    *bool  `json:"taggable"`
		TagProperty string `json:"tagProperty"`
	} `json:"tagging"`
}

type registryType struct {
	Ref          string                   `json:"$ref"`
	Type         any                      `json:"type"`
	Properties   map[string]*registryType `json:"properties"`
	Pattern      map[string]*registryType `json:"patternProperties"`
	Additional   json.RawMessage          `json:"additionalProperties"`
	Items        json.RawMessage          `json:"items"`
	Ordered      *bool                    `json:"insertionOrder"`
	Unique       bool                     `json:"uniqueItems"`
	Required     []string                 `json:"required"`
	Default      any                      `json:"default"`
	Enum         []any                    `json:"enum"`
	EnumFold     []any                    `json:"enumCaseInsensitive"`
	Format       string                   `json:"format"`
	Relationship *struct {
		Kind string `json:"typeName"`
		Path string `json:"propertyPath"`
	} `json:"relationshipRef"`
	OneOf []*registryType `json:"oneOf"`
	AnyOf []*registryType `json:"anyOf"`
	AllOf []*registryType `json:"allOf"`
}

func (r registrySchema) compact() packedSchema {
	p := packedSchema{Name: r.Name, Root: packedType{Form: "o", Fields: map[string]packedType{}, Required: r.Required}}
	for name, t := range r.Properties {
		p.Root.Fields[name] = t.compact()
	}
	used := map[string]bool{}
	for _, t := range p.Root.Fields {
		r.gather(t, used)
	}
	for name := range used {
		if t := r.definition(name); t != nil {
			if p.Definitions == nil {
				p.Definitions = map[string]packedType{}
			}
			p.Definitions[name] = t.compact()
		}
	}
	p.ReadOnly, p.WriteOnly, p.CreateOnly = paths(r.ReadOnly), paths(r.WriteOnly), paths(r.CreateOnly)
	p.Identifier = paths(r.Identifier)
	for _, alternative := range r.Alternatives {
		p.Alternatives = append(p.Alternatives, paths(alternative))
	}
	p.Tags = r.tagProperty()
	return p
}

// inline puts a list in the place of a reference to it among alternatives, so
// that "a list, or an object as older templates write it" is a list.
func (r registrySchema) inline(t *registryType, depth int) {
	if t == nil || depth > 8 {
		return
	}
	for _, list := range [][]*registryType{t.OneOf, t.AnyOf} {
		for i, other := range list {
			name, ok := strings.CutPrefix(other.Ref, "#/definitions/")
			if d := r.Definitions[name]; ok && d != nil && d.Type == "array" {
				list[i] = &registryType{Type: "array", Items: d.Items, Unique: d.Unique, Ordered: d.Ordered}
			}
		}
	}
	for _, below := range t.Properties {
		r.inline(below, depth+1)
	}
}

// gather notes the definitions that t needs. What nothing needs is left out.
func (r registrySchema) gather(t packedType, used map[string]bool) {
	if t.Ref != "" {
		if used[t.Ref] {
			return
		}
		used[t.Ref] = true
		if d := r.definition(t.Ref); d != nil {
			r.gather(d.compact(), used)
		}
		return
	}
	if t.Item != nil {
		r.gather(*t.Item, used)
	}
	for _, f := range t.Fields {
		r.gather(f, used)
	}
}

// definition finds what a reference of a schema points to. Most point to a
// definition; a few to a property ("properties/KmsKeyId") or into a
// definition.
func (r registrySchema) definition(ref string) *registryType {
	parts := strings.Split(ref, "/")
	if len(parts) == 1 {
		return r.Definitions[ref]
	}
	at := &registryType{Properties: r.Properties}
	if parts[0] == "definitions" {
		at, parts = r.Definitions[parts[1]], parts[2:]
	}
	for i := 0; at != nil && i < len(parts); i++ {
		switch parts[i] {
		case "properties":
			if i++; i == len(parts) {
				return nil
			}
			at = at.Properties[parts[i]]
		case "items":
			var items registryType
			if json.Unmarshal(at.Items, &items) != nil {
				return nil
			}
			at = &items
		default:
			return nil
		}
	}
	return at
}

func (r registrySchema) tagProperty() string {
	if r.Tagging != nil {
		if r.Tagging.Taggable != nil && !*r.Tagging.Taggable {
			return ""
		}
		if name := strings.TrimPrefix(r.Tagging.TagProperty, "/properties/"); r.Properties[name] != nil {
			return name
		}
	}
	for _, name := range []string{"Tags", "TagList", "HostedZoneTags", "FileSystemTags", "UserPoolTags", "tags"} {
		if r.Properties[name] != nil {
			return name
		}
	}
	return ""
}

func paths(pointers []string) []string {
	var out []string
	for _, p := range pointers {
		parts := strings.Split(strings.TrimPrefix(p, "/"), "/")
		var path strings.Builder
		for _, part := range parts {
			switch {
			case part == "properties" && path.Len() == 0:
			case part == "*" || part == "items" || part == "[]":
				path.WriteString("[]")
			case part == "properties" || part == "definitions":
			default:
				if path.Len() > 0 {
					path.WriteString(".")
				}
				path.WriteString(part)
			}
		}
		out = append(out, path.String())
	}
	return out
}

func (t *registryType) compact() packedType {
	if ref, ok := strings.CutPrefix(t.Ref, "#/"); ok {
		if name, ok := strings.CutPrefix(ref, "definitions/"); ok && !strings.Contains(name, "/") {
			ref = name
		}
		return packedType{Ref: ref}
	}
	fields, pattern, items, forms := t.merged(0)
	p := packedType{Default: t.Default, Enum: texts(append(t.Enum, t.EnumFold...)), Refers: t.refers(), Required: t.Required}
	// What may be a text, a number or a boolean can always be written as text.
	if forms["string"] && (forms["number"] && forms["boolean"] || !forms["object"] && !forms["array"]) {
		forms = map[string]bool{"string": true}
	}
	// A list, or (as templates of old write it) an object: the API has lists.
	if items != nil && forms["array"] && (forms["object"] || forms["string"]) {
		forms, fields = map[string]bool{"array": true}, nil
	}
	switch {
	case len(forms) > 1:
		p.Form = "a"
		p.setFields(fields)
	case len(fields) > 0:
		p.Form = "o"
		p.setFields(fields)
	case forms["array"] || items != nil:
		p.Form, p.Unique, p.Unordered = "l", t.Unique, t.Ordered != nil && !*t.Ordered
		item := packedType{Form: "a"}
		if items != nil {
			item = items.compact()
		}
		p.Item = &item
	case pattern != nil:
		p.Form = "m"
		item := pattern.compact()
		p.Item = &item
	case forms["object"] && string(t.Additional) == "false":
		p.Form = "o"
	default:
		p.Form = scalarForm(forms)
	}
	if p.Form != "s" {
		p.Enum = nil
	}
	return p
}

func (p *packedType) setFields(fields map[string]*registryType) {
	if len(fields) == 0 {
		return
	}
	p.Fields = map[string]packedType{}
	for name, f := range fields {
		p.Fields[name] = f.compact()
	}
}

// merged gathers what t and its alternatives say of its form.
func (t *registryType) merged(depth int) (fields map[string]*registryType, pattern, items *registryType, forms map[string]bool) {
	fields, forms = map[string]*registryType{}, map[string]bool{}
	for name, f := range t.Properties {
		if t.Type != "array" {
			fields[name] = f
		}
	}
	switch kind := t.Type.(type) {
	case string:
		forms[kind] = true
	case []any:
		for _, k := range kind {
			if k != "null" {
				forms[k.(string)] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Pattern)) {
		pattern = t.Pattern[name]
	}
	if pattern == nil && len(t.Additional) > 0 && t.Additional[0] == '{' {
		pattern = &registryType{}
		_ = json.Unmarshal(t.Additional, pattern)
	}
	if len(t.Items) > 0 && t.Items[0] == '{' {
		items = &registryType{}
		_ = json.Unmarshal(t.Items, items)
	}
	if depth > 4 {
		return fields, pattern, items, forms
	}
	for _, other := range slices.Concat(t.OneOf, t.AnyOf, t.AllOf) {
		f, p, i, k := other.merged(depth + 1)
		for name, field := range f {
			if fields[name] == nil || fields[name].empty() {
				fields[name] = field
			}
		}
		pattern, items = cmp.Or(pattern, p), cmp.Or(items, i)
		maps.Copy(forms, k)
	}
	return fields, pattern, items, forms
}

func (t *registryType) empty() bool {
	return t.Type == nil && t.Ref == "" && len(t.Properties) == 0 && len(t.OneOf)+len(t.AnyOf)+len(t.AllOf) == 0
}

// refers are the identifiers that the text may be: the schema's own
// relationship, or the format that cfn-lint adds ("AWS::EC2::Subnet.Id").
func (t *registryType) refers() []string {
	var out []string
	if t.Relationship != nil {
		out = append(out, t.Relationship.Kind+"."+strings.TrimPrefix(t.Relationship.Path, "/properties/"))
	}
	if strings.HasPrefix(t.Format, "AWS::") && strings.Contains(t.Format, ".") {
		out = append(out, t.Format)
	}
	for _, other := range slices.Concat(t.OneOf, t.AnyOf) {
		out = append(out, other.refers()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func scalarForm(forms map[string]bool) string {
	switch {
	case len(forms) != 1:
		return "a"
	case forms["string"]:
		return "s"
	case forms["integer"]:
		return "i"
	case forms["number"]:
		return "n"
	case forms["boolean"]:
		return "b"
	}
	return "a"
}

func texts(values []any) []string {
	var out []string
	for _, v := range values {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
