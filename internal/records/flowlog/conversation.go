package flowlog

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"
)

func (m *merger) conversations() []Conversation {
	list := make([]Conversation, 0, len(m.pairs))
	for _, p := range m.ordered() {
		t := m.pairs[p].total()
		base := Conversation{Client: m.endpoint(p.client, t.clientService), Server: m.endpoint(p.server, t.serverService), Port: int(p.port),
			Protocol: protocolName(p.protocol), First: time.Unix(t.first, 0).UTC(), Last: time.Unix(t.last, 0).UTC(),
			Sure: m.c.sure(p, &t), Via: m.names(m.pairs[p].via), Paths: paths(t.paths), Opened: t.opened}
		list = append(list, verdicts(base, p, &t)...)
	}
	return list
}

// ordered are the pairs in the order of the result.
func (m *merger) ordered() []pair {
	return slices.SortedFunc(maps.Keys(m.pairs), m.compare)
}

// compare orders pairs by address, port and protocol, and by the names of the
// interfaces where one address is in several networks.
func (m *merger) compare(a, b pair) int {
	if c := compareTraffic(&a, &b); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(m.name(a.client.face), m.name(b.client.face)), strings.Compare(m.name(a.server.face), m.name(b.server.face)))
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
func verdicts(base Conversation, p pair, t *counts) []Conversation {
	fill := func(rejected, refused bool, out, back flow, records int64) Conversation {
		c := base
		c.Rejected, c.Refused = rejected, refused
		c.BytesOut, c.PacketsOut, c.BytesBack, c.PacketsBack, c.Records = out.bytes, out.packets, back.bytes, back.packets, records
		return c
	}
	answered := answered(p, t)
	if t.rejected.records == 0 {
		return []Conversation{fill(false, !answered, t.asked, t.answered, t.asked.records+t.answered.records)}
	}
	if !answered {
		out := t.asked
		out.most(t.rejected)
		return []Conversation{fill(true, false, out, t.answered, t.asked.records+t.answered.records+t.rejected.records)}
	}
	refusedOpened := fill(true, false, t.rejected, flow{}, t.rejected.records)
	refusedOpened.Opened = 0
	return []Conversation{fill(false, false, t.asked, t.answered, t.asked.records+t.answered.records), refusedOpened}
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
			ECSService: f.ecs.text, Address: f.ownAddress().String(), Records: f.records, NoData: f.noData, SkipData: f.skipData})
	}
	slices.SortFunc(list, func(a, b Interface) int { return strings.Compare(a.ID, b.ID) })
	return list
}
