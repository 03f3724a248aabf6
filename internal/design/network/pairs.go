package network

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// PortPair is a port of the source and the one that takes its place.
type PortPair struct{ Source, Target uint16 }

// Ports returns the pairs of ports of what stands in each dedicated subnet, by
// the subnet's id.
func Ports(c *design.Context) map[cloud.ResourceID][]PortPair {
	out := map[cloud.ResourceID][]PortPair{}
	p := Of(c)
	if p == nil {
		return out
	}
	for _, d := range p.special {
		for _, x := range d.ports {
			out[d.id] = append(out[d.id], PortPair{uint16(x.source), uint16(x.target)})
		}
	}
	return out
}
