package graph

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// ordered gives the places of a list's elements in order, each of equal
// elements once: two files may hold the same records. Only places move, for
// there can be a million of what they stand for.
func ordered[T any](list []T, compare func(a, b *T) int) []int32 {
	order := make([]int32, len(list))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return compare(&list[a], &list[b]) })
	return slices.CompactFunc(order, func(a, b int32) bool { return compare(&list[a], &list[b]) == 0 })
}

// conversationOrder stops at the first difference: it runs some twenty million
// times over a million conversations.
func conversationOrder(a, b *Conversation) int {
	if c := endpointOrder(a.Client, b.Client); c != 0 {
		return c
	}
	if c := endpointOrder(a.Server, b.Server); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.Protocol, b.Protocol), timeOrder(a.First, b.First), timeOrder(a.Last, b.Last),
		cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Packets, b.Packets), cmp.Compare(a.Flows, b.Flows), cmp.Compare(a.Source, b.Source), boolOrder(a.Refused, b.Refused), boolOrder(a.Rejected, b.Rejected), cmp.Compare(a.Sure, b.Sure))
}

func endpointOrder(a, b *Endpoint) int {
	if a == b {
		return 0
	}
	if c := strings.Compare(a.Address, b.Address); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.VPC, b.VPC), cmp.Compare(a.Subnet, b.Subnet),
		cmp.Compare(a.Account, b.Account), cmp.Compare(a.Service, b.Service))
}

func useOrder(a, b *Use) int {
	return cmp.Or(cmp.Compare(a.Principal, b.Principal), cmp.Compare(a.Session, b.Session), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Action, b.Action), cmp.Compare(a.Resource, b.Resource),
		timeOrder(a.First, b.First), timeOrder(a.Last, b.Last), cmp.Compare(a.Count, b.Count), cmp.Compare(a.Errors, b.Errors), cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.Address, b.Address),
		cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), boolOrder(a.ReadOnly, b.ReadOnly), boolOrder(a.DataEvent, b.DataEvent))
}

func requestOrder(a, b *Request) int {
	return cmp.Or(cmp.Compare(a.Front, b.Front), cmp.Compare(a.Target, b.Target), cmp.Compare(a.TargetGroup, b.TargetGroup), cmp.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port), timeOrder(a.First, b.First),
		timeOrder(a.Last, b.Last), cmp.Compare(a.Count, b.Count), cmp.Compare(a.Errors, b.Errors), cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Source, b.Source))
}

func timeOrder(a, b time.Time) int { return a.Compare(b) }

// asserted adds what people said: nodes that no tool can see, and edges.
func (m *maker) asserted(a Asserted) {
	for _, n := range a.Nodes {
		if _, ok := m.byID[n.ID]; ok || n.ID == "" {
			continue
		}
		m.byID[n.ID] = int32(len(m.nodes))
		n.External = true
		if n.Tier == "" {
			n.Tier = tierOf(n.Kind)
		}
		m.nodes = append(m.nodes, n)
	}
	for _, e := range a.Edges {
		from, known := m.byID[e.From]
		to, found := m.byID[e.To]
		if !known || !found {
			continue
		}
		l := link{from: from, to: to, relation: e.Relation, port: e.Port, protocol: e.Protocol, sure: sureAnswer, evidence: Evidence{Source: fromAnswers}}
		if l.relation == "" {
			l.relation = ConnectsTo
		}
		for _, why := range e.Evidence {
			l.evidence.At, l.evidence.Note = why.At, why.Note
		}
		m.add(l)
	}
}

// networks writes into each node where it stands: its one subnet, else the VPC.
func (m *maker) networks() {
	place := filled(len(m.nodes))
	for i := range m.nodes {
		if m.of[i] == nil {
			continue
		}
		if n := m.network(int32(i), place, 0); n >= 0 {
			m.nodes[i].Network = m.nodes[n].ID
		}
	}
}

// network finds where a node stands, through subnet groups and what it is
// part of; at most four steps, which is more than AWS nests.
func (m *maker) network(n int32, known []int32, depth int) int32 {
	if known[n] >= 0 || depth > 4 {
		return known[n]
	}
	var subnets []int32
	vpc := int32(noEdge)
	for _, e := range m.out.of(n) {
		if m.edges[e].Potential || !m.edges[e].Relation.trait().stands {
			continue
		}
		to := m.ends[e][1]
		switch m.nodes[to].Kind {
		case "AWS::EC2::Subnet":
			subnets = append(subnets, to)
		case "AWS::EC2::VPC":
			vpc = to
		default:
			vpc = max(vpc, m.network(to, known, depth+1))
		}
	}
	switch {
	case len(subnets) == 1:
		known[n] = subnets[0]
	case vpc >= 0:
		known[n] = vpc
	case len(subnets) > 1:
		known[n] = m.network(subnets[0], known, depth+1)
	}
	return known[n]
}
