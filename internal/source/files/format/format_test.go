package format_test

import (
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source/files/format"
)

func TestFromPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path    string
		account cloud.Account
		region  cloud.Region
	}{
		{"x.json", "", ""},
		{"exports/123456789012/us-east-1/ec2/describe-vpcs.json", "123456789012", "us-east-1"},
		{"us-east-1/eu-west-1/x.json", "", "eu-west-1"},
		{"123456789012_Config_ap-southeast-2_ConfigSnapshot_20250601T120000Z_x.json.gz", "123456789012", "ap-southeast-2"},
		{`exports\us-gov-west-1\describe-vpcs.json`, "", "us-gov-west-1"},
		{"describe-vpcs-us-east-1.json", "", "us-east-1"},
		{"20250601120000/x.json", "", ""},
		{"us-east-11/x.json", "", ""},
		{"prod-eu-central-1-210987654321/x", "210987654321", "eu-central-1"},
	} {
		account, region := format.FromPath(c.path)
		if account != c.account || region != c.region {
			t.Errorf("%s: %q %q, want %q %q", c.path, account, region, c.account, c.region)
		}
	}
}

func TestRegionOfZone(t *testing.T) {
	t.Parallel()
	for zone, want := range map[string]cloud.Region{
		"us-east-1a": "us-east-1", "us-west-2-lax-1a": "us-west-2", "us-gov-west-1b": "us-gov-west-1", "us-east-1": "", "use1-az1": "", "": "",
	} {
		if got := format.RegionOfZone(zone); got != want {
			t.Errorf("%s: %q, want %q", zone, got, want)
		}
	}
}

// The order in which votes are given changes nothing.
func TestVotes(t *testing.T) {
	t.Parallel()
	texts := []string{"arn:aws:sqs:eu-west-1:210987654321:a", "arn:aws:sqs:us-east-1:210987654321:b", "arn:aws:iam::123456789012:role/x", "no arn", "arn:aws-cn:s3:::b"}
	var there, back format.Votes
	for i := range texts {
		there.ARN(texts[i])
		back.ARN(texts[len(texts)-1-i])
	}
	want := kinds.Place{Partition: "aws", Account: "210987654321", Region: "eu-west-1"}
	if there.Winner() != want || back.Winner() != want {
		t.Errorf("%+v and %+v, want %+v", there.Winner(), back.Winner(), want)
	}
	if (&format.Votes{}).Winner() != (kinds.Place{}) {
		t.Error("no votes have a winner")
	}
}

func TestBare(t *testing.T) {
	t.Parallel()
	c := kinds.New()
	at := kinds.Place{Account: "210987654321", Region: "eu-west-1"}
	for _, one := range []struct {
		bare format.Bare
		id   cloud.ResourceID
		kind cloud.Kind
	}{
		{format.Bare{ARN: "arn:aws:sqs:us-east-1:123456789012:q"}, "arn:aws:sqs:us-east-1:123456789012:q", "AWS::SQS::Queue"},
		{format.Bare{Kind: "aws::sqs::queue", ID: "q", Place: at}, "arn:aws:sqs:eu-west-1:210987654321:q", "AWS::SQS::Queue"},
		{format.Bare{Kind: "ec2:instance", ID: "i-1", Place: at}, "arn:aws:ec2:eu-west-1:210987654321:instance/i-1", "AWS::EC2::Instance"},
		{format.Bare{Kind: "ec2:security-group", ID: "sg-1", Place: at}, "arn:aws:ec2:eu-west-1:210987654321:security-group/sg-1", "AWS::EC2::SecurityGroup"},
		{format.Bare{Kind: "rds:db", ARN: "arn:aws:rds:eu-west-1:210987654321:db:x"}, "arn:aws:rds:eu-west-1:210987654321:db:x", "AWS::RDS::DBInstance"},
		{format.Bare{ARN: "arn:aws:newthing:eu-west-1:210987654321:thing/x"}, "arn:aws:newthing:eu-west-1:210987654321:thing/x", "newthing:thing"},
		{format.Bare{Kind: "nothing", ID: "x"}, "", ""},
		{format.Bare{ARN: "arn:not"}, "", ""},
		{format.Bare{}, "", ""},
	} {
		r, ok := one.bare.Resource(c)
		if r.ID != one.id || r.Kind != one.kind || ok != (one.id != "") {
			t.Errorf("%+v: %s %s %v, want %s %s", one.bare, r.ID, r.Kind, ok, one.id, one.kind)
		}
	}
}
