package rules_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/rules"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/testkit/bookshop"
)

// Every role assignment of the bookshop's workload identities is in the
// proof, and none grants more than the source.
func TestIdentityProofCountsEveryAssignment(t *testing.T) {
	t.Parallel()
	d := designed(t, bookshop.Template(t), graph.Observed{})
	counted := map[cloud.ResourceID]int{}
	var assignments []design.Resource
	for _, kind := range []cloud.Kind{"Microsoft.Authorization/roleAssignments", "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments"} {
		assignments = append(assignments, designtest.Resources(d, kind)...)
	}
	names := map[cloud.ResourceID]string{}
	for _, r := range d.Resources {
		names[r.ID] = r.Name
	}
	for _, g := range d.Identity {
		if len(g.Wider) > 0 {
			t.Errorf("%s: %q", g.Role, g.Wider)
		}
		for _, r := range assignments {
			if who, _ := design.At(r.Body, "properties.principalId").(string); !strings.Contains(who, "'"+string(g.Identity)+"'") {
				continue
			}
			counted[g.Identity]++
			if r.Scope != "" && !strings.Contains(strings.Join(g.Granted, "\n")+"\n", " on "+names[r.Scope]) {
				t.Errorf("%s has %s on %s, which the proof does not count", g.Identity, r.Name, r.Scope)
			}
		}
		if counted[g.Identity] != len(g.Granted) || len(g.Granted) == 0 {
			t.Errorf("%s has %d assignments, and the proof counts %q", g.Identity, counted[g.Identity], g.Granted)
		}
		for _, text := range g.Granted {
			if strings.HasSuffix(text, " on "+names[bus(d)]) || strings.Contains(text, " on "+names[bus(d)]+",") {
				t.Errorf("%s on the whole namespace", text)
			}
		}
	}
	if len(counted) < 2 {
		t.Errorf("only %d identities", len(counted))
	}
}

func bus(d *design.Design) cloud.ResourceID {
	for _, r := range designtest.Resources(d, "Microsoft.ServiceBus/namespaces") {
		return r.ID
	}
	return ""
}

// Who is handed the value of a secret by its environment reads a vault that
// holds nothing else; who is handed its name only reads what policies allow.
func TestSecretsOfTheEnvironmentStayApart(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, rules.All(), designtest.FromTemplate(t, `
Resources:
  Pay: {Type: AWS::IAM::Role, Properties: {RoleName: pay, AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: lambda.amazonaws.com}}]}}}
  Ship: {Type: AWS::IAM::Role, Properties: {RoleName: ship, AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: lambda.amazonaws.com}}]}}}
  Task:
    Type: AWS::IAM::Role
    Properties:
      RoleName: task
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: ecs-tasks.amazonaws.com}}]}
      Policies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: "secretsmanager:GetSecretValue", Resource: !Ref Token}]}}]
  Start: {Type: AWS::IAM::Role, Properties: {RoleName: start, AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: ecs-tasks.amazonaws.com}}]}}}
  Database: {Type: AWS::SecretsManager::Secret, Properties: {Name: shop/database}}
  Token: {Type: AWS::SecretsManager::Secret, Properties: {Name: shop/token}}
  Payments:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: payments, Runtime: python3.12, Handler: a.b, Role: !GetAtt Pay.Arn, Code: {S3Bucket: code, S3Key: a.zip}, Environment: {Variables: {DB: "{{resolve:secretsmanager:shop/database}}", TOKEN_NAME: !Ref Token}}}
  Shipping:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: shipping, Runtime: python3.12, Handler: a.b, Role: !GetAtt Ship.Arn, Code: {S3Bucket: code, S3Key: a.zip}, Environment: {Variables: {KEY: "{{resolve:secretsmanager:elsewhere/key}}"}}}
  Api:
    Type: AWS::ECS::TaskDefinition
    Properties: {Family: api, Cpu: "256", Memory: "512", NetworkMode: awsvpc, RequiresCompatibilities: [FARGATE], TaskRoleArn: !GetAtt Task.Arn, ExecutionRoleArn: !GetAtt Start.Arn, ContainerDefinitions: [{Name: api, Image: "nginx:1", Environment: [{Name: TOKEN, Value: !Ref Token}]}]}
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: c}}
  Serve: {Type: AWS::ECS::Service, Properties: {ServiceName: serve, Cluster: !Ref Cluster, TaskDefinition: !Ref Api, LaunchType: FARGATE, DesiredCount: 1}}
`)...)
	designtest.Check(t, d)
	secrets := map[string]string{}
	for _, g := range d.Identity {
		if len(g.Wider) > 0 {
			t.Errorf("%s: %q", g.Role, g.Wider)
		}
		for _, text := range g.Granted {
			if where, ok := strings.CutPrefix(text, "Key Vault Secrets User on "); ok {
				role := string(g.Role[strings.LastIndex(string(g.Role), "/")+1:])
				if secrets[role] != "" {
					t.Errorf("%s reads %s and %s", role, secrets[role], where)
				}
				secrets[role], _, _ = strings.Cut(where, "/")
			}
		}
	}
	if len(secrets) != 3 || secrets["Start"] != "" || secrets["Pay"] == secrets["Ship"] || secrets["Pay"] == secrets["Task"] || secrets["Ship"] == secrets["Task"] {
		t.Errorf("who reads which vault: %v", secrets)
	}
}
