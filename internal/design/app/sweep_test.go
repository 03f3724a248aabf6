package app_test

import (
	"testing"

	"example.com/landfall/internal/design/designtest"
)

// TestEveryPropertyIsNoticed sets every property that CloudFormation knows of
// the main kinds: none may be dropped without a word.
func TestEveryPropertyIsNoticed(t *testing.T) {
	t.Parallel()
	designtest.Noticed(t, families, append(sweptFunctions(), append(sweptMessages(), sweptContainers()...)...)...)
}

const sweptNet = `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a}}
`

func sweptFunctions() []designtest.Swept {
	const function = sweptNet + `
  Worker: {Type: AWS::Lambda::Function, Properties: {FunctionName: worker, Runtime: python3.12, Handler: app.main, Role: "arn:aws:iam::123456789012:role/x", Code: {S3Bucket: b, S3Key: k}, VpcConfig: {SubnetIds: [!Ref A]}}}
`
	const api = `
Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop}}
  Users: {Type: AWS::ApiGateway::Authorizer, Properties: {Name: users, Type: COGNITO_USER_POOLS, RestApiId: !Ref Api, ProviderARNs: ["arn:aws:cognito-idp:us-east-1:123456789012:userpool/x"]}}
  M: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId, HttpMethod: GET, AuthorizationType: COGNITO_USER_POOLS, AuthorizerId: !Ref Users, Integration: {Type: HTTP_PROXY, IntegrationHttpMethod: GET, Uri: "https://up.example/x"}}}
`
	return []designtest.Swept{
		{Of: "AWS::Lambda::Function", Template: function, Excused: `
			Description a text for people
			FunctionName its name
			Code.S3ObjectStorageMode how Lambda keeps its copy
			Code.ZipFile stands beside a place in S3
			ImageConfig* counts only for an image, below
			PublishToLatestPublished versions are the pipeline's
			RuntimeManagementConfig.RuntimeVersionArn a build of Lambda's own runtime
			VpcConfig.SecurityGroupIds[] the network double has no rules
			VpcConfig.SubnetIds[] the network double has one subnet for all`},
		{Of: "AWS::Lambda::Function", Only: "ImageConfig", Template: `
Resources:
  Worker: {Type: AWS::Lambda::Function, Properties: {FunctionName: worker, PackageType: Image, Role: "arn:aws:iam::123456789012:role/x", Code: {ImageUri: "123456789012.dkr.ecr.us-east-1.amazonaws.com/worker:1"}}}
`},
		{Of: "AWS::ApiGateway::RestApi", Template: api, Try: map[string]any{"ApiKeySourceType": "AUTHORIZER", "EndpointConfiguration.Types[]": "PRIVATE", "EndpointConfiguration.IpAddressType": "dualstack",
			"Body": map[string]any{"paths": map[string]any{"/more": map[string]any{"get": map[string]any{}}}}}, Excused: `
			EndpointConfiguration.VpcEndpointIds[] counts only for a private API
			FailOnWarnings how API Gateway reads a document
			Mode how API Gateway reads a document
			Name its name
			Parameters how API Gateway reads a document
			Version a number that API Gateway gives`},
		{Of: "AWS::ApiGateway::Method", Template: api, Try: map[string]any{"Integration.ResponseTransferMode": "STREAM", "HttpMethod": "POST", "AuthorizationType": "AWS_IAM"}, Excused: `
			Integration.CacheNamespace counts only with keys of the cache, which are named
			Integration.ConnectionId the kind of the connection says it
			Integration.Credentials a role of AWS; calls carry the key of the function or nothing
			Integration.IntegrationResponses[].StatusCode counts only with what it maps
			Integration.PassthroughBehavior counts only with templates, which are named
			MethodResponses* a description of the answers for SDKs
			OperationName a name for SDKs
			RequestParameters[] counts only with a validator, which is named
			ResourceId the double of the network has no other resource`},
	}
}

