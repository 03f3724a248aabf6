package reach

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// Finder finds the resource that a property value names.
type Finder func(from *inventory.Resource, value any, kinds ...cloud.Kind) (*inventory.Resource, bool)

// The kinds that the network of a VPC is made of.
const (
	kindVPC        cloud.Kind = "AWS::EC2::VPC"
	kindSubnet     cloud.Kind = "AWS::EC2::Subnet"
	kindGroup      cloud.Kind = "AWS::EC2::SecurityGroup"
	kindACL        cloud.Kind = "AWS::EC2::NetworkAcl"
	kindTable      cloud.Kind = "AWS::EC2::RouteTable"
	kindPrefixList cloud.Kind = "AWS::EC2::PrefixList"
	kindTransit    cloud.Kind = "AWS::EC2::TransitGateway"
)

// awsReader builds a Network from an inventory.
type awsReader struct {
	byKind map[cloud.Kind][]*inventory.Resource
	find   Finder
	// implied are the parts that only their owners tell of.
	implied *Implied
	net     Network
	// subnets and filters index the network's lists by id.
	subnets, filters map[string]int
	tables           map[string]int
	doubts           map[Doubt]bool
}

// FromAWS reads the network out of resources, inside a workload's boundary or
// not. What a template leaves open becomes an unknown rule.
func FromAWS(resources []*inventory.Resource, find Finder) Network {
	a := &awsReader{byKind: map[cloud.Kind][]*inventory.Resource{}, find: find, subnets: map[string]int{}, filters: map[string]int{}, tables: map[string]int{}, doubts: map[Doubt]bool{}}
	ordered := slices.Clone(resources)
	slices.SortFunc(ordered, func(x, y *inventory.Resource) int { return cmp.Compare(x.ID, y.ID) })
	for _, r := range ordered {
		if !slices.Contains(r.Marks, inventory.Deleted) {
			a.byKind[r.Kind] = append(a.byKind[r.Kind], r)
		}
	}
	a.implied = NewImplied(ordered, find)
	a.find = a.implied.Find
	for _, r := range a.implied.Missing() {
		a.byKind[r.Kind] = append(a.byKind[r.Kind], r)
	}
	a.spaces()
	a.placeSubnets()
	a.groups()
	a.acls()
	a.routeTables()
	a.transits()
	a.endpoints()
	a.net.Doubts = inOrder(a.doubts)
	return a.net
}

// doubt notes what is not known of a VPC, "" for one that is not known either.
func (a *awsReader) doubt(space, text string) { a.doubts[Doubt{space, text}] = true }

func inOrder(doubts map[Doubt]bool) []Doubt {
	var out []Doubt
	for d := range doubts {
		out = append(out, d)
	}
	slices.SortFunc(out, func(x, y Doubt) int { return cmp.Or(cmp.Compare(x.Text, y.Text), cmp.Compare(x.Space, y.Space)) })
	return out
}

func (a *awsReader) id(from *inventory.Resource, value any, kinds ...cloud.Kind) string {
	if r, ok := a.find(from, value, kinds...); ok {
		return string(r.ID)
	}
	return ""
}

func (a *awsReader) spaces() {
	more := map[string][]netip.Prefix{}
	for _, r := range a.byKind["AWS::EC2::VPCCidrBlock"] {
		vpc := a.id(r, r.Properties["VpcId"], kindVPC)
		more[vpc] = append(more[vpc], prefixes(r.Properties["CidrBlock"], r.Properties["Ipv6CidrBlock"])...)
	}
	for _, r := range a.byKind[kindVPC] {
		list := prefixes(r.Properties["CidrBlock"], r.Properties["CidrBlocks"], r.Properties["Ipv6CidrBlocks"], r.Properties["Ipv6CidrBlock"])
		for _, set := range []any{r.Properties["CidrBlockAssociationSet"], r.Attributes["CidrBlockAssociationSet"], r.Properties["Ipv6CidrBlockAssociationSet"], r.Attributes["Ipv6CidrBlockAssociationSet"]} {
			for _, m := range maps(set) {
				if state := text(at(m, "CidrBlockState", "State")); state == "" || strings.HasPrefix(state, "associat") {
					list = append(list, prefixes(m["CidrBlock"], m["Ipv6CidrBlock"])...)
				}
			}
		}
		list = append(list, more[string(r.ID)]...)
		slices.SortFunc(list, comparePrefix)
		a.net.Spaces = append(a.net.Spaces, Space{ID: string(r.ID), Name: r.Name, Prefixes: slices.Compact(list)})
	}
	for _, r := range a.byKind["AWS::EC2::VPCPeeringConnection"] {
		a.peering(r)
	}
}

