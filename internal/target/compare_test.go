package target

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCompare(t *testing.T) {
	t.Parallel()
	parameters := []design.Parameter{{Name: "secret", Secure: true}, {Name: "size"}, {Name: "open", Default: "no"}, {Name: "none"}}
	values := map[string]any{"secret": "s3cret", "size": 4}
	for name, c := range map[string]struct{ deployed, read, want string }{
		"equal, with what the target adds": {`{"p":{"a":1,"l":["x"]}}`, `{"p":{"a":1.0,"l":["x"],"state":"on"},"id":"y"}`, ""},
		"another value":                    {`{"p":{"a":1,"b":true}}`, `{"p":{"a":2,"b":true}}`, "differs p.a"},
		"absent":                           {`{"p":{"a":"x"}}`, `{}`, "differs p"},
		"nothing is absent":                {`{"p":{},"l":[],"n":null}`, `{}`, ""},
		"ids have no case":                 {`{"id":"/subscriptions/S/x"}`, `{"id":"/subscriptions/s/X"}`, ""},
		"other texts have":                 {`{"a":"X"}`, `{"a":"x"}`, "differs a"},
		"names have none":                  {`{"Ports":{"/Subscriptions/A":{}},"b":1}`, `{"ports":{"/subscriptions/a":{}},"B":1}`, ""},
		"a type of its own":                {`{"a":"1"}`, `{"a":1}`, "differs a"},
		"by name, in any order":            {`{"l":[{"name":"a","v":1},{"name":"b","v":2}]}`, `{"l":[{"name":"b","v":2},{"name":"a","v":3}]}`, "differs l.0.v"},
		"one more":                         {`{"l":["a"]}`, `{"l":["a","b"]}`, "differs l"},
		"a parameter":                      {`{"a":"[parameters('size')]","b":"[parameters('open')]"}`, `{"a":4,"b":"yes"}`, "differs b"},
		"a secret is not answered":         {`{"a":"[parameters('secret')]"}`, `{}`, ""},
		"a secret that is":                 {`{"a":"[parameters('secret')]"}`, `{"a":"s3cret"}`, "unread a"},
		"known by the run only":            {`{"a":"[reference('x').y]","b":"[parameters('none')]"}`, `{"a":"z","b":"z"}`, "unread a unread b"},
	} {
		var got []string
		for _, d := range Compare(design.Resource{Body: object(t, c.deployed)}, parameters, values, object(t, c.read)) {
			got = append(got, d.Action+" "+d.Path)
			if encoded, err := json.Marshal(d); err != nil || strings.Contains(string(encoded), "s3cret") {
				t.Errorf("%s shows a secret: %s %v", name, encoded, err)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	r := design.Resource{Location: "eastus", Tags: cloud.Tags{"a": "1", "b": "2"}}
	got := Compare(r, nil, nil, map[string]any{"location": "West US", "tags": map[string]any{"a": "1", "b": "3", "c": "4"}})
	if len(got) != 2 || got[0].Path != "location" || got[1].Path != "tags.b" {
		t.Errorf("place and tags: %+v", got)
	}
	if got := Compare(r, nil, nil, map[string]any{"location": "East US", "tags": map[string]any{"a": "1", "b": "2"}}); len(got) != 0 {
		t.Errorf("the long name of a region: %+v", got)
	}
}

// A body is equal to itself, whatever is added to it, and to none in which one
// of its values is another one.
func TestCompareFindsEveryChange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		properties := map[string]any{}
		for _, name := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,4}`), 1, 5, rapid.ID[string]).Draw(rt, "names") {
			properties[name] = rapid.OneOf(rapid.Just[any]("text"), rapid.Just[any](true), rapid.Just[any](7.0), rapid.Just[any]([]any{"a", "b"}), rapid.Just[any](map[string]any{"in": "side"})).Draw(rt, "value")
		}
		read := map[string]any{"properties": map[string]any{}, "more": 1.0}
		for name, v := range properties {
			read["properties"].(map[string]any)[name] = v
		}
		deployed := design.Resource{Body: map[string]any{"properties": properties}}
		if got := Compare(deployed, nil, nil, read); len(got) != 0 {
			rt.Fatalf("differs from itself: %+v", got)
		}
		var names []string
		for name := range properties {
			names = append(names, name)
		}
		broken := rapid.SampledFrom(names).Draw(rt, "broken")
		read["properties"].(map[string]any)[broken] = "something else"
		if got := Compare(deployed, nil, nil, read); len(got) == 0 {
			rt.Fatalf("a change of %s is not found", broken)
		}
	})
}
