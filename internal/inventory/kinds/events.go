package kinds

import "example.com/landfall/internal/inventory"

// eventsRules are those of EventBridge, its scheduler and its pipes.
func eventsRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::Events::Rule", Drop: []string{"CreatedBy"}, Shape: shapes(parsed("EventPattern"), eventsRule), ID: idAt("Arn", "Name"), Name: nameAt("Name"),
			Unordered: []string{"Targets"}, Marks: marks(eventsManaged, when(inventory.Deleted, "State", "DELETING")), Aliases: []string{"Name"},
		},
		{
			Kind: "AWS::Events::EventBus", Drop: []string{"CreationTime", "LastModifiedTime"}, Shape: parsed("Policy"), ID: idAt("Arn", "Name"), Name: nameAt("Name"),
			Marks: when(inventory.Default, "Name", "default"),
		},
		{
			Kind: "AWS::Events::Archive", Move: map[string]string{"ArchiveArn": "Arn", "EventSourceArn": "SourceArn"}, Shape: parsed("EventPattern"),
			ID: idAt("Arn", "ArchiveName"), Name: nameAt("ArchiveName"),
		},
		{Kind: "AWS::Events::Connection", Move: map[string]string{"ConnectionArn": "Arn"}, Drop: []string{"LastAuthorizedTime", "LastModifiedTime"}, ID: idAt("Arn", "Name"), Name: nameAt("Name")},
		{Kind: "AWS::Events::ApiDestination", Move: map[string]string{"ApiDestinationArn": "Arn"}, ID: idAt("Arn", "Name"), Name: nameAt("Name"), Aliases: []string{"InvocationEndpoint"}},
		{Kind: "AWS::Scheduler::Schedule", Drop: []string{"LastModificationDate"}, ID: idAt("Arn", "Name"), Name: nameAt("Name")},
		{Kind: "AWS::Scheduler::ScheduleGroup", ID: idAt("Arn", "Name"), Name: nameAt("Name"), Marks: when(inventory.Default, "Name", "default")},
		{Kind: "AWS::Pipes::Pipe", ID: idAt("Arn", "Name"), Name: nameAt("Name"), Marks: when(inventory.Deleted, "CurrentState", "DELETING")},
	}
}

// eventsManaged: a rule that a service made has its name under ManagedBy.
func eventsManaged(r *Reading) []inventory.Mark {
	if r.said("ManagedBy") != "" {
		return []inventory.Mark{inventory.ServiceLinked}
	}
	return nil
}

// eventsRule: a rule on the account's own bus need not say so in a template.
func eventsRule(r *Reading) {
	if r.said("EventBusName") == "" && r.said("Arn") != "" {
		r.Properties["EventBusName"] = "default"
	}
}
