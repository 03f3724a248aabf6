package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// apiSuffix marks the API server beside the machines of a cluster.
const apiSuffix = "|api"

// apiPort is where Kubernetes' API servers listen on both clouds.
const apiPort = protocolTCP<<16 | 443

// server is a pair of API servers, of which one at least has an address of the
// internet. Those within the networks alone are compared like other endpoints.
type server struct {
	end
	// inside are the spots of the interfaces in the networks, by side.
	inside [2][]int
}

// serve notes a pair of API servers: as an endpoint where both are reached in
// the networks alone.
func (c *comparer) serve(e end, spots [2][]int) {
	for n, f := range []*Interface{e.source, e.target} {
		if f.API.Unknown != "" {
			c.open[f.label()+": "+f.API.Unknown] = true
			return
		}
		if len(spots[n]) == 0 && !f.API.Public {
			c.open["place of "+f.label()+": its subnets are not known"] = true
			return
		}
	}
	if !e.source.API.Public && !e.target.API.Public {
		e.listens = c.book.put(lines{{apiPort, apiPort}})
		c.ends = append(c.ends, e)
		return
	}
	c.servers = append(c.servers, server{e, spots})
}

// reached compares who reaches the API servers that have an address of the
// internet on one side or both.
func (c *comparer) reached() {
	for i := range c.servers {
		s := &c.servers[i]
		c.ranges(s)
		var unsure []string
		for j := range c.ends {
			if e := &c.ends[j]; !e.source.Mute && !e.target.Mute && !s.owns(e) && c.client(s, e) {
				unsure = append(unsure, e.source.label())
			}
		}
		if len(unsure) > 0 {
			c.open[s.source.label()+": whether "+several(unsure)+" may reach it depends on the public addresses that they have there, which it takes by name"] = true
		}
		c.beyond(s)
	}
}

// owns reports whether an endpoint is the cluster's own machines: without a way
// to their API server there is no cluster, so that AKS sees to it (Microsoft
// Learn, "Outbound network and FQDN rules for Azure Kubernetes Service (AKS)
// clusters").
func (s *server) owns(e *end) bool {
	cluster := strings.TrimSuffix(s.target.ID, apiSuffix)
	return e.target.ID == cluster || strings.HasPrefix(e.target.ID, cluster+"/agentpools/")
}

func several(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > 3 {
		return strings.Join(names[:3], ", ") + fmt.Sprintf(" and %d others", len(names)-3)
	}
	return strings.Join(names, ", ")
}

// takes reports whether an API server lets an address of the internet in.
func (a *API) takes(x netip.Addr) bool {
	return a.Public && slices.ContainsFunc(a.From, func(p netip.Prefix) bool { return p.Contains(x) })
}

// takesAll reports whether an API server lets all of IPv4 in.
func (a *API) takesAll() bool { return a.Public && slices.Contains(a.From, wholeWorld()[0]) }

// ranges compares the addresses of the internet that may reach both.
func (c *comparer) ranges(s *server) {
	blocks := slices.Concat(s.source.API.From, s.target.API.From, wholeWorld()[:1], privateBlocks(), setAside()[:5])
	for _, x := range cells(blocks, nil) {
		from := &party{addr: x.addr, v6: x.addr.Is6(), iface: -1, subnet: -1, spot: -1}
		before, after := s.source.API.takes(x.addr), s.target.API.takes(x.addr)
		if before != after && !private(from) {
			c.served(s, groupKey{after, s.source.says(x.addr), s.target.says(x.addr)}, [2]*party{from, from}, x.block.String())
		}
	}
}

// says is what decides over an address of the internet at an API server.
func (f *Interface) says(x netip.Addr) string {
	if !f.API.Public {
		return f.label() + ": no public address"
	}
	for _, p := range f.API.From {
		if p.Contains(x) {
			return f.label() + ": its public address takes " + p.String()
		}
	}
	return f.label() + ": its public address does not take it"
}

