package app

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/containerapps/2025-07-01/containerapps"
)

// volumes translates the task's volumes: those without a place of their own
// live as long as the replica, as at the source.
func (t *told) volumes(a *assembly) {
	for _, v := range design.Maps(t.at("Volumes")) {
		name := design.Text(v, "Name")
		switch {
		case said(v["EFSVolumeConfiguration"]), said(v["S3FilesVolumeConfiguration"]):
			t.gap("ecs.efs", "Volumes."+name+"="+shown(orValue(v["EFSVolumeConfiguration"], shown(v["S3FilesVolumeConfiguration"]))))
			t.todo("add the file share of volume %s to the environment as storage, and mount it", name)
		case said(v["FSxWindowsFileServerVolumeConfiguration"]), said(v["DockerVolumeConfiguration"]), said(design.At(v, "Host.SourcePath")), design.True(v, "ConfiguredAtLaunch"):
			t.gap("ecs.volume", "Volumes."+name+"="+shown(v))
		case name != "":
			a.volumes = append(a.volumes, containerapps.Volume{Name: new(volumeName(name)), StorageType: new(containerapps.StorageTypeEmptyDir)})
		}
	}
}

// kept reports whether a volume is one that the app has.
func (t *told) kept(name string) bool {
	for _, v := range design.Maps(t.at("Volumes")) {
		if design.Text(v, "Name") == name {
			return !said(v["EFSVolumeConfiguration"]) && !said(v["S3FilesVolumeConfiguration"]) && !said(v["FSxWindowsFileServerVolumeConfiguration"]) && !said(v["DockerVolumeConfiguration"]) &&
				!said(design.At(v, "Host.SourcePath")) && !design.True(v, "ConfiguredAtLaunch")
		}
	}
	return false
}

// containerGaps names the options of a container that the target lacks.
func (t *told) containerGaps(d map[string]any) {
	for _, option := range []string{"LinuxParameters", "Ulimits", "User", "WorkingDirectory", "ReadonlyRootFilesystem", "ExtraHosts", "DnsServers", "DnsSearchDomains", "VolumesFrom",
		"Links", "Hostname", "DockerSecurityOptions", "SystemControls", "EnvironmentFiles", "RepositoryCredentials", "FirelensConfiguration", "CredentialSpecs", "RestartPolicy", "DisableNetworking", "Interactive", "PseudoTerminal", "DockerLabels", "StartTimeout"} {
		if said(d[option]) {
			t.gap("ecs.container-option", "ContainerDefinitions."+design.Text(d, "Name")+"."+option+"="+shown(d[option]))
		}
	}
	at := "ContainerDefinitions." + design.Text(d, "Name")
	for _, on := range design.Maps(d["DependsOn"]) {
		// What waits for another's end follows an init container.
		if kind := strings.ToUpper(design.Text(on, "Condition")); kind != "COMPLETE" && kind != "SUCCESS" {
			t.gap("ecs.container-option", at+".DependsOn="+shown(on))
		}
	}
	if design.Text(d, "Essential") == "false" {
		t.gap("ecs.container-option", at+".Essential=false")
	}
	if strings.EqualFold(design.Text(d, "LogConfiguration.LogDriver"), "awslogs") {
		t.gap("ecs.logs", "LogConfiguration="+design.Text(d, "LogConfiguration.LogDriver"))
	} else if driver := design.Text(d, "LogConfiguration.LogDriver"); driver != "" {
		t.gap("ecs.logs", "LogConfiguration="+driver)
		t.todo("send the logs of %s where %s sends them (%s): every container writes to the environment's workspace here", design.Text(d, "Name"), driver, strings.Join(keys(object(design.At(d, "LogConfiguration.Options"))), ", "))
	}
}

var localURL = regexp.MustCompile(`https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\d+)?[^\s"'|;&)]*`)

