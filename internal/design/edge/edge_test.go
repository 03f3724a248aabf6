package edge_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/edge"
	"example.com/landfall/internal/inventory"
)

// behind gives balancers and buckets of the source plain targets, as the
// families that own them do.
func behind() design.Family {
	gateway := func(c *design.Context, r *inventory.Resource) design.Decision {
		address := c.Put(design.Target{Type: "Microsoft.Network/publicIPAddresses", Base: r.Name, APIVersion: "2025-07-01", Model: map[string]any{"sku": map[string]any{"name": "Standard"}, "properties": map[string]any{"publicIPAllocationMethod": "Static"}}})
		c.Put(design.Target{Type: "Microsoft.Network/loadBalancers", Base: r.Name, APIVersion: "2025-07-01", Model: map[string]any{"sku": map[string]any{"name": "Standard"}, "properties": map[string]any{
			"frontendIPConfigurations": []any{map[string]any{"name": "public", "properties": map[string]any{"publicIPAddress": map[string]any{"id": string(address)}}}}}}}, r)
		return design.Decision{Action: design.Migrate, Why: "the test says so", Confidence: 0.9}
	}
	bucket := func(c *design.Context, r *inventory.Resource) design.Decision {
		account := c.Put(design.Target{Type: "Microsoft.Storage/storageAccounts", Base: r.Name, APIVersion: "2025-08-01", Model: map[string]any{"kind": "StorageV2", "sku": map[string]any{"name": "Standard_LRS"}, "properties": map[string]any{}}}, r)
		blobs := c.Put(design.Target{Type: "Microsoft.Storage/storageAccounts/blobServices", Parent: account, Base: "default", Exact: true, NoLocation: true, APIVersion: "2025-08-01", Model: map[string]any{"properties": map[string]any{}}})
		c.Put(design.Target{Type: "Microsoft.Storage/storageAccounts/blobServices/containers", Parent: blobs, Base: r.Name, NoLocation: true, APIVersion: "2025-08-01", Model: map[string]any{"properties": map[string]any{}}}, r)
		return design.Decision{Action: design.Migrate, Why: "the test says so", Confidence: 0.9}
	}
	return design.Family{Name: "behind", Rules: []design.Rule{
		{Name: "test/lb", Kinds: []cloud.Kind{"AWS::ElasticLoadBalancingV2::LoadBalancer"}, Stage: design.Edge, Apply: gateway},
		{Name: "test/s3", Kinds: []cloud.Kind{"AWS::S3::Bucket"}, Stage: design.Data, Apply: bucket},
	}}
}

func families() []design.Family {
	return []design.Family{designtest.Network(), behind(), edge.Family()}
}