// served notes a difference at port 443.
func (c *comparer) served(s *server, key groupKey, from [2]*party, name string) {
	at := func(f *Interface) *party { return &party{tag: f.label(), iface: -1, subnet: -1, spot: -1} }
	p := packet{sourceFrom: from[0], sourceTo: at(s.source), targetFrom: from[1], targetTo: at(s.target), from: name, to: s.source.ID, fromName: name, toName: s.source.label()}
	c.call++
	c.note(group{key: key, packet: p, sport: c.source.sports[0], call: c.call}, span{apiPort, apiPort})
}

// client compares whether an endpoint reaches both. unsure says that its public
// address decides, which is not known.
func (c *comparer) client(s *server, e *end) (unsure bool) {
	c.pairs++
	for _, x := range e.spots {
		from := [2]*party{&c.source.spots[x[0]], &c.target.spots[x[1]]}
		for k := range c.source.sports {
			before, after := c.source.calls(from[0], s.source.API, s.inside[0], k), c.target.calls(from[1], s.target.API, s.inside[1], k)
			for _, v := range []call{before, after} {
				if v.unknown != "" {
					c.open["API server of "+s.source.label()+", called by "+e.source.label()+" and others: "+v.unknown] = true
					return unsure
				}
			}
			if before.unsure != after.unsure || before.unsure && before.passes != after.passes {
				unsure = true
				continue
			}
			if !before.unsure && before.passes != after.passes {
				p := [2]*party{from[0], from[1]}
				c.servedBy(s, e, groupKey{after.passes, before.text, after.text}, p)
			}
		}
	}
	return unsure
}

func (c *comparer) servedBy(s *server, e *end, key groupKey, from [2]*party) {
	c.served(s, key, from, e.source.label())
	g := c.groups[key]
	if g.call == c.call {
		g.packet.from = e.source.ID
	}
}

// call is whether a client reaches an API server, and what decides.
type call struct {
	passes, unsure bool
	text, unknown  string
}

// calls follows both ways to an API server: to its interfaces in the network,
// and out to its public address.
func (s *side) calls(from *party, api *API, inside []int, k int) call {
	var out call
	passed := 0
	for _, n := range inside {
		to := &s.spots[n]
		if to.v6 != from.v6 {
			continue
		}
		v := s.judge(from, to, k)
		switch {
		case v.unknown != "":
			return call{unknown: v.unknown}
		case s.book.sets[v.mask].has(apiPort):
			return call{unknown: "a rule that is not known whole may decide"}
		case s.book.sets[v.set].has(apiPort):
			passed++
			out.text = s.explain(&v, apiPort, k)
		case passed == 0:
			out.text = s.explain(&v, apiPort, k)
		}
	}
	if passed > 0 {
		out.passes = true
		return out
	}
	if !api.Public || from.v6 {
		return out
	}
	v := s.judge(from, &party{tag: "an address of the internet", iface: -1, subnet: -1, spot: -1}, k)
	switch {
	case v.unknown != "":
		return call{unknown: v.unknown}
	case s.book.sets[v.mask].has(apiPort):
		return call{unknown: "a rule that is not known whole may decide"}
	}
	out.text = s.explain(&v, apiPort, k)
	if s.book.sets[v.set].has(apiPort) {
		out.passes, out.unsure = true, !api.takesAll()
	}
	return out
}

// beyond names the blocks outside that the source let reach the interfaces in
// its network, where the target has a public address in their place: by which
// way they come to it, no network tells.
func (c *comparer) beyond(s *server) {
	if len(s.inside[0]) == 0 || len(s.inside[1]) > 0 {
		return
	}
	to := &c.source.spots[s.inside[0][0]]
	var named []string
	for _, x := range cells(family(c.source.mentions(to).prefixes, false), nil) {
		from := c.source.block(x.addr)
		if !private(from) || reserved(x.addr) || from.subnet >= 0 || c.source.owns(x.addr) {
			continue
		}
		if v := c.source.judge(from, to, 0); v.unknown == "" && c.book.sets[v.set].has(apiPort) {
			named = append(named, x.block.String())
		}
	}
	if len(named) > 0 {
		c.open[s.source.label()+": "+several(named)+" reach its interfaces in the VPC, and of its public address at the target only they know the way"] = true
	}
}
