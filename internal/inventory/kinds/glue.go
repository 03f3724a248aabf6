package kinds

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// glueRules are those of the data catalog and of jobs. CloudFormation has what
// describes a thing of the catalog in an object "<Thing>Input", the API in the
// thing itself.
func glueRules() []Rule {
	job := func(kind cloud.Kind) Rule {
		return Rule{
			Kind: kind, Name: nameAt("Name"), ID: idAt("Name"),
			Drop: []string{"LastModifiedOn", "LastUpdated", "CrawlElapsedTime", "LastCrawl", "Version", "LastRun", "State", "Schedule.State", "CodeGenConfigurationNodes"},
		}
	}
	crawler := job("AWS::Glue::Crawler")
	crawler.Move = map[string]string{"Schedule": "Schedule.ScheduleExpression"}
	return []Rule{
		{
			Kind: "AWS::Glue::Database", Drop: []string{"UpdateTime"}, ID: idAt("DatabaseName", "DatabaseInput.Name", "Name"),
			Shape: gathered("DatabaseInput", "Name", "Description", "LocationUri", "Parameters", "CreateTableDefaultPermissions", "TargetDatabase", "FederatedDatabase"),
			Name:  nameAt("DatabaseInput.Name", "DatabaseName", "Name"), Marks: when(inventory.Default, "DatabaseInput.Name", "default"),
		},
		{
			Kind: "AWS::Glue::Table", Drop: []string{"UpdateTime", "LastAccessTime", "LastAnalyzedTime", "VersionId"},
			Shape: gathered("TableInput", "Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType", "Parameters", "TargetTable", "ViewDefinition"),
			Name:  func(r *Reading) string { return r.said("DatabaseName") + "." + r.said("TableInput.Name", "Name") },
			ID:    idOf("DatabaseName", "TableInput.Name"),
		},
		{
			Kind: "AWS::Glue::Connection", Drop: []string{"LastUpdatedTime", "LastUpdatedBy", "LastConnectionValidationTime", "StatusReason"},
			Shape: gathered("ConnectionInput", "Name", "Description", "ConnectionType", "MatchCriteria", "ConnectionProperties", "PhysicalConnectionRequirements", "SparkProperties", "AthenaProperties", "PythonProperties"),
			Name:  nameAt("ConnectionInput.Name", "Name"), ID: idAt("ConnectionInput.Name", "Name"),
		},
		job("AWS::Glue::Job"), crawler, job("AWS::Glue::Trigger"), job("AWS::Glue::Workflow"),
	}
}

// gathered puts members of an answer into one object of the properties.
func gathered(property string, names ...string) func(*Reading) {
	return func(r *Reading) {
		if r.Properties[property] != nil {
			return
		}
		fill(r.Properties, property, picked(r.Item, names...))
		without(names...)(r)
	}
}
