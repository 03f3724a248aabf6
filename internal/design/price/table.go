package price

import (
	_ "embed"
	"math"
	"regexp"
	"strconv"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

//go:embed target.tsv
var targetTSV string

//go:embed source.tsv
var sourceTSV string

// row is how things of one kind are priced.
type row struct {
	resource, component, times, without string
}

const rowWidth = 5

// rows reads a table; a line that does not fit is left out, which the test of
// the tables finds.
func rows(text string) map[cloud.Kind]row {
	out := map[cloud.Kind]row{}
	for _, line := range strings.Split(text, "\n") {
		cells := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") || len(cells) != rowWidth {
			continue
		}
		out[cloud.Kind(cells[0])] = row{cells[1], cells[2], cells[3], cells[4]}
	}
	return out
}

// amount is what one thing costs a month. Nothing known gives a reason; what is
// not billed at all gives neither.
type amount struct {
	usd     float64
	known   bool
	billed  bool
	basis   string
	without string
	reason  string
}

func unknown(reason string) amount { return amount{billed: true, reason: reason} }

var inBraces = regexp.MustCompile(`\{([^}]+)\}`)

// price reads a row for the properties of one thing.
func (p *pricer) price(r row, of thing) amount {
	switch r.resource {
	case "-":
		return amount{known: true}
	case "?":
		return unknown(r.component)
	}
	out := p.special(r.resource, of)
	if out == nil {
		component := inBraces.ReplaceAllStringFunc(r.component, func(m string) string { return design.Text(of.properties, m[1:len(m)-1]) })
		priced := p.units(r.resource, component, times(of.properties, r.times))
		out = &priced
	}
	if r.without != "." && out.known {
		out.without = r.without
	}
	return *out
}

// times is how many of a unit there are.
func times(properties map[string]any, text string) float64 {
	if path, ok := strings.CutPrefix(text, "#"); ok {
		return float64(len(design.List(design.At(properties, path))))
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return n
	}
	return float64(max(design.Int(properties, text, 1), 1))
}

// units prices a number of units under exactly one name.
func (p *pricer) units(resource, component string, count float64) amount {
	e, ok := p.catalog.Unit(resource, component)
	if !ok {
		return unknown("the catalogue has no unit price of " + component)
	}
	return amount{usd: round(e.Monthly() * count), known: true, billed: true, basis: component}
}

// join adds amounts: all have to be known.
func join(list ...amount) amount {
	out := amount{known: true}
	for _, a := range list {
		if !a.known {
			return a
		}
		out.usd, out.billed = round(out.usd+a.usd), out.billed || a.billed
		out.basis = joined(out.basis, a.basis, " and ")
		out.without = joined(out.without, a.without, ", ")
	}
	return out
}

func joined(a, b, by string) string {
	if a == "" || b == "" || strings.Contains(by+a+by, by+b+by) {
		return a + map[bool]string{true: b}[a == ""]
	}
	return a + by + b
}

func round(v float64) float64 { return math.Round(v*100) / 100 }

// pricer prices the things of one design.
type pricer struct {
	c       *design.Context
	catalog *catalog.Catalog
}

// thing is what a row is applied to.
type thing struct {
	kind       cloud.Kind
	properties map[string]any
}
