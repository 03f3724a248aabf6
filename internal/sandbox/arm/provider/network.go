package provider

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
)

func networkFillers() map[string]filler {
	guided := func(s Subject) map[string]any {
		return map[string]any{"etag": weakTag(s), "properties": map[string]any{"resourceGuid": s.GUID("resource")}}
	}
	return map[string]filler{
		"Microsoft.Network/virtualNetworks":           guided,
		"Microsoft.Network/networkSecurityGroups":     fillSecurityGroup,
		"Microsoft.Network/routeTables":               guided,
		"Microsoft.Network/networkInterfaces":         fillInterface,
		"Microsoft.Network/publicIPAddresses":         fillPublicAddress,
		"Microsoft.Network/publicIPPrefixes":          fillPublicPrefix,
		"Microsoft.Network/natGateways":               guided,
		"Microsoft.Network/loadBalancers":             guided,
		"Microsoft.Network/applicationGateways":       fillGateway,
		"Microsoft.Network/applicationSecurityGroups": guided,
		"Microsoft.Network/virtualNetworkGateways":    guided,
		"Microsoft.Network/localNetworkGateways":      guided,
		"Microsoft.Network/connections":               guided,
		"Microsoft.Network/privateEndpoints":          fillPrivateEndpoint,
		"Microsoft.Network/dnsZones":                  fillZone,
		"Microsoft.Network/privateDnsZones":           fillPrivateZone,
	}
}

// fillSecurityGroup adds the default rules every group has.
func fillSecurityGroup(s Subject) map[string]any {
	rule := func(name, access, direction, source, target string, priority int64) any {
		child := s.ID.Child("defaultSecurityRules", name)
		return map[string]any{"id": child.String(), "name": name, "type": child.Type(), "etag": weakTag(s), "properties": map[string]any{
			"access": access, "direction": direction, "priority": priority, "protocol": "*", "sourceAddressPrefix": source, "destinationAddressPrefix": target,
			"sourcePortRange": "*", "destinationPortRange": "*", "provisioningState": s.State,
		}}
	}
	return map[string]any{"etag": weakTag(s), "properties": map[string]any{"resourceGuid": s.GUID("resource"), "defaultSecurityRules": []any{
		rule("AllowVnetInBound", "Allow", "Inbound", "VirtualNetwork", "VirtualNetwork", 65000),
		rule("AllowAzureLoadBalancerInBound", "Allow", "Inbound", "AzureLoadBalancer", "*", 65001),
		rule("DenyAllInBound", "Deny", "Inbound", "*", "*", 65500),
		rule("AllowVnetOutBound", "Allow", "Outbound", "VirtualNetwork", "VirtualNetwork", 65000),
		rule("AllowInternetOutBound", "Allow", "Outbound", "*", "Internet", 65001),
		rule("DenyAllOutBound", "Deny", "Outbound", "*", "*", 65500),
	}}}
}

func fillInterface(s Subject) map[string]any {
	// The MAC address is of the range that Microsoft's virtual NICs use.
	hex := strings.ToUpper(strings.ReplaceAll(s.GUID("mac"), "-", ""))
	mac := fmt.Sprintf("00-0D-3A-%s-%s-%s", hex[0:2], hex[2:4], hex[4:6])
	return map[string]any{"etag": weakTag(s), "properties": map[string]any{
		"resourceGuid": s.GUID("resource"), "macAddress": mac, "primary": true, "nicType": "Standard",
		"dnsSettings": map[string]any{"appliedDnsServers": []any{}, "internalDomainNameSuffix": "internal.cloudapp.net"},
	}}
}

// fillAddress gives an IP configuration an address inside its subnet. The
// first four addresses and the last of a subnet are Azure's own.
func fillAddress(s Subject, child armid.ID, element map[string]any) map[string]any {
	subnet := document.Text(element, "properties.subnet.id")
	if subnet == "" {
		return element
	}
	found, ok := s.Lookup(subnet)
	if !ok {
		return element
	}
	prefix := SubnetPrefix(found)
	wish := ""
	if strings.EqualFold(document.Text(element, "properties.privateIPAllocationMethod"), "Static") {
		wish = document.Text(element, "properties.privateIPAddress")
	}
	address, ok := s.Claim("subnet "+strings.ToLower(subnet), child.Key(), wish, func(n int) (string, bool) { return hostAt(prefix, n+4) })
	if ok {
		element = document.Set(element, "properties.privateIPAddress", address)
	}
	if document.Text(element, "properties.privateIPAllocationMethod") == "" {
		element = document.Set(element, "properties.privateIPAllocationMethod", "Dynamic")
	}
	return document.Set(element, "properties.privateIPAddressVersion", "IPv4")
}

