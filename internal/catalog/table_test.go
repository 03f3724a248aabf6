package catalog

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestTablesRefuseBrokenRows(t *testing.T) {
	t.Parallel()
	read := func(text string) error {
		return readTable("test", "# a comment\n\n"+text, 2, func(c *cells) { c.int(1) })
	}
	if err := read("a\t1\nb\t\n"); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{"a\t1\t2\n": `row "a": it has 3 cells, want 2`, "b\tx\n": `row "b": cell 2`} {
		if err := read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	if _, err := unzip("test", []byte("no gzip")); err == nil {
		t.Error("plain bytes were unpacked")
	}
	if _, err := readEC2("m9.large\t2"); err == nil {
		t.Error("half a row is an instance type")
	}
	if _, err := readRole("guid\tname"); err == nil {
		t.Error("half a row is a role")
	}
}

// TestRowsReadOnDemand reads every row that Load leaves unread.
func TestRowsReadOnDemand(t *testing.T) {
	t.Parallel()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, line := range c.ec2 {
		if _, err := readEC2(line); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, line := range c.roles.lines {
		if _, err := readRole(line); err != nil {
			t.Error(err)
		}
	}
	if len(c.Roles()) != len(c.roles.lines) || !slices.IsSortedFunc(c.Roles(), func(a, b Role) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("roles are not in order")
	}
	for _, m := range []matrix{c.ec2Prices, c.vmPrices} {
		for name, line := range m.rows {
			if strings.Count(line, "\t") != len(m.columns) {
				t.Errorf("%s: %d prices, want %d", name, strings.Count(line, "\t"), len(m.columns))
			}
		}
	}
	if tiers := c.DiskTiers(); len(tiers) != 28 {
		t.Errorf("%d disk tiers, want 28", len(tiers))
	}
	if sizes := c.VMSizes(); !slices.IsSortedFunc(sizes, func(a, b VMSize) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("sizes are not in order")
	}
}

func TestGenerationsRankCurrentFirst(t *testing.T) {
	t.Parallel()
	rank := func(class string, version int) int { return generation(&VMSize{Class: class, Version: version}) }
	for _, row := range []struct {
		class string
		order []int
	}{{"D", []int{5, 7, 4, 3, 2, 1}}, {"B", []int{2, 3, 1}}, {"F", []int{6, 7, 2, 1}}, {"M", []int{3, 4, 2, 1}}, {"L", []int{4, 5, 2}}} {
		for i := 1; i < len(row.order); i++ {
			if rank(row.class, row.order[i-1]) >= rank(row.class, row.order[i]) {
				t.Errorf("%sv%d does not stand before v%d", row.class, row.order[i-1], row.order[i])
			}
		}
	}
	if rank("D", 5) != rank("D", 6) {
		t.Error("v5 and v6 are not equal")
	}
}

func TestOverlayIsAFile(t *testing.T) {
	t.Parallel()
	in := Overlay{
		SchemaVersion: OverlayVersion, ReadAt: "2026-11-01T00:00:00Z", EC2: []EC2Type{{Name: "m5.large", VCPU: 2, Arch: "amd64", Boot: []string{"uefi"}}},
		VMs: []VMSize{{Name: "Standard_D2s_v5", MBps: 85.5, NVMe: true}}, Offered: map[string][]string{"eastus": {"Standard_D2s_v5"}}, Usages: map[string][]Usage{"eastus": {{Name: "cores", Limit: 10}}},
	}
	encoded, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out Overlay
	if err := json.Unmarshal(encoded, &out); err != nil || !reflect.DeepEqual(in, out) {
		t.Errorf("%v: came back as %+v", err, out)
	}
	if out.ArtefactVersion() != OverlayVersion {
		t.Errorf("version %d", out.ArtefactVersion())
	}
}

func TestEstimatesSayWhereTheyComeFrom(t *testing.T) {
	t.Parallel()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := c.VMEstimate("atlantis", "Standard_D2s_v5"); !ok || e.USD <= 0 || !strings.Contains(e.Basis, "no price of atlantis") {
		t.Errorf("%+v %v", e, ok)
	}
	if e, ok := c.VMEstimate("westeurope", "D2s_v5"); !ok || !strings.HasSuffix(e.Basis, "westeurope") {
		t.Errorf("%+v %v", e, ok)
	}
	if _, ok := c.EC2Estimate("us-east-1", "z9.huge"); ok {
		t.Error("an unknown type has a price")
	}
	if e, ok := c.UnitEstimate("azurerm_nat_gateway", "NAT gateway"); !ok || !strings.Contains(e.Basis, "estimates") {
		t.Errorf("%+v %v", e, ok)
	}
}