// peering adds a link; the far VPC may be another account's, of which the
// connection itself tells the block.
func (a *awsReader) peering(r *inventory.Resource) {
	l := Link{ID: string(r.ID), A: a.id(r, cmp.Or(r.Properties["VpcId"], at(r.Attributes["RequesterVpcInfo"], "VpcId")), kindVPC)}
	far := cmp.Or(r.Properties["PeerVpcId"], at(r.Attributes["AccepterVpcInfo"], "VpcId"))
	if l.B = a.id(r, far, kindVPC); l.B == "" {
		l.B = text(far)
		if blocks := prefixes(at(r.Attributes["AccepterVpcInfo"], "CidrBlock")); len(blocks) > 0 {
			a.net.Spaces = append(a.net.Spaces, Space{ID: l.B, Prefixes: blocks})
		}
	}
	a.net.Links = append(a.net.Links, l)
}

func (a *awsReader) placeSubnets() {
	for _, r := range a.byKind[kindSubnet] {
		a.subnets[string(r.ID)] = len(a.net.Subnets)
		a.net.Subnets = append(a.net.Subnets, Subnet{
			ID: string(r.ID), Name: r.Name, Space: a.id(r, r.Properties["VpcId"], kindVPC), Prefixes: prefixes(r.Properties["CidrBlock"], r.Properties["Ipv6CidrBlock"], r.Properties["Ipv6CidrBlocks"]),
		})
	}
	for _, r := range a.byKind["AWS::EC2::NatGateway"] {
		if text(r.Properties["ConnectivityType"]) != "private" {
			a.net.NATs = append(a.net.NATs, NAT{ID: string(r.ID), Subnet: a.id(r, r.Properties["SubnetId"], kindSubnet)})
		}
	}
}

// groups reads security groups with the rules that stand in them and beside
// them.
func (a *awsReader) groups() {
	for _, r := range a.byKind[kindGroup] {
		f := Filter{ID: string(r.ID), Name: r.Name}
		for _, m := range maps(r.Properties["SecurityGroupIngress"]) {
			f.In = append(f.In, a.groupRule(r, m, true))
		}
		for _, m := range maps(r.Properties["SecurityGroupEgress"]) {
			rule := a.groupRule(r, m, false)
			if slices.Contains(a.implied.list, r) && slices.Equal(rule.To.Prefixes, wholeWorld()[1:]) {
				rule = a.late(r, a.implied.familyOf(r, a.id(r, r.Properties["VpcId"], kindVPC)), rule)
			}
			f.Out = append(f.Out, rule)
		}
		if a.implied.HalfKnown(r) {
			f.In = append(f.In, Rule{Name: "ingress all " + cmp.Or(f.Name, f.ID) + " (AWS's own)", Protocol: -1, From: Peers{Labels: []string{f.ID}}, To: Peers{Any: true}})
		}
		if opens(r) || a.implied.HalfKnown(r) {
			f.Out = append(f.Out, a.madeEgress(r)...)
		}
		a.filters[f.ID] = len(a.net.Filters)
		a.net.Filters = append(a.net.Filters, f)
	}
	for _, in := range []bool{true, false} {
		kind := cloud.Kind("AWS::EC2::SecurityGroupIngress")
		if !in {
			kind = "AWS::EC2::SecurityGroupEgress"
		}
		for _, r := range a.byKind[kind] {
			i, ok := a.filters[a.id(r, cmp.Or(r.Properties["GroupId"], r.Properties["GroupName"]), kindGroup)]
			if !ok {
				a.doubt("", "rule "+r.Name+": its security group is not known")
				continue
			}
			rule := a.groupRule(r, map[string]any(r.Properties), in)
			if f := &a.net.Filters[i]; in {
				f.In = append(f.In, rule)
			} else {
				f.Out = append(f.Out, rule)
			}
		}
	}
}

