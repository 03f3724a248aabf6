package weblog

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/records"
)

// DefaultLimit is how many sums are kept apart: hosts and principals come from
// clients, who can make up any number of them.
const DefaultLimit = 200_000

// Options say what to collect.
type Options struct {
	// Limit is the cap; 0 means DefaultLimit.
	Limit int
	// From and To bound the time of entries; zero means no bound.
	From, To time.Time
}

// Sum is all entries of one front for one target, host and principal.
type Sum struct {
	Source                           Source
	Front, Target, TargetGroup, Host string
	Port                             int
	// Principal and Operation are those of S3.
	Principal, Operation string
	// Count counts the entries, Errors those with a status of 500 and above.
	Count, Errors, BytesIn, BytesOut int64
	First, Last                      time.Time
	// Agent and Address are the first client's.
	Agent, Address string
}

// Result is what the entries say.
type Result struct {
	Sums []Sum
	// Entries were summed up; Outside are of another time; Overflow are of sums
	// beyond Limit.
	Entries, Outside, Overflow int64
	Limit                      int
	From, To                   time.Time
}

type sumKey struct {
	source                     Source
	front, target, group, host string
	port                       int
	principal, operation       string
}

type amount struct {
	count, errors, in, out int64
	first, last            int64 // microseconds
	agent, address         string
}

func (a *amount) add(b *amount) {
	if a.count == 0 || cmp.Or(cmp.Compare(b.first, a.first), strings.Compare(b.address, a.address), strings.Compare(b.agent, a.agent)) < 0 {
		a.first, a.address, a.agent = b.first, b.address, b.agent
	}
	a.last = max(a.last, b.last)
	a.count += b.count
	a.errors += b.errors
	a.in += b.in
	a.out += b.out
}

func (k *sumKey) rank() uint64 {
	h := fnv.New64a()
	for _, s := range []string{string(k.source), k.front, k.target, k.group, k.host, k.principal, k.operation} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return h.Sum64()
}

// Collector sums up entries of any number of files. Read may be called
// concurrently with contents of different workers; Result once, after all.
type Collector struct {
	o    Options
	sums records.Tally[sumKey, amount]
	over int64

	mu      sync.Mutex
	workers map[int]*worker
}

type worker struct {
	c           *Collector
	rows        map[sumKey]*amount
	res         Result
	first, last int64
}

// NewCollector returns an empty collector.
func NewCollector(o Options) *Collector {
	o.Limit = cmp.Or(o.Limit, DefaultLimit)
	c := &Collector{o: o, workers: map[int]*worker{}}
	c.sums = records.Tally[sumKey, amount]{Limit: o.Limit, Rank: (*sumKey).rank, Add: (*amount).add, Spill: func(_ sumKey, a *amount) { c.over += a.count }}
	return c
}

// Read takes all entries of one file. It fits records.Each.
func (c *Collector) Read(ctx context.Context, content *records.Content) error {
	c.mu.Lock()
	w := c.workers[content.Worker]
	if w == nil {
		w = &worker{c: c, rows: map[sumKey]*amount{}}
		c.workers[content.Worker] = w
	}
	c.mu.Unlock()
	return Entries(ctx, content, w.take)
}

// Entries calls handle for each entry of a file; broken lines are counted in
// the content's result. The entry is valid during the call.
func Entries(ctx context.Context, c *records.Content, handle func(*Entry)) error {
	var p Parser
	var e Entry
	for {
		line, ok := c.Next()
		if !ok {
			return nil
		}
		if c.Line()&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		entry, err := p.Line(line, &e)
		if err != nil {
			c.Bad(err)
			continue
		}
		if entry {
			c.Result.Entries++
			handle(&e)
		}
	}
}

// localSums bounds what a worker keeps before it hands it over.
const localSums = 1 << 13

func (w *worker) take(e *Entry) {
	at := e.Time.UnixMicro()
	if !w.c.o.From.IsZero() && e.Time.Before(w.c.o.From) || !w.c.o.To.IsZero() && !e.Time.Before(w.c.o.To) {
		w.res.Outside++
		return
	}
	w.res.Entries++
	if w.first == 0 || at < w.first {
		w.first = at
	}
	w.last = max(w.last, at)
	k := sumKey{source: e.Source, front: e.Front, target: e.Target, group: e.TargetGroup, host: e.Host, port: e.Port, principal: e.Principal}
	if e.Source == S3 {
		k.operation = e.Operation
	}
	one := amount{count: 1, in: e.BytesIn, out: e.BytesOut, first: at, last: at, agent: e.UserAgent, address: e.Client}
	if e.Failed() {
		one.errors = 1
	}
	if known := w.rows[k]; known != nil {
		// Texts share the line's memory; only those that stay are copied.
		if one.first < known.first {
			one.agent, one.address = strings.Clone(one.agent), strings.Clone(one.address)
		}
		known.add(&one)
		return
	}
	if len(w.rows) >= localSums {
		w.c.sums.Take(w.rows)
	}
	for _, s := range []*string{&k.front, &k.target, &k.group, &k.host, &k.principal, &k.operation, &one.agent, &one.address} {
		*s = strings.Clone(*s)
	}
	w.rows[k] = &one
}

// Result merges what the workers saw. The collector must not read any more
// afterwards.
func (c *Collector) Result() Result {
	res := Result{Limit: c.o.Limit}
	var first, last int64
	for _, w := range c.workers {
		c.sums.Take(w.rows)
		res.Entries += w.res.Entries
		res.Outside += w.res.Outside
		if first == 0 || w.first != 0 && w.first < first {
			first = w.first
		}
		last = max(last, w.last)
	}
	res.Overflow = c.over
	if res.Entries > 0 {
		res.From, res.To = time.UnixMicro(first).UTC(), time.UnixMicro(last).UTC()
	}
	for k, a := range c.sums.Rows() {
		res.Sums = append(res.Sums, Sum{Source: k.source, Front: k.front, Target: k.target, TargetGroup: k.group, Host: k.host, Port: k.port, Principal: k.principal,
			Operation: k.operation, Count: a.count, Errors: a.errors, BytesIn: a.in, BytesOut: a.out, First: time.UnixMicro(a.first).UTC(), Last: time.UnixMicro(a.last).UTC(),
			Agent: a.agent, Address: a.address})
	}
	slices.SortFunc(res.Sums, func(a, b Sum) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Front, b.Front), cmp.Compare(a.Target, b.Target), cmp.Compare(a.TargetGroup, b.TargetGroup),
			cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Principal, b.Principal), cmp.Compare(a.Operation, b.Operation))
	})
	return res
}

// Recognise reports whether a file that begins so is an access log.
func Recognise(head []byte) bool {
	var p Parser
	var e Entry
	for line := range strings.Lines(string(head)) {
		switch ok, err := p.Line([]byte(line), &e); {
		case ok, p.columns != nil:
			return true
		case err != nil:
			return false
		}
	}
	return false
}
