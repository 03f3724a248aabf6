package app_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/app"
	"example.com/landfall/internal/design/data"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/security"
)

// whole are the families that decide who may read what.
func whole() []design.Family {
	return []design.Family{designtest.Network(), security.Family(), data.Family(), app.Family()}
}

const trusted = `AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {Service: [lambda.amazonaws.com, ecs-tasks.amazonaws.com]}}]}`

func role(statement string) string {
	policies := ""
	if statement != "" {
		policies = ", Policies: [{PolicyName: p, PolicyDocument: {Statement: [" + statement + "]}}]"
	}
	return "  Role: {Type: AWS::IAM::Role, Properties: {RoleName: mailer, " + trusted + policies + "}}\n"
}

// Two functions of one role keep their packages apart: nobody but the host of a
// function may write where its package is.
func TestFunctionsOfOneRoleCannotReplaceEachOther(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, whole(), designtest.FromTemplate(t, "Resources:\n"+role("")+`
  One: {Type: AWS::Lambda::Function, Properties: {FunctionName: one, Runtime: python3.12, Handler: a.b, Role: !GetAtt Role.Arn, Code: {ZipFile: x}}}
  Two: {Type: AWS::Lambda::Function, Properties: {FunctionName: two, Runtime: python3.12, Handler: a.b, Role: !GetAtt Role.Arn, Code: {ZipFile: x}}}
`)...)
	designtest.Check(t, d)
	writers := map[cloud.ResourceID]map[string]bool{}
	for _, r := range designtest.Resources(d, "Microsoft.Authorization/roleAssignments") {
		if strings.Contains(string(r.Scope), "/storageAccounts/") {
			if writers[r.Scope] == nil {
				writers[r.Scope] = map[string]bool{}
			}
			writers[r.Scope][design.Text(r.Body, "properties.principalId")] = true
		}
	}
	if len(writers) != 2 {
		t.Fatalf("%d accounts have writers: %v", len(writers), writers)
	}
	seen := map[string]cloud.ResourceID{}
	for scope, principals := range writers {
		if len(principals) != 1 {
			t.Errorf("%s has %d writers", scope, len(principals))
		}
		for who := range principals {
			if other, twice := seen[who]; twice {
				t.Errorf("%s writes to %s and %s", who, scope, other)
			}
			seen[who] = scope
		}
	}
	for _, name := range []string{"one", "two"} {
		site := body(t, d, "Microsoft.Web/sites", name)
		code, host := design.Text(site.Body, "properties.keyVaultReferenceIdentity"), design.Text(site.Body, "properties.functionAppConfig.deployment.storage.authentication.userAssignedIdentityResourceId")
		if code == host || !strings.Contains(code, "mailer") || !strings.Contains(host, name+"-host") {
			t.Errorf("%s: code runs as %s, the host as %s", name, code, host)
		}
		assigned, _ := design.At(site.Body, "identity.userAssignedIdentities").(map[string]any)
		if len(assigned) != 2 || assigned[code] == nil || assigned[host] == nil {
			t.Errorf("%s has the identities %v", name, assigned)
		}
		got := settings(site, "properties.siteConfig.appSettings")
		if got["AZURE_CLIENT_ID"] == got["AzureWebJobsStorage__clientId"] || !strings.Contains(got["AzureWebJobsStorage__clientId"], name+"-host") {
			t.Errorf("%s signs in to its store as %s", name, got["AzureWebJobsStorage__clientId"])
		}
	}
}

