package operations

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/insights/2023-01-01/actiongroupsapis"
)

// notify returns the action groups that stand for what an alarm tells: one for
// each topic.
func notify(s *common.Sheet) []cloud.ResourceID {
	var out []cloud.ResourceID
	for _, action := range append(design.Texts(s.At("AlarmActions")), design.Texts(s.At("OKActions"))...) {
		if topic, ok := s.C.Find(s.R, action, "AWS::SNS::Topic"); ok {
			if id := groupOf(s, topic); !slices.Contains(out, id) {
				out = append(out, id)
			}
			continue
		}
		s.Gap("alarm.action", action)
		s.Do("let an Automation runbook or a function of the action group do what %s does", action)
	}
	if len(out) == 0 {
		return []cloud.ResourceID{common.ActionGroup(s.C)}
	}
	return out
}

// groupOf returns the action group for a topic, with a receiver for each
// subscription that a group can serve.
//
// A topic that carries nothing but alarms has become a group itself.
func groupOf(s *common.Sheet, topic *inventory.Resource) cloud.ResourceID {
	c := s.C
	if id, ok := c.TargetOf(topic, groupKind); ok {
		return id
	}
	subscriptions := append(c.Referring(topic, "AWS::SNS::Subscription", "TopicArn"), inline(topic)...)
	for _, sub := range subscriptions {
		switch design.Text(sub.Properties, "Protocol") {
		case "email", "email-json", "sms", "https", "http":
		default:
			s.Do("the topic %s also tells %s by %s: let the topic's counterpart or the action group do so", topic.Name, common.Shown(sub.Properties["Endpoint"]), common.Shown(sub.Properties["Protocol"]))
		}
	}
	return c.Once("operations/group/"+string(topic.ID), func() cloud.ResourceID {
		g := &actiongroupsapis.ActionGroup{Enabled: true, GroupShortName: short(topic.Name)}
		receivers(g, subscriptions)
		return c.Put(design.Target{Type: groupKind, Base: topic.Name, Location: "global", Model: actiongroupsapis.ActionGroupResource{Properties: g}})
	})
}

// inline are the subscriptions that a topic lists itself.
func inline(topic *inventory.Resource) []*inventory.Resource {
	var out []*inventory.Resource
	for _, m := range design.Maps(topic.Properties["Subscription"]) {
		out = append(out, &inventory.Resource{Properties: m})
	}
	return out
}

func receivers(g *actiongroupsapis.ActionGroup, subscriptions []*inventory.Resource) {
	mails, hooks, texts := []actiongroupsapis.EmailReceiver{}, []actiongroupsapis.WebhookReceiver{}, []actiongroupsapis.SmsReceiver{}
	seen := map[string]bool{}
	for _, sub := range subscriptions {
		end := design.Text(sub.Properties, "Endpoint")
		if end == "" || common.Unresolved(end) || seen[end] {
			continue
		}
		seen[end] = true
		name := "to-" + common.GUID(end)[:8]
		switch design.Text(sub.Properties, "Protocol") {
		case "email", "email-json":
			mails = append(mails, actiongroupsapis.EmailReceiver{Name: name, EmailAddress: end, UseCommonAlertSchema: new(true)})
		case "https", "http":
			hooks = append(hooks, actiongroupsapis.WebhookReceiver{Name: name, ServiceUri: end, UseCommonAlertSchema: new(true)})
		case "sms":
			if country, number, ok := phone(end); ok {
				texts = append(texts, actiongroupsapis.SmsReceiver{Name: name, CountryCode: country, PhoneNumber: number})
			}
		}
	}
	slices.SortFunc(mails, func(a, b actiongroupsapis.EmailReceiver) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(hooks, func(a, b actiongroupsapis.WebhookReceiver) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(texts, func(a, b actiongroupsapis.SmsReceiver) int { return strings.Compare(a.Name, b.Name) })
	g.EmailReceivers, g.WebhookReceivers, g.SmsReceivers = &mails, &hooks, &texts
}

// phone parts a number at +1, the one country code that is known by its length
// alone.
func phone(number string) (country, rest string, ok bool) {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, number)
	if strings.HasPrefix(digits, "1") && len(digits) == 11 {
		return "1", digits[1:], true
	}
	return "", "", false
}

// short is a name of at most twelve characters, which mails and texts carry
// (Microsoft Learn, "Action groups").
func short(name string) string {
	return strings.Trim(name[:min(len(name), 12)], "-_. ")
}
