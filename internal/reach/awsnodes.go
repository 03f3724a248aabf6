package reach

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// kindNodes are machines that EKS makes.
const kindNodes cloud.Kind = "AWS::EKS::Nodegroup"

// kindFargate are pods of a cluster without machines.
const kindFargate cloud.Kind = "AWS::EKS::FargateProfile"

// cluster adds a cluster as what its machines are: members of the group that
// EKS makes for it; and beside them its API server. The further groups that it
// names guard nothing but the interfaces of the API server (Amazon EKS User
// Guide, "View Amazon EKS security group requirements for clusters").
func (a *awsReader) cluster(r *inventory.Resource) {
	v := r.Properties["ResourcesVpcConfig"]
	f := Interface{ID: string(r.ID), Name: r.Name, Many: true}
	f.Places = a.places(r, list(at(v, "SubnetIds")), "")
	if len(f.Places) == 0 && len(list(at(v, "SecurityGroupIds"))) == 0 {
		return
	}
	f.Labels = []string{string(a.implied.Of(r.ID, kindGroup).ID)}
	server := a.apiServer(r, f)
	f.Public = a.launchesPublic(f.Places)
	if machines, public := a.machinesOf(r); len(machines) > 0 {
		f.Places, f.Public = machines, public
	}
	a.net.Interfaces = append(a.net.Interfaces, f, server)
}

// machinesOf is where the machines and pods of a cluster stand, as far as groups
// and profiles tell, and whether some have public addresses: a cluster may name
// more subnets than those, public ones for its balancers (Amazon EKS User Guide,
// "Amazon EKS networking requirements for VPC and subnets").
func (a *awsReader) machinesOf(cluster *inventory.Resource) (out []Place, public bool) {
	for _, kind := range []cloud.Kind{kindNodes, kindFargate} {
		for _, r := range a.byKind[kind] {
			if owner, ok := a.find(r, r.Properties["ClusterName"], kindCluster); !ok || owner.ID != cluster.ID {
				continue
			}
			places := a.places(r, list(r.Properties["Subnets"]), "")
			for _, x := range places {
				if !slices.Contains(out, x) {
					out = append(out, x)
				}
			}
			_, given, _ := a.launched(r, r.Properties["LaunchTemplate"])
			public = public || kind == kindNodes && a.givesPublic(given, places)
		}
	}
	return out, public
}

// givesPublic reports whether machines get public addresses: what a launch
// template says goes before what their subnets say.
func (a *awsReader) givesPublic(given string, places []Place) bool {
	return strings.EqualFold(given, "true") || given == "" && a.launchesPublic(places)
}

// apiServer is a cluster's API server. Clients reach its interfaces in the VPC
// only when private access is on, which it is not unless said, and its public
// address unless that is off (Amazon EKS User Guide, "Cluster API server
// endpoint"). It calls the machines through those interfaces too; at the target
// the machines keep that way open themselves (Microsoft Learn, "Outbound network
// and FQDN rules for Azure Kubernetes Service (AKS) clusters"), so that no rule
// has to stand for it.
func (a *awsReader) apiServer(r *inventory.Resource, machines Interface) Interface {
	v := r.Properties["ResourcesVpcConfig"]
	f := Interface{ID: string(r.ID) + apiSuffix, Name: r.Name + " API server", Mute: true, API: &API{Public: !strings.EqualFold(text(at(v, "EndpointPublicAccess")), "false")}}
	if f.API.Public {
		f.API.From, f.API.Unknown = takenFrom(at(v, "PublicAccessCidrs"))
	}
	for _, key := range []string{"EndpointPrivateAccess", "EndpointPublicAccess"} {
		if said := text(at(v, key)); said != "" && !strings.EqualFold(said, "true") && !strings.EqualFold(said, "false") {
			f.API.Unknown = key + " " + said + " is not known"
		}
	}
	if truth(at(v, "EndpointPrivateAccess")) {
		f.Places = machines.Places
		f.Labels = append(slices.Clone(machines.Labels), a.labels(r, list(at(v, "SecurityGroupIds")), nil)...)
	}
	return f
}

