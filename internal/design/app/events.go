package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/eventgrid/2025-02-15/systemtopics"
	"github.com/hashicorp/go-azure-sdk/resource-manager/eventgrid/2025-02-15/topics"
)

const (
	eventTopicKind        cloud.Kind = "Microsoft.EventGrid/topics"
	systemTopicKind       cloud.Kind = "Microsoft.EventGrid/systemTopics"
	eventSubscriptionKind cloud.Kind = "Microsoft.EventGrid/eventSubscriptions"
)

func eventRules() []design.Rule {
	rule := func(name string, stage design.Stage, apply func(*design.Context, *inventory.Resource) design.Decision, kinds ...cloud.Kind) design.Rule {
		return design.Rule{Name: "events/" + name, Kinds: kinds, Stage: stage, Source: "Azure Architecture Center, Messaging services on Azure and AWS; Microsoft Learn, Azure Event Grid event filtering", Apply: apply,
			Targets: []cloud.Kind{eventTopicKind, systemTopicKind, eventSubscriptionKind, workflowKind}}
	}
	return []design.Rule{
		rule("bus", design.Integration, applyEventBus, "AWS::Events::EventBus"),
		rule("rule", design.Edge, applyEventRule, "AWS::Events::Rule"),
		rule("destination", design.Edge, applyAPIDestination, "AWS::Events::ApiDestination"),
		rule("connection", design.Edge, applyEventConnection, "AWS::Events::Connection"),
		rule("policy", design.Access, applyEventPolicy, "AWS::Events::EventBusPolicy"),
	}
}

func applyEventBus(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Migrate, inNamedGaps)
	if c.Shared(r) {
		t.Action = design.Retain
		return t.why("bus %s stays, because others publish to it or listen to it", r.Name).done("*")
	}
	if defaultBus(r) {
		t.Action, t.Confidence = design.Retire, likeForLike
		t.why("the default bus carries the events of AWS services; each target resource publishes its own events through a system topic")
		if len(ownEvents(c)) > 0 {
			t.Action = design.Replace
			c.Attach(r, eventTopic(c, r))
			t.why("the default bus also carries the workload's own events (rules %s), for which there is an Event Grid topic", names(ownEvents(c)))
			t.gap("events.client", "")
		}
		return t.done("*")
	}
	eventTopic(c, r)
	t.why("bus %s with %s becomes an Event Grid topic in the CloudEvents form", r.Name, common.Count(len(c.Referring(r, "AWS::Events::Rule", "EventBusName")), "rule"))
	t.gap("events.client", "")
	if t.at("EventSourceName") != nil {
		t.gapOf("events.partner", "EventSourceName")
	}
	if said(t.at("DeadLetterConfig")) {
		t.gap("events.dead-letter", "DeadLetterConfig="+shown(t.at("DeadLetterConfig")))
	}
	if t.text("KmsKeyIdentifier") != "" {
		t.todo("know that Event Grid encrypts with Microsoft's keys only: %s has no counterpart", shown(t.at("KmsKeyIdentifier")))
	}
	if policy := object(t.at("Policy")); len(policy) > 0 {
		for _, s := range design.Maps(policy["Statement"]) {
			t.statement(s)
		}
	}
	t.other("Service Bus topic", "subscribers filter on the message's properties only, and do not get events pushed")
	return t.done("EventSourceName", "Policy", "DeadLetterConfig", "KmsKeyIdentifier", "LogConfig", "CreationTime", "LastModifiedTime")
}

func defaultBus(r *inventory.Resource) bool {
	return r == nil || r.Name == "default" || design.Text(r.Properties, "Name") == "default" || hasMark(r, inventory.Default)
}

// busOf returns the bus of a rule, nil for the default one.
func busOf(c *design.Context, rule *inventory.Resource) *inventory.Resource {
	ref := design.At(rule.Properties, "EventBusName")
	if ref == nil || ref == "default" {
		return nil
	}
	found, ok := c.Find(rule, ref, "AWS::Events::EventBus")
	if !ok || defaultBus(found) {
		return nil
	}
	return found
}

