package aws

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/testgate"
)

// calls counts the operations that go out, and refuses some of them.
type calls struct {
	mu       sync.Mutex
	made     map[string]int
	wrong    map[string]error
	inFlight int
	most     int
}

func (c *calls) in(config sdk.Config) sdk.Config {
	config.APIOptions = append(slices.Clone(config.APIOptions), func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("count", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			name := awsmiddleware.GetOperationName(ctx)
			c.mu.Lock()
			c.made[name]++
			c.inFlight++
			c.most = max(c.most, c.inFlight)
			err := c.wrong[name]
			c.mu.Unlock()
			defer func() { c.mu.Lock(); c.inFlight--; c.mu.Unlock() }()
			if err != nil {
				return middleware.InitializeOutput{}, middleware.Metadata{}, err
			}
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
	})
	return config
}

func counted(config sdk.Config) (sdk.Config, *calls) {
	c := &calls{made: map[string]int{}, wrong: map[string]error{}}
	return c.in(config), c
}

// small asks for pages of five, the smallest that EC2 accepts, so that a
// listing of seven is of two.
func small(config sdk.Config) sdk.Config {
	config.APIOptions = append(slices.Clone(config.APIOptions), func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("small", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			if p, ok := in.Parameters.(*ec2.DescribeInstancesInput); ok {
				p.MaxResults = sdk.Int32(5)
			}
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
	})
	return config
}

// corporal is a scanner of computing and networks without the waits of real
// life.
func corporal(config sdk.Config, o ScanOptions) *Scanner {
	o.Unlimited = true
	s := NewScanner(config, o)
	s.services, s.backoff = coreServices(), time.Millisecond
	return s
}

// shop is a small account behind the sandbox's gate: a network with a load
// balancer, an Auto Scaling group and seven more instances.
func shop(t *testing.T) (address string, config sdk.Config) {
	t.Helper()
	address, moto := testgate.Open(t)
	config = testkit.AWSConfig(t, address)
	config.Credentials = credentials.NewStaticCredentialsProvider(moto.Key, moto.Secret, "")
	furnish(t, config)
	return address, config
}

