package catalog

import (
	_ "embed"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
)

//go:embed data/azure-regions.tsv
var azureRegionsTSV string

//go:embed data/aws-regions.tsv
var awsRegionsTSV string

// Region is an Azure region.
type Region struct {
	Name cloud.Region
	// Display is its name in sentences ("East US"), Short its code in names ("eus").
	Display, Short string
	// Geography is the border of data residency, Group a part of the world.
	Geography, Group, Place string
	Latitude, Longitude     float64
	// Recommended regions have the full range of services.
	Recommended bool
	// Pair is the paired region, "" for none.
	Pair  cloud.Region
	Zones []string
}

// AWSRegion is a region of the source.
type AWSRegion struct {
	Name    cloud.Region
	Display string
	// Partition is "aws", "aws-us-gov", "aws-cn".
	Partition, Country string
	// ZoneIDs are ids of availability zones ("use1-az1").
	ZoneIDs []string
	// Near are the Azure regions nearest to it, nearest first.
	Near []NearRegion
}

// NearRegion is an Azure region as seen from an AWS region.
type NearRegion struct {
	Region
	// Kilometres is the great circle distance, 0 when it is not known.
	Kilometres int
	// SameCountry says that data would not cross a border.
	SameCountry bool
}

const (
	azureRegionWidth = 11
	awsRegionWidth   = 7
)

func loadRegions() (map[cloud.Region]Region, error) {
	out := map[cloud.Region]Region{}
	err := readTable("Azure regions", azureRegionsTSV, azureRegionWidth, func(r *cells) {
		region := Region{
			Name: cloud.Region(r.at(0)), Display: r.at(1), Geography: r.at(2), Group: r.at(3), Latitude: r.float(4), Longitude: r.float(5), Place: r.at(6),
			Recommended: r.at(7) == "Recommended", Zones: r.list(9, ","), Short: r.at(10),
		}
		if pairs := r.list(8, ","); len(pairs) > 0 {
			region.Pair = cloud.Region(pairs[0])
		}
		out[region.Name] = region
	})
	return out, err
}

func loadAWSRegions(azure map[cloud.Region]Region) (map[cloud.Region]AWSRegion, error) {
	out := map[cloud.Region]AWSRegion{}
	err := readTable("AWS regions", awsRegionsTSV, awsRegionWidth, func(r *cells) {
		region := AWSRegion{Name: cloud.Region(r.at(0)), Display: r.at(1), Partition: r.at(2), Country: r.at(3), ZoneIDs: r.list(4, ",")}
		known := map[cloud.Region]bool{}
		for _, near := range r.list(5, ";") {
			parts := strings.Split(near, ":")
			name := cloud.Region(parts[0])
			known[name] = true
			region.Near = append(region.Near, NearRegion{azure[name], number(r, parts[1]), parts[2] == "c"})
		}
		for _, name := range r.list(6, ",") {
			if name := cloud.Region(name); !known[name] {
				region.Near = append(region.Near, NearRegion{azure[name], 0, true})
			}
		}
		out[region.Name] = region
	})
	return out, err
}

// Regions returns all Azure regions by name.
func (c *Catalog) Regions() []Region {
	out := make([]Region, 0, len(c.regions))
	for _, r := range c.regions {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Region) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return out
}

// Region returns an Azure region by its name ("eastus") or its display name
// ("East US"), in any case.
func (c *Catalog) Region(name string) (Region, bool) {
	r, ok := c.regions[cloud.Region(strings.ReplaceAll(strings.ToLower(name), " ", ""))]
	return r, ok
}

// AWSRegion returns a region of the source.
func (c *Catalog) AWSRegion(name string) (AWSRegion, bool) {
	r, ok := c.awsRegions[cloud.Region(strings.ToLower(name))]
	return r, ok
}

// NearestRegions returns the Azure regions nearest to an AWS region, nearest
// first, and after them the farther ones of the same country, whose distance is
// not given. It is empty for regions outside the commercial partition.
func (c *Catalog) NearestRegions(aws string) []NearRegion {
	r, _ := c.AWSRegion(aws)
	return append([]NearRegion(nil), r.Near...)
}

// DefaultRegion returns the region that is taken when nobody chose one: the
// nearest of the same country that has zones and the full range of services,
// otherwise the nearest such one anywhere; eastus when the AWS region is not known.
func (c *Catalog) DefaultRegion(aws string) Region {
	near := c.NearestRegions(aws)
	for _, home := range []bool{true, false} {
		for _, r := range near {
			if r.Recommended && len(r.Zones) > 1 && (r.SameCountry || !home) {
				return r.Region
			}
		}
	}
	if len(near) > 0 {
		return near[0].Region
	}
	return c.regions["eastus"]
}
