package trail

import (
	"encoding/json"
	"strings"
	"testing"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

func TestSelectors(t *testing.T) {
	t.Parallel()
	read := call("s3", "GetObject")
	read.Params = map[string]any{"Bucket": "shop", "Key": "covers/1"}
	write := call("s3", "PutObject")
	write.Params = read.Params
	invoke := call("lambda", "Invoke")
	invoke.Params = map[string]any{"FunctionName": "f"}
	calls := []*awsapi.Call{call("ec2", "DescribeVpcs"), call("ec2", "CreateVpc"), call("kms", "Decrypt"), read, write, invoke}
	for name, c := range map[string]struct{ selectors, want string }{
		"none":       {`{}`, "DescribeVpcs CreateVpc Decrypt"},
		"writes":     {`{"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true}]}`, "CreateVpc"},
		"without":    {`{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"ExcludeManagementEventSources":["kms.amazonaws.com"]}]}`, "DescribeVpcs CreateVpc"},
		"objects":    {`{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":false,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}]}`, "GetObject PutObject"},
		"a prefix":   {`{"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":false,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::shop/cov"]}]}]}`, "PutObject"},
		"elsewhere":  {`{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":false,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::other/"]}]}]}`, ""},
		"functions":  {`{"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":false,"DataResources":[{"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda"]}]}]}`, "Invoke"},
		"advanced":   {`{"AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]},{"Field":"eventName","NotEquals":["PutObject"]}]}]}`, "GetObject"},
		"by name":    {`{"AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"eventName","StartsWith":["Create","De"],"NotEndsWith":["pcs"]}]}]}`, "CreateVpc Decrypt"},
		"two of one": {`{"AdvancedEventSelectors":[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"readOnly","Equals":["false"]}]},{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::Lambda::Function"]}]}]}`, "CreateVpc Invoke"},
	} {
		var answer map[string]any
		if err := json.Unmarshal([]byte(c.selectors), &answer); err != nil {
			t.Fatal(err)
		}
		d := destination{region: "us-east-1", multiRegion: true, global: true, selectors: readSelectors(answer)}
		var got []string
		for _, one := range calls {
			kind := classify(one)
			if d.wants(newRecord(one, ok(), "123456789012", "id"), kind.dataType) {
				got = append(got, one.Operation)
			}
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %s, want %s", name, text, c.want)
		}
	}
}

func TestRegionsOfATrail(t *testing.T) {
	t.Parallel()
	local, remote, global := call("ec2", "CreateVpc"), call("ec2", "CreateVpc"), call("iam", "CreateUser")
	remote.Region, global.Region = "eu-west-1", "eu-west-1"
	for name, c := range map[string]struct {
		trail destination
		want  [3]bool
	}{
		"home only":             {destination{region: "us-east-1"}, [3]bool{true, false, false}},
		"with global services":  {destination{region: "eu-west-1", global: true}, [3]bool{false, true, true}},
		"everywhere":            {destination{region: "us-east-1", multiRegion: true, global: true}, [3]bool{true, true, true}},
		"everywhere but global": {destination{region: "us-east-1", multiRegion: true}, [3]bool{true, true, false}},
	} {
		c.trail.selectors = readSelectors(nil)
		for i, one := range []*awsapi.Call{local, remote, global} {
			if got := c.trail.wants(newRecord(one, ok(), "1", "id"), ""); got != c.want[i] {
				t.Errorf("%s: call %d: %v", name, i, got)
			}
		}
	}
}

func TestEventNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		service, operation, path, name string
		readOnly, data                 bool
	}{
		{"s3", "ListObjectsV2", "/b", "ListObjects", true, true},
		{"s3", "PutPublicAccessBlock", "/b", "PutBucketPublicAccessBlock", false, false},
		{"s3", "ListBuckets", "/", "ListBuckets", true, false},
		{"lambda", "CreateFunction", "/2015-03-31/functions", "CreateFunction20150331", false, false},
		{"lambda", "Invoke", "/2015-03-31/functions/f/invocations", "Invoke", false, true},
		{"lambda", "UpdateFunctionCode", "/2015-03-31/functions/f/code", "UpdateFunctionCode20150331v2", false, false},
		{"dynamodb", "GetItem", "/", "GetItem", true, true},
		{"dynamodb", "DescribeTable", "/", "DescribeTable", true, false},
		{"kms", "Decrypt", "/", "Decrypt", true, false},
		{"kms", "CreateKey", "/", "CreateKey", false, false},
		{"iam", "Listen", "/", "Listen", false, false},
		{"sqs", "SendMessage", "/", "SendMessage", false, true},
		{"x", "", "/", "Unknown", false, false},
	} {
		one := call(c.service, c.operation)
		one.Path = c.path
		got := classify(one)
		if got.name != c.name || got.readOnly != c.readOnly || got.data != c.data {
			t.Errorf("%s:%s is %+v", c.service, c.operation, got)
		}
	}
}
