package dns

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"example.com/landfall/internal/fault"
)

// Bounds of one reading. Route 53's own quotas are 500 zones for an account
// and 10,000 records for a zone.
const (
	maxZones = 500
	maxSets  = 100_000
)

// ZoneSource gives the zones as they are now.
type ZoneSource interface {
	// Zones returns all of them or an error, never a part. It is called by one
	// goroutine at a time and honours ctx.
	Zones(ctx context.Context) ([]Zone, error)
}

// Route53 reads the hosted zones of an account.
type Route53 struct{ client Route53Client }

// Route53Client is the part of the SDK's client that is used.
type Route53Client interface {
	route53.ListHostedZonesAPIClient
	route53.ListResourceRecordSetsAPIClient
}

var _ ZoneSource = Route53{}

// NewRoute53 returns the zones that the client sees.
func NewRoute53(client Route53Client) Route53 { return Route53{client} }

// Zones reads every zone and every record.
func (r Route53) Zones(ctx context.Context) ([]Zone, error) {
	var zones []Zone
	pages := route53.NewListHostedZonesPaginator(r.client, &route53.ListHostedZonesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fault.Of(fault.Unavailable, "list hosted zones", "", err)
		}
		for _, z := range page.HostedZones {
			zones = append(zones, Zone{
				ID: strings.TrimPrefix(aws.ToString(z.Id), "/hostedzone/"), Name: decimalEscapes(aws.ToString(z.Name)),
				Private: z.Config != nil && z.Config.PrivateZone,
			})
		}
		if len(zones) > maxZones {
			return nil, fault.Newf(fault.Unsupported, "list hosted zones: more than %d", maxZones)
		}
	}
	total := 0
	for i := range zones {
		sets, err := r.sets(ctx, zones[i].ID)
		if err != nil {
			return nil, err
		}
		zones[i].Sets = sets
		if total += len(sets); total > maxSets {
			return nil, fault.Newf(fault.Unsupported, "list record sets: more than %d", maxSets)
		}
	}
	return zones, nil
}

func (r Route53) sets(ctx context.Context, zone string) ([]RecordSet, error) {
	var sets []RecordSet
	pages := route53.NewListResourceRecordSetsPaginator(r.client, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fault.Of(fault.Unavailable, "list record sets of zone", zone, err)
		}
		for _, s := range page.ResourceRecordSets {
			sets = append(sets, recordSet(s))
		}
		if len(sets) > maxSets {
			return nil, fault.Newf(fault.Unsupported, "list record sets of zone %q: more than %d", zone, maxSets)
		}
	}
	return sets, nil
}

func recordSet(s types.ResourceRecordSet) RecordSet {
	out := RecordSet{
		Name: decimalEscapes(aws.ToString(s.Name)), Type: string(s.Type), SetID: aws.ToString(s.SetIdentifier),
		TTL: uint32(min(max(aws.ToInt64(s.TTL), 0), 1<<31-1)), Policy: policyOf(s),
		Weight: uint64(max(aws.ToInt64(s.Weight), 0)), Region: string(s.Region),
		Primary: s.Failover == types.ResourceRecordSetFailoverPrimary,
		// The API returns "*" for the default location.
		Default: s.GeoLocation != nil && aws.ToString(s.GeoLocation.CountryCode) == "*",
	}
	if s.AliasTarget != nil {
		out.Alias = decimalEscapes(aws.ToString(s.AliasTarget.DNSName))
	}
	for _, v := range s.ResourceRecords {
		out.Values = append(out.Values, decimalEscapes(unwrapped(aws.ToString(v.Value))))
	}
	return out
}

// unwrapped takes off what moto 5.2 puts around the value of the SOA record
// that it makes with a zone: the Python form of its record, {'Value': '...'}.
func unwrapped(value string) string {
	inner, opened := strings.CutPrefix(value, "{'Value': '")
	inner, closed := strings.CutSuffix(inner, "'}")
	if opened && closed {
		return inner
	}
	return value
}

func policyOf(s types.ResourceRecordSet) Policy {
	switch {
	case s.CidrRoutingConfig != nil, s.GeoProximityLocation != nil:
		return Unsupported
	case s.Weight != nil:
		return Weighted
	case s.Failover != "":
		return Failover
	case s.Region != "":
		return Latency
	case s.GeoLocation != nil:
		return Geolocation
	case aws.ToBool(s.MultiValueAnswer):
		return MultiValue
	}
	return Simple
}

// decimalEscapes turns Route 53's escapes, a backslash and three octal digits
// ("DNS domain name format" in its developer guide; a wildcard is "\052."),
// into those of zone files, which are decimal. Other escapes stay.
func decimalEscapes(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		if i+4 <= len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteString(unescaped(byte(n)))
				i += 3
				continue
			}
		}
		b.WriteString(s[i : i+2])
		i++
	}
	return b.String()
}

// unescaped is how one byte is written in a zone file. The asterisk of a
// wildcard needs no escape, and has no meaning with one.
func unescaped(c byte) string {
	if c == '*' || c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
		return string(c)
	}
	return fmt.Sprintf(`\%03d`, c)
}
