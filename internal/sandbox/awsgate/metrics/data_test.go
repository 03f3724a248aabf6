package metrics

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// stat is a MetricDataQuery about a metric of the namespace Shop.
func stat(id, name, statistic string, period int, dimensions ...string) map[string]any {
	metric := map[string]any{"Namespace": "Shop", "MetricName": name}
	if len(dimensions) > 0 {
		metric["Dimensions"] = dims(dimensions...)
	}
	return map[string]any{"Id": id, "MetricStat": map[string]any{"Metric": metric, "Period": json.Number(fmt.Sprint(period)), "Stat": statistic}}
}

func formula(id, text string) map[string]any { return map[string]any{"Id": id, "Expression": text} }

func with(query map[string]any, pairs ...any) map[string]any {
	for i := 0; i < len(pairs); i += 2 {
		query[pairs[i].(string)] = pairs[i+1]
	}
	return query
}

func lastHour(queries ...map[string]any) map[string]any {
	list := make([]any, len(queries))
	for i, q := range queries {
		list[i] = q
	}
	return map[string]any{"MetricDataQueries": list, "StartTime": ago(time.Hour), "EndTime": noon(), "ScanBy": "TimestampAscending"}
}

// shopService holds half an hour of requests and errors per minute; errors
// were reported in three minutes only.
func shopService(t *testing.T) *Service {
	t.Helper()
	s := newService()
	requests := strings.TrimSuffix(strings.Repeat("100,", 30), ",")
	load(t, s,
		`{"namespace":"Shop","name":"Requests","unit":"Count","start":"2026-03-10T11:00:00Z","periodSeconds":60,"values":[`+requests+`]}`,
		`{"namespace":"Shop","name":"Errors","unit":"Count","start":"2026-03-10T11:00:00Z","periodSeconds":60,"values":[null,null,5,null,null,10,null,null,null,null,null,20]}`,
		`{"namespace":"Shop","name":"CPU","dimensions":{"InstanceId":"i-1","Zone":"a"},"unit":"Percent","start":"2026-03-10T11:00:00Z","periodSeconds":300,"values":[10,20,30]}`,
		`{"namespace":"Shop","name":"CPU","dimensions":{"InstanceId":"i-2","Zone":"b"},"unit":"Percent","start":"2026-03-10T11:00:00Z","periodSeconds":300,"values":[60,50,40]}`,
		`{"namespace":"Shop","name":"CPU","dimensions":{"Zone":"a"},"unit":"Percent","start":"2026-03-10T11:00:00Z","periodSeconds":300,"values":[99]}`)
	return s
}

// series writes the results as "id label: 11:00=1 11:05=2".
func series(answer map[string]any) []string {
	var out []string
	for _, one := range answer["MetricDataResults"].([]any) {
		r := one.(map[string]any)
		line := fmt.Sprintf("%s %s:", r["Id"], r["Label"])
		values := r["Values"].([]any)
		for i, at := range r["Timestamps"].([]any) {
			line += fmt.Sprintf(" %s=%v", at.(time.Time).Format("15:04"), values[i])
		}
		if r["StatusCode"] != "Complete" {
			line += " " + r["StatusCode"].(string)
		}
		out = append(out, line)
	}
	return out
}