const site = `
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Alb: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: shop, Type: application}}
  Covers: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-covers}}
  Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: shop.example.}}
  Inner: {Type: AWS::Route53::HostedZone, Properties: {Name: shop.internal, VPCs: [{VPCId: !Ref Vpc, VPCRegion: us-east-1}]}}
  Aws: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Zone, Name: www.shop.example., Type: A, SetIdentifier: aws, Weight: 100, AliasTarget: {DNSName: !GetAtt Alb.DNSName, HostedZoneId: !GetAtt Alb.CanonicalHostedZoneID, EvaluateTargetHealth: true}}}
  Holding: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Zone, Name: www.shop.example., Type: A, TTL: 60, SetIdentifier: holding, Weight: 0, ResourceRecords: [192.0.2.80]}}
  Static: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Zone, Name: static.shop.example, Type: A, AliasTarget: {DNSName: !GetAtt Cdn.DomainName, HostedZoneId: Z2FDTNDATAQYW2}}}
  Apex: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Zone, Name: shop.example, Type: A, AliasTarget: {DNSName: !GetAtt Alb.DNSName, HostedZoneId: Z35}}}
  Mail: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneName: shop.example., Name: shop.example, Type: MX, TTL: 3600, ResourceRecords: ["10 mx1.mail.example.", "20 mx2.mail.example."]}}
  Text: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Zone, Name: shop.example, Type: TXT, TTL: 300, ResourceRecords: ['"v=spf1 -all"', '"a" "b\"c"']}}
  More:
    Type: AWS::Route53::RecordSetGroup
    Properties:
      HostedZoneId: !Ref Zone
      RecordSets:
        - {Name: a.shop.example, Type: CNAME, TTL: 60, ResourceRecords: [other.example.]}
        - {Name: b.shop.example, Type: CAA, TTL: 60, ResourceRecords: ['0 issue "amazon.com"']}
        - {Name: _sip._tcp.shop.example, Type: SRV, TTL: 60, ResourceRecords: ["1 10 5060 sip.example."]}
        - {Name: z.shop.example, Type: HTTPS, TTL: 60, ResourceRecords: ["1 ."]}
  Db: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Inner, Name: db.shop.internal, Type: A, TTL: 60, ResourceRecords: [10.0.1.5]}}
  Cdn:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Aliases: [static.shop.example]
        DefaultRootObject: index.html
        HttpVersion: http2and3
        WebACLId: !GetAtt EdgeAcl.Arn
        Logging: {Bucket: logs.s3.amazonaws.com}
        Origins:
          - {Id: covers, DomainName: !GetAtt Covers.RegionalDomainName, S3OriginConfig: {}, OriginAccessControlId: !Ref Oac}
          - {Id: shop, DomainName: !GetAtt Alb.DNSName, CustomOriginConfig: {OriginProtocolPolicy: https-only, HTTPSPort: 443}}
        DefaultCacheBehavior: {TargetOriginId: covers, ViewerProtocolPolicy: redirect-to-https, CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6, Compress: true, ResponseHeadersPolicyId: 67f7725c-6f97-4210-82d7-5512b31e9d03}
        CacheBehaviors:
          - {PathPattern: "/orders/*", TargetOriginId: shop, ViewerProtocolPolicy: https-only, CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad}
          - {PathPattern: "*.jpg", TargetOriginId: covers, ViewerProtocolPolicy: allow-all, CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6}
  Oac: {Type: AWS::CloudFront::OriginAccessControl, Properties: {OriginAccessControlConfig: {Name: covers}}}
  Ips: {Type: AWS::WAFv2::IPSet, Properties: {Scope: CLOUDFRONT, IPAddressVersion: IPV4, Addresses: [198.51.100.0/24]}}
  EdgeAcl:
    Type: AWS::WAFv2::WebACL
    Properties:
      Scope: CLOUDFRONT
      DefaultAction: {Allow: {}}
      Rules:
        - {Name: office, Priority: 0, Action: {Allow: {}}, Statement: {IPSetReferenceStatement: {Arn: !GetAtt Ips.Arn}}}
        - {Name: common, Priority: 1, OverrideAction: {None: {}}, Statement: {ManagedRuleGroupStatement: {VendorName: AWS, Name: AWSManagedRulesCommonRuleSet}}}
  Acl:
    Type: AWS::WAFv2::WebACL
    Properties:
      Scope: REGIONAL
      DefaultAction: {Block: {}}
      Rules:
        - {Name: rate, Priority: 2, Action: {Block: {}}, Statement: {RateBasedStatement: {Limit: 2000, AggregateKeyType: IP}}}
        - Name: either
          Priority: 3
          Action: {Block: {CustomResponse: {ResponseCode: 429}}}
          Statement:
            AndStatement:
              Statements:
                - NotStatement: {Statement: {GeoMatchStatement: {CountryCodes: [DE, AT]}}}
                - OrStatement:
                    Statements:
                      - ByteMatchStatement: {SearchString: /admin, PositionalConstraint: STARTS_WITH, FieldToMatch: {UriPath: {}}, TextTransformations: [{Priority: 0, Type: LOWERCASE}]}
                      - RegexMatchStatement: {RegexString: "^curl", FieldToMatch: {SingleHeader: {Name: user-agent}}, TextTransformations: [{Priority: 0, Type: NONE}]}
        - {Name: label, Priority: 4, Action: {Block: {}}, Statement: {LabelMatchStatement: {Key: x, Scope: LABEL}}}
`

