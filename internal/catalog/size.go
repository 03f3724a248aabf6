package catalog

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Wish is what a machine needs.
type Wish struct {
	// Of is the instance type that the wish comes from, for the reason.
	Of        string
	VCPU, MiB int
	// Arch is "amd64" or "arm64"; "" is amd64.
	Arch string
	// Class is the family of Azure sizes that is most alike: "B", "D", "E",
	// "F", "M", "L", "N"; "" is chosen from memory by vCPU.
	Class string
	// GPUs counts graphics processors, GPU is their model at the source.
	GPUs int
	GPU  string
	// Accelerator names hardware that no Azure size has ("Inferentia"), "" for none.
	Accelerator string
	// IOPS and MBps are what all data disks do together, 0 when it does not matter.
	IOPS int
	MBps float64
	// NICs and DataDisks are how many are attached.
	NICs, DataDisks int
	// SlackMiB is how much of the memory may be missing: the largest machines of
	// both clouds differ by the part that their hypervisors keep.
	SlackMiB int
	// Burstable allows sizes that save up credits.
	Burstable bool
	// TempDisk asks for a local disk.
	TempDisk bool
	// Generation1 asks for a size that boots a generation 1 image (BIOS).
	Generation1 bool
	Region      string
	// Utilisation scales VCPU and MiB down when it was measured.
	Utilisation Utilisation
}

// Utilisation is what a machine was seen to use, from 0 to 1 at the 95th
// percentile; 0 is not measured.
type Utilisation struct {
	CPU, Memory float64
	// Comfort is the factor on top of it; 0 is 1.3.
	Comfort float64
}

// Choice is a size for a wish. WhyNot is "" for those that fit.
type Choice struct {
	VMSize
	// Price is US dollars an hour in the wish's region, nil when it is not known.
	Price *float64
	// SpareVCPU, SpareMiB and SpareIOPS are what the size has beyond the wish; SpareIOPS
	// is 0 when the limit is not known.
	SpareVCPU, SpareMiB, SpareIOPS int
	Why, WhyNot                    string
}

// Wish returns what an instance type stands for. Families: Azure Architecture
// Center, "Compare compute services on Azure and AWS".
func (t EC2Type) Wish() Wish {
	family := familyOf(t.Name)
	// T1 has no flag of its own, and lives on bursts as all of its family (Amazon EC2
	// User Guide, "Previous generation instances").
	w := Wish{Of: t.Name, VCPU: t.VCPU, MiB: t.MiB, Arch: t.Arch, GPUs: t.GPUs, GPU: t.GPU, Burstable: t.Burstable || family == "t", TempDisk: t.LocalDisks > 0, NICs: 1}
	w.Accelerator = Accelerator(t.Name)
	switch {
	case t.Mac:
		w.Accelerator = "macOS hardware"
	case w.Accelerator != "":
	case strings.HasPrefix(family, "hpc"):
		w.Class = "F"
	case strings.HasPrefix(family, "x"), strings.HasPrefix(family, "u"):
		w.Class = "M"
		w.SlackMiB = t.MiB / 100
		if t.VCPU > 0 && t.MiB/t.VCPU <= 8*1024 {
			w.Class, w.SlackMiB = "E", 0
		}
	case strings.HasPrefix(family, "im"), strings.HasPrefix(family, "is"):
		w.Class = "L"
	default:
		w.Class = classOf(family)
	}
	return w
}

// familyOf is what an instance type's name has before its generation: "inf" of
// "inf1.xlarge".
func familyOf(name string) string { return name[:max(strings.IndexAny(name, "0123456789."), 0)] }

// Accelerator names the hardware of an instance type that no size of Azure has,
// also of a type that the catalogue does not know; "" is none.
func Accelerator(name string) string {
	if strings.HasPrefix(name, "dl2q.") {
		return "Qualcomm AI 100"
	}
	return map[string]string{"inf": "Inferentia", "trn": "Trainium", "dl": "Gaudi", "vt": "video transcoding", "f": "FPGA", "mac": "macOS hardware"}[familyOf(name)]
}

