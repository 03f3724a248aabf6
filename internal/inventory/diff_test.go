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

// What fills by itself is no change: of two readings of one account on two
// days nothing is told, unless somebody did something.
func TestWhatIsMeasuredIsNoChange(t *testing.T) {
	t.Parallel()
	day := func(n float64, class string) inventory.Inventory {
		return built(t,
			seen(inventory.Live, "a", inventory.Resource{ID: "arn:aws:dynamodb:us-east-1:1:table/orders", Kind: "AWS::DynamoDB::Table",
				Attributes: map[string]any{"ItemCount": n, "TableSizeBytes": n, "GlobalSecondaryIndexes": []any{map[string]any{"IndexSizeBytes": n, "IndexArn": "arn"}}}}),
			seen(inventory.Live, "b", inventory.Resource{ID: "arn:aws:logs:us-east-1:1:log-group:/web", Kind: "AWS::Logs::LogGroup",
				Attributes: map[string]any{"StoredBytes": n, "LogGroupClassOfDay": class}}),
			seen(inventory.Live, "c", inventory.Resource{ID: "arn:aws:elasticfilesystem:us-east-1:1:file-system/fs-1", Kind: "AWS::EFS::FileSystem",
				Attributes: map[string]any{"SizeInBytes": map[string]any{"Value": n}}}),
		)
	}
	if got := inventory.Diff(day(1, "x"), day(2, "x")); !got.Empty() {
		t.Errorf("%+v", got)
	}
	got := inventory.Diff(day(1, "x"), day(2, "y"))
	if len(got.Changed) != 1 || len(got.Changed[0].Values) != 1 || got.Changed[0].Values[0].Path != "attributes.LogGroupClassOfDay" {
		t.Errorf("%+v", got)
	}
}

// What a reading could not read is not gone: the gap is named with it.
func TestARemovalMayBeAGap(t *testing.T) {
	t.Parallel()
	old := inventory.Unread{Source: inventory.Live, Operation: "glue:GetJobs", Region: "us-east-1", Reason: "denied: AccessDenied", Hides: "all AWS::Glue::Job"}
	now := old
	now.Operation, now.Hides = "rds:DescribeDBInstances", "all AWS::RDS::DBInstance"
	before := built(t, seen(inventory.Live, "a", instance(inventory.Properties{"Engine": "postgres"})))
	after := built(t)
	before.Unread, after.Unread = []inventory.Unread{old}, []inventory.Unread{old, now}
	if got := inventory.Diff(before, after); len(got.Removed) != 1 || !reflect.DeepEqual(got.Hidden, []inventory.Unread{now}) {
		t.Errorf("%+v", got)
	}
	before.Resources = nil
	if got := inventory.Diff(before, after); got.Hidden != nil || !got.Empty() {
		t.Errorf("nothing is missing: %+v", got)
	}
}
