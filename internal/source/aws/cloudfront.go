package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
)

type cloudfrontReader interface {
	cloudfront.GetDistributionAPIClient
	cloudfront.ListCloudFrontOriginAccessIdentitiesAPIClient
	cloudfront.ListDistributionsAPIClient
	cloudfront.ListOriginAccessControlsAPIClient
	cloudfront.ListPublicKeysAPIClient
	ListCachePolicies(context.Context, *cloudfront.ListCachePoliciesInput, ...func(*cloudfront.Options)) (*cloudfront.ListCachePoliciesOutput, error)
	ListFunctions(context.Context, *cloudfront.ListFunctionsInput, ...func(*cloudfront.Options)) (*cloudfront.ListFunctionsOutput, error)
	ListKeyGroups(context.Context, *cloudfront.ListKeyGroupsInput, ...func(*cloudfront.Options)) (*cloudfront.ListKeyGroupsOutput, error)
	ListOriginRequestPolicies(context.Context, *cloudfront.ListOriginRequestPoliciesInput, ...func(*cloudfront.Options)) (*cloudfront.ListOriginRequestPoliciesOutput, error)
	ListResponseHeadersPolicies(context.Context, *cloudfront.ListResponseHeadersPoliciesInput, ...func(*cloudfront.Options)) (*cloudfront.ListResponseHeadersPoliciesOutput, error)
	ListTagsForResource(context.Context, *cloudfront.ListTagsForResourceInput, ...func(*cloudfront.Options)) (*cloudfront.ListTagsForResourceOutput, error)
}

// cloudfrontService reads distributions and what they refer to. Of policies
// and functions the account's own are asked for: AWS's are the same everywhere.
func cloudfrontService() service {
	return service{name: "cloudfront", global: true, steps: func(config sdk.Config) []*step {
		var api cloudfrontReader = cloudfront.NewFromConfig(config)
		return []*step{
			list(api.ListDistributions).items("DistributionList.Items", "AWS::CloudFront::Distribution").only(hasID).with(
				get(api.GetDistribution, "Id").into("Distribution", ""),
				get(api.ListTagsForResource, "Resource=ARN").into("Tags.Items", "Tags"),
			),
			list(api.ListOriginAccessControls).items("OriginAccessControlList.Items", "AWS::CloudFront::OriginAccessControl").only(hasID),
			list(api.ListCloudFrontOriginAccessIdentities).items("CloudFrontOriginAccessIdentityList.Items", "AWS::CloudFront::CloudFrontOriginAccessIdentity").only(hasID),
			list(api.ListFunctions).items("FunctionList.Items", "AWS::CloudFront::Function").only(hasName),
			list(api.ListCachePolicies, "Type:custom").items("CachePolicyList.Items.CachePolicy", "AWS::CloudFront::CachePolicy"),
			list(api.ListOriginRequestPolicies, "Type:custom").items("OriginRequestPolicyList.Items.OriginRequestPolicy", "AWS::CloudFront::OriginRequestPolicy"),
			list(api.ListResponseHeadersPolicies, "Type:custom").items("ResponseHeadersPolicyList.Items.ResponseHeadersPolicy", "AWS::CloudFront::ResponseHeadersPolicy"),
			list(api.ListKeyGroups).items("KeyGroupList.Items.KeyGroup", "AWS::CloudFront::KeyGroup"),
			list(api.ListPublicKeys).items("PublicKeyList.Items", "AWS::CloudFront::PublicKey").only(hasID),
		}
	}}
}

func hasID(i item) bool   { return i.text("Id") != "" }
func hasName(i item) bool { return i.text("Name") != "" }
