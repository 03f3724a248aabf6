package iac

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// A flag names its target where it is deployed, in each environment.
func TestFlagsNameTheTargetInEachEnvironment(t *testing.T) {
	t.Parallel()
	d := &design.Design{Workload: "shop", Place: place(), Decisions: []design.Decision{
		{Source: "arn:1", Kind: "AWS::S3::Bucket", Name: "covers", Action: design.Migrate, Targets: []cloud.ResourceID{cloud.ResourceID(idOf("Microsoft.Storage/storageAccounts/stabc234"))}},
	}}
	environments := []design.Environment{{Name: "test"}, {Name: "production", Subscription: "66666666-7777-8888-9999-aaaaaaaaaaaa"}}
	got, err := Flags(d, environments...)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Flags map[string]struct{ Metadata map[string]string }
	}
	if err := json.Unmarshal(got.Content, &file); err != nil {
		t.Fatal(err)
	}
	metadata := file.Flags["s3-covers-provider"].Metadata
	if _, own := metadata["target"]; own || len(metadata) != 4 {
		t.Errorf("%v", metadata)
	}
	for _, e := range environments {
		want := design.ForEnvironment(d, e).Decisions[0].Targets[0]
		if got := metadata["target-"+e.Name]; got != string(want) || strings.Contains(got, "abc234") {
			t.Errorf("%s: %s, want %s", e.Name, got, want)
		}
	}
}

// A tag that tells the environment is the environment's name in every
// environment; what only looks like it stays.
func TestEnvironmentTagsArePrintedAsTheEnvironment(t *testing.T) {
	t.Parallel()
	d := shop(t)
	d.Place.Environment = "test"
	for i := range d.Resources {
		if d.Resources[i].Tags != nil {
			d.Resources[i].Tags = cloud.Tags{"env": "test", "owner": "test", "stage": "blue"}
		}
	}
	environments := []design.Environment{{Name: "test", Group: "rg-shop"}, {Name: "production"}}
	code, hcl := bicep(t, d, environments...), terraform(t, d, environments...)
	for path, wants := range map[string][]string{
		"bicep/main.bicep": {"param environmentName string", "environmentName: environmentName"}, "bicep/modules/network.bicep": {"param environmentName string", "env: environmentName", "owner: 'test'", "stage: 'blue'"},
		"bicep/parameters/production.bicepparam": {"param environmentName = 'production'"}, "bicep/parameters/test.bicepparam": {"param environmentName = 'test'"},
		"terraform/variables.tf": {`variable "environment_name"`}, "terraform/network/main.tf": {"= var.environment_name", `"blue"`}, "terraform/environments/production.tfvars": {`"production"`},
	} {
		files := code
		if strings.HasPrefix(path, "terraform") {
			files = hcl
		}
		for _, want := range wants {
			if text := file(t, files, path); !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", path, want, text)
			}
		}
	}
	modules := slices.DeleteFunc(slices.Clone(code), func(f design.File) bool { return !strings.HasSuffix(f.Path, ".bicep") })
	if errors := bicepErrors(t, modules); errors != "" {
		t.Error(errors)
	}
	if text := file(t, bicep(t, shop(t), environments...), "bicep/main.bicep"); strings.Contains(text, "environmentName") {
		t.Error("a parameter that nothing needs")
	}
}
