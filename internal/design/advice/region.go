package advice

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// regions ranks the chosen region and the nearest others: first what sells all
// sizes, then by distance.
func regions(c *design.Context) []design.RegionAdvice {
	near := c.Catalog.NearestRegions(string(c.Options.SourceRegion))
	if !slices.ContainsFunc(near, func(n catalog.NearRegion) bool { return n.Name == c.Place.Location }) {
		if chosen, ok := c.Catalog.Region(string(c.Place.Location)); ok {
			near = append(near, catalog.NearRegion{Region: chosen})
		}
	}
	sizes := machineSizes(c)
	var out []design.RegionAdvice
	for _, n := range near {
		a := design.RegionAdvice{Region: n.Name, Chosen: n.Name == c.Place.Location, Kilometres: n.Kilometres, Zones: len(n.Zones), Missing: []string{}}
		for _, size := range slices.Sorted(maps.Keys(sizes)) {
			if sold, known := c.Catalog.SoldIn(size, string(n.Name)); known && !sold {
				a.Missing = append(a.Missing, size)
			}
		}
		a.Why = words(n, a, c.Options.SourceRegion)
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b design.RegionAdvice) int {
		switch {
		case a.Chosen != b.Chosen:
			if a.Chosen {
				return -1
			}
			return 1
		case len(a.Missing) != len(b.Missing):
			return len(a.Missing) - len(b.Missing)
		}
		return 0
	})
	return out
}

func words(n catalog.NearRegion, a design.RegionAdvice, from cloud.Region) string {
	var parts []string
	switch {
	case n.Kilometres > 0:
		parts = append(parts, fmt.Sprintf("%d km from %s", n.Kilometres, from))
	default:
		parts = append(parts, "the distance from "+string(from)+" is not known")
	}
	switch a.Zones {
	case 0:
		parts = append(parts, "no availability zones: what is spread over zones now cannot be")
	default:
		parts = append(parts, fmt.Sprintf("%d availability zones", a.Zones))
	}
	if n.SameCountry {
		parts = append(parts, "data stays in the country")
	}
	if !n.Recommended {
		parts = append(parts, "Azure lists it among the other regions, not the recommended ones")
	}
	if len(a.Missing) > 0 {
		parts = append(parts, "not known to sell "+strings.Join(a.Missing, ", "))
	}
	return strings.Join(parts, "; ")
}

// machineSizes counts the machines of each size, as many as there may be at
// once.
func machineSizes(c *design.Context) map[string]int64 {
	most := maxima(c)
	out := map[string]int64{}
	for _, r := range c.Targets() {
		size, count := machine(r)
		if size != "" {
			out[size] += max(count, most[strings.ToLower(string(r.ID))])
		}
	}
	return out
}

// maxima are the largest numbers of instances that autoscale settings allow,
// by the id of what they scale in lower case.
func maxima(c *design.Context) map[string]int64 {
	out := map[string]int64{}
	for _, r := range c.Targets() {
		if !strings.EqualFold(string(r.Type), "Microsoft.Insights/autoscaleSettings") {
			continue
		}
		of := strings.ToLower(design.Text(r.Body, "properties.targetResourceUri"))
		for _, p := range design.Maps(design.At(r.Body, "properties.profiles")) {
			out[of] = max(out[of], int64(design.Int(p, "capacity.maximum", 0)))
		}
	}
	return out
}

// machine returns the VM size that a resource runs on and how many of it; of a
// pool of AKS that scales by itself, how many it may grow to.
func machine(r *design.Resource) (size string, count int64) {
	switch strings.ToLower(string(r.Type)) {
	case "microsoft.compute/virtualmachines":
		return design.Text(r.Body, "properties.hardwareProfile.vmSize"), 1
	case "microsoft.compute/virtualmachinescalesets":
		return design.Text(r.Body, "sku.name"), int64(design.Int(r.Body, "sku.capacity", 1))
	case "microsoft.containerservice/managedclusters/agentpools":
		return pool(design.At(r.Body, "properties"))
	case "microsoft.containerservice/managedclusters":
		return pool(design.At(r.Body, "properties.agentPoolProfiles"))
	}
	return "", 0
}

func pool(profile any) (size string, count int64) {
	count = int64(design.Int(profile, "count", 1))
	if design.True(profile, "enableAutoScaling") {
		count = max(count, int64(design.Int(profile, "maxCount", 0)))
	}
	return design.Text(profile, "vmSize"), count
}
