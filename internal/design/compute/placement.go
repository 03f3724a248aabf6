package compute

import (
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/compute/2025-04-01/capacityreservationgroups"
	"github.com/hashicorp/go-azure-sdk/resource-manager/compute/2025-04-01/capacityreservations"
	"github.com/hashicorp/go-azure-sdk/resource-manager/compute/2025-04-01/dedicatedhostgroups"
	"github.com/hashicorp/go-azure-sdk/resource-manager/compute/2025-04-01/dedicatedhosts"
	"github.com/hashicorp/go-azure-sdk/resource-manager/compute/2025-04-01/proximityplacementgroups"
)

const (
	hostGroupKind        cloud.Kind = "Microsoft.Compute/hostGroups"
	hostKind             cloud.Kind = "Microsoft.Compute/hostGroups/hosts"
	reservationGroupKind cloud.Kind = "Microsoft.Compute/capacityReservationGroups"
	reservationKind      cloud.Kind = "Microsoft.Compute/capacityReservationGroups/capacityReservations"
	proximityKind        cloud.Kind = "Microsoft.Compute/proximityPlacementGroups"
)

// placement is where a machine has to stand.
type placement struct {
	proximity, host, hosts, reservation cloud.ResourceID
	spread                              bool
}

func (m *machine) placement() placement {
	var out placement
	if name, _ := m.first("PlacementGroupName", "Placement.GroupName", "Placement.GroupId", "PlacementGroup"); name != "" {
		group, ok := m.C.Find(m.r, name, "AWS::EC2::PlacementGroup")
		if ok {
			out.proximity, _ = m.C.TargetOf(group, proximityKind)
			out.spread = strategy(group) != "cluster"
		}
		if out.proximity == "" {
			m.Gap("ec2.placement", "PlacementGroupName="+name)
		}
	}
	tenancy, _ := m.first("Tenancy", "Placement.Tenancy", "PlacementTenancy")
	hostID, _ := m.first("HostId", "Placement.HostId")
	if _, at := m.first("HostResourceGroupArn", "Placement.HostResourceGroupArn"); at != "" {
		m.Meets("ec2.host-affinity", at)
	}
	if affinity, at := m.first("Affinity", "Placement.Affinity"); affinity == "host" {
		m.Meets("ec2.host-affinity", at)
	}
	if host, ok := m.C.Find(m.r, hostID, "AWS::EC2::Host"); ok {
		out.host, _ = m.C.TargetOf(host, hostKind)
		return out
	}
	if hostID != "" {
		m.Do("the dedicated host %s is not part of the workload: name the one that stands in", common.Shown(hostID))
	}
	m.Rest("Placement", m.At("Placement"), "PartitionNumber", "SpreadDomain")
	if v := m.Text("Placement.Affinity"); v != "" && v != "default" && v != "host" {
		m.Meets("ec2.host-affinity", "Placement.Affinity")
	}
	switch tenancy {
	case "host", "dedicated":
		out.hosts = m.dedicated()
		m.Gap("ec2.dedicated", "Tenancy="+tenancy)
	}
	if r, ok := m.C.Find(m.r, m.At("CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId"), "AWS::EC2::CapacityReservation"); ok {
		out.reservation, _ = m.C.TargetOf(r, reservationGroupKind)
	} else if m.Has("CapacityReservationSpecification.CapacityReservationTarget") {
		m.Meets("ec2.reservation", "CapacityReservationSpecification.CapacityReservationTarget")
	}
	return out
}

// dedicated returns the group of hosts for machines that stand alone: it is
// put once for each zone, with automatic placement.
func (m *machine) dedicated() cloud.ResourceID {
	m.Do("create hosts in the host group for %s (the SKU of the host follows the family of %s) and ask for their quota", m.name, m.size)
	return m.C.Once("compute/hosts|"+m.zone, func() cloud.ResourceID { return putHostGroup(m.C, m.C.Options.Workload, m.zone, true) })
}

