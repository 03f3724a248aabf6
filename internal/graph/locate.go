package graph

import (
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// Locator says which resource of an inventory a log speaks of. It is the
// graph's own way of finding them, for those who attribute use after the graph
// was made. It belongs to one goroutine.
type Locator struct {
	m *maker
	// known keeps what texts were found to be: logs repeat themselves.
	known map[Use]*inventory.Resource
}

// NewLocator makes the index. The inventory is not copied and must not change.
func NewLocator(inv inventory.Inventory) *Locator {
	m := newMaker(inv, Options{})
	m.listenerRules()
	m.findDatabases()
	m.interfaces()
	m.ranges, m.services = m.serviceRanges(), map[string]string{}
	return &Locator{m: m, known: map[Use]*inventory.Resource{}}
}

func (l *Locator) resource(i int32) *inventory.Resource {
	if i < 0 || int(i) >= len(l.m.resources) {
		return nil // a node outside of the inventory
	}
	return &l.m.resources[i]
}

// Used is the resource that an API call names by account, region, service and
// name, nil for one outside of the inventory.
func (l *Locator) Used(u Use) *inventory.Resource {
	key := Use{Service: u.Service, Resource: u.Resource, Account: u.Account, Region: u.Region}
	if r, ok := l.known[key]; ok {
		return r
	}
	var r *inventory.Resource
	if u.Resource != "" {
		r = l.resource(l.m.usedResource(&key))
	}
	l.known[key] = r
	return r
}

// Principal is the role or user of a call, nil for one outside of the inventory.
func (l *Locator) Principal(u Use) *inventory.Resource {
	if list := l.m.index.ARN(-1, u.Principal); len(list) > 0 {
		return l.resource(list[0])
	}
	return nil
}

// Runner is what runs with a role, by the name of the session.
func (l *Locator) Runner(u Use) *inventory.Resource { return l.resource(l.m.runner(&u)) }

// End is the resource at one end of a conversation with another.
func (l *Locator) End(e, other *Endpoint) *inventory.Resource {
	return l.resource(l.m.insideWith(e, other))
}

// Service is AWS's name for the range of an address, "" for none.
func (l *Locator) Service(e *Endpoint) string { return l.m.serviceOf(e) }

// Front is what took the requests of an access log.
func (l *Locator) Front(r Request) *inventory.Resource { return l.resource(l.m.front(&r)) }

// Host is the resource of a DNS name.
func (l *Locator) Host(name string) *inventory.Resource {
	for _, i := range l.m.index.Host(-1, name) {
		return l.resource(i)
	}
	return nil
}

// Interfaces are the ids of the network interfaces that a resource has, or is.
func (l *Locator) Interfaces(id string) []string {
	self, ok := l.m.byID[cloud.ResourceID(id)]
	if !ok {
		return nil
	}
	var list []string
	for _, i := range l.m.byKind["AWS::EC2::NetworkInterface"] {
		if i == self || l.m.ownerOf(i) == self {
			list = append(list, lastPart(string(l.m.resources[i].ID)))
		}
	}
	slices.Sort(list)
	return list
}
