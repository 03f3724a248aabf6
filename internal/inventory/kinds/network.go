package kinds

// networkRules are those of what connects VPCs with each other and with other
// networks.
func networkRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::EC2::TransitGateway", ID: idAt("TransitGatewayArn", "TransitGatewayId", "Id"),
			Move:    transitOptions(), // the API has them one level down
			Aliases: []string{"TransitGatewayId"}, Marks: gone("State"),
		},
		{
			Kind: "AWS::EC2::TransitGatewayAttachment", ID: idAt("TransitGatewayAttachmentId", "Id"), Move: map[string]string{"TransitGatewayAttachmentId": "Id"},
			Unordered: []string{"SubnetIds"}, Drop: []string{"Association"}, Marks: gone("State"),
		},
		{
			Kind: "AWS::EC2::TransitGatewayVpcAttachment", ID: idAt("TransitGatewayAttachmentId", "Id"), Move: map[string]string{"TransitGatewayAttachmentId": "Id"},
			Unordered: []string{"SubnetIds"}, Marks: gone("State"),
		},
		{
			Kind:  "AWS::EC2::TransitGatewayPeeringAttachment",
			Move:  map[string]string{"RequesterTgwInfo.TransitGatewayId": "TransitGatewayId", "AccepterTgwInfo.TransitGatewayId": "PeerTransitGatewayId", "AccepterTgwInfo.OwnerId": "PeerAccountId", "AccepterTgwInfo.Region": "PeerRegion"},
			Marks: gone("State"),
		},
		{Kind: "AWS::EC2::TransitGatewayConnect", Marks: gone("State")},
		{Kind: "AWS::EC2::TransitGatewayRouteTable", Marks: gone("State")},
		{
			Kind: "AWS::EC2::TransitGatewayRoute", Move: map[string]string{"TransitGatewayAttachments[].TransitGatewayAttachmentId": "TransitGatewayAttachmentId"},
			ID: func(r *Reading) string {
				return joined(r.said("TransitGatewayRouteTableId"), r.said("DestinationCidrBlock", "PrefixListId"))
			},
			Shape: func(r *Reading) {
				if r.said("State") == "blackhole" {
					r.Properties["Blackhole"] = true
				}
			},
		},
		{Kind: "AWS::EC2::TransitGatewayRouteTableAssociation", ID: transitPair, Marks: gone("State")},
		{Kind: "AWS::EC2::TransitGatewayRouteTablePropagation", ID: transitPair, Marks: gone("State")},
		{Kind: "AWS::EC2::TransitGatewayMulticastDomain", ID: idAt("TransitGatewayMulticastDomainArn", "TransitGatewayMulticastDomainId"), Marks: gone("State")},
		vpnRule(),
		{
			Kind: "AWS::EC2::VPNConnectionRoute", ID: func(r *Reading) string { return joined(r.said("VpnConnectionId"), r.said("DestinationCidrBlock")) },
		},
		{Kind: "AWS::EC2::VPNGateway", Drop: []string{"VpcAttachments"}, Marks: gone("State"), Children: gatewayChildren, ID: idAt("VpnGatewayId")},
		{
			Kind: "AWS::EC2::VPNGatewayRoutePropagation", ID: func(r *Reading) string { return joined(r.said("VpnGatewayId"), firstOf(r, "RouteTableIds")) },
		},
		{Kind: "AWS::EC2::CustomerGateway", Marks: gone("State"), Aliases: []string{"IpAddress"}},
	}
}

func transitOptions() map[string]string {
	moves := map[string]string{"TransitGatewayId": "Id"}
	for _, name := range []string{"AmazonSideAsn", "AutoAcceptSharedAttachments", "DefaultRouteTableAssociation", "AssociationDefaultRouteTableId",
		"DefaultRouteTablePropagation", "PropagationDefaultRouteTableId", "VpnEcmpSupport", "DnsSupport", "MulticastSupport", "SecurityGroupReferencingSupport", "TransitGatewayCidrBlocks"} {
		moves["Options."+name] = name
	}
	return moves
}

// transitPair names a connection of a route table with an attachment.
func transitPair(r *Reading) string {
	return joined(r.said("TransitGatewayRouteTableId"), r.said("TransitGatewayAttachmentId"))
}

// firstOf is the first text of a list.
func firstOf(r *Reading, path string) string {
	list, _ := within(r.Item, path).([]any)
	if len(list) == 0 {
		return r.said(path)
	}
	text, _ := list[0].(string)
	return text
}

