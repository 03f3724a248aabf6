package kinds

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

// OfID tells the kind of a thing of EC2 by its id, which begins with its type
// (EC2 User Guide, "Resource IDs"). "" for another beginning; what follows the
// hyphen is not looked at.
func OfID(id string) cloud.Kind {
	head, _, ok := strings.Cut(id, "-")
	if !ok {
		return ""
	}
	if name := prefixed(head); name != "" {
		return cloud.Kind("AWS::EC2::" + name)
	}
	return ""
}

// prefixed is a switch, since an index of a large inventory asks for every id.
func prefixed(head string) string {
	switch head {
	case "i":
		return "Instance"
	case "ami":
		return "Image"
	case "lt":
		return "LaunchTemplate"
	case "vol":
		return "Volume"
	case "snap":
		return "Snapshot"
	case "vpc":
		return "VPC"
	case "subnet":
		return "Subnet"
	case "sg":
		return "SecurityGroup"
	case "acl":
		return "NetworkAcl"
	case "rtb":
		return "RouteTable"
	case "pl":
		return "PrefixList"
	case "dopt":
		return "DHCPOptions"
	case "eni":
		return "NetworkInterface"
	case "eipalloc":
		return "EIP"
	case "nat":
		return "NatGateway"
	case "igw":
		return "InternetGateway"
	case "eigw":
		return "EgressOnlyInternetGateway"
	case "vpce":
		return "VPCEndpoint"
	case "pcx":
		return "VPCPeeringConnection"
	case "tgw":
		return "TransitGateway"
	case "vgw":
		return "VPNGateway"
	case "cgw":
		return "CustomerGateway"
	case "vpn":
		return "VPNConnection"
	case "fl":
		return "FlowLog"
	}
	return ""
}