func putHostGroup(c *design.Context, base, zone string, automatic bool, sources ...*inventory.Resource) cloud.ResourceID {
	model := dedicatedhostgroups.DedicatedHostGroup{Properties: &dedicatedhostgroups.DedicatedHostGroupProperties{PlatformFaultDomainCount: 1, SupportAutomaticPlacement: new(automatic)}}
	if zone != "" {
		model.Zones = &[]string{zone}
	}
	return c.Put(design.Target{Type: hostGroupKind, Base: base, Model: model}, sources...)
}

func strategy(r *inventory.Resource) string {
	if s := design.Text(r.Properties, "Strategy"); s != "" {
		return strings.ToLower(s)
	}
	return "cluster"
}

// placementGroup decides a placement group: clusters stand close together,
// spread and partition groups apart, which zones and fault domains do.
func placementGroup(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("GroupName", "GroupId", "ParentGroupId")
	kind := strategy(r)
	s.At("Strategy")
	if kind == "cluster" {
		c.Put(design.Target{Type: proximityKind, Base: r.Name, Model: proximityplacementgroups.ProximityPlacementGroup{
			Properties: &proximityplacementgroups.ProximityPlacementGroupProperties{ProximityPlacementGroupType: new(proximityplacementgroups.ProximityPlacementGroupTypeStandard)},
		}}, r)
		s.Gap("ec2.placement-cluster", "Strategy=cluster")
		s.Decide(design.Migrate, common.NamedGaps, "a cluster placement group becomes a proximity placement group, which keeps machines in one data centre")
		return s.Done()
	}
	s.Gap("ec2.placement", "Strategy="+kind)
	s.Knows("PartitionCount", "SpreadLevel")
	s.Decide(design.Replace, common.NamedGaps, "a %s placement group keeps machines apart; at the target zones and the fault domains of a scale set do", kind)
	s.Do("put machines of %s into a scale set with several fault domains, or into an availability set, where zones alone are not enough", r.Name)
	return s.Done()
}

// host decides a dedicated host. The SKU of a host names a family of sizes, so
// it follows the size that the host's instance type becomes.
func (f *family) host(c *design.Context, r *inventory.Resource) design.Decision {
	m := f.newMachine(c, r, nil)
	m.Knows("HostId", "AutoPlacement", "HostRecovery", "HostMaintenance", "AssetId", "OutpostArn", "InstanceFamily")
	if m.typeName() == "" {
		m.R.Properties["InstanceType"] = design.Text(r.Properties, "InstanceFamily") + ".large"
	}
	m.zone, _ = c.Zone(m.Text("AvailabilityZone"))
	m.choose()
	sku := hostSKU(m.facts)
	if sku == "" {
		m.Decide(design.Manual, common.Redesign, "a dedicated host of %s has no counterpart that the catalogue knows", common.Shown(m.At("InstanceFamily")))
		m.Do("choose a dedicated host SKU for the size that %s's machines become, and put them into its host group", r.Name)
		return m.Done()
	}
	group := putHostGroup(c, r.Name, m.zone, design.Text(r.Properties, "AutoPlacement") != "off", r)
	c.Put(design.Target{Type: hostKind, Parent: group, Base: r.Name, Location: c.Place.Location, Model: dedicatedhosts.DedicatedHost{
		Sku:        dedicatedhosts.Sku{Name: new(sku)},
		Properties: &dedicatedhosts.DedicatedHostProperties{AutoReplaceOnFailure: new(design.Text(r.Properties, "HostRecovery") == "on"), PlatformFaultDomain: new(int64(0))},
	}}, r)
	m.Gap("ec2.dedicated", "InstanceType="+m.typeName())
	m.Decide(design.Migrate, common.NamedGaps, "a dedicated host for %s becomes a host of SKU %s, where %s runs", m.typeName(), sku, m.size)
	m.Do("check the SKU %s of the dedicated host in the region, and ask for its quota", sku)
	return m.Done()
}

