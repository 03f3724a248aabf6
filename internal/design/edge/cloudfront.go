package edge

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cdn/2025-12-01/afddomains"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cdn/2025-12-01/afdendpoints"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cdn/2025-12-01/profiles"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cdn/2025-12-01/securitypolicies"
)

const (
	doorKind   cloud.Kind = "Microsoft.Cdn/profiles"
	routeKind  cloud.Kind = "Microsoft.Cdn/profiles/afdEndpoints/routes"
	groupKind  cloud.Kind = "Microsoft.Cdn/profiles/originGroups"
	originKind cloud.Kind = "Microsoft.Cdn/profiles/originGroups/origins"
	domainKind cloud.Kind = "Microsoft.Cdn/profiles/customDomains"
	guardKind  cloud.Kind = "Microsoft.Cdn/profiles/securityPolicies"

	doorPage = "Microsoft Learn, What is Azure Front Door?"
)

func distributionRules() []design.Rule {
	return []design.Rule{
		{Name: "cloudfront/distribution", Kinds: []cloud.Kind{"AWS::CloudFront::Distribution"}, Stage: design.Names, Source: doorPage,
			Targets: []cloud.Kind{doorKind, endpointKind, routeKind, groupKind, originKind, domainKind, guardKind, ruleSetKind, ruleKind, doorPolicyKind}, Apply: distribution},
		{Name: "cloudfront/part", Kinds: []cloud.Kind{"AWS::CloudFront::CachePolicy", "AWS::CloudFront::OriginRequestPolicy", "AWS::CloudFront::ResponseHeadersPolicy", "AWS::CloudFront::OriginAccessControl",
			"AWS::CloudFront::CloudFrontOriginAccessIdentity"}, Stage: design.Names, Source: doorPage, Apply: distributionPart},
	}
}

// premium reports whether the workload's Front Door has to be of the premium
// tier: managed rule sets of a WAF come with that only.
func premium(c *design.Context) bool {
	for _, r := range c.OfKind("AWS::WAFv2::WebACL") {
		if !strings.EqualFold(design.Text(r.Properties, "Scope"), "CLOUDFRONT") {
			continue
		}
		if managed(r.Properties["Rules"]) {
			return true
		}
		for _, rule := range design.Maps(r.Properties["Rules"]) {
			if group, ok := c.Find(r, design.At(rule, "Statement.RuleGroupReferenceStatement.Arn"), "AWS::WAFv2::RuleGroup"); ok && managed(group.Properties["Rules"]) {
				return true
			}
		}
	}
	return false
}

// managed reports whether rules ask, however deep, for what a managed rule set
// does at the target.
func managed(rules any) bool {
	switch v := rules.(type) {
	case []any:
		return slices.ContainsFunc(v, managed)
	case map[string]any:
		for name, part := range v {
			if slices.Contains([]string{"ManagedRuleGroupStatement", "SqliMatchStatement", "XssMatchStatement"}, name) || managed(part) {
				return true
			}
		}
	}
	return false
}

// frontDoor returns the workload's one profile: a profile carries many
// endpoints and costs its base fee once.
func frontDoor(c *design.Context) cloud.ResourceID {
	return c.Once("edge/door", func() cloud.ResourceID {
		sku, wait := profiles.SkuNameStandardAzureFrontDoor, 30
		if premium(c) {
			sku = profiles.SkuNamePremiumAzureFrontDoor
		}
		for _, r := range c.OfKind("AWS::CloudFront::Distribution") {
			for _, origin := range design.Maps(design.At(r.Properties, "DistributionConfig.Origins")) {
				wait = max(wait, design.Int(origin, "CustomOriginConfig.OriginReadTimeout", 0))
			}
		}
		return c.Put(design.Target{Type: doorKind, Base: c.Options.Workload, Location: "global", Model: profiles.Profile{
			Sku: profiles.Sku{Name: new(sku)}, Properties: &profiles.ProfileProperties{OriginResponseTimeoutSeconds: new(int64(min(max(wait, 16), 240)))},
		}})
	})
}

// door is the translation of one distribution.
type door struct {
	*common.Sheet
	config            map[string]any
	profile, endpoint cloud.ResourceID
	// groups are origin groups by the id of the origin or group at the source.
	groups   map[string]cloud.ResourceID
	origins  map[string][]cloud.ResourceID
	paths    map[string]string
	domains  []cloud.ResourceID
	patterns map[string]bool
}

