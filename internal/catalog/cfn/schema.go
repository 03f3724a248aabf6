package cfn

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
)

// Schema is what CloudFormation says of one kind.
type Schema struct {
	Kind cloud.Kind
	// Root is the type of the properties, always an Object.
	Root *Type
	// Paths of properties, names joined by dots, "[]" for the members of a list
	// or map: "DBInstanceArn", "Endpoint.Address", "Listeners[].Port".
	ReadOnly, WriteOnly, CreateOnly []string
	// Identifier are the paths of the primary identifier, in its order;
	// Alternatives are the other identifiers.
	Identifier   []string
	Alternatives [][]string
	// TagProperty is the name of the property that holds the tags, "" if none.
	TagProperty string
}

// Form is the form of a value.
type Form string

// The forms.
const (
	Object  Form = "object"
	List    Form = "list"
	Map     Form = "map"
	Text    Form = "text"
	Number  Form = "number"
	Integer Form = "integer"
	Boolean Form = "boolean"
	// Any is a JSON document or a value whose form the schema leaves open.
	Any Form = "any"
)

// Type is the type of a value. Types may contain themselves.
type Type struct {
	Form Form
	// Fields are the members of an Object, in order of their names. An Any that
	// may be an object has the members that are known.
	Fields []Field
	// Item is the type of the members of a List or a Map.
	Item *Type
	// Unordered says that the order of a List has no meaning, Unique that it
	// holds nothing twice.
	Unordered, Unique bool
	// Required are the members that an Object must have.
	Required []string
	// Default is what a value is when it is not given, nil if the schema does
	// not say.
	Default any
	// Enum are the texts that are possible, nil if any.
	Enum []string
	// Refers are what the text identifies: "AWS::EC2::Subnet.Id",
	// "AWS::IAM::Role.Arn".
	Refers []string

	fields map[string]int
}

// Field is a member of an Object.
type Field struct {
	Name string
	Type *Type
}

// Field returns the member of that name. Case and the separators "_" and "-"
// make no difference.
func (t *Type) Field(name string) (Field, bool) {
	if t == nil {
		return Field{}, false
	}
	if i, ok := t.fields[name]; ok {
		return t.Fields[i], true
	}
	i, ok := t.fields[Fold(name)]
	if !ok {
		return Field{}, false
	}
	return t.Fields[i], true
}

// Fold returns the form of a name in which names are compared: lower case,
// without "_" and "-".
func Fold(name string) string {
	for i := range len(name) {
		if c := name[i]; c >= 'A' && c <= 'Z' || c == '_' || c == '-' {
			return folded(name, i)
		}
	}
	return name
}

// folded folds a name whose first bytes need nothing.
func folded(name string, from int) string {
	out := append(make([]byte, 0, len(name)), name[:from]...)
	for i := from; i < len(name); i++ {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			out = append(out, c+'a'-'A')
		case c != '_' && c != '-':
			out = append(out, c)
		}
	}
	return string(out)
}

// Folds reports whether a name is the folded one. It is Fold(name) == folded
// without the copy.
func Folds(name, folded string) bool {
	at := 0
	for i := range len(name) {
		c := name[i]
		if c == '_' || c == '-' {
			continue
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if at == len(folded) || folded[at] != c {
			return false
		}
		at++
	}
	return at == len(folded)
}

// At returns the type at a path of the properties ("Listeners[].Port").
func (s *Schema) At(path string) (*Type, bool) {
	at := s.Root
	for part := range strings.SplitSeq(path, ".") {
		name := strings.TrimRight(part, "[]")
		field, ok := at.Field(name)
		if !ok {
			return nil, false
		}
		at = field.Type
		for range (len(part) - len(name)) / 2 {
			if at.Item == nil {
				return nil, false
			}
			at = at.Item
		}
	}
	return at, true
}

// Has reports whether the kind has a property of that name.
func (s *Schema) Has(name string) bool {
	_, ok := s.Root.Field(name)
	return ok
}

// schema puts the packed form into types that point to each other.
func (p packedSchema) schema() *Schema {
	b := typeBuilder{definitions: p.Definitions, done: map[string]*Type{}}
	return &Schema{
		Kind: cloud.Kind(p.Name), Root: b.build(p.Root),
		ReadOnly: p.ReadOnly, WriteOnly: p.WriteOnly, CreateOnly: p.CreateOnly,
		Identifier: p.Identifier, Alternatives: p.Alternatives, TagProperty: p.Tags,
	}
}

type typeBuilder struct {
	definitions map[string]packedType
	done        map[string]*Type
}

func (b typeBuilder) build(p packedType) *Type {
	if p.Ref == "" {
		t := &Type{}
		b.fill(t, p)
		return t
	}
	if t, ok := b.done[p.Ref]; ok {
		return t
	}
	t := &Type{Form: Any}
	b.done[p.Ref] = t // before its members, which may be of the same type
	d, ok := b.definitions[p.Ref]
	switch {
	case ok && d.Ref != "":
		*t = *b.build(d)
	case ok:
		b.fill(t, d)
	}
	return t
}

func (b typeBuilder) fill(t *Type, p packedType) {
	t.Form, t.Unordered, t.Unique, t.Default = form(p.Form), p.Unordered, p.Unique, p.Default
	t.Required, t.Enum, t.Refers = p.Required, p.Enum, p.Refers
	if p.Item != nil {
		t.Item = b.build(*p.Item)
	}
	if len(p.Fields) == 0 {
		return
	}
	t.fields = make(map[string]int, 2*len(p.Fields))
	for i, name := range slices.Sorted(maps.Keys(p.Fields)) {
		t.Fields = append(t.Fields, Field{name, b.build(p.Fields[name])})
		if _, taken := t.fields[Fold(name)]; !taken {
			t.fields[Fold(name)] = i
		}
	}
	for i, f := range t.Fields {
		t.fields[f.Name] = i
	}
}

func form(letter string) Form {
	switch letter {
	case "o":
		return Object
	case "l":
		return List
	case "m":
		return Map
	case "s":
		return Text
	case "n":
		return Number
	case "i":
		return Integer
	case "b":
		return Boolean
	}
	return Any
}
