package document

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/fault"
)

// yamlBytes bounds a YAML text: its parser needs some forty times its size.
const yamlBytes = 16 << 20

// YAML returns the values of a YAML text of one or more documents, as JSON
// trees. The parser itself refuses documents that grow by aliases.
func (d *Document) YAML() ([]any, error) {
	limits := d.limits
	limits.WholeBytes = min(limits.WholeBytes, yamlBytes)
	content, err := (&Document{Name: d.Name, limits: limits, raw: d.raw, done: d.done}).Whole()
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(content)))
	var values []any
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return values, nil
		}
		if err != nil {
			return values, fault.Of(fault.Invalid, "read YAML", "", trimYAML(err))
		}
		if depth(&node, 0, d.limits.Depth) > d.limits.Depth {
			return values, fault.Newf(fault.Invalid, "values nest deeper than the limit of %d", d.limits.Depth)
		}
		var v any
		if err := node.Decode(&v); err != nil {
			return values, fault.Of(fault.Invalid, "read YAML", "", trimYAML(err))
		}
		values = append(values, jsonTree(v))
	}
}

// trimYAML cuts the list of troubles that the parser reports to the first.
func trimYAML(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	first, _, _ := strings.Cut(text, "\n")
	return errors.New(first)
}

// depth measures the nesting without following aliases, whose target is
// measured where it stands.
func depth(n *yaml.Node, at, limit int) int {
	deepest := at
	for _, child := range n.Content {
		if deepest > limit {
			break
		}
		deepest = max(deepest, depth(child, at+1, limit))
	}
	return deepest
}

// jsonTree turns what YAML has and JSON has not (whole numbers of Go's int,
// times, keys that are no text) into what JSON has.
func jsonTree(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = jsonTree(member)
		}
		return v
	case map[any]any:
		return textKeys(v)
	case []any:
		for i, member := range v {
			v[i] = jsonTree(member)
		}
		return v
	case int:
		return int64(v)
	case uint64:
		return float64(v)
	case nil, bool, string, int64, float64:
		return v
	}
	return text(v)
}

func textKeys(object map[any]any) map[string]any {
	out := make(map[string]any, len(object))
	for key, member := range object {
		out[text(key)] = jsonTree(member)
	}
	return out
}

// text writes a key or a time as people wrote it.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	if t, ok := v.(time.Time); ok {
		return t.UTC().Format(time.RFC3339)
	}
	return fmt.Sprint(v)
}
