package recorder

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (e ec2Reader) vpcs(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeVpcsPaginator(e.client, &ec2.DescribeVpcsInput{}), func(out *ec2.DescribeVpcsOutput) {
		for _, one := range out.Vpcs {
			it := e.resource(typeVPC, "vpc", text(one.VpcId), one.Tags, one)
			it.zone = zoneMany
			it.relate(associated, typeDHCPOptions, text(one.DhcpOptionsId))
			items = append(items, it)
		}
	})
	return items, err
}

func (e ec2Reader) subnets(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeSubnetsPaginator(e.client, &ec2.DescribeSubnetsInput{}), func(out *ec2.DescribeSubnetsOutput) {
		for _, one := range out.Subnets {
			it := e.resource(typeSubnet, "subnet", text(one.SubnetId), one.Tags, one)
			it.zone = text(one.AvailabilityZone)
			it.relate(containedIn, typeVPC, text(one.VpcId))
			items = append(items, it)
		}
	})
	return items, err
}

func (e ec2Reader) routeTables(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeRouteTablesPaginator(e.client, &ec2.DescribeRouteTablesInput{}), func(out *ec2.DescribeRouteTablesOutput) {
		for _, one := range out.RouteTables {
			it := e.resource(typeRouteTable, "route-table", text(one.RouteTableId), one.Tags, one)
			it.relate(containedIn, typeVPC, text(one.VpcId))
			for _, association := range one.Associations {
				it.relate(containsVerb, typeSubnet, text(association.SubnetId))
			}
			for _, route := range one.Routes {
				e.routeTarget(&it, route)
			}
			items = append(items, it)
		}
	})
	return items, err
}

// routeTarget relates a route table to where a route leads. A gateway id may
// be that of an internet gateway, a VPC endpoint or "local".
func (e ec2Reader) routeTarget(it *item, route types.Route) {
	gateway := text(route.GatewayId)
	switch {
	case len(gateway) > 4 && gateway[:4] == "igw-":
		it.relate(containsVerb, typeInternet, gateway)
	case len(gateway) > 5 && gateway[:5] == "vpce-":
		it.relate(containsVerb, typeEndpoint, gateway)
	}
	it.relate(containsVerb, typeNAT, text(route.NatGatewayId))
	it.relate(containsVerb, typeInterface, text(route.NetworkInterfaceId))
	it.relate(containsVerb, typePeering, text(route.VpcPeeringConnectionId))
}

func (e ec2Reader) internetGateways(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeInternetGatewaysPaginator(e.client, &ec2.DescribeInternetGatewaysInput{}), func(out *ec2.DescribeInternetGatewaysOutput) {
		for _, one := range out.InternetGateways {
			it := e.resource(typeInternet, "internet-gateway", text(one.InternetGatewayId), one.Tags, one)
			it.zone = zoneMany
			for _, attachment := range one.Attachments {
				it.relate(attachedTo, typeVPC, text(attachment.VpcId))
			}
			items = append(items, it)
		}
	})
	return items, err
}

func (e ec2Reader) natGateways(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeNatGatewaysPaginator(e.client, &ec2.DescribeNatGatewaysInput{}), func(out *ec2.DescribeNatGatewaysOutput) {
		for _, one := range out.NatGateways {
			if one.State == types.NatGatewayStateDeleted {
				continue
			}
			it := e.resource(typeNAT, "natgateway", text(one.NatGatewayId), one.Tags, one)
			it.created = when(one.CreateTime)
			it.relate(containedIn, typeVPC, text(one.VpcId))
			it.relate(containedIn, typeSubnet, text(one.SubnetId))
			for _, address := range one.NatGatewayAddresses {
				it.relate(associated, typeEIP, text(address.AllocationId))
				it.relate(containsVerb, typeInterface, text(address.NetworkInterfaceId))
			}
			items = append(items, it)
		}
	})
	return items, err
}

func (e ec2Reader) networkACLs(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeNetworkAclsPaginator(e.client, &ec2.DescribeNetworkAclsInput{}), func(out *ec2.DescribeNetworkAclsOutput) {
		for _, one := range out.NetworkAcls {
			it := e.resource(typeNetworkACL, "network-acl", text(one.NetworkAclId), one.Tags, one)
			it.relate(containedIn, typeVPC, text(one.VpcId))
			for _, association := range one.Associations {
				it.relate(attachedTo, typeSubnet, text(association.SubnetId))
			}
			items = append(items, it)
		}
	})
	return items, err
}

