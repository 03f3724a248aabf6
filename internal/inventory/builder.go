package inventory

import (
	"slices"
	"strings"
	"sync"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
)

// Redacted stands where a secret stood.
const Redacted = "(redacted)"

// Builder gathers observations into an inventory. It is safe for concurrent
// use.
type Builder struct {
	schemas *cfn.Catalog

	mu       sync.Mutex
	pool     *pool
	seen     []Observation
	unread   map[Unread]bool
	refused  map[Refused]bool
	inputs   map[string]string
	accounts map[cloud.Account]bool
	regions  map[cloud.Region]bool
	sources  map[Source]bool
}

// NewBuilder returns an empty builder.
func NewBuilder() *Builder {
	return &Builder{
		schemas: cfn.Load(), pool: newPool(), unread: map[Unread]bool{}, refused: map[Refused]bool{}, inputs: map[string]string{},
		accounts: map[cloud.Account]bool{}, regions: map[cloud.Region]bool{}, sources: map[Source]bool{},
	}
}

// Add takes what one reading says of one resource. The error is for an
// observation that says nothing: no kind, or neither an ID nor a logical id
// with its stack. The observation belongs to the builder from then on.
func (b *Builder) Add(o Observation) error {
	if o.Kind == "" {
		return fault.Of(fault.Invalid, "add to the inventory", string(o.ID), nil).Hintf("every observation needs a kind")
	}
	if o.ID == "" {
		if o.Stack == "" || o.LogicalID == "" {
			return fault.Newf(fault.Invalid, "add a %s to the inventory: it has neither an id nor a logical id with its stack", o.Kind)
		}
		o.ID = cloud.ResourceID("cloudformation:" + o.Stack + "/" + o.LogicalID)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.normalise(&o)
	b.seen = append(b.seen, o)
	b.sources[o.Source] = true
	return nil
}

// Unread takes what was not read. Equal ones count once.
func (b *Builder) Unread(u Unread) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unread[u] = true
	b.sources[u.Source] = true
}

// Refused takes what was not understood. Equal ones count once.
func (b *Builder) Refused(r Refused) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused[r] = true
}

// Input takes the name and the fingerprint of something that was read. Of two
// fingerprints of one name the first in order stays, and the other stands
// beside it under the name with its fingerprint.
func (b *Builder) Input(name, fingerprint string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, known := b.inputs[name]
	switch {
	case !known:
		b.inputs[name] = fingerprint
	case old != fingerprint:
		first, second := min(old, fingerprint), max(old, fingerprint)
		b.inputs[name], b.inputs[name+" ("+second+")"] = first, second
	}
}

// Scope takes an account and a region that were looked at; either may be "".
func (b *Builder) Scope(account, region string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if account != "" {
		b.accounts[cloud.Account(account)] = true
	}
	if region != "" {
		b.regions[cloud.Region(region)] = true
	}
}

// Build merges the observations. The builder may be used on afterwards. What
// the inventory holds may be shared, between resources and with the builder: it
// is to be read.
func (b *Builder) Build() Inventory {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := newMerger(b.schemas, b.pool, b.seen)
	out := Inventory{SchemaVersion: Version, Inputs: make(map[string]string, len(b.inputs)), Drift: []Difference{}}
	for name, fingerprint := range b.inputs {
		out.Inputs[name] = fingerprint
	}
	out.Resources, out.Drift = m.merge()
	if len(b.accounts)+len(b.regions) == 0 {
		b.scopeOf(out.Resources)
	}
	out.Unread = ordered(b.unread, func(a, c Unread) int {
		return strings.Compare(unreadKey(a), unreadKey(c))
	})
	out.Refused = ordered(b.refused, func(a, c Refused) int {
		return strings.Compare(a.File+"\x00"+a.Reason, c.File+"\x00"+c.Reason)
	})
	out.Scope.Accounts = ordered(b.accounts, func(a, c cloud.Account) int { return strings.Compare(string(a), string(c)) })
	out.Scope.Regions = ordered(b.regions, func(a, c cloud.Region) int { return strings.Compare(string(a), string(c)) })
	out.Scope.Sources = []Source{}
	for _, s := range Sources() {
		if b.sources[s] {
			out.Scope.Sources = append(out.Scope.Sources, s)
		}
	}
	return out
}

// scopeOf takes the scope from what was found: files do not say where was
// looked.
func (b *Builder) scopeOf(resources []Resource) {
	for i := range resources {
		if r := &resources[i]; r.Account != "" {
			b.accounts[r.Account] = true
		}
		if r := &resources[i]; r.Region != "" && r.Region != "global" {
			b.regions[r.Region] = true
		}
	}
}

func unreadKey(u Unread) string {
	return strings.Join([]string{string(u.Source), u.Operation, string(u.Account), string(u.Region), u.Reason, u.Hides}, "\x00")
}

// ordered returns the members of a set in order, never nil.
func ordered[K comparable](set map[K]bool, compare func(a, b K) int) []K {
	out := make([]K, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.SortFunc(out, compare)
	return out
}

// rank is the place of a source in the order of trust. A source that is not in
// the list is trusted least.
func rank(s Source) int {
	if i := slices.Index(Sources(), s); i >= 0 {
		return i
	}
	return len(Sources())
}
