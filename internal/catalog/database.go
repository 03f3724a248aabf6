package catalog

import (
	"cmp"
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strings"
)

//go:embed data/postgres-skus.tsv
var postgresTSV string

//go:embed data/mysql-skus.tsv
var mysqlTSV string

// The tiers of flexible servers, as bodies name them.
const (
	Burstable       = "Burstable"
	GeneralPurpose  = "GeneralPurpose"
	MemoryOptimized = "MemoryOptimized"
)

// DBSku is a compute size of a flexible server. A number that is not known is 0.
type DBSku struct {
	Tier, Name string
	VCores     int
	MiB        int
	IOPS       int
	MBps       float64
}

const skuWidth = 6

func loadSkus(name, text string) ([]DBSku, error) {
	var out []DBSku
	err := readTable(name, text, skuWidth, func(r *cells) {
		out = append(out, DBSku{r.at(0), "Standard_" + r.at(1), r.int(2), int(r.float(3) * 1024), r.int(4), r.float(5)})
	})
	return out, err
}

// DBWish is a database instance as it is at the source.
type DBWish struct {
	// Class is the source's name of the size ("db.m6g.large"), for the reason.
	Class     string
	VCPU, MiB int
	Burstable bool
	// Memory asks for the memory optimised tier.
	Memory bool
	// Production servers are never burstable.
	Production bool
	// IOPS and MBps are what the volume does, 0 when it does not matter.
	IOPS   int
	MBps   float64
	Region string
}

// DBChoice is a size for a flexible server. WhyNot is "" for those that fit.
type DBChoice struct {
	DBSku
	// Price is US dollars an hour, nil when it is not known.
	Price       *Estimate
	Why, WhyNot string
}

// DatabaseWish returns the wish that a class of RDS stands for; ok is false
// for classes that are no instance type ("db.serverless").
func (c *Catalog) DatabaseWish(class string) (DBWish, bool) {
	t, ok := c.NodeType(class)
	if !ok {
		return DBWish{Class: class}, false
	}
	// Eight and more GiB for each vCPU is what the r and x families have.
	return DBWish{Class: class, VCPU: t.VCPU, MiB: t.MiB, Burstable: t.Burstable, Memory: t.MiB >= t.VCPU*7*1024 && !t.Burstable}, true
}

// Postgres returns the sizes of Azure Database for PostgreSQL flexible server
// that fit, best first, and near misses.
func (c *Catalog) Postgres(w DBWish) (fit, missed []DBChoice) {
	return c.database("azurerm_postgresql_flexible_server", "Compute", c.postgres, w)
}

// MySQL returns the sizes of Azure Database for MySQL flexible server that fit,
// best first, and near misses.
func (c *Catalog) MySQL(w DBWish) (fit, missed []DBChoice) {
	return c.database("azurerm_mysql_flexible_server", "Compute", c.mysql, w)
}

// DatabaseSkus returns the compute sizes of flexible servers for an engine:
// "mysql", "mariadb" and "aurora-mysql" have those of MySQL, all others those of
// PostgreSQL.
func (c *Catalog) DatabaseSkus(engine string) []DBSku {
	if engine = strings.ToLower(engine); strings.Contains(engine, "mysql") || engine == "mariadb" || engine == "aurora" {
		return slices.Clone(c.mysql)
	}
	return slices.Clone(c.postgres)
}

func (w DBWish) tiers() []string {
	switch {
	case w.Burstable && !w.Production:
		return []string{Burstable, GeneralPurpose, MemoryOptimized}
	case w.Memory:
		return []string{MemoryOptimized}
	}
	return []string{GeneralPurpose, MemoryOptimized}
}

