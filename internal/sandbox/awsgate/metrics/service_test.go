package metrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// noon is the clock of these tests.
func noon() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC) }

func ago(d time.Duration) time.Time { return noon().Add(-d) }

func newService() *Service {
	return New(Options{Account: "123456789012", Region: "us-east-1", Now: noon})
}

// call sends one operation and fails on an error.
func call(t *testing.T, s *Service, operation string, params map[string]any) map[string]any {
	t.Helper()
	out, err := s.Answer(t.Context(), &awsapi.Call{Service: "monitoring", Operation: operation, Params: params})
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return out
}

// refused sends one operation and returns code and text of the error.
func refused(t *testing.T, s *Service, operation string, params map[string]any) string {
	t.Helper()
	_, err := s.Answer(t.Context(), &awsapi.Call{Service: "monitoring", Operation: operation, Params: params})
	api, ok := errors.AsType[*awsapi.Error](err)
	if !ok {
		return fmt.Sprintf("no refusal: %v", err)
	}
	return api.Error()
}

func dims(pairs ...string) []any {
	var out []any
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, map[string]any{"Name": pairs[i], "Value": pairs[i+1]})
	}
	return out
}

func load(t *testing.T, s *Service, lines ...string) {
	t.Helper()
	if _, err := s.Load(strings.NewReader(strings.Join(lines, "\n"))); err != nil {
		t.Fatal(err)
	}
}

// latency is an hour of five-minute data points from eleven to noon.
func latency(t *testing.T, s *Service) {
	t.Helper()
	load(t, s, `{"namespace":"AWS/X","name":"Latency","dimensions":{"LB":"a"},"unit":"Seconds","start":"2026-03-10T11:00:00Z","periodSeconds":300,
		"stats":[{"values":[1,2,3,4],"counts":[97,1,1,1]},null,{"sum":10,"min":1,"max":9,"count":2},{"values":[5]}]}`)
}

func statistics(extra map[string]any) map[string]any {
	params := map[string]any{
		"Namespace": "AWS/X", "MetricName": "Latency", "Dimensions": dims("LB", "a"), "Period": int64(300),
		"StartTime": ago(time.Hour), "EndTime": noon(),
	}
	for name, value := range extra {
		params[name] = value
	}
	return params
}

func TestGetMetricStatistics(t *testing.T) {
	t.Parallel()
	s := newService()
	latency(t, s)
	out := call(t, s, "GetMetricStatistics", statistics(map[string]any{"Statistics": []any{"Sum", "Maximum", "SampleCount", "Average", "Minimum"}}))
	points := out["Datapoints"].([]any)
	if len(points) != 3 || out["Label"] != "Latency" {
		t.Fatalf("answer is %v", out)
	}
	first := points[0].(map[string]any)
	want := map[string]any{"Timestamp": ago(time.Hour), "Unit": "Seconds", "Sum": 106.0, "Maximum": 4.0, "Minimum": 1.0, "SampleCount": 100.0, "Average": 1.06}
	if fmt.Sprint(first) != fmt.Sprint(want) {
		t.Errorf("the first data point is %v, want %v", first, want)
	}
	out = call(t, s, "GetMetricStatistics", statistics(map[string]any{"ExtendedStatistics": []any{"p50", "p99", "p99.9", "tm97"}}))
	points = out["Datapoints"].([]any)
	if len(points) != 2 {
		t.Fatalf("the period with a bare statistic set has percentiles: %v", points)
	}
	if got := fmt.Sprint(points[0].(map[string]any)["ExtendedStatistics"]); got != "map[p50:1 p99:3 p99.9:4 tm97:1]" {
		t.Errorf("extended statistics are %s", got)
	}
}

func TestGetMetricStatisticsInEveryEncoding(t *testing.T) {
	t.Parallel()
	s := newService()
	latency(t, s)
	want := ""
	for name, form := range map[string]map[string]any{
		"cbor":  {"StartTime": ago(time.Hour), "EndTime": noon(), "Period": int64(3600)},
		"query": {"StartTime": "2026-03-10T11:00:00Z", "EndTime": "2026-03-10T12:00:00Z", "Period": "3600"},
		"json":  {"StartTime": json.Number("1773140400"), "EndTime": json.Number("1773144000.0"), "Period": json.Number("3600")},
	} {
		form["Statistics"] = []any{"Sum"}
		got := fmt.Sprint(call(t, s, "GetMetricStatistics", statistics(form)))
		if want == "" {
			want = got
		}
		if got != want || !strings.Contains(got, "Sum:121") {
			t.Errorf("%s: answer is %s, want %s", name, got, want)
		}
	}
}

