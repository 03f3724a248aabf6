package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// door draws a way through a balancer, or through an endpoint and a balancer.
func (m *maker) door() Door {
	place := func() Place {
		return pick(m, []Place{
			{"s0", netip.MustParseAddr(fmt.Sprintf("10.%d.1.6", m.base))}, {"s1", netip.MustParseAddr(fmt.Sprintf("10.%d.2.6", m.base))},
			{"s2", netip.MustParseAddr(fmt.Sprintf("10.%d.1.6", m.base+1))},
		})
	}
	d := Door{Name: "balancer", Protocol: pick(m, []int{6, 6, 17}), Listen: pick(m, []uint16{80, 443}), Port: pick(m, []uint16{22, 80, 443, 1024, 5432, 40000}), Public: m.chance(50), Kept: m.chance(60), Places: []Place{place()}}
	for g := range 3 {
		if m.chance(40) {
			d.Labels = append(d.Labels, fmt.Sprint("g", g))
		}
	}
	if m.chance(25) {
		d.Public, d.Kept = false, false
		d.Entry = &Entry{Name: "endpoint", Places: []Place{place()}, Labels: []string{fmt.Sprint("g", m.IntN(3))}, Asked: m.chance(50)}
	}
	return d
}

// bruteDoors follows a packet to each balancer and from there on.
func bruteDoors(n *Network, p one) bool {
	if p.to < 0 || p.tagA == TagBalancer {
		return false
	}
	return slices.ContainsFunc(n.Interfaces[p.to].Doors, func(d Door) bool {
		if d.Protocol != p.protocol || d.Port != p.x || d.Public && p.subA >= 0 || p.a.Is6() {
			return false
		}
		at := d.Places[0]
		sub := slices.IndexFunc(n.Subnets, func(s Subnet) bool { return s.ID == at.Subnet })
		var labels []string
		if p.from >= 0 {
			labels = n.Interfaces[p.from].Labels
		}
		knock := p
		knock.to, knock.b, knock.subB, knock.x = -1, at.Address, sub, d.Listen
		if d.Entry != nil {
			in := knock
			in.b, in.subB = d.Entry.Places[0].Address, slices.IndexFunc(n.Subnets, func(s Subnet) bool { return s.ID == d.Entry.Places[0].Subnet })
			if !bruteArrives(n, in, d.Entry.Labels, false) || !bruteAny(n, d.Entry.Labels, in, false, bruteKnown(n, in, labels)) {
				return false
			}
			if d.Entry.Asked && len(d.Labels) > 0 && !bruteAny(n, d.Labels, knock, false, nil) {
				return false
			}
		} else if !bruteArrives(n, knock, d.Labels, d.Public) || len(d.Labels) > 0 && !bruteAny(n, d.Labels, knock, false, bruteKnown(n, knock, labels)) {
			return false
		}
		return bruteHandedOn(n, p, d, sub)
	})
}

// bruteHandedOn is the way from the balancer to its target.
func bruteHandedOn(n *Network, p one, d Door, sub int) bool {
	node := d.Places[0].Address
	on := p
	on.from, on.a, on.tagA, on.subA = -1, node, "", sub
	if !bruteJoin(n, true, sub, p.subB, p.b, "") || !bruteJoin(n, true, p.subB, sub, node, "") {
		return false
	}
	if len(d.Labels) > 0 && !bruteAny(n, d.Labels, on, true, bruteKnown(n, on, n.Interfaces[p.to].Labels)) {
		return false
	}
	own := bruteKnown(n, on, d.Labels)
	seen := on
	if d.Kept {
		seen.a, seen.tagA = p.a, p.tagA
	}
	if labels := n.Interfaces[p.to].Labels; len(labels) > 0 && !bruteAny(n, labels, seen, false, own) {
		return false
	}
	if sub == p.subB {
		return true
	}
	ack := bruteAnswer(seen)
	return bruteList(n, n.Subnets[sub].Filter, on, false, true) && bruteList(n, n.Subnets[sub].Filter, *bruteAnswer(on), true, false) &&
		bruteList(n, n.Subnets[p.subB].Filter, seen, false, false) && bruteList(n, n.Subnets[p.subB].Filter, *ack, true, true)
}

