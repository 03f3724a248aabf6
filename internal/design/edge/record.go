package edge

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/dns/2018-05-01/recordsets"
	"github.com/hashicorp/go-azure-sdk/resource-manager/privatedns/2024-06-01/privatedns"
)

func recordRules() []design.Rule {
	return []design.Rule{
		{Name: "route53/record", Kinds: []cloud.Kind{"AWS::Route53::RecordSet", "AWS::Route53::RecordSetGroup"}, Stage: design.Names, Source: zonePage, Targets: []cloud.Kind{zoneKind + "/A", privateZoneKind + "/A", trafficKind}, Apply: records},
		{Name: "route53/health-check", Kinds: []cloud.Kind{"AWS::Route53::HealthCheck"}, Stage: design.Names, Source: "Microsoft Learn, Traffic Manager endpoint monitoring", Apply: healthCheck},
	}
}

// aliasTTL is the TTL of alias records of Route 53 for balancers and
// distributions (Route 53 Developer Guide, "Choosing between alias and
// non-alias records").
const aliasTTL = 60

// entry is one record set of the source on its way into a zone.
type entry struct {
	*common.Sheet
	record map[string]any
	// zone is the source's, id the target's.
	zone    *inventory.Resource
	id      cloud.ResourceID
	private bool
	// name is relative, "@" for the zone itself.
	name, kind string
	ttl        int64
}

func records(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("HostedZoneId", "HostedZoneName", "TTL", "Type", "ResourceRecords", "AliasTarget", "RecordSets", "SetIdentifier", "Weight", "Region", "Failover", "MultiValueAnswer", "GeoLocation", "HealthCheckId", "CidrRoutingConfig", "GeoProximityLocation")
	list := []map[string]any{r.Properties}
	if r.Kind == "AWS::Route53::RecordSetGroup" {
		list = design.Maps(r.Properties["RecordSets"])
	}
	s.Decide(design.Retire, common.NamedGaps, "%s holds no record", r.Name)
	for _, record := range list {
		oneRecord(s, record)
	}
	return s.Done()
}

// oneRecord decides one record set. A group takes the decision that leaves the
// most to do.
func oneRecord(s *common.Sheet, record map[string]any) {
	action, why, confidence := s.Action, s.Why, s.Confidence
	e := &entry{Sheet: s, record: record, kind: strings.ToUpper(design.Text(record, "Type")), ttl: ttlOf(s, record)}
	zone, ok := zoneOf(s.C, s.R, record)
	e.zone = zone
	switch {
	case !ok:
		s.Decide(design.Manual, common.Guess, "the zone of %s is not in the inventory", design.Text(record, "Name"))
		s.Do("write %s %s into the zone that has it, at the value of its counterpart", design.Text(record, "Name"), e.kind)
	case len(s.C.TargetsOf(zone)) == 0:
		s.Decide(design.Retain, common.NamedGaps, "its zone %s stays at Route 53, so the record is changed there when the traffic moves", zone.Name)
		s.Do("at the cutover point %s %s to the counterpart of %s", design.Text(record, "Name"), e.kind, common.Shown(or(record["AliasTarget"], record["ResourceRecords"])))
	default:
		e.place()
	}
	rank := []design.Action{design.Retire, design.Migrate, design.Replace, design.Retain, design.Manual}
	if slices.Index(rank, action) > slices.Index(rank, s.Action) {
		s.Action, s.Why, s.Confidence = action, why, confidence
	}
}

// ttlOf is how long an answer may be kept: Route 53 takes 0, Azure DNS begins at
// one second (Microsoft Learn, "Overview of DNS zones and records").
func ttlOf(s *common.Sheet, record map[string]any) int64 {
	said := design.Int(record, "TTL", aliasTTL)
	taken := min(max(said, 1), math.MaxInt32)
	if taken != said {
		s.Gap("dns.ttl", design.Text(record, "Name")+": TTL="+common.Shown(said))
	}
	return int64(taken)
}

