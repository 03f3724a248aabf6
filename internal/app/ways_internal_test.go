package app

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"testing"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/target"
)

// deployed answers what Resource Manager says of resources, by their ids.
type deployed struct {
	target.Deployer
	bodies map[string]string
}

func (d deployed) Read(_ context.Context, r design.Resource) (map[string]any, error) {
	text, ok := d.bodies[string(r.ID)]
	if !ok {
		return nil, fault.Newf(fault.NotFound, "read %q", r.ID)
	}
	var body map[string]any
	err := json.Unmarshal([]byte(`{"properties":`+text+`}`), &body)
	return body, err
}

// Where a deployed resource takes requests, by what Resource Manager says of
// each kind that users may be led to.
func TestFronts(t *testing.T) {
	t.Parallel()
	d := &design.Design{}
	at := deployed{bodies: map[string]string{}}
	put := func(id string, kind cloud.Kind, properties string) {
		d.Resources = append(d.Resources, design.Resource{ID: cloud.ResourceID(id), Type: kind})
		if properties != "" {
			at.bodies[id] = properties
		}
	}
	put("/ip", "Microsoft.Network/publicIPAddresses", `{"ipAddress":"198.51.100.7","dnsSettings":{"fqdn":"Shop.eastus2.cloudapp.azure.com"}}`)
	put("/gateway", "Microsoft.Network/applicationGateways", `{"frontendIPConfigurations":[{"properties":{"privateIPAddress":"10.0.0.4"}},{"properties":{"publicIPAddress":{"id":"/IP"}}}]}`)
	put("/door", "Microsoft.Cdn/profiles", `{"frontDoorId":"x"}`)
	put("/door/afdEndpoints/shop", "Microsoft.Cdn/profiles/afdEndpoints", `{"hostName":"shop-1.z01.azurefd.net"}`)
	put("/app", "Microsoft.App/containerApps", `{"configuration":{"ingress":{"fqdn":"shop.example.azurecontainerapps.io"}}}`)
	put("/group", "Microsoft.ContainerInstance/containerGroups", `{"ipAddress":{"ip":"198.51.100.8","fqdn":"shop.azurecontainer.io"}}`)
	put("/site", "Microsoft.Web/sites", `{"defaultHostName":"shop.azurewebsites.net"}`)
	put("/api", "Microsoft.ApiManagement/service", `{"gatewayUrl":"https://shop.azure-api.net"}`)
	put("/account", "Microsoft.Storage/storageAccounts", `{"primaryEndpoints":{"web":"https://shop.z20.web.core.windows.net/","blob":"https://shop.blob.core.windows.net/"}}`)
	put("/profile", "Microsoft.Network/trafficManagerProfiles", `{"dnsConfig":{"fqdn":"shop.trafficmanager.net"}}`)
	put("/machine", "Microsoft.Compute/virtualMachines", `{"networkProfile":{"networkInterfaces":[{"id":"/nic"}]}}`)
	put("/nic", "Microsoft.Network/networkInterfaces", `{"ipConfigurations":[{"properties":{"privateIPAddress":"10.0.0.5","publicIPAddress":{"id":"/ip"}}}]}`)
	put("/inner", "Microsoft.Network/loadBalancers", `{"frontendIPConfigurations":[{"properties":{"privateIPAddress":"10.0.0.6"}}]}`)
	put("/loop", "Microsoft.Network/loadBalancers", `{"frontendIPConfigurations":[{"properties":{"publicIPAddress":{"id":"/loop"}}}]}`)
	put("/missing", "Microsoft.Network/publicIPAddresses", "")
	f := fronts{d, at}
	for id, want := range map[string]struct {
		host      string
		addresses []string
	}{
		"/ip": {"shop.eastus2.cloudapp.azure.com", []string{"198.51.100.7"}}, "/gateway": {"shop.eastus2.cloudapp.azure.com", []string{"198.51.100.7"}}, "/machine": {"shop.eastus2.cloudapp.azure.com", []string{"198.51.100.7"}},
		"/door": {"shop-1.z01.azurefd.net", nil}, "/app": {"shop.example.azurecontainerapps.io", nil}, "/group": {"shop.azurecontainer.io", []string{"198.51.100.8"}}, "/site": {"shop.azurewebsites.net", nil},
		"/api": {"shop.azure-api.net", nil}, "/account": {"shop.z20.web.core.windows.net", nil}, "/profile": {"shop.trafficmanager.net", nil}, "/inner": {"", nil}, "/loop": {"", nil},
	} {
		e, err := f.of(t.Context(), id)
		var addresses []netip.Addr
		for _, text := range want.addresses {
			addresses = append(addresses, netip.MustParseAddr(text))
		}
		if err != nil || e.Host != want.host || !slices.Equal(e.Addresses, addresses) {
			t.Errorf("%s: %+v, %v", id, e, err)
		}
	}
	for _, id := range []string{"/missing", "/nobody"} {
		if _, err := f.of(t.Context(), id); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestAWayThatNobodyLeads(t *testing.T) {
	t.Parallel()
	if _, _, err := (ways{&App{}}).Open(t.Context(), action.Way{Route: "www.shop.example", Zone: "Z1", By: "person"}); !fault.Is(err, fault.Unsupported) {
		t.Errorf("%v", err)
	}
}
