package tally_test

import (
	"context"
	"testing"
	"time"

	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/tally"
	"example.com/landfall/internal/testkit/objectworld"
)

// Each request of either side is counted once, and the optional abilities of a
// port are still there.
func TestEveryRequestIsCounted(t *testing.T) {
	t.Parallel()
	for _, seeks := range []bool{false, true} {
		w := &objectworld.World{Seeks: seeks}
		w.Add("a", []byte("0123456789"))
		var c tally.Tally
		source, target := c.OfSource(w.Source()), c.OfTarget(w.Target())
		ctx, ref := t.Context(), object.Ref{Key: "a"}
		must := func(_ any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(source.Page(ctx, object.Range{}, "", ""))
		must(source.Versions(ctx, object.Range{}, ""))
		_, body, err := source.Open(ctx, ref, object.Span{From: 2, Size: 5})
		must(nil, err)
		_ = body.Close()
		_, body, err = source.Open(ctx, ref, object.Span{})
		must(nil, err)
		_ = body.Close()
		must(source.Head(ctx, ref))
		must(source.Tags(ctx, ref))
		must(nil, source.Restore(ctx, ref, 1, "Bulk"))
		must(source.(object.Parted).Parts(ctx, ref))
		url, err := source.Presign(ctx, ref, time.Hour)
		must(nil, err)
		must(target.Put(ctx, object.Write{Name: "a"}, nil, object.Sums{}))
		must(target.Stage(ctx, "b", "1", nil, object.Sums{}))
		must(target.StageFrom(ctx, "b", "2", url, object.Span{Size: 3}))
		must(target.Staged(ctx, "b"))
		must(target.Commit(ctx, object.Write{Name: "b"}, []string{"1"}))
		must(target.Head(ctx, "a"))
		must(target.Tags(ctx, "a"))
		_, body, err = target.Open(ctx, "a", object.Span{}, "")
		must(nil, err)
		_ = body.Close()
		must(target.Page(ctx, "", "", ""))
		must(nil, target.SetTier(ctx, "a", "Cool"))
		must(nil, target.(object.Cleaner).Unstage(ctx, "a"))
		must(nil, target.Delete(ctx, "a", ""))
		want := tally.Use{Gets: 6, Lists: 2, Restores: 1, Egress: 18, Writes: 6, Enumerations: 1, Reads: 4, Others: 1}
		if seeker, ok := target.(object.Seeker); ok != seeks {
			t.Errorf("seeks: %t", ok)
		} else if ok {
			must(seeker.PageFrom(ctx, "", "a", ""))
			want.Enumerations++
		}
		if got := c.Use(); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	use := tally.Use{Gets: 10_000, Lists: 1000, Egress: 50e9, Writes: 20_000, Reads: 1000}
	got := use.Cost(tally.Prices{Get: 0.0004, List: 0.005, Egress: 0.09, Write: 0.0065, Read: 0.0005})
	if want := 0.004 + 0.005 + 4.5 + 0.13 + 0.0005; got < want-1e-9 || got > want+1e-9 {
		t.Errorf("cost %v, want %v", got, want)
	}
	if source, target := use.Requests(); source != 11_000 || target != 21_000 {
		t.Errorf("%d and %d requests", source, target)
	}
}

func TestRatesHoldBack(t *testing.T) {
	t.Parallel()
	var c tally.Tally
	c.Source.Set(1)
	w := &objectworld.World{}
	ctx, cancel := context.WithCancel(t.Context())
	source := c.OfSource(w.Source())
	if _, err := source.Page(ctx, object.Range{}, "", ""); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := source.Page(ctx, object.Range{}, "", ""); err == nil || len(w.Calls()) != 1 {
		t.Errorf("a second request went out: %v", err)
	}
}
