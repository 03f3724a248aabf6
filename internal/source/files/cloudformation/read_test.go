package cloudformation_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/source/files/cloudformation"
)

func TestJSONAndYAMLFormsAreEqual(t *testing.T) {
	t.Parallel()
	form := func(name string) string {
		f := files(t, name)[0]
		f.Stack, f.Name = "functions", "x"
		r, err := cloudformation.Read(f, options())
		if err != nil {
			t.Fatal(err)
		}
		return encode(t, r.Observations)
	}
	if a, b := form("functions.yaml"), form("functions.json"); a != b {
		t.Errorf("the forms differ:\n%s\n%s", a, b)
	}
}

func TestObservationSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	o := resource(t, text(t, `
Resources:
  Store:
    Type: AWS::RDS::DBInstance
    DependsOn: Group
    DeletionPolicy: Snapshot
    Metadata: {b: 1, a: 2}
    Properties:
      DBInstanceIdentifier: shop
      AllocatedStorage: 20
      EngineVersion: 16.10
      MultiAZ: "true"
      VPCSecurityGroups: !GetAtt Group.GroupId
      Tags: [{Key: Name, Value: the shop}, {Key: n, Value: 1}]
  Group: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: x}}
`), "stack/Store")
	want := inventory.Observation{Source: inventory.CloudFormation, Origin: "stack.yaml#/Resources/Store"}
	want.ID, want.Kind, want.LogicalID, want.Stack, want.Name = "cloudformation:stack/Store", "AWS::RDS::DBInstance", "Store", "stack", "shop"
	want.Account, want.Region = "123456789012", "us-east-1"
	want.Tags = map[string]string{"Name": "the shop", "n": "1"}
	want.Aliases = []string{"arn:aws:rds:us-east-1:123456789012:db:shop"}
	want.Attributes = map[string]any{"dependsOn": []any{"${ref:cloudformation:stack/Group}"}, "deletionPolicy": "Snapshot", "metadata": []any{"a", "b"}}
	want.Properties = inventory.Properties{
		"DBInstanceIdentifier": "shop", "AllocatedStorage": "20", "EngineVersion": "16.10", "MultiAZ": true,
		"VPCSecurityGroups": []any{"${ref:cloudformation:stack/Group#GroupId}"},
	}
	if got, want := encode(t, o), encode(t, want); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestSecretsAreNotKept(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"parameters.yaml", "old.json", "kinds.yaml", "hooks.yaml", "bookshop.yaml"} {
		o := options()
		o.Parameters = map[string]string{"DatabasePassword": "swordfish-1", "PaymentKey": "swordfish-2", "SecretWithDefault": "swordfish-3", "DBPassword": "swordfish-4"}
		r, err := cloudformation.Read(files(t, name)[0], o)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"correct-horse", "battery-staple", "changeit", "hunter2", "hush-hush", "swordfish"} {
			if strings.Contains(encode(t, r), secret) {
				t.Errorf("%s: the secret %q stands in the result", name, secret)
			}
		}
	}
}

func TestNestedStacks(t *testing.T) {
	t.Parallel()
	all := cloudformation.ReadAll(files(t, "nested/main.yaml", "nested/templates/network.yaml", "nested/templates/app.json", "nested/templates/inner.yaml"), options())
	balancer := resource(t, all, "main-App/Balancer").Properties
	if got := encode(t, balancer["Subnets"]); !strings.Contains(got, "${ref:cloudformation:main-Network/SubnetA}") || !strings.Contains(got, "SubnetB") {
		t.Errorf("the outputs of one nested stack do not reach the other: %s", got)
	}
	if got := encode(t, balancer["SecurityGroups"]); !strings.Contains(got, "${ref:cloudformation:main-App-Inner/Group#GroupId}") {
		t.Errorf("an output is not resolved through: %s", got)
	}
	if got := resource(t, all, "main-App-Inner/Group").Properties["VpcId"]; got != "${ref:cloudformation:main-Network/Vpc}" {
		t.Errorf("a parameter is not handed down two levels: %v", got)
	}
	if got := resource(t, all, "main-Network/SubnetA").Properties; got["CidrBlock"] != "10.1.0.0/24" || got["AvailabilityZone"] != "us-east-1a" {
		t.Errorf("parameters are not evaluated in the nested stack: %v", got)
	}
	if got := resource(t, all, "main-Spare/Vpc").Marks; len(got) != 1 || got[0] != inventory.Conditional {
		t.Errorf("marks below a conditional stack: %v", got)
	}
	if got := encode(t, resource(t, all, "main/Record").Properties["ResourceRecords"]); !strings.Contains(got, "main-App/Balancer#DNSName") || !strings.Contains(got, "main/Missing#Outputs.Host") {
		t.Errorf("outputs in the parent: %s", got)
	}
	if got := encode(t, resource(t, all, "main-App-Inner/Group").Properties["SecurityGroupIngress"]); !strings.Contains(got, "443") {
		t.Errorf("the rule is not in its group: %s", got)
	}
	alone, err := cloudformation.Read(files(t, "nested/main.yaml")[0], options())
	if err != nil {
		t.Fatal(err)
	}
	if a, b := encode(t, all), encode(t, alone); a != b {
		t.Errorf("nested templates in the run count twice:\n%s\n%s", a, b)
	}
	if got := encode(t, all.Unread); !strings.Contains(got, "gone.yaml") || !strings.Contains(got, "nests itself") {
		t.Errorf("unread: %s", got)
	}
}

