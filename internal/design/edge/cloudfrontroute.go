package edge

import (
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cdn/2025-12-01/routes"
)

// route makes a route of a cache behaviour.
func (d *door) route(b map[string]any, last bool) {
	pattern := design.Text(b, "PathPattern")
	if last {
		pattern = "/*"
	}
	match, ok := patternOf(pattern)
	if !ok {
		d.Gap("cloudfront.pattern", "PathPattern="+pattern)
		d.Do("write a rule of the rule set for the paths %s, which go to %s", pattern, design.Text(b, "TargetOriginId"))
		return
	}
	if key := strings.ToLower(match); d.patterns[key] {
		return
	}
	d.patterns[strings.ToLower(match)] = true
	target := design.Text(b, "TargetOriginId")
	group, ok := d.group(target)
	if !ok {
		d.Gap("cloudfront.origin", "TargetOriginId="+target)
		d.Do("make an origin group for %s and route %s to it", target, match)
		return
	}
	p := &routes.RouteProperties{
		EnabledState: new(routes.EnabledStateEnabled), OriginGroup: &routes.ResourceReference{Id: new(string(group))}, PatternsToMatch: &[]string{match},
		LinkToDefaultDomain: new(routes.LinkToDefaultDomainEnabled), ForwardingProtocol: new(d.forwarding(target)), CacheConfiguration: d.cache(b),
	}
	protocols, redirect := viewer(design.Text(b, "ViewerProtocolPolicy"))
	p.SupportedProtocols, p.HTTPSRedirect = &protocols, new(redirect)
	if path := d.paths[target]; path != "" {
		p.OriginPath = new(path)
	}
	if len(d.domains) > 0 {
		var refs []routes.ActivatedResourceReference
		for _, id := range d.domains {
			refs = append(refs, routes.ActivatedResourceReference{Id: new(string(id))})
		}
		p.CustomDomains = &refs
	}
	if sets := d.ruleSets(b, last); len(sets) > 0 {
		p.RuleSets = &sets
	}
	base := "default"
	if !last {
		base = strings.Trim(strings.NewReplacer("/", "-", "*", "", ".", "-").Replace(match), "-")
	}
	d.C.Put(design.Target{Type: routeKind, Parent: d.endpoint, Base: base, NoLocation: true, After: d.origins[target], Model: routes.Route{Properties: p}}, d.R)
	d.behaviourGaps(b)
}

// patternOf translates a path pattern. Front Door takes a * at the end after a
// slash only (Microsoft Learn, "How requests get matched to a route
// configuration").
func patternOf(pattern string) (string, bool) {
	if !strings.HasPrefix(pattern, "/") {
		pattern = "/" + pattern
	}
	head, star := strings.CutSuffix(pattern, "*")
	if strings.ContainsAny(head, "*?") || (star && !strings.HasSuffix(head, "/")) {
		return "", false
	}
	return pattern, true
}

func viewer(policy string) ([]routes.AFDEndpointProtocols, routes.HTTPSRedirect) {
	both := []routes.AFDEndpointProtocols{routes.AFDEndpointProtocolsHTTP, routes.AFDEndpointProtocolsHTTPS}
	switch policy {
	case "redirect-to-https":
		return both, routes.HTTPSRedirectEnabled
	case "https-only":
		return both[1:], routes.HTTPSRedirectDisabled
	}
	return both, routes.HTTPSRedirectDisabled
}

func (d *door) forwarding(target string) routes.ForwardingProtocol {
	for _, origin := range design.Maps(d.config["Origins"]) {
		if design.Text(origin, "Id") != target {
			continue
		}
		switch design.Text(origin, "CustomOriginConfig.OriginProtocolPolicy") {
		case "http-only":
			return routes.ForwardingProtocolHTTPOnly
		case "match-viewer":
			return routes.ForwardingProtocolMatchRequest
		}
	}
	return routes.ForwardingProtocolHTTPSOnly
}

// The cache policies that AWS manages (CloudFront Developer Guide, "Use
// managed cache policies").
const (
	cachingDisabled  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	cachingOptimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
	cachingPlain     = "b2884449-e4de-46a7-ac36-70bc7f1ddd6d"
)

