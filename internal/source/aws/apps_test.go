package aws

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	v2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

const trustECS = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func (a account) role(name string) string {
	a.t.Helper()
	out := made(a, iam.NewFromConfig(a.config).CreateRole, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: sdk.String(trustECS)})
	return sdk.ToString(out.Role.Arn)
}

func TestECS(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := ecs.NewFromConfig(a.config)
	tags := []ecstypes.Tag{{Key: sdk.String("workload"), Value: sdk.String("shop")}}
	made(a, api.CreateCluster, &ecs.CreateClusterInput{ClusterName: sdk.String("web"), Tags: tags, Settings: []ecstypes.ClusterSetting{{Name: "containerInsights", Value: sdk.String("enabled")}}})
	for _, image := range []string{"shop:1", "shop:2"} {
		made(a, api.RegisterTaskDefinition, &ecs.RegisterTaskDefinitionInput{
			Family: sdk.String("shop"), NetworkMode: "awsvpc", Cpu: sdk.String("256"), Memory: sdk.String("512"), Tags: tags,
			ContainerDefinitions: []ecstypes.ContainerDefinition{{
				Name: sdk.String("shop"), Image: &image, Memory: sdk.Int32(256),
				Environment: []ecstypes.KeyValuePair{{Name: sdk.String("DB_PASSWORD"), Value: sdk.String("kB7#secret")}, {Name: sdk.String("DB_HOST"), Value: sdk.String("db.internal")}},
			}},
		})
	}
	made(a, api.CreateService, &ecs.CreateServiceInput{Cluster: sdk.String("web"), ServiceName: sdk.String("shop"), TaskDefinition: sdk.String("shop:2"), DesiredCount: sdk.Int32(2), Tags: tags, LaunchType: "FARGATE"})
	r := a.read(ecsService())
	cluster := r.one("AWS::ECS::Cluster", "web")
	hasTag(t, cluster, "workload", "shop")
	has(t, cluster, map[string]any{"ClusterName": "web", "ClusterSettings.0.Name": "containerInsights", "ClusterSettings.0.Value": "enabled"})
	service := r.one("AWS::ECS::Service", "shop")
	hasTag(t, service, "workload", "shop")
	has(t, service, map[string]any{"Cluster": string(cluster.ID), "DesiredCount": 2.0, "LaunchType": "FARGATE"})
	// Only the revision in use is read.
	r.count("AWS::ECS::TaskDefinition", 1)
	definition := r.one("AWS::ECS::TaskDefinition", "shop:2")
	hasTag(t, definition, "workload", "shop")
	has(t, definition, map[string]any{
		"Family": "shop", "ContainerDefinitions.0.Image": "shop:2", "ContainerDefinitions.0.Environment.0.Value": "db.internal",
		"ContainerDefinitions.0.Environment.1.Name": "DB_PASSWORD", "ContainerDefinitions.0.Environment.1.Value": "(redacted)",
	})
}

func TestEKS(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := eks.NewFromConfig(a.config)
	role := a.role("eks")
	subnets := []string{"subnet-1", "subnet-2"}
	made(a, api.CreateCluster, &eks.CreateClusterInput{
		Name: sdk.String("shop"), RoleArn: &role, Tags: map[string]string{"workload": "shop"}, ResourcesVpcConfig: &ekstypes.VpcConfigRequest{SubnetIds: subnets},
		Logging: &ekstypes.Logging{ClusterLogging: []ekstypes.LogSetup{{Enabled: sdk.Bool(true), Types: []ekstypes.LogType{"api", "audit"}}, {Enabled: sdk.Bool(false), Types: []ekstypes.LogType{"scheduler"}}}},
	})
	made(a, api.CreateNodegroup, &eks.CreateNodegroupInput{ClusterName: sdk.String("shop"), NodegroupName: sdk.String("general"), NodeRole: &role, Subnets: subnets,
		ScalingConfig: &ekstypes.NodegroupScalingConfig{MinSize: sdk.Int32(1), MaxSize: sdk.Int32(3), DesiredSize: sdk.Int32(2)}, InstanceTypes: []string{"m6i.large"}})
	made(a, api.CreateFargateProfile, &eks.CreateFargateProfileInput{ClusterName: sdk.String("shop"), FargateProfileName: sdk.String("jobs"), PodExecutionRoleArn: &role, Subnets: subnets,
		Selectors: []ekstypes.FargateProfileSelector{{Namespace: sdk.String("jobs"), Labels: map[string]string{"b": "2", "a": "1"}}}})
	r := a.read(eksService())
	cluster := r.one("AWS::EKS::Cluster", "shop")
	hasTag(t, cluster, "workload", "shop")
	has(t, cluster, map[string]any{"RoleArn": role, "ResourcesVpcConfig.SubnetIds.0": "subnet-1", "Logging.ClusterLogging.EnabledTypes.0.Type": "api", "Logging.ClusterLogging.EnabledTypes.1.Type": "audit"})
	has(t, r.one("AWS::EKS::Nodegroup", "general"), map[string]any{"ClusterName": "shop", "ScalingConfig.DesiredSize": 2.0, "InstanceTypes.0": "m6i.large"})
	has(t, r.one("AWS::EKS::FargateProfile", "jobs"), map[string]any{"Selectors.0.Namespace": "jobs", "Selectors.0.Labels.0.Key": "a", "Selectors.0.Labels.1.Value": "2"})
}

