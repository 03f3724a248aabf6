package reach

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// kindNodes are machines that EKS makes.
const kindNodes cloud.Kind = "AWS::EKS::Nodegroup"

// cluster adds a cluster as what its machines are: members of the group that
// EKS makes for it. The further groups that it names guard nothing but the
// interfaces of the API server (Amazon EKS User Guide, "View Amazon EKS security
// group requirements for clusters").
func (a *awsReader) cluster(r *inventory.Resource) {
	v := r.Properties["ResourcesVpcConfig"]
	f := Interface{ID: string(r.ID), Name: r.Name, Many: true}
	f.Places = a.places(r, list(at(v, "SubnetIds")), "")
	if len(f.Places) == 0 && len(list(at(v, "SecurityGroupIds"))) == 0 {
		return
	}
	f.Labels = []string{string(a.implied.Of(r.ID, kindGroup).ID)}
	if groups := list(at(v, "SecurityGroupIds")); len(groups) > 0 {
		var names []string
		for _, id := range a.labels(r, groups, nil) {
			names = append(names, a.peersText(Peers{Labels: []string{id}}))
		}
		a.doubt(a.spaceOf(f.Places), "cluster "+r.Name+": the groups "+strings.Join(names, ", ")+" guard the API server's interfaces in the VPC, and Azure's own endpoint takes their place; check who has to reach the API server")
	}
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
	f.Public = strings.EqualFold(given, "true") || given == "" && a.launchesPublic(f.Places)
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
