package design

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// zoned are the kinds whose zones the workload uses.
func zoned() []cloud.Kind {
	return []cloud.Kind{"AWS::EC2::Subnet", "AWS::EC2::Instance", "AWS::EC2::Volume"}
}

// Zone returns the availability zone of the target region that stands for one
// of the source: the zones in use, in the order of their names, are "1", "2",
// "3" and again from "1". The mapping is logical: neither cloud says which
// buildings its zones are, and both number them differently for each account.
// ok is false in a region without zones, and for a zone that is not known.
func (c *Context) Zone(source string) (zone string, ok bool) {
	region, known := c.Catalog.Region(string(c.Place.Location))
	if known && len(region.Zones) == 0 || source == "" || strings.Contains(source, "${") {
		return "", false
	}
	// A zone's name is its region's name and a letter; zone ids end in a number.
	at := slices.Index(c.zonesInUse(regionOfZone(source)), source)
	if at < 0 {
		at = int(source[len(source)-1]|0x20) - 'a'
		if at < 0 || at > 25 {
			return "", false
		}
	}
	return strconv.Itoa(at%c.ZoneCount() + 1), true
}

// ZoneCount is how many zones the target region has: three where it is not
// known, because every region with zones has at least three (Microsoft Learn,
// "Azure regions with availability zones").
func (c *Context) ZoneCount() int {
	if region, ok := c.Catalog.Region(string(c.Place.Location)); ok && len(region.Zones) > 0 {
		return len(region.Zones)
	}
	return 3
}

// Zones returns the zones of the target region, nil when it has none.
func (c *Context) Zones() []string {
	if region, ok := c.Catalog.Region(string(c.Place.Location)); ok {
		return slices.Clone(region.Zones)
	}
	return []string{"1", "2", "3"}
}

// ZoneOf returns the zone for a subnet that a property names.
func (c *Context) ZoneOf(from *inventory.Resource, subnet any) (string, bool) {
	r, ok := c.Find(from, subnet, "AWS::EC2::Subnet")
	if !ok {
		return "", false
	}
	return c.Zone(Text(r.Properties, "AvailabilityZone"))
}

func regionOfZone(zone string) string { return strings.TrimRight(zone, "abcdefghijklmnopqrstuvwxyz") }

func (c *Context) zonesInUse(region string) []string {
	if known, ok := c.zones[region]; ok {
		return known
	}
	var out []string
	for _, kind := range zoned() {
		for _, r := range c.byKind[kind] {
			if zone := Text(r.Properties, "AvailabilityZone"); zone != "" && !strings.Contains(zone, "${") && regionOfZone(zone) == region && !slices.Contains(out, zone) {
				out = append(out, zone)
			}
		}
	}
	slices.Sort(out)
	if c.zones == nil {
		c.zones = map[string][]string{}
	}
	c.zones[region] = out
	return out
}
