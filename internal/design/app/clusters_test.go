package app_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

const containerKind cloud.Kind = "Microsoft.App/containerApps"

func service(container, task, more, rest string) string {
	return `
Resources:
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: shop}}
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {Family: web, Cpu: "512", Memory: "1024", ` + task + ` ContainerDefinitions: [{Name: web, Image: nginx, PortMappings: [{ContainerPort: 8080}]` + container + `}]}}
  Service: {Type: AWS::ECS::Service, Properties: {ServiceName: web, Cluster: !Ref Cluster, TaskDefinition: !Ref Task` + more + "}}\n" + rest
}

// A probe waits a minute at most before it begins, comes every 240 seconds at
// the least and gives up after ten failures (Microsoft Learn, "Health probes in
// Azure Container Apps").
func TestProbesOfAContainer(t *testing.T) {
	t.Parallel()
	var all []*design.Design
	for _, one := range []struct {
		check string
		want  map[string]string
		gap   bool
	}{
		{`Command: [CMD-SHELL, "curl -f http://localhost:8080/up || exit 1"]`, map[string]string{"httpGet.path": "/up", "httpGet.port": "8080", "periodSeconds": "30", "timeoutSeconds": "5", "failureThreshold": "3", "initialDelaySeconds": ""}, false},
		{`Command: [CMD, wget, "http://127.0.0.1/"], Interval: 300, Timeout: 60, Retries: 10, StartPeriod: 300`, map[string]string{"httpGet.port": "80", "periodSeconds": "240", "timeoutSeconds": "60", "failureThreshold": "10", "initialDelaySeconds": "60"}, false},
		{`Command: [CMD-SHELL, "curl -k https://localhost/a?b=c"], Interval: 5, Retries: 1, StartPeriod: 59`, map[string]string{"httpGet.port": "443", "httpGet.scheme": "HTTPS", "httpGet.path": "/a?b=c", "periodSeconds": "5", "failureThreshold": "1", "initialDelaySeconds": "59"}, false},
		{`Command: [CMD-SHELL, "pgrep nginx"]`, map[string]string{"httpGet.port": ""}, true},
		{`Command: [CMD-SHELL, "curl http://elsewhere.example/up"]`, map[string]string{"httpGet.port": ""}, true},
	} {
		d := made(t, service(", HealthCheck: {"+one.check+"}", "", "", ""))
		all = append(all, d)
		probe := design.At(designtest.One(t, d, containerKind).Body, "properties.template.containers.probes")
		for path, want := range one.want {
			if got := design.Text(probe, path); got != want {
				t.Errorf("%s: %s is %q, want %q", one.check, path, got, want)
			}
		}
		if got := strings.Contains(gaps(designtest.Decision(t, d, "Service")), "ecs.health-command"); got != one.gap {
			t.Errorf("%s: %s", one.check, gaps(designtest.Decision(t, d, "Service")))
		}
	}
	designtest.Check(t, all...)
}

// An app has up to 1,000 replicas, and ends within 600 seconds.
func TestReplicas(t *testing.T) {
	t.Parallel()
	target := func(least, most string) string {
		return "  S: {Type: AWS::ApplicationAutoScaling::ScalableTarget, Properties: {ServiceNamespace: ecs, ScalableDimension: ecs:service:DesiredCount, ResourceId: !Sub \"service/${Cluster}/${Service.Name}\", MinCapacity: " + least + ", MaxCapacity: " + most + "}}\n"
	}
	for _, one := range []struct{ more, rest, least, most string }{
		{"", "", "1", "1"}, {", DesiredCount: 0", "", "0", "1"}, {", DesiredCount: 3", "", "3", "3"}, {", DesiredCount: 5000", "", "1000", "1000"}, {", DesiredCount: some", "", "1", "1"},
		{", DesiredCount: 2", target("2", "8"), "2", "8"}, {", DesiredCount: 2", target("0", "0"), "0", "1"}, {", DesiredCount: 2", target("5", "3"), "5", "5"}, {", DesiredCount: 2", target("1", "9999"), "1", "1000"},
	} {
		has(t, designtest.One(t, made(t, service("", "", one.more, one.rest)), containerKind), map[string]string{"properties.template.scale.minReplicas": one.least, "properties.template.scale.maxReplicas": one.most})
	}
	for seconds, want := range map[string]string{"2": "2", "120": "120", "601": "600"} {
		has(t, designtest.One(t, made(t, service(", StopTimeout: "+seconds, "", "", "")), containerKind), map[string]string{"properties.template.terminationGracePeriodSeconds": want})
	}
}

