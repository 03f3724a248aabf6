package seed_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"

	"example.com/landfall/internal/cloud"
)

// lookup asks a service for one resource by its id and gives the tags.
type lookup func(ctx context.Context, id string) (cloud.Tags, error)

// tagged makes one call and reads the tags out of the answer.
func tagged[I, O, P, T any](call func(context.Context, *I, ...func(*P)) (*O, error), in func(id string) *I, list func(*O) []T, one func(T) (key, value *string)) lookup {
	return func(ctx context.Context, id string) (cloud.Tags, error) {
		out, err := call(ctx, in(id))
		if err != nil {
			return nil, err
		}
		tags := cloud.Tags{}
		for _, tag := range list(out) {
			k, v := one(tag)
			tags[aws.ToString(k)] = aws.ToString(v)
		}
		return tags, nil
	}
}

// mapped is tagged for answers that hold a map.
func mapped[I, O, P any](call func(context.Context, *I, ...func(*P)) (*O, error), in func(id string) *I, tags func(*O) map[string]string) lookup {
	return func(ctx context.Context, id string) (cloud.Tags, error) {
		out, err := call(ctx, in(id))
		if err != nil {
			return nil, err
		}
		return tags(out), nil
	}
}

func arn(service, resource string) *string {
	return aws.String("arn:aws:" + service + ":us-east-1:123456789012:" + resource)
}

// lookups has one entry for each kind outside EC2 that carries tags.
func lookups(cfg aws.Config) map[cloud.Kind]lookup {
	m := map[cloud.Kind]lookup{}
	dataLookups(cfg, m)
	identityLookups(cfg, m)
	edgeLookups(cfg, m)
	watchLookups(cfg, m)
	return m
}

func dataLookups(cfg aws.Config, m map[cloud.Kind]lookup) {
	db, cache := rds.NewFromConfig(cfg), elasticache.NewFromConfig(cfg)
	for kind, name := range map[cloud.Kind]string{"AWS::RDS::DBInstance": "db", "AWS::RDS::DBSubnetGroup": "subgrp", "AWS::RDS::DBParameterGroup": "pg", "AWS::RDS::OptionGroup": "og", "AWS::RDS::DBSnapshot": "snapshot"} {
		m[kind] = tagged(db.ListTagsForResource, func(id string) *rds.ListTagsForResourceInput {
			return &rds.ListTagsForResourceInput{ResourceName: arn("rds", name+":"+id)}
		}, func(o *rds.ListTagsForResourceOutput) []rdsTag { return o.TagList }, func(t rdsTag) (*string, *string) { return t.Key, t.Value })
	}
	for kind, name := range map[cloud.Kind]string{"AWS::ElastiCache::ReplicationGroup": "replicationgroup", "AWS::ElastiCache::SubnetGroup": "subnetgroup"} {
		m[kind] = tagged(cache.ListTagsForResource, func(id string) *elasticache.ListTagsForResourceInput {
			return &elasticache.ListTagsForResourceInput{ResourceName: arn("elasticache", name+":"+id)}
		}, func(o *elasticache.ListTagsForResourceOutput) []cacheTag { return o.TagList }, func(t cacheTag) (*string, *string) { return t.Key, t.Value })
	}
	m["AWS::S3::Bucket"] = tagged(pathStyle(cfg).GetBucketTagging, func(id string) *s3.GetBucketTaggingInput { return &s3.GetBucketTaggingInput{Bucket: &id} },
		func(o *s3.GetBucketTaggingOutput) []s3Tag { return o.TagSet }, func(t s3Tag) (*string, *string) { return t.Key, t.Value })
	m["AWS::DynamoDB::Table"] = tagged(dynamodb.NewFromConfig(cfg).ListTagsOfResource, func(id string) *dynamodb.ListTagsOfResourceInput {
		return &dynamodb.ListTagsOfResourceInput{ResourceArn: arn("dynamodb", "table/"+id)}
	}, func(o *dynamodb.ListTagsOfResourceOutput) []tableTag { return o.Tags }, func(t tableTag) (*string, *string) { return t.Key, t.Value })
	m["AWS::SQS::Queue"] = mapped(sqs.NewFromConfig(cfg).ListQueueTags, func(id string) *sqs.ListQueueTagsInput { return &sqs.ListQueueTagsInput{QueueUrl: &id} }, func(o *sqs.ListQueueTagsOutput) map[string]string { return o.Tags })
	m["AWS::SNS::Topic"] = tagged(sns.NewFromConfig(cfg).ListTagsForResource, func(id string) *sns.ListTagsForResourceInput {
		return &sns.ListTagsForResourceInput{ResourceArn: &id}
	}, func(o *sns.ListTagsForResourceOutput) []topicTag { return o.Tags }, func(t topicTag) (*string, *string) { return t.Key, t.Value })
	m["AWS::Lambda::Function"] = mapped(lambda.NewFromConfig(cfg).GetFunction, func(id string) *lambda.GetFunctionInput { return &lambda.GetFunctionInput{FunctionName: &id} },
		func(o *lambda.GetFunctionOutput) map[string]string { return o.Tags })
	m["AWS::Events::Rule"] = tagged(eventbridge.NewFromConfig(cfg).ListTagsForResource, func(id string) *eventbridge.ListTagsForResourceInput {
		return &eventbridge.ListTagsForResourceInput{ResourceARN: arn("events", "rule/"+id)}
	}, func(o *eventbridge.ListTagsForResourceOutput) []ruleTag { return o.Tags }, func(t ruleTag) (*string, *string) { return t.Key, t.Value })
	m["AWS::ECR::Repository"] = tagged(ecr.NewFromConfig(cfg).ListTagsForResource, func(id string) *ecr.ListTagsForResourceInput {
		return &ecr.ListTagsForResourceInput{ResourceArn: arn("ecr", "repository/"+id)}
	}, func(o *ecr.ListTagsForResourceOutput) []imageTag { return o.Tags }, func(t imageTag) (*string, *string) { return t.Key, t.Value })
	vault := backup.NewFromConfig(cfg, func(o *backup.Options) { o.HTTPClient = slashed{o.HTTPClient} })
	for kind, name := range map[cloud.Kind]string{"AWS::Backup::BackupVault": "backup-vault:", "AWS::Backup::BackupPlan": "backup-plan:"} {
		m[kind] = mapped(vault.ListTags, func(id string) *backup.ListTagsInput {
			return &backup.ListTagsInput{ResourceArn: arn("backup", name+id)}
		}, func(o *backup.ListTagsOutput) map[string]string { return o.Tags })
	}
}

