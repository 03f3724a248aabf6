package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/app"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
	"pgregory.net/rapid"
)

func families() []design.Family { return []design.Family{designtest.Network(), app.Family()} }

// fromTemplate designs a template and checks the design.
func fromTemplate(t *testing.T, text string) *design.Design {
	t.Helper()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, text)...)
	designtest.Check(t, d)
	return d
}

// decision returns the one decision about a kind and name.
func decision(t *testing.T, d *design.Design, kind cloud.Kind, name string) design.Decision {
	t.Helper()
	for _, one := range d.Decisions {
		if one.Kind == kind && one.Name == name {
			return one
		}
	}
	t.Fatalf("there is no decision about %s %s", kind, name)
	return design.Decision{}
}

// body returns the one resource of a kind whose name holds part.
func body(t *testing.T, d *design.Design, kind cloud.Kind, part string) design.Resource {
	t.Helper()
	for _, r := range d.Resources {
		if r.Type == kind && strings.Contains(r.Name, part) {
			return r
		}
	}
	t.Fatalf("there is no %s %s", kind, part)
	return design.Resource{}
}

func count(d *design.Design, kind cloud.Kind) int {
	n := 0
	for _, r := range d.Resources {
		if r.Type == kind {
			n++
		}
	}
	return n
}

// has checks values in a body by their paths.
func has(t *testing.T, r design.Resource, want map[string]string) {
	t.Helper()
	for path, value := range want {
		if got := design.Text(r.Body, path); got != value {
			t.Errorf("%s: %s is %q, want %q", r.Name, path, got, value)
		}
	}
}

// meets checks that a decision has exactly these gaps, in any order.
func meets(t *testing.T, d design.Decision, want ...string) {
	t.Helper()
	got := []string{}
	for _, g := range d.Gaps {
		if !slices.Contains(got, g.ID) {
			got = append(got, g.ID)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("gaps of %s are %v, want %v", d.Name, got, want)
	}
}

// says checks that one of the to-dos holds a text.
func says(t *testing.T, d design.Decision, part string) {
	t.Helper()
	if !slices.ContainsFunc(d.ToDo, func(s string) bool { return strings.Contains(s, part) }) {
		t.Errorf("%s: no to-do says %q: %q", d.Name, part, d.ToDo)
	}
}

// settings returns the settings of an app by name.
func settings(r design.Resource, path string) map[string]string {
	out := map[string]string{}
	for _, s := range design.Maps(design.At(r.Body, path)) {
		out[design.Text(s, "name")] = design.Text(s, "value")
	}
	return out
}

func TestGapCatalogue(t *testing.T) {
	t.Parallel()
	designtest.Gaps(t, app.Family())
}

// services are the parts of AWS that this package decides.
func services() []string {
	return strings.Fields(`Lambda ApiGateway ApiGatewayV2 AppSync ECS EKS ECR AppRunner ElasticBeanstalk SQS SNS Events EventsV2 EventSchemas Scheduler Pipes StepFunctions AmazonMQ SES Pinpoint
		PinpointEmail SMSVOICE CodeArtifact CodeBuild CodeCommit CodeConnections CodeDeploy CodeGuruProfiler CodeGuruReviewer CodePipeline CodeStar CodeStarConnections CodeStarNotifications Amplify
		AmplifyUIBuilder AppConfig AppIntegrations CloudFormation CDK ServiceCatalog ServiceCatalogAppRegistry ResourceGroups Cloud9 Connect ConnectCampaigns ConnectCampaignsV2 IoT IoTCoreDeviceAdvisor
		IoTFleetWise IoTSecureTunneling IoTSiteWise IoTThingsGraph IoTTwinMaker IoTWireless Greengrass GreengrassV2 MediaConnect MediaConvert MediaLive MediaPackage MediaPackageV2 MediaStore MediaTailor
		IVS IVSChat Evidently FIS Proton AppMesh Chime Wisdom`)
}

func TestEveryKindHasOneRule(t *testing.T) {
	t.Parallel()
	ruled := map[cloud.Kind]string{}
	for _, rule := range app.Family().Rules {
		for _, kind := range rule.Kinds {
			if old := ruled[kind]; old != "" {
				t.Errorf("%s is in %s and in %s", kind, old, rule.Name)
			}
			ruled[kind] = rule.Name
		}
		if rule.Source == "" || rule.Apply == nil {
			t.Errorf("rule %s lacks its source", rule.Name)
		}
	}
	for _, kind := range cfn.Load().Kinds() {
		if parts := strings.Split(string(kind), "::"); len(parts) == 3 && slices.Contains(services(), parts[1]) && ruled[kind] == "" {
			t.Errorf("%s has no rule", kind)
		}
	}
}

// TestTemplates designs every template that the readers are tested with, in
// any order of its resources.
func TestTemplates(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../source/files/cloudformation/testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	for _, name := range files {
		switch filepath.Base(name) {
		case "broken.yaml", "hooks.yaml", "macros.yaml", "part.yaml", "stackset.yaml", "anchors.yaml", "conditions.yaml":
			continue // not whole by intent
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			resources := designtest.FromTemplate(t, string(text))
			designtest.Check(t, designtest.Make(t, families(), resources...))
			designtest.Shuffled(t, families(), resources...)
		})
	}
}