func (e ec2Reader) endpoints(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeVpcEndpointsPaginator(e.client, &ec2.DescribeVpcEndpointsInput{}), func(out *ec2.DescribeVpcEndpointsOutput) {
		for _, one := range out.VpcEndpoints {
			// Endpoints linger as "deleted", which moto spells small and the
			// SDK's enumeration large.
			if one.State == types.StateDeleted || one.State == "deleted" {
				continue
			}
			it := e.resource(typeEndpoint, "vpc-endpoint", text(one.VpcEndpointId), one.Tags, one)
			it.zone, it.created = zoneMany, when(one.CreationTimestamp)
			it.relate(containedIn, typeVPC, text(one.VpcId))
			it.relateAll(containedIn, typeSubnet, one.SubnetIds)
			it.relateAll(containedIn, typeRouteTable, one.RouteTableIds)
			it.relateAll(containsVerb, typeInterface, one.NetworkInterfaceIds)
			for _, group := range one.Groups {
				it.relate(associated, typeSecurityGroup, text(group.GroupId))
			}
			items = append(items, it)
		}
	})
	return items, err
}

// prefixLists reads the lists of the account; those of AWS itself are no
// resources of it.
func (e ec2Reader) prefixLists(ctx context.Context) ([]item, error) {
	var lists []types.ManagedPrefixList
	err := pages(ctx, ec2.NewDescribeManagedPrefixListsPaginator(e.client, &ec2.DescribeManagedPrefixListsInput{}), func(out *ec2.DescribeManagedPrefixListsOutput) {
		lists = append(lists, out.PrefixLists...)
	})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, one := range lists {
		if text(one.OwnerId) != e.account {
			continue
		}
		it := e.item(typePrefixList, text(one.PrefixListId), text(one.PrefixListName), text(one.PrefixListArn))
		it.tags = ec2Tags(one.Tags)
		entries, err := e.client.GetManagedPrefixListEntries(ctx, &ec2.GetManagedPrefixListEntriesInput{PrefixListId: one.PrefixListId})
		if err != nil {
			return nil, err
		}
		it.configuration = map[string]any{
			"PrefixListId": it.id, "PrefixListName": it.name, "AddressFamily": text(one.AddressFamily),
			"OwnerId": text(one.OwnerId), "Arn": it.arn, "Entries": pascals(entries.Entries),
		}
		if one.MaxEntries != nil {
			it.configuration["MaxEntries"] = int64(*one.MaxEntries)
		}
		if one.Version != nil {
			it.configuration["Version"] = *one.Version
		}
		items = append(items, it)
	}
	return items, nil
}

func (e ec2Reader) flowLogs(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeFlowLogsPaginator(e.client, &ec2.DescribeFlowLogsInput{}), func(out *ec2.DescribeFlowLogsOutput) {
		for _, one := range out.FlowLogs {
			it := e.resource(typeFlowLog, "vpc-flow-log", text(one.FlowLogId), one.Tags, one)
			it.created = when(one.CreationTime)
			id := text(one.ResourceId)
			switch {
			case len(id) > 4 && id[:4] == "vpc-":
				it.relate(associated, typeVPC, id)
			case len(id) > 4 && id[:4] == "eni-":
				it.relate(associated, typeInterface, id)
			default:
				it.relate(associated, typeSubnet, id)
			}
			items = append(items, it)
		}
	})
	return items, err
}

func (e ec2Reader) dhcpOptions(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeDhcpOptionsPaginator(e.client, &ec2.DescribeDhcpOptionsInput{}), func(out *ec2.DescribeDhcpOptionsOutput) {
		for _, one := range out.DhcpOptions {
			it := e.item(typeDHCPOptions, text(one.DhcpOptionsId), "", e.arn("ec2", "dhcp-options/"+text(one.DhcpOptionsId)))
			it.tags = ec2Tags(one.Tags)
			it.configuration = map[string]any{"DhcpOptionsId": it.id}
			for _, option := range one.DhcpConfigurations {
				var values []any
				for _, value := range option.Values {
					values = append(values, text(value.Value))
				}
				it.configuration[propertyName(text(option.Key))] = values
			}
			items = append(items, it)
		}
	})
	return items, err
}

// propertyName turns "domain-name-servers" into "DomainNameServers".
func propertyName(option string) string {
	out := ""
	for i, c := range option {
		if c == '-' {
			continue
		}
		if i == 0 || option[i-1] == '-' {
			out += string(c - 'a' + 'A')
			continue
		}
		out += string(c)
	}
	return out
}

func (e ec2Reader) peerings(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, ec2.NewDescribeVpcPeeringConnectionsPaginator(e.client, &ec2.DescribeVpcPeeringConnectionsInput{}), func(out *ec2.DescribeVpcPeeringConnectionsOutput) {
		for _, one := range out.VpcPeeringConnections {
			if one.Status != nil && one.Status.Code == types.VpcPeeringConnectionStateReasonCodeDeleted {
				continue
			}
			it := e.resource(typePeering, "vpc-peering-connection", text(one.VpcPeeringConnectionId), one.Tags, one)
			for _, side := range []*types.VpcPeeringConnectionVpcInfo{one.RequesterVpcInfo, one.AccepterVpcInfo} {
				if side != nil {
					it.relate(attachedTo, typeVPC, text(side.VpcId))
				}
			}
			items = append(items, it)
		}
	})
	return items, err
}
