package catalog

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
)

//go:embed data/ec2-prices.tsv
var ec2PricesTSV string

//go:embed data/vm-prices.tsv.gz
var vmPricesGZ []byte

//go:embed data/unit-prices.tsv
var unitPricesTSV string

// HoursPerMonth is what both clouds count for a month in their calculators.
const HoursPerMonth = 730

// matrix is a table of prices by row and column; cells are read when they are
// asked for.
type matrix struct {
	columns []string
	rows    map[string]string
}

func newMatrix(text string, key func(string) string) matrix {
	m := matrix{rows: make(map[string]string, 1800)}
	eachLine(text, func(name, line string) {
		if m.columns == nil {
			m.columns = strings.Split(line, "\t")[1:]
			return
		}
		m.rows[key(name)] = line
	})
	return m
}

func (m matrix) at(row, column string) (float64, bool) {
	line, ok := m.rows[row]
	at := slices.Index(m.columns, column)
	if !ok || at < 0 {
		return 0, false
	}
	for range at + 1 {
		_, rest, found := strings.Cut(line, "\t")
		if !found {
			return 0, false
		}
		line = rest
	}
	cell, _, _ := strings.Cut(line, "\t")
	value, err := strconv.ParseFloat(cell, 64)
	// The list has sizes that are announced and not sold yet at zero.
	return value, err == nil && value > 0
}

// EC2Price returns the Linux on-demand price in US dollars an hour; ok is
// false when it is not known.
func (c *Catalog) EC2Price(region, instanceType string) (usd float64, ok bool) {
	if usd, ok = c.overlay.ec2Prices[region][instanceType]; ok {
		return usd, true
	}
	return c.ec2Prices.at(instanceType, region)
}

// VMPrice returns the Linux pay-as-you-go price in US dollars an hour; ok is
// false when it is not known.
func (c *Catalog) VMPrice(region, size string) (usd float64, ok bool) {
	region = strings.ToLower(region)
	if usd, ok = c.overlay.vmPrices[region][vmKey(size)]; ok {
		return usd, true
	}
	return c.vmPrices.at(vmKey(size), region)
}

// Estimate is a price with where it comes from.
type Estimate struct {
	USD float64
	// Unit is what USD buys: "hours", "GB", "1M requests".
	Unit  string
	Basis string
}

// Month returns the price of a month when the unit is an hour.
func (e Estimate) Month() float64 { return e.USD * HoursPerMonth }

// Monthly returns the price of a month for units that are counted by the hour,
// the day or the month; any other unit is taken as it is.
func (e Estimate) Monthly() float64 {
	switch e.Unit {
	case "hours", "hour":
		return e.Month()
	case "days":
		return e.USD * HoursPerMonth / 24
	}
	return e.USD
}

const (
	ec2Basis  = "Linux on-demand, published price list of 2026-07-20"
	vmBasis   = "Linux pay-as-you-go, retail prices of 2026-06-18"
	unitBasis = "rounded unit price for estimates, mostly us-east-1 and eastus, 2026-08-21"
)

// EC2Estimate returns the price of an instance type in a region or, when that
// is not known, in us-east-1, and says so.
func (c *Catalog) EC2Estimate(region, instanceType string) (Estimate, bool) {
	if usd, ok := c.EC2Price(region, instanceType); ok {
		return Estimate{usd, "hours", ec2Basis + ", " + region}, true
	}
	usd, ok := c.EC2Price("us-east-1", instanceType)
	return Estimate{usd, "hours", ec2Basis + ", us-east-1 (no price of " + region + " is known)"}, ok
}

// VMEstimate returns the price of a size in a region or, when that is not
// known, in eastus, and says so.
func (c *Catalog) VMEstimate(region, size string) (Estimate, bool) {
	if usd, ok := c.VMPrice(region, size); ok {
		return Estimate{usd, "hours", vmBasis + ", " + region}, true
	}
	usd, ok := c.VMPrice("eastus", size)
	return Estimate{usd, "hours", vmBasis + ", eastus (no price of " + region + " is known)"}, ok
}

// Unit is one unit price of a service. Resource and component are named as
// Terraform and infracost name them ("azurerm_nat_gateway", "Data processed").
type Unit struct {
	Resource  string  `json:"resource"`
	Component string  `json:"component"`
	Unit      string  `json:"unit"`
	USD       float64 `json:"usd"`
	// Least and Most differ from USD when the source knows several prices.
	Least float64 `json:"least,omitempty"`
	Most  float64 `json:"most,omitempty"`
}

const unitWidth = 6

func loadUnits() (map[string][]Unit, error) {
	out := make(map[string][]Unit, 500)
	err := readTable("unit prices", unitPricesTSV, unitWidth, func(r *cells) {
		u := Unit{r.at(0), r.at(1), r.at(2), r.float(3), r.float(4), r.float(5)}
		if u.Least == 0 && u.Most == 0 {
			u.Least, u.Most = u.USD, u.USD
		}
		out[u.Resource] = append(out[u.Resource], u)
	})
	return out, err
}

