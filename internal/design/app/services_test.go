package app_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

const (
	busQueue = "Microsoft.ServiceBus/namespaces/queues"
	busTopic = "Microsoft.ServiceBus/namespaces/topics"
)

func TestQueues(t *testing.T) {
	t.Parallel()
	d := fromFile(t, "functions.yaml")
	meets(t, decision(t, d, "AWS::SQS::Queue", "jobs"), "sqs.client", "sqs.delay", "sqs.visibility", "sqs.message-size")
	has(t, body(t, d, busQueue, "/jobs"), map[string]string{"properties.lockDuration": "PT5M", "properties.maxDeliveryCount": "4", "properties.forwardDeadLetteredMessagesTo": "jobs-dead", "properties.defaultMessageTimeToLive": "P4D"})
	has(t, body(t, d, busQueue, "/jobs-dead"), map[string]string{"properties.maxDeliveryCount": "2000", "properties.defaultMessageTimeToLive": "P14D"})
	meets(t, decision(t, d, "AWS::SQS::Queue", "ordered.fifo"), "sqs.client", "sqs.content-deduplication", "sqs.fifo-order", "sqs.message-size")
	has(t, body(t, d, busQueue, "/ordered.fifo"), map[string]string{"properties.requiresSession": "true", "properties.requiresDuplicateDetection": "true", "properties.maxDeliveryCount": "2", "properties.forwardDeadLetteredMessagesTo": ""})
	folded := decision(t, d, "AWS::SQS::Queue", "ordered-dead.fifo")
	if folded.Action != design.Replace || len(folded.Targets) != 1 || !strings.HasSuffix(string(folded.Targets[0]), "/queues/ordered.fifo") {
		t.Errorf("the dead letters of a FIFO queue go to %v (%s)", folded.Targets, folded.Action)
	}
	has(t, body(t, d, "Microsoft.ServiceBus/namespaces", "sbns"), map[string]string{"sku.name": "Standard", "properties.disableLocalAuth": "true"})
}

// TestQueuesInCircles has queues that are each other's dead-letter queues, and
// one that is its own: nothing waits for itself.
func TestQueuesInCircles(t *testing.T) {
	t.Parallel()
	d := fromTemplate(t, `
Resources:
  A: {Type: AWS::SQS::Queue, Properties: {QueueName: a, RedrivePolicy: {deadLetterTargetArn: !Sub "arn:aws:sqs:us-east-1:123456789012:b", maxReceiveCount: "3"}}}
  B: {Type: AWS::SQS::Queue, Properties: {QueueName: b, RedrivePolicy: {deadLetterTargetArn: "arn:aws:sqs:us-east-1:123456789012:a", maxReceiveCount: 9999}}}
  C: {Type: AWS::SQS::Queue, Properties: {QueueName: c, RedrivePolicy: {deadLetterTargetArn: "arn:aws:sqs:us-east-1:123456789012:c", maxReceiveCount: 1}}}
`)
	has(t, body(t, d, busQueue, "/a"), map[string]string{"properties.maxDeliveryCount": "3", "properties.forwardDeadLetteredMessagesTo": ""})
	has(t, body(t, d, busQueue, "/b"), map[string]string{"properties.maxDeliveryCount": "2000"})
}

func TestQueueWithEndpointIsPremium(t *testing.T) {
	t.Parallel()
	d := fromTemplate(t, `
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: q, MaximumMessageSize: 1048576, KmsMasterKeyId: alias/aws/sqs}}
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Near: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Vpc, ServiceName: !Sub "com.amazonaws.${AWS::Region}.sqs", VpcEndpointType: Interface, SubnetIds: [subnet-0123456789abcdef0]}}
`)
	has(t, body(t, d, "Microsoft.ServiceBus/namespaces", "sbns"), map[string]string{"sku.name": "Premium", "sku.capacity": "1", "properties.publicNetworkAccess": "Enabled"})
	has(t, body(t, d, busQueue, "/q"), map[string]string{"properties.maxMessageSizeInKilobytes": "1024"})
	body(t, d, "Microsoft.Network/privateEndpoints", "")
	says(t, decision(t, d, "AWS::SQS::Queue", "q"), "premium tier")
}