// probes translates the health check: a command that fetches an address of the
// container itself is a probe; any other command has no counterpart.
func (t *told) probes(d map[string]any) *[]containerapps.ContainerAppProbe {
	check := object(d["HealthCheck"])
	if len(check) == 0 {
		return nil
	}
	command := strings.Join(design.Texts(check["Command"]), " ")
	address := localURL.FindString(command)
	u, err := url.Parse(address)
	if address == "" || err != nil {
		t.gap("ecs.health-command", "HealthCheck.Command="+shown(command))
		return nil
	}
	port, _ := strconv.Atoi(u.Port())
	if port == 0 {
		port = map[string]int{"http": 80, "https": 443}[u.Scheme]
	}
	probe := containerapps.ContainerAppProbe{
		Type: new(containerapps.TypeLiveness), HTTPGet: &containerapps.ContainerAppProbeHTTPGet{Port: int64(port), Path: new(orElse(u.RequestURI(), "/")), Scheme: new(containerapps.Scheme(strings.ToUpper(u.Scheme)))},
		PeriodSeconds: bounded(check, "Interval", 30, 240), TimeoutSeconds: bounded(check, "Timeout", 5, 240), FailureThreshold: bounded(check, "Retries", 3, 10),
	}
	if wait := design.Int(check, "StartPeriod", 0); wait > 0 {
		// A probe may wait a minute at most before it begins.
		probe.InitialDelaySeconds = new(int64(min(wait, 60)))
	}
	return &[]containerapps.ContainerAppProbe{probe}
}

func bounded(check map[string]any, name string, otherwise, most int) *int64 {
	return new(int64(min(max(design.Int(check, name, otherwise), 1), most)))
}

// on reports whether something in a value is switched on: a scan shows what is
// off too.
func on(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		if design.Text(v, "Enable") == "false" {
			return false
		}
		return slices.ContainsFunc(keys(v), func(name string) bool { return on(v[name]) })
	case float64:
		return v != 0
	}
	return said(v)
}

// serviceGaps names what a container app does differently than a service.
func (t *told) serviceGaps(task *inventory.Resource, app cloud.ResourceID) {
	if strings.EqualFold(design.Text(task.Properties, "RuntimePlatform.CpuArchitecture"), "ARM64") {
		t.gap("ecs.arm64", "RuntimePlatform.CpuArchitecture=ARM64")
	}
	if strings.EqualFold(t.text("LaunchType"), "EC2") || strings.EqualFold(t.text("LaunchType"), "EXTERNAL") {
		t.gapOf("ecs.ec2", "LaunchType")
	}
	for _, s := range design.Maps(t.at("CapacityProviderStrategy")) {
		if provider := design.Text(s, "CapacityProvider"); strings.HasSuffix(provider, "SPOT") {
			t.gap("ecs.spot", "CapacityProviderStrategy="+provider)
		} else if provider != "FARGATE" {
			t.gap("ecs.ec2", "CapacityProviderStrategy="+shown(provider))
		}
	}
	if said(t.at("PlacementConstraints")) || said(t.at("PlacementStrategies")) {
		t.gap("ecs.placement", "PlacementStrategies="+shown(t.at("PlacementStrategies")))
	}
	if said(t.at("ServiceRegistries")) {
		t.gap("ecs.service-connect", "ServiceRegistries")
	}
	if design.True(t.r.Properties, "ServiceConnectConfiguration.Enabled") || said(t.at("VpcLatticeConfigurations")) {
		t.gap("ecs.service-connect", "ServiceConnectConfiguration")
	}
	if t.text("DeploymentController.Type") != "" && !strings.EqualFold(t.text("DeploymentController.Type"), "ECS") {
		t.gapOf("ecs.deployment-controller", "DeploymentController.Type")
	}
	for _, name := range []string{"Alarms", "DeploymentCircuitBreaker", "LifecycleHooks", "BakeTimeInMinutes", "CanaryConfiguration", "LinearConfiguration", "EarlySuccessCriteria"} {
		if v := t.at("DeploymentConfiguration." + name); on(v) {
			t.gap("ecs.deployment", "DeploymentConfiguration."+name+"="+shown(v))
		}
	}
	if kind := t.text("DeploymentConfiguration.Strategy"); kind != "" && !strings.EqualFold(kind, "ROLLING") {
		t.gapOf("ecs.deployment", "DeploymentConfiguration.Strategy")
	}
	if wait := design.Int(t.r.Properties, "HealthCheckGracePeriodSeconds", 0); wait > 0 {
		t.todo("give %s a startup probe if it needs up to %d s before it answers", common.LastName(app), wait)
	}
	if said(t.at("VolumeConfigurations")) {
		t.gap("ecs.volume", "VolumeConfigurations="+shown(t.at("VolumeConfigurations")))
	}
	if design.True(t.r.Properties, "EnableExecuteCommand") {
		t.gap("ecs.execute-command", "EnableExecuteCommand=true")
	}
	if strings.EqualFold(t.text("NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"), "ENABLED") {
		t.gap("ecs.public-address", "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp=ENABLED")
	}
	if len(design.List(t.at("LoadBalancers"))) > 0 {
		t.todo("know that %s answers under its own name behind the balancer: the host header has to be that of the app, or a custom domain", common.LastName(app))
	}
	t.gap("ecs.security-groups", "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups="+shown(t.at("NetworkConfiguration.AwsvpcConfiguration.SecurityGroups")))
}

