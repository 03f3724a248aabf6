package catalog

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"
)

//go:embed data/disk-tiers.tsv
var diskTiersTSV string

// DiskTier is one size of Premium SSD or Standard SSD.
type DiskTier struct {
	SKU, Name            string
	GiB, IOPS, MBps      int
	BurstIOPS, BurstMBps int
}

const diskWidth = 7

func loadTiers() ([]DiskTier, error) {
	var out []DiskTier
	err := readTable("disk tiers", diskTiersTSV, diskWidth, func(r *cells) {
		out = append(out, DiskTier{r.at(0), r.at(1), r.int(2), r.int(3), r.int(4), r.int(5), r.int(6)})
	})
	return out, err
}

// DiskTiers returns the tiers of Premium SSD and Standard SSD, smallest first.
func (c *Catalog) DiskTiers() []DiskTier { return slices.Clone(c.tiers) }

// The disk SKUs.
const (
	StandardHDD = "Standard_LRS"
	StandardSSD = "StandardSSD_LRS"
	PremiumSSD  = "Premium_LRS"
	PremiumV2   = "PremiumV2_LRS"
	UltraDisk   = "UltraSSD_LRS"
)

// DiskWish is a volume as it is at the source.
type DiskWish struct {
	// Type is the EBS type; "" is gp2, which EC2 takes when none is given.
	Type string
	GiB  int
	// IOPS and MBps are what was provisioned, 0 for the type's own.
	IOPS int
	MBps int
	// OS disks hold the operating system.
	OS bool
	// Production asks for a disk with a guaranteed performance.
	Production bool
	// Avoid are SKUs that cannot be had here (no zone, host cache wanted).
	Avoid []string
}

// DiskChoice is a managed disk.
type DiskChoice struct {
	SKU string
	GiB int
	// Tier is the name of the size ("P10"), "" for SKUs without tiers.
	Tier string
	// PerformanceTier is a larger tier's name whose performance the disk has to be
	// given, "" for its own.
	PerformanceTier string
	// IOPS and MBps are what the disk does; for Premium SSD v2 and Ultra Disk
	// they are provisioned and stand in the body.
	IOPS, MBps  int
	Provisioned bool
	// NeedsZone disks attach to machines in a zone only, where the region has zones.
	NeedsZone bool
	Why       string
	// Gaps are differences in words, Short says that even the best disk is
	// slower or smaller than the source.
	Gaps  []string
	Short bool
}

// performance returns what a volume of the source does (Amazon EBS User Guide,
// "Amazon EBS volume types"), and in hard what of it the target must not fall
// below: what somebody provisioned and pays for. The rest comes with any volume
// of the type, and a disk that is slower in it is a gap.
func (w DiskWish) performance() (iops, mbps int, hard bool) {
	switch w.Type {
	case "", "gp2":
		mbps = 128
		if w.GiB >= 334 {
			mbps = 250
		}
		return min(max(3*w.GiB, 100), 16000), mbps, false
	case "gp3":
		iops, mbps, hard = 3000, 125, w.IOPS > 3000 || w.MBps > 125
	case "io1":
		// 256 KiB per operation up to 500 MB/s, then 16 KiB up to 1,000.
		iops, hard = max(w.IOPS, 100), true
		mbps = min(max(min(iops/4, 500), iops/64), 1000)
	case "io2":
		iops, hard = max(w.IOPS, 100), true
		mbps = min(max(iops/4, 1), 4000)
	case "st1":
		iops, mbps = 500, max(min(w.GiB*40/1024, 500), 1)
	case "sc1":
		iops, mbps = 250, max(min(w.GiB*12/1024, 192), 1)
	default:
		iops, mbps = 100, 40
	}
	return max(iops, w.IOPS), max(mbps, w.MBps), hard
}

// needed is what the target must do at least.
func (w DiskWish) needed() (iops, mbps int) {
	if iops, mbps, hard := w.performance(); hard {
		return iops, mbps
	}
	return 0, 0
}

