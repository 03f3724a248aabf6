package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-helpers/resourcemanager/identity"
	"github.com/hashicorp/go-azure-sdk/resource-manager/authorization/2022-04-01/roleassignments"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerservice/2026-04-01/managedclusters"
)

const (
	clusterKind    cloud.Kind = "Microsoft.ContainerService/managedClusters"
	poolKind       cloud.Kind = "Microsoft.ContainerService/managedClusters/agentPools"
	credentialKind cloud.Kind = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
)

func kubernetesRules() []design.Rule {
	rule := func(name string, stage design.Stage, apply func(*design.Context, *inventory.Resource) design.Decision, kinds ...cloud.Kind) design.Rule {
		return design.Rule{Name: "eks/" + name, Kinds: kinds, Stage: stage, Source: "Azure Architecture Center, Migrate from Amazon EKS to Azure Kubernetes Service; Microsoft Learn, AKS for Amazon EKS professionals", Apply: apply,
			Targets: []cloud.Kind{clusterKind, poolKind, credentialKind}}
	}
	return []design.Rule{
		rule("cluster", design.Compute, applyKubernetes, "AWS::EKS::Cluster"),
		rule("nodegroup", design.Compute, applyNodegroup, "AWS::EKS::Nodegroup"),
		rule("fargate", design.Edge, applyFargate, "AWS::EKS::FargateProfile"),
		rule("addon", design.Edge, applyAddon, "AWS::EKS::Addon"),
		rule("access", design.Access, applyAccessEntry, "AWS::EKS::AccessEntry"),
		rule("podidentity", design.Access, applyPodIdentity, "AWS::EKS::PodIdentityAssociation"),
		rule("identityprovider", design.Access, applyIdentityProvider, "AWS::EKS::IdentityProviderConfig"),
	}
}

// nodegroupsOf returns the groups of machines of a cluster.
func nodegroupsOf(c *design.Context, cluster *inventory.Resource) []*inventory.Resource {
	return c.Referring(cluster, "AWS::EKS::Nodegroup", "ClusterName")
}

func applyKubernetes(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, inNamedGaps)
	if c.Shared(r) {
		t.Action = design.Retain
		return t.why("cluster %s stays, because it carries others' programs too", r.Name).done("*")
	}
	who := ownIdentity(c, r)
	subnet, ok := t.nodeSubnet(t.machineSubnets())
	version := t.kubernetes(r)
	properties := t.cluster(subnet, version)
	if subnet != "" {
		// The cluster's own identity joins machines and balancers to the subnet.
		allow(c, who, subnet, roleNetwork)
	} else if !ok {
		t.todo("give cluster %s a subnet: its VPC is not part of the design, and a network of its own stands in", r.Name)
	}
	id := c.Put(design.Target{Type: clusterKind, Base: r.Name, Model: managedclusters.ManagedCluster{
		Identity:   &identity.SystemOrUserAssignedMap{Type: identity.TypeUserAssigned, IdentityIds: userAssigned(who)},
		Sku:        &managedclusters.ManagedClusterSKU{Name: new(managedclusters.ManagedClusterSKUNameBase), Tier: new(version.tier())},
		Properties: properties,
	}}, r)
	pullImages(c, id)
	t.why("cluster %s with Kubernetes %s and %s becomes an AKS cluster%s in the %s tier, with a system pool and a pool for each group", r.Name, orElse(t.text("Version"), "of an unknown version"), common.Count(len(nodegroupsOf(c, r)), "node group"),
		map[bool]string{true: " with Kubernetes " + version.version}[version.version != "" && version.version != t.text("Version")], strings.ToLower(string(version.tier())))
	if version.gap != "" {
		t.gap(version.gap, version.at)
	}
	t.clusterGaps(id)
	t.outboundGaps(properties)
	t.other("AKS Automatic", "it chooses machines, network and policies by itself, and so is not like for like")
	t.other("Azure Container Apps", "it takes no Kubernetes manifests")
	t.EffortDays = 10
	return t.done("ClusterName", "RoleArn", "Version", "ResourcesVpcConfig", "KubernetesNetworkConfig", "EncryptionConfig", "Logging", "AccessConfig", "UpgradePolicy", "ZonalShiftConfig", "ComputeConfig",
		"StorageConfig", "RemoteNetworkConfig", "BootstrapSelfManagedAddons", "OutpostConfig", "DeletionProtection", "Force", "ControlPlaneScalingConfig", "Endpoint", "CertificateAuthority*", "OpenIdConnectIssuerUrl",
		"ClusterSecurityGroupId", "EncryptionConfigKeyArn", "PlatformVersion", "CreatedAt", "Identity", "Health")
}

