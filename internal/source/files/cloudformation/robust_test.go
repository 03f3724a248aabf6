package cloudformation_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/source/files/cloudformation"
	"example.com/landfall/internal/source/files/cloudformation/template"
)

// TestOrderAndRepetitionChangeNothing reads all templates of testdata as one
// run, in other orders and with copies.
func TestOrderAndRepetitionChangeNothing(t *testing.T) {
	t.Parallel()
	all := files(t, templates(t)...)
	want := encode(t, cloudformation.ReadAll(all, options()))
	r := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		mixed := append(slices.Clone(all), all[r.IntN(len(all))], cloudformation.File{Name: strings.Repeat("longer/", 12) + "copy.yaml", Data: all[r.IntN(len(all))].Data})
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		if got := encode(t, cloudformation.ReadAll(mixed, options())); got != want {
			t.Fatal("another order, or a copy, gives another result")
		}
	}
}

// TestOrderOfKeysChangesNothing writes each template as JSON with its keys
// in the order of a map of Go and as YAML: the result stays the same.
func TestOrderOfKeysChangesNothing(t *testing.T) {
	t.Parallel()
	for _, name := range templates(t) {
		f := files(t, name)[0]
		tree, err := template.Parse(f.Data)
		if err != nil {
			t.Fatal(err)
		}
		if len(tree.Problems) > 0 {
			continue // what is there twice has an order
		}
		data, err := json.Marshal(tree.Body)
		if err != nil {
			t.Fatal(err)
		}
		a, errA := cloudformation.Read(f, options())
		b, errB := cloudformation.Read(cloudformation.File{Name: f.Name, Data: data}, options())
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if encode(t, a.Observations) != encode(t, b.Observations) {
			t.Errorf("%s: another order of the keys gives another result", name)
		}
	}
}

