package app_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/app"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

const siteKind cloud.Kind = "Microsoft.Web/sites"

func function(properties string) string {
	return "\nResources:\n  F: {Type: AWS::Lambda::Function, Properties: {FunctionName: f, Handler: a.b, Code: {S3Bucket: b, S3Key: k}, " + properties + "}}\n"
}

// Instances of Flex Consumption have 512, 2,048 or 4,096 MB; above that a
// Premium plan of 7 or 14 GB carries what Lambda has up to 10,240 MB for.
func TestMemoryChoosesThePlan(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		asked                    int
		plan, memory, concurrent string
	}{
		{128, "FC1", "512", "4"}, {512, "FC1", "512", "1"}, {513, "FC1", "2048", "3"}, {1024, "FC1", "2048", "2"}, {2048, "FC1", "2048", "1"}, {2049, "FC1", "4096", "1"}, {4096, "FC1", "4096", "1"},
		{4097, "EP2", "", ""}, {7168, "EP2", "", ""}, {7169, "EP3", "", ""}, {10240, "EP3", "", ""},
	} {
		d := made(t, function(fmt.Sprintf("Runtime: python3.12, MemorySize: %d", one.asked))+"  U: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref F, AuthType: NONE}}\n")
		site, plan, f := designtest.One(t, d, siteKind), designtest.One(t, d, "Microsoft.Web/serverfarms"), designtest.Decision(t, d, "F")
		has(t, plan, map[string]string{"sku.name": one.plan})
		has(t, site, map[string]string{
			"properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB":                     one.memory,
			"properties.functionAppConfig.scaleAndConcurrency.triggers.http.perInstanceConcurrency": one.concurrent,
		})
		if strings.Contains(gaps(f), " lambda.memory ") != (one.memory == "") || strings.Contains(gaps(f), " lambda.concurrency ") != (one.concurrent > "1") {
			t.Errorf("%d MB: %s", one.asked, gaps(f))
		}
		if !strings.Contains(f.Why, fmt.Sprintf("%d MB", one.asked)) {
			t.Errorf("%d MB: %s", one.asked, f.Why)
		}
	}
}

// maximumInstanceCount is 40 to 1,000; an instance of 2,048 MB works on two
// events of 1,024 MB at a time.
func TestReservedConcurrencyBoundsInstances(t *testing.T) {
	t.Parallel()
	const path = "properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount"
	for reserved, want := range map[string]string{"1": "40", "80": "40", "81": "41", "2000": "1000", "9000": "1000", `"100"`: "50", "none": "100"} {
		d := made(t, function("Runtime: python3.12, MemorySize: 1024, ReservedConcurrentExecutions: "+reserved))
		has(t, designtest.One(t, d, siteKind), map[string]string{path: want, "properties.enabled": ""})
	}
	d := made(t, function("Runtime: python3.12, ReservedConcurrentExecutions: 0"))
	has(t, designtest.One(t, d, siteKind), map[string]string{"properties.enabled": "false", path: "100"})
	says(t, designtest.Decision(t, d, "F"), "switched off at the source")
}

// A function may take 900 seconds, and an answer over HTTP 230.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[string]struct {
		span string
		cut  bool
	}{"3": {"00:00:03", false}, "230": {"00:03:50", false}, "231": {"00:03:51", true}, "900": {"00:15:00", true}, "soon": {"00:00:03", false}} {
		for _, url := range []string{"", "  U: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref F, AuthType: AWS_IAM}}\n"} {
			d := made(t, function("Runtime: nodejs22.x, Timeout: "+seconds)+url)
			if got := settings(designtest.One(t, d, siteKind), "properties.siteConfig.appSettings")["AzureFunctionsJobHost__functionTimeout"]; got != want.span {
				t.Errorf("%s s are %s, want %s", seconds, got, want.span)
			}
			if got := strings.Contains(gaps(designtest.Decision(t, d, "F")), "lambda.http-timeout"); got != (want.cut && url != "") {
				t.Errorf("%s s, URL %q: %v", seconds, url, got)
			}
			access := map[bool]string{true: "Allow", false: "Deny"}[url != ""]
			has(t, designtest.One(t, d, siteKind), map[string]string{"properties.siteConfig.ipSecurityRestrictionsDefaultAction": access})
		}
	}
}

