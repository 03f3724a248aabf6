package app

import (
	"strconv"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-helpers/resourcemanager/zones"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerservice/2026-04-01/agentpools"
	"github.com/hashicorp/go-azure-sdk/resource-manager/managedidentity/2024-11-30/federatedidentitycredentials"
)

// usualSize stands in where the source does not name a type.
const usualSize = "Standard_D4s_v5"

// clusterOf returns the cluster that a resource names, with its target.
func clusterOf(t *told) (*inventory.Resource, cloud.ResourceID) {
	r, ok := t.c.Find(t.r, t.at("ClusterName"), "AWS::EKS::Cluster")
	if !ok {
		return nil, ""
	}
	id, _ := t.c.TargetOf(r, clusterKind)
	return r, id
}

func applyNodegroup(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, inNamedGaps)
	cluster, parent := clusterOf(t)
	read := []string{"ClusterName", "NodegroupName", "ScalingConfig", "Subnets", "InstanceTypes", "AmiType", "CapacityType", "DiskSize", "LaunchTemplate", "Labels", "Taints", "NodeRole", "RemoteAccess",
		"UpdateConfig", "Version", "ReleaseVersion", "ForceUpdateEnabled", "NodeRepairConfig", "Resources", "Health", "CreatedAt", "ModifiedAt", "WarmPoolConfig"}
	if parent == "" {
		t.Action = design.Manual
		t.why("node group %s belongs to cluster %s, which has no target", r.Name, nameOr(cluster, t.at("ClusterName")))
		t.todo("make a pool for node group %s by hand", r.Name)
		return t.done(read...)
	}
	asked, wanted, size := t.machine()
	if size == "" {
		t.Action, t.Confidence = design.Manual, aGuess
		t.why("node group %s of %s runs on %s: no automatic mapping, because %s", r.Name, cluster.Name, asked, wanted)
		t.todo("choose a size for the pool of %s under design.overrides, or find out what its programs can do without", r.Name)
		return t.done(read...)
	}
	model := t.pool(size)
	target := design.Target{Type: poolKind, Parent: parent, Base: r.Name, NoLocation: true, Model: agentpools.AgentPool{Properties: &model}}
	if *model.OsType == agentpools.OSTypeWindows {
		target.Base, target.Exact = windowsPool(c, parent, r.Name), true
	}
	c.Put(target, r)
	t.why("node group %s of %s (%s) with %d to %d machines becomes a pool of %s", r.Name, cluster.Name, wanted, *model.MinCount, *model.MaxCount, size)
	t.Cost = poolCost(c, r, asked, size)
	t.nodeGaps()
	return t.done(read...)
}

// windowsPool shortens a name to the six letters and digits that a pool of
// Windows may have (Microsoft Learn, "Create Windows Server node pools in AKS").
func windowsPool(c *design.Context, cluster cloud.ResourceID, name string) string {
	const most = 6
	name = "w" + strings.ToLower(strings.ReplaceAll(nameChars.ReplaceAllString(name, ""), "-", ""))
	short := name[:min(len(name), most)]
	for n := 2; ; n++ {
		if _, taken := c.Resource(cluster + cloud.ResourceID("/agentPools/"+short)); !taken {
			return short
		}
		end := strconv.Itoa(n)
		short = name[:min(len(name), most-len(end))] + end
	}
}

