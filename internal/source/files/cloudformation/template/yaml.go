package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlReader turns YAML nodes into the tree.
type yamlReader struct {
	*builder
	// within are the anchors that are being expanded: one inside itself has
	// no end.
	within map[*yaml.Node]bool
}

func parseYAML(data []byte) (*Template, error) {
	docs, later, err := documents(data)
	if err != nil {
		return nil, yamlFault(data, err)
	}
	r := &yamlReader{builder: newBuilder(), within: map[*yaml.Node]bool{}}
	if later != nil {
		r.problem("", Place{}, "the text after the first document cannot be parsed: %s", strings.TrimPrefix(later.Error(), "yaml: "))
	}
	chosen := choose(docs)
	if chosen == nil {
		return nil, &syntax{Place{1, 1}, "the text holds comments only"}
	}
	for _, d := range docs {
		if d != chosen {
			r.problem("", placeOf(d), "a second YAML document begins here; CloudFormation reads one template from a file, the rest is not read")
		}
	}
	root, err := r.value(chosen, "", 0)
	if err != nil {
		return nil, err
	}
	return r.finish(root, placeOf(chosen))
}

// documents returns the content of the non-empty documents. A broken document
// after the first costs itself alone.
func documents(data []byte) (docs []*yaml.Node, later, err error) {
	const most = 100
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for range most {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && len(docs) > 0 {
			return docs, err, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 && doc.Content[0].Tag != "!!null" {
			docs = append(docs, doc.Content[0])
		}
	}
	return docs, nil, nil
}

// choose takes the first document that has resources, else the first one.
func choose(docs []*yaml.Node) *yaml.Node {
	for _, d := range docs {
		for i := 0; d.Kind == yaml.MappingNode && i+1 < len(d.Content); i += 2 {
			if d.Content[i].Value == "Resources" {
				return d
			}
		}
	}
	if len(docs) == 0 {
		return nil
	}
	return docs[0]
}

var yamlLine = regexp.MustCompile(`^yaml: (?:.*?)line (\d+): (.*)$`)

// countsFromZero finds the errors of the library's parser, which counts lines
// from 0 in them; its scanner counts from 1.
var countsFromZero = regexp.MustCompile(`^did not find expected (?:[<',-]|key|node|'-')`)

// yamlFault gives the library's error, which knows the line alone, a column:
// that of a tab in the indentation, the usual trouble, or of the line's text.
func yamlFault(data []byte, err error) error {
	reason := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if m := yamlLine.FindStringSubmatch(strings.Join(strings.Fields(err.Error()), " ")); m != nil {
		line, _ = strconv.Atoi(m[1])
		reason = m[2]
		if countsFromZero.MatchString(reason) {
			line++
		}
	}
	lines := bytes.Split(data, []byte("\n"))
	for i := max(line-2, 0); i < min(line+1, len(lines)); i++ {
		indent := lines[i][:len(lines[i])-len(bytes.TrimLeft(lines[i], " \t"))]
		if tab := bytes.IndexByte(indent, '\t'); tab >= 0 {
			return &syntax{Place{i + 1, tab + 1}, "a tab in the indentation; YAML takes spaces only"}
		}
	}
	column := 0
	if line > 0 && line <= len(lines) {
		column = len(lines[line-1]) - len(bytes.TrimLeft(lines[line-1], " ")) + 1
	}
	return &syntax{Place{line, column}, reason}
}

func placeOf(n *yaml.Node) Place { return Place{n.Line, n.Column} }

func (r *yamlReader) value(n *yaml.Node, path string, depth int) (any, error) {
	if err := r.enter(depth, placeOf(n)); err != nil {
		return nil, err
	}
	switch n.Kind {
	case yaml.AliasNode:
		return r.alias(n, path, depth)
	case yaml.ScalarNode:
		return r.tagged(n, path, scalar(n)), nil
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for i, item := range n.Content {
			v, err := r.value(item, join(path, strconv.Itoa(i)), depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return r.tagged(n, path, list), nil
	case yaml.MappingNode:
		m, err := r.mapping(n, path, depth)
		if err != nil {
			return nil, err
		}
		return r.tagged(n, path, m), nil
	}
	return nil, &syntax{placeOf(n), "a YAML value of an unknown form"}
}

func (r *yamlReader) alias(n *yaml.Node, path string, depth int) (any, error) {
	if n.Alias == nil || r.within[n.Alias] {
		return nil, &syntax{placeOf(n), fmt.Sprintf("the alias %q stands inside its own anchor", n.Value)}
	}
	r.within[n.Alias] = true
	defer delete(r.within, n.Alias)
	return r.value(n.Alias, path, depth+1)
}

func (r *yamlReader) mapping(n *yaml.Node, path string, depth int) (map[string]any, error) {
	out := make(map[string]any, len(n.Content)/2)
	merged := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.Value == "<<" && key.Style == 0 {
			if err := r.merge(merged, value, path, depth); err != nil {
				return nil, err
			}
			continue
		}
		name, ok := keyName(key)
		if !ok {
			r.problem(path, placeOf(key), "a key is plain text; this one is a list or a mapping and is left out")
			continue
		}
		inner := join(path, name)
		if _, twice := out[name]; twice {
			r.repeated(inner, placeOf(key))
		}
		r.remember(inner, depth+1, placeOf(key))
		v, err := r.value(value, inner, depth+1)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	for k, v := range merged {
		if _, own := out[k]; !own {
			out[k] = v
		}
	}
	return out, nil
}

func keyName(key *yaml.Node) (string, bool) {
	if key.Kind == yaml.AliasNode && key.Alias != nil {
		key = key.Alias
	}
	return key.Value, key.Kind == yaml.ScalarNode
}

// merge reads the value of a merge key: a mapping or a list of them, of which
// the earlier wins (YAML's merge key specification).
func (r *yamlReader) merge(into map[string]any, n *yaml.Node, path string, depth int) error {
	v, err := r.value(n, path, depth+1)
	if err != nil {
		return err
	}
	sources, ok := v.([]any)
	if !ok {
		sources = []any{v}
	}
	for _, source := range sources {
		m, ok := source.(map[string]any)
		if !ok {
			r.problem(path, placeOf(n), "the merge key takes a mapping, this is %s", describe(source))
			continue
		}
		for k, v := range m {
			if _, earlier := into[k]; !earlier {
				into[k] = v
			}
		}
	}
	return nil
}

// shortTags returns the functions that have a short form, beside Ref and
// Condition ("Intrinsic function reference" and "Rule-specific intrinsic
// functions" of the CloudFormation user guide).
func shortTags() string {
	return " And Base64 Cidr Contains EachMemberEquals EachMemberIn Equals FindInMap ForEach GetAtt GetAZs If ImportValue Join Length Not Or RefAll Select Split Sub ToJsonString Transform ValueOf ValueOfAll GetStackOutput "
}

// tagged wraps a value in the function that its tag names.
func (r *yamlReader) tagged(n *yaml.Node, path string, v any) any {
	tag := n.Tag
	if !strings.HasPrefix(tag, "!") || strings.HasPrefix(tag, "!!") || tag == "!" {
		return v
	}
	name := tag[1:]
	if n.Kind == yaml.ScalarNode {
		v = n.Value
	}
	switch {
	case name == "Ref", name == "Condition":
		return map[string]any{name: v}
	case strings.HasPrefix(name, "Fn::"), strings.Contains(shortTags(), " "+name+" "):
		return map[string]any{"Fn::" + strings.TrimPrefix(name, "Fn::"): v}
	}
	r.problem(path, placeOf(n), "the tag %q is none of CloudFormation's; its value is read without it", tag)
	return v
}

// The plain forms. A number is taken as one only where its text is JSON's
// number as well: "0123", "1_000", "0x1F", "12:30" and "1e5" are something
// else in some YAML version and mean their text in every template seen.
var (
	plainNumber = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$`)
	plainTrue   = regexp.MustCompile(`^(?:true|True|TRUE)$`)
	plainFalse  = regexp.MustCompile(`^(?:false|False|FALSE)$`)
	plainNull   = regexp.MustCompile(`^(?:~|null|Null|NULL)?$`)
)

// scalar resolves an untagged scalar. "yes", "no", "on" and "off" stay text:
// YAML 1.1 calls them booleans, people compare them with quoted text, and the
// schema turns them into booleans where a property is one.
func scalar(n *yaml.Node) any {
	if n.Tag == "!!str" && n.Style&yaml.TaggedStyle != 0 {
		return n.Value
	}
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Style&quoted != 0 {
		return n.Value
	}
	switch {
	case plainNull.MatchString(n.Value):
		return nil
	case plainTrue.MatchString(n.Value):
		return true
	case plainFalse.MatchString(n.Value):
		return false
	case plainNumber.MatchString(n.Value):
		return json.Number(n.Value)
	}
	return n.Value
}