func TestImportsAcrossTemplates(t *testing.T) {
	t.Parallel()
	r := cloudformation.ReadAll(files(t, "run/app.yaml", "run/network.yaml"), options())
	if got := resource(t, r, "app/Group").Properties["VpcId"]; got != "${ref:cloudformation:network/Vpc}" {
		t.Errorf("the import is not resolved: %v", got)
	}
	other := resource(t, r, "app/Other").Properties
	if other["VpcId"] != "${import:elsewhere-vpc}" || other["GroupDescription"] != "${import:twice}" {
		t.Errorf("an export that is not there or is there twice: %v", other)
	}
}

func TestAssetOfNestedStack(t *testing.T) {
	t.Parallel()
	r, err := cloudformation.Read(files(t, "assets.template.json")[0], options())
	if err != nil {
		t.Fatal(err)
	}
	queue := resource(t, r, "assets-NetNestedStackNetNestedStackResource5C3B5F2A/Queue4A7E3555")
	if queue.Tags["from"] != "${ref:cloudformation:assets/Bucket83908E77#Arn}" {
		t.Errorf("tags %v", queue.Tags)
	}
	role := resource(t, r, "assets/HandlerServiceRoleFCDC14AE")
	if got := encode(t, role.Properties["Policies"]); !strings.Contains(got, "s3:GetObject*") {
		t.Errorf("the policy is not in its role: %s", got)
	}
}

func TestTextsThatAreNoTemplates(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"empty": "", "space": " \n\t", "list": "- a\n- b\n", "text": "hello", "number": "5", "comment": "# nothing\n", "tab": "Resources:\n\tA: 1\n", "json": `{"Resources": {`,
		"other": "apiVersion: v1\nkind: Pod\n", "state": `{"version": 4, "resources": []}`, "deep": strings.Repeat("[", 5000), "binary": "\x00\x01\x02",
	} {
		_, err := cloudformation.Read(cloudformation.File{Name: name, Data: []byte(data)}, options())
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: error %v, want one of kind invalid", name, err)
		}
		r := cloudformation.ReadAll([]cloudformation.File{{Name: name, Data: []byte(data)}}, options())
		if len(r.Observations) != 0 || len(r.Refused) != 1 || r.Refused[0].File != name {
			t.Errorf("%s: %v", name, r)
		}
	}
}

func TestOneBrokenResourceCostsItselfAlone(t *testing.T) {
	t.Parallel()
	r, err := cloudformation.Read(files(t, "broken.yaml")[0], options())
	if err != nil {
		t.Fatal(err)
	}
	if got := resource(t, r, "broken/Good").Properties["QueueName"]; got != "better" {
		t.Errorf("the last of two equal keys is meant, got %v", got)
	}
	if got := resource(t, r, "broken/Good").Attributes["NoSuchProperty"]; got != 1.0 {
		t.Errorf("an unknown property is kept as an attribute, got %v", got)
	}
	said := encode(t, r.Refused)
	for _, part := range []string{"#/Resources/NoType", "#/Resources/Text", "#/Resources/EmptyType", "#/Parameters", "second time", "line 22, column 7"} {
		if !strings.Contains(said, part) {
			t.Errorf("refused does not say %q:\n%s", part, said)
		}
	}
}