// Disk chooses the managed disk for a volume: the first SKU of the volume
// type's list that is allowed, large enough and fast enough. EBS and managed
// disk types: Azure Architecture Center, "Compare storage on Azure and AWS".
func (c *Catalog) Disk(w DiskWish) DiskChoice {
	w.Type = strings.ToLower(w.Type)
	if w.GiB < 1 {
		w.GiB = 1
	}
	var best DiskChoice
	for _, sku := range diskOrder(w) {
		if slices.Contains(w.Avoid, sku) {
			continue
		}
		choice := c.disk(sku, w)
		if best.SKU == "" || best.Short && closer(choice, best) {
			best = choice
		}
		if !best.Short {
			break
		}
	}
	if best.SKU == "" {
		best = c.disk(PremiumSSD, w)
		best.Gaps = append(best.Gaps, "every SKU that fits the volume is excluded")
		best.Short = true
	}
	best.Why = diskWhy(w, best)
	best.Gaps = append(best.Gaps, diskGaps(w, best)...)
	return best
}

func closer(a, b DiskChoice) bool {
	if a.Short != b.Short {
		return !a.Short
	}
	return a.GiB >= b.GiB && a.IOPS > b.IOPS
}

// diskOrder lists SKUs from the one that is most alike to the last resort.
func diskOrder(w DiskWish) []string {
	var order []string
	switch w.Type {
	case "gp3":
		order = []string{StandardSSD, PremiumSSD, PremiumV2, UltraDisk}
		if w.Production {
			order = []string{PremiumV2, PremiumSSD, UltraDisk}
		}
	case "io1":
		order = []string{PremiumV2, UltraDisk, PremiumSSD}
	case "io2":
		order = []string{UltraDisk, PremiumV2, PremiumSSD}
	case "st1":
		order = []string{StandardSSD, StandardHDD, PremiumSSD}
	case "sc1", "standard":
		order = []string{StandardHDD, StandardSSD, PremiumSSD}
		if w.OS {
			// Standard HDD as an OS disk retires on 2028-09-08 (Microsoft
			// Learn, "Azure managed disk types").
			order = []string{StandardSSD, PremiumSSD}
		}
	default:
		order = []string{StandardSSD, PremiumSSD, PremiumV2, UltraDisk}
		if w.Production {
			order = []string{PremiumSSD, PremiumV2, UltraDisk}
		}
	}
	if w.OS {
		// Premium SSD v2 and Ultra Disk cannot be OS disks.
		order = slices.DeleteFunc(order, func(sku string) bool { return sku == PremiumV2 || sku == UltraDisk })
		if !slices.Contains(order, PremiumSSD) {
			order = append(order, PremiumSSD)
		}
	}
	return order
}

func (c *Catalog) disk(sku string, w DiskWish) DiskChoice {
	iops, mbps := w.needed()
	switch sku {
	case PremiumV2:
		return premiumV2(w.GiB, iops, mbps)
	case UltraDisk:
		return ultra(w.GiB, iops, mbps)
	case StandardHDD:
		// One tier of 500 IOPS and 60 MB/s up to 4 TiB, faster above.
		choice := DiskChoice{SKU: sku, GiB: w.GiB, IOPS: 500, MBps: 60, Tier: hddTier(w.GiB)}
		if w.GiB > 4096 {
			choice.IOPS, choice.MBps = 1300, 300
		}
		if w.GiB > 8192 {
			choice.IOPS, choice.MBps = 2000, 500
		}
		choice.Short = w.GiB > maxTierGiB || choice.IOPS < iops || choice.MBps < mbps
		return choice
	}
	return c.tiered(sku, w.GiB, iops, mbps)
}

const maxTierGiB = 32767

func hddTier(gib int) string {
	for _, t := range []struct {
		gib  int
		name string
	}{{32, "S4"}, {64, "S6"}, {128, "S10"}, {256, "S15"}, {512, "S20"}, {1024, "S30"}, {2048, "S40"}, {4096, "S50"}, {8192, "S60"}, {16384, "S70"}, {maxTierGiB, "S80"}} {
		if gib <= t.gib {
			return t.name
		}
	}
	return ""
}

// tiered chooses the tier by size; Premium SSD may be given the performance of
// a higher one (Microsoft Learn, "Performance tiers for managed disks": up to
// P50 for disks of up to 4 TiB, P60 to P80 among themselves).
func (c *Catalog) tiered(sku string, gib, iops, mbps int) DiskChoice {
	choice := DiskChoice{SKU: sku, GiB: gib}
	var own *DiskTier
	for i := range c.tiers {
		t := &c.tiers[i]
		if t.SKU != sku || t.GiB < gib {
			continue
		}
		if own == nil {
			own = t
			choice.Tier = t.Name
		}
		choice.IOPS, choice.MBps = t.IOPS, t.MBps
		if t.IOPS < iops || t.MBps < mbps {
			continue
		}
		switch {
		case t == own:
		case sku == PremiumSSD && (own.GiB <= 4096) == (t.GiB <= 4096):
			choice.PerformanceTier = t.Name
		default:
			// A disk many times as large for its speed is not alike.
			choice.IOPS, choice.MBps, choice.Short = own.IOPS, own.MBps, true
		}
		return choice
	}
	choice.Short = true
	if own != nil {
		choice.IOPS, choice.MBps = own.IOPS, own.MBps
	}
	return choice
}

