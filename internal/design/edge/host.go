package edge

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

const (
	publicAddressKind cloud.Kind = "Microsoft.Network/publicIPAddresses"
	endpointKind      cloud.Kind = "Microsoft.Cdn/profiles/afdEndpoints"
	trafficKind       cloud.Kind = "Microsoft.Network/trafficmanagerprofiles"
)

// publicAddress returns the public address of what stands for a source
// resource: its own, or that of the balancer, gateway or machine put for it.
func publicAddress(c *design.Context, r *inventory.Resource) (cloud.ResourceID, bool) {
	if id, ok := c.TargetOf(r, publicAddressKind); ok {
		return id, true
	}
	for _, id := range c.TargetsOf(r) {
		target, ok := c.Resource(id)
		if !ok {
			continue
		}
		for _, front := range design.Maps(design.At(target.Body, "properties.frontendIPConfigurations")) {
			if ref := design.Text(front, "properties.publicIPAddress.id"); ref != "" {
				return cloud.ResourceID(ref), true
			}
		}
	}
	return "", false
}

// privateAddress returns the address inside the network of what stands for a
// source resource, when the design fixes one.
func privateAddress(c *design.Context, r *inventory.Resource) (string, bool) {
	for _, id := range c.TargetsOf(r) {
		target, ok := c.Resource(id)
		if !ok {
			continue
		}
		for _, list := range []string{"properties.frontendIPConfigurations", "properties.ipConfigurations"} {
			for _, front := range design.Maps(design.At(target.Body, list)) {
				if address := design.Text(front, "properties.privateIPAddress"); address != "" && !strings.HasPrefix(address, "[") {
					return address, true
				}
			}
		}
	}
	return "", false
}

// labelled gives a public address a name in DNS, which endpoints of Traffic
// Manager and origins of Front Door need, and returns that name (Microsoft
// Learn, "Public IP addresses").
func labelled(c *design.Context, id cloud.ResourceID) (string, bool) {
	r, ok := c.Resource(id)
	if !ok {
		return "", false
	}
	properties, _ := r.Body["properties"].(map[string]any)
	if properties == nil {
		properties = map[string]any{}
		r.Body["properties"] = properties
	}
	label := design.Text(properties, "dnsSettings.domainNameLabel")
	if label == "" {
		label = shortened(strings.ToLower(strings.Map(dnsOnly, c.Options.Workload+"-"+strings.TrimPrefix(r.Name, "pip-"))), 63-len(c.Place.Suffix)-1) + "-" + c.Place.Suffix
		properties["dnsSettings"] = map[string]any{"domainNameLabel": label}
	}
	return label + "." + string(r.Location) + ".cloudapp.azure.com", true
}

func dnsOnly(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return r
	}
	return '-'
}

func shortened(text string, most int) string {
	return strings.Trim(text[:min(len(text), most)], "-")
}

// hostOf returns the name in DNS of what stands for a source resource: a text,
// or an expression for what is known only when it exists.
func hostOf(c *design.Context, r *inventory.Resource) (string, bool) {
	for _, id := range c.TargetsOf(r) {
		target, ok := c.Resource(id)
		if !ok {
			continue
		}
		if host, ok := hostOfTarget(c, target); ok {
			return host, true
		}
	}
	if id, ok := publicAddress(c, r); ok {
		return labelled(c, id)
	}
	return "", false
}

func hostOfTarget(c *design.Context, t *design.Resource) (string, bool) {
	name := strings.ToLower(t.Name[strings.LastIndex(t.Name, "/")+1:])
	switch strings.ToLower(string(t.Type)) {
	case "microsoft.dbforpostgresql/flexibleservers", "microsoft.dbformysql/flexibleservers", "microsoft.sql/servers", "microsoft.sql/managedinstances":
		return c.Output(t.ID, "properties.fullyQualifiedDomainName"), true
	case "microsoft.cache/redisenterprise", "microsoft.cache/redis", "microsoft.cdn/profiles/afdendpoints":
		return c.Output(t.ID, "properties.hostName"), true
	case "microsoft.web/sites":
		return c.Output(t.ID, "properties.defaultHostName"), true
	case "microsoft.web/staticsites":
		return c.Output(t.ID, "properties.defaultHostname"), true
	case "microsoft.app/containerapps":
		return c.Output(t.ID, "properties.configuration.ingress.fqdn"), true
	case "microsoft.apimanagement/service":
		return name + ".azure-api.net", true
	case "microsoft.servicebus/namespaces", "microsoft.eventhub/namespaces":
		return name + ".servicebus.windows.net", true
	case "microsoft.storage/storageaccounts":
		return name + ".blob.core.windows.net", true
	case "microsoft.containerregistry/registries":
		return name + ".azurecr.io", true
	case "microsoft.search/searchservices":
		return name + ".search.windows.net", true
	}
	return "", false
}
