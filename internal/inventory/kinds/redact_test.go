package kinds

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ name, value, want string }{
		{"DB_PASSWORD", "hunter22", Redacted},
		{"STRIPE_KEY", "sk_x", Redacted},
		{"API_KEY", "abcdef", Redacted},
		{"DATABASE_URL", "postgres://app:hunter22@db.shop:5432/orders", "postgres://app:" + Redacted + "@db.shop:5432/orders"},
		{"CONNECTION_STRING", "Server=db;Database=orders;User Id=app;Password=hunter22;", "Server=db;Database=orders;User Id=app;Password=" + Redacted + ";"},
		{"JDBC", "jdbc:mysql://db/orders?user=app&password=hunter22", "jdbc:mysql://db/orders?user=app&password=" + Redacted},
		{"DB_SECRET_ARN", "arn:aws:secretsmanager:us-east-1:1:secret:db", "arn:aws:secretsmanager:us-east-1:1:secret:db"},
		{"DB_PASSWORD", "{{resolve:secretsmanager:db:SecretString:password}}", "{{resolve:secretsmanager:db:SecretString:password}}"},
		{"DB_PASSWORD", "${ref:cloudformation:shop/Secret}", "${ref:cloudformation:shop/Secret}"},
		{"KmsMasterKeyId", "alias/aws/sqs", "alias/aws/sqs"},
		{"TOKEN_URL", "https://auth.shop/token", "https://auth.shop/token"},
		{"TABLE", "sessions", "sessions"},
		{"DB_HOST", "db.shop.internal", "db.shop.internal"},
		{"HEADER", "Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer " + Redacted},
		{"PEM", "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", Redacted},
		{"HOOK", "https://hooks.slack.com/services/T0000/B0000/abcdef", "https://hooks.slack.com/services/" + Redacted},
		{"CHECK", "curl -s -u admin:hunter22 http://shop/health", "curl -s -u admin:" + Redacted + " http://shop/health"},
		{"SCRIPT", "#!/bin/sh\nPW=hunter22\nexport DB_PASS='x y'\nBYPASS=1\n", "#!/bin/sh\nPW=" + Redacted + "\nexport DB_PASS=" + Redacted + "\nBYPASS=1\n"},
		{"NOTE", "key AKIAIOSFODNN7EXAMPLE here", "key " + Redacted + " here"},
	} {
		got := Redact(map[string]any{"Variables": map[string]any{x.name: x.value}})["Variables"].(map[string]any)[x.name]
		if got != x.want {
			t.Errorf("%s=%q: %q, want %q", x.name, x.value, got, x.want)
		}
	}
}

// A header that both sides know is a secret, wherever it is matched or added.
func TestRedactHeaders(t *testing.T) {
	t.Parallel()
	got := Redact(map[string]any{
		"Origins":    []any{map[string]any{"OriginCustomHeaders": []any{map[string]any{"HeaderName": "X-Origin", "HeaderValue": "hunter22"}}}},
		"Conditions": []any{map[string]any{"HttpHeaderConfig": map[string]any{"HttpHeaderName": "X-Origin-Verify", "Values": []any{"hunter22", "hunter23"}}}},
		"Statement":  map[string]any{"ByteMatchStatement": map[string]any{"SearchString": "hunter22", "FieldToMatch": map[string]any{"SingleHeader": map[string]any{"Name": "x-api-key"}}}},
		"Harmless":   []any{map[string]any{"HttpHeaderName": "User-Agent", "Values": []any{"curl*"}}, map[string]any{"SearchString": "/admin", "FieldToMatch": map[string]any{"UriPath": map[string]any{}}}},
	})
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hunter2") || !strings.Contains(string(text), "curl*") || !strings.Contains(string(text), "/admin") || strings.Count(string(text), Redacted) != 4 {
		t.Errorf("%s", text)
	}
}

