package flowlog

import (
	"context"
	"path"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/records"
)

// DefaultLimit is how many conversations (per observing interface) are kept
// apart. One costs about 220 bytes.
const DefaultLimit = 1_000_000

// Options say what to collect.
type Options struct {
	// Limit is the cap on conversations; 0 means DefaultLimit.
	Limit int
	// From and To bound the time; zero means no bound. A record counts when its
	// window begins in [From, To).
	From, To time.Time
	// Format returns the LogFormat of a file without header, "" when it is not
	// known: files of CloudWatch Logs have none.
	Format func(file string) string
}

// Collector sums up records of any number of files. Read may be called
// concurrently with contents of different workers; Result once, after all.
type Collector struct {
	o        Options
	known    map[string]field
	likely   *[65536]uint8
	register *register
	table    *table

	mu      sync.Mutex
	readers map[int]*reader
}

// New returns an empty collector.
func New(o Options) *Collector {
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	return &Collector{o: o, known: names(), likely: likely(), register: newRegister(), table: newTable(o.Limit), readers: map[int]*reader{}}
}

// Read takes all records of one file. It fits records.Each.
func (c *Collector) Read(ctx context.Context, content *records.Content) error {
	c.mu.Lock()
	r := c.readers[content.Worker]
	if r == nil {
		r = newReader(c)
		c.readers[content.Worker] = r
	}
	c.mu.Unlock()
	return r.read(ctx, content)
}

// reader is what one worker keeps to itself.
type reader struct {
	c *Collector
	// sums is what the last records said of one key: the answer mostly follows
	// the question. It goes into the table when another key comes.
	key   key
	sums  counts
	open  bool
	faces map[string]*numbered
	last  *numbered
	// services and logs are numbers by text.
	services map[string]uint16
	r        record
	layout   *layout
	log      uint16
	from, to int64

	records, noData, skipData, outside int64
	first, end                         int64
}

type numbered struct {
	face
	number uint32
}

func newReader(c *Collector) *reader {
	r := &reader{c: c, faces: map[string]*numbered{}, services: map[string]uint16{}}
	r.from, r.to = -1<<62, 1<<62
	if !c.o.From.IsZero() {
		r.from = c.o.From.Unix()
	}
	if !c.o.To.IsZero() {
		r.to = c.o.To.Unix()
	}
	return r
}

// logOf is the flow log that a file belongs to: two flow logs of one interface
// see the same packets. Files in buckets are called
// "<account>_vpcflowlogs_<region>_<flow log>_<time>_<hash>.log.gz".
func logOf(name string) string {
	for part := range strings.SplitSeq(path.Base(name), "_") {
		if strings.HasPrefix(part, "fl-") {
			return part
		}
	}
	return ""
}

// line takes one line of text.
func (r *reader) line(line []byte) (bool, error) {
	if err := r.r.split(line, r.layout); err != nil {
		return false, err
	}
	return r.take()
}

// use takes another layout. Fields that it does not have are empty from now on;
// those that it has are set by every record.
func (r *reader) use(l *layout) {
	r.layout = l
	r.r.text = [numFields][]byte{}
}

// take counts the record whose text is split.
func (r *reader) take() (bool, error) {
	what, err := r.r.interpret(r.layout)
	if err != nil {
		return false, err
	}
	f := r.face()
	if what != data {
		r.empty(f, what)
		return true, nil
	}
	f.during(&r.r)
	if r.r.start < r.from || r.r.start >= r.to {
		r.outside++
		return true, nil
	}
	r.records++
	f.records++
	r.first, r.end = earlier(r.first, r.r.start), max(r.end, r.r.end)
	if !r.layout.gateway {
		f.address(&r.r)
	}
	r.sum(f)
	return true, nil
}

func (r *reader) empty(f *numbered, what state) {
	// A record without data has a time like all others.
	start, ok1 := parseNumber(r.r.text[fStart])
	end, ok2 := parseNumber(r.r.text[fEnd])
	if !ok1 || !ok2 || start > maxUnix || end > maxUnix {
		start, end = 0, 0
	}
	if what == skipData {
		f.skipData++
		r.skipData++
		if start > 0 {
			f.skipped.Span(time.Unix(start, 0), time.Unix(max(end, start+1), 0))
		}
		return
	}
	r.r.start, r.r.end = start, end
	f.during(&r.r)
	f.noData++
	r.noData++
}

