package trafficmanager

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic"
)

const (
	version = "2022-04-01"
	tag     = "landfall-before"
	// tagLength is the most that a tag's value holds (Microsoft Learn, "Use tags to
	// organize your Azure resources").
	tagLength = 256
	// full is the sum of the weights that are given: each is 1 to 1000 (Traffic
	// Manager REST API, "Profiles - Create Or Update").
	full = 1000
)

// Manager reads and writes resources of Resource Manager by their ids.
type Manager interface {
	Read(ctx context.Context, id, version string, into any) error
	Write(ctx context.Context, id, version string, body, into any) error
}

// Switch leads the names of profiles. It is safe for concurrent use.
type Switch struct{ manager Manager }

var _ traffic.Switch = Switch{}

// New returns a switch over a manager.
func New(m Manager) Switch { return Switch{m} }

// profile is a Traffic Manager profile, with what this package does not know
// kept as it is.
type profile struct {
	all       map[string]any
	endpoints []endpoint
}

type endpoint struct {
	body   map[string]any
	name   string
	target string // host name or address, lower case
	ours   bool   // of the target side
}

// standing is how an endpoint stood before: its weight, 0 for none said, and
// whether it took requests.
type standing struct {
	Weight int  `json:"w,omitempty"`
	Off    bool `json:"off,omitempty"`
}

// before is what the tag holds.
type before struct {
	TTL       int                 `json:"ttl,omitempty"`
	Endpoints map[string]standing `json:"e"`
}

// Get says how a name is led.
func (s Switch) Get(ctx context.Context, e traffic.Entrance) (traffic.State, error) {
	p, err := s.read(ctx, e)
	if err != nil {
		return traffic.State{}, err
	}
	return p.state(), nil
}

// Shift gives the target a share. A side without a share is switched off: a
// weight cannot be 0.
func (s Switch) Shift(ctx context.Context, e traffic.Entrance, share int) (traffic.State, error) {
	if share < 0 || share > 100 {
		return traffic.State{}, fault.Newf(fault.Invalid, "lead %q: a share of %d %% cannot be", e.Name, share)
	}
	return s.lead(ctx, e, func(p *profile, was before) error {
		return cmp.Or(p.weigh(false, full*(100-share)/100, was), p.weigh(true, full*share/100, was))
	})
}

// SetTTL says how long answers may be kept; the service takes 0 seconds to 68
// years.
func (s Switch) SetTTL(ctx context.Context, e traffic.Entrance, ttl time.Duration) (traffic.State, error) {
	seconds := int(ttl / time.Second)
	if seconds < 1 || ttl > 7*24*time.Hour {
		return traffic.State{}, fault.Newf(fault.Invalid, "keep answers for %q %v: from a second to a week can be said", e.Name, ttl)
	}
	return s.lead(ctx, e, func(p *profile, _ before) error {
		p.dns()["ttl"] = seconds
		return nil
	})
}

// Restore leads the name as it was before the first change.
func (s Switch) Restore(ctx context.Context, e traffic.Entrance) (traffic.State, error) {
	p, err := s.read(ctx, e)
	if err != nil || p.tags()[tag] == nil {
		return p.state(), err
	}
	was, err := p.before()
	if err != nil {
		return traffic.State{}, err
	}
	for _, n := range p.endpoints {
		if then, known := was.Endpoints[n.name]; known {
			n.stand(then)
		}
	}
	if was.TTL > 0 {
		p.dns()["ttl"] = was.TTL
	}
	delete(p.tags(), tag)
	return s.write(ctx, e, p)
}

// Settle leads the name to the target alone; the source's endpoints stay, and
// are off.
func (s Switch) Settle(ctx context.Context, e traffic.Entrance) (traffic.State, error) {
	if _, err := s.Shift(ctx, e, 100); err != nil {
		return traffic.State{}, err
	}
	p, err := s.read(ctx, e)
	if err != nil || p.tags()[tag] == nil {
		return p.state(), err
	}
	delete(p.tags(), tag)
	return s.write(ctx, e, p)
}

