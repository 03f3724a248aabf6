package kpi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/kpi"
)

func midnight() time.Time { return time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC) } // a Monday

func window(d time.Duration) kpi.Window { return kpi.Window{From: midnight(), To: midnight().Add(d)} }

func db() kpi.Subject { return kpi.Subject{Kind: kpi.Component, ID: "arn:db", Name: "db"} }

// cpu is a measurement with a bin per five minutes; a NaN is a gap.
func cpu(values ...float64) kpi.Measurement {
	m := kpi.Measurement{Subject: db(), Metric: kpi.CPUUtilisation, Source: kpi.CloudWatch, Window: window(time.Duration(len(values)) * 5 * time.Minute), Period: 5 * time.Minute,
		Evidence: []kpi.Evidence{{From: "AWS/RDS CPUUtilization"}}}
	for i, v := range values {
		if !math.IsNaN(v) {
			m.Bins = append(m.Bins, kpi.EventBin(midnight().Add(time.Duration(i)*5*time.Minute), 1, v))
		}
	}
	return m
}

func requests(counts ...float64) kpi.Measurement {
	m := cpu(counts...)
	m.Metric, m.Events = kpi.Throughput, true
	for i := range m.Bins {
		m.Bins[i].Count = int64(m.Bins[i].Sum)
	}
	return m
}

func show(values []kpi.Value) string {
	text := ""
	for _, v := range values {
		text += fmt.Sprintf("%s=%.4g", v.Statistic, v.Value)
		if v.Low != nil {
			text += fmt.Sprintf("[%.4g,%.4g]", *v.Low, *v.High)
		}
		text += " "
	}
	return text
}

func TestValues(t *testing.T) {
	t.Parallel()
	gap := math.NaN()
	sparse := requests(300, gap, 600, gap)
	sparse.Sparse = true
	coarse := cpu(10, 20)
	coarse.Bins[0].Count, coarse.Bins[0].Sum, coarse.Bins[0].Min, coarse.Bins[0].Max = 5, 50, 1, 90
	errors := cpu(0, 0)
	errors.Metric = kpi.ErrorRate
	errors.Bins[0], errors.Bins[1] = kpi.ShareBin(errors.Bins[0].At, 1, 100), kpi.ShareBin(errors.Bins[1].At, 0, 300)
	slow := cpu(1, 2)
	slow.Metric = kpi.Latency
	slow.Quantiles = []kpi.Quantile{{kpi.P95, window(5 * time.Minute), 10, 1}, {kpi.P95, kpi.Window{From: midnight().Add(5 * time.Minute), To: midnight().Add(10 * time.Minute)}, 30, 5}, {kpi.P50, window(10 * time.Minute), 40, 1.5}}
	hanging := cpu(1)
	hanging.Metric = kpi.Latency
	hanging.Distribution = sketchOf([]float64{1, 1, 1, 9})
	for name, c := range map[string]struct {
		m    kpi.Measurement
		want string
	}{
		"levels":                            {cpu(1, 2, 3, 4), "mean=2.5 min=1 p50=2 p90=4 p95=4 p99=4 max=4 last=4 "},
		"means hide observations":           {coarse, "mean=11.67 min=1 p50=10[1,90] p90=20[1,90] p95=20[1,90] p99=20[1,90] max=90 last=20 "},
		"rates, over what was measured":     {requests(300, gap, 600, gap), "mean=1.5 p50=1 p95=2 p99=2 max=2 total=900 "},
		"rates, where silence is likely":    {sparse, "mean=0.75[0.75,1.5] p50=0[0,1] p95=2 p99=2 max=2 total=900 "},
		"shares weigh by requests":          {errors, "mean=0.0025 min=0 p95=0.01 max=0.01 total=1 "},
		"percentiles of the source":         {slow, "mean=1.5 min=1 p50=1.5 p90=2 p95=4[1,5] p99=2 max=2 last=2 "},
		"percentiles of a distribution":     {hanging, "mean=1 min=1 p50=1 p90=9 p95=9 p99=9 max=1 last=1 "},
		"nothing is no zero":                {cpu(gap, gap), ""},
		"zero is a value":                   {requests(0, 0), "mean=0 p50=0 p95=0 p99=0 max=0 total=0 "},
		"no requests: the share is unknown": {func() kpi.Measurement { m := cpu(0); m.Metric = kpi.ErrorRate; m.Bins[0].Count = 0; return m }(), ""},
	} {
		k := kpi.Of(c.m)
		if got := show(k.Values); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if (k.Unknown == "") != (len(k.Values) > 0) {
			t.Errorf("%s: unknown is %q with %d values", name, k.Unknown, len(k.Values))
		}
	}
}

