package history

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The mean of the curve over a week is what makes RequestsPerDay mean requests per day.
func TestLevelHasMeanOne(t *testing.T) {
	t.Parallel()
	sum := 0.0
	start := time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)
	for i := range 7 * 288 {
		sum += level(start.Add(time.Duration(i) * bin))
	}
	if mean := sum / (7 * 288); mean < 0.9 || mean > 1.1 {
		t.Errorf("the mean over a week is %.3f", mean)
	}
}

func TestLevelIsSmooth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(r, "at"), 0)
		a, b := level(at), level(at.Add(bin))
		if a <= 0 || math.IsNaN(a) || a > 4 {
			r.Fatalf("level %v", a)
		}
		// At the change of a local day the week's factor jumps by less than half.
		if math.Abs(a-b) > 0.5*a+0.1 {
			r.Fatalf("level jumps from %v to %v", a, b)
		}
	})
}

func TestPoissonHasItsMean(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for _, mean := range []float64{0, 0.3, 4, 25, 61, 400} {
		sum := 0
		const n = 20_000
		for range n {
			k := poisson(r, mean)
			if k < 0 {
				t.Fatalf("poisson(%v) = %d", mean, k)
			}
			sum += k
		}
		if got := float64(sum) / n; math.Abs(got-mean) > 0.05*mean+0.02 {
			t.Errorf("mean of poisson(%v) is %v", mean, got)
		}
	}
}

// Nearest rank: at least the share of values is not above it, and it is one of them.
func TestRankIsNearest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		v := rapid.SliceOfN(rapid.Int64Range(0, 50), 1, 200).Draw(r, "values")
		slices.Sort(v)
		p := rapid.IntRange(1, 100).Draw(r, "percent")
		got := rank(v, p)
		notAbove, below := 0, 0
		for _, x := range v {
			if x <= got {
				notAbove++
			}
			if x < got {
				below++
			}
		}
		if notAbove*100 < p*len(v) || below*100 >= p*len(v) {
			r.Fatalf("rank %d of %v is %d", p, v, got)
		}
	})
	if rank(nil, 95) != 0 {
		t.Error("the rank of nothing is not 0")
	}
}

func TestDistributionKeepsEveryValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		v := rapid.SliceOf(rapid.Int32Range(1, 400)).Draw(r, "millis")
		s := distribution(slices.Clone(v))
		if len(v) == 0 {
			if s != nil {
				r.Fatal("a distribution of nothing")
			}
			return
		}
		back := []int32{}
		for i, x := range s.Values {
			for range int(s.Counts[i]) {
				back = append(back, int32(math.Round(x*1000)))
			}
		}
		slices.Sort(v)
		if !slices.Equal(v, back) {
			r.Fatalf("%v became %v", v, back)
		}
	})
}

func TestSecondsHaveThreePlaces(t *testing.T) {
	t.Parallel()
	for ms, want := range map[int64]string{-1: "-1", 0: "0.000", 7: "0.007", 45: "0.045", 999: "0.999", 1000: "1.000", 12_345: "12.345"} {
		if got := string(seconds(nil, ms)); got != want {
			t.Errorf("seconds(%d) = %s, want %s", ms, got, want)
		}
	}
}

func TestMergedEdgesAreOrderedAndAddedUp(t *testing.T) {
	t.Parallel()
	k := edgeKey{from: "b", to: "a", port: 1, accepted: true}
	tried := edgeKey{from: "b", to: "a", port: 1}
	part := func(n int) map[edgeKey]*Edge {
		return map[edgeKey]*Edge{
			k:     {From: "b", To: "a", Port: 1, Accepted: true, Connections: n, Records: 4 * n, BytesOut: 10, BytesBack: 20},
			tried: {From: "b", To: "a", Port: 1, Connections: 1},
		}
	}
	got := mergeEdges([]map[edgeKey]*Edge{part(1), part(2)})
	want := []Edge{{From: "b", To: "a", Port: 1, Accepted: true, Connections: 3, Records: 12, BytesOut: 20, BytesBack: 40}, {From: "b", To: "a", Port: 1, Connections: 2}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
