package resourcelist_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/source/files/filestest"
	"example.com/landfall/internal/source/files/resourcelist"
)

func read(t testing.TB, requests *filestest.Requests, name string, content []byte) *filestest.Sink {
	t.Helper()
	s := &filestest.Sink{}
	if err := resourcelist.Read(t.Context(), requests.Of(name, content), s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTables(t *testing.T) {
	t.Parallel()
	requests := filestest.NewRequests()
	for _, c := range []struct {
		table, want string // IDs; a reason after "!"
	}{
		{"ARN\narn:aws:s3:::b\n", "arn:aws:s3:::b"},
		{"resource_arn,owner\narn:aws:s3:::b,me\n", "arn:aws:s3:::b"},
		{"Identifier,Resource type\narn:aws:s3:::b,s3:bucket\n", "arn:aws:s3:::b"},
		{"Id;Type;Region;Account\ni-1;Instance;eu-west-1;2109-8765-4321\n", `!type "Instance"`},
		{"Id;Service;Type;Region;Account\ni-1;EC2;Instance;eu-west-1;2109-8765-4321\n", "arn:aws:ec2:eu-west-1:210987654321:instance/i-1"},
		{"Id;Service;Type;Region;Account\nsg-1;EC2;Security Group;eu-west-1a;10987654321\n", "arn:aws:ec2:eu-west-1:010987654321:security-group/sg-1"},
		{"Id\tType\tRegion\tAccount ID\nshop\tRDS DBInstance\teu-west-1\t210987654321\n", "arn:aws:rds:eu-west-1:210987654321:db:shop"},
		{"Name,Type,Location,AWS Account\nshop,AWS::SQS::Queue,EU (Ireland) eu-west-1,prod (210987654321)\n", "arn:aws:sqs:eu-west-1:210987654321:shop"},
		{"a,b\n1,2\n", "!the columns are"},
		{"ARN,Name\n-,x\narn:aws:s3:::b,\n,\n", "arn:aws:s3:::b!neither an ARN"},
		{"", "!is empty"},
		{"Name,Type\nx,AWS::S3::Bucket,extra,arn:aws:s3:::y\n", "arn:aws:s3:::y"},
	} {
		s := read(t, requests, "x.csv", []byte(c.table))
		var ids []string
		for _, o := range s.Observations {
			ids = append(ids, string(o.ID))
		}
		found, reason, _ := strings.Cut(c.want, "!")
		if strings.Join(ids, " ") != found || !strings.Contains(s.Reasons(), reason) || reason == "" && s.Reasons() != "" {
			t.Errorf("%q: %v, refused %s want %q", c.table, ids, s.Reasons(), c.want)
		}
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	requests := filestest.NewRequests()
	for header, cell := range map[string]string{
		"Tags": `"{""a"": ""1"", ""b"": 2}"`, "tags": `"[{""Key"": ""a"", ""Value"": ""1""}, {""Key"": ""b"", ""Value"": ""2""}]"`, "Labels": `a=1; b=2`, "All Tags": `a:1|b:2`,
		"Tag: a,tag:b": `1,2`, "tags.a,resource_tags_user_b": `1,2`,
	} {
		s := read(t, requests, "x.csv", []byte("ARN,"+header+"\narn:aws:s3:::b,"+cell+"\n"))
		if len(s.Observations) != 1 || fmt.Sprint(s.Observations[0].Tags) != "map[a:1 b:2]" {
			t.Errorf("%s: %+v, refused %s", header, s.Observations, s.Reasons())
		}
	}
}

func FuzzResourceList(f *testing.F) {
	for _, name := range []string{"cmdb.csv", "resource-explorer.csv", "tag-editor.csv"} {
		f.Add(filestest.Fixture(f, "list/"+name))
	}
	requests := filestest.NewRequests()
	f.Fuzz(func(t *testing.T, content []byte) { read(t, requests, "x", content).Whole(t) })
}