// ownEvents are the rules on the default bus for events that no service of AWS
// sends.
func ownEvents(c *design.Context) []*inventory.Resource {
	var out []*inventory.Resource
	for _, r := range c.OfKind("AWS::Events::Rule") {
		pattern := object(design.At(r.Properties, "EventPattern"))
		if busOf(c, r) == nil && len(pattern) > 0 && awsSource(pattern) == "" {
			out = append(out, r)
		}
	}
	return out
}

// awsSource is the service of AWS whose events a pattern wants ("s3"), "" for
// the workload's own.
func awsSource(pattern map[string]any) string {
	for _, s := range design.List(pattern["source"]) {
		text := design.Text(map[string]any{"v": s}, "v")
		if text == "" {
			text = design.Text(s, "prefix")
		}
		if service, ok := strings.CutPrefix(text, "aws."); ok {
			return service
		}
	}
	return ""
}

// eventTopic returns the Event Grid topic that stands for a bus, nil for the
// default one.
func eventTopic(c *design.Context, r *inventory.Resource) cloud.ResourceID {
	key, base := "default", c.Options.Workload
	var of []*inventory.Resource
	if !defaultBus(r) {
		key, base, of = string(r.ID), r.Name, sources(r)
	}
	return c.Once("app/events/"+key, func() cloud.ResourceID {
		return c.Put(design.Target{Type: eventTopicKind, Base: base, Model: topics.Topic{Identity: anyIdentity(messenger(c)), Properties: &topics.TopicProperties{
			InputSchema: new(topics.InputSchemaCloudEventSchemaVOneZero), DisableLocalAuth: new(true),
			PublicNetworkAccess: new(topics.PublicNetworkAccessEnabled), MinimumTlsVersionAllowed: new(topics.TlsVersionOnePointTwo),
		}}}, of...)
	})
}

// systemTopic returns the topic through which a target resource tells of its
// events. A resource has one at most, so one that another rule has put is
// used.
func systemTopic(c *design.Context, of *inventory.Resource, source cloud.ResourceID, kind string) cloud.ResourceID {
	for _, id := range c.TargetsOf(of) {
		if target, ok := c.Resource(id); ok && target.Type == systemTopicKind && strings.EqualFold(design.Text(target.Body, "properties.source"), string(source)) {
			asMessenger(c, target)
			return id
		}
	}
	return c.Once("app/systemtopic/"+strings.ToLower(string(source)), func() cloud.ResourceID {
		return c.Put(design.Target{Type: systemTopicKind, Base: of.Name, Model: systemtopics.SystemTopic{Identity: anyIdentity(messenger(c)), Properties: &systemtopics.SystemTopicProperties{
			Source: new(string(source)), TopicType: new(kind),
		}}}, of)
	})
}

// asMessenger lets a system topic deliver as the workload's messenger: the bus
// takes no keys.
func asMessenger(c *design.Context, topic *design.Resource) {
	if topic.Body["identity"] == nil {
		topic.Body["identity"] = map[string]any{"type": "UserAssigned", "userAssignedIdentities": map[string]any{string(messenger(c)): map[string]any{}}}
	}
}

func ruleRead() []string {
	return []string{"EventBusName", "EventPattern", "ScheduleExpression", "Targets", "RoleArn", "ManagedBy", "CreatedBy"}
}

func applyEventRule(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	if by := t.text("ManagedBy"); by != "" {
		t.Action = design.Retire
		return t.why("%s made rule %s for itself", by, r.Name).done("*")
	}
	targets := design.Maps(t.at("Targets"))
	if expression := t.text("ScheduleExpression"); expression != "" {
		t.why("rule %s starts %s on schedule %s", r.Name, targetNames(c, r, targets), expression)
		for _, target := range targets {
			t.scheduled(schedule{name: r.Name, expression: expression, disabled: strings.EqualFold(t.text("State"), "DISABLED")}, target)
		}
		if object(t.at("EventPattern"))["source"] == nil {
			return t.done(ruleRead()...)
		}
	}
	pattern := object(t.at("EventPattern"))
	if len(pattern) == 0 {
		if t.Why == "" {
			t.Action, t.Confidence = design.Manual, aGuess
			t.why("what rule %s waits for is not known", r.Name)
			t.todo("read the pattern of rule %s and design again", r.Name)
		}
		return t.done(ruleRead()...)
	}
	t.pattern(pattern, targets)
	return t.done(ruleRead()...)
}

