package recorder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
	"example.com/landfall/internal/testkit"
)

// world is what a recorder of these tests reads instead of a control plane.
type world struct {
	mu    sync.Mutex
	items map[string]item
	err   error
	reads atomic.Int32
	gate  chan struct{} // when set, a read waits for it
	now   time.Time
	log   bytes.Buffer
}

func (w *world) set(items ...item) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.items = map[string]item{}
	for _, it := range items {
		w.items[it.key()] = it
	}
}

func (w *world) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
}

func (w *world) read(ctx context.Context) ([]item, error) {
	w.reads.Add(1)
	if w.gate != nil {
		select {
		case <-w.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []item
	for _, key := range sortedKeys(w.items) {
		out = append(out, w.items[key])
	}
	return out, w.err
}

// clock moves on by a second at each look.
func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Second)
	return w.now
}

func newWorld(t testing.TB, types ...string) (*world, *Recorder) {
	w := &world{items: map[string]item{}, now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	r := New(Options{
		Upstream: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, Account: "123456789012", Region: "us-east-1",
		Now: w.clock, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	t.Cleanup(r.Close)
	r.families = []family{{name: "test", services: []string{"ec2"}, kinds: []kind{{append(types, typeVPC, typeSubnet), w.read}}}}
	clear(r.dirty)
	r.mark(r.families[0])
	return w, r
}

func thing(kind, id, value string) item {
	return item{kind: kind, id: id, name: "name-" + id, arn: "arn:" + id, region: "us-east-1", zone: zoneNone,
		tags: map[string]string{"v": value}, configuration: map[string]any{"value": value}}
}

func ask(t testing.TB, r *Recorder, operation string, params map[string]any) map[string]any {
	t.Helper()
	out, err := r.Answer(context.Background(), &awsapi.Call{Service: "config", Operation: operation, Params: params})
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return out
}

func refusal(t testing.TB, r *Recorder, operation string, params map[string]any) string {
	t.Helper()
	_, err := r.Answer(context.Background(), &awsapi.Call{Service: "config", Operation: operation, Params: params})
	if api, ok := errors.AsType[*awsapi.Error](err); ok {
		return api.Error()
	}
	return fmt.Sprintf("no refusal: %v", err)
}

func touch(r *Recorder) {
	r.Observed(context.Background(), &awsapi.Call{Service: "ec2", Operation: "ModifyVpcAttribute"}, awsapi.Outcome{Status: 200})
}

// collect goes through all pages and returns what pick makes of each element.
func collect(t testing.TB, r *Recorder, operation, list, token string, params map[string]any, pick func(map[string]any) string) []string {
	t.Helper()
	var out []string
	for range 1000 {
		answer := ask(t, r, operation, params)
		for _, one := range answer[list].([]any) {
			if text, ok := one.(string); ok {
				one = map[string]any{"row": text}
			}
			out = append(out, pick(one.(map[string]any)))
		}
		next, more := answer[token]
		if !more {
			return out
		}
		params[token] = next
	}
	t.Fatal("the pages do not end")
	return nil
}

func TestPagesOfEveryOperation(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t)
	var all []item
	for i := range 250 {
		all = append(all, thing(typeVPC, fmt.Sprintf("vpc-%03d", i), "x"))
	}
	w.set(all...)
	id := func(one map[string]any) string { return one["resourceId"].(string) }
	listed := collect(t, r, "ListDiscoveredResources", "resourceIdentifiers", "nextToken", map[string]any{"resourceType": typeVPC, "limit": json.Number("7")}, id)
	selected := collect(t, r, "SelectResourceConfig", "Results", "NextToken", map[string]any{"Expression": "SELECT resourceId", "Limit": int64(33)}, func(one map[string]any) string {
		var row map[string]string
		if err := json.Unmarshal([]byte(one["row"].(string)), &row); err != nil {
			t.Fatal(err)
		}
		return row["resourceId"]
	})
	if len(listed) != 250 || !slices.IsSorted(listed) || !slices.Equal(listed, selected) {
		t.Fatalf("%d listed and %d selected", len(listed), len(selected))
	}
	if got := len(ask(t, r, "ListDiscoveredResources", map[string]any{"resourceType": typeVPC})["resourceIdentifiers"].([]any)); got != 100 {
		t.Errorf("a page without limit has %d elements, want 100", got)
	}
	if got := len(ask(t, r, "ListDiscoveredResources", map[string]any{"resourceType": typeVPC, "limit": int64(0)})["resourceIdentifiers"].([]any)); got != 100 {
		t.Errorf("a page with limit 0 has %d elements, want 100", got)
	}
}

func TestPagesOfSortedAndFoldedQueries(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t)
	var all []item
	for i := range 25 {
		all = append(all, thing(typeVPC, fmt.Sprintf("vpc-%02d", i), fmt.Sprint(i%7)))
	}
	w.set(all...)
	row := func(one map[string]any) string { return one["row"].(string) }
	for expression, want := range map[string][]string{
		"SELECT resourceId WHERE tags.value = '3' ORDER BY resourceId DESC": {`{"resourceId":"vpc-24"}`, `{"resourceId":"vpc-17"}`, `{"resourceId":"vpc-10"}`, `{"resourceId":"vpc-03"}`},
		"SELECT tags.value, COUNT(*) WHERE tags.value IN ('5', '6') GROUP BY tags.value": {
			`{"COUNT(*)":3,"tags":[{"value":"5"}]}`, `{"COUNT(*)":3,"tags":[{"value":"6"}]}`},
	} {
		got := collect(t, r, "SelectResourceConfig", "Results", "NextToken", map[string]any{"Expression": expression, "Limit": int64(1)}, row)
		if !slices.Equal(got, want) {
			t.Errorf("%s gives %q, want %q", expression, got, want)
		}
	}
}

// A page is right although resources before and behind it come and go.
func TestListingIsStableUnderChange(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t)
	w.set(thing(typeVPC, "b", "1"), thing(typeVPC, "d", "1"), thing(typeVPC, "f", "1"))
	first := ask(t, r, "ListDiscoveredResources", map[string]any{"resourceType": typeVPC, "limit": int64(2)})
	w.set(thing(typeVPC, "a", "1"), thing(typeVPC, "e", "1"), thing(typeVPC, "f", "1"))
	touch(r)
	second := ask(t, r, "ListDiscoveredResources", map[string]any{"resourceType": typeVPC, "limit": int64(2), "nextToken": first["nextToken"]})
	var got []string
	for _, one := range append(first["resourceIdentifiers"].([]any), second["resourceIdentifiers"].([]any)...) {
		got = append(got, one.(map[string]any)["resourceId"].(string))
	}
	if want := []string{"b", "d", "e", "f"}; !slices.Equal(got, want) {
		t.Errorf("pages give %q, want %q", got, want)
	}
}

