package listing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit/objectworld"
)

// stuck is a target that says it can begin at a name, and whose service cannot.
type stuck struct{ object.Target }

func (s stuck) PageFrom(ctx context.Context, prefix, from, next string) (object.Listed[object.Blob], error) {
	if from == "" {
		return s.Page(ctx, prefix, "", next)
	}
	return object.Listed[object.Blob]{}, fault.Newf(fault.Unsupported, "the answer begins before it")
}

func namesOf(t *testing.T, target object.Target, shard listing.Shard) ([]string, error) {
	t.Helper()
	pages := listing.Blobs(target, shard, false)
	defer pages.Close()
	var names []string
	for {
		page, err := pages.Next(t.Context())
		if err != nil || len(page) == 0 {
			return names, err
		}
		for _, b := range page {
			names = append(names, b.Name)
		}
	}
}

// Wherever a service begins, the blobs of a shard are listed once each, in order,
// and at no more than twice the pages that there are.
func TestBlobsOfAShardAreListedOnce(t *testing.T) {
	t.Parallel()
	for _, except := range [][]string{{"k1", "k2", "k4"}, {"k1", "k\uE000"}} {
		w := &objectworld.World{PageSize: 10, Seeks: true}
		var want []string
		shard := listing.Shard{Prefix: "k", Except: except}
		for i := range 500 {
			name := fmt.Sprintf("k%03d", i)
			if i%50 == 0 {
				name = "k\uE000" + name
			}
			w.Overwrite(name, nil)
			if shard.Holds(name) {
				want = append(want, name)
			}
		}
		slices.Sort(want)
		for _, target := range []object.Target{w.Target(), stuck{w.Target()}} {
			w.Calls()
			got, err := namesOf(t, target, shard)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%T without %q: %d names, want %d, %v", target, except, len(got), len(want), err)
			}
			if n := objectworld.Count(w.Calls(), "target.Page"); n > 101 {
				t.Errorf("%T without %q: %d requests", target, except, n)
			}
		}
	}
}

// Beyond a bound nothing is yielded, so that the order there has to be looked at
// before.
func TestDisorderBeyondABoundIsSeen(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{Seeks: true, TargetOrder: func(a, b string) int { return -strings.Compare(a, b) }}
	for i := range 30 {
		w.Overwrite(fmt.Sprintf("k%02d", i), nil)
	}
	_, err := namesOf(t, w.Target(), listing.Shard{Prefix: "k", Except: []string{"k1"}})
	if disorder, ok := errors.AsType[*listing.Disorder](err); !ok || !disorder.Target {
		t.Errorf("got %v", err)
	}
}
