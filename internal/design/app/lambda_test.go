package app_test

import (
	"os"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

func fromFile(t *testing.T, name string) *design.Design {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	designtest.Shuffled(t, families(), designtest.FromTemplate(t, string(text))...)
	return fromTemplate(t, string(text))
}

func TestFunction(t *testing.T) {
	t.Parallel()
	d := fromFile(t, "functions.yaml")
	worker := decision(t, d, "AWS::Lambda::Function", "worker")
	meets(t, worker, "lambda.programming-model", "lambda.arm64", "lambda.concurrency", "lambda.destinations", "lambda.ephemeral-storage", "lambda.layers", "lambda.reserved-concurrency", "lambda.runtime-ended",
		"lambda.http-timeout", "lambda.network", "lambda.provisioned-concurrency", "lambda.snapstart")
	if worker.Action != design.Migrate || !strings.Contains(worker.Why, "1024 MB and a timeout of 900 s") || len(worker.Alternatives) != 2 {
		t.Errorf("the decision is %+v", worker)
	}
	says(t, worker, "the rights of role arn:aws:iam::123456789012:role/elsewhere")
	says(t, worker, "give secure parameter workerAPITOKEN")
	says(t, worker, "gone/secret is not part of the design")
	app := body(t, d, "Microsoft.Web/sites", "worker")
	has(t, app, map[string]string{
		"kind": "functionapp,linux", "properties.httpsOnly": "true", "properties.siteConfig.ipSecurityRestrictionsDefaultAction": "Allow",
		"properties.functionAppConfig.runtime.name": "node", "properties.functionAppConfig.runtime.version": "24",
		// 100 events of 1,024 MB are 50 instances of 2,048 MB with two each.
		"properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB": "2048", "properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount": "50",
		"properties.functionAppConfig.scaleAndConcurrency.triggers.http.perInstanceConcurrency": "2",
		"properties.functionAppConfig.scaleAndConcurrency.alwaysReady.name":                     "http", "properties.functionAppConfig.scaleAndConcurrency.alwaysReady.instanceCount": "3",
		"properties.functionAppConfig.deployment.storage.authentication.type": "UserAssignedIdentity", "properties.siteConfig.cors.allowedOrigins": "",
	})
	if !strings.Contains(design.Text(app.Body, "properties.virtualNetworkSubnetId"), "functions") {
		t.Errorf("the app is in no subnet of its own: %v", app.Body["properties"])
	}
	got := settings(app, "properties.siteConfig.appSettings")
	for name, want := range map[string]string{
		"MODE": "fast", "QUEUE_URL": "jobs", "QUEUE_JOBS": "jobs", "EVENTS_QUEUE": "", "SUBSCRIPTION_NEWS": "news/worker", "FAILED_EVENTS": "jobs-dead", "AzureFunctionsJobHost__functionTimeout": "00:15:00",
		"AzureFunctionsJobHost__extensions__serviceBus__maxMessageBatchSize": "25", "AzureFunctionsJobHost__extensions__serviceBus__maxBatchWaitTime": "00:00:30",
		"API_TOKEN": "@Microsoft.KeyVault(VaultName=" + vaultName(t, d) + ";SecretName=worker-API-TOKEN)", "SERVICEBUS__credential": "managedidentity",
	} {
		if name == "EVENTS_QUEUE" {
			continue // the queue's own name is checked below
		}
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if got["EVENTS_QUEUE"] != "worker-events" {
		t.Errorf("the queue of events is %q", got["EVENTS_QUEUE"])
	}
	if !strings.HasPrefix(got["DATABASE_URL"], "[parameters(") {
		t.Errorf("an address inside other text is %q, want a parameter", got["DATABASE_URL"])
	}
	// The one retry less of the invoke configuration, and its age.
	has(t, body(t, d, "Microsoft.ServiceBus/namespaces/queues", "worker-events"), map[string]string{"properties.maxDeliveryCount": "1", "properties.defaultMessageTimeToLive": "PT10M"})
}

func vaultName(t *testing.T, d *design.Design) string {
	t.Helper()
	return body(t, d, "Microsoft.KeyVault/vaults", "").Name
}

func TestFunctionHosting(t *testing.T) {
	t.Parallel()
	d := fromFile(t, "functions.yaml")
	meets(t, decision(t, d, "AWS::Lambda::Function", "huge"), "lambda.programming-model", "lambda.memory")
	has(t, body(t, d, "Microsoft.Web/serverfarms", "huge"), map[string]string{"sku.name": "EP3", "sku.tier": "ElasticPremium"})
	has(t, body(t, d, "Microsoft.Web/sites", "huge"), map[string]string{"properties.siteConfig.linuxFxVersion": "JAVA|21", "properties.functionAppConfig.runtime.name": ""})
	has(t, body(t, d, "Microsoft.Web/serverfarms", "native"), map[string]string{"sku.name": "FC1", "sku.tier": "FlexConsumption"})
	has(t, body(t, d, "Microsoft.Web/sites", "native"), map[string]string{"properties.functionAppConfig.runtime.name": "custom", "properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB": "4096",
		"properties.siteConfig.ipSecurityRestrictionsDefaultAction": "Deny"})
	boxed := body(t, d, "Microsoft.App/containerApps", "boxed")
	has(t, boxed, map[string]string{"kind": "functionapp", "properties.configuration.ingress.external": "false", "properties.template.containers.resources.memory": "2.5Gi"})
	if image := design.Text(boxed.Body, "properties.template.containers.image"); !strings.HasSuffix(image, ".azurecr.io/boxed:9") {
		t.Errorf("the image is %q", image)
	}
}

func TestRuntimes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"python3.12": "python 3.12", "python3.13": "python 3.13", "python3.14": "python 3.14", "python3.11": "python 3.11", "python3.10": "python 3.12 lambda.runtime-ended", "python3.8": "python 3.12 lambda.runtime-ended",
		"python2.7": "python 3.12 lambda.runtime-version", "python3.15": "python 3.14 lambda.runtime-version",
		"nodejs24.x": "node 24", "nodejs22.x": "node 22 lambda.runtime-ends", "nodejs20.x": "node 24 lambda.runtime-ended", "nodejs12.x": "node 24 lambda.runtime-version", "nodejs": "node 24 lambda.runtime-version", "nodejs26.x": "node 24 lambda.runtime-version",
		"java8.al2": "java 21 lambda.runtime-version", "java11": "java 11", "java17": "java 17", "java21": "java 21", "java25": "java 25",
		"dotnet10": "dotnet-isolated 10.0", "dotnet9": "dotnet-isolated 10.0 lambda.runtime-ended", "dotnet8": "dotnet-isolated 10.0 lambda.runtime-ended", "dotnet6": "dotnet-isolated 10.0 lambda.runtime-ended",
		"dotnetcore3.1": "dotnet-isolated 10.0 lambda.runtime-version", "ruby3.3": "custom 1.0 lambda.custom-handler",
		"go1.x": "custom 1.0 lambda.custom-handler", "provided.al2023": "custom 1.0 lambda.custom-handler", "cobol": "custom 1.0 lambda.runtime-unknown", "": "custom 1.0 lambda.runtime-unknown",
	} {
		d := designtest.Make(t, families(), designtest.Live(t, "AWS::Lambda::Function", "function:f", `{"Runtime": "`+in+`"}`))
		app := body(t, d, "Microsoft.Web/sites", "")
		got := design.Text(app.Body, "properties.functionAppConfig.runtime.name") + " " + design.Text(app.Body, "properties.functionAppConfig.runtime.version")
		for _, g := range decision(t, d, "AWS::Lambda::Function", "f").Gaps {
			if strings.HasPrefix(g.ID, "lambda.runtime") || g.ID == "lambda.custom-handler" {
				got += " " + g.ID
			}
			if strings.HasPrefix(g.ID, "lambda.runtime-end") && !strings.Contains(g.At, ", Functions: until 202") {
				t.Errorf("%q: the gap does not say when the support ends: %s", in, g.At)
			}
		}
		if got != want {
			t.Errorf("%q runs on %q, want %q", in, got, want)
		}
	}
}

