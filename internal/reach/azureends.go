package reach

import (
	"net/netip"
	"slices"
	"strings"
)

// ends reads what has an address in a VNet: network interfaces, scale sets,
// private endpoints, gateways, and whatever else names a subnet.
func (a *azureReader) ends() {
	for _, b := range a.bodies {
		switch b.Type {
		case "microsoft.network/networkinterfaces":
			a.configured(b, at(b.Tree, "properties"), false)
		case "microsoft.compute/virtualmachinescalesets":
			faces := maps(at(b.Tree, "properties", "virtualMachineProfile", "networkProfile", "networkInterfaceConfigurations"))
			for i, m := range faces {
				if truth(at(m, "properties", "primary")) || len(faces) == 1 || i == 0 {
					a.configured(b, at(m, "properties"), true)
					break
				}
			}
		case "microsoft.network/privateendpoints":
			a.privateEndpoint(b)
		case "microsoft.network/applicationgateways":
			a.gateway(b)
		case "microsoft.network/virtualnetworks", "microsoft.network/virtualnetworks/subnets", "microsoft.network/natgateways", "microsoft.network/loadbalancers",
			"microsoft.network/networksecuritygroups", "microsoft.network/virtualnetworkgateways", "microsoft.network/routetables":
		default:
			a.other(b)
		}
	}
}

// configured reads a network interface, or the profile of a scale set's.
func (a *azureReader) configured(b Body, p any, many bool) {
	f := Interface{ID: b.ID, Name: name(b.ID), Filter: ref(p, "networkSecurityGroup"), Many: many, Closed: true}
	for _, m := range maps(at(p, "ipConfigurations")) {
		c := at(m, "properties")
		place := Place{Subnet: ref(c, "subnet")}
		if strings.EqualFold(text(at(c, "privateIPAllocationMethod")), "Static") {
			place.Address = address(at(c, "privateIPAddress"))
		}
		f.Places = append(f.Places, place)
		f.Public = f.Public || at(c, "publicIPAddress") != nil || at(c, "publicIPAddressConfiguration") != nil
		for _, g := range list(at(c, "applicationSecurityGroups")) {
			if id := ref(g); !slices.Contains(f.Labels, id) {
				f.Labels = append(f.Labels, id)
			}
		}
		for _, pool := range list(at(c, "loadBalancerBackendAddressPools")) {
			a.pools[ref(pool)] = append(a.pools[ref(pool)], len(a.net.Interfaces))
		}
	}
	a.net.Interfaces = append(a.net.Interfaces, f)
}

// privateEndpoint reads a private endpoint. What it is sent passes an NSG only
// when the subnet says so (Microsoft Learn, "Manage network policies for
// private endpoints"), and it never opens a connection.
func (a *azureReader) privateEndpoint(b Body) {
	subnet := ref(b.Tree, "properties", "subnet")
	f := Interface{ID: b.ID, Name: name(b.ID), Mute: true, Open: true}
	for _, m := range maps(at(b.Tree, "properties", "ipConfigurations")) {
		if ip := address(at(m, "properties", "privateIPAddress")); ip.IsValid() {
			f.Places = append(f.Places, Place{Subnet: subnet, Address: ip})
		}
	}
	if len(f.Places) == 0 {
		f.Places = []Place{{Subnet: subnet}}
	}
	for _, g := range list(at(b.Tree, "properties", "applicationSecurityGroups")) {
		f.Labels = append(f.Labels, ref(g))
	}
	for _, x := range a.bodies {
		if x.ID == subnet {
			policies := text(at(x.Tree, "properties", "privateEndpointNetworkPolicies"))
			f.Open = policies != "Enabled" && policies != "NetworkSecurityGroupEnabled"
		}
	}
	a.net.Interfaces = append(a.net.Interfaces, f)
}

