package action_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	sandboxdns "example.com/landfall/internal/sandbox/dns"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/traffic"
	driver "example.com/landfall/internal/traffic/route53"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// led is a zone of Route 53 that a name server answers from, and the way in that
// leads users by it.
type led struct {
	client *route53.Client
	zone   string
	target traffic.Endpoint
	names  action.Names
}

func newLed(t *testing.T) led {
	t.Helper()
	client := route53.NewFromConfig(testkit.SharedMoto(t).Config(t))
	out, err := client.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: aws.String("shop.example."), CallerReference: aws.String(t.Name())})
	if err != nil {
		t.Fatal(err)
	}
	l := led{client: client, zone: aws.ToString(out.HostedZone.Id), target: traffic.Endpoint{Addresses: []netip.Addr{netip.MustParseAddr("127.1.2.2")}}}
	l.upsert(t, types.ResourceRecordSet{Name: aws.String("www.shop.example."), Type: types.RRTypeA, TTL: aws.Int64(300), ResourceRecords: []types.ResourceRecord{{Value: aws.String("127.1.2.1")}}})
	// The servers of the zone are known by name only; this one is all of them.
	own := "ns1.shop.example."
	s, err := sandboxdns.New(sandboxdns.Options{Address: "127.0.0.1:0", Zones: sandboxdns.NewRoute53(client), Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	_, port, err := net.SplitHostPort(s.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	finder := nameServer(t, false, "shop.example. 60 IN NS "+own, own+" 60 IN A 127.0.0.1", "www.shop.example. 60 IN A 127.1.2.1")
	l.names = action.Names{Resolvers: []string{finder}, Port: port}
	return l
}

func (l led) upsert(t *testing.T, set types.ResourceRecordSet) {
	t.Helper()
	if _, err := l.client.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{HostedZoneId: &l.zone, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: types.ChangeActionUpsert, ResourceRecordSet: &set}}}}); err != nil {
		t.Fatal(err)
	}
}

// Open is the way that leads to the zone.
func (l led) Open(_ context.Context, w action.Way) (traffic.Switch, traffic.Entrance, error) {
	if w.By == "person" {
		return nil, traffic.Entrance{}, fault.Newf(fault.Unsupported, "a person leads it")
	}
	return driver.New(l.client), traffic.Entrance{Name: w.Route, Zone: l.zone, Target: l.target}, nil
}

func (l led) records(t *testing.T) string {
	t.Helper()
	out, err := l.client.ListResourceRecordSets(t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &l.zone})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, s := range out.ResourceRecordSets {
		if s.Type == types.RRTypeA {
			lines = append(lines, aws.ToString(s.Name)+" "+aws.ToString(s.SetIdentifier)+" "+aws.ToString(s.ResourceRecords[0].Value))
		}
	}
	return strings.Join(lines, "; ")
}

func (l led) shift(share, from int) *action.Call {
	return call(action.KindShift, map[string]any{"route": "www.shop.example", "zone": l.zone, "front": "arn:x", "target": "/y", "by": "dns-weights", "share": share, "from": from})
}

