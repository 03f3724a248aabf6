package kinds

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// directconnectRules are those of Direct Connect. Keys of BGP sessions are
// secrets, and part of the answers.
func directconnectRules() []Rule {
	faces := func(kind cloud.Kind) Rule {
		return Rule{
			Kind: kind, Move: map[string]string{"SiteLinkEnabled": "EnableSiteLink"}, Drop: []string{"AuthKey", "BgpPeers[].AuthKey", "CustomerRouterConfig", "BgpPeers[].BgpStatus"},
			ID: idAt("VirtualInterfaceId"), Name: nameAt("VirtualInterfaceName", "VirtualInterfaceId"), Aliases: []string{"VirtualInterfaceId"},
			Marks: when(inventory.Deleted, "VirtualInterfaceState", "deleting", "deleted"),
		}
	}
	public := faces("AWS::DirectConnect::PublicVirtualInterface")
	public.Move["RouteFilterPrefixes[].Cidr"] = "RouteFilterPrefixes[]"
	return []Rule{
		{
			Kind: "AWS::DirectConnect::Connection", Drop: []string{"LoaIssueTime", "MacSecKeys"}, ID: idAt("ConnectionId"), Name: nameAt("ConnectionName"), Aliases: []string{"ConnectionId"},
			Marks: when(inventory.Deleted, "ConnectionState", "deleting", "deleted"),
		},
		{Kind: "AWS::DirectConnect::Lag", Drop: []string{"MacSecKeys", "Connections"}, ID: idAt("LagId"), Name: nameAt("LagName"), Aliases: []string{"LagId"}, Marks: when(inventory.Deleted, "LagState", "deleting", "deleted")},
		faces("AWS::DirectConnect::PrivateVirtualInterface"), faces("AWS::DirectConnect::TransitVirtualInterface"), public,
		{
			Kind: "AWS::DirectConnect::DirectConnectGateway", Name: nameAt("DirectConnectGatewayName"), Aliases: []string{"DirectConnectGatewayId"},
			ID:    idAt("DirectConnectGatewayId"),
			Marks: when(inventory.Deleted, "DirectConnectGatewayState", "deleting", "deleted"),
		},
		{
			Kind: "AWS::DirectConnect::DirectConnectGatewayAssociation", Move: map[string]string{"AssociatedGateway.Id": "AssociatedGatewayId", "AllowedPrefixesToDirectConnectGateway[].Cidr": "AllowedPrefixesToDirectConnectGateway[]"},
			ID: func(r *Reading) string {
				return ownerARN("AWS::DirectConnect::DirectConnectGateway", r, "DirectConnectGatewayId") + "|" + r.said("AssociationId")
			},
			Name: nameAt("AssociationId"), Marks: when(inventory.Deleted, "AssociationState", "disassociating", "disassociated"),
		},
	}
}
