package kinds

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// rdsRules are those of RDS and Aurora. The default groups of an engine are
// named "default.<family>" and "default:<engine>-<version>", and cannot be
// changed or deleted (RDS User Guide, parameter and option groups).
func rdsRules() []Rule {
	return []Rule{
		rdsInstance(),
		rdsCluster(),
		{
			Kind: "AWS::RDS::DBSnapshot", ID: idAt("DBSnapshotArn", "DBSnapshotIdentifier"), Name: nameAt("DBSnapshotIdentifier"),
			Drop: []string{"PercentProgress"}, Aliases: []string{"DBSnapshotIdentifier"}, Marks: when(inventory.Deleted, "Status", "deleting"),
		},
		{
			Kind: "AWS::RDS::DBClusterSnapshot", ID: idAt("DBClusterSnapshotArn", "DBClusterSnapshotIdentifier"), Name: nameAt("DBClusterSnapshotIdentifier"),
			Drop: []string{"PercentProgress"}, Aliases: []string{"DBClusterSnapshotIdentifier"}, Marks: when(inventory.Deleted, "Status", "deleting"),
		},
		{
			Kind: "AWS::RDS::DBSubnetGroup",
			Move: map[string]string{"Subnets[].SubnetIdentifier": "SubnetIds[]"}, Unordered: []string{"SubnetIds"},
			// The zones and states of the members are those of the subnets.
			Shape: without("Subnets"), Marks: when(inventory.Default, "DBSubnetGroupName", "default"),
		},
		rdsParameterGroup("AWS::RDS::DBParameterGroup", "DBParameterGroupName"),
		rdsParameterGroup("AWS::RDS::DBClusterParameterGroup", "DBClusterParameterGroupName"),
		{
			Kind: "AWS::RDS::OptionGroup",
			Move: map[string]string{
				"Options[].OptionName":                                       "OptionConfigurations[].OptionName",
				"Options[].OptionVersion":                                    "OptionConfigurations[].OptionVersion",
				"Options[].Port":                                             "OptionConfigurations[].Port",
				"Options[].OptionSettings[].Name":                            "OptionConfigurations[].OptionSettings[].Name",
				"Options[].OptionSettings[].Value":                           "OptionConfigurations[].OptionSettings[].Value",
				"Options[].VpcSecurityGroupMemberships[].VpcSecurityGroupId": "OptionConfigurations[].VpcSecurityGroupMemberships[]",
				"Options[].DBSecurityGroupMemberships[].DBSecurityGroupName": "OptionConfigurations[].DBSecurityGroupMemberships[]",
			},
			Shape: without("Options"),
			Marks: begins(inventory.Default, "OptionGroupName", "default:"),
		},
		{
			Kind:      "AWS::RDS::EventSubscription",
			Move:      map[string]string{"CustSubscriptionId": "SubscriptionName", "SourceIdsList[]": "SourceIds[]", "EventCategoriesList[]": "EventCategories[]"},
			Unordered: []string{"SourceIds", "EventCategories"},
		},
		{Kind: "AWS::RDS::DBProxy", ID: idAt("DBProxyArn", "DBProxyName"), Drop: []string{"UpdatedDate"}, Aliases: []string{"Endpoint", "DBProxyName"}, Unordered: []string{"VpcSubnetIds", "VpcSecurityGroupIds"}},
		{
			Kind:  "AWS::RDS::DBProxyTargetGroup",
			Move:  map[string]string{"ConnectionPoolConfig": "ConnectionPoolConfigurationInfo"},
			Drop:  []string{"UpdatedDate", "Targets"},
			Shape: rdsProxyTargets, ID: idAt("TargetGroupArn"), Name: nameAt("TargetGroupName"),
		},
		{Kind: "AWS::RDS::DBProxyEndpoint", ID: idAt("DBProxyEndpointArn", "DBProxyEndpointName"), Aliases: []string{"Endpoint"}, Unordered: []string{"VpcSubnetIds", "VpcSecurityGroupIds"}},
		{
			Kind: "AWS::RDS::GlobalCluster", ID: idAt("GlobalClusterArn", "GlobalClusterIdentifier"),
			Move: map[string]string{"Endpoint": "GlobalEndpoint.Address"}, Aliases: []string{"GlobalEndpoint.Address"},
		},
	}
}

