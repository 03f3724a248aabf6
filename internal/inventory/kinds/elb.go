package kinds

import (
	"strings"

	"example.com/landfall/internal/inventory"
)

// elbRules are those of load balancers of all families.
func elbRules() []Rule {
	return []Rule{
		classicRule(),
		{
			Kind: "AWS::ElasticLoadBalancingV2::LoadBalancer",
			Move: map[string]string{"AvailabilityZones[].SubnetId": "Subnets[]"},
			Drop: []string{"AvailabilityZones[].ZoneName", "AvailabilityZones[].LoadBalancerAddresses", "State.Reason"},
			Shape: shapes(copied("LoadBalancerName", "Name"), copied("Name", "LoadBalancerName"), fullName("LoadBalancerArn", "loadbalancer/", "LoadBalancerFullName"), mappedSubnets,
				keyed("LoadBalancerAttributes")),
			Unordered: []string{"Subnets", "SecurityGroups"},
			Aliases:   []string{"DNSName", "LoadBalancerFullName"}, Name: nameAt("Name", "LoadBalancerName"), Marks: gone("State.Code"),
		},
		{
			Kind: "AWS::ElasticLoadBalancingV2::TargetGroup",
			// Whether a target is healthy is of this moment.
			Drop: []string{"TargetHealthDescriptions"},
			Shape: shapes(copied("TargetGroupName", "Name"), copied("Name", "TargetGroupName"), fullName("TargetGroupArn", "targetgroup", "TargetGroupFullName"),
				registeredTargets, keyed("TargetGroupAttributes")),
			Unordered: []string{"Targets", "LoadBalancerArns"},
			Aliases:   []string{"TargetGroupFullName"}, Name: nameAt("Name", "TargetGroupName"),
		},
		{
			Kind: "AWS::ElasticLoadBalancingV2::Listener", Shape: shapes(listenerCertificates, forwards("DefaultActions"), keyed("ListenerAttributes")),
			Name: listenerName, Children: certificateChildren,
		},
		{
			Kind: "AWS::ElasticLoadBalancingV2::ListenerCertificate", ID: func(r *Reading) string {
				return joined(r.said("ListenerArn"), r.said("Certificates.CertificateArn", "CertificateArn"))
			},
			Move: map[string]string{"CertificateArn": "Certificates[].CertificateArn"},
		},
		{
			Kind: "AWS::ElasticLoadBalancingV2::ListenerRule", Shape: shapes(forwards("Actions"), ruleConditions),
			Name: func(r *Reading) string {
				if priority, ok := scalarText(within(r.Item, "Priority")); ok {
					return "rule " + priority
				}
				return ""
			},
			Marks: marked(inventory.Default, "IsDefault"),
		},
		{Kind: "AWS::ElasticLoadBalancingV2::TrustStore", Drop: []string{"TotalRevokedEntries"}},
	}
}

// fullName takes the name by which metrics know a balancer or a target group:
// the end of its ARN (CloudWatch's LoadBalancer and TargetGroup dimensions).
func fullName(arn, start, property string) func(*Reading) {
	return func(r *Reading) {
		text := r.said(arn)
		if at := strings.LastIndex(text, ":"+start); at >= 0 {
			name := text[at+1:]
			if strings.HasSuffix(start, "/") {
				name = strings.TrimPrefix(name, start)
			}
			r.Properties[property] = name
		}
	}
}

// keyed sorts a list of attributes by their keys: it is a set.
func keyed(property string) func(*Reading) {
	return func(r *Reading) {
		if list, ok := r.Properties[property].([]any); ok {
			r.Properties[property] = inventory.SortValues(list)
		}
	}
}

// registeredTargets takes what is registered from the answer on its health.
func registeredTargets(r *Reading) {
	var targets []any
	for _, h := range objectsAt(r.Item, "TargetHealthDescriptions") {
		if target := withOnly(objectAt(h, "Target"), "Id", "Port", "AvailabilityZone"); len(target) > 0 {
			targets = append(targets, target)
		}
	}
	if len(targets) > 0 {
		r.Properties["Targets"] = targets
	}
}

// mappedSubnets keeps the fixed addresses of a network load balancer.
func mappedSubnets(r *Reading) {
	var mappings []any
	for _, zone := range objectsAt(r.Item, "AvailabilityZones") {
		for _, a := range objectsAt(zone, "LoadBalancerAddresses") {
			mapping := withOnly(a, "AllocationId", "PrivateIPv4Address", "IPv6Address")
			if len(mapping) > 0 {
				mapping["SubnetId"] = textAt(zone, "SubnetId")
				mappings = append(mappings, mapping)
			}
		}
	}
	if len(mappings) > 0 {
		r.Properties["SubnetMappings"] = inventory.SortValues(mappings)
	}
}