func TestOptionsOfAFunction(t *testing.T) {
	t.Parallel()
	for properties, want := range map[string]string{
		"EphemeralStorage: {Size: 800}": "", "EphemeralStorage: {Size: 801}": "lambda.ephemeral-storage", "Architectures: [arm64]": "lambda.arm64", "Architectures: [x86_64]": "",
		"TracingConfig: {Mode: Active}": "lambda.tracing", "TracingConfig: {Mode: PassThrough}": "", "SnapStart: {ApplyOn: None}": "", "SnapStart: {ApplyOn: PublishedVersions}": "lambda.snapstart",
		"KmsKeyArn: alias/aws/lambda": "", "KmsKeyArn: alias/shop": "lambda.settings-key", "LoggingConfig: {LogFormat: Text, LogGroup: /aws/lambda/f}": "", "LoggingConfig: {LogGroup: /shop/f}": "lambda.logs", "LoggingConfig: {LogFormat: JSON}": "lambda.logs",
		"FileSystemConfigs: [{Arn: x, LocalMountPath: /mnt/x}]": "lambda.file-system", "CodeSigningConfigArn: x": "lambda.code-signing", "TenancyConfig: {TenantIsolationMode: PER_TENANT}": "lambda.special-mode",
		"Layers: [\"arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension:14\"]": "lambda.extensions", "Layers: [\"arn:aws:lambda:us-east-1:1:layer:libs:1\"]": "lambda.layers",
	} {
		f := designtest.Decision(t, made(t, function("Runtime: python3.12, MemorySize: 512, "+properties)), "F")
		if want == "" {
			meets(t, f, "lambda.programming-model")
		} else if !strings.Contains(gaps(f), " "+want+" ") {
			t.Errorf("%s: %s", properties, gaps(f))
		}
	}
	levels := settings(designtest.One(t, made(t, function("Runtime: python3.12, LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: WARN, SystemLogLevel: DEBUG}")), siteKind), "properties.siteConfig.appSettings")
	if levels["AzureFunctionsJobHost__logging__logLevel__Function"] != "Warning" || levels["AzureFunctionsJobHost__logging__logLevel__Host"] != "Debug" {
		t.Errorf("levels %v", levels)
	}
}

// around stands in for the family that carries buckets and streams.
func around() design.Family {
	put := func(kind, parent cloud.Kind, version string) func(*design.Context, *inventory.Resource) design.Decision {
		return func(c *design.Context, r *inventory.Resource) design.Decision {
			at := c.Put(design.Target{Type: parent, Base: r.Name, APIVersion: version, Model: map[string]any{"sku": map[string]any{"name": map[bool]string{true: "Standard_LRS", false: "Standard"}[parent == accountKind]}, "kind": map[bool]any{true: "StorageV2"}[parent == accountKind]}}, r)
			if parent == accountKind {
				at += "/blobServices/default"
			}
			c.Put(design.Target{Type: kind, Parent: at, Base: r.Name, APIVersion: version, Model: map[string]any{"properties": map[string]any{}}}, r)
			return design.Decision{Action: design.Migrate, Why: "a stand-in", Confidence: 0.9}
		}
	}
	return design.Family{Name: "around", Rules: []design.Rule{
		{Name: "around/bucket", Kinds: []cloud.Kind{"AWS::S3::Bucket"}, Stage: design.Data, Apply: put("Microsoft.Storage/storageAccounts/blobServices/containers", accountKind, "2025-08-01")},
		{Name: "around/stream", Kinds: []cloud.Kind{"AWS::Kinesis::Stream"}, Stage: design.Data, Apply: put("Microsoft.EventHub/namespaces/eventhubs", "Microsoft.EventHub/namespaces", "2024-01-01")},
	}}
}

const accountKind cloud.Kind = "Microsoft.Storage/storageAccounts"

func withAround(t *testing.T, template string) *design.Design {
	t.Helper()
	d := designtest.Make(t, []design.Family{designtest.Network(), around(), app.Family()}, designtest.FromTemplate(t, template)...)
	designtest.Check(t, d)
	return d
}