// bruteArrives is the way of a client to an address in a subnet, and back.
func bruteArrives(n *Network, p one, labels []string, public bool) bool {
	if p.subA >= 0 {
		if !bruteJoin(n, true, p.subA, p.subB, p.b, "") || !bruteJoin(n, true, p.subB, p.subA, p.a, p.tagA) {
			return false
		}
	} else {
		hop, _, _ := bruteRoute(n, true, p.subB, -1, p.a, p.tagA)
		out := hop == HopInternet && public && !bruteInternal(p.a, p.tagA)
		in := !public && (hop == HopLink || hop == HopTransit || hop == HopPremises)
		if !out && !in {
			return false
		}
	}
	if p.from >= 0 && len(n.Interfaces[p.from].Labels) > 0 && !bruteAny(n, n.Interfaces[p.from].Labels, p, true, bruteKnown(n, p, labels)) {
		return false
	}
	if p.subA == p.subB {
		return true
	}
	ack := bruteAnswer(p)
	if p.from >= 0 {
		f := n.Subnets[p.subA].Filter
		if !bruteList(n, f, p, false, true) || !bruteList(n, f, *ack, true, false) {
			return false
		}
	}
	f := n.Subnets[p.subB].Filter
	return bruteList(n, f, p, false, false) && bruteList(n, f, *ack, true, true)
}

// bruteKnown are labels where rules know groups by reference.
func bruteKnown(n *Network, p one, labels []string) []string {
	if p.subA < 0 || p.subB < 0 || n.Subnets[p.subA].Space == n.Subnets[p.subB].Space {
		return labels
	}
	_, via, kind := bruteRoute(n, true, p.subA, p.subB, p.b, p.tagB)
	if kind == HopLink || slices.ContainsFunc(n.Transits, func(t Transit) bool { return t.ID == via && t.Labels }) {
		return labels
	}
	return nil
}

// bruteAny asks groups: one allow is enough.
func bruteAny(n *Network, own []string, p one, out bool, others []string) bool {
	return slices.ContainsFunc(own, func(id string) bool {
		f := n.Filters[slices.IndexFunc(n.Filters, func(f Filter) bool { return f.ID == id })]
		rules := f.In
		if out {
			rules = f.Out
		}
		return slices.ContainsFunc(rules, func(r Rule) bool {
			peers, a, tag := r.From, p.a, p.tagA
			if out {
				peers, a, tag = r.To, p.b, p.tagB
			}
			return bruteCovers(r, p) && brutePeer(peers, a, tag, others)
		})
	})
}

// enters is what decides over packets to an interface from an address outside.
func enters(n Network, from string, to string, port uint16) string {
	o := NewOracle(n, true)
	var d Deciding
	for _, i := range o.at[to] {
		o.judge(&d, o.s.block(netip.MustParseAddr(from)), &o.s.spots[i], port)
	}
	return d.Passes + "|" + d.Stops + "|" + d.Unknown
}

// fronted is a VPC with a balancer in a public subnet before a machine in a
// private one, and a client beside it.
func fronted(t *testing.T, change map[string]string) *account {
	t.Helper()
	with := func(key, standard string) string {
		if v, ok := change[key]; ok {
			return v
		}
		return standard
	}
	a := &account{}
	a.add(t, "AWS::EC2::VPC", "vpc", `{"CidrBlock":"10.0.0.0/16"}`)
	a.add(t, "AWS::EC2::Subnet", "s1", `{"VpcId":"vpc","CidrBlock":"10.0.1.0/24"}`)
	a.add(t, "AWS::EC2::Subnet", "s2", `{"VpcId":"vpc","CidrBlock":"10.0.2.0/24"}`)
	a.add(t, "AWS::EC2::InternetGateway", "igw-1", `{}`)
	a.add(t, kindTable, "public", `{"VpcId":"vpc"}`)
	a.add(t, kindAssociation, "on", `{"SubnetId":"s1","RouteTableId":"public"}`)
	a.add(t, kindRoute, "out", `{"RouteTableId":"public","DestinationCidrBlock":"0.0.0.0/0","GatewayId":"igw-1"}`)
	const all = `[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}]`
	a.add(t, kindGroup, "lb", `{"GroupName":"lb","VpcId":"vpc","SecurityGroupIngress":`+with("in", `[{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"CidrIp":"203.0.113.0/24"}]`)+`,"SecurityGroupEgress":`+with("out", all)+`}`)
	a.add(t, kindGroup, "target", `{"GroupName":"target","VpcId":"vpc","SecurityGroupIngress":`+with("target", `[{"IpProtocol":"tcp","FromPort":8443,"ToPort":8443,"SourceSecurityGroupId":"lb"}]`)+`}`)
	a.add(t, kindGroup, "client", `{"GroupName":"client","VpcId":"vpc","SecurityGroupEgress":`+all+`}`)
	a.add(t, kindBalancer, "nlb", `{"Type":"network","Scheme":"`+with("scheme", "internet-facing")+`","SecurityGroups":`+with("groups", `["lb"]`)+`,"SubnetMappings":[{"SubnetId":"s1"`+with("address", "")+`}]`+with("more", "")+`}`)
	a.add(t, kindTargetGroup, "tg", `{"Port":8443,"VpcId":"vpc","Protocol":"`+with("protocol", "TCP")+`","TargetType":"`+with("type", "instance")+`","Targets":[{"Id":"`+with("member", "i")+`"}]`+with("attributes", "")+`}`)
	a.add(t, kindListener, "listener", `{"LoadBalancerArn":"nlb","Port":443,"Protocol":"`+with("protocol", "TCP")+`","DefaultActions":[{"ForwardConfig":{"TargetGroups":[{"TargetGroupArn":"tg"}]}}]}`)
	a.add(t, "AWS::EC2::Instance", "i", `{"SubnetId":"s2","SecurityGroupIds":["target"],"PrivateIpAddress":"10.0.2.9"}`)
	a.add(t, "AWS::EC2::Instance", "c", `{"SubnetId":"s2","SecurityGroupIds":["client"],"PrivateIpAddress":"10.0.2.7"}`)
	return a
}

