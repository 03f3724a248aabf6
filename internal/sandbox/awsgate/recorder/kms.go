package recorder

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

const (
	typeKey   = "AWS::KMS::Key"
	typeAlias = "AWS::KMS::Alias"
)

type kmsReader struct {
	*reader
	client *kms.Client
}

func (r *reader) kms() family {
	k := kmsReader{r, kms.NewFromConfig(r.config)}
	return family{name: "kms", services: []string{"kms"}, kinds: []kind{
		{[]string{typeKey}, k.keys},
		{[]string{typeAlias}, k.aliases},
	}}
}

func (k kmsReader) keys(ctx context.Context) ([]item, error) {
	var ids []string
	err := pages(ctx, kms.NewListKeysPaginator(k.client, &kms.ListKeysInput{}), func(out *kms.ListKeysOutput) {
		for _, one := range out.Keys {
			ids = append(ids, text(one.KeyId))
		}
	})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, id := range ids {
		it, err := k.key(ctx, id)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}

func (k kmsReader) key(ctx context.Context, id string) (item, error) {
	out, err := k.client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
	if err != nil {
		return item{}, err
	}
	one := out.KeyMetadata
	it := k.item(typeKey, id, id, text(one.Arn))
	it.created, it.configuration = when(one.CreationDate), camel(one)
	// The published schema spells this one member apart from the rest.
	it.configuration["awsaccountId"] = it.configuration["aWSAccountId"]
	delete(it.configuration, "aWSAccountId")
	it.supplementary = map[string]any{}
	// The only name a key policy can have.
	name := "default"
	policy, err := k.client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &id, PolicyName: &name})
	if err != nil {
		return item{}, err
	}
	it.supplementary["Policy"] = text(policy.Policy)
	// AWS's own keys rotate by themselves, which nobody is asked about.
	if one.KeyManager == types.KeyManagerTypeCustomer && one.KeySpec == types.KeySpecSymmetricDefault && one.KeyState == types.KeyStateEnabled {
		rotation, err := k.client.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &id})
		if err != nil {
			return item{}, err
		}
		it.supplementary["KeyRotationStatus"] = rotation.KeyRotationEnabled
	}
	tags, err := k.client.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: &id})
	if err != nil {
		return item{}, err
	}
	it.tags = tagged(tags.Tags, func(t types.Tag) (*string, *string) { return t.TagKey, t.TagValue })
	return it, nil
}

func (k kmsReader) aliases(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, kms.NewListAliasesPaginator(k.client, &kms.ListAliasesInput{}), func(out *kms.ListAliasesOutput) {
		for _, one := range out.Aliases {
			name := text(one.AliasName)
			// Aliases of AWS's own keys exist in every account, before the keys do.
			if one.TargetKeyId == nil || strings.HasPrefix(name, "alias/aws/") {
				continue
			}
			it := k.item(typeAlias, name, name, text(one.AliasArn))
			it.configuration = map[string]any{"AliasName": name, "TargetKeyId": text(one.TargetKeyId)}
			it.relate(associated, typeKey, text(one.TargetKeyId))
			items = append(items, it)
		}
	})
	return items, err
}
