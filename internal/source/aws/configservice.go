package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
)

type configReader interface {
	configservice.DescribeConfigRulesAPIClient
	configservice.DescribeConfigurationAggregatorsAPIClient
	configservice.DescribeConformancePacksAPIClient
	configservice.ListTagsForResourceAPIClient
	DescribeConfigurationRecorders(context.Context, *configservice.DescribeConfigurationRecordersInput, ...func(*configservice.Options)) (*configservice.DescribeConfigurationRecordersOutput, error)
	DescribeDeliveryChannels(context.Context, *configservice.DescribeDeliveryChannelsInput, ...func(*configservice.Options)) (*configservice.DescribeDeliveryChannelsOutput, error)
}

// configService reads how AWS Config is set up; what it knows is read
// elsewhere.
func configService() service {
	return service{name: "config", steps: func(config sdk.Config) []*step {
		var api configReader = configservice.NewFromConfig(config)
		tags := func(arn string) *step { return list(api.ListTagsForResource, "ResourceArn="+arn).into("Tags", "Tags") }
		return []*step{
			get(api.DescribeConfigurationRecorders).items("ConfigurationRecorders", "AWS::Config::ConfigurationRecorder"),
			get(api.DescribeDeliveryChannels).items("DeliveryChannels", "AWS::Config::DeliveryChannel"),
			list(api.DescribeConfigRules).items("ConfigRules", "AWS::Config::ConfigRule").with(tags("ConfigRuleArn")),
			list(api.DescribeConfigurationAggregators).items("ConfigurationAggregators", "AWS::Config::ConfigurationAggregator"),
			list(api.DescribeConformancePacks).items("ConformancePackDetails", "AWS::Config::ConformancePack"),
		}
	}}
}
