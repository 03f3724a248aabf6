package history

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Peers that are not resources of the account.
const (
	Internet = "internet"
	S3       = "s3"
	DynamoDB = "dynamodb"
	// Amazon stands for AWS's other public endpoints, which flow logs do not tell apart.
	Amazon = "amazon"
)

// flowFields are the fields of the log, in their order. They reach up to
// version 5, which the first field therefore says (VPC user guide, "Available fields").
func flowFields() []string {
	return []string{"version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport", "dstport", "protocol", "packets", "bytes", "start", "end",
		"action", "log-status", "vpc-id", "subnet-id", "instance-id", "tcp-flags", "type", "pkt-srcaddr", "pkt-dstaddr", "region",
		"pkt-src-aws-service", "pkt-dst-aws-service", "flow-direction", "traffic-path"}
}

// FlowFormat is the LogFormat of the VPC's flow log.
func FlowFormat() string {
	fields := flowFields()
	for i, f := range fields {
		fields[i] = "${" + f + "}"
	}
	return strings.Join(fields, " ")
}

// flowHeader is the first line of each file.
func flowHeader() string { return strings.Join(flowFields(), " ") + "\n" }

// Edge is who talked to whom: everything the flow logs hold about one
// initiator, listener and port.
type Edge struct {
	// From and To are physical ids, or one of the peers that are no resources.
	From string `json:"from"`
	To   string `json:"to"`
	Port int    `json:"port"`
	// Via is the NAT gateway or endpoint that carried it, or empty.
	Via string `json:"via,omitempty"`
	// Accepted is false for an edge that was only ever tried.
	Accepted    bool  `json:"accepted"`
	Connections int   `json:"connections"`
	Records     int   `json:"records"`
	BytesOut    int64 `json:"bytesOut"`
	BytesBack   int64 `json:"bytesBack"`
}

type edgeKey struct {
	from, to, via string
	port          int
	accepted      bool
}

// flowLog collects the records of one stretch of time.
type flowLog struct {
	m       *model
	text    []byte
	records int
	edges   map[edgeKey]*Edge
}

// side is one end of a conversation: an interface of ours, or an address outside.
type side struct {
	face    Interface
	address string
	port    int
	service string // AWS service that the address belongs to, or empty
}

// packet is one direction of one conversation as one interface saw it.
type packet struct {
	face             Interface
	source, target   side
	pktSource        string
	pktTarget        string
	bytes            int64
	start, end       int64
	flags            int
	reject, incoming bool
	path             int // traffic-path of outgoing packets; 0 for none
}

// TCP flags of a record are the union over its packets: SYN 2, ACK 16 (only
// with SYN), FIN 1.
const (
	flagsAsk    = 2 | 1
	flagsAnswer = 2 | 16 | 1
	flagsTry    = 2
)

// Values of traffic-path: through another resource of the VPC, through the
// internet gateway, through a gateway endpoint.
const (
	pathInside  = 1
	pathOut     = 8
	pathGateway = 7
)

func (l *flowLog) write(p packet) {
	w := &l.m.World
	if p.pktSource == "" {
		p.pktSource = p.source.address
	}
	if p.pktTarget == "" {
		p.pktTarget = p.target.address
	}
	b := join(l.text, "5 ", w.Account, " ", p.face.ID, " ", p.source.address, " ", p.target.address, " ")
	b = strconv.AppendInt(b, int64(p.source.port), 10)
	b = strconv.AppendInt(append(b, ' '), int64(p.target.port), 10)
	b = append(b, " 6 "...)
	b = strconv.AppendInt(b, 1+p.bytes/900, 10)
	b = strconv.AppendInt(append(b, ' '), max(p.bytes, 40), 10)
	b = strconv.AppendInt(append(b, ' '), p.start, 10)
	b = strconv.AppendInt(append(b, ' '), p.end, 10)
	action, direction := " ACCEPT", " egress "
	if p.reject {
		action = " REJECT"
	}
	if p.incoming {
		direction, p.path = " ingress ", 0
	}
	b = join(b, action, " OK ", w.VPC, " ", p.face.Subnet, " ", orDash(p.face.Instance), " ")
	b = strconv.AppendInt(b, int64(p.flags), 10)
	b = join(b, " IPv4 ", p.pktSource, " ", p.pktTarget, " ", w.Region, " ", orDash(p.source.service), " ", orDash(p.target.service), direction)
	l.text = append(dash(b, p.path), '\n')
	l.records++
}