func TestWhatIsNoNumberIsLeftOut(t *testing.T) {
	t.Parallel()
	m := cpu(1, 2, 3)
	bad := m.Bins[0]
	for _, change := range []func(*kpi.Bin){
		func(b *kpi.Bin) { b.Sum = math.NaN() }, func(b *kpi.Bin) { b.Max = math.Inf(1) }, func(b *kpi.Bin) { b.Count = -1 }, func(b *kpi.Bin) { b.Min, b.Max = 2, 1 },
		func(b *kpi.Bin) { b.At = midnight().Add(time.Hour) }, func(b *kpi.Bin) { b.At = midnight().Add(-time.Hour) },
	} {
		b := bad
		change(&b)
		m.Bins = append(m.Bins, b)
	}
	if got, want := encoded(t, kpi.Of(m)), encoded(t, kpi.Of(cpu(1, 2, 3))); !bytes.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestGapsAndStars(t *testing.T) {
	t.Parallel()
	gap := math.NaN()
	five := func(from, to int) string { return fmt.Sprintf("%d-%d ", from*5, to*5) }
	for _, c := range []struct {
		values   []float64
		gaps     string
		coverage float64
		stars    int
	}{
		{[]float64{1, 1, 1, 1, 1}, "", 1, 5},
		{[]float64{gap, 1, 1, 1, 1}, five(0, 1), 0.8, 4},
		{[]float64{1, gap, gap, 1, gap}, five(1, 3) + five(4, 5), 0.4, 2},
		{[]float64{gap, gap, 1, gap, gap}, five(0, 2) + five(3, 5), 0.2, 1},
		{[]float64{1, gap, 1, gap, 1}, five(1, 2) + five(3, 4), 0.6, 3},
		{[]float64{gap, gap, gap}, five(0, 3), 0, 0},
	} {
		k := kpi.Of(cpu(c.values...))
		text := ""
		for _, g := range k.Gaps {
			text += fmt.Sprintf("%.0f-%.0f ", g.From.Sub(midnight()).Minutes(), g.To.Sub(midnight()).Minutes())
		}
		if text != c.gaps || math.Abs(k.Coverage-c.coverage) > 1e-9 || k.Stars != c.stars {
			t.Errorf("%v: gaps %s, coverage %v, %d stars; want %s, %v, %d", c.values, text, k.Coverage, k.Stars, c.gaps, c.coverage, c.stars)
		}
	}
	many := make([]float64, 2*kpi.MaxGaps+41)
	for i := range many {
		if many[i] = 1; i%2 == 1 {
			many[i] = gap
		}
	}
	if k := kpi.Of(cpu(many...)); len(k.Gaps) != kpi.MaxGaps || k.GapsOmitted != 20 {
		t.Errorf("%d gaps and %d omitted", len(k.Gaps), k.GapsOmitted)
	}
}

// Present and missing time together are the window, whatever is missing.
func TestGapsAndCoverageAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		present := rapid.SliceOfN(rapid.Bool(), 1, 150).Draw(t, "present")
		values := make([]float64, len(present))
		for i, p := range present {
			if values[i] = 1; !p {
				values[i] = math.NaN()
			}
		}
		k := kpi.Of(cpu(values...))
		missing := time.Duration(0)
		for _, g := range k.Gaps {
			missing += g.To.Sub(g.From)
		}
		whole := time.Duration(len(values)) * 5 * time.Minute
		if math.Abs(k.Coverage+float64(missing)/float64(whole)-1) > 1e-9 {
			t.Fatalf("coverage %v, missing %v of %v", k.Coverage, missing, whole)
		}
	})
}