func (c *Catalog) database(resource, component string, skus []DBSku, w DBWish) (fit, missed []DBChoice) {
	tiers := w.tiers()
	for _, s := range skus {
		choice := DBChoice{DBSku: s, WhyNot: w.refuses(s, tiers)}
		if choice.WhyNot != "" {
			if near(s.VCores, w.VCPU) && near(s.MiB, w.MiB) {
				missed = append(missed, choice)
			}
			continue
		}
		choice.Why = fmt.Sprintf("%s has %d vCores and %s for %s with %d vCPU and %s", s.Name, s.VCores, memory(s.MiB), cmp.Or(w.Class, "the source"), w.VCPU, memory(w.MiB))
		fit = append(fit, choice)
	}
	rank := func(a, b DBChoice) int {
		return cmp.Or(cmp.Compare(slices.Index(tiers, a.Tier), slices.Index(tiers, b.Tier)), cmp.Compare(a.VCores, b.VCores), cmp.Compare(a.MiB, b.MiB),
			cmp.Compare(dbGeneration(a.Name), dbGeneration(b.Name)), cmp.Compare(a.Name, b.Name))
	}
	slices.SortStableFunc(fit, rank)
	slices.SortStableFunc(missed, rank)
	fit, missed = fit[:min(len(fit), 6)], missed[:min(len(missed), 4)]
	for i := range fit {
		if e, ok := c.databasePrice(resource, component, fit[i].DBSku, skus); ok {
			fit[i].Price = &e
		}
	}
	return fit, missed
}

func (w DBWish) refuses(s DBSku, tiers []string) string {
	switch {
	case w.Production && s.Tier == Burstable:
		return "burstable servers are not for production"
	case !slices.Contains(tiers, s.Tier):
		return "another tier than the source's"
	case s.VCores < w.VCPU:
		return fmt.Sprintf("%d vCores, %d wanted", s.VCores, w.VCPU)
	case s.MiB < w.MiB:
		return fmt.Sprintf("%s, %s wanted", memory(s.MiB), memory(w.MiB))
	case s.IOPS > 0 && s.IOPS < w.IOPS:
		return fmt.Sprintf("%d IOPS, %d wanted", s.IOPS, w.IOPS)
	case s.MBps > 0 && s.MBps < w.MBps:
		return fmt.Sprintf("%g MiB/s, %g wanted", s.MBps, w.MBps)
	}
	return ""
}

// dbGeneration puts Intel v5 first, which every region with the service has
// had longest, then AMD v5, v6, v4, v3.
func dbGeneration(name string) int {
	amd := strings.Contains(name, "ads_")
	for i, suffix := range []string{"_v5", "_v6", "_v4", "_v3"} {
		if strings.HasSuffix(name, suffix) {
			if amd {
				return 2*i + 1
			}
			return 2 * i
		}
	}
	return 0
}

// databasePrice finds the price of a size, or scales that of a size of the
// same series by vCores, which is how the service is billed.
func (c *Catalog) databasePrice(resource, component string, s DBSku, all []DBSku) (Estimate, bool) {
	code := map[string]string{Burstable: "B", GeneralPurpose: "GP", MemoryOptimized: "MO"}[s.Tier]
	name := func(sku string) string { return component + " (" + code + "_" + sku + ")" }
	if e, ok := c.UnitEstimate(resource, name(s.Name)); ok {
		return e, true
	}
	if s.Tier == Burstable {
		return Estimate{}, false
	}
	for _, other := range all {
		if other.Tier != s.Tier || series(other.Name) != series(s.Name) {
			continue
		}
		if e, ok := c.UnitEstimate(resource, name(other.Name)); ok {
			e.USD = math.Round(e.USD/float64(other.VCores)*float64(s.VCores)*1e6) / 1e6
			e.Basis += ", scaled by vCores from " + other.Name
			return e, true
		}
	}
	return Estimate{}, false
}

// series is a name without its number of cores: "Standard_Dds_v5".
func series(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, strings.TrimSuffix(name, "_v"+name[len(name)-1:])) + name[len(name)-1:]
}

func near(have, want int) bool { return have*2 >= want && have <= want*2 }

func memory(mib int) string {
	if mib%1024 == 0 {
		return fmt.Sprintf("%d GiB", mib/1024)
	}
	return fmt.Sprintf("%.4g GiB", float64(mib)/1024)
}