func TestQueryIsStableUnderChange(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t)
	w.set(thing(typeVPC, "b", "1"), thing(typeVPC, "d", "1"), thing(typeVPC, "f", "1"))
	params := map[string]any{"Expression": "SELECT resourceId", "Limit": int64(2)}
	first := ask(t, r, "SelectResourceConfig", params)
	w.set(thing(typeVPC, "a", "1"), thing(typeVPC, "e", "1"), thing(typeVPC, "f", "1"))
	touch(r)
	params["NextToken"] = first["NextToken"]
	second := ask(t, r, "SelectResourceConfig", params)
	if got := fmt.Sprint(first["Results"], second["Results"]); got != `[{"resourceId":"b"} {"resourceId":"d"}] [{"resourceId":"e"} {"resourceId":"f"}]` {
		t.Errorf("pages give %s", got)
	}
}

func TestHistoryOfOneResource(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t)
	for i := range 12 {
		w.set(thing(typeVPC, "vpc-1", fmt.Sprint(i)))
		touch(r)
		ask(t, r, "GetDiscoveredResourceCounts", nil)
	}
	w.set()
	touch(r)
	value := func(one map[string]any) string {
		text, _ := one["configuration"].(string)
		return one["configurationItemStatus"].(string) + " " + text
	}
	key := func(more ...any) map[string]any {
		params := map[string]any{"resourceType": typeVPC, "resourceId": "vpc-1", "limit": int64(5)}
		for i := 0; i < len(more); i += 2 {
			params[more[i].(string)] = more[i+1]
		}
		return params
	}
	newest := collect(t, r, "GetResourceConfigHistory", "configurationItems", "nextToken", key(), value)
	oldest := collect(t, r, "GetResourceConfigHistory", "configurationItems", "nextToken", key("chronologicalOrder", "Forward"), value)
	if len(newest) != 13 || newest[0] != "ResourceDeleted " || newest[1] != `OK {"value":"11"}` || newest[12] != `ResourceDiscovered {"value":"0"}` {
		t.Errorf("the history is %q", newest)
	}
	slices.Reverse(oldest)
	if !slices.Equal(newest, oldest) {
		t.Errorf("the two orders differ:\n%q\n%q", newest, oldest)
	}
	items := ask(t, r, "GetResourceConfigHistory", key("limit", int64(100)))["configurationItems"].([]any)
	third := items[2].(map[string]any)["configurationItemCaptureTime"].(time.Time)
	cut := collect(t, r, "GetResourceConfigHistory", "configurationItems", "nextToken", key("laterTime", third, "earlierTime", third.Add(-time.Millisecond)), value)
	if len(cut) != 1 || cut[0] != `OK {"value":"10"}` {
		t.Errorf("the history within one moment is %q", cut)
	}
	if n := len(ask(t, r, "GetResourceConfigHistory", map[string]any{"resourceType": typeVPC, "resourceId": "vpc-1"})["configurationItems"].([]any)); n != 10 {
		t.Errorf("a page without limit has %d items, want 10", n)
	}
}