func classOf(family string) string {
	if family == "" {
		return ""
	}
	switch family[0] {
	case 't':
		return "B"
	case 'c':
		return "F"
	case 'r', 'z':
		return "E"
	case 'i', 'd', 'h':
		return "L"
	case 'p', 'g':
		return "N"
	}
	return "D"
}

// classes returns the classes to look in, most alike first.
func (w Wish) classes() []string {
	class := w.Class
	if w.GPUs > 0 {
		class = "N"
	}
	if class == "" {
		switch perCPU := w.MiB / max(w.VCPU, 1); {
		case perCPU <= 2*1024:
			class = "F"
		case perCPU <= 4*1024:
			class = "D"
		default:
			class = "E"
		}
	}
	all := map[string][]string{
		"B": {"B", "D", "F", "E", "M"}, "D": {"D", "E", "F", "M"}, "F": {"F", "D", "E", "M"}, "E": {"E", "D", "M"},
		"M": {"M", "E"}, "L": {"L", "E", "D", "M"}, "N": {"NC", "NV", "ND"},
	}[class]
	if all == nil {
		all = []string{"D", "E", "F", "M"}
	}
	if !w.Burstable {
		all = slices.DeleteFunc(slices.Clone(all), func(c string) bool { return c == "B" })
	}
	return all
}

// scaled applies what was measured, never below one vCPU and half a GiB.
func (w Wish) scaled() Wish {
	comfort := w.Utilisation.Comfort
	if comfort <= 0 {
		comfort = 1.3
	}
	if u := w.Utilisation.CPU; u > 0 && u <= 1 {
		w.VCPU = min(w.VCPU, max(1, int(math.Ceil(float64(w.VCPU)*u*comfort))))
	}
	if u := w.Utilisation.Memory; u > 0 && u <= 1 {
		w.MiB = min(w.MiB, max(512, int(math.Ceil(float64(w.MiB)*u*comfort))))
	}
	return w
}

// Sizes returns the sizes that fit a wish, best first, and near misses with
// the reason. A size that fits is never smaller than the wish in anything that is
// known of it. The order: the class most alike, known disk limits when IOPS or
// MB/s are wished, a price in the region, the current generation, the price.
func (c *Catalog) Sizes(w Wish) (fit, missed []Choice) {
	asked := w
	w = w.scaled()
	classes := w.classes()
	if w.VCPU <= 0 && w.MiB <= 0 {
		return nil, nil
	}
	for i := range c.vms {
		s := &c.vms[i]
		if !slices.Contains(classes, s.Class) || special(s) {
			continue
		}
		choice := Choice{VMSize: *s, WhyNot: c.refuses(w, s)}
		if usd, ok := c.VMPrice(w.Region, s.Name); ok {
			choice.Price = &usd
		}
		if choice.WhyNot != "" {
			if near(s.VCPU, w.VCPU) && near(s.MiB, w.MiB) && s.Class == classes[0] {
				missed = append(missed, choice)
			}
			continue
		}
		choice.SpareVCPU, choice.SpareMiB = s.VCPU-w.VCPU, s.MiB-w.MiB
		if s.IOPS > 0 {
			choice.SpareIOPS = s.IOPS - w.IOPS
		}
		fit = append(fit, choice)
	}
	rank := w.rank(classes)
	slices.SortFunc(fit, rank)
	slices.SortFunc(missed, rank)
	c.smaller(w.Region, fit)
	fit, missed = fit[:min(len(fit), 8)], distinct(missed, 5)
	for i := range fit {
		fit[i].Why = fit[i].reason(asked, w)
	}
	return fit, missed
}