// machine chooses the size of a pool's machines by the catalogue; "" is none,
// and shownAs says why.
func (t *told) machine() (source, shownAs, size string) {
	types := design.Texts(t.at("InstanceTypes"))
	if template, ok := t.c.Find(t.r, orElse(t.text("LaunchTemplate.Id"), t.text("LaunchTemplate.Name")), "AWS::EC2::LaunchTemplate"); ok && len(types) == 0 {
		types = design.Texts(design.At(template.Properties, "LaunchTemplateData.InstanceType"))
	}
	if o, ok := t.c.Override(t.r); ok && o.Size != "" {
		return strings.Join(types, ", "), strings.Join(types, ", "), o.Size
	}
	if len(types) == 0 {
		types = []string{"t3.medium"} // what EKS takes when nothing is said
	}
	if len(types) > 1 {
		t.todo("know that pool %s has one size: %s at the source", t.r.Name, strings.Join(types, ", "))
	}
	known, ok := t.c.Catalog.EC2(types[0])
	switch hardware := catalog.Accelerator(types[0]); {
	case unknown(types[0]):
		t.todo("choose the size of pool %s: the template does not say %s", t.r.Name, shown(types[0]))
		return types[0], types[0], usualSize
	case hardware != "":
		return types[0], "no size of Azure has " + hardware, ""
	case !ok:
		return types[0], "the catalogue does not know that type", ""
	}
	wish := known.Wish()
	wish.Region = string(t.c.Place.Location)
	wish.Burstable = false // pools must not run out of credits
	shownAs = types[0] + " with " + strconv.Itoa(known.VCPU) + " vCPU and " + strconv.FormatFloat(float64(known.MiB)/1024, 'f', -1, 64) + " GiB"
	if fit, _ := t.c.Catalog.Sizes(wish); len(fit) > 0 {
		return types[0], shownAs, fit[0].VMSize.Name
	}
	return types[0], "no size that " + string(t.c.Place.Location) + " is known to have is like it", ""
}