// Container Apps runs Linux without rights on the machine, and nothing on each
// machine.
func TestWhatContainerAppsDoesNotRun(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ container, task, more, why string }{
		{"", "", ", SchedulingStrategy: DAEMON", "DAEMON"}, {", Privileged: true", "", "", "Privileged"}, {"", "RuntimePlatform: {OperatingSystemFamily: WINDOWS_SERVER_2022_CORE},", "", "WINDOWS_SERVER_2022_CORE"},
		{", ResourceRequirements: [{Type: GPU, Value: \"1\"}]", "", "", "GPU"},
	} {
		d := made(t, service(one.container, one.task, one.more, ""))
		s := designtest.Decision(t, d, "Service")
		if s.Action != design.Manual || !strings.Contains(s.Why, one.why) || count(d, containerKind) != 0 || len(s.Alternatives) == 0 {
			t.Errorf("%s: %+v", one.why, s)
		}
		says(t, s, "Azure Kubernetes Service")
	}
}

func TestOptionsOfAService(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ container, task, more, gap string }{
		{", Essential: false", "", "", "ecs.container-option"}, {", DependsOn: [{ContainerName: x, Condition: HEALTHY}]", "", "", "ecs.container-option"}, {", DockerLabels: {a: b}", "", "", "ecs.container-option"},
		{", User: \"1000\"", "", "", "ecs.container-option"}, {"", "EphemeralStorage: {SizeInGiB: 21},", "", ""}, {"", "RuntimePlatform: {CpuArchitecture: ARM64},", "", "ecs.arm64"},
		{"", "", ", EnableExecuteCommand: true", "ecs.execute-command"}, {"", "", ", LaunchType: EC2", "ecs.ec2"}, {"", "", ", LaunchType: FARGATE", ""}, {"", "", ", CapacityProviderStrategy: [{CapacityProvider: FARGATE_SPOT}]", "ecs.spot"},
		{"", "", ", DeploymentController: {Type: CODE_DEPLOY}", "ecs.deployment-controller"}, {"", "", ", DeploymentController: {Type: ECS}", ""}, {"", "", ", DeploymentConfiguration: {DeploymentCircuitBreaker: {Enable: true, Rollback: true}}", "ecs.deployment"},
		{"", "", ", DeploymentConfiguration: {DeploymentCircuitBreaker: {Enable: false, Rollback: false}, Alarms: {Enable: false, AlarmNames: []}, BakeTimeInMinutes: 0}", ""},
		{"", "", ", DeploymentConfiguration: {Strategy: BLUE_GREEN}", "ecs.deployment"}, {"", "", ", DeploymentConfiguration: {Strategy: ROLLING, MaximumPercent: 200}", ""},
		{", LogConfiguration: {LogDriver: splunk, Options: {splunk-url: x}}", "", "", "ecs.logs"}, {"", "Volumes: [{Name: v, Host: {SourcePath: /var}}],", "", "ecs.volume"}, {"", "Volumes: [{Name: v, EFSVolumeConfiguration: {FilesystemId: fs-1}}],", "", "ecs.efs"},
	} {
		s := designtest.Decision(t, made(t, service(one.container, one.task, one.more, "")), "Service")
		if one.gap == "" {
			meets(t, s, "ecs.security-groups")
		} else if !strings.Contains(gaps(s), " "+one.gap+" ") {
			t.Errorf("%s%s%s lacks %s: %s", one.container, one.task, one.more, one.gap, gaps(s))
		}
	}
	for protocol, want := range map[string]string{"http": "auto", "http2": "http2", "grpc": "http2"} {
		d := made(t, strings.Replace(service("", "", "", ""), "{ContainerPort: 8080}", "{ContainerPort: 8080, AppProtocol: "+protocol+"}", 1))
		has(t, designtest.One(t, d, containerKind), map[string]string{"properties.configuration.ingress.transport": want, "properties.configuration.ingress.targetPort": "8080"})
	}
}

func kubernetes(cluster, nodes string) string {
	return `
Resources:
  Cluster: {Type: AWS::EKS::Cluster, Properties: {Name: shop, RoleArn: "arn:aws:iam::123456789012:role/x", ResourcesVpcConfig: {SubnetIds: [subnet-1]}` + cluster + `}}
  Nodes: {Type: AWS::EKS::Nodegroup, Properties: {ClusterName: !Ref Cluster, NodeRole: "arn:aws:iam::123456789012:role/nodes", Subnets: [subnet-1]` + nodes + "}}\n"
}

