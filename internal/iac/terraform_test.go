package iac

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/sandbox/arm/armtest"
)

// parsed reads every file of Terraform code and holds it against the
// formatter.
func parsed(t *testing.T, files []design.File) map[string]*hclsyntax.Body {
	t.Helper()
	out := map[string]*hclsyntax.Body{}
	for _, f := range files {
		if !strings.HasSuffix(f.Path, ".tf") && !strings.HasSuffix(f.Path, ".tfvars") {
			continue
		}
		read, problems := hclsyntax.ParseConfig(f.Content, f.Path, hcl.InitialPos)
		if problems.HasErrors() {
			t.Fatalf("%s: %v\n%s", f.Path, problems, f.Content)
		}
		if again := hclwrite.Format(f.Content); !bytes.Equal(again, f.Content) {
			t.Errorf("%s is not formatted:\n%s", f.Path, f.Content)
		}
		out[f.Path] = read.Body.(*hclsyntax.Body)
	}
	return out
}

func terraform(t *testing.T, d *design.Design, environments ...design.Environment) []design.File {
	t.Helper()
	files, err := Terraform(d, environments)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Terraform(d, environments)
	if err != nil || !reflect.DeepEqual(files, again) {
		t.Fatal("two runs give different files")
	}
	return files
}

// evaluation is what Terraform would know when it plans: the values of
// variables, and ids and outputs of the resources.
func evaluation(d *design.Design, s *stack) *hcl.EvalContext {
	vars := map[string]cty.Value{
		"resource_group_id": cty.StringVal(string(d.Place.GroupID())), "location": cty.StringVal(string(d.Place.Location)), "suffix": cty.StringVal(d.Place.Suffix),
	}
	names, resources, exports := map[string]cty.Value{}, map[string]cty.Value{}, s.exportsOf()
	for _, p := range d.Parameters {
		vars[snake(s.spelt[p.Name])] = cty.StringVal("[parameters('" + p.Name + "')]")
	}
	for _, it := range s.items {
		names[snake(it.words)] = cty.StringVal(it.Name)
		vars[snake(append(append([]string{}, it.words...), "id"))] = cty.StringVal(string(it.ID))
		members := map[string]cty.Value{"id": cty.StringVal(string(it.ID))}
		for _, path := range exports[it] {
			members["output"] = outputOf(members["output"], strings.Split(path, "."), reading(it, path))
			vars[snake(link{it, path}.words())] = reading(it, path)
		}
		resources[snake(it.words)] = cty.ObjectVal(members)
	}
	vars["assignments"] = cty.ObjectVal(names)
	return &hcl.EvalContext{
		Variables: map[string]cty.Value{"var": cty.ObjectVal(vars), "azapi_resource": cty.ObjectVal(resources)},
		Functions: map[string]function.Function{"join": stdlib.JoinFunc, "split": stdlib.SplitFunc, "slice": stdlib.SliceFunc},
	}
}

// reading is the expression of a design's body that an output stands for.
func reading(it *item, path string) cty.Value {
	return cty.StringVal("[reference('" + string(it.ID) + "', '" + it.APIVersion + "')." + path + "]")
}

// outputOf adds a value at a path to an object.
func outputOf(object cty.Value, path []string, value cty.Value) cty.Value {
	if len(path) == 0 {
		return value
	}
	members := map[string]cty.Value{}
	if object != cty.NilVal {
		members = object.AsValueMap()
	}
	members[path[0]] = outputOf(members[path[0]], path[1:], value)
	return cty.ObjectVal(members)
}

