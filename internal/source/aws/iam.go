package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"example.com/landfall/internal/cloud"
)

type iamReader interface {
	iam.GetAccountAuthorizationDetailsAPIClient
	iam.ListAccessKeysAPIClient
	iam.ListInstanceProfileTagsAPIClient
	iam.ListInstanceProfilesAPIClient
	iam.ListPolicyTagsAPIClient
	iam.ListServerCertificatesAPIClient
	GetOpenIDConnectProvider(context.Context, *iam.GetOpenIDConnectProviderInput, ...func(*iam.Options)) (*iam.GetOpenIDConnectProviderOutput, error)
	GetSAMLProvider(context.Context, *iam.GetSAMLProviderInput, ...func(*iam.Options)) (*iam.GetSAMLProviderOutput, error)
	ListOpenIDConnectProviders(context.Context, *iam.ListOpenIDConnectProvidersInput, ...func(*iam.Options)) (*iam.ListOpenIDConnectProvidersOutput, error)
	ListSAMLProviders(context.Context, *iam.ListSAMLProvidersInput, ...func(*iam.Options)) (*iam.ListSAMLProvidersOutput, error)
}

// iamService reads identities. GetAccountAuthorizationDetails answers roles,
// users, groups and policies with all that is attached to them, in pages of a
// thousand: one call where the calls for one thing need six.
func iamService() service {
	return service{name: "iam", global: true, steps: func(config sdk.Config) []*step {
		var api iamReader = iam.NewFromConfig(config)
		details := func(path string, kind cloud.Kind, filters ...types.EntityType) *step {
			return ask(api.GetAccountAuthorizationDetails, func(item) *iam.GetAccountAuthorizationDetailsInput {
				return &iam.GetAccountAuthorizationDetailsInput{Filter: filters, MaxItems: sdk.Int32(1000)}
			}).items(path, kind)
		}
		return []*step{
			details("RoleDetailList", "AWS::IAM::Role", types.EntityTypeRole),
			details("UserDetailList", "AWS::IAM::User", types.EntityTypeUser).with(
				list(api.ListAccessKeys, "UserName").items("AccessKeyMetadata", "AWS::IAM::AccessKey"),
			),
			details("GroupDetailList", "AWS::IAM::Group", types.EntityTypeGroup),
			details("Policies", "AWS::IAM::ManagedPolicy", types.EntityTypeLocalManagedPolicy).with(
				list(api.ListPolicyTags, "PolicyArn=Arn").into("Tags", "Tags"),
			),
			// Of AWS's own policies, over a thousand, those in use.
			details("Policies", "AWS::IAM::ManagedPolicy", types.EntityTypeAWSManagedPolicy).only(attached),
			list(api.ListInstanceProfiles).items("InstanceProfiles", "AWS::IAM::InstanceProfile").with(
				list(api.ListInstanceProfileTags, "InstanceProfileName").into("Tags", "Tags"),
			),
			list(api.ListServerCertificates).items("ServerCertificateMetadataList", "AWS::IAM::ServerCertificate"),
			get(api.ListOpenIDConnectProviders).items("OpenIDConnectProviderList", "AWS::IAM::OIDCProvider").with(
				get(api.GetOpenIDConnectProvider, "OpenIDConnectProviderArn=Arn").into("", ""),
			),
			get(api.ListSAMLProviders).items("SAMLProviderList", "AWS::IAM::SAMLProvider").with(
				get(api.GetSAMLProvider, "SAMLProviderArn=Arn").into("", ""),
			),
		}
	}}
}

// attached policies are in use by some role, user or group.
func attached(policy item) bool {
	count, _ := policy.value("AttachmentCount").(int64)
	return count > 0
}