func TestReturningResourceIsDiscoveredAgain(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t)
	var states []string
	for _, items := range [][]item{{thing(typeVPC, "v", "1")}, {}, {thing(typeVPC, "v", "1")}} {
		w.set(items...)
		touch(r)
		ask(t, r, "GetDiscoveredResourceCounts", nil)
	}
	for _, one := range ask(t, r, "GetResourceConfigHistory", map[string]any{"resourceType": typeVPC, "resourceId": "v", "chronologicalOrder": "Forward"})["configurationItems"].([]any) {
		states = append(states, one.(map[string]any)["configurationItemStatus"].(string))
	}
	if want := []string{statusDiscovered, statusDeleted, statusDiscovered}; !slices.Equal(states, want) {
		t.Errorf("states are %q, want %q", states, want)
	}
}

// Whatever is created, changed and deleted in whatever order, the current
// items are those of the world, and state ids grow.
func TestHistoryFollowsTheWorld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		h := newHistory()
		now := time.Unix(1_700_000_000, 0)
		for range rapid.IntRange(1, 12).Draw(rt, "looks") {
			var seen []item
			for _, id := range []string{"a", "b", "c"} {
				if rapid.Bool().Draw(rt, "there") {
					it := thing(typeVPC, id, fmt.Sprint(rapid.IntRange(0, 2).Draw(rt, "value")))
					seen = append(seen, it)
				}
			}
			h.observe([]string{typeVPC}, seen)
			h.settle(now, "1")
			var got []string
			for _, c := range h.current() {
				got = append(got, c.id+c.tags["v"])
			}
			var want []string
			for _, it := range seen {
				want = append(want, it.id+it.tags["v"])
			}
			if !slices.Equal(got, want) {
				rt.Fatalf("current items are %q, want %q", got, want)
			}
		}
		for key, rec := range h.records {
			for i := 1; i < len(rec.versions); i++ {
				before, after := rec.versions[i-1], rec.versions[i]
				if before.state >= after.state || before.status == after.status && before.hash == after.hash {
					rt.Fatalf("%q: item %d does not follow from the one before", key, i)
				}
			}
		}
	})
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	h := newHistory()
	for i := range mostVersions + 50 {
		h.observe([]string{typeVPC}, []item{thing(typeVPC, "v", fmt.Sprint(i))})
		h.settle(time.Unix(0, 0), "1")
	}
	versions := h.records[typeVPC+"\x00v"].versions
	if len(versions) != mostVersions || versions[len(versions)-1].tags["v"] != fmt.Sprint(mostVersions+49) {
		t.Errorf("%d items are kept, the last says %q", len(versions), versions[len(versions)-1].tags["v"])
	}
}

