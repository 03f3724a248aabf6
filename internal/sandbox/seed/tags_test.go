package seed_test

import (
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	cdntypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// The services' own types of a tag.
type (
	rdsTag         = rdstypes.Tag
	cacheTag       = cachetypes.Tag
	s3Tag          = s3types.Tag
	tableTag       = ddbtypes.Tag
	topicTag       = snstypes.Tag
	ruleTag        = ebtypes.Tag
	imageTag       = ecrtypes.Tag
	iamTag         = iamtypes.Tag
	keyTag         = kmstypes.Tag
	secretTag      = smtypes.Tag
	balancerTag    = elbtypes.Tag
	certificateTag = acmtypes.Tag
	cdnTag         = cdntypes.Tag
	wafTag         = waftypes.Tag
	groupTag       = asgtypes.TagDescription
	trailTag       = trailtypes.Tag
	alarmTag       = cwtypes.Tag
)
