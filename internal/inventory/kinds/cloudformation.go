package kinds

import "example.com/landfall/internal/inventory"

func cloudformationRules() []Rule {
	return []Rule{{
		Kind: "AWS::CloudFormation::Stack",
		// What the last change of a stack did is its history.
		Drop:  []string{"ChangeSetId", "DriftInformation", "LastOperations", "StackStatusReason", "DetailedStatus", "TemplateBody", "LastCheckTimestamp"},
		Shape: pairs("Parameters", "ParameterKey", "ParameterValue"), ID: idAt("StackId"), Name: nameAt("StackName"), Aliases: []string{"StackName"},
		Marks: when(inventory.Deleted, "StackStatus", "DELETE_COMPLETE", "DELETE_IN_PROGRESS", "REVIEW_IN_PROGRESS"),
	}}
}
