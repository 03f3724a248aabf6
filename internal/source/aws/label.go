package aws

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
)

// about names the elements that a step's call is about: the texts of its input
// that come from them.
func (s *step) about(above []item) string {
	if len(above) == 0 || s.call.input == nil {
		return ""
	}
	in, err := s.call.input(above)
	if err != nil {
		return ""
	}
	input, _ := Tree(in).(map[string]any)
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(input)) {
		for _, v := range opened([]any{input[field]}) {
			if text, ok := v.(string); ok && slices.ContainsFunc(above, func(i item) bool { return i.holds(text) }) {
				parts = append(parts, text)
			}
		}
	}
	return strings.Join(parts, "/")
}

// holds reports whether a text stands in the item, at the top or one below.
func (i item) holds(text string) bool {
	for _, v := range i {
		if v == text {
			return true
		}
		if inner, ok := v.(map[string]any); ok {
			for _, w := range inner {
				if w == text {
					return true
				}
			}
		}
	}
	return false
}

// labelOf names an element by what the APIs usually call it: VolumeId of a
// volume, or else its first field that ends like a name.
func labelOf(kind cloud.Kind, found item) string {
	short := string(kind)[strings.LastIndex(string(kind), ":")+1:]
	ends := []string{"Id", "Name", "Identifier", "Arn", "ARN"}
	for _, end := range ends {
		for _, key := range []string{short + end, end} {
			if text := found.text(key); text != "" {
				return text
			}
		}
	}
	for _, end := range ends {
		for _, key := range slices.Sorted(maps.Keys(found)) {
			if text := found.text(key); text != "" && strings.HasSuffix(key, end) {
				return text
			}
		}
	}
	return ""
}
