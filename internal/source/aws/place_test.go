package aws

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/testkit"
)

func keyed(t *testing.T, moto testkit.MotoServer) sdk.Config {
	config := testkit.AWSConfig(t, moto.URL)
	config.Credentials = credentials.NewStaticCredentialsProvider(moto.Key, moto.Secret, "")
	return config
}

// Two accounts, the second by its role, and a third whose role is another
// account's: what is found belongs to its account, what cannot be read is told.
func TestSeveralAccounts(t *testing.T) {
	t.Parallel()
	own, other := testkit.SharedMoto(t), testkit.SharedMoto(t)
	for n, config := range []sdk.Config{keyed(t, own), keyed(t, other)} {
		block := []string{"10.1.0.0/16", "10.2.0.0/16"}[n]
		must(ec2.NewFromConfig(config).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: &block}))(t)
	}
	role := "arn:aws:iam::" + other.Account + ":role/landfall"
	s := corporal(keyed(t, own), ScanOptions{Accounts: []AccountRole{{}, {ID: cloud.Account(other.Account), RoleARN: role}, {ID: "000000000001", RoleARN: role}, {ID: cloud.Account(own.Account)}}})
	s.services = []service{networkService()}
	sink := scanned(t, s)
	blocks := map[cloud.Account]string{}
	for _, o := range sink.found {
		if block, _ := o.Properties["CidrBlock"].(string); o.Kind == "AWS::EC2::VPC" && !slices.Contains(o.Marks, inventory.Default) {
			blocks[o.Account] += block
		}
	}
	if blocks[cloud.Account(own.Account)] != "10.1.0.0/16" || blocks[cloud.Account(other.Account)] != "10.2.0.0/16" {
		t.Errorf("found %v", blocks)
	}
	var told []string
	for _, u := range sink.unread {
		if u.Operation == "sts:AssumeRole" {
			told = append(told, string(u.Account)+" "+u.Hides)
		}
	}
	if strings.Join(told, " ") != "000000000001 everything in the account" {
		t.Errorf("unread %v", sink.unread)
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	moto := testkit.SharedMoto(t)
	config := keyed(t, moto)
	must(ec2.NewFromConfig(config, func(o *ec2.Options) { o.Region = "eu-west-1" }).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: sdk.String("10.3.0.0/16")}))(t)
	s := corporal(config, ScanOptions{Regions: []cloud.Region{"eu-west-1", "us-east-1", "eu-west-1", "eu-nowhere-1"}})
	s.services = []service{networkService()}
	sink := scanned(t, s)
	var regions []string
	for _, o := range sink.found {
		if block, _ := o.Properties["CidrBlock"].(string); block == "10.3.0.0/16" {
			regions = append(regions, string(o.Region))
		}
	}
	if strings.Join(regions, " ") != "eu-west-1" || len(sink.scopes) != 2 {
		t.Errorf("the VPC is in %v; scopes %v", regions, sink.scopes)
	}
	found := false
	for _, u := range sink.unread {
		found = found || u.Region == "eu-nowhere-1" && u.Hides == "everything in the region" && strings.HasPrefix(u.Reason, "not-found")
	}
	if !found {
		t.Errorf("unread %+v", sink.unread)
	}
	all := corporal(config, ScanOptions{Regions: []cloud.Region{"all"}})
	all.services = nil
	if got := scanned(t, all).scopes; len(got) < 15 || !slices.IsSorted(got) {
		t.Errorf("all regions are %v", got)
	}
}

