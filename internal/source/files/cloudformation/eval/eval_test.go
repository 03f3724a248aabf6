package eval_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/source/files/cloudformation/eval"
)

// scope is that of the table tests: a topic and a nested stack, known and
// unknown parameters.
func scope() eval.Scope {
	return eval.Scope{
		Parameters: map[string]any{"Known": "gold", "List": []any{"a", "b", "c"}, "Number": json.Number("3"), "Unknown": "${param:Unknown}", "Unknowns": "${param:Unknowns}"},
		Allowed:    map[string][]string{"Unknown": {"x", "y"}},
		Pseudo:     map[string]any{"AWS::Region": "us-east-1", "AWS::StackName": "shop"},
		Mappings: map[string]any{"M": map[string]any{
			"gold": map[string]any{"k": "v", "same": "s", "list": []any{"1", "2"}}, "tin": map[string]any{"k": "w", "same": "s"},
		}},
		Conditions: map[string]any{"Yes": equals("a", "a"), "No": equals("a", "b"), "Maybe": equals(ref("Unknown"), "x"), "Named": "Yes", "Self": map[string]any{"Condition": "Self"}},
		Resource: func(name string) (cloud.ResourceID, bool) {
			return cloud.ResourceID("cloudformation:shop/" + name), name == "Topic" || name == "Mod.Bucket"
		},
		Attribute: func(name, attribute string) (any, bool) {
			return "10.0.0.0/16", name == "Nested" && attribute == "Outputs.Block"
		},
		Import: func(name string) (any, bool) { return "vpc-1", name == "net-vpc" },
	}
}

func equals(a, b any) any             { return map[string]any{"Fn::Equals": []any{a, b}} }
func ref(name string) any             { return map[string]any{"Ref": name} }
func fn(name string, args ...any) any { return map[string]any{"Fn::" + name: args} }

