package compute

import (
	"net/netip"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// holds reports whether a subnet of the target has room for a fixed address:
// Resource Manager refuses an interface with another one. What is known of the
// subnet decides; one that the deployment names may hold any address. The first
// four addresses of a subnet and its last are Azure's own (Microsoft Learn,
// "Azure Virtual Network frequently asked questions").
func holds(c *design.Context, subnet, address string) bool {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	r, ok := c.Resource(cloud.ResourceID(subnet))
	if !ok {
		return true
	}
	block, err := netip.ParsePrefix(design.Text(r.Body, "properties.addressPrefix"))
	if err != nil {
		return true
	}
	first := block.Masked().Addr()
	for range 4 {
		if a == first {
			return false
		}
		first = first.Next()
	}
	return block.Contains(a) && block.Contains(a.Next())
}
