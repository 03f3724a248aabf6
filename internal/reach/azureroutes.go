package reach

import (
	"net/netip"
	"slices"
	"strings"
)

// premises adds the routes of virtual network gateways to the subnets of their
// networks.
func (a *azureReader) premises() {
	far := map[string][]netip.Prefix{}
	a.each("microsoft.network/localnetworkgateways", func(b Body) {
		far[b.ID] = prefixes(list(at(b.Tree, "properties", "localNetworkAddressSpace", "addressPrefixes"))...)
	})
	learned := map[string][]netip.Prefix{}
	a.each("microsoft.network/connections", func(b Body) {
		gateway := ref(b.Tree, "properties", "virtualNetworkGateway1")
		learned[gateway] = append(learned[gateway], far[ref(b.Tree, "properties", "localNetworkGateway2")]...)
		if truth(at(b.Tree, "properties", "enableBgp")) || text(at(b.Tree, "properties", "connectionType")) == "ExpressRoute" {
			a.doubts[Doubt{Text: "connection " + name(b.ID) + ": which routes it learns over BGP is not known; one for a block that rules name and no local network gateway lists would decide who there reaches what"}] = true
		}
	})
	a.each("microsoft.network/virtualnetworkgateways", func(b Body) {
		subnet := ref(b.Tree, "properties", "ipConfigurations", "properties", "subnet")
		if i, ok := a.subnets[subnet]; ok && len(learned[b.ID]) > 0 {
			var routes []Route
			for _, x := range learned[b.ID] {
				routes = append(routes, Route{Prefix: x, Hop: HopPremises, Learned: true})
			}
			a.learn(a.net.Subnets[i].Space, routes)
		}
	})
}

// learn gives the routes of a gateway or a hub to all subnets of a network,
// unless the subnet's table refuses them.
func (a *azureReader) learn(space string, routes []Route) {
	refuses := map[string]bool{}
	a.each("microsoft.network/routetables", func(b Body) {
		refuses[b.ID] = truth(at(b.Tree, "properties", "disableBgpRoutePropagation"))
	})
	for i := range a.net.Subnets {
		s := &a.net.Subnets[i]
		if table := s.Table[strings.LastIndexByte(s.Table, '|')+1:]; s.Space != space || refuses[table] {
			continue
		}
		id := s.ID + "|" + s.Table
		n := slices.IndexFunc(a.net.Tables, func(t Table) bool { return t.ID == id || t.ID == s.Table })
		t := Table{ID: id, Name: s.Name + " routes"}
		if n >= 0 {
			t.Routes = slices.Clone(a.net.Tables[n].Routes)
			t.Name = a.net.Tables[n].Name
		}
		t.Routes = append(t.Routes, routes...)
		a.net.Tables = append(a.net.Tables, t)
		s.Table = id
	}
}

// hubs joins the networks that are connected to a hub of a Virtual WAN: unless
// its routing is changed, all connections use and feed the hub's default table,
// and their subnets learn its routes (Microsoft Learn, "About virtual hub
// routing").
func (a *azureReader) hubs() {
	own := map[string]string{}
	changed := map[string]bool{}
	for _, kind := range []string{"routingintent", "hubroutetables", "routemaps"} {
		a.each("microsoft.network/virtualhubs/"+kind, func(b Body) {
			if hub, _, _ := strings.Cut(b.ID, "/"+kind+"/"); name(b.ID) != "defaultroutetable" && name(b.ID) != "noneroutetable" {
				changed[hub], own[hub] = true, name(b.ID)
			}
		})
	}
	joined := map[string][]Attachment{}
	a.each("microsoft.network/virtualhubs/hubvirtualnetworkconnections", func(b Body) {
		hub, _, _ := strings.Cut(b.ID, "/hubvirtualnetworkconnections/")
		c := at(b.Tree, "properties", "routingConfiguration")
		table := ref(c, "associatedRouteTable")
		switch space := ref(b.Tree, "properties", "remoteVirtualNetwork"); {
		case table != "" && name(table) != "defaultroutetable", at(c, "propagatedRouteTables") != nil, at(c, "vnetRoutes") != nil, changed[hub]:
			a.doubts[Doubt{Text: "hub connection " + name(b.ID) + ": it has routing of its own (" + first(own[hub], "routingConfiguration") + "), which is not computed"}] = true
		case !slices.ContainsFunc(a.net.Spaces, func(s Space) bool { return s.ID == space }):
			a.doubts[Doubt{Text: "hub connection " + name(b.ID) + ": the network " + name(space) + " is not part of the design"}] = true
		default:
			joined[hub] = append(joined[hub], Attachment{ID: b.ID, Space: space, Table: hub + "|default"})
		}
	})
	for _, kind := range []string{"vpngateways", "expressroutegateways", "p2svpngateways"} {
		a.each("microsoft.network/"+kind, func(b Body) {
			a.doubts[Doubt{Text: "gateway " + name(b.ID) + ": which routes it tells its hub is not known; one for a block that rules name and no network has would decide who there reaches what"}] = true
		})
	}
	a.each("microsoft.network/virtualhubs", func(b Body) {
		if list := joined[b.ID]; len(list) > 0 {
			a.hub(b.ID, list)
		}
	})
}

// hub adds one hub with the networks that it joins.
func (a *azureReader) hub(id string, list []Attachment) {
	t := Transit{ID: id, Attachments: list, Tables: []Table{{ID: id + "|default", Name: name(id) + " default"}}}
	blocks := map[string][]netip.Prefix{}
	for _, s := range a.net.Spaces {
		blocks[s.ID] = s.Prefixes
	}
	for _, x := range list {
		var routes []Route
		for _, y := range list {
			for _, p := range blocks[y.Space] {
				if y.Space != x.Space {
					routes = append(routes, Route{Prefix: p, Hop: HopTransit, Via: id, Learned: true})
				}
			}
		}
		a.learn(x.Space, routes)
		for _, p := range blocks[x.Space] {
			t.Tables[0].Routes = append(t.Tables[0].Routes, Route{Prefix: p, Hop: HopTransit, Via: x.ID, Learned: true})
		}
	}
	a.net.Transits = append(a.net.Transits, t)
}
