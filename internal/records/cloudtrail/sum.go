package cloudtrail

import (
	"cmp"
	"context"
	"encoding/hex"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/records"
)

// Defaults of the caps.
const (
	// DefaultLimit is how many uses are kept apart. One costs about 500 bytes.
	DefaultLimit = 500_000
	// DefaultKnown is how many event IDs are remembered to find what was
	// delivered twice. One costs about 16 bytes.
	DefaultKnown = 32_000_000
)

// Options say what to collect.
type Options struct {
	// Limit and Known are caps; 0 means the default.
	Limit, Known int
	// From and To bound the time of events; zero means no bound.
	From, To time.Time
}

// Use is what one principal did to one resource or service.
type Use struct {
	Principal, Identity, Session string
	Service, Action, Resource    string
	Account, Region              string
	ReadOnly, DataEvent          bool
	// Count and Errors count events. An event that names several resources
	// counts for each of them.
	Count, Errors int64
	First, Last   time.Time
	// Agent and Address are the first caller's.
	Agent, Address string
}

// Principal counts the events of one principal, each once.
type Principal struct {
	Principal                          string
	Management, Data, ReadOnly, Errors int64
}

// Result is what the records say.
type Result struct {
	Uses       []Use
	Principals []Principal
	// Events counts the records that were summed up, Duplicates those that were
	// delivered more than once, Outside those of another time.
	Events, Duplicates, Outside int64
	// Overflow counts the events of uses beyond Limit. Each counts in the use of
	// the same principal, service and action that names no session and no
	// resource.
	Overflow int64
	Limit    int
	// Forgot counts events that came after Known was reached: if one of them
	// was delivered twice, it counts twice.
	Forgot   int64
	From, To time.Time
}

type useKey struct {
	principal, identity, session, service, action, resource, account, region string
	readOnly, data                                                           bool
}

type tally struct {
	count, errors  int64
	first, last    int64
	agent, address string
}

// add merges; the first caller is the smallest by time, then by name, so that
// the order of files does not matter.
func (t *tally) add(u *tally) {
	if t.count == 0 || cmp.Or(cmp.Compare(u.first, t.first), strings.Compare(u.address, t.address), strings.Compare(u.agent, t.agent)) < 0 {
		t.first, t.address, t.agent = u.first, u.address, u.agent
	}
	t.last = max(t.last, u.last)
	t.count += u.count
	t.errors += u.errors
}

// rank is the order in which uses stay when there are too many.
func (k *useKey) rank() uint64 {
	h := fnv.New64a()
	for _, s := range []string{k.principal, k.session, k.service, k.action, k.resource, k.account, k.region} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return h.Sum64()
}

// Collector sums up events of any number of files. Read and Add may be called
// concurrently with different workers; Result once, after all.
type Collector struct {
	o   Options
	ids *idSet

	mu      sync.Mutex
	workers map[int]*worker
	uses    records.Tally[useKey, tally]
	over    int64
	coarse  map[useKey]*tally // of the uses beyond the limit
}

// worker is what one goroutine keeps to itself.
type worker struct {
	c           *Collector
	d           *decoder
	uses        map[useKey]*tally
	principals  map[string]*Principal
	res         Result
	first, last int64
	from, to    int64
}

// New returns an empty collector.
func New(o Options) *Collector {
	o.Limit, o.Known = cmp.Or(o.Limit, DefaultLimit), cmp.Or(o.Known, DefaultKnown)
	c := &Collector{o: o, ids: newIDSet(o.Known), workers: map[int]*worker{}, coarse: map[useKey]*tally{}}
	c.uses = records.Tally[useKey, tally]{Limit: o.Limit, Rank: (*useKey).rank, Add: (*tally).add, Spill: c.spill}
	return c
}

// spill keeps of a use beyond the limit who did what. There are as few of these
// as principals and actions.
func (c *Collector) spill(k useKey, t *tally) {
	c.over += t.count
	k.session, k.resource = "", ""
	known := c.coarse[k]
	if known == nil {
		known = &tally{}
		c.coarse[k] = known
	}
	known.add(t)
}

func (c *Collector) worker(n int) *worker {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.workers[n]
	if w == nil {
		w = &worker{c: c, d: newDecoder(), uses: map[useKey]*tally{}, principals: map[string]*Principal{}, from: -1 << 62, to: 1 << 62}
		if !c.o.From.IsZero() {
			w.from = c.o.From.Unix()
		}
		if !c.o.To.IsZero() {
			w.to = c.o.To.Unix()
		}
		c.workers[n] = w
	}
	return w
}

// Read takes all records of one file. It fits records.Each.
func (c *Collector) Read(ctx context.Context, content *records.Content) error {
	w := c.worker(content.Worker)
	return w.d.read(ctx, content, w.take)
}

// take counts one event.
func (w *worker) take(e *Event) bool {
	at := e.Time.Unix()
	if at < w.from || at >= w.to {
		w.res.Outside++
		return true
	}
	if known, forgot := w.c.ids.add(e.ID); known {
		w.res.Duplicates++
		return true
	} else if forgot {
		w.res.Forgot++
	}
	w.res.Events++
	if w.first == 0 || at < w.first {
		w.first = at
	}
	w.last = max(w.last, at)
	w.principal(e)
	one := tally{count: 1, first: at, last: at, agent: e.Agent, address: e.Address}
	if e.Error != "" {
		one.errors = 1
	}
	k := useKey{principal: e.Principal, identity: e.Identity, session: e.Session, service: e.Service, action: e.Action, account: e.Account, region: e.Region,
		readOnly: e.ReadOnly, data: e.DataEvent}
	if len(e.Resources) == 0 {
		w.use(k, one)
	}
	for _, resource := range e.Resources {
		k.resource = resource
		w.use(k, one)
	}
	return true
}

