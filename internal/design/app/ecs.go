package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerapps/2025-07-01/containerapps"
)

const taskKind cloud.Kind = "AWS::ECS::TaskDefinition"

func containerRules() []design.Rule {
	rule := func(name string, stage design.Stage, apply func(*design.Context, *inventory.Resource) design.Decision, kinds ...cloud.Kind) design.Rule {
		return design.Rule{Name: "ecs/" + name, Kinds: kinds, Stage: stage, Source: "Azure Architecture Center, Compute services on Azure and AWS; Microsoft Learn, Azure Container Apps", Apply: apply, Targets: []cloud.Kind{environmentKind, containerAppKind, jobKind}}
	}
	return []design.Rule{
		rule("cluster", design.Compute, applyCluster, "AWS::ECS::Cluster"),
		rule("service", design.Compute, applyService, "AWS::ECS::Service"),
		rule("task", design.Compute, applyTask, taskKind),
		rule("taskset", design.Edge, applyTaskSet, "AWS::ECS::TaskSet", "AWS::ECS::PrimaryTaskSet"),
		rule("capacity", design.Edge, applyCapacity, "AWS::ECS::CapacityProvider", "AWS::ECS::ClusterCapacityProviderAssociations"),
	}
}

// services returns what runs in a cluster; nil is the cluster that the design
// does not hold.
func services(c *design.Context, cluster *inventory.Resource) []*inventory.Resource {
	var out []*inventory.Resource
	for _, s := range c.OfKind("AWS::ECS::Service") {
		if in, ok := c.Find(s, design.At(s.Properties, "Cluster"), "AWS::ECS::Cluster"); ok && in == cluster || !ok && cluster == nil {
			out = append(out, s)
		}
	}
	return out
}

// clusterPlace says where the environment of a cluster stands.
func clusterPlace(c *design.Context, cluster *inventory.Resource) place {
	p := place{key: "default", base: c.Options.Workload, from: cluster}
	if cluster != nil {
		p.key, p.base = string(cluster.ID), cluster.Name
	}
	profiles := map[string]any{}
	for _, s := range services(c, cluster) {
		network := design.At(s.Properties, "NetworkConfiguration.AwsvpcConfiguration")
		if len(p.near) == 0 {
			p.near, p.groups = design.List(design.At(network, "Subnets")), design.List(design.At(network, "SecurityGroups"))
			if p.from == nil {
				p.from = s
			}
		}
		if task, ok := taskOf(c, s); ok {
			if size := taskSize(task); size.profile != "Consumption" {
				profiles[size.profile] = true
			}
		}
		p.tcp = p.tcp || behindNLB(c, s)
	}
	if len(p.near) == 0 {
		p.near, p.groups = targetSubnets(c, cluster)
	}
	p.profiles = keys(profiles)
	return p
}

// targetSubnets are the subnets of tasks that only a rule or a schedule starts.
func targetSubnets(c *design.Context, cluster *inventory.Resource) (near, groups []any) {
	for _, r := range c.OfKind("AWS::Events::Rule", "AWS::Scheduler::Schedule") {
		for _, target := range append(design.Maps(design.At(r.Properties, "Targets")), design.Maps(design.At(r.Properties, "Target"))...) {
			if found, ok := c.Find(r, target["Arn"], "AWS::ECS::Cluster"); ok && found == cluster {
				for _, name := range []string{"AwsVpcConfiguration", "AwsvpcConfiguration"} {
					network := design.At(target, "EcsParameters.NetworkConfiguration."+name)
					if subnets := design.List(design.At(network, "Subnets")); len(subnets) > 0 {
						return subnets, design.List(design.At(network, "SecurityGroups"))
					}
				}
			}
		}
	}
	return nil, nil
}

// behindNLB reports whether something that speaks TCP leads to a service.
func behindNLB(c *design.Context, s *inventory.Resource) bool {
	for _, lb := range design.Maps(design.At(s.Properties, "LoadBalancers")) {
		if group, ok := c.Find(s, lb["TargetGroupArn"], "AWS::ElasticLoadBalancingV2::TargetGroup"); ok {
			switch strings.ToUpper(design.Text(group.Properties, "Protocol")) {
			case "TCP", "TLS", "UDP", "TCP_UDP":
				return true
			}
		}
	}
	return false
}

func taskOf(c *design.Context, s *inventory.Resource) (*inventory.Resource, bool) {
	return c.Find(s, design.At(s.Properties, "TaskDefinition"), taskKind)
}

