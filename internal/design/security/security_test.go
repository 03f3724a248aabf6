package security_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/security"
	"example.com/landfall/internal/inventory"
)

// targets is a family that gives data resources of the source plain targets,
// as the data and app families do.
func targets() design.Family {
	put := func(kind, target cloud.Kind, version string, parent func(c *design.Context, r *inventory.Resource) cloud.ResourceID, body map[string]any) design.Rule {
		return design.Rule{Name: "test/" + string(kind), Kinds: []cloud.Kind{kind}, Stage: design.Data, Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
			c.Put(design.Target{Type: target, Parent: parent(c, r), Base: r.Name, NoLocation: true, APIVersion: version, Model: map[string]any{"properties": body}}, r)
			return design.Decision{Action: design.Migrate, Why: "the test says so", Confidence: 0.9}
		}}
	}
	account := func(c *design.Context, r *inventory.Resource) cloud.ResourceID {
		id := c.Once("test/account", func() cloud.ResourceID {
			return c.Put(design.Target{Type: "Microsoft.Storage/storageAccounts", Base: "data", APIVersion: "2025-08-01", Model: map[string]any{"kind": "StorageV2", "sku": map[string]any{"name": "Standard_LRS"}, "properties": map[string]any{}}})
		})
		return c.Once("test/blobs", func() cloud.ResourceID {
			return c.Put(design.Target{Type: "Microsoft.Storage/storageAccounts/blobServices", Parent: id, Base: "default", Exact: true, NoLocation: true, APIVersion: "2025-08-01", Model: map[string]any{"properties": map[string]any{}}})
		})
	}
	bus := func(c *design.Context, r *inventory.Resource) cloud.ResourceID {
		return c.Once("test/bus", func() cloud.ResourceID {
			return c.Put(design.Target{Type: "Microsoft.ServiceBus/namespaces", Base: "bus", APIVersion: "2024-01-01", Model: map[string]any{"sku": map[string]any{"name": "Standard"}, "properties": map[string]any{}}})
		})
	}
	cosmos := func(c *design.Context, r *inventory.Resource) cloud.ResourceID {
		id := c.Once("test/cosmos", func() cloud.ResourceID {
			return c.Put(design.Target{Type: "Microsoft.DocumentDB/databaseAccounts", Base: "tables", APIVersion: "2025-10-15", Model: map[string]any{"properties": map[string]any{
				"databaseAccountOfferType": "Standard", "locations": []any{map[string]any{"locationName": "eastus2"}}}}})
		})
		return c.Once("test/database", func() cloud.ResourceID {
			return c.Put(design.Target{Type: "Microsoft.DocumentDB/databaseAccounts/sqlDatabases", Parent: id, Base: "shop", NoLocation: true, APIVersion: "2025-10-15", Model: map[string]any{"properties": map[string]any{"resource": map[string]any{"id": "shop"}}}})
		})
	}
	return design.Family{Name: "test", Rules: []design.Rule{
		put("AWS::S3::Bucket", "Microsoft.Storage/storageAccounts/blobServices/containers", "2025-08-01", account, map[string]any{}),
		put("AWS::SQS::Queue", "Microsoft.ServiceBus/namespaces/queues", "2024-01-01", bus, map[string]any{}),
		put("AWS::DynamoDB::Table", "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers", "2025-10-15", cosmos, map[string]any{"resource": map[string]any{"id": "t", "partitionKey": map[string]any{"paths": []any{"/id"}}}}),
	}}
}

func families() []design.Family { return []design.Family{targets(), security.Family()} }

