package kinds

import "example.com/landfall/internal/inventory"

func eksRules() []Rule {
	deleted := when(inventory.Deleted, "Status", "DELETING", "DELETE_FAILED")
	return []Rule{
		{
			Kind: "AWS::EKS::Cluster",
			Move: map[string]string{
				"CertificateAuthority.Data": "CertificateAuthorityData", "Identity.Oidc.Issuer": "OpenIdConnectIssuerUrl",
				"ResourcesVpcConfig.ClusterSecurityGroupId": "ClusterSecurityGroupId",
			},
			Drop: []string{"ClientRequestToken", "Health"}, Unordered: []string{"ResourcesVpcConfig.SubnetIds", "ResourcesVpcConfig.SecurityGroupIds"},
			Shape: eksLogging, ID: idAt("Arn", "Name"), Name: nameAt("Name"), Aliases: []string{"Name", "Endpoint"}, Marks: deleted,
		},
		{
			Kind: "AWS::EKS::Nodegroup", Move: map[string]string{"NodegroupArn": "Arn"}, Drop: []string{"ModifiedAt", "Health"}, Unordered: []string{"Subnets"},
			ID: idAt("Arn"), Name: nameAt("NodegroupName"), Aliases: []string{"NodegroupName"}, Marks: deleted,
		},
		{
			Kind: "AWS::EKS::FargateProfile", Move: map[string]string{"FargateProfileArn": "Arn"}, Drop: []string{"Health"}, Unordered: []string{"Subnets"}, Shape: eksSelectors,
			ID: idAt("Arn"), Name: nameAt("FargateProfileName"), Marks: deleted,
		},
		{Kind: "AWS::EKS::Addon", Move: map[string]string{"AddonArn": "Arn"}, Drop: []string{"ModifiedAt", "Health"}, Attribute: []string{"PodIdentityAssociations"}, ID: idAt("Arn"), Name: nameAt("AddonName"), Marks: deleted},
		{Kind: "AWS::EKS::AccessEntry", Drop: []string{"ModifiedAt"}, ID: idAt("AccessEntryArn"), Name: nameAt("PrincipalArn")},
		{Kind: "AWS::EKS::PodIdentityAssociation", Drop: []string{"ModifiedAt"}, ID: idAt("AssociationArn"), Name: nameAt("ServiceAccount")},
	}
}

// eksLogging: the API answers a list of switches, each for some kinds of logs;
// CloudFormation names the kinds that are on.
func eksLogging(r *Reading) {
	var on []any
	setups, isList := within(r.Item, "Logging.ClusterLogging").([]any)
	if !isList {
		return
	}
	for _, setup := range setups {
		types, _ := within(setup, "Types").([]any)
		if enabled, _ := within(setup, "Enabled").(bool); !enabled {
			continue
		}
		for _, kind := range types {
			on = append(on, map[string]any{"Type": kind})
		}
	}
	delete(r.Properties, "Logging")
	if len(on) > 0 {
		r.Properties["Logging"] = map[string]any{"ClusterLogging": map[string]any{"EnabledTypes": on}}
	}
}

// eksSelectors: labels are a map in the API, a list in CloudFormation.
func eksSelectors(r *Reading) {
	for _, selector := range objectsAt(r.Properties, "Selectors") {
		listed(selector, "Labels", "Key", "Value")
	}
}
