package network

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/networksecuritygroups"
)

// The limits of an NSG (Microsoft Learn, "Azure subscription and service
// limits": 1,000 rules, 4,000 addresses on a side, 10 ASGs on a side and 100 in all; "Network
// security groups": priorities 100 to 4096, names of up to 80 characters).
const (
	maxRules      = 1000
	maxAddresses  = 4000
	maxASGs       = 10
	maxGroups     = 100
	firstPriority = 100
	lastPriority  = 4096
	maxName       = 80
)

// peer is one end of a rule: a block, an ASG or a service tag.
type peer struct {
	block netip.Prefix
	asg   cloud.ResourceID
	tag   string
}

func (a peer) compare(b peer) int {
	return cmp.Or(cmp.Compare(a.tag, b.tag), cmp.Compare(a.asg, b.asg), a.block.Addr().Compare(b.block.Addr()), cmp.Compare(a.block.Bits(), b.block.Bits()))
}

// family tells which peers may stand in one rule together.
func (a peer) family() string {
	switch {
	case a.tag != "":
		// One service tag for a side.
		return "tag " + a.tag
	case a.asg != "":
		return "asg"
	case a.block.Addr().Is4():
		return "v4"
	}
	return "v6"
}

// rule is one rule of an NSG before it has a name and a priority.
type rule struct {
	deny     bool
	protocol string
	ports    []span
	// origins are source ports, empty for all of them.
	origins []span
	// peers are all of one family; empty means anyone.
	peers []peer
	// own is the near side, empty for all of it.
	own []peer
	// name is made of the rule's facts when empty.
	name string
}

// flow is one permit with one peer.
type flow struct {
	protocol string
	ports    []span
	peer     peer
}

// merged makes as few rules of flows as say the same: the ports of one peer
// come together, and then the peers with the same ports.
func merged(flows []flow) []rule {
	ports := map[origin][]span{}
	var ends []origin
	for _, f := range flows {
		e := origin{f.protocol, f.peer}
		if _, ok := ports[e]; !ok {
			ends = append(ends, e)
		}
		ports[e] = append(ports[e], f.ports...)
	}
	for e := range ports {
		ports[e] = joined(ports[e])
	}
	slices.SortFunc(ends, func(a, b origin) int { return cmp.Or(cmp.Compare(a.protocol, b.protocol), a.peer.compare(b.peer)) })
	kept := slices.DeleteFunc(ends, func(e origin) bool { return superfluous(e, ports) })
	var out []rule
	at := map[string]int{}
	for _, e := range kept {
		key := e.protocol + "|" + e.peer.family() + "|" + fmt.Sprint(ports[e])
		i, ok := at[key]
		if !ok || full(out[i].peers) {
			i = len(out)
			at[key] = i
			out = append(out, rule{protocol: e.protocol, ports: ports[e]})
		}
		out[i].peers = append(out[i].peers, e.peer)
	}
	return out
}

// origin is a protocol with a peer.
type origin struct {
	protocol string
	peer     peer
}

// superfluous reports whether what is let through from a peer is let through
// from a block around it, or for all protocols, as well.
func superfluous(e origin, ports map[origin][]span) bool {
	around := []peer{e.peer}
	if e.peer.block.IsValid() {
		for bits := e.peer.block.Bits() - 1; bits >= 0; bits-- {
			around = append(around, peer{block: netip.PrefixFrom(e.peer.block.Addr(), bits).Masked()})
		}
	}
	for _, x := range around {
		for _, protocol := range []string{e.protocol, "*"} {
			o := origin{protocol, x}
			if all, ok := ports[o]; ok && o != e && (protocol == "*" || covers(all, ports[e])) {
				return true
			}
		}
	}
	return false
}

func full(peers []peer) bool {
	if peers[0].asg != "" {
		return len(peers) >= maxASGs
	}
	return len(peers) >= maxAddresses
}

// denyAll is the last rule of both directions.
func denyAll() rule { return rule{deny: true, protocol: "*", ports: everyPort(), name: "deny-all"} }

// emptyNSG puts an NSG whose rules follow when all members are known.
func (p *Plan) emptyNSG(name string) cloud.ResourceID {
	return p.c.Put(design.Target{Type: nsgKind, Base: name, Model: networksecuritygroups.NetworkSecurityGroup{Properties: &networksecuritygroups.NetworkSecurityGroupPropertiesFormat{}}})
}

// writeNSG fills an NSG with rules, in order, and the final denies.
func (p *Plan) writeNSG(id cloud.ResourceID, in, out []rule) {
	r, ok := p.c.Resource(id)
	if !ok {
		return
	}
	if over := len(in) + len(out) + 2 - maxRules; over > 0 {
		p.say(design.Finding{
			ID: "network.nsg-rules:" + r.Name, Severity: design.Critical, Blocks: true, About: []cloud.ResourceID{id},
			Text: fmt.Sprintf("NSG %s would need %d rules and takes 1,000: %d are left out, so it lets less through than the source", r.Name, len(in)+len(out)+2, over),
			Do:   "summarise the security groups, or move the rules to Azure Firewall",
		})
		half := (maxRules - 2) / 2
		in = in[:min(len(in), max(half, maxRules-2-len(out)))]
		out = out[:min(len(out), maxRules-2-len(in))]
	}
	if n := groupsIn(append(slices.Clone(in), out...)); n > maxGroups {
		p.say(design.Finding{
			ID: "network.nsg-groups:" + r.Name, Severity: design.Critical, Blocks: true, About: []cloud.ResourceID{id},
			Text: fmt.Sprintf("the rules of NSG %s name %d application security groups and may name 100", r.Name, n),
			Do:   "let fewer security groups of the source name each other, or name subnets instead",
		})
	}
	names := map[string]bool{}
	rules := append(p.numbered(in, true, names), p.numbered(out, false, names)...)
	properties := map[string]any{"securityRules": rules}
	r.Body["properties"] = properties
}

