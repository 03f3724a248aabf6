package network

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/applicationsecuritygroups"
)

const (
	asgKind cloud.Kind = "Microsoft.Network/applicationSecurityGroups"
	nsgKind cloud.Kind = "Microsoft.Network/networkSecurityGroups"
)

// group is a security group of the source.
type group struct {
	// r is nil for a group that is only known by AWS's rules: the default group
	// of a VPC that a template does not describe.
	r    *inventory.Resource
	key  string
	name string
	net  *vnet
	in   []permit
	out  []permit
	lost []lost
	// referenced says that some rule names it, so that its members need an ASG.
	referenced bool
	// across says that rules in another network name it.
	across bool
	asg    cloud.ResourceID
	// nics are the source resources whose network interfaces are in it.
	nics []*inventory.Resource
}

// permit is one thing that a group lets through.
type permit struct {
	protocol string
	ports    []span
	// One of these says to or from whom.
	block netip.Prefix
	group *group
	list  *inventory.Resource
}

// lost is a rule, or a part of one, that no NSG can say.
type lost struct {
	gap string
	at  string
}

// groupSet is a set of groups that some interface is in: an NSG.
type groupSet struct {
	key    string
	groups []*group
	net    *vnet
	nsg    cloud.ResourceID
	nics   []*inventory.Resource
}

// readGroups reads the rules of all security groups that are known.
func (p *Plan) readGroups() {
	for _, r := range p.c.Known(groupKind) {
		if slices.Contains(r.Marks, inventory.Deleted) {
			continue
		}
		g := &group{r: r, key: string(r.ID), name: r.Name, net: p.netOf(r, r.Properties["VpcId"])}
		if isDefaultGroup(r) && g.net != nil {
			g.name = "default-" + g.net.name
		}
		p.groups[r.ID] = g
	}
	p.impliedGroups()
	for _, r := range p.c.Known(groupKind) {
		g := p.groups[r.ID]
		if g == nil {
			continue
		}
		for _, m := range design.Maps(r.Properties["SecurityGroupIngress"]) {
			p.readRule(g, r, m, true)
		}
		for _, m := range design.Maps(r.Properties["SecurityGroupEgress"]) {
			p.readRule(g, r, m, false)
		}
		if opensByItself(r) {
			g.out = append(g.out, p.madeEgress(r)...)
		}
	}
	for _, r := range p.c.Known("AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress") {
		if slices.Contains(r.Marks, inventory.Deleted) {
			continue
		}
		if owner, ok := p.implied.Find(r, cmp.Or(r.Properties["GroupId"], r.Properties["GroupName"]), groupKind); ok {
			p.readRule(p.groups[owner.ID], r, map[string]any(r.Properties), r.Kind == "AWS::EC2::SecurityGroupIngress")
		}
	}
}

func isDefaultGroup(r *inventory.Resource) bool {
	return design.Text(r.Properties, "GroupName") == "default"
}

// opensByItself reports whether AWS added the rule that lets everything out: a
// template that says nothing of egress gets it (AWS CloudFormation User Guide,
// "AWS::EC2::SecurityGroup"); everything else tells the rules as they are.
func opensByItself(r *inventory.Resource) bool {
	if len(design.List(r.Properties["SecurityGroupEgress"])) > 0 {
		return false
	}
	return len(r.Provenance) > 0 && !slices.ContainsFunc(r.Provenance, func(how inventory.Provenance) bool { return how.Source != inventory.CloudFormation })
}

// readRule reads one rule of a group.
func (p *Plan) readRule(g *group, from *inventory.Resource, rule map[string]any, in bool) {
	if g == nil {
		return
	}
	protocol, ports, missing := readProtocol(rule)
	if missing != nil {
		g.lost = append(g.lost, *missing)
		return
	}
	add := func(x permit) {
		x.protocol, x.ports = protocol, ports
		if in {
			g.in = append(g.in, x)
		} else {
			g.out = append(g.out, x)
		}
	}
	for _, key := range []string{"CidrIp", "CidrIpv6"} {
		text := design.Text(rule, key)
		if b, ok := parsePrefix(text); ok {
			add(permit{block: b})
		} else if text != "" {
			g.lost = append(g.lost, lost{"securitygroup.unresolved", key + "=" + text})
		}
	}
	for _, key := range []string{"SourceSecurityGroupId", "SourceSecurityGroupName", "DestinationSecurityGroupId"} {
		text := design.Text(rule, key)
		if text == "" {
			continue
		}
		if other, ok := p.implied.Find(from, text, groupKind); ok && p.groups[other.ID] != nil {
			named := p.groups[other.ID]
			named.referenced = true
			named.across = named.across || g.net != named.net && p.knowsGroups(g.net, named.net)
			add(permit{group: named})
		} else {
			g.lost = append(g.lost, lost{"securitygroup.unresolved", key + "=" + text})
		}
	}
	for _, key := range []string{"SourcePrefixListId", "DestinationPrefixListId"} {
		text := design.Text(rule, key)
		if text == "" {
			continue
		}
		if list, ok := p.implied.Find(from, text, "AWS::EC2::PrefixList"); ok {
			add(permit{list: list})
		} else {
			g.lost = append(g.lost, lost{"securitygroup.unresolved", key + "=" + text})
		}
	}
}

