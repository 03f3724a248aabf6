package graph

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph/refs"
	"example.com/landfall/internal/inventory"
)

// interfaces finds the owners of all interfaces, before anything is looked up
// by address.
func (m *maker) interfaces() {
	for _, k := range []cloud.Kind{"AWS::EC2::VPCEndpoint", "AWS::EC2::NatGateway", "AWS::EFS::MountTarget", "AWS::EC2::TransitGatewayAttachment", "AWS::RDS::DBProxy"} {
		for _, i := range m.byKind[k] {
			m.ownInterfaces(i)
		}
	}
	for _, i := range m.byKind["AWS::EC2::NetworkInterface"] {
		if r := &m.resources[i]; !slices.Contains(r.Marks, inventory.Deleted) {
			m.interfaceOwner(i, r)
		}
	}
}

// ownInterfaces reads the interfaces that a resource names itself.
func (m *maker) ownInterfaces(i int32) {
	r := &m.resources[i]
	for _, p := range []map[string]any{r.Properties, r.Attributes} {
		ids := append(refs.Strings(p["NetworkInterfaceIds"]), refs.Strings(p["NetworkInterfaceId"])...)
		for _, address := range elements(p["NatGatewayAddresses"]) {
			ids = append(ids, text(at(address, "NetworkInterfaceId")))
		}
		for _, id := range ids {
			for _, face := range m.index.Named(i, "AWS::EC2::NetworkInterface", id) {
				m.owners[face] = i
			}
		}
	}
}

// interfaceOwner finds whose a network interface is. AWS says it in the
// attachment for instances, and for its own services in the description only.
func (m *maker) interfaceOwner(i int32, r *inventory.Resource) {
	about := text(r.Properties["Description"])
	if about == "" {
		about = text(r.Attributes["Description"])
	}
	sure := sureConvention
	owner := m.attached(i, r)
	if owner >= 0 {
		sure = sureID
	} else {
		owner = m.described(i, r, about)
	}
	if owner < 0 || owner == i {
		return
	}
	if _, known := m.owners[i]; !known {
		m.owners[i] = owner
	}
	m.add(link{from: owner, to: i, relation: HasInterface, sure: sure, evidence: Evidence{Source: fromConfiguration, At: "Description", Note: about}})
}

func (m *maker) attached(i int32, r *inventory.Resource) int32 {
	for _, v := range []any{at(r.Attributes["Attachment"], "InstanceId"), at(r.Properties["Attachment"], "InstanceId"), r.Attributes["InstanceId"]} {
		if s := text(v); s != "" {
			for _, to := range m.mentioned(i, "InstanceId", s) {
				return to
			}
		}
	}
	return -1
}

// described reads the descriptions that AWS services give their interfaces:
// "ELB app/name/id", "Interface for NAT Gateway nat-…", "VPC Endpoint
// Interface vpce-…", "AWS Lambda VPC ENI-name-uuid", "ElastiCache name-001",
// "RDSNetworkInterface", "EFS mount target for fs-…".
func (m *maker) described(i int32, r *inventory.Resource, about string) int32 {
	for _, f := range m.index.Find(i, about) {
		if f.To >= 0 && f.How == refs.ByID {
			return f.To
		}
	}
	word, rest, _ := strings.Cut(about, " ")
	switch {
	case word == "ELB":
		if list := m.index.Named(i, "AWS::ElasticLoadBalancing::LoadBalancer", rest); len(list) > 0 {
			return list[0]
		}
		parts := strings.Split(rest, "/")
		if len(parts) > 1 {
			if list := m.index.Named(i, "AWS::ElasticLoadBalancingV2::LoadBalancer", parts[1]); len(list) > 0 {
				return list[0]
			}
		}
	case strings.HasPrefix(about, "AWS Lambda VPC ENI"):
		name := strings.TrimLeft(strings.TrimPrefix(about, "AWS Lambda VPC ENI"), "-: ")
		return m.prefixed(i, "AWS::Lambda::Function", name)
	case strings.HasPrefix(about, "ElastiCache"), strings.HasPrefix(about, "Elasticache"):
		name := strings.TrimLeft(about[len("ElastiCache"):], "+ :")
		for _, k := range []cloud.Kind{"AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ReplicationGroup"} {
			if owner := m.prefixed(i, k, name); owner >= 0 {
				return owner
			}
		}
	case strings.HasPrefix(about, "RDS"), strings.HasPrefix(about, "Neptune"), strings.HasPrefix(about, "DocDB"):
		return m.sameNetwork(i, r)
	case strings.HasPrefix(about, "Amazon EKS"):
		name := strings.TrimSpace(strings.TrimPrefix(about, "Amazon EKS"))
		if list := m.index.Named(i, "AWS::EKS::Cluster", name); len(list) > 0 {
			return list[0]
		}
	case strings.Contains(about, "Redshift"):
		return m.sameNetwork(i, r)
	}
	return -1
}

// prefixed finds the resource whose name is the longest beginning of a text
// ("bookshop-cache-001", "order-mailer-<uuid>").
func (m *maker) prefixed(i int32, kind cloud.Kind, name string) int32 {
	for end := len(name); end > 0; {
		if list := m.index.Named(i, kind, name[:end]); len(list) > 0 {
			return list[0]
		}
		end = strings.LastIndexByte(name[:end], '-')
	}
	return -1
}

// sameNetwork finds the one database in the interface's subnet with the
// interface's security groups: RDS says nothing more of its interfaces.
func (m *maker) sameNetwork(i int32, r *inventory.Resource) int32 {
	subnet, groups := text(r.Properties["SubnetId"]), refs.Strings(r.Properties["GroupSet"])
	for _, g := range elements(r.Attributes["Groups"]) {
		groups = append(groups, text(at(g, "GroupId")))
	}
	slices.Sort(groups)
	groups = slices.Compact(groups)
	var found int32 = -1
	for _, d := range m.databases {
		if d.account != r.Account || !slices.Equal(d.groups, groups) || !slices.Contains(d.subnets, subnet) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = d.node
	}
	return found
}

// database is what is known of where a database stands.
type database struct {
	node            int32
	account         cloud.Account
	groups, subnets []string
}

// findDatabases collects the databases with their subnets and groups.
func (m *maker) findDatabases() {
	for i := range m.resources {
		r := &m.resources[i]
		switch r.Kind {
		case "AWS::RDS::DBInstance", "AWS::DocDB::DBInstance", "AWS::Neptune::DBInstance", "AWS::Redshift::Cluster", "AWS::RDS::DBProxy":
		default:
			continue
		}
		d := database{node: int32(i), account: r.Account}
		for _, key := range []string{"VPCSecurityGroups", "VpcSecurityGroupIds"} {
			d.groups = append(d.groups, refs.Strings(r.Properties[key])...)
		}
		slices.Sort(d.groups)
		d.groups = slices.Compact(d.groups)
		d.subnets = refs.Strings(r.Properties["VpcSubnetIds"])
		for _, key := range []string{"DBSubnetGroupName", "ClusterSubnetGroupName"} {
			for _, group := range m.mentioned(int32(i), key, r.Properties[key]) {
				d.subnets = append(d.subnets, refs.Strings(m.resources[group].Properties["SubnetIds"])...)
			}
		}
		m.databases = append(m.databases, d)
	}
}

// ownerOf gives what a network interface is part of, or the node itself.
func (m *maker) ownerOf(i int32) int32 {
	if owner, ok := m.owners[i]; ok {
		return owner
	}
	return i
}
