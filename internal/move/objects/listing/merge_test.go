package listing_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit/objectworld"
)

func same(o *object.Object) (string, bool) { return o.Key, false }

// keys draws few letters, slashes and characters of two to four bytes, so that
// prefixes, folders and the orders of UTF-8 and UTF-16 all matter.
func keys() *rapid.Generator[[]string] {
	one := rapid.StringOfN(rapid.RuneFrom([]rune("abc/é~\uE000𝄞")), 1, 12, -1)
	return rapid.SliceOfNDistinct(one, 0, 60, rapid.ID)
}

func fill(w *objectworld.World, source, target []string) {
	for _, k := range source {
		w.Add(k, []byte(k))
	}
	for _, n := range target {
		w.Overwrite(n, []byte(n))
	}
}

// Whatever both sides hold, the merge of all shards yields each name once, with
// what stands under it on each side.
func TestShardsTogetherYieldEachNameOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := &objectworld.World{PageSize: rapid.IntRange(1, 7).Draw(t, "page"), Seeks: rapid.Bool().Draw(t, "seeks")}
		source, target := keys().Draw(t, "source"), keys().Draw(t, "target")
		fill(w, source, target)
		prefix := rapid.SampledFrom([]string{"", "a", "a/"}).Draw(t, "prefix")
		cut := listing.Cut{Shards: rapid.IntRange(1, 20).Draw(t, "shards"), Few: rapid.IntRange(1, 5).Draw(t, "few"), Parallel: 3}
		if rapid.Bool().Draw(t, "flat") {
			cut.Flat = flat
		}
		if rapid.Bool().Draw(t, "keeps") {
			cut.Seen = &listing.Seen{}
		}
		whole := rapid.Bool().Draw(t, "whole")
		shards, err := listing.Discover(t.Context(), w.Source(), prefix, cut)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, shard := range shards {
			merge(t, w, sharded{shard, cut.Seen, whole}, func(p listing.Pair) {
				if (p.Object != nil && p.Object.Key != p.Name) || (p.Blob != nil && p.Blob.Name != p.Name) {
					t.Fatalf("pair %q holds %v and %v", p.Name, p.Object, p.Blob)
				}
				if (p.Object != nil) != slices.Contains(source, p.Name) || (p.Blob != nil) != slices.Contains(target, p.Name) {
					t.Fatalf("%q: object %t, blob %t", p.Name, p.Object != nil, p.Blob != nil)
				}
				seen[p.Name]++
			})
		}
		for _, name := range append(source, target...) {
			want := 0
			if strings.HasPrefix(name, prefix) {
				want = 1
			}
			if seen[name] != want {
				t.Fatalf("%q was yielded %d times, want %d; shards %+v", name, seen[name], want, shards)
			}
		}
	})
}

type fataler interface {
	Context() context.Context
	Fatal(...any)
}

// sharded is a shard and how it is listed.
type sharded struct {
	shard listing.Shard
	seen  *listing.Seen
	whole bool
}

func merge(t fataler, w *objectworld.World, s sharded, yield func(listing.Pair)) {
	source := listing.Ahead(t.Context(), s.seen.Objects(w.Source(), s.shard), 2)
	target := listing.Ahead(t.Context(), listing.Blobs(w.Target(), s.shard, s.whole), 2)
	defer source.Close()
	defer target.Close()
	err := listing.Merge(t.Context(), source, target, same, func(p listing.Pair) error {
		yield(p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Azurite and others that keep names as UTF-16 list U+E000 after U+1D11E. Both
// sides are found out, and both merge once they are sorted.
func TestSideOutOfOrderIsFoundAndSorted(t *testing.T) {
	t.Parallel()
	last := func(a, b string) int { return strings.Compare(reverse(a), reverse(b)) }
	names := []string{"ab", "ba", "bc", "ca", "cb"}
	for _, c := range []struct {
		name           string
		source, target func(a, b string) int
		side           bool
	}{{"source", last, nil, false}, {"target", nil, last, true}} {
		w := &objectworld.World{PageSize: 2, SourceOrder: c.source, TargetOrder: c.target}
		fill(w, names, names[1:])
		shard := listing.Shard{}
		err := listing.Merge(t.Context(), listing.Objects(w.Source(), shard), listing.Blobs(w.Target(), shard, false), same,
			func(listing.Pair) error { return nil })
		disorder, ok := errors.AsType[*listing.Disorder](err)
		if !ok || disorder.Target != c.side {
			t.Fatalf("%s: got %v, want disorder", c.name, err)
		}
		dir := t.TempDir()
		objects := listing.SortObjects(listing.Whole(w.Source(), shard), same, dir)
		blobs := listing.SortBlobs(listing.Blobs(w.Target(), shard, true), dir)
		var got []string
		err = listing.Merge(t.Context(), objects, blobs, same, func(p listing.Pair) error {
			if p.Object == nil || (p.Blob == nil) != (p.Name == "ab") {
				t.Errorf("%s: %q: %v and %v", c.name, p.Name, p.Object, p.Blob)
			}
			got = append(got, p.Name)
			return nil
		})
		objects.Close()
		blobs.Close()
		if err != nil || !slices.Equal(got, names) {
			t.Errorf("%s: got %q, %v", c.name, got, err)
		}
	}
}

func reverse(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// Names that a rule changed are nowhere in order: their objects come at their
// key's place, and match no blob, not even one of the key's name.
func TestApartObjectsDoNotDisturbTheOrder(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	fill(w, []string{"a", "b", "c"}, []string{"a", "aa", "b", "c"})
	names := func(o *object.Object) (string, bool) {
		if o.Key == "b" {
			return "b", true
		}
		return o.Key, false
	}
	var got []string
	err := listing.Merge(t.Context(), listing.Objects(w.Source(), listing.Shard{}), listing.Blobs(w.Target(), listing.Shard{}, false), names,
		func(p listing.Pair) error {
			text := p.Name
			if p.Object == nil {
				text += " extra"
			}
			if p.Apart {
				text += " apart"
			}
			got = append(got, text)
			return nil
		})
	if want := []string{"a", "aa extra", "b apart", "b extra", "c"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// A listing that breaks off is an error of the merge, at whatever page.
func TestBrokenListingIsNeverAnEnd(t *testing.T) {
	t.Parallel()
	for at := range 8 {
		calls := 0
		w := &objectworld.World{PageSize: 2}
		w.Before = func(objectworld.Call) error {
			if calls++; calls == at+1 {
				return fault.Newf(fault.Unavailable, "connection reset")
			}
			return nil
		}
		fill(w, []string{"a", "b", "c", "d", "e"}, []string{"a", "c", "e", "g", "i"})
		source := listing.Ahead(t.Context(), listing.Objects(w.Source(), listing.Shard{}), 2)
		target := listing.Ahead(t.Context(), listing.Blobs(w.Target(), listing.Shard{}, false), 2)
		err := listing.Merge(t.Context(), source, target, same, func(listing.Pair) error { return nil })
		source.Close()
		target.Close()
		if want := at < 6; fault.Is(err, fault.Unavailable) != want {
			t.Errorf("call %d broke: got %v", at+1, err)
		}
	}
}
