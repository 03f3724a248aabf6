package recorder

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

const typeBucket = "AWS::S3::Bucket"

type s3Reader struct {
	*reader
	client *s3.Client
}

func (r *reader) s3() family {
	client := s3.NewFromConfig(r.config, func(o *s3.Options) { o.UsePathStyle = true })
	b := s3Reader{r, client}
	return family{name: "s3", services: []string{"s3"}, kinds: []kind{{[]string{typeBucket}, b.buckets}}}
}

func (b s3Reader) buckets(ctx context.Context) ([]item, error) {
	out, err := b.client.ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, one := range out.Buckets {
		name := text(one.Name)
		it := b.item(typeBucket, name, name, "arn:aws:s3:::"+name)
		it.zone, it.created = zoneRegional, when(one.CreationDate)
		it.configuration = map[string]any{"name": name}
		if one.CreationDate != nil {
			it.configuration["creationDate"] = one.CreationDate.UTC().Format(timeForm)
		}
		if out.Owner != nil {
			it.configuration["owner"] = camel(out.Owner)
		}
		if err := b.supplement(ctx, &it); err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}

// supplement reads the bucket's sub-resources: in AWS Config nearly all of a
// bucket stands in supplementaryConfiguration. One that is not set answers
// with an error of its own and is left out.
func (b s3Reader) supplement(ctx context.Context, it *item) error {
	it.supplementary = map[string]any{}
	name := &it.id
	reads := []func() error{
		func() error {
			out, err := b.client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: name})
			if err == nil {
				it.tags = tagged(out.TagSet, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
				sets := map[string]any{}
				for key, value := range it.tags {
					sets[key] = value
				}
				it.supplementary["BucketTaggingConfiguration"] = map[string]any{"tagSets": []any{map[string]any{"tags": sets}}}
			}
			return err
		},
		func() error {
			out, err := b.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: name})
			if err == nil {
				status := string(out.Status)
				if status == "" {
					status = "Off"
				}
				it.supplementary["BucketVersioningConfiguration"] = map[string]any{"status": status, "isMfaDeleteEnabled": out.MFADelete == types.MFADeleteStatusEnabled}
			}
			return err
		},
		func() error { return b.encryption(ctx, it) },
		func() error {
			out, err := b.client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: name})
			if err == nil {
				it.supplementary["BucketPolicy"] = map[string]any{"policyText": text(out.Policy)}
			}
			return err
		},
		func() error {
			out, err := b.client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: name})
			if err == nil {
				it.supplementary["PublicAccessBlockConfiguration"] = camel(out.PublicAccessBlockConfiguration)
			}
			return err
		},
		func() error { return b.lifecycle(ctx, it) },
		func() error { return b.more(ctx, it) },
	}
	for _, read := range reads {
		if err := read(); err != nil && !notSet(err) {
			return err
		}
	}
	return nil
}

func (b s3Reader) encryption(ctx context.Context, it *item) error {
	out, err := b.client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &it.id})
	if err != nil || out.ServerSideEncryptionConfiguration == nil {
		return err
	}
	it.supplementary["ServerSideEncryptionConfiguration"] = camel(out.ServerSideEncryptionConfiguration)
	for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
		if rule.ApplyServerSideEncryptionByDefault != nil {
			it.relate(associated, typeKey, keyID(rule.ApplyServerSideEncryptionByDefault.KMSMasterKeyID))
		}
	}
	return nil
}

func (b s3Reader) lifecycle(ctx context.Context, it *item) error {
	out, err := b.client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &it.id})
	if err != nil {
		return err
	}
	rules := []any{}
	for _, rule := range out.Rules {
		one := camel(rule)
		// AWS Config has the days of the expiration beside the rule's other
		// members, the API one level below.
		if rule.Expiration != nil && rule.Expiration.Days != nil {
			one["expirationInDays"] = int64(*rule.Expiration.Days)
		}
		if old := rule.NoncurrentVersionExpiration; old != nil && old.NoncurrentDays != nil {
			one["noncurrentVersionExpirationInDays"] = int64(*old.NoncurrentDays)
		}
		rules = append(rules, without(one, "expiration", "noncurrentVersionExpiration"))
	}
	it.supplementary["BucketLifecycleConfiguration"] = map[string]any{"rules": rules}
	return nil
}

// more reads logging, cross-origin rules and notifications.
func (b s3Reader) more(ctx context.Context, it *item) error {
	logging, err := b.client.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: &it.id})
	switch {
	case err == nil && logging.LoggingEnabled != nil:
		it.supplementary["BucketLoggingConfiguration"] = map[string]any{
			"destinationBucketName": text(logging.LoggingEnabled.TargetBucket), "logFilePrefix": text(logging.LoggingEnabled.TargetPrefix),
		}
		it.relate(associated, typeBucket, text(logging.LoggingEnabled.TargetBucket))
	case err != nil && !notSet(err):
		return err
	}
	cors, err := b.client.GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &it.id})
	switch {
	case err == nil:
		it.supplementary["BucketCrossOriginConfiguration"] = map[string]any{"rules": camels(cors.CORSRules)}
	case !notSet(err):
		return err
	}
	notify, err := b.client.GetBucketNotificationConfiguration(ctx, &s3.GetBucketNotificationConfigurationInput{Bucket: &it.id})
	if err != nil {
		return err
	}
	if len(notify.LambdaFunctionConfigurations)+len(notify.QueueConfigurations)+len(notify.TopicConfigurations) > 0 {
		it.supplementary["BucketNotificationConfiguration"] = camel(notify)
	}
	return nil
}

// notSet reports whether S3 says that the bucket has no such sub-resource.
func notSet(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return false
	}
	switch api.ErrorCode() {
	case "NoSuchTagSet", "NoSuchBucketPolicy", "NoSuchLifecycleConfiguration", "NoSuchCORSConfiguration",
		"NoSuchPublicAccessBlockConfiguration", "ServerSideEncryptionConfigurationNotFoundError":
		return true
	}
	return false
}