func TestGetMetricStatisticsRefuses(t *testing.T) {
	t.Parallel()
	s := newService()
	for want, change := range map[string]map[string]any{
		"MissingParameter: parameter Statistics or":            {},
		"InvalidParameterCombination: parameters Statistics":   {"Statistics": []any{"Sum"}, "ExtendedStatistics": []any{"p1"}},
		`InvalidParameterValue: parameter Statistics holds "p`: {"Statistics": []any{"p99"}},
		"InvalidParameterValue: parameter ExtendedStatistics":  {"ExtendedStatistics": []any{"p999"}},
		"InvalidParameterValue: parameter Period 45":           {"Period": int64(45)},
		"InvalidParameterValue: parameter StartTime must":      {"StartTime": noon(), "EndTime": noon()},
		"InvalidParameterCombination: 1441 data points":        {"Statistics": []any{"Sum"}, "Period": int64(60), "StartTime": ago(1441 * time.Minute)},
		`InvalidParameterValue: parameter Unit "Furlongs"`:     {"Unit": "Furlongs"},
		"InvalidParameterValue: parameter Dimensions.member.2": {"Dimensions": dims("LB", "a", ":x", "b")},
		`InvalidParameterValue: parameter Dimensions names`:    {"Dimensions": dims("LB", "a", "LB", "b")},
		"MissingParameter: parameter MetricName":               {"MetricName": ""},
	} {
		if got := refused(t, s, "GetMetricStatistics", statistics(change)); !strings.HasPrefix(got, want) {
			t.Errorf("refusal is %q, want %q", got, want)
		}
	}
	if got := call(t, s, "GetMetricStatistics", statistics(map[string]any{"Statistics": []any{"Sum"}, "Period": int64(60), "StartTime": ago(1440 * time.Minute)})); len(got["Datapoints"].([]any)) != 0 {
		t.Errorf("an unknown metric has data: %v", got)
	}
	if got := refused(t, s, "GetMetricWidgetImage", nil); !strings.Contains(got, "GetMetricWidgetImage is not supported") {
		t.Errorf("refusal is %q", got)
	}
}

func TestUnitsAreDataPointsOfTheirOwn(t *testing.T) {
	t.Parallel()
	s := newService()
	latency(t, s)
	load(t, s, `{"namespace":"AWS/X","name":"Latency","dimensions":{"LB":"a"},"unit":"Count","start":"2026-03-10T11:00:00Z","periodSeconds":60,"values":[7]}`)
	count := func(unit string) int {
		params := statistics(map[string]any{"Statistics": []any{"Sum"}, "Period": int64(3600)})
		if unit != "" {
			params["Unit"] = unit
		}
		return len(call(t, s, "GetMetricStatistics", params)["Datapoints"].([]any))
	}
	if got := []int{count(""), count("Seconds"), count("Count"), count("Bytes")}; !slices.Equal(got, []int{2, 1, 1, 0}) {
		t.Errorf("data points by unit are %v", got)
	}
}

// CloudWatch keeps minutes for 15 days, five minutes for 63, hours for 455.
func TestRetentionTiers(t *testing.T) {
	t.Parallel()
	s := newService()
	for _, days := range []int{1, 20, 70, 500} {
		load(t, s, fmt.Sprintf(`{"namespace":"N","name":"Old%d","start":%q,"periodSeconds":60,"values":[1,1]}`, days, ago(time.Duration(days)*24*time.Hour).Format(time.RFC3339)))
	}
	for _, c := range []struct {
		days   int
		period int64
		seen   bool
	}{{1, 60, true}, {20, 60, false}, {20, 300, true}, {70, 300, false}, {70, 3600, true}, {500, 3600, false}, {1, 30, false}} {
		start := ago(time.Duration(c.days) * 24 * time.Hour)
		out := call(t, s, "GetMetricStatistics", map[string]any{
			"Namespace": "N", "MetricName": fmt.Sprintf("Old%d", c.days), "Period": c.period,
			"StartTime": start, "EndTime": start.Add(time.Hour), "Statistics": []any{"Sum"},
		})
		if seen := len(out["Datapoints"].([]any)) > 0; seen != c.seen {
			t.Errorf("a minute of %d days ago with period %d: seen is %v, want %v", c.days, c.period, seen, c.seen)
		}
	}
}

