package network

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// zonePart is what names of subnets end in to tell their zones apart.
var zonePart = regexp.MustCompile(`(?i)[-_. ]?(?:az|zone)?[-_. ]?(?:[a-z]{2}-[a-z]+-\d)?[-_. ]?(?:[a-f]|[1-6])$`)

// merge makes one subnet of those of one tier in several zones, when
// landfall.yaml asks for it: a subnet of Azure spans all zones. Only subnets
// with the same routes and without a network ACL of their own are merged, and
// only when one block holds them and nothing else, so that addresses keep
// their offset.
func (p *Plan) merge() {
	for _, v := range p.nets {
		tiers := map[string][]*subnet{}
		var order []string
		for _, s := range v.subnets {
			key, ok := p.tier(s)
			if !ok {
				continue
			}
			if tiers[key] == nil {
				order = append(order, key)
			}
			tiers[key] = append(tiers[key], s)
		}
		for _, key := range order {
			if len(tiers[key]) > 1 {
				p.mergeTier(v, strings.SplitN(key, "|", 2)[0], tiers[key])
			}
		}
	}
}

// tier names what has to be the same for two subnets to be merged.
func (p *Plan) tier(s *subnet) (string, bool) {
	if len(s.from) != 1 || !s.target.IsValid() || p.aclOf(s) != nil {
		return "", false
	}
	name := zonePart.ReplaceAllString(s.name, "")
	if name == "" || name == s.name {
		return "", false
	}
	var ways []string
	for _, r := range p.routesOf(s) {
		way := destination(r.r) + " " + string(r.hop)
		if r.hop != hopNAT {
			way += " " + r.text
		}
		ways = append(ways, way)
	}
	slices.Sort(ways)
	return name + "|" + strings.Join(ways, ",") + "|" + design.Text(s.sources[0].Properties, "MapPublicIpOnLaunch"), true
}

func (p *Plan) mergeTier(v *vnet, name string, list []*subnet) {
	zones := map[string]bool{}
	whole := list[0].target
	for _, s := range list {
		zones[design.Text(s.sources[0].Properties, "AvailabilityZone")] = true
		for !contains(whole, s.target) {
			whole = netip.PrefixFrom(whole.Addr(), whole.Bits()-1).Masked()
		}
	}
	fits := len(zones) == len(list) && slices.ContainsFunc(v.blocks, func(b Block) bool { return contains(b.Target, whole) })
	for _, s := range v.subnets {
		fits = fits && (slices.Contains(list, s) || !s.target.IsValid() || !whole.Overlaps(s.target))
	}
	if !fits {
		var about []cloud.ResourceID
		for _, s := range list {
			about = append(about, s.sources[0].ID)
		}
		p.c.Finding(design.Finding{
			ID: "network.not-merged:" + v.name + "/" + name, Severity: design.Low, About: about,
			Text: fmt.Sprintf("the %d subnets of tier %s stay apart: no one block holds them and nothing else", len(list), name),
			Do:   "leave them, or lay the tier out anew by hand",
		})
		return
	}
	one := &subnet{net: v, name: name, target: whole}
	for _, s := range list {
		one.sources = append(one.sources, s.sources...)
		one.from = append(one.from, s.from...)
		p.subnets[s.sources[0].ID] = one
		v.taken = slices.DeleteFunc(v.taken, func(b netip.Prefix) bool { return b == s.target })
	}
	v.taken = append(v.taken, whole)
	at := slices.Index(v.subnets, list[0])
	v.subnets[at] = one
	v.subnets = slices.DeleteFunc(v.subnets, func(s *subnet) bool { return slices.Contains(list, s) })
}
