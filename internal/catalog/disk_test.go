package catalog_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/catalog"
)

func TestDisks(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, row := range []struct {
		wish catalog.DiskWish
		sku  string
		tier string
		iops int
	}{
		{catalog.DiskWish{Type: "gp2", GiB: 100}, "StandardSSD_LRS", "E10", 500},
		{catalog.DiskWish{GiB: 100, Production: true}, "Premium_LRS", "P10", 500},
		{catalog.DiskWish{Type: "gp3", GiB: 30, OS: true, Production: true}, "Premium_LRS", "P4", 120},
		{catalog.DiskWish{Type: "gp3", GiB: 100, Production: true}, "PremiumV2_LRS", "", 3000},
		{catalog.DiskWish{Type: "gp3", GiB: 100, Production: true, Avoid: []string{catalog.PremiumV2}}, "Premium_LRS", "P10", 500},
		{catalog.DiskWish{Type: "gp3", GiB: 100, IOPS: 9000, MBps: 500}, "PremiumV2_LRS", "", 9000},
		{catalog.DiskWish{Type: "GP3", GiB: 100, IOPS: 4000, OS: true}, "Premium_LRS", "P10", 5000},
		{catalog.DiskWish{Type: "io1", GiB: 500, IOPS: 10000}, "PremiumV2_LRS", "", 10000},
		{catalog.DiskWish{Type: "io2", GiB: 500, IOPS: 100000}, "UltraSSD_LRS", "", 100000},
		{catalog.DiskWish{Type: "st1", GiB: 500}, "StandardSSD_LRS", "E20", 500},
		{catalog.DiskWish{Type: "sc1", GiB: 5000}, "Standard_LRS", "S60", 1300},
		{catalog.DiskWish{Type: "standard", GiB: 8, OS: true}, "StandardSSD_LRS", "E2", 120},
		{catalog.DiskWish{Type: "new-kind", GiB: 0}, "StandardSSD_LRS", "E1", 120},
	} {
		got := c.Disk(row.wish)
		if got.SKU != row.sku || got.Tier != row.tier || got.IOPS != row.iops || got.Why == "" || got.Short {
			t.Errorf("%+v: got %+v", row.wish, got)
		}
	}
	if got := c.Disk(catalog.DiskWish{Type: "gp3", GiB: 100, IOPS: 4000, OS: true}); got.PerformanceTier != "P30" {
		t.Errorf("performance tier %q, want P30", got.PerformanceTier)
	}
	if got := c.Disk(catalog.DiskWish{Type: "io2", GiB: 60000, IOPS: 256000, OS: true}); !got.Short || !strings.Contains(strings.Join(got.Gaps, " "), "stripe") {
		t.Errorf("an OS disk of 60,000 GiB: %+v", got)
	}
	all := []string{catalog.StandardHDD, catalog.StandardSSD, catalog.PremiumSSD, catalog.PremiumV2, catalog.UltraDisk}
	if got := c.Disk(catalog.DiskWish{GiB: 8, Avoid: all}); !got.Short || got.SKU != catalog.PremiumSSD {
		t.Errorf("with everything excluded: %+v", got)
	}
}

// TestDisksAreNeverSmaller: what was provisioned at the source is there at the
// target, or the choice says that it is short.
func TestDisksAreNeverSmaller(t *testing.T) {
	t.Parallel()
	c := load(t)
	rapid.Check(t, func(t *rapid.T) {
		w := catalog.DiskWish{
			Type: rapid.SampledFrom([]string{"", "gp2", "gp3", "io1", "io2", "st1", "sc1", "standard", "?"}).Draw(t, "type"), GiB: rapid.IntRange(-1, 70000).Draw(t, "GiB"),
			IOPS: rapid.IntRange(0, 260000).Draw(t, "IOPS"), MBps: rapid.IntRange(0, 4000).Draw(t, "MBps"), OS: rapid.Bool().Draw(t, "OS"), Production: rapid.Bool().Draw(t, "production"),
			Avoid: rapid.SliceOfN(rapid.SampledFrom([]string{catalog.StandardSSD, catalog.PremiumSSD, catalog.PremiumV2, catalog.UltraDisk}), 0, 2).Draw(t, "avoid"),
		}
		got := c.Disk(w)
		if got.SKU == "" || got.Why == "" {
			t.Fatalf("%+v: got %+v", w, got)
		}
		if w.OS && got.NeedsZone {
			t.Errorf("%s as OS disk", got.SKU)
		}
		if got.Short {
			return
		}
		if got.GiB < w.GiB || got.IOPS <= 0 || got.MBps <= 0 {
			t.Errorf("%+v: got %+v", w, got)
		}
		provisioned := w.Type == "io1" || w.Type == "io2" || w.Type == "gp3" && (w.IOPS > 3000 || w.MBps > 125)
		if provisioned && (got.IOPS < w.IOPS || got.MBps < w.MBps) {
			t.Errorf("%+v: slower: %+v", w, got)
		}
		if got.SKU == catalog.PremiumV2 && got.IOPS > 3000+500*max(0, got.GiB-6) || got.SKU == catalog.UltraDisk && got.IOPS > 1000*got.GiB {
			t.Errorf("%+v: more IOPS than its size may have", got)
		}
	})
}