// vpnRule leaves out the customer gateway's configuration: it is a file for
// the other side's router, with the pre-shared keys in it.
func vpnRule() Rule {
	return Rule{
		Kind: "AWS::EC2::VPNConnection", ID: idAt("VpnConnectionId"),
		Move: map[string]string{
			"Options.StaticRoutesOnly": "StaticRoutesOnly", "Options.EnableAcceleration": "EnableAcceleration", "Options.LocalIpv4NetworkCidr": "LocalIpv4NetworkCidr",
			"Options.RemoteIpv4NetworkCidr": "RemoteIpv4NetworkCidr", "Options.LocalIpv6NetworkCidr": "LocalIpv6NetworkCidr", "Options.RemoteIpv6NetworkCidr": "RemoteIpv6NetworkCidr",
			"Options.OutsideIpAddressType": "OutsideIpAddressType", "Options.TransportTransitGatewayAttachmentId": "TransportTransitGatewayAttachmentId",
			"Options.TunnelInsideIpVersion": "TunnelInsideIpVersion", "Options.TunnelOptions": "VpnTunnelOptionsSpecifications",
		},
		Drop: []string{"CustomerGatewayConfiguration", "Options.TunnelOptions[].PreSharedKey", "VgwTelemetry[].LastStatusChange", "VgwTelemetry[].StatusMessage",
			"VgwTelemetry[].AcceptedRouteCount", "VgwTelemetry[].Status", "Routes"},
		Aliases: []string{"VgwTelemetry[].OutsideIpAddress"}, Marks: gone("State"),
		Children: func(r *Reading) []Child {
			var children []Child
			for _, route := range objectsAt(r.Item, "Routes") {
				if textAt(route, "State") == "deleted" {
					continue
				}
				children = append(children, Child{"AWS::EC2::VPNConnectionRoute", map[string]any{
					"VpnConnectionId": textAt(r.Item, "VpnConnectionId"), "DestinationCidrBlock": textAt(route, "DestinationCidrBlock")}})
			}
			return children
		},
	}
}

func clientVPNRule() Rule {
	return Rule{
		Kind: "AWS::EC2::ClientVpnEndpoint",
		Move: map[string]string{
			"ClientVpnEndpointId": "Id",
			"AuthenticationOptions[].MutualAuthentication.ClientRootCertificateChain": "AuthenticationOptions[].MutualAuthentication.ClientRootCertificateChainArn",
		},
		Drop:      []string{"AssociatedTargetNetworks", "ClientConnectOptions.Status", "DeletionTime"},
		Unordered: []string{"SecurityGroupIds"}, Aliases: []string{"DnsName"}, Marks: gone("Status.Code"),
	}
}

// clientVPNRules are those of the VPN for people's machines.
func clientVPNRules() []Rule {
	return []Rule{
		clientVPNRule(),
		{
			Kind: "AWS::EC2::ClientVpnAuthorizationRule", Move: map[string]string{"GroupId": "AccessGroupId", "AccessAll": "AuthorizeAllGroups", "DestinationCidr": "TargetNetworkCidr"},
			ID: func(r *Reading) string {
				group := r.said("AccessGroupId", "GroupId")
				if group == "" {
					group = "all"
				}
				return joined(r.said("ClientVpnEndpointId"), r.said("TargetNetworkCidr", "DestinationCidr"), group)
			},
			Marks: gone("Status.Code"),
		},
		{
			Kind: "AWS::EC2::ClientVpnRoute", Move: map[string]string{"DestinationCidr": "DestinationCidrBlock", "TargetSubnet": "TargetVpcSubnetId"},
			ID: func(r *Reading) string {
				return joined(r.said("ClientVpnEndpointId"), r.said("DestinationCidrBlock", "DestinationCidr"), r.said("TargetVpcSubnetId", "TargetSubnet"))
			},
			Marks: gone("Status.Code"),
		},
		{
			Kind: "AWS::EC2::ClientVpnTargetNetworkAssociation", Move: map[string]string{"AssociationId": "Id", "TargetNetworkId": "SubnetId"},
			ID: func(r *Reading) string {
				return joined(r.said("ClientVpnEndpointId"), r.said("SubnetId", "TargetNetworkId"))
			},
			Marks: gone("Status.Code"),
		},
	}
}