func TestTopics(t *testing.T) {
	t.Parallel()
	d := fromTemplate(t, `
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}
  News: {Type: AWS::SNS::Topic, Properties: {TopicName: news}}
  Ordered: {Type: AWS::SNS::Topic, Properties: {TopicName: ordered.fifo, FifoTopic: true}}
  ToQueue: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref News, Protocol: sqs, Endpoint: !GetAtt Queue.Arn, FilterPolicy: {kind: [sale]}, FilterPolicyScope: MessageBody}}
  ToPartner: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref News, Protocol: https, Endpoint: "https://partner.example/hook", DeliveryPolicy: {healthyRetryPolicy: {numRetries: 3}}}}
  ToPeople: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref News, Protocol: email, Endpoint: a@shop.example}}
  ToPhone: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref News, Protocol: sms, Endpoint: "+15550100"}}
  Gone: {Type: AWS::SNS::Subscription, Properties: {TopicArn: "arn:aws:sns:us-east-1:999999999999:theirs", Protocol: sqs, Endpoint: !GetAtt Queue.Arn}}
  Policy: {Type: AWS::SNS::TopicPolicy, Properties: {Topics: [!Ref News], PolicyDocument: {Statement: [{Sid: open, Effect: Allow, Principal: "*", Action: "sns:Publish"}, {Sid: own, Effect: Allow, Principal: "*", Action: "sns:Publish", Condition: {StringEquals: {"aws:SourceAccount": "1"}}}, {Sid: them, Effect: Allow, Principal: {AWS: "arn:aws:iam::999999999999:root"}, Action: "sns:Publish"}, {Sid: no, Effect: Deny, Principal: {AWS: "arn:aws:iam::888888888888:root"}, Action: "*"}]}}}
  Alarms: {Type: AWS::SNS::Topic, Properties: {TopicName: on-call-of-the-shop, Subscription: [{Protocol: email, Endpoint: b@shop.example}]}}
  Phone: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Alarms, Protocol: sms, Endpoint: "+4915550100"}}
  Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: x, ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, AlarmActions: [!Ref Alarms]}}
`)
	has(t, body(t, d, busTopic, "ordered.fifo"), map[string]string{"properties.supportOrdering": "true", "properties.requiresDuplicateDetection": "true"})
	has(t, body(t, d, busTopic+"/subscriptions", "news/q"), map[string]string{"properties.forwardTo": "q"})
	has(t, body(t, d, busTopic+"/subscriptions/rules", "news/q"), map[string]string{"properties.sqlFilter.sqlExpression": "[kind] = 'sale'"})
	meets(t, decision(t, d, "AWS::SNS::Subscription", "ToQueue"), "sns.envelope", "sns.body-filter")
	meets(t, decision(t, d, "AWS::SNS::Subscription", "ToPartner"), "sns.http", "sns.delivery-policy")
	for name, gap := range map[string]string{"ToPeople": "sns.email", "ToPhone": "sns.sms"} {
		one := decision(t, d, "AWS::SNS::Subscription", name)
		meets(t, one, gap)
		if one.Action != design.Manual {
			t.Errorf("%s is %s", name, one.Action)
		}
	}
	if one := decision(t, d, "AWS::SNS::Subscription", "Gone"); one.Action != design.Manual {
		t.Errorf("a subscription of another account's topic is %s", one.Action)
	}
	policy := decision(t, d, "AWS::SNS::TopicPolicy", "Policy")
	meets(t, policy, "messaging.policy-anyone", "messaging.policy-deny")
	if len(policy.Gaps) != 2 {
		t.Errorf("a condition on the caller's account counts as anyone: %+v", policy.Gaps)
	}
	says(t, policy, "arn:aws:iam::999999999999:root")
	if strings.Contains(strings.Join(policy.ToDo, "\n"), "888888888888") {
		t.Error("whom a statement denies is given a way in")
	}
	group := body(t, d, "Microsoft.Insights/actionGroups", "")
	has(t, group, map[string]string{"properties.groupShortName": "on-call-of-t", "properties.emailReceivers.emailAddress": "b@shop.example", "properties.smsReceivers.countryCode": "49", "properties.smsReceivers.phoneNumber": "15550100"})
}