// recordName is what Azure DNS takes: letters, digits, hyphens and underscores
// between dots, and an asterisk as the first label (Microsoft Learn, "DNS zones
// and records"). A slash of a delegated reverse zone (RFC 2317) is none of them.
var recordName = regexp.MustCompile(`^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)

func (e *entry) place() {
	e.id, e.private = e.C.TargetsOf(e.zone)[0], false
	if id, ok := e.C.TargetOf(e.zone, privateZoneKind); ok {
		e.id, e.private = id, true
	} else if id, ok := e.C.TargetOf(e.zone, zoneKind); ok {
		e.id = id
	}
	full := strings.ToLower(strings.TrimSuffix(strings.ReplaceAll(design.Text(e.record, "Name"), `\052`, "*"), "."))
	zone := zoneName(e.zone)
	switch {
	case !recordName.MatchString(full):
		e.Decide(design.Manual, common.Guess, "the name %q is not known, or is none that a record at the target can have", full)
		e.Do("write %s %s into %s by hand", full, e.kind, zone)
		return
	case full == zone:
		e.name = "@"
	case strings.HasSuffix(full, "."+zone):
		e.name = strings.TrimSuffix(full, "."+zone)
	default:
		e.Decide(design.Manual, common.Guess, "the name %q does not end in the zone's %q", full, zone)
		e.Do("write %s %s into %s by hand", full, e.kind, zone)
		return
	}
	switch {
	case e.name == "@" && (e.kind == "NS" || e.kind == "SOA"):
		e.Decide(design.Retire, common.LikeForLike, "Azure writes the %s of its own zone %s", e.kind, zone)
	case e.kind == "SPF":
		e.kind = "TXT"
		e.plain()
	case !slices.Contains([]string{"A", "AAAA", "CNAME", "TXT", "MX", "SRV", "CAA", "NS", "PTR"}, e.kind) || (e.private && (e.kind == "NS" || e.kind == "CAA")):
		e.Gap("dns.type", "Type="+e.kind)
		e.Decide(design.Manual, common.Redesign, "the zone has no records of type %s in this API", e.kind)
		e.Do("look whether %s %s is still needed; Azure DNS takes DS, TLSA and NAPTR in newer APIs only, HTTPS and SVCB not at all", full, e.kind)
	case design.Text(e.record, "SetIdentifier") != "":
		e.routed()
	case e.record["AliasTarget"] != nil:
		e.alias()
	default:
		e.plain()
	}
}

// put writes a record set, once for each name and type.
func (e *entry) put(p recordsets.RecordSetProperties) {
	p.TTL = new(e.ttl)
	id := e.C.Once("edge/record/"+strings.ToLower(string(e.id)+"/"+e.kind+"/"+e.name), func() cloud.ResourceID {
		t := design.Target{Type: zoneKind + cloud.Kind("/"+e.kind), Parent: e.id, Base: e.name, Exact: true, NoLocation: true, Model: recordsets.RecordSet{Properties: &p}}
		if e.private {
			t.Type, t.Model = privateZoneKind+cloud.Kind("/"+e.kind), privateSet(p)
		}
		return e.C.Put(t)
	})
	e.C.Attach(e.R, id)
}

// privateSet writes a record set in the form of private zones.
func privateSet(p recordsets.RecordSetProperties) privatedns.RecordSet {
	out := &privatedns.RecordSetProperties{Ttl: p.TTL}
	if p.ARecords != nil {
		list := []privatedns.ARecord{}
		for _, a := range *p.ARecords {
			list = append(list, privatedns.ARecord{IPv4Address: a.IPv4Address})
		}
		out.ARecords = &list
	}
	if p.AAAARecords != nil {
		list := []privatedns.AaaaRecord{}
		for _, a := range *p.AAAARecords {
			list = append(list, privatedns.AaaaRecord{IPv6Address: a.IPv6Address})
		}
		out.AaaaRecords = &list
	}
	if p.CNAMERecord != nil {
		out.CnameRecord = &privatedns.CnameRecord{Cname: p.CNAMERecord.Cname}
	}
	if p.TXTRecords != nil {
		list := []privatedns.TxtRecord{}
		for _, t := range *p.TXTRecords {
			list = append(list, privatedns.TxtRecord{Value: t.Value})
		}
		out.TxtRecords = &list
	}
	if p.MXRecords != nil {
		list := []privatedns.MxRecord{}
		for _, m := range *p.MXRecords {
			list = append(list, privatedns.MxRecord{Exchange: m.Exchange, Preference: m.Preference})
		}
		out.MxRecords = &list
	}
	if p.PTRRecords != nil {
		list := []privatedns.PtrRecord{}
		for _, m := range *p.PTRRecords {
			list = append(list, privatedns.PtrRecord{Ptrdname: m.Ptrdname})
		}
		out.PtrRecords = &list
	}
	if p.SRVRecords != nil {
		list := []privatedns.SrvRecord{}
		for _, m := range *p.SRVRecords {
			list = append(list, privatedns.SrvRecord{Port: m.Port, Priority: m.Priority, Target: m.Target, Weight: m.Weight})
		}
		out.SrvRecords = &list
	}
	return privatedns.RecordSet{Properties: out}
}

// plain writes a record set with values of its own.
func (e *entry) plain() {
	var p recordsets.RecordSetProperties
	bad := 0
	for _, value := range design.Texts(e.record["ResourceRecords"]) {
		if !e.value(&p, strings.TrimSpace(value)) {
			bad++
			e.Do("write the value %q of %s %s by hand", value, e.name, e.kind)
		}
	}
	if len(design.Texts(e.record["ResourceRecords"])) == bad {
		e.Decide(design.Manual, common.Guess, "no value of %s %s is known", e.name, e.kind)
		e.Do("write %s %s into %s by hand", e.name, e.kind, zoneName(e.zone))
		return
	}
	e.put(p)
	how := "keeps its"
	if int64(design.Int(e.record, "TTL", aliasTTL)) != e.ttl {
		how = "gets a"
	}
	e.Decide(design.Migrate, common.LikeForLike, "%s %s %s TTL of %s in the new zone", e.name, e.kind, how, common.Count(int(e.ttl), "second"))
}

// value adds one value; false when it cannot be read.
func (e *entry) value(p *recordsets.RecordSetProperties, value string) bool {
	words := strings.Fields(value)
	switch e.kind {
	case "A", "AAAA":
		return e.address(p, value)
	case "CNAME":
		p.CNAMERecord = &recordsets.CnameRecord{Cname: new(e.host(value))}
	case "PTR":
		list := append(deref(p.PTRRecords), recordsets.PtrRecord{Ptrdname: new(strings.TrimSuffix(value, "."))})
		p.PTRRecords = &list
	case "NS":
		list := append(deref(p.NSRecords), recordsets.NsRecord{Nsdname: new(value)})
		p.NSRecords = &list
	case "TXT":
		list := append(deref(p.TXTRecords), recordsets.TxtRecord{Value: new(quoted(value))})
		p.TXTRecords = &list
	case "MX":
		if len(words) != 2 {
			return false
		}
		list := append(deref(p.MXRecords), recordsets.MxRecord{Preference: new(number(words[0])), Exchange: new(strings.TrimSuffix(words[1], "."))})
		p.MXRecords = &list
	case "SRV":
		if len(words) != 4 {
			return false
		}
		list := append(deref(p.SRVRecords), recordsets.SrvRecord{Priority: new(number(words[0])), Weight: new(number(words[1])), Port: new(number(words[2])), Target: new(strings.TrimSuffix(words[3], "."))})
		p.SRVRecords = &list
	case "CAA":
		if len(words) < 3 {
			return false
		}
		issuer := strings.Trim(strings.Join(words[2:], " "), `"`)
		if strings.Contains(issuer, "amazon") {
			e.Do("let the authority that issues the new certificates (digicert.com for managed ones) into CAA of %s", e.name)
		}
		list := append(deref(p.CaaRecords), recordsets.CaaRecord{Flags: new(number(words[0])), Tag: new(words[1]), Value: new(issuer)})
		p.CaaRecords = &list
	}
	return true
}

