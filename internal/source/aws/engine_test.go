package aws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
)

// tally is a sink that also counts the calls.
type tally struct {
	gathered
	count         sync.Mutex
	planned, done int64
	scopes        []string
}

func (t *tally) Planned(n int64) { t.count.Lock(); t.planned += n; t.count.Unlock() }
func (t *tally) Done(n int64)    { t.count.Lock(); t.done += n; t.count.Unlock() }
func (t *tally) Scope(account, region string) {
	t.scopes = append(t.scopes, account+"/"+region)
}

// memory is a journal in memory.
type memory struct {
	mu    sync.Mutex
	pages map[string][]byte
	// full ends the scan after so many pages.
	full int
}

func (m *memory) Page(key string) ([]byte, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.pages[key]
	return p, ok
}

func (m *memory) Keep(key string, page []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full > 0 && len(m.pages) >= m.full {
		return fault.Newf(fault.Storage, "write page: the disk is full")
	}
	if _, known := m.pages[key]; !known {
		m.pages[key] = page
	}
	return nil
}

// testLane is a lane without a server behind it.
func testLane(t *testing.T, journal *memory) (*lane, *tally) {
	t.Helper()
	sink := &tally{}
	options := NewScanner(sdk.Config{Region: "eu-west-1"}, ScanOptions{Unlimited: true}).options
	if journal != nil {
		options.Journal = journal
	}
	run := &scan{options: options, backoff: time.Microsecond, sink: sink, misses: newMisses(), defaults: &defaults{vpcs: map[string]bool{}}, converter: kinds.New(),
		log: options.Log, calls: make(chan struct{}, 8), paces: map[string]*pace{}, resolves: func(string) bool { return true }}
	at := kinds.Place{Partition: "aws", Account: "123456789012", Region: "eu-west-1"}
	s := service{name: "test"}
	return &lane{scan: run, service: s, place: at, home: at.Region, pace: run.paceOf(at, s), broken: map[string]int{}, last: map[string]error{}}, sink
}

// networks answers DescribeVpcs with pages of one, and keeps count.
type networks struct {
	mu    sync.Mutex
	pages int
	fail  map[string][]error // by token: one after the other
	asked []string           // tokens, and regions
}

func (n *networks) DescribeVpcs(_ context.Context, in *ec2.DescribeVpcsInput, options ...func(*ec2.Options)) (*ec2.DescribeVpcsOutput, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	o := ec2.Options{}
	for _, f := range options {
		f(&o)
	}
	token := sdk.ToString(in.NextToken)
	n.asked = append(n.asked, strings.TrimSuffix(token+"@"+o.Region, "@"))
	if left := n.fail[token]; len(left) > 0 {
		n.fail[token] = left[1:]
		if left[0] != nil {
			return nil, left[0]
		}
	}
	at := 0
	if token != "" {
		var err error
		if at, err = strconv.Atoi(token); err != nil {
			return nil, err
		}
	}
	out := &ec2.DescribeVpcsOutput{Vpcs: []ec2types.Vpc{{VpcId: sdk.String(fmt.Sprint("vpc-", at)), CidrBlock: sdk.String("10.0.0.0/16"), OwnerId: sdk.String("123456789012")}}}
	if at+1 < n.pages {
		out.NextToken = sdk.String(strconv.Itoa(at + 1))
	}
	return out, nil
}

func refused(code string) error { return &smithy.GenericAPIError{Code: code, Message: "no"} }

func names(found []inventory.Observation) []string {
	var all []string
	for _, o := range found {
		all = append(all, o.Name)
	}
	slices.Sort(all)
	return all
}

