package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerservice/2026-04-01/managedclusters"
)

// outbound is how the machines of a cluster come to the Internet: as they did at
// the source, because AKS makes a balancer with a public address for that unless
// told otherwise (Microsoft Learn, "Customize cluster egress with outbound types
// in Azure Kubernetes Service (AKS)"). subnet is "" where AKS makes the network.
func (t *told) outbound(subnet cloud.ResourceID) managedclusters.OutboundType {
	if subnet == "" {
		return managedclusters.OutboundTypeLoadBalancer
	}
	switch t.c.Plan.Outbound(subnet) {
	case design.OutboundNAT:
		return managedclusters.OutboundTypeUserAssignedNATGateway
	case design.OutboundRoute:
		return managedclusters.OutboundTypeUserDefinedRouting
	case design.OutboundNone:
		return managedclusters.OutboundTypeNone
	case design.OutboundGateway:
		if !t.publicMachines() {
			return managedclusters.OutboundTypeNone
		}
	}
	return managedclusters.OutboundTypeLoadBalancer
}

// publicMachines reports whether machines of a cluster have public addresses,
// without which an internet gateway is no way out: a launch template says it
// before the subnet does.
func (t *told) publicMachines() bool {
	groups := nodegroupsOf(t.c, t.r)
	for _, r := range groups {
		given := ""
		if template, ok := t.c.Find(r, orElse(design.Text(r.Properties, "LaunchTemplate.Id"), design.Text(r.Properties, "LaunchTemplate.Name")), "AWS::EC2::LaunchTemplate"); ok {
			for _, m := range design.Maps(design.At(template.Properties, "LaunchTemplateData.NetworkInterfaces")) {
				given = orElse(given, design.Text(m, "AssociatePublicIpAddress"))
			}
		}
		if strings.EqualFold(given, "true") || given == "" && t.inPublic(r.Properties["Subnets"]) {
			return true
		}
	}
	return len(groups) == 0 && len(t.c.Referring(t.r, "AWS::EKS::FargateProfile", "ClusterName")) == 0 && t.inPublic(t.at("ResourcesVpcConfig.SubnetIds"))
}

// inPublic reports whether one of some subnets gives public addresses.
func (t *told) inPublic(refs any) bool {
	for _, ref := range design.List(refs) {
		if s, ok := t.c.Find(t.r, ref, "AWS::EC2::Subnet"); ok && design.True(s.Properties, "MapPublicIpOnLaunch") {
			return true
		}
	}
	return false
}

// outboundGaps says what a cluster needs beside its way out.
func (t *told) outboundGaps(p *managedclusters.ManagedClusterProperties) {
	switch *p.NetworkProfile.OutboundType {
	case managedclusters.OutboundTypeNone:
		t.gap("eks.no-egress", "")
		if p.ApiServerAccessProfile.EnablePrivateCluster == nil || !*p.ApiServerAccessProfile.EnablePrivateCluster {
			t.gap("eks.no-egress-server", "ResourcesVpcConfig.EndpointPublicAccess")
		}
	case managedclusters.OutboundTypeLoadBalancer:
		t.todo("know that machines of %s leave with the address of AKS's balancer, where those of the source have addresses of their own", t.r.Name)
	}
}
