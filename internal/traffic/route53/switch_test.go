package route53

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/traffic"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// account is a Route 53 of its own with one zone.
type account struct {
	client *route53.Client
	zone   string
}

func newAccount(t *testing.T) account {
	t.Helper()
	client := route53.NewFromConfig(testkit.SharedMoto(t).Config(t))
	out, err := client.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: aws.String("shop.example."), CallerReference: aws.String(t.Name())})
	if err != nil {
		t.Fatal(err)
	}
	return account{client, aws.ToString(out.HostedZone.Id)}
}

func (a account) put(t *testing.T, sets ...types.ResourceRecordSet) {
	t.Helper()
	batch := &types.ChangeBatch{}
	for _, s := range sets {
		batch.Changes = append(batch.Changes, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &s})
	}
	if _, err := a.client.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{HostedZoneId: &a.zone, ChangeBatch: batch}); err != nil {
		t.Fatal(err)
	}
}

// all are the record sets of the zone, one line each.
func (a account) all(t *testing.T) []string {
	t.Helper()
	out, err := a.client.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &a.zone})
	if err != nil || out.IsTruncated {
		t.Fatalf("%v, truncated %v", err, out.IsTruncated)
	}
	var lines []string
	for _, set := range out.ResourceRecordSets {
		r := normal(fromSDK(set))
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(text))
	}
	slices.Sort(lines)
	return lines
}

func plainSet(name, kind string, ttl int64, values ...string) types.ResourceRecordSet {
	set := types.ResourceRecordSet{Name: &name, Type: types.RRType(kind), TTL: &ttl}
	for _, v := range values {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: &v})
	}
	return set
}

func aliasSet(name, kind, to string) types.ResourceRecordSet {
	return types.ResourceRecordSet{Name: &name, Type: types.RRType(kind), AliasTarget: &types.AliasTarget{DNSName: &to, HostedZoneId: aws.String("Z35SXDOTRQ7X7K"), EvaluateTargetHealth: true}}
}

func weighted(set types.ResourceRecordSet, id string, weight int64) types.ResourceRecordSet {
	set.SetIdentifier, set.Weight = &id, &weight
	return set
}

func latency(set types.ResourceRecordSet, region string) types.ResourceRecordSet {
	set.SetIdentifier, set.Region = &region, types.ResourceRecordSetRegion(region)
	return set
}

func addressOf(texts ...string) traffic.Endpoint {
	e := traffic.Endpoint{}
	for _, text := range texts {
		e.Addresses = append(e.Addresses, netip.MustParseAddr(text))
	}
	return e
}

// ways in that a name can have, and where the target is.
func entrances() map[string]struct {
	name   string
	sets   []types.ResourceRecordSet
	target traffic.Endpoint
} {
	const www, elb = "www.shop.example.", "dualstack.shop.us-east-1.elb.amazonaws.com."
	type way = struct {
		name   string
		sets   []types.ResourceRecordSet
		target traffic.Endpoint
	}
	sets := func(s ...types.ResourceRecordSet) []types.ResourceRecordSet { return s }
	host := traffic.Endpoint{Host: "shop.azurefd.net"}
	return map[string]way{
		"an address":                     {"www.shop.example", sets(plainSet(www, "A", 300, "192.0.2.1", "192.0.2.2")), addressOf("198.51.100.7")},
		"addresses of both families":     {"www.shop.example", sets(plainSet(www, "A", 300, "192.0.2.1"), plainSet(www, "AAAA", 60, "2001:db8::1")), addressOf("198.51.100.7", "2001:db8:1::7")},
		"a family that the target lacks": {"www.shop.example", sets(aliasSet(www, "A", elb), aliasSet(www, "AAAA", elb), plainSet(www, "TXT", 300, `"v=spf1 -all"`)), addressOf("198.51.100.7")},
		"an alias and a host":            {"www.shop.example", sets(aliasSet(www, "A", elb), aliasSet(www, "AAAA", elb)), host},
		"the top of the zone":            {"shop.example", sets(aliasSet("shop.example.", "A", elb), plainSet("shop.example.", "MX", 300, "10 mail.shop.example.")), addressOf("198.51.100.7")},
		"another's name and a host":      {"www.shop.example", sets(plainSet(www, "CNAME", 3600, "shop.example.net")), host},
		"another's name and an address":  {"www.shop.example", sets(plainSet(www, "CNAME", 3600, "shop.example.net")), addressOf("198.51.100.7", "2001:db8:1::7")},
		"weights of its own":             {"www.shop.example", sets(weighted(plainSet(www, "A", 60, "192.0.2.1"), "blue", 3), weighted(plainSet(www, "A", 60, "192.0.2.2"), "green", 7)), addressOf("198.51.100.7")},
		"latency":                        {"www.shop.example", sets(latency(aliasSet(www, "A", elb), "us-east-1"), latency(aliasSet(www, "A", "eu."+elb), "eu-west-1")), addressOf("198.51.100.7")},
		"a wildcard":                     {"*.shop.example", sets(plainSet("*.shop.example.", "A", 300, "192.0.2.1")), addressOf("198.51.100.7")},
		"weights of another's name":      {"www.shop.example", sets(weighted(plainSet(www, "CNAME", 60, "a.example.net"), "a", 1), weighted(plainSet(www, "CNAME", 60, "b.example.net"), "b", 1)), host},
	}
}

