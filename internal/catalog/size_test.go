package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/catalog"
)

func TestSizesAreAlike(t *testing.T) {
	t.Parallel()
	c := load(t)
	for name, want := range map[string]string{
		"t3.micro": "Standard_B2ts_v2", "t3.large": "Standard_B2as_v2", "t4g.medium": "Standard_B2pls_v2", "m5.large": "Standard_D2as_v6",
		"m6g.xlarge": "Standard_D4ps_v6", "c5.xlarge": "Standard_F4als_v6", "c7g.2xlarge": "Standard_D8pls_v6", "r5.2xlarge": "Standard_E8as_v6",
		"m5d.large": "Standard_D2ds_v5", "i3.large": "Standard_L2as_v4", "g4dn.xlarge": "Standard_NC4as_T4_v3", "g5.xlarge": "Standard_NV36ads_A10_v5",
		"p4d.24xlarge": "Standard_ND96amsr_A100_v4", "u-6tb1.112xlarge": "Standard_M624s_12_v3",
	} {
		e, ok := c.EC2(name)
		if !ok {
			t.Errorf("%s is not known", name)
			continue
		}
		w := e.Wish()
		w.Region = "eastus"
		fit, _ := c.Sizes(w)
		if len(fit) == 0 || fit[0].Name != want || fit[0].Price == nil || !strings.Contains(fit[0].Why, name) {
			t.Errorf("%s: got %+v, want %s", name, fit, want)
		}
	}
	for _, name := range []string{"inf2.xlarge", "mac1.metal", "g5g.xlarge", "f2.6xlarge"} {
		e, ok := c.EC2(name)
		if !ok {
			t.Errorf("%s is not known", name)
		}
		if fit, _ := c.Sizes(e.Wish()); len(fit) != 0 {
			t.Errorf("%s fits %s", name, fit[0].Name)
		}
	}
	if fit, missed := c.Sizes(catalog.Wish{}); fit != nil || missed != nil {
		t.Error("an empty wish has sizes")
	}
}

// TestSizesAreNeverSmaller draws wishes and holds every size that fits against them.
func TestSizesAreNeverSmaller(t *testing.T) {
	t.Parallel()
	c := load(t)
	rapid.Check(t, func(t *rapid.T) {
		w := catalog.Wish{
			VCPU: rapid.IntRange(1, 128).Draw(t, "vCPU"), MiB: rapid.IntRange(256, 1<<20).Draw(t, "MiB"), Arch: rapid.SampledFrom([]string{"", "amd64", "arm64"}).Draw(t, "arch"),
			Class: rapid.SampledFrom([]string{"", "B", "D", "E", "F", "M", "L", "N", "Q"}).Draw(t, "class"), IOPS: rapid.IntRange(0, 90000).Draw(t, "IOPS"), MBps: rapid.Float64Range(0, 1000).Draw(t, "MBps"),
			NICs: rapid.IntRange(0, 9).Draw(t, "NICs"), DataDisks: rapid.IntRange(0, 40).Draw(t, "disks"), Burstable: rapid.Bool().Draw(t, "burst"), TempDisk: rapid.Bool().Draw(t, "temp"),
			Generation1: rapid.Bool().Draw(t, "gen1"), Region: rapid.SampledFrom([]string{"", "eastus", "westeurope", "atlantis"}).Draw(t, "region"),
		}
		fit, missed := c.Sizes(w)
		for _, s := range fit {
			sold, known := c.SoldIn(s.Name, w.Region)
			short := func(have, want int) bool { return have > 0 && have < want }
			if s.VCPU < w.VCPU || s.MiB < w.MiB || short(s.IOPS, w.IOPS) || s.MBps > 0 && s.MBps < w.MBps || short(s.NICs, w.NICs) || short(s.DataDisks, w.DataDisks) ||
				w.TempDisk && !s.TempDisk || w.Generation1 && s.Generations == "2" || !w.Burstable && s.Class == "B" || known && !sold || !s.PremiumIO || s.Constrained {
				t.Errorf("%+v fits %+v", s, w)
			}
			if s.Arch != "arm64" && w.Arch == "arm64" || s.Arch == "arm64" && w.Arch != "arm64" {
				t.Errorf("%s has another architecture than %q", s.Name, w.Arch)
			}
			if s.Why == "" || s.WhyNot != "" || s.SpareVCPU != s.VCPU-w.VCPU || s.SpareMiB != s.MiB-w.MiB {
				t.Errorf("%+v does not say why", s)
			}
		}
		for _, s := range missed {
			if s.WhyNot == "" || slices.ContainsFunc(fit, func(f catalog.Choice) bool { return f.Name == s.Name }) {
				t.Errorf("%s is missed without a reason or fits too", s.Name)
			}
		}
	})
}