func TestAPIGateway(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := apigateway.NewFromConfig(a.config)
	rest := made(a, api.CreateRestApi, &apigateway.CreateRestApiInput{Name: sdk.String("shop"), Tags: map[string]string{"workload": "shop"}, EndpointConfiguration: &apitypes.EndpointConfiguration{Types: []apitypes.EndpointType{"REGIONAL"}}})
	root := made(a, api.GetResources, &apigateway.GetResourcesInput{RestApiId: rest.Id}).Items[0].Id
	orders := made(a, api.CreateResource, &apigateway.CreateResourceInput{RestApiId: rest.Id, ParentId: root, PathPart: sdk.String("orders")})
	made(a, api.PutMethod, &apigateway.PutMethodInput{RestApiId: rest.Id, ResourceId: orders.Id, HttpMethod: sdk.String("POST"), AuthorizationType: sdk.String("NONE")})
	made(a, api.PutMethodResponse, &apigateway.PutMethodResponseInput{RestApiId: rest.Id, ResourceId: orders.Id, HttpMethod: sdk.String("POST"), StatusCode: sdk.String("200")})
	made(a, api.PutIntegration, &apigateway.PutIntegrationInput{RestApiId: rest.Id, ResourceId: orders.Id, HttpMethod: sdk.String("POST"), Type: "HTTP", IntegrationHttpMethod: sdk.String("PUT"), Uri: sdk.String("https://shop.example/orders")})
	made(a, api.PutIntegrationResponse, &apigateway.PutIntegrationResponseInput{RestApiId: rest.Id, ResourceId: orders.Id, HttpMethod: sdk.String("POST"), StatusCode: sdk.String("200"), SelectionPattern: sdk.String("")})
	deployment := made(a, api.CreateDeployment, &apigateway.CreateDeploymentInput{RestApiId: rest.Id})
	made(a, api.CreateStage, &apigateway.CreateStageInput{RestApiId: rest.Id, StageName: sdk.String("live"), DeploymentId: deployment.Id, Variables: map[string]string{"backend": "orders"}})
	made(a, api.CreateApiKey, &apigateway.CreateApiKeyInput{Name: sdk.String("partner"), Value: sdk.String("qwertyuiopasdfghjklzxcvbnm"), Enabled: true})
	made(a, api.CreateUsagePlan, &apigateway.CreateUsagePlanInput{Name: sdk.String("partners")})
	r := a.read(apigatewayService())
	one := r.one("AWS::ApiGateway::RestApi", "shop")
	hasTag(t, one, "workload", "shop")
	has(t, one, map[string]any{"RestApiId": *rest.Id, "RootResourceId": *root, "EndpointConfiguration.Types.0": "REGIONAL"})
	alias(t, one, *rest.Id+".execute-api.us-east-1.amazonaws.com")
	r.count("AWS::ApiGateway::Resource", 1)
	has(t, r.one("AWS::ApiGateway::Resource", "/orders"), map[string]any{"PathPart": "orders", "ParentId": *root, "RestApiId": *rest.Id})
	has(t, r.one("AWS::ApiGateway::Method", "POST /orders"), map[string]any{
		"HttpMethod": "POST", "ResourceId": *orders.Id, "Integration.Uri": "https://shop.example/orders", "Integration.IntegrationHttpMethod": "PUT",
		"Integration.IntegrationResponses.0.StatusCode": "200", "MethodResponses.0.StatusCode": "200",
	})
	has(t, r.one("AWS::ApiGateway::Stage", "live"), map[string]any{"RestApiId": *rest.Id, "Variables.backend": "orders"})
	r.one("AWS::ApiGateway::UsagePlan", "partners")
	key := r.one("AWS::ApiGateway::ApiKey", "partner")
	if key.Properties["Value"] != nil || key.Attributes["Value"] != nil {
		t.Errorf("the key's value is there: %v %v", key.Properties, key.Attributes)
	}
}

