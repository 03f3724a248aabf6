package flowlog

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// conversations makes them in order.
func (m *merger) conversations(yield func(Conversation) bool) {
	var plain sighting // of one pair after the other
	for start := 0; start < len(m.order); {
		end := start + 1
		for end < len(m.order) && m.compare(m.order[start], m.order[end]) == 0 {
			end++
		}
		p := m.pair(m.order[start])
		s := m.apart[p]
		if s == nil {
			s, plain.each = &plain, plain.each[:0]
			for _, i := range m.order[start:end] {
				s.each = append(s.each, m.rows[i])
			}
		}
		start = end
		if len(s.each) > 0 && !m.conversation(p, s, yield) {
			return
		}
	}
}

func (m *merger) conversation(p pair, s *sighting, yield func(Conversation) bool) bool {
	t := s.total()
	base := Conversation{Client: m.endpoint(p.client, t.clientService), Server: m.endpoint(p.server, t.serverService), Port: int(p.port),
		Protocol: protocolName(p.protocol), First: time.Unix(t.first, 0).UTC(), Last: time.Unix(t.last, 0).UTC(),
		Sure: m.c.sure(p, &t), Via: m.names(s.via), Paths: paths(t.paths), Opened: t.opened}
	return verdicts(base, p, &t, yield)
}

// compare orders rows by address, port and protocol, and by the names of the
// interfaces where one address is in several networks. Rows of one pair are
// equal.
func (m *merger) compare(i, j int32) int {
	a, b := m.rows[i], m.rows[j]
	if c := cmp.Or(compareAddr(a.client, b.client), compareAddr(a.server, b.server)); c != 0 {
		return c
	}
	if c := cmp.Or(cmp.Compare(a.port, b.port), cmp.Compare(a.protocol, b.protocol)); c != 0 {
		return c
	}
	return m.compareFaces(m.faced[i], m.faced[j])
}

// comparePairs orders pairs as compare does.
func (m *merger) comparePairs(a, b pair) int {
	return cmp.Or(compareAddr(a.client.a, b.client.a), compareAddr(a.server.a, b.server.a), cmp.Compare(a.port, b.port), cmp.Compare(a.protocol, b.protocol),
		m.compareFaces([2]uint32{a.client.face, a.server.face}, [2]uint32{b.client.face, b.server.face}))
}

func (m *merger) compareFaces(a, b [2]uint32) int {
	if a == b {
		return 0
	}
	return cmp.Or(strings.Compare(m.name(a[0]), m.name(b[0])), strings.Compare(m.name(a[1]), m.name(b[1])))
}

func (m *merger) name(n uint32) string {
	if f := m.faces[n]; f != nil {
		return f.id
	}
	return ""
}

// verdicts makes one conversation of what was accepted, and one of what was
// rejected where something else was accepted and answered. Packets that one
// interface let out and another one turned away were rejected.
func verdicts(base Conversation, p pair, t *counts, yield func(Conversation) bool) bool {
	fill := func(rejected, refused bool, out, back flow, records int64) Conversation {
		c := base
		c.Rejected, c.Refused = rejected, refused
		c.BytesOut, c.PacketsOut, c.BytesBack, c.PacketsBack, c.Records = out.bytes, out.packets, back.bytes, back.packets, records
		return c
	}
	answered := answered(p, t)
	if t.rejected.records == 0 {
		return yield(fill(false, !answered, t.asked, t.answered, t.asked.records+t.answered.records))
	}
	if !answered {
		out := t.asked
		out.most(t.rejected)
		return yield(fill(true, false, out, t.answered, t.asked.records+t.answered.records+t.rejected.records))
	}
	refusedOpened := fill(true, false, t.rejected, flow{}, t.rejected.records)
	refusedOpened.Opened = 0
	return yield(fill(false, false, t.asked, t.answered, t.asked.records+t.answered.records)) && yield(refusedOpened)
}

// answered reports whether the server took part. Only TCP can be told: a UDP
// sender (metrics, logs) needs no answer.
func answered(p pair, t *counts) bool {
	if p.protocol != protoTCP {
		return t.asked.records+t.answered.records > 0
	}
	if t.answered.records > 0 {
		// A reset alone is a closed door.
		return !(t.flags && t.answeredFlags == flagRST && t.answered.packets <= t.asked.packets && t.askedFlags&^(flagSYN|flagRST) == 0)
	}
	if t.asked.records == 0 {
		return false
	}
	if t.flags && t.bySYN > 0 {
		return t.askedFlags&^(flagSYN|flagRST) != 0
	}
	// Answers may pass where nothing is logged. Packets of nothing but a header
	// (SYN with options: 40 to 60 bytes, IPv6: to 80) are attempts, more than
	// that is a conversation.
	return t.asked.bytes > 80*max(t.asked.packets, 1)
}

func (m *merger) endpoint(p place, service uint16) Endpoint {
	e := Endpoint{Address: p.a.String(), Service: m.c.register.services[service]}
	if f := m.faces[p.face]; f != nil && p.face != 0 {
		e.Interface, e.Instance, e.VPC, e.Subnet, e.Account = f.id, f.instance.text, f.vpc.text, f.subnet.text, f.account.text
	}
	if e.Service == "" {
		e.Service = reserved(p.a)
	}
	return e
}

// reserved names the addresses inside every VPC that are AWS's own (VPC user
// guide, "Amazon DNS server"; EC2 user guide, "Instance metadata"; "Amazon Time
// Sync Service"; ECS developer guide, "task IAM role").
func reserved(a addr) string {
	switch a.String() {
	case "169.254.169.253", "fd00:ec2::253":
		return "ROUTE53_RESOLVER"
	case "169.254.169.254", "fd00:ec2::254":
		return "EC2_METADATA"
	case "169.254.169.123", "fd00:ec2::123":
		return "TIME_SYNC"
	case "169.254.170.2", "169.254.170.23", "fd00:ec2::23":
		return "CONTAINER_CREDENTIALS"
	}
	return ""
}

func (m *merger) names(set map[uint32]bool) []string {
	var list []string
	for n := range set {
		if f := m.faces[n]; f != nil {
			list = append(list, f.id)
		}
	}
	slices.Sort(list)
	return list
}

func paths(set uint64) []int {
	var list []int
	for ; set != 0; set &= set - 1 {
		list = append(list, bits.TrailingZeros64(set))
	}
	return list
}

func (m *merger) interfaces() []Interface {
	list := make([]Interface, 0, len(m.faces))
	for _, f := range m.faces {
		if f.id == "" && f.records == 0 {
			continue
		}
		list = append(list, Interface{ID: f.id, Account: f.account.text, VPC: f.vpc.text, Subnet: f.subnet.text, Instance: f.instance.text, Region: f.region.text,
			ECSService: f.ecs.text, Address: f.ownAddress().String(), Records: f.records, NoData: f.noData, SkipData: f.skipData,
			Hours: f.hours, Skipped: f.skipped})
	}
	slices.SortFunc(list, func(a, b Interface) int { return strings.Compare(a.ID, b.ID) })
	return list
}
