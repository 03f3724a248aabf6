package catalog_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"example.com/landfall/internal/catalog"
)

func load(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// shared reads a file of the shared data folder beside the checkout into
// value. LANDFALL_AZURE_TYPES names a file of the same folder.
func shared(t *testing.T, name string, value any) {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data")
	if path := os.Getenv("LANDFALL_AZURE_TYPES"); path != "" {
		dir = filepath.Dir(path)
	}
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatalf("read %s: %v; put it into ../shared/data", name, err)
	}
	if err := json.Unmarshal(content, value); err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
}

func same(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(1, math.Abs(b)) }

func TestEC2FollowsTheSource(t *testing.T) {
	t.Parallel()
	c := load(t)
	var all map[string]struct {
		VCPU  int      `json:"vcpu"`
		MiB   int      `json:"memMiB"`
		Arch  []string `json:"arch"`
		GPU   []struct{ N int }
		Local int     `json:"localGB"`
		Base  float64 `json:"netBaseGbps"`
		ENI   int     `json:"eni"`
		IOPS  int     `json:"ebsMaxIops"`
		MBps  float64 `json:"ebsMaxMBps"`
		Burst bool    `json:"burst"`
		Metal bool    `json:"metal"`
	}
	shared(t, "ec2-instance-types.json", &all)
	if got := c.EC2Types(); len(got) != len(all) {
		t.Errorf("%d instance types, want %d", len(got), len(all))
	}
	for name, want := range all {
		got, ok := c.EC2(name)
		gpus := 0
		for _, g := range want.GPU {
			gpus += g.N
		}
		if !ok || got.Name != name || got.VCPU != want.VCPU || got.MiB != want.MiB || got.GPUs != gpus || got.LocalGB != want.Local ||
			!same(got.BaseGbps, want.Base) || got.NICs != want.ENI || got.IOPS != want.IOPS || !same(got.MBps, want.MBps) || got.Burstable != want.Burst || got.Metal != want.Metal {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
		if arm := want.Arch[0] == "arm64" || want.Arch[0] == "arm64_mac"; arm != (got.Arch == "arm64") {
			t.Errorf("%s: architecture %q, want %v", name, got.Arch, want.Arch)
		}
	}
	if _, ok := c.EC2("z9.huge"); ok {
		t.Error("z9.huge is known")
	}
}

func TestVMSizesFollowTheSource(t *testing.T) {
	t.Parallel()
	c := load(t)
	var all map[string]struct {
		Family string `json:"family"`
		VCPU   int    `json:"vcpu"`
		MiB    int    `json:"memMiB"`
		GPU    int    `json:"gpu"`
		Disks  int    `json:"maxDataDisks"`
		Net    bool   `json:"accelNet"`
		IOPS   int    `json:"diskIops"`
	}
	shared(t, "azure-vm-sizes.json", &all)
	var limits map[string]struct {
		IOPS int     `json:"iops"`
		MBps float64 `json:"MBps"`
		NICs int     `json:"nics"`
	}
	shared(t, "azure-vm-io-limits.json", &limits)
	for name, want := range all {
		if want.VCPU == 0 {
			continue // a size of which nothing but its limits is known
		}
		got, ok := c.VM(name)
		if !ok || got.Family != want.Family || got.VCPU != want.VCPU || got.MiB != want.MiB || got.GPUs != want.GPU || got.DataDisks != want.Disks || got.AcceleratedNetworking != want.Net {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
		if l, ok := limits[name]; ok && (got.IOPS != l.IOPS || !same(got.MBps, l.MBps) || got.NICs != l.NICs) {
			t.Errorf("%s: limits %+v, want %+v", name, got, l)
		}
		if got.Arch != "amd64" && got.Arch != "arm64" || got.Class == "" || got.Version < 1 {
			t.Errorf("%s: %+v is incomplete", name, got)
		}
	}
	for size, want := range map[string]catalog.VMSize{
		"standard_d2S_V5":      {Class: "D", Letters: "s", Version: 5},
		"E4-2ads_v5":           {Class: "E", Letters: "ads", Version: 5, Constrained: true},
		"Standard_B1ms":        {Class: "B", Letters: "ms", Version: 1},
		"Standard_NC4as_T4_v3": {Class: "NC", Letters: "as", Version: 3},
	} {
		got, ok := c.VM(size)
		if !ok || got.Class != want.Class || got.Letters != want.Letters || got.Version != want.Version || got.Constrained != want.Constrained {
			t.Errorf("%s: got %+v %v, want %+v", size, got, ok, want)
		}
	}
}

func TestPricesFollowTheSource(t *testing.T) {
	t.Parallel()
	c := load(t)
	var vms, ec2 map[string]map[string]float64
	shared(t, "azure-vm-prices.json", &vms)
	shared(t, "aws-ec2-prices.json", &ec2)
	for region, prices := range vms {
		for size, want := range prices {
			// A price of zero is none.
			if got, ok := c.VMPrice(region, size); ok != (want > 0) || !same(got, want) {
				t.Fatalf("%s in %s: got %v %v, want %v", size, region, got, ok, want)
			}
		}
	}
	for region, prices := range ec2 {
		for name, want := range prices {
			got, ok := c.EC2Price(region, name)
			if china := region == "cn-north-1"; ok == china || ok && !same(got, want) {
				t.Fatalf("%s in %s: got %v %v, want %v", name, region, got, ok, want)
			}
		}
	}
	if usd, ok := c.VMPrice("eastus", "Standard_Nope"); ok || usd != 0 {
		t.Errorf("unknown size: %v %v", usd, ok)
	}
	if sold, known := c.SoldIn("Standard_D2s_v5", "eastus"); !sold || !known {
		t.Error("D2s_v5 is not known to be sold in eastus")
	}
	if _, known := c.SoldIn("Standard_D2s_v5", "atlantis"); known {
		t.Error("something is known of atlantis")
	}
	if e, ok := c.EC2Estimate("eu-west-1", "m5.large"); !ok || !same(e.USD, ec2["us-east-1"]["m5.large"]) || e.Month() != e.USD*730 {
		t.Errorf("estimate %+v %v", e, ok)
	}
	if usd, unit, ok := c.UnitPrice("azurerm_nat_gateway", "nat gateway"); !ok || unit != "hours" || !same(usd, 0.045) {
		t.Errorf("NAT gateway: %v %q %v", usd, unit, ok)
	}
	if _, _, ok := c.UnitPrice("azurerm_nat_gateway", "moonlight"); ok {
		t.Error("moonlight has a price")
	}
	var units []struct {
		Resource, Component, Unit string
		USD                       float64
	}
	shared(t, "unit-prices-infracost.json", &units)
	for _, want := range units {
		if usd, _, ok := c.UnitPrice(want.Resource, want.Component); !ok || usd < 0 {
			t.Errorf("%s %s: got %v %v", want.Resource, want.Component, usd, ok)
		}
	}
}

func TestRolesFollowTheSource(t *testing.T) {
	t.Parallel()
	c := load(t)
	var all []struct {
		ID, Name                                         string
		Actions, NotActions, DataActions, NotDataActions []string
	}
	shared(t, "azure-builtin-roles.json", &all)
	if got := c.Roles(); len(got) != len(all) {
		t.Errorf("%d roles, want %d", len(got), len(all))
	}
	for _, want := range all {
		byName, named := c.Role(want.Name)
		byID, found := c.Role(want.ID)
		if !named || !found || !reflect.DeepEqual(byName, byID) || byID.GUID != want.ID || byID.Name != want.Name {
			t.Fatalf("%s: %+v, %+v", want.Name, byName, byID)
		}
		if len(byID.Actions) != len(want.Actions) || len(byID.NotActions) != len(want.NotActions) || len(byID.DataActions) != len(want.DataActions) || len(byID.NotDataActions) != len(want.NotDataActions) {
			t.Errorf("%s: got %+v, want %+v", want.Name, byID, want)
		}
	}
	reader, ok := c.Role("storage blob data reader")
	if !ok || reader.GUID != "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1" || !reader.Known() || len(reader.DataActions) == 0 {
		t.Errorf("Storage Blob Data Reader: %+v", reader)
	}
}

// TestLimitsFollowTheSource compares the struct with the file member by
// member: what the struct has must be the same, what it leaves out is no number
// that a rule needs.
func TestLimitsFollowTheSource(t *testing.T) {
	t.Parallel()
	var want map[string]any
	shared(t, "azure-limits.json", &want)
	encoded, err := json.Marshal(load(t).Limits())
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(encoded, &got); err != nil {
		t.Fatal(err)
	}
	for group, members := range got {
		for name, value := range members.(map[string]any) {
			if other := want[group].(map[string]any)[name]; !reflect.DeepEqual(value, other) {
				t.Errorf("%s.%s: got %v, want %v", group, name, value, other)
			}
		}
	}
	var classes []struct {
		S3      string
		Blob    string
		MinDays int
	}
	shared(t, "s3-to-blob-tiers.json", &classes)
	for _, row := range classes {
		got, ok := load(t).StorageClass(row.S3)
		if !ok || got.MinDays != row.MinDays || row.Blob[:3] != got.Tier[:3] {
			t.Errorf("%s: got %+v, want %+v", row.S3, got, row)
		}
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	c := load(t)
	if got := len(c.Regions()); got != 62 {
		t.Errorf("%d regions, want 62", got)
	}
	for _, r := range c.Regions() {
		if r.Display == "" || r.Latitude == 0 && r.Longitude == 0 {
			t.Errorf("%+v is incomplete", r)
		}
		if _, ok := c.Region(r.Display); !ok {
			t.Errorf("%s is not found by its display name", r.Display)
		}
	}
	for aws, want := range map[string]string{"us-east-1": "eastus", "eu-west-1": "northeurope", "eu-central-1": "germanywestcentral", "ap-southeast-2": "australiaeast", "us-gov-west-1": "eastus", "": "eastus"} {
		if got := c.DefaultRegion(aws); string(got.Name) != want {
			t.Errorf("%s: got %s, want %s", aws, got.Name, want)
		}
	}
	var nearest map[string]struct {
		Name    string
		Nearest []struct {
			Azure string
			KM    int
		}
	}
	shared(t, "aws-to-azure-regions.json", &nearest)
	for name, want := range nearest {
		r, ok := c.AWSRegion(name)
		if !ok || r.Display != want.Name {
			t.Errorf("%s: %+v, want %q", name, r, want.Name)
		}
		near := c.NearestRegions(name)
		for i, n := range want.Nearest {
			if string(near[i].Name) != n.Azure || near[i].Kilometres != n.KM {
				t.Errorf("%s %d: got %s %d, want %s %d", name, i, near[i].Name, near[i].Kilometres, n.Azure, n.KM)
			}
		}
	}
	if len(c.NearestRegions("us-gov-west-1")) != 0 {
		t.Error("a government region has neighbours")
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := catalog.Load(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSizes(b *testing.B) {
	c := load(b)
	t, _ := c.EC2("m5.large")
	w := t.Wish()
	w.Region = "eastus"
	for b.Loop() {
		c.Sizes(w)
	}
}
