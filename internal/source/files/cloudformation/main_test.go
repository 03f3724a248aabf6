package cloudformation_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source/files/cloudformation"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// converter is made once: reading the schemas takes longer than most tests.
var converter = sync.OnceValue(kinds.New)

// options are those of the tests: a known account and region, and the files
// of testdata.
func options() cloudformation.Options {
	return cloudformation.Options{
		Account: "123456789012", Region: "us-east-1", Kinds: converter(),
		Open: func(name string) ([]byte, error) { return os.ReadFile(filepath.FromSlash(name)) },
		List: func(folder string) []string {
			var out []string
			for _, pattern := range []string{"*", "*/*"} {
				found, _ := filepath.Glob(filepath.Join(folder, pattern))
				out = append(out, found...)
			}
			return out
		},
	}
}

// files reads files of testdata.
func files(t testing.TB, names ...string) []cloudformation.File {
	t.Helper()
	var out []cloudformation.File
	for _, name := range names {
		name = path.Join("testdata", name)
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, cloudformation.File{Name: name, Data: data})
	}
	return out
}

// text reads one template given as text.
func text(t testing.TB, template string) cloudformation.Result {
	t.Helper()
	r, err := cloudformation.Read(cloudformation.File{Name: "stack.yaml", Data: []byte(template)}, options())
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return r
}

// resource finds an observation by its id without "cloudformation:".
func resource(t testing.TB, r cloudformation.Result, id string) inventory.Observation {
	t.Helper()
	for _, o := range r.Observations {
		if string(o.ID) == "cloudformation:"+id {
			return o
		}
	}
	t.Fatalf("no resource %q among %v", id, ids(r))
	return inventory.Observation{}
}

func ids(r cloudformation.Result) []string {
	var out []string
	for _, o := range r.Observations {
		out = append(out, strings.TrimPrefix(string(o.ID), "cloudformation:"))
	}
	return out
}

// encode is a result as JSON, for comparing.
func encode(t testing.TB, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// outline is a result in a form that people can read and that holds no
// property that the kinds' own tests look after: what there is, what it
// refers to, and what was not understood.
func outline(t testing.TB, r cloudformation.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, o := range r.Observations {
		fmt.Fprintf(&b, "%s %s %q %v\n", o.ID, o.Kind, o.Name, o.Marks)
		for _, name := range sorted(o.Attributes) {
			fmt.Fprintf(&b, "  %s: %s\n", name, strings.TrimSpace(compacted(t, o.Attributes[name])))
		}
		for _, form := range forms(encode(t, o.Properties)) {
			fmt.Fprintf(&b, "  %s\n", form)
		}
	}
	for _, x := range r.Refused {
		fmt.Fprintf(&b, "refused %s: %s\n", x.File, x.Reason)
	}
	for _, x := range r.Unread {
		fmt.Fprintf(&b, "unread %s: %s; hides %s\n", x.Operation, x.Reason, x.Hides)
	}
	return b.Bytes()
}

func compacted(t testing.TB, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// forms lists the references and the forms of what is not known in a text.
func forms(s string) []string {
	var out []string
	for _, part := range strings.Split(s, "${")[1:] {
		if i := strings.IndexAny(part, "}\\"); i > 0 && strings.Contains(part[:i], ":") {
			out = append(out, "${"+strings.Join(strings.Fields(part[:i]), " ")+"}")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func sorted[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
