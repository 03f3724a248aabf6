package template

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"example.com/landfall/internal/fault"
)

// The bounds. CloudFormation itself takes 1 MB of text (its quotas page);
// templates before packaging are larger, but not by this much.
const (
	maxBytes = 16 << 20
	maxDepth = 200
	maxNodes = 2_000_000
)

// Place is a position in the text, counted from 1. Zero is unknown.
type Place struct{ Line, Column int }

func (p Place) String() string {
	if p.Line == 0 {
		return "unknown place"
	}
	return fmt.Sprintf("line %d, column %d", p.Line, p.Column)
}

// Problem is a part of the template that was not understood or not taken.
type Problem struct {
	// Path is the part as "Resources/Web/Properties/Tags"; "" is the whole.
	Path   string
	Place  Place
	Reason string
}

// Template is the tree of one text.
type Template struct {
	Body map[string]any
	// Places holds where entries of the first levels stand, by path.
	Places   map[string]Place
	Problems []Problem
}

// At returns the place of a path, or of the nearest entry above it.
func (t *Template) At(path string) Place {
	for {
		if p, ok := t.Places[path]; ok {
			return p
		}
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			return Place{}
		}
		path = path[:i]
	}
}

// syntax is an error with its place.
type syntax struct {
	place  Place
	reason string
}

func (s *syntax) Error() string { return s.place.String() + ": " + s.reason }

// Parse reads a text. The error says that it is no template: it cannot be
// parsed, is too large, or has no mapping at its top.
func Parse(data []byte) (t *Template, err error) {
	// The YAML library is other people's code and the text comes from
	// anywhere: a panic in there must cost this file alone.
	defer func() {
		if p := recover(); p != nil {
			t, err = nil, fault.Newf(fault.Invalid, "parse: the parser gave up: %v (%d bytes of stack)", p, len(debug.Stack()))
		}
	}()
	if len(data) > maxBytes {
		return nil, fault.Newf(fault.Invalid, "parse: %d bytes, the bound is %d", len(data), maxBytes)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, fault.Newf(fault.Invalid, "parse: the text is empty")
	}
	if looksLikeJSON(data) {
		t, err = parseAsJSON(data)
	} else {
		t, err = parseYAML(data)
	}
	if at, ok := errors.AsType[*syntax](err); ok {
		return nil, fault.Newf(fault.Invalid, "parse: %s", at.Error())
	}
	return t, err
}

func looksLikeJSON(data []byte) bool {
	first := bytes.TrimSpace(stripComments(data, true))
	return len(first) > 0 && (first[0] == '{' || first[0] == '[')
}

// parseAsJSON takes strict JSON, then JSON with comments and trailing commas
// (which are harmless and people's editors allow), then YAML's flow form.
func parseAsJSON(data []byte) (*Template, error) {
	t, err := parseJSON(data)
	if err == nil {
		return t, nil
	}
	if tolerant, again := parseJSON(stripComments(data, false)); again == nil {
		return tolerant, nil
	}
	if flow, again := parseYAML(data); again == nil {
		return flow, nil
	}
	return nil, err
}

// builder is what both forms share.
type builder struct {
	places   map[string]Place
	problems []Problem
	nodes    int
}

func newBuilder() *builder { return &builder{places: map[string]Place{}} }

func (b *builder) problem(path string, place Place, format string, args ...any) {
	const most = 200
	if len(b.problems) < most {
		b.problems = append(b.problems, Problem{path, place, fmt.Sprintf(format, args...)})
	}
}

// enter counts a value and checks the bounds.
func (b *builder) enter(depth int, at Place) error {
	b.nodes++
	switch {
	case depth > maxDepth:
		return &syntax{at, fmt.Sprintf("nested deeper than %d levels", maxDepth)}
	case b.nodes > maxNodes:
		return &syntax{at, fmt.Sprintf("more than %d values, aliases counted each time they are used", maxNodes)}
	}
	return nil
}

// remember keeps the place of the first levels; deeper ones would cost more
// than a message about them is worth.
func (b *builder) remember(path string, depth int, at Place) {
	const levels = 4
	if depth <= levels {
		b.places[path] = at
	}
}

// repeated says that a key stands twice. CloudFormation takes the last one.
func (b *builder) repeated(path string, at Place) {
	b.problem(path, at, "the key %q stands here a second time; the last one is read, as CloudFormation does", lastPart(path))
}

func (b *builder) finish(root any, at Place) (*Template, error) {
	body, ok := root.(map[string]any)
	if !ok {
		return nil, &syntax{at, "the top of a template is a mapping, this is " + describe(root)}
	}
	return &Template{Body: body, Places: b.places, Problems: b.problems}, nil
}

func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case []any:
		return "a list"
	case map[string]any:
		return "a mapping"
	case string:
		const most = 40
		if len(v) > most {
			v = v[:most] + "…"
		}
		return fmt.Sprintf("the text %q", v)
	default:
		return fmt.Sprintf("%v", v)
	}
}

// join makes a path of a path and a key.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "/" + key
}

func lastPart(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
