package catalog_test

import (
	"math"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

// The price of a class follows from another of its family by the units that
// Amazon RDS gives to sizes; a price with a licence does not get in.
func TestDatabaseClasses(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, one := range []struct {
		resource, prefix, class string
		usd                     float64
		from                    string
	}{
		{"aws_db_instance", "Database instance (on-demand, Single-AZ, ", "db.t3.large", 0.136, ""},
		{"aws_db_instance", "Database instance (on-demand, Single-AZ, ", "db.t3.medium", 0.068, "from db.t3.large"},
		{"aws_db_instance", "Database instance (on-demand, Single-AZ, ", "db.t3.micro", 0.017, "from db.t3.large"},
		{"aws_db_instance", "Database instance (on-demand, Single-AZ, ", "db.m5.large", 0.171, ""},
		{"aws_db_instance", "Database instance (on-demand, Single-AZ, ", "db.m5.xlarge", 0.342, "from db.m5.large"},
		{"aws_db_instance", "Database instance (on-demand, Single-AZ, ", "db.m5.4xlarge", 1.368, "from db.m5.large"},
		{"aws_rds_cluster_instance", "Database instance (on-demand, ", "db.r4.xlarge", 0.58, "from db.r4"},
		{"aws_elasticache_cluster", "ElastiCache (on-demand, ", "cache.m4.xlarge", 0.312, "from cache.m4.large"},
		{"aws_db_instance", "Database instance (on-demand, Single-AZ, ", "db.x9.large", 0, ""},
		{"aws_db_instance", "Database instance (on-demand, Single-AZ, ", "db.serverless", 0, ""},
		{"aws_db_instance", "Database instance (on-demand, Single-AZ, ", "", 0, ""},
	} {
		e, ok := c.DatabaseClass(one.resource, one.prefix, one.class)
		if ok != (one.usd > 0) || ok && (!near(e.USD, one.usd) || e.Unit != "hours" || !strings.Contains(e.Basis, one.from)) {
			t.Errorf("%s: %+v %v, want %g", one.class, e, ok, one.usd)
		}
	}
}

func TestMonths(t *testing.T) {
	t.Parallel()
	for unit, want := range map[string]float64{"hours": 1460, "hour": 1460, "days": 2 * 730.0 / 24, "months": 2, "units": 2} {
		if got := (catalog.Estimate{USD: 2, Unit: unit}).Monthly(); !near(got, want) {
			t.Errorf("2 for each of %s are %g a month, want %g", unit, got, want)
		}
	}
}

// A name that only begins like another has no price of its own.
func TestUnitIsExact(t *testing.T) {
	t.Parallel()
	c := load(t)
	if _, ok := c.Unit("azurerm_virtual_network_gateway", "VPN gateway (VpnGw"); ok {
		t.Error("a beginning is taken for a name")
	}
	if e, ok := c.Unit("azurerm_virtual_network_gateway", "vpn gateway (vpngw1)"); !ok || e.USD != 0.19 || !strings.Contains(e.Basis, c.UnitBasis()) {
		t.Errorf("%+v %v", e, ok)
	}
	// Two prices have this name: a month of the key, and 10,000 operations with it.
	if e, ok := c.Unit("azurerm_key_vault_key", "HSM-protected keys"); !ok || e.Unit != "months" || e.USD != 1 {
		t.Errorf("a key is charged by use: %+v %v", e, ok)
	}
}

func TestRulesOfBalancers(t *testing.T) {
	t.Parallel()
	c := load(t)
	for rules, want := range map[int]float64{-1: 0, 0: 0, 1: 0.025, 5: 0.025, 6: 0.035, 15: 0.125} {
		if e, ok := c.BalancerRules(rules); !ok || !near(e.USD, want) {
			t.Errorf("%d rules: %+v %v, want %g an hour", rules, e, ok, want)
		}
	}
}

// A price of zero is a price that the list does not have: no machine is free.
func TestNoPriceIsZero(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, region := range []string{"eastus", "northeurope", "westeurope"} {
		for _, s := range c.VMSizes() {
			if usd, ok := c.VMPrice(region, s.Name); ok && usd <= 0 {
				t.Errorf("%s costs %g in %s", s.Name, usd, region)
			}
		}
	}
	if _, known := c.SoldIn("Standard_M128bds_1_v4", "eastus"); known {
		t.Error("a size that is listed at zero is known to be sold")
	}
}
