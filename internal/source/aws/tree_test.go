package aws

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
	"pgregory.net/rapid"
)

type freeJSON struct{ text string }

func (f freeJSON) MarshalSmithyDocument() ([]byte, error) { return []byte(f.text), nil }

func TestTree(t *testing.T) {
	t.Parallel()
	type free struct {
		Document document
		Nothing  document
		Deep     *[]map[string]*float64
		Stream   any
		Odd      float64
		Big      uint64
		private  string
	}
	at := time.Date(2026, 3, 4, 13, 0, 0, 0, time.FixedZone("", 3600))
	for _, c := range []struct {
		name string
		give any
		want string
	}{
		{"pointers, enumerations, times, zero values", &ec2types.Instance{
			InstanceId: sdk.String("i-1"), InstanceType: ec2types.InstanceTypeM5Large, LaunchTime: &at, EbsOptimized: sdk.Bool(false), AmiLaunchIndex: sdk.Int32(0),
			State: &ec2types.InstanceState{Code: sdk.Int32(16), Name: "running"}, SecurityGroups: []ec2types.GroupIdentifier{{GroupId: sdk.String("sg-1")}}, Tags: []ec2types.Tag{},
		}, `{"AmiLaunchIndex":0,"EbsOptimized":false,"InstanceId":"i-1","InstanceType":"m5.large","LaunchTime":"2026-03-04T12:00:00Z","SecurityGroups":[{"GroupId":"sg-1"}],"State":{"Code":16,"Name":"running"},"Tags":[]}`},
		{"the result's metadata is left out", &ec2.DescribeVpcsOutput{Vpcs: []ec2types.Vpc{{VpcId: sdk.String("v")}}}, `{"Vpcs":[{"VpcId":"v"}]}`},
		{"maps and bytes", &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"QueueArn": "a", "Policy": ""}}, `{"Attributes":{"Policy":"","QueueArn":"a"}}`},
		{"unions", &dynamodb.GetItemOutput{Item: map[string]dynamotypes.AttributeValue{
			"s": &dynamotypes.AttributeValueMemberS{Value: "x"}, "b": &dynamotypes.AttributeValueMemberB{Value: []byte("bytes")},
			"l": &dynamotypes.AttributeValueMemberL{Value: []dynamotypes.AttributeValue{&dynamotypes.AttributeValueMemberBOOL{Value: true}}},
		}}, `{"Item":{"b":{"B":"Ynl0ZXM="},"l":{"L":[{"BOOL":true}]},"s":{"S":"x"}}}`},
		{"documents, and what has no JSON form", free{Document: freeJSON{`{"n":1,"f":1.5}`}, Stream: make(chan int), Odd: math.NaN(), Big: math.MaxUint64, private: "p"},
			`{"Big":18446744073709552000,"Document":{"f":1.5,"n":1}}`},
		{"a document that cannot be read", free{Document: freeJSON{`{`}}, `{"Big":0,"Odd":0}`},
		{"nothing", nil, `null`},
	} {
		got, err := json.Marshal(Tree(c.give))
		if err != nil || string(got) != c.want {
			t.Errorf("%s:\n got %s %v\nwant %s", c.name, got, err, c.want)
		}
	}
}

// A statement that contains itself ends.
func TestTreeIsBounded(t *testing.T) {
	t.Parallel()
	s := &types.Statement{}
	s.NotStatement = &types.NotStatement{Statement: s}
	if text, err := json.Marshal(Tree(s)); err != nil || len(text) > 1<<20 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// A tree that was written down and read again is the same tree.
func TestTreeSurvivesJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		v := &ec2types.Volume{
			VolumeId: sdk.String(rapid.String().Draw(r, "id")), Size: sdk.Int32(rapid.Int32().Draw(r, "size")), Encrypted: sdk.Bool(rapid.Bool().Draw(r, "encrypted")),
			VolumeType: ec2types.VolumeType(rapid.SampledFrom([]string{"", "gp3"}).Draw(r, "type")),
		}
		for _, key := range rapid.SliceOf(rapid.String()).Draw(r, "tags") {
			v.Tags = append(v.Tags, ec2types.Tag{Key: sdk.String(key), Value: sdk.String(key)})
		}
		tree := Tree(v)
		text, err := json.Marshal(tree)
		if err != nil {
			r.Fatal(err)
		}
		if again, err := decodeTree(text); err != nil || !reflect.DeepEqual(again, tree) && !strings.Contains(string(text), `\ufffd`) {
			r.Fatalf("%v, %v; was %v", again, err, tree)
		}
	})
}

