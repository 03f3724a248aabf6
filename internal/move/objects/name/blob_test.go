package name_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/name"
)

func mapper(t testing.TB, p name.Policy) *name.Mapper {
	t.Helper()
	m, err := name.New(p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Every shape of key, and what becomes of it in a flat account: the rule that
// it breaks, and its name where keys are renamed.
func TestBlobInAFlatAccount(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 1024)
	deep := strings.Repeat("d/", 254)
	for _, c := range []struct {
		what, key string
		rule      name.RuleID
		renamed   string
	}{
		{"plain", "photos/2024/a.jpg", "", ""},
		{"slash first", "/a", "", ""},
		{"slashes in a row", "a//b///c", "", ""},
		{"folder marker", "a/b/", "", ""},
		{"slash alone", "/", "", ""},
		{"space at the end", "a /b ", "", ""},
		{"plus, percent, question, hash", "a+b%2Fc?d#e&f=g", "", ""},
		{"composed", "caf\u00e9", "", ""},
		{"decomposed", "cafe\u0301", "", ""},
		{"emoji with a tag sequence", "\U0001F3F4\U000E0067\U000E0062\U000E007F", "", ""},
		{"variation selector", "\u845b\U000E0100", "", ""},
		{"U+FFFE and U+FFFF", "a\uFFFE\uFFFF", "", ""},
		{"dots within", "a..b/.c/..d/...e", "", ""},
		{"partition", "year=2024/month=20", "", ""},
		{"tilde", "~user/~x/~xg1/~x4", "", ""},
		{"1,024 bytes", long, "", ""},
		{"1,024 bytes of two-byte letters", strings.Repeat("\u00e9", 512), "", ""},
		{"254 segments", strings.Repeat("d/", 253) + "d", "", ""},
		{"254 folders", deep, "", ""},

		{"one segment more", deep + "e", name.KeySegments, strings.Repeat("d/", 253) + "d~x2Fe"},
		{"dot", ".", name.KeyDots, "~x2E"},
		{"dot dot", "a/../b", name.KeyDots, "a/.~x2E/b"},
		{"dot segment first", "./a", name.KeyDots, "~x2E/a"},
		{"dot at the end", "a/b.", name.KeyDotEnd, "a/b~x2E"},
		{"dot before a slash", "a./b", name.KeyDotEnd, "a~x2E/b"},
		{"dots at the end", "a...", name.KeyDotEnd, "a..~x2E"},
		{"backslash", `a\b`, name.KeyBackslash, "a~x5Cb"},
		{"carriage return", "a\r", name.KeyControl, "a~x0D"},
		{"nul", "a\x00b", name.KeyControl, "a~x00b"},
		{"delete", "a\x7f", name.KeyControl, "a~x7F"},
		{"second control set", "a\u0081", name.KeyControl, "a~xC2~x81"},
		{"private use", "a\uE000", name.KeyPrivate, "a~xEE~x80~x80"},
		{"private plane", "\U0010FFFD", name.KeyPrivate, "~xF4~x8F~xBF~xBD"},
		{"noncharacter", "\uFDD0", name.KeyNoncharacter, "~xEF~xB7~x90"},
		{"noncharacter of a plane", "\U0001FFFE", name.KeyNoncharacter, "~xF0~x9F~xBF~xBE"},
		{"replacement character", "a\uFFFD", name.KeySpecial, "a~xEF~xBF~xBD"},
		{"invalid UTF-8", "a\xffb", name.KeyUTF8, "a~xFFb"},
		{"half a character", "a\xe2\x82", name.KeyUTF8, "a~xE2~x82"},
		{"surrogate", "\xed\xa0\x80", name.KeyUTF8, "~xED~xA0~x80"},
	} {
		plain, refused := mapper(t, name.Policy{}).Blob(c.key, 1)
		if c.rule == "" {
			if refused != nil || plain.Name != c.key || plain.Renamed || plain.Folder {
				t.Errorf("%s: %q gives %+v, %v; want its own name", c.what, c.key, plain, refused)
			}
		} else if refused == nil || refused.Rule != c.rule || refused.Name != c.key || refused.Fatal || refused.Detail == "" {
			t.Errorf("%s: %q gives %+v, %+v; want rule %s", c.what, c.key, plain, refused, c.rule)
		}
		want := c.renamed
		if c.rule == "" {
			want = c.key
		}
		got, refused := mapper(t, name.Policy{Keys: name.Rename}).Blob(c.key, 1)
		if refused != nil || got.Name != want || got.Renamed != (c.rule != "") || got.Rule != c.rule {
			t.Errorf("%s: renaming %q gives %+v, %v; want %q", c.what, c.key, got, refused, want)
		}
		if name.Unescape(got.Name) != c.key {
			t.Errorf("%s: %q does not lead back to %q", c.what, got.Name, c.key)
		}
	}
}

func TestBlobInAHierarchicalAccount(t *testing.T) {
	t.Parallel()
	p := name.Policy{Keys: name.Rename, Account: name.Account{Hierarchical: true}}
	for _, c := range []struct {
		key    string
		size   int64
		want   string
		rule   name.RuleID
		folder bool
	}{
		{"a/b", 1, "a/b", "", false},
		{"a/b/", 0, "a/b/", "", true},
		{"a/b/", 3, "a/b~x2F", name.KeyFolder, false},
		{"/a", 1, "~x2Fa", name.KeyEmptySegment, false},
		{"a//b", 1, "a/~x2Fb", name.KeyEmptySegment, false},
		{"a//", 0, "a/~x2F", name.KeyEmptySegment, false},
		{"//", 0, "~x2F/", name.KeyEmptySegment, true},
		{"a./", 0, "a~x2E/", name.KeyDotEnd, true},
		{strings.Repeat("d/", 60) + "d", 1, strings.Repeat("d/", 60) + "d", "", false},
		{strings.Repeat("d/", 61) + "d", 1, strings.Repeat("d/", 60) + "d~x2Fd", name.KeySegments, false},
	} {
		got, refused := mapper(t, p).Blob(c.key, c.size)
		if refused != nil || got.Name != c.want || got.Rule != c.rule || got.Folder != c.folder {
			t.Errorf("%q of %d bytes gives %+v, %v; want %q, %q, folder %v", c.key, c.size, got, refused, c.want, c.rule, c.folder)
		}
		strictly := p
		strictly.Keys = name.Fail
		_, refused = mapper(t, strictly).Blob(c.key, c.size)
		if (refused != nil) != (c.rule != "") || refused != nil && (refused.Rule != c.rule || !refused.Fatal) {
			t.Errorf("%q under fail gives %+v, want %q", c.key, refused, c.rule)
		}
	}
}

func TestPrefixes(t *testing.T) {
	t.Parallel()
	m := mapper(t, name.Policy{SourcePrefix: "in/", TargetPrefix: "out/x-"})
	got, refused := m.Blob("in/a", 1)
	if refused != nil || got.Name != "out/x-a" || got.Renamed {
		t.Errorf("got %+v, %v", got, refused)
	}
	if key, ok := m.Key("out/x-a"); !ok || key != "in/a" {
		t.Errorf("the way back gives %q, %v", key, ok)
	}
	if _, ok := m.Key("elsewhere"); ok {
		t.Error("a blob outside of the prefix has a key")
	}
	for key, want := range map[string]name.RuleID{"in/": name.KeyEmpty, "other": name.KeyOutside, "in/" + strings.Repeat("a", 1019): name.KeyLong} {
		if _, refused := m.Blob(key, 0); refused == nil || refused.Rule != want {
			t.Errorf("%.10q gives %+v, want %s", key, refused, want)
		}
	}
	for _, p := range []name.Policy{{TargetPrefix: "a./"}, {TargetPrefix: "../"}, {TargetPrefix: "a\r"}, {TargetPrefix: "~x41", Keys: name.Rename}, {Keys: "maybe"},
		{TargetPrefix: "/", Account: name.Account{Hierarchical: true}}} {
		if _, err := name.New(p); fault.KindOf(err) != fault.Usage {
			t.Errorf("%+v gives %v, want a usage error", p, err)
		}
	}
}

// A name that would be too long once renamed is refused, not cut.
func TestRenamedNamesAreNeverCut(t *testing.T) {
	t.Parallel()
	_, refused := mapper(t, name.Policy{Keys: name.Rename}).Blob(strings.Repeat("\x01", 300), 1)
	if refused == nil || refused.Rule != name.KeyLong {
		t.Fatalf("got %+v", refused)
	}
	if err := refused.Err(); !fault.Is(err, fault.Refused) || strings.ContainsAny(err.Error(), "\x01\n") {
		t.Errorf("the error is %v", err)
	}
}

// keys draws what breaks things: pieces of escapes, dots, slashes, bytes.
func keys() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{".", "..", "/", "//", "~", "~x", "~x2", "~x2E", "~x7E", "x", "2", "E", "e", "\\", "\r", " ", "\x00", "\x7f", "\u0085", "\uE000", "\uFDD0", "\uFFFD", "\uFFFE", "\uFFFF", "\U000F0000", "\xff", "\xe2\x82", "\u00e9", "e\u0301", "\U0001F600", "a", "landfall"}),
		rapid.String(), rapid.StringN(0, 3, 8), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 6), func(b []byte) string { return string(b) }),
	)
	return rapid.Map(rapid.SliceOfN(piece, 1, 12), func(parts []string) string { return strings.Join(parts, "") })
}