// smaller puts a size first whose price the region's list lacks, when the best one
// is of the same quota family with at least twice the memory: a family is sold as a
// whole, and the list has holes.
func (c *Catalog) smaller(region string, fit []Choice) {
	if _, whole := c.overlay.offered[strings.ToLower(region)]; whole || len(fit) < 2 || fit[0].Price == nil {
		return
	}
	best := fit[0]
	i := slices.IndexFunc(fit, func(s Choice) bool {
		return s.Price == nil && s.Family != "" && s.Family == best.Family && s.Version == best.Version && s.VCPU <= best.VCPU && s.MiB*2 <= best.MiB
	})
	if i > 0 {
		small := fit[i]
		copy(fit[1:i+1], fit[:i])
		fit[0] = small
	}
}

// special reports sizes that nobody gets without asking for them: confidential,
// isolated, with fewer cores than billed, promotional.
func special(s *VMSize) bool {
	return s.Constrained || strings.Contains(s.Letters, "i") || strings.Contains(s.Letters, "e") && s.Class != "E" || strings.HasSuffix(s.Name, "_Promo") || strings.Contains(s.Name, "ADHType") || strings.Contains(s.Letters, "t") && s.Class != "B"
}

func (c *Catalog) refuses(w Wish, s *VMSize) string {
	arch := cmp.Or(w.Arch, "amd64")
	switch sold, known := c.SoldIn(s.Name, w.Region); {
	case w.Accelerator != "":
		return "Azure has no " + w.Accelerator
	case s.Arch != arch:
		return fmt.Sprintf("%s, %s wanted", s.Arch, arch)
	case s.VCPU < w.VCPU:
		return fmt.Sprintf("%d vCPU, %d wanted", s.VCPU, w.VCPU)
	case s.MiB < w.MiB-w.SlackMiB:
		return fmt.Sprintf("%s, %s wanted", memory(s.MiB), memory(w.MiB))
	case !s.PremiumIO:
		return "takes no premium disks"
	case w.TempDisk && !s.TempDisk:
		return "no local disk"
	case w.Generation1 && s.Generations == "2":
		return "boots generation 2 images only"
	case s.GPUs < w.GPUs:
		return fmt.Sprintf("%d GPUs, %d wanted", s.GPUs, w.GPUs)
	case w.GPUs > 0 && slices.Contains(partGPU(), strings.TrimPrefix(s.Name, "Standard_")):
		return "a part of a GPU only"
	case w.GPUs > 0 && !sameGPU(w.GPU, s.Name):
		return "another GPU than " + w.GPU
	case s.DataDisks > 0 && s.DataDisks < w.DataDisks:
		return fmt.Sprintf("%d data disks, %d wanted", s.DataDisks, w.DataDisks)
	case s.NICs > 0 && s.NICs < w.NICs:
		return fmt.Sprintf("%d interfaces, %d wanted", s.NICs, w.NICs)
	case s.IOPS > 0 && s.IOPS < w.IOPS:
		return fmt.Sprintf("%d uncached IOPS, %d wanted", s.IOPS, w.IOPS)
	case s.MBps > 0 && s.MBps < w.MBps:
		return fmt.Sprintf("%g MB/s, %g wanted", s.MBps, w.MBps)
	case known && !sold:
		return "not sold in " + w.Region
	}
	return ""
}

// partGPU lists sizes that share one GPU with others, although the source
// counts it as one (Microsoft Learn, "NVadsA10 v5", "NVv4", "NVads V710 v5").
func partGPU() []string {
	return []string{
		"NV6ads_A10_v5", "NV12ads_A10_v5", "NV18ads_A10_v5", "NV4as_v4", "NV8as_v4", "NV16as_v4",
		"NV4ads_V710_v5", "NV8ads_V710_v5", "NV12ads_V710_v5",
	}
}