// opens reports whether AWS added the rule that lets everything out: where a
// template says nothing of egress (AWS CloudFormation, "AWS::EC2::SecurityGroup").
func opens(r *inventory.Resource) bool {
	if len(list(r.Properties["SecurityGroupEgress"])) > 0 || len(r.Provenance) == 0 {
		return false
	}
	return !slices.ContainsFunc(r.Provenance, func(p inventory.Provenance) bool { return p.Source != inventory.CloudFormation })
}

// madeEgress are the rules that AWS adds: for all of IPv4, and for all of IPv6
// only in a VPC that has such a block. A block that is associated later brings
// the second one unless rules outwards were changed before, which no template
// and no state tells the order of (Amazon EC2 User Guide, "Default security
// groups for your VPCs" and "Add IPv6 support for your VPC").
func (a *awsReader) madeEgress(r *inventory.Resource) []Rule {
	rule := func(block netip.Prefix) Rule {
		return Rule{Name: "egress all (AWS's own)", Protocol: -1, From: Peers{Any: true}, To: Peers{Prefixes: []netip.Prefix{block}}}
	}
	out := []Rule{rule(wholeWorld()[0])}
	how := a.implied.familyOf(r, a.id(r, r.Properties["VpcId"], kindVPC))
	if how == without6 {
		return out
	}
	return append(out, a.late(r, how, rule(wholeWorld()[1])))
}

// late is a rule for all of IPv6, not known where the order of changes decides.
func (a *awsReader) late(r *inventory.Resource, how family6, six Rule) Rule {
	if how == later6 && a.implied.changedBefore(r, a.changedEgress(r)) {
		six.Unknown = "whether IPv6 came to the VPC before the rules outwards of " + r.Name + " were changed is not known"
	}
	return six
}

// changedEgress reports whether resources beside a group change its rules
// outwards.
func (a *awsReader) changedEgress(r *inventory.Resource) bool {
	return slices.ContainsFunc(a.byKind["AWS::EC2::SecurityGroupEgress"], func(x *inventory.Resource) bool {
		return a.id(x, cmp.Or(x.Properties["GroupId"], x.Properties["GroupName"]), kindGroup) == string(r.ID)
	})
}

// groupRule reads one rule of a security group.
func (a *awsReader) groupRule(from *inventory.Resource, m map[string]any, in bool) Rule {
	r := Rule{}
	var why []string
	r.Protocol, r.Ports, why = protocolOf(text(m["IpProtocol"]), text(m["FromPort"]), text(m["ToPort"]))
	peers := Peers{}
	for _, key := range []string{"CidrIp", "CidrIpv6"} {
		if v := text(m[key]); v != "" {
			if p := prefixes(v); len(p) > 0 {
				peers.Prefixes = append(peers.Prefixes, p...)
			} else {
				why = append(why, key+" "+v+" is not known")
			}
		}
	}
	for _, key := range []string{"SourceSecurityGroupId", "SourceSecurityGroupName", "DestinationSecurityGroupId"} {
		if v := text(m[key]); v != "" {
			id := a.id(from, v, kindGroup)
			if id == "" && strings.Contains(v, "${") {
				why = append(why, key+" "+v+" is not known")
			}
			peers.Labels = append(peers.Labels, cmp.Or(id, v))
		}
	}
	for _, key := range []string{"SourcePrefixListId", "DestinationPrefixListId"} {
		if v := text(m[key]); v != "" {
			blocks, tag, ok := a.prefixList(from, v)
			if !ok {
				why = append(why, "the entries of prefix list "+v+" are not known")
			} else if peers.Prefixes = append(peers.Prefixes, blocks...); tag != "" {
				peers.Tags = append(peers.Tags, tag)
			}
		}
	}
	word := "ingress"
	if r.From, r.To = peers, (Peers{Any: true}); !in {
		r.From, r.To, word = r.To, r.From, "egress"
	}
	protocol, ports := pointsOf(&r).text()
	r.Name = strings.TrimSpace(strings.Join([]string{word, protocol, ports, a.peersText(peers)}, " "))
	r.Unknown = strings.Join(why, ", ")
	return r
}

