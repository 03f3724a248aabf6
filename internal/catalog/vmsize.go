package catalog

import (
	_ "embed"
	"strings"
)

//go:embed data/vm-sizes.tsv
var vmTSV string

// VMSize is what an Azure size offers. A number that is not known is 0.
type VMSize struct {
	// Name is the whole name ("Standard_D2s_v5"), Family the name of its quota
	// ("standardDSv5Family").
	Name   string `json:"name"`
	Family string `json:"family"`
	VCPU   int    `json:"vCPU"`
	MiB    int    `json:"MiB"`
	// Arch is "amd64" or "arm64".
	Arch string `json:"arch"`
	GPUs int    `json:"gpus,omitempty"`
	// DataDisks and NICs are how many can be attached.
	DataDisks int `json:"dataDisks,omitempty"`
	NICs      int `json:"nics,omitempty"`
	// IOPS and MBps are the uncached limits of remote disks together.
	IOPS        int     `json:"IOPS,omitempty"`
	MBps        float64 `json:"MBps,omitempty"`
	BurstIOPS   int     `json:"burstIOPS,omitempty"`
	BurstMBps   float64 `json:"burstMBps,omitempty"`
	NetworkMbps int     `json:"networkMbps,omitempty"`
	// TempDisk says that there is a local disk, TempMiB how large it is.
	TempDisk bool `json:"tempDisk,omitempty"`
	TempMiB  int  `json:"tempMiB,omitempty"`
	// Generations are "1", "2" or "12", "" when it is not known.
	Generations           string `json:"generations,omitempty"`
	AcceleratedNetworking bool   `json:"acceleratedNetworking,omitempty"`
	PremiumIO             bool   `json:"premiumIO,omitempty"`
	UltraDisk             bool   `json:"ultraDisk,omitempty"`
	// LimitsDerived says that IOPS and MBps are those of a sibling.
	LimitsDerived bool `json:"limitsDerived,omitempty"`
	// NVMe sizes show their disks as NVMe devices only, so the image needs the
	// driver (versions 6 and later).
	NVMe bool `json:"nvme,omitempty"`
	// Class ("D"), Letters ("as") and Version (5) are parts of the name.
	Class   string `json:"class"`
	Letters string `json:"letters,omitempty"`
	Version int    `json:"version"`
	// Constrained sizes run fewer cores than they are billed for.
	Constrained bool `json:"constrained,omitempty"`
}

const vmWidth = 17

func loadSizes() ([]VMSize, error) {
	out := make([]VMSize, 0, 1600)
	err := readTable("VM sizes", vmTSV, vmWidth, func(r *cells) {
		s := VMSize{
			Name: "Standard_" + r.at(0), Family: r.at(1), VCPU: r.int(2), MiB: r.int(3), Arch: r.at(4), GPUs: r.int(5), DataDisks: r.int(6), NICs: r.int(7),
			IOPS: r.int(8), MBps: r.float(9), BurstIOPS: r.int(10), BurstMBps: r.float(11), NetworkMbps: r.int(12),
			Generations: r.at(14), LimitsDerived: r.at(16) == "d",
		}
		if temp := r.at(13); temp == "d" {
			s.TempDisk = true
		} else {
			s.TempMiB = r.int(13)
			s.TempDisk = s.TempMiB > 0
		}
		flags := r.at(15)
		s.AcceleratedNetworking, s.PremiumIO, s.UltraDisk = strings.Contains(flags, "a"), strings.Contains(flags, "p"), strings.Contains(flags, "u")
		s.parseName()
		out = append(out, s)
	})
	return out, err
}

// parseName reads the parts of a size's name: Microsoft Learn, "Azure virtual
// machine sizes naming conventions".
func (s *VMSize) parseName() {
	name := strings.TrimPrefix(s.Name, "Standard_")
	head, tail, _ := strings.Cut(name, "_")
	i := strings.IndexAny(head, "0123456789")
	if i < 0 {
		s.Class, s.Version = head, 1
		return
	}
	s.Class = head[:i]
	rest := strings.TrimLeft(head[i:], "0123456789")
	if constrained, ok := strings.CutPrefix(rest, "-"); ok {
		s.Constrained = true
		rest = strings.TrimLeft(constrained, "0123456789")
	}
	s.Letters, s.Version = rest, 1
	for part := range strings.SplitSeq(tail, "_") {
		if digits, ok := strings.CutPrefix(part, "v"); ok && len(digits) == 1 && digits[0] >= '1' && digits[0] <= '9' {
			s.Version = int(digits[0] - '0')
		}
	}
	// Sizes from version 6 on, and all with ARM processors, boot generation 2
	// images only (Microsoft Learn, "Support for Generation 2 VMs on Azure").
	s.NVMe = s.Version >= 6 && !strings.HasPrefix(s.Class, "N")
	if s.Generations == "" && (s.NVMe || s.Arch == "arm64") {
		s.Generations = "2"
	}
}

// VM returns the facts of a size ("Standard_D2s_v5", any case, the prefix may
// be missing); ok is false for a size that the catalogue does not know.
func (c *Catalog) VM(size string) (VMSize, bool) {
	i, ok := c.vmIndex[vmKey(size)]
	if !ok {
		return VMSize{}, false
	}
	return c.vms[i], true
}

// VMSizes returns all sizes by name.
func (c *Catalog) VMSizes() []VMSize { return append([]VMSize(nil), c.vms...) }

func vmKey(size string) string { return strings.TrimPrefix(strings.ToLower(size), "standard_") }

// SoldIn reports whether a region sells a size. known is false when neither a
// price nor a reading of the region says so: no price is no proof that a size
// cannot be had.
func (c *Catalog) SoldIn(size, region string) (sold, known bool) {
	if offered, ok := c.overlay.offered[strings.ToLower(region)]; ok {
		return offered[vmKey(size)], true
	}
	if _, ok := c.VMPrice(region, size); ok {
		return true, true
	}
	return false, false
}
