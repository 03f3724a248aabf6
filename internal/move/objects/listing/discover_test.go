package listing_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit/objectworld"
)

func flat(context.Context) (bool, error) { return true, nil }

func discover(t *testing.T, w *objectworld.World, prefix string, cut listing.Cut) []listing.Shard {
	t.Helper()
	shards, err := listing.Discover(t.Context(), w.Source(), prefix, cut)
	if err != nil {
		t.Fatal(err)
	}
	return shards
}

func TestSmallBucketsStayOneShard(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	for i := range 900 {
		w.Add(fmt.Sprintf("d%d/%d", i%9, i), nil)
	}
	shards := discover(t, w, "", listing.Cut{Shards: 64, Flat: flat, Parallel: 4})
	if len(shards) != 1 || len(w.Calls()) != 1 {
		t.Errorf("got %d shards", len(shards))
	}
}

// Folders with much below become shards; what is little stays together, and a
// level with one folder is gone through.
func TestFoldersBecomeShards(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{PageSize: 100}
	for i := range 4800 {
		w.Add(fmt.Sprintf("logs/y/%d/%04d", i%4, i), nil)
	}
	for i := range 40 {
		w.Add(fmt.Sprintf("logs/y/small%d/x", i), nil)
	}
	w.Add("logs/y/", nil)
	got := discover(t, w, "logs/", listing.Cut{Shards: 64, Parallel: 4})
	want := []string{"logs/", "logs/y/0/", "logs/y/1/", "logs/y/2/", "logs/y/3/"}
	if prefixes := prefixesOf(got); !slices.Equal(prefixes, want) {
		t.Errorf("got %q, want %q", prefixes, want)
	}
	if !got[0].Folders || !slices.Equal(got[0].Except, want[1:]) {
		t.Errorf("the rest is %+v", got[0])
	}
	again := discover(t, w, "logs/", listing.Cut{Shards: 64, Parallel: 1})
	if fmt.Sprint(again) != fmt.Sprint(got) {
		t.Errorf("one request at a time finds other shards: %v", again)
	}
}

func prefixesOf(shards []listing.Shard) []string {
	var all []string
	for _, s := range shards {
		all = append(all, s.Prefix)
	}
	return all
}

// A flat folder is cut by the characters that come next, after all that the
// keys have in common.
func TestFlatFoldersAreCutByCharacters(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{PageSize: 50}
	for i := range 6000 {
		w.Add(fmt.Sprintf("in/backup-%04x", i*7%4096*16+i%16), nil)
	}
	got := discover(t, w, "in/", listing.Cut{Shards: 10, Flat: flat, Parallel: 4, Few: 1})
	if len(got) < 10 || got[0].Prefix != "in/" || got[0].Folders {
		t.Fatalf("got %+v", got)
	}
	if whole := discover(t, w, "in/", listing.Cut{Shards: 10, Parallel: 4}); len(whole) != 1 {
		t.Errorf("without Flat got %q", prefixesOf(whole))
	}
	calls := len(w.Calls())
	if calls > 200 {
		t.Errorf("took %d requests", calls)
	}
}

// rooted is a source whose listings cannot begin in the middle.
type rooted struct{ object.Source }

func (r rooted) Page(ctx context.Context, within object.Range, delimiter, next string) (object.Listed[object.Object], error) {
	if within.After != "" {
		return object.Listed[object.Object]{}, fault.Newf(fault.Unsupported, "start after a key")
	}
	return r.Source.Page(ctx, within, delimiter, next)
}

