package describe_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/source/files/describe"
	"example.com/landfall/internal/source/files/filestest"
)

// read reads outputs by their names.
func read(t testing.TB, requests *filestest.Requests, texts map[string]string) *filestest.Sink {
	t.Helper()
	set := describe.NewSet()
	for name, text := range texts {
		if err := set.Learn(t.Context(), requests.Of(name, []byte(text)).Document); err != nil {
			t.Fatal(err)
		}
	}
	s := &filestest.Sink{}
	for name, text := range texts {
		if err := set.Read(t.Context(), requests.Of(name, []byte(text)), s); err != nil {
			t.Fatal(err)
		}
	}
	set.Finish(s)
	return s
}

const (
	caller = `{"UserId": "AIDA", "Account": "210987654321", "Arn": "arn:aws:iam::210987654321:user/ops"}`
	volume = `{"VolumeId": "vol-1", "Size": 8, "VolumeType": "gp3", "AvailabilityZone": "eu-west-1a"}`
)

// What an output holds, and where it was taken.
func TestWhatAndWhere(t *testing.T) {
	t.Parallel()
	requests := filestest.NewRequests()
	for _, c := range []struct {
		name, text string
		want       string // IDs; a reason after "!"
	}{
		{"x.json", `{"Volumes": [` + volume + `]}`, "arn:aws:ec2:eu-west-1:210987654321:volume/vol-1"},
		{"us-east-1/x.json", `{"Volumes": [` + volume + `]}`, "arn:aws:ec2:eu-west-1:210987654321:volume/vol-1"},
		{"123456789012/us-east-1/ec2-describe-key-pairs.json", `{"KeyPairs": [{"KeyPairId": "key-1", "KeyName": "ops"}]}`, "arn:aws:ec2:us-east-1:123456789012:key-pair/ops"},
		{"us-east-1/a.json", `{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/8", "InstanceTenancy": "default", "OwnerId": "123456789012"}]}`, "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1"},
		{"describe-volumes.json", `[` + volume + `]`, "arn:aws:ec2:eu-west-1:210987654321:volume/vol-1"},
		{"anything.json", `[[` + volume + `]]`, "arn:aws:ec2:eu-west-1:210987654321:volume/vol-1"},
		{"anything.json", `{"Volumes": [` + volume + `]}` + "\n" + `{"Volumes": [` + strings.Replace(volume, "vol-1", "vol-2", 1) + `]}`, "arn:aws:ec2:eu-west-1:210987654321:volume/vol-1 arn:aws:ec2:eu-west-1:210987654321:volume/vol-2"},
		{"arns.json", `["arn:aws:sqs:eu-west-1:210987654321:q", "nothing"]`, `arn:aws:sqs:eu-west-1:210987654321:q!"nothing" is no ARN`},
		{"eu-west-1/list-tables.json", `["orders"]`, "arn:aws:dynamodb:eu-west-1:210987654321:table/orders"},
		{"eu-west-1/t.json", `{"TableNames": ["orders"]}`, "arn:aws:dynamodb:eu-west-1:210987654321:table/orders"},
		{"ecs-list-clusters.json", `{"clusterArns": ["arn:aws:ecs:eu-west-1:210987654321:cluster/c"]}`, "arn:aws:ecs:eu-west-1:210987654321:cluster/c"},
		{"eu-west-1/eks/list-clusters.json", `{"clusters": ["c"]}`, "arn:aws:eks:eu-west-1:210987654321:cluster/c"},
		{"q.json", `{"QueueUrls": ["https://sqs.eu-north-1.amazonaws.com/123456789012/q", "http://127.0.0.1:4566/123456789012/r"]}`, "arn:aws:sqs:eu-north-1:123456789012:q arn:aws:sqs::123456789012:r"},
		{"eu-west-1/snapshots.json", `{"Snapshots": [{"SnapshotId": "snap-1", "VolumeId": "vol-1", "VolumeSize": 8}]}`, "arn:aws:ec2:eu-west-1::snapshot/snap-1"},
		{"eu-west-1/snapshots.json", `{"Snapshots": [{"what": "is this"}, {"what": "is that"}]}`, `!2 elements of "Snapshots" are cannot be told`},
		{"clusters.json", `{"Clusters": [{"ARN": "arn:aws:memorydb:eu-west-1:210987654321:cluster/m", "Name": "m", "NodeType": "x", "NumberOfShards": 1}]}`, "arn:aws:memorydb:eu-west-1:210987654321:cluster/m"},
		{"describe-vpcs.json", `{"Vpcs": {"VpcId": "vpc-1"}}`, `!"Vpcs" is an object, not a list`},
		{"describe-vpcs.json", `{"Vpcs": [7, null]}`, `!neither an object nor a text`},
		{"describe-regions.json", `{"Regions": []}`, `!no kind of resource is known by Regions`},
		{"describe-vpcs.txt", "VPCS\t10.0.0.0/8", `!neither JSON nor YAML; run the command with --output json`},
		{"eu-west-1/vpcs.yaml", "Vpcs:\n- VpcId: vpc-1\n  CidrBlock: 10.0.0.0/8\n  InstanceTenancy: default\n", "arn:aws:ec2:eu-west-1:210987654321:vpc/vpc-1"},
		{"get-resources.json", `{"ResourceTagMappingList": [{"ResourceARN": "arn:aws:sqs:eu-west-1:210987654321:q", "Tags": [{"Key": "a", "Value": "b"}]}]}`, "arn:aws:sqs:eu-west-1:210987654321:q"},
		{"search.json", `{"Resources": [{"Arn": "arn:aws:sqs:eu-west-1:210987654321:q", "OwningAccountId": "210987654321", "Region": "eu-west-1", "ResourceType": "sqs:queue", "Properties": [{"Name": "tags", "Data": [{"Key": "a", "Value": "b"}]}]}]}`, "arn:aws:sqs:eu-west-1:210987654321:q"},
		{"eu-west-1/tags.json", `{"Tags": [{"ResourceId": "i-1", "ResourceType": "instance", "Key": "a", "Value": "b"}, {"ResourceId": "i-1", "ResourceType": "instance", "Key": "c", "Value": "d"}]}`, "arn:aws:ec2:eu-west-1:210987654321:instance/i-1"},
		{"list-tags-for-resource.json", `{"Tags": [{"Key": "a", "Value": "b"}]}`, `!no kind of resource is known by Tags`},
		{"eu-west-1/projection.json", `[["i-1", "running"]]`, `!"i-1" is no ARN`},
		{"eu-west-1/one.json", `"i-1"`, `!a single value`},
		{"get-bucket-policy.json", `{}`, ""},
	} {
		s := read(t, requests, map[string]string{c.name: c.text, "get-caller-identity.json": caller})
		var ids []string
		for _, o := range s.Observations {
			ids = append(ids, string(o.ID))
		}
		found, reason, _ := strings.Cut(c.want, "!")
		if got := strings.Join(ids, " "); got != found || !strings.Contains(s.Reasons(), reason) || reason == "" && s.Reasons() != "" {
			t.Errorf("%s %.80s: %q, refused %s want %q", c.name, c.text, got, s.Reasons(), c.want)
		}
	}
}

