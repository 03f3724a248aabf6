package advice

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// quotas adds up what the design needs of the limits that Azure sets for a
// subscription in a region. The names are those that the providers' usage
// lists give; a limit of 0 is only known by asking.
func quotas(c *design.Context) []design.Quota {
	families, cores := map[string]int64{}, int64(0)
	for size, count := range machineSizes(c) {
		if vm, ok := c.Catalog.VM(size); ok {
			families[vm.Family] += count * int64(vm.VCPU)
			cores += count * int64(vm.VCPU)
		}
	}
	var out []design.Quota
	if cores > 0 {
		out = append(out, design.Quota{Name: "cores", Provider: "Microsoft.Compute", Needed: cores, Why: "vCPU of all machines in the region, at the largest number that autoscaling allows"})
	}
	for family, n := range families {
		out = append(out, design.Quota{Name: family, Provider: "Microsoft.Compute", Needed: n, Why: "vCPU of the machines of this family, at the largest number that autoscaling allows"})
	}
	out = append(out, counted(c)...)
	slices.SortFunc(out, func(a, b design.Quota) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// counted are the limits on how many of a type there may be.
func counted(c *design.Context) []design.Quota {
	network := c.Catalog.Limits().Network
	limits := []struct {
		kind  cloud.Kind
		name  string
		limit int
	}{
		{"Microsoft.Network/virtualNetworks", "VirtualNetworks", network.VNets},
		{"Microsoft.Network/networkSecurityGroups", "NetworkSecurityGroups", network.NSGs},
		{"Microsoft.Network/applicationSecurityGroups", "ApplicationSecurityGroups", network.ASGs},
		{"Microsoft.Network/routeTables", "RouteTables", network.RouteTables},
		{"Microsoft.Network/publicIPAddresses", "PublicIPAddresses", network.PublicIPs},
		{"Microsoft.Network/networkInterfaces", "NetworkInterfaces", network.NICs},
	}
	var out []design.Quota
	for _, l := range limits {
		n := int64(0)
		for _, r := range c.Targets() {
			if strings.EqualFold(string(r.Type), string(l.kind)) {
				n++
			}
		}
		if n > 0 {
			out = append(out, design.Quota{Name: l.name, Provider: "Microsoft.Network", Needed: n, Limit: int64(l.limit), Why: fmt.Sprintf("resources of type %s", l.kind)})
		}
	}
	return out
}
