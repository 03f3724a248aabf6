package flowlog

import (
	"iter"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
)

// key is one conversation as one interface saw it. It has no pointers.
type key struct {
	client, server addr
	face           uint32 // the observer
	port           uint16 // the server's
	log            uint16 // which flow log, where one interface has several
	protocol       uint8
}

// flow counts one direction.
type flow struct{ records, packets, bytes int64 }

func (f *flow) add(g flow) {
	f.records += g.records
	f.packets += g.packets
	f.bytes += g.bytes
}

// most keeps the larger of what two observers saw of the same packets.
func (f *flow) most(g flow) {
	f.packets, f.bytes = max(f.packets, g.packets), max(f.bytes, g.bytes)
}

// counts is what is known of a key. Every field is merged by an operation that
// does not depend on order: sums, minima, maxima, unions.
type counts struct {
	// asked and answered were accepted; rejected were not, in either direction.
	asked, answered, rejected flow
	first, last               int64
	firstAsked, firstAnswered int64
	opened                    int64  // records that show a client's SYN
	bySYN                     int64  // records whose direction TCP flags told
	paths                     uint64 // a bit per traffic-path
	// service names of AWS ranges, by number.
	clientService, serverService uint16
	clientPort                   uint16 // the smallest seen
	clientPortTop                uint16 // the largest seen
	askedFlags, answeredFlags    uint8
	replaced                     uint8
	flags                        bool // the log has TCP flags
}

// What the interface replaced: its record's address was not the packet's own.
const (
	replacedServer = 1 << iota
	replacedClient
)

func (c *counts) add(d *counts) {
	c.asked.add(d.asked)
	c.answered.add(d.answered)
	c.rejected.add(d.rejected)
	c.first, c.last = earlier(c.first, d.first), max(c.last, d.last)
	c.firstAsked, c.firstAnswered = earlier(c.firstAsked, d.firstAsked), earlier(c.firstAnswered, d.firstAnswered)
	c.opened += d.opened
	c.bySYN += d.bySYN
	c.clientService, c.serverService = service(c.clientService, d.clientService), service(c.serverService, d.serverService)
	if c.clientPort == 0 || d.clientPort != 0 && d.clientPort < c.clientPort {
		c.clientPort = d.clientPort
	}
	c.clientPortTop = max(c.clientPortTop, d.clientPortTop)
	c.askedFlags |= d.askedFlags
	c.answeredFlags |= d.answeredFlags
	c.replaced |= d.replaced
	c.paths |= d.paths
	c.flags = c.flags || d.flags
}

// several reports that the client used more than one port: a server does not.
func (c *counts) several() bool { return c.clientPort != c.clientPortTop }

// turned is the same traffic with the roles changed.
func (c *counts) turned() {
	c.asked, c.answered = c.answered, c.asked
	c.firstAsked, c.firstAnswered = c.firstAnswered, c.firstAsked
	c.askedFlags, c.answeredFlags = c.answeredFlags, c.askedFlags
	c.clientService, c.serverService = c.serverService, c.clientService
	c.replaced = c.replaced>>1&1 | c.replaced<<1&2
}

// earlier is the smaller of two times, where 0 is none.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// rank orders conversations for the cap: those with the largest rank go first.
// Traffic inside private networks, which the graph is about, ranks far below
// traffic with the internet. The observer does not count, so that all
// observers of a conversation stay or go together.
func (k *key) rank() uint64 {
	h := k.hash()
	if k.client.private() && k.server.private() {
		return h >> 16
	}
	return h
}

// hash is the same for all observers of a conversation.
func (k *key) hash() uint64 {
	h := mix(k.client.hi^bits.RotateLeft64(k.server.hi, 32), k.client.lo*0x9e3779b97f4a7c15^k.server.lo)
	return mix(h, uint64(k.port)<<8|uint64(k.protocol))
}

// place is another one for each observer.
func (k *key) place() uint64 { return mix(k.hash(), uint64(k.face)<<16|uint64(k.log)) }

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0xa0761d6478bd642f, b^0xe7037ed1a0b428db)
	return hi ^ lo
}

// Overflow is what did not fit under the cap.
type Overflow struct {
	// Records, Packets and Bytes are of all conversations beyond the cap.
	Records, Packets, Bytes int64
}

func (o *Overflow) add(c *counts) {
	for _, f := range []flow{c.asked, c.answered, c.rejected} {
		o.Records += f.records
		o.Packets += f.packets
		o.Bytes += f.bytes
	}
}

// row is a conversation as one interface saw it, and what is known of it: 192
// bytes without a pointer, so that a million of them cost the garbage collector
// nothing.
type row struct {
	key
	counts
	gone bool // taken out again
}

// table holds the rows of all workers, up to a limit. When there are more it
// halves the range of ranks that may stay. Which rows stay therefore depends on
// the set of keys alone, never on the order of files or the number of workers.
type table struct {
	limit  int64
	count  atomic.Int64
	halved uint // changes only while all shards are locked
	shards [shardCount]shard
}

