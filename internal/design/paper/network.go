package paper

import (
	"fmt"
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
	section(s, d, "Outbound addresses", "Partners who allow the source's addresses have to allow these as well.", []string{"address", "zones"}, []cloud.Kind{"Microsoft.Network/publicIPAddresses", "Microsoft.Network/publicIPPrefixes"}, func(r design.Resource) []string {
		return []string{r.Name, texts(r, "zones")}
	})
	section(s, d, "Names", "", []string{"zone", "type"}, []cloud.Kind{"Microsoft.Network/privateDnsZones", "Microsoft.Network/dnsZones"}, func(r design.Resource) []string {
		return []string{r.Name, string(r.Type)}
	})
	section(s, d, "Routes", "", []string{"table", "route", "block", "next hop"}, []cloud.Kind{"Microsoft.Network/routeTables"}, nil)
	rules(s, d)
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
			rows = append(rows, []string{r.Name, design.Text(route, "name"), design.Text(route, "properties.addressPrefix"), design.Text(route, "properties.nextHopType") + " " + design.Text(route, "properties.nextHopIpAddress")})
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
	rows := [][]string{{"group", "priority", "direction", "access", "protocol", "from", "to", "ports", "why"}}
	for _, g := range groups {
		for _, r := range design.Maps(design.At(g.Body, "properties.securityRules")) {
			p := func(name string) string { return design.Text(r, "properties."+name) }
			rows = append(rows, []string{g.Name, p("priority"), p("direction"), p("access"), p("protocol"), side(r, "source"), side(r, "destination"),
				strings.Trim(p("destinationPortRange")+" "+strings.Join(design.Texts(design.At(r, "properties.destinationPortRanges")), ", "), " "), p("description")})
		}
	}
	s.table(rows)
	s.line("")
	s.line("%d rules in %d groups.", len(rows)-1, len(groups))
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

// regions prints what is known of regions and limits.
func regions(d *design.Design) []byte {
	s := begin("Regions and quotas")
	s.title("Regions")
	rows := [][]string{{"region", "chosen", "km", "zones", "why"}}
	for _, r := range d.Regions {
		chosen := ""
		if r.Chosen {
			chosen = "yes"
		}
		rows = append(rows, []string{string(r.Region), chosen, fmt.Sprint(r.Kilometres), fmt.Sprint(r.Zones), r.Why})
	}
	s.table(rows)
	s.title("Quotas")
	s.line("Limits of a subscription in one region. Where the limit is empty only the subscription itself knows it: `landfall deploy` asks before it deploys.")
	s.line("")
	rows = [][]string{{"provider", "limit", "needed", "default", "why"}}
	for _, q := range d.Quotas {
		limit := ""
		if q.Limit > 0 {
			limit = fmt.Sprint(q.Limit)
		}
		rows = append(rows, []string{q.Provider, q.Name, fmt.Sprint(q.Needed), limit, q.Why})
	}
	s.table(rows)
	return s.bytes()
}

func cost(d *design.Design) []byte {
	s := begin("Cost a month")
	s.line("")
	s.line("Estimates from list prices, for a month of 730 hours. What has no known price is not counted as zero: it is listed as not known.")
	s.line("")
	s.line("- where both sides have a known price (%d decisions): before $%.2f, after $%.2f", d.Cost.Compared, d.Cost.ComparedBefore, d.Cost.ComparedAfter)
	s.line("- all that is known: before at least $%.2f, after at least $%.2f, while both run at least $%.2f", d.Cost.Before, d.Cost.After, d.Cost.DoubleRun)
	s.line("- moving the known data out of AWS, once: $%.2f", d.Cost.Egress)
	s.line("- decisions with a target and no known price: %d", d.Cost.Unpriced)
	for _, n := range d.Cost.Notes {
		s.line("- %s", n)
	}
	s.title("By resource")
	rows := [][]string{{"resource", "kind", "before", "after", "basis"}}
	for _, v := range d.Decisions {
		if v.Cost != nil {
			rows = append(rows, []string{v.Name, string(v.Kind), dollars(v.Cost.Before), dollars(v.Cost.After), v.Cost.Basis})
		}
	}
	s.table(rows)
	return s.bytes()
}
