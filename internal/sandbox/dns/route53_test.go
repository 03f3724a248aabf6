package dns

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	mdns "github.com/miekg/dns"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// account is a Route 53 of its own with one zone.
type account struct {
	client *route53.Client
	zone   *string
}

func newAccount(t *testing.T, zone string) account {
	t.Helper()
	client := route53.NewFromConfig(testkit.SharedMoto(t).Config(t))
	out, err := client.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: &zone, CallerReference: aws.String(t.Name() + zone)})
	if err != nil {
		t.Fatal(err)
	}
	return account{client, out.HostedZone.Id}
}

func (a account) upsert(t *testing.T, sets ...types.ResourceRecordSet) {
	t.Helper()
	batch := &types.ChangeBatch{}
	for _, s := range sets {
		batch.Changes = append(batch.Changes, types.Change{Action: types.ChangeActionUpsert, ResourceRecordSet: &s})
	}
	if _, err := a.client.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{HostedZoneId: a.zone, ChangeBatch: batch}); err != nil {
		t.Fatal(err)
	}
}

func weight(id string, w int64, value string) types.ResourceRecordSet {
	return types.ResourceRecordSet{
		Name: aws.String("www.bookshop.example."), Type: types.RRTypeA, TTL: aws.Int64(5), SetIdentifier: &id, Weight: &w,
		ResourceRecords: []types.ResourceRecord{{Value: &value}},
	}
}

// A shift of weights in a real moto is seen by a client that asks, within the
// second that a reading may be old.
func TestShiftIsObserved(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "bookshop.example.")
	a.upsert(t, weight("aws", 100, "127.0.0.1"), weight("azure", 0, "127.0.0.2"))
	s := listening(t, Options{Zones: NewRoute53(a.client), Seed: 11})
	settle(t, s, "bookshop.example.")
	const n = 400
	for _, c := range []struct{ aws, azure int64 }{{100, 0}, {90, 10}, {50, 50}, {0, 100}, {0, 0}} {
		a.upsert(t, weight("aws", c.aws, "127.0.0.1"), weight("azure", c.azure, "127.0.0.2"))
		share := .5
		if sum := c.aws + c.azure; sum > 0 {
			share = float64(c.azure) / float64(sum)
		}
		testkit.Eventually(t, time.Minute, func() error {
			got := observe(t, s, n)
			if got["127.0.0.1"]+got["127.0.0.2"] != n {
				t.Fatalf("answers: %v", got)
			}
			if !within(got["127.0.0.2"], n, share) {
				return fault.Newf(fault.Found, "weights %v: %v of %d", c, got, n)
			}
			return nil
		})
	}
}

// settle waits until the server has read the zones once, which a busy machine
// may not do within the time of one question.
func settle(t *testing.T, s *Server, zone string) {
	t.Helper()
	testkit.Eventually(t, time.Minute, func() error {
		if m := ask(t, s, "tcp", question(zone, "SOA")); m.Rcode != mdns.RcodeSuccess {
			return fault.Newf(fault.Unavailable, "%s", show(m))
		}
		return nil
	})
}

// observe asks by UDP, like any client, and counts the addresses.
func observe(t *testing.T, s *Server, n int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for range n {
		m := ask(t, s, "udp", question("www.bookshop.example.", "A"))
		if len(m.Answer) != 1 || m.Answer[0].Header().Ttl != 5 {
			t.Fatal(show(m))
		}
		got[m.Answer[0].(*mdns.A).A.String()]++
	}
	return got
}

// What Route 53 keeps in forms of its own comes out as DNS has it.
func TestRecordsOfMoto(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "forms.example.")
	value := func(v string) []types.ResourceRecord { return []types.ResourceRecord{{Value: &v}} }
	a.upsert(t,
		types.ResourceRecordSet{Name: aws.String("*.forms.example."), Type: types.RRTypeA, TTL: aws.Int64(7), ResourceRecords: value("127.0.0.3")},
		types.ResourceRecordSet{Name: aws.String("forms.example."), Type: types.RRTypeTxt, TTL: aws.Int64(7), ResourceRecords: value(`"with \"quotes\""`)},
		types.ResourceRecordSet{Name: aws.String("lb.forms.example."), Type: types.RRTypeA, AliasTarget: &types.AliasTarget{
			DNSName: aws.String("front-1.us-east-1.elb.amazonaws.com."), HostedZoneId: aws.String("Z35SXDOTRQ7X7K"), EvaluateTargetHealth: true,
		}},
	)
	s := listening(t, Options{Zones: NewRoute53(a.client), Hosts: shopHosts(t)})
	settle(t, s, "forms.example.")
	for _, c := range []struct{ name, rrtype, want string }{
		{"any.forms.example.", "A", "NOERROR | aa | any.forms.example. 7 A 127.0.0.3"},
		{"forms.example.", "TXT", `NOERROR | aa | forms.example. 7 TXT "with \"quotes\""`},
		{"lb.forms.example.", "A", "NOERROR | aa | lb.forms.example. 60 A 127.1.0.1"},
	} {
		if got := show(ask(t, s, "udp", question(c.name, c.rrtype))); got != c.want {
			t.Errorf("got %s\nwant %s", got, c.want)
		}
	}
	m := ask(t, s, "udp", question("forms.example.", "SOA"))
	if len(m.Answer) != 1 || m.Answer[0].Header().Rrtype != mdns.TypeSOA {
		t.Errorf("SOA: %s", show(m))
	}
}

// More records than fit on one page of the API.
func TestPagesAreRead(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "pages.example.")
	const n = 350
	var sets []types.ResourceRecordSet
	for i := range n {
		name := "h" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + ".pages.example."
		sets = append(sets, types.ResourceRecordSet{Name: &name, Type: types.RRTypeA, TTL: aws.Int64(5), ResourceRecords: []types.ResourceRecord{{Value: aws.String("127.0.0.1")}}})
	}
	a.upsert(t, sets...)
	zones, err := NewRoute53(a.client).Zones(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(zones) != 1 || len(zones[0].Sets) != n+2 { // its NS and SOA records
		t.Errorf("%d zones, %d record sets", len(zones), len(zones[0].Sets))
	}
}

func TestPolicyOf(t *testing.T) {
	t.Parallel()
	for want, s := range map[Policy]types.ResourceRecordSet{
		Simple:      {},
		Weighted:    {Weight: aws.Int64(0)},
		Failover:    {Failover: types.ResourceRecordSetFailoverSecondary},
		Latency:     {Region: types.ResourceRecordSetRegionEuWest1},
		Geolocation: {GeoLocation: &types.GeoLocation{CountryCode: aws.String("*")}},
		MultiValue:  {MultiValueAnswer: aws.Bool(true)},
		Unsupported: {CidrRoutingConfig: &types.CidrRoutingConfig{}},
	} {
		if got := policyOf(s); got != want {
			t.Errorf("%s: taken for %s", want, got)
		}
	}
}
