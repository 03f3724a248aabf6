package reach

import (
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

const (
	kindListener    cloud.Kind = "AWS::ElasticLoadBalancingV2::Listener"
	kindTargetGroup cloud.Kind = "AWS::ElasticLoadBalancingV2::TargetGroup"
	kindService     cloud.Kind = "AWS::EC2::VPCEndpointService"
	kindPermission  cloud.Kind = "AWS::EC2::VPCEndpointServicePermissions"
)

// passing is a Network Load Balancer: it hands packets on, and is seen in the
// ports of its targets.
type passing struct {
	r            *inventory.Resource
	places       []Place
	labels       []string
	public, dual bool
	// listed says that a network ACL stands before it.
	listed  bool
	entries []Entry
}

// passings reads the balancers that hand packets on, by id.
func (a *awsReader) passings() map[string]*passing {
	out := map[string]*passing{}
	for _, r := range a.byKind[kindBalancer] {
		if text(r.Properties["Type"]) != "network" {
			continue
		}
		p := &passing{r: r, public: text(r.Properties["Scheme"]) != "internal", dual: strings.HasPrefix(text(r.Properties["IpAddressType"]), "dualstack")}
		p.places = a.places(r, list(r.Properties["Subnets"]), "")
		for _, m := range maps(r.Properties["SubnetMappings"]) {
			p.places = append(p.places, a.places(r, list(m["SubnetId"]), text(m["PrivateIPv4Address"]))...)
		}
		a.seenPlaces(p)
		if groups := list(r.Properties["SecurityGroups"]); len(groups) > 0 {
			p.labels = a.labels(r, groups, p.places)
		}
		for _, x := range p.places {
			i, ok := a.subnets[x.Subnet]
			p.listed = p.listed || ok && a.net.Subnets[i].Filter != ""
			if !ok {
				a.doubt(a.spaceOf(p.places), "balancer "+r.Name+": its subnet "+x.Subnet+" is not known")
			}
		}
		out[string(r.ID)] = p
	}
	a.services(out)
	return out
}

// seenPlaces takes the addresses of the network interfaces that AWS made for a
// balancer, which their descriptions name.
func (a *awsReader) seenPlaces(p *passing) {
	_, name, ok := strings.Cut(string(p.r.ID), ":loadbalancer/")
	if !ok {
		return
	}
	for _, e := range a.byKind["AWS::EC2::NetworkInterface"] {
		if text(e.Properties["Description"]) != "ELB "+name {
			continue
		}
		subnet := a.id(e, e.Properties["SubnetId"], kindSubnet)
		for i := range p.places {
			if x := &p.places[i]; x.Subnet == subnet && !x.Address.IsValid() {
				x.Address = address(e.Properties["PrivateIpAddress"])
			}
		}
	}
}

// services notes the endpoints that lead to balancers as the owner's own
// services (AWS PrivateLink, "Share your services through AWS PrivateLink").
func (a *awsReader) services(balancers map[string]*passing) {
	for _, s := range a.byKind[kindService] {
		var ends []Entry
		for _, e := range a.byKind[kindPrivateLink] {
			if a.leadsTo(e, s) {
				x := Entry{Name: e.Name, Places: a.places(e, list(e.Properties["SubnetIds"]), "")}
				x.Labels = a.labels(e, list(e.Properties["SecurityGroupIds"]), x.Places)
				ends = append(ends, x)
			}
		}
		for _, arn := range list(s.Properties["NetworkLoadBalancerArns"]) {
			p := balancers[a.id(s, arn, kindBalancer)]
			if p == nil {
				continue
			}
			for _, x := range ends {
				// Unless switched off, the groups are asked (Elastic Load Balancing API
				// reference, "SetSecurityGroups").
				x.Asked = !strings.EqualFold(text(p.r.Properties["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"]), "off")
				p.entries = append(p.entries, x)
			}
			a.strangers(s, p)
		}
	}
}

// leadsTo reports whether an endpoint is one to a service of the inventory.
func (a *awsReader) leadsTo(e, s *inventory.Resource) bool {
	said := text(e.Properties["ServiceName"])
	if said == "" {
		return false
	}
	for _, ref := range inventory.References(said) {
		if r, ok := a.find(e, ref.String(), kindService); ok && r == s {
			return true
		}
	}
	for _, key := range []string{"ServiceName", "ServiceId"} {
		for _, v := range []string{text(s.Properties[key]), text(s.Attributes[key])} {
			if v != "" && (said == v || strings.HasSuffix(said, "."+v)) {
				return true
			}
		}
	}
	return strings.HasSuffix(said, "."+string(s.ID))
}

// strangers names the principals of other accounts that may make endpoints.
func (a *awsReader) strangers(s *inventory.Resource, p *passing) {
	for _, r := range a.byKind[kindPermission] {
		if a.id(r, r.Properties["ServiceId"], kindService) != string(s.ID) {
			continue
		}
		for _, who := range list(r.Properties["AllowedPrincipals"]) {
			if s.Account == "" || !strings.Contains(text(who), ":"+string(s.Account)+":") {
				a.doubt(a.spaceOf(p.places), "endpoint service "+s.Name+": the endpoints that "+text(who)+" has are in no inventory")
			}
		}
	}
}

// exposures adds the ways through Network Load Balancers to their targets. They
// keep the client's address for instances (Elastic Load Balancing, "Edit target
// group attributes for your Network Load Balancer").
func (a *awsReader) exposures() {
	balancers := a.passings()
	for _, l := range a.byKind[kindListener] {
		p := balancers[a.id(l, l.Properties["LoadBalancerArn"], kindBalancer)]
		if p == nil {
			continue
		}
		for _, g := range a.targetsOf(l) {
			a.expose(p, l, g)
		}
	}
}

// targetsOf are the target groups that a listener forwards to.
func (a *awsReader) targetsOf(l *inventory.Resource) []*inventory.Resource {
	var out []*inventory.Resource
	for _, action := range maps(l.Properties["DefaultActions"]) {
		arns := []any{action["TargetGroupArn"]}
		for _, m := range maps(deepAt(action, "ForwardConfig.TargetGroups")) {
			arns = append(arns, m["TargetGroupArn"])
		}
		for _, arn := range arns {
			if g, ok := a.find(l, arn, kindTargetGroup); ok && !slices.Contains(out, g) {
				out = append(out, g)
			}
		}
	}
	return out
}

// expose adds the ways to the members of one target group. Where nothing stands
// before the targets' own groups, their ports tell all there is to say.
func (a *awsReader) expose(p *passing, l, g *inventory.Resource) {
	guarded := len(p.labels) > 0 || p.listed || !keeps(g)
	if !guarded && !p.public && len(p.entries) == 0 {
		return
	}
	members := a.members(g)
	if len(members) == 0 && text(g.Properties["TargetType"]) == "ip" && len(list(g.Properties["Targets"])) == 0 {
		a.doubt(a.spaceOf(p.places), "target group "+g.Name+": the addresses of its targets are not known")
	}
	listen, ok := port(text(l.Properties["Port"]))
	if !ok && guarded {
		a.doubt(a.spaceOf(p.places), "balancer "+p.r.Name+": port "+text(l.Properties["Port"])+" of a listener is not known")
		return
	}
	for _, m := range members {
		f := &a.net.Interfaces[m.iface]
		if x := (Range{m.port, m.port}); p.public && !guarded && !slices.Contains(f.Exposed, x) {
			f.Exposed = append(f.Exposed, x)
		}
		for _, protocol := range carries(text(l.Properties["Protocol"])) {
			d := Door{Name: "balancer " + p.r.Name, Protocol: protocol, Listen: listen, Port: m.port, Public: p.public, Places: p.places, Dual: p.dual, Labels: p.labels, Kept: keeps(g)}
			if guarded {
				f.Doors = append(f.Doors, d)
			}
			for i := range p.entries {
				d.Public, d.Kept, d.Entry, d.Name = false, false, &p.entries[i], "endpoint "+p.entries[i].Name+" and balancer "+p.r.Name
				f.Doors = append(f.Doors, d)
			}
		}
	}
}

// carries are the protocols of a listener.
func carries(protocol string) []int {
	switch protocol {
	case "UDP", "QUIC":
		return []int{protocolUDP}
	case "TCP_UDP", "TCP_QUIC":
		return []int{protocolTCP, protocolUDP}
	}
	return []int{protocolTCP}
}

// keeps reports whether the targets of a group see the client's address: always
// for UDP, and else unless switched off; for addresses with TCP and TLS only if
// switched on (Elastic Load Balancing, "Edit target group attributes for your
// Network Load Balancer").
func keeps(g *inventory.Resource) bool {
	ip, protocol := text(g.Properties["TargetType"]) == "ip", text(g.Properties["Protocol"])
	if protocol == "UDP" || protocol == "TCP_UDP" || protocol == "QUIC" || protocol == "TCP_QUIC" {
		return true
	}
	for _, m := range maps(g.Properties["TargetGroupAttributes"]) {
		if text(m["Key"]) == "preserve_client_ip.enabled" && text(m["Value"]) != "" {
			return truth(m["Value"])
		}
	}
	return !ip
}

// member is a target: an interface at a port.
type member struct {
	iface int
	port  uint16
}

// members finds the interfaces of a target group: by what it registers, and by
// what registers itself with it.
func (a *awsReader) members(g *inventory.Resource) []member {
	var out []member
	standard, _ := port(text(g.Properties["Port"]))
	add := func(id string, n uint16) {
		for i := range a.net.Interfaces {
			if m := (member{i, n}); a.net.Interfaces[i].ID == id && !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	for _, m := range maps(g.Properties["Targets"]) {
		n, ok := port(text(m["Port"]))
		if !ok {
			n = standard
		}
		if ip := address(m["Id"]); ip.IsValid() {
			a.at(ip, g, func(id string) { add(id, n) })
			continue
		}
		add(a.id(g, m["Id"], "AWS::EC2::Instance", kindBalancer), n)
	}
	for _, s := range a.byKind["AWS::AutoScaling::AutoScalingGroup"] {
		for _, v := range list(s.Properties["TargetGroupARNs"]) {
			if a.id(s, v, g.Kind) == string(g.ID) {
				add(string(s.ID), standard)
			}
		}
	}
	for _, s := range a.byKind["AWS::ECS::Service"] {
		for _, m := range maps(s.Properties["LoadBalancers"]) {
			if a.id(s, m["TargetGroupArn"], g.Kind) == string(g.ID) {
				n, ok := port(text(m["ContainerPort"]))
				if !ok {
					n = standard
				}
				add(string(s.ID), n)
			}
		}
	}
	return out
}

// at finds the interface with an address in the VPC of a target group.
func (a *awsReader) at(ip netip.Addr, g *inventory.Resource, found func(id string)) {
	vpc := a.id(g, g.Properties["VpcId"], kindVPC)
	known := false
	for i := range a.net.Interfaces {
		for _, x := range a.net.Interfaces[i].Places {
			n, ok := a.subnets[x.Subnet]
			if ok && x.Address == ip && (vpc == "" || a.net.Subnets[n].Space == vpc) {
				known = true
				found(a.net.Interfaces[i].ID)
			}
		}
	}
	if !known {
		a.doubt(vpc, "target group "+g.Name+": whose address "+ip.String()+" is, is not known")
	}
}
