package template_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source/files/cloudformation/template"
)

func parse(t testing.TB, text string) *template.Template {
	t.Helper()
	p, err := template.Parse([]byte(text))
	if err != nil {
		t.Fatalf("parse %q: %v", text, err)
	}
	return p
}

func encode(t testing.TB, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestTags(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"!Ref x": `{"Ref":"x"}`, "!Condition x": `{"Condition":"x"}`, "!GetAtt a.b": `{"Fn::GetAtt":"a.b"}`, "!GetAtt [a, b]": `{"Fn::GetAtt":["a","b"]}`,
		"!Sub 'x ${y}'": `{"Fn::Sub":"x ${y}"}`, "!Sub [x, {y: 1}]": `{"Fn::Sub":["x",{"y":1}]}`, "!If [a, 1, 2]": `{"Fn::If":["a",1,2]}`, "!Ref 5": `{"Ref":"5"}`,
		"!GetAZs ''": `{"Fn::GetAZs":""}`, "!GetAZs": `{"Fn::GetAZs":""}`, "!Transform {Name: n}": `{"Fn::Transform":{"Name":"n"}}`, "!Fn::Sub x": `{"Fn::Sub":"x"}`,
		"!Not [!Equals [a, b]]": `{"Fn::Not":[{"Fn::Equals":["a","b"]}]}`, "!Base64 |\n  a\n  b\n": `{"Fn::Base64":"a\nb\n"}`, "!Cidr [a, 1]": `{"Fn::Cidr":["a",1]}`,
		"!FindInMap [a, b, c]": `{"Fn::FindInMap":["a","b","c"]}`, "!Join [',', [a]]": `{"Fn::Join":[",",["a"]]}`, "!Split [',', a]": `{"Fn::Split":[",","a"]}`,
		"!Select [0, [a]]": `{"Fn::Select":[0,["a"]]}`, "!ImportValue x": `{"Fn::ImportValue":"x"}`, "!Length [a]": `{"Fn::Length":["a"]}`, "!ToJsonString {a: 1}": `{"Fn::ToJsonString":{"a":1}}`,
		"!And [!Condition a]": `{"Fn::And":[{"Condition":"a"}]}`, "!Or [!Condition a]": `{"Fn::Or":[{"Condition":"a"}]}`, "!!str 5": `"5"`,
	} {
		if got := encode(t, parse(t, "a: "+in).Body["a"]); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestScalars(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2012-10-17": `"2012-10-17"`, "012345678901": `"012345678901"`, "0640": `"0640"`, "1_000": `"1_000"`, "0x1F": `"0x1F"`, "12:30": `"12:30"`, "1e5": `"1e5"`,
		".inf": `".inf"`, "+5": `"+5"`, "-5": `-5`, "1.10": `1.10`, "123456789012": `123456789012`, "yes": `"yes"`, "on": `"on"`, "True": `true`, "FALSE": `false`,
		"null": `null`, "~": `null`, "": `null`, "'5'": `"5"`, `"true"`: `"true"`, "2001-12-14t21:59:43.10-05:00": `"2001-12-14t21:59:43.10-05:00"`, "=": `"="`,
	} {
		if got := encode(t, parse(t, "a: "+in).Body["a"]); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestAnchorsAndMergeKeys(t *testing.T) {
	t.Parallel()
	p := parse(t, "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: *a, x: 3}\nd: {<<: [*a, *b]}\ne: *a\nf: {\"<<\": plain}\n&k k: v\n")
	for name, want := range map[string]string{"c": `{"x":3,"y":1}`, "d": `{"x":1,"y":1,"z":2}`, "e": `{"x":1,"y":1}`, "f": `{"\u003c\u003c":"plain"}`, "k": `"v"`} {
		if got := encode(t, p.Body[name]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := parse(t, "a: {<<: 5, b: 1}").Problems; len(got) != 1 {
		t.Errorf("problems %v", got)
	}
}

func TestPlacesAndDuplicates(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"Resources:\n  A:\n    Type: x\n  B: {Type: y}\n  A:\n    Type: z\n",
		"{\n \"Resources\": {\n  \"A\": { \"Type\": \"x\" },\n  \"B\": { \"Type\": \"y\" },\n  \"A\": { \"Type\": \"z\" } } }",
	} {
		p := parse(t, text)
		if len(p.Problems) != 1 || p.Problems[0].Path != "Resources/A" || p.Problems[0].Place != (template.Place{Line: 5, Column: 3}) {
			t.Errorf("problems %v", p.Problems)
		}
		if got := p.At("Resources/B/Properties/X"); got.Line != 4 {
			t.Errorf("the nearest place above: %v", got)
		}
		if got := encode(t, p.Body); got != `{"Resources":{"A":{"Type":"z"},"B":{"Type":"y"}}}` {
			t.Errorf("body %s", got)
		}
	}
}

func TestFormsAreEqual(t *testing.T) {
	t.Parallel()
	a := parse(t, "\ufeffA:\n  - 1.50\n  - {b: [x, null, true]}\n")
	b := parse(t, "{ \"A\": [ 1.50, { \"b\": [ \"x\", null, true ] } ] }")
	if !reflect.DeepEqual(a.Body, b.Body) {
		t.Errorf("%v and %v", a.Body, b.Body)
	}
}

func TestTolerantJSON(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"{\"a\": \"// kept, /* too */\", // gone\n}", "/* x */ {\"a\": [1, 2,], }", "// x\n{\"a\": 1}", "{a: 1, # yaml\n b: !Ref c}", "{\"a\": \"\\u00e9 \\ud83d\\ude00 \\/\"}",
	} {
		if got := parse(t, text); got.Body["a"] == nil {
			t.Errorf("%s: %v", text, got.Body)
		}
	}
	if got := parse(t, "{\"a\": \"// kept, ]\", }").Body["a"]; got != "// kept, ]" {
		t.Errorf("text in quotes is changed: %v", got)
	}
}

func TestErrorsHavePlaces(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a:\n\tb: 1\n": "line 2, column 1: a tab", "a: [1, 2\nb: 3\n": "line 2", "{\n \"a\": 1\n \"b\": 2\n}": "line 3, column 2", "{\"a\": {": "line 1, column 8: the text ends",
		"- a\n": "a mapping, this is a list", "a: *b\n": "unknown anchor", "a: &a [*a]\n": "own anchor", "x": "the text \"x\"", "": "empty", "# c": "comments only",
	} {
		_, err := template.Parse([]byte(text))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestSecondDocument(t *testing.T) {
	t.Parallel()
	p := parse(t, "---\nnote: first\n---\nResources: {A: {Type: x}}\n---\n: [\n")
	if p.Body["Resources"] == nil || len(p.Problems) != 2 {
		t.Errorf("body %v, problems %v", p.Body, p.Problems)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 10 {
		last := strings.Repeat("*a"+string(rune('0'+i))+", ", 10)
		bomb += "a" + string(rune('1'+i)) + ": &a" + string(rune('1'+i)) + " [" + last + "]\n"
	}
	for name, text := range map[string]string{
		"aliases": strings.ReplaceAll(bomb, ":;", ":"), "deep YAML": "a: " + strings.Repeat("[", 300) + strings.Repeat("]", 300), "deep JSON": strings.Repeat(`{"a":`, 300) + "1" + strings.Repeat("}", 300),
		"very deep": strings.Repeat("{a: ", 20_000), "large": strings.Repeat(" ", 17<<20),
	} {
		if _, err := template.Parse([]byte(text)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestOneLongLine parses 2 MB of JSON without a line break: the time grows
// with the text, not with its square.
func TestOneLongLine(t *testing.T) {
	t.Parallel()
	text := `{"Resources": {` + strings.Repeat(`"é": {"a": [1, 2]}, `, 100_000) + `"B": 1}}`
	began := time.Now()
	p := parse(t, text)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if got, want := p.At("Resources/B").Column, len([]rune(text))-len(`"B": 1}}`)+1; got != want {
		t.Errorf("column %d, want %d", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"a: !Sub x", "{\"a\": [1]}", "a: &b [*b]", "a: {<<: *b}", "? x\n: y", "{\"a\": 1, }", "%YAML 1.1\n---\na: 1", "!Ref a: b", "a: |\n  b\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := template.Parse(data)
		if err == nil && p.Body == nil {
			t.Error("neither a tree nor an error")
		}
		if err != nil && errors.Unwrap(err) == nil && err.Error() == "" {
			t.Error("an error that says nothing")
		}
	})
}
