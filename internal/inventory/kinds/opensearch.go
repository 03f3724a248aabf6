package kinds

import "example.com/landfall/internal/inventory"

func opensearchRules() []Rule {
	return []Rule{{
		Kind: "AWS::OpenSearchService::Domain", Move: map[string]string{"DomainId": "Id", "Endpoint": "DomainEndpoint", "EndpointV2": "DomainEndpointV2", "Endpoints": "DomainEndpoints", "ARN": "Arn"},
		Drop:      []string{"Created", "Processing", "UpgradeProcessing", "ChangeProgressDetails", "DomainProcessingStatus", "ModifyingProperties", "ServiceSoftwareOptions", "AutoTuneOptions"},
		Unordered: []string{"VPCOptions.SubnetIds", "VPCOptions.SecurityGroupIds"}, Shape: shapes(parsed("AccessPolicies"), opensearchEndpoints), ID: idAt("Arn", "DomainName"), Name: nameAt("DomainName"),
		Aliases: []string{"DomainName", "DomainEndpoint", "DomainEndpointV2", "VpcEndpoints[]"}, Marks: opensearchDeleted,
	}}
}

// opensearchEndpoints: a domain in a VPC has a map of addresses.
func opensearchEndpoints(r *Reading) {
	endpoints := objectAt(r.Item, "Endpoints")
	var list []any
	for _, key := range sortedKeys(endpoints) {
		list = append(list, endpoints[key])
	}
	if len(list) > 0 {
		r.Attributes["VpcEndpoints"] = list
	}
}

func opensearchDeleted(r *Reading) []inventory.Mark {
	if deleted, _ := within(r.Item, "Deleted").(bool); deleted {
		return []inventory.Mark{inventory.Deleted}
	}
	return nil
}
