package edge

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/dns/2018-05-01/recordsets"
)

// aliased finds what an alias points at. Route 53 writes "dualstack." before
// the names of balancers.
func (e *entry) aliased() (*inventory.Resource, string) {
	name := strings.TrimSuffix(design.Text(e.record, "AliasTarget.DNSName"), ".")
	for _, text := range []string{strings.TrimPrefix(name, "dualstack."), design.Text(e.record, "AliasTarget.HostedZoneId")} {
		if found, ok := e.C.Find(e.R, text); ok && found.Kind.Service() != "Route53" {
			return found, name
		}
	}
	return nil, name
}

// alias points an alias at the counterpart of what it points at.
func (e *entry) alias() {
	if e.record["TTL"] == nil {
		e.ttl = aliasTTL
	}
	found, name := e.aliased()
	if found == nil {
		e.aliasRecord(name)
		return
	}
	if e.private {
		e.privateAlias(found)
		return
	}
	if id, ok := e.C.TargetOf(found, endpointKind); ok {
		e.target(id, found)
		return
	}
	if id, ok := publicAddress(e.C, found); ok {
		if e.kind == "AAAA" {
			e.Gap("dns.ipv6", e.name)
			e.Decide(design.Manual, common.Redesign, "what stands for %s has an IPv4 address only", found.Name)
			e.Do("give the counterpart of %s an IPv6 address, or leave %s AAAA out", found.Name, e.name)
			return
		}
		e.target(id, found)
		return
	}
	e.nameAlias(found)
}

func (e *entry) target(id cloud.ResourceID, found *inventory.Resource) {
	e.put(recordsets.RecordSetProperties{TargetResource: &recordsets.SubResource{Id: new(string(id))}})
	e.Decide(design.Migrate, common.LikeForLike, "%s %s is an alias of %s and becomes an alias record of its counterpart, which follows the address by itself", e.name, e.kind, found.Name)
	if design.True(e.record, "AliasTarget.EvaluateTargetHealth") {
		e.Gap("dns.health", "AliasTarget.EvaluateTargetHealth=true")
	}
}

// nameAlias points at a counterpart that has a name and no address.
func (e *entry) nameAlias(found *inventory.Resource) {
	host, ok := hostOf(e.C, found)
	switch {
	case !ok:
		e.Decide(design.Manual, common.Redesign, "%s points at %s, whose counterpart has no public name in this design", e.name, found.Name)
		e.Do("point %s %s at the counterpart of %s when it is there", e.name, e.kind, found.Name)
	case e.name == "@":
		e.Gap("dns.apex", e.name)
		e.Decide(design.Manual, common.Redesign, "the name of the zone itself cannot be a CNAME, and the counterpart of %s has no address that an alias record takes", found.Name)
		e.Do("put Front Door before the counterpart of %s and make %s an alias of it", found.Name, zoneName(e.zone))
	case e.kind == "AAAA" || e.others():
		e.Gap("dns.ipv6", e.name)
		e.Decide(design.Replace, common.NamedGaps, "the CNAME of the same name answers for IPv6 too")
	default:
		e.cname(host)
		e.Decide(design.Migrate, common.NamedGaps, "%s was an alias of %s and becomes a CNAME of its counterpart", e.name, found.Name)
	}
}

// others reports whether the name has records besides addresses: a CNAME
// stands alone (RFC 1034, section 3.6.2).
func (e *entry) others() bool {
	for _, other := range e.C.OfKind("AWS::Route53::RecordSet") {
		if other != e.R && strings.EqualFold(design.Text(other.Properties, "Name"), design.Text(e.record, "Name")) && !slices.Contains([]string{"A", "AAAA", "CNAME"}, design.Text(other.Properties, "Type")) {
			if z, ok := zoneOf(e.C, other, other.Properties); ok && z == e.zone {
				return true
			}
		}
	}
	return false
}

func (e *entry) cname(host string) {
	kind := e.kind
	e.kind = "CNAME"
	e.put(recordsets.RecordSetProperties{CNAMERecord: &recordsets.CnameRecord{Cname: new(host)}})
	e.kind = kind
}

func (e *entry) privateAlias(found *inventory.Resource) {
	if address, ok := privateAddress(e.C, found); ok && e.kind == "A" {
		e.put(recordsets.RecordSetProperties{ARecords: &[]recordsets.ARecord{{IPv4Address: new(address)}}})
		e.Decide(design.Migrate, common.LikeForLike, "%s is an alias of %s, whose counterpart answers at %s inside the network", e.name, found.Name, address)
		return
	}
	if host, ok := hostOf(e.C, found); ok && e.name != "@" && !e.others() {
		e.cname(host)
		e.Decide(design.Migrate, common.NamedGaps, "private zones have no alias records, so %s becomes a CNAME of the counterpart of %s", e.name, found.Name)
		return
	}
	e.Gap("dns.private-alias", e.name)
	e.Decide(design.Manual, common.Redesign, "private zones have no alias records, and the address of the counterpart of %s is known only when it exists", found.Name)
	e.Do("write %s %s with the address of the counterpart of %s after the deployment", e.name, e.kind, found.Name)
}

// aliasRecord handles an alias of another record of the zone, or of what the
// inventory lacks.
func (e *entry) aliasRecord(name string) {
	inZone := name == zoneName(e.zone) || strings.HasSuffix(strings.ToLower(name), "."+zoneName(e.zone))
	switch {
	case inZone && e.name != "@" && e.kind != "AAAA" && !e.others():
		e.cname(name)
		e.Decide(design.Migrate, common.NamedGaps, "%s is an alias of the record %s and becomes a CNAME of it", e.name, name)
	case inZone && e.kind == "AAAA" && e.name != "@":
		e.Decide(design.Replace, common.NamedGaps, "the CNAME of the same name answers for IPv6 too")
	default:
		e.Gap("dns.apex", e.name+" -> "+name)
		e.Decide(design.Manual, common.Redesign, "%s %s is an alias of %s, which nothing in this design stands for", e.name, e.kind, common.Shown(name))
		e.Do("find out what answers at %s and point %s at its counterpart", common.Shown(name), e.name)
	}
}
