package residual

import (
	"cmp"
	"hash/fnv"
	"strings"

	"example.com/landfall/internal/records"
)

// Caps of what is kept apart: DefaultLimit for combinations of a resource, a
// caller and what it does (about 500 bytes each), and for resources.
const DefaultLimit = 500_000

// thing is a resource as a log names it. For an ARN the other fields are the
// ARN's own, so that a resource is one thing whoever names it.
type thing struct{ service, account, region, name string }

// thingOf makes it from a name in the record of a service.
func thingOf(service, account, region, name string) thing {
	if !strings.HasPrefix(name, "arn:") {
		return thing{service, account, region, name}
	}
	_, rest, _ := strings.Cut(name[4:], ":") // behind the partition
	service, rest, _ = strings.Cut(rest, ":")
	region, rest, _ = strings.Cut(rest, ":")
	account, _, _ = strings.Cut(rest, ":")
	return thing{service, account, region, name}
}

// doing is how something was done.
type doing uint8

const (
	read doing = iota
	write
	denied
)

// useKey is one caller doing one thing to one resource.
type useKey struct {
	thing
	log                                             string
	principal, session, address, agent, via, action string
	rule                                            uint16
	doing                                           doing
	telling                                         bool
}

func (k *useKey) rank() uint64 {
	h := fnv.New64a()
	for _, s := range []string{k.service, k.account, k.region, k.name, k.log, k.principal, k.session, k.address, k.agent, k.via, k.action} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	h.Write([]byte{byte(k.rule), byte(k.doing)})
	return h.Sum64()
}

// coarse drops what can have any number of values.
func (k *useKey) coarse() { k.session, k.address, k.agent = "", "", "" }

// counted counts, with the first and the last time.
type counted struct{ count, first, last int64 }

func (c *counted) add(o *counted) {
	if c.count == 0 || o.count > 0 && o.first < c.first {
		c.first = o.first
	}
	if o.count > 0 {
		c.last = max(c.last, o.last)
	}
	c.count += o.count
}

// known is what is remembered of a resource besides its uses: that it was there
// before the window, and whether its data events are logged.
type known struct {
	before              int64 // the last time before the window
	dataRead, dataWrite bool
	// at is where its events are recorded; ARNs of buckets do not say it.
	at place
}

func (k *known) add(o *known) {
	k.before = max(k.before, o.before)
	k.dataRead, k.dataWrite = k.dataRead || o.dataRead, k.dataWrite || o.dataWrite
	if k.at == (place{}) || o.at != (place{}) && o.at.compare(k.at) < 0 {
		k.at = o.at
	}
}

func (t *thing) rank() uint64 {
	h := fnv.New64a()
	for _, s := range []string{t.service, t.account, t.region, t.name} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return h.Sum64()
}

// whoKey is a principal's doings under one rule.
type whoKey struct {
	principal string
	rule      uint16
	doing     doing
}

func (k *whoKey) rank() uint64 {
	h := fnv.New64a()
	h.Write([]byte(k.principal))
	h.Write([]byte{0, byte(k.rule), byte(k.doing)})
	return h.Sum64()
}

// place is an account's region in one log.
type place struct{ log, account, region string }

func (p place) compare(o place) int {
	return cmp.Or(strings.Compare(p.log, o.log), strings.Compare(p.account, o.account), strings.Compare(p.region, o.region))
}

func (p place) String() string {
	if p.account == "" && p.region == "" {
		return p.log
	}
	return strings.TrimSpace(p.account + " " + p.region)
}

// sums are what all workers saw.
type sums struct {
	limit  int
	uses   records.Tally[useKey, counted]
	things records.Tally[thing, known]
	whos   records.Tally[whoKey, counted]
	coarse map[useKey]*counted
	// lost counts uses of which not even the resource is known any more, and
	// resources that are not known any more.
	lost, lostThings int64
	lostMade         int64
	others           counted // of principals beyond the limit
	hours            map[place]*records.Hours
	rules            map[uint16]int64
	logs             map[string]*logSum
	duplicates       int64
	forgot           int64
	made             map[madeKey]*madeThing
	removed          map[thing]int64
}

// logSum is what was read of one log.
type logSum struct{ total, after, used, apart, first, last int64 }

func (l *logSum) add(o *logSum) {
	if l.first == 0 || o.first != 0 && o.first < l.first {
		l.first = o.first
	}
	l.last = max(l.last, o.last)
	l.total, l.after, l.used, l.apart = l.total+o.total, l.after+o.after, l.used+o.used, l.apart+o.apart
}