func TestDataPointsCountFromTheStart(t *testing.T) {
	t.Parallel()
	s := newService()
	load(t, s, `{"namespace":"N","name":"M","start":"2026-03-10T10:00:00Z","periodSeconds":60,"values":[1,1,1,1,1,1,1,1,1,1]}`)
	out := call(t, s, "GetMetricStatistics", map[string]any{
		"Namespace": "N", "MetricName": "M", "Period": int64(300), "Statistics": []any{"Sum"},
		"StartTime": "2026-03-10T10:02:30Z", "EndTime": "2026-03-10T10:12:00Z",
	})
	var got []string
	for _, one := range out["Datapoints"].([]any) {
		p := one.(map[string]any)
		got = append(got, fmt.Sprint(p["Timestamp"].(time.Time).Format("15:04"), "=", p["Sum"]))
	}
	if want := []string{"10:02=5", "10:07=3"}; !slices.Equal(got, want) {
		t.Errorf("data points are %q, want %q", got, want)
	}
}

func TestPutMetricData(t *testing.T) {
	t.Parallel()
	s := newService()
	call(t, s, "PutMetricData", map[string]any{"Namespace": "Shop", "MetricData": []any{
		map[string]any{"MetricName": "Orders", "Value": json.Number("3"), "Unit": "Count", "Timestamp": ago(90 * time.Second), "Dimensions": dims("b", "2", "a", "1")},
		map[string]any{"MetricName": "Orders", "Value": "5", "Unit": "Count", "Timestamp": ago(70 * time.Second), "Dimensions": dims("a", "1", "b", "2")},
		map[string]any{"MetricName": "Latency", "Values": []any{1.0, 2.0}, "Counts": []any{int64(9), int64(1)}, "Timestamp": ago(time.Minute)},
		map[string]any{"MetricName": "Set", "StatisticValues": map[string]any{"Sum": 9.0, "Minimum": 1.0, "Maximum": 5.0, "SampleCount": 3.0}},
		map[string]any{"MetricName": "Fine", "Value": 1.0, "StorageResolution": int64(1), "Timestamp": ago(7 * time.Second)},
	}})
	sum := func(name string, period int64, stat string, dimensions []any) string {
		params := map[string]any{
			"Namespace": "Shop", "MetricName": name, "Period": period, "StartTime": ago(10 * time.Minute), "EndTime": noon().Add(time.Minute),
			"Dimensions": dimensions, "Statistics": []any{stat},
		}
		if strings.HasPrefix(stat, "p") {
			params["ExtendedStatistics"] = params["Statistics"]
			delete(params, "Statistics")
		}
		var got []string
		for _, one := range call(t, s, "GetMetricStatistics", params)["Datapoints"].([]any) {
			p := one.(map[string]any)
			v := p[stat]
			if e, ok := p["ExtendedStatistics"].(awsapi.Entries); ok {
				v = e[stat]
			}
			got = append(got, fmt.Sprint(p["Timestamp"].(time.Time).Format("04:05"), "=", v))
		}
		return strings.Join(got, " ")
	}
	for want, got := range map[string]string{
		"58:00=8": sum("Orders", 60, "Sum", dims("b", "2", "a", "1")),
		"":        sum("Orders", 60, "Sum", dims("a", "1")),
		"59:00=2": sum("Latency", 60, "p95", nil),
		"00:00=3": sum("Set", 60, "SampleCount", nil),
		"59:50=1": sum("Fine", 10, "Sum", nil),
	} {
		if got != want {
			t.Errorf("data points are %q, want %q", got, want)
		}
	}
}

