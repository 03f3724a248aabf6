package kinds

func applicationAutoScalingRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::ApplicationAutoScaling::ScalableTarget", Drop: []string{"PredictedCapacity"},
			// Targets of before 2023 have no ARN, and a template cannot tell it.
			ID: idOf("ResourceId", "ScalableDimension", "ServiceNamespace"), Name: nameAt("ResourceId"), Shape: applicationTargetID, Unordered: []string{"ScheduledActions"},
		},
		{Kind: "AWS::ApplicationAutoScaling::ScalingPolicy", Move: map[string]string{"PolicyARN": "Arn"}, Drop: []string{"Alarms"}, ID: idAt("Arn"), Name: nameAt("PolicyName")},
	}
}

func applicationTargetID(r *Reading) {
	if r.said("ResourceId") != "" {
		r.Properties["Id"] = r.said("ResourceId") + "|" + r.said("ScalableDimension") + "|" + r.said("ServiceNamespace")
	}
}
