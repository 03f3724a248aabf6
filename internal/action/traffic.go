package action

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/traffic"
)

// The kinds that lead users: to a side by shares, and for how long resolvers may
// keep where a name leads.
const (
	KindShift runbook.StepKind = "traffic.dns"
	KindTTL   runbook.StepKind = "traffic.ttl"
)

// Way is a name of users as a runbook has it.
type Way struct {
	// Route is the name, Zone the zone or profile that keeps it, Front and Target
	// the resources that take its requests, By what leads it ("dns-switch", ...).
	Route, Zone, Front, Target, By string
}

// Ways finds what leads a name.
type Ways interface {
	// Open returns the driver of a way, and the entrance with the endpoint at which
	// the target answers.
	Open(ctx context.Context, w Way) (traffic.Switch, traffic.Entrance, error)
}

type trafficInputs struct {
	Route  string `json:"route"`
	Zone   string `json:"zone"`
	Front  string `json:"front"`
	Target string `json:"target"`
	By     string `json:"by"`
	// Share is that of the target in percent, From the one before it.
	Share int `json:"share"`
	From  int `json:"from"`
	// TTLSeconds is how long answers may be kept, Before what it was.
	TTLSeconds int64 `json:"ttlSeconds"`
	Before     int64 `json:"before"`
}

func (in trafficInputs) way() Way { return Way{in.Route, in.Zone, in.Front, in.Target, in.By} }

// Shift leads a share of the users of a name to the target, and shows by asking
// name servers that it does.
type Shift struct {
	Ways  Ways
	Names Names
	// Patience is how long resolvers may go on giving old answers after the time
	// for which they were allowed to, 0 for a quarter of an hour.
	Patience time.Duration
	// Every is how often they are asked meanwhile, 0 for every five seconds.
	Every time.Duration
}

var (
	_ Action = Shift{}
	_ Action = Lifetime{}
)

// Check reads what leads the name.
func (a Shift) Check(ctx context.Context, c *Call) (Seen, string, error) {
	var in trafficInputs
	if err := inputs(c, &in); err != nil {
		return CannotTell, "", err
	}
	sw, e, err := a.Ways.Open(ctx, in.way())
	if err != nil {
		return CannotTell, "", err
	}
	st, err := sw.Get(ctx, e)
	if err != nil {
		return CannotTell, "", err
	}
	text := fmt.Sprintf("%s leads %.4g %% of its users to the target (%s)", in.Route, st.Share, st.Text)
	if near(st.Share, in.Share) && (st.Changed || in.Share == 100) {
		return There, text, nil
	}
	return NotThere, text, nil
}

// Apply shifts.
func (a Shift) Apply(ctx context.Context, c *Call) error {
	_, _, err := a.lead(ctx, c, func(in trafficInputs) int { return in.Share })
	return err
}

// Undo gives the target the share that it had before.
func (a Shift) Undo(ctx context.Context, c *Call) ([]Evidence, error) {
	in, e, err := a.lead(ctx, c, func(in trafficInputs) int { return in.From })
	if err != nil {
		return nil, err
	}
	return a.seen(ctx, c, in, e, in.From)
}

// Verify asks until name servers answer so.
func (a Shift) Verify(ctx context.Context, c *Call) ([]Evidence, error) {
	var in trafficInputs
	if err := inputs(c, &in); err != nil {
		return nil, err
	}
	sw, e, err := a.Ways.Open(ctx, in.way())
	if err != nil {
		return nil, err
	}
	st, err := sw.Get(ctx, e)
	if err != nil {
		return nil, err
	}
	if !near(st.Share, in.Share) {
		return nil, fault.Newf(fault.Found, "lead %q: %.4g %% of its users are led to the target, and not %d %%", in.Route, st.Share, in.Share).Hintf("somebody changed it: %s", st.Text)
	}
	return a.seen(ctx, c, in, e, in.Share)
}

func (a Shift) lead(ctx context.Context, c *Call, share func(trafficInputs) int) (trafficInputs, traffic.Entrance, error) {
	var in trafficInputs
	if err := inputs(c, &in); err != nil {
		return in, traffic.Entrance{}, err
	}
	sw, e, err := a.Ways.Open(ctx, in.way())
	if err != nil {
		return in, e, err
	}
	_, err = sw.Shift(ctx, e, share(in))
	return in, e, err
}