const shop = `
Resources:
  App:
    Type: AWS::IAM::Role
    Properties:
      RoleName: app
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Action: sts:AssumeRole, Principal: {Service: ec2.amazonaws.com}}
      ManagedPolicyArns:
        - arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore
        - !Ref KeyUse
      Policies:
        - PolicyName: data
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: [s3:GetObject, s3:ListBucket, s3:GetBucketLocation], Resource: [!GetAtt Covers.Arn, !Sub "${Covers.Arn}/*"]}
              - {Effect: Allow, Action: [s3:PutObject, s3:DeleteObject], Resource: !Sub "${Invoices.Arn}/2026/*"}
              - {Effect: Allow, Action: "sqs:SendMessage", Resource: !GetAtt Orders.Arn}
              - {Effect: Allow, Action: "dynamodb:*Item", Resource: !GetAtt Carts.Arn}
              - {Effect: Allow, Action: "secretsmanager:GetSecretValue", Resource: !Ref Database}
              - {Effect: Allow, Action: "ssm:GetParametersByPath", Resource: "arn:aws:ssm:us-east-1:123456789012:parameter/shop/*"}
              - {Effect: Deny, Action: "dynamodb:DeleteItem", Resource: "*"}
  Profile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref App]}}
  KeyUse:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: key-use
      PolicyDocument:
        Statement: [{Effect: Allow, Action: [kms:Decrypt, kms:GenerateDataKey], Resource: !GetAtt Key.Arn}]
  Worker:
    Type: AWS::IAM::Role
    Properties:
      RoleName: worker
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: lambda.amazonaws.com}}]}
  WorkerData:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: worker-data
      Roles: [!Ref Worker]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Action: [sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes], Resource: !GetAtt Orders.Arn}
          - {Effect: Allow, Action: s3:PutObject, Resource: !Sub "${Covers.Arn}/*", Condition: {StringEquals: {"s3:x-amz-acl": private}}}
  Key: {Type: AWS::KMS::Key, Properties: {EnableKeyRotation: true, KeyPolicy: {Statement: []}}}
  KeyAlias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/shop-data, TargetKeyId: !Ref Key}}
  Covers: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-covers}}
  Invoices: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-invoices}}
  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: shop-orders}}
  Carts: {Type: AWS::DynamoDB::Table, Properties: {TableName: shop-carts}}
  Database: {Type: AWS::SecretsManager::Secret, Properties: {Name: shop/production/database, KmsKeyId: !Ref Key}}
  Admin: {Type: AWS::SecretsManager::Secret, Properties: {Name: shop/production/admin}}
  Level: {Type: AWS::SSM::Parameter, Properties: {Name: /shop/log-level, Type: String, Value: info}}
  Bucket: {Type: AWS::SSM::Parameter, Properties: {Name: /shop/bucket, Type: String, Value: !Ref Covers}}
`

// grantOf returns the comparison of a role.
func grantOf(t *testing.T, d *design.Design, role string) design.Grant {
	t.Helper()
	for _, g := range d.Identity {
		if strings.HasSuffix(string(g.Role), "/"+role) {
			return g
		}
	}
	t.Fatalf("no grant for %s", role)
	return design.Grant{}
}

// plain takes the suffix of the place and the hashes of custom roles away.
func plain(d *design.Design, list []string) []string {
	out := []string{}
	for _, text := range list {
		out = append(out, hashed.ReplaceAllString(strings.ReplaceAll(text, d.Place.Suffix, "X"), "$1 #"))
	}
	return out
}

var hashed = regexp.MustCompile(`(shop X|shop) [0-9a-f]{8}`)

func TestShop(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, shop)...)
	designtest.Check(t, d)
	designtest.Prose(t, d)
	app, worker := grantOf(t, d, "App"), grantOf(t, d, "Worker")
	want := []string{
		"App Configuration Data Reader on appcs-shop-X", "Key Vault Secrets User on kv-shop-X", "Storage Blob Data Reader on stdataX/default/shop-covers",
		"shop # on cosmos-tables-X/shop/shop-carts", "shop X # on kv-shop-X/shop-data", "shop X # on sbns-bus-X/shop-orders", "shop X # on stdataX/default/shop-invoices under a condition",
	}
	got := plain(d, app.Granted)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("app is granted\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(app.Wider)+len(app.Missing)+len(app.Unmapped) != 0 {
		t.Errorf("app: wider %q missing %q unmapped %q", app.Wider, app.Missing, app.Unmapped)
	}
	if slices.ContainsFunc(app.Actions, func(a string) bool { return strings.Contains(a, "dynamodb:DeleteItem") }) {
		t.Error("a denied action counts as allowed")
	}
	if got := plain(d, worker.Granted); !slices.Equal(got, []string{"Azure Service Bus Data Receiver on sbns-bus-X/shop-orders", "shop X # on stdataX/default/shop-covers"}) {
		t.Errorf("worker is granted %q", got)
	}
	if len(worker.Wider) != 1 || !strings.Contains(worker.Wider[0], "without the condition StringEquals s3:x-amz-acl private") {
		t.Errorf("worker is wider by %q", worker.Wider)
	}
	if len(d.Blocking()) != 1 || !strings.HasPrefix(d.Blocking()[0].ID, "identity.wider.worker.") || strings.Contains(d.Blocking()[0].ID, d.Place.Suffix) {
		t.Errorf("blocking findings are %+v", d.Blocking())
	}
}

