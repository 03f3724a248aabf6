package kinds

import "example.com/landfall/internal/inventory"

func ssmRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::SSM::Parameter", Drop: []string{"LastModifiedUser", "ARN"}, ID: idAt("Arn", "Name"), Name: nameAt("Name"), Aliases: []string{"Name"},
			Attribute: []string{"Policies"}, Marks: begins(inventory.Default, "Name", "/aws/service/"),
		},
		{
			// AWS Config's name of what the agent on a machine reports.
			Kind: "AWS::SSM::ManagedInstanceInventory", Drop: []string{"LastPingDateTime", "LastAssociationExecutionDate", "LastSuccessfulAssociationExecutionDate", "AssociationOverview", "CaptureTime"},
			ID: idAt("InstanceId", "Id"), Name: nameAt("ComputerName", "Name", "InstanceId"),
		},
		{Kind: "AWS::SSM::Document", ID: idAt("Name"), Name: nameAt("Name")},
	}
}