// gateway reads an Application Gateway, which has nodes in a subnet of its own.
func (a *azureReader) gateway(b Body) {
	f := Interface{ID: b.ID, Name: name(b.ID)}
	for _, m := range maps(at(b.Tree, "properties", "gatewayIPConfigurations")) {
		f.Places = append(f.Places, Place{Subnet: ref(m, "properties", "subnet")})
	}
	for _, m := range maps(at(b.Tree, "properties", "frontendIPConfigurations")) {
		f.Public = f.Public || at(m, "properties", "publicIPAddress") != nil
	}
	a.net.Interfaces = append(a.net.Interfaces, f)
}

// other reads any other resource that names a subnet as its own. Functions and
// web apps send into it and are not reached there; databases and caches only
// answer.
func (a *azureReader) other(b Body) {
	var subnets []string
	walk(b.Tree, func(s string) {
		if s = strings.ToLower(s); strings.Contains(s, "/subnets/") {
			if _, ok := a.subnets[s]; ok && !slices.Contains(subnets, s) {
				subnets = append(subnets, s)
			}
		}
	})
	slices.Sort(subnets)
	a.apiServer(b, subnets)
	if len(subnets) == 0 || strings.Contains(b.Type, "/virtualnetworkrules") || b.Type == "microsoft.storage/storageaccounts" || b.Type == "microsoft.keyvault/vaults" {
		// Rules of services name the subnets that they let in.
		return
	}
	f := Interface{ID: b.ID, Name: name(b.ID), Many: true, Deaf: strings.HasPrefix(b.Type, "microsoft.web/sites")}
	f.Mute = strings.HasPrefix(b.Type, "microsoft.db") || strings.HasPrefix(b.Type, "microsoft.sql") || strings.HasPrefix(b.Type, "microsoft.cache") ||
		strings.HasPrefix(b.Type, "microsoft.netapp")
	for _, s := range subnets {
		f.Places = append(f.Places, Place{Subnet: s})
	}
	a.machinesOut(b, &f)
	a.net.Interfaces = append(a.net.Interfaces, f)
}

// machinesOut gives the machines of a cluster their way to the Internet: AKS
// makes a balancer or a NAT gateway for it unless the cluster says otherwise, and
// machines of a pool may have public addresses (Microsoft Learn, "Customize
// cluster egress with outbound types in Azure Kubernetes Service (AKS)" and "Use
// instance-level public IPs in Azure Kubernetes Service (AKS)").
func (a *azureReader) machinesOut(b Body, f *Interface) {
	cluster, _, pool := strings.Cut(b.ID, "/agentpools/")
	if b.Type != kindAKS && (!pool || b.Type != kindAKS+"/agentpools") {
		return
	}
	f.Closed = true
	f.Public = truth(at(b.Tree, "properties", "enableNodePublicIP"))
	for _, m := range maps(at(b.Tree, "properties", "agentPoolProfiles")) {
		f.Public = f.Public || truth(m["enableNodePublicIP"])
	}
	kind := ""
	for _, x := range a.bodies {
		if x.ID == cluster && x.Type == kindAKS {
			kind = strings.ToLower(text(at(x.Tree, "properties", "networkProfile", "outboundType")))
		}
	}
	f.Translated = kind != "none" && kind != "block" && kind != "userdefinedrouting" && kind != "userassignednatgateway"
}

// kindAKS is a Kubernetes cluster of Azure.
const kindAKS = "microsoft.containerservice/managedclusters"

// apiServer reads the API server of a cluster. A private one is a private
// endpoint in the subnet of the machines, which no NSG guards; ranges narrow a
// public one (Microsoft Learn, "Create a private Azure Kubernetes Service (AKS)
// cluster" and "Use API server authorized IP address ranges in Azure Kubernetes
// Service (AKS)").
func (a *azureReader) apiServer(b Body, subnets []string) {
	if b.Type != kindAKS {
		return
	}
	access := at(b.Tree, "properties", "apiServerAccessProfile")
	f := Interface{ID: b.ID + apiSuffix, Name: name(b.ID) + " API server", Mute: true, Open: true, API: &API{Public: !truth(at(access, "enablePrivateCluster"))}}
	if f.API.Public {
		f.API.From, f.API.Unknown = takenFrom(at(access, "authorizedIPRanges"))
	} else {
		for _, s := range subnets {
			f.Places = append(f.Places, Place{Subnet: s})
		}
	}
	a.net.Interfaces = append(a.net.Interfaces, f)
}

