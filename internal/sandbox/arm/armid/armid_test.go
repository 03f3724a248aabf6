package armid_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/sandbox/arm/armid"
	"pgregory.net/rapid"
)

func TestParsePath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, id, kind, name, tail, namespace string }{
		{"/", "/", "Microsoft.Resources/tenants", "", "", ""},
		{"/subscriptions", "/", "Microsoft.Resources/tenants", "", "subscriptions", ""},
		{"/subscriptions/s", "/subscriptions/s", "Microsoft.Resources/subscriptions", "s", "", ""},
		{"/subscriptions/s/resourcegroups", "/subscriptions/s", "Microsoft.Resources/subscriptions", "s", "resourcegroups", ""},
		{"/subscriptions/s/resourcegroups/g", "/subscriptions/s/resourceGroups/g", "Microsoft.Resources/resourceGroups", "g", "", ""},
		{"/subscriptions/s/resourceGroups/g/resources", "/subscriptions/s/resourceGroups/g", "Microsoft.Resources/resourceGroups", "g", "resources", ""},
		{"/subscriptions/s/providers", "/subscriptions/s", "Microsoft.Resources/subscriptions", "s", "providers", ""},
		{"/subscriptions/s/providers/Microsoft.Compute", "/subscriptions/s", "Microsoft.Resources/subscriptions", "s", "", "Microsoft.Compute"},
		{"/subscriptions/s/providers/Microsoft.Compute/skus", "/subscriptions/s", "Microsoft.Resources/subscriptions", "s", "skus", "Microsoft.Compute"},
		{"/subscriptions/s/providers/Microsoft.Compute/locations/eastus/usages", "/subscriptions/s/providers/Microsoft.Compute/locations/eastus", "Microsoft.Compute/locations", "eastus", "usages", ""},
		{"/subscriptions/s/resourceGroups/g/providers/N.S/a/x/b/y", "/subscriptions/s/resourceGroups/g/providers/N.S/a/x/b/y", "N.S/a/b", "y", "", ""},
		{"/subscriptions/s/resourceGroups/g/providers/N.S/a/x/providers/M.A/locks/l", "/subscriptions/s/resourceGroups/g/providers/N.S/a/x/providers/M.A/locks/l", "M.A/locks", "l", "", ""},
		{"/providers/Microsoft.Management/managementGroups/m", "/providers/Microsoft.Management/managementGroups/m", "Microsoft.Management/managementGroups", "m", "", ""},
		{"/subscriptions/s/resourceGroups/g/providers/N.S/a/x%20y", "/subscriptions/s/resourceGroups/g/providers/N.S/a/x y", "N.S/a", "x y", "", ""},
	} {
		p, err := armid.ParsePath(c.path)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		if p.ID.String() != c.id || p.ID.Type() != c.kind || p.ID.Name() != c.name || p.Tail != c.tail || p.Namespace != c.namespace {
			t.Errorf("%s: id %q type %q name %q tail %q namespace %q", c.path, p.ID, p.ID.Type(), p.ID.Name(), p.Tail, p.Namespace)
		}
	}
}

func TestRefusesWhatIsNoID(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "x", "/a/b", "/subscriptions/s/x/y", "/subscriptions//resourceGroups/g", "/subscriptions/s/providers/N.S/providers/M",
		"/subscriptions/s/resourceGroups/g/providers/N.S/a/x%2Fy", "/subscriptions/s/%zz", strings.Repeat("/a", 100)} {
		if p, err := armid.ParsePath(s); err == nil {
			t.Errorf("%q: parsed as %+v", s, p)
		}
	}
	if _, err := armid.Parse("/subscriptions/s/providers/N.S/a/x/listKeys"); err == nil {
		t.Error("an action is no id")
	}
}

func TestParents(t *testing.T) {
	t.Parallel()
	id, err := armid.Parse("/subscriptions/s/resourceGroups/g/providers/N.S/a/x/b/y/providers/M.A/locks/l")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for !id.IsTenant() {
		id = id.Parent()
		got = append(got, id.String())
	}
	want := []string{
		"/subscriptions/s/resourceGroups/g/providers/N.S/a/x/b/y",
		"/subscriptions/s/resourceGroups/g/providers/N.S/a/x",
		"/subscriptions/s/resourceGroups/g",
		"/subscriptions/s",
		"/",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("parents:\n%s", strings.Join(got, "\n"))
	}
}

func TestContains(t *testing.T) {
	t.Parallel()
	group, _ := armid.Parse("/subscriptions/s/resourceGroups/G")
	inside, _ := armid.Parse("/subscriptions/S/resourcegroups/g/providers/N.S/a/x")
	beside, _ := armid.Parse("/subscriptions/s/resourceGroups/g2")
	if !group.Contains(inside) || !group.Contains(group) || group.Contains(beside) || inside.Contains(group) {
		t.Error("containment does not follow the path")
	}
	if !(armid.ID{}).Contains(group) {
		t.Error("the tenant contains everything")
	}
}

func TestUnderAndChildBuildWhatParseReads(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[A-Za-z][A-Za-z0-9._-]{0,8}`).Filter(func(s string) bool { return !strings.EqualFold(s, "providers") })
		scope := armid.ID{Subscription: word.Draw(t, "subscription")}
		if rapid.Bool().Draw(t, "grouped") {
			scope.Group = word.Draw(t, "group")
		}
		id := scope
		for range rapid.IntRange(1, 3).Draw(t, "sections") {
			next, err := id.Under(word.Draw(t, "namespace")+"/"+word.Draw(t, "type"), word.Draw(t, "name"))
			if err != nil {
				t.Fatal(err)
			}
			id = next
			if rapid.Bool().Draw(t, "child") {
				id = id.Child(word.Draw(t, "childType"), word.Draw(t, "childName"))
			}
		}
		back, err := armid.Parse(id.String())
		if err != nil {
			t.Fatal(err)
		}
		if back.String() != id.String() || back.Type() != id.Type() || back.Parent().String() != id.Parent().String() {
			t.Fatalf("%s became %s", id, back)
		}
	})
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"/", "/subscriptions/s/resourceGroups/g/providers/N.S/a/x/b", "//", "/providers", "/subscriptions/s/providers/N/providers/N/a/b", "/%2F"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := armid.ParsePath(s)
		if err != nil || strings.ContainsAny(p.ID.String(), "%") {
			return
		}
		back, err := armid.Parse(p.ID.String())
		if err != nil {
			t.Fatalf("%q gave id %q, which does not parse: %v", s, p.ID, err)
		}
		if back.Key() != p.ID.Key() || back.TypeKey() != p.ID.TypeKey() {
			t.Fatalf("%q: %q became %q", s, p.ID, back)
		}
		for up := p.ID; !up.IsTenant(); up = up.Parent() {
			if !up.Parent().Contains(up) {
				t.Fatalf("%q does not contain %q", up.Parent(), up)
			}
		}
	})
}