// pool writes the pool of a node group.
func (t *told) pool(size string) agentpools.ManagedClusterAgentPoolProfileProperties {
	least := max(design.Int(t.r.Properties, "ScalingConfig.MinSize", 1), 0)
	most := min(max(design.Int(t.r.Properties, "ScalingConfig.MaxSize", 2), least, 1), 1000)
	wanted := min(max(design.Int(t.r.Properties, "ScalingConfig.DesiredSize", max(least, 1)), least), most)
	p := agentpools.ManagedClusterAgentPoolProfileProperties{
		Mode: new(agentpools.AgentPoolModeUser), Count: new(int64(wanted)), MinCount: new(int64(least)), MaxCount: new(int64(most)), EnableAutoScaling: new(true), VMSize: new(size),
		OsType: new(agentpools.OSTypeLinux), OsSKU: new(agentpools.OSSKUAzureLinux), Type: new(agentpools.AgentPoolTypeVirtualMachineScaleSets), OsDiskSizeGB: new(int64(min(max(design.Int(t.r.Properties, "DiskSize", 30), 30), 2048))),
	}
	if subnet, ok := t.nodeSubnet(t.at("Subnets")); ok {
		p.VnetSubnetID = new(string(subnet))
	}
	if count := len(design.List(t.at("Subnets"))); count > 1 {
		names := zones.Schema{"1", "2", "3"}[:min(count, 3)]
		p.AvailabilityZones = &names
	}
	if strings.EqualFold(t.text("CapacityType"), "SPOT") {
		p.ScaleSetPriority, p.ScaleSetEvictionPolicy, p.SpotMaxPrice = new(agentpools.ScaleSetPrioritySpot), new(agentpools.ScaleSetEvictionPolicyDelete), new(-1.0)
	}
	switch kind := strings.ToUpper(t.text("AmiType")); {
	case strings.HasPrefix(kind, "WINDOWS"):
		p.OsType, p.OsSKU = new(agentpools.OSTypeWindows), new(agentpools.OSSKUWindowsTwoZeroTwoTwo)
		p.OsDiskSizeGB = nil
	case strings.HasPrefix(kind, "BOTTLEROCKET"):
		t.gapOf("eks.node-image", "AmiType")
	case kind == "CUSTOM":
		t.gapOf("eks.node-image", "AmiType")
	}
	labels := map[string]string{}
	for k, v := range object(t.at("Labels")) {
		labels[k] = full(v)
	}
	if len(labels) > 0 {
		p.NodeLabels = &labels
	}
	var taints []string
	for _, taint := range design.Maps(t.at("Taints")) {
		effect := map[string]string{"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}[design.Text(taint, "Effect")]
		if effect == "" {
			continue
		}
		taints = append(taints, design.Text(taint, "Key")+"="+design.Text(taint, "Value")+":"+effect)
	}
	p.NodeTaints = list(taints)
	p.UpgradeSettings = t.upgrade()
	cluster, _ := clusterOf(t)
	p.OrchestratorVersion = t.poolVersion(cluster)
	return p
}

// upgrade says how many machines are exchanged at a time: EKS starts that many
// new ones first, unless it is told to use the least of them (EKS user guide,
// "Understand each phase of node updates").
func (t *told) upgrade() *agentpools.AgentPoolUpgradeSettings {
	text := "1" // what EKS takes when nothing is said
	if n := design.Int(t.r.Properties, "UpdateConfig.MaxUnavailable", 0); n > 0 {
		text = strconv.Itoa(n)
	} else if n := design.Int(t.r.Properties, "UpdateConfig.MaxUnavailablePercentage", 0); n > 0 && n <= 100 {
		text = strconv.Itoa(n) + "%"
	}
	if strings.EqualFold(t.text("UpdateConfig.UpdateStrategy"), "MINIMAL") {
		return &agentpools.AgentPoolUpgradeSettings{MaxSurge: new("0"), MaxUnavailable: new(text)}
	}
	return &agentpools.AgentPoolUpgradeSettings{MaxSurge: new(text)}
}

func (t *told) nodeGaps() {
	if design.True(t.r.Properties, "WarmPoolConfig.Enabled") {
		t.todo("know that pool %s keeps no machines warm beside those that run: raise its least number instead", t.r.Name)
	}
	t.todo("give pods that use the rights of the machines' role %s an identity of their own: machines of AKS have only the right to pull images", nameOf(t.c, t.r, t.at("NodeRole")))
	if said(t.at("LaunchTemplate")) {
		t.gap("eks.launch-template", "LaunchTemplate="+shown(t.at("LaunchTemplate")))
	}
	if said(t.at("RemoteAccess")) {
		t.gap("eks.remote-access", "RemoteAccess")
	}
	if strings.EqualFold(t.text("CapacityType"), "SPOT") {
		t.todo("let pods of pool %s tolerate the taint kubernetes.azure.com/scalesetpriority=spot, which AKS puts on spot machines", t.r.Name)
	}
	for _, taint := range design.Maps(t.at("Taints")) {
		if design.Text(taint, "Effect") == "" {
			t.todo("check taint %s of pool %s", shown(taint), t.r.Name)
		}
	}
}

// poolCost compares the machines that a group wants.
func poolCost(c *design.Context, r *inventory.Resource, source, size string) *design.Cost {
	count := float64(max(design.Int(r.Properties, "ScalingConfig.DesiredSize", design.Int(r.Properties, "ScalingConfig.MinSize", 1)), 0))
	before, okBefore := c.Catalog.EC2Estimate(string(c.Options.SourceRegion), source)
	after, okAfter := c.Catalog.VMEstimate(string(c.Place.Location), size)
	if !okBefore && !okAfter {
		return nil
	}
	cost := design.Cost{Basis: strconv.Itoa(int(count)) + " machines on demand, without disks and traffic"}
	add := func(e catalog.Estimate, ok bool) *float64 {
		if !ok {
			return nil
		}
		cost.Basis += "; " + e.Basis
		return new(float64(int(e.Month()*count*100+0.5)) / 100)
	}
	cost.Before, cost.After = add(before, okBefore), add(after, okAfter)
	return &cost
}

func applyFargate(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Manual, redesign)
	cluster, id := clusterOf(t)
	if id != "" {
		c.Attach(r, id)
	}
	t.why("Fargate profile %s of %s runs pods (%s) without machines", r.Name, nameOr(cluster, t.at("ClusterName")), shown(t.at("Selectors")))
	t.gap("eks.fargate", "Selectors="+shown(t.at("Selectors")))
	t.todo("run the pods of profile %s on a pool of machines, or on virtual nodes when they need neither volumes nor daemon sets", r.Name)
	return t.done("*")
}

