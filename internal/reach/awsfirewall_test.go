package reach

import (
	"net/netip"
	"strings"
	"testing"
)

// TestForwardersAreNamed: what a route leads into stays undecided, and the text
// says what decides there.
func TestForwardersAreNamed(t *testing.T) {
	t.Parallel()
	const listed = `,"EndpointIds":["eu-west-1a:vpce-9"]`
	groups := `{"FirewallPolicy":{"StatelessDefaultActions":["aws:forward_to_sfe"],"StatefulRuleGroupReferences":[{"ResourceArn":"five"},{"ResourceArn":"text"},{"ResourceArn":"names"},{"ResourceArn":"arn:managed"}],"StatelessRuleGroupReferences":[{"ResourceArn":"plain"}]}}`
	for name, c := range map[string]struct{ route, firewall, policy, want string }{
		"a firewall with groups":          {`"VpcEndpointId":"vpce-9"`, `{"FirewallPolicyArn":"p"` + listed + `}`, groups, "firewall f (policy p: 1 stateless rules of plain; 2 five-tuple rules of five; Suricata rules of text; group arn:managed, which is not known; names of domains of names)"},
		"a firewall without groups":       {`"VpcEndpointId":"vpce-9"`, `{"FirewallPolicyArn":"p"` + listed + `}`, `{"FirewallPolicy":{}}`, "firewall f (policy p: no rule groups)"},
		"a firewall of an unknown policy": {`"GatewayId":"vpce-9"`, `{"FirewallPolicyArn":"gone"` + listed + `}`, groups, "firewall f, whose policy is not known"},
		"appliances behind an endpoint":   {`"VpcEndpointId":"gwlb"`, `{}`, groups, "appliances behind endpoint gwlb"},
		"a machine":                       {`"InstanceId":"m"`, `{}`, groups, "machine m"},
		"a network interface":             {`"NetworkInterfaceId":"eni-1"`, `{}`, groups, "machine eni-1"},
		"an endpoint that nothing knows":  {`"VpcEndpointId":"vpce-7"`, `{}`, groups, "vpce-7"},
	} {
		a := &account{}
		a.add(t, "AWS::EC2::VPC", "vpc", `{"CidrBlock":"10.0.0.0/16"}`)
		a.add(t, "AWS::EC2::Subnet", "s", `{"VpcId":"vpc","CidrBlock":"10.0.1.0/24"}`)
		a.add(t, kindTable, "t", `{"VpcId":"vpc"}`)
		a.add(t, kindAssociation, "on", `{"SubnetId":"s","RouteTableId":"t"}`)
		a.add(t, kindRoute, "r", `{"RouteTableId":"t","DestinationCidrBlock":"0.0.0.0/0",`+c.route+`}`)
		a.add(t, kindFirewall, "f", c.firewall)
		a.add(t, kindPolicy, "p", c.policy)
		a.add(t, kindRuleGroup, "five", `{"RuleGroup":{"RulesSource":{"StatefulRules":[{},{}]}}}`)
		a.add(t, kindRuleGroup, "text", `{"RuleGroup":{"RulesSource":{"RulesString":"pass tcp any any -> any 443 (sid:1;)"}}}`)
		a.add(t, kindRuleGroup, "names", `{"RuleGroup":{"RulesSource":{"RulesSourceList":{"Targets":["example.com"]}}}}`)
		a.add(t, kindRuleGroup, "plain", `{"RuleGroup":{"RulesSource":{"StatelessRulesAndCustomActions":{"StatelessRules":[{"Priority":1}]}}}}`)
		a.add(t, kindPrivateLink, "gwlb", `{"VpcEndpointType":"GatewayLoadBalancer","VpcId":"vpc"}`)
		a.add(t, kindGroup, "sg", `{"GroupName":"sg","VpcId":"vpc","SecurityGroupEgress":[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}]}`)
		a.add(t, "AWS::EC2::Instance", "i", `{"SubnetId":"s","SecurityGroupIds":["sg"]}`)
		a.add(t, "AWS::EC2::Instance", "m", `{"SubnetId":"s","SecurityGroupIds":["sg"]}`)
		got := whoMay(FromAWS(a.list, a.find), "i", netip.MustParseAddr("203.0.113.1"), 443)
		if !strings.HasSuffix(got, "0.0.0.0/0 to unknown "+c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