// pullImages lets the machines of a cluster pull from the workload's registry:
// they do so with the identity that AKS makes for them.
func pullImages(c *design.Context, cluster cloud.ResourceID) {
	if len(c.OfKind("AWS::ECR::Repository")) == 0 {
		return
	}
	c.Put(design.Target{Type: "Microsoft.Authorization/roleAssignments", Base: common.GUID(string(cluster), string(registry(c)), rolePullImages), Exact: true, Scope: registry(c), NoLocation: true,
		Model: roleassignments.RoleAssignment{Properties: &roleassignments.RoleAssignmentProperties{
			PrincipalId: c.Output(cluster, "properties.identityProfile.kubeletidentity.objectId"), PrincipalType: new(roleassignments.PrincipalTypeServicePrincipal), RoleDefinitionId: c.BuiltInRole(rolePullImages),
		}},
	})
}

// nodeSubnet is a subnet for the machines of a cluster alone: they have no
// network interfaces of the workload's own, so that its NSG carries the groups.
// Without any they are in one whose members alone reach each other, as AKS's and
// EKS's are.
func (t *told) nodeSubnet(refs any) (cloud.ResourceID, bool) {
	if t.c.Plan == nil {
		return "", false
	}
	cluster := t.r
	if owner, ok := t.c.Find(t.r, t.at("ClusterName"), "AWS::EKS::Cluster"); ok {
		cluster = owner
	}
	groups := design.List(design.At(cluster.Properties, "ResourcesVpcConfig.SecurityGroupIds"))
	return t.c.Plan.Dedicated(design.Purpose{Name: "nodes", Bits: 24, From: cluster, Near: design.List(refs), Groups: groups})
}

// machineSubnets are the subnets of a cluster's machines and pods, as far as its
// groups and profiles tell: the cluster itself may name public ones beside them
// for its balancers.
func (t *told) machineSubnets() any {
	var out []any
	for _, r := range append(nodegroupsOf(t.c, t.r), t.c.Referring(t.r, "AWS::EKS::FargateProfile", "ClusterName")...) {
		out = append(out, design.List(r.Properties["Subnets"])...)
	}
	if len(out) == 0 {
		return t.at("ResourcesVpcConfig.SubnetIds")
	}
	return out
}

