package network

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	words "example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

const nsgPage = "Microsoft Learn, Azure network security groups overview"

func filterRules() []design.Rule {
	return []design.Rule{
		// Last, because only then is known who carries a group.
		ruleTargets{nsgKind, asgKind}.of(ruled("securitygroup/group", design.Operations, nsgPage, groupRule, groupKind)),
		ruled("securitygroup/rule", design.Operations, nsgPage, groupPartRule, "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"),
		ruled("securitygroup/vpc-association", design.Operations, nsgPage, func(p *Plan, r *inventory.Resource) design.Decision {
			return replaced(0.6, "an NSG belongs to no VNet; interfaces in the other VPC carry NSGs of the same rules", p.c.Gap("securitygroup.across", "VpcId"))
		}, "AWS::EC2::SecurityGroupVpcAssociation"),
		ruled("prefixlist/list", design.Operations, nsgPage, listRule, "AWS::EC2::PrefixList", "AWS::EC2::ManagedPrefixList"),
		ruleTargets{nsgKind}.of(ruled("networkacl/acl", design.Operations, nsgPage, aclRule, "AWS::EC2::NetworkAcl")),
		ruled("networkacl/entry", design.Operations, nsgPage, aclEntryRule, "AWS::EC2::NetworkAclEntry"),
		ruled("networkacl/association", design.Operations, nsgPage, func(p *Plan, r *inventory.Resource) design.Decision {
			for _, s := range p.c.FindAll(r, r.Properties["SubnetId"], subnetKind) {
				p.c.Attach(r, p.c.TargetsOf(s)...)
			}
			return replaced(0.9, "the subnet itself names its NSG, when its ACL needs one")
		}, "AWS::EC2::SubnetNetworkAclAssociation"),
	}
}

func groupRule(p *Plan, r *inventory.Resource) design.Decision {
	g := p.groups[r.ID]
	if g == nil {
		return retired("it no longer exists at the source")
	}
	members := len(g.nics)
	var places []string
	for _, d := range p.special {
		if d.set != nil && slices.Contains(d.set.groups, g) {
			places = append(places, d.name)
			if d.nsg != "" {
				p.c.Attach(r, d.nsg)
			}
		}
	}
	if members == 0 && len(places) == 0 && (!g.referenced || isDefaultGroup(r)) {
		p.unworn = append(p.unworn, r)
		return retired("nothing of the workload carries it, and no rule names it")
	}
	if g.referenced && members == 0 && len(places) == 0 {
		p.asgOf(g)
	}
	var parts []string
	if members > 0 {
		parts = append(parts, verbOf(members, "resource", "carries", "carry")+" its rules in the NSG of their network interfaces")
	}
	if len(places) > 0 {
		parts = append(parts, "the NSG of subnet "+strings.Join(places, ", ")+" carries its rules, since what stands there has no interface of its own")
	}
	if g.asg != "" {
		parts = append(parts, "an application security group stands for its members where other rules name it")
	}
	d := migrated(0.9, fmt.Sprintf("%s in and %d out; %s", words.Count(len(g.in), "rule"), len(g.out), strings.Join(parts, "; ")))
	p.tellLost(&d, g.lost)
	p.tellAdmin(&d, g)
	return d
}

// tellAdmin notes that anyone may try to sign in at the members' consoles:
// Azure Bastion takes the public address away (Azure Architecture Center, "Azure
// for AWS professionals").
func (p *Plan) tellAdmin(d *design.Decision, g *group) {
	for _, port := range []int{22, 3389} {
		if slices.ContainsFunc(g.in, func(x permit) bool {
			return x.block.IsValid() && x.block.Bits() == 0 && (x.protocol == "tcp" || x.protocol == "*") && covers(x.ports, []span{{port, port}})
		}) {
			d.Gaps = append(d.Gaps, p.c.Gap("securitygroup.admin-open", fmt.Sprintf("port %d from anywhere", port)))
		}
	}
	if slices.ContainsFunc(d.Gaps, func(x design.Gap) bool { return x.ID == "securitygroup.admin-open" }) {
		d.Alternatives = append(d.Alternatives, design.Alternative{Target: "Azure Bastion", WhyNot: "the rule is kept as it is; with a bastion in AzureBastionSubnet the machines need no rule from the Internet and no public address"})
	}
}

