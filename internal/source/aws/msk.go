package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kafka"
)

type mskReader interface {
	kafka.ListClustersV2APIClient
	kafka.ListConfigurationsAPIClient
	GetBootstrapBrokers(context.Context, *kafka.GetBootstrapBrokersInput, ...func(*kafka.Options)) (*kafka.GetBootstrapBrokersOutput, error)
}

func mskService() service {
	return service{name: "kafka", steps: func(config sdk.Config) []*step {
		var api mskReader = kafka.NewFromConfig(config)
		clusters := func(sort string) *step {
			return list(api.ListClustersV2, "ClusterTypeFilter:"+sort)
		}
		brokers := func() *step {
			return get(api.GetBootstrapBrokers, "ClusterArn").into("", "BootstrapBrokers").given(running)
		}
		return []*step{
			clusters("PROVISIONED").items("ClusterInfoList", "AWS::MSK::Cluster").with(brokers()),
			clusters("SERVERLESS").items("ClusterInfoList", "AWS::MSK::ServerlessCluster").with(brokers()),
			list(api.ListConfigurations).items("Configurations", "AWS::MSK::Configuration"),
		}
	}}
}

// running clusters have brokers; one that is made or taken away refuses.
func running(cluster item) bool { return cluster.text("State") == "ACTIVE" }