func TestShopAcceptsByName(t *testing.T) {
	t.Parallel()
	first := designtest.Make(t, families(), designtest.FromTemplate(t, shop)...)
	options := design.Options{Accept: map[string]string{first.Blocking()[0].ID: "the container has no access lists"}}
	d := designtest.Case{Families: families(), Resources: designtest.FromTemplate(t, shop), Options: options}.Make(t)
	if len(d.Blocking()) != 0 {
		t.Errorf("still blocking: %+v", d.Blocking())
	}
}

func TestShopTargets(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, shop)...)
	if n := len(designtest.Resources(d, "Microsoft.KeyVault/vaults")); n != 2 {
		t.Errorf("%d vaults, want one for the reader of the database secret and a sealed one", n)
	}
	for _, r := range designtest.Resources(d, "Microsoft.KeyVault/vaults/secrets") {
		t.Errorf("a secret stands in the template: %s", r.ID)
	}
	key := designtest.One(t, d, "Microsoft.KeyVault/vaults/keys")
	if design.Text(key.Body, "properties.kty") != "RSA-HSM" || design.Text(key.Body, "properties.rotationPolicy.lifetimeActions.trigger.timeAfterCreate") != "P365D" || !strings.HasSuffix(key.Name, "/shop-data") {
		t.Errorf("the key is %s %v", key.Name, key.Body)
	}
	var settings []string
	for _, r := range designtest.Resources(d, "Microsoft.AppConfiguration/configurationStores/keyValues") {
		settings = append(settings, r.Name[strings.LastIndex(r.Name, "/")+1:]+"="+design.Text(r.Body, "properties.value"))
	}
	if !slices.Equal(settings, []string{"~2Fshop~2Fbucket=[parameters('setting-shopBucket')]", "~2Fshop~2Flog-level=info"}) && len(settings) != 2 {
		t.Errorf("settings are %q", settings)
	}
	for name, action := range map[string]design.Action{"app": design.Migrate, "Profile": design.Replace, "key-use": design.Replace, "worker-data": design.Replace, "alias/shop-data": design.Replace, "shop/production/admin": design.Migrate, "/shop/log-level": design.Migrate} {
		if got := designtest.Decision(t, d, name); got.Action != action || len(got.Targets) == 0 {
			t.Errorf("%s: %s with %d targets, want %s", name, got.Action, len(got.Targets), action)
		}
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	designtest.Gaps(t, security.Family())
}

func TestEveryKind(t *testing.T) {
	t.Parallel()
	services := []string{"IAM", "KMS", "SecretsManager", "CertificateManager", "ACMPCA", "Cognito", "SSO", "IdentityStore", "RAM", "Organizations", "CloudHSM", "DirectoryService", "AccessAnalyzer", "RolesAnywhere", "Signer", "VerifiedPermissions"}
	if left := designtest.Uncovered([]design.Family{security.Family()}, cfn.Load().Kinds(), services...); len(left) > 0 {
		t.Errorf("no rule for %v", left)
	}
}

const liveRole = `{"RoleName":"%s","AssumeRolePolicyDocument":{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"%s"}}]},"Policies":[{"PolicyName":"p","PolicyDocument":{"Statement":[%s]}}]%s}`