// near allows for weights that are whole numbers.
func near(share float64, wanted int) bool { return math.Abs(share-float64(wanted)) <= 0.5 }

// seen asks the servers that are authoritative for the name, and the resolvers
// of users, where it leads, until what they answer fits the share. An
// authoritative server is asked many times, as it chooses for each answer; a
// resolver keeps one answer for its time, so that it is asked for what it says
// now, and only none and all can be wrong there.
func (a Shift) seen(ctx context.Context, c *Call, in trafficInputs, e traffic.Entrance, share int) ([]Evidence, error) {
	servers, err := a.Names.authoritative(ctx, nameInputs{Route: in.Route})
	if err != nil {
		return nil, err
	}
	over := time.After(cmp.Or(a.Patience, 15*time.Minute))
	var out []Evidence
	var wrong []string
	for {
		out, wrong = a.ask(ctx, in.Route, e.Target, servers, share)
		c.beat(Progress{Text: strings.Join(wrong, "; "), Done: int64(len(out) - len(wrong)), Of: int64(len(out))})
		if len(wrong) == 0 {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return out, fault.Wrap(ctx.Err(), "lead", in.Route)
		case <-over:
			return out, fault.Newf(fault.Found, "lead %q: %s", in.Route, strings.Join(wrong, "; ")).Hintf("resolvers that keep answers longer than they may are seen at the front of the other side")
		case <-time.After(cmp.Or(a.Every, 5*time.Second)):
		}
	}
}

// sample is how often an authoritative server is asked.
const sample = 400

func (a Shift) ask(ctx context.Context, name string, target traffic.Endpoint, servers []string, share int) (out []Evidence, wrong []string) {
	resolvers := slices.Clone(a.Names.Resolvers)
	slices.Sort(resolvers)
	for i, server := range append(slices.Clone(servers), slices.Compact(resolvers)...) {
		n, kind := sample, "authoritative"
		if i >= len(servers) {
			n, kind = 1, "resolver"
		}
		s, err := observe(ctx, server, name, target, n, kind == "authoritative")
		e := Evidence{Kind: "dns-share", Text: fmt.Sprintf("%s at %s: %d of %d answers lead to the target", name, server, s.target, s.asked),
			Data: map[string]string{"server": server, "as": kind, "name": name, "asked": number(s.asked), "target": number(s.target), "wanted": number(share)}}
		out = append(out, e)
		switch {
		case err != nil:
			wrong = append(wrong, server+": "+err.Error())
		case !s.fits(share):
			wrong = append(wrong, fmt.Sprintf("%s gives the target in %d of %d answers, and not in %d %%", server, s.target, s.asked, share))
		}
	}
	return out, wrong
}

// observed is what a server answered.
type observed struct{ asked, target int }

// fits says whether the answers can come of the share: within four deviations
// of a binomial count, none at 0 and all at 100.
func (o observed) fits(share int) bool {
	p := float64(share) / 100
	if share == 0 || share == 100 || o.asked == 1 {
		return o.asked == 1 && share != 0 && share != 100 || float64(o.target) == p*float64(o.asked)
	}
	mean, deviation := p*float64(o.asked), math.Sqrt(p*(1-p)*float64(o.asked))
	return math.Abs(float64(o.target)-mean) <= 4*deviation+1
}

func observe(ctx context.Context, server, name string, target traffic.Endpoint, n int, authority bool) (observed, error) {
	var o observed
	for range n {
		answer, err := exchange(ctx, server, name, dns.TypeA, !authority)
		if err != nil {
			return o, err
		}
		if answer.Rcode != dns.RcodeSuccess {
			return o, fault.Newf(fault.Found, "it answers %s", dns.RcodeToString[answer.Rcode])
		}
		values, _ := read(answer)
		if len(values) == 0 {
			return o, fault.Newf(fault.Found, "it has no such record")
		}
		o.asked++
		if leadsTo(values, target) {
			o.target++
		}
	}
	return o, nil
}

