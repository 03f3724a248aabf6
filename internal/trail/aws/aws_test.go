package aws_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/google/uuid"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/testgate"
	"example.com/landfall/internal/trail"
	"example.com/landfall/internal/trail/aws"
)

const account = "123456789012"

type sink struct {
	mu      sync.Mutex
	unread  []inventory.Unread
	refused []inventory.Refused
}

func (s *sink) Unread(u inventory.Unread) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unread = append(s.unread, u)
}

func (s *sink) Refused(r inventory.Refused) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, r)
}
func (s *sink) Input(string, string) {}
func (s *sink) Planned(int64)        {}
func (s *sink) Done(int64)           {}

func resource(kind cloud.Kind, name string, p inventory.Properties) inventory.Resource {
	return inventory.Resource{ID: cloud.ResourceID("arn:" + name), Kind: kind, Name: name, Account: account, Region: "us-east-1", Properties: p}
}

// put stores objects and returns a finder's configuration.
func put(t *testing.T, store testkit.ObjectStoreServer, bucket string, objects map[string]string) {
	t.Helper()
	for key, body := range objects {
		_, err := store.Client(t).PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader([]byte(body))})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func flow(source string, at time.Time) string {
	return fmt.Sprintf("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"+
		"2 %s eni-0a %s 10.0.0.9 40000 5432 6 10 1000 %d %d ACCEPT OK\n", account, source, at.Unix(), at.Unix()+60)
}

func event(name string, at time.Time) string {
	return fmt.Sprintf(`{"Records":[{"eventVersion":"1.11","userIdentity":{"type":"Root","arn":"arn:aws:iam::%s:root"},"eventTime":%q,"eventSource":"rds.amazonaws.com","eventName":%q,"awsRegion":"us-east-1","eventID":%q,"eventCategory":"Management","managementEvent":true,"eventType":"AwsApiCall","requestID":"1","recipientAccountId":%q}]}`,
		account, at.UTC().Format(time.RFC3339), name, uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)), account)
}

const s3Line = `owner covers [20/Nov/2026:10:00:01 +0000] 10.0.0.5 arn:aws:sts::1:assumed-role/app/i-1 R REST.GET.OBJECT k "GET /k HTTP/1.1" 200 - 300 300 12 8 "-" "a" - H SigV4 T A %s TLSv1.3 - -` + "\n"

// inventoryOf has every setting that writes logs into the bucket.
func inventoryOf(bucket string) inventory.Inventory {
	arn := "arn:aws:s3:::" + bucket
	return inventory.Inventory{Scope: inventory.Scope{Accounts: []cloud.Account{account}, Regions: []cloud.Region{"us-east-1"}}, Resources: []inventory.Resource{
		resource("AWS::S3::Bucket", bucket, inventory.Properties{"BucketName": bucket}),
		resource("AWS::EC2::FlowLog", "fl-1", inventory.Properties{"Id": "fl-1", "ResourceId": "vpc-1", "LogDestinationType": "s3", "LogDestination": arn + "/net"}),
		resource("AWS::EC2::FlowLog", "fl-2", inventory.Properties{"Id": "fl-2", "ResourceId": "vpc-2", "LogDestinationType": "s3", "LogDestination": arn,
			"DestinationOptions": map[string]any{"HiveCompatiblePartitions": true, "FileFormat": "plain-text"}}),
		resource("AWS::EC2::FlowLog", "fl-3", inventory.Properties{"Id": "fl-3", "ResourceId": "vpc-3", "LogDestinationType": "kinesis-data-firehose", "LogDestination": "arn:aws:firehose:x"}),
		resource("AWS::CloudTrail::Trail", "main", inventory.Properties{"S3BucketName": bucket, "S3KeyPrefix": "audit"}),
		resource("AWS::CloudTrail::Trail", "main again", inventory.Properties{"S3BucketName": bucket, "S3KeyPrefix": "audit"}),
		resource("AWS::ElasticLoadBalancingV2::LoadBalancer", "front", inventory.Properties{"LoadBalancerAttributes": []any{map[string]any{"Key": "access_logs.s3.enabled", "Value": "true"},
			map[string]any{"Key": "access_logs.s3.bucket", "Value": bucket}, map[string]any{"Key": "access_logs.s3.prefix", "Value": "alb"}}}),
		resource("AWS::ElasticLoadBalancingV2::LoadBalancer", "silent", inventory.Properties{"LoadBalancerAttributes": []any{map[string]any{"Key": "access_logs.s3.enabled", "Value": "false"}}}),
		resource("AWS::ElasticLoadBalancing::LoadBalancer", "old", inventory.Properties{"AccessLoggingPolicy": map[string]any{"Enabled": true, "S3BucketName": bucket}}),
		resource("AWS::CloudFront::Distribution", "E1", inventory.Properties{"Id": "E1", "DistributionConfig": map[string]any{"Logging": map[string]any{"Bucket": bucket + ".s3.amazonaws.com", "Prefix": "cdn"}}}),
		resource("AWS::S3::Bucket", "covers", inventory.Properties{"BucketName": "covers", "LoggingConfiguration": map[string]any{"DestinationBucketName": bucket, "LogFilePrefix": "s3/"}}),
		resource("AWS::S3::Bucket", "parted", inventory.Properties{"BucketName": "parted", "LoggingConfiguration": map[string]any{"DestinationBucketName": bucket, "LogFilePrefix": "p/",
			"TargetObjectKeyFormat": map[string]any{"PartitionedPrefix": map[string]any{"PartitionDateSource": "EventTime"}}}}),
	}}
}

