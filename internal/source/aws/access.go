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

	"example.com/landfall/internal/awserror"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source"
)

// Access tells who the AWS credentials belong to and what they may read.
type Access struct{ reader reader }

// reader holds every client of this file as the one read that is made with
// it, so that a call which writes does not compile.
type reader struct {
	identity interface {
		GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
	}
	networks      ec2.DescribeVpcsAPIClient
	balancers     elasticloadbalancingv2.DescribeLoadBalancersAPIClient
	databases     rds.DescribeDBInstancesAPIClient
	buckets       s3.ListBucketsAPIClient
	roles         iam.ListRolesAPIClient
	zones         route53.ListHostedZonesAPIClient
	tags          resourcegroupstaggingapi.GetResourcesAPIClient
	metrics       cloudwatch.ListMetricsAPIClient
	events        cloudtrail.LookupEventsAPIClient
	configuration interface {
		DescribeConfigurationRecorders(context.Context, *configservice.DescribeConfigurationRecordersInput, ...func(*configservice.Options)) (*configservice.DescribeConfigurationRecordersOutput, error)
	}
}

var _ source.Access = (*Access)(nil)

// NewAccess returns the access check for the SDK configuration.
func NewAccess(config aws.Config) *Access {
	return &Access{reader{
		identity:      sts.NewFromConfig(config),
		networks:      ec2.NewFromConfig(config),
		balancers:     elasticloadbalancingv2.NewFromConfig(config),
		databases:     rds.NewFromConfig(config),
		buckets:       s3.NewFromConfig(config),
		roles:         iam.NewFromConfig(config),
		zones:         route53.NewFromConfig(config),
		tags:          resourcegroupstaggingapi.NewFromConfig(config),
		metrics:       cloudwatch.NewFromConfig(config),
		events:        cloudtrail.NewFromConfig(config),
		configuration: configservice.NewFromConfig(config),
	}}
}

// Caller asks STS who is calling. sts:GetCallerIdentity needs no permission
// (AWS documents that no policy can deny it), so a refusal means the
// credentials themselves.
func (a *Access) Caller(ctx context.Context) (cloud.Caller, error) {
	out, err := a.reader.identity.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		kind := awserror.Kind(err)
		return cloud.Caller{}, fault.Of(kind, "ask AWS who is calling", "", awserror.Brief(err)).Hintf("%s", awserror.Hint(kind))
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
			err = fault.Of(awserror.Kind(err), "try", r.permission, awserror.Brief(err))
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
			_, err := a.reader.networks.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{MaxResults: few})
			return err
		}},
		{"elasticloadbalancing:DescribeLoadBalancers", func(ctx context.Context) error {
			_, err := a.reader.balancers.DescribeLoadBalancers(ctx, &elasticloadbalancingv2.DescribeLoadBalancersInput{PageSize: few})
			return err
		}},
		{"rds:DescribeDBInstances", func(ctx context.Context) error {
			_, err := a.reader.databases.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{MaxRecords: aws.Int32(20)})
			return err
		}},
		{"s3:ListAllMyBuckets", func(ctx context.Context) error {
			_, err := a.reader.buckets.ListBuckets(ctx, &s3.ListBucketsInput{MaxBuckets: few})
			return err
		}},
		{"iam:ListRoles", func(ctx context.Context) error {
			_, err := a.reader.roles.ListRoles(ctx, &iam.ListRolesInput{MaxItems: few})
			return err
		}},
		{"route53:ListHostedZones", func(ctx context.Context) error {
			_, err := a.reader.zones.ListHostedZones(ctx, &route53.ListHostedZonesInput{MaxItems: few})
			return err
		}},
		{"tag:GetResources", func(ctx context.Context) error {
			_, err := a.reader.tags.GetResources(ctx, &resourcegroupstaggingapi.GetResourcesInput{ResourcesPerPage: few})
			return err
		}},
		{"cloudwatch:ListMetrics", func(ctx context.Context) error {
			_, err := a.reader.metrics.ListMetrics(ctx, &cloudwatch.ListMetricsInput{})
			return err
		}},
		{"cloudtrail:LookupEvents", func(ctx context.Context) error {
			_, err := a.reader.events.LookupEvents(ctx, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1)})
			return err
		}},
		{"config:DescribeConfigurationRecorders", func(ctx context.Context) error {
			_, err := a.reader.configuration.DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{})
			return err
		}},
	}
}
