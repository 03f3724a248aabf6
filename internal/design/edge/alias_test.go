package edge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/edge"
	"example.com/landfall/internal/inventory"
)

// more gives further things that an alias may point at their plain targets.
func more() design.Family {
	api := func(c *design.Context, r *inventory.Resource) design.Decision {
		c.Put(design.Target{Type: "Microsoft.ApiManagement/service", Base: r.Name, APIVersion: "2024-05-01", Model: map[string]any{"sku": map[string]any{"name": "Developer", "capacity": 1}, "properties": map[string]any{"publisherEmail": "ops@shop.example", "publisherName": "shop"}}}, r)
		return design.Decision{Action: design.Migrate, Why: "the test says so", Confidence: 0.9}
	}
	address := func(c *design.Context, r *inventory.Resource) design.Decision {
		c.Put(design.Target{Type: "Microsoft.Network/publicIPAddresses", Base: r.Name, APIVersion: "2025-07-01", Model: map[string]any{"sku": map[string]any{"name": "Standard"}, "properties": map[string]any{"publicIPAllocationMethod": "Static"}}}, r)
		return design.Decision{Action: design.Migrate, Why: "the test says so", Confidence: 0.9}
	}
	inside := func(c *design.Context, r *inventory.Resource) design.Decision {
		subnet, _ := c.Plan.Subnet("web")
		c.Put(design.Target{Type: "Microsoft.Network/loadBalancers", Base: r.Name, APIVersion: "2025-07-01", Model: map[string]any{"sku": map[string]any{"name": "Standard"}, "properties": map[string]any{
			"frontendIPConfigurations": []any{map[string]any{"name": "private", "properties": map[string]any{"subnet": map[string]any{"id": string(subnet)}, "privateIPAddress": "10.0.1.9", "privateIPAllocationMethod": "Static"}}}}}}, r)
		return design.Decision{Action: design.Migrate, Why: "the test says so", Confidence: 0.9}
	}
	nothing := func(*design.Context, *inventory.Resource) design.Decision {
		return design.Decision{Action: design.Retire, Why: "the test says so", Confidence: 0.9}
	}
	return design.Family{Name: "more", Rules: []design.Rule{
		{Name: "test/api", Kinds: []cloud.Kind{"AWS::ApiGateway::RestApi"}, Stage: design.Edge, Apply: api},
		{Name: "test/eip", Kinds: []cloud.Kind{"AWS::EC2::EIP"}, Stage: design.Networks, Apply: address},
		{Name: "test/clb", Kinds: []cloud.Kind{"AWS::ElasticLoadBalancing::LoadBalancer"}, Stage: design.Edge, Apply: inside},
		{Name: "test/beanstalk", Kinds: []cloud.Kind{"AWS::ElasticBeanstalk::Environment"}, Stage: design.Compute, Apply: nothing},
	}}
}

const pointedAt = `
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: shop.example}}
  Inner: {Type: AWS::Route53::HostedZone, Properties: {Name: shop.internal, VPCs: [{VPCId: !Ref Vpc, VPCRegion: us-east-1}]}}
  Alb: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: shop}}
  Clb: {Type: AWS::ElasticLoadBalancing::LoadBalancer, Properties: {LoadBalancerName: old, Scheme: internal, Listeners: [{InstancePort: '80', LoadBalancerPort: '80', Protocol: TCP}]}}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop-api}}
  Eip: {Type: AWS::EC2::EIP, Properties: {Domain: vpc}}
  Stalk: {Type: AWS::ElasticBeanstalk::Environment, Properties: {ApplicationName: shop, EnvironmentName: shop-web}}
  Cdn: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Enabled: true, Aliases: [cdn.shop.example], Origins: [{Id: o, DomainName: one.example, CustomOriginConfig: {OriginProtocolPolicy: https-only}}], DefaultCacheBehavior: {TargetOriginId: o, ViewerProtocolPolicy: https-only}}}}
`