// TestEveryInstanceTypeHasASize shows how far the families reach: all but
// hardware that Azure does not have.
func TestEveryInstanceTypeHasASize(t *testing.T) {
	t.Parallel()
	c := load(t)
	var none []string
	for _, name := range c.EC2Types() {
		e, ok := c.EC2(name)
		if !ok {
			t.Errorf("%s cannot be read", name)
		}
		w := e.Wish()
		if fit, _ := c.Sizes(w); len(fit) == 0 && w.Accelerator == "" && e.GPUs == 0 && e.VCPU <= 192 {
			none = append(none, name)
		}
	}
	// No ARM size of Azure is as large as these.
	for _, name := range none {
		e, _ := c.EC2(name)
		if e.Arch != "arm64" {
			t.Errorf("%s with %d vCPU and %d MiB has no size", name, e.VCPU, e.MiB)
		}
	}
}

func TestUtilisationScalesDown(t *testing.T) {
	t.Parallel()
	c := load(t)
	w := catalog.Wish{Of: "m5.2xlarge", VCPU: 8, MiB: 32768, Region: "eastus", Utilisation: catalog.Utilisation{CPU: 0.2, Memory: 0.3}}
	fit, _ := c.Sizes(w)
	if len(fit) == 0 || fit[0].VCPU != 4 || !strings.Contains(fit[0].Why, "95th percentile") {
		t.Errorf("got %+v", fit)
	}
	w.Utilisation = catalog.Utilisation{CPU: 1, Memory: 1}
	if fit, _ := c.Sizes(w); fit[0].VCPU != 8 {
		t.Errorf("a busy machine became %s", fit[0].Name)
	}
}

func TestNodeTypes(t *testing.T) {
	t.Parallel()
	c := load(t)
	for class, want := range map[string]struct{ vcpu, mib int }{
		"db.m6g.large": {2, 8192}, "cache.r6g.large": {2, 16384}, "r6g.large.search": {2, 16384}, "m5.large.elasticsearch": {2, 8192}, "kafka.m5.large": {2, 8192},
		"mq.m5.large": {2, 8192}, "dax.r5.large": {2, 16384}, "ml.m5.large": {2, 8192}, "db.x2g.large": {2, 32768}, "db.r5.large.tpc1.mem2x": {2, 32768}, "DB.T4G.MICRO": {2, 1024},
	} {
		got, ok := c.NodeType(class)
		if !ok || got.VCPU != want.vcpu || got.MiB != want.mib {
			t.Errorf("%s: got %+v %v, want %+v", class, got, ok, want)
		}
	}
	for _, class := range []string{"db.serverless", "", ".", "db.", "db..", "ra3.xlplus", "db.m6g"} {
		if got, ok := c.NodeType(class); ok {
			t.Errorf("%q is %+v", class, got)
		}
	}
}

// Hardware that no size of Azure has is named by the type's family, also where
// the type itself is not known.
func TestAccelerator(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"inf1.xlarge": "Inferentia", "inf7.xlarge": "Inferentia", "trn1n.32xlarge": "Trainium", "dl1.24xlarge": "Gaudi", "dl2q.24xlarge": "Qualcomm AI 100", "vt1.3xlarge": "video transcoding", "f1.2xlarge": "FPGA", "f2.6xlarge": "FPGA", "mac2-m2.metal": "macOS hardware",
		"m5.large": "", "t1.micro": "", "p5.48xlarge": "", "g4dn.xlarge": "", "d3.xlarge": "", "u-6tb1.56xlarge": "", "": "",
	} {
		if got := catalog.Accelerator(name); got != want {
			t.Errorf("%q has %q, want %q", name, got, want)
		}
	}
	c := load(t)
	for _, name := range c.EC2Types() {
		e, _ := c.EC2(name)
		w := e.Wish()
		if w.Accelerator == "" {
			continue
		}
		if fit, _ := c.Sizes(w); len(fit) > 0 {
			t.Errorf("%s with %s fits %s", name, w.Accelerator, fit[0].Name)
		}
	}
}

// The largest machines may lack the part of their memory that a hypervisor keeps,
// and no more; all others none.
func TestSlackIsForTheLargestAlone(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, name := range c.EC2Types() {
		e, _ := c.EC2(name)
		w := e.Wish()
		if w.SlackMiB > w.MiB/100 || w.SlackMiB > 0 && w.Class != "M" {
			t.Errorf("%s of class %s may lack %d MiB", name, w.Class, w.SlackMiB)
		}
		w.Region = "northeurope"
		if w.Class != "M" {
			continue
		}
		fit, _ := c.Sizes(w)
		for _, s := range fit {
			if s.VCPU < w.VCPU || s.MiB < w.MiB-w.MiB/100 {
				t.Errorf("%s becomes %s with %d MiB of %d", name, s.Name, s.MiB, w.MiB)
			}
		}
	}
	for name, want := range map[string]string{"t1.micro": "Standard_B2ats_v2", "x1e.32xlarge": "Standard_M176ds_4_v3", "t4g.nano": "Standard_B2pts_v2", "t4g.micro": "Standard_B2pts_v2", "t4g.small": "Standard_B2pls_v2"} {
		e, _ := c.EC2(name)
		w := e.Wish()
		w.Region = "northeurope"
		if fit, _ := c.Sizes(w); len(fit) == 0 || fit[0].Name != want {
			t.Errorf("%s does not become %s: %+v", name, want, fit)
		}
	}
}