func applyAddon(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	cluster, id := clusterOf(t)
	if id != "" {
		c.Attach(r, id)
	}
	name := orElse(t.text("AddonName"), r.Name)
	part := map[string]string{
		"vpc-cni": "Azure CNI in overlay mode", "coredns": "AKS's own CoreDNS", "kube-proxy": "Cilium, which replaces kube-proxy", "aws-ebs-csi-driver": "AKS's disk CSI driver",
		"aws-efs-csi-driver": "AKS's file CSI driver", "snapshot-controller": "AKS's snapshot controller", "eks-pod-identity-agent": "Workload ID", "metrics-server": "AKS's own metrics server",
		"amazon-cloudwatch-observability": "Container insights", "adot": "Container insights and Application Insights", "aws-mountpoint-s3-csi-driver": "AKS's blob CSI driver",
		"aws-guardduty-agent": "Defender for Containers", "aws-secrets-store-csi-driver-provider": "the Key Vault secrets provider", "cert-manager": "cert-manager itself, installed by Helm", "external-dns": "external-dns itself, with its Azure provider",
	}[name]
	if part == "" {
		t.Action, t.Confidence = design.Manual, redesign
		t.why("add-on %s of cluster %s has no part of AKS of its own", name, nameOr(cluster, t.at("ClusterName")))
		t.todo("find out what %s does in the cluster, and install its counterpart", name)
		return t.done("*")
	}
	t.why("add-on %s of cluster %s is done by %s", name, nameOr(cluster, t.at("ClusterName")), part)
	if said(t.at("ConfigurationValues")) {
		t.todo("look through the settings of add-on %s: %s", name, shown(t.at("ConfigurationValues")))
	}
	return t.done("*")
}

// applyAccessEntry decides who may do what in the cluster.
func applyAccessEntry(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	cluster, id := clusterOf(t)
	principal := shown(t.at("PrincipalArn"))
	t.why("%s may use cluster %s by %s and groups %s", principal, nameOr(cluster, t.at("ClusterName")), common.Count(len(design.List(t.at("AccessPolicies"))), "policy"), shown(orValue(t.at("KubernetesGroups"), "none")))
	if kind := strings.ToUpper(t.text("Type")); strings.HasPrefix(kind, "EC2") || strings.HasPrefix(kind, "FARGATE") {
		t.Action = design.Retire
		t.why("it lets machines join cluster %s, which pools of AKS do by themselves", nameOr(cluster, t.at("ClusterName")))
		return t.done("*")
	}
	role, known := c.Find(r, t.at("PrincipalArn"), "AWS::IAM::Role")
	who, hasIdentity := c.TargetOf(role, identityKind)
	for _, p := range design.Maps(t.at("AccessPolicies")) {
		arn := design.Text(p, "PolicyArn")
		guid := map[string]string{"AmazonEKSClusterAdminPolicy": roleClusterAdmin, "AmazonEKSAdminPolicy": roleNamespaceAdmin, "AmazonEKSEditPolicy": roleClusterWriter, "AmazonEKSViewPolicy": roleClusterReader}[arn[strings.LastIndexByte(arn, '/')+1:]]
		scope := design.Text(p, "AccessScope.Type")
		if guid == "" || id == "" || !known || !hasIdentity || strings.EqualFold(scope, "namespace") {
			t.todo("give what stands for %s the rights of %s in %s", principal, shown(arn), orElse(strings.Join(design.Texts(design.At(p, "AccessScope.Namespaces")), ", "), "the cluster"))
			continue
		}
		allow(c, who, id, guid)
	}
	if groups := design.Texts(t.at("KubernetesGroups")); len(groups) > 0 {
		t.todo("bind the roles of groups %s to a Microsoft Entra group, and put what stands for %s into it", strings.Join(groups, ", "), principal)
	}
	if id != "" {
		c.Attach(r, id)
	}
	return t.done("*")
}

// applyPodIdentity lets a service account act as the identity of its role.
func applyPodIdentity(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	cluster, id := clusterOf(t)
	role, _ := c.Find(r, t.at("RoleArn"), "AWS::IAM::Role")
	who, ok := c.TargetOf(role, identityKind)
	namespace, account := t.text("Namespace"), t.text("ServiceAccount")
	t.why("service account %s/%s of cluster %s acts as role %s; a federated credential of the role's identity lets it do so here", namespace, account, nameOr(cluster, t.at("ClusterName")), nameOr(role, t.at("RoleArn")))
	if !ok || id == "" || namespace == "" || account == "" || unknown(namespace) || unknown(account) {
		t.Action = design.Manual
		t.todo("add a federated credential for service account %s/%s to the identity that stands for %s", namespace, account, shown(t.at("RoleArn")))
		return t.done("*")
	}
	federate(c, r, who, id, namespace, account)
	t.todo("annotate service account %s/%s with the client id of %s, and label its pods azure.workload.identity/use", namespace, account, common.LastName(who))
	return t.done("*")
}

