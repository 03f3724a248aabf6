package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
)

type glueReader interface {
	glue.GetConnectionsAPIClient
	glue.GetCrawlersAPIClient
	glue.GetDatabasesAPIClient
	glue.GetJobsAPIClient
	glue.GetTablesAPIClient
	glue.GetTriggersAPIClient
	glue.ListWorkflowsAPIClient
	GetWorkflow(context.Context, *glue.GetWorkflowInput, ...func(*glue.Options)) (*glue.GetWorkflowOutput, error)
}

// glueService reads the data catalog and the jobs. Partitions are data and are
// not read.
func glueService() service {
	return service{name: "glue", steps: func(config sdk.Config) []*step {
		var api glueReader = glue.NewFromConfig(config)
		return []*step{
			list(api.GetDatabases).items("DatabaseList", "AWS::Glue::Database").with(
				list(api.GetTables, "DatabaseName=Name").items("TableList", "AWS::Glue::Table"),
			),
			list(api.GetJobs).items("Jobs", "AWS::Glue::Job"),
			list(api.GetCrawlers).items("Crawlers", "AWS::Glue::Crawler"),
			list(api.GetConnections, "HidePassword:true").items("ConnectionList", "AWS::Glue::Connection"),
			list(api.GetTriggers).items("Triggers", "AWS::Glue::Trigger"),
			list(api.ListWorkflows).items("Workflows", "AWS::Glue::Workflow").as("Name").with(
				get(api.GetWorkflow, "Name", "IncludeGraph:false").into("Workflow", ""),
			),
		}
	}}
}
