package app

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCron(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"cron(15 2 * * ? *)": "15 2 * * *", "cron(0 8 ? * MON-FRI *)": "0 8 * * MON-FRI", "cron(0 8 ? * 2-6 *)": "0 8 * * 1-5", "cron(0/10 * * * ? *)": "*/10 * * * *", "cron(5/10 0/2 * * ? *)": "5/10 */2 * * *", "cron(0 0 1,15 * ? *)": "0 0 1,15 * *",
		"rate(1 minute)": "* * * * *", "rate(5 minutes)": "*/5 * * * *", "rate(1 hour)": "0 * * * *", "rate(12 hours)": "0 */12 * * *", "rate(120 minutes)": "0 */2 * * *", "rate(24 hours)": "0 0 * * *", "rate(7 days)": "0 0 * * 0",
		"cron(0 8 L * ? *)": "", "cron(0 8 ? * 2#1 *)": "", "cron(0 8 ? * 6L *)": "", "cron(0 8 15W * ? *)": "", "cron(0 8 * * ? 2030)": "", "rate(7 minutes)": "", "rate(5 hours)": "", "rate(0 days)": "", "at(2030-01-01T00:00:00)": "", "": "", "cron()": "",
		"cron(0 8 ? * 9 *)": "", "rate(x)": "",
	} {
		got, ok := cron(in)
		if got != want || ok != (want != "") {
			t.Errorf("cron(%q) is %q, %v; want %q", in, got, ok, want)
		}
		if seconds, ok := timer(in); ok && seconds != "0 "+want {
			t.Errorf("timer(%q) is %q", in, seconds)
		}
	}
}

func TestRecurrence(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"rate(5 minutes)": `{"frequency":"Minute","interval":5,"timeZone":"UTC"}`, "rate(2 hours)": `{"frequency":"Hour","interval":2,"timeZone":"UTC"}`, "rate(1 minute)": `{"frequency":"Minute","interval":1,"timeZone":"UTC"}`,
		"cron(15 2 * * ? *)":    `{"frequency":"Day","interval":1,"schedule":{"hours":[2],"minutes":[15]},"timeZone":"UTC"}`,
		"cron(0 8 ? * MON,3 *)": `{"frequency":"Week","interval":1,"schedule":{"hours":[8],"minutes":[0],"weekDays":["Monday","Tuesday"]},"timeZone":"UTC"}`,
		"cron(0 8 1 * ? *)":     "null", "cron(0 8-10 * * ? *)": "null", "cron(0 8 L * ? *)": "null",
	} {
		encoded, err := json.Marshal(recur(schedule{expression: in}))
		if err != nil || string(encoded) != want {
			t.Errorf("%s is %s, want %s", in, encoded, want)
		}
	}
	if recur(schedule{expression: "rate(5 minutes)", zone: "Europe/Berlin"}) != nil {
		t.Error("a schedule in another zone is taken for one in UTC")
	}
}

func TestSQLFilter(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":["x"]}`: `[a] = 'x'`, `{"a":["x","y'z"],"b":[1,true]}`: `[a] IN ('x', 'y''z') AND [b] IN (1, TRUE)`, `{"a":[{"prefix":"x_"},"y"]}`: `([a] = 'y' OR [a] LIKE 'x\_%' ESCAPE '\')`,
		`{"a":[{"suffix":"x"}]}`: `[a] LIKE '%x'`, `{"a":[{"anything-but":["x",2]}]}`: `[a] NOT IN ('x', 2)`, `{"a":[{"anything-but":{"prefix":"x"}}]}`: `[a] NOT LIKE 'x%'`, `{"a":[{"exists":false}]}`: `NOT EXISTS([a])`,
		`{"a":[{"exists":true}]}`: `EXISTS([a])`, `{"a":[{"numeric":[">",5,"<=",9]}]}`: `([a] > 5 AND [a] <= 9)`, `{"a":[null]}`: `[a] IS NULL`, `{"a]b":["x"]}`: `[a]]b] = 'x'`,
		`{"$or":[{"a":["x"]},{"b":["y"]}]}`: `([a] = 'x') OR ([b] = 'y')`, `{"a":{"b":["x"]}}`: `[a.b] = 'x'`,
	} {
		var policy map[string]any
		if err := json.Unmarshal([]byte(in), &policy); err != nil {
			t.Fatal(err)
		}
		got, lost := sqlFilter(policy)
		if strings.HasPrefix(in, `{"$or"`) {
			want = "(" + want + ")"
		}
		if got != want || len(lost) > 0 {
			t.Errorf("%s is %s (lost %v), want %s", in, got, lost, want)
		}
	}
	for _, in := range []string{`{"a":["x",{"equals-ignore-case":"y"}]}`, `{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":[{"wildcard":"x*y"}]}`, `{"$or":[{"a":["x"]},{"b":[{"cidr":"::/0"}]}]}`, `{"a":[{"numeric":["~",5]}]}`} {
		var policy map[string]any
		if err := json.Unmarshal([]byte(in), &policy); err != nil {
			t.Fatal(err)
		}
		if got, lost := sqlFilter(policy); got != "" || len(lost) == 0 {
			t.Errorf("%s is %q with nothing lost, although it cannot be said", in, got)
		}
	}
}

