package kinds

import (
	"strings"

	"example.com/landfall/internal/inventory"
)

// vpcRules are those of a VPC and what it is made of. What AWS makes with each
// VPC (its first ACL, its group "default") cannot be deleted and is marked as
// AWS's own.
func vpcRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::EC2::VPC",
			Move: map[string]string{
				"CidrBlockAssociationSet[].AssociationId":     "CidrBlockAssociations[]",
				"Ipv6CidrBlockAssociationSet[].Ipv6CidrBlock": "Ipv6CidrBlocks[]",
			},
			Drop:    []string{"CidrBlockAssociationSet[].CidrBlock", "CidrBlockAssociationSet[].CidrBlockState"},
			Aliases: []string{"VpcId"}, Marks: marked(inventory.Default, "IsDefault"), Children: vpcChildren,
		},
		{Kind: "AWS::EC2::VPCCidrBlock", ID: func(r *Reading) string { return joined(r.said("VpcId"), r.said("CidrBlock", "Ipv6CidrBlock", "Id")) }},
		{Kind: "AWS::EC2::VPCDHCPOptionsAssociation", ID: func(r *Reading) string { return joined(r.said("VpcId"), r.said("DhcpOptionsId")) }},
		{
			// How many addresses are free changes by the minute.
			Kind: "AWS::EC2::Subnet", Drop: []string{"AvailableIpAddressCount"},
			Move:  map[string]string{"Ipv6CidrBlockAssociationSet[].Ipv6CidrBlock": "Ipv6CidrBlocks[]"},
			Shape: subnetShape, Marks: marked(inventory.Default, "DefaultForAz"),
		},
		{Kind: "AWS::EC2::InternetGateway", Drop: []string{"Attachments"}, Children: gatewayChildren},
		{
			Kind: "AWS::EC2::VPCGatewayAttachment", Shape: attachmentShape, Drop: []string{"State"},
			ID: func(r *Reading) string { return joined(r.said("VpcId"), r.said("InternetGatewayId", "VpnGatewayId")) },
		},
		{
			Kind: "AWS::EC2::EgressOnlyInternetGateway", Move: map[string]string{"EgressOnlyInternetGatewayId": "Id", "Attachments[].VpcId": "VpcId"},
			Drop: []string{"Attachments[].State"},
		},
		{Kind: "AWS::EC2::CarrierGateway", Marks: gone("State")},
		{
			Kind: "AWS::EC2::NatGateway", Shape: natShape, Aliases: []string{"NatGatewayAddresses[].PublicIp", "NatGatewayAddresses[].PrivateIp", "PrivateIpAddress"},
			Marks: gone("State"),
		},
		interfaceRule(),
		{
			Kind: "AWS::EC2::DHCPOptions", Shape: dhcpShape,
			// The set that AWS makes for a region's default VPC has no tag and no
			// name; nothing tells it from others.
		},
		{
			Kind: "AWS::EC2::VPCPeeringConnection",
			Move: map[string]string{
				"VpcPeeringConnectionId": "Id", "RequesterVpcInfo.VpcId": "VpcId", "AccepterVpcInfo.VpcId": "PeerVpcId",
				"AccepterVpcInfo.OwnerId": "PeerOwnerId", "AccepterVpcInfo.Region": "PeerRegion",
			},
			Drop: []string{"Status.Message", "ExpirationTime"}, Marks: gone("Status.Code"),
		},
		{
			Kind: "AWS::EC2::PrefixList",
			Move: map[string]string{"PrefixListArn": "Arn"}, ID: idAt("PrefixListArn", "Arn", "PrefixListId"),
			Aliases: []string{"PrefixListName"}, Drop: []string{"StateMessage"}, Unordered: []string{"Entries"},
			Marks: marks(when(inventory.Default, "OwnerId", "AWS"), gone("State")),
		},
		{
			Kind: "AWS::EC2::FlowLog", Move: map[string]string{"FlowLogId": "Id"},
			Shape: flowLogShape, Drop: []string{"DeliverLogsErrorMessage"},
		},
	}
}

// routeRules are those of route tables.
func routeRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::EC2::RouteTable", Shape: routeTableShape, Children: routeTableChildren,
			Marks: marked(inventory.Default, "OnlyAsMade"),
		},
		{
			Kind: "AWS::EC2::Route", ID: func(r *Reading) string { return joined(r.said("RouteTableId"), destination(r.said)) },
			Shape: routeShape, Name: func(r *Reading) string { return destination(r.said) },
		},
		{
			Kind: "AWS::EC2::SubnetRouteTableAssociation", Move: map[string]string{"RouteTableAssociationId": "Id"}, Drop: []string{"Main", "AssociationState"},
			ID: func(r *Reading) string { return joined(r.said("RouteTableId"), r.said("SubnetId")) },
		},
		{
			Kind: "AWS::EC2::GatewayRouteTableAssociation", Move: map[string]string{"RouteTableAssociationId": "AssociationId"}, Drop: []string{"Main", "AssociationState"},
			ID: func(r *Reading) string { return joined(r.said("RouteTableId"), r.said("GatewayId")) },
		},
	}
}

