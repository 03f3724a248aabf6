package design

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
)

// Environment is a place that a design is moved to. Empty members keep what
// the design has; the group is named after workload and environment.
type Environment struct {
	Name         string
	Subscription cloud.Account
	Group        string
	Location     cloud.Region
}

// GroupOf is the resource group of an environment that names none.
func GroupOf(workload, environment string) string { return "rg-" + workload + "-" + environment }

// ForEnvironment returns the design for another place: subscription, resource
// group, location and suffix are exchanged for those of the environment in
// all target ids, names and texts, and the names of role assignments and role
// definitions, which are unique in a tenant, are others. Moving a design back
// to where it came from gives the design that it was. The source's ids and
// the advice on regions stay.
func ForEnvironment(d *Design, env Environment) *Design {
	m := newMover(d, env)
	out := *d
	out.Place = m.target
	out.Decisions = make([]Decision, len(d.Decisions))
	for i, decision := range d.Decisions {
		out.Decisions[i] = m.decision(decision)
	}
	out.Resources = make([]Resource, len(d.Resources))
	for i, r := range d.Resources {
		out.Resources[i] = m.resource(r)
	}
	slices.SortFunc(out.Resources, func(a, b Resource) int { return compareID(a.ID, b.ID) })
	out.Parameters = slices.Clone(d.Parameters)
	for i := range out.Parameters {
		p := &out.Parameters[i]
		p.Default, p.Description = m.value(p.Default), m.text(p.Description)
	}
	out.Findings = slices.Clone(d.Findings)
	for i := range out.Findings {
		f := &out.Findings[i]
		f.Text, f.Do, f.About = m.text(f.Text), m.text(f.Do), m.ids(f.About, false)
	}
	out.Identity = slices.Clone(d.Identity)
	for i := range out.Identity {
		g := &out.Identity[i]
		g.Identity = m.id(g.Identity)
		g.Granted, g.Wider, g.Missing, g.Unmapped = m.texts(g.Granted), m.texts(g.Wider), m.texts(g.Missing), m.texts(g.Unmapped)
	}
	out.Regions = slices.Clone(d.Regions)
	if d.Place.Location != m.target.Location {
		for i := range out.Regions {
			out.Regions[i].Chosen = out.Regions[i].Region == m.target.Location
		}
	}
	out.Quotas = slices.Clone(d.Quotas)
	for i := range out.Quotas {
		out.Quotas[i].Why = m.text(out.Quotas[i].Why)
	}
	m.proof(d, &out)
	return &out
}

// mover exchanges the parts of two places in texts. It exchanges both ways, so
// that moving twice changes nothing.
type mover struct {
	target Place
	// environment is the one that the design comes from.
	environment string
	tokens      []token
	// names maps the GUIDs that name assignments and definitions to others.
	names map[string]string
}

// token is a text that stands for a part of a place.
type token struct {
	find, put string
	// after is what must stand before it, "" for anything.
	after string
	// inside reports bytes that make the text a part of a longer word.
	inside func(byte) bool
}

func newMover(d *Design, env Environment) *mover {
	target := placeOf(Options{Workload: d.Workload, Subscription: env.Subscription, Group: env.Group, Region: env.Location})
	if env.Subscription == "" {
		target.Subscription = d.Place.Subscription
	}
	if env.Group == "" && env.Name != "" {
		target.Group = GroupOf(d.Workload, env.Name)
	} else if env.Group == "" {
		target.Group = d.Place.Group
	}
	if env.Location == "" {
		target.Location = d.Place.Location
	}
	target.Suffix = hash(d.Workload+"|"+string(target.Subscription)+"|"+target.Group, 6)
	if target.Subscription == d.Place.Subscription && target.Group == d.Place.Group {
		target.Suffix = d.Place.Suffix
	}
	target.Environment = env.Name
	m := &mover{target: target, environment: d.Place.Environment, names: map[string]string{}}
	m.exchange(string(d.Place.Subscription), string(target.Subscription), "/subscriptions/", isHex, func(guid string) bool { return guid != string(NoSubscription) })
	// A group called "shop" is only known in an id; "rg-shop" is known anywhere.
	m.exchange(d.Place.Group, target.Group, "/resourceGroups/", isNameByte, func(group string) bool { return strings.ContainsAny(group, "-_") })
	m.exchange(d.Place.Suffix, target.Suffix, "", nil, func(string) bool { return true })
	m.exchange(string(d.Place.Location), string(target.Location), "", isAlphanumeric, func(string) bool { return true })
	m.rename(d)
	return m
}

// exchange adds the tokens for one part of the place: after a marker always,
// elsewhere when the text is plain enough to be known without one.
func (m *mover) exchange(a, b, marker string, inside func(byte) bool, plain func(string) bool) {
	if a == b || a == "" || b == "" {
		return
	}
	for _, t := range []token{{find: a, put: b, inside: inside}, {find: b, put: a, inside: inside}} {
		if !plain(t.find) {
			t.after = marker
		}
		m.tokens = append(m.tokens, t)
	}
}

