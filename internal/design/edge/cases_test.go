package edge_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

// designed makes a design of a template's resources and asks everything of it
// that no design may break.
func designed(t *testing.T, resources string) *design.Design {
	t.Helper()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, "Resources:\n"+resources)...)
	designtest.Check(t, d)
	designtest.Prose(t, d)
	return d
}

const twoSites = `
  Covers: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-covers}}
  One: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Enabled: true, DefaultRootObject: index.html, Origins: [{Id: origin1, DomainName: one.example, CustomOriginConfig: {OriginProtocolPolicy: http-only}}],
    CacheBehaviors: [{PathPattern: /a-b/*, TargetOriginId: origin1, ViewerProtocolPolicy: https-only}, {PathPattern: /a/b/*, TargetOriginId: origin1, ViewerProtocolPolicy: allow-all}, {PathPattern: "/A-B/*", TargetOriginId: origin1, ViewerProtocolPolicy: allow-all}],
    DefaultCacheBehavior: {TargetOriginId: origin1, ViewerProtocolPolicy: redirect-to-https}}}}
  Two: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Enabled: false, DefaultRootObject: start.html, Origins: [{Id: origin1, DomainName: two.example, CustomOriginConfig: {OriginProtocolPolicy: match-viewer, HTTPPort: 8080}}],
    DefaultCacheBehavior: {TargetOriginId: origin1, ViewerProtocolPolicy: allow-all}}}}
`

// Two distributions without names of their own, with the same ids of origins.
func TestTwoDistributionsKeepApart(t *testing.T) {
	t.Parallel()
	d := designed(t, twoSites)
	for kind, want := range map[string]int{"Microsoft.Cdn/profiles": 1, "Microsoft.Cdn/profiles/afdEndpoints": 2, "Microsoft.Cdn/profiles/originGroups": 2, "Microsoft.Cdn/profiles/afdEndpoints/routes": 4, "Microsoft.Cdn/profiles/ruleSets": 2} {
		n := 0
		for _, r := range d.Resources {
			if string(r.Type) == kind {
				n++
			}
		}
		if n != want {
			t.Errorf("%d of %s, want %d", n, kind, want)
		}
	}
	var pages []string
	for _, r := range designtest.Resources(d, "Microsoft.Cdn/profiles/ruleSets/rules") {
		pages = append(pages, design.Text(r.Body, "properties.actions.parameters.destination"))
	}
	slices.Sort(pages)
	if !slices.Equal(pages, []string{"/index.html", "/start.html"}) {
		t.Errorf("the pages of the roots are %q", pages)
	}
}

// A weighted name of both families of addresses is one name of one profile.
func TestRoutedNameOfBothFamilies(t *testing.T) {
	t.Parallel()
	text := "  Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: shop.example}}\n"
	for _, kind := range []string{"A", "AAAA"} {
		for _, set := range []string{"one", "two"} {
			value := map[string]string{"A": "192.0.2.1", "AAAA": "2001:db8::1"}[kind]
			text += "  Set" + kind + set + ": {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Zone, Name: www.shop.example, Type: " + kind + ", TTL: 30, SetIdentifier: " + set + ", Weight: 10, ResourceRecords: [\"" + value + "\"]}}\n"
		}
	}
	d := designed(t, text)
	labels := map[string]bool{}
	for _, r := range designtest.Resources(d, "Microsoft.Network/trafficmanagerprofiles") {
		labels[design.Text(r.Body, "properties.dnsConfig.relativeName")] = true
	}
	if len(labels) != len(designtest.Resources(d, "Microsoft.Network/trafficmanagerprofiles")) {
		t.Errorf("profiles share their names: %v", labels)
	}
}

// A zone is that of a domain only when a dot stands between.
func TestDomainFindsItsZone(t *testing.T) {
	t.Parallel()
	d := designed(t, `
  Short: {Type: AWS::Route53::HostedZone, Properties: {Name: shop.example}}
  Long: {Type: AWS::Route53::HostedZone, Properties: {Name: static.shop.example}}
  Cdn: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Enabled: true, Aliases: [www.static.shop.example, www.myshop.example, shop.example], Origins: [{Id: o, DomainName: one.example, CustomOriginConfig: {OriginProtocolPolicy: https-only}}],
    DefaultCacheBehavior: {TargetOriginId: o, ViewerProtocolPolicy: https-only}}}}
`)
	for host, want := range map[string]string{"www.static.shop.example": "static.shop.example", "www.myshop.example": "", "shop.example": "shop.example"} {
		for _, r := range designtest.Resources(d, "Microsoft.Cdn/profiles/customDomains") {
			zone := design.Text(r.Body, "properties.azureDnsZone.id")
			if design.Text(r.Body, "properties.hostName") == host && zone[strings.LastIndexByte(zone, '/')+1:] != want {
				t.Errorf("the zone of %s is %q, want %q", host, zone, want)
			}
		}
	}
}

func TestDNSSEC(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]bool{
		"": false,
		"  Sign: {Type: AWS::Route53::DNSSEC, Properties: {HostedZoneId: !Ref Zone}}\n": true,
		"  Key: {Type: AWS::Route53::KeySigningKey, Properties: {HostedZoneId: !GetAtt Zone.Id, Name: k, Status: ACTIVE, KeyManagementServiceArn: \"arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555\"}}\n": true,
		"  Other: {Type: AWS::Route53::HostedZone, Properties: {Name: other.example}}\n  Sign: {Type: AWS::Route53::DNSSEC, Properties: {HostedZoneId: !Ref Other}}\n":                                                                 false,
	} {
		d := designed(t, "  Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: shop.example}}\n"+keys)
		if got := strings.Contains(strings.Join(decision(t, d, "Zone").ToDo, " "), "DNSSEC"); got != want {
			t.Errorf("%s: DNSSEC is spoken of: %v", keys, got)
		}
	}
}

