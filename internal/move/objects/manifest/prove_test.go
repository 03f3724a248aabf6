package manifest_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
)

// keyring signs and verifies with one key.
type keyring struct{ private ed25519.PrivateKey }

func newKeyring(seed byte) keyring {
	return keyring{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

func (k keyring) Sign(_ context.Context, statement string) (manifest.Signature, error) {
	return manifest.Signature{By: "kim", Key: "SHA256:x", Format: "test", Value: base64.StdEncoding.EncodeToString(ed25519.Sign(k.private, []byte(statement)))}, nil
}

func (k keyring) Verify(statement string, s manifest.Signature) error {
	value, err := base64.StdEncoding.DecodeString(s.Value)
	if err != nil || !ed25519.Verify(k.private.Public().(ed25519.PublicKey), []byte(statement), value) {
		return fault.Newf(fault.Denied, "verify: it is not of this key")
	}
	return nil
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	content, summary := file(t, part(t, "a", lines(5)))
	b := bytes.NewBuffer(content)
	kim := newKeyring(1)
	if err := summary.Verify(kim); !fault.Is(err, fault.Denied) {
		t.Errorf("unsigned it is verified: %v", err)
	}
	for range 2 {
		if _, err := manifest.Sign(context.Background(), b, summary, kim); err != nil {
			t.Fatal(err)
		}
	}
	_, read, err := readAll(b.Bytes())
	if err != nil || len(read.Signatures) != 2 || read.Digest != summary.Digest {
		t.Fatalf("%+v, %v", read, err)
	}
	if err := read.Verify(kim); err != nil {
		t.Error(err)
	}
	if err := read.Verify(newKeyring(2)); !fault.Is(err, fault.Denied) {
		t.Errorf("another key verifies it: %v", err)
	}
	// The signature of another manifest is none of this one.
	other, otherSummary := file(t, part(t, "a", lines(6)))
	signed := bytes.NewBuffer(other)
	if _, err := manifest.Sign(context.Background(), signed, summary, kim); err != nil {
		t.Fatal(err)
	}
	if _, read, err = readAll(signed.Bytes()); err != nil || read.Digest != otherSummary.Digest {
		t.Fatal(err)
	}
	if err := read.Verify(kim); !fault.Is(err, fault.Denied) {
		t.Errorf("the signature of another manifest is verified: %v", err)
	}
	want := "Landfall object manifest\nsource: s3://shop/in/\ntarget: az://shop/in\nsha256: " + summary.Digest + "\n"
	if summary.Statement() != want {
		t.Errorf("the statement is %q", summary.Statement())
	}
}

// Each line of manifests of many shapes can be proved, and nothing else can.
func TestEveryLineCanBeProved(t *testing.T) {
	t.Parallel()
	for _, sizes := range [][]int{{1}, {2, 1}, {3, 0, 5}, {7, 8, 9, 1, 2}} {
		total := 0
		for _, n := range sizes {
			total += n
		}
		rest := lines(total)
		all := slices.Clone(rest)
		var parts []manifest.Part
		for i, n := range sizes {
			parts = append(parts, part(t, string(rune('a'+i)), rest[:n]))
			rest = rest[n:]
		}
		b, summary := file(t, parts...)
		for _, l := range all {
			proof, err := manifest.Prove(bytes.NewReader(b), l.Key, "")
			if err != nil {
				t.Fatal(err)
			}
			got, s, err := proof.Check()
			if err != nil || !reflect.DeepEqual(got, l) || s.Digest != summary.Digest {
				t.Fatalf("%v: %q: %+v, %v", sizes, l.Key, got, err)
			}
		}
		for _, missing := range [][2]string{{"none", ""}, {all[0].Key, "none"}} {
			if _, err := manifest.Prove(bytes.NewReader(b), missing[0], missing[1]); !fault.Is(err, fault.NotFound) {
				t.Errorf("%v gives %v", missing, err)
			}
		}
	}
}

func TestAChangedProofProvesNothing(t *testing.T) {
	t.Parallel()
	all := lines(9)
	b, summary := file(t, part(t, "a", all[:5]), part(t, "b", all[5:]))
	proof, err := manifest.Prove(bytes.NewReader(b), all[2].Key, "")
	if err != nil {
		t.Fatal(err)
	}
	other, err := manifest.Prove(bytes.NewReader(b), all[7].Key, "")
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*manifest.Proof){
		"line":          func(p *manifest.Proof) { p.Line = other.Line },
		"size":          func(p *manifest.Proof) { p.Line = strings.Replace(p.Line, `"size":2000`, `"size":2001`, 1) },
		"spelling":      func(p *manifest.Proof) { p.Line += " " },
		"segment":       func(p *manifest.Proof) { p.Segment = other.Segment },
		"end":           func(p *manifest.Proof) { p.End = strings.Replace(p.End, `"segments":2`, `"segments":3`, 1) + " " },
		"head":          func(p *manifest.Proof) { p.Head = "{}" },
		"step":          func(p *manifest.Proof) { p.Lines[0].Left = !p.Lines[0].Left },
		"no steps":      func(p *manifest.Proof) { p.Lines = nil },
		"broken step":   func(p *manifest.Proof) { p.Segments[0].Hash = "x" },
		"another path":  func(p *manifest.Proof) { p.Segments = other.Segments },
		"segment as it": func(p *manifest.Proof) { p.Line, p.Lines = p.Segment, p.Segments },
	} {
		changed := proof
		changed.Lines, changed.Segments = slices.Clone(proof.Lines), slices.Clone(proof.Segments)
		change(&changed)
		if _, _, err := changed.Check(); !fault.Is(err, fault.Invalid) {
			t.Errorf("another %s: %v", what, err)
		}
	}
	// Another head or end is seen by the digest alone.
	changed := proof
	changed.Head = strings.Replace(proof.Head, "az://shop", "az://fake", 1)
	if _, s, err := changed.Check(); err != nil || s.Digest == summary.Digest {
		t.Errorf("another head has the same digest, %v", err)
	}
}

func compare(t testing.TB, before, after []byte) ([]manifest.Difference, int64, error) {
	t.Helper()
	open := func(b []byte) *manifest.Reader {
		r, err := manifest.Open(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Close)
		return r
	}
	var out []manifest.Difference
	both, err := manifest.Compare(context.Background(), open(before), open(after), func(d manifest.Difference) error {
		out = append(out, d)
		return nil
	})
	return out, both, err
}

func TestCompare(t *testing.T) {
	t.Parallel()
	base := func(key string) manifest.Line {
		return manifest.Line{Key: key, ETag: "e", Size: 3, Result: manifest.Same, Proof: move.Bound, Sums: object.Sums{Known: object.CRC64, CRC64: 1}}
	}
	with := func(l manifest.Line, change func(*manifest.Line)) manifest.Line { change(&l); return l }
	old := []manifest.Line{base("a"), base("b"), base("c"), base("d"), base("e"), base("f"), base("g"), base("h"),
		with(base("v"), func(l *manifest.Line) { l.Version = "1" }), with(base("v"), func(l *manifest.Line) { l.Version = "2" })}
	now := []manifest.Line{base("a"),
		with(base("b"), func(l *manifest.Line) { l.Sums.CRC64 = 2 }),
		with(base("c"), func(l *manifest.Line) { l.Size = 4 }),
		with(base("d"), func(l *manifest.Line) { l.Name = "d~x2E" }),
		with(base("e"), func(l *manifest.Line) { l.Result = manifest.Failed }),
		with(base("f"), func(l *manifest.Line) { l.Proof = move.Recorded }),
		with(base("g"), func(l *manifest.Line) { l.ETag, l.Sums = "x", object.Sums{} }),
		with(base("v"), func(l *manifest.Line) { l.Version = "2" }), with(base("v"), func(l *manifest.Line) { l.Version = "3" }),
		base("z")}
	before, _ := file(t, part(t, "a", old[:4]), part(t, "b", old[4:]))
	after, _ := file(t, part(t, "a", now))
	got, both, err := compare(t, before, after)
	if err != nil || both != 8 {
		t.Fatalf("%d in both, %v", both, err)
	}
	var seen []string
	for _, d := range got {
		seen = append(seen, string(d.Change)+" "+d.Before.Key+d.After.Key+d.Before.Version+d.After.Version+": "+d.Reason)
	}
	want := []string{
		"content bb: crc64 0000000000000001 at the source, 0000000000000002 at the target",
		"content cc: 3 bytes at the source, 4 at the target",
		`renamed dd: name "", then "d~x2E"`, "outcome ee: same, then failed", `weaker ff: proof "bound", then "recorded"`,
		`rewritten gg: etag "e", then "x"`, "removed h: ", "removed v1: ", "added v3: ", "added z: ",
	}
	if !slices.Equal(seen, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(seen, "\n"), strings.Join(want, "\n"))
	}
	if got, both, err := compare(t, before, before); len(got) != 0 || both != 10 || err != nil {
		t.Errorf("against itself: %v, %d, %v", got, both, err)
	}
	stop := errors.New("stop")
	r1, _ := manifest.Open(bytes.NewReader(before))
	r2, _ := manifest.Open(bytes.NewReader(after))
	defer r1.Close()
	defer r2.Close()
	if _, err := manifest.Compare(context.Background(), r1, r2, func(manifest.Difference) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of the report gives %v", err)
	}
	reversed := slices.Clone(old)
	slices.Reverse(reversed)
	disorder, _ := file(t, part(t, "a", reversed))
	if _, _, err := compare(t, disorder, after); !fault.Is(err, fault.Unsupported) {
		t.Errorf("disorder gives %v", err)
	}
	if _, _, err := compare(t, before[:len(before)-20], after); !fault.Is(err, fault.Invalid) {
		t.Errorf("a cut file gives %v", err)
	}
}