func federate(c *design.Context, r *inventory.Resource, who, cluster cloud.ResourceID, namespace, account string) {
	c.Put(design.Target{Type: credentialKind, Parent: who, Base: namespace + "-" + account, NoLocation: true, Model: federatedidentitycredentials.FederatedIdentityCredential{
		Properties: &federatedidentitycredentials.FederatedIdentityCredentialProperties{
			Audiences: []string{"api://AzureADTokenExchange"}, Issuer: c.Output(cluster, "properties.oidcIssuerProfile.issuerURL"), Subject: "system:serviceaccount:" + namespace + ":" + account,
		},
	}}, r)
}

// federateRoles gives the identities of roles that trust a cluster's own
// provider (IRSA) a credential for the service account that the trust names.
func federateRoles(c *design.Context) {
	clusters := c.OfKind("AWS::EKS::Cluster")
	for _, role := range c.OfKind("AWS::IAM::Role") {
		who, ok := c.TargetOf(role, identityKind)
		if !ok || len(clusters) == 0 {
			continue
		}
		for _, s := range design.Maps(object(design.At(role.Properties, "AssumeRolePolicyDocument"))["Statement"]) {
			for _, account := range accounts(s) {
				cluster, ok := c.TargetOf(issuerOf(c, role, s, clusters), clusterKind)
				if !ok {
					continue
				}
				c.Once("app/irsa/"+string(who)+"/"+account, func() cloud.ResourceID {
					namespace, name, _ := strings.Cut(account, ":")
					federate(c, role, who, cluster, namespace, name)
					return who
				})
			}
		}
	}
}

// accounts are the service accounts "<namespace>:<name>" in the condition of a
// trust; patterns name none.
func accounts(statement map[string]any) []string {
	var out []string
	for _, operator := range []string{"StringEquals", "StringLike"} {
		conditions := object(object(statement["Condition"])[operator])
		for _, key := range keys(conditions) {
			if !strings.HasSuffix(key, ":sub") {
				continue
			}
			for _, v := range design.Texts(conditions[key]) {
				rest, ok := strings.CutPrefix(v, "system:serviceaccount:")
				if ok && strings.Count(rest, ":") == 1 && !strings.ContainsAny(rest, "*?$") {
					out = append(out, rest)
				}
			}
		}
	}
	return out
}

// issuerOf is the cluster whose provider a trust names; with one cluster it can
// be no other.
func issuerOf(c *design.Context, role *inventory.Resource, statement map[string]any, clusters []*inventory.Resource) *inventory.Resource {
	if len(clusters) == 1 {
		return clusters[0]
	}
	provider := full(design.At(statement, "Principal.Federated"))
	for _, cluster := range clusters {
		issuer := strings.TrimPrefix(design.Text(cluster.Properties, "OpenIdConnectIssuerUrl"), "https://")
		if issuer != "" && strings.HasSuffix(provider, issuer) {
			return cluster
		}
		if found, ok := c.Find(role, design.At(statement, "Principal.Federated"), "AWS::EKS::Cluster"); ok && found == cluster {
			return cluster
		}
	}
	return nil
}

func applyIdentityProvider(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Manual, redesign)
	cluster, _ := clusterOf(t)
	t.why("people sign in to cluster %s through %s; AKS signs them in with Microsoft Entra ID", nameOr(cluster, t.at("ClusterName")), shown(orValue(t.at("Oidc.IssuerUrl"), "another provider")))
	t.todo("let the users of %s sign in with Microsoft Entra ID, and bind their groups anew", shown(orValue(t.at("Oidc.IssuerUrl"), "the provider")))
	return t.done("*")
}