// leadsTo reports whether one of the values of an answer is the target.
func leadsTo(values []string, target traffic.Endpoint) bool {
	return slices.ContainsFunc(values, func(v string) bool {
		if target.Host != "" && v == plain(target.Host) {
			return true
		}
		for _, a := range target.Addresses {
			if v == a.Unmap().String() {
				return true
			}
		}
		return false
	})
}

// Lifetime says for how long resolvers may keep where a name leads. That they
// let go of it shows a later step.
type Lifetime struct {
	Ways  Ways
	Names Names
}

// Check reads it.
func (a Lifetime) Check(ctx context.Context, c *Call) (Seen, string, error) {
	in, st, err := a.get(ctx, c)
	if err != nil {
		return CannotTell, "", err
	}
	text := fmt.Sprintf("answers for %s may be kept for %v", in.Route, st.TTL)
	// An alias has none of its own and is kept for a minute at most.
	if st.TTL == time.Duration(in.TTLSeconds)*time.Second || st.TTL == 0 {
		return There, text, nil
	}
	return NotThere, text, nil
}

func (a Lifetime) get(ctx context.Context, c *Call) (trafficInputs, traffic.State, error) {
	var in trafficInputs
	if err := inputs(c, &in); err != nil {
		return in, traffic.State{}, err
	}
	sw, e, err := a.Ways.Open(ctx, in.way())
	if err != nil {
		return in, traffic.State{}, err
	}
	st, err := sw.Get(ctx, e)
	return in, st, err
}

// Apply sets it.
func (a Lifetime) Apply(ctx context.Context, c *Call) error {
	var in trafficInputs
	if err := inputs(c, &in); err != nil {
		return err
	}
	sw, e, err := a.Ways.Open(ctx, in.way())
	if err != nil {
		return err
	}
	_, err = sw.SetTTL(ctx, e, time.Duration(in.TTLSeconds)*time.Second)
	return err
}

// Verify reads it from the driver and asks the authoritative servers.
func (a Lifetime) Verify(ctx context.Context, c *Call) ([]Evidence, error) {
	in, st, err := a.get(ctx, c)
	if err != nil {
		return nil, err
	}
	if st.TTL > time.Duration(in.TTLSeconds)*time.Second {
		return nil, fault.Newf(fault.Found, "keep answers for %q: for %v, and not for %d s", in.Route, st.TTL, in.TTLSeconds)
	}
	servers, err := a.Names.authoritative(ctx, nameInputs{Route: in.Route})
	if err != nil {
		return nil, err
	}
	var out []Evidence
	var wrong []string
	for _, server := range servers {
		e, err := ask(ctx, nameInputs{Route: in.Route, TTLSeconds: max(in.TTLSeconds, traffic.ShortTTL)}, dns.TypeA, server, true)
		out = append(out, e)
		if err != nil {
			wrong = append(wrong, server+": "+err.Error())
		}
	}
	if len(wrong) > 0 {
		return out, fault.Newf(fault.Found, "keep answers for %q: %s", in.Route, strings.Join(wrong, "; "))
	}
	return out, nil
}

// Undo gives the time to live back that was there: the first step that changes a
// name lowers it, so that going back over it leads the name as it was in all.
func (a Lifetime) Undo(ctx context.Context, c *Call) ([]Evidence, error) {
	var in trafficInputs
	if err := inputs(c, &in); err != nil {
		return nil, err
	}
	sw, e, err := a.Ways.Open(ctx, in.way())
	if err != nil {
		return nil, err
	}
	st, err := sw.Get(ctx, e)
	if err == nil && st.Share == 0 {
		st, err = sw.Restore(ctx, e)
	} else if err == nil && in.Before > 0 {
		st, err = sw.SetTTL(ctx, e, time.Duration(in.Before)*time.Second)
	}
	if err != nil {
		return nil, err
	}
	return []Evidence{{Kind: "dns", Text: fmt.Sprintf("%s: answers may be kept for %v again (%s)", in.Route, st.TTL, st.Text), Data: map[string]string{"name": in.Route, "ttl": number(int(st.TTL / time.Second))}}}, nil
}