// Whatever the key, its name leads back to it, so that no two keys have one
// name; and no name that comes out is one that Validate refuses.
func TestNamesAreInjectiveAndValid(t *testing.T) {
	t.Parallel()
	for _, account := range []name.Account{{}, {Hierarchical: true}} {
		for _, prefix := range []string{"", "p/", "p~x4"} {
			m := mapper(t, name.Policy{Keys: name.Rename, TargetPrefix: prefix, Account: account})
			rapid.Check(t, func(t *rapid.T) {
				key, size := keys().Draw(t, "key"), rapid.Int64Range(0, 1).Draw(t, "size")
				got, refused := m.Blob(key, size)
				if refused != nil {
					if refused.Rule != name.KeyLong && refused.Rule != name.KeyEmpty {
						t.Fatalf("%q is refused by %s, although keys are renamed", key, refused.Rule)
					}
					return
				}
				if back, ok := m.Key(got.Name); !ok || back != key {
					t.Fatalf("%q becomes %q, which leads back to %q", key, got.Name, back)
				}
				if r := name.Validate(got.Name, account); r != nil {
					t.Fatalf("%q becomes %q, which breaks %s", key, got.Name, r.Rule)
				}
				if !utf8.ValidString(got.Name) || got.Renamed != (got.Name != prefix+key) || got.Renamed != name.Escaped(got.Name) {
					t.Fatalf("%q becomes %+v", key, got)
				}
			})
		}
	}
}