// A name is led in stages, seen by asking the server of its zone, and back to
// the very record that it had.
func TestUsersAreLedAndSeen(t *testing.T) {
	t.Parallel()
	l := newLed(t)
	before := l.records(t)
	ttl := call(action.KindTTL, map[string]any{"route": "www.shop.example", "zone": l.zone, "ttlSeconds": 30, "before": 300})
	lifetime := action.Lifetime{Ways: l, Names: l.names}
	if r := action.Run(t.Context(), lifetime, ttl, false); r.Outcome != runbook.Succeeded {
		t.Fatalf("%s: %s", r.Outcome, r.Detail)
	}
	a := action.Shift{Ways: l, Names: l.names, Every: 50 * time.Millisecond}
	last := 0
	for _, share := range []int{0, 25, 50} {
		r := action.Run(t.Context(), a, l.shift(share, last), false)
		if r.Outcome != runbook.Succeeded || len(r.Evidence) < 2 || r.Evidence[0].Data["as"] != "authoritative" || r.Evidence[0].Data["asked"] != "400" {
			t.Fatalf("%d %%: %s: %s, %+v", share, r.Outcome, r.Detail, r.Evidence)
		}
		last = share
	}
	if seen, text, err := a.Check(t.Context(), l.shift(50, 25)); seen != action.There || err != nil {
		t.Errorf("%v, %s, %v", seen, text, err)
	}
	for _, c := range []*action.Call{l.shift(50, 25), l.shift(25, 0)} {
		if r := action.Run(t.Context(), a, c, true); r.Outcome != runbook.Succeeded {
			t.Fatalf("back: %s: %s", r.Outcome, r.Detail)
		}
	}
	if r := action.Run(t.Context(), lifetime, ttl, true); r.Outcome != runbook.Succeeded {
		t.Fatalf("back: %s: %s", r.Outcome, r.Detail)
	}
	if now := l.records(t); now != before {
		t.Errorf("%s, and not %s", now, before)
	}
}

// A resolver that goes on sending everybody to the source is named, and the
// step does not end well before it lets go.
func TestAResolverThatKeepsTheSource(t *testing.T) {
	t.Parallel()
	l := newLed(t)
	a := action.Shift{Ways: l, Names: l.names, Every: 20 * time.Millisecond, Patience: time.Second}
	r := action.Run(t.Context(), a, l.shift(100, 0), false)
	if r.Outcome == runbook.Succeeded || !strings.Contains(r.Detail, l.names.Resolvers[0]+" gives the target in 0 of 1 answers") {
		t.Errorf("%s: %s", r.Outcome, r.Detail)
	}
}

// Somebody who changes the record behind the driver's back is found.
func TestAShareThatSomebodyChanged(t *testing.T) {
	t.Parallel()
	l := newLed(t)
	a := action.Shift{Ways: l, Names: l.names, Every: 20 * time.Millisecond, Patience: time.Second}
	if err := a.Apply(t.Context(), l.shift(50, 0)); err != nil {
		t.Fatal(err)
	}
	l.upsert(t, types.ResourceRecordSet{Name: aws.String("www.shop.example."), Type: types.RRTypeA, TTL: aws.Int64(300), SetIdentifier: aws.String("landfall: target"), Weight: aws.Int64(1), ResourceRecords: []types.ResourceRecord{{Value: aws.String("127.1.2.2")}}})
	if _, err := a.Verify(t.Context(), l.shift(50, 0)); !fault.Is(err, fault.Found) || !strings.Contains(err.Error(), "not 50 %") {
		t.Errorf("%v", err)
	}
}

func TestWaysThatDoNotOpen(t *testing.T) {
	t.Parallel()
	in := map[string]any{"route": "www.shop.example", "by": "person", "share": 5}
	for kind, a := range map[runbook.StepKind]action.Action{action.KindShift: action.Shift{Ways: led{}}, action.KindTTL: action.Lifetime{Ways: led{}}} {
		if seen, _, err := a.Check(t.Context(), call(kind, in)); seen != action.CannotTell || !fault.Is(err, fault.Unsupported) {
			t.Errorf("%s: %v, %v", kind, seen, err)
		}
		for name, do := range map[string]func(context.Context, *action.Call) error{
			"apply":  a.Apply,
			"verify": func(ctx context.Context, c *action.Call) error { _, err := a.Verify(ctx, c); return err },
			"undo":   func(ctx context.Context, c *action.Call) error { _, err := a.Undo(ctx, c); return err },
		} {
			if err := do(t.Context(), call(kind, in)); !fault.Is(err, fault.Unsupported) {
				t.Errorf("%s %s: %v", name, kind, err)
			}
			if err := do(t.Context(), call(kind, map[string]any{"nobody": "knows it"})); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s %s: %v", name, kind, err)
			}
		}
	}
}
