package kinds

import "example.com/landfall/internal/cloud"

// cloudwatchRules are those of alarms and dashboards. The state of an alarm is
// a measurement and not part of what exists.
func cloudwatchRules() []Rule {
	states := []string{
		"AlarmConfigurationUpdatedTimestamp", "StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp", "StateTransitionedTimestamp", "EvaluationState",
		"ActionsSuppressedBy", "ActionsSuppressedReason",
	}
	alarm := func(kind cloud.Kind) Rule {
		return Rule{
			Kind: kind, Move: map[string]string{"AlarmArn": "Arn"}, Drop: states, Unordered: []string{"AlarmActions", "OKActions", "InsufficientDataActions", "Dimensions"},
			ID: idAt("Arn", "AlarmName"), Name: nameAt("AlarmName"), Aliases: []string{"AlarmName"},
		}
	}
	return []Rule{
		alarm("AWS::CloudWatch::Alarm"), alarm("AWS::CloudWatch::CompositeAlarm"),
		{Kind: "AWS::CloudWatch::Dashboard", Drop: []string{"DashboardArn", "LastModified", "Size"}, ID: idAt("DashboardArn", "DashboardName"), Name: nameAt("DashboardName")},
		{Kind: "AWS::CloudWatch::MetricStream", Drop: []string{"LastUpdateDate"}, ID: idAt("Arn", "Name"), Name: nameAt("Name")},
	}
}
