package metric_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/metric"
	"pgregory.net/rapid"
)

const (
	resource = "/subscriptions/s/resourceGroups/g/providers/A.B/c/d"
	span     = "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z"
)

func load(t testing.TB, lines ...string) *metric.Store {
	t.Helper()
	s := metric.NewStore()
	if n, err := s.Load(strings.NewReader(strings.Join(lines, "\n"))); err != nil || n != len(lines) {
		t.Fatalf("%d %v", n, err)
	}
	return s
}

func point(minute int, value float64, dimension string) string {
	return fmt.Sprintf(`{"resource":%q,"metric":"M","unit":"Count","dimensions":{"D":%q},"time":"2026-01-01T00:%02d:00Z","value":%g}`, resource, dimension, minute, value)
}

func query(t testing.TB, s *metric.Store, pairs ...string) (map[string]any, error) {
	t.Helper()
	v := url.Values{"metricnames": {"M"}, "timespan": {span}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	out, err := s.Query(resource, "A.B/c", "eastus", v, time.Unix(0, 0))
	if err != nil {
		return nil, err
	}
	plain, err := document.Of(out)
	m, _ := plain.(map[string]any)
	return m, err
}

func lines(m map[string]any) []any {
	return document.List(document.List(m, "value")[0], "timeseries")
}

func TestAggregationsAndDimensions(t *testing.T) {
	t.Parallel()
	s := load(t, point(40, 4, "a"), point(1, 1, "a"), point(2, 3, "b"))
	m, err := query(t, s, "interval", "PT30M", "aggregation", "Average,Total,Count,Minimum,Maximum")
	if err != nil {
		t.Fatal(err)
	}
	data := document.List(lines(m)[0], "data")
	want := map[string]any{"timeStamp": "2026-01-01T00:00:00Z", "average": int64(2), "total": int64(4), "count": int64(2), "minimum": int64(1), "maximum": int64(3)}
	if len(data) != 2 || !document.Equal(data[0], want) {
		t.Errorf("%v", data)
	}
	split, err := query(t, s, "interval", "PT1H", "$filter", "D eq '*'")
	if err != nil || len(lines(split)) != 2 {
		t.Errorf("%v %v", split, err)
	}
	one, err := query(t, s, "interval", "PT1H", "aggregation", "total", "$filter", "d eq 'A'")
	if err != nil || document.Get(document.List(lines(one)[0], "data")[0], "total") != int64(5) {
		t.Errorf("%v %v", one, err)
	}
	gap, err := query(t, s, "interval", "PT1M")
	if err != nil || document.Get(document.List(lines(gap)[0], "data")[0], "average") != nil {
		t.Error("an interval without samples has no values")
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := load(t, point(1, 1, "a"))
	for _, pair := range [][2]string{{"timespan", "yesterday"}, {"interval", "PT7M"}, {"aggregation", "Median"}, {"$filter", "D like 'x'"}, {"metricnames", "Other"}, {"top", "0"}, {"timespan", "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"}} {
		if _, err := query(t, s, pair[0], pair[1]); armerror.Of(err) == nil || armerror.Of(err).Status != 400 {
			t.Errorf("%v: %v", pair, err)
		}
	}
}

func TestLoadNamesTheLine(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{`{"resource":"x"}`, `{"resource":"x","metric":"m","time":"2026-01-01T00:00:00Z"}`, `{"colour":1}`, `x`} {
		n, err := metric.NewStore().Load(strings.NewReader(point(1, 1, "a") + "\n" + bad))
		if n != 1 || err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %d %v", bad, n, err)
		}
	}
}

// Whatever the interval, the total over all intervals is the sum of the points.
func TestNoPointIsLostOrCountedTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var all []string
		sum := 0.0
		for range rapid.IntRange(1, 30).Draw(rt, "points") {
			v := float64(rapid.IntRange(0, 100).Draw(rt, "value"))
			sum += v
			all = append(all, point(rapid.IntRange(0, 59).Draw(rt, "minute"), v, "a"))
		}
		m, err := query(t, load(t, all...), "interval", rapid.SampledFrom([]string{"PT1M", "PT5M", "PT15M", "PT1H", "FULL"}).Draw(rt, "interval"), "aggregation", "total")
		if err != nil {
			rt.Fatal(err)
		}
		got := 0.0
		for _, d := range document.List(lines(m)[0], "data") {
			switch v := document.Get(d, "total").(type) {
			case int64:
				got += float64(v)
			case float64:
				got += v
			}
		}
		if got != sum {
			rt.Fatalf("%g, want %g", got, sum)
		}
	})
}
