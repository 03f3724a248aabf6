package listing_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/object"
)

// counted is a bucket and a container that hold the same names, with the pages of
// the two services, and counts what is asked of each.
type counted struct {
	keys         []string
	lists, blobs chan struct{}
	seeks        bool
}

func newCounted(n int, key func(i int) string) *counted {
	c := &counted{lists: make(chan struct{}, 1<<16), blobs: make(chan struct{}, 1<<16)}
	for i := range n {
		c.keys = append(c.keys, key(i))
	}
	slices.Sort(c.keys)
	return c
}

// page is of up to size names after a name; after a common prefix it goes on
// behind all that begin so.
func (c *counted) page(prefix, delimiter, after string, size int) (names, prefixes []string, next string) {
	i, found := slices.BinarySearch(c.keys, max(prefix, after))
	if found && c.keys[i] == after {
		i++
	}
	last := after
	for ; i < len(c.keys) && strings.HasPrefix(c.keys[i], prefix); i++ {
		name := c.keys[i]
		if delimiter != "" && strings.HasSuffix(last, delimiter) && last > prefix && strings.HasPrefix(name, last) {
			continue
		}
		if len(names)+len(prefixes) == size {
			return names, prefixes, last
		}
		last = name
		if at := strings.Index(name[len(prefix):], delimiter); delimiter != "" && at >= 0 {
			last = name[:len(prefix)+at+1]
			prefixes = append(prefixes, last)
			continue
		}
		names = append(names, name)
	}
	return names, prefixes, ""
}

type countedSource struct {
	object.Source
	*counted
}

func (c countedSource) Page(_ context.Context, within object.Range, delimiter, next string) (object.Listed[object.Object], error) {
	c.lists <- struct{}{}
	names, prefixes, more := c.page(within.Prefix, delimiter, max(within.After, next), 1000)
	out := object.Listed[object.Object]{Prefixes: prefixes, Next: more}
	for _, name := range names {
		if within.To != "" && name > within.To {
			out.Next = ""
			break
		}
		out.Items = append(out.Items, object.Object{Key: name, ETag: name})
	}
	return out, nil
}

type countedTarget struct {
	object.Target
	*counted
}

func (c countedTarget) Page(_ context.Context, prefix, delimiter, next string) (object.Listed[object.Blob], error) {
	return c.list(prefix, delimiter, next)
}

func (c countedTarget) PageFrom(_ context.Context, prefix, from, next string) (object.Listed[object.Blob], error) {
	if !c.seeks {
		return object.Listed[object.Blob]{}, fault.Newf(fault.Unsupported, "begin at a name")
	}
	return c.list(prefix, "", max(from, next))
}

func (c countedTarget) list(prefix, delimiter, after string) (object.Listed[object.Blob], error) {
	c.blobs <- struct{}{}
	names, prefixes, more := c.page(prefix, delimiter, after, 5000)
	out := object.Listed[object.Blob]{Prefixes: prefixes, Next: more}
	for _, name := range names {
		out.Items = append(out.Items, object.Blob{Name: name})
	}
	return out, nil
}

// A pass over what is equal asks for little more than the pages that there are.
func TestListingsAskLittleMoreThanOnce(t *testing.T) {
	t.Parallel()
	folders := func(n int) func(i int) string {
		return func(i int) string { return fmt.Sprintf("folder-%03d/%06d", i%n, i) }
	}
	skewed := func(i int) string {
		if i < 60_000 {
			return fmt.Sprintf("big/%06d", i)
		}
		return fmt.Sprintf("small-%02d/%06d", i%40, i)
	}
	for _, c := range []struct {
		name         string
		n            int
		key          func(i int) string
		lists, blobs int
	}{
		{"none", 0, folders(1), 1, 1},
		{"one", 1, folders(1), 1, 1},
		{"one page", 1000, folders(10), 1, 1},
		{"20 folders", 5_000, folders(20), 5, 1},
		{"100 folders", 100_000, folders(100), 102, 20},
		{"20 large folders", 200_000, folders(20), 220, 42},
		{"flat", 50_000, func(i int) string { return fmt.Sprintf("%06d", i) }, 50, 10},
		{"large and flat", 200_000, func(i int) string { return fmt.Sprintf("%06d", i*5) }, 255, 52},
		{"a large folder and small ones", 70_000, skewed, 112, 17},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newCounted(c.n, c.key)
			w.seeks = true
			source, seen := countedSource{counted: w}, &listing.Seen{}
			shards, err := listing.Discover(t.Context(), source, "", listing.Cut{Shards: 64, Flat: flat, Parallel: 16, Seen: seen})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, shard := range shards {
				err := listing.Merge(t.Context(), seen.Objects(source, shard), listing.Blobs(countedTarget{counted: w}, shard, false), same,
					func(p listing.Pair) error {
						if p.Object == nil || p.Blob == nil {
							return fmt.Errorf("%q is on one side only", p.Name)
						}
						n++
						return nil
					})
				if err != nil {
					t.Fatal(err)
				}
			}
			if n != c.n {
				t.Errorf("%d names were merged, of %d", n, c.n)
			}
			if len(w.lists) > c.lists || len(w.blobs) > c.blobs {
				t.Errorf("%d lists of the source and %d of the target in %d shards, want at most %d and %d",
					len(w.lists), len(w.blobs), len(shards), c.lists, c.blobs)
			}
			t.Logf("%d shards, %d lists of the source, %d of the target", len(shards), len(w.lists), len(w.blobs))
		})
	}
}
