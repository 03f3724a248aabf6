package trail

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate/awsapi"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var start = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// fixture is a trail with a clock, counted ids, and a bucket in memory.
type fixture struct {
	*Trail
	mu      sync.Mutex
	now     time.Time
	objects map[string][]byte
	answers map[string]map[string]any
	putErr  error
}

func open(t testing.TB, change func(*Options)) *fixture {
	t.Helper()
	f := &fixture{now: start, objects: map[string][]byte{}, answers: map[string]map[string]any{}}
	number := 0
	o := Options{
		Dir: t.TempDir(), Account: "123456789012", Region: "us-east-1",
		NewIDs: func(generation uint64) func() string {
			return func() string { number++; return fmt.Sprintf("%08d-0000-4000-8000-%012d", generation, number) }
		},
		Now: func() time.Time { return f.now },
		Ask: func(_ context.Context, _, operation string, _ map[string]any) (map[string]any, error) {
			return f.answers[operation], nil
		},
		Put: func(_ context.Context, bucket, key string, body []byte) error {
			if f.putErr != nil {
				return f.putErr
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			f.objects[bucket+"/"+key] = body
			return nil
		},
	}
	if change != nil {
		change(&o)
	}
	var err error
	if f.Trail, err = New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close(context.Background()) })
	return f
}

// logging makes the control plane answer with one trail that logs.
func (f *fixture) logging(selectors map[string]any) {
	f.answers = map[string]map[string]any{
		"DescribeTrails": {"trailList": []any{map[string]any{"TrailARN": "arn:aws:cloudtrail:us-east-1:123456789012:trail/t", "S3BucketName": "logs",
			"HomeRegion": "us-east-1", "IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": true}}},
		"GetTrailStatus": {"IsLogging": true}, "GetEventSelectors": selectors,
	}
	f.delivery.changed++
}

func call(service, operation string) *awsapi.Call {
	return &awsapi.Call{Service: service, EventSource: service + ".amazonaws.com", Operation: operation, Region: "us-east-1", Protocol: awsapi.JSON11,
		Time: start, SourceIP: "127.0.0.1", UserAgent: "test", Params: map[string]any{}, Header: http.Header{}, Query: url.Values{},
		Identity: awsapi.Identity{Type: "IAMUser", UserName: "ann", AccessKeyID: "AKIA1", AccountID: "123456789012", ARN: "arn:aws:iam::123456789012:user/ann"}}
}

func ok() awsapi.Outcome { return awsapi.Outcome{Status: 200, RequestID: "r-1"} }

func (f *fixture) see(c *awsapi.Call, o awsapi.Outcome) { f.Observed(context.Background(), c, o) }

func (f *fixture) ask(t testing.TB, params map[string]any) ([]map[string]any, string) {
	t.Helper()
	result, err := f.Answer(t.Context(), &awsapi.Call{Service: "cloudtrail", Operation: "LookupEvents", Region: "us-east-1", Params: params})
	if err != nil {
		t.Fatal(err)
	}
	return awsapi.Maps(result, "Events"), awsapi.String(result, "NextToken")
}

// walk follows the pages and returns the event names.
func (f *fixture) walk(t testing.TB, params map[string]any) []string {
	t.Helper()
	var out []string
	params = maps.Clone(params)
	for {
		events, token := f.ask(t, params)
		for _, e := range events {
			out = append(out, awsapi.String(e, "EventName"))
		}
		if token == "" {
			return out
		}
		params["NextToken"] = token
	}
}

