package graph

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// maxOutsideHosts bounds how many public addresses become nodes of their own,
// those with the most bytes first; the rest are the internet.
const maxOutsideHosts = 200

// observed makes the edges of what logs saw.
func (m *maker) observed(seen Observed) {
	m.conversations(seen.Conversations)
	for _, i := range ordered(seen.Uses, useOrder) {
		m.use(&seen.Uses[i])
	}
	for _, i := range ordered(seen.Requests, requestOrder) {
		m.request(&seen.Requests[i])
	}
}

// talk is a conversation with its ends as nodes.
type talk struct {
	*Conversation
	client, server int32
}

func (m *maker) conversations(list []Conversation) {
	order := ordered(list, conversationOrder)
	order = slices.DeleteFunc(order, func(i int32) bool {
		c := &list[i]
		return c.Refused || c.Rejected || c.Bytes == 0 && c.Packets == 0
	})
	m.ranges, m.services = m.serviceRanges(), map[string]string{}
	m.widths(list, order)
	named := m.outsideHosts(list, order)
	// A gateway's own records of packets that the one behind it was seen to
	// send are left out. Gateways carry packets and need nothing of them: what
	// uses a gateway is in the route tables.
	var late []talk
	reached := map[reach]bool{}
	for _, i := range order {
		c := &list[i]
		t := talk{c, m.end(c.Client, c.Server, named, true), m.end(c.Server, c.Client, named, false)}
		switch {
		case m.gateway(t.server):
		case m.gateway(t.client):
			late = append(late, t)
		default:
			m.talked(t)
			if m.nodes[t.server].External {
				reached[reachOf(&list[i])] = true
			}
		}
	}
	for _, t := range late {
		if !reached[reachOf(t.Conversation)] {
			m.talked(t)
		}
	}
}

// reach is what was reached, as both the sender's records and the gateway's
// tell it.
type reach struct {
	address, protocol string
	port              int
}

func reachOf(c *Conversation) reach { return reach{c.Server.Address, c.Protocol, c.Port} }

func (m *maker) talked(t talk) {
	port := t.Port
	if t.Protocol == "icmp" {
		port = 0
	}
	sure := t.Sure
	if sure <= 0 || sure > 1 {
		sure = 0.5
	}
	source := t.Source
	if source == "" {
		source = fromFlowLogs
	}
	m.add(link{from: t.client, to: t.server, relation: ConnectsTo, port: port, protocol: protocolName(t.Protocol), bytes: t.Bytes, sure: sureTalked * sure,
		evidence: Evidence{Source: source, Count: t.Flows, First: moment(t.First), Last: moment(t.Last)}})
}

// gateway reports whether a node only passes packets on.
func (m *maker) gateway(i int32) bool {
	switch m.nodes[i].Kind {
	case "AWS::EC2::NatGateway", "AWS::EC2::TransitGateway", "AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayVpcAttachment", "AWS::EC2::InternetGateway":
		return true
	}
	return false
}

// end finds the node of one end of a conversation with another.
func (m *maker) end(e, other *Endpoint, named map[string]bool, client bool) int32 {
	if i := m.insideWith(e, other); i >= 0 {
		return i
	}
	if service := m.serviceOf(e); service != "" {
		return m.external(ExternalService, "service/"+service)
	}
	a, err := netip.ParseAddr(e.Address)
	switch {
	case err != nil:
		return m.external(ExternalNetwork, "internet")
	case a.IsPrivate():
		return m.external(ExternalNetwork, block(a, m.width))
	case !client && named[a.Unmap().String()]:
		return m.external(ExternalHost, a.Unmap().String())
	}
	return m.external(ExternalNetwork, "internet")
}

// inside finds the resource of an end: by its interface when that has the
// end's address (a NAT gateway's interface sees others' packets), by the
// instance, or by the address.
func (m *maker) inside(e *Endpoint) int32 {
	if e.Interface != "" {
		for _, i := range m.index.Named(-1, "AWS::EC2::NetworkInterface", e.Interface) {
			if m.hasAddress(i, e.Address) {
				return m.ownerOf(i)
			}
		}
	}
	if e.Instance != "" {
		if list := m.index.Named(-1, "AWS::EC2::Instance", e.Instance); len(list) > 0 {
			return list[0]
		}
	}
	best := int32(-1)
	for _, i := range m.index.Address(-1, e.Address) {
		owner := m.addressOwner(i, e)
		if owner >= 0 && (best < 0 || m.rank(owner) < m.rank(best)) {
			best = owner
		}
	}
	return best
}

// insideWith is inside for an end of which the log does not say in which VPC it
// is: that of the other end comes before those that have the same addresses.
func (m *maker) insideWith(e, other *Endpoint) int32 {
	if e.VPC == "" {
		here := *e
		if here.VPC = m.vpcOfEnd(other); here.VPC != "" {
			if i := m.inside(&here); i >= 0 {
				return i
			}
		}
	}
	return m.inside(e)
}

