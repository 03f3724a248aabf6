package app

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/insights/2023-01-01/actiongroupsapis"
	"github.com/hashicorp/go-azure-sdk/resource-manager/servicebus/2024-01-01/topics"
)

const actionGroupKind cloud.Kind = "Microsoft.Insights/actionGroups"

func topicRules() []design.Rule {
	const source = "Azure Architecture Center, Messaging services on Azure and AWS"
	return []design.Rule{
		{
			Name: "sns/topic", Kinds: []cloud.Kind{"AWS::SNS::Topic"}, Stage: design.Integration, Source: source,
			Targets: []cloud.Kind{busKind, busTopicKind, actionGroupKind}, Apply: applyTopic,
		},
		{
			Name: "sns/subscription", Kinds: []cloud.Kind{"AWS::SNS::Subscription"}, Stage: design.Edge, Source: source,
			Targets: []cloud.Kind{busSubscriptionKind, busRuleKind}, Apply: applySubscription,
		},
		{
			Name: "sns/policy", Kinds: []cloud.Kind{"AWS::SNS::TopicPolicy", "AWS::SNS::TopicInlinePolicy"}, Stage: design.Access,
			Source: "Microsoft Learn, Authenticate and authorize with Microsoft Entra ID to access Service Bus",
			Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
				return policyAbsorbed(c, r, "Topics", "AWS::SNS::Topic", busTopicKind)
			},
		},
	}
}

// subscription is one subscriber of a topic, which a topic may also hold
// inline.
type subscription struct {
	from       *inventory.Resource
	properties any
}

func subscriptions(c *design.Context, topic *inventory.Resource) []subscription {
	var out []subscription
	for _, r := range c.Referring(topic, "AWS::SNS::Subscription", "TopicArn") {
		out = append(out, subscription{r, r.Properties})
	}
	for _, inline := range design.Maps(design.At(topic.Properties, "Subscription")) {
		out = append(out, subscription{topic, inline})
	}
	return out
}

// notifiesOnly reports whether a topic carries nothing but alarms to people:
// an alarm names it, and nothing that works on messages subscribes to it.
func notifiesOnly(c *design.Context, topic *inventory.Resource) bool {
	for _, s := range subscriptions(c, topic) {
		switch strings.ToLower(design.Text(s.properties, "Protocol")) {
		case "email", "email-json", "sms", "http", "https":
		default:
			return false
		}
	}
	for _, kind := range []cloud.Kind{"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"} {
		for _, property := range []string{"AlarmActions", "OKActions", "InsufficientDataActions"} {
			if len(c.Referring(topic, kind, property)) > 0 {
				return true
			}
		}
	}
	return false
}

func applyTopic(c *design.Context, r *inventory.Resource) design.Decision {
	read := []string{"TopicArn", "TopicName", "DisplayName", "Subscription", "FifoTopic", "ContentBasedDeduplication", "KmsMasterKeyId", "Owner", "Policy",
		"FifoThroughputScope", "SignatureVersion", "EffectiveDeliveryPolicy", "TracingConfig", "DeliveryStatusLogging", "ArchivePolicy", "DataProtectionPolicy"}
	if c.Shared(r) {
		t := tell(c, r, design.Retain, inNamedGaps).why("topic %s stays, because others publish to it or subscribe to it", r.Name)
		t.todo("let the workload publish to %s from Azure over HTTPS, and forward what it subscribes to, until its other users move", r.Name)
		return t.done("*")
	}
	if notifiesOnly(c, r) {
		actionGroup(c, r)
		t := tell(c, r, design.Replace, inNamedGaps).why("topic %s carries alarms to %s and nothing else, which an action group does", r.Name, common.Count(len(subscriptions(c, r)), "subscription"))
		t.gap("sns.alarm-format", "TopicName="+r.Name)
		t.other("Service Bus topic", "it sends no mail and no text message")
		t.inline()
		return t.done(read...)
	}
	id := c.Put(design.Target{Type: busTopicKind, Parent: bus(c), Base: r.Name, Model: topics.SBTopic{Properties: topicProperties(r)}}, r)
	t := tell(c, r, design.Migrate, inNamedGaps).why("topic %s with %s becomes a Service Bus topic, which keeps messages for each subscription until they are read", r.Name, common.Count(len(subscriptions(c, r)), "subscription"))
	t.other("Event Grid topic", "it keeps no order, and an event that nobody takes within a day is gone")
	t.topicGaps()
	if len(c.Referring(r, "AWS::CloudWatch::Alarm", "AlarmActions")) > 0 {
		t.todo("let the alarms that published to %s call the workload's action group: an alert cannot write to a Service Bus topic", r.Name)
	}
	t.inline()
	t.todo("let publishers of %s send to %s through the Service Bus SDK", r.Name, common.LastName(id))
	return t.done(read...)
}