// Two keys that have the same name are the same key, said once more by brute
// force over all short keys of the letters that matter.
func TestShortKeysDoNotCollide(t *testing.T) {
	t.Parallel()
	m := mapper(t, name.Policy{Keys: name.Rename, Account: name.Account{Hierarchical: true}})
	seen := map[string]string{}
	var try func(key string)
	try = func(key string) {
		if key != "" {
			got, refused := m.Blob(key, 1)
			if refused != nil {
				t.Fatalf("%q is refused: %s", key, refused.Rule)
			}
			if other, twice := seen[got.Name]; twice {
				t.Fatalf("%q and %q are both %q", key, other, got.Name)
			}
			seen[got.Name] = key
		}
		if len(key) == 6 {
			return
		}
		for _, c := range []string{"~", "x", "2", "E", "F", ".", "/"} {
			try(key + c)
		}
	}
	try("")
}

func TestNesting(t *testing.T) {
	t.Parallel()
	var n name.Nesting
	for _, step := range []struct{ key, object string }{
		{"a", ""}, {"a", ""}, {"a!", ""}, {"a-b", ""}, {"a/", "a"}, {"a/b", "a"}, {"a/b/c", "a"}, {"a0", ""},
		{"b/", ""}, {"b/c", ""}, {"b/c/d", "b/c"}, {"b/cc", ""}, {"b/cc/d/e", "b/cc"}, {"c", ""},
	} {
		object, below := n.Add(step.key)
		if object != step.object || below != (step.object != "") {
			t.Errorf("%q lies below %q, %v; want %q", step.key, object, below, step.object)
		}
	}
	r := mapper(t, name.Policy{Keys: name.Rename}).Refusal("a/b", "a")
	if r.Rule != name.KeyBelow || !strings.HasSuffix(r.Detail, ": a") {
		t.Errorf("the refusal is %+v", r)
	}
}

func BenchmarkBlob(b *testing.B) {
	m := mapper(b, name.Policy{Keys: name.Rename})
	for b.Loop() {
		if _, refused := m.Blob("logs/year=2024/month=11/day=23/part-00017-4d2b.snappy.parquet", 4096); refused != nil {
			b.Fatal(refused)
		}
	}
}