// TestGuardedBalancers states what Elastic Load Balancing's pages "Update the
// security groups for your Network Load Balancer" and "Edit target group
// attributes for your Network Load Balancer" say, one thing at a time.
func TestGuardedBalancers(t *testing.T) {
	t.Parallel()
	const keep, fromNode, fromClient = "203.0.113.7", `[{"IpProtocol":"tcp","FromPort":8443,"ToPort":8443,"CidrIp":"10.0.1.0/24"}]`, `[{"IpProtocol":"tcp","FromPort":8443,"ToPort":8443,"CidrIp":"203.0.113.0/24"}]`
	off := `,"TargetGroupAttributes":[{"Key":"preserve_client_ip.enabled","Value":"false"}]`
	on := strings.Replace(off, "false", "true", 1)
	for name, c := range map[string]struct {
		change map[string]string
		from   string
		want   string
	}{
		"a target may name the balancer's group, the client's address being kept": {nil, keep, "balancer nlb: target: ingress tcp 8443 lb"},
		"whom its groups do not let in stays out":                                 {nil, "198.51.100.1", "|balancer nlb: lb: no rule allows it"},
		"its groups decide over what it hands on":                                 {map[string]string{"out": `[{"IpProtocol":"tcp","FromPort":80,"ToPort":80,"CidrIp":"0.0.0.0/0"}]`}, keep, "|balancer nlb: lb: no rule allows it"},
		"without groups all clients reach it":                                     {map[string]string{"groups": `[]`, "target": `[{"IpProtocol":"tcp","FromPort":8443,"ToPort":8443,"CidrIp":"0.0.0.0/0"}]`}, "198.51.100.1", "target: ingress"},
		"instances see the client's address":                                      {map[string]string{"target": fromNode}, keep, "|balancer nlb: target: no rule allows it"},
		"instances may see the balancer's instead":                                {map[string]string{"target": fromNode, "attributes": off}, keep, "balancer nlb: target: ingress"},
		"and then not the client's":                                               {map[string]string{"target": fromClient, "attributes": off}, keep, "|balancer nlb: target: no rule allows it"},
		"addresses see the balancer's for TCP":                                    {map[string]string{"target": fromNode, "type": "ip", "member": "10.0.2.9"}, keep, "balancer nlb: target: ingress"},
		"addresses see the client's for TCP when switched on":                     {map[string]string{"target": fromClient, "type": "ip", "member": "10.0.2.9", "attributes": on}, keep, "balancer nlb: target: ingress"},
		"a rule for part of its subnet, its address not known":                    {map[string]string{"target": strings.Replace(fromNode, "10.0.1.0/24", "10.0.1.0/25", 1), "attributes": off}, keep, "||balancer nlb: its addresses in its subnets decide"},
		"a rule for part of its subnet, its address known":                        {map[string]string{"target": strings.Replace(fromNode, "10.0.1.0/24", "10.0.1.0/25", 1), "attributes": off, "address": `,"PrivateIPv4Address":"10.0.1.9"`}, keep, "balancer nlb: target: ingress"},
		"an internal one is not for the internet":                                 {map[string]string{"scheme": "internal"}, keep, "|balancer nlb: no route back"},
		"another port stays shut":                                                 {map[string]string{"protocol": "UDP"}, keep, "|no route"},
	} {
		a := fronted(t, c.change)
		n := FromAWS(a.list, a.find)
		if len(n.Doubts) > 0 {
			t.Errorf("%s: %v", name, n.Doubts)
		}
		if got := enters(n, c.from, "i", 8443); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	a := fronted(t, map[string]string{"protocol": "UDP", "type": "ip", "member": "10.0.2.9", "attributes": off})
	for _, d := range FromAWS(a.list, a.find).Interfaces[1].Doors {
		if !d.Kept || d.Protocol != protocolUDP {
			t.Errorf("for UDP the client's address is always kept: %+v", d)
		}
	}
}

// TestInternalBalancers: those inside come through the balancer alone where the
// target names its group.
func TestInternalBalancers(t *testing.T) {
	t.Parallel()
	const inside = `[{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"SourceSecurityGroupId":"client"}]`
	for in, want := range map[string]string{inside: "balancer nlb: target: ingress tcp 8443 lb", `[]`: "|target: no rule allows it"} {
		a := fronted(t, map[string]string{"scheme": "internal", "in": in})
		d, ok := NewOracle(FromAWS(a.list, a.find), true).Between("c", "i", 8443)
		if got := d.Passes + "|" + d.Stops; !ok || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// TestOwnEndpointService: what PrivateLink's pages say of a service of one's own
// ("Access a service through AWS PrivateLink", "Share your services"), and the
// API reference of SetSecurityGroups of whether the balancer's groups are asked.
func TestOwnEndpointService(t *testing.T) {
	t.Parallel()
	const clientIn = `[{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"CidrIp":"10.1.0.0/16"}]`
	const enforceOff = `,"EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic":"off"`
	for name, c := range map[string]struct {
		change   map[string]string
		endpoint string
		want     string
	}{
		"the groups are asked about the client's address": {map[string]string{"in": clientIn}, "user", "endpoint e and balancer nlb: target: ingress tcp 8443 lb"},
		"and stop whom they do not name":                  {map[string]string{"in": `[]`}, "user", "|endpoint e and balancer nlb: lb: no rule allows it"},
		"unless that is switched off":                     {map[string]string{"in": `[]`, "more": enforceOff}, "user", "endpoint e and balancer nlb: target: ingress tcp 8443 lb"},
		"the endpoint has groups of its own":              {map[string]string{"in": clientIn}, "shut", "|endpoint e and balancer nlb: shut: no rule allows it"},
		"the target sees the balancer, never the client":  {map[string]string{"in": clientIn, "target": strings.ReplaceAll(clientIn, "443", "8443")}, "user", "|endpoint e and balancer nlb: target: no rule allows it"},
		"and may name the block that the balancer has":    {map[string]string{"in": clientIn, "target": `[{"IpProtocol":"tcp","FromPort":8443,"ToPort":8443,"CidrIp":"10.0.1.0/24"}]`}, "user", "endpoint e and balancer nlb: target: ingress"},
		"a balancer without groups asks nobody":           {map[string]string{"groups": `[]`, "target": `[{"IpProtocol":"tcp","FromPort":8443,"ToPort":8443,"CidrIp":"10.0.1.0/24"}]`}, "user", "endpoint e and balancer nlb: target: ingress"},
	} {
		change := map[string]string{"scheme": "internal"}
		for k, v := range c.change {
			change[k] = v
		}
		a := fronted(t, change)
		a.add(t, "AWS::EC2::VPC", "far", `{"CidrBlock":"10.1.0.0/16"}`)
		a.add(t, "AWS::EC2::Subnet", "f1", `{"VpcId":"far","CidrBlock":"10.1.1.0/24"}`)
		a.add(t, kindGroup, "user", `{"GroupName":"user","VpcId":"far","SecurityGroupIngress":[{"IpProtocol":"-1","SourceSecurityGroupId":"user"}],"SecurityGroupEgress":[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}]}`)
		a.add(t, kindGroup, "shut", `{"GroupName":"shut","VpcId":"far"}`)
		a.add(t, kindService, "vpce-svc-1", `{"NetworkLoadBalancerArns":["nlb"]}`)
		a.add(t, kindPrivateLink, "e", `{"VpcEndpointType":"Interface","VpcId":"far","SubnetIds":["f1"],"SecurityGroupIds":["`+c.endpoint+`"],"ServiceName":"com.amazonaws.vpce.eu-west-1.vpce-svc-1"}`)
		a.add(t, "AWS::EC2::Instance", "u", `{"SubnetId":"f1","SecurityGroupIds":["user"],"PrivateIpAddress":"10.1.1.9"}`)
		d, ok := NewOracle(FromAWS(a.list, a.find), true).Between("u", "i", 8443)
		if got := d.Passes + "|" + d.Stops; !ok || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q (%s)", name, got, c.want, d.Unknown)
		}
	}
}