func (t *told) topicGaps() {
	t.gap("sns.client", "")
	if isFIFO(t.r) {
		t.gap("sns.fifo", "FifoTopic=true")
	}
	if design.True(t.r.Properties, "ContentBasedDeduplication") {
		t.gapOf("sqs.content-deduplication", "ContentBasedDeduplication")
	}
	if t.at("ArchivePolicy") != nil {
		t.gapOf("sns.archive", "ArchivePolicy")
	}
	if t.at("DataProtectionPolicy") != nil {
		t.gap("sns.data-protection", "DataProtectionPolicy")
	}
	if len(design.List(t.at("DeliveryStatusLogging"))) > 0 {
		t.gap("sns.delivery-logs", "DeliveryStatusLogging")
	}
	if strings.EqualFold(t.text("TracingConfig"), "Active") {
		t.gap("lambda.tracing", "TracingConfig=Active")
	}
	if customerKey(t.c, t.r) {
		t.gapOf("sqs.key-per-namespace", "KmsMasterKeyId")
	}
}

func topicProperties(r *inventory.Resource) *topics.SBTopicProperties {
	p := &topics.SBTopicProperties{MaxSizeInMegabytes: new(int64(queueMegabytes)), SupportOrdering: new(isFIFO(r))}
	if isFIFO(r) {
		p.RequiresDuplicateDetection, p.DuplicateDetectionHistoryTimeWindow = new(true), new("PT5M")
	}
	return p
}

// inline subscribes what the topic itself lists.
func (t *told) inline() {
	for i, s := range design.Maps(t.at("Subscription")) {
		if strings.EqualFold(design.Text(s, "Protocol"), "sqs") || notifiesOnly(t.c, t.r) {
			t.subscribe(s, t.r, s)
			continue
		}
		t.todo("make subscription %d (%s to %s) of topic %s in a resource of its own and design again: inline ones are only followed to queues and people", i+1, design.Text(s, "Protocol"), shown(s["Endpoint"]), t.r.Name)
	}
}

// actionGroup returns the action group that stands for a topic.
func actionGroup(c *design.Context, topic *inventory.Resource) cloud.ResourceID {
	return c.Once("app/sns/people/"+string(topic.ID), func() cloud.ResourceID {
		// Mails and text messages show it as their sender, as SNS does with the
		// display name (Microsoft Learn, "Action groups").
		name := design.Text(topic.Properties, "DisplayName")
		if unknown(name) || name == "" {
			name = topic.Name
		}
		short := strings.Trim(name, "-_. ")
		if len(short) > 12 {
			short = strings.TrimRight(short[:12], "-_. ")
		}
		return c.Put(design.Target{Type: actionGroupKind, Base: topic.Name, Location: "global", Model: actiongroupsapis.ActionGroupResource{
			Properties: &actiongroupsapis.ActionGroup{Enabled: true, GroupShortName: short},
		}}, topic)
	})
}

func applySubscription(c *design.Context, r *inventory.Resource) design.Decision {
	protocol := strings.ToLower(design.Text(r.Properties, "Protocol"))
	t := tell(c, r, design.Replace, inNamedGaps)
	topic, ok := c.Find(r, t.at("TopicArn"), "AWS::SNS::Topic")
	read := []string{"Protocol", "Endpoint", "TopicArn", "RawMessageDelivery", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "DeliveryPolicy",
		"SubscriptionRoleArn", "Region", "ReplayPolicy", "Owner", "SubscriptionArn", "PendingConfirmation", "ConfirmationWasAuthenticated"}
	if !ok || c.Shared(topic) {
		t.Action = design.Manual
		t.why("the %s subscription names topic %s, which does not move", protocol, shown(t.at("TopicArn")))
		t.todo("forward what topic %s publishes to Azure, through a function at AWS that sends to Service Bus", shown(t.at("TopicArn")))
		return t.done(read...)
	}
	t.why("%s subscription of topic %s to %s", protocol, topic.Name, endpointName(c, r, r.Properties))
	t.subscribe(r.Properties, topic, map[string]any(r.Properties))
	return t.done(read...)
}

func endpointName(c *design.Context, r *inventory.Resource, properties any) string {
	if found, ok := c.Find(r, design.At(properties, "Endpoint"), "AWS::SQS::Queue", "AWS::Lambda::Function"); ok {
		return found.Name
	}
	return shown(design.At(properties, "Endpoint"))
}

// subscribe puts what stands for one subscription of a topic.
func (t *told) subscribe(p any, topic *inventory.Resource, sub map[string]any) {
	protocol, endpoint := strings.ToLower(design.Text(p, "Protocol")), design.At(p, "Endpoint")
	if notifiesOnly(t.c, topic) {
		t.receive(protocol, endpoint, actionGroup(t.c, topic))
		return
	}
	bus, ok := t.c.TargetOf(topic, busTopicKind)
	if !ok {
		t.todo("subscribe %s once topic %s has a target", shown(endpoint), topic.Name)
		return
	}
	s := busSubscription{topic: bus, source: topic, deliveries: 10}
	switch protocol {
	case "sqs":
		t.toQueue(&s, sub)
	case "lambda":
		t.toFunction(&s, endpoint)
	case "http", "https":
		s.base = hostOf(full(endpoint))
		t.gapOf("sns.http", "Endpoint")
		t.todo("write a small function or a Logic App that reads subscription %q and posts to %s", s.base, shown(endpoint))
	case "firehose":
		s.base = "stream-" + nameOf(t.c, t.r, endpoint)
		t.gapOf("sns.firehose", "Endpoint")
	default:
		t.people(protocol, endpoint)
		return
	}
	t.put(s, sub)
}