// Against a model: what two sets of keys do not share is reported, once each.
func TestCompareAgainstAModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(name string) (map[string]uint64, []byte) {
			m := rapid.MapOfN(rapid.StringMatching(`[a-d]{0,3}`), rapid.Uint64Range(0, 1), 0, 20).Draw(rt, name)
			var all []manifest.Line
			for key, crc := range m {
				all = append(all, manifest.Line{Key: key, Size: 1, Result: manifest.Same, Sums: object.Sums{Known: object.CRC64, CRC64: crc}})
			}
			slices.SortFunc(all, func(a, b manifest.Line) int { return strings.Compare(a.Key, b.Key) })
			cut := rapid.IntRange(0, len(all)).Draw(rt, "cut")
			b, _ := file(t, part(t, "1", all[:cut]), part(t, "2", all[cut:]))
			return m, b
		}
		before, a := draw("before")
		after, b := draw("after")
		got, both, err := compare(t, a, b)
		if err != nil {
			rt.Fatal(err)
		}
		seen := map[string]manifest.Change{}
		for _, d := range got {
			seen[d.Before.Key+"|"+d.After.Key] = d.Change
		}
		want, shared := map[string]manifest.Change{}, int64(0)
		for key, crc := range before {
			other, ok := after[key]
			switch {
			case !ok:
				want[key+"|"] = manifest.Removed
			case other != crc:
				want[key+"|"+key] = manifest.Content
			}
			if ok {
				shared++
			}
		}
		for key := range after {
			if _, ok := before[key]; !ok {
				want["|"+key] = manifest.Added
			}
		}
		if !reflect.DeepEqual(seen, want) || len(got) != len(want) || both != shared {
			rt.Fatalf("got %v, %d; want %v, %d", seen, both, want, shared)
		}
	})
}