const (
	shardBits  = 8
	shardCount = 1 << shardBits
	// blockRows is how many rows are made room for at once; they never move.
	blockRows = 32
)

func newTable(limit int) *table { return &table{limit: int64(limit)} }

// add merges what is known of a key into its row. It is safe for concurrent use.
func (t *table) add(k *key, c *counts) {
	s, h := t.shard(k)
	s.mu.Lock()
	known := s.find(k, h)
	switch {
	case known != nil:
		known.counts.add(c)
	case t.fits(k):
		s.insert(k, c, h)
		if t.count.Add(1) > t.limit {
			s.mu.Unlock()
			t.halve()
			return
		}
	default:
		s.over.add(c)
	}
	s.mu.Unlock()
}

// put is add without the limit, once all workers are done.
func (t *table) put(k *key, c *counts) {
	s, h := t.shard(k)
	if known := s.find(k, h); known != nil {
		known.counts.add(c)
		return
	}
	s.insert(k, c, h)
}

func (t *table) shard(k *key) (*shard, uint64) {
	h := k.place()
	return &t.shards[h>>(64-shardBits)], h
}

func (t *table) fits(k *key) bool { return t.halved == 0 || k.rank() <= ^uint64(0)>>t.halved }

// halve makes room.
func (t *table) halve() {
	for i := range t.shards {
		t.shards[i].mu.Lock()
	}
	for t.count.Load() > t.limit && t.halved < 64 {
		t.halved++
		for i := range t.shards {
			t.count.Add(-t.shards[i].keep(t.fits))
		}
	}
	for i := range t.shards {
		t.shards[i].mu.Unlock()
	}
}

// rows are those that stayed. No worker may add any more.
func (t *table) rows() iter.Seq[*row] {
	return func(yield func(*row) bool) {
		for i := range t.shards {
			s := &t.shards[i]
			for n := range s.rows {
				if r := s.row(uint32(n)); !r.gone && !yield(r) {
					return
				}
			}
		}
	}
}

func (t *table) overflow() Overflow {
	var o Overflow
	for i := range t.shards {
		over := &t.shards[i].over
		o.Records, o.Packets, o.Bytes = o.Records+over.Records, o.Packets+over.Packets, o.Bytes+over.Bytes
	}
	return o
}

// shard is a part of the table with a lock of its own, so that workers seldom
// wait for each other.
type shard struct {
	mu     sync.Mutex
	slots  []slot // of a hash table with open addressing; a power of two
	blocks []*[blockRows]row
	rows   int
	over   Overflow
}

// slot is the place of a row: its number and 1, 0 for none, with a part of its
// hash to tell most others without a look at them.
type slot struct{ tag, at uint32 }

func (s *shard) row(n uint32) *row { return &s.blocks[n/blockRows][n%blockRows] }

func (s *shard) find(k *key, h uint64) *row {
	if len(s.slots) == 0 {
		return nil
	}
	mask, tag := uint64(len(s.slots)-1), uint32(h>>24)
	for i := h & mask; s.slots[i].at != 0; i = (i + 1) & mask {
		if s.slots[i].tag != tag {
			continue
		}
		if r := s.row(s.slots[i].at - 1); r.key == *k && !r.gone {
			return r
		}
	}
	return nil
}

func (s *shard) insert(k *key, c *counts, h uint64) {
	if 4*(s.rows+1) > 3*len(s.slots) {
		s.grow()
	}
	if s.rows%blockRows == 0 {
		s.blocks = append(s.blocks, new([blockRows]row))
	}
	n := uint32(s.rows)
	s.rows++
	*s.row(n) = row{key: *k, counts: *c}
	s.place(slot{uint32(h >> 24), n + 1}, h)
}

func (s *shard) place(one slot, h uint64) {
	mask := uint64(len(s.slots) - 1)
	i := h & mask
	for s.slots[i].at != 0 {
		i = (i + 1) & mask
	}
	s.slots[i] = one
}

func (s *shard) grow() {
	s.slots = make([]slot, max(64, 2*len(s.slots)))
	for n := range s.rows {
		h := s.row(uint32(n)).key.place()
		s.place(slot{uint32(h >> 24), uint32(n) + 1}, h)
	}
}

// keep leaves the rows whose keys fit and counts the others, which go into the
// overflow.
func (s *shard) keep(fits func(*key) bool) (dropped int64) {
	clear(s.slots)
	kept := uint32(0)
	for n := range uint32(s.rows) {
		r := s.row(n)
		if !fits(&r.key) {
			s.over.add(&r.counts)
			dropped++
			continue
		}
		*s.row(kept) = *r
		kept++
		h := r.key.place()
		s.place(slot{uint32(h >> 24), kept}, h)
	}
	s.rows = int(kept)
	s.blocks = slices.Delete(s.blocks, (s.rows+blockRows-1)/blockRows, len(s.blocks))
	return dropped
}

// service merges two numbers of names. Names are functions of addresses, so
// two different ones mean that AWS changed its ranges meanwhile; either is
// right, and the smaller number makes it the same one each time.
func service(a, b uint16) uint16 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