func TestFunctionOfOthersStays(t *testing.T) {
	t.Parallel()
	f := designtest.Live(t, "AWS::Lambda::Function", "function:shared", `{"Runtime": "python3.12"}`)
	d := designtest.Case{Families: families(), Resources: []inventory.Resource{f}, Shared: []string{"shared"}}.Make(t)
	designtest.Check(t, d)
	if one := decision(t, d, "AWS::Lambda::Function", "shared"); one.Action != design.Retain || len(d.Resources) != 0 {
		t.Errorf("a shared function is %s with %d targets", one.Action, len(d.Resources))
	}
}

// TestTemplateAndScanAgree gives the same workload as a template and as the
// account shows it.
func TestTemplateAndScanAgree(t *testing.T) {
	t.Parallel()
	template := designtest.FromTemplate(t, `
Resources:
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: orders-dead}}
  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: orders, RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}}}
  News: {Type: AWS::SNS::Topic, Properties: {TopicName: news}}
  ToOrders: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref News, Protocol: sqs, Endpoint: !GetAtt Orders.Arn, RawMessageDelivery: true}}
  Work: {Type: AWS::Lambda::Function, Properties: {FunctionName: work, Runtime: python3.12, Handler: a.b, MemorySize: 256, Timeout: 30, Code: {ZipFile: x}, Environment: {Variables: {QUEUE_URL: !Ref Orders, TOPIC_ARN: !Ref News, MODE: x}}}}
  Feed: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref Work, EventSourceArn: !GetAtt Orders.Arn, BatchSize: 10}}
  Nightly: {Type: AWS::Events::Rule, Properties: {Name: nightly, ScheduleExpression: "cron(15 2 * * ? *)", Targets: [{Id: w, Arn: !GetAtt Work.Arn}]}}
  Placed: {Type: AWS::Events::Rule, Properties: {Name: placed, EventPattern: {source: [shop]}, Targets: [{Id: w, Arn: !GetAtt Work.Arn}]}}
  Images: {Type: AWS::ECR::Repository, Properties: {RepositoryName: shop/web}}
`)
	const account = "arn:aws:%s:us-east-1:123456789012:"
	arn := func(service, rest string) string { return strings.Replace(account, "%s", service, 1) + rest }
	live := func(kind cloud.Kind, id, properties string, aliases ...string) inventory.Resource {
		r := designtest.Live(t, kind, id, properties)
		r.Aliases = append(r.Aliases, aliases...)
		return r
	}
	url := "https://sqs.us-east-1.amazonaws.com/123456789012/"
	scan := []inventory.Resource{
		live("AWS::SQS::Queue", arn("sqs", "orders-dead"), `{"QueueName":"orders-dead","VisibilityTimeout":30,"MessageRetentionPeriod":345600,"DelaySeconds":0,"MaximumMessageSize":1048576,"SqsManagedSseEnabled":true}`, url+"orders-dead"),
		live("AWS::SQS::Queue", arn("sqs", "orders"), `{"QueueName":"orders","VisibilityTimeout":30,"MessageRetentionPeriod":345600,"RedrivePolicy":{"deadLetterTargetArn":"`+arn("sqs", "orders-dead")+`","maxReceiveCount":5}}`, url+"orders"),
		live("AWS::SNS::Topic", arn("sns", "news"), `{"TopicName":"news","TopicArn":"`+arn("sns", "news")+`"}`),
		live("AWS::SNS::Subscription", arn("sns", "news:0c0ffee0-0000-4000-8000-000000000000"), `{"TopicArn":"`+arn("sns", "news")+`","Protocol":"sqs","Endpoint":"`+arn("sqs", "orders")+`","RawMessageDelivery":true}`),
		live("AWS::Lambda::Function", arn("lambda", "function:work"), `{"FunctionName":"work","Runtime":"python3.12","Handler":"a.b","MemorySize":256,"Timeout":30,"PackageType":"Zip","EphemeralStorage":{"Size":512},"Environment":{"Variables":{"QUEUE_URL":"`+url+`orders","TOPIC_ARN":"`+arn("sns", "news")+`","MODE":"x"}}}`),
		live("AWS::Lambda::EventSourceMapping", arn("lambda", "event-source-mapping:0c0ffee0-0000-4000-8000-000000000001"), `{"FunctionName":"`+arn("lambda", "function:work")+`","EventSourceArn":"`+arn("sqs", "orders")+`","BatchSize":10,"Enabled":true}`),
		live("AWS::Events::Rule", arn("events", "rule/nightly"), `{"Name":"nightly","EventBusName":"default","State":"ENABLED","ScheduleExpression":"cron(15 2 * * ? *)","Targets":[{"Id":"w","Arn":"`+arn("lambda", "function:work")+`"}]}`),
		live("AWS::Events::Rule", arn("events", "rule/placed"), `{"Name":"placed","EventBusName":"default","State":"ENABLED","EventPattern":{"source":["shop"]},"Targets":[{"Id":"w","Arn":"`+arn("lambda", "function:work")+`"}]}`),
		live("AWS::ECR::Repository", arn("ecr", "repository/shop/web"), `{"RepositoryName":"shop/web","RepositoryUri":"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web"}`),
	}
	a, b := designtest.Make(t, families(), template...), designtest.Make(t, families(), scan...)
	designtest.Check(t, a, b)
	designtest.SameTargets(t, a, b)
}