func TestRelationshipsStandAtBothEndsAndAreResolved(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t, typeRole, typeFunction)
	subnet, vpc := thing(typeSubnet, "subnet-1", ""), thing(typeVPC, "vpc-1", "")
	subnet.relate(containedIn, typeVPC, "vpc-1")
	subnet.relate(containedIn, typeVPC, "vpc-1")
	role, function := thing(typeRole, "AROA1", ""), thing(typeFunction, "f", "")
	role.name = "web"
	function.relate(associated, typeRole, role.arn)
	function.relate(containedIn, typeVPC, "vpc-1")
	function.relate(containedIn, typeSubnet, "")
	w.set(subnet, vpc, role, function)
	relationships := func(id string) string {
		var row struct {
			Relationships []struct{ RelationshipName, ResourceID, ResourceName string }
		}
		results := ask(t, r, "SelectResourceConfig", map[string]any{"Expression": "SELECT relationships WHERE resourceId = '" + id + "'"})["Results"].([]any)
		if err := json.Unmarshal([]byte(results[0].(string)), &row); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, one := range row.Relationships {
			out = append(out, one.RelationshipName+" "+one.ResourceID+" "+one.ResourceName)
		}
		return strings.Join(out, ", ")
	}
	for id, want := range map[string]string{
		"subnet-1": "Is contained in Vpc vpc-1 name-vpc-1",
		"vpc-1":    "Contains Subnet subnet-1 name-subnet-1",
		"f":        "Is contained in Vpc vpc-1 name-vpc-1, Is associated with Role AROA1 web",
		"AROA1":    "",
	} {
		if got := relationships(id); got != want {
			t.Errorf("relationships of %s are %q, want %q", id, got, want)
		}
	}
}

func TestKindThatCannotBeReadKeepsItsItems(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t)
	w.set(thing(typeVPC, "v", "1"))
	total := func() any { return ask(t, r, "GetDiscoveredResourceCounts", nil)["totalDiscoveredResources"] }
	if total() != int64(1) {
		t.Fatal("the resource is not seen")
	}
	w.fail(errors.New("no answer"))
	w.set()
	touch(r)
	for range 3 {
		if got := total(); got != int64(1) {
			t.Fatalf("%v resources after a failed read, want the one from before", got)
		}
	}
	if got := strings.Count(w.log.String(), "could not be read"); got != 1 {
		t.Errorf("the trouble is logged %d times, want once:\n%s", got, w.log.String())
	}
	w.fail(nil)
	if got := total(); got != int64(0) {
		t.Errorf("%v resources after the read works again, want none", got)
	}
}

func TestManyQueriesShareOneRead(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t)
	w.set(thing(typeVPC, "v", "1"))
	w.gate = make(chan struct{})
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if got := len(ask(t, r, "SelectResourceConfig", map[string]any{"Expression": "SELECT resourceId"})["Results"].([]any)); got != 1 {
				t.Errorf("a query finds %d resources", got)
			}
		})
	}
	close(w.gate)
	group.Wait()
	if got := w.reads.Load(); got != 1 {
		t.Errorf("%d reads for 20 queries, want 1", got)
	}
}

func TestQueryThatIsCancelledWhileReading(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t)
	w.gate = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := r.Answer(ctx, &awsapi.Call{Service: "config", Operation: "GetDiscoveredResourceCounts"})
		failed <- err
	}()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	close(w.gate)
	ask(t, r, "GetDiscoveredResourceCounts", nil)
}

func TestCloseStopsARead(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t)
	w.gate = make(chan struct{})
	failed := make(chan error, 1)
	go func() { failed <- r.Refresh(context.Background()) }()
	testkit.Eventually(t, 10*time.Second, func() error {
		if w.reads.Load() == 0 {
			return errors.New("no read has begun")
		}
		return nil
	})
	r.Close()
	if err := <-failed; err != nil {
		t.Errorf("error is %v", err)
	}
	if got := ask(t, r, "GetDiscoveredResourceCounts", nil)["totalDiscoveredResources"]; got != int64(0) {
		t.Errorf("%v resources after Close", got)
	}
}

