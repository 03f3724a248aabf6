package kinds

import (
	"strings"

	"example.com/landfall/internal/inventory"
)

// ec2Rules are those of instances and what they are made from.
func ec2Rules() []Rule {
	return []Rule{
		instanceRule(),
		{
			Kind: "AWS::EC2::EIP", ID: idAt("AllocationId", "PublicIp", "Address"),
			Aliases: []string{"AllocationId", "PublicIp", "CarrierIp"},
			Marks:   serviceManaged, Children: addressChildren,
		},
		{
			Kind: "AWS::EC2::EIPAssociation", ID: func(r *Reading) string {
				return joined(ownerARN("AWS::EC2::EIP", r, "AllocationId", "EIP"), "association")
			},
			Name: nameAt("EIP", "AllocationId"),
			Move: map[string]string{"AssociationId": "Id", "PublicIp": "EIP"},
		},
		{
			Kind: "AWS::EC2::KeyPair", Move: map[string]string{"PublicKey": "PublicKeyMaterial"}, Aliases: []string{"KeyPairId"},
		},
		{Kind: "AWS::EC2::PlacementGroup", Aliases: []string{"GroupId"}, Marks: gone("State")},
		{Kind: "AWS::EC2::Host", Move: map[string]string{"HostProperties.InstanceType": "InstanceType", "HostProperties.InstanceFamily": "InstanceFamily"},
			Drop: []string{"AvailableCapacity"}, Marks: gone("State")},
		{Kind: "AWS::EC2::CapacityReservation", Drop: []string{"AvailableInstanceCount"}, Marks: gone("State")},
		{Kind: "AWS::EC2::EC2Fleet", Drop: []string{"FulfilledCapacity", "FulfilledOnDemandCapacity"}, Marks: gone("FleetState")},
		{Kind: "AWS::EC2::SpotFleet", Move: map[string]string{"SpotFleetRequestId": "Id"}, Marks: gone("SpotFleetRequestState")},
		{
			// Images of Amazon's belong to nobody's workload, and an account that
			// uses one sees it with the owner's alias.
			Kind: "AWS::EC2::Image", ID: idAt("ImageId"), Name: nameAt("Name"), Drop: []string{"LastLaunchedTime"},
			Marks: marks(gone("State"), when(inventory.Default, "ImageOwnerAlias", "amazon")),
		},
		launchTemplateRule(),
		{Kind: "AWS::EC2::InstanceConnectEndpoint", Move: map[string]string{"InstanceConnectEndpointId": "Id"}, Drop: []string{"StateMessage"}, Marks: gone("State")},
	}
}

func instanceRule() Rule {
	return Rule{
		Kind: "AWS::EC2::Instance",
		Move: map[string]string{
			"Placement.AvailabilityZone":         "AvailabilityZone",
			"Placement.Tenancy":                  "Tenancy",
			"Placement.Affinity":                 "Affinity",
			"Placement.GroupName":                "PlacementGroupName",
			"Placement.HostId":                   "HostId",
			"Placement.HostResourceGroupArn":     "HostResourceGroupArn",
			"SecurityGroups[].GroupId":           "SecurityGroupIds[]",
			"PublicIpAddress":                    "PublicIp",
			"IamInstanceProfile.Arn":             "IamInstanceProfile",
			"IamInstanceProfile.Name":            "IamInstanceProfile",
			"Licenses[].LicenseConfigurationArn": "LicenseSpecifications[].LicenseConfigurationArn",
		},
		Drop: []string{
			"SecurityGroups[].GroupName", "BlockDeviceMappings[].Ebs.AttachTime", "BlockDeviceMappings[].Ebs.Status", "BlockDeviceMappings[].Ebs.VolumeId",
			"NetworkInterfaces", "MetadataOptions.State", "UsageOperationUpdateTime", "ClientToken", "AmiLaunchIndex",
		},
		Unordered: []string{"SecurityGroupIds"},
		Shape:     shapes(instanceShape, instanceInterfaces, profileName, monitored),
		Aliases:   []string{"InstanceId", "PrivateDnsName", "PublicDnsName", "PrivateIpAddress", "PublicIp"},
		Marks:     gone("State.Name", "State"),
	}
}

// instanceShape tells an instance's disks and template. Auto Scaling and
// RunInstances leave the template they used in tags (EC2 User Guide, "Launch
// templates").
func instanceShape(r *Reading) {
	var volumes []any
	for _, m := range objectsAt(r.Item, "BlockDeviceMappings") {
		if id := textAt(m, "Ebs.VolumeId"); id != "" {
			volumes = append(volumes, map[string]any{"Device": textAt(m, "DeviceName"), "VolumeId": id})
		}
	}
	if len(volumes) > 0 {
		r.Properties["Volumes"] = volumes
	}
	template, version := r.Tags["aws:ec2launchtemplate:id"], r.Tags["aws:ec2launchtemplate:version"]
	if _, known := r.Properties["LaunchTemplate"]; !known && template != "" {
		r.Properties["LaunchTemplate"] = map[string]any{"LaunchTemplateId": template, "Version": version}
	}
}