// tellLost names what of the rules no NSG can say.
func (p *Plan) tellLost(d *design.Decision, list []lost) {
	for _, x := range list {
		d.Gaps = append(d.Gaps, p.c.Gap(x.gap, x.at))
		d.Confidence = 0.7
	}
	if len(list) > 0 {
		d.Why += "; what an NSG cannot say is left closed rather than opened wider"
	}
}

func groupPartRule(p *Plan, r *inventory.Resource) design.Decision {
	for _, key := range []string{"GroupId", "GroupName"} {
		for _, g := range p.c.FindAll(r, r.Properties[key], groupKind) {
			p.c.Attach(r, p.c.TargetsOf(g)...)
		}
	}
	d := replaced(0.9, "it is a rule of its security group and stands in the NSGs that carry the group")
	if _, _, missing := readProtocol(map[string]any(r.Properties)); missing != nil {
		p.tellLost(&d, []lost{*missing})
	}
	return d
}

func listRule(p *Plan, r *inventory.Resource) design.Decision {
	if awsOwned(r) {
		name := design.Text(r.Properties, "PrefixListName")
		if tags := serviceTags(name); len(tags) > 0 {
			return replaced(0.7, "it lists addresses of AWS; rules that name it name the service tag "+strings.Join(tags, ", ")+" and the private endpoints of the counterparts")
		}
		return retired("it lists addresses of AWS's own, " + name + ", which mean nothing at Azure")
	}
	return replaced(0.9, fmt.Sprintf("the rules that name it list its %d blocks themselves", len(entries(r))), p.c.Gap("prefixlist.copied", r.Name))
}

func aclRule(p *Plan, r *inventory.Resource) design.Decision {
	if p.opensAll(r) {
		return retired("it lets everything through, which a subnet without NSG does too")
	}
	used := false
	for _, a := range p.acls {
		used = used || a.acl == r || a.nat && p.aclOfNAT(a.subnets[0]) == r
	}
	for _, d := range p.special {
		if d.nsg != "" && slices.Contains(p.aclsNear(d.near), r) {
			used = true
			p.c.Attach(r, d.nsg)
		}
	}
	if !used {
		return retired("no subnet of the workload has it")
	}
	d := migrated(0.8, "an NSG on the subnets carries its entries in their order; replies need no rule there, because an NSG remembers connections", p.c.Gap("networkacl.stateless", r.Name))
	for _, e := range p.rawEntries(r) {
		if _, missing := readEntry(e); missing != nil {
			d.Gaps = append(d.Gaps, p.c.Gap(missing.gap, fmt.Sprintf("entry %d: %s", design.Int(e.Properties, "RuleNumber", 0), missing.at)))
		}
	}
	return d
}

func aclEntryRule(p *Plan, r *inventory.Resource) design.Decision {
	owner, ok := p.c.Find(r, r.Properties["NetworkAclId"], "AWS::EC2::NetworkAcl")
	if ok {
		p.c.Attach(r, p.c.TargetsOf(owner)...)
	}
	d := replaced(0.9, "it is an entry of its ACL and stands in the NSG of the ACL's subnets")
	if _, missing := readEntry(r); missing != nil && (!ok || !p.opensAll(owner)) {
		p.tellLost(&d, []lost{*missing})
	}
	return d
}

// verbOf joins a number of things and the form of a verb that fits it.
func verbOf(n int, noun, one, many string) string {
	if n == 1 {
		return words.Count(n, noun) + " " + one
	}
	return words.Count(n, noun) + " " + many
}
