package catalog

import (
	"slices"
	"strings"
)

// OverlayVersion is the schemaVersion of the overlay file.
const OverlayVersion = 1

// Overlay is what live APIs answered, to be laid over the embedded facts. Its
// JSON form is a file that a refresh writes and every later run reads.
type Overlay struct {
	SchemaVersion int `json:"schemaVersion"`
	// Inputs are empty: what APIs answer has no fingerprint to check against.
	Inputs map[string]string `json:"inputs"`
	// ReadAt is when the APIs were asked, in RFC 3339.
	ReadAt string `json:"readAt"`
	// EC2 comes from DescribeInstanceTypes.
	EC2 []EC2Type `json:"ec2,omitempty"`
	// VMs comes from Microsoft.Compute/skus, as does Offered: the sizes that a
	// region sells to this subscription. A region that stands here is known whole.
	VMs     []VMSize            `json:"vms,omitempty"`
	Offered map[string][]string `json:"offered,omitempty"`
	// EC2Prices and VMPrices are US dollars an hour by region and size.
	EC2Prices map[string]map[string]float64 `json:"ec2Prices,omitempty"`
	VMPrices  map[string]map[string]float64 `json:"vmPrices,omitempty"`
	Units     []Unit                        `json:"units,omitempty"`
	// Usages are the subscription's limits by region.
	Usages map[string][]Usage `json:"usages,omitempty"`
}

// Usage is one limit of the subscription and how much of it is used.
type Usage struct {
	// Provider is "Microsoft.Compute", Name the provider's own ("cores").
	Provider string `json:"provider"`
	Name     string `json:"name"`
	Used     int64  `json:"used"`
	Limit    int64  `json:"limit"`
}

// ArtefactVersion is the schemaVersion that the program writes and reads.
func (Overlay) ArtefactVersion() int { return OverlayVersion }

// overlaid is an overlay in the form that look-ups need.
type overlaid struct {
	readAt              string
	ec2                 map[string]EC2Type
	offered             map[string]map[string]bool
	ec2Prices, vmPrices map[string]map[string]float64
	units               map[string][]Unit
	usages              map[string][]Usage
}

// lay puts an overlay over the embedded facts.
func (c *Catalog) lay(o *Overlay) {
	if o == nil {
		return
	}
	l := overlaid{
		readAt: o.ReadAt, ec2: map[string]EC2Type{}, offered: map[string]map[string]bool{}, ec2Prices: o.EC2Prices,
		vmPrices: map[string]map[string]float64{}, units: map[string][]Unit{}, usages: map[string][]Usage{},
	}
	for _, t := range o.EC2 {
		l.ec2[t.Name] = t
	}
	for region, sizes := range o.Offered {
		set := map[string]bool{}
		for _, size := range sizes {
			set[vmKey(size)] = true
		}
		l.offered[strings.ToLower(region)] = set
	}
	for region, prices := range o.VMPrices {
		set := map[string]float64{}
		for size, usd := range prices {
			set[vmKey(size)] = usd
		}
		l.vmPrices[strings.ToLower(region)] = set
	}
	for _, u := range o.Units {
		l.units[u.Resource] = append(l.units[u.Resource], u)
	}
	for region, usages := range o.Usages {
		l.usages[strings.ToLower(region)] = slices.Clone(usages)
	}
	c.overlay = l
	c.laySizes(o.VMs)
}

// laySizes replaces sizes that are known and adds the others, by name.
func (c *Catalog) laySizes(sizes []VMSize) {
	at := map[string]int{}
	for i, s := range c.vms {
		at[vmKey(s.Name)] = i
	}
	for _, s := range sizes {
		s.parseName()
		i, ok := at[vmKey(s.Name)]
		if !ok {
			at[vmKey(s.Name)] = len(c.vms)
			c.vms = append(c.vms, s)
			continue
		}
		c.vms[i] = s.over(c.vms[i])
	}
	slices.SortFunc(c.vms, func(a, b VMSize) int { return strings.Compare(a.Name, b.Name) })
}

// over keeps what the live answer leaves open.
func (s VMSize) over(old VMSize) VMSize {
	keep := func(live *int, embedded int) {
		if *live == 0 {
			*live = embedded
		}
	}
	keep(&s.VCPU, old.VCPU)
	keep(&s.MiB, old.MiB)
	keep(&s.GPUs, old.GPUs)
	keep(&s.DataDisks, old.DataDisks)
	keep(&s.NICs, old.NICs)
	keep(&s.BurstIOPS, old.BurstIOPS)
	keep(&s.NetworkMbps, old.NetworkMbps)
	if s.IOPS == 0 {
		s.IOPS, s.MBps, s.LimitsDerived = old.IOPS, old.MBps, old.LimitsDerived
	}
	if s.BurstMBps == 0 {
		s.BurstMBps = old.BurstMBps
	}
	for _, text := range []struct {
		live     *string
		embedded string
	}{{&s.Family, old.Family}, {&s.Arch, old.Arch}, {&s.Generations, old.Generations}} {
		if *text.live == "" {
			*text.live = text.embedded
		}
	}
	return s
}

// Usages returns the subscription's limits in a region; known is false when
// nobody asked.
func (c *Catalog) Usages(region string) (usages []Usage, known bool) {
	usages, known = c.overlay.usages[strings.ToLower(region)]
	return slices.Clone(usages), known
}

// ReadAt says when the live APIs were asked, "" when the catalogue is the
// embedded one.
func (c *Catalog) ReadAt() string { return c.overlay.readAt }