// Order and duplicates of measurements, bins and evidence change no byte.
func TestBaselineIsFreeOfOrder(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 1))
		var list []kpi.Measurement
		var missed []kpi.Unmeasured
		for i := range rapid.IntRange(1, 6).Draw(t, "measurements") {
			values := make([]float64, 1+r.IntN(200))
			for n := range values {
				if values[n] = r.Float64() * 100; r.IntN(5) == 0 {
					values[n] = math.NaN()
				}
			}
			m := cpu(values...)
			if i%2 == 0 {
				m = requests(values...)
				m.Sparse = i%4 == 0
			}
			m.Subject.ID += "x"
			m.Distribution = sketchOf(slices.DeleteFunc(slices.Clone(values), math.IsNaN))
			m.Evidence = append(m.Evidence, kpi.Evidence{From: "b", Note: "n"}, kpi.Evidence{From: "a"})
			list = append(list, m)
			missed = append(missed, kpi.Unmeasured{Subject: "s", Source: kpi.CloudWatch, Detail: fmt.Sprint(r.IntN(4)), Reason: "denied"})
		}
		inputs := map[string]string{"a.log": "sha256:" + fmt.Sprintf("%064d", 1)}
		want := encoded(t, kpi.Build(list, missed, inputs))
		twice, missedTwice := append(slices.Clone(list), list...), append(slices.Clone(missed), missed...)
		r.Shuffle(len(twice), func(a, b int) { twice[a], twice[b] = twice[b], twice[a] })
		r.Shuffle(len(missedTwice), func(a, b int) { missedTwice[a], missedTwice[b] = missedTwice[b], missedTwice[a] })
		for i := range twice {
			m := &twice[i]
			m.Bins, m.Evidence = append(slices.Clone(m.Bins), m.Bins...), append(slices.Clone(m.Evidence), m.Evidence...)
			r.Shuffle(len(m.Bins), func(a, b int) { m.Bins[a], m.Bins[b] = m.Bins[b], m.Bins[a] })
			r.Shuffle(len(m.Evidence), func(a, b int) { m.Evidence[a], m.Evidence[b] = m.Evidence[b], m.Evidence[a] })
		}
		if got := encoded(t, kpi.Build(twice, missedTwice, inputs)); !bytes.Equal(got, want) {
			t.Fatalf("%s\nwant\n%s", got, want)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(want))
		if err == nil {
			err = schema.Validate(instance)
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, want)
		}
		var back kpi.Baseline
		if err := json.Unmarshal(want, &back); err != nil || !bytes.Equal(encoded(t, back), want) {
			t.Fatalf("read again it is another: %v", err)
		}
	})
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open("../../docs/reference/schemas/baseline.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	document, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("baseline.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("baseline.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// The schema refuses what the rules forbid.
func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	good := string(encoded(t, kpi.Build([]kpi.Measurement{cpu(1, 2)}, nil, nil)))
	for name, change := range map[string][2]string{
		"a metric outside of the vocabulary": {`"cpuUtilisation"`, `"cpu"`},
		"a member that nobody knows":         {`"samples":`, `"sample":1,"samples":`},
		"no values and no reason":            {good[bytesIndex(good, `"values":[`) : bytesIndex(good, `],"coverage"`)+1], `"values":[]`},
		"another version":                    {`"schemaVersion":1`, `"schemaVersion":2`},
	} {
		broken := bytes.Replace([]byte(good), []byte(change[0]), []byte(change[1]), 1)
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(broken))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if schema.Validate(instance) == nil || string(broken) == good {
			t.Errorf("%s is accepted: %s", name, broken)
		}
	}
}

func bytesIndex(s, part string) int { return bytes.Index([]byte(s), []byte(part)) }

func TestFind(t *testing.T) {
	t.Parallel()
	empty, probed, logged := requests(math.NaN()), requests(3), requests(6)
	probed.Source, logged.Source = kpi.Probe, kpi.AccessLog
	b := kpi.Build([]kpi.Measurement{probed, empty}, nil, nil)
	if k, ok := b.Find(db(), kpi.Throughput, ""); !ok || k.Source != kpi.Probe {
		t.Errorf("%v: one with a value comes first, got %s", ok, k.Source)
	}
	b = kpi.Build([]kpi.Measurement{probed, empty, logged}, nil, nil)
	if k, _ := b.Find(db(), kpi.Throughput, ""); k.Source != kpi.AccessLog {
		t.Errorf("the log is believed first, got %s", k.Source)
	}
	if _, ok := b.Find(db(), kpi.Cost, ""); ok {
		t.Error("found a cost")
	}
}

