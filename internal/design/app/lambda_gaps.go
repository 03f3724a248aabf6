package app

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

func keys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// functionGaps names what a function app does differently.
func (t *told) functionGaps(h hosting) {
	p := t.r.Properties
	t.gap("lambda.programming-model", "Handler="+t.text("Handler"))
	if h.runtime.gap != "" {
		at := "Runtime=" + t.text("Runtime")
		if h.runtime.until != "" {
			at += ", Functions: until " + h.runtime.until
		}
		t.gap(h.runtime.gap, at)
	}
	if h.premium {
		t.gapOf("lambda.memory", "MemorySize")
	} else if h.perInstance > 1 {
		t.gap("lambda.concurrency", "MemorySize="+shown(h.asked))
	}
	if slices.Contains(design.Texts(t.at("Architectures")), "arm64") {
		t.gap("lambda.arm64", "Architectures=arm64")
	}
	if layers := design.List(t.at("Layers")); len(layers) > 0 {
		t.gap("lambda.layers", "Layers="+shown(layers))
		for _, layer := range layers {
			if arn := shown(layer); vendorExtension(arn) {
				t.gap("lambda.extensions", "Layers="+arn)
			}
		}
	}
	if len(design.List(t.at("FileSystemConfigs"))) > 0 {
		t.gapOf("lambda.file-system", "FileSystemConfigs")
	}
	if size := design.Int(p, "EphemeralStorage.Size", 512); size > 800 {
		t.gapOf("lambda.ephemeral-storage", "EphemeralStorage.Size")
	}
	if strings.EqualFold(t.text("SnapStart.ApplyOn"), "PublishedVersions") {
		t.gapOf("lambda.snapstart", "SnapStart.ApplyOn")
	}
	if t.text("CodeSigningConfigArn") != "" {
		t.gap("lambda.code-signing", "CodeSigningConfigArn")
	}
	if text := t.text("KmsKeyArn"); text != "" && !strings.Contains(text, "alias/aws/") {
		t.gap("lambda.settings-key", "KmsKeyArn")
	}
	if strings.EqualFold(t.text("TracingConfig.Mode"), "Active") {
		t.gap("lambda.tracing", "TracingConfig.Mode=Active")
	}
	for _, name := range []string{"DurableConfig", "TenancyConfig", "CapacityProviderConfig", "FunctionScalingConfig"} {
		if t.at(name) != nil {
			t.gapOf("lambda.special-mode", name)
		}
	}
	if design.Text(p, "ReservedConcurrentExecutions") == "0" {
		t.todo("know that %s is switched off at the source (reserved concurrency 0), and so at the target", t.r.Name)
	}
	if provisioned(t.c, t.r) > 0 {
		t.gap("lambda.provisioned-concurrency", "ProvisionedConcurrencyConfig")
	}
	if len(t.c.Referring(t.r, "AWS::EFS::AccessPoint", "FileSystemId")) > 0 {
		t.todo("check which files %s reads", t.r.Name)
	}
	t.options()
	t.todo("write the entry point of %s anew for Functions, package it with its dependencies, and deploy it to the app; its code is %s", t.r.Name, t.code())
}

// vendorExtension recognises the layers that are agents beside the program:
// monitoring, parameters and secrets.
func vendorExtension(arn string) bool {
	lower := strings.ToLower(arn)
	for _, word := range []string{"extension", "insights", "datadog", "newrelic", "dynatrace", "lumigo", "adot", "otel", "appconfig"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// provisioned is how many instances are kept warm, over all aliases and
// versions of a function.
func provisioned(c *design.Context, r *inventory.Resource) int {
	sum := 0
	for _, kind := range []cloud.Kind{"AWS::Lambda::Alias", "AWS::Lambda::Version"} {
		for _, q := range c.OfKind(kind) {
			if function, ok := findFunction(c, q, design.At(q.Properties, "FunctionName")); ok && function == r {
				sum += max(0, design.Int(q.Properties, "ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions", 0))
			}
		}
	}
	return sum
}

// calledOverHTTP reports whether a function answers HTTP requests: through a
// URL of its own, an API, a balancer, or a user pool's or resolver's call.
func calledOverHTTP(c *design.Context, r *inventory.Resource) bool {
	for _, url := range c.OfKind("AWS::Lambda::Url") {
		if f, ok := findFunction(c, url, design.At(url.Properties, "TargetFunctionArn")); ok && f == r {
			return true
		}
	}
	for _, p := range c.OfKind("AWS::Lambda::Permission") {
		switch principal := design.Text(p.Properties, "Principal"); {
		case strings.HasPrefix(principal, "apigateway."), strings.HasPrefix(principal, "elasticloadbalancing."), strings.HasPrefix(principal, "appsync."):
			if f, ok := findFunction(c, p, design.At(p.Properties, "FunctionName")); ok && f == r {
				return true
			}
		}
	}
	return httpIntegrations(c)[r.ID]
}

// httpIntegrations are the functions that an API calls.
func httpIntegrations(c *design.Context) map[cloud.ResourceID]bool {
	out := map[cloud.ResourceID]bool{}
	note := func(from *inventory.Resource, ref any) {
		if f, ok := findFunction(c, from, ref); ok {
			out[f.ID] = true
		}
	}
	for _, m := range c.OfKind("AWS::ApiGateway::Method") {
		note(m, design.At(m.Properties, "Integration.Uri"))
	}
	for _, i := range c.OfKind("AWS::ApiGatewayV2::Integration") {
		note(i, design.At(i.Properties, "IntegrationUri"))
	}
	for _, a := range c.OfKind("AWS::ApiGatewayV2::Api") {
		note(a, design.At(a.Properties, "Target"))
	}
	for _, g := range c.OfKind("AWS::ElasticLoadBalancingV2::TargetGroup") {
		for _, target := range design.Maps(design.At(g.Properties, "Targets")) {
			note(g, target["Id"])
		}
	}
	return out
}

// asynchronous carries the dead-letter queue and the destinations of events
// that nobody waits for.
func (t *told) asynchronous(app cloud.ResourceID) {
	if dead := t.at("DeadLetterConfig.TargetArn"); dead != nil {
		t.deadLetters(app, dead, "DeadLetterConfig.TargetArn")
	}
}

// deadLetters gives an app's own queue a place for what it cannot work off.
func (t *told) deadLetters(app cloud.ResourceID, ref any, property string) {
	queue, ok := t.c.Find(t.r, ref, "AWS::SQS::Queue", "AWS::SNS::Topic")
	if !ok {
		t.todo("read the failed events of %s from its queue's dead-letter queue: %s is not part of the design", t.r.Name, shown(ref))
		return
	}
	for _, kind := range []cloud.Kind{busQueueKind, busTopicKind} {
		id, ok := t.c.TargetOf(queue, kind)
		if !ok {
			continue
		}
		setSetting(t.c, app, "FAILED_EVENTS", common.LastName(id))
		if who, ok := identityFor(t.c, app); ok {
			allow(t.c, who, id, roleBusSender)
		}
		t.gap("lambda.destinations", property+"="+queue.Name)
		return
	}
	t.todo("decide where the failed events of %s go: %s has no target", t.r.Name, queue.Name)
}

// appFunctionName is the name of the function inside the app: the handler
// without its path.
func appFunctionName(r *inventory.Resource) string {
	name := strings.NewReplacer(" ", "", "/", "_", ".", "_").Replace(r.Name)
	if name == "" {
		return "main"
	}
	return name
}
