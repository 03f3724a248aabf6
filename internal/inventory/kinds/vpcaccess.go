package kinds

import (
	"strings"

	"example.com/landfall/internal/inventory"
)

// vpcAccessRules are those of what lets traffic into a VPC's networks and out
// of them.
func vpcAccessRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::EC2::NetworkAcl", Move: map[string]string{"NetworkAclId": "Id"}, Drop: []string{"Entries", "Associations"},
			Marks: marked(inventory.Default, "IsDefault"), Children: aclChildren,
		},
		{
			Kind: "AWS::EC2::NetworkAclEntry", ID: func(r *Reading) string {
				way := "ingress"
				if flagAt(r.Properties, "Egress") || flagAt(r.Item, "Egress") {
					way = "egress"
				}
				number, _ := scalarText(within(r.Item, "RuleNumber"))
				return joined(r.said("NetworkAclId"), way, number)
			},
			Move: map[string]string{"IcmpTypeCode": "Icmp"}, Marks: marked(inventory.Default, "IsDefault"),
		},
		{
			Kind: "AWS::EC2::SubnetNetworkAclAssociation", Move: map[string]string{"NetworkAclAssociationId": "AssociationId"},
			ID:    func(r *Reading) string { return joined(r.said("SubnetId"), r.said("NetworkAclId")) },
			Marks: marked(inventory.Default, "IsDefault"),
		},
		{
			Kind: "AWS::EC2::SecurityGroup", ID: idAt("GroupId", "SecurityGroupArn", "Id"),
			Move:  map[string]string{"Description": "GroupDescription"},
			Drop:  []string{"IpPermissions", "IpPermissionsEgress"},
			Shape: groupShape, Unordered: []string{"SecurityGroupIngress", "SecurityGroupEgress"},
			Aliases: []string{"GroupId", "Id"}, Name: func(r *Reading) string { return r.said("Tags.Name", "GroupName") },
			Marks: when(inventory.Default, "GroupName", "default"),
		},
		{
			Kind: "AWS::EC2::VPCEndpoint", Move: map[string]string{"VpcEndpointId": "Id", "Groups[].GroupId": "SecurityGroupIds[]"},
			Drop: []string{"Groups[].GroupName", "LastError"}, Shape: shapes(parsed("PolicyDocument"), endpointShape),
			Unordered: []string{"SecurityGroupIds", "SubnetIds", "RouteTableIds", "NetworkInterfaceIds"},
			Aliases:   []string{"Id", "DnsNames[]"}, Marks: marks(serviceManaged, gone("State")),
		},
		{
			Kind: "AWS::EC2::VPCEndpointService", Move: map[string]string{"SupportedRegions[].Region": "SupportedRegions[]"},
			Drop:    []string{"SupportedRegions[].ServiceState", "AllowedPrincipals"},
			Aliases: []string{"ServiceName", "PrivateDnsName"}, Marks: gone("ServiceState"), Children: func(r *Reading) []Child {
				var allowed []any
				for _, p := range objectsAt(r.Item, "AllowedPrincipals") {
					allowed = append(allowed, textAt(p, "Principal"))
				}
				if len(allowed) == 0 {
					return nil
				}
				return []Child{{"AWS::EC2::VPCEndpointServicePermissions", map[string]any{"ServiceId": textAt(r.Item, "ServiceId"), "AllowedPrincipals": allowed}}}
			},
		},
		{Kind: "AWS::EC2::VPCEndpointServicePermissions", ID: idAt("ServiceId"), Unordered: []string{"AllowedPrincipals"}},
	}
}

// lastRule is the number of the entry that ends each ACL: it refuses
// everything and cannot be changed (VPC User Guide, "Network ACLs").
const lastRule = 32767

func aclChildren(r *Reading) []Child {
	var children []Child
	id, isDefault := textAt(r.Item, "NetworkAclId"), flagAt(r.Item, "IsDefault")
	for _, e := range objectsAt(r.Item, "Entries") {
		if number, ok := numberAt(e, "RuleNumber"); ok && number >= lastRule {
			continue
		}
		child := withOnly(e, "CidrBlock", "Ipv6CidrBlock", "Egress", "IcmpTypeCode", "PortRange", "Protocol", "RuleAction", "RuleNumber")
		child["NetworkAclId"] = id
		if isDefault {
			child["IsDefault"] = true
		}
		children = append(children, Child{"AWS::EC2::NetworkAclEntry", child})
	}
	for _, a := range objectsAt(r.Item, "Associations") {
		child := withOnly(a, "NetworkAclAssociationId", "SubnetId")
		child["NetworkAclId"] = id
		if isDefault {
			child["IsDefault"] = true
		}
		children = append(children, Child{"AWS::EC2::SubnetNetworkAclAssociation", child})
	}
	return children
}

