package app

import (
	"net/url"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/servicebus/2024-01-01/rules"
	subs "github.com/hashicorp/go-azure-sdk/resource-manager/servicebus/2024-01-01/subscriptions"
)

// busSubscription is a subscription of a Service Bus topic to put.
type busSubscription struct {
	topic      cloud.ResourceID
	source     *inventory.Resource
	base       string
	deliveries int64
	// forward is the queue that takes the messages, reader the function app.
	forward, reader cloud.ResourceID
}

// put puts the subscription with its filter.
func (t *told) put(s busSubscription, sub map[string]any) {
	properties := subs.SBSubscriptionProperties{
		MaxDeliveryCount: new(s.deliveries), LockDuration: new("PT1M"),
		DefaultMessageTimeToLive:         new(seconds(14 * 24 * 60 * 60)),
		DeadLetteringOnMessageExpiration: new(true), DeadLetteringOnFilterEvaluationExceptions: new(true),
	}
	after := []cloud.ResourceID{}
	if s.forward != "" {
		// A subscription with sessions cannot forward; messages keep their session
		// for the queue.
		properties.ForwardTo = new(common.LastName(s.forward))
		after = append(after, s.forward)
	} else if isFIFO(s.source) {
		properties.RequiresSession = new(true)
	}
	ref := object(sub["RedrivePolicy"])["deadLetterTargetArn"]
	dead, found := t.c.Find(t.r, ref, "AWS::SQS::Queue")
	if queue, ok := t.c.TargetOf(dead, busQueueKind); found && ok && properties.RequiresSession == nil {
		properties.ForwardDeadLetteredMessagesTo = new(common.LastName(queue))
		after = append(after, queue)
	} else if said(sub["RedrivePolicy"]) {
		t.todo("read what cannot be delivered from the dead letters of the subscription itself instead of %s", orElse(nameOf(t.c, t.r, ref), "another queue"))
	}
	id := t.c.Put(design.Target{Type: busSubscriptionKind, Parent: s.topic, Base: s.base, NoLocation: true, Model: subs.SBSubscription{Properties: &properties}, After: after}, t.r)
	if s.reader != "" {
		setSetting(t.c, s.reader, "SUBSCRIPTION_"+settingName(common.LastName(s.topic)), common.LastName(s.topic)+"/"+common.LastName(id))
		busConnection(t.c, s.reader, id)
	}
	t.filter(id, sub)
	if policy := object(sub["DeliveryPolicy"]); len(policy) > 0 {
		t.gap("sns.delivery-policy", "DeliveryPolicy="+shown(policy))
	}
	if sub["ReplayPolicy"] != nil {
		t.gap("sns.archive", "ReplayPolicy="+shown(sub["ReplayPolicy"]))
	}
}

// filter gives a subscription the rule that its filter policy is. The rule
// "$Default" lets everything through, so it is this one that is changed.
func (t *told) filter(id cloud.ResourceID, sub map[string]any) {
	policy := object(sub["FilterPolicy"])
	if len(policy) == 0 {
		if sub["FilterPolicy"] != nil && shown(sub["FilterPolicy"]) != "{}" {
			t.todo("write the filter of %s by hand: %s is not understood", common.LastName(id), shown(sub["FilterPolicy"]))
		}
		return
	}
	if strings.EqualFold(design.Text(sub, "FilterPolicyScope"), "MessageBody") {
		t.gap("sns.body-filter", "FilterPolicyScope=MessageBody")
	}
	sql, lost := sqlFilter(policy)
	for _, what := range lost {
		t.gap("sns.filter-operator", "FilterPolicy."+what)
	}
	switch {
	case sql == "":
		return
	case len(sql) > mostSQL:
		t.gap("sns.filter-length", "FilterPolicy="+shown(policy))
		return
	}
	t.c.Put(design.Target{Type: busRuleKind, Parent: id, Base: "$Default", Exact: true, NoLocation: true, Model: rules.Rule{Properties: &rules.Ruleproperties{
		FilterType: new(rules.FilterTypeSqlFilter), SqlFilter: &rules.SqlFilter{SqlExpression: new(sql)},
	}}}, t.r)
}

// nameOf returns the name of the resource that a value names, or the last part
// of the ARN.
func nameOf(c *design.Context, r *inventory.Resource, ref any) string {
	if found, ok := c.Find(r, ref, "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::Lambda::Alias", "AWS::SNS::Topic", "AWS::KinesisFirehose::DeliveryStream", "AWS::Events::ApiDestination", "AWS::StepFunctions::StateMachine", "AWS::ECS::Cluster",
		"AWS::Events::EventBus", "AWS::Logs::LogGroup", "AWS::Kinesis::Stream"); ok {
		return found.Name
	}
	name := full(ref)
	if unknown(ref) {
		return "subscriber"
	}
	return name[strings.LastIndexAny(name, ":/")+1:]
}

func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" && !unknown(address) {
		return u.Hostname()
	}
	return "subscriber"
}