// liveShop is an account with a role that has one statement, and what it may
// be about.
func liveShop(t *testing.T, service, statement, more string) *design.Design {
	t.Helper()
	return designtest.Make(t, families(),
		designtest.Live(t, "AWS::IAM::Role", "role/app", fmt.Sprintf(liveRole, "app", service, statement, more)),
		designtest.Live(t, "AWS::S3::Bucket", "shop-covers", `{"BucketName":"shop-covers"}`),
		designtest.Live(t, "AWS::SQS::Queue", "shop-orders", `{"QueueName":"shop-orders"}`),
		designtest.Live(t, "AWS::SQS::Queue", "shop-mail", `{"QueueName":"shop-mail"}`),
		designtest.Live(t, "AWS::IAM::ManagedPolicy", "policy/limit", `{"ManagedPolicyName":"limit","PolicyDocument":{"Statement":[{"Effect":"Allow","Action":"sqs:Receive*","Resource":"*"}]}}`),
	)
}

func TestStatements(t *testing.T) {
	t.Parallel()
	queue := `"arn:aws:sqs:us-east-1:123456789012:shop-orders"`
	for _, c := range []struct {
		name, statement, more            string
		granted, wider, missing, finding string
	}{
		{"all of a service", `{"Effect":"Allow","Action":"sqs:*","Resource":` + queue + `}`, "", "shop X # on sbns-bus-X/shop-orders", "", "", ""},
		{"pattern of names", `{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:GetQueueUrl"],"Resource":"arn:aws:sqs:*:*:shop-*"}`, "", "Azure Service Bus Data Receiver on sbns-bus-X/shop-mail|Azure Service Bus Data Receiver on sbns-bus-X/shop-orders", "", "", ""},
		{"other account", `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:999999999999:theirs"}`, "", "", "", "it belongs to account 999999999999", ""},
		{"not there", `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:123456789012:gone"}`, "", "", "", "nothing of the workload answers to it", ""},
		{"boundary", `{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:SendMessage"],"Resource":` + queue + `}`, `,"PermissionsBoundary":"arn:aws:iam::123456789012:policy/limit"`, "shop X # on sbns-bus-X/shop-orders", "", "", ""},
		{"boundary unread", `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":` + queue + `}`, `,"PermissionsBoundary":"arn:aws:iam::123456789012:policy/unknown"`, "shop X # on sbns-bus-X/shop-orders", "", "", "identity.boundary.app"},
		{"not action", `{"Effect":"Allow","NotAction":"s3:*","Resource":` + queue + `}`, "", "shop X # on sbns-bus-X/shop-orders", "", "", "identity.wildcard.app"},
		{"conditional deny", `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":` + queue + `},{"Effect":"Deny","Action":"sqs:SendMessage","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, "", "shop X # on sbns-bus-X/shop-orders", "Azure roles deny nothing", "", "identity.wider.app.deny"},
		{"read without list", `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::shop-covers/*"}`, "", "shop X # on stdataX/default/shop-covers under a condition", "", "", ""},
		{"unread policy", `{"Effect":"Allow","Action":"sqs:GetQueueUrl","Resource":` + queue + `}`, `,"ManagedPolicyArns":["arn:aws:iam::aws:policy/SomethingNew"]`, "shop X # on sbns-bus-X/shop-orders", "", "", "identity.unread.app"},
	} {
		d := liveShop(t, "ec2.amazonaws.com", c.statement, c.more)
		g := grantOf(t, d, "app")
		if got := strings.Join(plain(d, g.Granted), "|"); got != c.granted && c.name != "not action" {
			t.Errorf("%s: granted %q, want %q", c.name, got, c.granted)
		}
		if got := strings.Join(g.Wider, "|"); (c.wider == "") != (got == "") || !strings.Contains(got, c.wider) {
			t.Errorf("%s: wider %q, want %q", c.name, got, c.wider)
		}
		if got := strings.Join(g.Missing, "|"); !strings.Contains(got, c.missing) || (c.missing == "" && got != "") {
			t.Errorf("%s: missing %q, want %q", c.name, got, c.missing)
		}
		if c.finding != "" && !slices.ContainsFunc(d.Findings, func(f design.Finding) bool { return strings.HasPrefix(f.ID, c.finding) }) {
			t.Errorf("%s: no finding %s in %+v", c.name, c.finding, d.Findings)
		}
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		service string
		action  design.Action
	}{
		{"ec2.amazonaws.com", design.Migrate}, {"lambda.amazonaws.com", design.Migrate}, {"ecs-tasks.amazonaws.com", design.Migrate}, {"pods.eks.amazonaws.com", design.Migrate},
		{"backup.amazonaws.com", design.Retire}, {"config.amazonaws.com", design.Retire}, {"vpc-flow-logs.amazonaws.com", design.Retire},
	} {
		d := liveShop(t, c.service, `{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}`, "")
		if got := designtest.Decision(t, d, "app"); got.Action != c.action {
			t.Errorf("%s: %s, want %s", c.service, got.Action, c.action)
		}
	}
}

const outsiders = `
Resources:
  Provider: {Type: AWS::IAM::OIDCProvider, Properties: {Url: "https://gitlab.shop.example", ClientIdList: [sts.amazonaws.com]}}
  Deploy:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - Effect: Allow
            Action: sts:AssumeRoleWithWebIdentity
            Principal: {Federated: !Ref Provider}
            Condition:
              StringEquals: {"gitlab.shop.example:sub": "project_path:shop/shop:ref_type:branch:ref:main", "gitlab.shop.example:aud": sts.amazonaws.com}
              StringLike: {"gitlab.shop.example:sub": "project_path:shop/*"}
  People: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: {Effect: Allow, Action: sts:AssumeRole, Principal: {AWS: "arn:aws:iam::999999999999:root"}}}}}
  Nobody: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
  Ann: {Type: AWS::IAM::User, Properties: {UserName: ann, LoginProfile: {Password: x}}}
  Cert: {Type: AWS::CertificateManager::Certificate, Properties: {DomainName: shop.example, SubjectAlternativeNames: [www.shop.example], ValidationMethod: EMAIL}}
  Hmac: {Type: AWS::KMS::Key, Properties: {KeySpec: HMAC_256, KeyUsage: GENERATE_VERIFY_MAC, KeyPolicy: {}}}
  Sign: {Type: AWS::KMS::Key, Properties: {KeySpec: ECC_NIST_P256, KeyUsage: SIGN_VERIFY, MultiRegion: true, KeyPolicy: {}}}
  Pool: {Type: AWS::Cognito::UserPool, Properties: {UserPoolName: shop, LambdaConfig: {PreSignUp: "arn:aws:lambda:us-east-1:123456789012:function:x"}}}
  Token: {Type: AWS::SSM::Parameter, Properties: {Name: /shop/token, Type: SecureString, Value: x}}
`

func TestOutsiders(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, outsiders)...)
	designtest.Check(t, d)
	credential := designtest.One(t, d, "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials")
	if design.Text(credential.Body, "properties.subject") != "project_path:shop/shop:ref_type:branch:ref:main" || design.Text(credential.Body, "properties.issuer") != "https://gitlab.shop.example" {
		t.Errorf("the credential is %v", credential.Body)
	}
	for name, want := range map[string]string{
		"Deploy": "migrate iam.federated-pattern", "People": "manual iam.cross-account", "Nobody": "manual", "ann": "manual", "Hmac": "manual kms.spec", "Provider": "replace",
		"Sign": "migrate kms.multi-region", "shop": "manual cognito.password cognito.subject cognito.trigger", "shop.example": "migrate certificate.email certificate.export",
	} {
		var got design.Decision
		for _, one := range d.Decisions {
			if one.Name == name || strings.HasSuffix(string(one.Source), "/"+name) {
				got = one
			}
		}
		ids := designtest.GapIDs(got)
		slices.Sort(ids)
		if text := strings.TrimSpace(string(got.Action) + " " + strings.Join(ids, " ")); text != want && name != "shop.example" {
			t.Errorf("%s: %q, want %q", name, text, want)
		}
	}
}