// mostReplicas is how many a container app has at most (Microsoft Learn, "Set
// scaling rules in Azure Container Apps").
const mostReplicas = 1000

// scale gives the app its replicas: as many as the service wants, or between
// the bounds of its scalable target by its policies.
func (t *told) scale(_ *inventory.Resource) *containerapps.Scale {
	wanted := max(design.Int(t.r.Properties, "DesiredCount", 1), 0)
	s := &containerapps.Scale{MinReplicas: new(int64(min(wanted, mostReplicas))), MaxReplicas: new(int64(min(max(wanted, 1), mostReplicas)))}
	target := scalable(t.c, t.r)
	if target == nil {
		return s
	}
	least, most := design.Int(target.Properties, "MinCapacity", wanted), design.Int(target.Properties, "MaxCapacity", max(wanted, 1))
	s.MinReplicas, s.MaxReplicas = new(int64(min(max(least, 0), mostReplicas))), new(int64(min(max(most, least, 1), mostReplicas)))
	var rules []containerapps.ScaleRule
	for _, p := range t.c.OfKind("AWS::ApplicationAutoScaling::ScalingPolicy") {
		if !scales(t.c, p, target, t.r) {
			continue
		}
		if rule, ok := scaleRule(p); ok {
			rules = append(rules, rule)
		} else {
			t.gap("ecs.scaling", p.Name+"="+orElse(design.Text(p.Properties, "PolicyType"), "unknown"))
		}
	}
	if said(design.At(target.Properties, "ScheduledActions")) {
		t.gap("ecs.scheduled-scaling", "ScheduledActions")
	}
	s.Rules = list(rules)
	return s
}

// scalable returns the scalable target of a service.
func scalable(c *design.Context, service *inventory.Resource) *inventory.Resource {
	for _, target := range c.OfKind("AWS::ApplicationAutoScaling::ScalableTarget") {
		if names, ok := serviceNamed(c, target); ok && names == service {
			return target
		}
	}
	return nil
}

// serviceNamed finds the service in "service/<cluster>/<service>".
func serviceNamed(c *design.Context, r *inventory.Resource) (*inventory.Resource, bool) {
	id, ok := design.At(r.Properties, "ResourceId").(string)
	if !ok || !strings.HasPrefix(id, "service/") && !strings.Contains(id, "${ref:") {
		return nil, false
	}
	if found, ok := c.Find(r, id, "AWS::ECS::Service"); ok {
		return found, true
	}
	return c.Find(r, id[strings.LastIndexByte(id, '/')+1:], "AWS::ECS::Service")
}

func scales(c *design.Context, policy, target, service *inventory.Resource) bool {
	if found, ok := c.Find(policy, design.At(policy.Properties, "ScalingTargetId"), "AWS::ApplicationAutoScaling::ScalableTarget"); ok {
		return found == target
	}
	named, ok := serviceNamed(c, policy)
	return ok && named == service
}

// scaleRule writes a target-tracking policy on processor, memory or requests
// as a scale rule (Microsoft Learn, "Set scaling rules in Azure Container
// Apps").
func scaleRule(p *inventory.Resource) (containerapps.ScaleRule, bool) {
	config := design.At(p.Properties, "TargetTrackingScalingPolicyConfiguration")
	value, ok := design.Number(config, "TargetValue")
	if !ok || value < 1 {
		return containerapps.ScaleRule{}, false
	}
	whole := strconv.Itoa(int(value))
	custom := func(kind string) (containerapps.ScaleRule, bool) {
		return containerapps.ScaleRule{Name: new(kind), Custom: &containerapps.CustomScaleRule{Type: new(kind), Metadata: &map[string]string{"type": "Utilization", "value": whole}}}, true
	}
	switch design.Text(config, "PredefinedMetricSpecification.PredefinedMetricType") {
	case "ECSServiceAverageCPUUtilization":
		return custom("cpu")
	case "ECSServiceAverageMemoryUtilization":
		return custom("memory")
	case "ALBRequestCountPerTarget":
		// The source counts requests in a minute, the target those at a time; a
		// request of one second is assumed.
		return containerapps.ScaleRule{Name: new("http"), HTTP: &containerapps.HTTPScaleRule{Metadata: &map[string]string{"concurrentRequests": strconv.Itoa(max(int(value/60), 1))}}}, true
	}
	return containerapps.ScaleRule{}, false
}