func plainOf(t *testing.T, e hclsyntax.Expression, ctx *hcl.EvalContext) any {
	t.Helper()
	value, problems := e.Value(ctx)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	encoded, err := ctyjson.Marshal(value, value.Type())
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(encoded, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func merged(a, b any) any {
	left, ok := a.(map[string]any)
	right, both := b.(map[string]any)
	if !ok || !both {
		return b
	}
	left = maps.Clone(left)
	for k, v := range right {
		if old, ok := left[k]; ok {
			v = merged(old, v)
		}
		left[k] = v
	}
	return left
}

// normal rounds numbers through JSON, and drops an empty member that the
// printer leaves out of a body.
func normal(t *testing.T, v any) any {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(encoded, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// holds evaluates every resource of the code and compares it with the design.
func holds(t *testing.T, d *design.Design, files []design.File) {
	t.Helper()
	s, err := newStack(d)
	if err != nil {
		t.Fatal(err)
	}
	ctx, found := evaluation(d, s), 0
	byName := map[string]*item{}
	for _, it := range s.items {
		byName[snake(it.words)] = it
	}
	for path, body := range parsed(t, files) {
		for _, block := range body.Blocks {
			if block.Type != "resource" || path == "terraform/main.tf" {
				continue
			}
			found++
			it := byName[block.Labels[1]]
			want := normal(t, it.Body).(map[string]any)
			got := map[string]any{}
			for _, name := range []string{"body", "sensitive_body"} {
				if attribute := block.Body.Attributes[name]; attribute != nil {
					got = merged(got, plainOf(t, attribute.Expr, ctx)).(map[string]any)
				}
			}
			if len(block.Body.Blocks) > 0 {
				delete(want, "identity")
			}
			if !reflect.DeepEqual(got, any(want)) && (len(got) > 0 || len(want) > 0) {
				t.Fatalf("%s: got %#v, want %#v", it.ID, got, want)
			}
			parent := plainOf(t, block.Body.Attributes["parent_id"].Expr, ctx).(string)
			name := plainOf(t, block.Body.Attributes["name"].Expr, ctx).(string)
			if !strings.HasPrefix(string(it.ID), parent+"/") || !strings.HasSuffix(string(it.ID), "/"+name) {
				t.Errorf("%s: parent %q, name %q", it.ID, parent, name)
			}
		}
	}
	if found != len(d.Resources) {
		t.Errorf("%d resources are printed, want %d", found, len(d.Resources))
	}
}

func TestTerraformSaysWhatTheDesignSays(t *testing.T) {
	t.Parallel()
	holdsShop := shop(t)
	// Outputs are read from other modules here; within one they are objects.
	holds(t, holdsShop, terraform(t, holdsShop))
	for seed := range uint64(80) {
		d := oddDesign(t, seed)
		holds(t, d, terraform(t, d))
	}
}

func TestTerraformKeepsSecretsOut(t *testing.T) {
	t.Parallel()
	files := terraform(t, shop(t), design.Environment{Name: "test", Subscription: "66666666-7777-8888-9999-aaaaaaaaaaaa"}, design.Environment{Name: "prod"})
	data := file(t, files, "terraform/data/main.tf")
	body, secret, _ := strings.Cut(data, "sensitive_body = {")
	if strings.Contains(body, "database_password") || !strings.Contains(secret, "administratorLoginPassword = var.database_password") {
		t.Errorf("the password stands in a body:\n%s", data)
	}
	if text := file(t, files, "terraform/data/variables.tf"); !strings.Contains(text, "sensitive   = true") {
		t.Errorf("the password's variable is plain:\n%s", text)
	}
	values := file(t, files, "terraform/environments/test.tfvars")
	for _, want := range []string{"rg-shop-test", "66666666-7777-8888-9999-aaaaaaaaaaaa", "TF_VAR_database_password"} {
		if !strings.Contains(values, want) {
			t.Errorf("%s is not in\n%s", want, values)
		}
	}
	for _, f := range files {
		if strings.HasSuffix(f.Path, ".tf") && (strings.Contains(string(f.Content), "abc234") || strings.Contains(string(f.Content), subscriptionID)) {
			t.Errorf("%s holds the place of one environment", f.Path)
		}
	}
}

type providerSchema struct {
	Block struct {
		Attributes map[string]struct{ Required, Optional bool } `json:"attributes"`
		BlockTypes map[string]any                               `json:"block_types"`
	} `json:"block"`
}

// TestTerraformKeepsToTheProvider holds every argument against the provider's
// own schema.
func TestTerraformKeepsToTheProvider(t *testing.T) {
	t.Parallel()
	packed, err := os.Open(filepath.Join(filepath.Dir(armtest.Types(t)), "azapi-schema.json.gz"))
	if err != nil {
		t.Fatalf("%v; put it beside the type definitions", err)
	}
	defer packed.Close()
	reader, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Providers map[string]struct {
			Resources map[string]providerSchema `json:"resource_schemas"`
		} `json:"provider_schemas"`
	}
	if err := json.NewDecoder(reader).Decode(&all); err != nil {
		t.Fatal(err)
	}
	schema := all.Providers["azapi"].Resources["azapi_resource"].Block
	for path, body := range parsed(t, terraform(t, shop(t))) {
		for _, block := range body.Blocks {
			if block.Type != "resource" {
				continue
			}
			for name := range block.Body.Attributes {
				if declared, ok := schema.Attributes[name]; name != "depends_on" && (!ok || !declared.Optional && !declared.Required) {
					t.Errorf("%s: %s has no argument %q", path, block.Labels[0], name)
				}
			}
			for name, declared := range schema.Attributes {
				if declared.Required && block.Body.Attributes[name] == nil {
					t.Errorf("%s: %s lacks %q", path, block.Labels[1], name)
				}
			}
			for _, inner := range block.Body.Blocks {
				if _, ok := schema.BlockTypes[inner.Type]; !ok && inner.Type != "lifecycle" {
					t.Errorf("%s: no block %q", path, inner.Type)
				}
			}
		}
	}
}

// TestTerraformModulesFitTogether: what the root passes is what the module
// declares, and what it reads is what the other hands out.
func TestTerraformModulesFitTogether(t *testing.T) {
	t.Parallel()
	all := parsed(t, terraform(t, shop(t)))
	declared := func(path, kind string) map[string]bool {
		out := map[string]bool{}
		for _, block := range all[path].Blocks {
			if block.Type == kind {
				out[block.Labels[0]] = true
			}
		}
		return out
	}
	modules := 0
	for _, block := range all["terraform/main.tf"].Blocks {
		if block.Type != "module" {
			continue
		}
		modules++
		want := declared("terraform/"+block.Labels[0]+"/variables.tf", "variable")
		for name, attribute := range block.Body.Attributes {
			if name != "source" && name != "depends_on" && !want[name] {
				t.Errorf("module %s takes no %q", block.Labels[0], name)
			}
			delete(want, name)
			for _, v := range attribute.Expr.Variables() {
				if v.RootName() == "module" && len(v) == 3 && !declared("terraform/"+v[1].(hcl.TraverseAttr).Name+"/outputs.tf", "output")[v[2].(hcl.TraverseAttr).Name] {
					t.Errorf("%s reads %s, which nobody hands out", block.Labels[0], v[2].(hcl.TraverseAttr).Name)
				}
			}
		}
		for name := range want {
			t.Errorf("module %s is not given %q", block.Labels[0], name)
		}
	}
	if modules != 5 {
		t.Errorf("%d modules, want 5", modules)
	}
}

func TestTerraformRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	d := shop(t)
	for i := range d.Resources {
		if d.Resources[i].Type == "Microsoft.Authorization/roleAssignments" {
			d.Resources[i].DependsOn = nil
		}
	}
	if _, err := Terraform(d, nil); err == nil || !strings.Contains(err.Error(), "principalId") {
		t.Errorf("got %v", err)
	}
}
