package compute

import (
	_ "embed"
	"slices"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

//go:embed gaps.tsv
var gapsTSV string

//go:embed plain.tsv
var plainTSV string

// Family returns the rules for machines, groups of them and load balancers.
func Family() design.Family {
	f := &family{}
	rules := slices.Concat(f.placeRules(), f.autoscalingRules(), f.ec2Rules(), f.elbv2Rules(), f.elbRules(), f.batchRules())
	plain, err := common.Plain(plainTSV, design.Compute)
	if err != nil {
		// The table is part of the program: a test reads it.
		plain = []design.Rule{{Name: "compute/plain: " + err.Error()}}
	}
	return design.Family{Name: "compute", Rules: append(rules, plain...), Gaps: gapsTSV, Start: f.start, Finish: f.finish}
}

// family is what the rules share during one Make: who belongs to whom, found
// once instead of for every resource.
type family struct {
	volumes map[cloud.ResourceID][]attached
	owners  map[cloud.ResourceID]*inventory.Resource
	// reports are what Systems Manager says of systems, by the id of a machine,
	// a group or an image.
	reports   map[string][]string
	groups    map[cloud.ResourceID]*inventory.Resource
	byName    map[string]*inventory.Resource
	children  map[cloud.ResourceID][]*inventory.Resource
	addresses map[cloud.ResourceID][]*inventory.Resource
	// alarms are those that start a scaling policy, by the policy; contents are
	// the images that a snapshot holds; started are the images that something
	// starts from.
	alarms   map[cloud.ResourceID][]*inventory.Resource
	contents map[cloud.ResourceID]*inventory.Resource
	started  map[cloud.ResourceID]bool
	// parameters are those that were declared, by what they say: two resources of one name
	// share the words of the first.
	parameters map[string]string
	// sizes are the answers of the catalogue: most machines wish the same.
	sizes map[catalog.Wish]sized
	// guarded are the application gateways that a web ACL guards.
	guarded []guard
	scales  map[cloud.ResourceID]*scale
	// faces counts the private front ends of gateways by their subnet.
	faces map[string]int
}

// sized is an answer of the catalogue.
type sized struct{ fit, missed []catalog.Choice }

// choices asks the catalogue once for a wish; the answer is not to be changed.
func (f *family) choices(c *design.Context, w catalog.Wish) (fit, missed []catalog.Choice) {
	known, ok := f.sizes[w]
	if !ok {
		known.fit, known.missed = c.Catalog.Sizes(w)
		f.sizes[w] = known
	}
	return known.fit, known.missed
}

// attached is a volume at an instance.
type attached struct {
	device string
	volume *inventory.Resource
}

// start finds who belongs to whom.
func (f *family) start(c *design.Context) {
	*f = family{
		volumes: map[cloud.ResourceID][]attached{}, owners: map[cloud.ResourceID]*inventory.Resource{}, reports: map[string][]string{}, groups: map[cloud.ResourceID]*inventory.Resource{},
		byName: map[string]*inventory.Resource{}, children: map[cloud.ResourceID][]*inventory.Resource{}, addresses: map[cloud.ResourceID][]*inventory.Resource{},
		alarms: map[cloud.ResourceID][]*inventory.Resource{}, contents: map[cloud.ResourceID]*inventory.Resource{}, started: map[cloud.ResourceID]bool{},
		scales: map[cloud.ResourceID]*scale{}, faces: map[string]int{}, parameters: map[string]string{}, sizes: map[catalog.Wish]sized{},
	}
	for _, r := range c.OfKind(groupKind) {
		f.byName[design.Text(r.Properties, "AutoScalingGroupName")] = r
		for _, i := range c.FindAll(r, r.Attributes["Instances"], instanceKind) {
			f.groups[i.ID] = r
		}
	}
	for _, r := range c.OfKind(instanceKind) {
		if g := f.byName[r.Tags["aws:autoscaling:groupName"]]; g != nil && r.Tags["aws:autoscaling:groupName"] != "" {
			f.groups[r.ID] = g
		}
		for _, v := range design.Maps(r.Properties["Volumes"]) {
			f.attach(c, r, v["VolumeId"], design.Text(v, "Device"))
		}
	}
	for _, r := range c.OfKind("AWS::EC2::VolumeAttachment") {
		if i, ok := c.Find(r, r.Properties["InstanceId"], instanceKind); ok {
			f.attach(c, i, r.Properties["VolumeId"], design.Text(r.Properties, "Device"), r)
		}
	}
	for _, r := range c.OfKind(volumeKind) {
		for _, a := range design.Maps(r.Attributes["Attachments"]) {
			if i, ok := c.Find(r, a["InstanceId"], instanceKind); ok {
				f.attach(c, i, string(r.ID), design.Text(a, "Device"))
			}
		}
	}
	f.startReports(c)
	f.startAddresses(c)
	f.startImages(c)
	f.startBalancers(c)
}

// attach notes a volume at an instance once. from is the resource that the
// volume's name stands in, the instance itself when there is none.
func (f *family) attach(c *design.Context, i *inventory.Resource, volume any, device string, from ...*inventory.Resource) {
	at := i
	if len(from) > 0 {
		at = from[0]
	}
	v, ok := c.Find(at, volume, volumeKind)
	if !ok || slices.ContainsFunc(f.volumes[i.ID], func(a attached) bool { return a.volume == v }) {
		return
	}
	f.volumes[i.ID] = append(f.volumes[i.ID], attached{device, v})
	f.owners[v.ID] = i
}

// startImages finds what holds and what uses an image, and what starts a
// policy.
func (f *family) startImages(c *design.Context) {
	const imageKind cloud.Kind = "AWS::EC2::Image"
	for _, r := range c.OfKind(imageKind) {
		for _, b := range design.Maps(r.Properties["BlockDeviceMappings"]) {
			if s, ok := c.Find(r, design.At(b, "Ebs.SnapshotId"), "AWS::EC2::Snapshot"); ok {
				f.contents[s.ID] = r
			}
		}
	}
	for _, r := range c.OfKind(instanceKind, templateKind, "AWS::AutoScaling::LaunchConfiguration") {
		for _, path := range []string{"ImageId", "LaunchTemplateData.ImageId"} {
			if image, ok := c.Find(r, design.At(r.Properties, path), imageKind); ok {
				f.started[image.ID] = true
			}
		}
	}
	for _, alarm := range c.OfKind("AWS::CloudWatch::Alarm") {
		for _, policy := range c.FindAll(alarm, alarm.Properties["AlarmActions"], "AWS::AutoScaling::ScalingPolicy") {
			f.alarms[policy.ID] = append(f.alarms[policy.ID], alarm)
		}
	}
}

// startAddresses finds the elastic addresses of instances and interfaces.
func (f *family) startAddresses(c *design.Context) {
	note := func(from, eip *inventory.Resource, owner any) {
		if r, ok := c.Find(from, owner, instanceKind, interfaceKind); ok && !slices.Contains(f.addresses[r.ID], eip) {
			f.addresses[r.ID] = append(f.addresses[r.ID], eip)
		}
	}
	for _, r := range c.OfKind("AWS::EC2::EIP") {
		note(r, r, r.Properties["InstanceId"])
		note(r, r, r.Attributes["NetworkInterfaceId"])
	}
	for _, r := range c.OfKind("AWS::EC2::EIPAssociation") {
		eip, ok := c.Find(r, r.Properties["AllocationId"], "AWS::EC2::EIP")
		if !ok {
			eip, ok = c.Find(r, r.Properties["EIP"], "AWS::EC2::EIP")
		}
		if ok {
			note(r, eip, r.Properties["InstanceId"])
			note(r, eip, r.Properties["NetworkInterfaceId"])
		}
	}
}

// finish attaches what later rules put.
func (f *family) finish(c *design.Context) {
	for _, g := range f.guarded {
		g.attach(c)
	}
}

// The source kinds that several rules ask for, and the targets.
const (
	instanceKind  cloud.Kind = "AWS::EC2::Instance"
	volumeKind    cloud.Kind = "AWS::EC2::Volume"
	interfaceKind cloud.Kind = "AWS::EC2::NetworkInterface"
	templateKind  cloud.Kind = "AWS::EC2::LaunchTemplate"
	groupKind     cloud.Kind = "AWS::AutoScaling::AutoScalingGroup"
	balancerKind  cloud.Kind = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	listenerKind  cloud.Kind = "AWS::ElasticLoadBalancingV2::Listener"
	targetsKind   cloud.Kind = "AWS::ElasticLoadBalancingV2::TargetGroup"

	vmKind       cloud.Kind = "Microsoft.Compute/virtualMachines"
	scaleSetKind cloud.Kind = "Microsoft.Compute/virtualMachineScaleSets"
	diskKind     cloud.Kind = "Microsoft.Compute/disks"
	nicKind      cloud.Kind = "Microsoft.Network/networkInterfaces"
	publicKind   cloud.Kind = "Microsoft.Network/publicIPAddresses"
	gatewayKind  cloud.Kind = "Microsoft.Network/applicationGateways"
	lbKind       cloud.Kind = "Microsoft.Network/loadBalancers"
	identityKind cloud.Kind = "Microsoft.ManagedIdentity/userAssignedIdentities"
)

// ownedBy retires what AWS made by itself, before a rule looks at it.
func ownedBy(r *inventory.Resource) (design.Decision, bool) {
	switch {
	case slices.Contains(r.Marks, inventory.ServiceLinked):
		return design.Decision{Action: design.Retire, Confidence: common.LikeForLike, Why: "a service of AWS made it for itself; the target's service makes its own"}, true
	case slices.Contains(r.Marks, inventory.Default):
		return design.Decision{Action: design.Retire, Confidence: common.LikeForLike, Why: "it is AWS's own default, which every account has"}, true
	}
	return design.Decision{}, false
}

// rule wraps an apply with what all rules of the family do first.
func rule(r design.Rule, apply func(c *design.Context, r *inventory.Resource) design.Decision) design.Rule {
	r.Apply = func(c *design.Context, r *inventory.Resource) design.Decision {
		if d, ok := ownedBy(r); ok {
			return d
		}
		if c.Shared(r) {
			return shared(r)
		}
		return apply(c, r)
	}
	return r
}

// shared leaves what others use too: a second machine or balancer beside it
// would serve nobody.
func shared(r *inventory.Resource) design.Decision {
	return design.Decision{
		Action: design.Retain, Confidence: common.NamedGaps, EffortDays: 1,
		Why: "the workload reaches it from the target over the network between the clouds",
		ToDo: []string{
			"agree with the owner of " + r.Name + " how the workload reaches it from Azure: over the VPN or ExpressRoute with a private address, or over its public name with an allow-list",
			"enter the workload's new addresses into the security groups of " + r.Name + ", and plan the latency and the egress cost of each call",
		},
	}
}

// parameter declares a value that the deployment supplies, once for what it
// says of itself.
func (f *family) parameter(c *design.Context, p design.Parameter) string {
	key := strings.ToLower(p.Name) + "|" + p.Description
	if _, ok := f.parameters[key]; !ok {
		f.parameters[key] = c.ParameterOf(nil, p)
	}
	return f.parameters[key]
}
