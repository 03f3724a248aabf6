package catalog_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog"
)

// Every row can be read, names are in order and once each, and versions look
// like versions.
func TestPostgresExtensions(t *testing.T) {
	t.Parallel()
	all, err := catalog.PostgresExtensions()
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`^\d+(\.\d+)+$`)
	var names []string
	for _, e := range all {
		names = append(names, e.Name)
		seen := 0
		for major := 13; major <= 18; major++ {
			if v := e.Version(major); v != "" {
				seen++
				if !version.MatchString(v) {
					t.Errorf("%s with %d: version %q", e.Name, major, v)
				}
			}
		}
		if seen == 0 {
			t.Errorf("%s is on no version", e.Name)
		}
		if e.Library != "" && strings.ContainsAny(e.Library, " ,") {
			t.Errorf("%s: library %q", e.Name, e.Library)
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) || len(names) < 70 {
		t.Errorf("%d names, in order %t", len(names), slices.IsSorted(names))
	}
}

// There is one list: the catalogue hands out the same one that the preflight reads.
func TestTheCatalogueHasTheSameExtensions(t *testing.T) {
	t.Parallel()
	all, err := catalog.PostgresExtensions()
	loaded, failed := catalog.Load()
	if err != nil || failed != nil || !reflect.DeepEqual(all, loaded.Extensions()) {
		t.Errorf("%v %v: %d extensions", err, failed, len(all))
	}
}

func TestExtensionVersion(t *testing.T) {
	t.Parallel()
	all, err := catalog.PostgresExtensions()
	if err != nil {
		t.Fatal(err)
	}
	find := func(name string) catalog.Extension {
		return all[slices.IndexFunc(all, func(e catalog.Extension) bool { return e.Name == name })]
	}
	for _, c := range []struct {
		name  string
		major int
		want  string
	}{{"postgis", 18, "3.6.1"}, {"postgis", 13, "3.5.2"}, {"postgis", 12, ""}, {"pg_diskann", 13, ""}, {"pg_diskann", 14, "0.6.4"}, {"btree_gist", 25, "1.8"}, {"pg_trgm", 0, ""}} {
		if got := find(c.name).Version(c.major); got != c.want {
			t.Errorf("%s with %d: %q, want %q", c.name, c.major, got, c.want)
		}
	}
	if got := (catalog.Extension{}).Version(15); got != "" {
		t.Errorf("no extension has version %q", got)
	}
}

func TestAWSExtensionsAreNotOnAzure(t *testing.T) {
	t.Parallel()
	azure, err := catalog.PostgresExtensions()
	if err != nil {
		t.Fatal(err)
	}
	aws, err := catalog.AWSExtensions()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range azure {
		names[e.Name] = true
	}
	for name, instead := range aws {
		if names[name] || instead != "" && !names[instead] {
			t.Errorf("%s: %q", name, instead)
		}
	}
}

func TestPostgresSizes(t *testing.T) {
	t.Parallel()
	sizes, err := catalog.PostgresSizes()
	all, failed := catalog.Load()
	if err != nil || failed != nil || !slices.Equal(sizes, all.DatabaseSkus("postgres")) {
		t.Errorf("%v %v: %d sizes", err, failed, len(sizes))
	}
}
