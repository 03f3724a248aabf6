package proof_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/reach"
)

// lists gives the town's three subnets two network ACLs of random entries, the
// last of which lets all through.
func (w *town) lists() {
	for i := range 2 {
		id := fmt.Sprintf("acl-%08d", i)
		w.add("AWS::EC2::NetworkAcl", id, inventory.Properties{"Id": id, "VpcId": "vpc-00000001"})
		for _, egress := range []bool{false, true} {
			for j := range w.IntN(3) {
				w.add("AWS::EC2::NetworkAclEntry", fmt.Sprintf("%s-%v-%d", id, egress, j), w.entry(id, egress, 100+j*10))
			}
			w.add("AWS::EC2::NetworkAclEntry", fmt.Sprintf("%s-%v-99", id, egress), inventory.Properties{
				"NetworkAclId": id, "RuleNumber": 900.0, "Egress": egress, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0",
			})
		}
	}
	for i := range 3 {
		if w.IntN(2) == 0 {
			w.add("AWS::EC2::SubnetNetworkAclAssociation", fmt.Sprintf("aclassoc-%08d", i), inventory.Properties{
				"SubnetId": fmt.Sprintf("subnet-%08d", i), "NetworkAclId": fmt.Sprintf("acl-%08d", w.IntN(2)),
			})
		}
	}
}

// entry draws one entry: ranges of ports that cut those of clients, blocks that
// cut subnets.
func (w *town) entry(acl string, egress bool, number int) inventory.Properties {
	p := inventory.Properties{
		"NetworkAclId": acl, "RuleNumber": float64(number), "Egress": egress, "RuleAction": []string{"allow", "deny"}[w.IntN(2)],
		"Protocol":  []string{"6", "6", "-1", "17", "1"}[w.IntN(5)],
		"CidrBlock": []string{"0.0.0.0/0", "10.20.1.0/24", "10.20.0.0/16", "203.0.113.0/24", "10.20.2.0/25"}[w.IntN(5)],
	}
	switch p["Protocol"] {
	case "6", "17":
		from := []int{22, 80, 443, 1024, 5432, 0}[w.IntN(6)]
		to := min(from+[]int{0, 100, 60000}[w.IntN(3)], 65535)
		p["PortRange"] = map[string]any{"From": float64(from), "To": float64(to)}
	case "1":
		p["Icmp"] = map[string]any{"Type": -1.0, "Code": -1.0}
	}
	return p
}

// unsayable reports why an NSG has to let less through than the source: it knows
// neither types of ICMP, so that closing the echo closes all, nor protocols
// without a name, which it cannot leave out of a rule for all protocols.
func unsayable(d reach.Difference) string {
	switch {
	case d.Wider:
		return ""
	case d.Protocol == "icmp" && strings.Contains(d.Ports, "types"):
		return "types of ICMP"
	case d.Protocol == "any" && strings.HasPrefix(d.Ports, "0,protocols 2-5,"):
		return "protocols without a name"
	}
	return ""
}

// TestRandomListsAreProvedEqual draws network ACLs: the NSGs that stand for them
// let the same packets through, but for what no NSG can say, and that is left
// closed.
func TestRandomListsAreProvedEqual(t *testing.T) {
	t.Parallel()
	equal, met := 0, map[string]int{}
	for seed := range uint64(60) {
		w := &town{Rand: rand.New(rand.NewPCG(seed, 11))}
		w.build(3, 3, 4)
		w.lists()
		d := designtest.Make(t, families(), w.list...)
		if d.Network == nil || len(d.Network.Undecided) > 0 || len(d.Blocking()) > 0 {
			t.Fatalf("seed %d: %+v %+v", seed, d.Network, d.Blocking())
		}
		for _, x := range d.Network.Differences {
			why := unsayable(x)
			if met[why]++; why == "" {
				t.Errorf("seed %d: %s: %s (source: %s, target: %s)", seed, x.Name, x.Packet, x.SourceRule, x.TargetRule)
			}
		}
		if d.Network.Equal {
			equal++
		}
	}
	if equal < 30 || met["types of ICMP"] == 0 || met["protocols without a name"] == 0 {
		t.Errorf("%d of 60 are equal, and the draw met %v", equal, met)
	}
}
