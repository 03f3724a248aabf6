package iac

import (
	"cmp"
	"slices"
	"strings"
)

// tier is a module: resources of one kind of job in one place.
type tier struct {
	name  string
	order int
	home  home
	items []*item
}

// tierNames are the tiers in the order of deployment.
func tierNames() []string {
	return []string{"network", "identity", "data", "compute", "edge", "operations"}
}

// tierOf says what job a type does. What stands on another resource or in one
// is lifted into that one's tier or a later one by cut.
func tierOf(kind string) int {
	lower := strings.ToLower(kind)
	provider, rest, _ := strings.Cut(lower, "/")
	resource, _, _ := strings.Cut(rest, "/")
	const network, identity, data, compute, edge, operations = 0, 1, 2, 3, 4, 5
	switch provider {
	case "microsoft.network":
		switch resource {
		case "applicationgateways", "applicationgatewaywebapplicationfirewallpolicies", "frontdoorwebapplicationfirewallpolicies", "loadbalancers", "trafficmanagerprofiles", "dnszones", "frontdoors", "azurefirewalls", "firewallpolicies":
			return edge
		case "networkinterfaces":
			return compute
		case "networkwatchers":
			return operations
		}
		return network
	case "microsoft.managedidentity", "microsoft.keyvault", "microsoft.authorization", "microsoft.aad":
		return identity
	case "microsoft.compute", "microsoft.web", "microsoft.app", "microsoft.containerservice", "microsoft.batch", "microsoft.containerinstance", "microsoft.logic", "microsoft.servicefabric":
		return compute
	case "microsoft.cdn", "microsoft.apimanagement", "microsoft.certificateregistration", "microsoft.signalrservice":
		return edge
	case "microsoft.insights", "microsoft.operationalinsights", "microsoft.operationsmanagement", "microsoft.recoveryservices", "microsoft.dataprotection", "microsoft.alertsmanagement", "microsoft.portal", "microsoft.security", "microsoft.securityinsights", "microsoft.consumption", "microsoft.monitor", "microsoft.dashboard", "microsoft.automation", "microsoft.policyinsights":
		return operations
	}
	return data
}

// cut puts every resource into a tier: that of its job, or the first later one
// in which everything that it needs is there. So no module waits for a later one,
// and what the target refuses to order any other way, such as a workspace that
// a database logs to, pulls nothing else along.
func (s *stack) cut() {
	rank := map[*item]int{}
	homes := s.homes()
	for _, it := range s.items {
		rank[it] = tierOf(string(it.Type))
	}
	s.sink(rank)
	position := func(it *item) int { return rank[it]*len(homes) + slices.Index(homes, it.home) }
	for range len(s.items) * 8 {
		moved := false
		for _, it := range s.items {
			for _, need := range it.needs {
				for position(need) > position(it) {
					rank[it]++
					moved = true
				}
			}
		}
		if !moved {
			break
		}
	}
	byOrder := map[int]*tier{}
	for _, it := range s.items {
		at := position(it)
		t := byOrder[at]
		if t == nil {
			t = &tier{name: moduleName(rank[it], it.home), order: at, home: it.home}
			byOrder[at] = t
			s.tiers = append(s.tiers, t)
		}
		it.tier = t
		t.items = append(t.items, it)
	}
	slices.SortFunc(s.tiers, func(a, b *tier) int { return cmp.Compare(a.order, b.order) })
	for _, t := range s.tiers {
		t.items = ordered(t.items)
	}
}

// sink moves balancers, gateways and operations that an earlier tier needs down
// to it, with what of their kind they need themselves: a workspace that everything
// logs to comes first, and machines stay in their tier although they name the
// pool of a gateway. What needs something of a later tier otherwise stays.
func (s *stack) sink(rank map[*item]int) {
	for range s.items {
		moved := false
		for _, it := range s.items {
			for _, need := range it.needs {
				if rank[need] > rank[it] && sinks(rank, need, rank[it], map[*item]bool{}) {
					lower(rank, need, rank[it])
					moved = true
				}
			}
		}
		if !moved {
			return
		}
	}
}

// sinks reports whether a resource may stand in an earlier tier.
func sinks(rank map[*item]int, it *item, to int, seen map[*item]bool) bool {
	if rank[it] <= to {
		return true
	}
	edge := len(tierNames()) - 2
	if seen[it] || tierOf(string(it.Type)) < edge {
		return false
	}
	seen[it] = true
	for _, below := range it.needs {
		if !sinks(rank, below, to, seen) {
			return false
		}
	}
	return true
}

func lower(rank map[*item]int, it *item, to int) {
	if rank[it] <= to {
		return
	}
	rank[it] = to
	for _, below := range it.needs {
		lower(rank, below, to)
	}
}

// homes are the places that resources stand in, the design's own first.
func (s *stack) homes() []home {
	var out []home
	for _, it := range s.items {
		if !slices.Contains(out, it.home) {
			out = append(out, it.home)
		}
	}
	slices.SortFunc(out, func(a, b home) int {
		if a.own != b.own {
			if a.own {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.subscription, b.subscription), cmp.Compare(a.group, b.group))
	})
	return out
}

func moduleName(rank int, h home) string {
	names := tierNames()
	name := names[min(rank, len(names)-1)]
	for range rank - (len(names) - 1) {
		name += "-later"
	}
	if h.own {
		return name
	}
	return name + "-" + h.name()
}

// ordered puts what is needed before what needs it, otherwise by id.
func ordered(items []*item) []*item {
	inside := map[*item]bool{}
	for _, it := range items {
		inside[it] = true
	}
	var out []*item
	done := map[*item]bool{}
	var visit func(it *item)
	visit = func(it *item) {
		if done[it] || !inside[it] {
			return
		}
		done[it] = true
		for _, need := range it.needs {
			visit(need)
		}
		out = append(out, it)
	}
	for _, it := range items {
		visit(it)
	}
	return out
}