// TestThereAndBack leads each kind of name to the target in stages and back, and
// finds every record of the zone as it was.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	for title, way := range entrances() {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t)
			a.put(t, way.sets...)
			a.put(t, plainSet("other.shop.example.", "A", 300, "192.0.2.9"))
			before := a.all(t)
			s, e := New(a.client), traffic.Entrance{Name: way.name, Zone: "arn:aws:route53:::" + strings.TrimPrefix(a.zone, "/"), Target: way.target}
			if _, err := s.SetTTL(t.Context(), e, 30*time.Second); err != nil {
				t.Fatal(err)
			}
			for _, share := range []int{0, 5, 25, 25, 100, 50, 0} {
				st, err := s.Shift(t.Context(), e, share)
				if err != nil || math.Abs(st.Share-float64(share)) > 1e-9 || !st.Changed {
					t.Fatalf("%d %%: %+v, %v", share, st, err)
				}
				if st.TTL > time.Minute {
					t.Errorf("%d %%: answers are kept for %v", share, st.TTL)
				}
			}
			st, err := s.Restore(t.Context(), e)
			if err != nil || st.Changed || st.Share != 0 {
				t.Fatalf("restored: %+v, %v", st, err)
			}
			if after := a.all(t); !slices.Equal(before, after) {
				t.Errorf("before:\n%s\nafter:\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
			}
			if _, err := s.Restore(t.Context(), e); err != nil || !slices.Equal(before, a.all(t)) {
				t.Errorf("a second time: %v", err)
			}
		})
	}
}

// TestSettle ends with the target alone, and no trace of helpers and journal.
func TestSettle(t *testing.T) {
	t.Parallel()
	for title, way := range entrances() {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t)
			a.put(t, way.sets...)
			s, e := New(a.client), traffic.Entrance{Name: way.name, Zone: a.zone, Target: way.target}
			if _, err := s.Shift(t.Context(), e, 100); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				st, err := s.Settle(t.Context(), e)
				if err != nil || st.Share != 100 || st.Changed {
					t.Fatalf("%+v, %v", st, err)
				}
			}
			for _, line := range a.all(t) {
				if strings.Contains(line, sourceLabel) || strings.Contains(line, journalLabel) || strings.Contains(line, "192.0.2.1") || strings.Contains(line, "elb.amazonaws.com") {
					t.Errorf("left: %s", line)
				}
			}
		})
	}
}

func TestWhatCannotBeLed(t *testing.T) {
	t.Parallel()
	const elb = "shop.us-east-1.elb.amazonaws.com."
	host := traffic.Endpoint{Host: "shop.azurefd.net"}
	for title, c := range map[string]struct {
		name   string
		sets   []types.ResourceRecordSet
		target traffic.Endpoint
		want   fault.Kind
		says   string
	}{
		"the top to a host":    {"shop.example", []types.ResourceRecordSet{aliasSet("shop.example.", "A", elb)}, host, fault.Refused, "the top of its zone"},
		"beside a text":        {"www.shop.example", []types.ResourceRecordSet{aliasSet("www.shop.example.", "A", elb), plainSet("www.shop.example.", "TXT", 60, `"x"`)}, host, fault.Refused, "type TXT"},
		"addresses to a host":  {"www.shop.example", []types.ResourceRecordSet{plainSet("www.shop.example.", "A", 60, "192.0.2.1")}, host, fault.Refused, "are addresses"},
		"no record":            {"www.shop.example", nil, host, fault.NotFound, "no record"},
		"nowhere to go":        {"www.shop.example", []types.ResourceRecordSet{plainSet("www.shop.example.", "A", 60, "192.0.2.1")}, traffic.Endpoint{}, fault.Invalid, "neither a host name nor an address"},
		"an address of nobody": {"www.shop.example", []types.ResourceRecordSet{plainSet("www.shop.example.", "A", 60, "192.0.2.1")}, addressOf("0.0.0.0"), fault.Invalid, "no address of a host"},
		"another zone":         {"www.example.org", nil, host, fault.Invalid, "not in the zone"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := newAccount(t)
			if len(c.sets) > 0 {
				a.put(t, c.sets...)
			}
			before := a.all(t)
			_, err := New(a.client).Shift(t.Context(), traffic.Entrance{Name: c.name, Zone: a.zone, Target: c.target}, 10)
			if !fault.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
			if !slices.Equal(before, a.all(t)) {
				t.Error("it changed something")
			}
		})
	}
	a := newAccount(t)
	if _, err := New(a.client).Shift(t.Context(), traffic.Entrance{Name: "www.shop.example", Zone: a.zone, Target: host}, 101); !fault.Is(err, fault.Invalid) {
		t.Errorf("101 %%: %v", err)
	}
	if _, err := New(a.client).Get(t.Context(), traffic.Entrance{Name: "www.shop.example", Zone: "Z0NONE"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("no such zone: %v", err)
	}
}

