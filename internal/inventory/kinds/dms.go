package kinds

import "example.com/landfall/internal/inventory"

func dmsRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::DMS::ReplicationInstance",
			Move: map[string]string{
				"VpcSecurityGroups[].VpcSecurityGroupId": "VpcSecurityGroupIds[]", "ReplicationSubnetGroup.ReplicationSubnetGroupIdentifier": "ReplicationSubnetGroupIdentifier",
			},
			Drop: []string{"PendingModifiedValues"}, Unordered: []string{"VpcSecurityGroupIds"}, Attribute: []string{"ReplicationInstancePublicIpAddresses", "ReplicationInstancePrivateIpAddresses"},
			ID: idAt("ReplicationInstanceArn", "Id"), Name: nameAt("ReplicationInstanceIdentifier"), Aliases: []string{"ReplicationInstanceIdentifier", "ReplicationInstancePrivateIpAddress"},
			Marks: when(inventory.Deleted, "ReplicationInstanceStatus", "deleting", "deleted"),
		},
		{Kind: "AWS::DMS::Endpoint", ID: idAt("EndpointArn"), Name: nameAt("EndpointIdentifier"), Aliases: []string{"EndpointIdentifier"}, Marks: when(inventory.Deleted, "Status", "deleting")},
		{
			Kind: "AWS::DMS::ReplicationTask", Drop: []string{"ReplicationTaskStats", "RecoveryCheckpoint", "LastFailureMessage", "StopReason"}, ID: idAt("ReplicationTaskArn"),
			Name: nameAt("ReplicationTaskIdentifier"), Aliases: []string{"ReplicationTaskIdentifier"}, Marks: when(inventory.Deleted, "Status", "deleting"),
		},
		{
			Kind: "AWS::DMS::ReplicationSubnetGroup", Move: map[string]string{"Subnets[].SubnetIdentifier": "SubnetIds[]"}, Unordered: []string{"SubnetIds"}, Shape: without("Subnets"),
			ID: idAt("ReplicationSubnetGroupIdentifier"), Name: nameAt("ReplicationSubnetGroupIdentifier"), Marks: when(inventory.Default, "ReplicationSubnetGroupIdentifier", "default"),
		},
	}
}