func TestDatabases(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, row := range []struct {
		class      string
		production bool
		want, tier string
	}{
		{"db.t3.medium", false, "Standard_B2s", "Burstable"},
		{"db.t3.medium", true, "Standard_D2ds_v5", "GeneralPurpose"},
		{"db.m5.large", true, "Standard_D2ds_v5", "GeneralPurpose"},
		{"db.r6g.xlarge", true, "Standard_E4ds_v5", "MemoryOptimized"},
	} {
		w, ok := c.DatabaseWish(row.class)
		w.Production = row.production
		fit, _ := c.Postgres(w)
		mysql, _ := c.MySQL(w)
		if !ok || len(fit) == 0 || fit[0].Name != row.want || fit[0].Tier != row.tier || len(mysql) == 0 || mysql[0].Tier != row.tier {
			t.Errorf("%s: got %+v", row.class, fit)
		}
	}
	if _, ok := c.DatabaseWish("db.serverless"); ok {
		t.Error("db.serverless has a size")
	}
	rapid.Check(t, func(t *rapid.T) {
		w := catalog.DBWish{
			VCPU: rapid.IntRange(1, 128).Draw(t, "vCPU"), MiB: rapid.IntRange(512, 1<<20).Draw(t, "MiB"), IOPS: rapid.IntRange(0, 90000).Draw(t, "IOPS"),
			Burstable: rapid.Bool().Draw(t, "burst"), Memory: rapid.Bool().Draw(t, "memory"), Production: rapid.Bool().Draw(t, "production"),
		}
		fit, _ := c.Postgres(w)
		for _, s := range fit {
			if s.VCores < w.VCPU || s.MiB < w.MiB || s.IOPS < w.IOPS || w.Production && s.Tier == "Burstable" {
				t.Errorf("%+v fits %+v", s, w)
			}
		}
	})
}

// MySQL has sizes of its own, each with its own limit of IOPS.
func TestMySQLSizes(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, row := range []struct {
		wish       catalog.DBWish
		name, tier string
		iops       int
	}{
		{catalog.DBWish{VCPU: 2, MiB: 2048, Burstable: true, IOPS: 1000}, "Standard_B2s", catalog.Burstable, 1280},
		{catalog.DBWish{VCPU: 2, MiB: 8192}, "Standard_D2ads_v5", catalog.GeneralPurpose, 3200},
		{catalog.DBWish{VCPU: 2, MiB: 8192, IOPS: 3201}, "Standard_D4ads_v5", catalog.GeneralPurpose, 6400},
		{catalog.DBWish{VCPU: 2, MiB: 8192, IOPS: 20001}, "Standard_D48ads_v5", catalog.GeneralPurpose, 48000},
		{catalog.DBWish{VCPU: 2, MiB: 16384, Memory: true}, "Standard_E2ds_v5", catalog.MemoryOptimized, 5000},
		{catalog.DBWish{VCPU: 64, MiB: 512 * 1024, Memory: true}, "Standard_E64ds_v5", catalog.MemoryOptimized, 64000},
		{catalog.DBWish{VCPU: 96, MiB: 384 * 1024}, "Standard_D96ds_v5", catalog.GeneralPurpose, 48000},
		{catalog.DBWish{VCPU: 96, MiB: 384 * 1024, IOPS: 72001}, "Standard_E96ads_v5", catalog.MemoryOptimized, 80000},
	} {
		fit, _ := c.MySQL(row.wish)
		if len(fit) == 0 || fit[0].Name != row.name || fit[0].Tier != row.tier || fit[0].IOPS != row.iops {
			t.Errorf("%+v: %+v", row.wish, fit)
		}
	}
	if fit, _ := c.MySQL(catalog.DBWish{VCPU: 2, MiB: 8192, IOPS: 80001}); len(fit) != 0 {
		t.Errorf("80,001 IOPS fit %s", fit[0].Name)
	}
	mysql, postgres := c.DatabaseSkus("mysql"), c.DatabaseSkus("postgres")
	for _, s := range mysql {
		if s.IOPS < 640 || s.IOPS > 80000 || s.VCores == 0 || s.MiB < 2048*s.VCores {
			t.Errorf("%+v", s)
		}
	}
	for engine, want := range map[string]int{"mysql": len(mysql), "MariaDB": len(mysql), "aurora-mysql": len(mysql), "aurora": len(mysql), "aurora-postgresql": len(postgres), "": len(postgres)} {
		if got := len(c.DatabaseSkus(engine)); got != want || len(mysql) == len(postgres) {
			t.Errorf("%q has %d sizes, want %d", engine, got, want)
		}
	}
}