// furnish makes the network, the load balancer and the instances.
func furnish(t testing.TB, config sdk.Config) {
	t.Helper()
	ctx, api := t.Context(), ec2.NewFromConfig(config)
	vpc := must(api.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: sdk.String("10.1.0.0/16")}))(t).Vpc.VpcId
	var subnets []string
	for n, zone := range []string{"us-east-1a", "us-east-1b"} {
		out := must(api.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: vpc, AvailabilityZone: sdk.String(zone), CidrBlock: sdk.String(fmt.Sprintf("10.1.%d.0/24", n))}))(t)
		subnets = append(subnets, *out.Subnet.SubnetId)
	}
	gateway := must(api.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{}))(t).InternetGateway.InternetGatewayId
	must(api.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: gateway, VpcId: vpc}))(t)
	table := must(api.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: vpc}))(t).RouteTable.RouteTableId
	must(api.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: table, DestinationCidrBlock: sdk.String("0.0.0.0/0"), GatewayId: gateway}))(t)
	must(api.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: table, SubnetId: &subnets[0]}))(t)
	group := must(api.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: sdk.String("web"), Description: sdk.String("web"), VpcId: vpc}))(t).GroupId
	must(api.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: group, IpPermissions: []ec2types.IpPermission{{
		IpProtocol: sdk.String("tcp"), FromPort: sdk.Int32(443), ToPort: sdk.Int32(443),
		IpRanges:         []ec2types.IpRange{{CidrIp: sdk.String("10.0.0.0/8"), Description: sdk.String("inside")}, {CidrIp: sdk.String("192.0.2.0/24")}},
		UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: group}},
	}}}))(t)
	image := must(api.RegisterImage(ctx, &ec2.RegisterImageInput{Name: sdk.String("own"), RootDeviceName: sdk.String("/dev/sda1")}))(t).ImageId
	script := base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\nexport DB_HOST=db.internal DB_PASSWORD=" + shopPassword + "\n"))
	var last []string
	for range 7 { // pages are of reservations
		run := must(api.RunInstances(ctx, &ec2.RunInstancesInput{ImageId: image, MinCount: sdk.Int32(1), MaxCount: sdk.Int32(1), SubnetId: &subnets[0], SecurityGroupIds: []string{*group}, InstanceType: "t3.micro", UserData: &script}))(t)
		last = []string{*run.Instances[0].InstanceId}
	}
	must(api.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: last}))(t)
	template := must(api.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{LaunchTemplateName: sdk.String("web"), LaunchTemplateData: &ec2types.RequestLaunchTemplateData{ImageId: image, InstanceType: "t3.small"}}))(t).LaunchTemplate.LaunchTemplateId
	balancing := elbv2.NewFromConfig(config)
	balancer := must(balancing.CreateLoadBalancer(ctx, &elbv2.CreateLoadBalancerInput{Name: sdk.String("front"), Subnets: subnets, Tags: []elbtypes.Tag{{Key: sdk.String("tier"), Value: sdk.String("front")}}}))(t).LoadBalancers[0].LoadBalancerArn
	var target *string
	for n := range 3 {
		target = must(balancing.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: sdk.String(fmt.Sprint("web-", n)), VpcId: vpc, Port: sdk.Int32(8080), Protocol: "HTTP"}))(t).TargetGroups[0].TargetGroupArn
	}
	must(balancing.CreateListener(ctx, &elbv2.CreateListenerInput{LoadBalancerArn: balancer, Port: sdk.Int32(80), Protocol: "HTTP", DefaultActions: []elbtypes.Action{{Type: "forward", TargetGroupArn: target}}}))(t)
	scaling := autoscaling.NewFromConfig(config)
	must(scaling.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{AutoScalingGroupName: sdk.String("web"), MinSize: sdk.Int32(1), MaxSize: sdk.Int32(2),
		LaunchTemplate: &asgtypes.LaunchTemplateSpecification{LaunchTemplateId: template, Version: sdk.String("$Latest")}, VPCZoneIdentifier: sdk.String(strings.Join(subnets, ",")), TargetGroupARNs: []string{*target}}))(t)
	must(scaling.PutScalingPolicy(ctx, &autoscaling.PutScalingPolicyInput{AutoScalingGroupName: sdk.String("web"), PolicyName: sdk.String("up"), PolicyType: sdk.String("SimpleScaling"),
		AdjustmentType: sdk.String("ChangeInCapacity"), ScalingAdjustment: sdk.Int32(1)}))(t)
}

// shopPassword stands in the instances' user data and must stay there.
const shopPassword = "correct-horse-battery"

