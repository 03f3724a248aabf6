package security

import (
	"maps"
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

func cognitoRules() []design.Rule {
	return []design.Rule{{Name: "cognito/user-pool", Kinds: []cloud.Kind{"AWS::Cognito::UserPool"}, Stage: design.Access, Source: "Microsoft Learn, Microsoft Entra External ID overview", Apply: userPool}}
}

// userPool says what an external tenant needs. No resource of a subscription
// stands for it: it is a directory of its own.
func userPool(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("UserPoolName", "UserPoolId", "ProviderName", "ProviderURL", "CreationDate", "LastModifiedDate", "EstimatedNumberOfUsers", "UserPoolTags")
	clients := c.Referring(r, "AWS::Cognito::UserPoolClient", "UserPoolId")
	groups := c.Referring(r, "AWS::Cognito::UserPoolGroup", "UserPoolId")
	s.Decide(design.Manual, common.Redesign, "user pool %s with %s and %s becomes an external tenant of Microsoft Entra, which is a directory beside the subscription", r.Name, common.Count(len(clients), "app client"), common.Count(len(groups), "group"))
	s.Gap("cognito.password", "users of "+r.Name)
	s.Gap("cognito.subject", "sub -> oid")
	s.Do("create an external tenant; make an app registration for each app client and an app role for each group, so that tokens carry roles")
	if triggers, ok := s.At("LambdaConfig").(map[string]any); ok && len(triggers) > 0 {
		s.Gap("cognito.trigger", "LambdaConfig="+common.Shown(slices.Sorted(maps.Keys(triggers))))
	}
	if s.Has("Schema") {
		s.Do("make directory extensions for the custom attributes of Schema=%s", common.Shown(s.At("Schema")))
	}
	s.Do("move the users by the Graph API with random passwords, or one by one at their next sign-in")
	s.Do("add the new redirect addresses at each social provider before the cutover")
	s.Do("look for consumers of the pool's events in EventBridge, SNS and CloudWatch: they fall silent")
	for _, name := range []string{"MfaConfiguration", "EnabledMfas", "Policies", "PasswordPolicy", "AccountRecoverySetting", "AliasAttributes", "UsernameAttributes", "AutoVerifiedAttributes", "EmailConfiguration", "SmsConfiguration",
		"VerificationMessageTemplate", "AdminCreateUserConfig", "DeviceConfiguration", "UserPoolAddOns", "UserAttributeUpdateSettings", "UsernameConfiguration", "UserPoolTier"} {
		if s.Has(name) {
			s.Do("carry over %s=%s by hand", name, common.Shown(s.At(name)))
		}
	}
	s.EffortDays = 10
	return s.Done()
}