func rdsInstance() Rule {
	return Rule{
		Kind: "AWS::RDS::DBInstance",
		Move: map[string]string{
			"DBSubnetGroup.DBSubnetGroupName":          "DBSubnetGroupName",
			"DBParameterGroups[].DBParameterGroupName": "DBParameterGroupName",
			"OptionGroupMemberships[].OptionGroupName": "OptionGroupName",
			"VpcSecurityGroups[].VpcSecurityGroupId":   "VPCSecurityGroups[]",
			"DBSecurityGroups[].DBSecurityGroupName":   "DBSecurityGroups[]",
			"IAMDatabaseAuthenticationEnabled":         "EnableIAMDatabaseAuthentication",
			"PerformanceInsightsEnabled":               "EnablePerformanceInsights",
			"EnabledCloudwatchLogsExports":             "EnableCloudwatchLogsExports",
			"ReadReplicaSourceDBInstanceIdentifier":    "SourceDBInstanceIdentifier",
			"ReadReplicaSourceDBClusterIdentifier":     "SourceDBClusterIdentifier",
			"DomainMemberships[].Domain":               "Domain",
			"DomainMemberships[].IAMRoleName":          "DomainIAMRoleName",
			"DomainMemberships[].FQDN":                 "DomainFqdn",
			"DomainMemberships[].OU":                   "DomainOu",
			"DomainMemberships[].AuthSecretArn":        "DomainAuthSecretArn",
			"DomainMemberships[].DnsIps[]":             "DomainDnsIps[]",
		},
		Drop: []string{
			"DBParameterGroups[].ParameterApplyStatus", "OptionGroupMemberships[].Status", "VpcSecurityGroups[].Status", "DBSecurityGroups[].Status", "DBSubnetGroup.Subnets",
			"DBSubnetGroup.SubnetGroupStatus", "DBSubnetGroup.DBSubnetGroupDescription", "DBSubnetGroup.DBSubnetGroupArn", "LatestRestorableTime", "DbInstancePort", "PercentProgress", "StorageOperationPercentProgress", "PendingModifiedValues.MasterUserPassword",
		},
		Unordered: []string{"VPCSecurityGroups", "EnableCloudwatchLogsExports"},
		Shape:     copied("Endpoint.Port", "Port"),
		Aliases:   []string{"DBInstanceIdentifier", "DBInstanceArn", "DbiResourceId", "Endpoint.Address", "ListenerEndpoint.Address"},
		Marks:     when(inventory.Deleted, "DBInstanceStatus", "deleting"),
	}
}

func rdsCluster() Rule {
	return Rule{
		Kind: "AWS::RDS::DBCluster",
		Move: map[string]string{
			"DBClusterParameterGroup":                        "DBClusterParameterGroupName",
			"DBSubnetGroup":                                  "DBSubnetGroupName",
			"VpcSecurityGroups[].VpcSecurityGroupId":         "VpcSecurityGroupIds[]",
			"Endpoint":                                       "Endpoint.Address",
			"ReaderEndpoint":                                 "ReadEndpoint.Address",
			"IAMDatabaseAuthenticationEnabled":               "EnableIAMDatabaseAuthentication",
			"HttpEndpointEnabled":                            "EnableHttpEndpoint",
			"GlobalWriteForwardingRequested":                 "EnableGlobalWriteForwarding",
			"EnabledCloudwatchLogsExports":                   "EnableCloudwatchLogsExports",
			"ScalingConfigurationInfo.AutoPause":             "ScalingConfiguration.AutoPause",
			"ScalingConfigurationInfo.MinCapacity":           "ScalingConfiguration.MinCapacity",
			"ScalingConfigurationInfo.MaxCapacity":           "ScalingConfiguration.MaxCapacity",
			"ScalingConfigurationInfo.SecondsBeforeTimeout":  "ScalingConfiguration.SecondsBeforeTimeout",
			"ScalingConfigurationInfo.SecondsUntilAutoPause": "ScalingConfiguration.SecondsUntilAutoPause",
			"ScalingConfigurationInfo.TimeoutAction":         "ScalingConfiguration.TimeoutAction",
			"DomainMemberships[].Domain":                     "Domain",
			"DomainMemberships[].IAMRoleName":                "DomainIAMRoleName",
		},
		Drop:      []string{"LatestRestorableTime", "EarliestRestorableTime", "EarliestBacktrackTime", "BacktrackConsumedChangeRecords", "PercentProgress", "VpcSecurityGroups[].Status", "PendingModifiedValues.MasterUserPassword"},
		Unordered: []string{"VpcSecurityGroupIds", "EnableCloudwatchLogsExports", "AvailabilityZones"},
		Aliases:   []string{"DBClusterIdentifier", "DBClusterArn", "DBClusterResourceId", "Endpoint.Address", "ReadEndpoint.Address"},
		Marks:     when(inventory.Deleted, "Status", "deleting"),
	}
}

func rdsParameterGroup(kind, name string) Rule {
	return Rule{
		Kind:  cloud.Kind(kind),
		Move:  map[string]string{"DBParameterGroupFamily": "Family"},
		Shape: pairs("Parameters", "ParameterName", "ParameterValue"),
		Marks: begins(inventory.Default, name, "default."),
	}
}

// rdsProxyTargets tells instances and clusters apart: the API lists both as
// targets.
func rdsProxyTargets(r *Reading) {
	for _, target := range objectsAt(r.Item, "Targets") {
		property := "DBInstanceIdentifiers"
		if textAt(target, "Type") == "TRACKED_CLUSTER" {
			property = "DBClusterIdentifiers"
		}
		list, _ := r.Properties[property].([]any)
		r.Properties[property] = append(list, textAt(target, "RdsResourceId"))
	}
}