// groupShape turns the API's permissions, which join several ports' sources,
// into one rule for each source, as templates have them.
func groupShape(r *Reading) {
	if id := r.said("GroupId"); id != "" {
		r.Properties["Id"] = id
	}
	for _, way := range []struct{ permissions, rules, group, prefixes string }{
		{"IpPermissions", "SecurityGroupIngress", "SourceSecurityGroupId", "SourcePrefixListId"},
		{"IpPermissionsEgress", "SecurityGroupEgress", "DestinationSecurityGroupId", "DestinationPrefixListId"},
	} {
		var rules []any
		for _, p := range objectsAt(r.Item, way.permissions) {
			rules = append(rules, permissionRules(r, p, way.group, way.prefixes)...)
		}
		if within(r.Item, way.permissions) != nil {
			r.Properties[way.rules] = rules
		}
		if list, ok := r.Properties[way.rules].([]any); ok {
			for _, rule := range list {
				tidyRule(r, rule)
			}
		}
	}
}

// permissionRules are the rules of one permission. AWS Config says ranges
// twice: as texts under ipRanges, and with descriptions under ipv4Ranges.
func permissionRules(r *Reading, permission map[string]any, group, prefixes string) []any {
	var rules []any
	add := func(property string, value any, from any) {
		rule := withOnly(permission, "IpProtocol", "FromPort", "ToPort")
		rule[property] = value
		if said := textAt(from, "Description"); said != "" {
			rule["Description"] = said
		}
		if owner := textAt(from, "UserId"); owner != "" && group == "SourceSecurityGroupId" && property == group {
			rule["SourceSecurityGroupOwnerId"] = owner
		}
		rules = append(rules, rule)
	}
	ranges := objectsAt(permission, "Ipv4Ranges")
	if len(ranges) == 0 {
		ranges = objectsAt(permission, "IpRanges")
	}
	for _, c := range ranges {
		add("CidrIp", textAt(c, "CidrIp"), c)
	}
	if list, ok := within(permission, "IpRanges").([]any); ok && len(ranges) == 0 {
		for _, c := range list {
			add("CidrIp", c, nil)
		}
	}
	for _, c := range objectsAt(permission, "Ipv6Ranges") {
		add("CidrIpv6", textAt(c, "CidrIpv6"), c)
	}
	for _, c := range objectsAt(permission, "PrefixListIds") {
		add(prefixes, textAt(c, "PrefixListId"), c)
	}
	for _, c := range objectsAt(permission, "UserIdGroupPairs") {
		add(group, textAt(c, "GroupId"), c)
	}
	return rules
}

// tidyRule brings the ways of saying one rule together: a protocol by number
// or name, ports of a rule for all traffic, the owner of a group that is the
// account's own.
func tidyRule(r *Reading, v any) {
	rule, ok := v.(map[string]any)
	if !ok {
		return
	}
	protocol, _ := scalarText(member(rule, "IpProtocol"))
	// Protocol numbers are IANA's; EC2 answers these four by name.
	if name := map[string]string{"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}[strings.ToLower(protocol)]; name != "" {
		rule["IpProtocol"] = name
		protocol = name
	}
	if protocol == "-1" {
		delete(rule, "FromPort")
		delete(rule, "ToPort")
	}
	if owner, _ := rule["SourceSecurityGroupOwnerId"].(string); owner != "" && owner == string(r.Place.Account) {
		delete(rule, "SourceSecurityGroupOwnerId")
	}
}

// endpointShape writes the DNS names as CloudFormation does, zone and name.
func endpointShape(r *Reading) {
	var entries, names []any
	for _, e := range objectsAt(r.Item, "DnsEntries") {
		if name := textAt(e, "DnsName"); name != "" {
			entries = append(entries, textAt(e, "HostedZoneId")+":"+name)
			names = append(names, name)
		}
	}
	if len(entries) > 0 {
		r.Properties["DnsEntries"], r.Attributes["DnsNames"] = entries, names
	}
}