func TestFunctions(t *testing.T) {
	t.Parallel()
	topic := "${ref:cloudformation:shop/Topic}"
	for _, c := range []struct{ in, want string }{
		{`{"Ref":"Known"}`, `"gold"`},
		{`{"Ref":"List"}`, `["a","b","c"]`},
		{`{"Ref":"Topic"}`, `"` + topic + `"`},
		{`{"Ref":"AWS::Region"}`, `"us-east-1"`},
		{`{"Ref":"AWS::AccountId"}`, `"${AWS::AccountId}"`},
		{`{"Ref":"Nope"}`, `"${undefined:Nope}"`},
		{`{"Ref":"AWS::Nope"}`, `"${undefined:AWS::Nope}"`},
		{`{"Ref":{"a":"Known"}}`, `{"Ref":{"a":"Known"}}`},
		{`{"Fn::GetAtt":"Topic.TopicArn"}`, `"${ref:cloudformation:shop/Topic#TopicArn}"`},
		{`{"Fn::GetAtt":["Topic",{"Ref":"Known"}]}`, `"${ref:cloudformation:shop/Topic#gold}"`},
		{`{"Fn::GetAtt":"Mod.Bucket.Arn"}`, `"${ref:cloudformation:shop/Mod.Bucket#Arn}"`},
		{`{"Fn::GetAtt":["Nested","Outputs.Block"]}`, `"10.0.0.0/16"`},
		{`{"Fn::GetAtt":["Topic","a}b"]}`, `"${undefined:Topic.a}b}"`},
		{`{"Fn::Sub":"a-${Known}-${!Literal}-${Topic.TopicName}-${ AWS::Region }"}`, `"a-gold-${Literal}-${ref:cloudformation:shop/Topic#TopicName}-us-east-1"`},
		{`{"Fn::Sub":["${A}${Number}",{"A":{"Fn::Select":[1,{"Ref":"List"}]}}]}`, `"b3"`},
		{`{"Fn::Sub":"${open"}`, `"${open"`},
		{`{"Fn::Sub":"${}"}`, `"${}"`},
		{`{"Fn::Sub":5}`, `"5"`},
		{`{"Fn::Join":["-",["a",1,true,{"Ref":"AWS::NoValue"},null,{"Ref":"Topic"}]]}`, `"a-1-true--` + topic + `"`},
		{`{"Fn::Join":["-",{"Ref":"List"}]}`, `"a-b-c"`},
		{`{"Fn::Join":[",",{"Ref":"Unknowns"}]}`, `"${param:Unknowns}"`},
		{`{"Fn::Join":[";",{"Ref":"Unknowns"}]}`, `"${Fn::Join:[\";\",\"${param:Unknowns}\"]}"`},
		{`{"Fn::Split":[",","a,b"]}`, `["a","b"]`},
		{`{"Fn::Split":[",",{"Ref":"Unknown"}]}`, `"${Fn::Split:[\",\",\"${param:Unknown}\"]}"`},
		{`{"Fn::Select":["1",{"Ref":"List"}]}`, `"b"`},
		{`{"Fn::Select":[9,{"Ref":"List"}]}`, `"${Fn::Select:[9,[\"a\",\"b\",\"c\"]]}"`},
		{`{"Fn::Select":[1,{"Fn::GetAZs":""}]}`, `"${az:us-east-1#1}"`},
		{`{"Fn::GetAZs":{"Ref":"AWS::Region"}}`, `"${Fn::GetAZs:\"us-east-1\"}"`},
		{`{"Fn::FindInMap":["M",{"Ref":"Known"},"k"]}`, `"v"`},
		{`{"Fn::FindInMap":["M","gold","list"]}`, `["1","2"]`},
		{`{"Fn::FindInMap":["M",{"Ref":"Unknown"},"same"]}`, `"s"`},
		{`{"Fn::FindInMap":["M",{"Ref":"Unknown"},"k"]}`, `"${Fn::FindInMap:[\"M\",\"${param:Unknown}\",\"k\"]}"`},
		{`{"Fn::FindInMap":["M","lead","k",{"DefaultValue":{"Ref":"Known"}}]}`, `"gold"`},
		{`{"Fn::FindInMap":["M","lead","k"]}`, `"${Fn::FindInMap:[\"M\",\"lead\",\"k\"]}"`},
		{`{"Fn::If":["Yes",1,2]}`, `1`},
		{`{"Fn::If":["No",1,2]}`, `2`},
		{`{"Fn::If":["Named",1,2]}`, `1`},
		{`{"Fn::If":["Maybe","a",{"Ref":"Topic"}]}`, `"${Fn::If:[\"Maybe\",\"a\",\"` + topic + `\"]}"`},
		{`{"Fn::If":["Maybe",{"a":[1]},{"a":[1]}]}`, `{"a":[1]}`},
		{`[{"Fn::If":["Yes",{"Ref":"AWS::NoValue"},1]},2]`, `[2]`},
		{`{"a":{"Ref":"AWS::NoValue"},"b":1}`, `{"b":1}`},
		{`{"Fn::Base64":"hi"}`, `"aGk="`},
		{`{"Fn::Base64":{"Ref":"Topic"}}`, `"${Fn::Base64:\"` + topic + `\"}"`},
		{`{"Fn::Cidr":["10.0.0.0/16",2,4]}`, `["10.0.0.0/28","10.0.0.16/28"]`},
		{`{"Fn::Cidr":[{"Fn::GetAtt":["Nested","Outputs.Block"]},"3","12"]}`, `["10.0.0.0/20","10.0.16.0/20","10.0.32.0/20"]`},
		{`{"Fn::Cidr":["10.0.0.0/28",3,3]}`, `"${Fn::Cidr:[\"10.0.0.0/28\",3,3]}"`},
		{`{"Fn::ImportValue":{"Fn::Sub":"net-vpc"}}`, `"vpc-1"`},
		{`{"Fn::ImportValue":"other"}`, `"${import:other}"`},
		{`{"Fn::Length":{"Ref":"List"}}`, `3`},
		{`{"Fn::ToJsonString":{"b":1,"a":{"Ref":"Known"}}}`, `"{\"a\":\"gold\",\"b\":1}"`},
		{`{"Fn::Transform":{"Name":"Up","Parameters":{"x":{"Ref":"Known"}}}}`, `"${Fn::Transform:{\"Name\":\"Up\",\"Parameters\":{\"x\":\"gold\"}}}"`},
		{`{"Fn::Equals":["a","a"]}`, `true`},
		{`{"Fn::Nope":["a"]}`, `"${Fn::Nope:[\"a\"]}"`},
		{`{"Fn::Contains":[["a"],{"Ref":"Known"}]}`, `"${Fn::Contains:[[\"a\"],\"gold\"]}"`},
		{`{"Statement":{"Condition":{"Bool":{"x":"true"}}}}`, `{"Statement":{"Condition":{"Bool":{"x":"true"}}}}`},
	} {
		var in any
		d := json.NewDecoder(strings.NewReader(c.in))
		d.UseNumber()
		if err := d.Decode(&in); err != nil {
			t.Fatalf("%s: %v", c.in, err)
		}
		v, _ := eval.New(scope()).Value("x", in)
		if got := render(t, v); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func render(t testing.TB, v any) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

func TestNoValueIsAbsent(t *testing.T) {
	t.Parallel()
	if _, present := eval.New(scope()).Value("x", ref("AWS::NoValue")); present {
		t.Error("AWS::NoValue is present")
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	yes, no, maybe := map[string]any{"Condition": "Yes"}, map[string]any{"Condition": "No"}, map[string]any{"Condition": "Maybe"}
	for _, c := range []struct {
		in   any
		want eval.Truth
	}{
		{yes, eval.True}, {no, eval.False}, {maybe, eval.Unknown}, {"Yes", eval.True}, {true, eval.True}, {"false", eval.False}, {5, eval.Unknown},
		{fn("Not", yes), eval.False}, {fn("Not", maybe), eval.Unknown}, {fn("Not", yes, no), eval.Unknown}, {map[string]any{"Fn::Not": yes}, eval.False},
		{fn("And", yes, maybe), eval.Unknown}, {fn("And", no, maybe), eval.False}, {fn("And", maybe, no), eval.False}, {fn("And", yes, yes), eval.True},
		{fn("Or", yes, maybe), eval.True}, {fn("Or", maybe, yes), eval.True}, {fn("Or", no, maybe), eval.Unknown}, {fn("Or", no, no), eval.False}, {fn("Or"), eval.Unknown},
		{equals(ref("Unknown"), "z"), eval.False}, {equals("z", ref("Unknown")), eval.False}, {equals(ref("Unknown"), "y"), eval.Unknown},
		{equals(ref("Unknown"), ref("Unknown")), eval.True}, {equals(ref("Number"), "3"), eval.True}, {equals(ref("List"), "a,b,c"), eval.True}, {equals("a", 1), eval.False},
		{fn("Equals", "a"), eval.Unknown}, {fn("If", "Yes", "true", "false"), eval.True}, {map[string]any{"Fn::Sub": "Y${!x}"}, eval.Unknown},
		{map[string]any{"Condition": "Self"}, eval.Unknown}, {map[string]any{"Condition": "Nobody"}, eval.Unknown},
	} {
		if got := eval.New(scope()).Decide("x", c.in); got != c.want {
			t.Errorf("%v: %v, want %v", c.in, got, c.want)
		}
	}
}

func TestParameterValues(t *testing.T) {
	t.Parallel()
	declared := eval.Declared(map[string]any{
		"Text": map[string]any{"Type": "String", "Default": "t"}, "Secret": map[string]any{"Type": "String", "NoEcho": true, "Default": "hush"},
		"Path": map[string]any{"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/a/b"}, "List": map[string]any{"Type": "List<Number>", "Default": "1, 2"},
		"None": map[string]any{"Type": "String"}, "Empty": map[string]any{"Type": "CommaDelimitedList", "Default": ""}, "Bool": map[string]any{"Type": "String", "Default": true}, "Odd": 5,
	})
	for _, c := range []struct {
		name  string
		given any
		want  string
	}{
		{"Text", nil, `"t"`}, {"Text", "g", `"g"`}, {"Secret", nil, `"${param:Secret}"`}, {"Secret", "g", `"${param:Secret}"`}, {"Path", nil, `"${ssm:/a/b}"`},
		{"Path", "${param:X}", `"${param:Path}"`}, {"List", nil, `["1","2"]`}, {"List", "${ref:a/b},${ref:a/c}", `["${ref:a/b}","${ref:a/c}"]`},
		{"List", "${Fn::If:[\"a\",\"b,c\"]}", `"${Fn::If:[\"a\",\"b,c\"]}"`}, {"List", []any{"x"}, `["x"]`}, {"None", nil, `"${param:None}"`}, {"Empty", nil, `[]`}, {"Bool", nil, `"true"`},
	} {
		if got := render(t, declared[c.name].Value(c.name, c.given)); got != c.want {
			t.Errorf("%s %v: %s, want %s", c.name, c.given, got, c.want)
		}
	}
	if _, ok := declared["Odd"]; ok {
		t.Error("a declaration that is no mapping is taken")
	}
}

func TestEvaluationIsBounded(t *testing.T) {
	t.Parallel()
	// Each level holds the level below twice: 2^40 bytes when written out.
	var v any = "xxxxxxxxxxxxxxxx"
	for range 40 {
		v = map[string]any{"Fn::Sub": []any{"${a}${a}", map[string]any{"a": v}}}
	}
	e := eval.New(scope())
	if got := e.Text("x", v); len(got) > 16<<20 {
		t.Errorf("%d bytes", len(got))
	}
	if len(e.Problems()) == 0 {
		t.Error("nothing is said about it")
	}
	var deep any = "x"
	for range 3000 {
		deep = []any{deep}
	}
	e = eval.New(scope())
	e.Value("x", deep)
	if len(e.Problems()) != 1 || !strings.Contains(e.Problems()[0].Reason, "nested deeper") {
		t.Errorf("deep: %v", e.Problems())
	}
	loop := map[string]any{"x": "y"}
	for i := range 30 {
		loop = map[string]any{fmt.Sprintf("Fn::ForEach::L%d", i): []any{fmt.Sprintf("I%d", i), []any{"a", "b", "c"}, loop}}
	}
	e = eval.New(scope())
	e.Unfold("Resources", loop)
	if len(e.Problems()) == 0 {
		t.Error("loops in loops are not bounded")
	}
}

func TestProblemsHavePaths(t *testing.T) {
	t.Parallel()
	e := eval.New(scope())
	e.Value("Resources/A", map[string]any{"P": []any{"x", map[string]any{"Q": ref("Nope")}}})
	if got := e.Problems(); len(got) != 1 || got[0].Path != "Resources/A/P/1/Q" {
		t.Errorf("problems %v", got)
	}
	lenient := scope()
	lenient.Lenient = true
	e = eval.New(lenient)
	if got := e.Text("x", ref("Nope")); got != "${undefined:Nope}" || len(e.Problems()) != 0 {
		t.Errorf("%q, problems %v", got, e.Problems())
	}
}