// premiumV2 follows Microsoft Learn, "Azure managed disk types": 3,000 IOPS and
// 125 MB/s come with every disk, 500 IOPS more for each GiB above 6, 0.25 MB/s
// for each IOPS.
func premiumV2(gib, iops, mbps int) DiskChoice {
	const maxGiB, maxIOPS, maxMBps = 65536, 80000, 2000
	choice := DiskChoice{SKU: PremiumV2, GiB: gib, Provisioned: true, NeedsZone: true}
	choice.Short = gib > maxGiB || iops > maxIOPS || mbps > maxMBps
	choice.IOPS, choice.MBps = min(max(iops, 3000), maxIOPS), min(max(mbps, 125), maxMBps)
	choice.IOPS = max(choice.IOPS, min(choice.MBps*4, maxIOPS))
	choice.GiB = max(gib, 6+int(math.Ceil(float64(choice.IOPS-3000)/500)))
	if choice.IOPS <= 3000 {
		choice.GiB = gib
	}
	return choice
}

// ultra follows the same page: 1,000 IOPS for each GiB, at least 100, 0.25
// MB/s for each IOPS; sizes are powers of two up to 1,024 GiB, then whole TiB.
func ultra(gib, iops, mbps int) DiskChoice {
	const maxGiB, maxIOPS, maxMBps = 65536, 400000, 10000
	choice := DiskChoice{SKU: UltraDisk, Provisioned: true, NeedsZone: true}
	choice.Short = gib > maxGiB || iops > maxIOPS || mbps > maxMBps
	choice.IOPS, choice.MBps = min(max(iops, 100), maxIOPS), min(max(mbps, 1), maxMBps)
	choice.IOPS = max(choice.IOPS, min(choice.MBps*4, maxIOPS))
	need := max(gib, 4, int(math.Ceil(float64(choice.IOPS)/1000)))
	size := 4
	for size < need && size < 1024 {
		size *= 2
	}
	if size < need {
		size = (need + 1023) / 1024 * 1024
	}
	choice.GiB = min(size, maxGiB)
	return choice
}

func diskWhy(w DiskWish, d DiskChoice) string {
	iops, mbps, _ := w.performance()
	kind := w.Type
	if kind == "" {
		kind = "gp2"
	}
	use := "data disk"
	if w.OS {
		use = "OS disk"
	}
	text := fmt.Sprintf("%s with %d GiB, %d IOPS and %d MB/s as %s: %s", kind, w.GiB, iops, mbps, use, d.SKU)
	if d.Tier != "" {
		text += " " + d.Tier
	}
	return text + fmt.Sprintf(" gives %d GiB, %d IOPS and %d MB/s", d.GiB, d.IOPS, d.MBps)
}

func diskGaps(w DiskWish, d DiskChoice) []string {
	var out []string
	iops, mbps, _ := w.performance()
	if d.Short {
		out = append(out, "no managed disk of this kind is as large and as fast as the volume; stripe several")
	}
	if d.IOPS < iops || d.MBps < mbps {
		out = append(out, fmt.Sprintf("%d IOPS and %d MB/s at all times, where the volume has %d and %d", d.IOPS, d.MBps, iops, mbps))
	}
	if (w.Type == "" || w.Type == "gp2") && d.SKU == StandardSSD && iops < 3000 {
		out = append(out, "gp2 bursts to 3000 IOPS, a Standard SSD of this size does not")
	}
	if d.GiB > w.GiB {
		out = append(out, fmt.Sprintf("the disk grows from %d to %d GiB, because its performance follows its size", w.GiB, d.GiB))
	}
	if d.PerformanceTier != "" {
		out = append(out, fmt.Sprintf("the performance of %s is set on a disk of %s and is billed as %s", d.PerformanceTier, d.Tier, d.PerformanceTier))
	}
	if d.NeedsZone {
		out = append(out, "attaches to machines in a zone only, has no host cache, and is not sold in every region")
	}
	if w.Type == "io2" && d.SKU != UltraDisk {
		out = append(out, "io2 promises latencies below a millisecond at any load")
	}
	return out
}