// sameGPU says which series has a GPU of the source's kind or the next better
// one; an unknown model takes any.
func sameGPU(model, size string) bool {
	var names []string
	switch {
	case strings.Contains(model, "T4g"):
		return false // T4g stands beside arm64, which no GPU size has
	case strings.Contains(model, "T4"):
		names = []string{"_T4_"}
	case strings.Contains(model, "A10G"), strings.HasSuffix(model, "L4"), strings.Contains(model, "M60"):
		names = []string{"_A10_"}
	case strings.Contains(model, "A100"), strings.Contains(model, "V100"), strings.Contains(model, "K80"):
		names = []string{"_A100_", "asr_v4"}
	case strings.Contains(model, "H100"):
		names = []string{"_H100_"}
	case strings.Contains(model, "H200"):
		names = []string{"_H200_"}
	case strings.Contains(model, "L40S"), strings.Contains(model, "RTX"):
		names = []string{"RTXPRO6000"}
	case strings.Contains(model, "Radeon"):
		names = []string{"_V710_"}
	case strings.Contains(model, "B200"), strings.Contains(model, "B300"):
		names = []string{"GB200", "GB300"}
	default:
		return true
	}
	return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(size, name) })
}

// generation ranks versions: current first, then the newest, then older ones.
func generation(s *VMSize) int {
	current := []int{5, 6}
	switch s.Class {
	case "B":
		current = []int{2}
	case "F":
		current = []int{6, 7, 2}
		return slices.Index(append(current, 1, 3, 4, 5), s.Version)
	case "M":
		current = []int{3}
	case "L":
		current = []int{3, 4}
	case "NC", "NV", "ND":
		return 0
	}
	switch {
	case slices.Contains(current, s.Version):
		return 0
	case s.Version > slices.Max(current):
		return 1
	}
	return 1 + slices.Max(current) - s.Version
}

func (w Wish) rank(classes []string) func(a, b Choice) int {
	limits := w.IOPS > 0 || w.MBps > 0
	flag := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	price := func(c Choice) float64 {
		if c.Price == nil {
			return math.MaxFloat64
		}
		return *c.Price
	}
	order := func(c Choice) int {
		if w.GPUs > 0 {
			return 0 // the GPU decides, not what its series is called
		}
		return slices.Index(classes, c.Class)
	}
	return func(a, b Choice) int {
		return cmp.Or(
			cmp.Compare(order(a), order(b)),
			cmp.Compare(flag(limits && a.IOPS == 0), flag(limits && b.IOPS == 0)),
			cmp.Compare(flag(w.Region != "" && a.Price == nil), flag(w.Region != "" && b.Price == nil)),
			cmp.Compare(generation(&a.VMSize), generation(&b.VMSize)),
			cmp.Compare(price(a), price(b)), cmp.Compare(a.VCPU, b.VCPU), cmp.Compare(a.MiB, b.MiB), cmp.Compare(a.Name, b.Name))
	}
}

// distinct keeps at most n choices, one of each reason first.
func distinct(all []Choice, n int) []Choice {
	var first, rest []Choice
	seen := map[string]bool{}
	for _, c := range all {
		if seen[c.WhyNot] {
			rest = append(rest, c)
			continue
		}
		seen[c.WhyNot] = true
		first = append(first, c)
	}
	all = append(first, rest...)
	return all[:min(len(all), n)]
}

func (c Choice) reason(asked, w Wish) string {
	text := fmt.Sprintf("%s has %d vCPU and %s for %s with %d vCPU and %s", c.Name, c.VCPU, memory(c.MiB), cmp.Or(asked.Of, "the source"), asked.VCPU, memory(asked.MiB))
	if asked.VCPU != w.VCPU || asked.MiB != w.MiB {
		text += fmt.Sprintf(", of which %d vCPU and %s are used at the 95th percentile with room", w.VCPU, memory(w.MiB))
	}
	switch {
	case w.IOPS > 0 && c.IOPS > 0:
		text += fmt.Sprintf("; %d uncached IOPS for %d", c.IOPS, w.IOPS)
	case w.IOPS > 0:
		text += fmt.Sprintf("; its limit of IOPS is not known, %d are needed", w.IOPS)
	}
	if c.Price != nil {
		text += fmt.Sprintf("; $%.4g an hour in %s", *c.Price, w.Region)
	}
	return text
}
