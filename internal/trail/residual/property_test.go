package residual_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/trail/residual"
)

type resourceID = cloud.ResourceID

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sameInputs drops what names the files, which differ.
func sameInputs(r residual.Report) residual.Report {
	r.Inputs, r.Duplicates = nil, 0
	for i := range r.Logs {
		r.Logs[i].Files = 0
	}
	return r
}

func drawn(t *rapid.T) []call {
	var list []call
	for range rapid.IntRange(1, 40).Draw(t, "calls") {
		c := call{hours: float64(rapid.IntRange(-48, 48).Draw(t, "hour")), principal: rapid.SampledFrom([]string{"app", "ops", "aws-service-role/x/AWSServiceRoleForX", "auditor"}).Draw(t, "who"),
			read: rapid.Bool().Draw(t, "read"), address: rapid.SampledFrom([]string{"10.0.0.5", "203.0.113.9", "athena.amazonaws.com", "config.amazonaws.com"}).Draw(t, "address")}
		name := rapid.SampledFrom([]string{"one", "two", "three"}).Draw(t, "name")
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			c.source, c.name, c.request = "dynamodb", "UpdateTable", map[string]any{"tableName": name}
		case 1:
			c.source, c.name, c.data, c.arns = "dynamodb", "GetItem", true, []string{"arn:aws:dynamodb:eu-west-1:" + account + ":table/" + name}
		case 2:
			c.source, c.name, c.read, c.request = "s3", "CreateBucket", false, map[string]any{"bucketName": name}
		case 3:
			c.source, c.name, c.read, c.request = "s3", "DeleteBucket", false, map[string]any{"bucketName": name}
		}
		if rapid.IntRange(0, 4).Draw(t, "denied") == 0 {
			c.code = "AccessDenied"
		}
		list = append(list, c)
	}
	return list
}

// Order, repetition, the cut into files and the number of workers change
// nothing; and what is counted adds up.
func TestTheWayTheLogsComeChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		calls := append(pulse(), drawn(rt)...)
		for i := range calls {
			calls[i].id = fmt.Sprintf("%08x-1111-4000-8000-000000000000", i)
		}
		o := residual.Options{Expect: []residual.Rule{{Name: "audit", Principal: "*:role/auditor"}}}
		want := look(t, named(map[string][]byte{"all.json": file(0, calls...)}), residual.Inputs{}, o)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		again := append(append([]call{}, calls...), calls[:rapid.IntRange(0, len(calls)).Draw(rt, "twice")]...)
		random.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		files := map[string][]byte{}
		for n := 0; len(again) > 0; n++ {
			size := min(len(again), 1+random.IntN(20))
			files[fmt.Sprintf("%03d.json.gz", random.IntN(1000)*10+n)] = zipped(file(0, again[:size]...))
			again = again[size:]
		}
		o.Workers = 1 + random.IntN(4)
		got := look(t, named(files), residual.Inputs{}, o)
		if a, b := asJSON(t, sameInputs(got)), asJSON(t, sameInputs(want)); a != b {
			rt.Fatalf("got %s\nwant %s", a, b)
		}
		addsUp(rt, got)
	})
}

func addsUp(t *rapid.T, r residual.Report) {
	var told, principals int64
	for _, n := range r.Rules {
		told += n.Events
	}
	for _, p := range r.ByPrincipal {
		principals += p.Events
	}
	if told != r.Apart || r.Used+r.Apart != r.After || principals != r.After || r.After > r.Total {
		t.Fatalf("total %d, after %d, used %d, apart %d, by rules %d, by principals %d", r.Total, r.After, r.Used, r.Apart, told, principals)
	}
	n := 0
	for s, count := range r.Counts {
		n += count
		for _, one := range r.ByResource {
			if one.Status == s && (s == residual.Used) != (one.Events > 0) || one.Reads+one.Writes+one.Denied != one.Events || one.Why == "" {
				t.Fatalf("%+v", one)
			}
		}
	}
	if n != len(r.ByResource) {
		t.Fatalf("%v for %d", r.Counts, len(r.ByResource))
	}
}

// The caps cost details, never a use.
func TestBeyondTheCapsNothingIsCalledUnused(t *testing.T) {
	t.Parallel()
	var calls []call
	for i := range 300 {
		calls = append(calls, call{hours: 1, source: "secretsmanager", name: "GetSecretValue", principal: "app", read: true, request: map[string]any{"secretId": secret}, address: fmt.Sprintf("10.0.%d.%d", i/250, i%250)},
			call{hours: -1, source: "secretsmanager", name: "GetSecretValue", principal: "app", read: true, request: map[string]any{"secretId": fmt.Sprintf("other-%d", i)}})
	}
	r := look(t, trailOf(calls...), residual.Inputs{}, residual.Options{Limit: 50})
	if r.Counts[residual.Unused] != 0 || resourceOf(t, r, secret).Events != 300 {
		t.Errorf("%v %+v", r.Counts, resourceOf(t, r, secret))
	}
	if !strings.Contains(strings.Join(r.Notes, "\n"), "nothing is called unused") {
		t.Errorf("%q", r.Notes)
	}
}

// What is written is what docs/reference says that residual.json is.
func TestTheReportFollowsItsSchema(t *testing.T) {
	t.Parallel()
	f, err := os.Open(filepath.Join("..", "..", "..", "docs", "reference", "schemas", "residual.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	document, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("residual.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("residual.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	full := look(t, named(map[string][]byte{"a.json": file(0, append(pulse(),
		call{hours: 1, source: "s3", name: "CreateBucket", principal: "ops", request: map[string]any{"bucketName": "fresh"}},
		call{hours: 30, source: "secretsmanager", name: "GetSecretValue", principal: "app", read: true, request: map[string]any{"secretId": secret}, invokedBy: "athena.amazonaws.com"})...),
		"b.json": []byte(`{"Records":[{"eventVersion`), "flow.log": flowFile(flow(5, "eni-a", "10.9.9.9", "10.0.0.5", 443, "ACCEPT"))}), residual.Inputs{Inventory: network()}, residual.Options{})
	for _, r := range []residual.Report{full, look(t, named(nil), residual.Inputs{}, residual.Options{})} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(asJSON(t, r)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Error(err)
		}
	}
	if schema.Validate(map[string]any{"schemaVersion": 1}) == nil {
		t.Error("the schema takes anything")
	}
}