func (a *awsReader) peersText(p Peers) string {
	var parts []string
	for _, x := range p.Prefixes {
		parts = append(parts, x.String())
	}
	for _, l := range p.Labels {
		if i := slices.IndexFunc(a.byKind[kindGroup], func(r *inventory.Resource) bool { return string(r.ID) == l }); i >= 0 {
			l = a.byKind[kindGroup][i].Name
		}
		parts = append(parts, l)
	}
	return strings.Join(append(parts, p.Tags...), ", ")
}

// protocolOf reads protocol and ports. -1 means all protocols whatever the
// ports say; only TCP, UDP and ICMP have ports or types (Amazon EC2 API
// reference, "IpPermission").
func protocolOf(name, from, to string) (int, []Range, []string) {
	protocol := -1
	switch strings.ToLower(name) {
	case "-1", "all", "":
		return -1, nil, nil
	case "tcp":
		protocol = protocolTCP
	case "udp":
		protocol = protocolUDP
	case "icmp":
		protocol = protocolICMP
	case "icmpv6":
		protocol = protocolICMPv6
	default:
		n, err := strconv.Atoi(name)
		if err != nil || n < 0 || n > 255 {
			return -1, nil, []string{"protocol " + name + " is not known"}
		}
		protocol = n
	}
	switch protocol {
	case protocolTCP, protocolUDP:
		return portsOf(protocol, from, to)
	case protocolICMP, protocolICMPv6:
		return icmpOf(protocol, from, to)
	}
	return protocol, nil, nil
}

func portsOf(protocol int, from, to string) (int, []Range, []string) {
	if from == "" && to == "" || from == "-1" {
		return protocol, nil, nil
	}
	first, ok := port(from)
	last, ok2 := port(cmp.Or(to, from))
	if !ok || !ok2 || first > last {
		return protocol, nil, []string{"ports " + from + " to " + to + " are not known"}
	}
	return protocol, []Range{{first, last}}, nil
}

// icmpOf reads type and code, -1 meaning all.
func icmpOf(protocol int, kind, code string) (int, []Range, []string) {
	if kind == "" || kind == "-1" {
		return protocol, nil, nil
	}
	k, err := strconv.ParseUint(kind, 10, 8)
	if err != nil {
		return protocol, nil, []string{"ICMP type " + kind + " is not known"}
	}
	if code == "" || code == "-1" {
		return protocol, []Range{{uint16(k) << 8, uint16(k)<<8 | 0xff}}, nil
	}
	c, err := strconv.ParseUint(code, 10, 8)
	if err != nil {
		return protocol, nil, []string{"ICMP code " + code + " is not known"}
	}
	return protocol, []Range{{uint16(k)<<8 | uint16(c), uint16(k)<<8 | uint16(c)}}, nil
}

func port(s string) (uint16, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil
}

// prefixList returns the blocks of a list of the customer's own, the tag of
// one of AWS's.
func (a *awsReader) prefixList(from *inventory.Resource, value string) ([]netip.Prefix, string, bool) {
	r, ok := a.find(from, value, kindPrefixList)
	if !ok {
		return nil, "", false
	}
	name := text(r.Properties["PrefixListName"])
	if text(r.Properties["OwnerId"]) == "AWS" || strings.HasPrefix(name, "com.amazonaws.") {
		return nil, serviceTag(name), true
	}
	if r.Properties["Entries"] == nil && scanned(r) {
		return nil, "", false // its entries were not read
	}
	var out []netip.Prefix
	for _, m := range maps(r.Properties["Entries"]) {
		p := prefixes(m["Cidr"])
		if len(p) == 0 {
			return nil, "", false
		}
		out = append(out, p...)
	}
	return out, "", true
}

// serviceTag names the addresses of a service of AWS without the region:
// "aws:s3" of "com.amazonaws.us-east-1.s3".
func serviceTag(name string) string {
	rest := strings.TrimPrefix(name, "com.amazonaws.")
	if _, after, ok := strings.Cut(rest, "."); ok {
		rest = after
	}
	return "aws:" + rest
}
