package provider

import (
	_ "embed"
	"strings"
)

//go:embed regions.txt
var regionsText string

// Region is one Azure region.
type Region struct {
	Name, Display, Geography, Group, Category string
	Paired, Zones                             []string
}

// Regions lists the physical regions by name.
func Regions() []Region {
	var out []Region
	for line := range strings.SplitSeq(regionsText, "\n") {
		f := strings.Split(line, "|")
		if len(f) != 7 || strings.HasPrefix(line, "#") {
			continue
		}
		out = append(out, Region{Name: f[0], Display: f[1], Geography: f[2], Group: f[3], Paired: words(f[4]), Zones: words(f[5]), Category: f[6]})
	}
	return out
}

func words(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// RegionName is the form regions are compared in: "East US" is "eastus".
func RegionName(s string) string {
	return strings.ToLower(strings.ReplaceAll(s, " ", ""))
}
