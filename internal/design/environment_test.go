package design

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/reach"
	"pgregory.net/rapid"
)

const (
	first  = cloud.Account("11111111-2222-3333-4444-555555555555")
	second = cloud.Account("66666666-7777-8888-9999-aaaaaaaaaaaa")
)

func encoded(t interface{ Fatal(...any) }, d *Design) string {
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// somewhere is a design in which the place stands wherever it may.
func somewhere(t *rapid.T, place Place) *Design {
	group := string(place.GroupID())
	texts := rapid.SampledFrom([]string{
		"plain", "eastus", "in eastus.", "eastus2", "us-east-1", "st" + place.Suffix, group, group + "/providers/Microsoft.Network/virtualNetworks/vnet", "privatelink.eastus.azmk8s.io",
		`{"scope":"` + group + `/x","y":"` + string(place.Subscription) + `"}`, "MC_" + place.Group + "_aks", place.Group, "[reference('" + group + "/a', '2020-01-01').id]", "", "''", "00000000-0000-0000-0000-000000000000",
		"/subscriptions/" + string(place.Subscription), "/subscriptions/" + string(place.Subscription) + "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7",
	})
	d := &Design{SchemaVersion: 1, Inputs: map[string]string{}, Workload: "shop", Place: place, Network: &reach.Proof{Differences: []reach.Difference{{From: "eastus", TargetRule: texts.Draw(t, "rule")}}}}
	for i := range rapid.IntRange(0, 6).Draw(t, "resources") {
		name := fmt.Sprintf("%08x-0000-4000-8000-00000000000%d", rapid.Uint32().Draw(t, "guid"), i)
		kind := "Microsoft.Authorization/roleAssignments"
		if rapid.Bool().Draw(t, "global") {
			kind, name = "Microsoft.Storage/storageAccounts", fmt.Sprintf("%s%d", place.Suffix, i)
		}
		id := cloud.ResourceID(group + "/providers/" + kind + "/" + name)
		d.Resources = append(d.Resources, Resource{
			ID: id, Type: cloud.Kind(kind), Name: name, APIVersion: "2022-04-01", Location: place.Location, Tags: cloud.Tags{"a": texts.Draw(t, "tag")},
			Body: map[string]any{"properties": map[string]any{"text": texts.Draw(t, "text"), texts.Draw(t, "key"): []any{texts.Draw(t, "element"), 1.0, true}}},
		})
		d.Decisions = append(d.Decisions, Decision{Source: "arn:aws:s3:::eastus", Targets: []cloud.ResourceID{id}, Why: texts.Draw(t, "why"), ToDo: []string{texts.Draw(t, "todo")}, Gaps: []Gap{{ID: "x", At: texts.Draw(t, "at")}}})
	}
	d.Findings = []Finding{{ID: "f", Text: texts.Draw(t, "finding"), About: []cloud.ResourceID{"arn:aws:s3:::eastus", place.GroupID()}}}
	d.Parameters = []Parameter{{Name: "p", Default: texts.Draw(t, "default")}}
	d.Regions = []RegionAdvice{{Region: "eastus", Chosen: true}, {Region: "westeurope"}}
	return d
}

func TestForEnvironmentGoesAndComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		home := placeOf(Options{Workload: "shop", Subscription: rapid.SampledFrom([]cloud.Account{"", first}).Draw(t, "subscription"), Group: rapid.SampledFrom([]string{"", "shop", "rg_shop"}).Draw(t, "group"), Region: "eastus"})
		d := somewhere(t, home)
		// Through the order of a design first.
		d = ForEnvironment(d, Environment{Subscription: home.Subscription, Group: home.Group})
		away := ForEnvironment(d, Environment{Name: "test", Subscription: second, Location: "westeurope"})
		if away.Place.Group != "rg-shop-test" || away.Place.Suffix == home.Suffix || away.Place.Environment != "test" {
			t.Fatalf("place %+v", away.Place)
		}
		for _, r := range away.Resources {
			text := encoded(t, &Design{Resources: []Resource{r}})
			for _, trace := range []string{"/subscriptions/" + string(home.Subscription), "/resourceGroups/" + home.Group + "/", home.Suffix, `"eastus"`, "in eastus."} {
				if strings.Contains(text, trace) {
					t.Fatalf("%q is left in %s", trace, text)
				}
			}
			if !strings.HasPrefix(string(r.ID), string(away.Place.GroupID())+"/") || r.Location != "westeurope" || !strings.HasSuffix(string(r.ID), r.Name) {
				t.Fatalf("%+v", r)
			}
		}
		if len(away.Decisions) > 0 && away.Decisions[0].Source != "arn:aws:s3:::eastus" || away.Findings[0].About[0] != "arn:aws:s3:::eastus" || away.Network.Differences[0].From != "eastus" {
			t.Fatal("a source id was moved")
		}
		back := ForEnvironment(away, Environment{Subscription: home.Subscription, Group: home.Group, Location: home.Location})
		if got, want := encoded(t, back), encoded(t, d); got != want {
			t.Fatalf("came back as\n%s\nwant\n%s", got, want)
		}
	})
}

func TestForEnvironmentRenamesAssignments(t *testing.T) {
	t.Parallel()
	home := placeOf(Options{Workload: "shop"})
	const name, builtIn = "0f1e2d3c-4b5a-5697-8877-665544332211", "acdd72a7-3385-48ef-bd42-f606fba81ae7"
	d := &Design{Workload: "shop", Place: home, Resources: []Resource{{
		ID: cloud.ResourceID(string(home.GroupID()) + "/providers/Microsoft.Authorization/roleAssignments/" + name), Type: "Microsoft.Authorization/roleAssignments", Name: name,
		Body: map[string]any{"properties": map[string]any{"roleDefinitionId": "/subscriptions/" + string(NoSubscription) + "/providers/Microsoft.Authorization/roleDefinitions/" + builtIn, "tenantId": string(NoSubscription)}},
	}}}
	got := ForEnvironment(d, Environment{Name: "test", Subscription: second}).Resources[0]
	if got.Name == name || !guidForm.MatchString(got.Name) || got.Name[14] != '5' || !strings.HasSuffix(string(got.ID), got.Name) {
		t.Errorf("renamed to %s", got.ID)
	}
	properties := got.Body["properties"].(map[string]any)
	if want := "/subscriptions/" + string(second) + "/providers/Microsoft.Authorization/roleDefinitions/" + builtIn; properties["roleDefinitionId"] != want {
		t.Errorf("role %s, want %s", properties["roleDefinitionId"], want)
	}
	if properties["tenantId"] != string(NoSubscription) {
		t.Errorf("a GUID of zeroes became %s", properties["tenantId"])
	}
}

func TestForEnvironmentKeepsTheSamePlace(t *testing.T) {
	t.Parallel()
	home := placeOf(Options{Workload: "shop", Subscription: first, Region: "eastus"})
	d := &Design{Workload: "shop", Place: home, Decisions: []Decision{}, Resources: []Resource{}, Findings: []Finding{}}
	if got, want := encoded(t, ForEnvironment(d, Environment{})), encoded(t, d); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