func TestOverlay(t *testing.T) {
	t.Parallel()
	o := &catalog.Overlay{
		SchemaVersion: catalog.OverlayVersion, ReadAt: "2026-11-01T00:00:00Z",
		EC2:       []catalog.EC2Type{{Name: "z9.huge", VCPU: 2, MiB: 4096, Arch: "amd64"}, {Name: "m5.large", VCPU: 4, MiB: 8192, Arch: "amd64"}},
		VMs:       []catalog.VMSize{{Name: "Standard_D2s_v5", IOPS: 4000, MBps: 90, PremiumIO: true}, {Name: "Standard_Q2s_v9", VCPU: 2, MiB: 4096, Arch: "amd64"}},
		Offered:   map[string][]string{"EastUS": {"Standard_D2s_v5"}},
		VMPrices:  map[string]map[string]float64{"eastus": {"Standard_D2s_v5": 0.5}},
		EC2Prices: map[string]map[string]float64{"eu-west-1": {"m5.large": 0.107}},
		Units:     []catalog.Unit{{Resource: "azurerm_nat_gateway", Component: "NAT gateway", Unit: "hours", USD: 0.05}},
		Usages:    map[string][]catalog.Usage{"eastus": {{Provider: "Microsoft.Compute", Name: "cores", Used: 4, Limit: 20}}},
	}
	c, err := catalog.LoadWith(o)
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := c.EC2("m5.large"); !ok || e.VCPU != 4 {
		t.Errorf("m5.large: %+v", e)
	}
	if e, ok := c.EC2("z9.huge"); !ok || e.MiB != 4096 {
		t.Errorf("z9.huge: %+v", e)
	}
	if s, _ := c.VM("Standard_D2s_v5"); s.IOPS != 4000 || s.VCPU != 2 || s.Family == "" || s.Class != "D" {
		t.Errorf("D2s_v5: %+v", s)
	}
	if s, ok := c.VM("Standard_Q2s_v9"); !ok || s.Class != "Q" || s.Version != 9 {
		t.Errorf("Q2s_v9: %+v", s)
	}
	if sold, known := c.SoldIn("Standard_D4s_v5", "eastus"); sold || !known {
		t.Error("a size that the region does not list is sold")
	}
	fit, missed := c.Sizes(catalog.Wish{VCPU: 2, MiB: 4096, Region: "eastus"})
	if len(fit) != 1 || *fit[0].Price != 0.5 || len(missed) == 0 {
		t.Errorf("got %+v", fit)
	}
	if usd, ok := c.EC2Price("eu-west-1", "m5.large"); !ok || usd != 0.107 {
		t.Errorf("price %v %v", usd, ok)
	}
	if usd, _, _ := c.UnitPrice("azurerm_nat_gateway", "NAT gateway"); usd != 0.05 {
		t.Errorf("unit price %v", usd)
	}
	if u, known := c.Usages("eastus"); !known || len(u) != 1 || c.ReadAt() == "" {
		t.Errorf("usages %+v", u)
	}
	if _, known := load(t).Usages("eastus"); known {
		t.Error("usages are known without an overlay")
	}
}