// groupsIn counts the application security groups that rules name.
func groupsIn(rules []rule) int {
	named := map[cloud.ResourceID]bool{}
	for _, r := range rules {
		for _, x := range slices.Concat(r.peers, r.own) {
			if x.asg != "" {
				named[x.asg] = true
			}
		}
	}
	return len(named)
}

// numbered writes the rules of one direction with priorities and names.
func (p *Plan) numbered(rules []rule, in bool, names map[string]bool) []any {
	step := 10
	if firstPriority+len(rules)*step >= lastPriority {
		step = 1
	}
	var out []any
	for i, r := range rules {
		out = append(out, p.written(r, in, firstPriority+i*step, names))
	}
	return append(out, p.written(denyAll(), in, lastPriority, names))
}

// written is a rule as ARM takes it.
func (p *Plan) written(r rule, in bool, priority int, names map[string]bool) map[string]any {
	properties := map[string]any{
		"access": "Allow", "direction": "Inbound", "priority": float64(priority), "protocol": armProtocol(r.protocol),
	}
	source, target, way := r.peers, r.own, "in"
	if !in {
		properties["direction"] = "Outbound"
		source, target, way = r.own, r.peers, "out"
	}
	if r.deny {
		properties["access"] = "Deny"
	}
	put(properties, "source", source)
	put(properties, "destination", target)
	putPorts(properties, "destination", r.protocol, r.ports)
	putPorts(properties, "source", r.protocol, r.origins)
	name := r.name
	if name == "" {
		name = p.facts(r)
	}
	return map[string]any{"name": ruleName(name+"-"+way, names), "properties": properties}
}

// putPorts writes the ports of one side; only TCP and UDP have any.
func putPorts(properties map[string]any, side, protocol string, ports []span) {
	switch {
	case len(ports) == 0 || covers(ports, everyPort()) || protocol != "tcp" && protocol != "udp":
		properties[side+"PortRange"] = "*"
	case len(ports) == 1:
		properties[side+"PortRange"] = ports[0].String()
	default:
		ranges := make([]any, len(ports))
		for i, s := range ports {
			ranges[i] = s.String()
		}
		properties[side+"PortRanges"] = ranges
	}
}

// put writes one side of a rule.
func put(properties map[string]any, side string, peers []peer) {
	switch {
	case len(peers) == 0:
		properties[side+"AddressPrefix"] = "*"
	case peers[0].asg != "":
		var ids []any
		for _, x := range peers {
			ids = append(ids, map[string]any{"id": string(x.asg)})
		}
		properties[side+"ApplicationSecurityGroups"] = ids
	case len(peers) == 1:
		properties[side+"AddressPrefix"] = peers[0].text()
	default:
		var texts []any
		for _, x := range peers {
			texts = append(texts, x.text())
		}
		properties[side+"AddressPrefixes"] = texts
	}
}

func (a peer) text() string {
	if a.tag != "" {
		return a.tag
	}
	return a.block.String()
}

func armProtocol(name string) string {
	switch name {
	case "tcp":
		return "Tcp"
	case "udp":
		return "Udp"
	case "icmp":
		return "Icmp"
	case "esp":
		return "Esp"
	case "ah":
		return "Ah"
	}
	return "*"
}

// facts names a rule by what it says: "allow-tcp-443-asg-web".
func (p *Plan) facts(r rule) string {
	words := []string{"allow"}
	if r.deny {
		words[0] = "deny"
	}
	if r.protocol == "*" {
		words = append(words, "any")
	} else {
		words = append(words, r.protocol)
	}
	if (r.protocol == "tcp" || r.protocol == "udp") && len(r.ports) > 0 && !covers(r.ports, everyPort()) {
		words = append(words, r.ports[0].String())
		if len(r.ports) > 1 {
			words = append(words, "and-"+strconv.Itoa(len(r.ports)-1))
		}
	}
	if len(r.peers) > 0 {
		first := r.peers[0].text()
		if x := r.peers[0]; x.family() == "v6" && x.block.Bits() == 0 {
			first = "ipv6"
		} else if x.asg != "" {
			first = string(x.asg[strings.LastIndexByte(string(x.asg), '/')+1:])
		}
		words = append(words, first)
		if len(r.peers) > 1 {
			words = append(words, "and-"+strconv.Itoa(len(r.peers)-1))
		}
	}
	return strings.Join(words, "-")
}

// ruleName makes a name that Azure takes and that is new in its parent.
func ruleName(text string, names map[string]bool) string {
	var b strings.Builder
	for _, r := range text {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' {
			b.WriteRune(r)
		} else if !strings.HasSuffix(b.String(), "-") {
			b.WriteByte('-')
		}
	}
	head := strings.Trim(b.String(), "-._")
	for n := 1; ; n++ {
		tail := ""
		if n > 1 {
			tail = "-" + strconv.Itoa(n)
		}
		name := strings.TrimRight(head[:min(len(head), maxName-len(tail))], "-._") + tail
		if key := strings.ToLower(name); !names[key] {
			names[key] = true
			return name
		}
	}
}

// camel makes a part of a parameter's name.
func camel(text string) string {
	var b strings.Builder
	up := true
	for _, r := range text {
		switch {
		case r >= 'a' && r <= 'z' && up:
			b.WriteRune(r - 'a' + 'A')
			up = false
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			b.WriteRune(r)
			up = false
		default:
			up = true
		}
	}
	return b.String()
}

// say adds a finding once, however often the bodies are written.
func (p *Plan) say(f design.Finding) {
	if !p.said[f.ID] {
		p.said[f.ID] = true
		p.c.Finding(f)
	}
}