// Aliases of one balancer by A and by AAAA records are one profile.
func TestRoutedAliasesOfBothFamilies(t *testing.T) {
	t.Parallel()
	text := "  Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: shop.example}}\n  Alb: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: shop, Type: application, Scheme: internet-facing}}\n"
	for _, kind := range []string{"A", "AAAA"} {
		for i, set := range []string{"one", "two"} {
			weight := []string{"90", "10"}[i]
			text += "  Set" + kind + set + ": {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Zone, Name: www.shop.example, Type: " + kind + ", SetIdentifier: " + set + ", Weight: " + weight + ", AliasTarget: {DNSName: !GetAtt Alb.DNSName, HostedZoneId: !GetAtt Alb.CanonicalHostedZoneID}}}\n"
		}
	}
	d := designed(t, text)
	if n := len(designtest.Resources(d, "Microsoft.Network/trafficmanagerprofiles")); n != 1 {
		t.Errorf("%d profiles for one name", n)
	}
	for _, set := range []string{"SetAAAAone", "SetAAAAtwo"} {
		if got := decision(t, d, set); got.Action != design.Replace || !slices.Contains(designtest.GapIDs(got), "dns.ipv6") {
			t.Errorf("%s is %s with %q", set, got.Action, designtest.GapIDs(got))
		}
	}
}

// Traffic Manager knows fewer places than Route 53, and each of them once.
func TestPlacesAreGivenOnce(t *testing.T) {
	t.Parallel()
	text := "  Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: shop.example}}\n"
	for i, place := range []string{"{CountryCode: '*'}", "{ContinentCode: AN}", "{ContinentCode: OC}", "{ContinentCode: EU}", "{CountryCode: DE}", "{CountryCode: US, SubdivisionCode: CA}"} {
		text += "  Set" + string(rune('A'+i)) + ": {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Zone, Name: www.shop.example, Type: A, TTL: 30, SetIdentifier: set" + string(rune('a'+i)) + ", GeoLocation: " + place + ", ResourceRecords: [192.0.2." + string(rune('1'+i)) + "]}}\n"
	}
	d := designed(t, text)
	var got []string
	for _, p := range design.Maps(design.At(designtest.One(t, d, "Microsoft.Network/trafficmanagerprofiles").Body, "properties.endpoints")) {
		got = append(got, design.Texts(design.At(p, "properties.geoMapping"))...)
	}
	slices.Sort(got)
	if want := []string{"DE", "GEO-AP", "GEO-EU", "US-CA", "WORLD"}; !slices.Equal(got, want) {
		t.Errorf("places are %q, want %q", got, want)
	}
	said := false
	for _, one := range d.Decisions {
		said = said || strings.Contains(strings.Join(one.ToDo, " "), "setb")
	}
	if !said {
		t.Error("nobody hears of the set that is left out")
	}
}

// Route 53 takes a TTL of 0, and files hold what no service takes.
func TestRecordsKeepWithinBounds(t *testing.T) {
	t.Parallel()
	for said, c := range map[string]struct{ ttl, why, gap string }{
		"0":          {"1", "gets a TTL of 1 second", "dns.ttl"},
		"-60":        {"1", "gets a TTL of 1 second", "dns.ttl"},
		"1":          {"1", "keeps its TTL of 1 second", ""},
		"2147483648": {"2.147483647e+09", "gets a TTL of 2147483647 seconds", "dns.ttl"},
	} {
		d := designed(t, "  Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: shop.example}}\n  Www: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Zone, Name: www.shop.example, Type: A, TTL: "+said+", ResourceRecords: [192.0.2.1]}}\n")
		if got := design.Text(designtest.One(t, d, "Microsoft.Network/dnsZones/A").Body, "properties.TTL"); got != c.ttl {
			t.Errorf("%s becomes %s, want %s", said, got, c.ttl)
		}
		one := decision(t, d, "Www")
		if !strings.Contains(one.Why, c.why) || strings.Join(designtest.GapIDs(one), " ") != c.gap {
			t.Errorf("%s: %q with %q", said, one.Why, designtest.GapIDs(one))
		}
	}
}

// A probe asks a port that there is.
func TestProbesKeepWithinBounds(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{"8443": "8443", "0": "443", "-1": "443", "70000": "443"} {
		text := "  Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: shop.example}}\n  Check: {Type: AWS::Route53::HealthCheck, Properties: {HealthCheckConfig: {Type: HTTPS, Port: " + said + "}}}\n"
		for _, set := range []string{"PRIMARY, HealthCheckId: !Ref Check", "SECONDARY"} {
			text += "  " + set[:3] + ": {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Zone, Name: www.shop.example, Type: A, TTL: 30, SetIdentifier: " + set[:3] + ", ResourceRecords: [192.0.2.1], Failover: " + set + "}}\n"
		}
		profile := designtest.One(t, designed(t, text), "Microsoft.Network/trafficmanagerprofiles")
		if got := design.Text(profile.Body, "properties.monitorConfig.port"); got != want {
			t.Errorf("port %s becomes %s, want %s", said, got, want)
		}
	}
}
