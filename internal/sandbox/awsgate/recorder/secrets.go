package recorder

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

const typeSecret = "AWS::SecretsManager::Secret"

type secretsReader struct {
	*reader
	client *secretsmanager.Client
}

func (r *reader) secrets() family {
	s := secretsReader{r, secretsmanager.NewFromConfig(r.config)}
	return family{name: "secretsmanager", services: []string{"secretsmanager"}, kinds: []kind{{[]string{typeSecret}, s.secrets}}}
}

// secrets reads what is known of each secret, never its value.
func (s secretsReader) secrets(ctx context.Context) ([]item, error) {
	var items []item
	err := pages(ctx, secretsmanager.NewListSecretsPaginator(s.client, &secretsmanager.ListSecretsInput{}), func(out *secretsmanager.ListSecretsOutput) {
		for _, one := range out.SecretList {
			arn := text(one.ARN)
			it := s.item(typeSecret, arn, text(one.Name), arn)
			it.created = when(one.CreatedDate)
			it.tags = tagged(one.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
			it.configuration = map[string]any{
				"ARN": arn, "Name": text(one.Name), "Description": text(one.Description),
				"RotationEnabled": one.RotationEnabled != nil && *one.RotationEnabled, "Deleted": one.DeletedDate != nil,
			}
			for name, value := range map[string]*string{"KMSKeyId": one.KmsKeyId, "RotationLambdaARN": one.RotationLambdaARN} {
				if text(value) != "" {
					it.configuration[name] = *value
				}
			}
			if one.RotationRules != nil {
				it.configuration["RotationRules"] = pascal(one.RotationRules)
			}
			it.relate(associated, typeKey, keyID(one.KmsKeyId))
			it.relate(associated, typeFunction, lambdaName(text(one.RotationLambdaARN)))
			items = append(items, it)
		}
	})
	return items, err
}

// lambdaName returns the function's name of its ARN; "" for "".
func lambdaName(arn string) string { return afterLast(arn, ":") }
