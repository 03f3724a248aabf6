package kinds

import "example.com/landfall/internal/inventory"

func dynamodbRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::DynamoDB::Table",
			Move: map[string]string{
				"TableArn": "Arn", "LatestStreamArn": "StreamArn",
				"BillingModeSummary.BillingMode": "BillingMode", "TableClassSummary.TableClass": "TableClass",
				"SSEDescription.SSEType": "SSESpecification.SSEType", "SSEDescription.KMSMasterKeyArn": "SSESpecification.KMSMasterKeyId",
				"ContinuousBackupsDescription.PointInTimeRecoveryDescription.RecoveryPeriodInDays": "PointInTimeRecoverySpecification.RecoveryPeriodInDays",
				"TimeToLiveDescription.AttributeName":                                              "TimeToLiveSpecification.AttributeName",
			},
			Drop: []string{
				"LatestStreamLabel", "ProvisionedThroughput.LastIncreaseDateTime",
				"ProvisionedThroughput.LastDecreaseDateTime", "ProvisionedThroughput.NumberOfDecreasesToday", "WarmThroughput", "StreamSpecification.StreamEnabled",
				"GlobalSecondaryIndexes[].IndexStatus", "GlobalSecondaryIndexes[].Backfilling", "GlobalSecondaryIndexes[].WarmThroughput",
				"GlobalSecondaryIndexes[].ProvisionedThroughput.LastIncreaseDateTime", "GlobalSecondaryIndexes[].ProvisionedThroughput.LastDecreaseDateTime",
				"GlobalSecondaryIndexes[].ProvisionedThroughput.NumberOfDecreasesToday", "KinesisDataStreamDestinations",
			},
			Unordered: []string{"AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes"},
			Shape:     shapes(dynamodbSwitches, dynamodbBilling, without("ContinuousBackupsDescription", "TimeToLiveDescription", "SSEDescription")), ID: idAt("Arn", "TableName"), Name: nameAt("TableName"),
			Aliases: []string{"TableName", "Arn", "StreamArn"},
			Marks:   when(inventory.Deleted, "TableStatus", "DELETING", "ARCHIVING", "ARCHIVED"),
		},
	}
}

// dynamodbSwitches: the API tells a state where CloudFormation has a switch.
func dynamodbSwitches(r *Reading) {
	set := func(property, name, state string) {
		if state != "ENABLED" && state != "ENABLING" {
			return
		}
		object, ok := r.Properties[property].(map[string]any)
		if !ok {
			object = map[string]any{}
			r.Properties[property] = object
		}
		object[name] = true
	}
	set("TimeToLiveSpecification", "Enabled", textAt(r.Item, "TimeToLiveDescription.TimeToLiveStatus"))
	set("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled", textAt(r.Item, "ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus"))
	set("SSESpecification", "SSEEnabled", textAt(r.Item, "SSEDescription.Status"))
	if streams := objectsAt(r.Item, "KinesisDataStreamDestinations"); len(streams) > 0 {
		r.Properties["KinesisStreamSpecification"] = picked(streams[0], "StreamArn", "ApproximateCreationDateTimePrecision")
	}
}

// dynamodbBilling: a table on demand is described with a throughput of zero,
// and one that is not has no billing mode in its description.
func dynamodbBilling(r *Reading) {
	read, described := numberAt(r.Item, "ProvisionedThroughput.ReadCapacityUnits")
	mode := r.said("BillingMode")
	switch {
	case mode == "PAY_PER_REQUEST":
		delete(r.Properties, "ProvisionedThroughput")
		for _, index := range objectsAt(r.Properties, "GlobalSecondaryIndexes") {
			delete(index, "ProvisionedThroughput")
		}
	case mode == "" && described && read > 0:
		r.Properties["BillingMode"] = "PROVISIONED"
	}
}