func TestFreeze(t *testing.T) {
	t.Parallel()
	b := kpi.Build([]kpi.Measurement{cpu(1, 2)}, nil, nil)
	if err := kpi.Intact(b); !fault.Is(err, fault.Refused) || fault.HintOf(err) != "landfall assess" {
		t.Errorf("not frozen: %v", err)
	}
	frozen, err := kpi.Freeze(b)
	if err != nil || kpi.Intact(frozen) != nil {
		t.Fatalf("%v, %v", err, kpi.Intact(frozen))
	}
	again, err := kpi.Freeze(frozen)
	if err != nil || again.Frozen != frozen.Frozen {
		t.Errorf("frozen twice: %v, %s", err, again.Frozen)
	}
	var back kpi.Baseline
	if err := json.Unmarshal(encoded(t, frozen), &back); err != nil || kpi.Intact(back) != nil {
		t.Errorf("read again: %v, %v", err, kpi.Intact(back))
	}
	back.KPIs[0].Values[0].Value++
	if err := kpi.Intact(back); !fault.Is(err, fault.Conflict) {
		t.Errorf("changed: %v", err)
	}
	if _, err := kpi.Freeze(back); !fault.Is(err, fault.Conflict) {
		t.Errorf("freeze what was changed: %v", err)
	}
	if _, err := kpi.Freeze(kpi.Build([]kpi.Measurement{cpu(math.NaN())}, nil, nil)); !fault.Is(err, fault.Refused) {
		t.Errorf("freeze nothing: %v", err)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	old := kpi.Build([]kpi.Measurement{cpu(10, 20), requests(300)}, nil, nil)
	if c := kpi.Compare(old, old); len(c.Added)+len(c.Removed)+len(c.Changed) != 0 {
		t.Errorf("against itself: %+v", c)
	}
	other := cpu(5)
	other.Subject.ID = "arn:other"
	c := kpi.Compare(old, kpi.Build([]kpi.Measurement{cpu(10, 40), other}, nil, nil))
	if len(c.Added) != 1 || c.Added[0].Subject != "arn:other" || len(c.Removed) != 1 || c.Removed[0].Metric != kpi.Throughput {
		t.Errorf("added %+v, removed %+v", c.Added, c.Removed)
	}
	verdicts := ""
	for _, x := range c.Changed {
		verdicts += fmt.Sprintf("%s %v>%v %s; ", x.Statistic, x.Old.Value, x.New.Value, x.Verdict)
	}
	if want := "mean 15>25 worse; p90 20>40 worse; p95 20>40 worse; p99 20>40 worse; max 20>40 worse; last 20>40 worse; "; verdicts != want {
		t.Errorf("%s\nwant %s", verdicts, want)
	}
	lost := kpi.Compare(old, kpi.Build([]kpi.Measurement{cpu(math.NaN()), requests(600)}, nil, nil))
	if i := slices.IndexFunc(lost.Changed, func(x kpi.Change) bool { return x.Metric == kpi.CPUUtilisation }); i < 0 || lost.Changed[i].Verdict != "unknown" || lost.Changed[i].New != nil {
		t.Errorf("%+v", lost.Changed)
	}
	if i := slices.IndexFunc(lost.Changed, func(x kpi.Change) bool { return x.Metric == kpi.Throughput }); lost.Changed[i].Verdict != "different" {
		t.Errorf("%+v", lost.Changed[i])
	}
}

func TestVocabulary(t *testing.T) {
	t.Parallel()
	seen := map[kpi.Metric]bool{}
	for _, f := range kpi.Metrics() {
		if seen[f.Metric] || f.Unit == "" || f.Better == "" || f.Meaning == "" {
			t.Errorf("%+v", f)
		}
		seen[f.Metric] = true
	}
	if f := kpi.FactsOf("nope"); f.Unit != kpi.AsReported {
		t.Errorf("%+v", f)
	}
}

// Joined from parts it is what it would have been in one.
func TestJoin(t *testing.T) {
	t.Parallel()
	probed := requests(3)
	probed.Source, probed.Window.To = kpi.Probe, probed.Window.To.Add(time.Hour)
	missed := []kpi.Unmeasured{{Subject: "x", Source: kpi.CloudWatch, Reason: "denied"}}
	whole := kpi.Build([]kpi.Measurement{cpu(1, 2), probed}, missed, map[string]string{"a": "1", "b": "2"})
	joined := kpi.Join(kpi.Build([]kpi.Measurement{probed}, missed, map[string]string{"b": "2"}), kpi.Baseline{}, kpi.Build([]kpi.Measurement{cpu(1, 2)}, missed, map[string]string{"a": "1"}))
	if got, want := encoded(t, joined), encoded(t, whole); !bytes.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