func TestOptionsOfACluster(t *testing.T) {
	t.Parallel()
	for cluster, want := range map[string]string{
		`, AccessConfig: {AuthenticationMode: API}`: "", `, AccessConfig: {AuthenticationMode: API_AND_CONFIG_MAP}`: "aws-auth", `, DeletionProtection: true`: "CanNotDelete", `, ControlPlaneScalingConfig: {Tier: tier-xl}`: "tier tier-xl",
		`, KubernetesNetworkConfig: {IpFamily: ipv6}`: "IPv4 addresses here", `, KubernetesNetworkConfig: {ServiceIpv4Cidr: 10.9.0.0/20}`: "check the service addresses of shop: 10.9.0.0/20", "": "choose the Kubernetes version",
	} {
		c := designtest.Decision(t, made(t, kubernetes(cluster, "")), "Cluster")
		if want != "" {
			says(t, c, want)
		} else if strings.Contains(strings.Join(c.ToDo, "\n"), "aws-auth") {
			t.Error("a cluster without a config map has one to carry over")
		}
	}
	d := made(t, kubernetes(`, Version: "1.33", KubernetesNetworkConfig: {ServiceIpv4Cidr: 10.9.0.0/16}`, ""))
	has(t, designtest.One(t, d, "Microsoft.ContainerService/managedClusters"), map[string]string{
		"properties.kubernetesVersion": "1.33", "properties.networkProfile.serviceCidr": "10.9.0.0/16", "properties.networkProfile.dnsServiceIP": "10.9.0.10", "properties.apiServerAccessProfile.enablePrivateCluster": "false",
		"properties.disableLocalAccounts": "true", "sku.tier": "Premium",
	})
	d = made(t, strings.Replace(kubernetes(`, Version: "1.33"`, ""), "SubnetIds: [subnet-1]", "SubnetIds: [subnet-1], EndpointPublicAccess: false, EndpointPrivateAccess: true", 1))
	has(t, designtest.One(t, d, "Microsoft.ContainerService/managedClusters"), map[string]string{"properties.apiServerAccessProfile.enablePrivateCluster": "true"})
	d = made(t, strings.Replace(kubernetes(`, Version: "1.33"`, ""), "SubnetIds: [subnet-1]", "SubnetIds: [subnet-1], PublicAccessCidrs: [203.0.113.0/24]", 1))
	has(t, designtest.One(t, d, "Microsoft.ContainerService/managedClusters"), map[string]string{"properties.apiServerAccessProfile.authorizedIPRanges": ""})
	if ranges := design.Texts(design.At(designtest.One(t, d, "Microsoft.ContainerService/managedClusters").Body, "properties.apiServerAccessProfile.authorizedIPRanges")); strings.Join(ranges, " ") != "203.0.113.0/24" {
		t.Errorf("ranges %v", ranges)
	}
}

// The source's version stays where AKS supports it beyond the move, with the
// premium tier's plan where only that carries it; another one is raised. Without
// an upgrade policy EKS extends its support. The days are those of the catalogue.
func TestKubernetesVersions(t *testing.T) {
	t.Parallel()
	const standard, extended = ", UpgradePolicy: {SupportType: STANDARD}", ", UpgradePolicy: {SupportType: EXTENDED}"
	for properties, want := range map[string]struct{ version, tier, plan, gap string }{
		`, Version: "1.36"`:              {"1.36", "Standard", "", ""},
		`, Version: "1.36"` + extended:   {"1.36", "Standard", "", ""},
		`, Version: "1.35"`:              {"1.35", "Standard", "", "eks.version-end"},
		`, Version: "1.34"`:              {"1.34", "Premium", "AKSLongTermSupport", "eks.version-long-term"},
		`, Version: "1.33"` + extended:   {"1.33", "Premium", "AKSLongTermSupport", "eks.version-long-term"},
		`, Version: "1.33"` + standard:   {"1.36", "Standard", "", "eks.version"},
		`, Version: "1.32"`:              {"1.32", "Premium", "AKSLongTermSupport", "eks.version-long-term"},
		`, Version: "1.31"`:              {"1.36", "Standard", "", "eks.version"},
		`, Version: "1.24"` + extended:   {"1.36", "Standard", "", "eks.version"},
		`, Version: "1.44"`:              {"1.44", "Standard", "", "eks.version-new"},
		`, Version: "1.36.2"`:            {"1.36", "Standard", "", ""},
		`, Version: "latest"`:            {"", "Standard", "", ""},
		`, Version: !Ref "AWS::NoValue"`: {"", "Standard", "", ""},
		"":                               {"", "Standard", "", ""},
	} {
		d := made(t, kubernetes(properties, ""))
		has(t, designtest.One(t, d, "Microsoft.ContainerService/managedClusters"), map[string]string{"sku.tier": want.tier, "properties.supportPlan": want.plan, "properties.kubernetesVersion": want.version})
		c, got := decision(t, d, "AWS::EKS::Cluster", "shop"), ""
		for _, g := range c.Gaps {
			if strings.HasPrefix(g.ID, "eks.version") {
				got += g.ID
			}
		}
		if got != want.gap {
			t.Errorf("%s: gap %q, want %q", properties, got, want.gap)
		}
		if want.version == "" {
			says(t, c, "choose the Kubernetes version")
		}
	}
}