func TestEvents(t *testing.T) {
	t.Parallel()
	d := fromFile(t, "events.yaml")
	meets(t, decision(t, d, "AWS::Events::Rule", "placed"), "events.input", "events.pattern", "events.dead-letter", "events.case")
	if n := count(d, "Microsoft.EventGrid/eventSubscriptions"); n != 5 {
		t.Errorf("%d event subscriptions, want 5: four of placed and one of own", n)
	}
	has(t, body(t, d, "Microsoft.EventGrid/eventSubscriptions", "placed-f"), map[string]string{"properties.retryPolicy.maxDeliveryAttempts": "4", "properties.retryPolicy.eventTimeToLiveInMinutes": "10",
		"properties.deliveryWithResourceIdentity.destination.endpointType": "ServiceBusQueue", "properties.deliveryWithResourceIdentity.identity.type": "UserAssigned"})
	has(t, body(t, d, "Microsoft.EventGrid/eventSubscriptions", "placed-h"), map[string]string{"properties.destination.properties.endpointUrl": "https://hook.example/in"})
	handler := settings(body(t, d, "Microsoft.Web/sites", "handler"), "properties.siteConfig.appSettings")
	for name, want := range map[string]string{"SCHEDULE_HOURLY": "0 0 * * * *", "SCHEDULE_HOURLY_INPUT": `{"a":1}`, "AzureWebJobs.HOURLY.Disabled": "true", "SCHEDULE_WEEKLY": "0 0 8 * * MON", "QUEUE_AUDIT": "audit"} {
		if handler[name] != want {
			t.Errorf("%s is %q, want %q", name, handler[name], want)
		}
	}
	has(t, body(t, d, "Microsoft.Logic/workflows", "hourly"), map[string]string{"properties.state": "Disabled", "properties.definition.triggers.schedule.recurrence.frequency": "Day"})
	for _, name := range []string{"odd", "stopper"} {
		if one := decision(t, d, "AWS::Scheduler::Schedule", name); one.Action != design.Manual {
			t.Errorf("schedule %s is %s", name, one.Action)
		}
	}
	meets(t, decision(t, d, "AWS::Scheduler::Schedule", "weekly"), "scheduler.time-zone", "scheduler.window")
	machine := decision(t, d, "AWS::StepFunctions::StateMachine", "flow")
	if machine.Action != design.Manual || !strings.Contains(machine.Why, "3 states") {
		t.Errorf("the state machine: %+v", machine)
	}
	says(t, machine, "dynamodb:putItem")
	meets(t, machine, "stepfunctions.language", "stepfunctions.feature")
	says(t, decision(t, d, "AWS::AmazonMQ::Broker", "old"), "3 nodes")
}

