package store

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// The pieces add up to what the standard library writes.
func TestIndentIsTheStandardLibrarys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		value := draw(rt, 4)
		var compact, want, got bytes.Buffer
		encoder := json.NewEncoder(&compact)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			rt.Skip() // no finite number, for example
		}
		pretty := json.NewEncoder(&want)
		pretty.SetEscapeHTML(false)
		pretty.SetIndent("", "  ")
		if err := pretty.Encode(value); err != nil {
			rt.Fatal(err)
		}
		w := newIndenter(&got)
		w.value(bytes.TrimSuffix(compact.Bytes(), []byte("\n")))
		w.b.WriteByte('\n')
		if err := w.b.Flush(); err != nil {
			rt.Fatal(err)
		}
		if got.String() != want.String() {
			rt.Fatalf("got\n%s\nwant\n%s", got.String(), want.String())
		}
	})
}

func draw(rt *rapid.T, depth int) any {
	switch n := rapid.IntRange(0, 6).Draw(rt, "kind"); {
	case n == 0:
		return nil
	case n == 1:
		return rapid.Bool().Draw(rt, "bool")
	case n == 2:
		return rapid.Float64().Draw(rt, "number")
	case n == 3 || depth == 0:
		return rapid.String().Draw(rt, "text") + `"\\{}[],: `
	case n == 4:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(rt, "length") {
			list = append(list, draw(rt, depth-1))
		}
		return list
	}
	object := map[string]any{}
	for range rapid.IntRange(0, 3).Draw(rt, "members") {
		object[rapid.String().Draw(rt, "name")] = draw(rt, depth-1)
	}
	return object
}
