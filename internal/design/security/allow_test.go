package security_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"pgregory.net/rapid"
)

// worker is a role of a function with an inline policy, beside two buckets and
// a queue.
func worker(statements string) string {
	return `
  Covers: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-covers}}
  Logs: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-logs}}
  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: shop-orders}}
  Worker:
    Type: AWS::IAM::Role
    Properties:
      RoleName: worker
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}
      Policies: [{PolicyName: own, PolicyDocument: {Statement: ` + statements + "}}]\n"
}

func soleGrant(t testing.TB, d *design.Design) design.Grant {
	t.Helper()
	if len(d.Identity) != 1 {
		t.Fatalf("%d grants", len(d.Identity))
	}
	return d.Identity[0]
}

// What a policy allows on the workload's own resources, however it is written.
func TestEveryFormOfAPolicy(t *testing.T) {
	t.Parallel()
	const get, all = "{Effect: Allow, Action: 's3:GetObject', Resource: !Sub '${Covers.Arn}/*'}", "{Effect: Allow, Action: ['s3:GetObject', 's3:PutObject'], Resource: '*'}"
	var designs []*design.Design
	for _, c := range []struct{ statements, actions, findings string }{
		{"[" + get + "]", "s3:GetObject on shop-covers", ""},
		{get, "s3:GetObject on shop-covers", ""},
		{"[{Effect: Allow, Action: 's3:Get?bject', Resource: 'arn:aws:s3:::shop-*/*'}]", "s3:GetObject on shop-covers; s3:GetObject on shop-logs", ""},
		{"[{Effect: Allow, Action: 'S3:getobject', Resource: 'arn:aws:s3:::shop-covers/*'}]", "s3:GetObject on shop-covers", ""},
		{"[{Effect: Allow, Action: 'sqs:SendMessage', Resource: !GetAtt Orders.Arn}, {Effect: Allow, Action: 'sqs:SendMessage', Resource: !GetAtt Orders.Arn}]", "sqs:SendMessage on shop-orders", ""},
		{"[" + get + ", {Effect: Deny, Action: 's3:*', Resource: '*'}]", "", ""},
		{"[" + get + ", {Effect: Deny, NotAction: 's3:GetObject', Resource: '*'}]", "s3:GetObject on shop-covers", ""},
		{"[" + get + ", {Effect: Deny, NotAction: 's3:PutObject', Resource: '*'}]", "", ""},
		{"[" + all + ", {Effect: Deny, Action: 's3:PutObject', NotResource: 'arn:aws:s3:::shop-covers/*'}]", "s3:GetObject s3:PutObject on shop-covers; s3:GetObject on shop-logs", ""},
		{"[" + all + ", {Effect: Deny, Action: 's3:PutObject', Resource: 'arn:aws:s3:::shop-logs/*'}]", "s3:GetObject s3:PutObject on shop-covers; s3:GetObject on shop-logs", ""},
		{"[" + get + ", {Effect: Deny, Action: 's3:GetObject', Resource: '*', Condition: {Bool: {'aws:SecureTransport': 'false'}}}]", "s3:GetObject on shop-covers", "identity.wider"},
		{"[" + get + ", {Effect: Deny, Action: 'sqs:*', Resource: '*', Condition: {Bool: {'aws:SecureTransport': 'false'}}}]", "s3:GetObject on shop-covers", ""},
		{"[{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::shop-covers/*', Condition: {StringEquals: {'aws:PrincipalTag/team': shop}}}]", "s3:GetObject on shop-covers", "identity.wider"},
		{"[{Effect: Allow, Action: 's3:GetObject', NotResource: 'arn:aws:s3:::shop-logs/*'}]", "s3:GetObject on shop-covers", "identity.wildcard"},
		{"[{Effect: deny, Action: 's3:GetObject', Resource: '*'}]", "", ""},
		{"[]", "", ""},
	} {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, "Resources:\n"+worker(c.statements))...)
		designs = append(designs, d)
		if got := strings.Join(soleGrant(t, d).Actions, "; "); got != c.actions {
			t.Errorf("%s allows %q, want %q", c.statements, got, c.actions)
		}
		var found []string
		for _, f := range d.Findings {
			for _, kind := range []string{"identity.wider", "identity.wildcard"} {
				if strings.HasPrefix(f.ID, kind) && !slices.Contains(found, kind) {
					found = append(found, kind)
				}
			}
		}
		if got := strings.Join(found, " "); got != c.findings {
			t.Errorf("%s is told as %q, want %q", c.statements, got, c.findings)
		}
		for _, r := range designtest.Resources(d, "Microsoft.Authorization/roleAssignments") {
			if text := design.Text(r.Body, "properties.description"); !strings.HasPrefix(text, "id-worker may ") {
				t.Errorf("%s: an assignment is described as %q", c.statements, text)
			}
		}
	}
	designtest.Check(t, designs...)
	designtest.Prose(t, designs...)
}

// Adding a statement that denies never adds to what is allowed, and the order
// of statements changes nothing.
func TestDeniesOnlyTake(t *testing.T) {
	t.Parallel()
	text := func(t *rapid.T, effect, label string) string {
		m := map[string]any{"Effect": effect}
		m[rapid.SampledFrom([]string{"Action", "Action", "NotAction"}).Draw(t, label+"verb")] = rapid.SampledFrom([]any{"s3:*", "s3:GetObject", []any{"s3:Put*", "sqs:SendMessage"}, "*", "sqs:*"}).Draw(t, label+"action")
		m[rapid.SampledFrom([]string{"Resource", "Resource", "NotResource"}).Draw(t, label+"on")] = rapid.SampledFrom([]any{"*", "arn:aws:s3:::shop-covers/*", "arn:aws:sqs:us-east-1:123456789012:shop-*"}).Draw(t, label+"resource")
		out, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	allowed := func(statements ...string) map[string]bool {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, "Resources:\n"+worker("["+strings.Join(statements, ", ")+"]"))...)
		out := map[string]bool{}
		for _, line := range soleGrant(t, d).Actions {
			actions, on, _ := strings.Cut(line, " on ")
			for _, a := range strings.Fields(actions) {
				out[fmt.Sprint(a, " on ", on)] = true
			}
		}
		return out
	}
	// A design costs some milliseconds; a dozen says enough.
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		if runs++; runs > 12 {
			return
		}
		one, two, deny := text(rt, "Allow", "one"), text(rt, "Allow", "two"), text(rt, "Deny", "deny")
		before, after := allowed(one, two), allowed(one, two, deny)
		for a := range after {
			if !before[a] && !strings.Contains(a, " on arn:") {
				rt.Fatalf("%s is allowed only with %s", a, deny)
			}
		}
		if other := allowed(deny, two, one); len(other) != len(after) {
			rt.Fatalf("in another order %v, not %v", other, after)
		}
		if len(allowed(one, two, `{"Effect":"Deny","Action":"*","Resource":"*"}`)) != 0 {
			rt.Fatalf("%s and %s outlive a deny of everything", one, two)
		}
	})
}