// slashed ends paths with a slash: moto finds the tags of Backup only so, and
// this SDK sends none.
type slashed struct{ to backup.HTTPClient }

func (s slashed) Do(r *http.Request) (*http.Response, error) {
	r.URL.RawPath = r.URL.EscapedPath() + "/"
	r.URL.Path += "/"
	return s.to.Do(r)
}

func identityLookups(cfg aws.Config, m map[cloud.Kind]lookup) {
	c := iam.NewFromConfig(cfg)
	pair := func(t iamTag) (*string, *string) { return t.Key, t.Value }
	m["AWS::IAM::Role"] = tagged(c.ListRoleTags, func(id string) *iam.ListRoleTagsInput { return &iam.ListRoleTagsInput{RoleName: &id} }, func(o *iam.ListRoleTagsOutput) []iamTag { return o.Tags }, pair)
	m["AWS::IAM::User"] = tagged(c.ListUserTags, func(id string) *iam.ListUserTagsInput { return &iam.ListUserTagsInput{UserName: &id} }, func(o *iam.ListUserTagsOutput) []iamTag { return o.Tags }, pair)
	m["AWS::IAM::ManagedPolicy"] = tagged(c.ListPolicyTags, func(id string) *iam.ListPolicyTagsInput { return &iam.ListPolicyTagsInput{PolicyArn: &id} }, func(o *iam.ListPolicyTagsOutput) []iamTag { return o.Tags }, pair)
	m["AWS::IAM::InstanceProfile"] = tagged(c.GetInstanceProfile, func(id string) *iam.GetInstanceProfileInput {
		return &iam.GetInstanceProfileInput{InstanceProfileName: &id}
	}, func(o *iam.GetInstanceProfileOutput) []iamTag { return o.InstanceProfile.Tags }, pair)
	m["AWS::KMS::Key"] = tagged(kms.NewFromConfig(cfg).ListResourceTags, func(id string) *kms.ListResourceTagsInput { return &kms.ListResourceTagsInput{KeyId: &id} },
		func(o *kms.ListResourceTagsOutput) []keyTag { return o.Tags }, func(t keyTag) (*string, *string) { return t.TagKey, t.TagValue })
	m["AWS::SecretsManager::Secret"] = tagged(secretsmanager.NewFromConfig(cfg).DescribeSecret, func(id string) *secretsmanager.DescribeSecretInput {
		return &secretsmanager.DescribeSecretInput{SecretId: &id}
	}, func(o *secretsmanager.DescribeSecretOutput) []secretTag { return o.Tags }, func(t secretTag) (*string, *string) { return t.Key, t.Value })
	m["AWS::SSM::Parameter"] = tagged(ssm.NewFromConfig(cfg).ListTagsForResource, func(id string) *ssm.ListTagsForResourceInput {
		return &ssm.ListTagsForResourceInput{ResourceType: ssmtypes.ResourceTypeForTaggingParameter, ResourceId: &id}
	}, func(o *ssm.ListTagsForResourceOutput) []ssmtypes.Tag { return o.TagList }, func(t ssmtypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func edgeLookups(cfg aws.Config, m map[cloud.Kind]lookup) {
	lb := elb.NewFromConfig(cfg)
	for _, kind := range []cloud.Kind{"LoadBalancer", "TargetGroup", "Listener", "ListenerRule"} {
		m["AWS::ElasticLoadBalancingV2::"+kind] = tagged(lb.DescribeTags, func(id string) *elb.DescribeTagsInput { return &elb.DescribeTagsInput{ResourceArns: []string{id}} },
			func(o *elb.DescribeTagsOutput) []balancerTag { return o.TagDescriptions[0].Tags }, func(t balancerTag) (*string, *string) { return t.Key, t.Value })
	}
	m["AWS::CertificateManager::Certificate"] = tagged(acm.NewFromConfig(cfg).ListTagsForCertificate, func(id string) *acm.ListTagsForCertificateInput {
		return &acm.ListTagsForCertificateInput{CertificateArn: &id}
	}, func(o *acm.ListTagsForCertificateOutput) []certificateTag { return o.Tags }, func(t certificateTag) (*string, *string) { return t.Key, t.Value })
	m["AWS::Route53::HostedZone"] = tagged(route53.NewFromConfig(cfg).ListTagsForResource, func(id string) *route53.ListTagsForResourceInput {
		return &route53.ListTagsForResourceInput{ResourceType: r53types.TagResourceTypeHostedzone, ResourceId: &id}
	}, func(o *route53.ListTagsForResourceOutput) []r53types.Tag { return o.ResourceTagSet.Tags }, func(t r53types.Tag) (*string, *string) { return t.Key, t.Value })
	m["AWS::CloudFront::Distribution"] = tagged(cloudfront.NewFromConfig(cfg).ListTagsForResource, func(id string) *cloudfront.ListTagsForResourceInput {
		return &cloudfront.ListTagsForResourceInput{Resource: aws.String("arn:aws:cloudfront::123456789012:distribution/" + id)}
	}, func(o *cloudfront.ListTagsForResourceOutput) []cdnTag { return o.Tags.Items }, func(t cdnTag) (*string, *string) { return t.Key, t.Value })
	m["AWS::WAFv2::WebACL"] = tagged(wafv2.NewFromConfig(cfg).ListTagsForResource, func(id string) *wafv2.ListTagsForResourceInput {
		return &wafv2.ListTagsForResourceInput{ResourceARN: &id}
	}, func(o *wafv2.ListTagsForResourceOutput) []wafTag { return o.TagInfoForResource.TagList }, func(t wafTag) (*string, *string) { return t.Key, t.Value })
	m["AWS::AutoScaling::AutoScalingGroup"] = tagged(autoscaling.NewFromConfig(cfg).DescribeAutoScalingGroups, func(id string) *autoscaling.DescribeAutoScalingGroupsInput {
		return &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{id}}
	}, func(o *autoscaling.DescribeAutoScalingGroupsOutput) []groupTag { return o.AutoScalingGroups[0].Tags }, func(t groupTag) (*string, *string) { return t.Key, t.Value })
}

func watchLookups(cfg aws.Config, m map[cloud.Kind]lookup) {
	m["AWS::CloudTrail::Trail"] = tagged(cloudtrail.NewFromConfig(cfg).ListTags, func(id string) *cloudtrail.ListTagsInput {
		return &cloudtrail.ListTagsInput{ResourceIdList: []string{id}}
	},
		func(o *cloudtrail.ListTagsOutput) []trailTag { return o.ResourceTagList[0].TagsList }, func(t trailTag) (*string, *string) { return t.Key, t.Value })
	m["AWS::Logs::LogGroup"] = mapped(cloudwatchlogs.NewFromConfig(cfg).ListTagsForResource, func(id string) *cloudwatchlogs.ListTagsForResourceInput {
		return &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: arn("logs", "log-group:"+id)}
	}, func(o *cloudwatchlogs.ListTagsForResourceOutput) map[string]string { return o.Tags })
	watch := cloudwatch.NewFromConfig(cfg)
	m["AWS::CloudWatch::Alarm"] = tagged(watch.ListTagsForResource, func(id string) *cloudwatch.ListTagsForResourceInput {
		return &cloudwatch.ListTagsForResourceInput{ResourceARN: arn("cloudwatch", "alarm:"+id)}
	}, func(o *cloudwatch.ListTagsForResourceOutput) []alarmTag { return o.Tags }, func(t alarmTag) (*string, *string) { return t.Key, t.Value })
	m["AWS::CloudWatch::Dashboard"] = func(ctx context.Context, id string) (cloud.Tags, error) {
		out, err := watch.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: &id})
		if err == nil && !strings.Contains(aws.ToString(out.DashboardBody), "TargetResponseTime") {
			err = fmt.Errorf("dashboard %q shows no response time", id)
		}
		return nil, err
	}
}
