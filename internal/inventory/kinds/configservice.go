package kinds

import "example.com/landfall/internal/inventory"

// configServiceRules are those of AWS Config itself. Config's own words for a
// rule that it is removing are DELETING and DELETING_RESULTS.
func configServiceRules() []Rule {
	return []Rule{
		{Kind: "AWS::Config::ConfigurationRecorder", ID: idAt("Name"), Name: nameAt("Name"), Move: map[string]string{"Arn": "ResourceARN"}},
		{Kind: "AWS::Config::DeliveryChannel", ID: idAt("Name"), Name: nameAt("Name")},
		{
			Kind: "AWS::Config::ConfigRule", Move: map[string]string{"ConfigRuleArn": "Arn"}, ID: idAt("Arn", "ConfigRuleName"), Name: nameAt("ConfigRuleName"),
			Marks: marks(when(inventory.Deleted, "ConfigRuleState", "DELETING", "DELETING_RESULTS"), configServiceLinked),
		},
		{Kind: "AWS::Config::ConfigurationAggregator", ID: idAt("ConfigurationAggregatorArn"), Name: nameAt("ConfigurationAggregatorName"), Drop: []string{"LastUpdatedTime"}},
		{Kind: "AWS::Config::ConformancePack", ID: idAt("ConformancePackArn"), Name: nameAt("ConformancePackName")},
	}
}

// configServiceLinked: a service that made a rule is named as its maker.
func configServiceLinked(r *Reading) []inventory.Mark {
	if r.said("CreatedBy") != "" {
		return []inventory.Mark{inventory.ServiceLinked}
	}
	return nil
}
