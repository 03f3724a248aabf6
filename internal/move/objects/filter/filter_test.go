package filter

import (
	"context"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
)

func TestKeeps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		include, exclude []string
		key              string
		want             bool
	}{
		{nil, nil, "p/anything", true},
		{[]string{"*.jpg"}, nil, "p/a/b/c.jpg", true},
		{[]string{"*.jpg"}, nil, "p/a.jpg/c", false},
		{[]string{"*.jpg"}, nil, "p/.jpg", true},
		{[]string{"a/*.jpg"}, nil, "p/a/x.jpg", true},
		{[]string{"a/*.jpg"}, nil, "p/a/b/x.jpg", false},
		{[]string{"a/**.jpg"}, nil, "p/a/b/x.jpg", true},
		{[]string{"/x"}, nil, "p/x", true},
		{[]string{"/x"}, nil, "p/a/x", false},
		{[]string{"x"}, nil, "p/a/x", true},
		{[]string{"a?c"}, nil, "p/abc", true},
		{[]string{"a?c"}, nil, "p/a/c", false},
		{[]string{`a\*c`}, nil, "p/a*c", true},
		{[]string{`a\*c`}, nil, "p/abc", false},
		{[]string{"a.c"}, nil, "p/abc", false},
		{[]string{"logs/**"}, nil, "p/logs/2024/\n/x", true},
		{nil, []string{"tmp/**"}, "p/tmp/x", false},
		{nil, []string{"tmp/**"}, "p/tmpx", true},
		{[]string{"*.jpg"}, []string{"secret*"}, "p/secret.jpg", false},
		{[]string{"*.jpg", "*.png"}, nil, "p/x.png", true},
		{nil, []string{"*/"}, "p/folder/", false},
	} {
		f, err := New("p/", c.include, c.exclude)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Keeps(c.key); got != c.want {
			t.Errorf("include %q exclude %q: keeps %q: %t", c.include, c.exclude, c.key, got)
		}
	}
	for _, bad := range []string{"", strings.Repeat("x", maxPattern+1), "\xff"} {
		if _, err := New("", nil, []string{bad}); !fault.Is(err, fault.Usage) && bad != "\xff" {
			t.Errorf("pattern %.10q: %v", bad, err)
		}
	}
}

// A key is always matched by itself with the special characters taken away.
func TestQuotedPatternMatchesItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringMatching(`[a-z*?\\/. é]{1,20}`).Draw(t, "key")
		pattern := "/" + strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`).Replace(key)
		f, err := New("", []string{pattern}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !f.Keeps(key) {
			t.Fatalf("%q does not match %q", pattern, key)
		}
		if f.Keeps(key + "x") {
			t.Fatalf("%q matches %q", pattern, key+"x")
		}
	})
}

type few struct {
	object.Source
	object.Parted
	keys []string
}

func (f few) Page(context.Context, object.Range, string, string) (object.Listed[object.Object], error) {
	var l object.Listed[object.Object]
	for _, k := range f.keys {
		l.Items = append(l.Items, object.Object{Key: k})
	}
	l.Prefixes, l.Next = []string{"kept/"}, "more"
	return l, nil
}

func (f few) Versions(ctx context.Context, r object.Range, next string) (object.Listed[object.Object], error) {
	return f.Page(ctx, r, "", next)
}

type fewBlobs struct {
	object.Target
	names []string
}

func (f fewBlobs) Page(context.Context, string, string, string) (object.Listed[object.Blob], error) {
	var l object.Listed[object.Blob]
	for _, n := range f.names {
		l.Items = append(l.Items, object.Blob{Name: n})
	}
	return l, nil
}

func (f fewBlobs) PageFrom(ctx context.Context, prefix, _, next string) (object.Listed[object.Blob], error) {
	return f.Page(ctx, prefix, "", next)
}

type cleans struct {
	fewBlobs
	object.Cleaner
}

func TestPortsAreFiltered(t *testing.T) {
	t.Parallel()
	keep := func(name string) bool { return !strings.HasPrefix(name, "x") }
	source := Source(few{keys: []string{"a", "xb", "c"}}, keep)
	if _, ok := source.(object.Parted); !ok {
		t.Error("what the source can do besides is lost")
	}
	for _, list := range []func() (object.Listed[object.Object], error){
		func() (object.Listed[object.Object], error) { return source.Page(t.Context(), object.Range{}, "", "") },
		func() (object.Listed[object.Object], error) { return source.Versions(t.Context(), object.Range{}, "") },
	} {
		page, err := list()
		if err != nil || len(page.Items) != 2 || page.Items[1].Key != "c" || page.Next != "more" || len(page.Prefixes) != 1 {
			t.Errorf("%+v %v", page, err)
		}
	}
	names := []string{"xa", "b"}
	target := Target(cleans{fewBlobs: fewBlobs{names: names}}, keep)
	if _, ok := target.(object.Cleaner); !ok {
		t.Error("what the target can do besides is lost")
	}
	seeker, ok := target.(object.Seeker)
	if !ok {
		t.Fatal("the target cannot seek any more")
	}
	page, err := seeker.PageFrom(t.Context(), "", "", "")
	other, otherErr := target.Page(t.Context(), "", "", "")
	if err != nil || otherErr != nil || len(page.Items) != 1 || len(other.Items) != 1 || other.Items[0].Name != "b" {
		t.Errorf("%+v %+v %v %v", page, other, err, otherErr)
	}
	plain := Target(struct{ object.Target }{fewBlobs{names: names}}, keep)
	if _, ok := plain.(object.Seeker); ok {
		t.Error("a target that cannot seek seems to")
	}
	if !slices.Equal(names, []string{"xa", "b"}) {
		t.Error("the names were changed")
	}
}
