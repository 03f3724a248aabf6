package catalog

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed data/ec2-types.tsv
var ec2TSV string

// EC2Type is what an instance type offers. A number that is not known is 0.
type EC2Type struct {
	Name string `json:"name"`
	VCPU int    `json:"vCPU"`
	MiB  int    `json:"MiB"`
	// Arch is "amd64" or "arm64".
	Arch string `json:"arch"`
	// Maker makes the CPU: "Intel", "AMD", "AWS", "Apple".
	Maker string `json:"maker,omitempty"`
	// GPUs counts graphics processors; GPU is their model ("NVIDIA T4") and
	// GPUMiB the memory of each.
	GPUs   int    `json:"gpus,omitempty"`
	GPU    string `json:"gpu,omitempty"`
	GPUMiB int    `json:"gpuMiB,omitempty"`
	// LocalDisks counts instance store disks, LocalGB is their size in all.
	LocalDisks int    `json:"localDisks,omitempty"`
	LocalGB    int    `json:"localGB,omitempty"`
	LocalKind  string `json:"localKind,omitempty"`
	// BaseGbps is the network bandwidth at all times, PeakGbps in bursts.
	BaseGbps float64 `json:"baseGbps"`
	PeakGbps float64 `json:"peakGbps"`
	// NICs is how many interfaces can be attached.
	NICs            int `json:"nics"`
	AddressesPerNIC int `json:"addressesPerNIC"`
	// BaseIOPS and BaseMBps hold at all times, IOPS and MBps in bursts.
	BaseIOPS int     `json:"baseIOPS,omitempty"`
	BaseMBps float64 `json:"baseMBps,omitempty"`
	IOPS     int     `json:"IOPS,omitempty"`
	MBps     float64 `json:"MBps,omitempty"`
	// Attachments is how many volumes and interfaces fit.
	Attachments int      `json:"attachments,omitempty"`
	Boot        []string `json:"boot,omitempty"`
	Burstable   bool     `json:"burstable,omitempty"`
	Metal       bool     `json:"metal,omitempty"`
	// Current types are of the present generation.
	Current bool `json:"current,omitempty"`
	EFA     bool `json:"efa,omitempty"`
	Nitro   bool `json:"nitro,omitempty"`
	Mac     bool `json:"mac,omitempty"`
}

const ec2Width = 18

// EC2 returns the facts of an instance type ("m5.large"); ok is false for a
// type that the catalogue does not know.
func (c *Catalog) EC2(name string) (EC2Type, bool) {
	if t, ok := c.overlay.ec2[name]; ok {
		return t, true
	}
	line, ok := c.ec2[name]
	if !ok {
		return EC2Type{}, false
	}
	t, err := readEC2(line)
	return t, err == nil
}

// EC2Types returns the names of all instance types, in order.
func (c *Catalog) EC2Types() []string { return unionKeys(c.ec2, c.overlay.ec2) }

func readEC2(line string) (EC2Type, error) {
	r := &cells{text: strings.Split(line, "\t")}
	if len(r.text) != ec2Width {
		return EC2Type{}, fmt.Errorf("instance type %q has %d cells, want %d", r.at(0), len(r.text), ec2Width)
	}
	flags := r.at(17)
	t := EC2Type{
		Name: r.at(0), VCPU: r.int(1), MiB: r.int(2), Maker: r.at(4), BaseGbps: r.float(7), PeakGbps: r.float(8),
		NICs: r.int(9), AddressesPerNIC: r.int(10), BaseIOPS: r.int(11), BaseMBps: r.float(12), IOPS: r.int(13), MBps: r.float(14),
		Attachments: r.int(15), Boot: r.list(16, ","), Burstable: strings.Contains(flags, "b"), Metal: strings.Contains(flags, "m"),
		Current: strings.Contains(flags, "c"), EFA: strings.Contains(flags, "e"), Nitro: strings.Contains(flags, "n"),
		Arch: "amd64", Mac: strings.Contains(r.at(3), "mac"),
	}
	if strings.HasPrefix(r.at(3), "arm64") {
		t.Arch = "arm64"
	}
	for _, gpu := range r.list(5, ";") {
		count, rest, _ := strings.Cut(gpu, "x")
		model, memory, _ := strings.Cut(rest, ":")
		t.GPUs += number(r, count)
		t.GPU, t.GPUMiB = model, number(r, memory)
	}
	for _, disk := range r.list(6, ";") {
		count, rest, _ := strings.Cut(disk, "x")
		size, kind, _ := strings.Cut(rest, ":")
		n := number(r, count)
		t.LocalDisks += n
		t.LocalGB += n * number(r, size)
		t.LocalKind = kind
	}
	return t, r.err
}

func number(r *cells, text string) int {
	value, err := strconv.Atoi(text)
	if err != nil && r.err == nil {
		r.err = err
	}
	return value
}

// NodeType returns the instance type that a managed service's node has the
// size of: "db.m6g.large" of RDS, "cache.r6g.large" of ElastiCache,
// "r6g.large.search" of OpenSearch, "kafka.m5.large", "mq.m5.large", "dax.r5.large",
// "ml.m5.large". The services keep some of the memory for themselves. ok is
// false for sizes that are no instance type, such as "db.serverless".
func (c *Catalog) NodeType(name string) (EC2Type, bool) {
	parts := strings.Split(strings.ToLower(strings.TrimSpace(name)), ".")
	for len(parts) > 2 && isService(parts[0]) {
		parts = parts[1:]
	}
	factor := 1
	for len(parts) > 2 {
		// db.r5.large.tpc1.mem2x has twice the memory and one thread per core
		// (Amazon RDS User Guide, DB instance classes for Oracle).
		last := parts[len(parts)-1]
		if more, ok := strings.CutPrefix(last, "mem"); ok {
			if n, err := strconv.Atoi(strings.TrimSuffix(more, "x")); err == nil && n > 0 {
				factor = n
			}
		}
		parts = parts[:len(parts)-1]
	}
	if len(parts) != 2 {
		return EC2Type{}, false
	}
	t, ok := c.EC2(parts[0] + "." + parts[1])
	if !ok && !strings.HasSuffix(parts[0], "d") {
		// db.x2g exists although only x2gd can be had as an instance.
		t, ok = c.EC2(parts[0] + "d." + parts[1])
		t.LocalDisks, t.LocalGB, t.LocalKind = 0, 0, ""
	}
	t.MiB *= factor
	return t, ok
}

func isService(part string) bool {
	switch part {
	case "db", "cache", "kafka", "express", "mq", "dax", "ml", "search", "elasticsearch":
		return true
	}
	return false
}
