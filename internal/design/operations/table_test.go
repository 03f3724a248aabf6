package operations

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
)

func TestTotal(t *testing.T) {
	t.Parallel()
	for days, want := range map[int]int{0: 4383, 1: 4, 14: 14, 730: 730, 731: 1095, 1827: 2191, 3653: 3653, 9000: 4383} {
		if got := total(days); got != want {
			t.Errorf("%d days are kept %d, want %d", days, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.IntRange(1, 4383).Draw(t, "days")
		if got := total(days); got < days || got > 4383 {
			t.Fatalf("%d days are kept %d", days, got)
		}
	})
}

func TestTableName(t *testing.T) {
	t.Parallel()
	for group, want := range map[string]string{"/shop/app": "shop_app_CL", "7up": "Log_7up_CL", "///": "Log__CL"} {
		if got := tableName(group); got != want {
			t.Errorf("%q gives %q, want %q", group, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if name := tableName(rapid.String().Draw(t, "group")); len(name) < 4 || len(name) > 63 {
			t.Fatalf("no table is called %q", name)
		}
	})
}

func TestWords(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string][]string{`ERROR "order failed" -debug`: {"ERROR", `"order failed"`, "-debug"}, "": nil} {
		if got := words(pattern); !slices.Equal(got, want) {
			t.Errorf("%q parts into %q, want %q", pattern, got, want)
		}
	}
}

func TestDotted(t *testing.T) {
	t.Parallel()
	above := []string{"AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "a"}
	for _, c := range []struct{ cells, want []string }{
		{[]string{".", "Connections", ".", "b"}, []string{"AWS/RDS", "Connections", "DBInstanceIdentifier", "b"}},
		{[]string{"...", "b"}, []string{"AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "b"}},
		{[]string{".", ".", ".", ".", "."}, []string{"AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "a", "."}},
		{nil, nil},
	} {
		if got := dotted(c.cells, above); !slices.Equal(got, c.want) {
			t.Errorf("%q is %q, want %q", c.cells, got, c.want)
		}
	}
	if got := dotted([]string{"...", "b"}, nil); !slices.Equal(got, []string{"b"}) {
		t.Errorf("a repeat of nothing is %q", got)
	}
}

func TestAbove(t *testing.T) {
	t.Parallel()
	const group = "/subscriptions/s/resourceGroups/g/providers/"
	for id, want := range map[cloud.ResourceID]cloud.ResourceID{
		group + "Microsoft.ServiceBus/namespaces/n/queues/q": group + "Microsoft.ServiceBus/namespaces/n",
		group + "Microsoft.ServiceBus/namespaces/n":          group + "Microsoft.ServiceBus/namespaces/n",
		"/odd": "/odd",
	} {
		if got := above(id, "Microsoft.ServiceBus/namespaces"); got != want {
			t.Errorf("%s stands in %s, want %s", id, got, want)
		}
	}
}

func TestPhone(t *testing.T) {
	t.Parallel()
	if country, number, ok := phone("+1 (425) 555-0100"); !ok || country != "1" || number != "4255550100" {
		t.Error(country, number, ok)
	}
	if _, _, ok := phone("+49 30 1234567"); ok {
		t.Error("a number without a known country code is parted")
	}
}

func TestMetricsTable(t *testing.T) {
	t.Parallel()
	table, err := loadMetrics()
	if err != nil || len(table) < 80 {
		t.Fatalf("%d metrics, %v", len(table), err)
	}
	for name, rows := range table {
		for _, m := range rows {
			if m.kind == "" || m.name == "" || (m.factor <= 0 && m.unit == "") {
				t.Errorf("%s: %+v", name, m)
			}
		}
	}
}