// vpcOfEnd is where an end is, "" if that is not known.
func (m *maker) vpcOfEnd(e *Endpoint) string {
	if e.VPC != "" || e.Interface == "" {
		return e.VPC
	}
	for _, i := range m.index.Named(-1, "AWS::EC2::NetworkInterface", e.Interface) {
		return m.vpcOf(i)
	}
	return ""
}

func (m *maker) hasAddress(i int32, address string) bool {
	return address == "" || slices.Contains(m.index.Address(-1, address), i)
}

// addressOwner is whose an address is, -1 when the address is one of another
// VPC: private addresses repeat.
func (m *maker) addressOwner(i int32, e *Endpoint) int32 {
	r := &m.resources[i]
	if e.Account != "" && r.Account != "" && e.Account != r.Account {
		return -1
	}
	if e.VPC != "" {
		if vpc := m.vpcOf(i); vpc != "" && vpc != e.VPC {
			return -1
		}
	}
	return m.ownerOf(i)
}

func (m *maker) vpcOf(i int32) string {
	r := &m.resources[i]
	for _, v := range []any{r.Properties["VpcId"], r.Attributes["VpcId"]} {
		if s := text(v); s != "" {
			return s
		}
	}
	return ""
}

// rank prefers what works or keeps data to the parts of the network that
// happen to hold the same address.
func (m *maker) rank(i int32) int {
	switch m.nodes[i].Kind {
	case "AWS::EC2::NetworkInterface":
		return 2
	case "AWS::EC2::EIP":
		return 3
	case "AWS::Route53::RecordSet":
		return 4
	}
	return 1
}

// outsideHosts picks the public addresses that are worth a node.
func (m *maker) outsideHosts(list []Conversation, order []int32) map[string]bool {
	bytes := map[string]int64{}
	for _, i := range order {
		c := &list[i]
		if m.serviceOf(c.Server) != "" {
			continue
		}
		if a, err := netip.ParseAddr(c.Server.Address); err == nil && !a.IsPrivate() {
			bytes[a.Unmap().String()] += max(c.Bytes, 1)
		}
	}
	names := make([]string, 0, len(bytes))
	for name := range bytes {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(bytes[b], bytes[a]), cmp.Compare(a, b)) })
	named := map[string]bool{}
	for _, name := range names[:min(len(names), maxOutsideHosts)] {
		named[name] = true
	}
	return named
}

// maxNeighbours bounds how many private networks outside the inventory become
// nodes.
const maxNeighbours = 64

// widths picks how wide the blocks of private addresses outside the inventory
// are: on premises, single hosts come and go, and a picture of a thousand
// networks says no more than one of ten.
func (m *maker) widths(list []Conversation, order []int32) {
	outside := map[netip.Addr]bool{}
	for _, i := range order {
		for _, e := range []*Endpoint{list[i].Client, list[i].Server} {
			if a, err := netip.ParseAddr(e.Address); err == nil && a.IsPrivate() && !outside[a] && m.inside(e) < 0 {
				outside[a] = true
			}
		}
	}
	for _, m.width = range []int{24, 16, 8} {
		blocks := map[string]bool{}
		for a := range outside {
			blocks[block(a, m.width)] = true
		}
		if len(blocks) <= maxNeighbours {
			return
		}
	}
}

// block names the network of an address. An IPv6 network has as many bits
// more as its usual smallest one (/64) has over that of IPv4 (/24).
func block(a netip.Addr, width int) string {
	a = a.Unmap()
	if a.Is6() {
		width += 40
	}
	p, err := a.Prefix(width)
	if err != nil {
		return a.String()
	}
	return p.String()
}

// use makes the edges of one principal's use of one resource: from the role,
// and from the instance or function that the session's name tells.
func (m *maker) use(u *Use) {
	if u.Count > 0 && u.Errors >= u.Count {
		return // tried and refused, like a rejected connection
	}
	principal := m.principalNode(u)
	if principal < 0 {
		return
	}
	relation := m.useRelation(u)
	to := m.usedResource(u)
	if to < 0 {
		return
	}
	e := Evidence{Source: fromTrail, At: u.Service + ":" + u.Action, Count: u.Count, First: moment(u.First), Last: moment(u.Last)}
	l := link{from: principal, to: to, relation: relation, calls: u.Count, sure: sureCalled, evidence: e}
	m.add(l)
	if runner := m.runner(u); runner >= 0 && runner != principal {
		l.from = runner
		l.evidence.Note = "as " + m.nodes[principal].Name
		m.add(l)
	}
}

func (m *maker) useRelation(u *Use) Relation {
	if rel := actionRelation(u.Service, u.Action); rel != "" {
		return rel
	}
	switch {
	case u.DataEvent:
		return Uses
	case u.ReadOnly:
		return Inspects
	}
	return Operates
}

