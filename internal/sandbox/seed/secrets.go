package seed

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// secrets makes the shop's secrets and parameters.
func (s *scope) secrets() {
	s.secret("database", "bookshop/production/database",
		databaseSecret("postgres", s.id("db-endpoint"), s.o.DatabasePort, [2]string{databaseUser, s.o.DatabasePassword}, databaseName, database))
	s.secret("payment", "bookshop/production/payment-api", mustJSON(map[string]any{"url": "https://api.pay.example", "key": s.password("payment")}))
	for _, p := range []struct {
		name, value string
		secure      bool
	}{
		{"log-level", "info", false},
		{"public-url", "https://" + shopName, false},
		{"front-port", fmt.Sprint(s.o.FrontPort), false},
		{"covers-bucket", s.bucket("bookshop-covers"), false},
		{"order-queue", s.id("queue/bookshop-orders"), false},
		{"session-key", s.password("session-key"), true},
	} {
		s.parameter("/bookshop/production/"+p.name, p.value, p.secure)
	}
}

func (s *scope) secret(name, full, value string) {
	tags := tagList(tagsOf(s.owner), func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })
	arn := create(s, Resource{Kind: "AWS::SecretsManager::Secret", Name: full}, s.clients.secrets.CreateSecret, &secretsmanager.CreateSecretInput{
		Name: &full, SecretString: &value, KmsKeyId: aws.String(s.id("key-arn")), Tags: tags, Description: aws.String("made with the workload"),
	}, func(o *secretsmanager.CreateSecretOutput) *string { return o.ARN })
	s.set("secret/"+name, arn)
}

func (s *scope) parameter(name, value string, secure bool) {
	tags := tagList(tagsOf(s.owner), func(k, v *string) ssmtypes.Tag { return ssmtypes.Tag{Key: k, Value: v} })
	in := &ssm.PutParameterInput{Name: &name, Value: &value, Type: ssmtypes.ParameterTypeString, Tags: tags}
	if secure {
		in.Type, in.KeyId = ssmtypes.ParameterTypeSecureString, aws.String(keyAlias)
	}
	named(s, Resource{Kind: "AWS::SSM::Parameter", Name: name}, s.clients.ssm.PutParameter, in)
}
