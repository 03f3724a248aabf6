package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/redact"
)

// branch is a mapping of the file: the keys of the table, as the tree that
// their paths describe. A leaf has a key.
type branch struct {
	name     string
	path     string
	key      *key
	children []*branch
}

func (l *loader) tree() *branch {
	root := &branch{}
	for i := range l.keys {
		at := root
		for part := range strings.SplitSeq(l.keys[i].path, ".") {
			at = at.child(part)
		}
		at.key = &l.keys[i]
	}
	return root
}

func (b *branch) child(name string) *branch {
	if found := b.find(name); found != nil {
		return found
	}
	c := &branch{name: name, path: strings.TrimPrefix(b.path+"."+name, ".")}
	b.children = append(b.children, c)
	return c
}

func (b *branch) find(name string) *branch {
	for _, c := range b.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// file takes the values from the file's content.
func (l *loader) file(data []byte) {
	content, problems := scan(l.path, data)
	if len(problems) > 0 {
		l.problems, l.broken = append(l.problems, problems...), true
		return
	}
	root := l.parse(content)
	if root == nil {
		l.broken = true
		return
	}
	if l.newer(root) {
		l.broken = true
		return
	}
	l.plain(root)
	if root.Kind != yaml.MappingNode {
		l.complain(root, "the file must be a mapping of keys to values, not %s", describe(root))
		l.broken = true
		return
	}
	l.mapping(root, l.tree())
}

// parse returns the one document of the file, or nil after a problem.
func (l *loader) parse(content string) *yaml.Node {
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(content)))
	var first, second yaml.Node
	if err := decoder.Decode(&first); err != nil {
		l.syntax(content, err)
		return nil
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		l.complain(&second, "the file has a second document; one is allowed")
		return nil
	case !errors.Is(err, io.EOF):
		l.syntax(content, err)
		return nil
	}
	if len(first.Content) != 1 {
		l.complain(&first, "the file is empty; %q writes one to start from", "landfall init NAME")
		return nil
	}
	return first.Content[0]
}

// syntaxLine is how the parser begins its messages.
var syntaxLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// unknownAnchor is the parser's message for an alias without its anchor, the
// one message that never has a line.
var unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)

// grammar are the messages of the parser proper, in contrast to its scanner.
var grammar = regexp.MustCompile(`^did not find expected (?:node content|key|'-' indicator|',' or|<)`)

// syntax turns a parser's error into a problem.
func (l *loader) syntax(content string, err error) {
	parts := syntaxLine.FindStringSubmatch(strings.Join(strings.Fields(err.Error()), " "))
	line, message := 1, parts[2]
	if parts[1] != "" {
		line, _ = strconv.Atoi(parts[1]) // the pattern allows digits only
		// yaml/v3 counts the lines of its scanner's errors from one and those
		// of its grammar's errors from nought.
		if grammar.MatchString(message) {
			line++
		}
	}
	if alias := unknownAnchor.FindStringSubmatch(message); alias != nil {
		line, _ = position(content, max(0, strings.Index(content, "*"+alias[1])))
		message = "anchors and aliases are not allowed"
	}
	column := 1
	if lines := strings.Split(normal(content), "\n"); line <= len(lines) {
		column += len(lines[line-1]) - len(strings.TrimLeft(lines[line-1], " "))
	}
	l.problems = append(l.problems, Problem{File: l.path, Line: line, Column: column, Text: "the file is not valid YAML: " + message})
}

// newer refuses a file of a later form with one line: every other complaint
// about it would mislead.
func (l *loader) newer(root *yaml.Node) bool {
	for i := 0; i+1 < len(root.Content) && root.Kind == yaml.MappingNode; i += 2 {
		value := root.Content[i+1]
		if root.Content[i].Value != "schemaVersion" || value.Kind != yaml.ScalarNode {
			continue
		}
		if n, err := strconv.ParseInt(value.Value, 10, 64); err == nil && n > Version {
			l.complain(value, "schemaVersion %d is newer than this program reads (%d); install a newer landfall", n, Version)
			return true
		}
	}
	return false
}