func TestContainers(t *testing.T) {
	t.Parallel()
	d := fromFile(t, "containers.yaml")
	web := body(t, d, "Microsoft.App/containerApps", "ca-web")
	has(t, web, map[string]string{
		"properties.workloadProfileName": "Consumption", "properties.configuration.ingress.targetPort": "8080", "properties.configuration.ingress.external": "true",
		"properties.template.scale.minReplicas": "2", "properties.template.scale.maxReplicas": "9", "properties.template.scale.rules.custom.type": "cpu", "properties.template.terminationGracePeriodSeconds": "90",
		"properties.template.containers.probes.httpGet.path": "/healthz?x=1", "properties.template.containers.probes.initialDelaySeconds": "60", "properties.template.containers.volumeMounts.mountPath": "/scratch",
		"properties.template.initContainers.name": "migrate", "properties.template.initContainers.args": "",
	})
	if image := design.Text(web.Body, "properties.template.containers.image"); !strings.HasSuffix(image, ".azurecr.io/shop/web:1.4.2") {
		t.Errorf("the image is %q", image)
	}
	var secret string
	for _, s := range design.Maps(design.At(web.Body, "properties.template.containers.env")) {
		if design.Text(s, "name") == "DB_PASSWORD" {
			secret = design.Text(s, "secretRef")
		}
	}
	if secret == "" || design.Text(web.Body, "properties.configuration.secrets.name") != secret || !strings.Contains(design.Text(web.Body, "properties.configuration.secrets.keyVaultUrl"), ".vault.azure.net/secrets/") {
		t.Errorf("the password is not read from the vault: %v", web.Body["properties"])
	}
	meets(t, decision(t, d, "AWS::ECS::Service", "web"), "ecs.arm64", "ecs.efs", "ecs.container-option", "ecs.scaling", "ecs.security-groups", "ecs.agent", "ecs.execute-command", "ecs.secret-key")
	has(t, body(t, d, "Microsoft.App/containerApps", "ca-big"), map[string]string{"properties.workloadProfileName": "D16", "properties.template.containers.resources.memory": "60Gi", "properties.template.containers.name": "big-main"})
	if one := decision(t, d, "AWS::ECS::Service", "agent"); one.Action != design.Manual || !strings.Contains(one.Why, "DAEMON") {
		t.Errorf("a daemon is %s: %s", one.Action, one.Why)
	}
	has(t, body(t, d, "Microsoft.App/jobs", "report"), map[string]string{"properties.configuration.triggerType": "Schedule", "properties.configuration.scheduleTriggerConfig.cronExpression": "30 1 * * MON-FRI",
		"properties.configuration.scheduleTriggerConfig.parallelism": "2", "properties.template.containers.image": "docker.io/shop/report:7"})
	has(t, body(t, d, "Microsoft.App/managedEnvironments", "shop"), map[string]string{"properties.publicNetworkAccess": "Disabled", "properties.vnetConfiguration.internal": "false", "properties.workloadProfiles.name": "Consumption"})
}

func TestKubernetes(t *testing.T) {
	t.Parallel()
	d := fromFile(t, "kubernetes.yaml")
	has(t, body(t, d, "Microsoft.ContainerService/managedClusters", "aks-main"), map[string]string{
		"properties.kubernetesVersion": "1.36", "properties.networkProfile.serviceCidr": "10.100.0.0/16", "properties.networkProfile.dnsServiceIP": "10.100.0.10", "properties.apiServerAccessProfile.enablePrivateCluster": "false",
		"properties.oidcIssuerProfile.enabled": "true", "properties.securityProfile.workloadIdentity.enabled": "true", "properties.disableLocalAccounts": "true", "properties.addonProfiles.omsagent.enabled": "true",
	})
	has(t, body(t, d, "Microsoft.ContainerService/managedClusters/agentPools", "workers"), map[string]string{"properties.minCount": "2", "properties.maxCount": "6", "properties.count": "3", "properties.nodeLabels.tier": "web"})
	has(t, body(t, d, "Microsoft.ContainerService/managedClusters/agentPools", "cheap"), map[string]string{"properties.scaleSetPriority": "Spot", "properties.spotMaxPrice": "-1"})
	workers := decision(t, d, "AWS::EKS::Nodegroup", "workers")
	if workers.Cost == nil || workers.Cost.Before == nil || workers.Cost.After == nil || !strings.Contains(workers.Why, "m5.xlarge with 4 vCPU and 16 GiB") {
		t.Errorf("the pool costs %+v: %s", workers.Cost, workers.Why)
	}
	meets(t, decision(t, d, "AWS::EKS::Cluster", "main"), "eks.manifests", "eks.pod-network", "eks.version", "eks.secrets-key")
	for name, want := range map[string]design.Action{"coredns": design.Replace, "vendor_thing": design.Manual} {
		if one := decision(t, d, "AWS::EKS::Addon", name); one.Action != want {
			t.Errorf("add-on %s is %s", name, one.Action)
		}
	}
	meets(t, decision(t, d, "AWS::EKS::FargateProfile", "batch"), "eks.fargate")
}

