package catalog_test

import (
	"regexp"
	"testing"

	"example.com/landfall/internal/catalog"
)

// TestLifecyclesAreInOrder: every row has days in the two forms, its end after
// its beginning, and versions rise, because rules take the oldest that lasts.
func TestLifecyclesAreInOrder(t *testing.T) {
	t.Parallel()
	c := load(t)
	form := regexp.MustCompile(`^20\d\d-(0[1-9]|1[0-2])(-\d\d)?$`)
	for _, product := range []string{"aks", "eks", "mysql", "functions/dotnet-isolated", "functions/java", "functions/node", "functions/powershell", "functions/python"} {
		all := c.Releases(product)
		if len(all) == 0 {
			t.Errorf("%s has no versions", product)
		}
		for i, r := range all {
			if !form.MatchString(r.From) || !form.MatchString(r.Ends) || r.Extended != "" && !form.MatchString(r.Extended) {
				t.Errorf("%s %s has days in another form: %+v", product, r.Version, r)
			}
			if r.Ends <= r.From || r.Extended != "" && r.Extended < r.Ends {
				t.Errorf("%s %s ends before it begins: %+v", product, r.Version, r)
			}
			if i > 0 && !catalog.Newer(r.Version, all[i-1].Version) {
				t.Errorf("%s: %s stands after %s", product, r.Version, all[i-1].Version)
			}
		}
	}
}

func TestReleaseLasts(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, one := range []struct {
		product, version, day string
		months                int
		offered, lasts, more  bool
	}{
		{"aks", "1.34", "2026-11-22", 0, true, true, true},
		{"aks", "1.34", "2026-11-30", 0, true, true, true},
		{"aks", "1.34", "2026-12-01", 0, true, false, true},
		{"aks", "1.34", "2026-11-22", 3, true, false, true},
		{"aks", "1.31", "2026-11-22", 0, true, false, true},
		{"aks", "1.31", "2026-11-22", 3, true, false, false},
		{"aks", "1.30", "2025-08-22", 0, true, true, true},
		{"aks", "1.30", "2025-08-23", 0, true, false, true},
		{"aks", "1.37", "2026-09-30", 0, false, true, true},
		{"eks", "1.33", "2026-11-22", 0, true, false, true},
		{"eks", "1.34", "2026-11-22", 0, true, true, true},
		{"functions/node", "24", "2026-11-22", 12, true, true, false},
		{"functions/node", "20", "2026-11-22", 0, true, false, false},
	} {
		r, ok := c.Release(one.product, one.version)
		if !ok || r.Offered(one.day) != one.offered || r.Lasts(one.day, one.months) != one.lasts || r.Extends(one.day, one.months) != one.more {
			t.Errorf("%s %s on %s for %d months: offered %v, lasts %v, extends %v, known %v", one.product, one.version, one.day, one.months,
				r.Offered(one.day), r.Lasts(one.day, one.months), r.Extends(one.day, one.months), ok)
		}
	}
	if _, ok := c.Release("aks", "1.9"); ok {
		t.Error("a version that nobody listed is known")
	}
}

func TestLasting(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, one := range []struct {
		product, day string
		months       int
		want         string
	}{
		{"aks", "2026-11-22", 0, "1.34"}, {"aks", "2026-11-22", 3, "1.35"}, {"aks", "2026-11-22", 6, "1.36"}, {"aks", "2026-11-22", 60, "1.37"},
		{"functions/python", "2026-11-22", 12, "3.12"}, {"functions/node", "2026-11-22", 12, "24"}, {"functions/dotnet-isolated", "2026-11-22", 0, "10.0"}, {"functions/cobol", "2026-11-22", 0, ""},
	} {
		if got, ok := c.Lasting(one.product, one.day, one.months); got.Version != one.want || ok != (one.want != "") {
			t.Errorf("%s from %s on for %d months is %q, want %q", one.product, one.day, one.months, got.Version, one.want)
		}
	}
}

func TestLater(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		day    string
		months int
		want   string
	}{{"2026-11-22", 0, "2026-11-22"}, {"2026-11-22", 1, "2026-12-22"}, {"2026-11-22", 2, "2027-01-22"}, {"2026-12", 12, "2027-12"}, {"2026-01-31", -1, "2025-12-31"}, {"soon", 3, "soon"}, {"2o26-11-01", 3, "2o26-11-01"}} {
		if got := catalog.Later(one.day, one.months); got != one.want {
			t.Errorf("%d months after %s is %s, want %s", one.months, one.day, got, one.want)
		}
	}
}

// TestDayIsThatOfTheRefresh: facts of live APIs are younger than the embedded
// ones; an older reading does not turn the day back.
func TestDayIsThatOfTheRefresh(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{"": catalog.FactsOf, "2027-02-03T04:05:06Z": "2027-02-03", "2025-01-01T00:00:00Z": catalog.FactsOf, "?": catalog.FactsOf} {
		c, err := catalog.LoadWith(&catalog.Overlay{SchemaVersion: catalog.OverlayVersion, ReadAt: at})
		if err != nil {
			t.Fatal(err)
		}
		if c.Day() != want {
			t.Errorf("read at %q, the day is %s, want %s", at, c.Day(), want)
		}
	}
}

func TestNewer(t *testing.T) {
	t.Parallel()
	for _, one := range [][2]string{{"3.10", "3.9"}, {"1.34", "1.9"}, {"10.0", "9.0"}, {"21", "17"}, {"3.1", "3"}} {
		if !catalog.Newer(one[0], one[1]) || catalog.Newer(one[1], one[0]) {
			t.Errorf("%s does not come after %s", one[0], one[1])
		}
	}
	if catalog.Newer("1.2", "1.2") || catalog.Newer("x", "y") {
		t.Error("equal versions come after each other")
	}
}
