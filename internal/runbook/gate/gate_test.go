package gate_test

import (
	"math"
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/gate"
)

func facts() []runbook.Fact {
	return []runbook.Fact{
		{Name: "lag_seconds", Source: "lag", Type: "number", Unit: "s", MaxAgeSeconds: 60},
		{Name: "state", Source: "probe", Type: "text"},
		{Name: "green", Source: "run", Type: "bool"},
	}
}

func TestConditionsThatDoNotCompile(t *testing.T) {
	t.Parallel()
	one := []runbook.Fact{{Name: "x", Source: "lag", Type: "number"}}
	for _, c := range []struct {
		expr  string
		facts []runbook.Fact
		says  string
	}{
		{"", one, "Syntax error"},
		{"x <", one, "Syntax error"},
		{"y < 1", one, "undeclared reference"},
		{"x + 1.0", one, "not true or false"},
		{"x < 'a'", one, "no matching overload"},
		{"x", one, "not true or false"},
		{"x < 1", []runbook.Fact{{Name: "X", Source: "lag", Type: "number"}}, "no name"},
		{"x < 1", append(one, one...), "stands twice"},
		{"x < 1", []runbook.Fact{{Name: "x", Source: "lag", Type: "int"}}, "neither number"},
		{"x < 1", []runbook.Fact{{Name: "x", Type: "number"}}, "nothing answers"},
		{"[1, 2].all(i, i < 3)", one, ""},
		{strings.Repeat("(", 500) + "x < 1" + strings.Repeat(")", 500), one, ""},
		{"x < 1" + strings.Repeat(" || x < 1", 400), one, ""},
	} {
		_, err := gate.Compile(c.expr, c.facts)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.40q: %v", c.expr, err)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	full := func(lag any) map[string]gate.Reading {
		return map[string]gate.Reading{"lag_seconds": {Value: lag, AgeSeconds: 10}, "state": {Value: "ready"}, "green": {Value: true}}
	}
	without := full(1.0)
	delete(without, "green")
	old := full(1.0)
	old["lag_seconds"] = gate.Reading{Value: 1.0, AgeSeconds: 61}
	future := full(1.0)
	future["lag_seconds"] = gate.Reading{Value: 1.0, AgeSeconds: -1}
	for _, c := range []struct {
		name, expr string
		readings   map[string]gate.Reading
		want       string // "open", "closed", or a part of why there is no data
	}{
		{"true", `lag_seconds < 5 && state == "ready" && green`, full(1.0), "open"},
		{"a whole number is compared with a number", `lag_seconds < 1`, full(0.5), "open"},
		{"false", `lag_seconds < 5`, full(5.0), "closed"},
		{"not a number", `lag_seconds < 5`, full(math.NaN()), "no finite number"},
		{"infinite", `lag_seconds < 5`, full(math.Inf(-1)), "no finite number"},
		{"nothing", `lag_seconds < 5`, full(nil), "was not measured"},
		{"another type", `lag_seconds < 5`, full("1"), "not of type number"},
		{"a whole number of Go is no reading", `lag_seconds < 5`, full(1), "not of type number"},
		{"missing, though the answer would not need it", `lag_seconds < 5 || green`, without, "green was not measured"},
		{"too old", `lag_seconds < 5`, old, "too old"},
		{"from the future", `lag_seconds < 5`, future, "from the future"},
		{"none at all", `lag_seconds < 5`, nil, "was not measured"},
		{"an error inside", `1 / int(lag_seconds) == 1`, full(0.0), "division by zero"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, err := gate.Compile(c.expr, facts())
			if err != nil {
				t.Fatal(err)
			}
			open, why := p.Open(c.readings)
			switch {
			case open == nil && (c.want == "open" || c.want == "closed" || !strings.Contains(why, c.want)):
				t.Errorf("no data (%s), want %s", why, c.want)
			case open != nil && *open != (c.want == "open") || open != nil && c.want != "open" && c.want != "closed":
				t.Errorf("open is %v, want %s", *open, c.want)
			}
		})
	}
}

// Whatever stands in an expression, compiling and evaluating ends, and a
// condition without data is never open.
func FuzzCondition(f *testing.F) {
	for _, seed := range []string{"lag_seconds < 5", "green && state == 'x'", "true", "!green", "state.matches('(a+)+$')", "1/0 == 0", "lag_seconds / 0.0 > 1.0", "\xff", "has(state.x)", "size(state) < 3"} {
		f.Add(seed, 0.5, "ready", true)
	}
	f.Fuzz(func(t *testing.T, expr string, lag float64, state string, green bool) {
		p, err := gate.Compile(expr, facts())
		if err != nil {
			return
		}
		if open, why := p.Open(nil); open != nil || why == "" {
			t.Errorf("%q is open without data", expr)
		}
		p.Open(map[string]gate.Reading{"lag_seconds": {Value: lag}, "state": {Value: state}, "green": {Value: green}})
	})
}
