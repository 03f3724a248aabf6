package kinds

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

const logGroup cloud.Kind = "AWS::Logs::LogGroup"

func logsRules() []Rule {
	ofGroup := func(sort string) func(*Reading) string {
		return func(r *Reading) string {
			return ownerARN(logGroup, r, "LogGroupName") + "|" + sort + "|" + r.said("FilterName")
		}
	}
	return []Rule{
		{
			Kind: logGroup, Drop: []string{"MetricFilterCount"}, Shape: logsGroup, ID: logsGroupID, Name: nameAt("LogGroupName"), Aliases: []string{"LogGroupName", "Arn"},
		},
		{Kind: "AWS::Logs::MetricFilter", Shape: logsDimensions, ID: ofGroup("metric-filter"), Name: nameAt("FilterName")},
		{Kind: "AWS::Logs::SubscriptionFilter", Drop: []string{"CreationTime"}, ID: ofGroup("subscription-filter"), Name: nameAt("FilterName")},
		{Kind: "AWS::Logs::ResourcePolicy", Drop: []string{"LastUpdatedTime", "RevisionId"}, Name: nameAt("PolicyName"), ID: idAt("PolicyName")},
	}
}

// logsGroup: the ARN of the API's answer ends in ":*", which stands for the
// streams of the group; CloudFormation's does too.
func logsGroup(r *Reading) {
	without("LogGroupArn")(r)
	if arn := textAt(r.Properties, "Arn"); arn != "" && !strings.HasSuffix(arn, ":*") {
		r.Properties["Arn"] = arn + ":*"
	}
}

func logsGroupID(r *Reading) string {
	if arn := strings.TrimSuffix(r.said("Arn", "LogGroupArn"), ":*"); arn != "" {
		return arn
	}
	return r.said("LogGroupName")
}

// logsDimensions: a map in the API, a list in CloudFormation.
func logsDimensions(r *Reading) {
	for _, t := range objectsAt(r.Properties, "MetricTransformations") {
		listed(t, "Dimensions", "Key", "Value")
	}
}
