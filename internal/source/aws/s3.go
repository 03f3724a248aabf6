package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"example.com/landfall/internal/cloud"
)

type s3Reader interface {
	s3.ListBucketsAPIClient
	GetBucketAccelerateConfiguration(context.Context, *s3.GetBucketAccelerateConfigurationInput, ...func(*s3.Options)) (*s3.GetBucketAccelerateConfigurationOutput, error)
	GetBucketAcl(context.Context, *s3.GetBucketAclInput, ...func(*s3.Options)) (*s3.GetBucketAclOutput, error)
	GetBucketCors(context.Context, *s3.GetBucketCorsInput, ...func(*s3.Options)) (*s3.GetBucketCorsOutput, error)
	GetBucketEncryption(context.Context, *s3.GetBucketEncryptionInput, ...func(*s3.Options)) (*s3.GetBucketEncryptionOutput, error)
	GetBucketLifecycleConfiguration(context.Context, *s3.GetBucketLifecycleConfigurationInput, ...func(*s3.Options)) (*s3.GetBucketLifecycleConfigurationOutput, error)
	GetBucketLocation(context.Context, *s3.GetBucketLocationInput, ...func(*s3.Options)) (*s3.GetBucketLocationOutput, error)
	GetBucketLogging(context.Context, *s3.GetBucketLoggingInput, ...func(*s3.Options)) (*s3.GetBucketLoggingOutput, error)
	GetBucketNotificationConfiguration(context.Context, *s3.GetBucketNotificationConfigurationInput, ...func(*s3.Options)) (*s3.GetBucketNotificationConfigurationOutput, error)
	GetBucketOwnershipControls(context.Context, *s3.GetBucketOwnershipControlsInput, ...func(*s3.Options)) (*s3.GetBucketOwnershipControlsOutput, error)
	GetBucketPolicy(context.Context, *s3.GetBucketPolicyInput, ...func(*s3.Options)) (*s3.GetBucketPolicyOutput, error)
	GetBucketReplication(context.Context, *s3.GetBucketReplicationInput, ...func(*s3.Options)) (*s3.GetBucketReplicationOutput, error)
	GetBucketTagging(context.Context, *s3.GetBucketTaggingInput, ...func(*s3.Options)) (*s3.GetBucketTaggingOutput, error)
	GetBucketVersioning(context.Context, *s3.GetBucketVersioningInput, ...func(*s3.Options)) (*s3.GetBucketVersioningOutput, error)
	GetBucketWebsite(context.Context, *s3.GetBucketWebsiteInput, ...func(*s3.Options)) (*s3.GetBucketWebsiteOutput, error)
	GetObjectLockConfiguration(context.Context, *s3.GetObjectLockConfigurationInput, ...func(*s3.Options)) (*s3.GetObjectLockConfigurationOutput, error)
	GetPublicAccessBlock(context.Context, *s3.GetPublicAccessBlockInput, ...func(*s3.Options)) (*s3.GetPublicAccessBlockOutput, error)
	ListBucketAnalyticsConfigurations(context.Context, *s3.ListBucketAnalyticsConfigurationsInput, ...func(*s3.Options)) (*s3.ListBucketAnalyticsConfigurationsOutput, error)
	ListBucketIntelligentTieringConfigurations(context.Context, *s3.ListBucketIntelligentTieringConfigurationsInput, ...func(*s3.Options)) (*s3.ListBucketIntelligentTieringConfigurationsOutput, error)
	ListBucketInventoryConfigurations(context.Context, *s3.ListBucketInventoryConfigurationsInput, ...func(*s3.Options)) (*s3.ListBucketInventoryConfigurationsOutput, error)
	ListBucketMetricsConfigurations(context.Context, *s3.ListBucketMetricsConfigurationsInput, ...func(*s3.Options)) (*s3.ListBucketMetricsConfigurationsOutput, error)
}

// s3Service reads the configuration of every bucket, never an object. A
// bucket's configuration is asked for in the bucket's own region.
func s3Service() service {
	return service{name: "s3", global: true, steps: func(config sdk.Config) []*step {
		// An endpoint of one's own rarely has a name for each bucket.
		var api s3Reader = s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = config.BaseEndpoint != nil })
		const bucket = "Bucket=Name"
		return []*step{list(api.ListBuckets, "MaxBuckets:1000").items("Buckets", "AWS::S3::Bucket").at(bucketRegion).with(
			get(api.GetBucketLocation, bucket).into("", "").first(),
			get(api.GetBucketTagging, bucket).into("TagSet", "Tags").absent("NoSuchTagSet"),
			get(api.GetBucketVersioning, bucket).into("", "VersioningConfiguration"),
			get(api.GetBucketEncryption, bucket).into("ServerSideEncryptionConfiguration", "ServerSideEncryptionConfiguration").absent("ServerSideEncryptionConfigurationNotFoundError"),
			get(api.GetBucketLifecycleConfiguration, bucket).into("", "LifecycleConfiguration").absent("NoSuchLifecycleConfiguration"),
			get(api.GetBucketCors, bucket).into("CORSRules", "CORSRules").absent("NoSuchCORSConfiguration"),
			get(api.GetBucketPolicy, bucket).into("Policy", "Policy").absent("NoSuchBucketPolicy"),
			get(api.GetPublicAccessBlock, bucket).into("PublicAccessBlockConfiguration", "PublicAccessBlockConfiguration").absent("NoSuchPublicAccessBlockConfiguration"),
			get(api.GetBucketNotificationConfiguration, bucket).into("", "Notification"),
			get(api.GetBucketReplication, bucket).into("ReplicationConfiguration", "ReplicationConfiguration").absent("ReplicationConfigurationNotFoundError"),
			get(api.GetBucketLogging, bucket).into("LoggingEnabled", "LoggingEnabled"),
			get(api.GetBucketWebsite, bucket).into("", "Website").absent("NoSuchWebsiteConfiguration"),
			get(api.GetBucketOwnershipControls, bucket).into("OwnershipControls", "OwnershipControls").absent("OwnershipControlsNotFoundError"),
			get(api.GetBucketAccelerateConfiguration, bucket).into("", "Accelerate"),
			get(api.GetObjectLockConfiguration, bucket).into("ObjectLockConfiguration", "ObjectLockConfiguration").absent("ObjectLockConfigurationNotFoundError"),
			list(api.ListBucketIntelligentTieringConfigurations, bucket).into("IntelligentTieringConfigurationList", "IntelligentTieringConfigurationList"),
			list(api.ListBucketInventoryConfigurations, bucket).into("InventoryConfigurationList", "InventoryConfigurationList"),
			list(api.ListBucketAnalyticsConfigurations, bucket).into("AnalyticsConfigurationList", "AnalyticsConfigurationList"),
			list(api.ListBucketMetricsConfigurations, bucket).into("MetricsConfigurationList", "MetricsConfigurationList"),
			get(api.GetBucketAcl, bucket).into("Grants", "Grants"),
		)}
	}}
}

// bucketRegion reads a location as S3's API reference says: us-east-1 is empty
// and EU is the old name of eu-west-1.
func bucketRegion(bucket item) cloud.Region {
	switch location := bucket.text("LocationConstraint"); location {
	case "":
		return "us-east-1"
	case "EU":
		return "eu-west-1"
	default:
		return cloud.Region(location)
	}
}