func distribution(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("DistributionConfig", "DomainName", "LastModifiedTime", "Status")
	config, ok := r.Properties["DistributionConfig"].(map[string]any)
	if !ok {
		s.Decide(design.Manual, common.Guess, "nothing is known of %s but its name", r.Name)
		s.Do("read the configuration of %s and assess again", r.Name)
		return s.Done()
	}
	d := &door{Sheet: s, config: config, profile: frontDoor(c), groups: map[string]cloud.ResourceID{}, origins: map[string][]cloud.ResourceID{}, paths: map[string]string{}, patterns: map[string]bool{}}
	c.Attach(r, d.profile)
	state := afdendpoints.EnabledStateEnabled
	if config["Enabled"] != nil && !design.True(config, "Enabled") {
		state = afdendpoints.EnabledStateDisabled
	}
	d.endpoint = c.Put(design.Target{Type: endpointKind, Parent: d.profile, Base: endpointName(c, r), Location: "global", Model: afdendpoints.AFDEndpoint{Properties: &afdendpoints.AFDEndpointProperties{EnabledState: new(state)}}}, r)
	d.customDomains()
	behaviours := append(design.Maps(config["CacheBehaviors"]), design.Maps(config["DefaultCacheBehavior"])...)
	for i, b := range behaviours {
		d.route(b, i == len(behaviours)-1)
	}
	policy := d.guard()
	d.gaps()
	if common.Diagnostics(c, d.profile) != "" && design.At(config, "Logging.Bucket") != nil {
		d.Gap("cloudfront.logs", "Logging.Bucket="+design.Text(config, "Logging.Bucket"))
	}
	s.Decide(design.Migrate, common.NamedGaps, "%s with %s and %s becomes an endpoint of Front Door with %s and a route for each behaviour%s",
		r.Name, common.Count(len(design.Maps(config["Origins"])), "origin"), common.Count(len(behaviours), "behaviour"), common.Count(len(d.groups), "origin group"), policy)
	s.Not("Azure CDN", "its classic tiers are being retired; Front Door is what is left")
	s.Do("warm the cache before the cutover, or expect the origins to be asked for everything once")
	s.EffortDays = 2
	return s.Done()
}

// endpointName is what people call a distribution: its first own name, since
// its id and comment say little.
func endpointName(c *design.Context, r *inventory.Resource) string {
	aliases := design.Texts(design.At(r.Properties, "DistributionConfig.Aliases"))
	slices.Sort(aliases)
	for _, a := range aliases {
		if !common.Unresolved(a) {
			return strings.ReplaceAll(strings.TrimPrefix(a, "*."), ".", "-")
		}
	}
	return c.Options.Workload
}

// customDomains makes a domain for each name. Front Door brings a certificate
// for it and renews it.
func (d *door) customDomains() {
	aliases := design.Texts(d.config["Aliases"])
	slices.Sort(aliases)
	for _, alias := range slices.Compact(aliases) {
		if common.Unresolved(alias) {
			d.Do("add the custom domain %s by hand", alias)
			continue
		}
		wild := strings.HasPrefix(alias, "*.")
		p := &afddomains.AFDDomainProperties{HostName: strings.ToLower(alias), TlsSettings: &afddomains.AFDDomainHTTPSParameters{
			CertificateType: afddomains.AfdCertificateTypeManagedCertificate, MinimumTlsVersion: new(afddomains.AfdMinimumTlsVersionTLSOneTwo),
		}}
		if wild {
			d.Gap("cloudfront.wildcard", "Aliases="+alias)
		}
		if zone, ok := d.zoneOf(strings.ToLower(alias)); ok {
			p.AzureDnsZone = &afddomains.ResourceReference{Id: new(string(zone))}
		}
		id := d.C.Once("edge/domain/"+strings.ToLower(alias), func() cloud.ResourceID {
			return d.C.Put(design.Target{Type: domainKind, Parent: d.profile, Base: strings.NewReplacer(".", "-", "*", "any").Replace(strings.ToLower(alias)), NoLocation: true, Model: afddomains.AFDDomain{Properties: p}})
		})
		d.C.Attach(d.R, id)
		d.domains = append(d.domains, id)
		d.Do("prove %s to Front Door by a TXT record _dnsauth before the cutover, so that its certificate is there", alias)
	}
	if v := design.Text(d.config, "ViewerCertificate.MinimumProtocolVersion"); v != "" && !strings.HasPrefix(v, "TLSv1.2") && !strings.HasPrefix(v, "TLSv1.3") {
		d.Gap("cloudfront.tls", "MinimumProtocolVersion="+v)
	}
}