// Lambda takes ten messages of a queue and a hundred records of a stream at a
// time unless it is told otherwise. The Service Bus extension waits 150 seconds
// for a batch at most, and only when there is a least number.
func TestBatches(t *testing.T) {
	t.Parallel()
	const head = "AzureFunctionsJobHost__extensions__"
	for _, one := range []struct{ source, properties, most, least, wait, name string }{
		{"Jobs", "", "10", "", "", "serviceBus"}, {"Jobs", "BatchSize: 1, MaximumBatchingWindowInSeconds: 5", "1", "", "", "serviceBus"}, {"Jobs", "BatchSize: 50, MaximumBatchingWindowInSeconds: 20", "50", "50", "00:00:20", "serviceBus"},
		{"Jobs", "BatchSize: 50, MaximumBatchingWindowInSeconds: 150", "50", "50", "00:02:30", "serviceBus"}, {"Jobs", "BatchSize: 50, MaximumBatchingWindowInSeconds: 300", "50", "50", "00:02:30", "serviceBus"},
		{"Clicks", "StartingPosition: LATEST", "100", "", "", "eventHubs"}, {"Clicks", "StartingPosition: TRIM_HORIZON, MaximumBatchingWindowInSeconds: 300", "100", "100", "00:05:00", "eventHubs"},
	} {
		d := withAround(t, function("Runtime: python3.12")+`
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  Clicks: {Type: AWS::Kinesis::Stream, Properties: {Name: clicks, ShardCount: 1}}
  M: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref F, EventSourceArn: !GetAtt `+one.source+`.Arn, `+one.properties+"}}\n")
		set := settings(designtest.One(t, d, siteKind), "properties.siteConfig.appSettings")
		names := map[string][3]string{"serviceBus": {"maxMessageBatchSize", "minMessageBatchSize", "maxBatchWaitTime"}, "eventHubs": {"maxEventBatchSize", "minEventBatchSize", "maxWaitTime"}}[one.name]
		for i, want := range []string{one.most, one.least, one.wait} {
			if got := set[head+one.name+"__"+names[i]]; got != want {
				t.Errorf("%s, %s: %s is %q, want %q", one.source, one.properties, names[i], got, want)
			}
		}
		m := designtest.Decision(t, d, "M")
		if !strings.Contains(m.Why, "in batches of "+one.most+";") {
			t.Errorf("%s: %s", one.properties, m.Why)
		}
		if strings.Contains(one.properties, "300") && one.source == "Jobs" {
			says(t, m, "waits 150 s for a batch at most: 300 s at the source")
		}
	}
}

// An object has to have the prefix and the suffix: one that a function itself
// writes elsewhere must not call it again.
func TestBucketTriggersKeepPrefixAndSuffix(t *testing.T) {
	t.Parallel()
	for rules, want := range map[string]string{
		"":                            "StringBeginsWith /blobServices/default/containers/%s/blobs/",
		"{Name: prefix, Value: in/}":  "StringBeginsWith /blobServices/default/containers/%s/blobs/in/",
		"{Name: Suffix, Value: .jpg}": "StringEndsWith .jpg StringBeginsWith /blobServices/default/containers/%s/blobs/",
		"{Name: prefix, Value: in/}, {Name: suffix, Value: .jpg}": "StringEndsWith .jpg StringBeginsWith /blobServices/default/containers/%s/blobs/in/",
	} {
		d := withAround(t, function("Runtime: python3.12")+`
  Store: {Type: AWS::S3::Bucket, Properties: {BucketName: store, NotificationConfiguration: {LambdaConfigurations: [{Event: "s3:ObjectCreated:*", Function: !GetAtt F.Arn, Filter: {S3Key: {Rules: [`+rules+"]}}}]}}}\n")
		events := designtest.One(t, d, "Microsoft.EventGrid/systemTopics/eventSubscriptions")
		var got []string
		for _, f := range design.Maps(design.At(events.Body, "properties.filter.advancedFilters")) {
			got = append(got, design.Text(f, "operatorType")+" "+strings.Join(design.Texts(f["values"]), ","))
		}
		want = fmt.Sprintf(want, lastOf(t, d, "Microsoft.Storage/storageAccounts/blobServices/containers", "/store"))
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", rules, got, want)
		}
		if kinds := design.Texts(design.At(events.Body, "properties.filter.includedEventTypes")); strings.Join(kinds, " ") != "Microsoft.Storage.BlobCreated" {
			t.Errorf("kinds %v", kinds)
		}
	}
}

// lastOf is the own name of the resource of a kind whose name holds part.
func lastOf(t *testing.T, d *design.Design, kind cloud.Kind, part string) string {
	t.Helper()
	name := body(t, d, kind, part).Name
	return name[strings.LastIndexByte(name, '/')+1:]
}

