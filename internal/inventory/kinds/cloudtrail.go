package kinds

func cloudtrailRules() []Rule {
	return []Rule{{
		Kind: "AWS::CloudTrail::Trail", Move: map[string]string{"Name": "TrailName", "TrailARN": "Arn", "LogFileValidationEnabled": "EnableLogFileValidation"},
		Shape: without("HasCustomEventSelectors", "HasInsightSelectors"),
		// An answer has the topic's name beside its ARN only for old clients.
		Unordered: []string{"EventSelectors", "InsightSelectors"}, ID: idAt("Arn", "TrailName"), Name: nameAt("TrailName"), Aliases: []string{"TrailName"},
	}}
}