// instanceInterfaces keeps of each interface what its instance says of it; the
// rest is the interface's own.
func instanceInterfaces(r *Reading) {
	var interfaces []any
	for _, n := range objectsAt(r.Item, "NetworkInterfaces") {
		own := withOnly(n, "AssociatePublicIpAddress", "AssociateCarrierIpAddress", "DeleteOnTermination", "Description", "DeviceIndex", "GroupSet", "Ipv6AddressCount",
			"Ipv6Addresses", "NetworkInterfaceId", "PrivateIpAddress", "SecondaryPrivateIpAddressCount", "SubnetId")
		for name, value := range withOnly(objectAt(n, "Attachment"), "DeviceIndex", "DeleteOnTermination") {
			own[name] = value
		}
		var groups, addresses []any
		for _, g := range objectsAt(n, "Groups") {
			groups = append(groups, textAt(g, "GroupId"))
		}
		if len(groups) > 0 {
			own["GroupSet"] = inventory.SortValues(groups)
		}
		for _, a := range objectsAt(n, "PrivateIpAddresses") {
			addresses = append(addresses, withOnly(a, "Primary", "PrivateIpAddress"))
		}
		if len(addresses) > 0 {
			own["PrivateIpAddresses"] = addresses
		}
		interfaces = append(interfaces, clone(own, 0))
	}
	if len(interfaces) > 0 {
		r.Properties["NetworkInterfaces"] = interfaces
	}
}

// profileName leaves of an instance profile its name, which is what templates
// have.
func profileName(r *Reading) {
	if arn, ok := r.Properties["IamInstanceProfile"].(string); ok && strings.HasPrefix(arn, "arn:") {
		r.Properties["IamInstanceProfile"] = after(arn, "/")
		r.Attributes["IamInstanceProfileArn"] = arn
	}
}

// monitored turns the API's state of detailed monitoring into the property.
func monitored(r *Reading) {
	switch textAt(r.Item, "Monitoring.State") {
	case "enabled", "pending":
		r.Properties["Monitoring"] = true
	case "disabled", "disabling":
		r.Properties["Monitoring"] = false
	default:
		return
	}
	delete(r.Attributes, "Monitoring")
}

// addressChildren is the association of an address with an interface; that
// with an instance is the address's own property.
func addressChildren(r *Reading) []Child {
	eni := textAt(r.Item, "NetworkInterfaceId")
	if eni == "" || textAt(r.Item, "AssociationId") == "" || textAt(r.Item, "InstanceId") != "" {
		return nil
	}
	return []Child{{"AWS::EC2::EIPAssociation", withOnly(r.Item, "AllocationId", "AssociationId", "NetworkInterfaceId", "PrivateIpAddress", "PublicIp")}}
}

func launchTemplateRule() Rule {
	return Rule{
		Kind: "AWS::EC2::LaunchTemplate",
		Drop: []string{"Operator"}, Shape: launchTemplateShape,
		Aliases: []string{"LaunchTemplateName"},
	}
}

// launchTemplateShape takes the properties from the default version: the kind
// has one set of data. The other versions stay attributes, because a group may
// use "$Latest".
func launchTemplateShape(r *Reading) {
	versions := objectsAt(r.Item, "Versions")
	if len(versions) == 0 {
		return
	}
	var others []any
	for _, v := range versions {
		if isDefault, _ := within(v, "DefaultVersion").(bool); isDefault {
			r.Properties["LaunchTemplateData"] = clone(objectAt(v, "LaunchTemplateData"), 0)
			if said := textAt(v, "VersionDescription"); said != "" {
				r.Properties["VersionDescription"] = said
			}
			continue
		}
		others = append(others, clone(withOnly(v, "VersionNumber", "VersionDescription", "LaunchTemplateData"), 0))
	}
	delete(r.Attributes, "Versions")
	if len(others) > 0 {
		r.Attributes["Versions"] = others
	}
}

// gone marks what the API still lists although it is not there any more.
func gone(paths ...string) func(*Reading) []inventory.Mark {
	return func(r *Reading) []inventory.Mark {
		for _, path := range paths {
			switch strings.ToLower(r.said(path)) {
			case "terminated", "shutting-down", "deleted", "deleting", "delete-complete", "cancelled", "canceled", "released", "expired", "rejected", "failed",
				"cancelled_terminating", "deleted_terminating", "deregistered", "disassociated", "disassociating", "delete in progress":
				return []inventory.Mark{inventory.Deleted}
			}
		}
		return nil
	}
}

// flagAt reports whether true stands under the path, as a flag or as text.
func flagAt(tree any, path string) bool {
	switch v := within(tree, path).(type) {
	case bool:
		return v
	case string:
		return strings.EqualFold(v, "true")
	}
	return false
}

// marked marks a resource if true stands under the path.
func marked(mark inventory.Mark, path string) func(*Reading) []inventory.Mark {
	return func(r *Reading) []inventory.Mark {
		if flagAt(r.Item, path) || flagAt(r.Attributes, path) {
			return []inventory.Mark{mark}
		}
		return nil
	}
}

// serviceManaged marks what an AWS service has made for itself.
func serviceManaged(r *Reading) []inventory.Mark {
	if flagAt(r.Item, "RequesterManaged") || flagAt(r.Item, "Operator.Managed") || textAt(r.Item, "ServiceManaged") != "" {
		return []inventory.Mark{inventory.ServiceLinked}
	}
	return nil
}

// withOnly returns an object of the members that are there.
func withOnly(object map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for _, name := range names {
		if v := member(object, name); v != nil {
			out[name] = v
		}
	}
	return out
}

// joined joins the parts of a composed name, "" if one is missing.
func joined(parts ...string) string {
	for _, p := range parts {
		if p == "" {
			return ""
		}
	}
	return strings.Join(parts, "|")
}
