package paper

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// of returns the resources of a type, in order.
func of(d *design.Design, kinds ...cloud.Kind) []design.Resource {
	var out []design.Resource
	for _, r := range d.Resources {
		for _, k := range kinds {
			if strings.EqualFold(string(r.Type), string(k)) {
				out = append(out, r)
			}
		}
	}
	return out
}

func texts(r design.Resource, path string) string {
	return strings.Join(design.Texts(design.At(r.Body, path)), ", ")
}

// network is the request to the platform team, as one document.
func network(d *design.Design) []byte {
	s := begin("Network request for " + d.Workload)
	s.line("")
	s.line("What the workload needs of the platform, in %s. Names and blocks are those of design.json.", d.Place.Location)
	section(s, d, "Networks and address space", "Each must not overlap the source's networks while both are connected, nor anything on premises.",
		[]string{"network", "blocks"}, []cloud.Kind{"Microsoft.Network/virtualNetworks"}, func(r design.Resource) []string {
			return []string{r.Name, texts(r, "properties.addressSpace.addressPrefixes")}
		})
	section(s, d, "Subnets", "", []string{"subnet", "block", "delegated to", "security group", "route table"}, []cloud.Kind{"Microsoft.Network/virtualNetworks/subnets"}, func(r design.Resource) []string {
		block := texts(r, "properties.addressPrefix")
		if block == "" {
			block = texts(r, "properties.addressPrefixes")
		}
		return []string{r.Name, block, texts(r, "properties.delegations.properties.serviceName"), base(r, "properties.networkSecurityGroup.id"), base(r, "properties.routeTable.id")}
	})
	section(s, d, "Peerings and gateways", "", []string{"what", "type", "to"}, []cloud.Kind{
		"Microsoft.Network/virtualNetworks/virtualNetworkPeerings", "Microsoft.Network/virtualNetworkGateways", "Microsoft.Network/connections", "Microsoft.Network/virtualHubs",
		"Microsoft.Network/virtualHubs/hubVirtualNetworkConnections", "Microsoft.Network/expressRouteCircuits", "Microsoft.Network/vpnGateways",
	}, func(r design.Resource) []string {
		return []string{r.Name, string(r.Type), base(r, "properties.remoteVirtualNetwork.id")}
	})
	addresses(s, d)
	section(s, d, "Names", "", []string{"zone", "type"}, []cloud.Kind{"Microsoft.Network/privateDnsZones", "Microsoft.Network/dnsZones"}, func(r design.Resource) []string {
		return []string{r.Name, string(r.Type)}
	})
	section(s, d, "Routes", "", []string{"table", "route", "block", "next hop"}, []cloud.Kind{"Microsoft.Network/routeTables"}, nil)
	rules(s, d)
	accepted(s, d)
	return s.bytes()
}

// section prints a table of the resources of some types; nothing when there
// is none.
func section(s *sheet, d *design.Design, title, note string, head []string, kinds []cloud.Kind, row func(design.Resource) []string) {
	list := of(d, kinds...)
	if len(list) == 0 {
		return
	}
	s.title("%s", title)
	if note != "" {
		s.line("%s", note)
		s.line("")
	}
	rows := [][]string{head}
	for _, r := range list {
		if row != nil {
			rows = append(rows, row(r))
			continue
		}
		for _, route := range design.Maps(design.At(r.Body, "properties.routes")) {
			rows = append(rows, []string{r.Name, design.Text(route, "name"), design.Text(route, "properties.addressPrefix"), strings.TrimSpace(design.Text(route, "properties.nextHopType") + " " + design.Text(route, "properties.nextHopIpAddress"))})
		}
	}
	s.table(rows)
}

// rules is the list of firewall changes.
func rules(s *sheet, d *design.Design) {
	groups := of(d, "Microsoft.Network/networkSecurityGroups")
	if len(groups) == 0 {
		return
	}
	s.title("Firewall rules")
	rows := [][]string{{"group", "priority", "direction", "access", "protocol", "from", "source ports", "to", "ports", "why"}}
	ports, whys := false, false
	for _, g := range groups {
		for _, r := range design.Maps(design.At(g.Body, "properties.securityRules")) {
			p := func(name string) string { return design.Text(r, "properties."+name) }
			from := portsOf(r, "source")
			ports, whys = ports || from != "*", whys || p("description") != ""
			rows = append(rows, []string{g.Name, p("priority"), p("direction"), p("access"), p("protocol"), side(r, "source"), from, side(r, "destination"), portsOf(r, "destination"), p("description")})
		}
	}
	// Most designs say nothing in these two columns.
	s.table(without(rows, map[string]bool{"source ports": !ports, "why": !whys}))
	s.line("")
	s.line("%s in %s.", counted(len(rows)-1, "rule", "rules"), counted(len(groups), "group", "groups"))
}

// without leaves out columns by their heading.
func without(rows [][]string, drop map[string]bool) [][]string {
	out := make([][]string, len(rows))
	for i, row := range rows {
		for j, cell := range row {
			if !drop[rows[0][j]] {
				out[i] = append(out[i], cell)
			}
		}
	}
	return out
}

// portsOf prints the ports of one side of a rule; a side that names none means
// all.
func portsOf(r map[string]any, which string) string {
	list := append(design.Texts(design.At(r, "properties."+which+"PortRange")), design.Texts(design.At(r, "properties."+which+"PortRanges"))...)
	if len(list) == 0 {
		return "*"
	}
	return strings.Join(list, ", ")
}

// side prints one side of a rule: blocks, a service tag or application groups.
func side(r map[string]any, which string) string {
	parts := design.Texts(design.At(r, "properties."+which+"AddressPrefix"))
	parts = append(parts, design.Texts(design.At(r, "properties."+which+"AddressPrefixes"))...)
	for _, g := range design.Maps(design.At(r, "properties."+which+"ApplicationSecurityGroups")) {
		parts = append(parts, lastPart(design.Text(g, "id")))
	}
	return strings.Join(parts, ", ")
}

func base(r design.Resource, path string) string { return lastPart(design.Text(r.Body, path)) }

func lastPart(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
