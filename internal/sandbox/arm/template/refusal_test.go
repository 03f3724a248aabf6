package template_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/template"
	"pgregory.net/rapid"
)

func TestTemplatesThatAreRefused(t *testing.T) {
	t.Parallel()
	resource := func(name, more string) string {
		return `{"type":"A.B/c","apiVersion":"1","name":"` + name + `"` + more + `}`
	}
	for _, c := range []struct{ name, body, code, says string }{
		{"circle", `"resources":[` + resource("a", `,"dependsOn":["b"]`) + `,` + resource("b", `,"dependsOn":["a"]`) + `]`, "InvalidTemplateCircularDependency", "Circular dependency"},
		{"circle by reference", `"resources":[` + resource("a", `,"properties":{"x":"[reference('b').y]"}`) + `,` + resource("b", `,"dependsOn":["a"]`) + `]`, "InvalidTemplateCircularDependency", "Circular"},
		{"twice", `"resources":[` + resource("a", "") + `,` + resource("A", "") + `]`, "InvalidTemplate", "defined multiple times"},
		{"unknown dependency", `"resources":[` + resource("a", `,"dependsOn":["z"]`) + `]`, "InvalidTemplate", "'z' is not defined"},
		{"segments", `"resources":[{"type":"A.B/c/d","apiVersion":"1","name":"a"}]`, "InvalidTemplate", "incorrect segment lengths"},
		{"no name", `"resources":[{"type":"A.B/c","apiVersion":"1"}]`, "InvalidTemplate", "no 'name'"},
		{"runtime in name", `"resources":[` + resource("[reference('x').y]", "") + `]`, "InvalidTemplate", "only available while the deployment runs"},
		{"runtime in variable", `"variables":{"v":"[listKeys('x','1').y]"},"resources":[` + resource("[variables('v')]", "") + `]`, "InvalidTemplate", "only available while"},
		{"variable circle", `"variables":{"a":"[variables('b')]","b":"[variables('a')]"},"resources":[` + resource("[variables('a')]", "") + `]`, "InvalidTemplate", "refers to itself"},
		{"unknown section", `"resource":[],"resources":[]`, "InvalidTemplate", "'resource'"},
		{"functions", `"functions":[{"namespace":"x"}],"resources":[]`, "InvalidTemplate", "'functions' is not supported"},
		{"loop too long", `"resources":[` + resource("a", `,"copy":{"name":"l","count":801}`) + `]`, "InvalidTemplate", "801"},
		{"condition", `"resources":[` + resource("a", `,"condition":"yes"`) + `]`, "InvalidTemplate", "a boolean is expected"},
	} {
		_, err := read(t, c.body, `{}`)
		e := armerror.Of(err)
		if e == nil || e.Code != c.code || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := template.Read(object(t, `{"$schema":"x","contentVersion":"1","resources":[]}`), nil, place()); err == nil {
		t.Error("a foreign schema was accepted")
	}
}

func TestSymbolicNames(t *testing.T) {
	t.Parallel()
	tpl := must(t, `"languageVersion":"2.0","resources":{
		"net":{"type":"A.B/c","apiVersion":"1","name":"n"},
		"old":{"existing":true,"type":"A.B/c","apiVersion":"1","name":"o"},
		"use":{"type":"A.B/d","apiVersion":"1","name":"u","dependsOn":["net"],"properties":{"x":"[reference('old').y]"}}}`, `{}`)
	waves := tpl.Waves()
	if len(waves) != 2 || waves[0][0].Name != "n" || waves[1][0].Name != "u" {
		t.Errorf("%v", waves)
	}
	var old *template.Resource
	for _, r := range tpl.Resources {
		if r.Existing {
			old = r
		}
	}
	body, err := waves[1][0].Body(running{old.ID.Key(): map[string]any{"y": int64(1)}})
	if err != nil || document.Get(body, "properties.x") != int64(1) {
		t.Errorf("%v %v", body, err)
	}
}

func TestNestedTemplates(t *testing.T) {
	t.Parallel()
	inner := "{" + head + `"resources":[{"type":"A.B/c","apiVersion":"1","name":"[parameters('p')]"}],"outputs":{"o":{"type":"string","value":"[parameters('p')]"}}}`
	tpl := must(t, `"parameters":{"p":{"type":"string"}},"resources":[{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"in","properties":{"mode":"Incremental","x":"[parameters('p')]","template":`+inner+`}}]`, `{"p":{"value":"outer"}}`)
	body, err := tpl.Resources[0].Body(nil)
	if err != nil || document.Text(body, "properties.x") != "outer" {
		t.Fatalf("%v %v", body, err)
	}
	source := document.Object(body, "properties.template")
	if document.Text(document.List(source, "resources")[0], "name") != "[parameters('p')]" {
		t.Error("the inner template is evaluated too early")
	}
	nested, err := template.ReadNested(source, tpl, place())
	if err != nil || nested.Resources[0].Name != "outer" {
		t.Fatalf("%v %v", nested, err)
	}
}

func TestOutputs(t *testing.T) {
	t.Parallel()
	tpl := must(t, `"parameters":{"s":{"type":"securestring"}},"resources":[],"outputs":{
		"secret":{"type":"securestring","value":"[parameters('s')]"},
		"off":{"type":"string","condition":"[false()]","value":"[div(1,0)]"},
		"many":{"type":"array","copy":{"count":3,"input":"[copyIndex()]"}},
		"key":{"type":"string","value":"[listKeys(resourceId('A.B/c','n'),'1').keys[0].value]"}}`, `{"s":{"value":"hush"}}`)
	out, err := tpl.Outputs(running{})
	if err != nil {
		t.Fatal(err)
	}
	want := object(t, `{"secret":{"type":"securestring"},"many":{"type":"array","value":[0,1,2]},"key":{"type":"string","value":"listKeys of n"}}`)
	if !document.Equal(out, want) {
		t.Errorf("%v", out)
	}
	wrong := must(t, `"resources":[],"outputs":{"o":{"type":"int","value":"x"}}`, `{}`)
	if _, err := wrong.Outputs(nil); err == nil {
		t.Error("an output of the wrong type was accepted")
	}
}

// Every wave holds only resources whose dependencies lie in earlier waves, and
// all resources are placed exactly once.
func TestWavesRespectTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(rt, "n")
		var parts []string
		for i := range n {
			var needs []string
			for j := range i {
				if rapid.IntRange(0, 3).Draw(rt, "edge") == 0 {
					needs = append(needs, fmt.Sprintf(`"r%d"`, j))
				}
			}
			parts = append(parts, fmt.Sprintf(`{"type":"A.B/c","apiVersion":"1","name":"r%d","dependsOn":[%s]}`, i, strings.Join(needs, ",")))
		}
		tpl := must(t, `"resources":[`+strings.Join(rapid.Permutation(parts).Draw(rt, "order"), ",")+`]`, `{}`)
		seen := map[string]bool{}
		for _, wave := range tpl.Waves() {
			for _, r := range wave {
				for _, d := range r.Depends {
					if !seen[d] {
						rt.Fatalf("%s runs before %s", r.Name, d)
					}
				}
			}
			for _, r := range wave {
				seen[r.ID.Key()] = true
			}
		}
		if len(seen) != n {
			rt.Fatalf("%d of %d resources placed", len(seen), n)
		}
	})
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{"concat('a')", "a.b[0].?c", "'it''s'", "if(true(),1,-2)", "format('{0:D2}',1)", "((((", "resourceId('A.B/c','x')", "json('{}')['a']", "range(0,3)[?9]", "split('a', createArray('a', ''))"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		source := object(t, "{"+head+`"resources":[]}`)
		source["outputs"] = map[string]any{"o": map[string]any{"type": "string", "value": "[" + s + "]"}}
		tpl, err := template.Read(source, nil, place())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tpl.Outputs(running{}); err != nil && armerror.Of(err).Status >= 500 {
			t.Fatalf("%q: %v", s, err)
		}
	})
}
