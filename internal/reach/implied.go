package reach

import (
	"cmp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

const kindEntry cloud.Kind = "AWS::EC2::NetworkAclEntry"

// kindAssociation says which route table a subnet has.
const kindAssociation cloud.Kind = "AWS::EC2::SubnetRouteTableAssociation"

// kindCluster is a Kubernetes cluster, for which EKS makes a security group.
const kindCluster cloud.Kind = "AWS::EKS::Cluster"

// Implied are the parts that AWS makes with another resource and that no
// resource of the inventory is for: the main route table, the default security
// group and the default network ACL of a VPC, the cluster security group of an
// EKS cluster, the prefix list that a gateway endpoint routes. Templates and
// states name them by the attribute of their owner.
type Implied struct {
	find Finder
	made map[cloud.ResourceID]map[cloud.Kind]*inventory.Resource
	// known are owners by the id that they tell for a part.
	known map[string]owned
	list  []*inventory.Resource
	// six says how VPCs came to have IPv6, by id.
	six map[cloud.ResourceID]family6
}

// family6 is how a VPC came to have IPv6: not at all, with its making, or by a
// block that was associated with it later.
type family6 int

const (
	without6 family6 = iota
	born6
	later6
)

// owned names a part by its owner and its kind.
type owned struct {
	owner *inventory.Resource
	kind  cloud.Kind
}

// NewImplied reads VPCs, route tables, groups and clusters out of resources.
func NewImplied(resources []*inventory.Resource, find Finder) *Implied {
	i := &Implied{find: find, made: map[cloud.ResourceID]map[cloud.Kind]*inventory.Resource{}, known: map[string]owned{}}
	ordered := slices.Clone(resources)
	slices.SortFunc(ordered, func(a, b *inventory.Resource) int { return cmp.Compare(a.ID, b.ID) })
	mains, defaults := i.mains(ordered), i.defaults(ordered)
	i.six = i.families(ordered)
	i.lists(ordered)
	for _, r := range ordered {
		switch {
		case slices.Contains(r.Marks, inventory.Deleted):
		case r.Kind == kindVPC:
			i.ofVPC(r, mains[r.ID], defaults[r.ID])
		case r.Kind == kindCluster:
			i.put(r, kindGroup, []any{r.Properties["ClusterSecurityGroupId"], at(r.Properties["ResourcesVpcConfig"], "ClusterSecurityGroupId"), at(r.Attributes["ResourcesVpcConfig"], "ClusterSecurityGroupId"), at(r.Attributes["VpcConfig"], "cluster_security_group_id")},
				func() *inventory.Resource { return clusterGroup(r) })
		}
	}
	return i
}

// mains are the route tables that are main by what says so beside the VPC: a
// table that was read with its associations, or Terraform's
// aws_main_route_table_association, which has a VPC in place of a subnet.
func (i *Implied) mains(resources []*inventory.Resource) map[cloud.ResourceID]*inventory.Resource {
	out := map[cloud.ResourceID]*inventory.Resource{}
	note := func(from *inventory.Resource, vpc any, table *inventory.Resource) {
		if owner, ok := i.find(from, vpc, kindVPC); ok && table != nil {
			out[owner.ID] = table
		}
	}
	for _, r := range resources {
		if r.Kind == kindTable && truth(r.Attributes["Main"]) && !slices.Contains(r.Marks, inventory.Deleted) {
			note(r, r.Properties["VpcId"], r)
		}
	}
	for _, r := range resources {
		if r.Kind == kindAssociation && text(r.Properties["SubnetId"]) == "" && !slices.Contains(r.Marks, inventory.Deleted) {
			table, _ := i.find(r, r.Properties["RouteTableId"], kindTable)
			note(r, cmp.Or(r.Properties["VpcId"], r.Attributes["VpcId"]), table)
		}
	}
	return out
}

// defaults are the default groups that are in the inventory under their name.
func (i *Implied) defaults(resources []*inventory.Resource) map[cloud.ResourceID]*inventory.Resource {
	out := map[cloud.ResourceID]*inventory.Resource{}
	for _, r := range resources {
		if r.Kind != kindGroup || text(r.Properties["GroupName"]) != "default" || slices.Contains(r.Marks, inventory.Deleted) {
			continue
		}
		if owner, ok := i.find(r, r.Properties["VpcId"], kindVPC); ok && out[owner.ID] == nil {
			out[owner.ID] = r
		}
	}
	return out
}

// ofVPC notes the parts of a VPC; main and group are those that say so
// themselves, nil for none.
func (i *Implied) ofVPC(r, main, group *inventory.Resource) {
	mark := []inventory.Mark{inventory.Default}
	vpc, named := string(r.ID), inventory.Reference{Resource: r.ID}.String()
	said := func(names ...string) []any {
		var out []any
		for _, name := range names {
			out = append(out, r.Properties[name], r.Attributes[name])
		}
		return out
	}
	if tables := said("MainRouteTableId", "DefaultRouteTableId"); main != nil {
		i.keep(r, kindTable, main, tables[:2])
	} else {
		i.put(r, kindTable, tables, func() *inventory.Resource {
			return &inventory.Resource{
				ID: cloud.ResourceID("main|" + vpc), Kind: kindTable, Name: r.Name + "-main", Marks: mark,
				Properties: inventory.Properties{"VpcId": named}, Attributes: map[string]any{"Main": true},
			}
		})
	}
	if ids := said("DefaultSecurityGroup", "DefaultSecurityGroupId"); group != nil {
		i.keep(r, kindGroup, group, ids)
	} else {
		i.put(r, kindGroup, ids, func() *inventory.Resource {
			return memberGroup("default|"+vpc, "default group", "default", named, i.six[r.ID] != without6)
		})
	}
	i.put(r, kindACL, said("DefaultNetworkAcl", "DefaultNetworkAclId"), func() *inventory.Resource {
		return &inventory.Resource{
			ID: cloud.ResourceID("default-acl|" + vpc), Kind: kindACL, Name: "default-" + r.Name, Marks: mark,
			Properties: inventory.Properties{"VpcId": named},
		}
	})
}

// clusterGroup is the group that EKS makes for a cluster and gives to its
// machines (Amazon EKS User Guide, "View Amazon EKS security group requirements
// for clusters").
func clusterGroup(r *inventory.Resource) *inventory.Resource {
	six := strings.EqualFold(text(at(r.Properties["KubernetesNetworkConfig"], "IpFamily")), "ipv6")
	return memberGroup("cluster-group|"+string(r.ID), "cluster-"+r.Name, "eks-cluster-sg-"+r.Name, "", six)
}

// memberGroup is a group whose members alone reach each other, and which lets
// everything out: over IPv6 only in a VPC that has such a block (VPC user guide,
// "Default security groups for your VPCs").
func memberGroup(id, name, called, vpc string, six bool) *inventory.Resource {
	out := []any{map[string]any{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}}
	if six {
		out = append(out, map[string]any{"IpProtocol": "-1", "CidrIpv6": "::/0"})
	}
	p := inventory.Properties{
		"GroupName":            called,
		"SecurityGroupIngress": []any{map[string]any{"IpProtocol": "-1", "SourceSecurityGroupId": id}},
		"SecurityGroupEgress":  out,
	}
	if vpc != "" {
		p["VpcId"] = vpc
	}
	return &inventory.Resource{ID: cloud.ResourceID(id), Kind: kindGroup, Name: name, Properties: p}
}

// put notes a part of an owner: what the inventory has under one of the ids
// that the owner tells, or else what stands for it.
func (i *Implied) put(owner *inventory.Resource, kind cloud.Kind, ids []any, make func() *inventory.Resource) {
	for _, id := range ids {
		if r, ok := i.find(owner, id, kind); ok {
			i.keep(owner, kind, r, ids)
			return
		}
	}
	r := make()
	r.Account, r.Region = owner.Account, owner.Region
	i.list = append(i.list, r)
	i.keep(owner, kind, r, ids)
}

func (i *Implied) keep(owner *inventory.Resource, kind cloud.Kind, r *inventory.Resource, ids []any) {
	if i.made[owner.ID] == nil {
		i.made[owner.ID] = map[cloud.Kind]*inventory.Resource{}
	}
	i.made[owner.ID][kind] = r
	for _, id := range ids {
		if t := text(id); t != "" {
			i.known[t] = owned{owner, kind}
		}
	}
	i.known[string(r.ID)] = owned{owner, kind}
}

// Missing returns what stands for parts that the inventory lacks, in order.
func (i *Implied) Missing() []*inventory.Resource { return slices.Clone(i.list) }

// Of returns an owner's part of a kind, nil when it has none.
func (i *Implied) Of(owner cloud.ResourceID, kind cloud.Kind) *inventory.Resource {
	return i.made[owner][kind]
}

// Find is a Finder that also knows the parts by their ids and by references to
// their owner's attribute.
func (i *Implied) Find(from *inventory.Resource, value any, kinds ...cloud.Kind) (*inventory.Resource, bool) {
	if r, ok := i.find(from, value, kinds...); ok {
		return r, true
	}
	p, ok := i.known[text(value)]
	if !ok {
		p, ok = i.refers(from, text(value))
	}
	if !ok || len(kinds) > 0 && !slices.Contains(kinds, p.kind) {
		return nil, false
	}
	r := i.Of(p.owner.ID, p.kind)
	return r, r != nil
}

// refers reads a reference to a part by its owner's attribute.
func (i *Implied) refers(from *inventory.Resource, said string) (owned, bool) {
	refs := inventory.References(said)
	if len(refs) != 1 || refs[0].String() != said || partKind(refs[0].Attribute) == "" {
		return owned{}, false
	}
	owner, ok := i.find(from, said, kindVPC, kindCluster, kindPrivateLink)
	return owned{owner, partKind(refs[0].Attribute)}, ok
}

// partKind is the kind of part that an attribute names: those of
// CloudFormation's AWS::EC2::VPC and AWS::EKS::Cluster, and of Terraform's
// aws_vpc and aws_vpc_endpoint.
func partKind(attribute string) cloud.Kind {
	switch attribute {
	case "DefaultSecurityGroup", "default_security_group_id", "ClusterSecurityGroupId":
		return kindGroup
	case "DefaultNetworkAcl", "default_network_acl_id":
		return kindACL
	case "main_route_table_id", "default_route_table_id":
		return kindTable
	case "prefix_list_id":
		return kindPrefixList
	}
	return ""
}

// HalfKnown reports whether a group is the default one of a VPC, or a
// cluster's, and no resource describes it whole: a state that has rules for it
// alone. The rules that AWS made with it are there too.
func (i *Implied) HalfKnown(r *inventory.Resource) bool {
	p, ok := i.known[string(r.ID)]
	return ok && p.kind == kindGroup && text(r.Properties["GroupName"]) == ""
}
