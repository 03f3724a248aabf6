package objects

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// oddKey draws keys as tests and users really break things with: few distinct
// characters, many slashes and dots, some long names, some Unicode.
func oddKey() *rapid.Generator[string] {
	part := rapid.SampledFrom([]string{"/", "//", ".", "..", "-", "!", "a", "b", "0", " ", "\r", "\n", "\x00", "\x01", "\x1f", "\"",
		"#", "%", "%2F", "+", "&", "'", "*", ",", "~", "\x7f", "é", "e\u0301", "日本", "\U0001f600", strings.Repeat("x", 199), strings.Repeat("é", 120)})
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(part, 1, 12).Draw(t, "parts"), "")
	})
}

func TestKeysSurvive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := oddKey().Draw(t, "key")
		stored := encodeKey(key)
		back, err := decodeKey(stored)
		if err != nil || back != key {
			t.Fatalf("%q is stored as %q and comes back as %q, %v", key, stored, back, err)
		}
		for name := range strings.SplitSeq(stored, "/") {
			if name == "" || name == "." || name == ".." || len(name) > 255 {
				t.Fatalf("%q is stored as %q, whose name %q is no file name", key, stored, name)
			}
		}
	})
}

func TestStoredKeysSortAsKeys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := oddKey().Draw(t, "a"), oddKey().Draw(t, "b")
		if got, want := strings.Compare(encodeKey(a), encodeKey(b)), strings.Compare(a, b); got != want {
			t.Fatalf("%q and %q compare as %d, stored (%q, %q) as %d", a, b, want, encodeKey(a), encodeKey(b), got)
		}
	})
}

func TestPrefixesStayPrefixes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := oddKey().Draw(t, "a"), oddKey().Draw(t, "b")
		key := a + rapid.SampledFrom([]string{"", "/", "x"}).Draw(t, "tail")
		if got, want := strings.HasPrefix(encodeKey(key), encodePrefix(a)), true; got != want {
			t.Fatalf("%q is no prefix of %q", encodePrefix(a), encodeKey(key))
		}
		if got, want := strings.HasPrefix(encodeKey(b), encodePrefix(a)), strings.HasPrefix(b, a); got != want {
			t.Fatalf("prefix %q of %q: %v, stored: %v", a, b, want, got)
		}
	})
}

// No stored name may be both a file and a directory, whatever two keys are
// stored: the file system could not hold them both.
func TestNoFileIsADirectory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := encodeKey(oddKey().Draw(t, "a")), encodeKey(oddKey().Draw(t, "b"))
		if strings.HasPrefix(b, a+"/") {
			t.Fatalf("%q is a file and the directory of %q", a, b)
		}
	})
}

// The store looks for a delimiter in stored names and must find it where it is
// in the key.
func TestDelimitersAreFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := oddKey().Draw(t, "key")
		delimiter := rapid.SampledFrom([]string{"/", "-", "_", ".", "!", "a", " ", "\"", ",", "$", "%", "\x01", "é"}).Draw(t, "delimiter")
		before, _, found := strings.Cut(key, delimiter)
		storedBefore, _, storedFound := strings.Cut(encodePrefix(key), encodePrefix(delimiter))
		if found != storedFound {
			t.Fatalf("%q in %q: %v, stored %v", delimiter, key, found, storedFound)
		}
		if back, err := decodeKey(storedBefore); found && (err != nil || back != before) {
			t.Fatalf("before %q in %q stands %q, stored %q, %v", delimiter, key, before, back, err)
		}
	})
}

func TestKeyCodeExamples(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"covers/1.jpg":           "covers-/1-.jpg",
		"a//b":                   "a-/-/b",
		"..":                     "-.-.",
		"/":                      "-/!",
		"a b":                    "a-!$,b",
		"a!":                     "a-!%\"",
		strings.Repeat("x", 201): strings.Repeat("x", 200) + " /x",
	} {
		if got := encodeKey(key); got != want {
			t.Errorf("encodeKey(%q) = %q, want %q", key, got, want)
		}
	}
	for _, stored := range []string{"a.b", "a b", "a-", "-!", "-!~", "-!%#", "!", "a!", "-a", ".", "-0"} {
		if key, err := decodeKey(stored); err == nil {
			t.Errorf("decodeKey(%q) = %q, want an error", stored, key)
		}
	}
	sorted := []string{"d", "d!", "d.x", "d/", "d/e", "d0"}
	if !slices.IsSortedFunc(sorted, func(a, b string) int { return strings.Compare(encodeKey(a), encodeKey(b)) }) {
		t.Errorf("the stored names of %q are not sorted", sorted)
	}
}

func FuzzDecodeKey(f *testing.F) {
	f.Add("covers-/1-.jpg")
	f.Add("-!")
	f.Add("./!")
	f.Fuzz(func(t *testing.T, stored string) {
		key, err := decodeKey(stored)
		if err != nil {
			return
		}
		if back, err := decodeKey(encodeKey(key)); err != nil || back != key {
			t.Errorf("%q decodes to %q, which comes back as %q, %v", stored, key, back, err)
		}
	})
}
