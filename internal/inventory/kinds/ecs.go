package kinds

import (
	"strconv"

	"example.com/landfall/internal/inventory"
)

func ecsRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::ECS::Cluster", Move: map[string]string{"ClusterArn": "Arn", "Settings": "ClusterSettings"},
			Drop: []string{"RegisteredContainerInstancesCount", "RunningTasksCount", "PendingTasksCount", "ActiveServicesCount", "Statistics", "AttachmentsStatus"},
			ID:   idAt("Arn", "ClusterName"), Name: nameAt("ClusterName"), Aliases: []string{"ClusterName"}, Marks: when(inventory.Deleted, "Status", "INACTIVE", "DEPROVISIONING"),
		},
		{
			Kind: "AWS::ECS::Service", Move: map[string]string{"ClusterArn": "Cluster", "PlacementStrategy": "PlacementStrategies", "RoleArn": "Role"},
			// How many run, and how a rollout goes, is measured and not kept.
			Drop:      []string{"RunningCount", "PendingCount", "Events", "TaskSets", "CurrentServiceRevisions", "CurrentServiceDeployment"},
			Unordered: []string{"NetworkConfiguration.AwsvpcConfiguration.Subnets", "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups"},
			Shape:     shapes(ecsDeployment, without("Deployments")), ID: idAt("ServiceArn"), Name: nameAt("ServiceName"), Aliases: []string{"ServiceArn"},
			Marks: when(inventory.Deleted, "Status", "INACTIVE", "DRAINING"),
		},
		{
			Kind: "AWS::ECS::TaskDefinition", Move: map[string]string{"ProxyConfiguration.Properties": "ProxyConfiguration.ProxyConfigurationProperties"},
			Drop: []string{"RequiresAttributes", "RegisteredBy"}, Shape: ecsTask, ID: idAt("TaskDefinitionArn"), Aliases: []string{"TaskDefinitionArn", "FamilyRevision"},
			Name: func(r *Reading) string { return after(r.said("TaskDefinitionArn", "Family"), "/") },
		},
		{
			Kind: "AWS::ECS::CapacityProvider", Move: map[string]string{"Cluster": "ClusterName"}, ID: idAt("CapacityProviderArn", "Name"), Name: nameAt("Name"),
			Marks: marks(when(inventory.Default, "Name", "FARGATE", "FARGATE_SPOT"), when(inventory.Deleted, "Status", "INACTIVE", "DEPROVISIONING")),
		},
	}
}

// ecsDeployment takes from the deployment that is in force what the service
// itself does not answer.
func ecsDeployment(r *Reading) {
	for _, d := range objectsAt(r.Item, "Deployments") {
		if textAt(d, "Status") == "PRIMARY" {
			fill(r.Properties, "ServiceConnectConfiguration", within(d, "ServiceConnectConfiguration"))
			fill(r.Properties, "VolumeConfigurations", within(d, "VolumeConfigurations"))
		}
	}
}

// ecsTask tells the name by which services call a task definition.
func ecsTask(r *Reading) {
	if revision, ok := numberAt(r.Item, "Revision"); ok {
		r.Attributes["FamilyRevision"] = r.said("Family") + ":" + strconv.FormatFloat(revision, 'f', -1, 64)
	}
}