func isHex(c byte) bool {
	return c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isNameByte(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '_' }

var guidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// rename gives the assignments and definitions of the design names of their
// own in the other place: a tenant has each GUID once.
func (m *mover) rename(d *Design) {
	if d.Place.Suffix == m.target.Suffix {
		return
	}
	ends := []string{d.Place.Suffix, m.target.Suffix}
	slices.Sort(ends)
	mask := sha256.Sum256([]byte(strings.Join(ends, "|")))
	for i := range d.Resources {
		r := &d.Resources[i]
		if guidForm.MatchString(r.Name) && strings.HasPrefix(strings.ToLower(string(r.Type)), "microsoft.authorization/role") {
			m.names[r.Name] = masked(r.Name, mask[:])
		}
	}
}

// masked is its own inverse; the digits of version and variant stay.
func masked(guid string, mask []byte) string {
	raw, err := hex.DecodeString(strings.ReplaceAll(guid, "-", ""))
	if err != nil {
		return guid
	}
	for i := range raw {
		switch i {
		case 6:
			raw[i] ^= mask[i] & 0x0f
		case 8:
			raw[i] ^= mask[i] & 0x3f
		default:
			raw[i] ^= mask[i]
		}
	}
	text := hex.EncodeToString(raw)
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// text exchanges every token of a text.
func (m *mover) text(s string) string {
	var out strings.Builder
	start := 0
	for i := 0; i < len(s); {
		put, length := m.at(s, i)
		if length == 0 {
			i++
			continue
		}
		out.WriteString(s[start:i])
		out.WriteString(put)
		i += length
		start = i
	}
	if start == 0 {
		return s
	}
	return out.String() + s[start:]
}

// at returns what stands for the token at i, and the token's length, 0 when
// there is none.
func (m *mover) at(s string, i int) (put string, length int) {
	best := 0
	for n := range m.tokens {
		t := &m.tokens[n]
		if s[i] != t.find[0] || len(t.find) <= best || !strings.HasPrefix(s[i:], t.find) || !strings.HasSuffix(s[:i], t.after) {
			continue
		}
		end := i + len(t.find)
		if t.inside != nil && (end < len(s) && t.inside(s[end]) || t.after == "" && i > 0 && t.inside(s[i-1])) {
			continue
		}
		put, best = t.put, len(t.find)
	}
	if best == 0 && len(m.names) > 0 && len(s)-i >= guidLength {
		if other, ok := m.names[s[i:i+guidLength]]; ok {
			return other, guidLength
		}
	}
	return put, best
}

const guidLength = 36

func (m *mover) texts(list []string) []string {
	if list == nil {
		return nil
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = m.text(s)
	}
	return out
}

func (m *mover) id(id cloud.ResourceID) cloud.ResourceID { return cloud.ResourceID(m.text(string(id))) }

// ids moves target ids and leaves source ids; ordered lists keep their order.
func (m *mover) ids(list []cloud.ResourceID, ordered bool) []cloud.ResourceID {
	if list == nil {
		return nil
	}
	out := make([]cloud.ResourceID, len(list))
	for i, id := range list {
		if out[i] = id; strings.HasPrefix(string(id), "/subscriptions/") {
			out[i] = m.id(id)
		}
	}
	if ordered {
		slices.SortFunc(out, compareID)
	}
	return out
}

// value moves the texts and keys of a tree.
func (m *mover) value(v any) any {
	switch v := v.(type) {
	case string:
		return m.text(v)
	case []any:
		out := make([]any, len(v))
		for i, w := range v {
			out[i] = m.value(w)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, w := range v {
			out[m.text(k)] = m.value(w)
		}
		return out
	}
	return v
}

func (m *mover) resource(r Resource) Resource {
	r.ID, r.Name, r.Scope = m.id(r.ID), m.text(r.Name), m.id(r.Scope)
	r.Location = cloud.Region(m.text(string(r.Location)))
	r.DependsOn = m.ids(r.DependsOn, true)
	if r.Body != nil {
		r.Body, _ = m.value(r.Body).(map[string]any)
	}
	tags := maps.Clone(r.Tags)
	for k, v := range tags {
		if m.environment != "" && m.target.Environment != "" && v == m.environment && TellsEnvironment(k) {
			tags[k] = m.target.Environment
			continue
		}
		tags[k] = m.text(v)
	}
	r.Tags = tags
	return r
}

func (m *mover) decision(d Decision) Decision {
	d.Targets = m.ids(d.Targets, true)
	d.Why, d.ToDo = m.text(d.Why), m.texts(d.ToDo)
	d.Gaps = slices.Clone(d.Gaps)
	for i := range d.Gaps {
		d.Gaps[i].At, d.Gaps[i].Do = m.text(d.Gaps[i].At), m.text(d.Gaps[i].Do)
	}
	d.Alternatives = slices.Clone(d.Alternatives)
	for i := range d.Alternatives {
		d.Alternatives[i].Target, d.Alternatives[i].WhyNot = m.text(d.Alternatives[i].Target), m.text(d.Alternatives[i].WhyNot)
	}
	if d.Ruled != nil {
		r := *d.Ruled
		r.Why, r.Gaps = m.text(r.Why), slices.Clone(r.Gaps)
		for i := range r.Gaps {
			r.Gaps[i].At, r.Gaps[i].Do = m.text(r.Gaps[i].At), m.text(r.Gaps[i].Do)
		}
		d.Ruled = &r
	}
	if d.Cost != nil {
		cost := *d.Cost
		cost.Basis = m.text(cost.Basis)
		d.Cost = &cost
	}
	return d
}

func (m *mover) proof(d, out *Design) {
	if d.Network == nil {
		return
	}
	proof := *d.Network
	proof.Undecided = m.texts(proof.Undecided)
	proof.Differences = slices.Clone(proof.Differences)
	for i := range proof.Differences {
		difference := &proof.Differences[i]
		difference.TargetRule = m.text(difference.TargetRule)
	}
	out.Network = &proof
}