// Each thing that an alias may point at, in zones of both kinds: how it is
// decided, and what stands in the record.
func TestEveryAlias(t *testing.T) {
	t.Parallel()
	const alb, cdn, clb, stalk = "!GetAtt Alb.DNSName", "!GetAtt Cdn.DomainName", "!GetAtt Clb.DNSName", "!GetAtt Stalk.EndpointURL"
	cases := []struct{ zone, name, kind, to, action, record, gaps string }{
		{"Zone", "a.shop.example", "A", alb, "migrate", "A targetResource pip-shop", ""},
		{"Zone", "shop.example", "A", alb, "migrate", "A targetResource pip-shop", ""},
		{"Zone", "b.shop.example", "AAAA", alb, "manual", "", "dns.ipv6"},
		{"Zone", "c.shop.example", "A", cdn, "migrate", "A targetResource fde-cdn-shop-example", ""},
		{"Zone", "d.shop.example", "AAAA", cdn, "migrate", "AAAA targetResource fde-cdn-shop-example", ""},
		{"Zone", "e.shop.example", "A", "!GetAtt Eip.PublicIp", "migrate", "A targetResource pip-Eip", ""},
		{"Zone", "f.shop.example", "A", "!Sub '${Api}.execute-api.us-east-1.amazonaws.com'", "migrate", "CNAME azure-api.net", ""},
		{"Zone", "g.shop.example", "A", stalk, "manual", "", ""},
		{"Zone", "h.shop.example", "A", "a.shop.example", "migrate", "CNAME a.shop.example", ""},
		{"Zone", "i.shop.example", "AAAA", "a.shop.example", "replace", "", ""},
		{"Zone", "j.shop.example", "A", "gone.us-east-1.elb.amazonaws.com", "manual", "", "dns.apex"},
		{"Inner", "a.shop.internal", "A", clb, "migrate", "A 10.0.1.9", ""},
		{"Inner", "b.shop.internal", "A", "!Sub '${Api}.execute-api.us-east-1.amazonaws.com'", "migrate", "CNAME azure-api.net", ""},
		{"Inner", "shop.internal", "A", "!Sub '${Api}.execute-api.us-east-1.amazonaws.com'", "manual", "", "dns.private-alias"},
	}
	text := pointedAt
	for i, c := range cases {
		text += fmt.Sprintf("  R%d: {Type: AWS::Route53::RecordSet, Properties: {HostedZoneId: !Ref %s, Name: %s, Type: %s, AliasTarget: {DNSName: %s, HostedZoneId: Z35}}}\n", i, c.zone, c.name, c.kind, c.to)
	}
	d := designtest.Make(t, []design.Family{designtest.Network(), behind(), more(), edge.Family()}, designtest.FromTemplate(t, "Resources:\n"+text)...)
	designtest.Check(t, d)
	designtest.Prose(t, d)
	for i, c := range cases {
		got := decision(t, d, fmt.Sprintf("R%d", i))
		if string(got.Action) != c.action || strings.Join(designtest.GapIDs(got), " ") != c.gaps {
			t.Errorf("%s %s to %s is %s with %q: %s", c.name, c.kind, c.to, got.Action, designtest.GapIDs(got), got.Why)
		}
		record := recordOf(d, got)
		if parts := strings.Fields(c.record); c.record == "" != (record == "") || slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(record, p) }) {
			t.Errorf("%s %s to %s stands as %q, want %q", c.name, c.kind, c.to, record, c.record)
		}
	}
}

// recordOf writes the record set that stands for a decision, "" for none.
func recordOf(d *design.Design, of design.Decision) string {
	for i := range d.Resources {
		r := &d.Resources[i]
		kind := string(r.Type[strings.LastIndexByte(string(r.Type), '/')+1:])
		if !slices.Contains(of.Targets, r.ID) || !slices.Contains([]string{"A", "AAAA", "CNAME"}, kind) {
			continue
		}
		values := []string{kind}
		for _, path := range []string{"ARecords.ipv4Address", "aRecords.ipv4Address", "CNAMERecord.cname", "cnameRecord.cname"} {
			if v := design.Text(r.Body, "properties."+path); v != "" {
				values = append(values, v)
			}
		}
		if id := design.Text(r.Body, "properties.targetResource.id"); id != "" {
			values = append(values, "targetResource", id)
		}
		return strings.Join(values, " ")
	}
	return ""
}

