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
	return value, err == nil
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
