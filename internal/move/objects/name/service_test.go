package name_test

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"example.com/landfall/internal/move/objects/name"
)

// stored is what the service makes of a name, by all that is reported of it: it
// turns backslashes round, drops dots at the ends of segments and resolves what
// a URL resolves. "" is a name that it refuses.
func stored(blob string) string {
	for _, r := range blob {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0xe000 && r < 0xf900 || r == '\uFFFD' {
			return ""
		}
	}
	if len(utf16.Encode([]rune(blob))) > 1024 || strings.Count(strings.TrimSuffix(blob, "/"), "/") > 253 {
		return ""
	}
	segments := strings.Split(strings.ReplaceAll(blob, `\`, "/"), "/")
	var out []string
	for _, s := range segments {
		switch s {
		case ".":
			continue
		case "..":
			out = out[:max(0, len(out)-1)]
			continue
		}
		out = append(out, strings.TrimRight(s, "."))
	}
	return strings.Join(out, "/")
}

// Whatever the key, the service keeps the name as it was sent: nothing of it is
// dropped or turned into something else on the way.
func TestTheServiceKeepsWhatItIsSent(t *testing.T) {
	t.Parallel()
	for _, mode := range []name.Mode{name.Exclude, name.Rename} {
		m := mapper(t, name.Policy{Keys: mode})
		rapid.Check(t, func(t *rapid.T) {
			key := keys().Draw(t, "key")
			got, refused := m.Blob(key, 1)
			if refused != nil {
				return
			}
			if kept := stored(got.Name); kept != got.Name {
				t.Fatalf("%q is sent as %q and kept as %q", key, got.Name, kept)
			}
		})
	}
	for bad, want := range map[string]string{"a.": "a", "a/../b": "b", `a\b`: "a/b", "a\r": "", "a/./b": "a/b"} {
		if got := stored(bad); got != want {
			t.Errorf("the service would keep %q as %q, not %q", bad, got, want)
		}
	}
}

// What is sent in a URL comes out of it again, also behind a proxy that cleans
// the path as path.Clean does, but for slashes.
func TestNamesSurviveURLs(t *testing.T) {
	t.Parallel()
	m := mapper(t, name.Policy{Keys: name.Rename})
	rapid.Check(t, func(t *rapid.T) {
		got, refused := m.Blob(keys().Draw(t, "key"), 1)
		if refused != nil {
			return
		}
		parts := strings.Split(got.Name, "/")
		for i, part := range parts {
			if part != "" && path.Clean(part) != part {
				t.Fatalf("%q has the segment %q", got.Name, part)
			}
			parts[i] = url.PathEscape(part)
		}
		u, err := url.Parse("https://account.blob.core.windows.net/container/" + strings.Join(parts, "/"))
		if err != nil {
			t.Fatal(err)
		}
		if back := strings.TrimPrefix(u.Path, "/container/"); back != got.Name || u.RawQuery != "" || u.Fragment != "" {
			t.Fatalf("%q comes out of its URL as %q", got.Name, back)
		}
	})
}

// A key that keeps its name costs no memory: there are a hundred million. Not in
// parallel, because what others allocate would count.
func TestPlainKeysCostNothing(t *testing.T) {
	m := mapper(t, name.Policy{Keys: name.Rename})
	if allocs := testing.AllocsPerRun(100, func() {
		if _, refused := m.Blob("logs/2024/\u00fcber/part 1.parquet", 1); refused != nil {
			t.Error(refused)
		}
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// Containers are valid, no two buckets share one, and each bucket is either
// kept or refused.
func TestContainersOfAnyBuckets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		buckets := rapid.SliceOfN(rapid.OneOf(rapid.StringMatching(`[ab.\-]{3,5}`), rapid.StringMatching(`[a-zA-Z0-9._\-]{1,70}`), rapid.StringN(0, 8, 20)), 0, 12).Draw(t, "buckets")
		kept, refused := name.Containers(buckets, name.Rename)
		owners := map[string]string{}
		var all []string
		for _, c := range kept {
			if r := name.ValidateContainer(c.Name); r != nil {
				t.Fatalf("%q becomes %q, which breaks %s", c.Bucket, c.Name, r.Rule)
			}
			if other, twice := owners[c.Name]; twice {
				t.Fatalf("%q and %q share %q", other, c.Bucket, c.Name)
			}
			owners[c.Name] = c.Bucket
			all = append(all, c.Bucket)
		}
		for _, r := range refused {
			all = append(all, r.Name)
		}
		slices.Sort(all)
		want := slices.Clone(buckets)
		slices.Sort(want)
		if want = slices.Compact(want); !slices.Equal(all, want) {
			t.Fatalf("of %q there are %q", want, all)
		}
	})
}

// Tags lead back, and what is written is what the service takes.
func TestTagsAreInjective(t *testing.T) {
	t.Parallel()
	m := mapper(t, name.Policy{Tags: name.Rename})
	text := rapid.OneOf(rapid.StringMatching(`[_x0-9A-F@\x{e9} ]{0,10}`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		source := rapid.MapOfN(text, text, 0, 10).Draw(t, "tags")
		got, losses, refused := m.Tags(source)
		if refused != nil {
			t.Fatal(refused)
		}
		left := 0
		for _, l := range losses {
			if l.Target == "" {
				left++
			}
		}
		if len(got)+left != len(source) {
			t.Fatalf("%q becomes %q, %d left off", source, got, left)
		}
		for target, value := range got {
			if source[name.Tag(target)] != name.Tag(value) {
				t.Fatalf("%q of %q lead back to %q of %q", target, value, name.Tag(target), name.Tag(value))
			}
			for _, s := range []string{target, value} {
				if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 +-./:=_") != "" {
					t.Fatalf("%q is no tag", s)
				}
			}
		}
	})
}

// FuzzBlob: the way there and back over any bytes.
func FuzzBlob(f *testing.F) {
	for _, seed := range []string{"a/b.", "~x41", "\xff/..", "a//", `\`, "\uE000\uFFFD"} {
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, key string, hierarchical bool) {
		account := name.Account{Hierarchical: hierarchical}
		m, err := name.New(name.Policy{Keys: name.Rename, Account: account})
		if err != nil {
			t.Fatal(err)
		}
		got, refused := m.Blob(key, 1)
		if refused != nil {
			if refused.Rule != name.KeyLong && refused.Rule != name.KeyEmpty {
				t.Fatalf("%q is refused by %s", key, refused.Rule)
			}
			return
		}
		if back, ok := m.Key(got.Name); !ok || back != key || name.Validate(got.Name, account) != nil {
			t.Fatalf("%q becomes %q, which leads back to %q", key, got.Name, back)
		}
	})
}