// people is for subscribers that no bus reaches.
func (t *told) people(protocol string, endpoint any) {
	switch protocol {
	case "email", "email-json":
		t.gap("sns.email", "Endpoint="+shown(endpoint))
		t.todo("send mail to %s from a function or a Logic App that reads the topic, through a mail provider", shown(endpoint))
	case "sms":
		t.gap("sns.sms", "Protocol=sms")
		t.todo("choose a provider of text messages for %s, and send from a function that reads the topic", shown(endpoint))
	case "application":
		t.gap("sns.push", "Endpoint="+shown(endpoint))
		t.todo("move push messages to Notification Hubs, and let the apps register there")
	default:
		t.todo("decide what becomes of the subscriber %s: nothing is known of protocol %q", shown(endpoint), protocol)
	}
	t.Action, t.Confidence = design.Manual, aGuess
}

func (t *told) toQueue(s *busSubscription, sub map[string]any) {
	queue, ok := t.c.Find(t.r, sub["Endpoint"], "AWS::SQS::Queue")
	s.base = nameOf(t.c, t.r, sub["Endpoint"])
	if !ok {
		t.todo("forward subscription %q to queue %s, which is not part of the design", s.base, shown(sub["Endpoint"]))
	} else if id, ok := t.c.TargetOf(queue, busQueueKind); ok {
		s.forward = id
	}
	if !design.True(sub, "RawMessageDelivery") {
		t.gap("sns.envelope", "RawMessageDelivery=false")
	}
}

func (t *told) toFunction(s *busSubscription, endpoint any) {
	function, ok := t.c.Find(t.r, endpoint, "AWS::Lambda::Function", "AWS::Lambda::Alias")
	s.base, s.deliveries = nameOf(t.c, t.r, endpoint), lambdaAttempts
	if !ok {
		t.todo("let function %s, which is not part of the design, read subscription %q", shown(endpoint), s.base)
		return
	}
	s.reader = functionOf(t.c, function)
	t.gap("sns.envelope", "Protocol=lambda")
}

// receive adds a person or a hook to an action group.
func (t *told) receive(protocol string, endpoint any, group cloud.ResourceID) {
	t.c.Attach(t.r, group)
	target, ok := t.c.Resource(group)
	if !ok {
		return
	}
	properties, _ := target.Body["properties"].(map[string]any)
	address := full(endpoint)
	if unknown(endpoint) || address == "" || address == "null" {
		address = t.c.ParameterOf(t.r, design.Parameter{Name: common.ParameterName("receiver", t.r.Name), Description: "Who is told by " + t.r.Name + " (" + protocol + ")"})
	}
	switch {
	case strings.HasPrefix(protocol, "email"):
		add(properties, "emailReceivers", map[string]any{"name": receiverName(properties, "mail"), "emailAddress": address, "useCommonAlertSchema": true})
	case protocol == "sms":
		code, number := phone(address)
		add(properties, "smsReceivers", map[string]any{"name": receiverName(properties, "text"), "countryCode": code, "phoneNumber": number})
		t.todo("check the country code of %s: it is taken from the first digits", address)
	default:
		add(properties, "webhookReceivers", map[string]any{"name": receiverName(properties, "hook"), "serviceUri": address, "useCommonAlertSchema": true})
		t.gap("sns.alarm-format", "Protocol="+protocol)
	}
}

func add(properties map[string]any, list string, entry map[string]any) {
	if properties != nil {
		properties[list] = append(slices.Clone(design.List(properties[list])), entry)
	}
}

// receiverName is unique within the group, whatever the receivers' form.
func receiverName(properties map[string]any, head string) string {
	n := 1
	for _, list := range []string{"emailReceivers", "smsReceivers", "webhookReceivers"} {
		n += len(design.List(properties[list]))
	}
	return head + "-" + shown(n)
}

// phone parts "+15551234567" into country code and number. Which digits are
// the country's cannot be told without a table of countries: one digit in
// North America, two elsewhere.
func phone(address string) (code, number string) {
	digits := strings.TrimLeft(address, "+0")
	switch {
	case strings.HasPrefix(address, "["):
		return "1", address
	case strings.HasPrefix(digits, "1") || len(digits) < 4:
		return "1", strings.TrimPrefix(digits, "1")
	}
	return digits[:2], digits[2:]
}