// A pool may be behind its cluster as long as AKS carries its version under the
// cluster's plan; a raised cluster raises its pools.
func TestVersionsOfPools(t *testing.T) {
	t.Parallel()
	for _, one := range []struct{ cluster, pool, want, gap string }{
		{"1.36", "1.36", "", ""}, {"1.36", "1.35", "1.35", ""}, {"1.36", "1.34", "", "eks.version"}, {"1.34", "1.33", "1.33", ""}, {"1.34", "1.31", "", "eks.version"},
		{"1.31", "1.30", "", ""}, {"1.35", "1.36", "", ""}, {"1.36", "any", "", ""},
	} {
		d := made(t, kubernetes(`, Version: "`+one.cluster+`"`, `, Version: "`+one.pool+`"`))
		has(t, designtest.One(t, d, "Microsoft.ContainerService/managedClusters/agentPools"), map[string]string{"properties.orchestratorVersion": one.want})
		if got := gaps(designtest.Decision(t, d, "Nodes")); strings.Contains(got, " eks.version ") != (one.gap != "") {
			t.Errorf("%s under %s: gaps %q", one.pool, one.cluster, got)
		}
	}
}

// A node group of machines that no size is like is left to a person, and so is
// one of a type that nobody knows; the rest of the cluster is made all the same.
func TestPoolsOfUnknownMachines(t *testing.T) {
	t.Parallel()
	for kind, why := range map[string]string{
		"f1.2xlarge": "no size of Azure has FPGA", "inf2.xlarge": "no size of Azure has Inferentia", "p2.xlarge": "the catalogue does not know that type", "u-24tb1.metal": "the catalogue does not know that type", "u7in-32tb.224xlarge": "no size that eastus2 is known to have is like it",
	} {
		d := made(t, kubernetes(`, Version: "1.36"`, ", InstanceTypes: ["+kind+"]"))
		designtest.One(t, d, "Microsoft.ContainerService/managedClusters")
		one := designtest.Decision(t, d, "Nodes")
		if one.Action != design.Manual || len(designtest.Resources(d, "Microsoft.ContainerService/managedClusters/agentPools")) > 0 || !strings.Contains(one.Why, "no automatic mapping, because "+why) {
			t.Errorf("%s: %s %s", kind, one.Action, one.Why)
		}
		says(t, one, "under design.overrides")
	}
	d := made(t, "Parameters: {Size: {Type: String}}\n"+strings.TrimPrefix(kubernetes(`, Version: "1.36"`, ", InstanceTypes: [!Ref Size]"), "\n"))
	has(t, designtest.One(t, d, "Microsoft.ContainerService/managedClusters/agentPools"), map[string]string{"properties.vmSize": "Standard_D4s_v5"})
	says(t, designtest.Decision(t, d, "Nodes"), "choose the size of pool")
	d = designtest.Case{Families: families(), Resources: designtest.FromTemplate(t, kubernetes("", ", InstanceTypes: [p2.xlarge]")), Options: design.Options{Overrides: []design.Override{{Source: "Nodes", Size: "Standard_NC4as_T4_v3", Reason: "GPU"}}}}.Make(t)
	has(t, designtest.One(t, d, "Microsoft.ContainerService/managedClusters/agentPools"), map[string]string{"properties.vmSize": "Standard_NC4as_T4_v3"})
}