func TestSite(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, site)...)
	designtest.Check(t, d)
	designtest.Prose(t, d)
	for id, want := range map[string]string{
		"Acl": "migrate waf.forced waf.label waf.response waf.uri", "EdgeAcl": "migrate waf.managed", "Ips": "replace", "Zone": "migrate", "Inner": "migrate", "Aws": "migrate dns.traffic dns.weight-zero",
		"Static": "migrate", "Apex": "migrate", "Mail": "migrate", "Text": "migrate", "More": "manual dns.type", "Db": "migrate", "Cdn": "migrate cloudfront.http3 cloudfront.logs cloudfront.pattern", "Oac": "replace",
	} {
		got := decision(t, d, id)
		ids := designtest.GapIDs(got)
		slices.Sort(ids)
		if text := strings.TrimSpace(string(got.Action) + " " + strings.Join(slices.Compact(ids), " ")); text != want {
			t.Errorf("%s: %q, want %q", id, text, want)
		}
		if got.Action == design.Migrate && len(got.Targets) == 0 {
			t.Errorf("%s has no target", id)
		}
	}
}

func decision(t *testing.T, d *design.Design, logicalID string) design.Decision {
	t.Helper()
	for _, one := range d.Decisions {
		if strings.HasSuffix(string(one.Source), "/"+logicalID) {
			return one
		}
	}
	t.Fatalf("no decision for %s", logicalID)
	return design.Decision{}
}

func body(t *testing.T, d *design.Design, kind cloud.Kind, name string) map[string]any {
	t.Helper()
	for _, r := range designtest.Resources(d, kind) {
		if strings.HasSuffix(r.Name, name) {
			return r.Body
		}
	}
	t.Fatalf("no %s %s", kind, name)
	return nil
}

func TestRecords(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, site)...)
	for _, c := range []struct {
		kind             cloud.Kind
		name, path, want string
	}{
		{"Microsoft.Network/dnsZones/A", "/@", "properties.targetResource.id", "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-shop/providers/Microsoft.Network/publicIPAddresses/pip-shop"},
		{"Microsoft.Network/dnsZones/MX", "/@", "properties.MXRecords.exchange", "mx1.mail.example"},
		{"Microsoft.Network/dnsZones/MX", "/@", "properties.TTL", "3600"},
		{"Microsoft.Network/dnsZones/TXT", "/@", "properties.TXTRecords.value", ""},
		{"Microsoft.Network/dnsZones/CNAME", "/a", "properties.CNAMERecord.cname", "other.example"},
		{"Microsoft.Network/dnsZones/CAA", "/b", "properties.caaRecords.tag", "issue"},
		{"Microsoft.Network/dnsZones/SRV", "/_sip._tcp", "properties.SRVRecords.port", "5060"},
		{"Microsoft.Network/privateDnsZones/A", "/db", "properties.ttl", "60"},
		{"Microsoft.Network/trafficmanagerprofiles", "uaei3z", "properties.trafficRoutingMethod", "Weighted"},
		{"Microsoft.Network/trafficmanagerprofiles", "uaei3z", "properties.dnsConfig.ttl", "60"},
		{"Microsoft.Network/trafficmanagerprofiles", "uaei3z", "properties.endpoints.properties.weight", "100"},
		{"Microsoft.Network/publicIPAddresses", "pip-shop", "properties.dnsSettings.domainNameLabel", "shop-shop-uaei3z"},
	} {
		if got := design.Text(body(t, d, c.kind, c.name), c.path); got != c.want {
			t.Errorf("%s %s: %s is %q, want %q", c.kind, c.name, c.path, got, c.want)
		}
	}
	if designtest.Resources(d, "Microsoft.Network/dnsZones/HTTPS") != nil {
		t.Error("a record that the API does not take is put")
	}
}