// A region that is not switched on is told apart from one that AWS does not
// have.
func TestRegionThatIsNotSwitchedOn(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"GetCallerIdentity": `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/reader/me</Arn><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
		"DescribeRegions": `<DescribeRegionsResponse><regionInfo><item><regionName>us-east-1</regionName><optInStatus>opt-in-not-required</optInStatus></item>
			<item><regionName>me-south-1</regionName><optInStatus>not-opted-in</optInStatus></item></regionInfo></DescribeRegionsResponse>`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, answers[r.FormValue("Action")])
	}))
	t.Cleanup(server.Close)
	s := corporal(testkit.AWSConfig(t, server.URL), ScanOptions{Regions: []cloud.Region{"me-south-1", "us-east-1"}})
	s.services = nil
	sink := scanned(t, s)
	if len(sink.unread) != 1 || sink.unread[0].Region != "me-south-1" || sink.unread[0].Reason != "denied: the region is not switched on for the account" || len(sink.scopes) != 1 {
		t.Errorf("unread %+v, scopes %v", sink.unread, sink.scopes)
	}
}

func TestNoAccountAtAll(t *testing.T) {
	t.Parallel()
	s := corporal(quick(refusing(t, http.StatusForbidden, "InvalidClientTokenId")), ScanOptions{})
	if err := s.Scan(t.Context(), &tally{}); !fault.Is(err, fault.Denied) || fault.HintOf(err) == "" {
		t.Errorf("%v, hint %q", err, fault.HintOf(err))
	}
}

func TestIdentityOfTheOperator(t *testing.T) {
	t.Parallel()
	for caller, want := range map[string]string{
		"arn:aws:iam::123456789012:user/ops":                     "arn:aws:iam::123456789012:user/ops",
		"arn:aws:sts::123456789012:assumed-role/reader/session":  "arn:aws:iam::123456789012:role/reader",
		"arn:aws-cn:sts::123456789012:assumed-role/reader/a:b/c": "arn:aws-cn:iam::123456789012:role/reader",
		"odd": "odd",
	} {
		if got := identityARN(caller); got != want {
			t.Errorf("%s: %s, want %s", caller, got, want)
		}
	}
	run := &scan{operators: []string{"arn:aws:iam::123456789012:role/reader"}}
	for _, c := range []struct {
		r    inventory.Resource
		want int
	}{
		{inventory.Resource{ID: "arn:aws:iam::123456789012:role/reader", Kind: "AWS::IAM::Role"}, 1},
		// An IAM Identity Center role has a path, which its sessions do not tell.
		{inventory.Resource{ID: "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/reader", Kind: "AWS::IAM::Role"}, 1},
		{inventory.Resource{ID: "arn:aws:iam::123456789012:role/other/reader2", Kind: "AWS::IAM::Role"}, 0},
		{inventory.Resource{ID: "arn:aws:iam::210987654321:role/reader", Kind: "AWS::IAM::Role"}, 0},
		{inventory.Resource{ID: "arn:aws:iam::123456789012:role/a|policy/reader", Kind: "AWS::IAM::RolePolicy"}, 0},
		{inventory.Resource{ID: "x", Tags: cloud.Tags{"landfall:role": "operator"}, Marks: []inventory.Mark{inventory.Operator}}, 1},
		{inventory.Resource{ID: "y", Tags: cloud.Tags{"landfall:role": "operator"}}, 1},
		{inventory.Resource{ID: "z", Tags: cloud.Tags{"landfall:role": "shop"}}, 0},
	} {
		run.mark(&c.r)
		if len(c.r.Marks) != c.want {
			t.Errorf("%s: %v", c.r.ID, c.r.Marks)
		}
	}
	for partition, want := range map[string]string{"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"} {
		if got := globalRegion(partition); got != want {
			t.Errorf("%s: %s", partition, got)
		}
	}
}

// The scan's own share of the rate holds on the wire: no more calls than the
// bucket of the share lets through begin before the first answer is late.
func TestConcurrencyOfAScan(t *testing.T) {
	t.Parallel()
	moto := testkit.SharedMoto(t)
	config, count := counted(keyed(t, moto))
	s := corporal(config, ScanOptions{Concurrency: 3})
	scanned(t, s)
	if count.most > 3 || count.most < 2 {
		t.Errorf("%d calls at once, want 3", count.most)
	}
	run := &scan{options: NewScanner(config, ScanOptions{Share: 0.25}).options, paces: map[string]*pace{}}
	p := run.paceOf(somewhere(), service{name: "ec2"})
	if p.limit.perSecond != 5 || p.limit.burst != 25 || run.paceOf(somewhere(), service{name: "x", rate: "ec2"}) != p {
		t.Errorf("a quarter of EC2's rate is %+v", p.limit)
	}
}

// recorder keeps what was asked, so that it can be asked again without us.
type recorder struct {
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

func (r *recorder) Do(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
		request.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	r.mu.Lock()
	r.requests, r.bodies = append(r.requests, request), append(r.bodies, string(body))
	r.mu.Unlock()
	return http.DefaultClient.Do(request)
}

// again makes all calls, so many at once.
func (r *recorder) again(at int) error {
	work := make(chan int)
	failed := make(chan error, at)
	for range at {
		go func() {
			var last error
			for n := range work {
				request := r.requests[n].Clone(context.WithoutCancel(r.requests[n].Context()))
				request.Body = io.NopCloser(strings.NewReader(r.bodies[n]))
				answer, err := http.DefaultClient.Do(request)
				if err == nil {
					_, err = io.Copy(io.Discard, answer.Body)
					err = errors.Join(err, answer.Body.Close())
				}
				last = errors.Join(last, err)
			}
			failed <- last
		}()
	}
	for n := range r.requests {
		work <- n
	}
	close(work)
	var all error
	for range at {
		all = errors.Join(all, <-failed)
	}
	return all
}

// The scan of an account against the bare calls that it makes, on the same
// server: what it takes longer is ours.
func BenchmarkScan(b *testing.B) {
	config := testkit.Moto(b).Config(b)
	furnish(b, config)
	record := &recorder{}
	config.HTTPClient = record
	scanned(b, corporal(config, ScanOptions{}))
	config.HTTPClient = http.DefaultClient
	b.Run("bare calls", func(b *testing.B) {
		for b.Loop() {
			if err := record.again(16); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(record.requests)), "calls/op")
	})
	b.Run("scan", func(b *testing.B) {
		s := corporal(config, ScanOptions{})
		for b.Loop() {
			scanned(b, s)
		}
	})
}

func somewhere() kinds.Place { return kinds.Place{Account: "123456789012", Region: "us-east-1"} }