func applyCluster(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, inNamedGaps)
	if c.Shared(r) {
		return t.why("cluster %s holds others' services too", r.Name).done("*")
	}
	p := clusterPlace(c, r)
	environment(c, p)
	t.why("cluster %s with %s becomes an environment of Container Apps", r.Name, common.Count(len(services(c, r)), "service"))
	t.other("Azure Kubernetes Service", "the workload's orchestrator would change from a managed one to Kubernetes, which somebody has to run")
	t.other("Azure Container Instances", "it starts single groups and neither scales nor balances")
	for _, provider := range design.Texts(t.at("CapacityProviders")) {
		if !strings.HasPrefix(provider, "FARGATE") {
			t.gap("ecs.ec2", "CapacityProviders="+shown(provider))
		} else if strings.HasSuffix(provider, "SPOT") {
			t.gap("ecs.spot", "CapacityProviders=FARGATE_SPOT")
		}
	}
	if t.at("Configuration.ExecuteCommandConfiguration") != nil {
		t.gap("ecs.execute-command", "Configuration.ExecuteCommandConfiguration")
	}
	if t.at("Configuration.ManagedStorageConfiguration") != nil {
		t.todo("know that the storage of Container Apps is encrypted with Microsoft's keys: %s", shown(t.at("Configuration.ManagedStorageConfiguration")))
	}
	if t.at("ServiceConnectDefaults") != nil {
		t.gap("ecs.service-connect", "ServiceConnectDefaults="+shown(t.at("ServiceConnectDefaults")))
	}
	return t.done("ClusterName", "ClusterSettings", "CapacityProviders", "DefaultCapacityProviderStrategy", "Configuration", "ServiceConnectDefaults", "RegisteredContainerInstancesCount", "RunningTasksCount", "Settings", "ActiveServicesCount", "PendingTasksCount")
}

func serviceRead() []string {
	return []string{"ServiceName", "ServiceArn", "Cluster", "TaskDefinition", "DesiredCount", "LaunchType", "NetworkConfiguration", "LoadBalancers", "HealthCheckGracePeriodSeconds", "SchedulingStrategy",
		"PlatformVersion", "Role", "DeploymentConfiguration", "DeploymentController", "CapacityProviderStrategy", "PlacementConstraints", "PlacementStrategies", "ServiceRegistries",
		"ServiceConnectConfiguration", "EnableExecuteCommand", "EnableECSManagedTags", "PropagateTags", "AvailabilityZoneRebalancing", "VolumeConfigurations", "VpcLatticeConfigurations",
		"ForceNewDeployment", "RunningCount", "PendingCount", "CreatedAt"}
}

func applyService(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, inNamedGaps)
	task, ok := taskOf(c, r)
	if !ok {
		t.Action, t.Confidence = design.Manual, aGuess
		t.why("service %s runs task definition %s, which is not part of the design", r.Name, shown(t.at("TaskDefinition")))
		t.todo("read task definition %s and design again", shown(t.at("TaskDefinition")))
		return t.done("*")
	}
	if why := unfit(r, task); why != "" {
		t.Action, t.Confidence = design.Manual, redesign
		t.why("service %s %s, which Container Apps does not do", r.Name, why)
		t.todo("run %s on Azure Kubernetes Service: %s", r.Name, why)
		t.other("Azure Container Apps", "service "+r.Name+" "+why)
		t.other("Azure Kubernetes Service", "no rule writes the manifests of a service")
		return t.done("*")
	}
	cluster, _ := c.Find(r, t.at("Cluster"), "AWS::ECS::Cluster")
	p := clusterPlace(c, cluster)
	if cluster == nil {
		p.from = r
	}
	env := environment(c, p)
	a := t.build(task)
	app := t.containerApp(a, env, t.scale(task))
	id := c.Put(design.Target{Type: containerAppKind, Base: r.Name, Model: app}, r, task)
	t.why("service %s runs %s with %s vCPU and %s GiB as %s; it becomes a container app with %s vCPU and %s GiB (%s)", r.Name, task.Name,
		shown(a.asked.cpu), shown(a.asked.gib), common.Count(design.Int(r.Properties, "DesiredCount", 1), "replica"), shown(a.size.cpu), shown(a.size.gib), a.size.profile)
	t.serviceGaps(task, id)
	t.other("Azure Kubernetes Service", "the workload would have to change its orchestrator")
	t.EffortDays = 1
	return t.done(serviceRead()...)
}