// A bucket whose listing cannot begin in the middle stays whole.
func TestUnsupportedStartLeavesTheBucketWhole(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{PageSize: 10}
	for i := range 2000 {
		w.Add(fmt.Sprintf("k%04d", i), nil)
	}
	seen := &listing.Seen{}
	source := rooted{w.Source()}
	shards, err := listing.Discover(t.Context(), source, "", listing.Cut{Shards: 10, Flat: flat, Parallel: 4, Seen: seen})
	if err != nil || len(shards) != 1 {
		t.Fatalf("got %q, %v", prefixesOf(shards), err)
	}
	n := 0
	err = listing.Merge(t.Context(), seen.Objects(source, shards[0]), listing.None[object.Blob](), same, func(listing.Pair) error {
		n++
		return nil
	})
	if err != nil || n != 2000 {
		t.Errorf("%d objects were listed, %v", n, err)
	}
	w.Before = func(objectworld.Call) error { return fault.Newf(fault.Denied, "list") }
	if _, err := listing.Discover(t.Context(), w.Source(), "", listing.Cut{Shards: 10}); !fault.Is(err, fault.Denied) {
		t.Errorf("got %v", err)
	}
}

// A source that filters lists pages without an entry.
type sparse struct{ object.Source }

func (s sparse) Page(ctx context.Context, within object.Range, delimiter, next string) (object.Listed[object.Object], error) {
	page, err := s.Source.Page(ctx, within, delimiter, next)
	page.Items = slices.DeleteFunc(page.Items, func(o object.Object) bool { return o.Key < "k1900" })
	return page, err
}

func TestEmptyPagesAreNoEnd(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{PageSize: 10}
	for i := range 2000 {
		w.Add(fmt.Sprintf("k%04d", i), nil)
	}
	source := sparse{w.Source()}
	shards, err := listing.Discover(t.Context(), source, "", listing.Cut{Shards: 10, Flat: flat, Parallel: 2})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, shard := range shards {
		err := listing.Merge(t.Context(), listing.Objects(source, shard), listing.None[object.Blob](), same, func(listing.Pair) error {
			n++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n != 100 {
		t.Errorf("%d objects were listed in %d shards", n, len(shards))
	}
}

// The shards of others are not listed at the target: not by folders, and not
// where the target can begin anywhere.
func TestRestDoesNotListTheOtherShardsAtTheTarget(t *testing.T) {
	t.Parallel()
	for _, seeks := range []bool{false, true} {
		w := &objectworld.World{PageSize: 50, Seeks: seeks}
		for i := range 3000 {
			w.Overwrite(fmt.Sprintf("a/big/%d", i), nil)
		}
		w.Overwrite("a/", nil)
		w.Overwrite("a/small/x", nil)
		w.Overwrite("b", nil)
		shard := listing.Shard{Except: []string{"a/big/"}, Folders: true}
		var got []string
		merge(t, w, sharded{shard: shard}, func(p listing.Pair) { got = append(got, p.Name) })
		if want := []string{"a/", "a/small/x", "b"}; !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		if n := objectworld.Count(w.Calls(), "target.Page"); n > 5 {
			t.Errorf("seeks %t: %d requests", seeks, n)
		}
	}
}

func TestShardsHaveStableNames(t *testing.T) {
	t.Parallel()
	a, b := listing.Shard{Prefix: "a", Except: []string{"ab", "ac"}}, listing.Shard{Prefix: "aab", Except: []string{"ac"}}
	if a.ID() == b.ID() || a.ID() != (listing.Shard{Prefix: "a", Except: []string{"ab", "ac"}}).ID() || len(a.ID()) != 24 {
		t.Errorf("ids %s and %s", a.ID(), b.ID())
	}
	for key, want := range map[string]bool{"a": true, "aa": true, "ab": false, "abx": false, "ac": false, "ad": true, "b": false} {
		if a.Holds(key) != want {
			t.Errorf("Holds(%q) = %t", key, !want)
		}
	}
	mapped, ok := a.Mapped(func(p string) (string, bool) { return "t/" + p, true })
	if !ok || mapped.Prefix != "t/a" || !slices.Equal(mapped.Except, []string{"t/ab", "t/ac"}) {
		t.Errorf("mapped %+v", mapped)
	}
	if _, ok := a.Mapped(func(string) (string, bool) { return "", false }); ok {
		t.Error("a prefix without a name is mapped")
	}
}
