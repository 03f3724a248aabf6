package flowlog

import (
	"hash/fnv"
	"sync"

	"example.com/landfall/internal/records"
)

// Interface is a network interface (or a transit gateway's attachment) that
// records came from, with what they say about it. Where records disagree, as
// when it moved to another instance, the last value by time counts.
type Interface struct {
	ID                                                 string
	Account, VPC, Subnet, Instance, Region, ECSService string
	// Address is its own address: the one that all of its records have.
	Address string
	// Records, NoData and SkipData count its records by log-status.
	Records, NoData, SkipData int64
	// Hours are those in which it has a record of any status, also outside of
	// the wanted time; Skipped those of which AWS left records out.
	Hours, Skipped records.Hours
}

// hear takes what a record says about its interface. Account, VPC, subnet and
// region never change for an interface, so the first record that has them
// tells; instance and service do when it moves.
func (f *face) hear(r *record) {
	at, t := r.end, &r.text
	for _, fixed := range []struct {
		to   *said
		from field
	}{{&f.account, fAccount}, {&f.vpc, fVPC}, {&f.subnet, fSubnet}, {&f.region, fRegion}} {
		if fixed.to.text == "" {
			fixed.to.hear(t[fixed.from], 0)
		}
	}
	f.instance.hear(t[fInstance], at)
	f.ecs.hear(t[fECSService], at)
}

// said is a text with the time of the record that said it.
type said struct {
	text string
	at   int64
}

func (s *said) hear(text []byte, at int64) {
	if dash(text) || s.text == string(text) && at <= s.at {
		return
	}
	if s.text == string(text) {
		s.at = at
		return
	}
	s.merge(said{string(text), at})
}

func (s *said) merge(t said) {
	if t.text != "" && (s.text == "" || t.at > s.at || t.at == s.at && t.text < s.text) {
		*s = t
	}
}

// face is an interface while records are read.
type face struct {
	id                                          string
	account, vpc, subnet, instance, region, ecs said
	records, noData, skipData                   int64
	hours, skipped                              records.Hours
	hour                                        int64 // the last one that was added
	// own are the addresses that all of its records have in common: at most two
	// after the first record. sure are set where flow-direction told it.
	own  [2]addr
	seen bool
	sure addr
}

// address narrows down which address is the interface's own: incoming packets
// have it as destination, outgoing ones as source, and a gateway's records too
// (VPC user guide, srcaddr and dstaddr).
func (f *face) address(r *record) {
	switch r.direction {
	case 1:
		f.told(r.source)
	case -1:
		f.told(r.target)
	}
	if !f.seen {
		f.seen, f.own = true, [2]addr{r.source, r.target}
		return
	}
	f.narrow(r.source, r.target)
}

// during notes the hours of a record.
func (f *face) during(r *record) {
	for _, at := range [2]int64{r.start, r.end - 1} {
		if hour := at / 3600; hour > 0 && hour != f.hour {
			f.hour = hour
			f.hours.Add(at)
		}
	}
}

func (f *face) told(a addr) {
	if f.sure == (addr{}) || a.less(f.sure) {
		f.sure = a
	}
}

func (f *face) narrow(a, b addr) {
	for i, own := range f.own {
		if own != a && own != b {
			f.own[i] = addr{}
		}
	}
}

// ownAddress is the interface's own address, or none.
func (f *face) ownAddress() addr {
	switch {
	case f.sure != (addr{}):
		return f.sure
	case f.own[0] == (addr{}):
		return f.own[1]
	case f.own[1] == (addr{}) || f.own[0] == f.own[1]:
		return f.own[0]
	}
	return addr{} // two addresses talked to nobody else: either may be it
}

func (f *face) merge(g *face) {
	f.account.merge(g.account)
	f.vpc.merge(g.vpc)
	f.subnet.merge(g.subnet)
	f.instance.merge(g.instance)
	f.region.merge(g.region)
	f.ecs.merge(g.ecs)
	f.records += g.records
	f.noData += g.noData
	f.skipData += g.skipData
	f.hours.Merge(&g.hours)
	f.skipped.Merge(&g.skipped)
	if g.sure != (addr{}) {
		f.told(g.sure)
	}
	switch {
	case !g.seen:
	case !f.seen:
		f.seen, f.own = true, g.own
	default:
		f.narrow(g.own[0], g.own[1])
	}
}

// register numbers the texts that keys hold: interfaces, flow logs, services.
// Numbers depend on the order of reading; nothing in the result depends on them.
type register struct {
	mu       sync.Mutex
	numbers  map[string]uint32
	texts    []string
	services map[uint16]string
}

func newRegister() *register {
	return &register{numbers: map[string]uint32{"": 0}, texts: []string{""}, services: map[uint16]string{}}
}

func (g *register) number(text string) uint32 {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, ok := g.numbers[text]
	if !ok {
		n = uint32(len(g.texts))
		g.numbers[text] = n
		g.texts = append(g.texts, text)
	}
	return n
}

// service gives a name a number that depends on the name alone, so that the
// smaller of two means the same in every run.
func (g *register) service(name string) uint16 {
	h := fnv.New32a()
	h.Write([]byte(name))
	n := max(uint16(h.Sum32()), 1)
	g.mu.Lock()
	defer g.mu.Unlock()
	if known, ok := g.services[n]; !ok || name < known {
		g.services[n] = name
	}
	return n
}