func TestOnlyCallsThatChangeSomethingAreFollowed(t *testing.T) {
	t.Parallel()
	ok := awsapi.Outcome{Status: 200}
	for _, c := range []struct {
		service, operation string
		outcome            awsapi.Outcome
		reads              bool
	}{
		{"ec2", "CreateVpc", ok, true},
		{"ec2", "CreateVpc", awsapi.Outcome{Status: 400, ErrorCode: "VpcLimitExceeded"}, false},
		{"ec2", "CreateVpc", awsapi.Outcome{}, true},
		{"ec2", "DescribeVpcs", ok, false},
		{"rds", "CreateDBInstance", ok, false},
		{"cloudformation", "CreateStack", ok, true},
		{"tagging", "TagResources", ok, true},
		{"tagging", "GetResources", ok, false},
	} {
		w, r := newWorld(t)
		ask(t, r, "GetDiscoveredResourceCounts", nil)
		r.Observed(t.Context(), &awsapi.Call{Service: c.service, Operation: c.operation}, c.outcome)
		ask(t, r, "GetDiscoveredResourceCounts", nil)
		if reads := w.reads.Load() > 1; reads != c.reads {
			t.Errorf("%s %s %d: read again is %v, want %v", c.service, c.operation, c.outcome.Status, reads, c.reads)
		}
	}
	for _, data := range []string{
		"s3 PutObject", "s3 DeleteObjects", "s3 UploadPart", "sqs SendMessage", "sqs DeleteMessageBatch", "sns Publish", "dynamodb PutItem", "dynamodb UpdateItem",
		"dynamodb BatchWriteItem", "kms Decrypt", "kms GenerateDataKey", "lambda Invoke", "events PutEvents", "monitoring PutMetricData", "ecr UploadLayerPart", "sts AssumeRole", "logs PutLogEvents",
	} {
		service, operation, _ := strings.Cut(data, " ")
		if changes(service, operation) {
			t.Errorf("%s is taken for a change of configuration", data)
		}
	}
	for _, change := range []string{
		"s3 CreateBucket", "s3 PutBucketPolicy", "s3 DeletePublicAccessBlock", "sqs SetQueueAttributes", "sns Subscribe", "dynamodb UpdateTable", "dynamodb TagResource",
		"dynamodb UpdateTimeToLive", "kms ScheduleKeyDeletion", "kms EnableKeyRotation", "lambda UpdateFunctionConfiguration", "events PutRule", "monitoring PutMetricAlarm", "ecr DeleteRepository", "iam AttachRolePolicy",
	} {
		service, operation, _ := strings.Cut(change, " ")
		if !changes(service, operation) {
			t.Errorf("%s is not taken for a change of configuration", change)
		}
	}
}

