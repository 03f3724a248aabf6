package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

type secretsReader interface {
	secretsmanager.ListSecretsAPIClient
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
	GetResourcePolicy(context.Context, *secretsmanager.GetResourcePolicyInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetResourcePolicyOutput, error)
}

// secretsService reads what secrets there are. No call here answers a value.
func secretsService() service {
	return service{name: "secretsmanager", steps: func(config sdk.Config) []*step {
		var api secretsReader = secretsmanager.NewFromConfig(config)
		return []*step{list(api.ListSecrets, "IncludePlannedDeletion:true", "MaxResults:100").items("SecretList", "AWS::SecretsManager::Secret").with(
			get(api.DescribeSecret, "SecretId=ARN").into("", ""),
			get(api.GetResourcePolicy, "SecretId=ARN").into("ResourcePolicy", "ResourcePolicy").given(undeleted),
		)}
	}}
}

// undeleted secrets answer; of one that waits for its end only the description
// is to be had.
func undeleted(secret item) bool { return secret.text("DeletedDate") == "" }
