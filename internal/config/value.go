package config

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// leaf takes the value of one key of the table.
func (l *loader) leaf(name, n *yaml.Node, k *key) {
	if n.Kind == yaml.AliasNode {
		return // plain has said so
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		l.complain(name, "%q has no value; give one or take the line out", k.path)
		return
	}
	var value any
	var ok bool
	switch k.form {
	case texts:
		value, ok = l.texts(n, k)
	case records:
		value, ok = l.records(n, k)
	case pairs:
		value, ok = l.pairs(n, k)
	default:
		value, ok = l.scalar(n, k, k.path)
	}
	if ok {
		l.values[k.path] = setting{value, fmt.Sprintf("%s:%d", l.path, name.Line)}
	}
}

// scalar takes a single value. The YAML type must fit: the string "14" is not
// the number 14, because the next reader of the file should not have to know
// which conversions this one makes.
func (l *loader) scalar(n *yaml.Node, k *key, path string) (any, bool) {
	if n.Kind == yaml.AliasNode || n.Style&yaml.TaggedStyle != 0 {
		return nil, false // plain has said so
	}
	wants, fits := "", false
	switch k.form {
	case integer:
		wants, fits = "a whole number", n.Tag == "!!int"
	case boolean:
		wants, fits = "true or false", n.Tag == "!!bool"
	default:
		number := n.Tag == "!!int" || n.Tag == "!!float"
		wants, fits = "a string", n.Tag == "!!str" || k.rule.digits && number
	}
	if n.Kind != yaml.ScalarNode || !fits {
		hint := ""
		if n.Kind == yaml.ScalarNode && wants == "a string" {
			hint = "; put it in quotes"
		}
		l.complain(n, "%q wants %s, got %s%s", path, wants, describe(n), hint)
		return nil, false
	}
	value, complaint := k.parse(n.Value)
	if complaint != "" {
		l.complain(n, "%q %s", path, complaint)
	}
	return value, complaint == ""
}

func (l *loader) texts(n *yaml.Node, k *key) (any, bool) {
	if !l.list(n, k.path, "a list of strings") {
		return nil, false
	}
	entry := key{form: text, rule: k.rule}
	out, first, good := make([]string, 0, len(n.Content)), map[string]int{}, true
	for i, c := range n.Content {
		path := fmt.Sprintf("%s[%d]", k.path, i)
		value, ok := l.scalar(c, &entry, path)
		if !ok {
			good = false
			continue
		}
		s := value.(string)
		if line, twice := first[s]; twice {
			l.complain(c, "%q stands twice in %q; the first is on line %d", s, k.path, line)
			good = false
			continue
		}
		first[s] = c.Line
		out = append(out, s)
	}
	return out, good
}

func (l *loader) records(n *yaml.Node, k *key) (any, bool) {
	if !l.list(n, k.path, "a list of mappings") {
		return nil, false
	}
	out, first, good := make([]map[string]string, 0, len(n.Content)), map[string]int{}, true
	for i, c := range n.Content {
		path := fmt.Sprintf("%s[%d]", k.path, i)
		row, ok := l.record(c, k, path)
		if !ok {
			good = false
			continue
		}
		id := row[k.rule.unique]
		if line, twice := first[id]; twice {
			l.complain(c, "%s %q stands twice in %q; the first is on line %d", k.rule.unique, id, k.path, line)
			good = false
			continue
		}
		first[id] = c.Line
		out = append(out, row)
	}
	return out, good
}

// record takes one mapping of a list of mappings.
func (l *loader) record(n *yaml.Node, k *key, path string) (map[string]string, bool) {
	if n.Kind != yaml.MappingNode {
		if n.Kind != yaml.AliasNode {
			l.complain(n, "%q wants a mapping of keys to values, got %s", path, describe(n))
		}
		return nil, false
	}
	row, written, before := map[string]string{}, map[string]int{}, len(l.problems)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if !l.keyName(name, written, path) {
			continue
		}
		field := k.field(name.Value)
		if field == nil {
			l.unknown(name, path, k.fieldNames())
			continue
		}
		if v, ok := l.scalar(value, field, path+"."+field.path); ok {
			row[field.path] = v.(string)
		}
	}
	for _, field := range k.fields {
		if _, ok := written[field.path]; !ok && field.must {
			l.complain(n, "key %q is missing", path+"."+field.path)
		}
	}
	if len(l.problems) > before {
		return nil, false
	}
	if k.rule.check == nil {
		return row, true
	}
	complaint := k.rule.check(row)
	if complaint != "" {
		l.complain(n, "%q %s", path, complaint)
	}
	return row, complaint == ""
}

func (k *key) field(name string) *key {
	for i := range k.fields {
		if k.fields[i].path == name {
			return &k.fields[i]
		}
	}
	return nil
}

func (k *key) fieldNames() []string {
	names := make([]string, len(k.fields))
	for i, f := range k.fields {
		names[i] = f.path
	}
	return names
}

func (l *loader) pairs(n *yaml.Node, k *key) (any, bool) {
	if n.Kind != yaml.MappingNode {
		l.complain(n, "%q wants a mapping of strings, got %s", k.path, describe(n))
		return nil, false
	}
	if !l.short(n, len(n.Content)/2, k.path) {
		return nil, false
	}
	names := key{form: text, rule: k.names}
	entry := key{form: text, rule: k.rule}
	out, first, good := map[string]string{}, map[string]int{}, true
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if !l.keyName(name, first, k.path) {
			good = false
			continue
		}
		_, nameOK := l.scalar(name, &names, k.path)
		v, ok := l.entry(value, &entry, k.path+"."+name.Value)
		if good = good && ok && nameOK; good {
			out[name.Value] = v
		}
	}
	return out, good
}

// entry takes the value of a mapping's entry, which may be empty where the
// rule says so, as the value of an AWS tag may.
func (l *loader) entry(n *yaml.Node, k *key, path string) (string, bool) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" && n.Value == "" && k.rule.empty {
		return "", true
	}
	v, ok := l.scalar(n, k, path)
	if !ok {
		return "", false
	}
	return v.(string), true
}

// list checks that the node is a list of bearable length.
func (l *loader) list(n *yaml.Node, path, wants string) bool {
	if n.Kind != yaml.SequenceNode {
		l.complain(n, "%q wants %s, got %s", path, wants, describe(n))
		return false
	}
	return l.short(n, len(n.Content), path)
}

func (l *loader) short(n *yaml.Node, entries int, path string) bool {
	if entries > maxListEntries {
		l.complain(n, "%q has %d entries; %d are allowed", path, entries, maxListEntries)
		return false
	}
	return true
}

// describe says what a node is, for "wants X, got Y".
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!bool":
		return shown(n.Value) + ", which is true or false in YAML"
	case "!!int", "!!float":
		return "the number " + shown(n.Value)
	case "!!timestamp":
		return "the date " + shown(n.Value)
	}
	return "the string " + shown(n.Value)
}
