package reach

import (
	"cmp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// standing says where a kind of resource keeps its security groups and its
// subnets. Paths are parted by dots; several are tried in order.
type standing struct {
	kind            cloud.Kind
	groups, subnets string
	// set is the property that names a subnet group, of the kind setKind, whose
	// list of subnets is setList.
	set     string
	setKind cloud.Kind
	setList string
	many    bool
	mute    bool
	deaf    bool
	// perhaps says that only some of the kind stand in a VPC.
	perhaps bool
}

// standings lists the kinds that have network interfaces in a VPC. Databases
// and caches open no connections of their own, functions accept none.
func standings() []standing {
	const dbSet, dbList = "AWS::RDS::DBSubnetGroup", "SubnetIds"
	return []standing{
		{kind: "AWS::RDS::DBInstance", groups: "VPCSecurityGroups", subnets: "VpcSubnetIds", set: "DBSubnetGroupName", setKind: dbSet, setList: dbList, mute: true},
		{kind: "AWS::RDS::DBCluster", groups: "VpcSecurityGroupIds", set: "DBSubnetGroupName", setKind: dbSet, setList: dbList, mute: true},
		{kind: "AWS::RDS::DBProxy", groups: "VpcSecurityGroupIds", subnets: "VpcSubnetIds"},
		{kind: "AWS::DocDB::DBCluster", groups: "VpcSecurityGroupIds", set: "DBSubnetGroupName", setKind: "AWS::DocDB::DBSubnetGroup", setList: dbList, mute: true},
		{kind: "AWS::Neptune::DBCluster", groups: "VpcSecurityGroupIds", set: "DBSubnetGroupName", setKind: "AWS::Neptune::DBSubnetGroup", setList: dbList, mute: true},
		{kind: "AWS::ElastiCache::ReplicationGroup", groups: "SecurityGroupIds", set: "CacheSubnetGroupName", setKind: "AWS::ElastiCache::SubnetGroup", setList: "SubnetIds", mute: true},
		{kind: "AWS::ElastiCache::CacheCluster", groups: "VpcSecurityGroupIds", set: "CacheSubnetGroupName", setKind: "AWS::ElastiCache::SubnetGroup", setList: "SubnetIds", mute: true},
		{kind: "AWS::ElastiCache::ServerlessCache", groups: "SecurityGroupIds", subnets: "SubnetIds", mute: true},
		{kind: "AWS::MemoryDB::Cluster", groups: "SecurityGroupIds", set: "SubnetGroupName", setKind: "AWS::MemoryDB::SubnetGroup", setList: "SubnetIds", mute: true},
		{kind: "AWS::Redshift::Cluster", groups: "VpcSecurityGroupIds", set: "ClusterSubnetGroupName", setKind: "AWS::Redshift::ClusterSubnetGroup", setList: "SubnetIds", mute: true},
		{kind: "AWS::DAX::Cluster", groups: "SecurityGroupIds", set: "SubnetGroupName", setKind: "AWS::DAX::SubnetGroup", setList: "SubnetIds", mute: true},
		{kind: "AWS::OpenSearchService::Domain", groups: "VPCOptions.SecurityGroupIds", subnets: "VPCOptions.SubnetIds", mute: true, perhaps: true},
		{kind: "AWS::Elasticsearch::Domain", groups: "VPCOptions.SecurityGroupIds", subnets: "VPCOptions.SubnetIds", mute: true, perhaps: true},
		{kind: "AWS::EFS::MountTarget", groups: "SecurityGroups", subnets: "SubnetId", mute: true},
		{kind: "AWS::FSx::FileSystem", groups: "SecurityGroupIds", subnets: "SubnetIds", mute: true},
		{kind: "AWS::MSK::Cluster", groups: "BrokerNodeGroupInfo.SecurityGroups", subnets: "BrokerNodeGroupInfo.ClientSubnets", mute: true},
		{kind: "AWS::AmazonMQ::Broker", groups: "SecurityGroups", subnets: "SubnetIds", mute: true},
		{kind: "AWS::Lambda::Function", groups: "VpcConfig.SecurityGroupIds", subnets: "VpcConfig.SubnetIds", deaf: true},
		{kind: "AWS::CodeBuild::Project", groups: "VpcConfig.SecurityGroupIds", subnets: "VpcConfig.Subnets", deaf: true},
		{kind: "AWS::AppRunner::VpcConnector", groups: "SecurityGroups", subnets: "Subnets", deaf: true},
		{kind: "AWS::ApiGatewayV2::VpcLink", groups: "SecurityGroupIds", subnets: "SubnetIds", deaf: true},
		{kind: "AWS::ECS::Service", groups: "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups", subnets: "NetworkConfiguration.AwsvpcConfiguration.Subnets", many: true, perhaps: true},
		{kind: kindCluster, groups: "ResourcesVpcConfig.SecurityGroupIds", subnets: "ResourcesVpcConfig.SubnetIds", many: true},
		{kind: "AWS::Batch::ComputeEnvironment", groups: "ComputeResources.SecurityGroupIds", subnets: "ComputeResources.Subnets", many: true, perhaps: true},
		{kind: "AWS::ElasticLoadBalancing::LoadBalancer", groups: "SecurityGroups", subnets: "Subnets"},
		{kind: "AWS::Transfer::Server", groups: "EndpointDetails.SecurityGroupIds", subnets: "EndpointDetails.SubnetIds", mute: true, perhaps: true},
		{kind: kindPrivateLink, groups: "SecurityGroupIds", subnets: "SubnetIds", mute: true, perhaps: true},
	}
}

// Grouped returns the properties that say in which subnets a resource of a kind
// has its network interfaces, with paths parted by dots; ok is false for a kind
// that carries no security groups. Without groups of its own it is in the
// default group of its VPC.
func Grouped(kind cloud.Kind) (subnets []string, ok bool) {
	if kind == kindBalancer {
		return []string{"Subnets", "SubnetMappings"}, true
	}
	for _, s := range standings() {
		if s.kind != kind {
			continue
		}
		for _, path := range []string{s.subnets, s.set} {
			if path != "" {
				subnets = append(subnets, path)
			}
		}
		return subnets, true
	}
	return nil, false
}

const kindBalancer cloud.Kind = "AWS::ElasticLoadBalancingV2::LoadBalancer"

// kindPrivateLink has interfaces only for some types.
const kindPrivateLink cloud.Kind = "AWS::EC2::VPCEndpoint"

// endpoints reads what has an address in a VPC.
func (a *awsReader) endpoints() {
	for _, r := range a.byKind["AWS::EC2::Instance"] {
		if r.Tags["aws:autoscaling:groupName"] == "" {
			a.instance(r)
		}
	}
	for _, r := range a.byKind["AWS::AutoScaling::AutoScalingGroup"] {
		a.scalingGroup(r)
	}
	for _, r := range a.byKind[kindBalancer] {
		a.balancer(r)
	}
	for _, s := range standings() {
		for _, r := range a.byKind[s.kind] {
			a.stand(s, r)
		}
	}
	for _, r := range a.byKind[kindNodes] {
		a.nodes(r)
	}
	for _, r := range a.byKind[kindFargate] {
		a.pods(r)
	}
	a.exposures()
}

func deepAt(v any, path string) any {
	if path == "" {
		return nil
	}
	return at(v, strings.Split(path, ".")...)
}

// stand adds an endpoint of one of the kinds in the table, if this one is in a
// VPC at all.
func (a *awsReader) stand(s standing, r *inventory.Resource) {
	if s.kind == "AWS::RDS::DBInstance" && text(r.Properties["DBClusterIdentifier"]) != "" {
		return // its cluster stands for it
	}
	if s.kind == kindCluster {
		a.cluster(r)
		return
	}
	f := Interface{ID: string(r.ID), Name: r.Name, Many: s.many, Mute: s.mute, Deaf: s.deaf, Public: truth(r.Properties["PubliclyAccessible"]) || text(r.Properties["Scheme"]) == "internet-facing"}
	if text(deepAt(r.Properties, "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp")) == "ENABLED" {
		f.Public = true
	}
	subnets := list(deepAt(r.Properties, s.subnets))
	if set, ok := a.find(r, r.Properties[s.set], s.setKind); s.set != "" && ok {
		subnets = append(subnets, list(set.Properties[s.setList])...)
	}
	groups := list(deepAt(r.Properties, s.groups))
	if len(subnets) == 0 && len(groups) == 0 {
		return
	}
	if s.kind == "AWS::ElasticLoadBalancing::LoadBalancer" {
		f.Public = text(r.Properties["Scheme"]) != "internal"
	}
	f.Places = a.places(r, subnets, text(r.Properties["IpAddress"]))
	f.Labels = a.labels(r, groups, f.Places)
	if len(groups) == 0 && !s.deaf && scanned(r) {
		// What runs tells its groups: none at all means that they were not read.
		a.doubt(a.spaceOf(f.Places), "endpoint "+r.Name+" ("+string(r.Kind)+"): neither the scan of it nor one of its network interfaces tells its security groups")
	}
	a.net.Interfaces = append(a.net.Interfaces, f)
}

// scanned reports whether a resource is known from a running account alone.
func scanned(r *inventory.Resource) bool {
	return len(r.Provenance) > 0 && !slices.ContainsFunc(r.Provenance, func(p inventory.Provenance) bool {
		return p.Source == inventory.CloudFormation || p.Source == inventory.TerraformState || p.Source == inventory.TerraformPlan
	})
}

// places resolves subnets; one that is not known stays as it is written and is
// then named in the proof.
func (a *awsReader) places(r *inventory.Resource, subnets []any, ip string) []Place {
	var out []Place
	for _, v := range subnets {
		for _, part := range apart(text(v)) {
			if part != "" {
				out = append(out, Place{Subnet: cmp.Or(a.id(r, part, kindSubnet), part), Address: address(ip)})
			}
		}
	}
	return slices.Compact(out)
}

// labels resolves security groups. What has none is in the default group of
// its VPC (VPC user guide, "Default security groups for your VPCs").
func (a *awsReader) labels(r *inventory.Resource, groups []any, places []Place) []string {
	var out []string
	for _, v := range groups {
		for _, part := range apart(text(v)) {
			if id := cmp.Or(a.id(r, part, kindGroup), part); id != "" && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	if len(out) > 0 || len(places) == 0 {
		return out
	}
	return []string{a.defaultGroup(a.spaceOf(places))}
}

// spaceOf is the VPC of the first of some places, "" when it is not known.
func (a *awsReader) spaceOf(places []Place) string {
	if len(places) == 0 {
		return ""
	}
	i, ok := a.subnets[places[0].Subnet]
	if !ok {
		return ""
	}
	return a.net.Subnets[i].Space
}

func (a *awsReader) defaultGroup(vpc string) string {
	if g := a.implied.Of(cloud.ResourceID(vpc), kindGroup); g != nil {
		return string(g.ID)
	}
	id := "default|" + vpc
	if _, ok := a.filters[id]; !ok {
		a.filters[id] = len(a.net.Filters)
		f := Filter{ID: id, Name: "default group"}
		made := memberGroup(id, f.Name, "default", vpc, false)
		f.In = []Rule{{Name: "ingress all default group", Protocol: -1, From: Peers{Labels: []string{id}}, To: Peers{Any: true}}}
		for _, m := range maps(made.Properties["SecurityGroupEgress"]) {
			f.Out = append(f.Out, a.groupRule(made, m, false))
		}
		a.net.Filters = append(a.net.Filters, f)
	}
	return id
}

// instance adds an instance with the first of its interfaces; further ones of
// other groups or subnets are endpoints of the same machine.
func (a *awsReader) instance(r *inventory.Resource) {
	p := r.Properties
	f := Interface{ID: string(r.ID), Name: r.Name}
	groups, subnet, ip := list(p["SecurityGroupIds"]), p["SubnetId"], text(p["PrivateIpAddress"])
	if len(groups) == 0 {
		groups = list(p["SecurityGroups"])
	}
	given := ""
	for _, m := range maps(p["NetworkInterfaces"]) {
		if index := text(m["DeviceIndex"]); index != "" && index != "0" {
			a.second(r, m)
			continue
		}
		if face, ok := a.find(r, m["NetworkInterfaceId"], "AWS::EC2::NetworkInterface"); ok {
			groups, subnet = append(groups, list(face.Properties["GroupSet"])...), cmp.Or(subnet, face.Properties["SubnetId"])
			ip = cmp.Or(ip, text(face.Properties["PrivateIpAddress"]))
		}
		groups = append(groups, list(m["GroupSet"])...)
		subnet, ip = cmp.Or(subnet, m["SubnetId"]), cmp.Or(ip, text(m["PrivateIpAddress"]))
		given = cmp.Or(given, text(m["AssociatePublicIpAddress"]))
	}
	f.Places = a.places(r, list(subnet), ip)
	for _, v := range append(list(p["Ipv6Addresses"]), deepAt(p, "NetworkInterfaces.Ipv6Addresses")) {
		if x := address(cmp.Or(text(at(v, "Ipv6Address")), text(v))); x.IsValid() && len(f.Places) > 0 {
			f.Places = append(f.Places, Place{Subnet: f.Places[0].Subnet, Address: x})
		}
	}
	f.Labels = a.labels(r, groups, f.Places)
	f.Public = a.public(r, f.Places, given, ip)
	a.net.Interfaces = append(a.net.Interfaces, f)
}

// second adds an instance's further interface.
func (a *awsReader) second(r *inventory.Resource, m map[string]any) {
	if face, ok := a.find(r, m["NetworkInterfaceId"], "AWS::EC2::NetworkInterface"); ok {
		m = map[string]any(face.Properties)
	}
	f := Interface{ID: string(r.ID) + "|" + text(cmp.Or(m["DeviceIndex"], m["Id"])), Name: r.Name + " second interface"}
	f.Places = a.places(r, list(m["SubnetId"]), text(m["PrivateIpAddress"]))
	f.Labels = a.labels(r, list(m["GroupSet"]), f.Places)
	a.net.Interfaces = append(a.net.Interfaces, f)
}

// public reports whether an instance has a public address: it is seen, an
// elastic one is attached, or its subnet gives one at launch.
func (a *awsReader) public(r *inventory.Resource, places []Place, given, ip string) bool {
	for _, key := range []string{"PublicIp", "PublicIpAddress"} {
		if text(r.Properties[key]) != "" || text(r.Attributes[key]) != "" {
			return true
		}
	}
	for _, kind := range []cloud.Kind{"AWS::EC2::EIPAssociation", "AWS::EC2::EIP"} {
		for _, e := range a.byKind[kind] {
			if a.id(e, e.Properties["InstanceId"], r.Kind) == string(r.ID) {
				return true
			}
		}
	}
	for _, e := range a.byKind["AWS::EC2::NetworkInterface"] {
		if text(at(e.Attributes["Association"], "PublicIp")) != "" && ip != "" && text(e.Properties["PrivateIpAddress"]) == ip && len(places) > 0 && a.id(e, e.Properties["SubnetId"], kindSubnet) == places[0].Subnet {
			return true
		}
	}
	if given != "" {
		return strings.EqualFold(given, "true")
	}
	if r.Properties["State"] != nil {
		return false
	}
	return a.launchesPublic(places)
}

func (a *awsReader) launchesPublic(places []Place) bool {
	for _, p := range places {
		for _, s := range a.byKind[kindSubnet] {
			if string(s.ID) == p.Subnet && truth(s.Properties["MapPublicIpOnLaunch"]) {
				return true
			}
		}
	}
	return false
}

// scalingGroup adds a group of machines with the security groups of its launch
// template or configuration.
func (a *awsReader) scalingGroup(r *inventory.Resource) {
	f := Interface{ID: string(r.ID), Name: r.Name, Many: true}
	f.Places = a.places(r, list(r.Properties["VPCZoneIdentifier"]), "")
	var groups []any
	given := ""
	for _, path := range []string{"LaunchTemplate", "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification"} {
		named, public, known := a.launched(r, deepAt(r.Properties, path))
		if !known {
			a.doubt(a.spaceOf(f.Places), "group "+r.Name+": its launch template is not known, which may name security groups")
		}
		groups, given = append(groups, named...), cmp.Or(given, public)
	}
	if l, ok := a.find(r, r.Properties["LaunchConfigurationName"], "AWS::AutoScaling::LaunchConfiguration"); ok {
		groups = append(groups, list(l.Properties["SecurityGroups"])...)
		given = cmp.Or(given, text(l.Properties["AssociatePublicIpAddress"]))
	}
	f.Labels = a.labels(r, groups, f.Places)
	f.Public = strings.EqualFold(given, "true") || given == "" && a.launchesPublic(f.Places)
	a.net.Interfaces = append(a.net.Interfaces, f)
}

// balancer adds an Application Load Balancer, which speaks for itself. A
// Network Load Balancer hands packets on and is seen in its targets' ports.
func (a *awsReader) balancer(r *inventory.Resource) {
	kind := text(r.Properties["Type"])
	if kind != "" && kind != "application" {
		return
	}
	f := Interface{ID: string(r.ID), Name: r.Name, Public: text(r.Properties["Scheme"]) != "internal"}
	subnets := list(r.Properties["Subnets"])
	for _, m := range maps(r.Properties["SubnetMappings"]) {
		subnets = append(subnets, m["SubnetId"])
	}
	f.Places = a.places(r, subnets, "")
	f.Labels = a.labels(r, list(r.Properties["SecurityGroups"]), f.Places)
	a.net.Interfaces = append(a.net.Interfaces, f)
}

// Kinds returns the kinds that FromAWS reads.
func Kinds() []cloud.Kind {
	out := []cloud.Kind{
		kindVPC, kindSubnet, kindGroup, kindACL, kindTable, kindPrefixList, kindTransit, "AWS::EC2::VPCCidrBlock", "AWS::EC2::VPCPeeringConnection", "AWS::EC2::NatGateway",
		"AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::NetworkAclEntry", "AWS::EC2::SubnetNetworkAclAssociation",
		"AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::Route", "AWS::EC2::VPNConnectionRoute", "AWS::EC2::VPNGatewayRoutePropagation",
		"AWS::EC2::TransitGatewayVpcAttachment", "AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayRouteTable", "AWS::EC2::TransitGatewayRouteTableAssociation",
		"AWS::EC2::TransitGatewayRouteTablePropagation", "AWS::EC2::TransitGatewayRoute", "AWS::EC2::TransitGatewayPeeringAttachment", "AWS::EC2::Instance",
		"AWS::EC2::NetworkInterface", "AWS::EC2::EIP", "AWS::EC2::EIPAssociation", "AWS::AutoScaling::AutoScalingGroup", kindBalancer,
		kindListener, kindTargetGroup, kindNodes, kindFargate, kindConnection, kindVirtualInterface, kindAssociated, kindConnect, kindService, kindPermission, kindFirewall, kindPolicy, kindRuleGroup,
	}
	for _, s := range standings() {
		out = append(out, s.kind)
	}
	return out
}