// cluster writes the cluster with its system pool; the programs' pools come
// with the node groups.
func (t *told) cluster(subnet cloud.ResourceID, version kubernetesVersion) *managedclusters.ManagedClusterProperties {
	private := !truthOr(t.at("ResourcesVpcConfig.EndpointPublicAccess"), true)
	p := managedclusters.ManagedClusterProperties{
		DnsPrefix: new(strings.Trim(strings.ToLower(nameChars.ReplaceAllString(t.r.Name, "-")), "-")), EnableRBAC: new(true), DisableLocalAccounts: new(true),
		AadProfile:             &managedclusters.ManagedClusterAADProfile{Managed: new(true), EnableAzureRBAC: new(true)},
		OidcIssuerProfile:      &managedclusters.ManagedClusterOIDCIssuerProfile{Enabled: new(true)},
		SecurityProfile:        &managedclusters.ManagedClusterSecurityProfile{WorkloadIdentity: &managedclusters.ManagedClusterSecurityProfileWorkloadIdentity{Enabled: new(true)}},
		ApiServerAccessProfile: &managedclusters.ManagedClusterAPIServerAccessProfile{EnablePrivateCluster: new(private)},
		NetworkProfile:         t.clusterNetwork(),
		AutoUpgradeProfile:     &managedclusters.ManagedClusterAutoUpgradeProfile{UpgradeChannel: new(managedclusters.UpgradeChannelNone), NodeOSUpgradeChannel: new(managedclusters.NodeOSUpgradeChannelNodeImage)},
		AgentPoolProfiles:      &[]managedclusters.ManagedClusterAgentPoolProfile{systemPool(subnet)},
	}
	if p.NetworkProfile.OutboundType = new(t.outbound(subnet)); *p.NetworkProfile.OutboundType == managedclusters.OutboundTypeNone {
		// Without a way out the machines load AKS's own images from a registry that
		// AKS keeps for the cluster (Microsoft Learn, "Create a network isolated
		// Azure Kubernetes Service (AKS) cluster").
		p.BootstrapProfile = &managedclusters.ManagedClusterBootstrapProfile{ArtifactSource: new(managedclusters.ArtifactSourceCache)}
	}
	p.KubernetesVersion = text(version.version)
	if version.longTerm {
		// The tier and the plan go together (Microsoft Learn, "Long-term support for
		// Azure Kubernetes Service versions").
		p.SupportPlan = new(managedclusters.KubernetesSupportPlanAKSLongTermSupport)
	}
	if ranges := design.Texts(t.at("ResourcesVpcConfig.PublicAccessCidrs")); !private && len(ranges) > 0 && ranges[0] != "0.0.0.0/0" {
		p.ApiServerAccessProfile.AuthorizedIPRanges = &ranges
	}
	addons := map[string]managedclusters.ManagedClusterAddonProfile{}
	for _, a := range t.c.Referring(t.r, "AWS::EKS::Addon", "ClusterName") {
		switch design.Text(a.Properties, "AddonName") {
		case "amazon-cloudwatch-observability", "adot":
			addons["omsagent"] = managedclusters.ManagedClusterAddonProfile{Enabled: true, Config: &map[string]string{"logAnalyticsWorkspaceResourceID": string(common.Workspace(t.c)), "useAADAuth": "true"}}
		case "aws-secrets-store-csi-driver-provider":
			addons["azureKeyvaultSecretsProvider"] = managedclusters.ManagedClusterAddonProfile{Enabled: true, Config: &map[string]string{"enableSecretRotation": "true"}}
		}
	}
	if len(addons) > 0 {
		p.AddonProfiles = &addons
	}
	return &p
}

// truthOr reads a truth value that may be missing.
func truthOr(v any, otherwise bool) bool {
	switch design.Text(map[string]any{"v": v}, "v") {
	case "true":
		return true
	case "false":
		return false
	}
	return otherwise
}

// clusterNetwork gives pods addresses of their own range: pods of EKS take
// theirs from the VPC, of which an Azure network has no such number to spare.
func (t *told) clusterNetwork() *managedclusters.ContainerServiceNetworkProfile {
	n := managedclusters.ContainerServiceNetworkProfile{
		NetworkPlugin: new(managedclusters.NetworkPluginAzure), NetworkPluginMode: new(managedclusters.NetworkPluginModeOverlay), NetworkDataplane: new(managedclusters.NetworkDataplaneCilium),
		NetworkPolicy: new(managedclusters.NetworkPolicyCilium), LoadBalancerSku: new(managedclusters.LoadBalancerSkuStandard),
		PodCidr: new("10.244.0.0/16"), ServiceCidr: new("172.20.0.0/16"), DnsServiceIP: new("172.20.0.10"),
	}
	if block := t.text("KubernetesNetworkConfig.ServiceIpv4Cidr"); strings.HasSuffix(block, ".0/16") {
		n.ServiceCidr, n.DnsServiceIP = new(block), new(strings.TrimSuffix(block, "0/16")+"10")
	} else if block != "" {
		t.todo("check the service addresses of %s: %s at the source, 172.20.0.0/16 here", t.r.Name, block)
	}
	return &n
}

