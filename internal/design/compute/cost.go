package compute

import (
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// cost prices one machine of each side by the hour, times its number.
func (m *machine) cost() { m.costOf(1) }

func (m *machine) costOf(count int) {
	before, okBefore := m.C.Catalog.EC2Estimate(string(m.region()), m.typeName())
	after, okAfter := m.C.Catalog.VMEstimate(string(m.C.Place.Location), m.size)
	if !okBefore && !okAfter || count < 1 {
		return
	}
	m.Cost = &design.Cost{}
	var basis []string
	if okBefore {
		m.Cost.Before = new(before.Month() * float64(count))
		basis = append(basis, "before: "+before.Basis)
	}
	if okAfter {
		m.Cost.After = new(after.Month() * float64(count))
		basis = append(basis, "after: "+after.Basis)
	}
	basis = append(basis, "without disks, traffic, licences and discounts")
	if m.system.windows {
		basis = append(basis, "the Windows licence is left out on both sides")
	}
	m.Cost.Basis = strings.Join(basis, "; ")
}

func (m *machine) region() string {
	if m.r.Region != "" {
		return string(m.r.Region)
	}
	return string(m.C.Options.SourceRegion)
}

// ebsComponents are the names of the unit prices of volume types.
func ebsComponent(kind string) string {
	switch kind {
	case "gp3", "":
		return "Storage (general purpose SSD, gp3)"
	case "gp2":
		return "Storage (general purpose SSD, gp2)"
	case "io1", "io2":
		return "Storage (provisioned IOPS SSD, " + kind + ")"
	case "st1":
		return "Storage (throughput optimized HDD, st1)"
	case "sc1":
		return "Storage (cold HDD, sc1)"
	}
	return "Storage (magnetic)"
}

// diskCost prices a volume and its disk for a month.
func diskCost(c *design.Context, volume inventory.Properties, d catalog.DiskChoice) *design.Cost {
	kind := plainText(volume, "VolumeType")
	if kind == "" {
		kind = "gp2"
	}
	size := float64(design.Int(volume, "Size", 0))
	out := design.Cost{}
	if e, ok := c.Catalog.UnitEstimate("aws_ebs_volume", ebsComponent(kind)); ok && size > 0 {
		before := e.USD * size
		if iops := design.Int(volume, "Iops", 0); strings.HasPrefix(kind, "io") {
			if per, ok := c.Catalog.UnitEstimate("aws_ebs_volume", "Provisioned IOPS"); ok {
				before += per.USD * float64(iops)
			}
		}
		out.Before, out.Basis = new(before), "before: "+e.Basis
	}
	if d.Tier != "" && d.PerformanceTier == "" {
		if e, ok := c.Catalog.UnitEstimate("azurerm_managed_disk", "Storage ("+d.Tier+", LRS)"); ok {
			out.After = new(e.USD)
			out.Basis = strings.TrimPrefix(out.Basis+"; after: "+e.Basis, "; ")
		}
	}
	if out.Before == nil && out.After == nil {
		return nil
	}
	if out.After == nil {
		out.Basis += "; after is not known: the catalogue has no unit price of a disk of that size and performance"
	}
	return &out
}

// hourly prices something that runs all month on both sides. "" is nothing
// known of a side.
func hourly(c *design.Context, beforeKind, before, afterKind, after string) *design.Cost {
	out := design.Cost{}
	var basis []string
	if e, ok := c.Catalog.UnitEstimate(beforeKind, before); ok {
		out.Before = new(e.Month())
		basis = append(basis, "before: "+e.Basis)
	}
	if e, ok := c.Catalog.UnitEstimate(afterKind, after); ok {
		out.After = new(e.Month())
		basis = append(basis, "after: "+e.Basis)
	}
	if len(basis) == 0 {
		return nil
	}
	out.Basis = strings.Join(append(basis, "the hours only, without capacity units and traffic"), "; ")
	return &out
}