func TestDistribution(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, site)...)
	for _, c := range []struct {
		kind             cloud.Kind
		name, path, want string
	}{
		{"Microsoft.Cdn/profiles", "afd-shop", "sku.name", "Premium_AzureFrontDoor"},
		{"Microsoft.Cdn/profiles/afdEndpoints/routes", "/default", "properties.httpsRedirect", "Enabled"},
		{"Microsoft.Cdn/profiles/afdEndpoints/routes", "/default", "properties.originPath", "/shop-covers"},
		{"Microsoft.Cdn/profiles/afdEndpoints/routes", "/default", "properties.cacheConfiguration.queryStringCachingBehavior", "IgnoreQueryString"},
		{"Microsoft.Cdn/profiles/afdEndpoints/routes", "/orders", "properties.patternsToMatch", ""},
		{"Microsoft.Cdn/profiles/afdEndpoints/routes", "/orders", "properties.cacheConfiguration", ""},
		{"Microsoft.Cdn/profiles/originGroups", "/covers", "properties.authentication.type", "UserAssignedIdentity"},
		{"Microsoft.Cdn/profiles/originGroups/origins", "/covers/covers", "properties.hostName", "stshopcoversuaei3z.blob.core.windows.net"},
		{"Microsoft.Cdn/profiles/originGroups/origins", "/shop/shop", "properties.hostName", "shop-shop-uaei3z.eastus2.cloudapp.azure.com"},
		{"Microsoft.Cdn/profiles/customDomains", "/static-shop-example", "properties.tlsSettings.certificateType", "ManagedCertificate"},
		{"Microsoft.Cdn/profiles/ruleSets/rules", "/page", "properties.actions.parameters.destination", "/index.html"},
		{"Microsoft.Cdn/profiles/ruleSets/rules", "/headersa", "properties.actions.parameters.headerName", "Strict-Transport-Security"},
	} {
		if got := design.Text(body(t, d, c.kind, c.name), c.path); got != c.want {
			t.Errorf("%s %s: %s is %q, want %q", c.kind, c.name, c.path, got, c.want)
		}
	}
	if n := len(designtest.Resources(d, "Microsoft.Cdn/profiles/afdEndpoints/routes")); n != 2 {
		t.Errorf("%d routes, want the default and the orders", n)
	}
}

