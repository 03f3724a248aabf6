package kinds

import "example.com/landfall/internal/inventory"

func memorydbRules() []Rule {
	return []Rule{
		{
			Kind:      "AWS::MemoryDB::Cluster",
			Move:      map[string]string{"Name": "ClusterName", "NumberOfShards": "NumShards", "SecurityGroups[].SecurityGroupId": "SecurityGroupIds[]"},
			Unordered: []string{"SecurityGroupIds"}, Shape: memorydbShards, ID: idAt("ARN", "ClusterName"), Name: nameAt("ClusterName"),
			Aliases: []string{"ClusterName", "ClusterEndpoint.Address"}, Marks: when(inventory.Deleted, "Status", "deleting"),
		},
		{
			Kind: "AWS::MemoryDB::SubnetGroup", Move: map[string]string{"Name": "SubnetGroupName", "Subnets[].Identifier": "SubnetIds[]"}, Shape: without("Subnets"),
			Unordered: []string{"SubnetIds"}, ID: idAt("ARN", "SubnetGroupName"), Name: nameAt("SubnetGroupName"), Marks: when(inventory.Default, "SubnetGroupName", "default"),
		},
		{
			Kind: "AWS::MemoryDB::ParameterGroup", Move: map[string]string{"Name": "ParameterGroupName"}, ID: idAt("ARN", "ParameterGroupName"), Name: nameAt("ParameterGroupName"),
			Shape: pairs("Parameters", "Name", "Value"), Marks: begins(inventory.Default, "ParameterGroupName", "default."),
		},
		{Kind: "AWS::MemoryDB::ACL", Move: map[string]string{"Name": "ACLName"}, ID: idAt("Arn", "ACLName"), Name: nameAt("ACLName"), Unordered: []string{"UserNames"}, Marks: when(inventory.Default, "ACLName", "open-access")},
		{Kind: "AWS::MemoryDB::User", Move: map[string]string{"Name": "UserName"}, ID: idAt("Arn", "UserName"), Name: nameAt("UserName"), Marks: when(inventory.Default, "UserName", "default")},
		{Kind: "AWS::MemoryDB::Snapshot", ID: idAt("ARN"), Name: nameAt("Name")},
	}
}

func memorydbShards(r *Reading) {
	copied("ClusterEndpoint.Port", "Port")(r)
	shards := objectsAt(r.Item, "Shards")
	if len(shards) == 0 {
		return
	}
	if nodes, ok := numberAt(shards[0], "NumberOfNodes"); ok && nodes > 0 {
		r.Properties["NumReplicasPerShard"] = nodes - 1
	}
}
