package cloudtrail_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/cloudtrail"
)

// made reads one record and returns what it says was created.
func made(t *testing.T, members string) []cloudtrail.Made {
	t.Helper()
	text := `{"eventVersion":"1.11","eventTime":"2026-05-03T22:00:01Z","awsRegion":"eu-west-1","eventID":"1","recipientAccountId":"123456789012",` + members + "}"
	var got []cloudtrail.Made
	_, err := records.Each(t.Context(), []records.File{records.Bytes("x", []byte(text))}, records.Options{}, func(ctx context.Context, c *records.Content) error {
		return cloudtrail.NewReader().Read(ctx, c, func(e *cloudtrail.Event) bool {
			got = append([]cloudtrail.Made(nil), e.Created...)
			return true
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestWhatACallMade(t *testing.T) {
	t.Parallel()
	one := func(id, name string) []cloudtrail.Made { return []cloudtrail.Made{{ID: id, Name: name}} }
	const of = `"eventSource":"%.amazonaws.com","eventName":"`
	event := func(service, name string) string { return strings.Replace(of, "%", service, 1) + name + `",` }
	for name, c := range map[string]struct {
		members string
		want    []cloudtrail.Made
	}{
		"instances": {event("ec2", "RunInstances") + `"responseElements":{"instancesSet":{"items":[{"instanceId":"i-1","imageId":"ami-1","subnetId":"subnet-1","iamInstanceProfile":{"arn":"arn:x","id":"AIPA"}},{"instanceId":"i-2"}]}}`,
			[]cloudtrail.Made{{ID: "i-1"}, {ID: "i-2"}}},
		"the answer before the name": {`"responseElements":{"groupId":"sg-1"},` + event("ec2", "CreateSecurityGroup") + `"readOnly":false`, one("sg-1", "")},
		"a database":                 {event("rds", "CreateDBInstance") + `"responseElements":{"dBInstanceIdentifier":"orders","dBInstanceArn":"arn:aws:rds:eu-west-1:1:db:orders","vpcSecurityGroups":[{"vpcSecurityGroupId":"sg-1"}]}`, one("arn:aws:rds:eu-west-1:1:db:orders", "orders")},
		"a role":                     {event("iam", "CreateRole") + `"responseElements":{"role":{"arn":"arn:aws:iam::1:role/app","roleName":"app","roleId":"AROA"}}`, one("arn:aws:iam::1:role/app", "app")},
		"a key":                      {event("kms", "CreateKey") + `"responseElements":{"keyMetadata":{"arn":"arn:aws:kms:eu-west-1:1:key/2","keyId":"2"}}`, one("arn:aws:kms:eu-west-1:1:key/2", "2")},
		"a function":                 {event("lambda", "CreateFunction20150331") + `"responseElements":{"functionName":"f","functionArn":"arn:aws:lambda:eu-west-1:1:function:f"}`, one("arn:aws:lambda:eu-west-1:1:function:f", "f")},
		"a balancer":                 {event("elasticloadbalancing", "CreateLoadBalancer") + `"responseElements":{"loadBalancers":[{"loadBalancerArn":"arn:lb","loadBalancerName":"shop"}]}`, one("arn:lb", "shop")},
		"a bucket":                   {event("s3", "CreateBucket") + `"requestParameters":{"bucketName":"covers"},"responseElements":null`, one("arn:aws:s3:::covers", "")},
		"a parameter":                {event("ssm", "PutParameter") + `"requestParameters":{"name":"/shop/x"},"responseElements":{"version":2}`, one("/shop/x", "")},
		"one that failed":            {event("s3", "CreateBucket") + `"errorCode":"BucketAlreadyExists","requestParameters":{"bucketName":"covers"}`, nil},
		"tags":                       {event("ec2", "CreateTags") + `"requestParameters":{"resourcesSet":{"items":[{"resourceId":"i-1"}]}}`, nil},
		"a change":                   {event("rds", "ModifyDBInstance") + `"requestParameters":{"dBInstanceIdentifier":"orders"}`, nil},
		"an object":                  {event("s3", "CreateMultipartUpload") + `"eventCategory":"Data","requestParameters":{"bucketName":"covers"}`, nil},
	} {
		if got := made(t, c.members); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestWhichCallsRemove(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]bool{"DeleteBucket": true, "TerminateInstances": true, "ReleaseAddress": true, "DeregisterImage": true, "ScheduleKeyDeletion": true, "DeleteDBInstance": true,
		"DeleteBucketPolicy": false, "DeleteTags": false, "DeleteObject": false, "DeleteRolePolicy": false, "DeregisterTargets": false, "DeleteItem": false, "DescribeInstances": false, "DeleteBucketEncryption": false} {
		if cloudtrail.Removes(action) != want {
			t.Errorf("%s: %v", action, !want)
		}
	}
}

func TestIDsFindWhatCameTwice(t *testing.T) {
	t.Parallel()
	ids := cloudtrail.NewIDs(64)
	for i, c := range []struct {
		id            string
		known, forgot bool
	}{{"11111111-0000-4000-8000-000000000000", false, false}, {"11111111-0000-4000-8000-000000000000", true, false}, {"no uuid", false, false}, {"no uuid", true, false}, {"", false, true}} {
		if known, forgot := ids.Add(c.id); known != c.known || forgot != c.forgot {
			t.Errorf("%d: %v, %v", i, known, forgot)
		}
	}
}