func sweptMessages() []designtest.Swept {
	const rule = sweptNet + `
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  R: {Type: AWS::Events::Rule, Properties: {Name: r, EventBusName: !Ref Bus, EventPattern: {source: [shop]}, Targets: [{Id: a, Arn: !GetAtt Jobs.Arn}]}}
`
	const task = sweptNet + `
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: shop}}
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {Family: job, Cpu: "256", Memory: "512", ContainerDefinitions: [{Name: job, Image: nginx}]}}
  R: {Type: AWS::Events::Rule, Properties: {Name: r, ScheduleExpression: rate(1 hour), Targets: [{Id: a, Arn: !GetAtt Cluster.Arn, EcsParameters: {TaskDefinitionArn: !Ref Task}}]}}
`
	return []designtest.Swept{
		{Of: "AWS::SQS::Queue", Template: `
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs.fifo, FifoQueue: true}}
`, Try: map[string]any{"DeduplicationScope": "messageGroup"}, Excused: `
			FifoQueue the name says it too
			FifoThroughputLimit a limit of SQS, which Service Bus has not
			KmsDataKeyReusePeriodSeconds how often SQS asks KMS
			QueueName its name
			ReceiveMessageWaitTimeSeconds receivers of Service Bus wait by themselves
			SqsManagedSseEnabled every namespace is encrypted`},
		{Of: "AWS::SNS::Topic", Template: `
Resources:
  News: {Type: AWS::SNS::Topic, Properties: {TopicName: news}}
`, Try: map[string]any{"TracingConfig": "Active"}, Excused: `
			DisplayName counts only for mails and texts, below
			FifoThroughputScope a limit of SNS, which Service Bus has not
			SignatureVersion how SNS signs what it posts
			TopicName its name`},
		{Of: "AWS::SNS::Topic", Only: "DisplayName", Template: `
Resources:
  News: {Type: AWS::SNS::Topic, Properties: {TopicName: news, Subscription: [{Protocol: email, Endpoint: a@b.example}]}}
  High: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: high, AlarmActions: [!Ref News], ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1}}
`},
		{Of: "AWS::SNS::Subscription", Template: `
Resources:
  News: {Type: AWS::SNS::Topic, Properties: {TopicName: news}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  S: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref News, Protocol: sqs, Endpoint: !GetAtt Jobs.Arn, FilterPolicy: {kind: [order]}}}
`, Try: map[string]any{"FilterPolicyScope": "MessageBody", "RedrivePolicy": map[string]any{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:gone"}}, Excused: `
			Region the topic's own
			SubscriptionRoleArn a role of AWS; the reader's identity counts here`},
		{Of: "AWS::Events::Rule", Template: rule, Try: map[string]any{"State": "DISABLED", "Targets[].HttpParameters.HeaderParameters[]": "x"}, Excused: `
			Description a text for people
			Name its name
			RoleArn the messenger's identity signs in
			Targets[].Id a name within the rule
			Targets[].RoleArn the messenger's identity signs in
			Targets[].EcsParameters* counts only for a task, below`},
		{Of: "AWS::Events::Rule", Only: "Targets[].EcsParameters", Template: task},
	}
}

func sweptContainers() []designtest.Swept {
	const service = sweptNet + `
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: shop}}
  Web:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      Cpu: "512"
      Memory: "1024"
      Volumes: [{Name: scratch}]
      ContainerDefinitions:
        - {Name: zeb, Image: nginx, PortMappings: [{ContainerPort: 80}]}
        - {Name: aid, Image: nginx, PortMappings: [{ContainerPort: 81}], Environment: [{Name: MODE, Value: fast}], MountPoints: [{SourceVolume: scratch, ContainerPath: /tmp/x}], HealthCheck: {Command: [CMD-SHELL, "curl http://localhost/up"]}, LogConfiguration: {LogDriver: splunk}}
  Service: {Type: AWS::ECS::Service, Properties: {ServiceName: web, Cluster: !Ref Cluster, TaskDefinition: !Ref Web, DesiredCount: 2, NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [!Ref A]}}}}
`
	const cluster = sweptNet + `
  Cluster: {Type: AWS::EKS::Cluster, Properties: {Name: shop, Version: "1.33", RoleArn: "arn:aws:iam::123456789012:role/x", ResourcesVpcConfig: {SubnetIds: [!Ref A]}}}
  Nodes: {Type: AWS::EKS::Nodegroup, Properties: {NodegroupName: web, ClusterName: !Ref Cluster, NodeRole: "arn:aws:iam::123456789012:role/x", Subnets: [!Ref A], InstanceTypes: [m5.large], WarmPoolConfig: {Enabled: true}}}
`
	return []designtest.Swept{
		{Of: "AWS::ECS::Service", Template: service, Excused: `
			AvailabilityZoneRebalancing replicas of an app spread by themselves
			DeploymentConfiguration.MaximumPercent a new revision stands beside the old one
			DeploymentConfiguration.MinimumHealthyPercent the old revision stays until the new one answers
			EnableECSManagedTags tags are those of the app
			ForceNewDeployment* a way to deploy, not a state
			NetworkConfiguration.AwsvpcConfiguration.Subnets[] the network double has one subnet for all
			PlatformVersion a version of Fargate itself
			PropagateTags tags are those of the app
			Role a role by which ECS registers with balancers
			ServiceName its name`},
		{Of: "AWS::ECS::TaskDefinition", Template: service, Excused: `
			ContainerDefinitions[].Cpu the first container takes what the others leave
			ContainerDefinitions[].Memory the first container takes what the others leave
			ContainerDefinitions[].MemoryReservation the first container takes what the others leave
			ContainerDefinitions[].HealthCheck.Command[] its first word says how it is run; the address in it is read
			ContainerDefinitions[].LogConfiguration.SecretOptions* secrets of the driver, which is named
			ContainerDefinitions[].PortMappings[].HostPort replicas have addresses of their own
			ContainerDefinitions[].PortMappings[].Name a name for Service Connect, which is named
			ContainerDefinitions[].VersionConsistency a revision keeps its image
			EnableFaultInjection a switch of AWS's own experiments
			RequiresCompatibilities[] where it may run at AWS`},
		{Of: "AWS::EKS::Cluster", Template: cluster, Try: map[string]any{"UpgradePolicy.SupportType": "STANDARD"}, Excused: `
			AccessConfig.BootstrapClusterCreatorAdminPermissions whoever deploys gets no rights inside
			BootstrapSelfManagedAddons AKS brings network, names and proxy itself
			ComputeConfig.NodePools[] counts only with automatic machines, which are named
			ComputeConfig.NodeRoleArn counts only with automatic machines, which are named
			Force a way to deploy, not a state
			KubernetesNetworkConfig.ElasticLoadBalancing.Enabled counts only with automatic machines, which are named
			Name its name
			ResourcesVpcConfig.SubnetIds[] the network double has one subnet for all
			RoleArn AKS has an identity of its own
			StorageConfig.BlockStorage.Enabled counts only with automatic machines, which are named`},
		{Of: "AWS::EKS::Nodegroup", Template: cluster, Try: map[string]any{"Version": "1.32"}, Excused: `
			ForceUpdateEnabled a way to deploy, not a state
			NodeRepairConfig* AKS repairs machines by itself
			NodegroupName its name
			ReleaseVersion a build of AWS's own image
			Subnets[] the network double has one subnet for all
			WarmPoolConfig* that there is one is named`},
	}
}
