package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

func templateRules() []design.Rule {
	const source = "Azure Architecture Center, Resource management on Azure and AWS"
	return []design.Rule{
		{Name: "cloudformation/stack", Kinds: []cloud.Kind{"AWS::CloudFormation::Stack"}, Stage: design.Operations, Source: source, Apply: applyStack},
		{Name: "cloudformation/custom", Kinds: []cloud.Kind{"AWS::CloudFormation::CustomResource", "Custom::*"}, Stage: design.Operations, Source: source, Apply: applyCustom},
	}
}

// ruleName makes "apigateway/method" of a kind.
func ruleName(kind cloud.Kind) string {
	parts := strings.Split(strings.ToLower(string(kind)), "::")
	return parts[1] + "/" + parts[2]
}

// applyStack decides a stack: what it holds is decided one by one. A nested
// stack whose template was not read hides resources.
func applyStack(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Retire, likeForLike)
	held := 0
	for _, other := range c.Everything() {
		if other.Stack != "" && (other.Stack == r.Name || other.Stack == r.LogicalID || strings.HasSuffix(other.Stack, "/"+r.LogicalID) && r.LogicalID != "") && other != r {
			held++
		}
	}
	t.why("stack %s is how AWS deploys resources, which are decided one by one; deployment stacks and the infrastructure code take its place", r.Name)
	if url := t.text("TemplateURL"); url != "" && held == 0 && r.LogicalID != "" {
		t.Action, t.Confidence = design.Manual, redesign
		t.why("nested stack %s comes from template %s, of which nothing is known here", r.Name, url)
		t.todo("add the template of nested stack %s (%s) to the input and design again", r.Name, url)
	}
	if strings.EqualFold(t.text("EnableTerminationProtection"), "true") {
		t.todo("deny deletion of the resource group with a lock or the deny settings of the deployment stack, as termination protection of %s did", r.Name)
	}
	return t.done("*")
}

// applyCustom decides a resource that a function of the workload's own makes.
func applyCustom(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Manual, aGuess)
	token := t.at("ServiceToken")
	behind := "an unknown function"
	if function, ok := findFunction(c, r, token); ok {
		behind = "function " + function.Name
	} else if topic, ok := c.Find(r, token, "AWS::SNS::Topic"); ok {
		behind = "whoever listens to topic " + topic.Name
	} else if token != nil {
		behind = shown(token)
	}
	kind := strings.TrimPrefix(string(r.Kind), "Custom::")
	switch {
	case strings.Contains(kind, "LogRetention"), strings.Contains(kind, "CDKBucketDeployment"), strings.Contains(kind, "AutoDelete"), strings.Contains(kind, "VpcRestrictDefaultSG"), strings.Contains(kind, "CrossRegion"):
		t.Action, t.Confidence = design.Retire, inNamedGaps
		t.why("the CDK made %s (%s) for its own deployments, by %s", r.Name, kind, behind)
		if strings.Contains(kind, "BucketDeployment") {
			t.Action = design.Manual
			t.todo("let the pipeline copy the files that %s puts into its bucket", r.Name)
		}
		return t.done("*")
	}
	t.why("%s (%s) is made by %s, so only its code tells what it is", r.Name, orElse(kind, "a custom resource"), behind)
	t.todo("read the code of %s: what it makes for %s has to be made at the target, by the infrastructure code or by a deployment script", behind, r.Name)
	return t.done("*")
}