// What the recorder writes must be of types that AWS Config has.
func TestEveryKindIsOneOfAWSConfig(t *testing.T) {
	t.Parallel()
	r := New(Options{Upstream: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, Account: "1", Region: "us-east-1"})
	defer r.Close()
	seen := map[string]bool{}
	for _, f := range r.families {
		for _, k := range f.kinds {
			for _, kind := range k.types {
				if err := checkType(kind); err != nil || seen[kind] {
					t.Errorf("%s: %v, seen before: %v", kind, err, seen[kind])
				}
				seen[kind] = true
			}
		}
	}
	if len(seen) < 50 {
		t.Errorf("only %d types are read", len(seen))
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t)
	w.set(thing(typeVPC, "a", "1"), thing(typeVPC, "b", "1"))
	token := ask(t, r, "ListDiscoveredResources", map[string]any{"resourceType": typeVPC, "limit": int64(1)})["nextToken"]
	many := slices.Repeat([]any{"x"}, 21)
	history := func(more ...any) map[string]any {
		params := map[string]any{"resourceType": typeVPC, "resourceId": "a"}
		for i := 0; i < len(more); i += 2 {
			params[more[i].(string)] = more[i+1]
		}
		return params
	}
	for _, c := range []struct {
		operation string
		params    map[string]any
		want      string
	}{
		{"ListDiscoveredResources", nil, "ValidationException: parameter resourceType"},
		{"ListDiscoveredResources", map[string]any{"resourceType": "EC2"}, `ValidationException: resource type "EC2"`},
		{"ListDiscoveredResources", map[string]any{"resourceType": "AWS::ElastiCache::CacheCluster"}, `ValidationException: resource type "AWS::Elasti`},
		{"ListDiscoveredResources", map[string]any{"resourceType": typeVPC, "limit": int64(101)}, "InvalidLimitException: parameter limit"},
		{"ListDiscoveredResources", map[string]any{"resourceType": typeVPC, "limit": int64(-1)}, "InvalidLimitException: parameter limit"},
		{"ListDiscoveredResources", map[string]any{"resourceType": typeVPC, "nextToken": "x"}, "InvalidNextTokenException: parameter nextToken"},
		{"ListDiscoveredResources", map[string]any{"resourceType": typeSubnet, "nextToken": token}, "InvalidNextTokenException: parameter nextToken"},
		{"ListDiscoveredResources", map[string]any{"resourceType": typeVPC, "resourceIds": many}, "ValidationException: parameter resourceIds"},
		{"ListDiscoveredResources", map[string]any{"resourceType": typeVPC, "resourceIds": []any{"x"}, "resourceName": "x"}, "ValidationException: parameters resourceIds and"},
		{"GetDiscoveredResourceCounts", map[string]any{"resourceTypes": many}, "ValidationException: parameter resourceTypes"},
		{"GetResourceConfigHistory", history("resourceId", ""), "ValidationException: parameter resourceId"},
		{"GetResourceConfigHistory", history("resourceId", "zz"), `ResourceNotDiscoveredException: resource "zz"`},
		{"GetResourceConfigHistory", history("chronologicalOrder", "Up"), "ValidationException: parameter chronologicalOrder"},
		{"GetResourceConfigHistory", history("earlierTime", int64(2000), "laterTime", int64(1000)), "InvalidTimeRangeException: parameter earlierTime"},
		{"BatchGetResourceConfig", nil, "ValidationException: parameter resourceKeys"},
		{"SelectResourceConfig", nil, "ValidationException: parameter Expression"},
		{"SelectResourceConfig", map[string]any{"Expression": "SELECT x"}, `InvalidExpressionException: property "x" is not known at character 8`},
		{"SelectResourceConfig", map[string]any{"Expression": "SELECT arn", "Limit": int64(500)}, "InvalidLimitException: parameter Limit"},
		{"SelectResourceConfig", map[string]any{"Expression": "SELECT arn", "NextToken": token}, "InvalidNextTokenException: parameter NextToken"},
	} {
		if got := refusal(t, r, c.operation, c.params); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %v: refusal is %q, want %q", c.operation, c.params, got, c.want)
		}
	}
	for _, operation := range []string{"DescribeConfigurationRecorders", "PutConfigurationRecorder", "DescribeDeliveryChannels", "StartConfigurationRecorder"} {
		if r.Answers("config", operation) {
			t.Errorf("%s is answered here, not by the control plane", operation)
		}
	}
}

func TestListByIdAndNameAndCounts(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t)
	w.set(thing(typeVPC, "a", "1"), thing(typeVPC, "b", "1"), thing(typeSubnet, "c", "1"))
	list := func(params map[string]any) string {
		return fmt.Sprint(ask(t, r, "ListDiscoveredResources", params)["resourceIdentifiers"])
	}
	if got := list(map[string]any{"resourceType": typeVPC, "resourceIds": []any{"b", "c", "z"}}); got != "[map[resourceId:b resourceName:name-b resourceType:AWS::EC2::VPC]]" {
		t.Errorf("by id: %s", got)
	}
	if got := list(map[string]any{"resourceType": typeVPC, "resourceName": "name-a"}); !strings.Contains(got, "resourceId:a ") || strings.Contains(got, "resourceId:b ") {
		t.Errorf("by name: %s", got)
	}
	counts := fmt.Sprint(ask(t, r, "GetDiscoveredResourceCounts", map[string]any{"limit": int64(1)}))
	if !strings.Contains(counts, "resourceCounts:[map[count:2 resourceType:AWS::EC2::VPC]] totalDiscoveredResources:3") {
		t.Errorf("counts are %s", counts)
	}
	rest := collect(t, r, "GetDiscoveredResourceCounts", "resourceCounts", "nextToken", map[string]any{"limit": int64(1)}, func(one map[string]any) string { return one["resourceType"].(string) })
	if !slices.Equal(rest, []string{typeVPC, typeSubnet}) {
		t.Errorf("types are %q", rest)
	}
	one := ask(t, r, "BatchGetResourceConfig", map[string]any{"resourceKeys": []any{
		map[string]any{"resourceType": typeVPC, "resourceId": "b"}, map[string]any{"resourceType": typeVPC, "resourceId": "zz"},
	}})
	items := one["baseConfigurationItems"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["configuration"] != `{"value":"1"}` || items[0].(map[string]any)["version"] != "1.3" {
		t.Errorf("items are %v", items)
	}
}
