package graph

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// claim says whose a node is before any edge is followed.
type claim struct {
	side side
	// owner is the other workload's name.
	owner string
	// reason is the sentence for the node.
	reason string
}

// side is who claims a node.
type side uint8

const (
	nobody side = iota
	ours
	theirs
	both // a person said that it is shared
	void // deleted, the operator's own, outside: it takes no part
)

// claims decides whose each node is by seeds, answers and tags.
func (m *maker) claims() []claim {
	list := make([]claim, len(m.nodes))
	inVPC := m.standing(m.options.Seeds.VPCs)
	for i := range m.nodes {
		list[i] = m.ownClaim(i, inVPC)
	}
	values := m.ourValues(list)
	stacks := m.ourStacks(list)
	for i := range m.nodes {
		r := m.of[i]
		if list[i].side != nobody || r == nil {
			continue
		}
		if owner, why := m.foreign(r, values); owner != "" {
			list[i] = claim{side: theirs, owner: owner, reason: why}
		} else if stack := stackOf(r); stack != "" && !stacks[stack] {
			list[i] = claim{side: theirs, owner: "stack " + stack, reason: "belongs to the CloudFormation stack " + stack}
		}
	}
	return list
}

// ownClaim is the claim of answers, marks and seeds.
func (m *maker) ownClaim(i int, inVPC []bool) claim {
	n, r := &m.nodes[i], m.of[i]
	switch m.options.Answers[n.ID] {
	case In:
		return claim{side: ours, reason: "answered: in"}
	case Out:
		return claim{side: theirs, owner: "another (answered)", reason: "answered: out"}
	case Shared:
		return claim{side: both, reason: "answered: shared"}
	}
	switch {
	case r == nil && n.Kind == ExternalAsked:
		return claim{side: void, reason: "was named in questions.yaml"}
	case r == nil:
		return claim{side: void, reason: "stands outside the account"}
	case slices.Contains(r.Marks, inventory.Deleted):
		return claim{side: void, reason: "is deleted already"}
	case slices.Contains(r.Marks, inventory.Operator):
		return claim{side: void, reason: "is the identity that Landfall itself uses"}
	}
	if why := m.seeded(r); why != "" {
		return claim{side: ours, reason: why}
	}
	if inVPC != nil && inVPC[i] {
		return claim{side: ours, reason: "stands in a VPC that is a seed"}
	}
	return claim{}
}

// seeded gives the seed that a resource matches, "" for none.
func (m *maker) seeded(r *inventory.Resource) string {
	s := m.options.Seeds
	if len(s.Tags) > 0 && carries(r.Tags, s.Tags) {
		keys := s.Tags.Keys()
		return "carries the tag " + keys[0] + "=" + s.Tags[keys[0]]
	}
	if stack := stackOf(r); stack != "" && slices.Contains(s.Stacks, stack) {
		return "made by the stack " + stack
	}
	for _, pattern := range s.Names {
		if matchesName(pattern, r.Name) || matchesName(pattern, lastPart(string(r.ID))) {
			return "its name matches " + pattern
		}
	}
	for _, id := range s.IDs {
		if id == string(r.ID) || id == lastPart(string(r.ID)) || slices.Contains(r.Aliases, id) {
			return "named as a seed"
		}
	}
	return ""
}

func carries(tags, wanted cloud.Tags) bool {
	for k, v := range wanted {
		if got, ok := tags[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// matchesName compares with * alone standing for any run of characters.
func matchesName(pattern, name string) bool {
	return name != "" && matches(strings.ReplaceAll(pattern, "?", "\x00"), strings.ReplaceAll(name, "?", "\x00"))
}

// stackOf is the name of the CloudFormation stack that made a resource.
func stackOf(r *inventory.Resource) string {
	stack := r.Stack
	if stack == "" {
		stack = r.Tags["aws:cloudformation:stack-name"]
	}
	if strings.HasPrefix(stack, "arn:") {
		if parts := strings.Split(stack, "/"); len(parts) > 1 {
			stack = parts[1]
		}
	}
	return stack
}

// standing marks what stands in one of the VPCs.
func (m *maker) standing(vpcs []string) []bool {
	if len(vpcs) == 0 {
		return nil
	}
	in := make([]bool, len(m.nodes))
	var queue []int32
	for i := range m.nodes {
		if m.nodes[i].Kind == "AWS::EC2::VPC" && (slices.Contains(vpcs, lastPart(string(m.nodes[i].ID))) || slices.Contains(vpcs, string(m.nodes[i].ID))) {
			in[i] = true
			queue = append(queue, int32(i))
		}
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, e := range m.into.of(n) {
			if from := m.ends[e][0]; !in[from] && !m.edges[e].Potential && m.edges[e].Relation.trait().stands {
				in[from] = true
				queue = append(queue, from)
			}
		}
	}
	return in
}

// ownerTags are the tag names that tell a workload, small letters.
func (m *maker) ownerTags() []string {
	if len(m.options.OwnerTags) > 0 {
		list := make([]string, len(m.options.OwnerTags))
		for i, t := range m.options.OwnerTags {
			list[i] = strings.ToLower(t)
		}
		return list
	}
	return []string{"workload", "application", "app", "service", "project", "system"}
}

// ourValues are the values of owner tags that resources of the workload carry
// as well: those do not tell another workload.
func (m *maker) ourValues(list []claim) map[string]bool {
	values := map[string]bool{}
	for i, c := range list {
		if c.side != ours || m.of[i] == nil {
			continue
		}
		for k, v := range m.of[i].Tags {
			values[strings.ToLower(k)+"="+v] = true
		}
	}
	return values
}

func (m *maker) ourStacks(list []claim) map[string]bool {
	stacks := map[string]bool{}
	for i, c := range list {
		if c.side == ours && m.of[i] != nil {
			stacks[stackOf(m.of[i])] = true
		}
	}
	return stacks
}

// foreign gives the other workload that a resource's tags name.
func (m *maker) foreign(r *inventory.Resource, values map[string]bool) (owner, why string) {
	for _, k := range m.options.Seeds.Tags.Keys() {
		if v, ok := r.Tags[k]; ok && v != "" && v != m.options.Seeds.Tags[k] && !values[strings.ToLower(k)+"="+v] {
			return v, "belongs to " + v + ": it carries the tag " + k + "=" + v
		}
	}
	for _, wanted := range m.ownerTags() {
		for _, k := range r.Tags.Keys() {
			if v := r.Tags[k]; strings.ToLower(k) == wanted && v != "" && !values[wanted+"="+v] {
				return v, "belongs to " + v + ": it carries the tag " + k + "=" + v
			}
		}
	}
	return "", ""
}
