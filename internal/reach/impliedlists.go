package reach

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

const kindRoute cloud.Kind = "AWS::EC2::Route"

// lists notes the prefix lists of AWS's own that only gateway endpoints tell of:
// a route to such an endpoint has its service's list as destination, so that
// the route says whose the id is (AWS PrivateLink, "Gateway endpoints").
func (i *Implied) lists(resources []*inventory.Resource) {
	routed := map[cloud.ResourceID][]any{}
	for _, r := range resources {
		if r.Kind != kindRoute || text(r.Properties["DestinationPrefixListId"]) == "" || slices.Contains(r.Marks, inventory.Deleted) {
			continue
		}
		for _, key := range []string{"VpcEndpointId", "GatewayId"} {
			if e, ok := i.find(r, r.Properties[key], kindPrivateLink); ok {
				routed[e.ID] = append(routed[e.ID], r.Properties["DestinationPrefixListId"])
			}
		}
	}
	for _, e := range resources {
		service := text(e.Properties["ServiceName"])
		if e.Kind != kindPrivateLink || !isGateway(e) || service == "" || strings.HasPrefix(service, "com.amazonaws.vpce.") || slices.Contains(e.Marks, inventory.Deleted) {
			continue
		}
		ids := append([]any{e.Properties["PrefixListId"], e.Attributes["PrefixListId"], e.Attributes["prefix_list_id"]}, routed[e.ID]...)
		i.put(e, kindPrefixList, ids, func() *inventory.Resource {
			return &inventory.Resource{
				ID: cloud.ResourceID("prefix-list|" + string(e.ID)), Kind: kindPrefixList, Name: service,
				Properties: inventory.Properties{"PrefixListName": service, "OwnerId": "AWS"},
			}
		})
	}
}

// families tells how VPCs came to have IPv6.
func (i *Implied) families(resources []*inventory.Resource) map[cloud.ResourceID]family6 {
	out := map[cloud.ResourceID]family6{}
	six := func(r *inventory.Resource) bool {
		for _, p := range prefixes(r.Properties["Ipv6CidrBlock"], r.Properties["Ipv6CidrBlocks"], r.Properties["CidrBlocks"]) {
			if p.Addr().Is6() {
				return true
			}
		}
		return truth(r.Properties["AmazonProvidedIpv6CidrBlock"]) || text(r.Properties["Ipv6Pool"]) != "" || text(r.Properties["Ipv6IpamPoolId"]) != ""
	}
	for _, r := range resources {
		if r.Kind != "AWS::EC2::VPCCidrBlock" || !six(r) || slices.Contains(r.Marks, inventory.Deleted) {
			continue
		}
		if vpc, ok := i.find(r, r.Properties["VpcId"], kindVPC); ok {
			out[vpc.ID] = later6
		}
	}
	for _, r := range resources {
		if r.Kind != kindVPC {
			continue
		}
		associated := append(maps(r.Properties["Ipv6CidrBlockAssociationSet"]), maps(r.Attributes["Ipv6CidrBlockAssociationSet"])...)
		if six(r) || len(associated) > 0 {
			out[r.ID] = born6
		}
	}
	return out
}

// OpensIPv6 reports whether it is certain that AWS added the rule which lets all
// of IPv6 out of a group: the VPC of the group has had IPv6 from its making on, or
// came to have it while the rules outwards were as AWS makes them. vpc is the one
// that the group names, "" where only its owner knows; changed says that resources
// beside the group change its rules outwards (Amazon EC2 User Guide, "Add IPv6
// support for your VPC").
func (i *Implied) OpensIPv6(group *inventory.Resource, vpc cloud.ResourceID, changed bool) bool {
	switch i.familyOf(group, string(vpc)) {
	case born6:
		return true
	case later6:
		return !i.changedBefore(group, changed)
	}
	return false
}

// changedBefore reports whether rules outwards of a group may have been changed
// before its VPC came to have IPv6.
func (i *Implied) changedBefore(group *inventory.Resource, changed bool) bool {
	return changed || i.HalfKnown(group) && len(list(group.Properties["SecurityGroupEgress"])) > 0
}

// familyOf is how the VPC of a group came to have IPv6; vpc is the one that the
// group names, "" where only its owner knows.
func (i *Implied) familyOf(r *inventory.Resource, vpc string) family6 {
	if p, ok := i.known[string(r.ID)]; ok && vpc == "" && p.owner.Kind == kindVPC {
		vpc = string(p.owner.ID)
	}
	return i.six[cloud.ResourceID(vpc)]
}
