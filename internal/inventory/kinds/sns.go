package kinds

import (
	"strings"

	"example.com/landfall/internal/inventory"
)

func snsRules() []Rule {
	return []Rule{
		{
			Kind:  "AWS::SNS::Topic",
			Drop:  []string{"SubscriptionsConfirmed", "SubscriptionsPending", "SubscriptionsDeleted", "EffectiveDeliveryPolicy", "Policy", "Owner"},
			Shape: shapes(parsed("ArchivePolicy", "DataProtectionPolicy"), lastOf("TopicArn", ":", "TopicName"), snsTopic), ID: idAt("TopicArn", "TopicName"), Name: nameAt("TopicName"),
			Aliases: []string{"TopicArn", "TopicName"}, Children: snsChildren,
			// Subscriptions are resources of their own.
			Attribute: []string{"Subscription"},
		},
		{
			Kind: "AWS::SNS::TopicPolicy", Shape: parsed("PolicyDocument"), Drop: []string{"TopicArn"}, ID: snsPolicyID,
			Name: func(r *Reading) string { return after(strings.TrimSuffix(string(r.ID), "|policy"), ":") },
		},
		{
			Kind: "AWS::SNS::Subscription", Move: map[string]string{"SubscriptionArn": "Arn"}, Drop: []string{"Owner", "EffectiveDeliveryPolicy", "ConfirmationWasAuthenticated", "SubscriptionPrincipal"},
			Shape: parsed("FilterPolicy", "RedrivePolicy", "DeliveryPolicy", "ReplayPolicy"), ID: snsSubscription,
			Name: func(r *Reading) string { return r.said("Protocol") + ":" + r.said("Endpoint") },
		},
	}
}

// snsSubscription: a subscription that nobody has confirmed has the words
// "PendingConfirmation" in place of its ARN.
func snsSubscription(r *Reading) string {
	if arn := r.said("Arn"); strings.HasPrefix(arn, "arn:") {
		return arn
	}
	return r.said("TopicArn") + "|" + r.said("Protocol") + "|" + r.said("Endpoint")
}

// snsPolicyID hangs the policy on its topic; CloudFormation has a list of them.
func snsPolicyID(r *Reading) string {
	topic := r.said("TopicArn")
	if list, ok := r.Properties["Topics"].([]any); ok && len(list) > 0 && topic == "" {
		topic, _ = list[0].(string)
	}
	if topic == "" {
		return ""
	}
	return topic + "|policy"
}

// snsTopic: only a FIFO topic has the switches of one.
func snsTopic(r *Reading) {
	if r.said("FifoTopic") == "false" {
		delete(r.Properties, "FifoTopic")
		delete(r.Properties, "ContentBasedDeduplication")
	}
}

// snsChildren makes the policy a resource. Every topic has one; the one that
// AWS writes lets the owner do everything, and a template says nothing of it.
func snsChildren(r *Reading) []Child {
	policy := textAt(r.Item, "Policy")
	if policy == "" || strings.Contains(policy, "__default_policy_ID") && len(inventory.Statements(objectAt(r.Item, "Policy"))) == 1 {
		return nil
	}
	topic := r.said("TopicArn")
	return []Child{{"AWS::SNS::TopicPolicy", map[string]any{"Topics": []any{topic}, "TopicArn": topic, "PolicyDocument": policy}}}
}
