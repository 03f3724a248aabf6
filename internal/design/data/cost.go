package data

import (
	"math"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/design"
)

// serverCost compares an instance with the server that stands for it: compute,
// the standby, and storage, without backups, requests and traffic.
func (s *sheet) serverCost(f *relational) *design.Cost {
	out := design.Cost{Before: s.instanceCost(f)}
	resource := map[string]string{"postgres": "azurerm_postgresql_flexible_server", "mysql": "azurerm_mysql_flexible_server"}[f.engine]
	notes := []string{}
	if f.price != nil {
		after := f.price.Month()
		notes = append(notes, f.price.Basis)
		if storage, ok := s.c.Catalog.UnitEstimate(resource, "Storage"); ok {
			after += storage.USD * float64(f.storageGiB)
		}
		if f.standby {
			after *= 2
		}
		out.After = cents(after)
	}
	if out.Before == nil && out.After == nil {
		return nil
	}
	out.Basis = strings.Join(append(notes, "compute, standby and storage; no backups, requests, traffic or replicas; storage at the disk's own performance tier"), "; ")
	return &out
}

// instanceCost is what the instance costs today, nil when its class has no
// known price.
func (s *sheet) instanceCost(f *relational) *float64 {
	if s.r.Kind == dbCluster || aurora(s.r) {
		return nil
	}
	zones := map[bool]string{true: "Multi-AZ", false: "Single-AZ"}[f.standby]
	price, ok := s.c.Catalog.UnitEstimate("aws_db_instance", "Database instance (on-demand, "+zones+", "+f.class+")")
	double := 1.0
	if !ok && f.standby {
		price, ok = s.c.Catalog.UnitEstimate("aws_db_instance", "Database instance (on-demand, Single-AZ, "+f.class+")")
		double = 2
	}
	if !ok || price.Unit != "hours" {
		return nil
	}
	total := price.Month() * double
	if storage, ok := s.c.Catalog.UnitEstimate("aws_db_instance", "Storage (general purpose SSD, gp3)"); ok {
		copies := map[bool]float64{true: 2, false: 1}[f.standby]
		total += storage.USD / 2 * copies * float64(s.int("AllocatedStorage", 0))
	}
	return cents(total)
}

// unitCost is the price of a target whose compute the catalogue knows by name.
func (s *sheet) unitCost(resource, compute string, gib int, storage string) *design.Cost {
	price, ok := exact(s.c.Catalog, resource, compute)
	if !ok {
		return nil
	}
	after := price.Month()
	if e, ok := exact(s.c.Catalog, resource, storage); ok {
		after += e.USD * float64(gib)
	}
	return &design.Cost{After: cents(after), Basis: price.Basis + "; compute and storage"}
}

// exact is a price under exactly this name.
func exact(c *catalog.Catalog, resource, component string) (catalog.Estimate, bool) {
	for _, u := range c.Units(resource) {
		if strings.EqualFold(u.Component, component) {
			return c.UnitEstimate(resource, u.Component)
		}
	}
	return catalog.Estimate{}, false
}

func cents(v float64) *float64 { return new(math.Round(v*100) / 100) }

// cacheCost compares the nodes of a cache with the size that stands for them; a
// replica costs as much again at both sides.
func (s *sheet) cacheCost(p cachePlan) *design.Cost {
	out := design.Cost{}
	nodes := s.shards() * (1 + s.int("ReplicasPerNodeGroup", max(0, s.int("NumCacheClusters", 1)-1)))
	if e, ok := exact(s.c.Catalog, "aws_elasticache_replication_group", "ElastiCache (on-demand, "+s.nodeType()+")"); ok {
		out.Before, out.Basis = cents(e.Month()*float64(nodes)), e.Basis+"; "
	}
	if e, ok := exact(s.c.Catalog, "azurerm_managed_redis", "Cache usage ("+string(p.sku)+")"); ok {
		copies := map[bool]float64{true: 2, false: 1}[p.standby]
		out.After, out.Basis = cents(e.Month()*copies), out.Basis+e.Basis+"; "
	}
	if out.Before == nil && out.After == nil {
		return nil
	}
	out.Basis += "nodes without backups and traffic"
	return &out
}

// tableCost compares provisioned capacity; what is billed by request depends on
// traffic that the configuration does not say.
func (s *sheet) tableCost(p tablePlan) *design.Cost {
	reads, okRead := exact(s.c.Catalog, "aws_dynamodb_table", "Read capacity unit (RCU)")
	writes, okWrite := exact(s.c.Catalog, "aws_dynamodb_table", "Write capacity unit (WCU)")
	units, ok := s.c.Catalog.UnitEstimate("azurerm_cosmosdb_sql_container", "Provisioned throughput (provisioned")
	if p.throughput == 0 || !ok || !okRead || !okWrite {
		return nil
	}
	before := reads.USD*float64(s.int("ProvisionedThroughput.ReadCapacityUnits", 0)) + writes.USD*float64(s.int("ProvisionedThroughput.WriteCapacityUnits", 0))
	return &design.Cost{Before: cents(before), After: cents(units.USD * float64(p.throughput) / 100), Basis: units.Basis + "; provisioned capacity without storage, indexes and backups"}
}