// zoneOf returns the public zone at the target that a name stands in: the
// longest of several.
func (d *door) zoneOf(name string) (found cloud.ResourceID, ok bool) {
	longest := ""
	for _, z := range d.C.OfKind("AWS::Route53::HostedZone") {
		zone := zoneName(z)
		if id, moved := d.C.TargetOf(z, zoneKind); moved && len(zone) > len(longest) && (name == zone || strings.HasSuffix(name, "."+zone)) {
			longest, found, ok = zone, id, true
		}
	}
	return found, ok
}

// guard attaches the policy of the web ACL, and blocks places as the
// distribution does.
func (d *door) guard() string {
	policy, ok := cloud.ResourceID(""), false
	if acl, found := d.C.Find(d.R, d.config["WebACLId"], "AWS::WAFv2::WebACL", "AWS::WAF::WebACL"); found {
		policy, ok = d.C.TargetOf(acl, doorPolicyKind)
	}
	if text := design.Text(d.config, "WebACLId"); text != "" && !ok {
		d.Gap("cloudfront.waf", "WebACLId="+text)
	}
	restriction := design.At(d.config, "Restrictions.GeoRestriction")
	kind, places := design.Text(restriction, "RestrictionType"), design.Texts(design.At(restriction, "Locations"))
	if kind != "" && kind != "none" && len(places) > 0 {
		slices.Sort(places)
		policy, ok = d.geo(policy, kind == "whitelist", places), true
	}
	if !ok {
		return ""
	}
	var refs []securitypolicies.ActivatedResourceReference
	for _, id := range append([]cloud.ResourceID{d.endpoint}, d.domains...) {
		refs = append(refs, securitypolicies.ActivatedResourceReference{Id: new(string(id))})
	}
	d.C.Put(design.Target{Type: guardKind, Parent: d.profile, Base: endpointName(d.C, d.R), NoLocation: true, Model: securitypolicies.SecurityPolicy{Properties: &securitypolicies.SecurityPolicyProperties{
		Parameters: securitypolicies.SecurityPolicyWebApplicationFirewallParameters{
			Type: securitypolicies.SecurityPolicyTypeWebApplicationFirewall, WafPolicy: &securitypolicies.ResourceReference{Id: new(string(policy))},
			Associations: &[]securitypolicies.SecurityPolicyWebApplicationFirewallAssociation{{Domains: &refs, PatternsToMatch: &[]string{"/*"}}},
		},
	}}}, d.R)
	return ", guarded by a WAF policy"
}

// geo adds a rule for places to a policy, or makes one for it.
func (d *door) geo(policy cloud.ResourceID, only bool, places []string) cloud.ResourceID {
	rule := wafRule{name: "Places", action: "Block", conditions: []wafCondition{{variable: "SocketAddr", operator: "GeoMatch", values: places, negate: only}}}
	if policy == "" {
		return d.C.Put(design.Target{Type: doorPolicyKind, Base: endpointName(d.C, d.R) + "places", Location: "global", APIVersion: doorVersion, Model: doorPolicy(&acl{Sheet: d.Sheet, rules: []wafRule{rule}})}, d.R)
	}
	d.Gap("cloudfront.geo", common.Count(len(places), "place")+", in the policy of the web ACL")
	return policy
}

// gaps names what a distribution has and a Front Door has not.
func (d *door) gaps() {
	d.MeetsIn(d.config, common.Setting{Gap: "cloudfront.errors", Path: "CustomErrorResponses"}, common.Setting{Gap: "cloudfront.staging", Path: "ContinuousDeploymentPolicyId"}, common.Setting{Gap: "cloudfront.anycast", Path: "AnycastIpListId"})
	if design.Text(d.config, "PriceClass") != "PriceClass_All" {
		d.MeetsIn(d.config, common.Setting{Gap: "cloudfront.price", Path: "PriceClass"})
	}
	if version := design.Text(d.config, "HttpVersion"); strings.Contains(version, "3") {
		d.Gap("cloudfront.http3", "HttpVersion="+version)
	}
	for _, name := range []string{"ViewerMtlsConfig", "TenantConfig", "ConnectionFunctionAssociation", "OriginShield"} {
		if design.At(d.config, name) != nil {
			d.Gap("cloudfront.setting", name)
		}
	}
}

func distributionPart(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r)
	for name := range r.Properties {
		s.Knows(name)
	}
	for _, e := range c.Users(r) {
		for _, d := range c.OfKind("AWS::CloudFront::Distribution") {
			if d.ID == e.From {
				if id, ok := c.TargetOf(d, doorKind); ok {
					c.Attach(r, id)
				}
			}
		}
	}
	s.Decide(design.Replace, common.NamedGaps, "routes, rule sets and origin groups of Front Door hold what %s says; it is read where a distribution uses it", r.Name)
	return s.Done()
}