// SubnetPrefix is the first IPv4 range of a subnet's body; the zero prefix
// when there is none.
func SubnetPrefix(subnet map[string]any) netip.Prefix {
	all := append([]string{document.Text(subnet, "properties.addressPrefix")}, document.Strings(document.List(subnet, "properties.addressPrefixes"))...)
	for _, s := range all {
		if p, err := netip.ParsePrefix(s); err == nil && p.Addr().Is4() {
			return p.Masked()
		}
	}
	return netip.Prefix{}
}

// hostAt is the nth address of a range; ok is false at and after its last one,
// which is the broadcast address.
func hostAt(p netip.Prefix, n int) (string, bool) {
	if !p.IsValid() || p.Bits() > 30 || n >= 1<<(32-p.Bits())-1 {
		return "", false
	}
	b := p.Addr().As4()
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])+uint32(n))
	return netip.AddrFrom4(b).String(), true
}

// publicPool lists the addresses for public IPs: the two ranges for
// documentation (RFC 5737), which no real host has.
func publicPool(n int) (string, bool) {
	const perRange = 254
	ranges := []string{"203.0.113.", "198.51.100."}
	if n/perRange >= len(ranges) {
		return "", false
	}
	return fmt.Sprintf("%s%d", ranges[n/perRange], n%perRange+1), true
}

func fillPublicAddress(s Subject) map[string]any {
	out := map[string]any{"resourceGuid": s.GUID("resource")}
	method := s.property("publicIPAllocationMethod", "Dynamic")
	out["publicIPAllocationMethod"] = method
	out["publicIPAddressVersion"] = s.property("publicIPAddressVersion", "IPv4")
	out["idleTimeoutInMinutes"] = int64(4)
	if n, ok := document.Get(s.Body, "properties.idleTimeoutInMinutes").(int64); ok {
		out["idleTimeoutInMinutes"] = n
	}
	// A dynamic address is only given when the resource is attached.
	if strings.EqualFold(method, "Static") {
		if address, ok := s.Claim("public", s.ID.Key(), "", publicPool); ok {
			out["ipAddress"] = address
		}
	}
	if label := s.text("properties.dnsSettings.domainNameLabel"); label != "" {
		out["dnsSettings"] = map[string]any{"fqdn": strings.ToLower(label) + "." + s.location() + ".cloudapp.azure.com"}
	}
	return map[string]any{"etag": weakTag(s), "properties": out}
}

func fillPublicPrefix(s Subject) map[string]any {
	length, _ := document.Get(s.Body, "properties.prefixLength").(int64)
	return map[string]any{"etag": weakTag(s), "properties": map[string]any{"resourceGuid": s.GUID("resource"), "ipPrefix": fmt.Sprintf("192.0.2.0/%d", max(length, 28))}}
}

// fillGateway: an application gateway is running once it is provisioned.
func fillGateway(s Subject) map[string]any {
	return map[string]any{"etag": weakTag(s), "properties": map[string]any{"resourceGuid": s.GUID("resource"), "operationalState": "Running"}}
}

func fillPrivateEndpoint(s Subject) map[string]any {
	return map[string]any{"etag": weakTag(s), "properties": map[string]any{"resourceGuid": s.GUID("resource"), "customDnsConfigs": []any{}, "networkInterfaces": []any{}}}
}

func fillZone(s Subject) map[string]any {
	servers := make([]any, 4)
	for i, end := range []string{"com", "net", "org", "info"} {
		servers[i] = fmt.Sprintf("ns%d-01.azure-dns.%s.", i+1, end)
	}
	return map[string]any{"etag": s.GUID("etag" + s.stamp()), "properties": map[string]any{"nameServers": servers, "maxNumberOfRecordSets": int64(10000), "numberOfRecordSets": int64(2), "zoneType": "Public"}}
}

func fillPrivateZone(s Subject) map[string]any {
	return map[string]any{"etag": s.GUID("etag" + s.stamp()), "properties": map[string]any{"maxNumberOfRecordSets": int64(25000), "numberOfRecordSets": int64(1), "maxNumberOfVirtualNetworkLinks": int64(1000)}}
}
