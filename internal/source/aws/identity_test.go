package aws

import (
	"slices"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentity"
	idp "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/landfall/internal/inventory"
)

const readCovers = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::covers/*"}]}`

func TestIAM(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := iam.NewFromConfig(a.config)
	tags := []iamtypes.Tag{{Key: sdk.String("workload"), Value: sdk.String("shop")}}
	policy := made(a, api.CreatePolicy, &iam.CreatePolicyInput{PolicyName: sdk.String("covers"), PolicyDocument: sdk.String(readCovers), Path: sdk.String("/shop/"), Tags: tags}).Policy
	role := a.role("app")
	made(a, api.PutRolePolicy, &iam.PutRolePolicyInput{RoleName: sdk.String("app"), PolicyName: sdk.String("inline"), PolicyDocument: sdk.String(readCovers)})
	made(a, api.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: sdk.String("app"), PolicyArn: policy.Arn})
	made(a, api.CreateServiceLinkedRole, &iam.CreateServiceLinkedRoleInput{AWSServiceName: sdk.String("elasticloadbalancing.amazonaws.com")})
	made(a, api.CreateGroup, &iam.CreateGroupInput{GroupName: sdk.String("developers")})
	made(a, api.CreateUser, &iam.CreateUserInput{UserName: sdk.String("ada"), Tags: tags})
	made(a, api.AddUserToGroup, &iam.AddUserToGroupInput{UserName: sdk.String("ada"), GroupName: sdk.String("developers")})
	key := made(a, api.CreateAccessKey, &iam.CreateAccessKeyInput{UserName: sdk.String("ada")}).AccessKey
	made(a, api.CreateInstanceProfile, &iam.CreateInstanceProfileInput{InstanceProfileName: sdk.String("app")})
	made(a, api.AddRoleToInstanceProfile, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: sdk.String("app"), RoleName: sdk.String("app")})
	made(a, api.CreateOpenIDConnectProvider, &iam.CreateOpenIDConnectProviderInput{Url: sdk.String("https://token.example/oidc"), ClientIDList: []string{"sts"}, ThumbprintList: []string{"990f4193972f2becf12ddeda5237f9c952f20d9e"}})
	r := a.read(iamService())
	app := r.one("AWS::IAM::Role", "app")
	has(t, app, map[string]any{
		"Arn": role, "Policies.0.PolicyName": "inline", "Policies.0.PolicyDocument.Statement.0.Action": "s3:GetObject", "ManagedPolicyArns.0": *policy.Arn,
		"AssumeRolePolicyDocument.Statement.0.Action": "sts:AssumeRole",
	})
	managed := r.one("AWS::IAM::ManagedPolicy", "covers")
	hasTag(t, managed, "workload", "shop")
	has(t, managed, map[string]any{"Path": "/shop/", "PolicyDocument.Statement.0.Resource": "arn:aws:s3:::covers/*"})
	ada := r.one("AWS::IAM::User", "ada")
	hasTag(t, ada, "workload", "shop")
	has(t, ada, map[string]any{"Groups.0": "developers"})
	has(t, r.one("AWS::IAM::InstanceProfile", "app"), map[string]any{"Roles.0": "app"})
	r.count("AWS::IAM::OIDCProvider", 1)
	for _, one := range r.resources {
		if linked := one.Properties["Path"] == "/aws-service-role/elasticloadbalancing.amazonaws.com/"; linked != slices.Contains(one.Marks, inventory.ServiceLinked) {
			t.Errorf("%s %s at %v has marks %v", one.Kind, one.Name, one.Properties["Path"], one.Marks)
		}
	}
	noSecret(t, observed(r), *key.SecretAccessKey, *key.AccessKeyId)
}

func TestKMS(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := kms.NewFromConfig(a.config)
	live := made(a, api.CreateKey, &kms.CreateKeyInput{Description: sdk.String("data"), Tags: []kmstypes.Tag{{TagKey: sdk.String("workload"), TagValue: sdk.String("shop")}}}).KeyMetadata
	made(a, api.CreateAlias, &kms.CreateAliasInput{AliasName: sdk.String("alias/data"), TargetKeyId: live.KeyId})
	made(a, api.EnableKeyRotation, &kms.EnableKeyRotationInput{KeyId: live.KeyId})
	made(a, api.CreateGrant, &kms.CreateGrantInput{KeyId: live.KeyId, GranteePrincipal: sdk.String("arn:aws:iam::" + a.id + ":role/app"), Operations: []kmstypes.GrantOperation{"Decrypt"}})
	old := made(a, api.CreateKey, &kms.CreateKeyInput{Description: sdk.String("old")}).KeyMetadata
	made(a, api.ScheduleKeyDeletion, &kms.ScheduleKeyDeletionInput{KeyId: old.KeyId, PendingWindowInDays: sdk.Int32(7)})
	r := a.read(kmsService())
	key := r.one("AWS::KMS::Key", "data")
	hasTag(t, key, "workload", "shop")
	alias(t, key, "alias/data")
	has(t, key, map[string]any{"EnableKeyRotation": true, "KeyPolicy.Version": "2012-10-17", "KeyId": *live.KeyId, "Description": "data"})
	if grants, _ := key.Attributes["Grants"].([]any); len(grants) != 1 {
		t.Errorf("grants %v", key.Attributes["Grants"])
	}
	if gone := r.one("AWS::KMS::Key", *old.KeyId); !slices.Contains(gone.Marks, inventory.Deleted) {
		t.Errorf("a key that waits for its deletion has marks %v", gone.Marks)
	}
	has(t, r.one("AWS::KMS::Alias", "alias/data"), map[string]any{"TargetKeyId": *live.KeyId})
	if by := r.one("AWS::KMS::Alias", "alias/aws/s3"); !slices.Contains(by.Marks, inventory.Default) {
		t.Errorf("AWS's own alias has marks %v", by.Marks)
	}
}

func TestSecretsAndParameters(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	secrets, parameters := secretsmanager.NewFromConfig(a.config), ssm.NewFromConfig(a.config)
	const password = "kB7secretX"
	secret := made(a, secrets.CreateSecret, &secretsmanager.CreateSecretInput{Name: sdk.String("shop/db"), SecretString: sdk.String(`{"password":"` + password + `"}`)})
	made(a, secrets.PutResourcePolicy, &secretsmanager.PutResourcePolicyInput{SecretId: secret.ARN, ResourcePolicy: sdk.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`)})
	made(a, secrets.CreateSecret, &secretsmanager.CreateSecretInput{Name: sdk.String("shop/old"), SecretString: sdk.String(password)})
	made(a, secrets.DeleteSecret, &secretsmanager.DeleteSecretInput{SecretId: sdk.String("shop/old")})
	put := func(name, value string, sort ssmtypes.ParameterType) {
		made(a, parameters.PutParameter, &ssm.PutParameterInput{Name: &name, Value: &value, Type: sort, Tags: []ssmtypes.Tag{{Key: sdk.String("workload"), Value: sdk.String("shop")}}})
	}
	put("/shop/host", "db.shop.internal", "String")
	put("/shop/url", "postgres://shop:"+password+"@db.shop.internal/shop", "String")
	put("/shop/api-token", password, "String")
	put("/shop/password", password, "SecureString")
	for i := range 12 { // more than one call for values takes
		put("/shop/size/"+string(rune('a'+i)), "10", "String")
	}
	r := a.read(secretsService(), ssmService())
	r.count("AWS::SecretsManager::Secret", 2)
	r.count("AWS::SSM::Parameter", 16)
	if gone := r.one("AWS::SecretsManager::Secret", "shop/old"); !slices.Contains(gone.Marks, inventory.Deleted) {
		t.Errorf("a deleted secret has marks %v", gone.Marks)
	}
	has(t, r.one("AWS::SecretsManager::ResourcePolicy", "shop/db"), map[string]any{"ResourcePolicy.Statement.0.Effect": "Deny", "SecretId": *secret.ARN})
	host := r.one("AWS::SSM::Parameter", "/shop/host")
	hasTag(t, host, "workload", "shop")
	has(t, host, map[string]any{"Value": "db.shop.internal", "Type": "String"})
	has(t, r.one("AWS::SSM::Parameter", "/shop/url"), map[string]any{"Value": "postgres://shop:(redacted)@db.shop.internal/shop"})
	has(t, r.one("AWS::SSM::Parameter", "/shop/size/l"), map[string]any{"Value": "10"})
	has(t, r.one("AWS::SSM::Parameter", "/shop/password"), map[string]any{"Value": nil, "Type": "SecureString"})
	noSecret(t, observed(r), password)
}

func TestCognito(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	pools, identities := idp.NewFromConfig(a.config), cognitoidentity.NewFromConfig(a.config)
	pool := made(a, pools.CreateUserPool, &idp.CreateUserPoolInput{PoolName: sdk.String("customers"), MfaConfiguration: "OPTIONAL", UserPoolTags: map[string]string{"workload": "shop"}}).UserPool
	client := made(a, pools.CreateUserPoolClient, &idp.CreateUserPoolClientInput{UserPoolId: pool.Id, ClientName: sdk.String("web"), GenerateSecret: true}).UserPoolClient
	made(a, pools.CreateGroup, &idp.CreateGroupInput{UserPoolId: pool.Id, GroupName: sdk.String("staff")})
	made(a, identities.CreateIdentityPool, &cognitoidentity.CreateIdentityPoolInput{IdentityPoolName: sdk.String("visitors"), AllowUnauthenticatedIdentities: true})
	r := a.read(cognitoService(), cognitoIdentityService())
	one := r.one("AWS::Cognito::UserPool", "customers")
	hasTag(t, one, "workload", "shop")
	has(t, one, map[string]any{"MfaConfiguration": "OPTIONAL", "UserPoolName": "customers", "UserPoolId": *pool.Id})
	has(t, r.one("AWS::Cognito::UserPoolClient", "web"), map[string]any{"ClientId": *client.ClientId, "UserPoolId": *pool.Id, "GenerateSecret": true})
	has(t, r.one("AWS::Cognito::UserPoolGroup", "staff"), map[string]any{"UserPoolId": *pool.Id})
	has(t, r.one("AWS::Cognito::IdentityPool", "visitors"), map[string]any{"AllowUnauthenticatedIdentities": true})
	noSecret(t, observed(r), *client.ClientSecret)
}