// takenFrom reads the blocks that an API server's public address takes; none
// means all.
func takenFrom(values any) ([]netip.Prefix, string) {
	var out []netip.Prefix
	for _, v := range list(values) {
		blocks := prefixes(v)
		if len(blocks) == 0 {
			return nil, "the block " + text(v) + " that its public address takes is not known"
		}
		out = append(out, blocks...)
	}
	if len(out) == 0 {
		out = wholeWorld()[:1]
	}
	return out, ""
}

// walk calls yield with all texts of a tree.
func walk(v any, yield func(string)) {
	switch v := v.(type) {
	case string:
		yield(v)
	case []any:
		for _, x := range v {
			walk(x, yield)
		}
	case map[string]any:
		for _, x := range v {
			walk(x, yield)
		}
	}
}

// balancers find the ports on which public balancers reach members of their
// pools: a balancer of Azure is no proxy, so NSGs of the members see the client
// (Microsoft Learn, "Azure Load Balancer algorithm"). Its rules also give
// members a way out, unless they say not to.
func (a *azureReader) balancers() {
	a.each("microsoft.network/loadbalancers", func(b Body) {
		a.poolMembers(b)
		public := map[string]bool{}
		for _, m := range maps(at(b.Tree, "properties", "frontendIPConfigurations")) {
			if at(m, "properties", "publicIPAddress") != nil || at(m, "properties", "publicIPPrefix") != nil {
				public[b.ID+"/frontendipconfigurations/"+strings.ToLower(text(m["name"]))] = true
			}
		}
		for _, m := range maps(at(b.Tree, "properties", "loadBalancingRules")) {
			p := at(m, "properties")
			if !public[ref(p, "frontendIPConfiguration")] {
				continue
			}
			pools := append(list(at(p, "backendAddressPools")), at(p, "backendAddressPool"))
			ports, why := azurePorts(at(p, "backendPort"))
			if text(at(p, "backendPort")) == "0" {
				ports = []Range{{0, 65535}}
			}
			if len(why) > 0 {
				a.doubts[Doubt{Text: "balancer " + name(b.ID) + ": " + strings.Join(why, ", ")}] = true
			}
			for _, pool := range pools {
				a.expose(ref(pool), ports, !truth(at(p, "disableOutboundSnat")))
			}
		}
		for _, m := range maps(at(b.Tree, "properties", "outboundRules")) {
			a.expose(ref(m, "properties", "backendAddressPool"), nil, true)
		}
	})
}

// poolMembers finds the members that a pool names by address.
func (a *azureReader) poolMembers(b Body) {
	for _, m := range maps(at(b.Tree, "properties", "backendAddressPools")) {
		pool := b.ID + "/backendaddresspools/" + strings.ToLower(text(m["name"]))
		for _, x := range maps(at(m, "properties", "loadBalancerBackendAddresses")) {
			ip, vnet := address(at(x, "properties", "ipAddress")), ref(x, "properties", "virtualNetwork")
			for i := range a.net.Interfaces {
				if slices.ContainsFunc(a.net.Interfaces[i].Places, func(p Place) bool {
					n, ok := a.subnets[p.Subnet]
					return ok && ip.IsValid() && p.Address == ip && (vnet == "" || a.net.Subnets[n].Space == vnet)
				}) {
					a.pools[pool] = append(a.pools[pool], i)
				}
			}
		}
	}
}

func (a *azureReader) expose(pool string, ports []Range, out bool) {
	for _, i := range a.pools[pool] {
		f := &a.net.Interfaces[i]
		f.Translated = f.Translated || out
		for _, r := range ports {
			if !slices.Contains(f.Exposed, r) {
				f.Exposed = append(f.Exposed, r)
			}
		}
	}
}
