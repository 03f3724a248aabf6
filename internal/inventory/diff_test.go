package inventory_test

import (
	"reflect"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	before := built(t,
		seen(inventory.Live, "a", instance(inventory.Properties{"Engine": "postgres", "MultiAZ": true, "Endpoint": map[string]any{"Port": "1"}, "VPCSecurityGroups": []any{"sg-1", "sg-2"}})),
		seen(inventory.Live, "a", inventory.Resource{ID: "arn:aws:s3:::old", Kind: "AWS::S3::Bucket"}),
	)
	changed := instance(inventory.Properties{"Engine": "postgres", "Endpoint": map[string]any{"Port": "2"}, "StorageType": "gp3", "VPCSecurityGroups": []any{"sg-1", "sg-3"}})
	changed.Tags = cloud.Tags{"env": "prod"}
	changed.Marks = []inventory.Mark{inventory.Deleted}
	after := built(t, seen(inventory.Describe, "b", changed), seen(inventory.Live, "a", inventory.Resource{ID: "arn:aws:s3:::new", Kind: "AWS::S3::Bucket"}))
	got := inventory.Diff(before, after)
	if len(got.Added) != 1 || got.Added[0].ID != "arn:aws:s3:::new" || len(got.Removed) != 1 || got.Removed[0].ID != "arn:aws:s3:::old" || len(got.Changed) != 1 {
		t.Fatalf("%+v", got)
	}
	want := []inventory.ChangedValue{
		{"marks", nil, []string{"deleted"}}, {"properties.Endpoint.Port", "1", "2"}, {"properties.MultiAZ", true, nil},
		{"properties.StorageType", nil, "gp3"}, {"properties.VPCSecurityGroups[1]", "sg-2", "sg-3"}, {"tags.env", nil, "prod"},
	}
	if !reflect.DeepEqual(got.Changed[0].Values, want) {
		t.Errorf("%+v", got.Changed[0].Values)
	}
	if !inventory.Diff(before, before).Empty() || !inventory.Diff(inventory.Inventory{}, inventory.Inventory{}).Empty() || got.Empty() {
		t.Error("nothing changed is not empty")
	}
	if text := asJSON(t, inventory.Diff(before, before)); text != `{"added":[],"removed":[],"changed":[]}` {
		t.Error(text)
	}
}
