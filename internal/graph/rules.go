package graph

import (
	"net/netip"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// siblingID is the id of a resource of the same template.
func siblingID(r *inventory.Resource, logical string) cloud.ResourceID {
	if logical == "" || r.LogicalID == "" {
		return ""
	}
	return cloud.ResourceID(strings.TrimSuffix(string(r.ID), r.LogicalID) + logical)
}

// rules: what a security group would let in and out. Who may talk is not who
// talks, so these edges are potential.
func (m *maker) rules(i int32, r *inventory.Resource) {
	switch r.Kind {
	case "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress":
		group := m.mentioned(i, "GroupId", r.Properties["GroupId"])
		group = append(group, m.mentioned(i, "GroupName", r.Properties["GroupName"])...)
		for _, g := range group {
			m.rule(g, r.Properties, r.Kind == "AWS::EC2::SecurityGroupEgress")
		}
	default:
		for _, rule := range elements(r.Properties["SecurityGroupIngress"]) {
			m.rule(i, rule, false)
		}
		for _, rule := range elements(r.Properties["SecurityGroupEgress"]) {
			m.rule(i, rule, true)
		}
	}
}

func (m *maker) rule(group int32, rule any, outgoing bool) {
	port, protocol, note := number(at(rule, "FromPort")), protocolName(text(at(rule, "IpProtocol"))), ""
	if last := number(at(rule, "ToPort")); last != port && last != 0 {
		note, port = "ports "+text(float64(port))+" to "+text(float64(last)), 0
	}
	where := "SecurityGroupIngress"
	if outgoing {
		where = "SecurityGroupEgress"
	}
	l := link{relation: MayReach, port: port, protocol: protocol, sure: surePotential, potential: true, evidence: Evidence{Source: fromConfiguration, At: where, Note: note}}
	for _, key := range []string{"SourceSecurityGroupId", "SourceSecurityGroupName", "DestinationSecurityGroupId"} {
		for _, peer := range m.mentioned(group, "GroupId", at(rule, key)) {
			l.from, l.to = direct(group, peer, outgoing)
			m.add(l)
		}
	}
	for _, key := range []string{"SourcePrefixListId", "DestinationPrefixListId"} {
		for _, list := range m.mentioned(group, "PrefixListId", at(rule, key)) {
			// The group needs the list, whichever way the packets go: AWS refuses
			// to delete a list that a rule names.
			l.from, l.to = group, list
			m.add(l)
		}
	}
	for _, key := range []string{"CidrIp", "CidrIpv6"} {
		block := text(at(rule, key))
		if _, err := netip.ParsePrefix(block); err != nil {
			continue
		}
		kind, name := ExternalNetwork, block
		if block == "0.0.0.0/0" || block == "::/0" {
			name = "internet"
		}
		l.from, l.to = direct(group, m.external(kind, name), outgoing)
		m.add(l)
	}
}

// direct gives the ends of a rule: the one that may open a connection first.
func direct(group, peer int32, outgoing bool) (from, to int32) {
	if outgoing {
		return group, peer
	}
	return peer, group
}

// protocolName writes IANA numbers as names, as flow logs and rules mix them.
func protocolName(p string) string {
	switch strings.ToLower(p) {
	case "6", "tcp":
		return "tcp"
	case "17", "udp":
		return "udp"
	case "1", "58", "icmp", "icmpv6":
		return "icmp"
	case "-1", "", "all":
		return ""
	}
	return strings.ToLower(p)
}
