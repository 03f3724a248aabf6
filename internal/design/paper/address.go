package paper

import (
	"strings"

	"example.com/landfall/internal/design"
)

// addresses prints the public addresses: those that the workload's own calls
// come from, and those that only take calls. Azure calls out from what a NAT
// gateway, a machine's interface, a firewall or an outbound rule of a load
// balancer names (Microsoft Learn, "Use SNAT for outbound connections").
func addresses(s *sheet, d *design.Design) {
	out := outbound(d)
	for _, list := range []struct {
		title, note string
		outbound    bool
	}{
		{"Outbound addresses", "Partners who allow the source's addresses have to allow these as well.", true},
		{"Inbound addresses", "Clients come in here; no call of the workload leaves from them.", false},
	} {
		rows := [][]string{{"address", "zones"}}
		for _, r := range of(d, "Microsoft.Network/publicIPAddresses", "Microsoft.Network/publicIPPrefixes") {
			prefix := design.Text(r.Body, "properties.publicIPPrefix.id")
			if (out[strings.ToLower(string(r.ID))] || prefix != "" && out[strings.ToLower(prefix)]) == list.outbound {
				rows = append(rows, []string{r.Name, texts(r, "zones")})
			}
		}
		if len(rows) == 1 {
			continue
		}
		s.title("%s", list.title)
		s.line("%s", list.note)
		s.line("")
		s.table(rows)
	}
}

// outbound returns the ids, in lower case, of the public addresses and
// prefixes that calls leave from.
func outbound(d *design.Design) map[string]bool {
	out := map[string]bool{}
	add := func(tree any, path string) {
		for _, ref := range design.Maps(design.At(tree, path)) {
			if id := design.Text(ref, "id"); id != "" {
				out[strings.ToLower(id)] = true
			}
		}
	}
	for _, r := range of(d, "Microsoft.Network/natGateways") {
		for _, list := range []string{"publicIpAddresses", "publicIpPrefixes", "publicIpAddressesV6", "publicIpPrefixesV6"} {
			add(r.Body, "properties."+list)
		}
	}
	for _, r := range of(d, "Microsoft.Network/networkInterfaces", "Microsoft.Network/azureFirewalls") {
		for _, c := range design.Maps(design.At(r.Body, "properties.ipConfigurations")) {
			add(c, "properties.publicIPAddress")
		}
	}
	for _, r := range of(d, "Microsoft.Network/loadBalancers") {
		used := map[string]bool{}
		for _, rule := range design.Maps(design.At(r.Body, "properties.outboundRules")) {
			for _, f := range design.Maps(design.At(rule, "properties.frontendIPConfigurations")) {
				used[strings.ToLower(lastPart(design.Text(f, "id")))] = true
			}
		}
		for _, f := range design.Maps(design.At(r.Body, "properties.frontendIPConfigurations")) {
			if used[strings.ToLower(design.Text(f, "name"))] {
				add(f, "properties.publicIPAddress")
				add(f, "properties.publicIPPrefix")
			}
		}
	}
	return out
}

// accepted prints the differences of the network proof that do not block: what
// the platform demands, and what landfall.yaml accepts by name.
func accepted(s *sheet, d *design.Design) {
	if d.Network == nil {
		return
	}
	rows := [][]string{{"difference", "packet", "passes by", "reason", "accepted by"}}
	for _, x := range d.Network.Differences {
		if x.Accepted == "" {
			continue
		}
		by, rule := "landfall.yaml", x.TargetRule
		if strings.HasPrefix(x.Name, "network.platform:") {
			by = "the design: the platform demands it"
		}
		if !x.Wider {
			rule = "nothing at the target; at the source " + x.SourceRule
		}
		rows = append(rows, []string{x.Name, x.Packet, rule, x.Accepted, by})
	}
	if len(rows) == 1 {
		return
	}
	s.title("Accepted differences")
	s.line("Packets that the two networks treat differently, and why that is accepted.")
	s.line("")
	s.table(rows)
}