// principalNode is the role or user. AWS's own services, which act as
// configured, service-linked roles, and Landfall itself give no edges.
func (m *maker) principalNode(u *Use) int32 {
	if !strings.HasPrefix(u.Principal, "arn:") || strings.Contains(u.Principal, ":role/aws-service-role/") {
		return -1
	}
	if list := m.index.ARN(-1, u.Principal); len(list) > 0 {
		if slices.Contains(m.resources[list[0]].Marks, inventory.Operator) {
			return -1
		}
		return list[0]
	}
	return m.external(ExternalAccount, u.Principal)
}

// runner is what runs with a role, by the session's name: an instance's id
// for an instance profile, the function's name for Lambda.
func (m *maker) runner(u *Use) int32 {
	if u.Session == "" {
		return -1
	}
	if list := m.index.Named(-1, "AWS::EC2::Instance", u.Session); len(list) > 0 && strings.HasPrefix(u.Session, "i-") {
		return list[0]
	}
	for _, i := range m.index.Named(-1, "AWS::Lambda::Function", u.Session) {
		if r := &m.resources[i]; r.Account == u.Account || u.Account == "" || r.Account == "" {
			return i
		}
	}
	return -1
}

// usedResource is what was used: the resource that the event names, or the
// service.
func (m *maker) usedResource(u *Use) int32 {
	if u.Resource == "" {
		return m.external(ExternalService, "service/"+u.Service)
	}
	for _, f := range m.index.Find(-1, u.Resource) {
		if f.To >= 0 {
			return f.To
		}
	}
	if list := m.namedInService(u); len(list) > 0 {
		return list[0]
	}
	if strings.HasPrefix(u.Resource, "arn:") && !managedByAWS(u.Resource) {
		return m.external(ExternalResource, u.Resource)
	}
	return m.external(ExternalService, "service/"+u.Service)
}

// namedInService finds a plain name among the kinds of the service that was
// called: events name tables and databases without their ARN.
func (m *maker) namedInService(u *Use) []int32 {
	var found []int32
	for _, k := range m.index.Kinds(u.Service) {
		list := m.ofCaller(m.index.Named(-1, k, u.Resource), u)
		if len(list) == 1 && (policyTarget(k) || len(found) == 0) {
			found = append(list, found...)
		}
	}
	return found
}

// ofCaller keeps, of several resources with one name, those of the account and
// the region that the event was recorded in: accounts of one make have tables
// of one name.
func (m *maker) ofCaller(list []int32, u *Use) []int32 {
	if len(list) < 2 {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(i int32) bool {
		r := &m.resources[i]
		return u.Account != "" && r.Account != u.Account || u.Region != "" && r.Region != "global" && r.Region != u.Region
	})
}

// request makes the edges of requests that an access log counted: front to
// target group, and to the target.
func (m *maker) request(r *Request) {
	front := m.front(r)
	if front < 0 {
		return
	}
	e := Evidence{Source: r.Source, Count: r.Count, First: moment(r.First), Last: moment(r.Last)}
	l := link{from: front, relation: ForwardsTo, bytes: r.Bytes, calls: r.Count, sure: sureRequested, evidence: e}
	for _, group := range m.index.ARN(-1, r.TargetGroup) {
		l.to = group
		m.add(l)
	}
	target := m.requestTarget(r)
	if target >= 0 && target != front {
		l.to, l.relation = target, Targets
		if list := m.index.ARN(-1, r.TargetGroup); len(list) > 0 {
			l.from = list[0]
		}
		m.add(l)
	}
	client := link{from: m.external(ExternalNetwork, "internet"), to: front, relation: ConnectsTo, port: r.Port, protocol: "tcp", calls: r.Count, sure: sureRequested, evidence: e}
	client.evidence.Note = r.Host
	m.add(client)
}

func (m *maker) front(r *Request) int32 {
	if r.Front == "" {
		return -1
	}
	for _, k := range frontKinds(r.Source) {
		if list := m.index.Named(-1, k, r.Front); len(list) > 0 {
			return list[0]
		}
	}
	for _, f := range m.index.Find(-1, r.Front) {
		if f.To >= 0 {
			return f.To
		}
	}
	if list := m.index.Host(-1, r.Front); len(list) > 0 {
		return list[0]
	}
	return -1
}

func frontKinds(source string) []cloud.Kind {
	switch source {
	case "classic-elb":
		return []cloud.Kind{"AWS::ElasticLoadBalancing::LoadBalancer"}
	case "cloudfront":
		return []cloud.Kind{"AWS::CloudFront::Distribution"}
	case "s3":
		return []cloud.Kind{"AWS::S3::Bucket"}
	}
	return []cloud.Kind{"AWS::ElasticLoadBalancingV2::LoadBalancer"}
}

func (m *maker) requestTarget(r *Request) int32 {
	if strings.HasPrefix(r.Target, "arn:") {
		if list := m.index.ARN(-1, r.Target); len(list) > 0 {
			return list[0]
		}
		return -1
	}
	address, err := netip.ParseAddrPort(r.Target)
	if err != nil {
		return -1
	}
	return m.inside(&Endpoint{Address: address.Addr().String()})
}