func deref[T any](list *[]T) []T {
	if list == nil {
		return nil
	}
	return *list
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0
	}
	return n
}

// address translates an address: one inside a VPC to that of the new network,
// an elastic one to its counterpart.
func (e *entry) address(p *recordsets.RecordSetProperties, value string) bool {
	if owner, ok := e.C.Find(e.R, value, "AWS::EC2::EIP", "AWS::EC2::Instance"); ok && !e.private {
		if id, ok := publicAddress(e.C, owner); ok && p.ARecords == nil {
			p.TargetResource = &recordsets.SubResource{Id: new(string(id))}
			return true
		}
	}
	address, err := netip.ParseAddr(value)
	if err != nil || p.TargetResource != nil {
		return false
	}
	text := value
	if e.C.Plan != nil {
		text = e.C.Plan.Address(value)
	}
	if address.Is4() {
		list := append(deref(p.ARecords), recordsets.ARecord{IPv4Address: new(text)})
		p.ARecords = &list
		return true
	}
	list := append(deref(p.AAAARecords), recordsets.AaaaRecord{IPv6Address: new(text)})
	p.AAAARecords = &list
	return true
}

// host gives the name of the counterpart for a name at AWS, itself otherwise.
func (e *entry) host(value string) string {
	value = strings.TrimSuffix(value, ".")
	if found, ok := e.C.Find(e.R, value); ok && found.Kind.Service() != "Route53" {
		if host, ok := hostOf(e.C, found); ok {
			return host
		}
	}
	if common.Unresolved(value) {
		e.Do("%s points to %s, which is known only when it is deployed", e.name, value)
		return e.C.ParameterOf(e.R, design.Parameter{Name: common.ParameterName("record", e.name, zoneName(e.zone)), Description: fmt.Sprintf("Name that %s.%s points to", e.name, zoneName(e.zone))})
	}
	if strings.HasSuffix(value, "amazonaws.com") || strings.HasSuffix(value, "cloudfront.net") || strings.HasSuffix(value, "acm-validations.aws") {
		e.Do("%s points to %s at AWS: change it when that goes", e.name, value)
	}
	return value
}

// quoted parts the strings of a TXT value, each of at most 255 characters.
func quoted(value string) []string {
	if !strings.HasPrefix(value, `"`) {
		return chunks([]string{value})
	}
	var parts []string
	var part strings.Builder
	inside := false
	for i := 0; i < len(value); i++ {
		switch ch := value[i]; {
		case ch == '\\' && i+1 < len(value):
			i++
			part.WriteByte(value[i])
		case ch == '"':
			if inside {
				parts = append(parts, part.String())
				part.Reset()
			}
			inside = !inside
		case inside:
			part.WriteByte(ch)
		}
	}
	return chunks(parts)
}

func chunks(parts []string) []string {
	out := []string{}
	for _, p := range parts {
		for len(p) > 255 {
			out, p = append(out, p[:255]), p[255:]
		}
		out = append(out, p)
	}
	return out
}