func (s Switch) read(ctx context.Context, e traffic.Entrance) (profile, error) {
	if err := e.Target.Valid(); err != nil {
		return profile{}, err
	}
	p := profile{all: map[string]any{}}
	if err := s.manager.Read(ctx, e.Zone, version, &p.all); err != nil {
		return profile{}, err
	}
	p.tags() // made here, so that looking later adds nothing
	p.dns()
	if method := p.text("trafficRoutingMethod"); !strings.EqualFold(method, "Weighted") {
		return profile{}, fault.Newf(fault.Unsupported, "lead %q: its profile chooses by %q, and not by weight", e.Name, method).
			Hintf("put a profile with the method Weighted above it, and this one under it as a nested endpoint of the source")
	}
	list, _ := p.properties()["endpoints"].([]any)
	for _, item := range list {
		body, ok := item.(map[string]any)
		if !ok {
			continue
		}
		n := endpoint{body: body}
		n.name, _ = body["name"].(string)
		target, _ := n.properties()["target"].(string)
		n.target = strings.ToLower(strings.TrimSuffix(target, "."))
		n.ours = leadsTo(n.target, e.Target)
		p.endpoints = append(p.endpoints, n)
	}
	for _, ours := range []bool{true, false} {
		if !slices.ContainsFunc(p.endpoints, func(n endpoint) bool { return n.ours == ours }) {
			side := map[bool]string{true: "target", false: "source"}[ours]
			return profile{}, fault.Newf(fault.NotFound, "lead %q: its profile has no endpoint of the %s", e.Name, side).Hintf("landfall design, and deploy: the profile needs the fronts of both sides as endpoints")
		}
	}
	return p, nil
}

// leadsTo reports whether an endpoint's target is the one of the target side.
func leadsTo(target string, to traffic.Endpoint) bool {
	if a, err := netip.ParseAddr(target); err == nil {
		return slices.ContainsFunc(to.Addresses, func(b netip.Addr) bool { return a.Unmap() == b.Unmap() })
	}
	return target != "" && strings.EqualFold(strings.TrimSuffix(to.Host, "."), target)
}

// lead reads, keeps how it was with the first change, changes and writes what
// differs.
func (s Switch) lead(ctx context.Context, e traffic.Entrance, change func(p *profile, was before) error) (traffic.State, error) {
	p, err := s.read(ctx, e)
	if err != nil {
		return traffic.State{}, err
	}
	old, err := json.Marshal(p.all)
	if err != nil {
		return traffic.State{}, fault.Of(fault.Internal, "lead", e.Name, err)
	}
	was, err := p.before()
	if err == nil {
		err = change(&p, was)
	}
	if err != nil {
		return traffic.State{}, err
	}
	if now, err := json.Marshal(p.all); err == nil && string(now) == string(old) {
		return p.state(), nil
	}
	if p.tags()[tag] == nil {
		text, err := json.Marshal(was)
		if err != nil || len(text) > tagLength {
			return traffic.State{}, fault.Newf(fault.Refused, "lead %q: its %d endpoints are too many to be kept in a tag of the profile", e.Name, len(p.endpoints)).
				Hintf("put those of the source into a profile of their own, as one nested endpoint")
		}
		p.tags()[tag] = string(text)
	}
	return s.write(ctx, e, p)
}

func (s Switch) write(ctx context.Context, e traffic.Entrance, p profile) (traffic.State, error) {
	var answer map[string]any
	if err := s.manager.Write(ctx, e.Zone, version, p.all, &answer); err != nil {
		return traffic.State{}, err
	}
	wanted := p.state()
	after, err := s.read(ctx, e)
	if err != nil {
		return traffic.State{}, err
	}
	if st := after.state(); st.Text != wanted.Text {
		return st, fault.Newf(fault.Conflict, "lead %q: it is led otherwise (%s) than was just written", e.Name, st.Text).Hintf("somebody else changes the profile; look, and try again")
	}
	return after.state(), nil
}