// records of the kinds that differ, word for word.
func TestRecords(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	role := call("ec2", "RunInstances")
	role.Protocol = awsapi.EC2
	role.Params = map[string]any{"ImageId": "ami-1", "MinCount": "1", "MaxCount": "2", "InstanceType": "t3.micro", "UserData": "c2VjcmV0",
		"SecurityGroupId": []any{"sg-1"}, "TagSpecification": []any{map[string]any{"ResourceType": "instance", "Tag": []any{map[string]any{"Key": "Name", "Value": "web"}}}},
		"Filter": []any{map[string]any{"Name": "n", "Value": []any{"v"}}}}
	role.Identity = awsapi.Identity{Type: "AssumedRole", PrincipalID: "AROA1:i-1", ARN: "arn:aws:sts::123456789012:assumed-role/shop/i-1", AccountID: "123456789012",
		AccessKeyID: "ASIA1", SessionStart: start, Issuer: &awsapi.Issuer{Type: "Role", PrincipalID: "AROA1", ARN: "arn:aws:iam::123456789012:role/shop", AccountID: "123456789012", UserName: "shop"}}
	f.see(role, awsapi.Outcome{Status: 200, RequestID: "r-1", Result: map[string]any{"requestId": "r-1", "instancesSet": []any{map[string]any{"instanceId": "i-9", "ebsOptimized": "false"}}}})

	secret := call("secretsmanager", "CreateSecret")
	secret.Params = map[string]any{"Name": "db", "SecretString": "hunter2", "Tags": []any{map[string]any{"Key": "a", "Value": "b"}}}
	f.see(secret, awsapi.Outcome{Status: 200, Result: map[string]any{"ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-x", "Name": "db"}})

	denied := call("ec2", "DescribeInstances")
	denied.Protocol, denied.Params = awsapi.EC2, map[string]any{"InstanceId": []any{"i-1"}}
	f.see(denied, awsapi.Outcome{Status: 400, ErrorCode: "InvalidInstanceID.NotFound", ErrorMessage: "no"})

	assume := call("sts", "AssumeRole")
	assume.Protocol, assume.Params = awsapi.Query, map[string]any{"RoleArn": "arn:aws:iam::123456789012:role/shop", "RoleSessionName": "i-1", "DurationSeconds": "3600"}
	f.see(assume, awsapi.Outcome{Status: 200, Result: map[string]any{"Credentials": map[string]any{"AccessKeyId": "ASIA2", "SecretAccessKey": "sss", "SessionToken": "ttt"}}})

	lambda := call("lambda", "CreateFunction")
	lambda.Protocol, lambda.Path = awsapi.RestJSON, "/2015-03-31/functions"
	lambda.Params = map[string]any{"FunctionName": "f", "Code": map[string]any{"ZipFile": "UEsDB"}, "Environment": map[string]any{"Variables": map[string]any{"DB_PASS": "hunter2"}}}
	f.see(lambda, awsapi.Outcome{Status: 201, Result: map[string]any{"FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}})

	bucket := call("s3", "PutBucketLifecycleConfiguration")
	bucket.Protocol, bucket.Params = awsapi.RestXML, map[string]any{"Bucket": "b", "lifecycle": ""}
	f.see(bucket, ok())

	text, err := os.ReadFile(filepath.Join(f.options.Dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "sss", "ttt", "c2VjcmV0", "UEsDB"} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("%q stands in the trail", secret)
		}
	}
	var pretty bytes.Buffer
	for line := range bytes.Lines(text) {
		if err := json.Indent(&pretty, line, "", " "); err != nil {
			t.Fatal(err)
		}
	}
	testkit.Golden(t, "testdata/records.json", pretty.Bytes())
}

func TestLookupAttributes(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	c := call("ec2", "TerminateInstances")
	c.Protocol, c.Params = awsapi.EC2, map[string]any{"InstanceId": []any{"i-1"}}
	f.see(c, ok())
	f.see(call("ec2", "DescribeVpcs"), ok())
	other := call("iam", "CreateUser")
	other.Identity = awsapi.Identity{Type: "Root", AccountID: "123456789012", AccessKeyID: "AKIA2"}
	other.Protocol, other.Params = awsapi.Query, map[string]any{"UserName": "bob"}
	f.see(other, ok())
	elsewhere := call("ec2", "CreateVpc")
	elsewhere.Region = "eu-west-1"
	f.see(elsewhere, ok())
	data := call("s3", "GetObject")
	data.Params = map[string]any{"Bucket": "b", "Key": "k"}
	f.see(data, ok())
	for _, c := range []struct {
		key, value, want string
	}{
		{"", "", "CreateUser DescribeVpcs TerminateInstances"},
		{"EventName", "CreateUser", "CreateUser"},
		{"EventName", "NoSuch", ""},
		{"EventName", "CreateVpc", ""}, // another region's
		{"EventId", "00000000-0000-4000-8000-000000000001", "TerminateInstances"},
		{"EventId", "not-an-id", ""},
		{"ReadOnly", "true", "DescribeVpcs"},
		{"ReadOnly", "false", "CreateUser TerminateInstances"},
		{"Username", "ann", "DescribeVpcs TerminateInstances"},
		{"Username", "root", "CreateUser"},
		{"ResourceType", "AWS::EC2::Instance", "TerminateInstances"},
		{"ResourceName", "i-1", "TerminateInstances"},
		{"ResourceName", "bob", "CreateUser"},
		{"EventSource", "ec2.amazonaws.com", "DescribeVpcs TerminateInstances"},
		{"AccessKeyId", "AKIA2", "CreateUser"},
	} {
		params := map[string]any{}
		if c.key != "" {
			params["LookupAttributes"] = []any{map[string]any{"AttributeKey": c.key, "AttributeValue": c.value}}
		}
		if got := strings.Join(f.walk(t, params), " "); got != c.want {
			t.Errorf("%s=%s: %s, want %s", c.key, c.value, got, c.want)
		}
	}
	if got := f.walk(t, map[string]any{"EventCategory": "insight"}); len(got) != 0 {
		t.Errorf("insights: %v", got)
	}
	f.now = start.Add(91 * 24 * time.Hour)
	if got := f.walk(t, map[string]any{}); len(got) != 0 {
		t.Errorf("after 90 days: %v", got)
	}
}

// Whatever arrives between pages, a walk shows what was there at its
// beginning, once, newest first.
func TestPagesAreStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		f := open(t, nil)
		add := func(name string, secondsAgo int) {
			c := call("iam", name)
			c.Time = start.Add(-time.Duration(secondsAgo) * time.Second)
			f.see(c, ok())
		}
		type event struct {
			name string
			ago  int
		}
		var want []event
		for i := range rapid.IntRange(0, 40).Draw(rt, "events") {
			e := event{fmt.Sprintf("Create%d", i), rapid.IntRange(0, 10).Draw(rt, "ago")}
			add(e.name, e.ago)
			want = append([]event{e}, want...)
		}
		slices.SortStableFunc(want, func(a, b event) int { return a.ago - b.ago })
		params := map[string]any{"MaxResults": json.Number(fmt.Sprint(rapid.IntRange(1, 7).Draw(rt, "page")))}
		var got []string
		for {
			events, token := f.ask(t, params)
			for _, e := range events {
				got = append(got, awsapi.String(e, "EventName"))
			}
			if token == "" {
				break
			}
			params["NextToken"] = token
			add("Late", rapid.IntRange(0, 12).Draw(rt, "late"))
		}
		var names []string
		for _, e := range want {
			names = append(names, e.name)
		}
		if !slices.Equal(got, names) {
			rt.Fatalf("got %v, want %v", got, names)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	f.see(call("iam", "CreateUser"), ok())
	f.see(call("iam", "CreateUser"), ok())
	_, token := f.ask(t, map[string]any{"MaxResults": json.Number("1")})
	attribute := func(key, value string) map[string]any {
		return map[string]any{"AttributeKey": key, "AttributeValue": value}
	}
	for name, c := range map[string]struct {
		params map[string]any
		want   string
	}{
		"page of 0":      {map[string]any{"MaxResults": json.Number("0")}, "InvalidMaxResultsException"},
		"page of 51":     {map[string]any{"MaxResults": json.Number("51")}, "InvalidMaxResultsException"},
		"two attributes": {map[string]any{"LookupAttributes": []any{attribute("EventName", "a"), attribute("EventName", "b")}}, "InvalidLookupAttributesException"},
		"unknown key":    {map[string]any{"LookupAttributes": []any{attribute("Colour", "a")}}, "InvalidLookupAttributesException"},
		"no value":       {map[string]any{"LookupAttributes": []any{attribute("EventName", "")}}, "InvalidLookupAttributesException"},
		"times":          {map[string]any{"StartTime": json.Number("20"), "EndTime": json.Number("10")}, "InvalidTimeRangeException"},
		"no time":        {map[string]any{"StartTime": "yesterday"}, "InvalidTimeRangeException"},
		"category":       {map[string]any{"EventCategory": "data"}, "InvalidEventCategoryException"},
		"token":          {map[string]any{"NextToken": "x"}, "InvalidNextTokenException"},
		"foreign token":  {map[string]any{"NextToken": token, "LookupAttributes": []any{attribute("EventName", "a")}}, "InvalidNextTokenException"},
	} {
		_, err := f.Answer(t.Context(), &awsapi.Call{Region: "us-east-1", Params: c.params})
		e, is := errors.AsType[*awsapi.Error](err)
		if !is || e.Code != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	f := open(t, func(o *Options) { o.LimitLookups = true })
	ask := func(region string, admin bool) string {
		_, err := f.Answer(t.Context(), &awsapi.Call{Region: region, Params: map[string]any{}, Identity: awsapi.Identity{Admin: admin}})
		if e, is := errors.AsType[*awsapi.Error](err); is {
			return e.Code
		}
		return ""
	}
	got := []string{ask("a", false), ask("a", false), ask("a", false), ask("b", false), ask("a", true)}
	f.now = f.now.Add(500 * time.Millisecond)
	got = append(got, ask("a", false), ask("a", false))
	if want := []string{"", "", "ThrottlingException", "", "", "", "ThrottlingException"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// The records outlive the process; a line that a crash cut is dropped.
func TestReopen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := open(t, func(o *Options) { o.Dir = dir })
	f.see(call("iam", "CreateUser"), ok())
	f.see(call("iam", "DeleteUser"), ok())
	if err := f.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, fileName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text[:len(text)-10], 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, func(o *Options) { o.Dir = dir })
	again.see(call("iam", "GetUser"), ok())
	if got := again.walk(t, map[string]any{}); !slices.Equal(got, []string{"GetUser", "CreateUser"}) {
		t.Errorf("%v", got)
	}
	if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openStore(dir, 1<<20); !fault.Is(err, fault.Invalid) {
		t.Errorf("a broken file: %v", err)
	}
}

func TestFullFileIsCounted(t *testing.T) {
	t.Parallel()
	f := open(t, func(o *Options) { o.MaxBytes = 2000 })
	for range 10 {
		f.see(call("iam", "CreateUser"), ok())
	}
	if s := f.Stats(); s.Records+int(s.Dropped) != 10 || s.Dropped == 0 || s.Bytes > 2000 {
		t.Errorf("%+v", s)
	}
}

func past(id int, name, category string) string {
	return fmt.Sprintf(`{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","userName":"old"},"eventTime":"2026-03-01T0%d:00:00Z","eventSource":"iam.amazonaws.com",`+
		`"eventName":%q,"awsRegion":"us-east-1","sourceIPAddress":"10.0.0.1","userAgent":"x","requestParameters":{"userName":"u%d"},"responseElements":null,"eventID":"11111111-0000-4000-8000-%012d",`+
		`"readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"123456789012","eventCategory":%q,"tlsDetails":{"tlsVersion":"TLSv1.3"}}`, id, name, id, id, category)
}

func TestLoad(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	f.see(call("iam", "GetUser"), ok())
	f.logging(nil)
	history := past(3, "Third", "Management") + "\n\n" + past(1, "First", "Management") + "\r\n" + past(2, "Second", "Management") + "\n" + past(4, "Read", "Data")
	got, err := f.Load(t.Context(), strings.NewReader(history), true)
	if want := (Loaded{Loaded: 3, Data: 1, Files: 3}); err != nil || got != want {
		t.Fatalf("%+v, %v, want %+v", got, err, want)
	}
	got, err = f.Load(t.Context(), strings.NewReader(history), false)
	if want := (Loaded{Duplicates: 3, Data: 1}); err != nil || got != want {
		t.Errorf("again: %+v, %v", got, err)
	}
	if names := f.walk(t, map[string]any{}); !slices.Equal(names, []string{"GetUser", "Third", "Second", "First"}) {
		t.Errorf("%v", names)
	}
	events, _ := f.ask(t, map[string]any{"LookupAttributes": []any{map[string]any{"AttributeKey": "ResourceName", "AttributeValue": "u2"}}})
	if len(events) != 1 || !strings.Contains(awsapi.String(events[0], "CloudTrailEvent"), `"tlsDetails":{"tlsVersion":"TLSv1.3"}`) {
		t.Errorf("%v", events)
	}
	if len(f.objects) != 3 {
		t.Errorf("files %v", slices.Sorted(maps.Keys(f.objects)))
	}
	for name, line := range map[string]string{
		"no JSON": "x", "no id": strings.Replace(past(5, "A", "Management"), "eventID", "id", 1), "future": strings.Replace(past(5, "A", "Management"), "2026-03-01", "2026-03-09", 1),
		"no time": strings.Replace(past(5, "A", "Management"), "2026-03-01T", "soon", 1), "no name": past(5, "", "Management"), "category": past(5, "A", "Insight"),
	} {
		if _, err := f.Load(t.Context(), strings.NewReader(line), false); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func unpack(t testing.TB, body []byte) []string {
	t.Helper()
	unzip, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unzip)
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Records []Record }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range file.Records {
		names = append(names, r.EventName)
	}
	return names
}

// A store that is out of reach gets the file later; a bucket that is gone
// loses it, and that is counted.
func TestDeliveryIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	f.logging(nil)
	f.see(call("iam", "CreateUser"), ok())
	f.putErr = fault.Newf(fault.Unavailable, "no store")
	if err := f.Deliver(t.Context()); !fault.Is(err, fault.Unavailable) || f.Stats().Undelivered != 1 {
		t.Errorf("%v, %+v", err, f.Stats())
	}
	f.putErr = nil
	f.see(call("iam", "DeleteUser"), ok())
	if err := f.Deliver(t.Context()); err != nil || len(f.objects) != 2 {
		t.Errorf("%v, %d files", err, len(f.objects))
	}
	var all []string
	for _, key := range slices.Sorted(maps.Keys(f.objects)) {
		all = append(all, unpack(t, f.objects[key])...)
	}
	slices.Sort(all)
	if !slices.Equal(all, []string{"CreateUser", "DeleteUser"}) {
		t.Errorf("%v", all)
	}
	f.see(call("iam", "CreateUser"), ok())
	f.putErr = fault.Newf(fault.NotFound, "no bucket")
	if err := f.Deliver(t.Context()); err == nil || f.Stats().Lost != 1 || f.Stats().Undelivered != 0 {
		t.Errorf("%v, %+v", err, f.Stats())
	}
}