// readProtocol reads protocol and ports of a rule. missing says what an NSG
// cannot express: it knows TCP, UDP, ICMP, ESP, AH and Any, and no types of
// ICMP (Microsoft Learn, "Network security groups").
func readProtocol(rule map[string]any) (protocol string, ports []span, missing *lost) {
	text := strings.ToLower(design.Text(rule, "IpProtocol"))
	from, to := design.Text(rule, "FromPort"), design.Text(rule, "ToPort")
	switch text {
	case "", "-1", "all":
		if text == "" && rule["IpProtocol"] != nil {
			return "", nil, &lost{"securitygroup.unresolved", "IpProtocol"}
		}
		return "*", everyPort(), nil
	case "50", "esp":
		return "esp", everyPort(), nil
	case "51", "ah":
		return "ah", everyPort(), nil
	case "1", "icmp":
		if (from == "" || from == "-1") && (to == "" || to == "-1") {
			return "icmp", everyPort(), nil
		}
		return "", nil, &lost{"securitygroup.icmp-type", "type " + from + " code " + to}
	case "6", "tcp", "17", "udp":
		protocol = map[string]string{"6": "tcp", "17": "udp"}[text]
		protocol = cmp.Or(protocol, text)
		ports, ok := readPorts(from, to)
		if !ok {
			return "", nil, &lost{"securitygroup.unresolved", protocol + " ports " + from + " to " + to}
		}
		return protocol, ports, nil
	case "58", "icmpv6":
		return "", nil, &lost{"securitygroup.icmpv6", "IpProtocol=" + text}
	}
	if strings.Contains(text, "${") {
		return "", nil, &lost{"securitygroup.unresolved", "IpProtocol=" + text}
	}
	return "", nil, &lost{"securitygroup.protocol", "IpProtocol=" + text}
}

func readPorts(from, to string) ([]span, bool) {
	if from == "" && to == "" || from == "-1" {
		return everyPort(), true
	}
	first, err := strconv.Atoi(from)
	if err != nil {
		return nil, false
	}
	end, err := strconv.Atoi(cmp.Or(to, from))
	if err != nil || first < 0 || end > 65535 || first > end {
		return nil, false
	}
	return []span{{first, end}}, true
}

// setOf returns the set of groups that a resource is in. Without any it is in
// the default group of its VPC, as AWS does it.
func (p *Plan) setOf(from *inventory.Resource, refs []any) *groupSet {
	s := &groupSet{}
	for _, ref := range refs {
		for _, one := range design.List(ref) {
			s.add(p.groupFor(from, one))
		}
	}
	if len(s.groups) == 0 {
		s.add(p.defaultGroup(p.homeOf(from)))
	}
	return p.sameSet(s)
}

// setIn is setOf for what stands in a network; the groups may be none.
func (p *Plan) setIn(v *vnet, from *inventory.Resource, refs []any) *groupSet {
	if len(refs) > 0 {
		return p.setOf(from, refs)
	}
	return p.sameSet(&groupSet{groups: []*group{p.defaultGroup(v)}})
}

// sameSet returns the set of the same groups that is there already, if any.
func (p *Plan) sameSet(s *groupSet) *groupSet {
	slices.SortFunc(s.groups, func(a, b *group) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.key, b.key)) })
	for _, g := range s.groups {
		s.key += g.key + "|"
		if s.net == nil {
			s.net = g.net
		}
	}
	if old := p.bySet[s.key]; old != nil {
		return old
	}
	p.bySet[s.key] = s
	p.sets = append(p.sets, s)
	return s
}

func (s *groupSet) add(g *group) {
	if g != nil && !slices.Contains(s.groups, g) {
		s.groups = append(s.groups, g)
	}
}

// name joins the names of the groups.
func (s *groupSet) name() string {
	var names []string
	for _, g := range s.groups {
		names = append(names, g.name)
	}
	return strings.Join(names, "-")
}

// groupFor finds a group. One that the inventory does not know lets nothing in:
// guessing would open doors.
func (p *Plan) groupFor(from *inventory.Resource, ref any) *group {
	text, ok := ref.(string)
	if !ok || strings.TrimSpace(text) == "" {
		return nil
	}
	at := from
	if at == nil {
		at = p.any()
	}
	if r, ok := p.implied.Find(at, text, groupKind); ok && p.groups[r.ID] != nil {
		return p.groups[r.ID]
	}
	key := cloud.ResourceID("unknown|" + text)
	if g := p.groups[key]; g != nil {
		return g
	}
	g := &group{key: string(key), name: assumedName(text), out: []permit{{protocol: "*", ports: everyPort(), block: netip.PrefixFrom(netip.IPv4Unspecified(), 0)}}}
	p.groups[key] = g
	p.c.Finding(design.Finding{
		ID: "network.unknown-group:" + g.name, Severity: design.High, About: about(from),
		Text: "security group " + text + " is not in the inventory: its NSG lets nothing in, and everything out as AWS does unless told otherwise",
		Do:   "scan the account, or add the template that makes the group, and design again",
	})
	return g
}