func TestEverythingThatTheInventoryNamesIsFound(t *testing.T) {
	t.Parallel()
	store := testkit.ObjectStore(t)
	bucket := store.Bucket(t)
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	wanted := map[string]string{
		"net/AWSLogs/" + account + "/vpcflowlogs/us-east-1/2026/11/20/" + account + "_vpcflowlogs_us-east-1_fl-1_20261120T1000Z_a.log":                                                          flow("10.0.0.5", at),
		"AWSLogs/aws-account-id=" + account + "/aws-service=vpcflowlogs/aws-region=us-east-1/year=2026/month=11/day=20/hour=10/" + account + "_vpcflowlogs_us-east-1_fl-2_20261120T1000Z_b.log": flow("10.0.0.6", at),
		"audit/AWSLogs/" + account + "/CloudTrail/us-east-1/2026/11/20/" + account + "_CloudTrail_us-east-1_20261120T1005Z_c.json":                                                              event("RebootDBInstance", at),
		"audit/AWSLogs/o-1/" + account + "/CloudTrail/us-east-1/2026/11/21/" + account + "_CloudTrail_us-east-1_20261121T0005Z_d.json":                                                          event("StopDBInstance", at),
		"alb/AWSLogs/" + account + "/elasticloadbalancing/us-east-1/2026/11/20/e +%.log":                                                                                                        fmt.Sprintf(s3Line, "alb"),
		"AWSLogs/" + account + "/elasticloadbalancing/us-east-1/2026/11/20/f.log":                                                                                                               fmt.Sprintf(s3Line, "classic"),
		"cdn/E1.2026-11-20-10.aa.log":                                            fmt.Sprintf(s3Line, "cdn"),
		"s3/2026-11-20-10-00-00-AAAA":                                            fmt.Sprintf(s3Line, "simple"),
		"p/" + account + "/us-east-1/parted/2026/11/20/2026-11-20-00-00-00-BBBB": fmt.Sprintf(s3Line, "parted"),
	}
	put(t, store, bucket, wanted)
	put(t, store, bucket, map[string]string{ // of no interest
		"net/AWSLogs/" + account + "/vpcflowlogs/us-east-1/2026/11/20/" + account + "_vpcflowlogs_us-east-1_fl-9_20261120T1000Z_x.log": flow("10.0.0.99", at),
		"net/AWSLogs/" + account + "/vpcflowlogs/us-east-1/2026/10/01/" + account + "_vpcflowlogs_us-east-1_fl-1_20261001T1000Z_x.log": flow("10.0.0.98", at),
		"audit/AWSLogs/999999999999/CloudTrail/us-east-1/2026/11/20/x.json":                                                            "{", "audit/AWSLogs/" + account + "/CloudTrail-Digest/us-east-1/2026/11/20/x.json": "{", "cdn/E2.2026-11-20-10.aa.log": "x", "s3/2026-10-01-00-00-00-AAAA": "x",
	})
	f := aws.New(store.Config(t), aws.Options{})
	s := &sink{}
	seen, err := trail.Read(t.Context(), f, inventoryOf(bucket), trail.Options{Window: trail.Window{From: at.Add(-time.Hour), To: at.Add(time.Hour)}}, s)
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for name := range seen.Inputs {
		got = append(got, name)
	}
	for key := range wanted {
		want = append(want, "s3://"+bucket+"/"+key)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("read\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(seen.Conversations) != 2 || seen.Events.Events != 2 || seen.Requests.Entries != 5 || len(s.refused) > 0 {
		t.Errorf("%d conversations, %d events, %d requests, refused %+v", len(seen.Conversations), seen.Events.Events, seen.Requests.Entries, s.refused)
	}
	if len(s.unread) != 1 || !strings.Contains(s.unread[0].Reason, `destination "kinesis-data-firehose"`) || s.unread[0].Hides != "who talks to whom in vpc-3" {
		t.Errorf("unread %+v", s.unread)
	}
}

func TestWithoutBeginningAllIsTaken(t *testing.T) {
	t.Parallel()
	store := testkit.ObjectStore(t)
	bucket := store.Bucket(t)
	put(t, store, bucket, map[string]string{"s3/2024-01-01-00-00-00-A": fmt.Sprintf(s3Line, "x"), "s3/2026-11-20-00-00-00-B": fmt.Sprintf(s3Line, "y")})
	inv := inventory.Inventory{Resources: []inventory.Resource{resource("AWS::S3::Bucket", "covers", inventory.Properties{"LoggingConfiguration": map[string]any{"DestinationBucketName": bucket, "LogFilePrefix": "s3/"}})}}
	inv.Resources[0].Account = ""
	seen, err := trail.Read(t.Context(), aws.New(store.Config(t), aws.Options{}), inv, trail.Options{}, &sink{})
	if err != nil || len(seen.Inputs) != 2 {
		t.Errorf("%v, %v", seen.Inputs, err)
	}
}

// A log group gives its messages page by page, in the flow log's own format.
func TestFlowLogsInALogGroup(t *testing.T) {
	t.Parallel()
	moto := testkit.SharedMoto(t)
	api := cloudwatchlogs.NewFromConfig(moto.Config(t))
	group, stream, at := "/flows", "eni-0a-all", time.Now().UTC().Truncate(time.Second)
	if _, err := api.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}); err != nil {
		t.Fatal(err)
	}
	if _, err := api.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream}); err != nil {
		t.Fatal(err)
	}
	var events []logtypes.InputLogEvent
	for i := range 300 {
		events = append(events, logtypes.InputLogEvent{Timestamp: sdk.Int64(at.UnixMilli()), Message: sdk.String(fmt.Sprintf("443 %d 10.0.0.9 10.0.0.5 100 %d %d", 40000+i, at.Unix(), at.Unix()+60))})
	}
	if _, err := api.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events}); err != nil {
		t.Fatal(err)
	}
	inv := inventory.Inventory{Resources: []inventory.Resource{
		resource("AWS::EC2::FlowLog", "fl-1", inventory.Properties{"LogDestinationType": "cloud-watch-logs", "LogDestination": "arn:aws:logs:us-east-1:1:log-group:/flows:*", "LogFormat": "${dstport} ${srcport} ${dstaddr} ${srcaddr} ${bytes} ${start} ${end}"}),
		resource("AWS::EC2::FlowLog", "fl-2", inventory.Properties{"LogDestinationType": "cloud-watch-logs", "LogGroupName": "/none", "ResourceId": "vpc-9"}),
	}}
	for i := range inv.Resources {
		inv.Resources[i].Account = ""
	}
	s := &sink{}
	seen, err := trail.Read(t.Context(), aws.New(moto.Config(t), aws.Options{}), inv, trail.Options{Window: trail.Window{From: at.Add(-time.Hour), To: at.Add(time.Hour)}}, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.Conversations) != 1 || seen.Conversations[0].Flows != 300 || seen.Conversations[0].Bytes != 30_000 || len(s.refused) > 0 {
		t.Errorf("%+v %+v", seen.Conversations, s.refused)
	}
	if len(s.unread) != 1 || s.unread[0].Hides != "who talks to whom in vpc-9" || !strings.Contains(s.unread[0].Reason, "ResourceNotFound") {
		t.Errorf("unread %+v", s.unread)
	}
}