func vpcChildren(r *Reading) []Child {
	var children []Child
	id, main := textAt(r.Item, "VpcId"), textAt(r.Item, "CidrBlock")
	add := func(list, block, state string) {
		for _, a := range objectsAt(r.Item, list) {
			cidr, is := textAt(a, block), textAt(a, state+".State")
			if cidr == "" || cidr == main || is != "" && is != "associated" && is != "associating" {
				continue
			}
			children = append(children, Child{"AWS::EC2::VPCCidrBlock", map[string]any{"VpcId": id, "Id": textAt(a, "AssociationId"), block: cidr}})
		}
	}
	add("CidrBlockAssociationSet", "CidrBlock", "CidrBlockState")
	add("Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", "Ipv6CidrBlockState")
	// "default" says that the VPC has no set of options at all.
	if options := textAt(r.Item, "DhcpOptionsId"); options != "" && options != "default" {
		children = append(children, Child{"AWS::EC2::VPCDHCPOptionsAssociation", map[string]any{"VpcId": id, "DhcpOptionsId": options}})
	}
	return children
}

func subnetShape(r *Reading) {
	if list, ok := r.Properties["Ipv6CidrBlocks"].([]any); ok && len(list) > 0 {
		r.Properties["Ipv6CidrBlock"] = list[0]
	}
}

// routeTableShape notes whether the table is the VPC's main one, and whether
// it is still as AWS made it: main, unnamed, with nothing but local routes.
func routeTableShape(r *Reading) {
	main, made := false, false
	for _, a := range objectsAt(r.Item, "Associations") {
		main = main || flagAt(a, "Main")
	}
	if main {
		made = len(r.Tags) == 0
		for _, route := range objectsAt(r.Item, "Routes") {
			made = made && isLocal(route)
		}
		r.Attributes["Main"] = true
		if made {
			r.Attributes["OnlyAsMade"] = true
		}
	}
	without("Routes", "Associations", "PropagatingVgws")(r)
}

// isLocal tells the routes within the VPC, which every table has and nobody
// makes.
func isLocal(route map[string]any) bool { return textAt(route, "GatewayId") == "local" }

func routeTableChildren(r *Reading) []Child {
	var children []Child
	id := textAt(r.Item, "RouteTableId")
	for _, route := range objectsAt(r.Item, "Routes") {
		if isLocal(route) {
			continue
		}
		child := withOnly(route, "DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId", "CarrierGatewayId", "CoreNetworkArn", "EgressOnlyInternetGatewayId",
			"GatewayId", "InstanceId", "LocalGatewayId", "NatGatewayId", "NetworkInterfaceId", "OdbNetworkArn", "TransitGatewayId", "VpcPeeringConnectionId", "State", "Origin")
		child["RouteTableId"] = id
		children = append(children, Child{"AWS::EC2::Route", child})
	}
	for _, a := range objectsAt(r.Item, "Associations") {
		child := withOnly(a, "RouteTableAssociationId", "SubnetId", "GatewayId")
		child["RouteTableId"] = id
		switch {
		case textAt(a, "SubnetId") != "":
			children = append(children, Child{"AWS::EC2::SubnetRouteTableAssociation", child})
		case textAt(a, "GatewayId") != "":
			children = append(children, Child{"AWS::EC2::GatewayRouteTableAssociation", child})
		}
	}
	for _, p := range objectsAt(r.Item, "PropagatingVgws") {
		if gateway := textAt(p, "GatewayId"); gateway != "" {
			children = append(children, Child{"AWS::EC2::VPNGatewayRoutePropagation", map[string]any{"VpnGatewayId": gateway, "RouteTableIds": []any{id}}})
		}
	}
	return children
}

// destination is what tells a route from the others of its table.
func destination(said func(...string) string) string {
	return said("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId", "CidrBlock")
}

// routeShape gives a gateway's id the property that templates use for it: the
// API says GatewayId of an endpoint too.
func routeShape(r *Reading) {
	gateway, _ := r.Properties["GatewayId"].(string)
	property := ""
	switch {
	case strings.HasPrefix(gateway, "vpce-"):
		property = "VpcEndpointId"
	case strings.HasPrefix(gateway, "eigw-"):
		property = "EgressOnlyInternetGatewayId"
	case strings.HasPrefix(gateway, "cagw-"):
		property = "CarrierGatewayId"
	}
	if property != "" {
		r.Properties[property] = gateway
		delete(r.Properties, "GatewayId")
	}
	// A route to an instance is told with the instance's interface.
	if _, toInstance := r.Properties["InstanceId"]; toInstance {
		delete(r.Properties, "NetworkInterfaceId")
	}
}

