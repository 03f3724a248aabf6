package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

type kmsReader interface {
	kms.ListAliasesAPIClient
	kms.ListGrantsAPIClient
	kms.ListKeysAPIClient
	kms.ListResourceTagsAPIClient
	DescribeKey(context.Context, *kms.DescribeKeyInput, ...func(*kms.Options)) (*kms.DescribeKeyOutput, error)
	GetKeyPolicy(context.Context, *kms.GetKeyPolicyInput, ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error)
	GetKeyRotationStatus(context.Context, *kms.GetKeyRotationStatusInput, ...func(*kms.Options)) (*kms.GetKeyRotationStatusOutput, error)
}

// kmsService reads keys, never with them. The policy of a key is named
// "default", which is the only one it can have (KMS API reference, GetKeyPolicy).
func kmsService() service {
	return service{name: "kms", steps: func(config sdk.Config) []*step {
		var api kmsReader = kms.NewFromConfig(config)
		return []*step{
			list(api.ListKeys, "Limit:1000").items("Keys", "AWS::KMS::Key").with(
				get(api.DescribeKey, "KeyId").into("KeyMetadata", "").first(),
				get(api.GetKeyPolicy, "KeyId", "PolicyName:default").into("Policy", "Policy"),
				get(api.GetKeyRotationStatus, "KeyId").into("", "").given(customers).absent("UnsupportedOperationException"),
				list(api.ListResourceTags, "KeyId").into("Tags", "Tags").given(customers),
				list(api.ListGrants, "KeyId").into("Grants", "Grants"),
				list(api.ListAliases, "KeyId").into("Aliases.AliasName", "AliasNames"),
			),
			list(api.ListAliases, "Limit:100").items("Aliases", "AWS::KMS::Alias"),
		}
	}}
}

// customers' own keys have tags and a rotation of their choice.
func customers(key item) bool { return key.text("KeyManager") == "CUSTOMER" }
