package kinds

import "example.com/landfall/internal/inventory"

func redshiftRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::Redshift::Cluster",
			Move: map[string]string{
				"VpcSecurityGroups[].VpcSecurityGroupId": "VpcSecurityGroupIds[]", "ClusterParameterGroups[].ParameterGroupName": "ClusterParameterGroupName",
				"ClusterSecurityGroups[].ClusterSecurityGroupName": "ClusterSecurityGroups[]", "IamRoles[].IamRoleArn": "IamRoles[]", "ElasticIpStatus.ElasticIp": "ElasticIp",
				"AquaConfiguration.AquaConfigurationStatus": "AquaConfigurationStatus", "LoggingStatus.BucketName": "LoggingProperties.BucketName", "LoggingStatus.S3KeyPrefix": "LoggingProperties.S3KeyPrefix",
				"HsmStatus.HsmClientCertificateIdentifier": "HsmClientCertificateIdentifier", "HsmStatus.HsmConfigurationIdentifier": "HsmConfigurationIdentifier",
				"ClusterSnapshotCopyStatus.DestinationRegion": "DestinationRegion", "ClusterSnapshotCopyStatus.RetentionPeriod": "SnapshotCopyRetentionPeriod",
			},
			Drop: []string{
				"ClusterAvailabilityStatus", "ModifyStatus", "RestoreStatus", "DataTransferProgress", "ResizeInfo", "NextMaintenanceWindowStartTime", "ExpectedNextSnapshotScheduleTime",
				"ExpectedNextSnapshotScheduleTimeStatus", "PendingActions", "ClusterPublicKey", "PendingModifiedValues.MasterUserPassword",
			},
			Unordered: []string{"VpcSecurityGroupIds", "IamRoles"}, Shape: shapes(copied("Endpoint.Port", "Port"), redshiftCluster, without("LoggingStatus", "ClusterParameterGroups", "VpcSecurityGroups")),
			ID: idAt("ClusterIdentifier"), Name: nameAt("ClusterIdentifier"), Aliases: []string{"ClusterIdentifier", "Endpoint.Address", "ClusterNamespaceArn"},
			Marks: when(inventory.Deleted, "ClusterStatus", "deleting", "final-snapshot"),
		},
		{
			Kind: "AWS::Redshift::ClusterSubnetGroup", Move: map[string]string{"Subnets[].SubnetIdentifier": "SubnetIds[]"}, Unordered: []string{"SubnetIds"}, Shape: without("Subnets"),
			ID: idAt("ClusterSubnetGroupName"), Name: nameAt("ClusterSubnetGroupName"), Marks: when(inventory.Default, "ClusterSubnetGroupName", "default"),
		},
		{
			Kind: "AWS::Redshift::ClusterParameterGroup", ID: idAt("ParameterGroupName"), Name: nameAt("ParameterGroupName"), Marks: begins(inventory.Default, "ParameterGroupName", "default."),
		},
	}
}

// redshiftCluster: the API counts nodes where CloudFormation names a type.
func redshiftCluster(r *Reading) {
	if nodes, ok := numberAt(r.Item, "NumberOfNodes"); ok && r.said("ClusterType") == "" {
		r.Properties["ClusterType"] = "single-node"
		if nodes > 1 {
			r.Properties["ClusterType"] = "multi-node"
		}
	}
}