func TestConditionalResources(t *testing.T) {
	t.Parallel()
	r, err := cloudformation.Read(files(t, "conditions.yaml")[0], options())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Always": "", "True": "true", "False": "false", "Unknown": "unknown", "NotAllowed": "false", "BothUnknown": "unknown", "NeitherFalse": "false",
		"AnyTrue": "true", "FlagTrue": "true", "SameTrue": "true", "Region": "true", "Circular": "unknown", "Missing": "unknown",
	}
	for name, value := range want {
		o := resource(t, r, "conditions/"+name)
		got, _ := o.Attributes["conditionValue"].(string)
		if marked := len(o.Marks) == 1; got != value || marked != (value == "false" || value == "unknown") {
			t.Errorf("%s: %q %v, want %q", name, got, o.Marks, value)
		}
	}
	p := resource(t, r, "conditions/Properties").Properties
	if p["QueueName"] != "orders" || p["VisibilityTimeout"] != 60.0 || p["DelaySeconds"] != `${Fn::If:["Copied",5,{"Ref":"AWS::NoValue"}]}` {
		t.Errorf("properties %v", p)
	}
	if refs := inventory.References(encode(t, p["RedrivePolicy"])); len(refs) != 2 {
		t.Errorf("both branches are kept: %v", p["RedrivePolicy"])
	}
}

func TestStacksOfOneNameGetDifferentNames(t *testing.T) {
	t.Parallel()
	queue := func(name string) []byte {
		return []byte("Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: " + name + "}}\n")
	}
	in := []cloudformation.File{{Name: "a/shop/template.yaml", Data: queue("one")}, {Name: "b/shop/template.yaml", Data: queue("two")}, {Name: "c/mail/template.yml", Data: queue("three")}, {Name: "solo.json", Data: queue("four")}, {Name: "copy/solo.json", Data: queue("four")}}
	got := strings.Join(ids(cloudformation.ReadAll(in, options())), " ")
	if want := "a-shop-template/Q b-shop-template/Q mail-template/Q solo/Q"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParametersAndStackAreGiven(t *testing.T) {
	t.Parallel()
	o := options()
	o.Parameters = map[string]string{"Name": "given", "Nobody": "x"}
	r, err := cloudformation.Read(cloudformation.File{Name: "x.yaml", Stack: "prod/shop", Data: []byte("Parameters: {Name: {Type: String, Default: d}}\nResources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${AWS::StackName}.${Name}'}}}")}, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := resource(t, r, "prod-shop/Q"); got.Name != "prod-shop.given" {
		t.Errorf("name %q", got.Name)
	}
}

func TestIncludedParts(t *testing.T) {
	t.Parallel()
	r, err := cloudformation.Read(files(t, "macros.yaml")[0], options())
	if err != nil {
		t.Fatal(err)
	}
	if o := resource(t, r, "macros/Whole"); o.Attributes["conditionValue"] != "false" {
		t.Errorf("a section of the included part: %v", o.Attributes)
	}
	if o := resource(t, r, "macros/Queue"); o.Kind != "AWS::SQS::Queue" {
		t.Errorf("the template's own resource wins, got %s", o.Kind)
	}
	resource(t, r, "macros/Included")
	if got := encode(t, r.Unread); !strings.Contains(got, "not-there.yaml") || !strings.Contains(got, "CompanyStandards") || !strings.Contains(got, "Upper") {
		t.Errorf("unread %s", got)
	}
}

func TestServerlessTemplate(t *testing.T) {
	t.Parallel()
	r, err := cloudformation.Read(files(t, "serverless.yaml")[0], options())
	if err != nil {
		t.Fatal(err)
	}
	api := encode(t, resource(t, r, "serverless/ServerlessRestApi").Properties["Body"])
	for _, want := range []string{"/orders/{id}", "${ref:cloudformation:serverless/OrdersAliaslive}", "/flow", "${ref:cloudformation:serverless/Flow}"} {
		if !strings.Contains(api, want) {
			t.Errorf("the implicit API lacks %s: %s", want, api)
		}
	}
	function := resource(t, r, "serverless/Orders")
	if got := encode(t, function.Properties["Environment"]); !strings.Contains(got, `"STAGE": "live"`) || !strings.Contains(got, "serverless/Table") {
		t.Errorf("globals are not merged: %s", got)
	}
	if got := encode(t, resource(t, r, "serverless/OrdersQueue").Properties); !strings.Contains(got, "serverless/Queue#Arn") {
		t.Errorf("event source mapping: %s", got)
	}
	if got := encode(t, resource(t, r, "serverless/Bucket").Properties); !strings.Contains(got, "s3:ObjectRemoved:*") {
		t.Errorf("notification: %s", got)
	}
	if got := encode(t, resource(t, r, "serverless/LocalRole").Properties["ManagedPolicyArns"]); !strings.Contains(got, "serverless/ToTablePolicy") {
		t.Errorf("the connector's policy is not at the role: %s", got)
	}
	if resource(t, r, "serverless-Child/Queue").Name != "child-x" {
		t.Error("the application's template is not read")
	}
	if len(r.Refused) != 0 {
		t.Errorf("refused %v", r.Refused)
	}
}
