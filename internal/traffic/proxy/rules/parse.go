package rules

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/fault"
)

// maxBytes bounds a configuration: the largest sensible one has some hundred routes.
const maxBytes = 1 << 20

// Rules is a configuration that was checked and compiled. It never changes and
// may be used by many goroutines.
type Rules struct {
	Config
	// Fingerprint is that of the text: instances with the same text agree in it.
	Fingerprint string
	// Text is what it was read from.
	Text []byte

	routes  []*route
	trusted networks
}

// Parse reads a configuration in YAML or JSON (each JSON text that people
// write by hand is YAML). name is how errors call it. All that is wrong is
// reported, one error of kind fault.Invalid for each, joined.
func Parse(name string, text []byte) (*Rules, error) {
	p := &problems{name: name}
	if len(text) > maxBytes {
		p.add("", "more than %d bytes", maxBytes)
		return nil, p.err()
	}
	root, err := document(text)
	if err != nil {
		p.add("", "%s", err)
		return nil, p.err()
	}
	p.known(root, reflect.TypeFor[Config](), "")
	c := standard()
	if err := root.Decode(&c); err != nil {
		p.decoding(err)
	}
	if len(p.all) > 0 {
		return nil, p.err()
	}
	r := &Rules{Config: c, Fingerprint: Fingerprint(text), Text: bytes.Clone(text)}
	p.check(&r.Config)
	if len(p.all) > 0 {
		return nil, p.err()
	}
	r.compile()
	return r, nil
}

// Fingerprint returns that of a text.
func Fingerprint(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// document returns the one mapping of a text.
func document(text []byte) (*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := d.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is empty")
		}
		return nil, err
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, errors.New("it holds more than one document")
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: wants keys with values", root.Line)
	}
	return root, nil
}

// problems collects what is wrong with a configuration.
type problems struct {
	name string
	all  []error
}

func (p *problems) add(path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if path != "" {
		text = path + ": " + text
	}
	p.all = append(p.all, fault.Of(fault.Invalid, "read proxy configuration", p.name, errors.New(text)))
}

func (p *problems) err() error { return errors.Join(p.all...) }

// decoding takes what the decoder gathered apart.
func (p *problems) decoding(err error) {
	if list, ok := errors.AsType[*yaml.TypeError](err); ok {
		for _, text := range list.Errors {
			p.add("", "%s", strings.TrimSpace(strings.NewReplacer("!!", "", "rules.", "").Replace(text)))
		}
		return
	}
	p.add("", "%s", err)
}

// known reports each key that the type does not have, with its path. Aliases
// are refused: they let a small text stand for an enormous one.
func (p *problems) known(node *yaml.Node, t reflect.Type, path string) {
	if node.Kind == yaml.AliasNode {
		p.add(path, "line %d: aliases are not taken", node.Line)
		return
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case node.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
		for i, item := range node.Content {
			p.known(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	case node.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			p.knownKey(node.Content[i], node.Content[i+1], t, path)
		}
	}
}

func (p *problems) knownKey(key, value *yaml.Node, t reflect.Type, path string) {
	inner := strings.TrimPrefix(path+"."+key.Value, ".")
	switch t.Kind() {
	case reflect.Map:
		p.known(value, t.Elem(), inner)
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).Tag.Get("yaml") == key.Value {
				p.known(value, t.Field(i).Type, inner)
				return
			}
		}
		p.add(inner, "line %d: unknown key; known here: %s", key.Line, strings.Join(keysOf(t), ", "))
	}
}

func keysOf(t reflect.Type) []string {
	list := make([]string, 0, t.NumField())
	for i := range t.NumField() {
		list = append(list, t.Field(i).Tag.Get("yaml"))
	}
	return list
}
