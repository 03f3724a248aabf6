package app

import (
	_ "embed"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
)

//go:embed gaps.tsv
var gapsTSV string

//go:embed plain.tsv
var plainTSV string

// Family returns the rules for what the application is made of. It follows the
// families of networks, identities, keys and data.
func Family() design.Family {
	var rules []design.Rule
	for _, group := range [][]design.Rule{
		registryRules(), configurationRules(), queueRules(), topicRules(), eventRules(), brokerRules(), containerRules(), kubernetesRules(), webRules(), functionRules(),
		apiRules(), gatewayPartRules(), partRules(), scheduleRules(), pipeRules(), workflowRules(), templateRules(), helperRules(), plainRules(),
	} {
		rules = append(rules, group...)
	}
	return design.Family{Name: "app", Rules: rules, Gaps: gapsTSV, Finish: finish, Prove: unreadable}
}

// plainRules reads the table; a line that cannot be read is a defect of the
// program, which the test of the table finds.
func plainRules() []design.Rule {
	rules, err := common.Plain(plainTSV, design.Operations)
	if err != nil {
		panic("app: " + err.Error())
	}
	return rules
}

// finish joins what several families have put.
func finish(c *design.Context) {
	federateRoles(c)
	for _, bucket := range c.OfKind("AWS::S3::Bucket") {
		deliverAsMessenger(c, c.TargetsOf(bucket))
	}
}

// deliverAsMessenger lets events of storage accounts reach the bus, which
// takes no keys: their subscriptions sign in with the messenger's identity.
func deliverAsMessenger(c *design.Context, targets []cloud.ResourceID) {
	for _, id := range targets {
		target, ok := c.Resource(id)
		if !ok || target.Type != systemTopicKind+"/eventSubscriptions" {
			continue
		}
		properties, _ := target.Body["properties"].(map[string]any)
		destination := object(properties["destination"])
		to := cloud.ResourceID(design.Text(destination, "properties.resourceId"))
		if kind := design.Text(destination, "endpointType"); to == "" || !strings.HasPrefix(kind, "ServiceBus") {
			continue
		}
		allow(c, messenger(c), to, roleBusSender)
		if topic, ok := c.Resource(parentOf(id)); ok {
			asMessenger(c, topic)
		}
		delete(properties, "destination")
		properties["deliveryWithResourceIdentity"] = map[string]any{
			"destination": destination, "identity": map[string]any{"type": "UserAssigned", "userAssignedIdentity": string(messenger(c))},
		}
	}
}