func TestAPIGatewayV2(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := apigatewayv2.NewFromConfig(a.config)
	http := made(a, api.CreateApi, &apigatewayv2.CreateApiInput{Name: sdk.String("shop"), ProtocolType: "HTTP", Tags: map[string]string{"workload": "shop"},
		CorsConfiguration: &v2types.Cors{AllowOrigins: []string{"https://shop.example"}}})
	integration := made(a, api.CreateIntegration, &apigatewayv2.CreateIntegrationInput{ApiId: http.ApiId, IntegrationType: "HTTP_PROXY", IntegrationUri: sdk.String("https://orders.example"), IntegrationMethod: sdk.String("ANY")})
	made(a, api.CreateRoute, &apigatewayv2.CreateRouteInput{ApiId: http.ApiId, RouteKey: sdk.String("GET /orders"), Target: sdk.String("integrations/" + *integration.IntegrationId)})
	made(a, api.CreateStage, &apigatewayv2.CreateStageInput{ApiId: http.ApiId, StageName: sdk.String("$default"), AutoDeploy: sdk.Bool(true)})
	made(a, api.CreateVpcLink, &apigatewayv2.CreateVpcLinkInput{Name: sdk.String("inside"), SubnetIds: []string{"subnet-2", "subnet-1"}, SecurityGroupIds: []string{"sg-1"}})
	r := a.read(apigatewayV2Service())
	one := r.one("AWS::ApiGatewayV2::Api", "shop")
	hasTag(t, one, "workload", "shop")
	has(t, one, map[string]any{"ProtocolType": "HTTP", "CorsConfiguration.AllowOrigins.0": "https://shop.example"})
	has(t, r.one("AWS::ApiGatewayV2::Route", "GET /orders"), map[string]any{"ApiId": *http.ApiId, "Target": "integrations/" + *integration.IntegrationId})
	has(t, r.one("AWS::ApiGatewayV2::Integration", "https://orders.example"), map[string]any{"IntegrationType": "HTTP_PROXY", "ApiId": *http.ApiId})
	has(t, r.one("AWS::ApiGatewayV2::Stage", "$default"), map[string]any{"AutoDeploy": true})
	has(t, r.one("AWS::ApiGatewayV2::VpcLink", "inside"), map[string]any{"SubnetIds.0": "subnet-1", "SecurityGroupIds.0": "sg-1"})
}

func TestStepFunctions(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := sfn.NewFromConfig(a.config)
	const text = `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:pay","End":true}}}`
	made(a, api.CreateStateMachine, &sfn.CreateStateMachineInput{Name: sdk.String("pay"), Definition: sdk.String(text), RoleArn: sdk.String(a.role("steps")), Type: "EXPRESS",
		Tags: []sfntypes.Tag{{Key: sdk.String("workload"), Value: sdk.String("shop")}}})
	made(a, api.CreateActivity, &sfn.CreateActivityInput{Name: sdk.String("approve")})
	r := a.read(stepFunctionsService())
	machine := r.one("AWS::StepFunctions::StateMachine", "pay")
	hasTag(t, machine, "workload", "shop")
	has(t, machine, map[string]any{"StateMachineName": "pay", "StateMachineType": "EXPRESS", "DefinitionString": text})
	r.one("AWS::StepFunctions::Activity", "approve")
}
