package data

import (
	"cmp"
	"math"
	"strings"

	"example.com/landfall/internal/design"
)

// serverCost compares an instance with the server that stands for it: compute,
// the standby, and storage, without backups, requests and traffic.
func (s *sheet) serverCost(f *relational) *design.Cost {
	before, basis := s.instanceCost(f)
	out := design.Cost{Before: before}
	resource := map[string]string{"postgres": "azurerm_postgresql_flexible_server", "mysql": "azurerm_mysql_flexible_server"}[f.engine]
	notes := []string{}
	if basis != "" {
		notes = append(notes, basis)
	}
	if f.price != nil {
		after := f.price.Month()
		notes = append(notes, "after: "+f.price.Basis)
		if storage, ok := s.c.Catalog.UnitEstimate(resource, "Storage"); ok {
			after += storage.USD * float64(f.storageGiB)
		}
		if f.standby {
			after *= 2
		}
		out.After = cents(after)
	}
	if out.Before == nil && out.After == nil && basis == "" {
		return nil
	}
	out.Basis = strings.Join(append(notes, "compute, standby and storage", "no backups, requests, traffic or replicas", "storage at the disk's own performance tier"), "; ")
	return &out
}

// instanceCost is what the instance costs today, nil when its class has no
// known price, or when a licence is part of it.
func (s *sheet) instanceCost(f *relational) (cost *float64, basis string) {
	if s.r.Kind == dbCluster || aurora(s.r) {
		return nil, ""
	}
	engine := strings.ToLower(s.text("Engine"))
	if strings.HasPrefix(engine, "sqlserver") || strings.HasPrefix(engine, "oracle") || strings.HasPrefix(engine, "db2") || strings.HasPrefix(engine, "custom") {
		return nil, "before is not known: the price of " + f.class + " with the licence of " + engine + " is not in the catalogue"
	}
	price, ok := s.c.Catalog.DatabaseClass("aws_db_instance", "Database instance (on-demand, Single-AZ, ", f.class)
	if !ok {
		return nil, "before is not known: the catalogue has no unit price of " + cmp.Or(f.class, "its class")
	}
	copies := map[bool]float64{true: 2, false: 1}[f.standby]
	gib, iops := s.int("AllocatedStorage", 0), 0
	component, perGiB := "Storage (general purpose SSD, gp3)", 0.0
	switch s.text("StorageType") {
	case "io1", "io2":
		component, iops = "Storage (provisioned IOPS SSD, io1)", s.int("Iops", 0)
	case "standard":
		component = "Storage (magnetic)"
	}
	for _, u := range s.c.Catalog.Units("aws_db_instance") {
		if u.Component == component {
			// The dearer of two prices is that of storage with a standby.
			perGiB = u.Least
		}
	}
	perIOPS, _ := s.c.Catalog.Unit("aws_db_instance", "Provisioned IOPS")
	return cents(copies * (price.Month() + perGiB*float64(gib) + perIOPS.USD*float64(iops))), "before: " + price.Basis
}

// unitCost is the price of a target whose compute the catalogue knows by name.
func (s *sheet) unitCost(resource, compute string, gib int, storage string) *design.Cost {
	price, ok := s.c.Catalog.Unit(resource, compute)
	if !ok {
		return nil
	}
	after := price.Month()
	if e, ok := s.c.Catalog.Unit(resource, storage); ok {
		after += e.USD * float64(gib)
	}
	return &design.Cost{After: cents(after), Basis: "before is not known: the price of " + cmp.Or(s.text("DBInstanceClass"), "its class") + " with the licence of " + cmp.Or(s.text("Engine"), "its engine") + " is not in the catalogue; after: " + price.Basis + "; compute and storage"}
}

func cents(v float64) *float64 { return new(math.Round(v*100) / 100) }

// cacheCost compares the nodes of a cache with the size that stands for them; a
// replica costs as much again at both sides.
func (s *sheet) cacheCost(p cachePlan) *design.Cost {
	out := design.Cost{}
	nodes := s.shards() * (1 + s.int("ReplicasPerNodeGroup", max(0, s.int("NumCacheClusters", 1)-1)))
	for _, resource := range []string{"aws_elasticache_replication_group", "aws_elasticache_cluster"} {
		if e, ok := s.c.Catalog.DatabaseClass(resource, "ElastiCache (on-demand, ", s.nodeType()); ok && out.Before == nil {
			out.Before, out.Basis = cents(e.Month()*float64(nodes)), "before: "+e.Basis+"; "
		}
	}
	if e, ok := s.c.Catalog.Unit("azurerm_managed_redis", "Cache usage ("+string(p.sku)+")"); ok {
		copies := map[bool]float64{true: 2, false: 1}[p.standby]
		out.After, out.Basis = cents(e.Month()*copies), out.Basis+"after: "+e.Basis+"; "
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
	reads, okRead := s.c.Catalog.Unit("aws_dynamodb_table", "Read capacity unit (RCU)")
	writes, okWrite := s.c.Catalog.Unit("aws_dynamodb_table", "Write capacity unit (WCU)")
	units, ok := s.c.Catalog.Unit("azurerm_cosmosdb_sql_container", "Provisioned throughput (provisioned, Central US)")
	if p.throughput == 0 || !ok || !okRead || !okWrite {
		return nil
	}
	before := reads.USD*float64(s.int("ProvisionedThroughput.ReadCapacityUnits", 0)) + writes.USD*float64(s.int("ProvisionedThroughput.WriteCapacityUnits", 0))
	return &design.Cost{Before: cents(before), After: cents(units.USD * float64(p.throughput) / 100), Basis: units.Basis + "; provisioned capacity without storage, indexes and backups"}
}