// before is how the profile was: what its tag says, or how it is when nothing
// was changed yet.
func (p profile) before() (before, error) {
	var was before
	if text, ok := p.tags()[tag].(string); ok {
		if err := json.Unmarshal([]byte(text), &was); err != nil || len(was.Endpoints) == 0 {
			return was, fault.Newf(fault.Found, "read how the profile was: its tag %s is not as it was written", tag).Hintf("take the tag away when the profile stands as it did before any change")
		}
		return was, nil
	}
	was = before{TTL: int(number(p.dns()["ttl"])), Endpoints: map[string]standing{}}
	for _, n := range p.endpoints {
		was.Endpoints[n.name] = n.standing()
	}
	return was, nil
}

// weigh gives the endpoints of one side a weight together, shared as they had it
// before. One that was off stays off, unless the whole side was.
func (p profile) weigh(ours bool, weight int, was before) error {
	var side []endpoint
	sum, off := 0, 0
	for _, n := range p.endpoints {
		if n.ours != ours {
			continue
		}
		side = append(side, n)
		if was.Endpoints[n.name].Off {
			off++
		} else {
			sum += max(was.Endpoints[n.name].Weight, 1)
		}
	}
	all := off == len(side)
	for _, n := range side {
		then := was.Endpoints[n.name]
		part := 1 / float64(len(side))
		if !all {
			part = float64(max(then.Weight, 1)) / float64(sum)
		}
		share := int(math.Round(part * float64(weight)))
		switch {
		case weight == 0 || then.Off && !all:
			n.properties()["endpointStatus"] = "Disabled"
		case share == 0:
			return fault.Newf(fault.Refused, "lead by weight: endpoint %q would have less than a thousandth", n.name).Hintf("use fewer endpoints on a side, or a greater share")
		default:
			n.stand(standing{Weight: share})
		}
	}
	return nil
}

// state reads the weights of the endpoints that are on.
func (p profile) state() traffic.State {
	if p.all == nil {
		return traffic.State{}
	}
	st := traffic.State{TTL: time.Duration(number(p.dns()["ttl"])) * time.Second, Changed: p.tags()[tag] != nil}
	sum, ours := 0, 0
	var lines []string
	for _, n := range p.endpoints {
		now := n.standing()
		if now.Off {
			lines = append(lines, n.name+" off")
			continue
		}
		weight := max(now.Weight, 1)
		sum += weight
		if n.ours {
			ours += weight
		}
		lines = append(lines, fmt.Sprintf("%s weight %d", n.name, weight))
	}
	if sum > 0 {
		st.Share = 100 * float64(ours) / float64(sum)
	}
	slices.Sort(lines)
	st.Text = strings.Join(lines, "; ")
	return st
}

func (p profile) properties() map[string]any { return below(p.all, "properties") }
func (p profile) tags() map[string]any       { return below(p.all, "tags") }
func (p profile) dns() map[string]any        { return below(p.properties(), "dnsConfig") }

func (p profile) text(name string) string {
	text, _ := p.properties()[name].(string)
	return text
}

func (n endpoint) properties() map[string]any { return below(n.body, "properties") }

func (n endpoint) standing() standing {
	status, _ := n.properties()["endpointStatus"].(string)
	return standing{Weight: int(number(n.properties()["weight"])), Off: strings.EqualFold(status, "Disabled")}
}

func (n endpoint) stand(as standing) {
	n.properties()["endpointStatus"] = "Enabled"
	if as.Off {
		n.properties()["endpointStatus"] = "Disabled"
	}
	n.properties()["weight"] = max(as.Weight, 1)
}

// below returns the object under a name, made when it is missing.
func below(m map[string]any, name string) map[string]any {
	inner, ok := m[name].(map[string]any)
	if !ok {
		inner = map[string]any{}
		m[name] = inner
	}
	return inner
}

func number(v any) float64 {
	switch n := v.(type) {
	case float64:
		return n
	case int:
		return float64(n)
	}
	return 0
}
