package document_test

import (
	"encoding/json"
	"testing"

	"example.com/landfall/internal/sandbox/arm/document"
	"pgregory.net/rapid"
)

func decode(t testing.TB, s string) map[string]any {
	t.Helper()
	m, err := document.DecodeObject([]byte(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return m
}

func TestPatchAndOverlay(t *testing.T) {
	t.Parallel()
	base := decode(t, `{"a":{"b":1,"c":2},"d":[1]}`)
	change := decode(t, `{"a":{"b":null,"e":3},"d":[2]}`)
	if got := document.Patch(base, change); !document.Equal(got, decode(t, `{"a":{"c":2,"e":3},"d":[2]}`)) {
		t.Errorf("patch: %v", got)
	}
	if got := document.Overlay(base, change); !document.Equal(got, decode(t, `{"a":{"b":null,"c":2,"e":3},"d":[2]}`)) {
		t.Errorf("overlay: %v", got)
	}
	if !document.Equal(base, decode(t, `{"a":{"b":1,"c":2},"d":[1]}`)) {
		t.Error("the input changed")
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	m := decode(t, `{"Properties":{"Name":"x","list":["a",1,"b"],"inner":{"n":7}}}`)
	if document.Text(m, "properties.name") != "x" || document.Text(m, "properties.none.name") != "" {
		t.Error("text")
	}
	if got := document.Strings(document.List(m, "properties.list")); len(got) != 2 || got[1] != "b" {
		t.Errorf("strings %v", got)
	}
	if document.Object(m, "properties.inner")["n"] != int64(7) {
		t.Error("whole numbers are int64")
	}
	set := document.Set(m, "Properties.inner.n", int64(8))
	if document.Get(set, "Properties.inner.n") != int64(8) || document.Get(m, "Properties.inner.n") != int64(7) {
		t.Error("set changes a copy only")
	}
	if got := document.Get(document.Set(nil, "a.b", true), "a.b"); got != true {
		t.Errorf("set makes objects on the way: %v", got)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{`[]`, `{`, `{} {}`, `"x"`} {
		if m, err := document.DecodeObject([]byte(s)); err == nil {
			t.Errorf("%s: %v", s, m)
		}
	}
	if m, err := document.DecodeObject([]byte("  ")); err != nil || len(m) != 0 {
		t.Errorf("nothing is an empty object: %v %v", m, err)
	}
}

func TestNumbersCompareByValue(t *testing.T) {
	t.Parallel()
	if !document.Equal(decode(t, `{"a":1}`), decode(t, `{"a":1.0}`)) || document.Equal(decode(t, `{"a":1}`), decode(t, `{"a":"1"}`)) {
		t.Error("1 and 1.0 are the same number, 1 and \"1\" are not")
	}
}

// A merge patch made of an object's own parts changes nothing, and applying a
// patch twice is applying it once.
func TestPatchIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{`{}`, `{"a":1}`, `{"a":null}`, `{"a":{"b":[1]}}`, `{"a":{"b":null,"c":"x"},"d":2}`, `{"d":{"e":true}}`})
		var base, patch map[string]any
		_ = json.Unmarshal([]byte(text.Draw(t, "base")), &base)
		_ = json.Unmarshal([]byte(text.Draw(t, "patch")), &patch)
		once := document.Patch(base, patch)
		if twice := document.Patch(once, patch); !document.Equal(once, twice) {
			t.Fatalf("once %v, twice %v", once, twice)
		}
		if own := document.Overlay(once, once); !document.Equal(own, once) {
			t.Fatalf("%v over itself is %v", once, own)
		}
	})
}