// gatewayChildren are the attachments of an internet gateway or a VPN gateway.
func gatewayChildren(r *Reading) []Child {
	var children []Child
	for _, list := range []string{"Attachments", "VpcAttachments"} {
		for _, a := range objectsAt(r.Item, list) {
			if vpc, state := textAt(a, "VpcId"), textAt(a, "State"); vpc == "" || state == "detached" || state == "detaching" {
				continue
			}
			child := withOnly(r.Item, "InternetGatewayId", "VpnGatewayId")
			child["VpcId"] = textAt(a, "VpcId")
			children = append(children, Child{"AWS::EC2::VPCGatewayAttachment", child})
		}
	}
	return children
}

// attachmentShape says of which of the two sorts an attachment is, as
// CloudFormation's own identifier does.
func attachmentShape(r *Reading) {
	switch {
	case r.said("InternetGatewayId") != "":
		r.Properties["AttachmentType"] = "IGW"
	case r.said("VpnGatewayId") != "":
		r.Properties["AttachmentType"] = "VGW"
	}
}

// natShape takes the primary address of a NAT gateway for its own properties.
// IsPrimary came with secondary addresses; older answers have one address and
// do not say.
func natShape(r *Reading) {
	addresses := objectsAt(r.Item, "NatGatewayAddresses")
	var others, privates []any
	for n, a := range addresses {
		primary, said := within(a, "IsPrimary").(bool)
		if primary || !said && n == 0 {
			for property, name := range map[string]string{"AllocationId": "AllocationId", "PrivateIpAddress": "PrivateIp", "EniId": "NetworkInterfaceId"} {
				if v := textAt(a, name); v != "" {
					r.Properties[property] = v
				}
			}
			continue
		}
		if v := textAt(a, "AllocationId"); v != "" {
			others = append(others, v)
		}
		if v := textAt(a, "PrivateIp"); v != "" {
			privates = append(privates, v)
		}
	}
	if len(others) > 0 {
		r.Properties["SecondaryAllocationIds"] = inventory.SortValues(others)
	}
	if len(privates) > 0 {
		r.Properties["SecondaryPrivateIpAddresses"] = inventory.SortValues(privates)
	}
}

func interfaceRule() Rule {
	return Rule{
		Kind: "AWS::EC2::NetworkInterface",
		Move: map[string]string{"NetworkInterfaceId": "Id", "Groups[].GroupId": "GroupSet[]"},
		Drop: []string{"Groups[].GroupName", "PrivateIpAddresses[].Association", "PrivateIpAddresses[].PrivateDnsName", "Attachment.AttachTime", "Attachment.Status"},
		Shape: func(r *Reading) {
			copied("PrivateIpAddress", "PrimaryPrivateIpAddress")(r)
			var others []any
			for _, a := range objectsAt(r.Item, "PrivateIpAddresses") {
				if address := textAt(a, "PrivateIpAddress"); address != "" && !flagAt(a, "Primary") {
					others = append(others, address)
				}
			}
			if len(others) > 0 {
				r.Properties["SecondaryPrivateIpAddresses"] = inventory.SortValues(others)
			}
		},
		Unordered: []string{"GroupSet"},
		Aliases: []string{"Id", "PrivateDnsName", "Association.PublicDnsName", "Association.PublicIp", "PrivateIpAddress",
			"PrivateIpAddresses[].PrivateIpAddress", "Ipv6Addresses[].Ipv6Address"},
		Marks: serviceManaged,
	}
}

// dhcpShape takes the options out of the API's list of keys and values.
func dhcpShape(r *Reading) {
	lists := map[string]string{"domain-name-servers": "DomainNameServers", "ntp-servers": "NtpServers", "netbios-name-servers": "NetbiosNameServers"}
	texts := map[string]string{"domain-name": "DomainName", "netbios-node-type": "NetbiosNodeType", "ipv6-address-preferred-lease-time": "Ipv6AddressPreferredLeaseTime"}
	for _, c := range objectsAt(r.Item, "DhcpConfigurations") {
		var values []any
		list, _ := within(c, "Values").([]any)
		for _, v := range list {
			if text, ok := v.(string); ok {
				values = append(values, text)
			} else if text := textAt(v, "Value"); text != "" {
				values = append(values, text)
			}
		}
		key := textAt(c, "Key")
		if property := lists[key]; property != "" {
			r.Properties[property] = values
		}
		if property := texts[key]; property != "" && len(values) > 0 {
			r.Properties[property] = values[0]
		}
	}
	without("DhcpConfigurations")(r)
}

// flowLogShape names the sort of thing whose flows are logged, which the API
// leaves to the id.
func flowLogShape(r *Reading) {
	if _, known := r.Properties["ResourceType"]; known {
		return
	}
	for prefix, sort := range map[string]string{"vpc-": "VPC", "subnet-": "Subnet", "eni-": "NetworkInterface", "tgw-attach-": "TransitGatewayAttachment", "tgw-": "TransitGateway"} {
		if strings.HasPrefix(r.said("ResourceId"), prefix) && (prefix != "tgw-" || !strings.HasPrefix(r.said("ResourceId"), "tgw-attach-")) {
			r.Properties["ResourceType"] = sort
		}
	}
}