// Accounts that are set up alike have log groups of one name: each is read.
func TestLogGroupsOfTwoAccounts(t *testing.T) {
	t.Parallel()
	const group = "/flows"
	var inv inventory.Inventory
	for _, a := range []cloud.Account{"111111111111", "222222222222"} {
		r := resource("AWS::EC2::FlowLog", "fl-"+string(a), inventory.Properties{"LogDestinationType": "cloud-watch-logs", "LogGroupName": group, "ResourceId": "vpc-1"})
		r.Account = a
		inv.Resources = append(inv.Resources, r)
		inv.Scope.Accounts = append(inv.Scope.Accounts, a)
	}
	logs, err := aws.New(sdk.Config{Region: "us-east-1"}, aws.Options{}).Find(t.Context(), inv, trail.Window{}, &sink{})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, l := range logs {
		for _, file := range l.Files {
			names[file.Name] = true
		}
	}
	for _, a := range inv.Scope.Accounts {
		if !names["logs://"+string(a)+"/us-east-1/"+group] {
			t.Errorf("the group of account %s is not among %v", a, names)
		}
	}
}

// journal keeps pages in memory.
type journal struct {
	mu    sync.Mutex
	pages map[string][]byte
}

func (j *journal) Page(key string) ([]byte, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	b, ok := j.pages[key]
	return b, ok
}

