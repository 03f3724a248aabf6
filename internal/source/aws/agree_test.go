package aws

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
)

// The same account read through the API and through AWS Config gives the same
// resources with the same properties, whatever its kind: same ID, and every
// property that AWS Config says has the value that the API says.
func TestAPIAndConfigAgree(t *testing.T) {
	t.Parallel()
	config, _ := seededAccount(t)
	sink := &gathered{}
	if err := NewScanner(config, ScanOptions{Unlimited: true}).Scan(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	live := map[string]inventory.Resource{}
	b := inventory.NewBuilder()
	for _, o := range sink.found {
		if o.Source == inventory.Live {
			if err := b.Add(o); err != nil {
				t.Error(err)
			}
		}
	}
	for _, r := range b.Build().Resources {
		live[string(r.ID)] = r
	}
	seen := map[string]int{}
	for _, r := range configResources(t, configservice.NewFromConfig(config)) {
		agrees(t, live, r)
		seen[string(r.Kind)]++
	}
	if len(seen) < 30 {
		t.Errorf("only %d kinds were compared: %v", len(seen), slices.Sorted(maps.Keys(seen)))
	}
}

// agrees compares one resource of AWS Config with what the API said.
func agrees(t *testing.T, live map[string]inventory.Resource, r inventory.Resource) {
	t.Helper()
	want, ok := live[string(r.ID)]
	if !ok {
		t.Errorf("%s: %s is only known to AWS Config", r.Kind, r.ID)
		return
	}
	if r.Kind != want.Kind || r.Region != want.Region || r.Account != want.Account {
		t.Errorf("%s: AWS Config says %s in %s of %s, the API %s in %s of %s", r.ID, r.Kind, r.Region, r.Account, want.Kind, want.Region, want.Account)
	}
	for name, value := range r.Properties {
		// The queues of the sandbox have the address of its gate, and moto leaves
		// the id of a policy out of GetAccountAuthorizationDetails.
		if name != "QueueUrl" && name != "PolicyId" && !says(want.Properties[name], value) {
			t.Errorf("%s %s: %s is %s through AWS Config and %s through the API", r.Kind, r.Name, name, jsonText(t, value), jsonText(t, want.Properties[name]))
		}
	}
}

// says reports whether a value holds all that another says.
func says(whole, part any) bool {
	switch p := part.(type) {
	case map[string]any:
		w, ok := whole.(map[string]any)
		for name := range p {
			ok = ok && says(w[name], p[name])
		}
		return ok
	case []any:
		w, ok := whole.([]any)
		ok = ok && len(w) == len(p)
		for i := range p {
			ok = ok && says(w[i], p[i])
		}
		return ok
	}
	return whole == part
}

func jsonText(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// configResources are the newest items of everything that AWS Config lists.
func configResources(t *testing.T, client *configservice.Client) []inventory.Resource {
	t.Helper()
	c := kinds.New()
	var all []inventory.Resource
	for _, kind := range types.ResourceType("").Values() {
		listed, err := client.ListDiscoveredResources(t.Context(), &configservice.ListDiscoveredResourcesInput{ResourceType: kind})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range listed.ResourceIdentifiers {
			history, err := client.GetResourceConfigHistory(t.Context(), &configservice.GetResourceConfigHistoryInput{ResourceType: kind, ResourceId: id.ResourceId, Limit: 1})
			if err != nil || len(history.ConfigurationItems) == 0 {
				t.Fatalf("%s %s: %v", kind, sdk.ToString(id.ResourceId), err)
			}
			item, _ := Tree(history.ConfigurationItems[0]).(map[string]any)
			found, err := c.FromConfig(item)
			if err != nil {
				t.Errorf("%s %s: %v", kind, sdk.ToString(id.ResourceId), err)
			}
			all = append(all, found...)
		}
	}
	return all
}