func TestPutMetricDataRefusesAllOfIt(t *testing.T) {
	t.Parallel()
	s := newService()
	good := map[string]any{"MetricName": "Good", "Value": 1.0}
	many := make([]any, 151)
	for i := range many {
		many[i] = float64(i)
	}
	for want, bad := range map[string]map[string]any{
		"MissingParameter: parameter MetricData.member.2.Value,":                  {"MetricName": "M"},
		"InvalidParameterCombination: parameters MetricData.member.2.Value":       {"MetricName": "M", "Value": 1.0, "Values": []any{1.0}},
		"InvalidParameterValue: parameter MetricData.member.2.Value is no":        {"MetricName": "M", "Value": "NaN"},
		"InvalidParameterValue: parameter MetricData.member.2.Values must":        {"MetricName": "M", "Values": many},
		"InvalidParameterValue: parameters MetricData.member.2.Values and Counts": {"MetricName": "M", "Values": []any{1.0, 2.0}, "Counts": []any{1.0}},
		"MissingParameter: parameter MetricData.member.2.StatisticValues.Max":     {"MetricName": "M", "StatisticValues": map[string]any{"Sum": 1.0, "Minimum": 1.0, "SampleCount": 1.0}},
		"InvalidParameterValue: parameter MetricData.member.2.Timestamp must lie": {"MetricName": "M", "Value": 1.0, "Timestamp": ago(15 * 24 * time.Hour)},
		"InvalidParameterValue: parameter MetricData.member.2.Timestamp must be":  {"MetricName": "M", "Value": 1.0, "Timestamp": noon().Add(3 * time.Hour)},
		"InvalidParameterValue: parameter MetricData.member.2.StorageResolution":  {"MetricName": "M", "Value": 1.0, "StorageResolution": int64(5)},
	} {
		if got := refused(t, s, "PutMetricData", map[string]any{"Namespace": "N", "MetricData": []any{good, bad}}); !strings.HasPrefix(got, want) {
			t.Errorf("refusal is %q, want %q", got, want)
		}
	}
	if got := refused(t, s, "PutMetricData", map[string]any{"Namespace": "AWS/EC2", "MetricData": []any{good}}); !strings.Contains(got, "must not begin with AWS/") {
		t.Errorf("refusal is %q", got)
	}
	if got := call(t, s, "ListMetrics", nil)["Metrics"].([]any); len(got) != 0 {
		t.Errorf("refused data was stored: %v", got)
	}
}

func TestStoreIsBounded(t *testing.T) {
	t.Parallel()
	s := New(Options{Now: noon, MaxSamples: 3})
	_, err := s.Load(strings.NewReader(`{"namespace":"N","name":"M","start":"2026-03-10T10:00:00Z","periodSeconds":60,"values":[1,2,3,4]}`))
	if err == nil || !strings.Contains(err.Error(), "more than 3 samples") {
		t.Errorf("error is %v", err)
	}
	put := map[string]any{"Namespace": "N", "MetricData": []any{map[string]any{"MetricName": "M", "Values": []any{1.0, 2.0, 3.0}}}}
	if got := refused(t, s, "PutMetricData", put); !strings.HasPrefix(got, "LimitExceeded: ") {
		t.Errorf("refusal is %q", got)
	}
}

func TestListMetrics(t *testing.T) {
	t.Parallel()
	s := newService()
	var lines []string
	for i := range 1100 {
		lines = append(lines, fmt.Sprintf(`{"namespace":"N%d","name":"M","dimensions":{"Id":"i-%04d","Zone":"z%d"},"start":"2026-03-10T11:00:00Z","periodSeconds":60,"values":[1]}`, i%2, i, i%3))
	}
	lines = append(lines,
		`{"namespace":"Old","name":"M","start":"2026-02-01T00:00:00Z","periodSeconds":60,"values":[1]}`,
		`{"namespace":"Day","name":"M","start":"2026-03-09T12:00:00Z","periodSeconds":60,"values":[1]}`)
	load(t, s, lines...)
	count := func(params map[string]any) (total, pages int) {
		seen := map[string]bool{}
		for {
			out := call(t, s, "ListMetrics", params)
			pages++
			for _, one := range out["Metrics"].([]any) {
				seen[fmt.Sprint(one)] = true
			}
			token, ok := out["NextToken"]
			if !ok {
				return len(seen), pages
			}
			params["NextToken"] = token
		}
	}
	for _, c := range []struct {
		params       map[string]any
		total, pages int
	}{
		{map[string]any{}, 1101, 3},
		{map[string]any{"Namespace": "N1"}, 550, 2},
		{map[string]any{"MetricName": "M", "Dimensions": []any{map[string]any{"Name": "Zone", "Value": "z0"}}}, 367, 1},
		{map[string]any{"Dimensions": []any{map[string]any{"Name": "Zone"}, map[string]any{"Name": "Id", "Value": "i-0007"}}}, 1, 1},
		{map[string]any{"Namespace": "Old"}, 0, 1},
		{map[string]any{"RecentlyActive": "PT3H", "Namespace": "Day"}, 0, 1},
		{map[string]any{"RecentlyActive": "PT3H"}, 1100, 3},
	} {
		asked := fmt.Sprint(c.params)
		if total, pages := count(c.params); total != c.total || pages != c.pages {
			t.Errorf("%s: %d metrics in %d pages, want %d in %d", asked, total, pages, c.total, c.pages)
		}
	}
	if got := refused(t, s, "ListMetrics", map[string]any{"NextToken": "?"}); !strings.HasPrefix(got, "InvalidParameterValue: parameter NextToken") {
		t.Errorf("refusal is %q", got)
	}
	if got := refused(t, s, "ListMetrics", map[string]any{"RecentlyActive": "PT1H"}); !strings.Contains(got, "must be PT3H") {
		t.Errorf("refusal is %q", got)
	}
}

