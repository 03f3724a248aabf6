package security_test

import (
	"fmt"
	"testing"
	"time"

	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

// liveForm is what a scan finds of the workload that liveTemplate describes.
func liveForm(t *testing.T) []inventory.Resource {
	t.Helper()
	return []inventory.Resource{
		designtest.Live(t, "AWS::IAM::Role", "role/app", `{"RoleName":"app","RoleId":"AROA1","Path":"/","Arn":"arn:aws:iam::123456789012:role/app","AssumeRolePolicyDocument":{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]},
			"Policies":[{"PolicyName":"p","PolicyDocument":{"Statement":[{"Effect":"Allow","Action":["sqs:SendMessage"],"Resource":"arn:aws:sqs:us-east-1:123456789012:shop-orders"},{"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db-AbCdEf"}]}}]}`),
		designtest.Live(t, "AWS::SQS::Queue", "shop-orders", `{"QueueName":"shop-orders"}`),
		designtest.Live(t, "AWS::SecretsManager::Secret", "secret:shop/db-AbCdEf", `{"Name":"shop/db"}`),
		designtest.Live(t, "AWS::SSM::Parameter", "parameter/shop/level", `{"Name":"/shop/level","Type":"String","Value":"info"}`),
		designtest.Live(t, "AWS::KMS::Key", "key/11111111-2222-3333-4444-555555555555", `{"KeyId":"11111111-2222-3333-4444-555555555555","KeySpec":"RSA_2048","KeyUsage":"SIGN_VERIFY"}`),
		designtest.Live(t, "AWS::KMS::Alias", "alias/sign", `{"AliasName":"alias/sign","TargetKeyId":"11111111-2222-3333-4444-555555555555"}`),
	}
}

const liveTemplate = `
Resources:
  App:
    Type: AWS::IAM::Role
    Properties:
      RoleName: app
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: ec2.amazonaws.com}}]}
      Policies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: [sqs:SendMessage], Resource: !GetAtt Orders.Arn}, {Effect: Allow, Action: "secretsmanager:GetSecretValue", Resource: !Ref Db}]}}]
  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: shop-orders}}
  Db: {Type: AWS::SecretsManager::Secret, Properties: {Name: shop/db}}
  Level: {Type: AWS::SSM::Parameter, Properties: {Name: /shop/level, Type: String, Value: info}}
  Key: {Type: AWS::KMS::Key, Properties: {KeySpec: RSA_2048, KeyUsage: SIGN_VERIFY, KeyPolicy: {}}}
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/sign, TargetKeyId: !Ref Key}}
`

func TestLiveAndTemplateGiveTheSame(t *testing.T) {
	t.Parallel()
	live := designtest.Make(t, families(), liveForm(t)...)
	template := designtest.Make(t, families(), designtest.FromTemplate(t, liveTemplate)...)
	designtest.Check(t, live, template)
	designtest.SameTargets(t, template, live)
}

// many is an account of roles that each may do much, and what it is about.
func many(t *testing.T, roles, things int) []inventory.Resource {
	t.Helper()
	var out []inventory.Resource
	for i := range roles {
		statement := fmt.Sprintf(`{"Effect":"Allow","Action":["s3:*","sqs:*"],"Resource":"*"},{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::thing-%d/*"}`, i)
		out = append(out, designtest.Live(t, "AWS::IAM::Role", fmt.Sprintf("role/r%d", i), fmt.Sprintf(liveRole, fmt.Sprintf("r%d", i), "lambda.amazonaws.com", statement, "")))
	}
	for i := range things {
		out = append(out, designtest.Live(t, "AWS::S3::Bucket", fmt.Sprintf("thing-%d", i), fmt.Sprintf(`{"BucketName":"thing-%d"}`, i)),
			designtest.Live(t, "AWS::SQS::Queue", fmt.Sprintf("queue-%d", i), fmt.Sprintf(`{"QueueName":"queue-%d"}`, i)))
	}
	return out
}

func TestManyRoles(t *testing.T) {
	t.Parallel()
	start := time.Now()
	d := designtest.Make(t, families(), many(t, 60, 40)...)
	if len(d.Identity) != 60 || len(d.Blocking()) != 0 {
		t.Errorf("%d grants, %d findings that block", len(d.Identity), len(d.Blocking()))
	}
	assignments := designtest.Resources(d, "Microsoft.Authorization/roleAssignments")
	if len(assignments) > 4000 || len(assignments) < 120 {
		t.Errorf("%d role assignments; a subscription takes 4,000", len(assignments))
	}
	t.Logf("%d resources of the target in %s", len(d.Resources), time.Since(start).Round(time.Millisecond))
}