// listenerCertificates leaves a listener its default certificate; the others
// are resources of their own, as in CloudFormation.
func listenerCertificates(r *Reading) {
	list, ok := r.Properties["Certificates"].([]any)
	if !ok {
		return
	}
	var own []any
	for _, c := range list {
		said, known := within(c, "IsDefault").(bool)
		if !known || said {
			own = append(own, map[string]any{"CertificateArn": textAt(c, "CertificateArn")})
		}
	}
	r.Properties["Certificates"] = own
}

func certificateChildren(r *Reading) []Child {
	var children []Child
	for _, c := range objectsAt(r.Item, "Certificates") {
		if said, known := within(c, "IsDefault").(bool); known && !said {
			children = append(children, Child{"AWS::ElasticLoadBalancingV2::ListenerCertificate", map[string]any{
				"ListenerArn": r.said("ListenerArn"), "Certificates": []any{map[string]any{"CertificateArn": textAt(c, "CertificateArn")}}}})
		}
	}
	return children
}

func listenerName(r *Reading) string {
	port, ok := scalarText(within(r.Item, "Port"))
	if !ok {
		return ""
	}
	return strings.TrimSpace(r.said("Protocol") + " " + port)
}

// forwards brings the two ways of saying "to this one group" together: the API
// answers both TargetGroupArn and a ForwardConfig with that group.
func forwards(property string) func(*Reading) {
	return func(r *Reading) {
		list, _ := r.Properties[property].([]any)
		for _, v := range list {
			action, ok := v.(map[string]any)
			if !ok {
				continue
			}
			config := objectAt(action, "ForwardConfig")
			groups := objectsAt(config, "TargetGroups")
			if len(groups) == 1 && !flagAt(config, "TargetGroupStickinessConfig.Enabled") {
				action["TargetGroupArn"] = within(groups[0], "TargetGroupArn")
				delete(action, "ForwardConfig")
			}
		}
	}
}

// ruleConditions leaves one of the two ways in which the API answers the
// values of a condition: the one that says of what they are.
func ruleConditions(r *Reading) {
	configs := map[string]string{"host-header": "HostHeaderConfig", "path-pattern": "PathPatternConfig"}
	list, _ := r.Properties["Conditions"].([]any)
	for _, v := range list {
		condition, ok := v.(map[string]any)
		config := configs[textAt(condition, "Field")]
		if !ok || config == "" || condition["Values"] == nil {
			continue
		}
		if condition[config] == nil {
			condition[config] = map[string]any{"Values": condition["Values"]}
		}
		delete(condition, "Values")
	}
}

func classicRule() Rule {
	return Rule{
		Kind: "AWS::ElasticLoadBalancing::LoadBalancer",
		Move: map[string]string{
			"ListenerDescriptions[].Listener.InstancePort":                      "Listeners[].InstancePort",
			"ListenerDescriptions[].Listener.InstanceProtocol":                  "Listeners[].InstanceProtocol",
			"ListenerDescriptions[].Listener.LoadBalancerPort":                  "Listeners[].LoadBalancerPort",
			"ListenerDescriptions[].Listener.Protocol":                          "Listeners[].Protocol",
			"ListenerDescriptions[].Listener.SSLCertificateId":                  "Listeners[].SSLCertificateId",
			"ListenerDescriptions[].PolicyNames[]":                              "Listeners[].PolicyNames[]",
			"Instances[].InstanceId":                                            "Instances[]",
			"LoadBalancerAttributes.AccessLog":                                  "AccessLoggingPolicy",
			"LoadBalancerAttributes.ConnectionDraining":                         "ConnectionDrainingPolicy",
			"LoadBalancerAttributes.ConnectionSettings":                         "ConnectionSettings",
			"LoadBalancerAttributes.CrossZoneLoadBalancing.Enabled":             "CrossZone",
			"Policies.AppCookieStickinessPolicies":                              "AppCookieStickinessPolicy",
			"Policies.LBCookieStickinessPolicies":                               "LBCookieStickinessPolicy",
			"PolicyDescriptions[].PolicyName":                                   "Policies[].PolicyName",
			"PolicyDescriptions[].PolicyTypeName":                               "Policies[].PolicyType",
			"PolicyDescriptions[].PolicyAttributeDescriptions[].AttributeName":  "Policies[].Attributes[].Name",
			"PolicyDescriptions[].PolicyAttributeDescriptions[].AttributeValue": "Policies[].Attributes[].Value",
		},
		Drop: []string{"InstanceStates", "Policies.OtherPolicies"}, Unordered: []string{"Instances", "Subnets", "SecurityGroups", "AvailabilityZones", "Listeners"},
		Aliases: []string{"DNSName", "CanonicalHostedZoneName"},
	}
}
