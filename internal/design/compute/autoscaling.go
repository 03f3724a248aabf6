package compute

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

func (f *family) autoscalingRules() []design.Rule {
	const page = "Azure Architecture Center, Compare compute services on Azure and AWS"
	const scaling = "Microsoft Learn, Overview of autoscale in Azure"
	settings := []cloud.Kind{settingsKind}
	return []design.Rule{
		rule(design.Rule{Name: "autoscaling/group", Kinds: []cloud.Kind{groupKind}, Stage: design.Compute, Source: page, Targets: []cloud.Kind{scaleSetKind}}, f.group),
		rule(design.Rule{Name: "ec2/launchtemplate", Kinds: []cloud.Kind{templateKind, "AWS::AutoScaling::LaunchConfiguration"}, Stage: design.Edge, Source: page}, f.template),
		rule(design.Rule{Name: "autoscaling/lifecyclehook", Kinds: []cloud.Kind{"AWS::AutoScaling::LifecycleHook"}, Stage: design.Operations, Source: page}, f.hook),
		rule(design.Rule{Name: "autoscaling/warmpool", Kinds: []cloud.Kind{"AWS::AutoScaling::WarmPool"}, Stage: design.Operations, Source: page}, f.warmPool),
		rule(design.Rule{Name: "autoscaling/scalingpolicy", Kinds: []cloud.Kind{"AWS::AutoScaling::ScalingPolicy"}, Stage: design.Operations, Source: scaling, Targets: settings}, f.policy),
		rule(design.Rule{Name: "autoscaling/scheduledaction", Kinds: []cloud.Kind{"AWS::AutoScaling::ScheduledAction"}, Stage: design.Operations, Source: scaling, Targets: settings}, f.scheduled),
		rule(design.Rule{Name: "applicationautoscaling/target", Kinds: []cloud.Kind{"AWS::ApplicationAutoScaling::ScalableTarget"}, Stage: design.Operations, Source: scaling}, f.scalable),
		rule(design.Rule{Name: "applicationautoscaling/policy", Kinds: []cloud.Kind{"AWS::ApplicationAutoScaling::ScalingPolicy"}, Stage: design.Operations, Source: scaling}, f.scalablePolicy),
	}
}

// group decides an Auto Scaling group.
func (f *family) group(c *design.Context, r *inventory.Resource) design.Decision {
	if owner := ownerByTags(r.Tags); owner != "" {
		return design.Decision{Action: design.Replace, Confidence: common.NamedGaps, Why: "it holds the nodes of " + owner + ": the target's service makes its own",
			ToDo: []string{"check that " + owner + " is in the boundary, so that its counterpart runs what this group runs"}}
	}
	data, template := f.groupData(c, r)
	m := f.newMachine(c, r, data)
	m.made(data, template, r.Properties["LaunchTemplate"], design.At(r.Properties, "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification"))
	m.zonal = len(m.groupZones()) > 0
	if owner := f.containers(m); owner != "" {
		m.Decide(design.Replace, common.NamedGaps, "its members are container hosts of %s: the target's service brings its own", owner)
		return m.Decision
	}
	m.Knows("AutoScalingGroupName", "AutoScalingGroupARN", "AvailabilityZones", "AvailabilityZoneIds", "LaunchConfigurationName", "MixedInstancesPolicy", "VPCZoneIdentifier", "TargetGroupARNs", "TrafficSources",
		"LoadBalancerNames", "ServiceLinkedRoleARN", "DefaultInstanceWarmup", "Status", "LaunchTemplateData", "SkipZonalShiftValidation", "LifecycleHookSpecificationList")
	m.read("")
	if m.size == "" {
		m.Decide(design.Manual, common.Guess, "a group of %s: %s", describe(m), m.why)
		m.Do("choose a size for %s under design.overrides, keep it at AWS, or find a service that does its work without that hardware", r.Name)
		return m.Done()
	}
	set := f.newScale(m)
	id := set.put()
	f.scales[r.ID] = set
	if template != nil {
		c.Attach(template, id)
	}
	m.startGaps()
	m.diskGaps()
	set.gaps()
	m.Decide(design.Migrate, min(positive(m.Confidence), common.NamedGaps), "%d to %d x %s become a flexible scale set of %d to %d x %s over %s%s. %s",
		set.minimum, set.maximum, describe(m), set.minimum, set.maximum, m.size, zoneWords(set.zones), m.sizeWords(), m.imageWords())
	m.EffortDays = 2
	m.Not("Azure App Service or Azure Container Apps", "it changes how the program is built and run: an improvement for after the move")
	m.costOf(max(set.capacity, set.minimum, 1))
	return m.Done()
}

