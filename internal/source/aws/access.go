package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source"
)

// Access tells who the AWS credentials belong to and what they may read.
type Access struct{ config aws.Config }

var _ source.Access = (*Access)(nil)

// NewAccess returns the access check for the SDK configuration.
func NewAccess(config aws.Config) *Access { return &Access{config} }

// Caller asks STS who is calling. sts:GetCallerIdentity needs no permission
// (AWS documents that no policy can deny it), so a refusal means the
// credentials themselves.
func (a *Access) Caller(ctx context.Context) (cloud.Caller, error) {
	out, err := sts.NewFromConfig(a.config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return cloud.Caller{}, fault.Of(classify(err), "ask AWS who is calling", "", err).
			Hintf("aws sts get-caller-identity")
	}
	caller := cloud.Caller{Account: cloud.Account(aws.ToString(out.Account)), Name: aws.ToString(out.Arn)}
	if at, ok := awsmiddleware.GetServerTime(out.ResultMetadata); ok {
		caller.ServerTime = at
	}
	return caller, nil
}

// Probe tries the reads that discovery starts from.
func (a *Access) Probe(ctx context.Context) []cloud.Probe {
	var probes []cloud.Probe
	for _, r := range a.reads() {
		err := r.try(ctx)
		if err != nil {
			err = fault.Of(classify(err), "try", r.permission, err)
		}
		probes = append(probes, cloud.Probe{Permission: r.permission, Err: err})
	}
	return probes
}

type read struct {
	permission string
	try        func(context.Context) error
}

// reads asks for one small page each, so that a probe costs the account's
// request rate nothing worth counting.
func (a *Access) reads() []read {
	few := aws.Int32(5) // the smallest page that DescribeVpcs accepts
	return []read{
		{"ec2:DescribeVpcs", func(ctx context.Context) error {
			_, err := ec2.NewFromConfig(a.config).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{MaxResults: few})
			return err
		}},
		{"elasticloadbalancing:DescribeLoadBalancers", func(ctx context.Context) error {
			_, err := elasticloadbalancingv2.NewFromConfig(a.config).DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{PageSize: few})
			return err
		}},
		{"rds:DescribeDBInstances", func(ctx context.Context) error {
			_, err := rds.NewFromConfig(a.config).DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{MaxRecords: aws.Int32(20)})
			return err
		}},
		{"s3:ListAllMyBuckets", func(ctx context.Context) error {
			_, err := s3.NewFromConfig(a.config).ListBuckets(ctx, &s3.ListBucketsInput{MaxBuckets: few})
			return err
		}},
		{"iam:ListRoles", func(ctx context.Context) error {
			_, err := iam.NewFromConfig(a.config).ListRoles(ctx, &iam.ListRolesInput{MaxItems: few})
			return err
		}},
		{"route53:ListHostedZones", func(ctx context.Context) error {
			_, err := route53.NewFromConfig(a.config).ListHostedZones(ctx, &route53.ListHostedZonesInput{MaxItems: few})
			return err
		}},
		{"tag:GetResources", func(ctx context.Context) error {
			_, err := resourcegroupstaggingapi.NewFromConfig(a.config).GetResources(ctx, &resourcegroupstaggingapi.GetResourcesInput{ResourcesPerPage: few})
			return err
		}},
		{"cloudwatch:ListMetrics", func(ctx context.Context) error {
			_, err := cloudwatch.NewFromConfig(a.config).ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
			return err
		}},
		{"cloudtrail:LookupEvents", func(ctx context.Context) error {
			_, err := cloudtrail.NewFromConfig(a.config).LookupEvents(ctx, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1)})
			return err
		}},
		{"config:DescribeConfigurationRecorders", func(ctx context.Context) error {
			_, err := configservice.NewFromConfig(a.config).DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{})
			return err
		}},
	}
}
