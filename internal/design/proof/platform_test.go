package proof

import (
	"net/netip"
	"strings"
	"testing"

	"example.com/landfall/internal/reach"
)

// TestDemandsAreNoWiderThanThePages calls a rule the platform's own only where
// its tag and its ports are those of a page.
func TestDemandsAreNoWiderThanThePages(t *testing.T) {
	t.Parallel()
	tag := func(s string) reach.Peers { return reach.Peers{Tags: []string{s}} }
	any := reach.Peers{Any: true}
	block := reach.Peers{Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.1.0/24")}}
	wide := reach.Peers{Prefixes: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}}
	ports := func(first, last uint16) []reach.Range { return []reach.Range{{First: first, Last: last}} }
	cases := []struct {
		name string
		in   bool
		rule reach.Rule
		want string
	}{
		{"the gateway's ports", true, reach.Rule{Name: "platform-GatewayManager-in", From: tag("GatewayManager"), To: any, Ports: ports(65200, 65535)}, "Azure steers the gateway"},
		{"more than the gateway's ports", true, reach.Rule{Name: "platform-GatewayManager-in", From: tag("GatewayManager"), To: any, Ports: ports(443, 65535)}, ""},
		{"all ports", true, reach.Rule{Name: "platform-GatewayManager-in", From: tag("GatewayManager"), To: any}, ""},
		{"another direction", false, reach.Rule{Name: "platform-GatewayManager-out", From: any, To: tag("GatewayManager"), Ports: ports(65200, 65535)}, ""},
		{"a name of the workload's", true, reach.Rule{Name: "allow-GatewayManager", From: tag("GatewayManager"), To: any, Ports: ports(65200, 65535)}, ""},
		{"a tag beside a block", true, reach.Rule{Name: "platform-x", From: reach.Peers{Tags: []string{"GatewayManager"}, Prefixes: block.Prefixes}, To: any, Ports: ports(65200, 65535)}, ""},
		{"the internet in", true, reach.Rule{Name: "platform-Internet-in", From: tag("Internet"), To: any}, ""},
		{"a gateway's way out", false, reach.Rule{Name: "platform-Internet-out", From: any, To: tag("Internet")}, "forbids it the way"},
		{"inside the subnet", true, reach.Rule{Name: "platform-inside-in", From: block, To: block}, "share the subnet"},
		{"from a wider block", true, reach.Rule{Name: "platform-inside-in", From: wide, To: block}, ""},
		{"from anyone", true, reach.Rule{Name: "platform-inside-in", From: any, To: any}, ""},
		{"a deny", true, reach.Rule{Name: "platform-inside-in", Deny: true, From: block, To: block}, ""},
	}
	for _, c := range cases {
		reason, ok := reasonFor(&c.rule, c.in)
		if ok != (c.want != "") || !strings.Contains(reason, c.want) {
			t.Errorf("%s: %q, want %q", c.name, reason, c.want)
		}
	}
}