func TestWebACL(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, site)...)
	rules := design.Maps(design.At(body(t, d, "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies", "waf-Acl"), "properties.customRules"))
	var got []string
	for _, r := range rules {
		text := design.Text(r, "name") + " " + design.Text(r, "action")
		for _, m := range design.Maps(r["matchConditions"]) {
			text += " " + design.Text(m, "matchVariables.variableName") + " " + design.Text(m, "operator") + " " + strings.Join(design.Texts(m["matchValues"]), ",") + " " + design.Text(m, "negationConditon")
		}
		got = append(got, text)
	}
	want := []string{
		"rate Block RemoteAddr IPMatch 255.255.255.255/32 true",
		"either Block RemoteAddr GeoMatch DE,AT true RequestUri BeginsWith /admin false",
		"eitherparta Block RemoteAddr GeoMatch DE,AT true RequestHeaders Regex ^curl false",
		"DefaultBlock Block RemoteAddr IPMatch 255.255.255.255/32 true",
	}
	want[2] = strings.Replace(want[2], "parta", "partb", 1)
	if !slices.Equal(got, want) {
		t.Errorf("rules are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// routed are the ways in which a name can have several sets.
func TestRouting(t *testing.T) {
	t.Parallel()
	for sets, want := range map[string][2]string{
		`{SetIdentifier: a, Failover: PRIMARY, HealthCheckId: !Ref Check}|{SetIdentifier: b, Failover: SECONDARY}`:                    {"Priority", "1"},
		`{SetIdentifier: a, Region: us-east-1}|{SetIdentifier: b, Region: eu-west-1}`:                                                 {"Performance", ""},
		`{SetIdentifier: a, GeoLocation: {CountryCode: "*"}}|{SetIdentifier: b, GeoLocation: {CountryCode: US, SubdivisionCode: CA}}`: {"Geographic", ""},
		`{SetIdentifier: a, MultiValueAnswer: true}|{SetIdentifier: b, MultiValueAnswer: true}`:                                       {"MultiValue", ""},
	} {
		text := "Resources:\n  Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: shop.example}}\n" +
			"  Check: {Type: AWS::Route53::HealthCheck, Properties: {HealthCheckConfig: {Type: HTTP, Port: 8080, ResourcePath: health, RequestInterval: 10, FailureThreshold: 2}}}\n"
		for i, set := range strings.Split(sets, "|") {
			text += "  Set" + string(rune('A'+i)) + ": {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref Zone, Name: www.shop.example, Type: A, TTL: 30, ResourceRecords: [192.0.2." + string(rune('1'+i)) + "], " + strings.TrimPrefix(set, "{") + "}\n"
		}
		d := designtest.Make(t, families(), designtest.FromTemplate(t, text)...)
		designtest.Check(t, d)
		profile := designtest.One(t, d, "Microsoft.Network/trafficmanagerprofiles")
		if got := design.Text(profile.Body, "properties.trafficRoutingMethod"); got != want[0] {
			t.Errorf("%s: method %q, want %q", sets, got, want[0])
		}
		if got := design.Text(profile.Body, "properties.endpoints.properties.priority"); got != want[1] {
			t.Errorf("%s: priority %q, want %q", sets, got, want[1])
		}
		if want[0] == "Priority" && (design.Text(profile.Body, "properties.monitorConfig.port") != "8080" || design.Text(profile.Body, "properties.monitorConfig.path") != "/health" || design.Text(profile.Body, "properties.monitorConfig.intervalInSeconds") != "10") {
			t.Errorf("the profile probes by %v", design.At(profile.Body, "properties.monitorConfig"))
		}
	}
}

func TestSharedZoneStays(t *testing.T) {
	t.Parallel()
	d := designtest.Case{Families: families(), Resources: designtest.FromTemplate(t, site), Shared: []string{"shop.example."}}.Make(t)
	if len(designtest.Resources(d, "Microsoft.Network/dnsZones")) != 0 {
		t.Error("a zone that others use is copied")
	}
	if got := decision(t, d, "Apex"); got.Action != design.Retain || len(got.ToDo) == 0 {
		t.Errorf("its records are %s with %q", got.Action, got.ToDo)
	}
}

const accelerated = `
Resources:
  Nlb: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: shop, Type: network}}
  Front: {Type: AWS::GlobalAccelerator::Accelerator, Properties: {Name: front, Enabled: true}}
  Listener: {Type: AWS::GlobalAccelerator::Listener, Properties: {AcceleratorArn: !Ref Front, Protocol: TCP, ClientAffinity: SOURCE_IP, PortRanges: [{FromPort: 443, ToPort: 443}]}}
  Group: {Type: AWS::GlobalAccelerator::EndpointGroup, Properties: {ListenerArn: !Ref Listener, EndpointGroupRegion: us-east-1, EndpointConfigurations: [{EndpointId: !Ref Nlb}]}}
  Bare: {Type: AWS::GlobalAccelerator::Accelerator, Properties: {Name: bare}}
`

func TestAccelerator(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, accelerated)...)
	designtest.Check(t, d)
	global := body(t, d, "Microsoft.Network/loadBalancers", "lb-front")
	if design.Text(global, "sku.tier") != "Global" || design.Text(global, "properties.loadBalancingRules.properties.frontendPort") != "443" {
		t.Errorf("the global balancer is %v", global)
	}
	for id, action := range map[string]design.Action{"Front": design.Migrate, "Listener": design.Replace, "Group": design.Replace, "Bare": design.Manual} {
		if got := decision(t, d, id); got.Action != action {
			t.Errorf("%s is %s, want %s", id, got.Action, action)
		}
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	designtest.Gaps(t, edge.Family())
}

func TestEveryKind(t *testing.T) {
	t.Parallel()
	services := []string{"Route53", "Route53RecoveryControl", "Route53RecoveryReadiness", "Route53Profiles", "CloudFront", "WAFv2", "WAF", "WAFRegional", "Shield", "FMS", "GlobalAccelerator", "NetworkManager"}
	if left := designtest.Uncovered([]design.Family{edge.Family()}, cfn.Load().Kinds(), services...); len(left) > 0 {
		t.Errorf("no rule for %v", left)
	}
}