func TestGridFilter(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		in, operators string
		types, lost   int
	}{
		{`{"source":["a"],"detail-type":["x","y"]}`, "StringIn", 2, 0}, {`{"detail-type":[{"prefix":"x"}]}`, "StringBeginsWith", 0, 0},
		{`{"detail":{"n":[{"numeric":[">",1,"<",5]}]}}`, "NumberGreaterThan NumberLessThan", 0, 0}, {`{"detail":{"b":[true]}}`, "BoolEquals", 0, 0}, {`{"detail":{"n":[1,2]}}`, "NumberIn", 0, 0},
		{`{"detail":{"s":[{"anything-but":["a"]}]}}`, "StringNotIn", 0, 0}, {`{"detail":{"s":[{"anything-but":{"prefix":"a"}}]}}`, "StringNotBeginsWith", 0, 0}, {`{"detail":{"s":[{"exists":false}]}}`, "IsNullOrUndefined", 0, 0},
		{`{"detail":{"s":[{"wildcard":"a*"}]}}`, "StringBeginsWith", 0, 0}, {`{"detail":{"s":[{"wildcard":"*a*"}]}}`, "StringContains", 0, 0}, {`{"detail":{"s":[{"equals-ignore-case":"a"}]}}`, "StringIn", 0, 0},
		{`{"detail":{"s":["a",{"prefix":"b"}]}}`, "", 0, 1}, {`{"detail":{"$or":[{"a":[1]}]}}`, "", 0, 1}, {`{"detail":{"s":[{"cidr":"10.0.0.0/8"}]}}`, "", 0, 1}, {`{"detail":{"s":[{"wildcard":"a*b"}]}}`, "", 0, 1},
		{`{"account":["1"],"region":["x"],"time":["y"]}`, "", 0, 1},
	} {
		var pattern map[string]any
		if err := json.Unmarshal([]byte(one.in), &pattern); err != nil {
			t.Fatal(err)
		}
		f := gridFilter(pattern)
		var operators []string
		for _, a := range f.advanced {
			encoded, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			var read struct {
				OperatorType string `json:"operatorType"`
			}
			if err := json.Unmarshal(encoded, &read); err != nil {
				t.Fatal(err)
			}
			operators = append(operators, read.OperatorType)
		}
		if got := strings.Join(operators, " "); got != one.operators || len(f.types) != one.types || len(f.lost) != one.lost {
			t.Errorf("%s is %q, %d types, lost %v", one.in, got, len(f.types), f.lost)
		}
	}
}

// TestGridFilterStaysWithinLimits draws large patterns: what does not fit into
// 25 filters and 25 values is lost by name.
func TestGridFilterStaysWithinLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		detail := map[string]any{}
		for _, key := range rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,3}`), 0, 40).Draw(rt, "keys") {
			var values []any
			for _, v := range rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,3}`), 1, 9).Draw(rt, "values") {
				values = append(values, v)
			}
			detail[key] = values
		}
		f := gridFilter(map[string]any{"detail": detail})
		if len(f.advanced) > mostFilters || f.values > mostFilters || len(f.advanced)+len(f.lost) != len(detail) {
			rt.Fatalf("%d filters, %d values, %d lost of %d", len(f.advanced), f.values, len(f.lost), len(detail))
		}
	})
}