// pattern subscribes the rule's targets to what it waits for.
func (t *told) pattern(pattern map[string]any, targets []map[string]any) {
	bus := busOf(t.c, t.r)
	service := awsSource(pattern)
	t.why("rule %s passes events %s to %s", t.r.Name, shown(pattern), targetNames(t.c, t.r, targets))
	if bus != nil || service == "" {
		if ref := t.at("EventBusName"); bus == nil && ref != nil && ref != "default" {
			if found, ok := t.c.Find(t.r, ref, "AWS::Events::EventBus"); !ok || t.c.Shared(found) {
				t.Action = design.Manual
				t.todo("forward the events of bus %s, which does not move, to Azure", shown(ref))
				return
			}
		}
		if bus != nil && t.c.Shared(bus) {
			t.Action = design.Manual
			t.todo("forward the events of bus %s, which does not move, to Azure", bus.Name)
			return
		}
		f := gridFilter(pattern)
		t.lost(f)
		for _, target := range targets {
			t.subscribeTo(eventTopic(t.c, bus), f, target)
		}
		return
	}
	t.serviceEvents(service, pattern, targets)
}

// lost names what a filter cannot say.
func (t *told) lost(f filter) {
	for _, what := range f.lost {
		t.gap("events.pattern", "EventPattern."+what)
	}
	if f.cased {
		t.gap("events.case", "EventPattern")
	}
}

func targetNames(c *design.Context, r *inventory.Resource, targets []map[string]any) string {
	var out []string
	for _, target := range targets {
		name := nameOf(c, r, target["Arn"])
		if task, ok := c.Find(r, design.At(target, "EcsParameters.TaskDefinitionArn"), taskKind); ok {
			name = task.Name
		}
		out = append(out, name)
	}
	if len(out) == 0 {
		return "nobody"
	}
	return strings.Join(out, ", ")
}

func applyAPIDestination(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	t.why("destination %s posts events to %s; the Event Grid subscription of the rule does", r.Name, shown(t.at("InvocationEndpoint")))
	t.gap("events.api-destination", "InvocationEndpoint="+shown(t.at("InvocationEndpoint")))
	if design.Int(r.Properties, "InvocationRateLimitPerSecond", 300) != 300 {
		t.gapOf("events.api-destination", "InvocationRateLimitPerSecond")
	}
	return t.done("ConnectionArn", "InvocationEndpoint", "HttpMethod", "InvocationRateLimitPerSecond", "ApiDestinationArn", "ApiDestinationState", "ArnForPolicy")
}

func applyEventConnection(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Manual, redesign)
	t.why("connection %s signs calls in with %s; Event Grid signs in to web hooks with Microsoft Entra ID or a secret in the address", r.Name, orElse(t.text("AuthorizationType"), "an unknown way"))
	t.todo("let a Logic App with the credential of %s in the vault call the destination, or have the destination accept Entra tokens", r.Name)
	return t.done("AuthorizationType", "AuthParameters", "SecretArn", "InvocationConnectivityParameters", "KmsKeyIdentifier", "ConnectionState", "ConnectionArn", "ArnForPolicy")
}

func applyEventPolicy(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Replace, inNamedGaps)
	t.why("it lets %s publish to bus %s; role assignments on the topic do", shown(orValue(t.at("Principal"), "others")), shown(orValue(t.at("EventBusName"), "default")))
	if t.text("Principal") == "*" && t.at("Condition") == nil {
		t.gapOf("messaging.policy-anyone", "Principal")
	}
	statement := object(t.at("Statement"))
	t.statement(statement)
	t.todo("assign EventGrid Data Sender on the topic to whoever publishes from elsewhere")
	return t.done("EventBusName", "StatementId", "Action", "Principal", "Condition", "Statement")
}

func orValue(v any, otherwise string) any {
	if v == nil {
		return otherwise
	}
	return v
}