func TestAPIs(t *testing.T) {
	t.Parallel()
	d := fromFile(t, "api.yaml")
	has(t, body(t, d, "Microsoft.ApiManagement/service", "apim"), map[string]string{"sku.name": "StandardV2", "properties.virtualNetworkType": "External"})
	has(t, body(t, d, "Microsoft.ApiManagement/service/apis", "orders"), map[string]string{"properties.path": "orders/prod", "properties.subscriptionRequired": "true"})
	has(t, body(t, d, "Microsoft.ApiManagement/service/apis/operations", "get-orders-id-all"), map[string]string{"properties.urlTemplate": "/orders/{id}/*", "properties.templateParameters.name": "id"})
	policy := design.Text(body(t, d, "Microsoft.ApiManagement/service/apis/policies", "orders").Body, "properties.value")
	for _, part := range []string{
		`<origin>https://shop.example</origin>`, `<openid-config url="{{issuer-users}}" />`, `<rate-limit-by-key calls="50"`, `<cache-store duration="60" />`, `<forward-request timeout="5" />`, `backend-id="list"`,
		`{ &#34;post-orders-id-all&#34; }.Contains(context.Operation.Id))"><return-response><set-status code="501"`,
	} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy lacks %s: %s", part, policy)
		}
	}
	refused := policy[:strings.Index(policy, `code="403"`)]
	if at := strings.LastIndex(refused, "<choose>"); !strings.Contains(refused[at:], "delete-orders-id") || strings.Contains(refused[at:], "get-orders&#34;") {
		t.Errorf("calls that AWS signatures protect are not refused: %s", refused[at:])
	}
	meets(t, decision(t, d, "AWS::ApiGateway::RestApi", "orders"), "apigateway.iam", "apigateway.mapping-template", "apigateway.service-integration", "apigateway.edge", "apigateway.functions", "apigateway.key-per-method", "apigateway.binary")
	has(t, body(t, d, "Microsoft.ApiManagement/service/namedValues", "issuer-tokens"), map[string]string{"properties.value": "https://id.example/.well-known/openid-configuration"})
	if one := decision(t, d, "AWS::ApiGatewayV2::Api", "chat"); one.Action != design.Manual {
		t.Errorf("a WebSocket API is %s", one.Action)
	}
	for _, p := range d.Parameters {
		if strings.HasPrefix(p.Name, "key") && !p.Secure {
			t.Errorf("parameter %s is not secure", p.Name)
		}
	}
}

func TestTemplateTools(t *testing.T) {
	t.Parallel()
	d := fromTemplate(t, `
Resources:
  Maker: {Type: AWS::Lambda::Function, Properties: {FunctionName: maker, Runtime: python3.12, Handler: a.b, Code: {ZipFile: x}}}
  Thing: {Type: "Custom::Thing", Properties: {ServiceToken: !GetAtt Maker.Arn, Size: 3}}
  Other: {Type: AWS::CloudFormation::CustomResource, Properties: {ServiceToken: "arn:aws:sns:us-east-1:123456789012:x"}}
  Logs: {Type: "Custom::LogRetention", Properties: {ServiceToken: !GetAtt Maker.Arn}}
  Wait: {Type: AWS::CloudFormation::WaitConditionHandle}
  Meta: {Type: AWS::CDK::Metadata, Properties: {Analytics: x}}
  Build: {Type: AWS::CodeBuild::Project, Properties: {Name: build, ServiceRole: x, Artifacts: {Type: NO_ARTIFACTS}, Environment: {Type: LINUX_CONTAINER, ComputeType: SMALL, Image: x}, Source: {Type: GITHUB}}}
`)
	thing := decision(t, d, "Custom::Thing", "Thing")
	if thing.Action != design.Manual || !strings.Contains(thing.Why, "function maker") {
		t.Errorf("a custom resource is %s: %s", thing.Action, thing.Why)
	}
	for kind, want := range map[string]design.Action{"Custom::LogRetention": design.Retire, "AWS::CloudFormation::WaitConditionHandle": design.Retire, "AWS::CDK::Metadata": design.Retire, "AWS::CodeBuild::Project": design.Replace} {
		for _, one := range d.Decisions {
			if string(one.Kind) == kind && one.Action != want {
				t.Errorf("%s is %s, want %s", kind, one.Action, want)
			}
		}
	}
}