func zoneWords(zones []string) string {
	switch len(zones) {
	case 0:
		return "the region"
	case 1:
		return "zone " + zones[0]
	}
	return "zones " + strings.Join(zones, ", ")
}

// groupData finds what a group's members are made of.
func (f *family) groupData(c *design.Context, r *inventory.Resource) (map[string]any, *inventory.Resource) {
	for _, spec := range []any{r.Properties["LaunchTemplate"], design.At(r.Properties, "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification")} {
		if data, template := launchData(c, r, spec); template != nil {
			return data, template
		}
	}
	if config, ok := c.Find(r, r.Properties["LaunchConfigurationName"], "AWS::AutoScaling::LaunchConfiguration"); ok {
		return config.Properties, config
	}
	if i, ok := c.Find(r, r.Properties["InstanceId"], instanceKind); ok {
		return i.Properties, nil
	}
	return nil, nil
}

// containers names the cluster whose hosts the group's members are.
func (f *family) containers(m *machine) string {
	for _, p := range m.C.OfKind("AWS::ECS::CapacityProvider") {
		if g, ok := m.C.Find(p, design.At(p.Properties, "AutoScalingGroupProvider.AutoScalingGroupArn"), groupKind); ok && g == m.r {
			return "ECS (capacity provider " + p.Name + ")"
		}
	}
	text := m.userData()
	switch {
	case strings.Contains(text, "ECS_CLUSTER"):
		return "an ECS cluster"
	case strings.Contains(text, "/etc/eks/bootstrap.sh") || strings.Contains(text, "nodeadm"):
		return "an EKS cluster"
	}
	return ""
}

// mostMembers is how many machines a flexible scale set takes (Microsoft Learn,
// "Orchestration modes for Virtual Machine Scale Sets in Azure").
const mostMembers = 1000

// newScale reads the group's size, places and health.
func (f *family) newScale(m *machine) *scale {
	s := &scale{m: m, minimum: max(m.Int("MinSize", 1), 0), maximum: max(m.Int("MaxSize", 1), 0)}
	s.capacity = m.Int("DesiredCapacity", s.minimum)
	s.maximum = max(s.maximum, s.minimum)
	if s.maximum > mostMembers {
		m.Do("%s grows to %d members, and a scale set to %d: make several scale sets, or ask whether so many are needed", m.name, s.maximum, mostMembers)
		s.minimum, s.maximum = min(s.minimum, mostMembers), mostMembers
	}
	s.capacity = min(max(s.capacity, s.minimum), s.maximum)
	s.subnets = splitNames(m.List("VPCZoneIdentifier"))
	s.zones = m.groupZones()
	s.mixed()
	s.health()
	return s
}

// groupZones are the target's zones for those that the members stand in.
func (m *machine) groupZones() []string {
	var zones []string
	note := func(zone string, ok bool) {
		if ok && !slices.Contains(zones, zone) {
			zones = append(zones, zone)
		}
	}
	for _, subnet := range splitNames(m.List("VPCZoneIdentifier")) {
		note(m.C.ZoneOf(m.r, subnet))
	}
	for _, name := range m.Texts("AvailabilityZones") {
		note(m.C.Zone(name))
	}
	slices.Sort(zones)
	return zones
}