// face finds the observer; most records have the same as the one before.
func (r *reader) face() *numbered {
	id := r.r.text[fFace]
	if dash(id) {
		id = nil
	}
	f := r.last
	if f == nil || f.id != string(id) {
		f = r.faces[string(id)]
		if f == nil {
			text := string(id)
			f = &numbered{face: face{id: text}, number: r.c.register.number(text)}
			r.faces[text] = f
		}
		r.last = f
	}
	if len(id) > 0 {
		f.hear(&r.r)
	}
	return f
}

func (r *reader) service(text []byte) uint16 {
	if dash(text) {
		return 0
	}
	n, ok := r.services[string(text)]
	if !ok {
		n = r.c.register.service(string(text))
		r.services[string(text)] = n
	}
	return n
}

// sum adds the record to its conversation.
func (r *reader) sum(f *numbered) {
	x := &r.r
	asking, bySYN := r.asks()
	k := key{client: x.pktSource, server: x.pktTarget, face: f.number, port: x.targetPort, log: r.log, protocol: x.protocol}
	clientPort := x.sourcePort
	if !asking {
		k.client, k.server, k.port, clientPort = x.pktTarget, x.pktSource, x.sourcePort, x.targetPort
	}
	if portless(x.protocol) {
		k.port, clientPort = 0, 0
	}
	c := r.row(k)
	one := flow{1, x.packets, x.bytes}
	c.first, c.last = earlier(c.first, x.start), max(c.last, x.end)
	if bySYN {
		c.bySYN++
	}
	if c.clientPort == 0 || clientPort < c.clientPort {
		c.clientPort = clientPort
	}
	c.clientPortTop = max(c.clientPortTop, clientPort)
	c.flags = c.flags || x.hasFlags
	if x.path != 0 {
		c.paths |= 1 << x.path
	}
	source, target := r.service(x.text[fSourceService]), r.service(x.text[fTargetService])
	replacedSource, replacedTarget := x.source != x.pktSource, x.target != x.pktTarget
	if !asking {
		source, target = target, source
		replacedSource, replacedTarget = replacedTarget, replacedSource
	}
	c.clientService, c.serverService = service(c.clientService, source), service(c.serverService, target)
	if replacedTarget {
		c.replaced |= replacedServer
	}
	if replacedSource {
		c.replaced |= replacedClient
	}
	switch {
	case x.reject:
		c.rejected.add(one)
	case asking:
		c.asked.add(one)
		c.askedFlags |= x.flags
		c.firstAsked = earlier(c.firstAsked, x.start)
	default:
		c.answered.add(one)
		c.answeredFlags |= x.flags
		c.firstAnswered = earlier(c.firstAnswered, x.start)
	}
	if asking && bySYN {
		c.opened++
	}
}

// asks tells whether the source of the record is the client: by TCP flags
// (SYN alone asks, SYN with ACK answers), otherwise by the ports. bySYN says
// that the flags told.
func (r *reader) asks() (asks, bySYN bool) {
	x := &r.r
	if x.protocol == protoTCP && x.flags&flagSYN != 0 {
		return x.flags&flagACK == 0, true
	}
	if portless(x.protocol) {
		return x.pktSource.less(x.pktTarget), false // settled at the end, by who was first
	}
	source, target := r.c.likely[x.sourcePort], r.c.likely[x.targetPort]
	switch {
	case source != target:
		return target > source, false
	case x.sourcePort != x.targetPort:
		return x.targetPort < x.sourcePort, false
	}
	return x.pktSource.less(x.pktTarget), false
}

func portless(protocol uint8) bool {
	return protocol != protoTCP && protocol != protoUDP && protocol != 132 && protocol != 33 // SCTP, DCCP
}

// row is where a record of the key is summed up.
func (r *reader) row(k key) *counts {
	if !r.open || k != r.key {
		r.handOver()
		r.key, r.sums, r.open = k, counts{}, true
	}
	return &r.sums
}

// handOver gives what was summed up to the table.
func (r *reader) handOver() {
	if r.open {
		r.c.table.add(&r.key, &r.sums)
		r.open = false
	}
}