func TestWeb(t *testing.T) {
	t.Parallel()
	d := fromTemplate(t, `
Resources:
  Runner: {Type: AWS::AppRunner::Service, Properties: {ServiceName: runner, SourceConfiguration: {ImageRepository: {ImageIdentifier: "public.ecr.aws/x/y:1", ImageRepositoryType: ECR_PUBLIC, ImageConfiguration: {Port: "3000", RuntimeEnvironmentVariables: [{Name: MODE, Value: x}]}}}, InstanceConfiguration: {Cpu: 1 vCPU, Memory: 2 GB}}}
  Stalk: {Type: AWS::ElasticBeanstalk::Environment, Properties: {EnvironmentName: stalk, ApplicationName: a, SolutionStackName: "64bit Amazon Linux 2023 v6.1.0 running Node.js 20", OptionSettings: [{Namespace: "aws:autoscaling:asg", OptionName: MinSize, Value: "2"}, {Namespace: "aws:elasticbeanstalk:application:environment", OptionName: MODE, Value: prod}]}}
  Worker: {Type: AWS::ElasticBeanstalk::Environment, Properties: {EnvironmentName: worker, ApplicationName: a, Tier: {Name: Worker, Type: SQS/HTTP}}}
  Site: {Type: AWS::Amplify::App, Properties: {Name: site, Platform: WEB_COMPUTE, CustomRules: [{Source: /a, Target: /b, Status: "301"}]}}
  Main: {Type: AWS::Amplify::Branch, Properties: {AppId: !GetAtt Site.AppId, BranchName: main}}
  Settings: {Type: AWS::AppConfig::Application, Properties: {Name: settings}}
  Profile: {Type: AWS::AppConfig::ConfigurationProfile, Properties: {ApplicationId: !Ref Settings, Name: limits, LocationUri: hosted}}
  Version: {Type: AWS::AppConfig::HostedConfigurationVersion, Properties: {ApplicationId: !Ref Settings, ConfigurationProfileId: !Ref Profile, Content: '{"limit": 5}', ContentType: application/json}}
`)
	has(t, body(t, d, "Microsoft.App/containerApps", "runner"), map[string]string{"properties.configuration.ingress.targetPort": "3000", "properties.template.scale.maxReplicas": "25", "properties.template.containers.resources.memory": "2Gi"})
	has(t, body(t, d, "Microsoft.Web/sites", "stalk"), map[string]string{"kind": "app,linux", "properties.siteConfig.linuxFxVersion": "NODE|22-lts", "properties.siteConfig.appSettings.value": "prod"})
	has(t, body(t, d, "Microsoft.Web/serverfarms", "stalk"), map[string]string{"sku.name": "P0v3", "sku.capacity": "2"})
	has(t, body(t, d, "Microsoft.AppConfiguration/configurationStores/keyValues", "limits"), map[string]string{"properties.value": `{"limit": 5}`})
	meets(t, decision(t, d, "AWS::Amplify::App", "site"), "amplify.server")
	if one := decision(t, d, "AWS::ElasticBeanstalk::Environment", "worker"); one.Action != design.Manual {
		t.Errorf("a worker environment is %s", one.Action)
	}
}

func TestSharedThingsMakeNothing(t *testing.T) {
	t.Parallel()
	resources := []inventory.Resource{
		designtest.Live(t, "AWS::SQS::Queue", "arn:aws:sqs:us-east-1:123456789012:q", `{"QueueName":"q"}`), designtest.Live(t, "AWS::SNS::Topic", "arn:aws:sns:us-east-1:123456789012:t", `{"TopicName":"t"}`),
		designtest.Live(t, "AWS::Events::EventBus", "arn:aws:events:us-east-1:123456789012:event-bus/b", `{"Name":"b"}`), designtest.Live(t, "AWS::EKS::Cluster", "arn:aws:eks:us-east-1:123456789012:cluster/k", `{"Name":"k"}`),
		designtest.Live(t, "AWS::ApiGateway::RestApi", "arn:aws:apigateway:us-east-1::/restapis/a", `{"Name":"a"}`),
	}
	d := designtest.Case{Families: families(), Resources: resources, Shared: []string{"q", "t", "b", "k", "a"}}.Make(t)
	designtest.Check(t, d)
	if len(d.Resources) != 0 {
		t.Errorf("shared resources got %d targets", len(d.Resources))
	}
	for _, one := range d.Decisions {
		if one.Action != design.Retain {
			t.Errorf("%s is %s", one.Name, one.Action)
		}
	}
}