// pods adds the pods of a Fargate profile: they are in the cluster's own group
// (Amazon EKS User Guide, "Simplify compute management with AWS Fargate").
func (a *awsReader) pods(r *inventory.Resource) {
	f := Interface{ID: string(r.ID), Name: r.Name, Many: true}
	f.Places = a.places(r, list(r.Properties["Subnets"]), "")
	owner, ok := a.find(r, r.Properties["ClusterName"], kindCluster)
	if !ok {
		a.doubt(a.spaceOf(f.Places), "Fargate profile "+r.Name+": its cluster is not known, and so neither is the security group of its pods")
		return
	}
	if len(f.Places) == 0 {
		f.Places = a.places(owner, list(at(owner.Properties["ResourcesVpcConfig"], "SubnetIds")), "")
	}
	f.Labels = []string{string(a.implied.Of(owner.ID, kindGroup).ID)}
	a.net.Interfaces = append(a.net.Interfaces, f)
}

// nodes adds a managed node group: machines with the groups of its launch
// template, or without any the cluster's own; remote access opens SSH to the
// groups it names, or to everyone (Amazon EKS API Reference, "Nodegroup" and
// "RemoteAccessConfig"; Amazon EKS User Guide, "Customize managed nodes with
// launch templates").
func (a *awsReader) nodes(r *inventory.Resource) {
	f := Interface{ID: string(r.ID), Name: r.Name, Many: true}
	f.Places = a.places(r, list(r.Properties["Subnets"]), "")
	groups, given, known := a.launched(r, r.Properties["LaunchTemplate"])
	owner, ok := a.find(r, r.Properties["ClusterName"], kindCluster)
	space := a.spaceOf(f.Places)
	switch {
	case !known:
		a.doubt(space, "node group "+r.Name+": its launch template is not known, which may name security groups; check them against the NSG of the nodes' subnet")
		return
	case len(groups) > 0:
		f.Labels = a.labels(r, groups, f.Places)
	case ok:
		f.Labels = []string{string(a.implied.Of(owner.ID, kindGroup).ID)}
	default:
		a.doubt(space, "node group "+r.Name+": its cluster is not known, and so neither is the security group of its machines")
		return
	}
	if access := r.Properties["RemoteAccess"]; text(at(access, "Ec2SshKey")) != "" && len(groups) == 0 {
		f.Labels = append(f.Labels, a.remoteAccess(r, access))
	}
	f.Public = a.givesPublic(given, f.Places)
	a.net.Interfaces = append(a.net.Interfaces, f)
}

// remoteAccess is the group that EKS makes for SSH to the machines.
func (a *awsReader) remoteAccess(r *inventory.Resource, access any) string {
	id := "remote-access|" + string(r.ID)
	rule := map[string]any{"IpProtocol": "tcp", "FromPort": "22", "ToPort": "22"}
	f := Filter{ID: id, Name: "remote access to " + r.Name}
	from := append(list(at(access, "SourceSecurityGroups")), list(at(r.Attributes["RemoteAccess"], "SourceSecurityGroupIds"))...)
	for _, g := range from {
		rule["SourceSecurityGroupId"] = g
		f.In = append(f.In, a.groupRule(r, rule, true))
	}
	if len(from) == 0 {
		rule["CidrIp"] = "0.0.0.0/0"
		f.In = append(f.In, a.groupRule(r, rule, true))
	}
	a.filters[id] = len(a.net.Filters)
	a.net.Filters = append(a.net.Filters, f)
	return id
}

// launched reads what a launch template says of interfaces: their groups, and
// whether they get public addresses. known is false when it is named and not in
// the inventory.
func (a *awsReader) launched(r *inventory.Resource, spec any) (groups []any, public string, known bool) {
	var named any
	for _, key := range []string{"LaunchTemplateId", "LaunchTemplateName", "Id", "Name"} {
		if v := at(spec, key); named == nil && text(v) != "" {
			named = v
		}
	}
	if named == nil {
		return nil, "", true
	}
	t, ok := a.find(r, named, "AWS::EC2::LaunchTemplate")
	if !ok {
		return nil, "", false
	}
	data := t.Properties["LaunchTemplateData"]
	groups = list(at(data, "SecurityGroupIds"))
	for _, m := range maps(at(data, "NetworkInterfaces")) {
		groups = append(groups, list(m["Groups"])...)
		if public == "" {
			public = text(m["AssociatePublicIpAddress"])
		}
	}
	return groups, public, true
}