// unfit says what a service or its task needs that Container Apps lacks.
func unfit(service, task *inventory.Resource) string {
	p := task.Properties
	if service != nil && strings.EqualFold(design.Text(service.Properties, "SchedulingStrategy"), "DAEMON") {
		return "runs once on every machine of the cluster (DAEMON)"
	}
	if strings.HasPrefix(strings.ToUpper(design.Text(p, "RuntimePlatform.OperatingSystemFamily")), "WINDOWS") {
		return "runs Windows containers (" + design.Text(p, "RuntimePlatform.OperatingSystemFamily") + ")"
	}
	for _, d := range design.Maps(design.At(p, "ContainerDefinitions")) {
		if design.True(d, "Privileged") {
			return "runs container " + design.Text(d, "Name") + " with all rights on the machine (Privileged)"
		}
		for _, need := range design.Maps(d["ResourceRequirements"]) {
			if strings.EqualFold(design.Text(need, "Type"), "GPU") {
				return "needs a GPU for container " + design.Text(d, "Name")
			}
		}
	}
	return ""
}

// containerApp writes the app.
func (t *told) containerApp(a assembly, env cloud.ResourceID, scale *containerapps.Scale) containerapps.ContainerApp {
	configuration := containerapps.Configuration{ActiveRevisionsMode: new(containerapps.ActiveRevisionsModeSingle), Secrets: list(a.secrets), Registries: list(a.registries)}
	if strings.EqualFold(t.text("DeploymentController.Type"), "CODE_DEPLOY") || strings.EqualFold(t.text("DeploymentController.Type"), "EXTERNAL") {
		configuration.ActiveRevisionsMode = new(containerapps.ActiveRevisionsModeMultiple)
	}
	configuration.Ingress = t.ingress(a)
	template := containerapps.Template{Containers: list(a.containers), InitContainers: list(a.first), Scale: scale, Volumes: list(a.volumes)}
	if a.stopSeconds > 0 {
		template.TerminationGracePeriodSeconds = new(int64(min(a.stopSeconds, 600)))
	}
	return containerapps.ContainerApp{Identity: legacyIdentity(a.identities...), Properties: &containerapps.ContainerAppProperties{
		EnvironmentId: new(string(env)), WorkloadProfileName: new(a.size.profile), Configuration: &configuration, Template: &template,
	}}
}

// list gives a pointer to a list, nil for an empty one.
func list[T any](v []T) *[]T {
	if len(v) == 0 {
		return nil
	}
	return &v
}

// ingress opens the port that the balancer leads to, or the first one for the
// other apps of the environment.
func (t *told) ingress(a assembly) *containerapps.Ingress {
	port, external, transport := 0, false, containerapps.IngressTransportMethodAuto
	for _, lb := range design.Maps(t.at("LoadBalancers")) {
		if n := design.Int(lb, "ContainerPort", 0); n > 0 && port == 0 {
			port, external = n, true
		} else if n > 0 {
			t.gap("ecs.several-ports", "LoadBalancers.ContainerPort="+shown(n))
		}
	}
	if port == 0 && len(a.ports) > 0 {
		port = a.ports[0]
	}
	if port < 1 || port > 65535 {
		return nil
	}
	ingress := containerapps.Ingress{External: new(external), TargetPort: new(int64(port)), AllowInsecure: new(true)}
	if behindNLB(t.c, t.r) {
		transport = containerapps.IngressTransportMethodTcp
		ingress.ExposedPort, ingress.AllowInsecure = new(int64(port)), nil
	} else if a.http2 || grpc(t.c, t.r) {
		transport = containerapps.IngressTransportMethodHTTPTwo
	}
	ingress.Transport = new(transport)
	if transport != containerapps.IngressTransportMethodTcp {
		ingress.Traffic = &[]containerapps.TrafficWeight{{LatestRevision: new(true), Weight: new(int64(100))}}
	}
	return &ingress
}

func grpc(c *design.Context, s *inventory.Resource) bool {
	for _, lb := range design.Maps(design.At(s.Properties, "LoadBalancers")) {
		if group, ok := c.Find(s, lb["TargetGroupArn"], "AWS::ElasticLoadBalancingV2::TargetGroup"); ok && strings.EqualFold(design.Text(group.Properties, "ProtocolVersion"), "GRPC") {
			return true
		}
	}
	return false
}