func newSums(limit int) *sums {
	s := &sums{limit: cmp.Or(limit, DefaultLimit), coarse: map[useKey]*counted{}, hours: map[place]*records.Hours{}, rules: map[uint16]int64{}, logs: map[string]*logSum{},
		made: map[madeKey]*madeThing{}, removed: map[thing]int64{}}
	s.uses = records.Tally[useKey, counted]{Limit: s.limit, Rank: (*useKey).rank, Add: (*counted).add, Spill: s.spill}
	s.things = records.Tally[thing, known]{Limit: s.limit, Rank: (*thing).rank, Add: (*known).add, Spill: func(thing, *known) { s.lostThings++ }}
	s.whos = records.Tally[whoKey, counted]{Limit: s.limit, Rank: (*whoKey).rank, Add: (*counted).add, Spill: func(_ whoKey, c *counted) { s.others.add(c) }}
	return s
}

// spill keeps of a use beyond the limit who did what to which resource.
func (s *sums) spill(k useKey, c *counted) {
	k.coarse()
	sum := s.coarse[k]
	if sum == nil {
		if len(s.coarse) >= s.limit {
			s.lost += c.count
			return
		}
		sum = &counted{}
		s.coarse[k] = sum
	}
	sum.add(c)
}

// local bounds what a worker keeps before it hands it over.
const local = 1 << 13

// worker is what one goroutine keeps to itself.
type worker struct {
	s       *sums
	o       *Options
	ruler   *ruler
	uses    map[useKey]*counted
	things  map[thing]*known
	whos    map[whoKey]*counted
	hours   map[place]*records.Hours
	rules   map[uint16]int64
	logs    map[string]*logSum
	made    map[madeKey]*madeThing
	removed map[thing]int64
	dupes   int64
	forgot  int64
	// lostMade counts creations beyond the cap.
	lostMade int64
}

func newWorker(s *sums, o *Options, r *ruler) *worker {
	return &worker{s: s, o: o, ruler: r, uses: map[useKey]*counted{}, things: map[thing]*known{}, whos: map[whoKey]*counted{}, hours: map[place]*records.Hours{},
		rules: map[uint16]int64{}, logs: map[string]*logSum{}, made: map[madeKey]*madeThing{}, removed: map[thing]int64{}}
}

// heard notes that a log has a record of a time and a place; in says whether it
// is in the window.
func (w *worker) heard(p place, at int64) (in bool) {
	l := w.logs[p.log]
	if l == nil {
		l = &logSum{}
		w.logs[p.log] = l
	}
	in = w.o.window(at)
	one := logSum{total: 1, first: at, last: at}
	if in {
		one.after = 1
	}
	l.add(&one)
	h := w.hours[p]
	if h == nil {
		h = &records.Hours{}
		w.hours[p] = h
	}
	h.Add(at)
	return in
}

// judged counts a record of the window under the rule that tells it apart.
func (w *worker) judged(log string, rule uint16, n int64) {
	if rule == ruleNone {
		w.logs[log].used += n
		return
	}
	w.logs[log].apart += n
	w.rules[rule] += n
}

func (w *worker) use(k useKey, c counted) {
	if sum := w.uses[k]; sum != nil {
		sum.add(&c)
		return
	}
	if len(w.uses) >= local {
		w.s.uses.Take(w.uses)
	}
	w.uses[k] = &c
}

func (w *worker) thing(t thing, n known) {
	if sum := w.things[t]; sum != nil {
		sum.add(&n)
		return
	}
	if len(w.things) >= local {
		w.s.things.Take(w.things)
	}
	w.things[t] = &n
}

func (w *worker) who(k whoKey, c counted) {
	if sum := w.whos[k]; sum != nil {
		sum.add(&c)
		return
	}
	if len(w.whos) >= local {
		w.s.whos.Take(w.whos)
	}
	w.whos[k] = &c
}

// merge hands everything to the sums, when all has been read.
func (w *worker) merge() {
	s := w.s
	s.uses.Take(w.uses)
	s.things.Take(w.things)
	s.whos.Take(w.whos)
	for p, h := range w.hours {
		if s.hours[p] == nil {
			s.hours[p] = &records.Hours{}
		}
		s.hours[p].Merge(h)
	}
	for r, n := range w.rules {
		s.rules[r] += n
	}
	for name, l := range w.logs {
		if s.logs[name] == nil {
			s.logs[name] = &logSum{}
		}
		s.logs[name].add(l)
	}
	for k, m := range w.made {
		s.lostMade += keep(s.made, k, m)
	}
	for t, at := range w.removed {
		s.removed[t] = max(s.removed[t], at)
	}
	s.duplicates += w.dupes
	s.forgot += w.forgot
	s.lostMade += w.lostMade
}
