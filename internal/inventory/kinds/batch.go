package kinds

import "example.com/landfall/internal/inventory"

func batchRules() []Rule {
	gone := when(inventory.Deleted, "Status", "DELETING", "DELETED", "INACTIVE")
	return []Rule{
		{
			Kind: "AWS::Batch::ComputeEnvironment", Drop: []string{"StatusReason"}, ID: idAt("ComputeEnvironmentArn", "ComputeEnvironmentName"), Name: nameAt("ComputeEnvironmentName"),
			Unordered: []string{"ComputeResources.Subnets", "ComputeResources.SecurityGroupIds"}, Marks: gone,
		},
		{Kind: "AWS::Batch::JobQueue", Drop: []string{"StatusReason"}, ID: idAt("JobQueueArn", "JobQueueName"), Name: nameAt("JobQueueName"), Marks: gone},
		{Kind: "AWS::Batch::JobDefinition", ID: idAt("JobDefinitionArn"), Name: nameAt("JobDefinitionName"), Marks: gone},
		{Kind: "AWS::Batch::SchedulingPolicy", ID: idAt("Arn"), Name: nameAt("Name")},
	}
}
