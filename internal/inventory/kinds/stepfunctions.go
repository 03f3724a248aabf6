package kinds

import "example.com/landfall/internal/inventory"

func stepFunctionsRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::StepFunctions::StateMachine",
			Move: map[string]string{"StateMachineArn": "Arn", "Name": "StateMachineName", "Type": "StateMachineType", "Definition": "DefinitionString"},
			Drop: []string{"RevisionId", "VariableReferences", "MapIterationReferences"}, Shape: stepDefinition, ID: idAt("Arn", "StateMachineName"), Name: nameAt("StateMachineName", "Name"),
			Aliases: []string{"StateMachineName"}, Marks: when(inventory.Deleted, "Status", "DELETING"),
		},
		{Kind: "AWS::StepFunctions::Activity", Move: map[string]string{"ActivityArn": "Arn"}, ID: idAt("Arn", "Name"), Name: nameAt("Name")},
	}
}

// stepDefinition: a template may hold the machine as an object; the API hands
// it out as text. The text is canonical.
func stepDefinition(r *Reading) {
	if object, ok := r.Properties["DefinitionString"].(map[string]any); ok {
		delete(r.Properties, "DefinitionString")
		r.Properties["Definition"] = object
	}
}