func (w *worker) principal(e *Event) {
	p := w.principals[e.Principal]
	if p == nil {
		p = &Principal{Principal: e.Principal}
		w.principals[e.Principal] = p
	}
	if e.DataEvent {
		p.Data++
	} else {
		p.Management++
	}
	if e.ReadOnly {
		p.ReadOnly++
	}
	if e.Error != "" {
		p.Errors++
	}
}

// localUses bounds what a worker keeps before it hands it over.
const localUses = 1 << 14

func (w *worker) use(k useKey, one tally) {
	if t := w.uses[k]; t != nil {
		t.add(&one)
		return
	}
	if len(w.uses) >= localUses {
		w.c.uses.Take(w.uses)
	}
	w.uses[k] = &one
}

// Result merges what the workers saw. The collector must not read any more
// afterwards.
func (c *Collector) Result() Result {
	res := Result{Limit: c.o.Limit}
	principals := map[string]*Principal{}
	var first, last int64
	for _, w := range c.workers {
		c.uses.Take(w.uses)
		res.Events += w.res.Events
		res.Duplicates += w.res.Duplicates
		res.Outside += w.res.Outside
		res.Forgot += w.res.Forgot
		if first == 0 || w.first != 0 && w.first < first {
			first = w.first
		}
		last = max(last, w.last)
		for name, p := range w.principals {
			sum := principals[name]
			if sum == nil {
				sum = &Principal{Principal: name}
				principals[name] = sum
			}
			sum.Management += p.Management
			sum.Data += p.Data
			sum.ReadOnly += p.ReadOnly
			sum.Errors += p.Errors
		}
	}
	if res.Events > 0 {
		res.From, res.To = time.Unix(first, 0).UTC(), time.Unix(last, 0).UTC()
	}
	res.Overflow = c.over
	for _, p := range principals {
		res.Principals = append(res.Principals, *p)
	}
	slices.SortFunc(res.Principals, func(a, b Principal) int { return strings.Compare(a.Principal, b.Principal) })
	rows := c.uses.Rows()
	for k, t := range c.coarse {
		if known := rows[k]; known != nil {
			known.add(t)
			continue
		}
		rows[k] = t
	}
	for k, t := range rows {
		res.Uses = append(res.Uses, Use{Principal: k.principal, Identity: k.identity, Session: k.session, Service: k.service, Action: k.action, Resource: k.resource,
			Account: k.account, Region: k.region, ReadOnly: k.readOnly, DataEvent: k.data, Count: t.count, Errors: t.errors,
			First: time.Unix(t.first, 0).UTC(), Last: time.Unix(t.last, 0).UTC(), Agent: t.agent, Address: t.address})
	}
	slices.SortFunc(res.Uses, compareUses)
	return res
}

func compareUses(a, b Use) int {
	return cmp.Or(strings.Compare(a.Principal, b.Principal), strings.Compare(a.Session, b.Session), strings.Compare(a.Service, b.Service), strings.Compare(a.Action, b.Action),
		strings.Compare(a.Resource, b.Resource), strings.Compare(a.Account, b.Account), strings.Compare(a.Region, b.Region), strings.Compare(a.Identity, b.Identity),
		compareBool(a.ReadOnly, b.ReadOnly), compareBool(a.DataEvent, b.DataEvent))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// id is an event ID: a UUID's own bits, or a hash of what is none.
type id [2]uint64

func idOf(s string) id {
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		var hexed [32]byte
		copy(hexed[:], s[:8])
		copy(hexed[8:], s[9:13])
		copy(hexed[12:], s[14:18])
		copy(hexed[16:], s[19:23])
		copy(hexed[20:], s[24:])
		var b [16]byte
		if _, err := hex.Decode(b[:], hexed[:]); err == nil {
			return id{be(b[:8]), be(b[8:])}
		}
	}
	h := fnv.New128a()
	h.Write([]byte(s))
	b := h.Sum(nil)
	return id{be(b[:8]), be(b[8:])}
}

func be(b []byte) uint64 {
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// IDs finds events that were delivered twice. It is safe for concurrent use.
type IDs struct{ set *idSet }

// NewIDs returns an empty set that remembers up to limit IDs; 0 means
// DefaultKnown.
func NewIDs(limit int) IDs { return IDs{newIDSet(cmp.Or(limit, DefaultKnown))} }

// Add reports whether the ID was there; forgot says that it can not be
// remembered, because the set is full or there is no ID.
func (i IDs) Add(text string) (known, forgot bool) { return i.set.add(text) }

// idSet remembers event IDs in shards, so that workers do not wait for each
// other, and without pointers.
type idSet struct {
	shards [64]struct {
		mu   sync.Mutex
		seen map[id]struct{}
	}
	limit int
}

func newIDSet(limit int) *idSet {
	s := &idSet{limit: max(1, limit/len(idSet{}.shards))}
	for i := range s.shards {
		s.shards[i].seen = map[id]struct{}{}
	}
	return s
}

// add reports whether the ID was there; forgot says that it can not be
// remembered, because the set is full or there is no ID.
func (s *idSet) add(text string) (known, forgot bool) {
	if text == "" {
		return false, true
	}
	n := idOf(text)
	shard := &s.shards[(n[1]^n[0]>>7)%uint64(len(s.shards))]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if _, ok := shard.seen[n]; ok {
		return true, false
	}
	if len(shard.seen) >= s.limit {
		return false, true
	}
	shard.seen[n] = struct{}{}
	return false, false
}
