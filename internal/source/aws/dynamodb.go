package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

type dynamodbReader interface {
	dynamodb.DescribeKinesisStreamingDestinationAPIClient
	dynamodb.DescribeTableAPIClient
	dynamodb.ListTablesAPIClient
	DescribeContinuousBackups(context.Context, *dynamodb.DescribeContinuousBackupsInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeContinuousBackupsOutput, error)
	DescribeTimeToLive(context.Context, *dynamodb.DescribeTimeToLiveInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error)
	GetResourcePolicy(context.Context, *dynamodb.GetResourcePolicyInput, ...func(*dynamodb.Options)) (*dynamodb.GetResourcePolicyOutput, error)
	ListTagsOfResource(context.Context, *dynamodb.ListTagsOfResourceInput, ...func(*dynamodb.Options)) (*dynamodb.ListTagsOfResourceOutput, error)
}

// dynamodbService reads tables, never an item of one.
func dynamodbService() service {
	return service{name: "dynamodb", steps: func(config sdk.Config) []*step {
		var api dynamodbReader = dynamodb.NewFromConfig(config)
		return []*step{list(api.ListTables).items("TableNames", "AWS::DynamoDB::Table").as("TableName").with(
			get(api.DescribeTable, "TableName").into("Table", "").first(),
			list(api.ListTagsOfResource, "ResourceArn=TableArn").into("Tags", "Tags"),
			get(api.DescribeTimeToLive, "TableName").into("TimeToLiveDescription", "TimeToLiveDescription"),
			get(api.DescribeContinuousBackups, "TableName").into("ContinuousBackupsDescription", "ContinuousBackupsDescription"),
			get(api.DescribeKinesisStreamingDestination, "TableName").into("KinesisDataStreamDestinations", "KinesisDataStreamDestinations"),
			get(api.GetResourcePolicy, "ResourceArn=TableArn").into("Policy", "ResourcePolicyDocument").absent("PolicyNotFoundException"),
		)}
	}}
}
