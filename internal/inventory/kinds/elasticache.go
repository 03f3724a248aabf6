package kinds

import "example.com/landfall/internal/inventory"

func elasticacheRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::ElastiCache::CacheCluster",
			Move: map[string]string{
				"CacheClusterId": "ClusterName", "CacheParameterGroup.CacheParameterGroupName": "CacheParameterGroupName",
				"SecurityGroups[].SecurityGroupId": "VpcSecurityGroupIds[]", "CacheSecurityGroups[].CacheSecurityGroupName": "CacheSecurityGroupNames[]",
				"NotificationConfiguration.TopicArn": "NotificationTopicArn",
			},
			Drop:      []string{"ARN", "ClientDownloadLandingPage", "CacheParameterGroup.ParameterApplyStatus", "CacheParameterGroup.CacheNodeIdsToReboot"},
			Unordered: []string{"VpcSecurityGroupIds"}, Shape: elasticacheEndpoint, ID: idAt("ARN", "ClusterName"), Name: nameAt("ClusterName"),
			Aliases: []string{"ClusterName", "ConfigurationEndpoint.Address", "RedisEndpoint.Address"}, Marks: when(inventory.Deleted, "CacheClusterStatus", "deleting", "deleted"),
		},
		{
			Kind: "AWS::ElastiCache::ReplicationGroup",
			Move: map[string]string{
				"Description": "ReplicationGroupDescription", "ConfigurationEndpoint": "ConfigurationEndPoint",
				"NodeGroups[].PrimaryEndpoint": "PrimaryEndPoint", "NodeGroups[].ReaderEndpoint": "ReaderEndPoint",
				"GlobalReplicationGroupInfo.GlobalReplicationGroupId": "GlobalReplicationGroupId",
			},
			Drop: []string{"ARN"}, Unordered: []string{"SecurityGroupIds", "UserGroupIds"}, Shape: shapes(elasticacheGroup, elasticacheMember, without("Member")), ID: idAt("ARN", "ReplicationGroupId"), Name: nameAt("ReplicationGroupId"),
			Aliases: []string{"ReplicationGroupId", "PrimaryEndPoint.Address", "ReaderEndPoint.Address", "ConfigurationEndPoint.Address"},
			Marks:   when(inventory.Deleted, "Status", "deleting"),
		},
		{
			Kind: "AWS::ElastiCache::SubnetGroup",
			Move: map[string]string{"CacheSubnetGroupDescription": "Description", "Subnets[].SubnetIdentifier": "SubnetIds[]"}, Drop: []string{"ARN"}, Shape: without("Subnets"),
			Unordered: []string{"SubnetIds"}, ID: idAt("ARN", "CacheSubnetGroupName"), Name: nameAt("CacheSubnetGroupName"), Marks: when(inventory.Default, "CacheSubnetGroupName", "default"),
		},
		{
			Kind: "AWS::ElastiCache::ParameterGroup", Move: map[string]string{"Parameters": "Properties"}, Drop: []string{"ARN"}, Shape: pairs("Properties", "ParameterName", "ParameterValue"),
			ID: idAt("ARN", "CacheParameterGroupName"), Name: nameAt("CacheParameterGroupName"), Marks: begins(inventory.Default, "CacheParameterGroupName", "default."),
		},
		{Kind: "AWS::ElastiCache::User", Move: map[string]string{"Authentication": "AuthenticationMode"}, ID: idAt("Arn", "UserId"), Name: nameAt("UserName", "UserId"), Marks: when(inventory.Default, "UserId", "default"), Attribute: []string{"Authentication"}},
		{Kind: "AWS::ElastiCache::UserGroup", ID: idAt("Arn", "UserGroupId"), Name: nameAt("UserGroupId"), Unordered: []string{"UserIds"}},
		{
			Kind: "AWS::ElastiCache::ServerlessCache", ID: idAt("ARN", "ServerlessCacheName"), Name: nameAt("ServerlessCacheName"), Unordered: []string{"SubnetIds", "SecurityGroupIds"},
			Aliases: []string{"Endpoint.Address", "ReaderEndpoint.Address"}, Marks: when(inventory.Deleted, "Status", "deleting"),
		},
		{Kind: "AWS::ElastiCache::Snapshot", ID: idAt("ARN"), Name: nameAt("SnapshotName"), Aliases: []string{"SnapshotName"}, Marks: when(inventory.Deleted, "SnapshotStatus", "deleting")},
	}
}

// elasticacheEndpoint: a cluster of one Redis node has its address at the node.
func elasticacheEndpoint(r *Reading) {
	nodes := objectsAt(r.Item, "CacheNodes")
	if len(nodes) == 1 && r.said("Engine") != "memcached" {
		fill(r.Properties, "RedisEndpoint", picked(objectAt(nodes[0], "Endpoint"), "Address", "Port"))
	}
	for _, path := range []string{"ConfigurationEndpoint.Port", "CacheNodes.Endpoint.Port"} {
		if port := within(r.Item, path); port != nil {
			fill(r.Properties, "Port", port)
			return
		}
	}
}

// elasticacheGroup: the API tells the group's state where CloudFormation has
// switches and counts.
func elasticacheGroup(r *Reading) {
	onOff := func(path, property string) {
		if state := textAt(r.Item, path); state != "" {
			r.Properties[property] = state == "enabled" || state == "enabling"
		}
	}
	onOff("AutomaticFailover", "AutomaticFailoverEnabled")
	onOff("MultiAZ", "MultiAZEnabled")
	onOff("DataTiering", "DataTieringEnabled")
	groups := objectsAt(r.Item, "NodeGroups")
	if len(groups) == 0 {
		return
	}
	nodes, _ := within(groups[0], "NodeGroupMembers").([]any)
	r.Properties["NumNodeGroups"] = float64(len(groups))
	if len(nodes) > 0 {
		r.Properties["ReplicasPerNodeGroup"] = float64(len(nodes) - 1)
		r.Properties["NumCacheClusters"] = float64(len(nodes) * len(groups))
	}
	for _, path := range []string{"ConfigurationEndpoint.Port", "NodeGroups.PrimaryEndpoint.Port", "NodeGroups.NodeGroupMembers.ReadEndpoint.Port"} {
		if port := within(r.Item, path); port != nil {
			fill(r.Properties, "Port", port)
			return
		}
	}
}

// elasticacheMember takes what the group is made with from one of its members:
// the API says it only there.
func elasticacheMember(r *Reading) {
	member := objectsAt(r.Item, "Member")
	if len(member) == 0 {
		return
	}
	said := picked(member[0], "CacheSubnetGroupName", "EngineVersion", "PreferredMaintenanceWindow", "CacheParameterGroupName=CacheParameterGroup.CacheParameterGroupName",
		"NotificationTopicArn=NotificationConfiguration.TopicArn")
	for name, value := range said {
		if r.Properties[name] == nil {
			r.Properties[name] = value
		}
	}
	var groups []any
	for _, g := range objectsAt(member[0], "SecurityGroups") {
		groups = append(groups, textAt(g, "SecurityGroupId"))
	}
	if r.Properties["SecurityGroupIds"] == nil {
		fill(r.Properties, "SecurityGroupIds", groups)
	}
}
