package shadow

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Answer is what a side said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// Cut says that the body is longer than what was kept of it.
	Cut bool
}

// Difference is one between two answers. Path is "status", "header NAME",
// "body", or that of a field ("$.items[].price"); Was and Is are kinds of
// values ("string"), and the statuses themselves.
type Difference struct {
	Path string `json:"path"`
	Kind string `json:"kind"`
	Was  string `json:"was"`
	Is   string `json:"is"`
}

// Bounds of one comparison.
const (
	maxDifferences = 100
	maxDepth       = 64
	maxUnpacked    = 8 << 20
)

// Compare returns how b differs from a: in the status, the named headers, and
// the body, as JSON where both are, else byte for byte. Each path stands once.
func Compare(a, b Answer, headers []string) []Difference {
	c := &comparison{seen: map[string]bool{}}
	if a.Status != b.Status {
		c.add("status", "value", strconv.Itoa(a.Status), strconv.Itoa(b.Status))
	}
	for _, name := range headers {
		if was, is := a.Header.Values(name), b.Header.Values(name); !slices.Equal(was, is) {
			c.add("header "+http.CanonicalHeaderKey(name), kindOf(len(was) > 0, len(is) > 0), presence(was), presence(is))
		}
	}
	if !a.Cut && !b.Cut {
		c.bodies(a, b)
	}
	slices.SortFunc(c.all, func(x, y Difference) int { return cmp.Compare(x.Path, y.Path) })
	return c.all
}

// Without returns the differences that natural ones do not explain: those of
// which neither the path nor anything around it differs by nature, nor is to
// be ignored.
func Without(all, natural []Difference, ignore []string) []Difference {
	var out []Difference
	for _, d := range all {
		covered := func(path string) bool { return covers(path, d.Path) }
		byNature := slices.ContainsFunc(natural, func(n Difference) bool { return covered(n.Path) })
		if !byNature && !slices.ContainsFunc(ignore, covered) {
			out = append(out, d)
		}
	}
	return out
}

// covers reports whether path is outer or lies within it.
func covers(outer, path string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

type comparison struct {
	all  []Difference
	seen map[string]bool
}

func (c *comparison) add(path, kind, was, is string) {
	if len(c.all) < maxDifferences && !c.seen[path] {
		c.seen[path] = true
		c.all = append(c.all, Difference{path, kind, was, is})
	}
}

func kindOf(was, is bool) string {
	switch {
	case was && !is:
		return "missing"
	case is && !was:
		return "extra"
	}
	return "value"
}

func presence(values []string) string {
	if len(values) == 0 {
		return "none"
	}
	return "text"
}

func (c *comparison) bodies(a, b Answer) {
	was, errA := unpacked(a)
	is, errB := unpacked(b)
	if errA != nil || errB != nil {
		was, is = a.Body, b.Body
	}
	if bytes.Equal(was, is) {
		return
	}
	if isJSON(a.Header) && isJSON(b.Header) {
		x, okA := decode(was)
		y, okB := decode(is)
		if okA && okB {
			c.values("$", x, y, 0)
			return
		}
	}
	c.add("body", "bytes", "bytes", "bytes")
}

func isJSON(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

// unpacked undoes gzip: two servers pack the same text differently.
func unpacked(a Answer) ([]byte, error) {
	if !strings.EqualFold(a.Header.Get("Content-Encoding"), "gzip") {
		return a.Body, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(a.Body))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(r, maxUnpacked+1))
	if err == nil && len(out) > maxUnpacked {
		err = errors.New("too long when unpacked")
	}
	return out, err
}

func decode(text []byte) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	// What follows the first value is part of the answer too.
	_, err := d.Token()
	return v, errors.Is(err, io.EOF)
}

func (c *comparison) values(path string, a, b any, depth int) {
	if depth > maxDepth || len(c.all) >= maxDifferences {
		return
	}
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			c.objects(path, x, y, depth)
			return
		}
	case []any:
		if y, ok := b.([]any); ok {
			c.lists(path, x, y, depth)
			return
		}
	case json.Number:
		if y, ok := b.(json.Number); ok && sameNumber(x, y) {
			return
		}
	}
	switch was, is := typeOf(a), typeOf(b); {
	case was != is:
		c.add(path, "type", was, is)
	case a != b:
		c.add(path, "value", was, is)
	}
}

// sameNumber takes 1, 1.0 and 1e0 for one number, and tells integers apart
// that float64 does not.
func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	if !strings.ContainsAny(a.String()+b.String(), ".eE") {
		return false
	}
	x, errX := a.Float64()
	y, errY := b.Float64()
	return errX == nil && errY == nil && x == y
}

func (c *comparison) objects(path string, a, b map[string]any, depth int) {
	for _, key := range slices.Sorted(maps.Keys(a)) {
		was, inner := a[key], path+"."+shown(key)
		if is, ok := b[key]; ok {
			c.values(inner, was, is, depth+1)
		} else {
			c.add(inner, "missing", typeOf(was), "none")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[key]; !ok {
			c.add(path+"."+shown(key), "extra", "none", typeOf(b[key]))
		}
	}
}

func (c *comparison) lists(path string, a, b []any, depth int) {
	if len(a) != len(b) {
		c.add(path, "length", "list", "list")
	}
	for i := range min(len(a), len(b)) {
		c.values(path+"[]", a[i], b[i], depth+1)
	}
}

// shown returns the name of a field, "*" for a key that is data itself: an
// address, a number, a token. It bounds how many paths there can be, too.
func shown(key string) string {
	digits := 0
	for _, r := range key {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r == '-', r == '$':
		default:
			return "*"
		}
	}
	if key == "" || len(key) > 40 || digits*2 > len(key) || digits > 4 {
		return "*"
	}
	return key
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case string:
		return "string"
	case []any:
		return "list"
	}
	return "object"
}
