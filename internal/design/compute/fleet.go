package compute

import (
	"strconv"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// spotFleet decides a Spot fleet request: a scale set with spot machines.
func (f *family) spotFleet(c *design.Context, r *inventory.Resource) design.Decision {
	config := design.At(r.Properties, "SpotFleetRequestConfigData")
	first := design.At(config, "LaunchSpecifications")
	data, _ := first.(map[string]any)
	if list := design.Maps(first); len(list) > 0 {
		data = list[0]
	}
	var template *inventory.Resource
	if data == nil {
		data, template = launchData(c, r, design.At(config, "LaunchTemplateConfigs.LaunchTemplateSpecification"))
	}
	m := f.newMachine(c, r, data)
	m.Knows("SpotFleetRequestConfigData", "SpotPrice", "WeightedCapacity")
	total := design.Int(config, "TargetCapacity", 0)
	regular := design.Int(config, "OnDemandTargetCapacity", 0)
	return f.fleet(m, fleetSize{total: total, regular: regular, spot: true, template: template, overrides: design.Maps(design.At(config, "LaunchTemplateConfigs.Overrides"))})
}

// ec2Fleet decides an EC2 fleet.
func (f *family) ec2Fleet(c *design.Context, r *inventory.Resource) design.Decision {
	data, template := launchData(c, r, design.At(r.Properties, "LaunchTemplateConfigs.LaunchTemplateSpecification"))
	m := f.newMachine(c, r, data)
	m.Knows("FleetId", "LaunchTemplateConfigs", "TargetCapacitySpecification", "Context", "Type", "SpotOptions", "OnDemandOptions")
	total := m.Int("TargetCapacitySpecification.TotalTargetCapacity", 0)
	spot := m.Text("TargetCapacitySpecification.DefaultTargetCapacityType") == "spot" || m.Int("TargetCapacitySpecification.SpotTargetCapacity", 0) > 0
	regular := m.Int("TargetCapacitySpecification.OnDemandTargetCapacity", 0)
	if m.Text("Type") == "instant" {
		m.Do("an instant fleet is asked for once and not kept at its size: start the scale set at %s and leave automatic repairs off", common.Count(total, "machine"))
	}
	return f.fleet(m, fleetSize{total: total, regular: regular, spot: spot, template: template, overrides: design.Maps(m.At("LaunchTemplateConfigs.Overrides"))})
}

// fleetSize is how many machines of which kind a fleet holds.
type fleetSize struct {
	total, regular int
	spot           bool
	template       *inventory.Resource
	overrides      []map[string]any
}

func (f *family) fleet(m *machine, size fleetSize) design.Decision {
	for _, o := range size.overrides {
		if m.typeName() == "" && design.Text(o, "InstanceType") != "" {
			m.R.Properties["InstanceType"] = o["InstanceType"]
		}
	}
	m.read("")
	if m.size == "" {
		m.Decide(design.Manual, common.Guess, "a fleet of %s: %s", describe(m), m.why)
		m.Do("find a home for %s by hand", m.r.Name)
		return m.Done()
	}
	set := &scale{m: m, capacity: size.total, minimum: size.total, maximum: size.total}
	for _, o := range size.overrides {
		set.subnets = append(set.subnets, design.List(o["SubnetId"])...)
		if kind := design.Text(o, "InstanceType"); kind != "" {
			set.types = append(set.types, kind)
		}
	}
	if subnet := firstSubnet(m); len(set.subnets) == 0 && subnet != nil {
		set.subnets = []any{subnet}
	}
	if size.spot {
		set.spot, set.regularBase = true, size.regular
		m.Gap("ec2.spot", "target capacity "+strconv.Itoa(size.total)+", of which "+strconv.Itoa(size.regular)+" on demand")
	}
	id := set.put()
	if size.template != nil {
		m.C.Attach(size.template, id)
	}
	m.startGaps()
	m.diskGaps()
	m.Gap("fleet.weights", m.r.Name)
	m.Decide(design.Migrate, common.Redesign, "a fleet of %d x %s becomes a scale set of %d x %s%s. %s", size.total, describe(m), size.total, m.size, m.sizeWords(), m.imageWords())
	m.EffortDays = 2
	m.cost()
	return m.Done()
}