// cache translates what is kept how; nil keeps nothing.
func (d *door) cache(b map[string]any) *routes.AfdRouteCacheConfiguration {
	id := design.Text(b, "CachePolicyId")
	behaviour, names := routes.AfdQueryStringCachingBehaviorIgnoreQueryString, []string(nil)
	switch id {
	case cachingDisabled:
		return nil
	case cachingOptimized, cachingPlain:
	case "":
		if design.At(b, "MaxTTL") != nil && design.Int(b, "MaxTTL", 1) == 0 {
			return nil
		}
		if design.True(b, "ForwardedValues.QueryString") {
			behaviour = routes.AfdQueryStringCachingBehaviorUseQueryString
			if names = design.Texts(design.At(b, "ForwardedValues.QueryStringCacheKeys")); len(names) > 0 {
				behaviour = routes.AfdQueryStringCachingBehaviorIncludeSpecifiedQueryStrings
			}
		}
		d.ages("ForwardedValues", b)
		if forward := design.Text(b, "ForwardedValues.Cookies.Forward"); forward != "" && forward != "none" || len(design.Texts(design.At(b, "ForwardedValues.Headers"))) > 0 {
			d.Gap("cloudfront.key", "ForwardedValues="+common.Shown(b["ForwardedValues"]))
		}
	default:
		policy, ok := d.C.Find(d.R, id, "AWS::CloudFront::CachePolicy")
		if !ok {
			d.Gap("cloudfront.policy", "CachePolicyId="+id)
			break
		}
		if config := policy.Properties["CachePolicyConfig"]; design.At(config, "MaxTTL") != nil && design.Int(config, "MaxTTL", 1) == 0 {
			return nil
		}
		behaviour, names = d.policyKey(policy)
	}
	out := &routes.AfdRouteCacheConfiguration{QueryStringCachingBehavior: new(behaviour)}
	if len(names) > 0 {
		slices.Sort(names)
		out.QueryParameters = new(strings.Join(names, ","))
	}
	if design.True(b, "Compress") {
		types := compressed()
		out.CompressionSettings = &routes.CompressionSettings{IsCompressionEnabled: new(true), ContentTypesToCompress: &types}
	}
	return out
}

func (d *door) policyKey(policy *inventory.Resource) (routes.AfdQueryStringCachingBehavior, []string) {
	config := policy.Properties["CachePolicyConfig"]
	key := design.At(config, "ParametersInCacheKeyAndForwardedToOrigin")
	d.ages(policy.Name, config)
	for _, part := range []string{"HeadersConfig.HeaderBehavior", "CookiesConfig.CookieBehavior"} {
		if v := design.Text(key, part); v != "" && v != "none" {
			d.Gap("cloudfront.key", policy.Name+": "+part+"="+v)
		}
	}
	names := design.Texts(design.At(key, "QueryStringsConfig.QueryStrings"))
	switch design.Text(key, "QueryStringsConfig.QueryStringBehavior") {
	case "all":
		return routes.AfdQueryStringCachingBehaviorUseQueryString, nil
	case "whitelist":
		return routes.AfdQueryStringCachingBehaviorIncludeSpecifiedQueryStrings, names
	case "allExcept":
		return routes.AfdQueryStringCachingBehaviorIgnoreSpecifiedQueryStrings, names
	}
	return routes.AfdQueryStringCachingBehaviorIgnoreQueryString, nil
}

// ages names times to live other than CloudFront's own: Front Door keeps to
// what the origin says.
func (d *door) ages(who string, config any) {
	for _, t := range []struct {
		name string
		own  int
	}{{"MinTTL", 0}, {"DefaultTTL", 86400}, {"MaxTTL", 31536000}} {
		if v := design.Int(config, t.name, t.own); v != t.own {
			d.Gap("cloudfront.ttl", who+": "+t.name+"="+common.Shown(v))
		}
	}
}

// compressed are types that both services compress (CloudFront Developer
// Guide, "Serve compressed files"; Microsoft Learn, "Improve performance by
// compressing files in Azure Front Door").
func compressed() []string {
	return []string{"application/javascript", "application/json", "application/xml", "font/otf", "font/ttf", "image/svg+xml", "text/css", "text/html", "text/javascript", "text/plain", "text/xml"}
}

// behaviourGaps names what a behaviour has and a route has not.
func (d *door) behaviourGaps(b map[string]any) {
	at := func(name string) string { return name + "=" + common.Shown(b[name]) }
	if len(design.List(b["FunctionAssociations"])) > 0 {
		d.Gap("cloudfront.function", at("FunctionAssociations"))
	}
	if len(design.List(b["LambdaFunctionAssociations"])) > 0 {
		d.Gap("cloudfront.lambda", at("LambdaFunctionAssociations"))
	}
	d.MeetsIn(b, common.Setting{Gap: "cloudfront.signed", Path: "TrustedKeyGroups"}, common.Setting{Gap: "cloudfront.signed", Path: "TrustedSigners"})
	if design.Text(b, "FieldLevelEncryptionId") != "" {
		d.Gap("cloudfront.setting", at("FieldLevelEncryptionId"))
	}
	if design.Text(b, "RealtimeLogConfigArn") != "" {
		d.Gap("cloudfront.logs", at("RealtimeLogConfigArn"))
	}
	d.MeetsIn(b, common.Setting{Gap: "cloudfront.setting", Path: "SmoothStreaming"}, common.Setting{Gap: "cloudfront.setting", Path: "GrpcConfig.Enabled"})
	if methods := design.Texts(b["AllowedMethods"]); len(methods) > 0 && len(methods) < 7 {
		d.Gap("cloudfront.methods", "AllowedMethods="+strings.Join(slices.Sorted(slices.Values(methods)), ","))
	}
}
