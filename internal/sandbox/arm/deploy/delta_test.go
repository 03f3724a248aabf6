package deploy_test

import (
	"encoding/json"
	"testing"

	"example.com/landfall/internal/sandbox/arm/deploy"
	"example.com/landfall/internal/sandbox/arm/document"
	"pgregory.net/rapid"
)

func object(t testing.TB, s string) map[string]any {
	t.Helper()
	m, err := document.DecodeObject([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestDelta(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, before, after, want string }{
		{"equal", `{"a":1,"b":{"c":[1]}}`, `{"b":{"c":[1]},"a":1.0}`, `[]`},
		{"null is absent", `{"a":null}`, `{}`, `[]`},
		{"empty is absent", `{"tags":{}}`, `{}`, `[]`},
		{"ids have no case", `{"id":"/subscriptions/A/x"}`, `{"id":"/subscriptions/a/X"}`, `[]`},
		{"modify", `{"p":{"a":1}}`, `{"p":{"a":2}}`, `[{"after":2,"before":1,"path":"p.a","propertyChangeType":"Modify"}]`},
		{"create and delete", `{"a":"x"}`, `{"b":"y"}`, `[{"after":null,"before":"x","path":"a","propertyChangeType":"Delete"},{"after":"y","before":null,"path":"b","propertyChangeType":"Create"}]`},
		{"inside an array", `{"l":[{"n":"a","v":1},2]}`, `{"l":[{"n":"a","v":3}]}`, `[{"children":[{"children":[{"after":3,"before":1,"path":"v","propertyChangeType":"Modify"}],"path":"0","propertyChangeType":"Modify"},{"after":null,"before":2,"path":"1","propertyChangeType":"Delete"}],"path":"l","propertyChangeType":"Array"}]`},
		{"other type", `{"a":{"b":1}}`, `{"a":"b"}`, `[{"after":"b","before":{"b":1},"path":"a","propertyChangeType":"Modify"}]`},
	} {
		got, err := json.Marshal(deploy.Delta(object(t, c.before), object(t, c.after)))
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n%s\n%s", c.name, got, c.want)
		}
	}
}

// A body has no difference to itself, and two bodies differ in both directions
// or in none.
func TestDeltaIsSymmetric(t *testing.T) {
	t.Parallel()
	texts := []string{`{}`, `{"a":1}`, `{"a":{"b":[1,{"c":2}]}}`, `{"a":{"b":[1,{"c":3}]}}`, `{"a":[]}`, `{"a":"x","d":null}`}
	rapid.Check(t, func(rt *rapid.T) {
		a := object(t, rapid.SampledFrom(texts).Draw(rt, "a"))
		b := object(t, rapid.SampledFrom(texts).Draw(rt, "b"))
		if len(deploy.Delta(a, a)) != 0 {
			rt.Fatal("a differs from itself")
		}
		if (len(deploy.Delta(a, b)) == 0) != (len(deploy.Delta(b, a)) == 0) {
			rt.Fatal("one way only")
		}
	})
}