// What names a secret stays wherever it stands: without it nobody sees who may
// read which secret.
// A name beside a value tells that the value is a secret, whatever the service
// calls the two.
func TestSecretsInPairs(t *testing.T) {
	t.Parallel()
	for _, x := range []map[string]any{
		{"Name": "DB_PASSWORD", "Value": "hunter22"},
		{"Namespace": "aws:elasticbeanstalk:application:environment", "OptionName": "DB_PASSWORD", "Value": "hunter22"},
		{"ParameterKey": "AdminPassword", "ParameterValue": "hunter22"},
		{"Namespace": "x", "OptionName": "API_SECRET", "Value": "hunter22", "DefaultValue": "hunter22"},
	} {
		raw, err := json.Marshal(Redact(map[string]any{"Settings": []any{x}}))
		if err != nil || strings.Contains(string(raw), "hunter22") {
			t.Errorf("%v: %s, %v", x, raw, err)
		}
	}
	kept := Redact(map[string]any{"Settings": []any{map[string]any{"Namespace": "aws:asg", "OptionName": "MinSize", "Value": "2"}}})
	if raw, _ := json.Marshal(kept); !strings.Contains(string(raw), `"Value":"2"`) {
		t.Errorf("what is no secret stays: %s", raw)
	}
}

func TestNamesOfSecretsStay(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"secretsmanager:GetSecretValue", "secretsmanager:*", "aws secretsmanager get-secret-value --secret-id arn:aws:secretsmanager:us-east-1:1:secret:shop/db-AbCdEf --query SecretString",
		"see arn:aws-us-gov:secretsmanager:us-gov-west-1:1:secret:shop/db-AbCdEf for it", "postgres://app:{{resolve:secretsmanager:db:SecretString:password}}@db:5432/orders",
	} {
		if got := scrubText(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	for _, text := range []string{"secretsmanager=hunter22", "secretsmanager: hunter22", "secretsmanager:x?password=hunter22"} {
		if got := scrubText(text); strings.Contains(got, "hunter22") {
			t.Errorf("%q became %q", text, got)
		}
	}
	policy := map[string]any{"Policies": []any{map[string]any{"PolicyName": "read", "PolicyDocument": map[string]any{"Statement": []any{map[string]any{
		"Effect": "Allow", "Action": []any{"secretsmanager:GetSecretValue"}, "Resource": "arn:aws:secretsmanager:us-east-1:1:secret:shop/*"}}}}}}
	if want, got := asText(t, policy), asText(t, Redact(policy)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func asText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRedactUserData(t *testing.T) {
	t.Parallel()
	text := "#!/bin/sh\nexport DB_HOST=db.shop.internal\nexport DB_PASSWORD='hunter22'\nmysql -u app -phunter22 orders\napp --token hunter22 --port 80\n"
	got := Redact(map[string]any{"UserData": base64.StdEncoding.EncodeToString([]byte(text))})["UserData"].(string)
	plain, err := base64.StdEncoding.DecodeString(got)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(plain), "hunter22") || !strings.Contains(string(plain), "db.shop.internal") || !strings.Contains(string(plain), "--port 80") {
		t.Errorf("%s", plain)
	}
	if got := Redact(map[string]any{"UserData": base64.StdEncoding.EncodeToString([]byte{0xff, 0xfe, 1, 2})})["UserData"]; got != Redacted {
		t.Errorf("binary user data is %v", got)
	}
}

// A secret that stands where secrets stand appears in no output, whichever way
// it was read.
func TestSeededSecretsNeverAppear(t *testing.T) {
	t.Parallel()
	c := New()
	at := Place{Account: "123456789012", Region: "us-east-1"}
	rapid.Check(t, func(t *rapid.T) {
		secret := "S3cr" + rapid.StringMatching(`[A-Za-z0-9]{12,24}`).Draw(t, "secret")
		name := rapid.SampledFrom([]string{"DB_PASSWORD", "apiToken", "SECRET", "client-secret", "STRIPE_KEY", "privateKey", "AUTH_TOKEN", "db.password"}).Draw(t, "name")
		outputs := []any{}
		add := func(all []inventory.Resource, err error) {
			if err != nil {
				t.Fatal(err)
			}
			outputs = append(outputs, all)
		}
		variables := map[string]any{name: secret, "URL": "postgres://app:" + secret + "@db/orders"}
		script := base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\n" + name + "=" + secret + "\ncurl -H 'Authorization: Bearer " + secret + "' x\n"))
		function := map[string]any{"FunctionName": "f", "Environment": map[string]any{"Variables": variables}, "Tags": map[string]any{name: secret}}
		instance := map[string]any{"InstanceId": "i-1", "UserData": script, "Note": map[string]any{name: secret}}
		task := map[string]any{"TaskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/t:1", "Family": "t", "ContainerDefinitions": []any{map[string]any{
			"Name": "c", "Environment": []any{map[string]any{"Name": name, "Value": secret}}, "Command": []any{"app", "--" + strings.ToLower(strings.ReplaceAll(name, "_", "-")), secret},
		}}}
		parameter := map[string]any{"Name": "/shop/x", "Type": "SecureString", "Value": secret}
		db := map[string]any{"DBInstanceIdentifier": "d", "MasterUserPassword": secret}
		for kind, item := range map[cloud.Kind]map[string]any{"AWS::Lambda::Function": function, "AWS::EC2::Instance": instance, "AWS::ECS::TaskDefinition": task, "AWS::SSM::Parameter": parameter, "AWS::RDS::DBInstance": db} {
			add(c.AllFromAPI(kind, at, item))
			add(c.FromConfig(configOf(t, kind, item)))
			properties, unknown := c.FromTemplate(kind, item)
			outputs = append(outputs, properties, unknown)
		}
		add(c.FromTerraform("aws_db_instance", at, map[string]any{"identifier": "d", "password": secret, "tags": map[string]any{name: secret}}))
		add(c.FromTerraform("aws_ssm_parameter", at, map[string]any{"name": "/x", "type": "SecureString", "value": secret}))
		add(c.FromTerraform("aws_secretsmanager_secret_version", at, map[string]any{"secret_id": "arn:aws:secretsmanager:us-east-1:1:secret:s", "secret_string": secret}))
		add(c.FromTerraform("aws_iam_access_key", at, map[string]any{"user": "u", "id": "AKIAIOSFODNN7EXAMPLE", "secret": secret}))
		add(c.FromTerraform("random_password", at, map[string]any{"id": "none", "result": secret, "password": secret}))
		add(c.FromTerraform("aws_unknown_widget", at, map[string]any{"id": "w", name: secret, "env": variables}))
		text, err := json.Marshal(outputs)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), secret) || strings.Contains(string(text), base64.StdEncoding.EncodeToString([]byte(secret))) {
			t.Fatalf("the secret %q is in %s", secret, text)
		}
	})
}

