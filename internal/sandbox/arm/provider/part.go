package provider

import (
	"strings"

	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
)

// Part is a list in a body whose elements are resources with ids of their own:
// the subnets of a network, the rules of a security group.
type Part struct {
	// Property is the list below "properties".
	Property string
	// Types are the child type segments; of Traffic Manager there are three.
	Types []string
	// Writable parts have PUT and DELETE of their own.
	Writable bool
	// Kept parts stay as they are when a PUT of the parent leaves the list out.
	Kept bool
}

// Parts lists the parts of a type, by lower-case type.
func Parts(kind string) []Part {
	switch strings.ToLower(kind) {
	case "microsoft.network/virtualnetworks":
		// A PUT of a network without "subnets" leaves them alone (API versions of
		// 2023-09-01 and later behave so when the property is absent).
		return []Part{{"subnets", []string{"subnets"}, true, true}, {"virtualNetworkPeerings", []string{"virtualNetworkPeerings"}, true, true}}
	case "microsoft.network/networksecuritygroups":
		return []Part{{"securityRules", []string{"securityRules"}, true, false}}
	case "microsoft.network/routetables":
		return []Part{{"routes", []string{"routes"}, true, false}}
	case "microsoft.network/routefilters":
		return []Part{{"rules", []string{"routeFilterRules"}, true, false}}
	case "microsoft.network/trafficmanagerprofiles":
		return []Part{{"endpoints", []string{"azureEndpoints", "externalEndpoints", "nestedEndpoints"}, true, false}}
	case "microsoft.network/loadbalancers":
		return append([]Part{{"backendAddressPools", []string{"backendAddressPools"}, true, false}, {"inboundNatRules", []string{"inboundNatRules"}, true, false}},
			fixed("frontendIPConfigurations", "loadBalancingRules", "probes", "inboundNatPools", "outboundRules")...)
	case "microsoft.network/applicationgateways":
		return fixed("gatewayIPConfigurations", "authenticationCertificates", "trustedRootCertificates", "trustedClientCertificates", "sslCertificates", "frontendIPConfigurations",
			"frontendPorts", "probes", "backendAddressPools", "backendHttpSettingsCollection", "backendSettingsCollection", "httpListeners", "listeners", "sslProfiles", "urlPathMaps",
			"requestRoutingRules", "routingRules", "rewriteRuleSets", "redirectConfigurations", "privateLinkConfigurations", "loadDistributionPolicies")
	case "microsoft.network/networkinterfaces", "microsoft.network/virtualnetworkgateways", "microsoft.network/azurefirewalls", "microsoft.network/bastionhosts", "microsoft.network/privatelinkservices":
		return fixed("ipConfigurations")
	case "microsoft.network/privateendpoints":
		return fixed("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
	case "microsoft.network/vpnsites":
		return fixed("vpnSiteLinks")
	}
	return nil
}

// fixed parts are read by their own ids and written with their parent only.
func fixed(names ...string) []Part {
	out := make([]Part, len(names))
	for i, n := range names {
		out[i] = Part{Property: n, Types: []string{n}}
	}
	return out
}

// PartOf finds the part of the parent that a child id names.
func PartOf(id armid.ID) (Part, bool) {
	if !id.IsChild() {
		return Part{}, false
	}
	segments := strings.Split(id.Type(), "/")
	last := segments[len(segments)-1]
	for _, p := range Parts(strings.Join(segments[:len(segments)-1], "/")) {
		for _, t := range p.Types {
			if strings.EqualFold(t, last) {
				return p, true
			}
		}
	}
	return Part{}, false
}

// FindPart returns the element of a parent's body that a child id names, and
// its index.
func FindPart(parent map[string]any, part Part, id armid.ID) (map[string]any, int) {
	for i, item := range document.List(parent, "properties."+part.Property) {
		element, ok := item.(map[string]any)
		if !ok || !strings.EqualFold(document.Text(element, "name"), id.Name()) {
			continue
		}
		if len(part.Types) > 1 && !strings.EqualFold(lastSegment(document.Text(element, "type")), lastSegment(id.Type())) {
			continue
		}
		return element, i
	}
	return nil, -1
}

func lastSegment(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// childType is the type segment of an element.
func (p Part) childType(element map[string]any) string {
	if len(p.Types) > 1 {
		if written := lastSegment(document.Text(element, "type")); written != "" {
			return written
		}
	}
	return p.Types[0]
}

// fillParts gives each element of each part its id, type, etag and state.
func fillParts(s Subject) map[string]any {
	out := map[string]any{}
	for _, part := range Parts(s.ID.Type()) {
		list := s.list("properties." + part.Property)
		if list == nil {
			if part.Writable {
				out[part.Property] = []any{}
			}
			continue
		}
		filled := make([]any, len(list))
		for i, item := range list {
			filled[i] = item
			if element, ok := item.(map[string]any); ok {
				filled[i] = fillElement(s, part, element)
			}
		}
		out[part.Property] = filled
	}
	return out
}

func fillElement(s Subject, part Part, element map[string]any) map[string]any {
	name := document.Text(element, "name")
	if name == "" {
		return element
	}
	child := s.ID.Child(part.childType(element), name)
	out := document.Overlay(element, map[string]any{"id": child.String(), "type": child.Type()})
	if len(part.Types) > 1 {
		return fillEndpoint(s, out)
	}
	out["etag"] = weakTag(s)
	out = document.Set(out, "properties.provisioningState", s.State)
	if part.Property == "ipConfigurations" || part.Property == "frontendIPConfigurations" {
		return fillAddress(s, child, out)
	}
	if part.Property == "subnets" {
		return fillSubnet(out)
	}
	return out
}

// fillSubnet sets the defaults the service answers.
func fillSubnet(element map[string]any) map[string]any {
	for property, otherwise := range map[string]string{"privateEndpointNetworkPolicies": "Disabled", "privateLinkServiceNetworkPolicies": "Enabled"} {
		if document.Text(element, "properties."+property) == "" {
			element = document.Set(element, "properties."+property, otherwise)
		}
	}
	return element
}
