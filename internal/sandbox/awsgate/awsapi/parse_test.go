package awsapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

func table(t testing.TB) *awsapi.Table {
	t.Helper()
	out, err := awsapi.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func parser(t testing.TB) *awsapi.Parser {
	return awsapi.NewParser(table(t), "us-east-1", func() time.Time { return time.Unix(1e9, 0) })
}

func signed(r *http.Request, service string) *http.Request {
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA1/20260101/eu-west-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	return r
}

func request(method, target, contentType, body string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// The golden list of (method, path) -> operation.
func TestRoutes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/routes.txt")
	if err != nil {
		t.Fatal(err)
	}
	p := parser(t)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		left, want, _ := strings.Cut(line, " -> ")
		part := strings.Fields(left)
		c, err := p.Parse(signed(request(part[1], part[2], "", ""), part[0]))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		operation, label, _ := strings.Cut(want, " ")
		if c.Operation != operation {
			t.Errorf("%s: operation %q", line, c.Operation)
		}
		if name, value, ok := strings.Cut(label, "="); ok && c.Params[name] != value {
			t.Errorf("%s: %s is %q", line, name, c.Params[name])
		}
	}
}

func cborOf(t testing.TB, v any) string {
	t.Helper()
	out, err := cbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestProtocols(t *testing.T) {
	t.Parallel()
	p := parser(t)
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	target := func(r *http.Request, name string) *http.Request { r.Header.Set("X-Amz-Target", name); return r }
	smithy := func(r *http.Request) *http.Request { r.Header.Set("Smithy-Protocol", "rpc-v2-cbor"); return r }
	for name, c := range map[string]struct {
		request                                     *http.Request
		service, model, source, operation, protocol string
		params                                      map[string]any
	}{
		"json 1.0": {signed(target(request("POST", "/", "application/x-amz-json-1.0", `{"TableName":"t","Limit":5}`), "DynamoDB_20120810.DescribeTable"), "dynamodb"),
			"dynamodb", "dynamodb", "dynamodb.amazonaws.com", "DescribeTable", "json-1.0", map[string]any{"TableName": "t", "Limit": json.Number("5")}},
		"json 1.1, empty body": {signed(target(request("POST", "/", "application/x-amz-json-1.1", ``), "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"), "cloudtrail"),
			"cloudtrail", "cloudtrail", "cloudtrail.amazonaws.com", "LookupEvents", "json-1.1", map[string]any{}},
		"json, signed by nobody": {target(request("POST", "/", "application/x-amz-json-1.1", `{}`), "AWSCognitoIdentityService.GetId"),
			"cognito-identity", "cognito-identity", "cognito-identity.amazonaws.com", "GetId", "json-1.1", map[string]any{}},
		"query": {signed(request("POST", "/", form, "Action=DescribeLoadBalancers&Version=2015-12-01&Names.member.1=a&Names.member.2=b"), "elasticloadbalancing"),
			"elasticloadbalancing", "elbv2", "elasticloadbalancing.amazonaws.com", "DescribeLoadBalancers", "query", map[string]any{"Names": []any{"a", "b"}}},
		"query, the older service of the name": {signed(request("POST", "/", form, "Action=DescribeLoadBalancers&Version=2012-06-01"), "elasticloadbalancing"),
			"elasticloadbalancing", "elb", "elasticloadbalancing.amazonaws.com", "DescribeLoadBalancers", "query", map[string]any{}},
		"query by GET": {signed(request("GET", "/?Action=ListUsers&Version=2010-05-08&MaxItems=3", "", ""), "iam"),
			"iam", "iam", "iam.amazonaws.com", "ListUsers", "query", map[string]any{"MaxItems": "3"}},
		"query, signed by nobody": {request("POST", "/", form, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=r"),
			"sts", "sts", "sts.amazonaws.com", "AssumeRoleWithWebIdentity", "query", map[string]any{"RoleArn": "r"}},
		"ec2": {signed(request("POST", "/", form, "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1&InstanceId.1=i-1"), "ec2"),
			"ec2", "ec2", "ec2.amazonaws.com", "DescribeInstances", "ec2", map[string]any{"InstanceId": []any{"i-1"},
				"Filter": []any{map[string]any{"Name": "vpc-id", "Value": []any{"vpc-1"}}}}},
		"cbor": {signed(smithy(request("POST", "/service/GraniteServiceVersion20100801/operation/ListMetrics", "application/cbor", cborOf(t, map[string]any{"Namespace": "AWS/EC2"}))), "monitoring"),
			"monitoring", "cloudwatch", "monitoring.amazonaws.com", "ListMetrics", "rpc-v2-cbor", map[string]any{"Namespace": "AWS/EC2"}},
		"rest-json": {signed(request("POST", "/2015-03-31/functions", "application/json", `{"FunctionName":"f","Timeout":3}`), "lambda"),
			"lambda", "lambda", "lambda.amazonaws.com", "CreateFunction", "rest-json", map[string]any{"FunctionName": "f", "Timeout": json.Number("3")}},
		"rest-xml": {signed(request("POST", "/2013-04-01/hostedzone", "", `<?xml version="1.0"?><CreateHostedZoneRequest><Name>shop.test</Name></CreateHostedZoneRequest>`), "route53"),
			"route53", "route53", "route53.amazonaws.com", "CreateHostedZone", "rest-xml", map[string]any{"Name": "shop.test"}},
		"s3 presigned": {request("GET", "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA1%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=0&partNumber=1", "", ""),
			"s3", "s3", "s3.amazonaws.com", "GetObject", "rest-xml", map[string]any{"Bucket": "b", "Key": "k", "partNumber": "1"}},
		"s3, nobody": {request("GET", "/b/k", "", ""), "s3", "s3", "s3.amazonaws.com", "GetObject", "rest-xml", map[string]any{"Bucket": "b", "Key": "k"}},
		"a name of part of a service": {signed(target(request("POST", "/", "application/x-amz-json-1.1", `{}`), "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"), "ecr"),
			"ecr", "ecr", "ecr.amazonaws.com", "DescribeRepositories", "json-1.1", map[string]any{}},
		"a service nobody knows": {signed(request("GET", "/x", "", ""), "newservice"), "newservice", "", "newservice.amazonaws.com", "", "rest-json", map[string]any{}},
	} {
		got, err := p.Parse(c.request)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		have := []string{got.Service, got.Model, got.EventSource, got.Operation, string(got.Protocol)}
		if want := []string{c.service, c.model, c.source, c.operation, c.protocol}; !reflect.DeepEqual(have, want) {
			t.Errorf("%s: %q, want %q", name, have, want)
		}
		if !reflect.DeepEqual(got.Params, c.params) {
			t.Errorf("%s: params %#v, want %#v", name, got.Params, c.params)
		}
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header, query string
		want          awsapi.Scope
	}{
		"header":       {"AWS4-HMAC-SHA256 Credential=K/20260101/eu-west-1/ec2/aws4_request, SignedHeaders=a, Signature=b", "", awsapi.Scope{AccessKey: "K", Region: "eu-west-1", Service: "ec2"}},
		"no spaces":    {"AWS4-HMAC-SHA256 Credential=K/20260101/eu-west-1/ec2/aws4_request,SignedHeaders=a,Signature=b", "", awsapi.Scope{AccessKey: "K", Region: "eu-west-1", Service: "ec2"}},
		"key of paths": {"AWS4-HMAC-SHA256 Credential=a/b/20260101/eu-west-1/ec2/aws4_request", "", awsapi.Scope{AccessKey: "a/b", Region: "eu-west-1", Service: "ec2"}},
		"4a":           {"AWS4-ECDSA-P256-SHA256 Credential=K/20260101/s3/aws4_request", "", awsapi.Scope{AccessKey: "K", Service: "s3"}},
		"version 2":    {"AWS K:sig", "", awsapi.Scope{AccessKey: "K", Service: "s3"}},
		"presigned 2":  {"", "AWSAccessKeyId=K&Signature=s&Expires=1", awsapi.Scope{AccessKey: "K", Service: "s3", Presigned: true}},
		"nothing":      {"", "", awsapi.Scope{}},
		"bearer":       {"Bearer x", "", awsapi.Scope{}},
		"empty":        {"AWS4-HMAC-SHA256 ", "", awsapi.Scope{}},
	} {
		r := httptest.NewRequest("GET", "/?"+c.query, nil)
		if c.header != "" {
			r.Header.Set("Authorization", c.header)
		}
		if got := awsapi.ReadScope(r); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// Whoever handles the request after the parser reads the whole body as sent,
// whether it was within the parser's limit or not.
func TestBodyStaysWhole(t *testing.T) {
	t.Parallel()
	p := parser(t)
	for _, size := range []int{0, 10, 1 << 20, 1<<20 + 1, 3 << 20} {
		body := `{"a":"` + strings.Repeat("x", size) + `"}`
		r := signed(request("POST", "/", "application/x-amz-json-1.1", body), "config")
		r.Header.Set("X-Amz-Target", "StarlingDoveService.PutConfigRule")
		c, err := p.Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(r.Body)
		if err != nil || string(rest) != body {
			t.Errorf("size %d: %d bytes are left of %d, %v", size, len(rest), len(body), err)
		}
		if c.BodyWhole != (len(body) <= 1<<20) || c.BodyWhole != (c.Params != nil) {
			t.Errorf("size %d: whole %v, params %v", size, c.BodyWhole, c.Params != nil)
		}
	}
}

func TestBodyOfObjectIsNotRead(t *testing.T) {
	t.Parallel()
	body := &counted{Reader: bytes.NewReader(make([]byte, 1000))}
	r := signed(httptest.NewRequest("PUT", "/b/k", body), "s3")
	if _, err := parser(t).Parse(r); err != nil || body.read != 0 {
		t.Errorf("read %d bytes, %v", body.read, err)
	}
}

type counted struct {
	io.Reader
	read int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

func TestBrokenRequests(t *testing.T) {
	t.Parallel()
	p := parser(t)
	json := signed(request("POST", "/", "application/x-amz-json-1.1", `{"a":`), "config")
	json.Header.Set("X-Amz-Target", "StarlingDoveService.X")
	cbor := signed(request("POST", "/service/X/operation/Y", "application/cbor", "\xff"), "monitoring")
	cbor.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	path := signed(request("POST", "/nowhere", "application/cbor", "\xa0"), "monitoring")
	path.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	for name, c := range map[string]struct {
		request *http.Request
		code    string
	}{
		"json": {json, "SerializationException"},
		"cbor": {cbor, "SerializationException"},
		"path": {path, "UnknownOperationException"},
		"form": {signed(request("POST", "/", "application/x-www-form-urlencoded", "a=%zz"), "ec2"), "MalformedQueryString"},
		"long": {signed(request("POST", "/", "application/x-www-form-urlencoded", "a="+strings.Repeat("x", 5<<20)), "ec2"), "RequestEntityTooLarge"},
	} {
		call, err := p.Parse(c.request)
		api, ok := err.(*awsapi.Error)
		if !ok || api.Code != c.code {
			t.Errorf("%s: error %v, want %s", name, err, c.code)
		}
		if call == nil || call.Protocol == "" {
			t.Errorf("%s: there is no protocol to answer in", name)
		}
	}
}

// Every service of botocore has a name in CloudTrail, and no two that differ
// in more than their API version share one by accident.
func TestEventSources(t *testing.T) {
	t.Parallel()
	models := table(t).Models()
	if len(models) < 400 {
		t.Errorf("the table has %d services", len(models))
	}
	for _, m := range models {
		name, ok := strings.CutSuffix(m.EventSource(), ".amazonaws.com")
		if !ok || name == "" || strings.ContainsAny(name, "./ ") {
			t.Errorf("%s has the event source %q", m.Name, m.EventSource())
		}
	}
	for name, want := range map[string]string{"cloudwatch": "monitoring", "logs": "logs", "config": "config", "ses": "ses", "efs": "elasticfilesystem",
		"stepfunctions": "states", "elbv2": "elasticloadbalancing", "opensearch": "es", "s3control": "s3", "wafv2": "wafv2", "dynamodbstreams": "dynamodb"} {
		if m := table(t).Named(name); m == nil || m.EventSource() != want+".amazonaws.com" {
			t.Errorf("%s: %v", name, m)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("POST", "/", "Action=A&B.member.1.C=d&B.entry.1.key=k", "", "application/x-www-form-urlencoded", "ec2")
	f.Add("POST", "/?x=1", `{"a":[1,{"b":null}]}`, "X.Y", "application/x-amz-json-1.0", "config")
	f.Add("POST", "/service/a/operation/b", "\xa1aa\x01", "", "cbor", "monitoring")
	f.Add("PUT", "/b//k/../%2e?uploadId=1&partNumber=2", "", "", "", "s3")
	f.Add("GET", "/2015-03-31/functions/%zz", "", "", "", "lambda")
	f.Add("POST", "/2013-04-01/hostedzone", "<a><b>1</b><b>2</b></a>", "", "", "route53")
	p := parser(f)
	f.Fuzz(func(t *testing.T, method, target, body, xTarget, contentType, service string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") {
			return
		}
		r := &http.Request{Method: method, URL: u, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body)), RemoteAddr: "127.0.0.1:1"}
		if xTarget != "" {
			r.Header.Set("X-Amz-Target", xTarget)
		}
		if contentType == "cbor" {
			r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
		}
		c, err := p.Parse(signed(r, service))
		if c == nil || c.Protocol == "" {
			t.Fatalf("no call: %v", err)
		}
		awsapi.EncodeError(c, awsapi.Refuse("X", body))
	})
}
