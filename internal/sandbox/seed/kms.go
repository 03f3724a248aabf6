package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

const keyAlias = "alias/bookshop-data"

// kms makes the one data key of the account. Bookshop's tags are on it, and
// payroll's volumes, database and exports use it as well.
func (s *scope) kms() {
	tags := tagList(tagsOf(s.owner), func(k, v *string) types.Tag { return types.Tag{TagKey: k, TagValue: v} })
	id := create(s, Resource{Kind: "AWS::KMS::Key", Name: "bookshop-data", UsedBy: []string{"payroll"}}, s.clients.kms.CreateKey, &kms.CreateKeyInput{
		Description: aws.String("data at rest: database, buckets, secrets"), Tags: tags, Policy: aws.String(document(
			statement{Sid: "account", Effect: "Allow", Principal: map[string]any{"AWS": s.iamARN("root")}, Action: "kms:*", Resource: "*"},
			statement{Sid: "services", Effect: "Allow", Principal: map[string]any{"Service": []string{"rds.amazonaws.com", "s3.amazonaws.com", "logs.amazonaws.com"}},
				Action: []string{"kms:Decrypt", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"}, Resource: "*",
				Condition: map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": string(s.o.Account)}}},
		)),
	}, func(o *kms.CreateKeyOutput) *string { return o.KeyMetadata.KeyId })
	s.set("key", id)
	s.set("key-arn", s.arn("kms", "key/"+id))
	do(s, s.clients.kms.EnableKeyRotation, &kms.EnableKeyRotationInput{KeyId: &id})
	named(s, Resource{Kind: "AWS::KMS::Alias", Name: keyAlias, Untagged: true}, s.clients.kms.CreateAlias, &kms.CreateAliasInput{
		AliasName: aws.String(keyAlias), TargetKeyId: &id,
	})
}