func TestAllPagesAreRead(t *testing.T) {
	t.Parallel()
	l, sink := testLane(t, nil)
	api := &networks{pages: 5}
	if err := l.run(t.Context(), list(api.DescribeVpcs, "MaxResults:1000").items("Vpcs", "AWS::EC2::VPC"), nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := names(sink.found); strings.Join(got, " ") != "vpc-0 vpc-1 vpc-2 vpc-3 vpc-4" || len(l.scan.misses.list()) != 0 {
		t.Errorf("found %v, unread %v", got, l.scan.misses.list())
	}
	if sink.planned != 5 || sink.done != 5 || sink.found[0].Origin != "test:DescribeVpcs" || sink.found[0].Source != inventory.Live {
		t.Errorf("%d of %d calls; %+v", sink.done, sink.planned, sink.found[0])
	}
}

func TestWhatAFailingPageHides(t *testing.T) {
	t.Parallel()
	denied, slow, broken := refused("UnauthorizedOperation"), refused("RequestLimitExceeded"), refused("InternalError")
	for _, c := range []struct {
		name   string
		fail   map[string][]error
		found  int
		calls  int
		unread string // reason; hides
	}{
		{"denied at once", map[string][]error{"": {denied}}, 0, 1, "denied: UnauthorizedOperation; all AWS::EC2::VPC"},
		{"denied later", map[string][]error{"2": {denied}}, 2, 3, "denied: UnauthorizedOperation; pages after the first 2 AWS::EC2::VPC"},
		{"throttled for a while", map[string][]error{"1": {slow, slow, slow}}, 4, 7, ""},
		{"throttled for ever", map[string][]error{"1": slices.Repeat([]error{slow}, triesThrottled)}, 1, 1 + triesThrottled, "throttled: RequestLimitExceeded; pages after the first 1 AWS::EC2::VPC"},
		{"failing for a while", map[string][]error{"3": {broken, broken}}, 4, 6, ""},
		{"failing for ever", map[string][]error{"": slices.Repeat([]error{broken}, triesOther)}, 0, triesOther, "unavailable: InternalError; all AWS::EC2::VPC"},
	} {
		l, sink := testLane(t, nil)
		api := &networks{pages: 4, fail: c.fail}
		if err := l.run(t.Context(), list(api.DescribeVpcs).items("Vpcs", "AWS::EC2::VPC"), nil, nil); err != nil {
			t.Fatal(err)
		}
		var unread []string
		for _, u := range l.scan.misses.list() {
			unread = append(unread, u.Reason+"; "+u.Hides)
			if u.Operation != "test:DescribeVpcs" || u.Account != "123456789012" || u.Region != "eu-west-1" || u.Source != inventory.Live {
				t.Errorf("%s: %+v", c.name, u)
			}
		}
		if got := strings.Join(unread, " | "); got != c.unread || len(sink.found) != c.found || len(api.asked) != c.calls {
			t.Errorf("%s: found %d, calls %d, unread %q; want %d, %d, %q", c.name, len(sink.found), len(api.asked), got, c.found, c.calls, c.unread)
		}
		if sink.planned != sink.done {
			t.Errorf("%s: %d of %d calls", c.name, sink.done, sink.planned)
		}
	}
}

// A listing that gives the same page again and again ends, with a word.
func TestAPageThatFollowsItself(t *testing.T) {
	t.Parallel()
	l, _ := testLane(t, nil)
	calls := 0
	s := list(func(context.Context, *ec2.DescribeVpcsInput, ...func(*ec2.Options)) (*ec2.DescribeVpcsOutput, error) {
		calls++
		return &ec2.DescribeVpcsOutput{NextToken: sdk.String("x")}, nil
	}).items("Vpcs", "AWS::EC2::VPC")
	if err := l.run(t.Context(), s, nil, nil); err != nil || calls != 2 || len(l.scan.misses.list()) != 1 {
		t.Errorf("%d calls, %v, %v", calls, l.scan.misses.list(), err)
	}
}

// A run that was killed after any page goes on there: the second run makes the
// other calls alone and finds the same.
func TestResumeAfterAnyPage(t *testing.T) {
	t.Parallel()
	const all = 6
	step := func(api *networks) *step { return list(api.DescribeVpcs).items("Vpcs", "AWS::EC2::VPC") }
	for kept := range all {
		journal := &memory{pages: map[string][]byte{}, full: kept}
		first, _ := testLane(t, journal)
		if kept == 0 {
			journal.full = -1
		} else if err := first.run(t.Context(), step(&networks{pages: all}), nil, nil); !fault.Is(err, fault.Storage) {
			t.Fatalf("a full disk: %v", err)
		}
		journal.full = 0
		second, sink := testLane(t, journal)
		api := &networks{pages: all}
		if err := second.run(t.Context(), step(api), nil, nil); err != nil {
			t.Fatal(err)
		}
		if len(api.asked) != all-kept || len(sink.found) != all {
			t.Errorf("%d pages kept: asked %v, found %v", kept, api.asked, names(sink.found))
		}
	}
}

// A token that has expired since the kill: the listing begins anew, and is
// kept anew.
func TestResumeWithAnExpiredToken(t *testing.T) {
	t.Parallel()
	journal := &memory{pages: map[string][]byte{}, full: 2}
	first, _ := testLane(t, journal)
	if err := first.run(t.Context(), list((&networks{pages: 4}).DescribeVpcs).items("Vpcs", "AWS::EC2::VPC"), nil, nil); err == nil {
		t.Fatal("the disk was not full")
	}
	journal.full = 0
	l, sink := testLane(t, journal)
	api := &networks{pages: 4, fail: map[string][]error{"2": {refused("InvalidNextToken")}}}
	if err := l.run(t.Context(), list(api.DescribeVpcs).items("Vpcs", "AWS::EC2::VPC"), nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(slices.Compact(names(sink.found)), " "); got != "vpc-0 vpc-1 vpc-2 vpc-3" || len(l.scan.misses.list()) != 0 {
		t.Errorf("found %s, unread %v, asked %v", got, l.scan.misses.list(), api.asked)
	}
	third, again := testLane(t, journal)
	quiet := &networks{pages: 4, fail: map[string][]error{"2": {refused("InvalidNextToken")}}}
	if err := third.run(t.Context(), list(quiet.DescribeVpcs).items("Vpcs", "AWS::EC2::VPC"), nil, nil); err != nil || len(quiet.asked) != 1 || len(slices.Compact(names(again.found))) != 4 {
		t.Errorf("a third run asks %v, finds %v, %v", quiet.asked, names(again.found), err)
	}
}

// A page with a secret is not written down, and the pages after it are read
// anew with it.
func TestSecretsAreNotKept(t *testing.T) {
	t.Parallel()
	journal := &memory{pages: map[string][]byte{}}
	l, _ := testLane(t, journal)
	read := func(_ context.Context, in *ec2.DescribeInstanceAttributeInput, _ ...func(*ec2.Options)) (*ec2.DescribeInstanceAttributeOutput, error) {
		script := "ZXhwb3J0IERCX1BBU1NXT1JEPWh1bnRlcjItYW5kLW1vcmUK" // export DB_PASSWORD=hunter2-and-more
		return &ec2.DescribeInstanceAttributeOutput{InstanceId: in.InstanceId, UserData: &ec2types.AttributeValue{Value: &script}}, nil
	}
	s := fixed(item{"InstanceId": "i-1"}).with(get(read, "InstanceId").into("UserData.Value", "UserData").unkept())
	if err := l.run(t.Context(), s, nil, nil); err != nil {
		t.Fatal(err)
	}
	if len(journal.pages) > 0 {
		t.Errorf("kept: %v", journal.pages)
	}
	if !secretive(map[string]any{"Environment": map[string]any{"Variables": map[string]any{"DB_PASSWORD": "hunter2-and-more"}}}) {
		t.Error("an environment with a password is no secret")
	}
	if secretive(map[string]any{"MetadataOptions": map[string]any{"HttpTokens": "required"}, "InstanceId": "i-1", "Tags": []any{map[string]any{"Key": "Name", "Value": "x"}}}) {
		t.Error("an instance is a secret")
	}
}

// That there is none is an answer: it hides nothing and is kept.
func TestWhatIsAbsent(t *testing.T) {
	t.Parallel()
	journal := &memory{pages: map[string][]byte{}}
	api := &networks{fail: map[string][]error{"": slices.Repeat([]error{refused("NoSuchThing")}, 9)}}
	for range 2 {
		l, sink := testLane(t, journal)
		s := fixed(item{"VpcId": "vpc-1"}).items("", "AWS::EC2::VPC").with(list(api.DescribeVpcs).into("Vpcs", "Others").absent("NoSuchThing"))
		if err := l.run(t.Context(), s, nil, nil); err != nil {
			t.Fatal(err)
		}
		if len(l.scan.misses.list()) > 0 || len(sink.found) != 1 || len(api.asked) != 1 {
			t.Errorf("unread %v, found %d, asked %d times", l.scan.misses.list(), len(sink.found), len(api.asked))
		}
	}
}

// balancers answers for load balancers and their tags.
type balancers struct {
	mu     sync.Mutex
	count  int
	gone   map[string]bool // DescribeTags refuses a call with one of these
	denied map[string]bool // attributes of these
	calls  []int           // sizes of the calls for tags
}

func (b *balancers) DescribeLoadBalancers(context.Context, *elbv2.DescribeLoadBalancersInput, ...func(*elbv2.Options)) (*elbv2.DescribeLoadBalancersOutput, error) {
	out := &elbv2.DescribeLoadBalancersOutput{}
	for n := range b.count {
		name := fmt.Sprintf("lb-%02d", n)
		out.LoadBalancers = append(out.LoadBalancers, elbtypes.LoadBalancer{LoadBalancerName: &name, LoadBalancerArn: sdk.String(balancerARN(name))})
	}
	return out, nil
}

func balancerARN(name string) string {
	return "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/" + name + "/0123456789abcdef"
}

func (b *balancers) DescribeTags(_ context.Context, in *elbv2.DescribeTagsInput, _ ...func(*elbv2.Options)) (*elbv2.DescribeTagsOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, len(in.ResourceArns))
	out := &elbv2.DescribeTagsOutput{}
	for _, arn := range in.ResourceArns {
		if b.gone[arn] {
			return nil, refused("LoadBalancerNotFound")
		}
		out.TagDescriptions = append(out.TagDescriptions, elbtypes.TagDescription{ResourceArn: sdk.String(arn), Tags: []elbtypes.Tag{{Key: sdk.String("of"), Value: sdk.String(arn)}}})
	}
	slices.Reverse(out.TagDescriptions) // in no order
	return out, nil
}

func (b *balancers) DescribeLoadBalancerAttributes(_ context.Context, in *elbv2.DescribeLoadBalancerAttributesInput, _ ...func(*elbv2.Options)) (*elbv2.DescribeLoadBalancerAttributesOutput, error) {
	if b.denied[*in.LoadBalancerArn] {
		return nil, refused("AccessDenied")
	}
	return &elbv2.DescribeLoadBalancerAttributesOutput{Attributes: []elbtypes.LoadBalancerAttribute{{Key: sdk.String("k"), Value: in.LoadBalancerArn}}}, nil
}

func (b *balancers) steps() *step {
	return list(b.DescribeLoadBalancers).items("LoadBalancers", "AWS::ElasticLoadBalancingV2::LoadBalancer").with(
		get(b.DescribeLoadBalancerAttributes, "LoadBalancerArn").into("Attributes", "LoadBalancerAttributes"),
		batch(b.DescribeTags, 20, "ResourceArns=LoadBalancerArn").into("TagDescriptions", "Tags").matching("ResourceArn=LoadBalancerArn", "Tags"),
	)
}

// Tags come in batches of 20, each to its own; one balancer that is gone does
// not hide the tags of the others; what is denied for some is one entry that
// names them.
func TestBatchesAndNestedCalls(t *testing.T) {
	t.Parallel()
	l, sink := testLane(t, nil)
	api := &balancers{count: 45, gone: map[string]bool{balancerARN("lb-17"): true}, denied: map[string]bool{}}
	for n := range 5 {
		api.denied[balancerARN(fmt.Sprintf("lb-%02d", n))] = true
	}
	if err := l.run(t.Context(), api.steps(), nil, nil); err != nil {
		t.Fatal(err)
	}
	if len(sink.found) != 45 || slices.Max(api.calls) != 20 {
		t.Fatalf("%d found, calls of %v", len(sink.found), api.calls)
	}
	for _, o := range sink.found {
		if want := balancerARN(o.Name); o.Tags["of"] != want && o.Name != "lb-17" {
			t.Errorf("%s has the tags %v", o.Name, o.Tags)
		}
		if _, has := o.Properties["LoadBalancerAttributes"]; has == api.denied[balancerARN(o.Name)] {
			t.Errorf("%s: attributes %v", o.Name, o.Properties["LoadBalancerAttributes"])
		}
	}
	unread := l.scan.misses.list()
	if len(unread) != 2 {
		t.Fatalf("unread %v", unread)
	}
	kind := "AWS::ElasticLoadBalancingV2::LoadBalancer "
	first := balancerARN("lb-00") + ", " + balancerARN("lb-01") + ", " + balancerARN("lb-02")
	if unread[0].Operation != "test:DescribeLoadBalancerAttributes" || unread[0].Hides != "LoadBalancerAttributes of "+kind+first+" and 2 more" {
		t.Errorf("%+v", unread[0])
	}
	if unread[1].Operation != "test:DescribeTags" || unread[1].Hides != "Tags of "+kind+balancerARN("lb-17") || unread[1].Reason != "not-found: LoadBalancerNotFound" {
		t.Errorf("%+v", unread[1])
	}
}

// Elements that live elsewhere are asked for there, and are of that region.
func TestElementsInTheirOwnRegion(t *testing.T) {
	t.Parallel()
	l, sink := testLane(t, nil)
	api := &networks{pages: 1}
	where := func(i item) cloud.Region { return cloud.Region(i.text("In")) }
	s := fixed(item{"In": "ap-south-1"}, item{"In": "eu-west-1"}, item{"In": ""}).at(where).with(
		list(api.DescribeVpcs).items("Vpcs", "AWS::EC2::VPC"))
	if err := l.run(t.Context(), s, nil, nil); err != nil {
		t.Fatal(err)
	}
	regions := map[cloud.Region]int{}
	for _, o := range sink.found {
		regions[o.Region]++
	}
	slices.Sort(api.asked)
	if !maps.Equal(regions, map[cloud.Region]int{"ap-south-1": 1, "eu-west-1": 2}) || strings.Join(api.asked, " ") != "  @ap-south-1" {
		t.Errorf("regions %v, asked %q", regions, api.asked)
	}
}

// An operation that is refused for each kind is not asked a hundred times when
// its step quits; what it hides is told all the same.
func TestQuitting(t *testing.T) {
	t.Parallel()
	l, _ := testLane(t, nil)
	l.scan.calls = make(chan struct{}, 1)
	var items []item
	for n := range 100 {
		items = append(items, item{"VpcId": fmt.Sprintf("vpc-%03d", n)})
	}
	calls := 0
	var mu sync.Mutex
	deny := func(context.Context, *ec2.DescribeVpcAttributeInput, ...func(*ec2.Options)) (*ec2.DescribeVpcAttributeOutput, error) {
		mu.Lock()
		defer mu.Unlock()
		calls++
		return nil, refused("AccessDeniedException")
	}
	if err := l.run(t.Context(), fixed(items...).with(get(deny, "VpcId").items("", "AWS::EC2::VPC").quitting()), nil, nil); err != nil {
		t.Fatal(err)
	}
	unread := l.scan.misses.list()
	if calls > givenUp+elementsAtOnce || len(unread) != 1 || unread[0].Hides != "AWS::EC2::VPC of vpc-000, vpc-001, vpc-002 and 97 more" {
		t.Errorf("%d calls, unread %+v", calls, unread)
	}
}

func TestWhatEndsAScan(t *testing.T) {
	t.Parallel()
	api := &networks{pages: 3}
	step := list(api.DescribeVpcs).items("Vpcs", "AWS::EC2::VPC")
	l, _ := testLane(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.run(ctx, step, nil, nil); !errors.Is(err, context.Canceled) || len(l.scan.misses.list()) != 0 {
		t.Errorf("cancelled: %v, unread %v", err, l.scan.misses.list())
	}
	full, _ := testLane(t, nil)
	full.scan.sink = &fullSink{}
	if err := full.run(t.Context(), step, nil, nil); !fault.Is(err, fault.Storage) {
		t.Errorf("a sink that takes nothing: %v", err)
	}
}

type fullSink struct{ tally }

func (*fullSink) Found(...inventory.Observation) error {
	return fault.Newf(fault.Storage, "write: no room")
}

// A name without an address is a service that the region does not have, unless
// names do not work at all.
func TestServicesThatARegionDoesNotHave(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		host     string
		resolves bool
		unread   int
	}{
		{"not offered", "memory-db.eu-west-1.amazonaws.com", true, 0},
		{"no name service", "memory-db.eu-west-1.amazonaws.com", false, 1},
		{"an endpoint of one's own", "proxy.example", true, 1},
	} {
		l, _ := testLane(t, nil)
		l.scan.resolves = func(host string) bool { return c.resolves && host == "ec2.eu-west-1.amazonaws.com" }
		api := &networks{fail: map[string][]error{"": slices.Repeat([]error{fmt.Errorf("send: %w", &net.DNSError{Err: "no such host", Name: c.host, IsNotFound: true})}, 9)}}
		if err := l.run(t.Context(), list(api.DescribeVpcs).items("Vpcs", "AWS::EC2::VPC"), nil, nil); err != nil {
			t.Fatal(err)
		}
		if got := l.scan.misses.list(); len(got) != c.unread || len(api.asked) != 1 {
			t.Errorf("%s: unread %v after %d calls", c.name, got, len(api.asked))
		}
	}
}