func TestGetMetricData(t *testing.T) {
	t.Parallel()
	s := shopService(t)
	for _, c := range []struct {
		name string
		ask  map[string]any
		want []string
	}{
		{"statistic", lastHour(stat("m1", "Errors", "Sum", 300)), []string{"m1 Errors: 11:00=5 11:05=10 11:10=20"}},
		{"error rate, by Id", lastHour(
			with(stat("errors", "Errors", "Sum", 300), "ReturnData", false),
			with(stat("requests", "Requests", "Sum", 300), "ReturnData", "false"),
			with(formula("rate", "100 * errors / requests"), "Label", "error rate")),
			[]string{"rate error rate: 11:00=1 11:05=2 11:10=4"}},
		{"missing data", lastHour(
			stat("e", "Errors", "Sum", 900),
			formula("filled", "FILL(e, 0)")),
			[]string{"e Errors: 11:00=35", "filled filled: 11:00=35 11:15=0 11:30=0 11:45=0"}},
		{"forward reference and chain", lastHour(
			formula("c", "b + 1"), formula("b", "a * 2"), stat("a", "CPU", "Average", 900, "Zone", "a")),
			[]string{"c c: 11:00=199", "b b: 11:00=198", "a CPU: 11:00=99"}},
		{"unknown metric", lastHour(stat("m1", "Nope", "Sum", 60)), []string{"m1 Nope:"}},
		{"labels tell metrics of one name apart", lastHour(
			stat("a", "CPU", "Maximum", 900, "InstanceId", "i-1", "Zone", "a"),
			stat("b", "CPU", "Maximum", 900, "Zone", "b", "InstanceId", "i-2"),
			with(formula("top", "MAX(METRICS())"), "Label", "top ${LABEL} ${MAX} of ${PROP('Region')} ${NOPE}")),
			[]string{"a i-1 a CPU: 11:00=30", "b i-2 b CPU: 11:00=60", "top top top 60 of us-east-1 ${NOPE}: 11:00=60"}},
		{"array", lastHour(
			with(stat("a1", "CPU", "Maximum", 900, "InstanceId", "i-1", "Zone", "a"), "ReturnData", false),
			with(stat("a2", "CPU", "Maximum", 900, "InstanceId", "i-2", "Zone", "b"), "ReturnData", false),
			with(formula("half", "METRICS('a') / 2"), "Label", "half")),
			[]string{"half half i-1 a CPU: 11:00=15", "half half i-2 b CPU: 11:00=30"}},
		{"search by schema", lastHour(formula("s", "SEARCH('{Shop,InstanceId,Zone} MetricName=\"CPU\"', 'Average', 900)")),
			[]string{"s i-1 a CPU: 11:00=20", "s i-2 b CPU: 11:00=50"}},
		{"search with logic", lastHour(formula("s", "SEARCH('cpu (Zone=b OR Zone=x) NOT i-1', 'Average', 900)")),
			[]string{"s i-2 b CPU: 11:00=50"}},
		{"search that finds nothing", lastHour(formula("s", "SEARCH('disk', 'Average', 900)")), nil},
		{"unit that was not sent", lastHour(with(stat("m1", "Errors", "Sum", 300), "MetricStat", map[string]any{
			"Metric": map[string]any{"Namespace": "Shop", "MetricName": "Errors"}, "Period": int64(300), "Stat": "Sum", "Unit": "Bytes"})), []string{"m1 Errors:"}},
		{"newest first by default", with(lastHour(stat("m1", "Errors", "Sum", 300)), "ScanBy", ""), []string{"m1 Errors: 11:10=20 11:05=10 11:00=5"}},
		{"scalar made a series", lastHour(
			with(stat("m1", "CPU", "Maximum", 1200, "Zone", "a"), "ReturnData", false),
			formula("flat", "TIME_SERIES(MAX(m1) - 1)")),
			[]string{"flat flat: 11:00=98 11:20=98 11:40=98"}},
	} {
		if got := series(call(t, s, "GetMetricData", c.ask)); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestGetMetricDataRefuses(t *testing.T) {
	t.Parallel()
	s := shopService(t)
	good := func() map[string]any { return stat("m1", "Errors", "Sum", 60) }
	var many []map[string]any
	for i := range 501 {
		many = append(many, stat(fmt.Sprint("m", i), "Errors", "Sum", 60))
	}
	for want, ask := range map[string]map[string]any{
		"MissingParameter: parameter MetricDataQueries":                               lastHour(),
		"ValidationError: parameter MetricDataQueries has 501":                        lastHour(many...),
		`ValidationError: parameter MetricDataQueries.member.1.Id "M1"`:               lastHour(stat("M1", "Errors", "Sum", 60)),
		`ValidationError: id "m1" stands for two queries`:                             lastHour(good(), good()),
		`ValidationError: query "x" must have one of`:                                 lastHour(map[string]any{"Id": "x"}),
		`ValidationError: parameter MetricDataQueries has no query with`:              lastHour(with(good(), "ReturnData", false)),
		`ValidationError: expression of query "e" refers to "nope"`:                   lastHour(good(), formula("e", "nope + 1")),
		`ValidationError: expression of query "e": function ANOMALY_DETECTION_BAND`:   lastHour(good(), formula("e", "ANOMALY_DETECTION_BAND(m1)")),
		`ValidationError: expression of query "e" is a number, not a time`:            lastHour(good(), formula("e", "SUM(m1)")),
		`ValidationError: expression of query "a" refers to itself`:                   lastHour(formula("a", "b"), formula("b", "a")),
		`ValidationError: parameter MetricDataQueries.member.1.MetricStat.Period`:     lastHour(stat("m1", "Errors", "Sum", 61)),
		`ValidationError: parameter MetricDataQueries.member.1.MetricStat.Stat "Med"`: lastHour(stat("m1", "Errors", "Med", 60)),
		`ValidationError: parameter MetricDataQueries.member.1.AccountId`:             lastHour(with(good(), "AccountId", "999999999999")),
		`ValidationError: parameter MaxDatapoints must be 1 to 100800`:                with(lastHour(good()), "MaxDatapoints", int64(0)),
		`ValidationError: parameter ScanBy "Up"`:                                      with(lastHour(good()), "ScanBy", "Up"),
		`InvalidNextToken: parameter NextToken`:                                       with(lastHour(good()), "NextToken", "abc"),
		`InvalidParameterValue: parameter StartTime must be before`:                   with(lastHour(good()), "EndTime", ago(time.Hour)),
		`InvalidParameterValue: parameter StartTime is no time`:                       with(lastHour(good()), "StartTime", "yesterday"),
		`ValidationError: expression of query "s": SEARCH: "Med" is no statistic`:     lastHour(formula("s", "SEARCH('x', 'Med', 60)")),
		`ValidationError: expression of query "s": SEARCH: a term is expected`:        lastHour(formula("s", "SEARCH('x AND', 'Sum', 60)")),
		`ValidationError: expression of query "t": series would have more`:            with(lastHour(with(formula("t", "TIME_SERIES(1)"), "Period", int64(1))), "StartTime", ago(10*24*time.Hour)),
	} {
		if got := refused(t, s, "GetMetricData", ask); !strings.HasPrefix(got, want) {
			t.Errorf("refusal is %q, want %q", got, want)
		}
	}
}

// However the pages are cut, together they are the whole answer.
func TestPagesMakeTheWhole(t *testing.T) {
	t.Parallel()
	s := shopService(t)
	queries := []map[string]any{
		stat("m1", "Requests", "Sum", 60), stat("none", "Nope", "Sum", 60), stat("m2", "Errors", "Sum", 60), formula("e", "m1 - FILL(m2, 0)"),
	}
	rapid.Check(t, func(rt *rapid.T) {
		order := rapid.SampledFrom([]string{"TimestampAscending", "TimestampDescending"}).Draw(rt, "order")
		whole := map[string]string{}
		for _, line := range series(call(t, s, "GetMetricData", with(lastHour(queries...), "ScanBy", order))) {
			label, points, _ := strings.Cut(line, ":")
			whole[label] = points
		}
		ask := with(lastHour(queries...), "ScanBy", order, "MaxDatapoints", int64(rapid.IntRange(1, 70).Draw(rt, "most")))
		joined := map[string]string{}
		open := map[string]bool{}
		for pages := 0; ; pages++ {
			answer := call(t, s, "GetMetricData", ask)
			for _, line := range series(answer) {
				label, points, _ := strings.Cut(line, ":")
				points, partial := strings.CutSuffix(points, " PartialData")
				joined[label] += points
				open[label] = partial
			}
			token, more := answer["NextToken"]
			if !more {
				break
			}
			ask["NextToken"] = token
			if pages > 200 {
				rt.Fatal("the pages do not end")
			}
		}
		for label, points := range whole {
			if joined[label] != points || open[label] {
				rt.Fatalf("pages of %s give\n%s, want\n%s (still partial: %v)", label, joined[label], points, open[label])
			}
		}
	})
}

func TestTokenOfAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()
	s := shopService(t)
	ask := with(lastHour(stat("m1", "Requests", "Sum", 60)), "MaxDatapoints", int64(5))
	token := call(t, s, "GetMetricData", ask)["NextToken"]
	other := with(lastHour(stat("m1", "Requests", "Maximum", 60)), "NextToken", token)
	if got := refused(t, s, "GetMetricData", other); !strings.HasPrefix(got, "InvalidNextToken: ") {
		t.Errorf("refusal is %q", got)
	}
}

func TestSearchSaysWhatItLeftOut(t *testing.T) {
	t.Parallel()
	s := newService()
	var lines []string
	for i := range 101 {
		lines = append(lines, fmt.Sprintf(`{"namespace":"N","name":"Busy","dimensions":{"Id":"%03d"},"start":"2026-03-10T11:00:00Z","periodSeconds":60,"values":[1]}`, i))
	}
	load(t, s, lines...)
	answer := call(t, s, "GetMetricData", lastHour(formula("s", "SEARCH('Busy', 'Sum', 60)")))
	if got := len(series(answer)); got != 100 {
		t.Errorf("%d series, want 100", got)
	}
	if got := fmt.Sprint(answer["Messages"]); !strings.Contains(got, "MaxMetricsExceeded") {
		t.Errorf("messages are %s", got)
	}
}

func TestSearchTokens(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"CPUUtilization": "cpu utilization", "my-instance_01": "my instance 01", "HTTPCode_Target_5XX_Count": "http code target 5 xx count", "": "", "é2": "é 2",
	} {
		if got := strings.Join(searchTokens(text), " "); got != want {
			t.Errorf("tokens of %q are %q, want %q", text, got, want)
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, seed := range []string{`{A,B} c`, `a AND (b OR "c d") NOT e`, `k=v "x=y"`, `{`, `"`, `((`} {
		f.Add(seed)
	}
	id := identity{namespace: "AWS/EC2", name: "CPUUtilization", dims: []dimension{{"InstanceId", "i-1"}}}
	f.Fuzz(func(t *testing.T, text string) {
		if m, err := parseSearch(text); err == nil {
			m(id)
		}
	})
}

// BenchmarkQueryTwoWeeks reads the percentiles of a metric of two weeks with
// twenty distinct values every five minutes.
func BenchmarkQueryTwoWeeks(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	s := newService()
	id := identity{namespace: "Shop", name: "Latency"}
	for i := range 4032 {
		values, counts := make([]float64, 20), make([]float64, 20)
		for k := range values {
			values[k], counts[k] = random.Float64(), float64(random.IntN(50)+1)
		}
		s.store.add(id, "Seconds", []sample{distributionSample(ago(14*24*time.Hour).Unix()+int64(i)*300, values, counts)})
	}
	p99, _ := parseStatistic("p99")
	r := &request{service: s, start: ago(14 * 24 * time.Hour), end: noon(), now: noon()}
	for b.Loop() {
		if got := r.read(metricStat{id: id, period: 3600, statistic: p99}); len(got.Times) != 336 {
			b.Fatal(len(got.Times))
		}
	}
}