func (j *journal) Keep(key string, page []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, ok := j.pages[key]; !ok {
		j.pages[key] = bytes.Clone(page)
	}
	return nil
}

// Where no trail's bucket can be read, the event history is paged through; a
// journal makes the second reading go on where the first one stopped.
func TestEventHistory(t *testing.T) {
	t.Parallel()
	address, moto := testgate.Open(t)
	now := time.Now().UTC().Truncate(time.Second)
	var lines []string
	for i := range 120 {
		var doc struct{ Records []json.RawMessage }
		if err := json.Unmarshal([]byte(event(fmt.Sprintf("Describe%03d", i), now.Add(-time.Duration(i)*time.Minute))), &doc); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(doc.Records[0]))
	}
	response, err := http.Post(address+"/_landfall/trail", "application/x-ndjson", strings.NewReader(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if response.StatusCode >= 300 {
		t.Fatal(response.StatusCode, string(text))
	}
	counted := &counter{inner: address}
	front := httptest.NewServer(counted)
	t.Cleanup(front.Close)
	inv := inventory.Inventory{Scope: inventory.Scope{Accounts: []cloud.Account{cloud.Account(moto.Account)}, Regions: []cloud.Region{"us-east-1"}}}
	kept := &journal{pages: map[string][]byte{}}
	window := trail.Options{Window: trail.Window{From: now.Add(-3 * time.Hour), To: now.Add(time.Minute)}}
	config := moto.Config(t)
	config.BaseEndpoint = &front.URL

	s := &sink{}
	seen, err := trail.Read(t.Context(), aws.New(config, aws.Options{Journal: kept, LookupPages: 2}), inv, window, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.unread) != 1 || !strings.Contains(s.unread[0].Hides, "management events before") || seen.Events.Events != 100 {
		t.Fatalf("%d events, unread %+v, refused %+v", seen.Events.Events, s.unread, s.refused)
	}
	first := counted.calls()
	s = &sink{}
	seen, err = trail.Read(t.Context(), aws.New(config, aws.Options{Journal: kept}), inv, window, s)
	if err != nil || len(s.unread) > 0 || len(s.refused) > 0 {
		t.Fatal(err, s.unread, s.refused)
	}
	if n := named(seen); n != 120 {
		t.Errorf("%d of 120 events", n)
	}
	if again := counted.calls() - first; again > 2 {
		t.Errorf("%d calls to read what the journal did not have", again)
	}
}

// named counts the events of the test; the gate records its own calls as well.
func named(seen trail.Seen) int {
	n := 0
	for _, u := range seen.Uses {
		if strings.HasPrefix(u.Action, "Describe") && u.Service == "rds" {
			n += int(u.Count)
		}
	}
	return n
}

// counter passes requests on and counts them.
type counter struct {
	inner string
	mu    sync.Mutex
	n     int
}

func (c *counter) calls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	forwarded, err := http.NewRequestWithContext(r.Context(), r.Method, c.inner+r.URL.RequestURI(), r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	forwarded.Header, forwarded.Host, forwarded.ContentLength = r.Header, r.Host, r.ContentLength
	answer, err := http.DefaultTransport.RoundTrip(forwarded)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}