func must[O any](out *O, err error) func(testing.TB) *O {
	return func(t testing.TB) *O {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// built is the inventory that a scan's findings make.
func built(t testing.TB, sink *tally) []byte {
	t.Helper()
	b := inventory.NewBuilder()
	for _, o := range sink.found {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range sink.unread {
		b.Unread(u)
	}
	text, err := json.MarshalIndent(b.Build(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func operations(unread []inventory.Unread) []string {
	var all []string
	for _, u := range unread {
		_, name, _ := strings.Cut(u.Operation, ":")
		all = append(all, name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func kindsOf(sink *tally) map[cloud.Kind]int {
	ids := map[cloud.ResourceID]bool{}
	found := map[cloud.Kind]int{}
	for _, o := range sink.found {
		if !ids[o.ID] {
			found[o.Kind]++
		}
		ids[o.ID] = true
	}
	return found
}

func scanned(t testing.TB, s *Scanner) *tally {
	t.Helper()
	sink := &tally{}
	if err := s.Scan(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	return sink
}

func TestScanOfAnAccount(t *testing.T) {
	t.Parallel()
	_, config := shop(t)
	sink := scanned(t, corporal(config, ScanOptions{}))
	found := kindsOf(sink)
	for kind, want := range map[cloud.Kind]int{
		"AWS::EC2::Instance": 8, "AWS::EC2::LaunchTemplate": 1, "AWS::ElasticLoadBalancingV2::LoadBalancer": 1, "AWS::ElasticLoadBalancingV2::Listener": 1,
		"AWS::ElasticLoadBalancingV2::TargetGroup": 3, "AWS::AutoScaling::AutoScalingGroup": 1, "AWS::AutoScaling::ScalingPolicy": 1, "AWS::EC2::Volume": 7,
		"AWS::EC2::SubnetRouteTableAssociation": 1, "AWS::EC2::Image": 1, "AWS::EC2::VPC": 2,
	} {
		if found[kind] != want {
			t.Errorf("%d %s, want %d", found[kind], kind, want)
		}
	}
	text := string(built(t, sink))
	if strings.Contains(text, shopPassword) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(shopPassword))[4:20]) {
		t.Error("the password of the user data stands in the inventory")
	}
	if !strings.Contains(text, `"UserData"`) {
		t.Error("the user data is not there")
	}
	marked := map[inventory.Mark][]string{}
	for _, o := range sink.found {
		for _, m := range o.Marks {
			marked[m] = append(marked[m], string(o.Kind))
		}
	}
	if deleted := marked[inventory.Deleted]; len(deleted) != 1 || deleted[0] != "AWS::EC2::Instance" {
		t.Errorf("deleted: %v, want the terminated instance", deleted)
	}
	for _, kind := range []string{"AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::RouteTable", "AWS::EC2::NetworkAcl", "AWS::EC2::SecurityGroup"} {
		if !slices.Contains(marked[inventory.Default], kind) {
			t.Errorf("no %s is marked as AWS's own: %v", kind, marked[inventory.Default])
		}
	}
	if sink.planned != sink.done || len(sink.scopes) != 1 || !strings.HasSuffix(sink.scopes[0], "/us-east-1") {
		t.Errorf("%d of %d calls, scopes %v", sink.done, sink.planned, sink.scopes)
	}
}

// Small pages, a second run, and another order of everything give the same.
func TestScanIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	_, config := shop(t)
	want := built(t, scanned(t, corporal(config, ScanOptions{})))
	paged, count := counted(small(config))
	if got := built(t, scanned(t, corporal(paged, ScanOptions{Concurrency: 1}))); !bytes.Equal(got, want) {
		t.Errorf("small pages give another inventory: %s", firstDifference(got, want))
	}
	if count.made["DescribeInstances"] != 2 || count.most != 1 {
		t.Errorf("%d pages of instances, %d calls at once", count.made["DescribeInstances"], count.most)
	}
}

func firstDifference(a, b []byte) string {
	left, right := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for n := range min(len(left), len(right)) {
		if !bytes.Equal(left[n], right[n]) {
			return fmt.Sprintf("line %d: %s, was %s", n, left[n], right[n])
		}
	}
	return fmt.Sprintf("%d lines, were %d", len(left), len(right))
}

// setFaults sets the gate's rules: those operations go wrong, always.
func setFaults(t testing.TB, address, kind string, names []string) {
	t.Helper()
	ask := func(method, body string) {
		request, err := http.NewRequestWithContext(t.Context(), method, address+"/_landfall/faults", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("set faults: %v, %v", answer, err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ask(http.MethodDelete, "")
	for _, name := range names {
		ask(http.MethodPost, fmt.Sprintf(`{"operation":%q,"kind":%q,"probability":1}`, name, kind))
	}
}

// replay answers from what the server behind it has answered before, so that
// an account can be scanned a hundred times.
type replay struct {
	mu      sync.Mutex
	answers map[string]kept
	behind  *http.Client
}

type kept struct {
	status int
	header http.Header
	body   []byte
}

func (r *replay) Do(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	key := request.Method + request.URL.String() + request.Header.Get("X-Amz-Target") + string(body)
	r.mu.Lock()
	answer, ok := r.answers[key]
	r.mu.Unlock()
	if !ok {
		live, err := r.behind.Do(request)
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(live.Body)
		if err = errors.Join(err, live.Body.Close()); err != nil {
			return nil, err
		}
		answer = kept{live.StatusCode, live.Header, text}
		r.mu.Lock()
		r.answers[key] = answer
		r.mu.Unlock()
	}
	return &http.Response{StatusCode: answer.status, Header: answer.header.Clone(), Body: io.NopCloser(bytes.NewReader(answer.body)), Request: request}, nil
}

// wrong returns an error as the SDK gives it for the sort of trouble.
func wrong(kind string) (reason string, err error) {
	switch kind {
	case "throttle":
		return "throttled: RequestLimitExceeded", refused("RequestLimitExceeded")
	case "error500":
		return "unavailable: InternalError", &smithy.GenericAPIError{Code: "InternalError", Fault: smithy.FaultServer}
	case "reset":
		return "unavailable: read: connection reset by peer", fmt.Errorf("send: %w", &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET})
	}
	return "denied: UnauthorizedOperation", refused("UnauthorizedOperation")
}

// asked are the operations that a scan makes when nothing is wrong, and those
// that the stand-in does not know.
func asked(count *calls, first *tally) (all, holes []string) {
	for name := range count.made {
		if name != "GetCallerIdentity" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all, operations(first.unread)
}

// Whatever subset of the operations is throttled, fails, is cut off or denied:
// the scan completes, and what is unread is what was asked and went wrong,
// with what the stand-in does not know.
func TestUnreadIsWhatWentWrong(t *testing.T) {
	t.Parallel()
	_, config := shop(t)
	config.HTTPClient = &replay{answers: map[string]kept{}, behind: http.DefaultClient}
	converter := kinds.New()
	scan := func(config sdk.Config) *tally {
		s := corporal(config, ScanOptions{})
		s.converter, s.backoff = converter, time.Microsecond
		return scanned(t, s)
	}
	whole, count := counted(config)
	first := scan(whole)
	all, holes := asked(count, first)
	were := kindsOf(first)
	checks := 0
	rapid.Check(t, func(r *rapid.T) {
		if checks++; checks > 30 { // a scan is a second of processor time
			return
		}
		reason, err := wrong(rapid.SampledFrom([]string{"throttle", "error500", "reset", "denied"}).Draw(r, "kind"))
		faulty, made := counted(config)
		for _, name := range rapid.SliceOf(rapid.SampledFrom(all)).Draw(r, "operations") {
			made.wrong[name] = err
		}
		sink := scan(faulty)
		var want []string
		for name := range made.made {
			if made.wrong[name] != nil || slices.Contains(holes, name) {
				want = append(want, name)
			}
		}
		slices.Sort(want)
		if got := operations(sink.unread); !slices.Equal(got, want) {
			r.Fatalf("unread %v, want %v", got, want)
		}
		for _, u := range sink.unread {
			_, name, _ := strings.Cut(u.Operation, ":")
			if made.wrong[name] != nil && u.Reason != reason || u.Hides == "" || u.Region != "us-east-1" || u.Account == "" {
				r.Fatalf("%+v", u)
			}
		}
		for kind, n := range kindsOf(sink) {
			if n > were[kind] {
				r.Fatalf("%d %s, were %d", n, kind, were[kind])
			}
		}
	})
}

// The same on the wire: the gate answers operations with its faults.
func TestUnreadThroughTheGate(t *testing.T) {
	t.Parallel()
	address, config := shop(t)
	whole, count := counted(config)
	_, holes := asked(count, scanned(t, corporal(whole, ScanOptions{})))
	for kind, bad := range map[string][]string{
		"throttle": {"DescribeVpcs", "DescribeTargetHealth", "DescribeInstanceAttribute"},
		"error500": {"DescribeSecurityGroups", "DescribeListeners"},
		"reset":    {"DescribeVolumes", "DescribePolicies"},
	} {
		setFaults(t, address, kind, bad)
		got := operations(scanned(t, corporal(config, ScanOptions{})).unread)
		want := slices.Compact(slices.Sorted(slices.Values(slices.Concat(holes, bad))))
		if !slices.Equal(got, want) {
			t.Errorf("%s: unread %v, want %v", kind, got, want)
		}
	}
}

// Trouble that passes hides nothing. Each rule ends before one call, however
// unlucky, can have met it at all its tries (triesThrottled, triesOther).
func TestTroubleThatPasses(t *testing.T) {
	t.Parallel()
	address, config := shop(t)
	want := built(t, scanned(t, corporal(config, ScanOptions{})))
	for _, rule := range []string{`{"kind":"throttle","every":3,"maxCount":8}`, `{"kind":"error500","every":4,"maxCount":3}`, `{"kind":"reset","every":5,"maxCount":3}`} {
		setFaults(t, address, "throttle", nil)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/_landfall/faults", strings.NewReader(rule))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if got := built(t, scanned(t, corporal(config, ScanOptions{Concurrency: 4}))); !bytes.Equal(got, want) {
			t.Errorf("%s: %s", rule, firstDifference(got, want))
		}
	}
}

// The scan of the child process that is killed: it reads the address and the
// keys from its folder, and keeps pages there.
func scanInChild(ctx context.Context, c testkit.Child) error {
	text, err := os.ReadFile(filepath.Join(c.Dir, "account"))
	if err != nil {
		return err
	}
	var a keyring
	if err := json.Unmarshal(text, &a); err != nil {
		return err
	}
	return corporal(small(a.config()), ScanOptions{Journal: folder{c.Dir, c.Point}}).Scan(ctx, &tally{})
}

type keyring struct{ Address, Key, Secret string }

func (a keyring) config() sdk.Config {
	config := testkit.AWSConfig(nil, a.Address)
	config.Credentials = credentials.NewStaticCredentialsProvider(a.Key, a.Secret, "")
	return config
}

// folder is a journal with a file for each page.
type folder struct {
	path  string
	point func(string)
}

func (f folder) file(key string) string {
	return filepath.Join(f.path, "page-"+base64.RawURLEncoding.EncodeToString([]byte(key)))
}

func (f folder) Page(key string) ([]byte, bool) {
	b, err := os.ReadFile(f.file(key))
	return b, err == nil
}

func (f folder) Keep(key string, page []byte) error {
	// Two lanes may keep equal pages at one time: each has a name of its own.
	temporary, err := os.CreateTemp(f.path, "*.new")
	if err != nil {
		return err
	}
	_, err = temporary.Write(page)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), f.file(key))
	}
	f.point("kept a page")
	return err
}

// A scan that was killed while it kept its Nth page goes on: the pages that
// were kept are not asked for again, and the inventory is that of a scan that
// nobody killed.
func TestKilledScanGoesOn(t *testing.T) {
	t.Parallel()
	address, config := shop(t)
	whole, all := counted(small(config))
	want := built(t, scanned(t, corporal(whole, ScanOptions{})))
	keys, err := config.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(keyring{address, keys.AccessKeyID, keys.SecretAccessKey})
	if err != nil {
		t.Fatal(err)
	}
	for _, hit := range []int{1, 17, 40} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "account"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		if out := (testkit.Crash{Body: "scan", Dir: dir, At: testkit.Point{Name: "kept a page", Hit: hit}}).Run(t); !out.Killed {
			t.Fatalf("it was not killed: %+v", out)
		}
		kept, err := filepath.Glob(filepath.Join(dir, "page-*"))
		if err != nil {
			t.Fatal(err)
		}
		kept = slices.DeleteFunc(kept, func(name string) bool { return strings.HasSuffix(name, ".new") })
		rest, again := counted(small(config))
		sink := scanned(t, corporal(rest, ScanOptions{Journal: folder{dir, func(string) {}}}))
		if got := built(t, sink); !bytes.Equal(got, want) {
			t.Errorf("killed at page %d: %s", hit, firstDifference(got, want))
		}
		if len(kept) < hit {
			t.Errorf("killed at page %d: %d pages were kept", hit, len(kept))
		}
		onlyTheRest(t, all, again, kept)
	}
}

// onlyTheRest checks that the calls of which a page was kept were not made
// again. Several instances of one image ask for it in the same words, which is
// one page.
func onlyTheRest(t *testing.T, all, again *calls, kept []string) {
	t.Helper()
	pages := map[string]int{}
	for _, name := range kept {
		key, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(filepath.Base(name), "page-"))
		if err != nil {
			t.Fatal(err)
		}
		_, operation, _ := strings.Cut(strings.Split(string(key), "/")[3], ":")
		pages[operation]++
	}
	for operation, made := range all.made {
		if rest := made - pages[operation]; again.made[operation] != rest && (operation != "DescribeImages" || again.made[operation] > rest) {
			t.Errorf("%s: %d calls in all, %d pages kept, and %d calls after", operation, made, pages[operation], again.made[operation])
		}
	}
}

func TestScanThatIsCancelled(t *testing.T) {
	t.Parallel()
	_, config := shop(t)
	ctx, cancel := context.WithCancel(t.Context())
	sink := &tally{}
	s := corporal(config, ScanOptions{Journal: folder{t.TempDir(), func(string) { cancel() }}})
	if err := s.Scan(ctx, sink); !fault.Is(err, fault.Canceled) {
		t.Errorf("%v", err)
	}
	for _, u := range sink.unread {
		if strings.HasPrefix(u.Reason, "canceled") {
			t.Errorf("unread: %+v", u)
		}
	}
}