// splitNames reads lists that some readers keep as one text with commas.
func splitNames(list []any) []any {
	var out []any
	for _, v := range list {
		text, ok := v.(string)
		if !ok {
			out = append(out, v)
			continue
		}
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// mixed reads a mixed instances policy: the share of spot machines and the
// other types.
func (s *scale) mixed() {
	policy := s.m.At("MixedInstancesPolicy")
	if policy == nil {
		return
	}
	above := design.Int(policy, "InstancesDistribution.OnDemandPercentageAboveBaseCapacity", 100)
	s.regularBase, s.regularShare = design.Int(policy, "InstancesDistribution.OnDemandBaseCapacity", 0), min(max(above, 0), 100)
	s.spot = s.regularShare < 100
	s.cheapest = design.Text(policy, "InstancesDistribution.SpotAllocationStrategy") == "lowest-price" || design.Text(policy, "InstancesDistribution.OnDemandAllocationStrategy") == "lowest-price"
	if s.spot {
		s.m.Gap("ec2.spot", "MixedInstancesPolicy.InstancesDistribution.OnDemandPercentageAboveBaseCapacity="+strconv.Itoa(above))
	}
	s.m.Rest("MixedInstancesPolicy.InstancesDistribution", design.At(policy, "InstancesDistribution"), "DistributionSegments")
	for _, o := range design.Maps(design.At(policy, "LaunchTemplate.Overrides")) {
		s.m.Rest("MixedInstancesPolicy.LaunchTemplate.Overrides", o, "ImageId", "LaunchTemplateSpecification")
		if kind := design.Text(o, "InstanceType"); kind != "" && !common.Unresolved(kind) {
			s.types = append(s.types, kind)
		}
		if o["WeightedCapacity"] != nil {
			s.m.Gap("fleet.weights", "MixedInstancesPolicy.LaunchTemplate.Overrides.WeightedCapacity="+design.Text(o, "WeightedCapacity"))
		}
		if o["InstanceRequirements"] != nil {
			s.m.Gap("fleet.weights", "MixedInstancesPolicy.LaunchTemplate.Overrides.InstanceRequirements")
		}
	}
	if price := design.Text(policy, "InstancesDistribution.SpotMaxPrice"); price != "" {
		s.m.Do("the highest spot price of %s dollars is one for EC2: the scale set takes up to the pay-as-you-go price; set maxPrice if it should not", price)
	}
}

// health reads how the group judges its members.
func (s *scale) health() {
	s.grace = s.m.Int("HealthCheckGracePeriod", 300)
	kinds := strings.ToUpper(s.m.Text("HealthCheckType"))
	s.probed = strings.Contains(kinds, "ELB") || strings.Contains(kinds, "VPC_LATTICE")
	if strings.Contains(kinds, "EBS") {
		s.m.Gap("asg.ebs-health", "HealthCheckType="+kinds)
	}
	var groups []any
	groups = append(groups, s.m.List("TargetGroupARNs")...)
	for _, t := range s.m.Maps("TrafficSources") {
		groups = append(groups, t["Identifier"])
	}
	for _, name := range s.m.Texts("LoadBalancerNames") {
		if _, ok := s.m.C.Find(s.m.r, name, classicKind); !ok {
			s.m.Do("the classic load balancer %s is not part of the workload: enter the scale set's members into what stands for it", common.Shown(name))
		}
	}
	for _, ref := range groups {
		if t, ok := s.m.C.Find(s.m.r, ref, targetsKind); !ok {
			s.m.Do("the target group %s is not part of the workload: enter the scale set's members into what stands for it", common.Shown(ref))
		} else if !slices.Contains(s.targets, t) {
			s.targets = append(s.targets, t)
		}
	}
}

// template decides a launch template or configuration, which scale sets and
// machines have inside them.
func (f *family) template(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("LaunchTemplateData", "LaunchTemplateName", "LaunchTemplateId", "DefaultVersionNumber", "LatestVersionNumber", "VersionDescription", "TagSpecifications", "LaunchConfigurationName")
	if targets := c.TargetsOf(r); len(targets) > 0 {
		var names []string
		for _, id := range targets {
			names = append(names, common.LastName(id))
		}
		slices.Sort(names)
		for name := range r.Properties {
			s.Knows(name) // the users of the template read them and name their gaps
		}
		s.Decide(design.Replace, common.LikeForLike, "what it says of machines stands in %s", strings.Join(names, ", "))
		if v := design.Int(r.Properties, "LatestVersionNumber", 1); v > 1 {
			s.Gap("lt.versions", "LatestVersionNumber="+strconv.Itoa(v))
		}
		return s.Done()
	}
	s.Decide(design.Retire, common.NamedGaps, "nothing in the workload starts machines from it")
	return s.Done()
}

// hook decides a lifecycle hook: the terminate notification of the scale set
// gives a machine time before it goes; nothing holds one back that comes.
func (f *family) hook(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("LifecycleHookName", "AutoScalingGroupName", "RoleARN", "NotificationMetadata", "DefaultResult")
	set := f.scaleOf(c, r)
	if set == nil {
		return orphan(s, "lifecycle hook")
	}
	c.Attach(r, set.id)
	id := "asg.launch-hook"
	if strings.Contains(s.Text("LifecycleTransition"), "TERMINATING") {
		id = "asg.terminate-hook"
		minutes := min(max((s.Int("HeartbeatTimeout", 3600)+59)/60, 5), 15)
		if target, ok := c.Resource(set.id); ok {
			setBody(target.Body, "PT"+strconv.Itoa(minutes)+"M", "properties", "virtualMachineProfile", "scheduledEventsProfile", "terminateNotificationProfile", "notBeforeTimeout")
			setBody(target.Body, true, "properties", "virtualMachineProfile", "scheduledEventsProfile", "terminateNotificationProfile", "enable")
		}
	}
	s.Meets(id, "LifecycleTransition")
	if s.Has("NotificationTargetARN") {
		s.Do("whoever listens at %s is no longer told: let the machine itself watch the scheduled events of the metadata service, or subscribe to the scale set's events in Event Grid", common.Shown(s.At("NotificationTargetARN")))
	}
	s.Decide(design.Replace, common.Redesign, "the scale set %s tells its members before it removes them, and cannot wait for one to be ready", common.LastName(set.id))
	return s.Done()
}

func (f *family) warmPool(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("AutoScalingGroupName", "InstanceReusePolicy", "MaxGroupPreparedCapacity", "MinSize", "PoolState")
	set := f.scaleOf(c, r)
	if set == nil {
		return orphan(s, "warm pool")
	}
	c.Attach(r, set.id)
	s.Gap("asg.warm-pool", "PoolState="+common.Shown(s.At("PoolState")))
	s.Decide(design.Manual, common.Redesign, "a standby pool keeps machines ready for the scale set %s, and is made beside it", common.LastName(set.id))
	s.Do("create a standby pool (Microsoft.StandbyPool/standbyVirtualMachinePools) for %s with at least %s, and give its service the right to make them; the first growth then takes them", common.LastName(set.id), common.Count(s.Int("MinSize", 0), "machine"))
	s.Not("a higher minimum of the scale set", "the machines run and cost, but nothing else has to be learned")
	return s.Done()
}

// orphan decides what belongs to a group that is not part of the design.
func orphan(s *common.Sheet, what string) design.Decision {
	s.Decide(design.Manual, common.Guess, "the %s belongs to an Auto Scaling group without a scale set in this design", what)
	s.Do("decide what becomes of %s with the service that owns its group", s.R.Name)
	return s.Decision
}

// scaleOf returns the scale set of the group that a resource names.
func (f *family) scaleOf(c *design.Context, r *inventory.Resource) *scale {
	g, ok := c.Find(r, r.Properties["AutoScalingGroupName"], groupKind)
	if !ok {
		return nil
	}
	return f.scales[g.ID]
}

// setBody sets a value at a path of a body.
func setBody(body map[string]any, value any, path ...string) {
	for _, step := range path[:len(path)-1] {
		next, ok := body[step].(map[string]any)
		if !ok {
			next = map[string]any{}
			body[step] = next
		}
		body = next
	}
	body[path[len(path)-1]] = value
}
