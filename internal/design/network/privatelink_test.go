package network_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/network"
	"example.com/landfall/internal/design/proof"
	"example.com/landfall/internal/inventory"
)

const reached = home + `
  App: {Type: AWS::EC2::SecurityGroup, Properties: {GroupName: app, GroupDescription: a, VpcId: !Ref Net}}
  Door: {Type: AWS::EC2::SecurityGroup, Properties: {GroupName: door, GroupDescription: d, VpcId: !Ref Net, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, SourceSecurityGroupId: !GetAtt App.GroupId}]}}
  Shop: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref A, SecurityGroupIds: [!GetAtt App.GroupId]}}
  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: orders}}
  Way: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Net, VpcEndpointType: Interface, ServiceName: com.amazonaws.us-east-1.sqs, SubnetIds: [!Ref A], SecurityGroupIds: [!GetAtt Door.GroupId], Tags: [{Key: Name, Value: way}]}}
`

// queues stands in for the family of the queues: one namespace for all, which
// knows nothing of the queue when it gets its private endpoint.
func queues(late bool) design.Family {
	put := func(c *design.Context) cloud.ResourceID {
		return c.Once("test/bus", func() cloud.ResourceID {
			id := c.Put(design.Target{Type: "Microsoft.ServiceBus/namespaces", Base: "bus", APIVersion: "2024-01-01", Model: map[string]any{"sku": map[string]any{"name": "Premium"}}})
			c.Plan.PrivateEndpoint(id, "namespace", design.List(c.OfKind("AWS::EC2::VPCEndpoint")[0].Properties["SubnetIds"]))
			return id
		})
	}
	f := design.Family{Name: "queues", Rules: []design.Rule{{Name: "test/queue", Kinds: []cloud.Kind{"AWS::SQS::Queue"}, Stage: design.Integration, Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
		if !late {
			c.Put(design.Target{Type: "Microsoft.ServiceBus/namespaces/queues", Parent: put(c), Base: r.Name, APIVersion: "2024-01-01", NoLocation: true, Model: map[string]any{}}, r)
		}
		return design.Decision{Action: design.Migrate, Why: "test", Confidence: 0.9}
	}}}}
	if late {
		f.Finish = func(c *design.Context) { put(c) }
	}
	return f
}

// TestEndpointDecidesByWhatIsThereAtTheEnd: a private endpoint that another
// family puts, before or in its Finish, is the endpoint's target, and stands
// behind the endpoint's security groups.
func TestEndpointDecidesByWhatIsThereAtTheEnd(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		d := designtest.Make(t, append(families(), queues(late), proof.Family()), designtest.FromTemplate(t, reached)...)
		v := designtest.Decision(t, d, "way")
		if v.Action != design.Migrate || len(v.Targets) != 1 || !strings.Contains(string(v.Targets[0]), "/privateEndpoints/") || strings.Contains(v.Why, "nothing") || len(v.ToDo) > 0 {
			t.Errorf("late %v: %+v", late, v)
		}
		if g := designtest.Decision(t, d, "door"); g.Action != design.Migrate || len(g.Targets) == 0 {
			t.Errorf("late %v: %+v", late, g)
		}
		if d.Network == nil || !d.Network.Equal {
			t.Errorf("late %v: %+v", late, d.Network)
		}
	}
}

// TestEndpointThatLeadsNowhereIsUndecided: only an endpoint that nothing needs
// any more is left out.
func TestEndpointThatLeadsNowhereIsUndecided(t *testing.T) {
	t.Parallel()
	for service, open := range map[string]bool{"sqs": true, "sts": false} {
		text := strings.Replace(reached, "us-east-1.sqs", "us-east-1."+service, 1)
		d := designtest.Make(t, []design.Family{network.Family(), machines(), proof.Family()}, designtest.FromTemplate(t, text)...)
		if v := designtest.Decision(t, d, "way"); v.Action != design.Replace || len(v.Targets) != 0 {
			t.Errorf("%s: %+v", service, v)
		}
		if got := strings.Contains(strings.Join(d.Network.Undecided, "\n"), "AWS::EC2::VPCEndpoint"); got != open {
			t.Errorf("%s: %q", service, d.Network.Undecided)
		}
	}
}