func TestLoadRefusesTheBadLineAndKeepsTheGoodOnes(t *testing.T) {
	t.Parallel()
	good := `{"namespace":"N","name":"M","start":"2026-03-10T10:00:00Z","periodSeconds":60,"values":[1,null]}` + "\n"
	for want, bad := range map[string]string{
		"unknown field":                `{"namespce":"N"}`,
		"unexpected EOF":               `{"namespace":`,
		"namespace and name":           `{"namespace":"N"}`,
		`unit "Parsec"`:                `{"namespace":"N","name":"M","unit":"Parsec"}`,
		"start is required":            `{"namespace":"N","name":"M"}`,
		"periodSeconds 7":              `{"namespace":"N","name":"M","start":"2026-03-10T10:00:00Z","periodSeconds":7}`,
		"one of values and stats":      `{"namespace":"N","name":"M","start":"2026-03-10T10:00:00Z","periodSeconds":60}`,
		"do not fit together":          `{"namespace":"N","name":"M","start":"2026-03-10T10:00:00Z","periodSeconds":60,"stats":[{"sum":1,"min":5,"max":1,"count":1}]}`,
		"do not add up":                `{"namespace":"N","name":"M","start":"2026-03-10T10:00:00Z","periodSeconds":60,"stats":[{"sum":1,"min":1,"max":2,"count":3,"values":[1]}]}`,
		"count or values are required": `{"namespace":"N","name":"M","start":"2026-03-10T10:00:00Z","periodSeconds":60,"stats":[{}]}`,
		"values and counts differ":     `{"namespace":"N","name":"M","start":"2026-03-10T10:00:00Z","periodSeconds":60,"stats":[{"values":[1,2],"counts":[1]}]}`,
		"must have a name and a value": `{"namespace":"N","name":"M","dimensions":{"A":""},"start":"2026-03-10T10:00:00Z","periodSeconds":60,"values":[1]}`,
		"value 1 is no number":         `{"namespace":"N","name":"M","start":"2026-03-10T10:00:00Z","periodSeconds":60,"values":[1,"2"]}`,
		"must be a list of numbers":    `{"namespace":"N","name":"M","start":"2026-03-10T10:00:00Z","periodSeconds":60,"values":{"a":1}}`,
		"value 0 is out of range":      `{"namespace":"N","name":"M","start":"2026-03-10T10:00:00Z","periodSeconds":60,"values":[1e200]}`,
		`line 2: parsing time "x"`:     `{"start":"x"}`,
	} {
		done, err := newService().Load(strings.NewReader(good + bad))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "line 2") || done.Lines != 1 || done.Samples != 1 {
			t.Errorf("loaded %+v, error is %v, want %q in line 2", done, err, want)
		}
	}
}

// Two weeks of five-minute data points of a hundred metrics load and are
// queried fast enough for a sandbox to start.
func BenchmarkLoadTwoWeeks(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	var history bytes.Buffer
	encoder := json.NewEncoder(&history)
	for i := range 100 {
		values := make([]float64, 14*24*12)
		for k := range values {
			values[k] = random.Float64() * 100
		}
		line := map[string]any{"namespace": "AWS/EC2", "name": "CPUUtilization", "dimensions": map[string]string{"InstanceId": fmt.Sprint("i-", i)},
			"unit": "Percent", "start": ago(14 * 24 * time.Hour), "periodSeconds": 300, "values": values}
		if err := encoder.Encode(line); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		s := newService()
		done, err := s.Load(bytes.NewReader(history.Bytes()))
		if err != nil || done.Samples != 403200 {
			b.Fatal(done, err)
		}
	}
}