// plain refuses what makes one text mean another: anchors and aliases (a short
// file can stand for an enormous one), explicit tags and merge keys.
func (l *loader) plain(root *yaml.Node) {
	var first *yaml.Node
	shared := 0
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		switch {
		case n.Kind == yaml.AliasNode || n.Anchor != "":
			if shared++; shared == 1 {
				first = n
			}
		case n.Style&yaml.TaggedStyle != 0:
			l.complain(n, "type tags such as %s are not allowed", shown(n.Tag))
		case n.Kind == yaml.ScalarNode && n.Tag == "!!merge":
			l.complain(n, "merge keys are not allowed")
		}
		for _, c := range n.Content {
			visit(c)
		}
	}
	visit(root)
	if first != nil {
		l.complain(first, "anchors and aliases are not allowed; the file has %d", shared)
	}
}

// mapping takes the values of one mapping.
func (l *loader) mapping(n *yaml.Node, at *branch) {
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if !l.keyName(name, first, at.path) {
			continue
		}
		switch child := at.find(name.Value); {
		case child == nil:
			l.unknown(name, at.path, at.names())
		case child.key != nil:
			l.written[child.path] = true
			l.leaf(name, value, child.key)
		case value.Kind == yaml.MappingNode:
			l.mapping(value, child)
		case value.Kind != yaml.AliasNode && value.Tag != "!!null":
			// Nothing at all is fine: everything in the group is commented out.
			l.complain(value, "%q wants a mapping of keys to values, got %s", child.path, describe(value))
		}
	}
}

// keyName checks a mapping's key, and that it is the first of its name.
func (l *loader) keyName(name *yaml.Node, first map[string]int, path string) bool {
	if name.Kind == yaml.AliasNode || name.Tag == "!!merge" {
		return false // plain has said so
	}
	if name.Kind != yaml.ScalarNode {
		l.complain(name, "a key must be a plain word, not %s", describe(name))
		return false
	}
	if line, ok := first[name.Value]; ok {
		l.complain(name, "key %s stands twice%s; the first is on line %d", shown(name.Value), within(path), line)
		return false
	}
	first[name.Value] = name.Line
	return true
}

// unknown reports a key that does not exist, with what was probably meant.
func (l *loader) unknown(name *yaml.Node, path string, here []string) {
	l.complain(name, "unknown key %s%s; %s", shown(name.Value), within(path), l.advice(name.Value, here))
}

func (l *loader) advice(word string, here []string) string {
	if redact.Name(word) {
		return "it looks like a credential, which has no place in this file: set the SDK's own variables (AWS_PROFILE, AWS_ACCESS_KEY_ID, AZURE_CLIENT_ID, ...)"
	}
	near, ok := nearest(word, here)
	if !ok {
		near, ok = l.elsewhere(word)
	}
	if !ok {
		return "known here: " + strings.Join(here, ", ")
	}
	return fmt.Sprintf("the nearest key is %q", near)
}

// elsewhere finds the key whose last word is the given one, in any group.
func (l *loader) elsewhere(word string) (string, bool) {
	var paths, last []string
	for _, k := range l.keys {
		paths = append(paths, k.path)
		last = append(last, k.path[strings.LastIndexByte(k.path, '.')+1:])
	}
	near, ok := nearest(word, last)
	if !ok {
		return "", false
	}
	return paths[slices.Index(last, near)], true
}

func (b *branch) names() []string {
	names := make([]string, len(b.children))
	for i, c := range b.children {
		names[i] = c.name
	}
	return names
}

func within(path string) string {
	if path == "" {
		return ""
	}
	return fmt.Sprintf(" in %q", path)
}

func (l *loader) complain(n *yaml.Node, format string, args ...any) {
	l.problems = append(l.problems, Problem{File: l.path, Line: max(n.Line, 1), Column: max(n.Column, 1), Text: fmt.Sprintf(format, args...)})
}
