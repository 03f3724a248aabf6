package edge

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/dns/2018-05-01/zones"
	"github.com/hashicorp/go-azure-sdk/resource-manager/privatedns/2024-06-01/privatezones"
	"github.com/hashicorp/go-azure-sdk/resource-manager/privatedns/2024-06-01/virtualnetworklinks"
)

const (
	zoneKind        cloud.Kind = "Microsoft.Network/dnsZones"
	privateZoneKind cloud.Kind = "Microsoft.Network/privateDnsZones"
	linkKind        cloud.Kind = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"

	zonePage = "Microsoft Learn, Overview of DNS zones and records"
)

func zoneRules() []design.Rule {
	return []design.Rule{{Name: "route53/zone", Kinds: []cloud.Kind{"AWS::Route53::HostedZone"}, Stage: design.Names, Source: zonePage, Targets: []cloud.Kind{zoneKind, privateZoneKind, linkKind}, Apply: zone}}
}

// zoneName is a zone's name without its last dot, in lower case.
func zoneName(r *inventory.Resource) string {
	name := design.Text(r.Properties, "Name")
	if name == "" {
		name = r.Name
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

func privateZone(r *inventory.Resource) bool {
	return len(design.List(r.Properties["VPCs"])) > 0 || design.True(r.Attributes, "Config.PrivateZone") || design.True(r.Properties, "HostedZoneConfig.PrivateZone")
}

func zone(c *design.Context, r *inventory.Resource) design.Decision {
	s := sheet{common.Open(c, r).Knows("HostedZoneConfig", "NameServers", "VPCs", "CallerReference")}
	name := zoneName(r)
	if s.Has("QueryLoggingConfig") {
		s.Meets("dns.query-log", "QueryLoggingConfig")
	}
	if s.Has("HostedZoneFeatures") {
		s.Meets("dns.feature", "HostedZoneFeatures")
	}
	switch {
	case common.Unresolved(name) || !strings.Contains(name, ".") || !recordName.MatchString(strings.ToLower(name)):
		s.Decide(design.Manual, common.Redesign, "the name %q is no name that an Azure zone can have: it needs two labels that are known", name)
		s.Do("choose a zone name with at least two labels for %s and change who asks for it", r.Name)
	case c.Shared(r):
		s.Decide(design.Retain, common.LikeForLike, "others have names in %s too, so the zone stays at Route 53", name)
		s.Do("change the workload's own records of %s at Route 53 when the traffic moves", name)
	case privateZone(r):
		s.private(name)
	default:
		id := c.Once("edge/zone/"+name, func() cloud.ResourceID {
			return c.Put(design.Target{Type: zoneKind, Base: name, Exact: true, Location: "global", Model: zones.Zone{}}, r)
		})
		c.Attach(r, id)
		s.Decide(design.Migrate, common.LikeForLike, "%s is a public zone; an Azure zone with the same records is filled beside it, and the delegation moves last", name)
		s.Not("leave the zone at Route 53", "it works as long as the account exists, and is the safer way during the cutover: the weights shift there; move the delegation when the traffic has settled")
		s.Do("lower the TTL of the records that move some days before, and change the NS records at the registrar of %s only when the new zone answers the same", name)
		if signed(c, r) {
			s.Do("turn DNSSEC of %s off at the registrar before the delegation moves, and sign the new zone afterwards", name)
		}
	}
	return s.Done()
}

// signed reports whether a zone is signed: by itself, or by a key that is there
// for it.
func signed(c *design.Context, zone *inventory.Resource) bool {
	for _, kind := range []cloud.Kind{"AWS::Route53::DNSSEC", "AWS::Route53::KeySigningKey"} {
		if len(c.Referring(zone, kind, "HostedZoneId")) > 0 {
			return true
		}
	}
	return false
}

// sheet adds the zone's own steps to a sheet.
type sheet struct{ *common.Sheet }

func (s sheet) private(name string) {
	c, r := s.C, s.R
	taken := true
	id := c.Once("edge/private/"+name, func() cloud.ResourceID {
		taken = false
		return c.Put(design.Target{Type: privateZoneKind, Base: name, Exact: true, Location: "global", Model: privatezones.PrivateZone{}}, r)
	})
	c.Attach(r, id)
	s.Decide(design.Migrate, common.LikeForLike, "%s is a private zone for %s, so it becomes a private DNS zone linked to what takes their place", name, common.Count(len(s.Maps("VPCs")), "VPC"))
	if taken {
		s.Gap("dns.same-name", name)
	}
	for _, vpc := range s.Maps("VPCs") {
		if c.Plan == nil {
			break
		}
		vnet, ok := c.Plan.VNet(vpc["VPCId"])
		if !ok {
			s.Do("link %s by hand to the network that stands for %s", name, common.Shown(vpc["VPCId"]))
			continue
		}
		c.Attach(r, c.Once("edge/link/"+string(id)+"|"+string(vnet), func() cloud.ResourceID {
			return c.Put(design.Target{Type: linkKind, Parent: id, Base: string(vnet[strings.LastIndex(string(vnet), "/")+1:]), Location: "global", Model: virtualnetworklinks.VirtualNetworkLink{
				Properties: &virtualnetworklinks.VirtualNetworkLinkProperties{RegistrationEnabled: new(false), VirtualNetwork: &virtualnetworklinks.SubResource{Id: new(string(vnet))}},
			}}, r)
		}))
	}
}

// zoneOf returns the zone that a record set stands in.
func zoneOf(c *design.Context, r *inventory.Resource, record map[string]any) (*inventory.Resource, bool) {
	for _, holder := range []map[string]any{record, r.Properties} {
		if z, ok := c.Find(r, holder["HostedZoneId"], "AWS::Route53::HostedZone"); ok {
			return z, true
		}
		if name := strings.ToLower(strings.TrimSuffix(design.Text(holder, "HostedZoneName"), ".")); name != "" {
			all := c.OfKind("AWS::Route53::HostedZone")
			if i := slices.IndexFunc(all, func(z *inventory.Resource) bool { return zoneName(z) == name }); i >= 0 {
				return all[i], true
			}
		}
	}
	return nil, false
}
