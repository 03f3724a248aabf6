package flowlog

import (
	"math/bits"

	"example.com/landfall/internal/records"
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
	opened                    int64 // records that show a client's SYN
	bySYN                     int64 // records whose direction TCP flags told
	// service names of AWS ranges, by number.
	clientService, serverService uint16
	clientPort                   uint16 // the smallest seen
	clientPortTop                uint16 // the largest seen
	askedFlags, answeredFlags    uint8
	replaced                     uint8
	paths                        uint64 // a bit per traffic-path
	flags                        bool   // the log has TCP flags
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
	h := mix(k.client.hi^bits.RotateLeft64(k.server.hi, 32), k.client.lo*0x9e3779b97f4a7c15^k.server.lo)
	h = mix(h, uint64(k.port)<<8|uint64(k.protocol))
	if k.client.private() && k.server.private() {
		return h >> 16
	}
	return h
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0xa0761d6478bd642f, b^0xe7037ed1a0b428db)
	return hi ^ lo
}

// Overflow is what did not fit under the cap.
type Overflow struct {
	// Records, Packets and Bytes are of all conversations beyond the cap.
	Records, Packets, Bytes int64
}

// table holds the conversations of all workers.
type table struct {
	records.Tally[key, counts]
	over Overflow
}

func newTable(limit int) *table {
	t := &table{}
	t.Tally = records.Tally[key, counts]{Limit: limit, Rank: (*key).rank, Add: (*counts).add, Spill: t.spill}
	return t
}

func (t *table) spill(c *counts) {
	for _, f := range []flow{c.asked, c.answered, c.rejected} {
		t.over.Records += f.records
		t.over.Packets += f.packets
		t.over.Bytes += f.bytes
	}
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