// Where something checks the callers at the source, the target refuses them
// until a person says who may come in.
func TestDocumentsKeepTheirDoorsShut(t *testing.T) {
	t.Parallel()
	const paths = `paths: {/shut: {get: {%s x-amazon-apigateway-integration: {type: http_proxy, httpMethod: GET, uri: "https://up.example/shut"}}}}`
	for _, one := range []struct {
		document, operation, gap string
		refused, keyed           bool
	}{
		{"", "", "", false, false},
		{"components: {securitySchemes: {users: {type: apiKey, in: header, name: Authorization, x-amazon-apigateway-authtype: custom}}}, ", "security: [{users: []}], ", "apigateway.lambda-authorizer", true, false},
		{"security: [{users: []}], securityDefinitions: {users: {type: oauth2}}, ", "", "apigateway.lambda-authorizer", true, false},
		{"components: {securitySchemes: {sigv4: {type: apiKey, in: header, name: Authorization, x-amazon-apigateway-authtype: awsSigv4}}}, ", "security: [{sigv4: []}], ", "apigateway.iam", true, false},
		{"", "x-amazon-apigateway-auth: {type: AWS_IAM}, ", "apigateway.iam", true, false},
		{"components: {securitySchemes: {key: {type: apiKey, in: header, name: x-api-key}}}, ", "security: [{key: []}], ", "", false, true},
	} {
		d := fromTemplate(t, "\nResources:\n  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop, Body: {"+one.document+fmt.Sprintf(paths, one.operation)+"}}}\n")
		document := design.Text(designtest.One(t, d, "Microsoft.ApiManagement/service/apis/policies").Body, "properties.value")
		if got := strings.Contains(document, `code="403"`); got != one.refused {
			t.Errorf("%s%s: refused is %v: %s", one.document, one.operation, got, document)
		}
		if one.gap != "" && !strings.Contains(gaps(designtest.Decision(t, d, "Api")), " "+one.gap+" ") {
			t.Errorf("%s%s: %s", one.document, one.operation, gaps(designtest.Decision(t, d, "Api")))
		}
		has(t, designtest.One(t, d, "Microsoft.ApiManagement/service/apis"), map[string]string{"properties.subscriptionRequired": fmt.Sprint(one.keyed)})
	}
}

// Addresses and headers are whole, whatever their length.
func TestLongAddressesOfAnAPI(t *testing.T) {
	t.Parallel()
	long := "https://up.example/" + strings.Repeat("path/", 40) + "end"
	headers := "Content-Type,X-Amz-Date,Authorization,X-Api-Key,X-Amz-Security-Token,X-Amz-User-Agent,X-Requested-With,X-Shop-Customer,X-Shop-Basket"
	d := fromTemplate(t, `
Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop, DisableExecuteApiEndpoint: true}}
  Get: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId, HttpMethod: GET, AuthorizationType: NONE, Integration: {Type: HTTP, IntegrationHttpMethod: POST, Uri: "`+long+`", IntegrationResponses: [{StatusCode: "404", SelectionPattern: "4.."}]}}}
  Options: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId, HttpMethod: OPTIONS, AuthorizationType: NONE, Integration: {Type: MOCK, IntegrationResponses: [{StatusCode: "200", ResponseParameters: {method.response.header.Access-Control-Allow-Headers: "'`+headers+`'"}}]}}}
`)
	if url := design.Text(designtest.One(t, d, "Microsoft.ApiManagement/service/backends").Body, "properties.url"); url != long {
		t.Errorf("the backend is %q", url)
	}
	document := design.Text(designtest.One(t, d, "Microsoft.ApiManagement/service/apis/policies").Body, "properties.value")
	for h := range strings.SplitSeq(headers, ",") {
		if !strings.Contains(document, "<header>"+h+"</header>") {
			t.Errorf("header %s is not allowed: %s", h, document)
		}
	}
	api := designtest.Decision(t, d, "Api")
	for _, id := range []string{"apigateway.default-host", "apigateway.method-change", "apigateway.response-mapping"} {
		if !strings.Contains(gaps(api), " "+id+" ") {
			t.Errorf("lacks %s: %s", id, gaps(api))
		}
	}
}

func identityOfRole(c *design.Context, r *inventory.Resource) design.Decision {
	c.Put(design.Target{Type: "Microsoft.ManagedIdentity/userAssignedIdentities", Base: r.Name, APIVersion: "2024-11-30", Model: map[string]any{}}, r)
	return design.Decision{Action: design.Migrate, Why: "a stand-in", Confidence: 0.9}
}

// A container app has up to 1,000 replicas.
func TestRunnersStayWithinReplicas(t *testing.T) {
	t.Parallel()
	for said, want := range map[string][2]string{"MinSize: 2, MaxSize: 9": {"2", "9"}, "MinSize: -2, MaxSize: 0": {"0", "1"}, "MinSize: 2000, MaxSize: 3000": {"1000", "1000"}} {
		d := made(t, `
Resources:
  Bounds: {Type: AWS::AppRunner::AutoScalingConfiguration, Properties: {AutoScalingConfigurationName: bounds, `+said+`}}
  Runner: {Type: AWS::AppRunner::Service, Properties: {ServiceName: runner, AutoScalingConfigurationArn: !Ref Bounds, SourceConfiguration: {ImageRepository: {ImageIdentifier: "public.ecr.aws/x/y:1", ImageRepositoryType: ECR_PUBLIC}}}}
`)
		has(t, designtest.One(t, d, "Microsoft.App/containerApps"), map[string]string{"properties.template.scale.minReplicas": want[0], "properties.template.scale.maxReplicas": want[1]})
	}
}