// meddler changes a record between the look and the change, and takes, as the
// service does and the emulator does not, a deletion only of what is there.
type meddler struct {
	*route53.Client
	a      account
	meddle func()
}

func (m meddler) ChangeResourceRecordSets(ctx context.Context, in *route53.ChangeResourceRecordSetsInput, o ...func(*route53.Options)) (*route53.ChangeResourceRecordSetsOutput, error) {
	m.meddle()
	out, err := m.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: &m.a.zone})
	if err != nil {
		return nil, err
	}
	var there []record
	for _, set := range out.ResourceRecordSets {
		there = append(there, fromSDK(set))
	}
	for _, c := range in.ChangeBatch.Changes {
		if c.Action == types.ChangeActionDelete && len(without([]record{fromSDK(*c.ResourceRecordSet)}, there)) > 0 {
			return nil, &smithy.GenericAPIError{Code: "InvalidChangeBatch", Message: "the values provided do not match the current values"}
		}
	}
	return m.Client.ChangeResourceRecordSets(ctx, in, o...)
}

// A name that somebody else changed meanwhile is left to them.
func TestSomebodyElse(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.put(t, plainSet("www.shop.example.", "A", 300, "192.0.2.1"))
	other := plainSet("www.shop.example.", "A", 300, "192.0.2.99")
	meddling := false
	s := New(meddler{a.client, a, func() {
		if !meddling {
			return
		}
		if _, err := a.client.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{HostedZoneId: &a.zone, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: types.ChangeActionUpsert, ResourceRecordSet: &other}}}}); err != nil {
			t.Error(err)
		}
	}})
	e := traffic.Entrance{Name: "www.shop.example", Zone: a.zone, Target: addressOf("198.51.100.7")}
	for _, share := range []int{50, 10} {
		if _, err := s.Shift(t.Context(), e, share); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Restore(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	meddling = true
	if _, err := s.Shift(t.Context(), e, 50); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	if lines := strings.Join(a.all(t), "\n"); !strings.Contains(lines, "192.0.2.99") || strings.Contains(lines, "198.51.100.7") {
		t.Error(lines)
	}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	var before []record
	for i := range 40 {
		before = append(before, record{Name: "www.shop.example.", Type: "A", TTL: 60, Values: []string{fmt.Sprintf("192.0.2.%d", i)}, Identifier: fmt.Sprintf("set %d \"é\"", i), Weight: new(int64(i))})
	}
	values, err := write(before)
	if err != nil || len(values) < 2 {
		t.Fatal(len(values), err)
	}
	for _, v := range values {
		if len(v) > 257 {
			t.Errorf("a value of %d characters", len(v))
		}
	}
	slices.Reverse(values)
	got, err := open(values)
	if err != nil || len(got) != 40 || got[39].Identifier != before[39].Identifier || *got[39].Weight != 39 {
		t.Errorf("%d records, %v", len(got), err)
	}
	for _, broken := range [][]string{values[1:], append(slices.Clone(values[1:]), `"landfall before 01/99 x"`), {`"landfall before 01/01 !!"`}, {`"landfall before 01/01 bnVsbA=="`}} {
		if _, err := open(broken); !fault.Is(err, fault.Found) {
			t.Errorf("%d values: %v", len(broken), err)
		}
	}
	if _, err := write(slices.Repeat(before, 10)); !fault.Is(err, fault.Refused) {
		t.Errorf("too many: %v", err)
	}
}
