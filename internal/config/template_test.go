package config_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
)

var update = flag.Bool("update", false, "write the generated files")

func template(t *testing.T) string {
	t.Helper()
	b, err := config.Template("bookshop")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// commentedOut is a key, not an explanation: "#word" or "#  word".
var commentedOut = regexp.MustCompile(`(?m)^( *)#(\S|  +\S)`)

func TestTemplateLoads(t *testing.T) {
	t.Parallel()
	c := load(t, template(t))
	if c.Workload.Name != "bookshop" || strings.Contains(template(t), "WORKLOAD") {
		t.Errorf("the name is not filled in: %+v", c.Workload)
	}
}

// With the comment marks off, every key of the table must be there with a value
// that the rules accept; and a commented-out default must be the default.
func TestTemplateHoldsEveryKey(t *testing.T) {
	t.Parallel()
	all := load(t, commentedOut.ReplaceAllString(template(t), "$1$2"))
	defaults := map[string]string{}
	for _, k := range config.Keys() {
		defaults[k.Path] = k.Default
	}
	for _, s := range all.Effective() {
		if s.Origin == "default" {
			t.Errorf("key %q is not in the template", s.Key)
		}
		if d := defaults[s.Key]; d != "" && d != s.Text() {
			t.Errorf("key %q: the template says %q, the default is %q", s.Key, s.Text(), d)
		}
	}
	if len(all.Source.Accounts) != 1 || all.Source.Accounts[0].RoleARN == "" {
		t.Errorf("the fields of accounts are not in the template: %+v", all.Source.Accounts)
	}
}

func TestTemplateRefusesABadName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Book Shop", "9", "a\nb: c", strings.Repeat("a", 64)} {
		if _, err := config.Template(name); !fault.Is(err, fault.Usage) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Template(%q) gives %v", name, err)
		}
	}
}

// The schema file is what the table says; -update writes it.
func TestSchemaFileIsFresh(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "reference", "schemas", "landfall.schema.json")
	want, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is stale (%v); run: go test ./internal/config -update", path, err)
	}
}

func compiledSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	b, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("landfall.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("landfall.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// instance is what an editor's YAML support hands to its schema checker.
func instance(content string) (any, error) {
	var v any
	if err := yaml.Unmarshal([]byte(content), &v); err != nil {
		return nil, err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(b))
}

// The schema and the loader agree, except on what the schema says it cannot
// express.
func TestSchemaAgreesWithTheLoader(t *testing.T) {
	t.Parallel()
	schema := compiledSchema(t)
	for _, content := range []string{template(t), commentedOut.ReplaceAllString(template(t), "$1$2"), minimal, minimal + "target:\nsandbox:\n"} {
		v, err := instance(content)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("the schema refuses what the loader takes: %v\n%s", err, content)
		}
	}
	for name, c := range brokenValues() {
		v, err := instance(c.content)
		if err != nil {
			continue // not YAML for this decoder: a key that stands twice
		}
		if err := schema.Validate(v); err == nil {
			t.Errorf("%s: the schema takes what the loader refuses", name)
		}
	}
}