// configOf writes an API answer as AWS Config does: the first letters of
// names in lower case, the configuration as text.
func configOf(t interface{ Fatal(...any) }, kind cloud.Kind, item map[string]any) map[string]any {
	configuration, err := json.Marshal(lowered(item))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"resourceType": string(kind), "accountId": "123456789012", "awsRegion": "us-east-1", "resourceId": "x", "configurationItemStatus": "OK",
		"configuration": string(configuration),
	}
}

// lowered gives the names of an API answer the form that AWS Config's have.
// The names inside of free objects are data and stay.
func lowered(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			if name == "Variables" || name == "Tags" || strings.ToUpper(name) == name {
				out[strings.ToLower(name[:1])+name[1:]] = member
				continue
			}
			out[strings.ToLower(name[:1])+name[1:]] = lowered(member)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = lowered(v[i])
		}
		return out
	}
	return v
}

// What a policy says of tokens and secrets are names of theirs.
func TestPoliciesStayWhole(t *testing.T) {
	t.Parallel()
	tree := map[string]any{"AssumeRolePolicyDocument": map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Action": []any{"sts:AssumeRoleWithWebIdentity", "secretsmanager:GetSecretValue"},
		"Condition": map[string]any{"StringLike": map[string]any{"token.actions.githubusercontent.com:sub": "repo:example/shop:*"}},
	}}}, "Statement": "password=hunter2-is-secret"}
	got := Redact(tree)
	if !reflect.DeepEqual(got["AssumeRolePolicyDocument"], tree["AssumeRolePolicyDocument"]) {
		t.Errorf("policy %v", got["AssumeRolePolicyDocument"])
	}
	if strings.Contains(fmt.Sprint(got["Statement"]), "hunter2") {
		t.Error("a text that is called like a policy's part is no policy")
	}
}
