package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
)

// config switches on AWS Config for all kinds, as the platform team would.
func (s *scope) config() {
	named(s, Resource{Kind: "AWS::Config::ConfigurationRecorder", Name: "default", Untagged: true}, s.clients.config.PutConfigurationRecorder, &configservice.PutConfigurationRecorderInput{
		ConfigurationRecorder: &types.ConfigurationRecorder{Name: aws.String("default"),
			RoleARN:        aws.String(s.iamARN("role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig")),
			RecordingGroup: &types.RecordingGroup{AllSupported: true, IncludeGlobalResourceTypes: true}},
	})
	named(s, Resource{Kind: "AWS::Config::DeliveryChannel", Name: "default", Untagged: true}, s.clients.config.PutDeliveryChannel, &configservice.PutDeliveryChannelInput{
		DeliveryChannel: &types.DeliveryChannel{Name: aws.String("default"), S3BucketName: aws.String(s.bucket("bookshop-trail")),
			ConfigSnapshotDeliveryProperties: &types.ConfigSnapshotDeliveryProperties{DeliveryFrequency: types.MaximumExecutionFrequencyTwentyFourHours}},
	})
	do(s, s.clients.config.StartConfigurationRecorder, &configservice.StartConfigurationRecorderInput{ConfigurationRecorderName: aws.String("default")})
}
