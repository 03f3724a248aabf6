package sam_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/source/files/cloudformation/sam"
)

// expand runs the transform over resources and globals given as JSON.
func expand(t testing.TB, resources, globals string) sam.Output {
	t.Helper()
	decode := func(s string) map[string]any {
		m := map[string]any{}
		if err := json.Unmarshal([]byte(s), &m); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		return m
	}
	return sam.Transform(decode(resources), decode(globals), sam.Options{Known: func(v any) (string, bool) {
		s, ok := v.(string)
		return s, ok
	}})
}

// at looks a value up by keys and list indexes.
func at(v any, keys ...any) any {
	for _, k := range keys {
		switch k := k.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

func encode(t testing.TB, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func names(o sam.Output) []string {
	var out []string
	for id := range o.Resources {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

func TestGlobals(t *testing.T) {
	t.Parallel()
	o := expand(t, `{
		"F": {"Type": "AWS::Serverless::Function", "Properties": {"Timeout": 5, "Layers": ["own"], "Environment": {"Variables": {"A": "own"}}, "VpcConfig": {"Ref": "X"}}},
		"G": {"Type": "AWS::Serverless::Function", "IgnoreGlobals": ["Timeout"]},
		"H": {"Type": "AWS::Serverless::Function", "IgnoreGlobals": "*"}
	}`, `{"Function": {"Timeout": 9, "MemorySize": 128, "Layers": ["shared"], "Environment": {"Variables": {"A": "g", "B": "g"}}, "VpcConfig": {"SubnetIds": ["s"]}}}`)
	p := at(o.Resources, "F", "Properties")
	for path, want := range map[string]string{"Timeout": "5", "MemorySize": "128", "Layers": `["shared","own"]`, "Environment": `{"Variables":{"A":"own","B":"g"}}`, "VpcConfig": `{"Ref":"X"}`} {
		if got := encode(t, at(p, path)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if g := at(o.Resources, "G", "Properties"); at(g, "Timeout") != nil || at(g, "MemorySize") != 128.0 {
		t.Errorf("an ignored global: %v", g)
	}
	if h := at(o.Resources, "H", "Properties"); at(h, "MemorySize") != nil {
		t.Errorf("ignored globals: %v", h)
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	o := expand(t, `{"F": {"Type": "AWS::Serverless::Function", "Properties": {"Policies": [
		"AmazonS3FullAccess", "AWSLambdaSQSQueueExecutionRole", "arn:aws:iam::1:policy/x", {"Ref": "P"},
		{"SQSPollerPolicy": {"QueueName": {"Ref": "Q"}}}, {"S3ReadPolicy": {"BucketName": "b"}}, {"TextractPolicy": {}}, {"SSMParameterWithSlashPrefixReadPolicy": {"ParameterName": "/a"}},
		{"AWSSecretsManagerGetSecretValuePolicy": {"SecretArn": {"Ref": "S"}}}, {"Statement": [{"Effect": "Deny"}]},
		{"Fn::If": ["C", {"KMSDecryptPolicy": {"KeyId": "k"}}, {"Ref": "AWS::NoValue"}]}, {"Nonsense": {}}, 5
	]}}}`, `{}`)
	role := at(o.Resources, "FRole", "Properties")
	if got := encode(t, at(role, "ManagedPolicyArns")); !strings.Contains(got, "policy/AmazonS3FullAccess") || !strings.Contains(got, "service-role/AWSLambdaSQSQueueExecutionRole") ||
		!strings.Contains(got, `{"Ref":"P"}`) || !strings.Contains(got, "service-role/AWSLambdaBasicExecutionRole") {
		t.Errorf("managed policies %s", got)
	}
	for i, want := range []string{
		`"sqs:ReceiveMessage"`, `"arn:${AWS::Partition}:s3:::${bucketName}/*"`, `"textract:*"`, `parameter${parameterName}`, `"${secretArn}"`, `"Deny"`, `{"Fn::If":["C",{`,
	} {
		if got := encode(t, at(role, "Policies", i)); !strings.Contains(got, want) {
			t.Errorf("policy %d: %s lacks %s", i, got, want)
		}
	}
	if len(o.NotExpanded) != 1 || !strings.Contains(o.NotExpanded[0].Reason, "Nonsense") {
		t.Errorf("not expanded: %v", o.NotExpanded)
	}
}

func TestEveryPolicyTemplateHasStatements(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"AMIDescribePolicy", "VPCAccessPolicy", "DynamoDBCrudPolicy", "StepFunctionsExecutionPolicy", "Route53ChangeResourceRecordSetsPolicy", "EFSWriteAccessPolicy"} {
		o := expand(t, `{"F": {"Type": "AWS::Serverless::Function", "Properties": {"Policies": {"`+name+`": {"TableName": "t"}}}}}`, `{}`)
		statement := at(o.Resources, "FRole", "Properties", "Policies", 0, "PolicyDocument", "Statement", 0)
		if at(statement, "Effect") != "Allow" || at(statement, "Action", 0) == nil || at(statement, "Resource") == nil {
			t.Errorf("%s: %v", name, statement)
		}
	}
}

func TestImplicitAPIFollowsTheConditionOfItsFunctions(t *testing.T) {
	t.Parallel()
	event := `"Events": {"E": {"Type": "Api", "Properties": {"Path": "/a/", "Method": "any"}}}`
	o := expand(t, `{"F": {"Type": "AWS::Serverless::Function", "Condition": "C", "Properties": {`+event+`}}}`, `{"Api": {"EndpointConfiguration": "PRIVATE"}}`)
	if got := at(o.Resources, "ServerlessRestApi", "Condition"); got != "C" {
		t.Errorf("condition %v", got)
	}
	if got := encode(t, at(o.Resources, "ServerlessRestApi", "Properties", "EndpointConfiguration")); got != `{"Types":["PRIVATE"]}` {
		t.Errorf("globals of the implicit API: %s", got)
	}
	if at(o.Resources, "ServerlessRestApi", "Properties", "Body", "paths", "/a/", "x-amazon-apigateway-any-method") == nil {
		t.Errorf("the path is not in the definition")
	}
	if got := encode(t, at(o.Resources, "FEPermissionProd", "Properties", "SourceArn")); !strings.Contains(got, "/*/a\"") {
		t.Errorf("source of the permission: %s", got)
	}
	both := expand(t, `{"F": {"Type": "AWS::Serverless::Function", "Condition": "C", "Properties": {`+event+`}}, "G": {"Type": "AWS::Serverless::Function", "Properties": {`+event+`}}}`, `{}`)
	if got := at(both.Resources, "ServerlessRestApi", "Condition"); got != nil {
		t.Errorf("an API that one function always needs has the condition %v", got)
	}
}

func TestReferencesToGeneratedThings(t *testing.T) {
	t.Parallel()
	o := expand(t, `{
		"F": {"Type": "AWS::Serverless::Function", "Properties": {"AutoPublishAlias": "live", "CodeUri": "s3://b/k", "AutoPublishCodeSha256": "0123456789abcdef"}},
		"L": {"Type": "AWS::Serverless::LayerVersion", "Properties": {"ContentUri": "s3://b/l"}},
		"A": {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "v1", "DefinitionUri": {"Bucket": "b", "Key": "k"}}},
		"X": {"Type": "Custom::X", "DependsOn": ["L", "F"], "Properties": {"a": {"Ref": "F.Alias"}, "b": {"Fn::GetAtt": ["F.Version", "Version"]}, "c": {"Fn::Sub": "${L} ${F.Alias} ${A.Stage} ${F}"}, "d": {"Fn::GetAtt": "F.Version.Version"}, "e": {"Ref": "A.Deployment"}}}
	}`, `{}`)
	layer := ""
	for _, n := range names(o) {
		if strings.HasPrefix(n, "L") {
			layer = n
		}
	}
	got := encode(t, at(o.Resources, "X"))
	for _, want := range []string{`"a":{"Ref":"FAliaslive"}`, `"b":{"Fn::GetAtt":["FVersion0123456789","Version"]}`, `"c":{"Fn::Sub":"${` + layer + `} ${FAliaslive} ${Av1Stage} ${F}"}`, `"d":{"Fn::GetAtt":"FVersion0123456789.Version"}`, `"DependsOn":["` + layer + `","F"]`, `"e":{"Ref":"ADeployment`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	if len(layer) != len("L")+10 || at(o.Resources, layer, "DeletionPolicy") != "Retain" {
		t.Errorf("layer %q %v", layer, at(o.Resources, layer))
	}
}

func TestInputIsNotChanged(t *testing.T) {
	t.Parallel()
	text := `{"F": {"Type": "AWS::Serverless::Function", "Properties": {"Events": {"E": {"Type": "S3", "Properties": {"Bucket": {"Ref": "B"}, "Events": "s3:*"}}, "A": {"Type": "Api", "Properties": {"Path": "/", "Method": "get", "RestApiId": {"Ref": "P"}}}}}},
		"B": {"Type": "AWS::S3::Bucket"}, "P": {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "s", "DefinitionBody": {"swagger": "2.0"}}}}`
	in := map[string]any{}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		t.Fatal(err)
	}
	globals := map[string]any{"Function": map[string]any{"Tags": map[string]any{"a": "b"}}}
	first := sam.Transform(in, globals, sam.Options{})
	second := sam.Transform(in, globals, sam.Options{})
	if !reflect.DeepEqual(first.Resources, second.Resources) {
		t.Error("a second run gives something else")
	}
	before := map[string]any{}
	_ = json.Unmarshal([]byte(text), &before)
	if !reflect.DeepEqual(in, before) {
		t.Error("the input is changed")
	}
	if got := encode(t, at(first.Resources, "B", "Properties", "NotificationConfiguration", "LambdaConfigurations", 0, "Function")); !strings.Contains(got, "F") {
		t.Errorf("notification %s", got)
	}
}

// TestOddShapes gives every property of every kind a value of each wrong form.
func TestOddShapes(t *testing.T) {
	t.Parallel()
	odd := []any{nil, "x", 5.0, true, []any{}, []any{"x", nil}, map[string]any{}, map[string]any{"Ref": "X"}, map[string]any{"Fn::If": []any{"C"}}, map[string]any{"a": nil}}
	properties := map[string][]string{
		"Function":     {"Events", "Policies", "Role", "CodeUri", "Tags", "Layers", "VpcConfig", "DeadLetterQueue", "DeploymentPreference", "EventInvokeConfig", "FunctionUrlConfig", "AutoPublishAlias", "Tracing", "Environment"},
		"Api":          {"Auth", "Domain", "DefinitionBody", "DefinitionUri", "StageName", "EndpointConfiguration", "Tags", "Cors"},
		"HttpApi":      {"Auth", "Domain", "DefinitionBody", "DefinitionUri", "StageName", "CorsConfiguration", "Tags", "Name"},
		"SimpleTable":  {"PrimaryKey", "ProvisionedThroughput", "Tags"},
		"LayerVersion": {"ContentUri", "RetentionPolicy", "LayerName"},
		"StateMachine": {"Events", "Policies", "Definition", "DefinitionUri", "Tracing", "AutoPublishAlias", "Tags"},
		"Application":  {"Location", "Parameters", "Tags"},
		"Connector":    {"Source", "Destination", "Permissions"},
		"GraphQLApi":   {"Auth", "DataSources", "Functions", "Resolvers", "ApiKeys", "Logging", "Cache", "DomainName", "SchemaUri"},
	}
	for kind, list := range properties {
		for _, name := range list {
			for _, v := range odd {
				for _, value := range []any{v, map[string]any{"A": v}, map[string]any{"A": map[string]any{"Type": "Api", "Properties": v}}} {
					body := map[string]any{"Type": "AWS::Serverless::" + kind, "Connectors": v, "Properties": map[string]any{"AutoPublishAlias": "live", name: value}}
					o := sam.Transform(map[string]any{"R": body, "S": v}, map[string]any{kind: v}, sam.Options{})
					if len(o.Resources) == 0 {
						t.Errorf("%s.%s %v: nothing is left", kind, name, value)
					}
				}
			}
		}
	}
}