// systemPool carries what belongs to the cluster itself, which EKS runs partly
// on machines of its own.
func systemPool(subnet cloud.ResourceID) managedclusters.ManagedClusterAgentPoolProfile {
	return managedclusters.ManagedClusterAgentPoolProfile{
		Name: "system", Mode: new(managedclusters.AgentPoolModeSystem), Count: new(int64(2)), MinCount: new(int64(2)), MaxCount: new(int64(4)), EnableAutoScaling: new(true),
		VMSize: new("Standard_D2s_v5"), OsType: new(managedclusters.OSTypeLinux), OsSKU: new(managedclusters.OSSKUAzureLinux), Type: new(managedclusters.AgentPoolTypeVirtualMachineScaleSets),
		VnetSubnetID: text(string(subnet)), NodeTaints: &[]string{"CriticalAddonsOnly=true:NoSchedule"},
	}
}

func (t *told) clusterGaps(id cloud.ResourceID) {
	t.gap("eks.manifests", "")
	t.gap("eks.pod-network", "KubernetesNetworkConfig")
	if minorVersion(t.r) == "" {
		t.todo("choose the Kubernetes version of %s: the source does not say it", t.r.Name)
	}
	if len(design.List(t.at("ResourcesVpcConfig.SecurityGroupIds"))) > 0 {
		t.gap("eks.security-groups", "ResourcesVpcConfig.SecurityGroupIds")
	}
	if said(t.at("EncryptionConfig")) {
		t.gap("eks.secrets-key", "EncryptionConfig="+shown(t.at("EncryptionConfig")))
	}
	if truthOr(t.at("ComputeConfig.Enabled"), false) {
		t.gap("eks.auto-mode", "ComputeConfig.Enabled=true")
	}
	if said(t.at("RemoteNetworkConfig")) || said(t.at("OutpostConfig")) {
		t.gap("eks.hybrid", "RemoteNetworkConfig="+shown(t.at("RemoteNetworkConfig")))
	}
	if said(t.at("ZonalShiftConfig")) {
		t.todo("know that %s has no zonal shift at the target: pools in several zones stand in", t.r.Name)
	}
	if types := design.Maps(t.at("Logging.ClusterLogging.EnabledTypes")); len(types) > 0 {
		common.Diagnostics(t.c, id)
	}
	if mode := t.text("AccessConfig.AuthenticationMode"); mode == "" || strings.Contains(strings.ToUpper(mode), "CONFIG_MAP") {
		t.todo("carry who the config map aws-auth of %s lets in over to role assignments and bindings: Microsoft Entra ID signs in here", t.r.Name)
	}
	if tier := t.text("ControlPlaneScalingConfig.Tier"); tier != "" && !strings.EqualFold(tier, "standard") {
		t.todo("know that AKS sizes the control plane of %s by itself: tier %s at the source", t.r.Name, tier)
	}
	if design.True(t.r.Properties, "DeletionProtection") {
		t.todo("put a CanNotDelete lock on %s after the deployment, in place of its protection against deletion", t.r.Name)
	}
	if strings.EqualFold(t.text("KubernetesNetworkConfig.IpFamily"), "ipv6") {
		t.todo("know that pods and services of %s have IPv4 addresses here: add IPv6 as a second family when clients need it", t.r.Name)
	}
	if truthOr(t.at("ResourcesVpcConfig.EndpointPrivateAccess"), false) && truthOr(t.at("ResourcesVpcConfig.EndpointPublicAccess"), true) {
		t.todo("know that machines of %s reach its API server by its public address: make it private, or use API server VNet integration", t.r.Name)
	}
	if mode := t.text("ResourcesVpcConfig.ControlPlaneEgressMode"); mode != "" {
		t.todo("check how the control plane of %s reaches out: %s at the source", t.r.Name, mode)
	}
	t.todo("let the owners' group administer %s: give it %s on the cluster", t.r.Name, "Azure Kubernetes Service RBAC Cluster Admin")
	t.todo("move manifests, storage classes, ingress annotations and images of %s, and its volumes with Velero", t.r.Name)
}