// A setting that refers to something is told when its identity may not use it,
// and only then.
func TestReferencesNeedARight(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, target, value, allowed, right string }{
		{"secret", `{Type: AWS::SecretsManager::Secret, Properties: {Name: shop/database}}`, "!Ref Target", `{Effect: Allow, Action: ["secretsmanager:GetSecretValue"], Resource: !Ref Target}`, "Key Vault Secrets User"},
		{"queue", `{Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}`, "!Ref Target", `{Effect: Allow, Action: ["sqs:SendMessage"], Resource: !GetAtt Target.Arn}`, "Azure Service Bus Data Sender or Receiver"},
		{"topic", `{Type: AWS::SNS::Topic, Properties: {TopicName: news}}`, "!Ref Target", `{Effect: Allow, Action: ["sns:Publish"], Resource: !Ref Target}`, "Azure Service Bus Data Sender or Receiver"},
		{"bucket", `{Type: AWS::S3::Bucket, Properties: {BucketName: shop-files}}`, "!Ref Target", `{Effect: Allow, Action: ["s3:GetObject"], Resource: !Sub "${Target.Arn}/*"}`, "Storage Blob Data Reader or Contributor"},
		{"table", `{Type: AWS::DynamoDB::Table, Properties: {TableName: carts, BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: id, AttributeType: S}], KeySchema: [{AttributeName: id, KeyType: HASH}]}}`, "!Ref Target", `{Effect: Allow, Action: ["dynamodb:GetItem"], Resource: !GetAtt Target.Arn}`, "a data role of its Cosmos DB account"},
		{"stream", `{Type: AWS::Kinesis::Stream, Properties: {Name: clicks, ShardCount: 1}}`, "!Ref Target", `{Effect: Allow, Action: ["kinesis:PutRecord"], Resource: !GetAtt Target.Arn}`, "Azure Event Hubs Data Sender or Receiver"},
	} {
		for _, allowed := range []bool{false, true} {
			statement := map[bool]string{true: c.allowed}[allowed]
			text := "Resources:\n" + role(statement) + "  Target: " + c.target + "\n" +
				"  Mailer: {Type: AWS::Lambda::Function, Properties: {FunctionName: mailer, Runtime: python3.12, Handler: a.b, Role: !GetAtt Role.Arn, Code: {ZipFile: x}, Environment: {Variables: {THE_TARGET: " + c.value + "}}}}\n" +
				`  Task: {Type: AWS::ECS::TaskDefinition, Properties: {Family: post, Cpu: "256", Memory: "512", TaskRoleArn: !GetAtt Role.Arn, ContainerDefinitions: [{Name: post, Image: "nginx:1", Environment: [{Name: THE_TARGET, Value: ` + c.value + `}]}]}}
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: c}}
  Service: {Type: AWS::ECS::Service, Properties: {ServiceName: post, Cluster: !Ref Cluster, TaskDefinition: !Ref Task, LaunchType: FARGATE}}
`
			d := designtest.Shuffled(t, whole(), designtest.FromTemplate(t, text)...)
			designtest.Check(t, d)
			for _, kind := range []cloud.Kind{"AWS::Lambda::Function", "AWS::ECS::Service|AWS::ECS::TaskDefinition"} {
				told := ""
				for _, one := range d.Decisions {
					for _, todo := range one.ToDo {
						if strings.Contains(string(kind), string(one.Kind)) && strings.Contains(todo, "THE_TARGET") && strings.Contains(todo, "the role "+c.right) {
							told = todo
						}
					}
				}
				if (told != "") == allowed {
					t.Errorf("%s, %s, allowed %v: told %q", c.name, kind, allowed, told)
				}
				if told != "" && !strings.Contains(told, "identity id-mailer") {
					t.Errorf("%s: the identity is not named: %q", c.name, told)
				}
			}
		}
	}
}

// Whatever the role may do at the source, either the reference is covered by an
// assignment or a person is told.
func TestEveryReferenceIsCoveredOrTold(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"!Ref Secret", `"*"`, "!Ref Other"} {
		for _, action := range []string{"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret", "secretsmanager:*", "sqs:SendMessage"} {
			d := designtest.Make(t, whole(), designtest.FromTemplate(t, "Resources:\n"+role(fmt.Sprintf(`{Effect: Allow, Action: [%q], Resource: %s}`, action, on))+`
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: shop/database}}
  Other: {Type: AWS::SecretsManager::Secret, Properties: {Name: shop/other}}
  Mailer: {Type: AWS::Lambda::Function, Properties: {FunctionName: post, Runtime: python3.12, Handler: a.b, Role: !GetAtt Role.Arn, Code: {ZipFile: x}, Environment: {Variables: {DATABASE_SECRET: !Ref Secret}}}}
`)...)
			may := on != "!Ref Other" && (action == "secretsmanager:GetSecretValue" || action == "secretsmanager:*")
			told := strings.Contains(strings.Join(decision(t, d, "AWS::Lambda::Function", "post").ToDo, " "), "Key Vault Secrets User on shop-database")
			if may == told {
				t.Errorf("%s on %s: told %v", action, on, told)
			}
		}
	}
}
