package deploy_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/armtest"
	"example.com/landfall/internal/sandbox/arm/control"
	"example.com/landfall/internal/sandbox/arm/deploy"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/schema"
)

const subscription = "11111111-2222-3333-4444-555555555555"

type bench struct {
	t      *testing.T
	plane  *control.Plane
	runner *deploy.Runner
}

func start(t *testing.T, delay time.Duration) bench {
	t.Helper()
	d, err := schema.Load(armtest.Types(t))
	if err != nil {
		t.Fatal(err)
	}
	p, err := control.New(control.Options{Subscription: subscription, Tenant: "t", Principal: "owner", Base: func() string { return "https://127.0.0.1" }, Definitions: d, Delay: delay, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if _, err := p.Write(t.Context(), control.Write{ID: armid.ID{Subscription: subscription, Group: "g"}, APIVersion: "2021-04-01", Body: map[string]any{"location": "eastus"}}); err != nil {
		t.Fatal(err)
	}
	return bench{t, p, deploy.NewRunner(p, func() map[string]any { return map[string]any{"name": "sandbox"} }, slog.New(slog.DiscardHandler))}
}

const head = `"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0",`

func (b bench) request(name, template string) deploy.Request {
	b.t.Helper()
	id, err := armid.ID{Subscription: subscription, Group: "g"}.Under("Microsoft.Resources/deployments", name)
	if err != nil {
		b.t.Fatal(err)
	}
	return deploy.Request{ID: id, APIVersion: "2021-04-01", Body: map[string]any{"properties": map[string]any{"mode": "Incremental", "template": object(b.t, "{"+head+template+"}")}}}
}

// wait waits for the deployment's operation and returns how it ended.
func (b bench) wait(op control.Operation) control.Operation {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 30*time.Second)
	defer cancel()
	if err := op.Wait(ctx); err != nil {
		b.t.Fatalf("the deployment does not end: %v", err)
	}
	now, err := b.plane.Operation(op.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	return now
}

const identities = `"resources":[
 {"type":"Microsoft.ManagedIdentity/userAssignedIdentities","apiVersion":"2024-11-30","name":"a","location":"eastus"},
 {"type":"Microsoft.Network/routeTables","apiVersion":"2025-09-01","name":"b","location":"eastus","dependsOn":["a"],"tags":{"who":"[reference('a').principalId]"}}]`

func TestOnlyOneOfANameRuns(t *testing.T) {
	t.Parallel()
	b := start(t, 200*time.Millisecond)
	q := b.request("d", identities)
	op, created, err := b.runner.Create(t.Context(), q)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	if _, _, err := b.runner.Create(t.Context(), q); armerror.Of(err).Code != "DeploymentActive" {
		t.Errorf("%v", err)
	}
	if end := b.wait(op); end.Status != control.Succeeded {
		t.Fatalf("%+v", end)
	}
	if _, created, err = b.runner.Create(t.Context(), q); err != nil || created {
		t.Errorf("%v %v", created, err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	b := start(t, 100*time.Millisecond)
	q := b.request("d", `"resources":[{"type":"Microsoft.Network/routeTables","apiVersion":"2025-09-01","name":"a","location":"eastus"},{"type":"Microsoft.Network/routeTables","apiVersion":"2025-09-01","name":"b","location":"eastus","dependsOn":["a"]}]`)
	op, _, err := b.runner.Create(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.runner.Cancel(q.ID); err != nil {
		t.Fatal(err)
	}
	if end := b.wait(op); end.Status != control.Canceled {
		t.Errorf("%+v", end)
	}
	v, err := b.plane.Get(q.ID)
	if err != nil || document.Text(v.Body, "properties.provisioningState") != control.Canceled {
		t.Errorf("%v %v", v.Body, err)
	}
	if err := b.runner.Cancel(q.ID); armerror.Of(err).Code != "DeploymentCannotBeCancelled" {
		t.Errorf("%v", err)
	}
}

func TestWhatIfWithIdsOnly(t *testing.T) {
	t.Parallel()
	b := start(t, 0)
	q := b.request("d", identities)
	q.Body = document.Set(q.Body, "properties.whatIfSettings.resultFormat", "ResourceIdOnly")
	kinds := func() string {
		answer, err := b.runner.WhatIf(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range document.List(answer, "properties.changes") {
			if document.Get(c, "after") != nil {
				t.Error("an answer with ids only has a body")
			}
			out = append(out, document.Text(c, "changeType"))
		}
		return strings.Join(out, " ")
	}
	if got := kinds(); got != "Create Create" {
		t.Error(got)
	}
	op, _, err := b.runner.Create(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	b.wait(op)
	if got := kinds(); got != "Deploy Deploy" {
		t.Error(got)
	}
}

// The subnets of one network are written one after the other although the
// template lets them run side by side: their network takes one write at a time.
func TestSiblingsShareTheirParent(t *testing.T) {
	t.Parallel()
	b := start(t, time.Millisecond)
	q := b.request("d", `"resources":[{"type":"Microsoft.Network/virtualNetworks","apiVersion":"2025-09-01","name":"v","location":"eastus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]}}},
	{"type":"Microsoft.Network/virtualNetworks/subnets","apiVersion":"2025-09-01","name":"[concat('v/s', copyIndex())]","copy":{"name":"l","count":8},"dependsOn":["v"],"properties":{"addressPrefix":"[cidrSubnet('10.0.0.0/16', 24, copyIndex())]"}}]`)
	op, _, err := b.runner.Create(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if end := b.wait(op); end.Status != control.Succeeded {
		t.Fatalf("%+v", end.Err)
	}
	id, err := armid.ID{Subscription: subscription, Group: "g"}.Under("Microsoft.Network/virtualNetworks", "v")
	if err != nil {
		t.Fatal(err)
	}
	v, err := b.plane.Get(id)
	if err != nil || len(document.List(v.Body, "properties.subnets")) != 8 {
		t.Errorf("%v %v", v.Body, err)
	}
	operations, err := b.runner.Operations(q.ID)
	if err != nil || len(operations) != 10 {
		t.Errorf("%d operations, %v", len(operations), err)
	}
}

// deploy runs a template to its end.
func (b bench) deploy(name, template string) {
	b.t.Helper()
	op, _, err := b.runner.Create(b.t.Context(), b.request(name, template))
	if err != nil {
		b.t.Fatal(err)
	}
	if end := b.wait(op); end.Status != control.Succeeded {
		b.t.Fatalf("%+v", end.Err)
	}
}

// network is a template of a network and subnets with their ranges, which wait
// for the network when after is its name.
func network(space, after string, subnets ...string) string {
	out := `"resources":[{"type":"Microsoft.Network/virtualNetworks","apiVersion":"2025-09-01","name":"v","location":"eastus","properties":{"addressSpace":{"addressPrefixes":[` + space + `]}}}`
	for i := 0; i < len(subnets); i += 2 {
		out += `,{"type":"Microsoft.Network/virtualNetworks/subnets","apiVersion":"2025-09-01","name":"v/` + subnets[i] + `","dependsOn":[` + after + `],"properties":{"addressPrefix":"` + subnets[i+1] + `"}}`
	}
	return out + "]"
}

// A subnet is judged by its network as the same template leaves it, when the
// template says that the network comes first.
func TestSubnetsAreJudgedByTheNetworkOfTheTemplate(t *testing.T) {
	t.Parallel()
	const narrow, wide, first = `"10.0.0.0/16"`, `"10.0.0.0/16","10.1.0.0/16"`, `"v"`
	b := start(t, 0)
	if _, err := b.runner.WhatIf(t.Context(), b.request("new", network(narrow, first, "a", "10.9.0.0/24"))); err == nil || !strings.Contains(armerror.Of(err).Details[0].Message, "Subnet 'a' is not valid") {
		t.Errorf("a subnet outside of a network that is not there yet: %v", err)
	}
	b.deploy("before", network(narrow, first, "a", "10.0.1.0/24"))
	widened := network(wide, first, "a", "10.0.1.0/24", "b", "10.1.1.0/24")
	inner := `{"type":"Microsoft.Resources/deployments","apiVersion":"2021-04-01","name":"inner","dependsOn":["v"],"properties":{"mode":"Incremental","expressionEvaluationOptions":{"scope":"inner"},"template":{` + head +
		`"resources":[{"type":"Microsoft.Network/virtualNetworks/subnets","apiVersion":"2025-09-01","name":"v/b","properties":{"addressPrefix":"10.1.1.0/24"}}]}}}`
	if _, err := b.runner.WhatIf(t.Context(), b.request("nested", strings.TrimSuffix(network(wide, first), "]")+","+inner+"]")); err != nil {
		t.Errorf("a subnet in a deployment inside: %v", err)
	}
	answer, err := b.runner.WhatIf(t.Context(), b.request("wider", widened))
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, c := range document.List(answer, "properties.changes") {
		kinds = append(kinds, document.Text(c, "changeType"))
	}
	if got := strings.Join(kinds, " "); got != "Modify NoChange Create" {
		t.Errorf("what-if says %s", got)
	}
	for name, template := range map[string]string{
		"no order":      network(wide, "", "b", "10.1.1.0/24"),
		"outside":       network(wide, first, "b", "10.2.0.0/24"),
		"two overlap":   network(wide, first, "b", "10.1.1.0/24", "c", "10.1.1.128/25"),
		"old one stays": network(`"10.1.0.0/16"`, first),
	} {
		if _, err := b.runner.Validate(t.Context(), b.request("refused", template)); err == nil || !strings.HasPrefix(armerror.Of(err).Details[0].Code, "Netcfg") {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.deploy("wider", widened)
	again, err := b.runner.WhatIf(t.Context(), b.request("wider", widened))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range document.List(again, "properties.changes") {
		if document.Text(c, "changeType") != "NoChange" {
			t.Errorf("afterwards %v", c)
		}
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := start(t, 0)
	good := b.request("d", identities)
	for path, c := range map[string]struct {
		value any
		code  string
	}{
		"properties.mode":         {"Sometimes", "InvalidRequestContent"},
		"properties.template":     {nil, "InvalidRequestContent"},
		"properties.templateLink": {map[string]any{"uri": "https://x"}, "NotSupportedBySandbox"},
		"properties.parameters":   {map[string]any{"p": map[string]any{"value": int64(1)}}, "InvalidTemplate"},
	} {
		q := good
		q.Body = document.Set(good.Body, path, c.value)
		if _, _, err := b.runner.Create(t.Context(), q); err == nil || armerror.Of(err).Code != c.code {
			t.Errorf("%s: %v", path, err)
		}
	}
	answer, err := b.runner.Validate(t.Context(), good)
	if err != nil || len(document.List(answer, "properties.validatedResources")) != 2 {
		t.Errorf("%v %v", answer, err)
	}
	if _, err := b.plane.Get(good.ID); err == nil {
		t.Error("a validation left a deployment")
	}
	if _, err := b.runner.Template(good.ID); err == nil {
		t.Error("a validation left a template")
	}
}