// Tags of an entry each come together; those of a list of ARNs as well.
func TestTags(t *testing.T) {
	t.Parallel()
	s := read(t, filestest.NewRequests(), map[string]string{"eu-west-1/210987654321/ec2-describe-tags.json": `{"Tags": [{"ResourceId": "i-1", "ResourceType": "instance", "Key": "a", "Value": "b"}, {"ResourceId": "i-1", "ResourceType": "instance", "Key": "c", "Value": "d"}]}`})
	if len(s.Observations) != 1 || fmt.Sprint(s.Observations[0].Tags) != "map[a:b c:d]" {
		t.Errorf("%+v", s.Observations)
	}
}

// What a failed command left behind is unread, with what it hides.
func TestFailedCommands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"rds/describe-db-instances.json", "\nAn error occurred (AccessDenied) when calling the DescribeDBInstances operation: User is not authorized\n", "rds:DescribeDBInstances denied: AccessDenied all AWS::RDS::DBInstance"},
		{"x.json", "An error occurred (ThrottlingException) when calling the ListFunctions operation (reached max retries: 4): Rate exceeded", "lambda:ListFunctions throttled: ThrottlingException all AWS::Lambda::Function"},
		{"us-east-1/ec2-describe-instances.json", "", "ec2:DescribeInstances the file is empty: the command wrote nothing all AWS::EC2::Instance"},
		{"list-foos.json", " \n", "list-foos the file is empty: the command wrote nothing what list-foos answers"},
		{"describe-vpcs.json", "Unable to locate credentials. You can configure credentials by running \"aws configure\".", `ec2:DescribeVpcs the command ended with "Unable to locate`},
		{"elbv2-describe-listeners.json", "usage: aws [options]", `elasticloadbalancing:DescribeListeners the command ended with "usage: aws`},
		{"describe-vpcs.json", "null", "ec2:DescribeVpcs the answer is null"},
	} {
		s := read(t, filestest.NewRequests(), map[string]string{c.name: c.text})
		if len(s.UnreadList) != 1 || len(s.RefusedList) != 0 {
			t.Errorf("%s: unread %v, refused %s", c.name, s.UnreadList, s.Reasons())
			continue
		}
		u := s.UnreadList[0]
		if got := u.Operation + " " + u.Reason + " " + u.Hides; !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// An answer that ends with a token is unread unless its last page is there.
func TestPages(t *testing.T) {
	t.Parallel()
	first := `{"Volumes": [` + volume + `], "NextToken": "t"}`
	last := `{"Volumes": [` + strings.Replace(volume, "vol-1", "vol-2", 1) + `]}`
	for _, c := range []struct {
		texts map[string]string
		want  int
	}{
		{map[string]string{"eu-west-1/v1.json": first}, 1},
		{map[string]string{"eu-west-1/v1.json": first, "eu-west-1/v2.json": last}, 0},
		{map[string]string{"eu-west-1/v1.json": first, "us-east-1/v2.json": strings.ReplaceAll(last, "eu-west-1", "us-east-1")}, 1},
		{map[string]string{"eu-west-1/v.json": first + last}, 0},
		{map[string]string{"iam/list-roles.json": `{"Roles": [], "IsTruncated": false, "Marker": "x"}`}, 0},
		{map[string]string{"iam/list-roles.json": `{"Roles": [], "IsTruncated": true, "Marker": "x"}`}, 1},
	} {
		s := read(t, filestest.NewRequests(), c.texts)
		if len(s.UnreadList) != c.want {
			t.Errorf("%v: unread %v", c.texts, s.UnreadList)
		}
	}
}

// The records of a zone find their zone by the file's name or by its own.
func TestRecordsFindTheirZone(t *testing.T) {
	t.Parallel()
	records := `{"ResourceRecordSets": [{"Name": "www.shop.example.", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "x."}]}]}`
	zones := `{"HostedZones": [{"Id": "/hostedzone/Z0ABCDEFGHIJ", "Name": "shop.example.", "CallerReference": "x"}]}`
	for _, texts := range []map[string]string{{"list-resource-record-sets-Z0ABCDEFGHIJ.json": records}, {"r.json": records, "z.json": zones}} {
		s := read(t, filestest.NewRequests(), texts)
		found := false
		for _, o := range s.Observations {
			found = found || o.Kind == "AWS::Route53::RecordSet" && strings.Contains(string(o.ID), "Z0ABCDEFGHIJ")
		}
		if !found {
			t.Errorf("%v: %+v, refused %s", texts, s.Observations, s.Reasons())
		}
	}
	if s := read(t, filestest.NewRequests(), map[string]string{"r.json": records}); !strings.Contains(s.Reasons(), "of which hosted zone") {
		t.Errorf("without a zone: %s", s.Reasons())
	}
}

func FuzzDescribe(f *testing.F) {
	for _, name := range []string{"describe-instances.json", "ec2-describe-vpcs.json", "clusters.json", "list-queues.json", "get-function-shop-resize.json", "ec2-describe-internet-gateways.yaml", "elasticache-describe-cache-clusters.json", "ec2-describe-nat-gateways-query.json"} {
		f.Add(filestest.Fixture(f, "describe/eu-west-1/"+name), name)
	}
	requests := filestest.NewRequests()
	f.Fuzz(func(t *testing.T, content []byte, name string) {
		read(t, requests, map[string]string{name + "x": string(content)}).Whole(t)
	})
}
