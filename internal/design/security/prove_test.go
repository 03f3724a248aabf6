package security_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/design/designtest"
)

// past is a family that grants something to the identity of a role by itself.
func past(c func(c *design.Context, who cloud.ResourceID)) design.Family {
	return design.Family{Name: "past", Finish: func(ctx *design.Context) {
		for _, role := range ctx.OfKind("AWS::IAM::Role") {
			if who, ok := ctx.TargetOf(role, "Microsoft.ManagedIdentity/userAssignedIdentities"); ok && role.Name == "worker" {
				c(ctx, who)
			}
		}
	}}
}

func targetOf(c *design.Context, kind cloud.Kind, name string) cloud.ResourceID {
	for _, r := range c.Targets() {
		if r.Type == kind && strings.Contains(r.Name, name) {
			return r.ID
		}
	}
	return ""
}

// Whatever family assigns a role, and wherever it runs, the proof sees it.
func TestGrantsPastTheProofAreFound(t *testing.T) {
	t.Parallel()
	const receiver, sender, secrets, contributor, blobOwner = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0", "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39",
		"4633458b-17de-408a-b874-0445c86b69e6", "b24988ac-6180-42a0-ab88-20f7382dd24c", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
	const bus, queue, vault = "Microsoft.ServiceBus/namespaces", "Microsoft.ServiceBus/namespaces/queues", "Microsoft.KeyVault/vaults"
	for name, test := range map[string]struct {
		assign func(c *design.Context, who cloud.ResourceID)
		wider  string
	}{
		"a namespace for a queue that is allowed": {func(c *design.Context, who cloud.ResourceID) {
			c.Put(design.Target{Type: queue, Parent: targetOf(c, bus, ""), Base: "other", NoLocation: true, APIVersion: "2024-01-01", Model: map[string]any{"properties": map[string]any{}}}, c.OfKind("AWS::SQS::Queue")[1])
			common.RoleAssignment(c, who, targetOf(c, bus, ""), receiver)
		}, "Microsoft.ServiceBus/namespaces/messages/receive/action on what stands for spare"},
		"another right on the queue": {func(c *design.Context, who cloud.ResourceID) {
			common.RoleAssignment(c, who, targetOf(c, queue, "shop-orders"), sender)
		}, "Microsoft.ServiceBus/namespaces/messages/send/action on what stands for shop-orders"},
		"the secrets of a vault": {func(c *design.Context, who cloud.ResourceID) {
			common.RoleAssignment(c, who, targetOf(c, vault, ""), secrets)
		}, "Microsoft.KeyVault/vaults/secrets/getSecret/action"},
		"all that stands in the group": {func(c *design.Context, who cloud.ResourceID) {
			common.RoleAssignment(c, who, c.Place.GroupID(), contributor)
		}, "Contributor on the resource group"},
		"a role that nobody knows": {func(c *design.Context, who cloud.ResourceID) {
			common.RoleAssignment(c, who, targetOf(c, queue, "shop-orders"), "00000000-1111-2222-3333-444444444444")
		}, "nothing says what it grants"},
		"the account of a bucket": {func(c *design.Context, who cloud.ResourceID) {
			common.RoleAssignment(c, who, targetOf(c, "Microsoft.Storage/storageAccounts", ""), blobOwner)
		}, "on what stands for shop-covers, shop-invoices"},
		"an access policy of a vault": {func(c *design.Context, who cloud.ResourceID) {
			r, _ := c.Resource(targetOf(c, vault, ""))
			r.Body["properties"].(map[string]any)["accessPolicies"] = []any{map[string]any{"objectId": c.Output(who, "properties.principalId")}}
		}, "vaults on kv-shop"},
		"what the role may do anyway": {func(c *design.Context, who cloud.ResourceID) {
			common.RoleAssignment(c, who, targetOf(c, queue, "shop-orders"), receiver)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resources := designtest.FromTemplate(t, strings.Replace(shop, "  Carts:", "  Spare: {Type: AWS::SQS::Queue, Properties: {QueueName: spare}}\n  Carts:", 1))
			before := grantOf(t, designtest.Make(t, families(), resources...), "Worker")
			d := designtest.Make(t, append(families(), past(test.assign)), resources...)
			after := grantOf(t, d, "Worker")
			more := slices.DeleteFunc(slices.Clone(after.Wider), func(text string) bool { return slices.Contains(before.Wider, text) })
			if test.wider == "" {
				if len(more) > 0 || !slices.Equal(before.Granted, after.Granted) {
					t.Errorf("%q and %q", more, after.Granted)
				}
				return
			}
			if len(more) != 1 || !strings.Contains(more[0], test.wider) || len(after.Granted) != len(before.Granted)+1 {
				t.Fatalf("wider %q, granted %q; want %q", more, after.Granted, test.wider)
			}
			if !slices.ContainsFunc(d.Blocking(), func(f design.Finding) bool {
				return strings.HasPrefix(f.ID, "identity.wider.worker.") && strings.Contains(f.Text, more[0])
			}) {
				t.Errorf("nothing blocks %q", more[0])
			}
		})
	}
}

// What AWS takes only from a role that may is a right of the role, also where
// its policies are not read; a mapping, a destination, a policy of the queue.
func TestRightsBesidePolicies(t *testing.T) {
	t.Parallel()
	const template = `
Resources:
  Worker:
    Type: AWS::IAM::Role
    Properties: {RoleName: worker, AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: sts:AssumeRole, Principal: {Service: lambda.amazonaws.com}}]}}
  Run:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: run, Role: !GetAtt Worker.Arn, DeadLetterConfig: {TargetArn: !GetAtt Dead.Arn}}
  Live: {Type: AWS::Lambda::Alias, Properties: {Name: live, FunctionName: !Ref Run, FunctionVersion: "1"}}
  Feed: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref Live, EventSourceArn: !GetAtt Orders.Arn}}
  Shared:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Mail]
      PolicyDocument: {Statement: [{Effect: Allow, Principal: {AWS: !GetAtt Worker.Arn}, Action: sqs:SendMessage, Resource: !GetAtt Mail.Arn}]}
  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: orders}}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Mail: {Type: AWS::SQS::Queue, Properties: {QueueName: mail}}
`
	const receiver, sender = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0", "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"
	assign := func(pairs ...string) design.Family {
		return past(func(c *design.Context, who cloud.ResourceID) {
			for i := 0; i < len(pairs); i += 2 {
				common.RoleAssignment(c, who, targetOf(c, "Microsoft.ServiceBus/namespaces/queues", pairs[i]), pairs[i+1])
			}
		})
	}
	resources := designtest.FromTemplate(t, template)
	g := grantOf(t, designtest.Make(t, append(families(), assign("orders", receiver, "dead", sender, "mail", sender)), resources...), "Worker")
	if len(g.Wider) != 0 || len(g.Granted) != 3 {
		t.Errorf("%+v", g)
	}
	g = grantOf(t, designtest.Make(t, append(families(), assign("orders", sender, "dead", receiver, "mail", receiver)), resources...), "Worker")
	if len(g.Wider) != 3 {
		t.Errorf("%+v", g)
	}
}
