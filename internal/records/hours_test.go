package records_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/records"
)

func hour(n int) time.Time {
	return time.Date(2026, 5, 3, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Hour)
}

func TestSilencesAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		heard     []int
		tolerated time.Duration
		want      []records.Silence
	}{
		"nothing heard":       {nil, time.Hour, []records.Silence{{From: hour(0), To: hour(24)}}},
		"all tolerated":       {nil, 24 * time.Hour, nil},
		"at the beginning":    {[]int{12, 18, 23}, 6 * time.Hour, []records.Silence{{From: hour(0), To: hour(12)}}},
		"in the middle":       {[]int{0, 6, 14, 20}, 6 * time.Hour, []records.Silence{{From: hour(7), To: hour(14)}}},
		"at the end":          {[]int{-5, 2, 8, 40}, 10 * time.Hour, []records.Silence{{From: hour(9), To: hour(24)}}},
		"outside is no sound": {[]int{-1, 24}, 23 * time.Hour, []records.Silence{{From: hour(0), To: hour(24)}}},
	} {
		var h records.Hours
		for _, n := range c.heard {
			h.Add(hour(n).Unix() + 1799)
		}
		if got := h.Silences(hour(0), hour(24), c.tolerated); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestHoursAreASet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var a, b, all records.Hours
		want := map[int]bool{}
		last := -1
		for _, n := range rapid.SliceOf(rapid.IntRange(0, 3000)).Draw(t, "hours") {
			want[n], last = true, max(last, n)
			all.Add(hour(n).Unix())
			if n%2 == 0 {
				a.Add(hour(n).Unix() + 3599)
			} else {
				b.Span(hour(n), hour(n+1))
			}
		}
		a.Merge(&b)
		for n := range 3010 {
			if a.Has(hour(n)) != want[n] || all.Has(hour(n)) != want[n] {
				t.Fatalf("hour %d: %v, %v", n, a.Has(hour(n)), all.Has(hour(n)))
			}
		}
		if a.Empty() != (len(want) == 0) || last >= 0 && !a.Last().Equal(hour(last)) {
			t.Fatalf("last %s", a.Last())
		}
	})
}

// A record with a wild time costs no memory and ends no loop.
func TestWildTimesAreLeftOut(t *testing.T) {
	t.Parallel()
	var h records.Hours
	for _, unix := range []int64{hour(1).Unix(), 1 << 60, -1 << 60, 0, 1, hour(2).Unix()} {
		h.Add(unix)
	}
	if !h.Has(hour(1)) || !h.Has(hour(2)) || h.Has(hour(3)) {
		t.Error("the hours are not as they were added")
	}
}