// The name of a pool of Linux has 12 letters and digits, that of Windows six
// (Microsoft Learn, "Limits for resources, SKUs, and regions in AKS").
func TestPoolsOfNodes(t *testing.T) {
	t.Parallel()
	var all []*design.Design
	for _, one := range []struct {
		nodes string
		want  map[string]string
	}{
		{"", map[string]string{"minCount": "1", "maxCount": "2", "osType": "Linux", "osDiskSizeGB": "30", "upgradeSettings.maxSurge": "1"}},
		{", ScalingConfig: {MinSize: 0, MaxSize: 5000, DesiredSize: 9000}", map[string]string{"minCount": "0", "maxCount": "1000", "count": "1000"}},
		{", ScalingConfig: {MinSize: 4, MaxSize: 2}", map[string]string{"minCount": "4", "maxCount": "4", "count": "4"}},
		{", DiskSize: 20", map[string]string{"osDiskSizeGB": "30"}}, {", DiskSize: 4096", map[string]string{"osDiskSizeGB": "2048"}},
		{", UpdateConfig: {MaxUnavailable: 3}", map[string]string{"upgradeSettings.maxSurge": "3", "upgradeSettings.maxUnavailable": ""}}, {", UpdateConfig: {MaxUnavailablePercentage: 25}", map[string]string{"upgradeSettings.maxSurge": "25%"}},
		{", UpdateConfig: {MaxUnavailable: 2, UpdateStrategy: MINIMAL}", map[string]string{"upgradeSettings.maxSurge": "0", "upgradeSettings.maxUnavailable": "2"}},
		{", CapacityType: SPOT", map[string]string{"scaleSetPriority": "Spot", "spotMaxPrice": "-1"}}, {`, Version: "1.32"`, map[string]string{"orchestratorVersion": "1.32"}}, {`, Version: "1.33", UpdateConfig: {MaxUnavailable: 1}`, map[string]string{"orchestratorVersion": "", "upgradeSettings.maxSurge": "1"}},
		{", NodegroupName: a-very-long-name-of-windows-machines, AmiType: WINDOWS_CORE_2022_x86_64", map[string]string{"osType": "Windows", "osSKU": "Windows2022"}},
		{", NodegroupName: a-very-long-name-of-machines", map[string]string{"osType": "Linux"}},
		{", Taints: [{Key: a, Value: b, Effect: NO_SCHEDULE}, {Key: c}]", map[string]string{"nodeTaints": ""}},
	} {
		d := made(t, kubernetes(`, Version: "1.33"`, one.nodes))
		all = append(all, d)
		pool := designtest.One(t, d, "Microsoft.ContainerService/managedClusters/agentPools")
		for path, want := range one.want {
			if got := design.Text(pool.Body, "properties."+path); got != want {
				t.Errorf("%s: %s is %q, want %q", one.nodes, path, got, want)
			}
		}
		most := map[bool]int{true: 6, false: 12}[design.Text(pool.Body, "properties.osType") == "Windows"]
		if name := pool.Name[strings.LastIndexByte(pool.Name, '/')+1:]; len(name) > most || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			t.Errorf("%s: a pool of the name %q", one.nodes, name)
		}
		for _, taint := range design.Texts(design.At(pool.Body, "properties.nodeTaints")) {
			if taint != "a=b:NoSchedule" {
				t.Errorf("taint %q", taint)
			}
		}
		says(t, designtest.Decision(t, d, "Nodes"), "the machines' role nodes")
	}
	designtest.Check(t, all...)
}

// An access policy becomes the role that allows as much, and not more.
func TestAccessToACluster(t *testing.T) {
	t.Parallel()
	for policy, role := range map[string]string{
		"AmazonEKSClusterAdminPolicy": "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b", "AmazonEKSAdminPolicy": "3498e952-d568-435e-9b2c-8d77e338d7f7", "AmazonEKSEditPolicy": "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb", "AmazonEKSViewPolicy": "7f6c6a51-bcf8-42ba-9220-52d62157d7db", "AmazonEKSOther": "",
	} {
		template := kubernetes(`, Version: "1.33"`, "") + `
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: team, AssumeRolePolicyDocument: {Statement: []}}}
  Entry: {Type: AWS::EKS::AccessEntry, Properties: {ClusterName: !Ref Cluster, PrincipalArn: !GetAtt Role.Arn, AccessPolicies: [{PolicyArn: "arn:aws:eks::aws:cluster-access-policy/` + policy + `", AccessScope: {Type: cluster}}]}}
`
		identities := design.Family{Name: "identities", Rules: []design.Rule{{Name: "identities/role", Kinds: []cloud.Kind{"AWS::IAM::Role"}, Stage: design.Identities, Apply: identityOfRole}}}
		d := designtest.Make(t, append([]design.Family{identities}, families()...), designtest.FromTemplate(t, template)...)
		found := false
		for _, r := range designtest.Resources(d, "Microsoft.Authorization/roleAssignments") {
			found = found || role != "" && strings.HasSuffix(design.Text(r.Body, "properties.roleDefinitionId"), role) && strings.Contains(string(r.Scope), "managedClusters")
		}
		if found != (role != "") {
			t.Errorf("%s: assigned is %v", policy, found)
		}
		if role == "" {
			says(t, designtest.Decision(t, d, "Entry"), fmt.Sprintf("the rights of arn:aws:eks::aws:cluster-access-policy/%s", policy))
		}
	}
}
