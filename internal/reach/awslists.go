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

// acls reads network ACLs and which subnets have them. A subnet without an
// association has the default one; where a template does not show that, it
// lets everything through, as AWS makes it.
func (a *awsReader) acls() {
	for _, r := range a.byKind[kindACL] {
		a.filters[string(r.ID)] = len(a.net.Filters)
		a.net.Filters = append(a.net.Filters, Filter{ID: string(r.ID), Name: r.Name})
	}
	filled := map[string]bool{}
	for _, r := range a.byKind[kindEntry] {
		id := a.id(r, r.Properties["NetworkAclId"], kindACL)
		i, ok := a.filters[id]
		if !ok {
			a.doubt("", "entry "+r.Name+": its network ACL is not known")
			continue
		}
		filled[id] = true
		rule := aclRule(r)
		if f := &a.net.Filters[i]; truth(r.Properties["Egress"]) {
			rule.From, rule.To = Peers{Any: true}, rule.From
			f.Out = append(f.Out, rule)
		} else {
			f.In = append(f.In, rule)
		}
	}
	untouched := func(r *inventory.Resource) bool {
		return slices.Contains(r.Marks, inventory.Default) && !filled[string(r.ID)]
	}
	told := map[int]bool{}
	for _, r := range a.byKind["AWS::EC2::SubnetNetworkAclAssociation"] {
		i, ok := a.subnets[a.id(r, r.Properties["SubnetId"], kindSubnet)]
		acl, found := a.find(r, r.Properties["NetworkAclId"], kindACL)
		switch {
		case ok && !found:
			a.doubt(a.net.Subnets[i].Space, "subnet "+a.net.Subnets[i].label()+": its network ACL "+text(r.Properties["NetworkAclId"])+" is not known")
		case ok:
			if told[i] = true; !untouched(acl) {
				a.net.Subnets[i].Filter = string(acl.ID)
			}
		}
	}
	a.defaultACLs(filled, told)
}

// defaultACLs gives the default ACL of a VPC to the subnets that no association
// is for, where entries were added to one that is no resource: those that AWS
// makes let everything through (VPC user guide, "Default network ACL for a VPC").
func (a *awsReader) defaultACLs(filled map[string]bool, told map[int]bool) {
	for i := range a.net.Subnets {
		s := &a.net.Subnets[i]
		acl := a.implied.Of(cloud.ResourceID(s.Space), kindACL)
		if acl == nil || told[i] || !filled[string(acl.ID)] || !slices.Contains(a.implied.list, acl) {
			continue
		}
		s.Filter = string(acl.ID)
	}
	for _, acl := range a.implied.list {
		n, ok := a.filters[string(acl.ID)]
		if !ok || acl.Kind != kindACL || !filled[string(acl.ID)] {
			continue
		}
		f := &a.net.Filters[n]
		f.In, f.Out = withMade(f.In, true), withMade(f.Out, false)
	}
}

// withMade adds the entries with which AWS makes an ACL, unless others have
// their numbers.
func withMade(rules []Rule, in bool) []Rule {
	for n, block := range wholeWorld() {
		r := Rule{Name: "entry " + strconv.Itoa(100+n) + " allow any (AWS's own)", Order: 100 + n, Protocol: -1, From: Peers{Prefixes: []netip.Prefix{block}}, To: Peers{Any: true}}
		if !in {
			r.From, r.To = r.To, r.From
		}
		if !slices.ContainsFunc(rules, func(x Rule) bool { return x.Order == r.Order }) {
			rules = append(rules, r)
		}
	}
	return rules
}

func aclRule(r *inventory.Resource) Rule {
	p := r.Properties
	out := Rule{Deny: text(p["RuleAction"]) != "allow", To: Peers{Any: true}}
	number, err := strconv.Atoi(text(p["RuleNumber"]))
	var why []string
	if err != nil {
		why = append(why, "its number is not known")
	}
	out.Order = number
	from, to := text(at(p["PortRange"], "From")), text(at(p["PortRange"], "To"))
	if protocol := text(p["Protocol"]); protocol == "1" || protocol == "58" {
		from, to = text(at(p["Icmp"], "Type")), text(at(p["Icmp"], "Code"))
	}
	var more []string
	out.Protocol, out.Ports, more = protocolOf(text(p["Protocol"]), from, to)
	blocks := prefixes(p["CidrBlock"], p["Ipv6CidrBlock"])
	if len(blocks) == 0 {
		more = append(more, "its block is not known")
	}
	out.From.Prefixes = blocks
	word := "allow"
	if out.Deny {
		word = "deny"
	}
	protocol, ports := pointsOf(&out).text()
	out.Name = strings.Join([]string{"entry", text(p["RuleNumber"]), word, protocol, ports, text(cmp.Or(p["CidrBlock"], p["Ipv6CidrBlock"]))}, " ")
	out.Unknown = strings.Join(append(why, more...), ", ")
	return out
}