// noData writes the record of an interface that saw nothing.
func (l *flowLog) noData(f Interface, start, end int64) {
	w := &l.m.World
	l.text = join(l.text, "5 ", w.Account, " ", f.ID, " - - - - - - - ", strconv.FormatInt(start, 10), " ", strconv.FormatInt(end, 10),
		" - NODATA ", w.VPC, " ", f.Subnet, " ", orDash(f.Instance), " - - - - ", w.Region, " - - - -\n")
	l.records++
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// count adds a conversation to its edge.
func (l *flowLog) count(k edgeKey, records int, out, back int64) {
	e := l.edges[k]
	if e == nil {
		e = &Edge{From: k.from, To: k.to, Port: k.port, Via: k.via, Accepted: k.accepted}
		l.edges[k] = e
	}
	e.Connections++
	e.Records += records
	e.BytesOut += max(out, 40)
	if k.accepted {
		e.BytesBack += max(back, 40)
	}
}

// talk is one conversation: how much went each way and when.
type talk struct {
	port       int // of the initiator
	out, back  int64
	start, end int64 // seconds since 1970
}

// between writes a conversation of two interfaces inside the VPC. Both ends log it.
func (l *flowLog) between(a, b Interface, port int, t talk) {
	from, to := side{face: a, address: a.Address, port: t.port}, side{face: b, address: b.Address, port: port}
	for _, f := range []Interface{a, b} {
		l.write(packet{face: f, source: from, target: to, bytes: t.out, start: t.start, end: t.end, flags: flagsAsk, incoming: f.ID == b.ID, path: pathInside})
		l.write(packet{face: f, source: to, target: from, bytes: t.back, start: t.start, end: t.end, flags: flagsAnswer, incoming: f.ID == a.ID, path: pathInside})
	}
	l.count(edgeKey{from: a.Resource, to: b.Resource, port: port, accepted: true}, 4, t.out, t.back)
}

// refused writes an attempt inside the VPC that the listener's side turned
// away. The initiator's own interface let it out, so it logs ACCEPT: a graph
// drawn from ACCEPT alone would show an edge that does not exist.
func (l *flowLog) refused(a, b Interface, port int, t talk) {
	from, to := side{face: a, address: a.Address, port: t.port}, side{face: b, address: b.Address, port: port}
	l.write(packet{face: a, source: from, target: to, bytes: t.out, start: t.start, end: t.end, flags: flagsTry, path: pathInside})
	l.write(packet{face: b, source: from, target: to, bytes: t.out, start: t.start, end: t.end, flags: flagsTry, incoming: true, reject: true})
	l.count(edgeKey{from: a.Resource, to: b.Resource, port: port}, 2, t.out, 0)
}

// arriving writes a customer's connection to a node of the balancer.
func (l *flowLog) arriving(address string, node Interface, port int, t talk) {
	from, to := side{address: address, port: t.port}, side{address: node.Address, port: port}
	l.write(packet{face: node, source: from, target: to, bytes: t.out, start: t.start, end: t.end, flags: flagsAsk, incoming: true})
	l.write(packet{face: node, source: to, target: from, bytes: t.back, start: t.start, end: t.end, flags: flagsAnswer, path: pathOut})
	l.count(edgeKey{from: Internet, to: node.Resource, port: port, accepted: true}, 2, t.out, t.back)
}

// scanned writes a probe from the internet that was turned away.
func (l *flowLog) scanned(address string, f Interface, port int, t talk) {
	l.write(packet{face: f, source: side{address: address, port: t.port}, target: side{address: f.Address, port: port},
		bytes: t.out, start: t.start, end: t.end, flags: flagsTry, incoming: true, reject: true})
	l.count(edgeKey{from: Internet, to: f.Resource, port: port}, 1, t.out, 0)
}

// outside is a public address and what stands behind it.
type outside struct{ address, service, id string }

// throughGateway writes a conversation with S3 over the gateway endpoint,
// which has no interface of its own.
func (l *flowLog) throughGateway(a Interface, o outside, t talk) {
	from, to := side{address: a.Address, port: t.port}, side{address: o.address, port: 443, service: o.service}
	l.write(packet{face: a, source: from, target: to, bytes: t.out, start: t.start, end: t.end, flags: flagsAsk, path: pathGateway})
	l.write(packet{face: a, source: to, target: from, bytes: t.back, start: t.start, end: t.end, flags: flagsAnswer, incoming: true})
	l.count(edgeKey{from: a.Resource, to: o.id, port: 443, via: l.m.World.S3Endpoint, accepted: true}, 2, t.out, t.back)
}

// throughNAT writes a conversation with the outside over a NAT gateway. On the
// gateway's interface the packet's own address (pkt-) is that of the far end
// while the record's address is the gateway's: only together do they tell who
// talked to whom.
func (l *flowLog) throughNAT(a, nat Interface, o outside, t talk) {
	inner := side{address: a.Address, port: t.port}
	far := side{address: o.address, port: 443, service: o.service}
	middle, middleFar := side{address: nat.Address, port: t.port}, side{address: nat.Address, port: 443, service: o.service}
	one := packet{start: t.start, end: t.end}
	put := func(f Interface, source, target side, change func(*packet)) {
		p := one
		p.face, p.source, p.target = f, source, target
		change(&p)
		l.write(p)
	}
	put(a, inner, far, func(p *packet) { p.bytes, p.flags, p.path = t.out, flagsAsk, pathInside })
	put(a, far, inner, func(p *packet) { p.bytes, p.flags, p.incoming = t.back, flagsAnswer, true })
	put(nat, inner, middleFar, func(p *packet) { p.bytes, p.flags, p.incoming, p.pktTarget = t.out, flagsAsk, true, o.address })
	put(nat, middle, far, func(p *packet) { p.bytes, p.flags, p.path = t.out, flagsAsk, pathOut })
	put(nat, far, middle, func(p *packet) { p.bytes, p.flags, p.incoming = t.back, flagsAnswer, true })
	put(nat, middleFar, inner, func(p *packet) { p.bytes, p.flags, p.path, p.pktSource = t.back, flagsAnswer, pathInside, o.address })
	l.count(edgeKey{from: a.Resource, to: o.id, port: 443, via: nat.Resource, accepted: true}, 6, t.out, t.back)
}

// flowKey is where a file of the flow log lies.
func (w World) flowKey(day, start, tag string) string {
	return fmt.Sprintf("AWSLogs/%s/vpcflowlogs/%s/%s/%s_vpcflowlogs_%s_%s_%s_%s.log.gz", w.Account, w.Region, day, w.Account, w.Region, w.FlowLog, start, tag)
}

// mergeEdges adds up the edges of several stretches, in a stable order.
func mergeEdges(parts []map[edgeKey]*Edge) []Edge {
	sum := map[edgeKey]*Edge{}
	for _, part := range parts {
		for k, e := range part {
			if sum[k] == nil {
				sum[k] = &Edge{From: e.From, To: e.To, Port: e.Port, Via: e.Via, Accepted: e.Accepted}
			}
			s := sum[k]
			s.Connections += e.Connections
			s.Records += e.Records
			s.BytesOut += e.BytesOut
			s.BytesBack += e.BytesBack
		}
	}
	list := make([]Edge, 0, len(sum))
	for _, e := range sum {
		list = append(list, *e)
	}
	slices.SortFunc(list, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Via, b.Via), boolOrder(a.Accepted, b.Accepted))
	})
	return list
}

func boolOrder(a, b bool) int {
	if a == b {
		return 0
	}
	if a {
		return -1
	}
	return 1
}