// hostSKU names the host for a family of sizes: the pattern of Microsoft Learn,
// "General purpose Azure Dedicated Host SKUs".
func hostSKU(size catalog.VMSize) string {
	letters := strings.ReplaceAll(strings.ReplaceAll(size.Letters, "l", ""), "d", "")
	switch {
	case (size.Class == "D" || size.Class == "E") && size.Version == 5 && (letters == "as" || letters == "s"):
		return size.Class + letters + "v5-Type1"
	case size.Class == "F" && size.Version == 2:
		return "Fsv2-Type3"
	case size.Class == "M" && letters == "s" && size.Version == 2:
		return "Msv2-Type1"
	}
	return ""
}

// hosted reports whether the machine stands on hardware of its own.
func (m *machine) hosted() bool {
	tenancy, _ := m.first("Tenancy", "Placement.Tenancy", "PlacementTenancy")
	host, _ := m.first("HostId", "Placement.HostId")
	return host != "" || tenancy == "host" || tenancy == "dedicated" || m.r.Kind == "AWS::EC2::Host"
}

// reservation decides a capacity reservation.
func (f *family) reservation(c *design.Context, r *inventory.Resource) design.Decision {
	m := f.newMachine(c, r, nil)
	m.Knows("AvailableInstanceCount", "TotalInstanceCount", "StartDate", "CapacityReservationArn", "CreateDate", "OwnerId", "ReservationType", "CapacityAllocationSet", "CommitmentInfo",
		"DeliveryPreference", "CapacityReservationFleetId", "EphemeralStorage", "InstanceMatchCriteria", "InstancePlatform", "PlacementGroupArn", "AvailabilityZoneId")
	m.zone, _ = c.Zone(m.Text("AvailabilityZone"))
	m.choose()
	if m.size == "" {
		m.Decide(design.Manual, common.Guess, "%s", m.why)
		m.Do("reserve capacity for what %s stands for by hand", r.Name)
		return m.Done()
	}
	count := int64(max(m.Int("InstanceCount", 1), 1))
	var zones *[]string
	if m.zone != "" {
		zones = &[]string{m.zone}
	}
	group := c.Put(design.Target{Type: reservationGroupKind, Base: r.Name, Model: capacityreservationgroups.CapacityReservationGroup{Zones: zones}}, r)
	c.Put(design.Target{Type: reservationKind, Parent: group, Base: r.Name, Location: c.Place.Location, Model: capacityreservations.CapacityReservation{
		Sku: capacityreservations.Sku{Name: new(m.size), Capacity: new(count)}, Zones: zones,
	}}, r)
	if m.Text("EndDateType") == "limited" || m.Has("EndDate") {
		m.Meets("ec2.reservation-end", "EndDate")
	}
	m.At("Tenancy")
	m.Decide(design.Migrate, common.NamedGaps, "a reservation of %d x %s becomes one of %d x %s%s", count, m.typeName(), count, m.size, placeWords(m))
	m.Do("machines use the reservation only when they name its group: enter it for those that it is meant for")
	return m.Done()
}

// bargain is what a machine says of spot capacity.
type bargain struct {
	asked, keep bool
}

func (m *machine) spot() bargain {
	price := m.Text("SpotPrice")
	out := bargain{asked: m.Text("InstanceMarketOptions.MarketType") == "spot" || price != ""}
	if !out.asked {
		return out
	}
	how := m.Text("InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior")
	out.keep = how == "stop" || how == "hibernate"
	if price == "" {
		price = m.Text("InstanceMarketOptions.SpotOptions.MaxPrice")
	}
	m.Gap("ec2.spot", "InstanceMarketOptions.MarketType=spot")
	if price != "" {
		m.Do("the highest spot price of %s dollars is one for EC2: the machine takes up to the pay-as-you-go price; set maxPrice if it should not", price)
	}
	return out
}