// defaultGroup returns the default security group of a VPC: all traffic among its members, and everything out (Amazon VPC User
// Guide, "Default security groups for your VPCs").
func (p *Plan) defaultGroup(v *vnet) *group {
	if v != nil && v.source != nil {
		if r := p.implied.Of(v.source.ID, groupKind); r != nil && p.groups[r.ID] != nil {
			return p.groups[r.ID]
		}
	}
	key, name := cloud.ResourceID("default|"), "default"
	if v != nil {
		key, name = cloud.ResourceID("default|"+p.key(v)), "default-"+v.name
	}
	if g := p.groups[key]; g != nil {
		return g
	}
	g := &group{key: string(key), name: name, net: v, referenced: true}
	g.in = []permit{{protocol: "*", ports: everyPort(), group: g}}
	g.out = []permit{{protocol: "*", ports: everyPort(), block: netip.PrefixFrom(netip.IPv4Unspecified(), 0)}}
	p.groups[key] = g
	return g
}

// Security returns the NSG that carries the union of the security groups, and
// the ASGs that their members are in, for one network interface.
func (p *Plan) Security(from *inventory.Resource, groups []any) (cloud.ResourceID, []cloud.ResourceID) {
	s := p.setOf(from, groups)
	if s.nsg == "" {
		s.nsg = p.emptyNSG(s.name())
	}
	for _, g := range s.groups {
		if g.r != nil {
			p.c.Attach(g.r, s.nsg)
		}
	}
	if s.net == nil {
		s.net = p.homeOf(from)
	}
	var asgs []cloud.ResourceID
	for _, g := range s.groups {
		if from != nil && !slices.Contains(g.nics, from) {
			g.nics = append(g.nics, from)
		}
		if g.net == nil {
			g.net = s.net
		}
		if g.referenced {
			asgs = append(asgs, p.asgOf(g))
		}
	}
	if from != nil && !slices.Contains(s.nics, from) {
		s.nics = append(s.nics, from)
	}
	p.refresh()
	return s.nsg, asgs
}

// asgOf puts the application security group for a security group.
func (p *Plan) asgOf(g *group) cloud.ResourceID {
	if g.asg == "" {
		g.asg = p.c.Put(design.Target{
			Type: asgKind, Base: g.name,
			Model: applicationsecuritygroups.ApplicationSecurityGroup{Properties: &applicationsecuritygroups.ApplicationSecurityGroupPropertiesFormat{}},
		}, sources(g.r)...)
	}
	return g.asg
}

// homeOf returns the network that a resource stands in, nil when it tells none.
func (p *Plan) homeOf(r *inventory.Resource) *vnet {
	if s := p.subnetsOf(r); len(s) > 0 {
		return s[0].net
	}
	if r == nil {
		return nil
	}
	if v := p.netOf(r, r.Properties["VpcId"]); v != nil {
		return v
	}
	if n := p.c.Node(r); n != nil && n.Network != "" {
		return p.byVPC[n.Network]
	}
	return nil
}

// subnetsOf returns the target subnets that follow those a resource names.
func (p *Plan) subnetsOf(r *inventory.Resource) []*subnet {
	if r == nil {
		return nil
	}
	var out []*subnet
	note := func(ref any) {
		for _, one := range design.List(ref) {
			texts := []any{one}
			if text, ok := one.(string); ok && strings.Contains(text, ",") && !strings.Contains(text, "${") {
				texts = nil
				for part := range strings.SplitSeq(text, ",") {
					texts = append(texts, part)
				}
			}
			for _, t := range texts {
				if s := p.subnetFor(t); s != nil && !slices.Contains(out, s) {
					out = append(out, s)
				}
			}
		}
	}
	for _, path := range []string{
		"SubnetId", "SubnetIds", "Subnets", "VPCZoneIdentifier", "NetworkInterfaces.SubnetId", "VpcConfig.SubnetIds", "ResourcesVpcConfig.SubnetIds",
		"NetworkConfiguration.AwsvpcConfiguration.Subnets", "LaunchTemplateData.NetworkInterfaces.SubnetId", "VPCOptions.SubnetIds",
	} {
		note(design.At(r.Properties, path))
	}
	for _, m := range design.Maps(r.Properties["NetworkInterfaces"]) {
		if face, ok := p.c.Find(r, m["NetworkInterfaceId"], "AWS::EC2::NetworkInterface"); ok {
			note(face.Properties["SubnetId"])
		}
	}
	if n := p.c.Node(r); len(out) == 0 && n != nil {
		if s := p.subnets[n.Network]; s != nil {
			out = append(out, s)
		}
	}
	return out
}