// Units returns the unit prices of a resource type, in order.
func (c *Catalog) Units(resource string) []Unit {
	return append(append([]Unit(nil), c.overlay.units[resource]...), c.units[resource]...)
}

// UnitPrice returns the price of one component of a resource type: the one
// with that name in any case, otherwise the first whose name begins so. ok is
// false when there is none.
func (c *Catalog) UnitPrice(resource, component string) (usd float64, unit string, ok bool) {
	all := c.Units(resource)
	at := slices.IndexFunc(all, func(u Unit) bool { return strings.EqualFold(u.Component, component) })
	if at < 0 {
		at = slices.IndexFunc(all, func(u Unit) bool {
			return component != "" && strings.HasPrefix(strings.ToLower(u.Component), strings.ToLower(component))
		})
	}
	if at < 0 {
		return 0, "", false
	}
	return all[at].USD, all[at].Unit, true
}

// UnitEstimate is UnitPrice with the words that say where it comes from.
func (c *Catalog) UnitEstimate(resource, component string) (Estimate, bool) {
	usd, unit, ok := c.UnitPrice(resource, component)
	return Estimate{usd, unit, component + ": " + unitBasis}, ok
}

// Unit is UnitEstimate for exactly this name: two components whose names begin
// alike have different prices. Of several with one name it is what is charged for
// having the thing, by the month or the hour, rather than for using it.
func (c *Catalog) Unit(resource, component string) (Estimate, bool) {
	var out Estimate
	for _, u := range c.Units(resource) {
		standing := u.Unit == "months" || u.Unit == "hours"
		if strings.EqualFold(u.Component, component) && (out.Basis == "" || standing && out.Unit != "months" && out.Unit != "hours") {
			out = Estimate{u.USD, u.Unit, u.Component + ": " + unitBasis}
		}
	}
	return out, out.Basis != ""
}

// UnitBasis says where unit prices come from.
func (c *Catalog) UnitBasis() string { return unitBasis }

// BalancerRules is the hourly price of the rules of a Standard load balancer:
// the first five cost one price together, each further one its own, and without
// rules nothing is billed by the hour (Azure pricing, "Load Balancer").
func (c *Catalog) BalancerRules(rules int) (Estimate, bool) {
	first, okFirst := c.Unit("azurerm_lb", "First five rules")
	more, okMore := c.Unit("azurerm_lb_rule", "Rule usage")
	if rules <= 0 {
		first.USD = 0
	}
	first.USD += more.USD * float64(max(rules-5, 0))
	return first, okFirst && okMore
}

// instanceUnits are the sizes of database classes in the units by which they
// are priced within a family (Amazon RDS User Guide, "Reserved DB instances",
// size-flexible: a micro is half a small, a small one unit).
func instanceUnits(size string) float64 {
	switch size {
	case "micro":
		return 0.5
	case "small":
		return 1
	case "medium":
		return 2
	case "large":
		return 4
	case "xlarge":
		return 8
	}
	if n, err := strconv.ParseFloat(strings.TrimSuffix(size, "xlarge"), 64); err == nil && strings.HasSuffix(size, "xlarge") {
		return 8 * n
	}
	return 0
}

// DatabaseClass is the price of an hour of one instance of a class, without a
// standby: that of the class itself, or of another of its family by size.
// resource and prefix name the prices ("aws_db_instance", "Database instance
// (on-demand, Single-AZ, "). Where prices of several engines are known for a
// family, the lowest for its size is that without a licence.
func (c *Catalog) DatabaseClass(resource, prefix, class string) (Estimate, bool) {
	family, size := cutClass(class)
	want := instanceUnits(size)
	best, from := 0.0, ""
	for _, u := range c.Units(resource) {
		name, ok := strings.CutPrefix(u.Component, prefix)
		if !ok || u.Unit != "hours" {
			continue
		}
		name = strings.TrimSuffix(name, ")")
		if other, size := cutClass(name); other != family || instanceUnits(size) == 0 {
			continue
		} else if per := u.Least / instanceUnits(size); best == 0 || per < best {
			best, from = per, name
		}
	}
	if best == 0 || want == 0 {
		return Estimate{}, false
	}
	basis := class + ": " + unitBasis
	if from != class {
		basis = class + ", by its size from " + from + ": " + unitBasis
	}
	return Estimate{best * want, "hours", basis}, true
}

// cutClass parts "db.m5.large" into "db.m5" and "large".
func cutClass(class string) (family, size string) {
	at := strings.LastIndexByte(class, '.')
	if at < 0 {
		return class, ""
	}
	return class[:at], class[at+1:]
}