// TestGeneratedTemplates reads templates of random shape: every resource is
// found, evaluation is deterministic, and the form makes no difference.
func TestGeneratedTemplates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		resources := map[string]any{}
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[A-Z][a-z]{1,6}[0-9]{0,2}`), 1, 8, rapid.ID[string]).Draw(rt, "names")
		for _, n := range names {
			body := map[string]any{"Type": rapid.SampledFrom([]string{"AWS::SQS::Queue", "AWS::S3::Bucket", "Custom::Thing", "AWS::IAM::Role"}).Draw(rt, "kind"), "Properties": map[string]any{"QueueName": value(rt, names, 3), "Tags": value(rt, names, 2)}}
			if rapid.Bool().Draw(rt, "conditional") {
				body["Condition"] = rapid.SampledFrom([]string{"Yes", "No", "Maybe"}).Draw(rt, "condition")
			}
			resources[n] = body
		}
		whole := map[string]any{
			"Parameters": map[string]any{"P": map[string]any{"Type": "String"}, "D": map[string]any{"Type": "String", "Default": "d"}},
			"Conditions": map[string]any{"Yes": map[string]any{"Fn::Equals": []any{"a", "a"}}, "No": map[string]any{"Fn::Equals": []any{"a", "b"}}, "Maybe": map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "P"}, "b"}}},
			"Resources":  resources,
		}
		compact, _ := json.Marshal(whole)
		wide, _ := json.MarshalIndent(whole, "", "   ")
		read := func(data []byte) cloudformation.Result {
			r, err := cloudformation.Read(cloudformation.File{Name: "g.yaml", Data: data}, options())
			if err != nil {
				rt.Fatal(err)
			}
			return r
		}
		a := read(compact)
		if len(a.Observations) != len(names) {
			rt.Fatalf("%d resources of %d", len(a.Observations), len(names))
		}
		// YAML's flow form takes JSON with a comment before it only as YAML.
		for _, other := range [][]byte{compact, wide, append([]byte("# yaml\n"), compact...)} {
			if b := read(other); encode(t, a.Observations) != encode(t, b.Observations) {
				rt.Fatal("another form gives another result")
			}
		}
	})
}

// value draws a property's value with functions in it.
func value(rt *rapid.T, names []string, depth int) any {
	leaf := []func() any{
		func() any { return rapid.StringMatching(`[a-z0-9:/*-]{0,8}`).Draw(rt, "text") },
		func() any { return rapid.IntRange(-3, 99).Draw(rt, "number") },
		func() any { return rapid.Bool().Draw(rt, "bool") },
		func() any {
			return map[string]any{"Ref": rapid.SampledFrom(append(names, "P", "D", "Nope", "AWS::Region", "AWS::NoValue")).Draw(rt, "ref")}
		},
		func() any { return map[string]any{"Fn::GetAtt": []any{rapid.SampledFrom(names).Draw(rt, "of"), "Arn"}} },
	}
	if depth == 0 {
		return rapid.SampledFrom(leaf).Draw(rt, "leaf")()
	}
	next := func() any { return value(rt, names, depth-1) }
	node := append(leaf,
		func() any { return []any{next(), next()} },
		func() any { return map[string]any{"Key": next(), "Value": next()} },
		func() any { return map[string]any{"Fn::Join": []any{"-", []any{next(), next()}}} },
		func() any {
			return map[string]any{"Fn::If": []any{rapid.SampledFrom([]string{"Yes", "No", "Maybe", "Nope"}).Draw(rt, "if"), next(), next()}}
		},
		func() any { return map[string]any{"Fn::Sub": []any{"${A}-${D}-${P}", map[string]any{"A": next()}}} },
		func() any {
			return map[string]any{"Fn::Select": []any{rapid.IntRange(0, 2).Draw(rt, "index"), []any{next(), next()}}}
		},
		func() any { return map[string]any{"Fn::Split": []any{"-", next()}} },
		func() any { return map[string]any{"Fn::Base64": next()} },
	)
	return rapid.SampledFrom(node).Draw(rt, "node")()
}

// TestBrokenVariants cuts and changes the templates of testdata 10,000 times:
// nothing breaks down and each variant takes a bounded time.
func TestBrokenVariants(t *testing.T) {
	t.Parallel()
	const variants = 10_000
	const limit = 20 * time.Second
	o := options()
	all := files(t, templates(t)...)
	all = slices.DeleteFunc(all, func(f cloudformation.File) bool { return len(f.Data) > 8_000 }) // the large ones would take most of the time
	r := rand.New(rand.NewPCG(7, 7))
	for i := range variants {
		f := all[i%len(all)]
		f.Data = broken(r, f.Data)
		began := time.Now()
		result := cloudformation.ReadAll([]cloudformation.File{f}, o)
		if took := time.Since(began); took > limit {
			t.Fatalf("variant %d of %s took %v", i, f.Name, took)
		}
		if len(result.Observations) == 0 && len(result.Refused)+len(result.Unread) == 0 {
			t.Fatalf("variant %d of %s gives nothing and says nothing:\n%s", i, f.Name, f.Data)
		}
	}
}

// broken cuts a text off, or changes a few of its bytes, lines or words.
func broken(r *rand.Rand, data []byte) []byte {
	out := slices.Clone(data)
	switch r.IntN(5) {
	case 0:
		return out[:r.IntN(len(out))]
	case 1:
		for range 1 + r.IntN(4) {
			out[r.IntN(len(out))] = byte(r.IntN(256))
		}
	case 2:
		const marks = "{}[]:,!&*#|>-?\"'\t\n $%@`"
		for range 1 + r.IntN(4) {
			out = slices.Insert(out, r.IntN(len(out)), marks[r.IntN(len(marks))])
		}
	case 3:
		lines := strings.SplitAfter(string(out), "\n")
		i, j := r.IntN(len(lines)), r.IntN(len(lines))
		lines[i], lines[j] = lines[j], lines[i]
		return []byte(strings.Join(lines, ""))
	case 4:
		words := []string{"Ref", "Fn::Sub", "Fn::ForEach::X", "Type", "Properties", "Resources", "AWS::Serverless::Function", "null", "<<", "*base", "[]", "{}"}
		from, to := words[r.IntN(len(words))], words[r.IntN(len(words))]
		return []byte(strings.ReplaceAll(string(out), from, to))
	}
	return out
}

// TestHostileTemplates are built to cost time or memory.
func TestHostileTemplates(t *testing.T) {
	t.Parallel()
	var chain, conditions, fan strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&chain, "  R%d: {Type: AWS::SQS::Queue, DependsOn: R%d, Properties: {QueueName: !GetAtt R%d.QueueName}}\n", i, i+1, i+1)
		fmt.Fprintf(&conditions, "  C%d: !Not [!Condition C%d]\n", i, i+1)
		fmt.Fprintf(&fan, "  S%d: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: self.yaml}}\n", i)
	}
	for name, data := range map[string]string{
		"chain":      "Resources:\n" + chain.String(),
		"conditions": "Conditions:\n" + conditions.String() + "Resources:\n  A: {Type: AWS::SQS::Queue, Condition: C0}\n",
		"fan":        "Resources:\n" + fan.String(),
		"outputs":    "Resources:\n  A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x.yaml, Parameters: {P: !GetAtt B.Outputs.O}}}\n  B: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: y.yaml, Parameters: {P: !GetAtt A.Outputs.O}}}\n",
		"loop":       "Transform: AWS::LanguageExtensions\nResources:\n  Fn::ForEach::A: [X, !Split [',', '" + strings.Repeat("a,", 100_000) + "'], {\"Q${X}\": {Type: AWS::SQS::Queue}}]\n",
		"include":    "Resources:\n  Fn::Transform: {Name: AWS::Include, Parameters: {Location: self.yaml}}\n",
		"path":       "Resources:\n  A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: /etc/passwd}}\n  B: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: '" + strings.Repeat("../", 5000) + "x'}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hostile(t, data)
		})
	}
}

// hostile reads a text that takes itself for everything it names.
func hostile(t *testing.T, data string) {
	t.Helper()
	o := options()
	other := []byte("Parameters: {P: {Type: String}}\nResources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref P}}}\nOutputs: {O: {Value: !Ref P}}\n")
	o.Open = func(path string) ([]byte, error) {
		switch filepath.Base(path) {
		case "self.yaml":
			return []byte(data), nil
		case "x.yaml", "y.yaml":
			return other, nil
		}
		if strings.HasPrefix(path, "/") {
			t.Errorf("the absolute path %q is opened", path)
		}
		return nil, os.ErrNotExist
	}
	began := time.Now()
	cloudformation.ReadAll([]cloudformation.File{{Name: "self.yaml", Data: []byte(data)}}, o)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestABreakdownCostsOneTemplate makes the reader break down in the middle.
func TestABreakdownCostsOneTemplate(t *testing.T) {
	t.Parallel()
	o := options()
	o.Open = func(string) ([]byte, error) { panic("a bug") }
	r := cloudformation.ReadAll([]cloudformation.File{
		{Name: "a.yaml", Data: []byte("Resources: {S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x.yaml}}}")},
		{Name: "b.yaml", Data: []byte("Resources: {Q: {Type: AWS::SQS::Queue}}")},
	}, o)
	if got := strings.Join(ids(r), " "); got != "b/Q" {
		t.Errorf("resources %s", got)
	}
	if len(r.Refused) != 1 || r.Refused[0].File != "a.yaml" || !strings.Contains(r.Refused[0].Reason, "a bug") {
		t.Errorf("refused %v", r.Refused)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range templates(f) {
		if data := files(f, name)[0].Data; len(data) < 8_000 {
			f.Add(data)
		}
	}
	o := options()
	f.Fuzz(func(t *testing.T, data []byte) {
		in := cloudformation.File{Name: "testdata/fuzz.yaml", Data: data}
		a, err := cloudformation.Read(in, o)
		b, again := cloudformation.Read(in, o)
		if (err == nil) != (again == nil) || encode(t, a) != encode(t, b) {
			t.Error("reading twice gives two results")
		}
	})
}