// TestSizes holds every size to what Container Apps takes.
func TestSizes(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		cpu, gib float64
		want     size
	}{
		{0, 0, size{0.25, 0.5, "Consumption"}}, {0.25, 0.5, size{0.25, 0.5, "Consumption"}}, {0.25, 2, size{1, 2, "Consumption"}}, {1, 3, size{1.5, 3, "Consumption"}}, {4, 8, size{4, 8, "Consumption"}},
		{4, 30, size{4, 30, "D8"}}, {8, 16, size{8, 16, "D16"}}, {16, 120, size{16, 120, "D32"}},
	} {
		if got := fit(one.cpu, one.gib); got != one.want {
			t.Errorf("%v vCPU and %v GiB get %+v, want %+v", one.cpu, one.gib, got, one.want)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		cpu, gib := rapid.Float64Range(0, 4).Draw(rt, "cpu"), rapid.Float64Range(0, 8).Draw(rt, "gib")
		got := fit(cpu, gib)
		if got.cpu < cpu || got.gib < gib || got.gib != got.cpu*2 || math.Mod(got.cpu, 0.25) != 0 || got.cpu > 4 {
			rt.Fatalf("%v vCPU and %v GiB get %+v", cpu, gib, got)
		}
		var containers []map[string]any
		for range rapid.IntRange(1, 8).Draw(rt, "containers") {
			containers = append(containers, map[string]any{"Cpu": float64(rapid.IntRange(0, 2048).Draw(rt, "units")), "Essential": rapid.Bool().Draw(rt, "essential")})
		}
		var sumCPU, sumGiB float64
		for _, s := range split(containers, &assembly{size: got}) {
			if s.cpu <= 0 || s.gib <= 0 {
				rt.Fatalf("a container gets %+v of %+v", s, got)
			}
			sumCPU, sumGiB = sumCPU+s.cpu, sumGiB+s.gib
		}
		if math.Abs(sumCPU-got.cpu) > 1e-6 || math.Abs(sumGiB-got.gib) > 1e-6 {
			rt.Fatalf("the parts are %v and %v of %+v", sumCPU, sumGiB, got)
		}
	})
}

func TestUnits(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]float64{"512": 512, "1 vCPU": 1024, ".5 vCPU": 512, "2vcpu": 2048, "": 0, "x": 0, "-5": 0, "${ref:x}": 0} {
		if got := units(in, "vcpu", 1024); got != want {
			t.Errorf("%q is %v, want %v", in, got, want)
		}
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"/": "/", "/orders/{id}": "/orders/{id} id", "/a/{b}/{proxy+}": "/a/{b}/* b", "/{proxy+}": "/*", "orders": "/orders"} {
		template, parameters := urlTemplate(in)
		for _, p := range parameters {
			template += " " + p.Name
		}
		if template != want {
			t.Errorf("%q is %q, want %q", in, template, want)
		}
	}
	if got := methods("any"); len(got) != 7 || !slices.IsSorted(got) {
		t.Errorf("any method is %v", got)
	}
	if method, path := routeKey("GET /a"); method != "GET" || path != "/a" {
		t.Errorf("the route is %s %s", method, path)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a.example/x:1": ":1", "a.example:5000/x": ":latest", "x@sha256:00": "@sha256:00", "h/x:${ref:p}": ":latest", "h/${ref:a/B}:2": ":2", "h/${ref:cloudformation:a/B}": ":latest",
	} {
		if got := tagOf(in); got != want {
			t.Errorf("the tag of %q is %q, want %q", in, got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for in, want := range map[int]string{86400: "P1D", 345600: "P4D", 300: "PT5M", 90: "PT90S", 5: "PT5S", 3600: "PT60M", 0: "PT0S"} {
		if got := seconds(in); got != want {
			t.Errorf("%d s are %s, want %s", in, got, want)
		}
	}
	for in, want := range map[int]string{3: "00:00:03", 900: "00:15:00", 3661: "01:01:01"} {
		if got := span(in); got != want {
			t.Errorf("%d s are %s, want %s", in, got, want)
		}
	}
}

func TestSecretKey(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"${ref:a/B}:password::": "password", "${ref:a/B}": "", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf:user::": "user", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf": "", "/shop/url": "",
	} {
		if got := secretKey(in); got != want {
			t.Errorf("the key in %q is %q, want %q", in, got, want)
		}
	}
}