// TestEveryKindEmpty decides one resource of each kind of which nothing but
// its name is known.
func TestEveryKindEmpty(t *testing.T) {
	t.Parallel()
	var resources []inventory.Resource
	for i, kind := range ruledKinds() {
		resources = append(resources, inventory.Resource{ID: cloud.ResourceID(fmt.Sprintf("arn:aws:x:us-east-1:123456789012:thing/%d", i)), Kind: kind, Name: fmt.Sprintf("thing-%d", i), Account: "123456789012", Region: "us-east-1"})
	}
	designtest.Check(t, designtest.Make(t, families(), resources...))
}

func ruledKinds() []cloud.Kind {
	var out []cloud.Kind
	for _, rule := range app.Family().Rules {
		for _, kind := range rule.Kinds {
			if !strings.HasSuffix(string(kind), "*") {
				out = append(out, kind)
			}
		}
	}
	return append(out, "Custom::Thing")
}

// TestHostileProperties gives resources properties of the right names with
// values of any form: no rule panics, and every body stays valid.
func TestHostileProperties(t *testing.T) {
	t.Parallel()
	catalogue := cfn.Load()
	kinds := hostileKinds()
	var designs []*design.Design
	rapid.Check(t, func(rt *rapid.T) {
		var resources []inventory.Resource
		for i := range 8 {
			kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
			properties := inventory.Properties{}
			if schema, ok := catalogue.Kind(kind); ok {
				for _, field := range schema.Root.Fields {
					if rapid.IntRange(0, 2).Draw(rt, "given") > 0 {
						properties[field.Name] = shaped(rt, field.Type, 4)
					}
				}
			}
			resources = append(resources, inventory.Resource{ID: cloud.ResourceID(fmt.Sprintf("arn:aws:x:us-east-1:123456789012:thing/%d", i)), Kind: kind, Name: fmt.Sprintf("thing-%d", i%5), Account: "123456789012", Region: "us-east-1", Properties: properties})
		}
		d, err := (designtest.Case{Families: families(), Resources: resources}).Try(t)
		if err != nil {
			rt.Fatalf("%v", err)
		}
		designs = append(designs, d)
	})
	designtest.Check(t, designs...)
}

// hostileKinds are those whose rules read properties.
func hostileKinds() []cloud.Kind {
	var out []cloud.Kind
	for _, kind := range ruledKinds() {
		switch strings.Split(string(kind), "::")[1] {
		case "Lambda", "ApiGateway", "ApiGatewayV2", "ECS", "EKS", "ECR", "SQS", "SNS", "Events", "Scheduler", "StepFunctions", "Pipes", "AmazonMQ", "AppRunner", "ElasticBeanstalk", "Amplify", "AppConfig", "CloudFormation":
			out = append(out, kind)
		}
	}
	return out
}

// shaped draws a value mostly of the form that the schema wants, so that the
// wrong ones stand deep inside as well.
func shaped(rt *rapid.T, want *cfn.Type, depth int) any {
	if want == nil || depth == 0 || rapid.IntRange(0, 5).Draw(rt, "wrong") == 0 {
		return hostile(rt, 2)
	}
	switch {
	case len(want.Fields) > 0:
		m := map[string]any{}
		for _, field := range want.Fields {
			if rapid.IntRange(0, 2).Draw(rt, "given") > 0 {
				m[field.Name] = shaped(rt, field.Type, depth-1)
			}
		}
		return m
	case want.Item != nil && want.Form == cfn.List:
		list := []any{}
		for range rapid.IntRange(0, 2).Draw(rt, "length") {
			list = append(list, shaped(rt, want.Item, depth-1))
		}
		return list
	}
	return hostile(rt, 1)
}

// hostile draws a value: nothing, texts that look like references or names,
// numbers out of range, lists and mappings with names that rules look for.
func hostile(rt *rapid.T, depth int) any {
	texts := []string{"", "x", "-1", "99999999999", "${ref:arn:aws:x:us-east-1:123456789012:thing/1}", "${ref:gone#Arn}", "arn:aws:sqs:us-east-1:123456789012:thing-1", "thing-2", "true", "cron(0 0 1W * ? *)",
		"rate(5 minutes)", "{\"a\":[1,{\"b\":null}]}", "https://a.example/x{y}", "[literal", "*", "aws.s3", "GET /a/{b+}", "/a/{b}", "python3.12", "{{resolve:ssm:x}}", "é"}
	switch n := rapid.IntRange(0, 9).Draw(rt, "form"); {
	case n == 0:
		return nil
	case n == 1:
		return rapid.Bool().Draw(rt, "truth")
	case n == 2:
		return rapid.SampledFrom([]float64{-1, 0, 1, 3, 512, 1e6, 1e18, 0.5}).Draw(rt, "number")
	case n < 6 || depth == 0:
		return rapid.SampledFrom(texts).Draw(rt, "text")
	case n < 8:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(rt, "length") {
			list = append(list, hostile(rt, depth-1))
		}
		return list
	}
	names := []string{"Name", "Arn", "Id", "Targets", "Value", "States", "Type", "Resource", "deadLetterTargetArn", "maxReceiveCount", "Statement", "Principal", "AWS", "detail", "source", "Environment", "Image", "Cpu", "Memory",
		"Subnets", "SubnetIds", "Variables", "EcsParameters", "TaskDefinitionArn", "paths", "/a", "get", "x-amazon-apigateway-integration", "Secrets", "PortMappings", "ContainerPort", "a b"}
	m := map[string]any{}
	for range rapid.IntRange(0, 4).Draw(rt, "members") {
		m[rapid.SampledFrom(names).Draw(rt, "name")] = hostile(rt, depth-1)
	}
	return m
}
