package provider

import (
	"strings"

	"example.com/landfall/internal/sandbox/arm/document"
)

func edgeFillers() map[string]filler {
	frontDoorHost := func(s Subject, suffix string) string {
		return strings.ToLower(s.ID.Name()) + "-" + strings.ReplaceAll(s.GUID("host"), "-", "")[:10] + suffix
	}
	return map[string]filler{
		"Microsoft.Network/trafficManagerProfiles": fillProfile,
		"Microsoft.Cdn/profiles": func(s Subject) map[string]any {
			return properties(map[string]any{"resourceState": "Active", "frontDoorId": s.GUID("front door")})
		},
		"Microsoft.Cdn/profiles/afdEndpoints": func(s Subject) map[string]any {
			return properties(map[string]any{"hostName": s.once("properties.hostName", frontDoorHost(s, ".z01.azurefd.net")), "deploymentStatus": "NotStarted"})
		},
		"Microsoft.Cdn/profiles/endpoints": func(s Subject) map[string]any {
			return properties(map[string]any{"hostName": s.ID.Name() + ".azureedge.net", "resourceState": "Running"})
		},
		"Microsoft.Cdn/profiles/customDomains": func(s Subject) map[string]any {
			return properties(map[string]any{"domainValidationState": "Approved", "deploymentStatus": "NotStarted", "validationProperties": map[string]any{"validationToken": s.GUID("validation")}})
		},
	}
}

// fillProfile answers a Traffic Manager profile: its name in DNS and what the
// probes see. The sandbox does not probe; an endpoint is Online until the
// sandbox's admin call says otherwise.
func fillProfile(s Subject) map[string]any {
	status := "Online"
	switch {
	case strings.EqualFold(s.property("profileStatus", "Enabled"), "Disabled"):
		status = "Disabled"
	case len(s.list("properties.endpoints")) == 0:
		status = "Inactive"
	case !anyOnline(s):
		status = "Degraded"
	}
	return properties(map[string]any{
		"profileStatus": s.property("profileStatus", "Enabled"),
		"dnsConfig":     map[string]any{"fqdn": strings.ToLower(s.text("properties.dnsConfig.relativeName")) + ".trafficmanager.net"},
		"monitorConfig": map[string]any{"profileMonitorStatus": status},
	})
}

func anyOnline(s Subject) bool {
	for _, item := range s.list("properties.endpoints") {
		if MonitorStatus(s.Runtime, item) == "Online" {
			return true
		}
	}
	return false
}

// MonitorStatus is what the probes see of one endpoint.
func MonitorStatus(runtime map[string]string, endpoint any) string {
	if strings.EqualFold(document.Text(endpoint, "properties.endpointStatus"), "Disabled") {
		return "Disabled"
	}
	if set := runtime["monitor "+strings.ToLower(document.Text(endpoint, "name"))]; set != "" {
		return set
	}
	return "Online"
}

// fillEndpoint answers one endpoint. A missing weight is 1, a missing status
// is Enabled; an Azure endpoint takes its target from the resource it names.
func fillEndpoint(s Subject, element map[string]any) map[string]any {
	kind := lastSegment(document.Text(element, "type"))
	element = document.Set(element, "type", "Microsoft.Network/trafficManagerProfiles/"+kind)
	for property, otherwise := range map[string]any{"endpointStatus": "Enabled", "weight": int64(1)} {
		if document.Get(element, "properties."+property) == nil {
			element = document.Set(element, "properties."+property, otherwise)
		}
	}
	if target := document.Text(element, "properties.targetResourceId"); target != "" {
		if found, ok := s.Lookup(target); ok {
			element = document.Set(element, "properties.target", endpointTarget(found))
		}
	}
	return document.Set(element, "properties.endpointMonitorStatus", MonitorStatus(s.Runtime, element))
}

// endpointTarget is the name in DNS of a resource that Traffic Manager can
// point at.
func endpointTarget(resource map[string]any) string {
	for _, path := range []string{"properties.dnsSettings.fqdn", "properties.defaultHostName", "properties.hostName", "properties.dnsConfig.fqdn", "properties.ipAddress"} {
		if name := document.Text(resource, path); name != "" {
			return name
		}
	}
	return ""
}
