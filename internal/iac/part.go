package iac

import (
	"regexp"
	"strings"

	"example.com/landfall/internal/design"
)

// part is a run of a text of a body.
type part struct {
	kind partKind
	// text is the literal, the parameter's name, or the path of an output.
	text string
	// item is a resource of the design; id is its id or one outside the design,
	// version that of the output.
	item        *item
	id, version string
}

type partKind int

const (
	literal partKind = iota
	// parameter stands for the whole text.
	parameter
	// output is a property of a resource that exists only when deployed.
	output
	// resource is the id of a resource.
	resource
	// group and subscription are the ids of the design's own.
	group
	subscription
	// suffix and location are parts of the place that stand in names and texts.
	suffix
	location
	// environment is the name of the environment, in tags that tell it.
	environment
)

var outputForm = regexp.MustCompile(`^\[reference\('([^']+)', '([^']*)'\)\.([A-Za-z0-9_.\[\]']+)\]$`)

// parts reads a text of a body. Only two expressions are known, a parameter
// that the design declares and an output of a resource; every other text is
// what it says, with the ids in it found.
func (s *stack) parts(text string) []part {
	if name, ok := design.ParameterIn(text); ok {
		if _, declared := s.params[name]; declared {
			return []part{{kind: parameter, text: name}}
		}
	}
	if m := outputForm.FindStringSubmatch(text); m != nil {
		return []part{{kind: output, text: m[3], id: m[1], version: m[2], item: s.byID[strings.ToLower(m[1])]}}
	}
	var out []part
	marker := "/subscriptions/" + strings.ToLower(string(s.design.Place.Subscription))
	for text != "" {
		at := strings.Index(lowerASCII(text), marker)
		if at < 0 {
			break
		}
		end := at + idLength(text[at:])
		found, length := s.idPart(text[at:end])
		if length == 0 {
			// A longer subscription id that begins like ours.
			out = append(out, s.words(text[:at+len(marker)])...)
			text = text[at+len(marker):]
			continue
		}
		out = append(out, s.words(text[:at])...)
		out = append(out, found)
		text = text[at+length:]
	}
	return joined(append(out, s.words(text)...))
}

// lowerASCII keeps every byte where it is, which strings.ToLower does not.
func lowerASCII(s string) string {
	out := []byte(s)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return string(out)
}

// idLength is how far an id reaches at most: to the first character that no
// id has.
func idLength(text string) int {
	if at := strings.IndexAny(text, "'\"`<>(){},;\\|\t\r\n "); at >= 0 {
		return at
	}
	return len(text)
}

// idPart reads the id at the start of a text: the longest that is a resource of
// the design, otherwise the longest that is well formed below the place.
func (s *stack) idPart(text string) (part, int) {
	for end := len(text); end > 0; end = strings.LastIndexByte(text[:end], '/') {
		if it := s.byID[strings.ToLower(text[:end])]; it != nil {
			return part{kind: resource, item: it, id: text[:end]}, end
		}
	}
	if _, _, _, ok := splitID(text); ok && s.inPlace(text) {
		return part{kind: resource, id: text}, len(text)
	}
	own := string(s.design.Place.GroupID())
	if len(text) >= len(own) && strings.EqualFold(text[:len(own)], own) && (len(text) == len(own) || text[len(own)] == '/') {
		return part{kind: group, id: text[:len(own)]}, len(own)
	}
	prefix := len("/subscriptions/") + len(s.design.Place.Subscription)
	if len(text) == prefix || text[prefix] == '/' {
		return part{kind: subscription, id: text[:prefix]}, prefix
	}
	return part{}, 0
}

// inPlace reports whether an id stands in the design's group, or in its
// subscription outside any group, directly or on a resource there.
func (s *stack) inPlace(id string) bool {
	scope, _, _, ok := splitID(id)
	for ok {
		var next string
		if next, _, _, ok = splitID(scope); ok {
			scope = next
		}
	}
	return strings.EqualFold(scope, string(s.design.Place.GroupID())) || strings.EqualFold(scope, "/subscriptions/"+string(s.design.Place.Subscription))
}

// words finds suffix and location in a literal.
func (s *stack) words(text string) []part {
	var out []part
	start := 0
	place := s.design.Place
	for i := 0; i < len(text); {
		kind, length := literal, 0
		switch rest := text[i:]; {
		case place.Suffix != "" && strings.HasPrefix(rest, place.Suffix):
			kind, length = suffix, len(place.Suffix)
		case place.Location != "" && strings.HasPrefix(rest, string(place.Location)) && !wordAt(text, i-1) && !wordAt(text, i+len(place.Location)):
			kind, length = location, len(place.Location)
		}
		if length == 0 {
			i++
			continue
		}
		if start < i {
			out = append(out, part{text: text[start:i]})
		}
		out = append(out, part{kind: kind, text: text[i : i+length]})
		i += length
		start = i
	}
	if start < len(text) {
		out = append(out, part{text: text[start:]})
	}
	return out
}

func wordAt(text string, i int) bool {
	return i >= 0 && i < len(text) && (isLetter(text[i]) || isDigit(text[i]))
}

// joined puts literals side by side together.
func joined(parts []part) []part {
	var out []part
	for _, p := range parts {
		if n := len(out); p.kind == literal && n > 0 && out[n-1].kind == literal {
			out[n-1].text += p.text
			continue
		}
		out = append(out, p)
	}
	return out
}

// path cuts an output's path into steps: "a.b[0]['c']" gives a, b, [0], c.
func path(text string) []string {
	var out []string
	for _, step := range strings.FieldsFunc(strings.ReplaceAll(text, "[", ".["), func(r rune) bool { return r == '.' }) {
		if quoted, ok := strings.CutPrefix(step, "['"); ok {
			step = strings.TrimSuffix(quoted, "']")
		}
		out = append(out, step)
	}
	return out
}

// tagParts reads the value of a tag; one that tells the environment is the
// environment's name in every environment.
func (s *stack) tagParts(name, value string) []part {
	if own := s.design.Place.Environment; own != "" && value == own && design.TellsEnvironment(name) {
		return []part{{kind: environment, text: value}}
	}
	return s.parts(value)
}