// Each behaviour of a distribution, as a route says it.
func TestEveryBehaviour(t *testing.T) {
	t.Parallel()
	const own = "  Keep: {Type: AWS::CloudFront::CachePolicy, Properties: {CachePolicyConfig: {Name: keep, MinTTL: 1, DefaultTTL: 60, MaxTTL: 120, ParametersInCacheKeyAndForwardedToOrigin: {EnableAcceptEncodingGzip: true, CookiesConfig: {CookieBehavior: all}, HeadersConfig: {HeaderBehavior: none}, QueryStringsConfig: {QueryStringBehavior: allExcept, QueryStrings: [b, a]}}}}}\n" +
		"  Drop: {Type: AWS::CloudFront::CachePolicy, Properties: {CachePolicyConfig: {Name: drop, MinTTL: 0, DefaultTTL: 0, MaxTTL: 0, ParametersInCacheKeyAndForwardedToOrigin: {EnableAcceptEncodingGzip: true, CookiesConfig: {CookieBehavior: none}, HeadersConfig: {HeaderBehavior: none}, QueryStringsConfig: {QueryStringBehavior: none}}}}}\n"
	var designs []*design.Design
	for _, c := range []struct{ behaviour, origin, cache, forwarding, gaps string }{
		{"CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "OriginProtocolPolicy: https-only", "", "HttpsOnly", ""},
		{"CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6, Compress: true", "OriginProtocolPolicy: http-only", "IgnoreQueryString", "HttpOnly", ""},
		{"CachePolicyId: !Ref Keep", "OriginProtocolPolicy: match-viewer", "IgnoreSpecifiedQueryStrings a,b", "MatchRequest", "cloudfront.key cloudfront.ttl"},
		{"CachePolicyId: !Ref Drop", "OriginProtocolPolicy: https-only", "", "HttpsOnly", ""},
		{"CachePolicyId: 11111111-2222-3333-4444-555555555555", "OriginProtocolPolicy: https-only", "IgnoreQueryString", "HttpsOnly", "cloudfront.policy"},
		{"ForwardedValues: {QueryString: true}", "OriginProtocolPolicy: https-only", "UseQueryString", "HttpsOnly", ""},
		{"ForwardedValues: {QueryString: true, QueryStringCacheKeys: [q, p]}", "OriginProtocolPolicy: https-only", "IncludeSpecifiedQueryStrings p,q", "HttpsOnly", ""},
		{"ForwardedValues: {QueryString: false, Cookies: {Forward: all}, Headers: [Host]}, MaxTTL: 60", "OriginProtocolPolicy: https-only", "IgnoreQueryString", "HttpsOnly", "cloudfront.key cloudfront.ttl"},
		{"ForwardedValues: {QueryString: false}, MaxTTL: 0", "OriginProtocolPolicy: https-only", "", "HttpsOnly", ""},
		{"AllowedMethods: [GET, HEAD], FunctionAssociations: [{EventType: viewer-request, FunctionARN: 'arn:aws:cloudfront::123456789012:function/x'}], CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "OriginProtocolPolicy: https-only", "", "HttpsOnly", "cloudfront.function cloudfront.methods"},
		{"LambdaFunctionAssociations: [{EventType: origin-request, LambdaFunctionARN: 'arn:aws:lambda:us-east-1:123456789012:function:x:1'}], TrustedSigners: [self], CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "OriginProtocolPolicy: https-only, OriginSSLProtocols: [SSLv3, TLSv1.2]", "", "HttpsOnly", "cloudfront.lambda cloudfront.signed cloudfront.tls"},
		{"FieldLevelEncryptionId: x, RealtimeLogConfigArn: 'arn:aws:cloudfront::123456789012:realtime-log-config/x', ResponseHeadersPolicyId: 67f7725c-6f97-4210-82d7-5512b31e9d03, CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "OriginProtocolPolicy: https-only", "", "HttpsOnly", "cloudfront.logs cloudfront.setting"},
	} {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, "Resources:\n"+own+"  Cdn: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Enabled: true, Origins: [{Id: o, DomainName: one.example, OriginPath: /v1, CustomOriginConfig: {"+c.origin+"}}], DefaultCacheBehavior: {TargetOriginId: o, ViewerProtocolPolicy: https-only, "+c.behaviour+"}}}}\n")...)
		designs = append(designs, d)
		body := designtest.One(t, d, "Microsoft.Cdn/profiles/afdEndpoints/routes").Body
		cache := strings.TrimSpace(design.Text(body, "properties.cacheConfiguration.queryStringCachingBehavior") + " " + design.Text(body, "properties.cacheConfiguration.queryParameters"))
		if cache != c.cache || design.Text(body, "properties.forwardingProtocol") != c.forwarding || design.Text(body, "properties.originPath") != "/v1" {
			t.Errorf("%s: kept by %q, forwarded by %s", c.behaviour, cache, design.Text(body, "properties.forwardingProtocol"))
		}
		if on := design.True(body, "properties.cacheConfiguration.compressionSettings.isCompressionEnabled"); on != strings.Contains(c.behaviour, "Compress") {
			t.Errorf("%s: compression is on: %v", c.behaviour, on)
		}
		ids := designtest.GapIDs(decision(t, d, "Cdn"))
		slices.Sort(ids)
		if gaps := strings.Join(slices.Compact(ids), " "); gaps != c.gaps {
			t.Errorf("%s: meets %q, want %q", c.behaviour, gaps, c.gaps)
		}
	}
	designtest.Check(t, designs...)
	designtest.Prose(t, designs...)
}