func FuzzDecodeTree(f *testing.F) {
	f.Add([]byte(`{"answer":{"A":[1,1.5,1e400,null,true]},"next":"x"}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if tree, err := decodeTree(text); err == nil {
			if _, err := json.Marshal(tree); err != nil {
				t.Error(err)
			}
		}
	})
}

// The SDK's paginators are the measure: for each, the fields are found.
func TestPaging(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, out any
		set     func(reflect.Value)
		token   string
		asked   string
	}{
		{ec2.DescribeVpcsInput{}, &ec2.DescribeVpcsOutput{NextToken: sdk.String("n")}, nil, "n", `{"NextToken":"n"}`},
		{iam.ListRolesInput{}, &iam.ListRolesOutput{Marker: sdk.String("m"), IsTruncated: true}, nil, "m", `{"Marker":"m"}`},
		{lambda.ListFunctionsInput{}, &lambda.ListFunctionsOutput{NextMarker: sdk.String("m")}, nil, "m", `{"Marker":"m"}`},
		{kms.ListKeysInput{}, &kms.ListKeysOutput{NextMarker: sdk.String("m")}, nil, "m", `{"Marker":"m"}`},
		{route53.ListHostedZonesInput{}, &route53.ListHostedZonesOutput{Marker: sdk.String("old"), NextMarker: sdk.String("new")}, nil, "new", `{"Marker":"new"}`},
		{dynamodb.ListTablesInput{}, &dynamodb.ListTablesOutput{LastEvaluatedTableName: sdk.String("t")}, nil, "t", `{"ExclusiveStartTableName":"t"}`},
		{route53.ListResourceRecordSetsInput{}, &route53.ListResourceRecordSetsOutput{NextRecordName: sdk.String("a."), NextRecordType: "TXT"}, nil, "a.\x1fTXT\x1f", `{"StartRecordName":"a.","StartRecordType":"TXT"}`},
		{cloudfront.ListDistributionsInput{}, &cloudfront.ListDistributionsOutput{}, nil, "", `{}`},
		{ec2.DescribeAddressesInput{}, &ec2.DescribeAddressesOutput{}, nil, "", `{}`},
	} {
		p := pagingOf(reflect.TypeOf(c.in), reflect.TypeOf(c.out).Elem())
		token := p.next(reflect.ValueOf(c.out).Elem())
		in := reflect.New(reflect.TypeOf(c.in))
		if err := p.ask(in.Elem(), token); err != nil {
			t.Error(err)
		}
		asked, err := json.Marshal(Tree(in.Interface()))
		if err != nil || token != c.token || string(asked) != c.asked {
			t.Errorf("%T: token %q, asked %s, %v; want %q, %s", c.in, token, asked, err, c.token, c.asked)
		}
	}
	if p := pagingOf(reflect.TypeFor[cloudfront.ListDistributionsInput](), reflect.TypeFor[cloudfront.ListDistributionsOutput]()); strings.Join(p.out, " ") != "DistributionList.NextMarker" {
		t.Errorf("CloudFront goes on at %v", p.out)
	}
	if err := (paging{in: []string{"A", "B"}}).ask(reflect.ValueOf(&struct{ A, B string }{}).Elem(), "one"); err == nil {
		t.Error("a token of one part for two fields")
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	above := item{"InstanceId": "i-1", "Placement": map[string]any{"GroupName": "g"}, "Versions": []any{map[string]any{"Image": "a"}, map[string]any{"Image": "b"}, map[string]any{"Image": "a"}}, "N": int64(7)}
	for _, c := range []struct {
		fields []string
		want   string
	}{
		{[]string{"InstanceIds=InstanceId", "MaxResults:5", "DryRun:true"}, `{"DryRun":true,"InstanceIds":["i-1"],"MaxResults":5}`},
		{[]string{"NextToken=Placement.GroupName", "MaxResults=N"}, `{"MaxResults":7,"NextToken":"g"}`},
		{[]string{"InstanceIds:a,b"}, `{"InstanceIds":["a","b"]}`},
		{[]string{"NextToken=Nothing"}, `{}`},
	} {
		in := filled[ec2.DescribeInstancesInput](c.fields)
		got, err := json.Marshal(Tree(in.build([]item{above})))
		if err != nil || string(got) != c.want || len(in.check) > 0 {
			t.Errorf("%v: %s %v %v, want %s", c.fields, got, in.check, err, c.want)
		}
	}
	many := filled[ec2.DescribeInstancesInput](nil, "InstanceIds=Versions.Image")
	if got, _ := json.Marshal(Tree(many.build([]item{above, above}))); string(got) != `{"InstanceIds":["a","b"]}` {
		t.Errorf("a batch asks for %s", got)
	}
	for _, wrong := range []string{"NoSuchField", "MaxResults:many", "DryRun:perhaps"} {
		if in := filled[ec2.DescribeInstancesInput]([]string{wrong}); len(in.check) != 1 {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	tree, err := decodeTree([]byte(`{"R":[{"I":[{"id":1},{"id":2}]},{"I":[]},{},{"I":[{"id":3}]}],"U":["a","b"],"O":{"x":"y"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"R.I": `[{"id":1},{"id":2},{"id":3}]`, "U": `["a","b"]`, "O": `[{"x":"y"}]`, "O.x": `["y"]`, "No.Such": `null`, "R.I.id": `[1,2,3]`} {
		if got, err := json.Marshal(elements(tree, path)); err != nil || string(got) != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if _, err := asItem("a", ""); err == nil {
		t.Error("a text without a name is an item")
	}
	if _, err := asItem(int64(1), "N"); err == nil {
		t.Error("a number is an item")
	}
	remove(tree, []string{"R", "I", "id"})
	if got, _ := json.Marshal(item(tree.(map[string]any)).value("R")); strings.Contains(string(got), "id") {
		t.Errorf("left: %s", got)
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pages []any
		want  string
	}{
		{[]any{[]any{1}, []any{2, 3}}, `[1,2,3]`},
		{[]any{map[string]any{"a": []any{1}, "b": "x"}, map[string]any{"a": []any{2}}}, `{"a":[1,2],"b":"x"}`},
		{[]any{nil, nil}, `null`},
		{[]any{"one"}, `"one"`},
		{nil, `null`},
	} {
		if got, err := json.Marshal(join(c.pages)); err != nil || string(got) != c.want {
			t.Errorf("%v: %s, want %s", c.pages, got, c.want)
		}
	}
}
