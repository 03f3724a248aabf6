package objects_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit/objectworld"
)

func small(w *objectworld.World, n int) {
	for i := range n {
		w.Add(fmt.Sprintf("k%02d", i), body(i, i*23))
	}
}

// Each damage, and what each level must say of it. What a level cannot see it
// must not call proved by more than the mark.
func TestDamageIsFoundAtTheLevelThatCanSeeIt(t *testing.T) {
	t.Parallel()
	type verdict struct {
		result manifest.Result
		proof  move.Proof
	}
	silent := verdict{manifest.Same, move.Recorded}
	flip := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	for _, c := range []struct {
		name                string
		key                 string
		damage              func(w *objectworld.World, key string)
		listing, head, full verdict
	}{
		{"missing", "k05", func(w *objectworld.World, k string) { w.Erase(k) }, verdict{result: manifest.Missing}, verdict{result: manifest.Missing}, verdict{result: manifest.Missing}},
		{"truncated", "k05", func(w *objectworld.World, k string) { w.Damage(k, func(b []byte) []byte { return b[:len(b)-1] }) },
			verdict{result: manifest.Different}, verdict{result: manifest.Different}, verdict{result: manifest.Different}},
		{"flipped beneath the service", "k05", func(w *objectworld.World, k string) { w.Damage(k, flip) }, silent, silent, verdict{result: manifest.Different}},
		{"flipped in a large one", "k20", func(w *objectworld.World, k string) { w.Damage(k, flip) }, silent, silent, verdict{result: manifest.Different}},
		{"written by somebody else", "k05", func(w *objectworld.World, k string) { w.Overwrite(k, flip(body(5, 5*23))) },
			verdict{result: manifest.Different}, verdict{result: manifest.Different}, verdict{result: manifest.Different}},
		{"written again at the source", "k05", func(w *objectworld.World, k string) { w.Add(k, flip(body(5, 5*23))) },
			verdict{result: manifest.Different}, verdict{result: manifest.Different}, verdict{result: manifest.Different}},
	} {
		for level, want := range map[objects.Level]verdict{objects.LevelListing: c.listing, objects.LevelHead: c.head, objects.LevelFull: c.full} {
			w := &objectworld.World{PageSize: 7}
			small(w, 25)
			copyAll(t, w, settings())
			c.damage(w, c.key)
			got, r := verifyAll(t, w, settings(), level)
			line := got[c.key]
			if line.Result != want.result || line.Proof != want.proof {
				t.Errorf("%s, %s: %+v", c.name, level, line)
			}
			if bad := want.result != manifest.Same; fault.Is(r.Err(), fault.Found) != bad || bad && line.Reason == "" {
				t.Errorf("%s, %s: %v, reason %q", c.name, level, r.Err(), line.Reason)
			}
			for key, line := range got {
				if key != c.key && (line.Result != manifest.Same || line.Proof == move.Unproved || level == objects.LevelFull && line.Proof != move.Read) {
					t.Errorf("%s, %s: %+v", c.name, level, line)
				}
			}
		}
	}
}

// Whoever copied: without a mark the hashes that both sides hold decide, and
// where there are none, that is said.
func TestVerifyWhoeverCopied(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Add("md5", body(1, 50))
	w.Put(&objectworld.Content{Object: object.Object{Key: "none"}, Body: body(2, 50)})
	w.Overwrite("md5", body(1, 50))
	w.Overwrite("none", body(2, 50))
	w.Overwrite("extra", nil)
	s := settings()
	got, r := verifyAll(t, w, s, objects.LevelListing)
	if got["md5"].Proof != move.Recorded || got["none"].Proof != move.Unproved || got["none"].Reason == "" || got["extra"].Result != manifest.Extra {
		t.Errorf("listing: %+v", got)
	}
	if !fault.Is(r.Err(), fault.Found) || r.Left() != 1 || r.Proof != move.Unproved {
		t.Errorf("listing: %v, %d left, %v", r.Err(), r.Left(), r.Proof)
	}
	w.Erase("extra")
	if _, r = verifyAll(t, w, s, objects.LevelListing); !fault.Is(r.Err(), fault.Found) {
		t.Errorf("an object without proof is no finding")
	}
	if _, r = verifyAll(t, w, s, objects.LevelFull); r.Err() != nil || r.Proof != move.Read {
		t.Errorf("full: %v, %v", r.Err(), r.Proof)
	}
	w.Calls()
	if objectworld.Count(w.Calls(), "target.Put", "target.Commit", "target.Delete", "target.Stage") > 0 {
		t.Error("a verification wrote")
	}
}

func TestHeadersAndMetadataAreCompared(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	for _, key := range []string{"same", "type", "meta"} {
		c := w.Add(key, body(1, 50))
		c.Headers.Type, c.Metadata = "text/plain", map[string]string{"a": "b"}
	}
	copyAll(t, w, settings())
	w.Edit("type", func(c *objectworld.Content) { c.Headers.Type = "image/png" })
	w.Edit("meta", func(c *objectworld.Content) { c.Metadata = map[string]string{"a": "c"} })
	for _, level := range []objects.Level{objects.LevelHead, objects.LevelFull} {
		got, _ := verifyAll(t, w, settings(), level)
		want := map[string]string{"same": "same", "type": "different", "meta": "different"}
		if fmt.Sprint(resultsOf(got)) != fmt.Sprint(want) {
			t.Errorf("%s: %v", level, got)
		}
	}
}

// Random damage to random blobs: a verification that reads everything names
// exactly what differs.
func TestFullVerificationFindsExactlyTheDamage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &objectworld.World{PageSize: rapid.IntRange(1, 9).Draw(t, "page")}
		small(w, 12)
		w.Overwrite("x", nil)
		var none trouble
		passThrough(t, w, settings(), &none)
		want := map[string]manifest.Result{"x": manifest.Extra}
		for _, n := range rapid.SliceOfDistinct(rapid.IntRange(1, 11), rapid.ID).Draw(t, "damaged") {
			key := fmt.Sprintf("k%02d", n)
			at, how := rapid.IntRange(0, n*23-1).Draw(t, "at"), rapid.IntRange(0, 2).Draw(t, "how")
			switch how {
			case 0:
				w.Damage(key, func(b []byte) []byte { b[at] ^= 0x10; return b })
				want[key] = manifest.Different
			case 1:
				w.Damage(key, func(b []byte) []byte { return b[:at] })
				want[key] = manifest.Different
			case 2:
				w.Erase(key)
				want[key] = manifest.Missing
			}
		}
		got := verifyIn(t, w, settings(), objects.LevelFull)
		for key, line := range got {
			expected := want[key]
			if expected == "" {
				expected = manifest.Same
			}
			if line.Result != expected || expected == manifest.Same && line.Proof != move.Read {
				t.Fatalf("%q: %+v, want %s", key, line, expected)
			}
		}
	})
}

func TestLevelsAreChecked(t *testing.T) {
	t.Parallel()
	m := newMover(t, &objectworld.World{}, settings(), objects.Ports{Folder: t.TempDir()})
	if _, err := m.Verify(t.Context(), objects.Pass{ID: "p", Level: "deep"}, nil); !fault.Is(err, fault.Usage) {
		t.Errorf("got %v", err)
	}
}
