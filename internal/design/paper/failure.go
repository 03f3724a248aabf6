package paper

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
)

// failures prints the failure modes of each critical flow: component by
// component, before and after, with what stands against each.
func failures(d *design.Design, g *graph.Graph) []byte {
	s := begin("Failure modes of the critical flows")
	targets := map[cloud.ResourceID]design.Decision{}
	for _, v := range d.Decisions {
		targets[v.Source] = v
	}
	e, called := estateOf(d), titles(d)
	if len(g.Flows) == 0 {
		s.line("")
		s.line("The graph has no critical flow.")
	}
	for _, f := range g.Flows {
		s.title("%s", escape(f.Name))
		s.line("Criticality: %s. Recovery time: %s. Data loss: %s.", unknown(string(f.Criticality)), duration(f.RTOSeconds), duration(f.RPOSeconds))
		for _, fact := range f.Facts {
			s.line("- before: %s", escape(fact))
		}
		s.line("")
		rows := [][]string{{"component", "target", "failure", "what stands against it", "without people", "cuts the flow"}}
		kinds := kindsOf(f, targets)
		seen := map[string]bool{}
		for _, id := range f.Components {
			v, ok := targets[id]
			if !ok {
				continue
			}
			name := called(v)
			if kinds[v.Name] > 1 {
				name += " (" + strings.TrimPrefix(string(v.Kind), "AWS::") + ")"
			}
			cuts := "no"
			if slices.Contains(f.SinglePoints, id) {
				cuts = "yes"
			}
			for _, row := range component(v, e, []string{name, cuts}) {
				// Instances of one group fail alike.
				if key := strings.Join(row, "\x00"); !seen[key] {
					seen[key] = true
					rows = append(rows, row)
				}
			}
		}
		s.table(rows)
	}
	return s.bytes()
}

// kindsOf counts the kinds of a flow's components that share a name.
func kindsOf(f graph.Flow, targets map[cloud.ResourceID]design.Decision) map[string]int {
	out, seen := map[string]int{}, map[[2]string]bool{}
	for _, id := range f.Components {
		v, ok := targets[id]
		if key := [2]string{v.Name, string(v.Kind)}; ok && !seen[key] {
			seen[key] = true
			out[v.Name]++
		}
	}
	return out
}

// component prints the failure modes of what stands for a decision; label is
// its name and whether its failure cuts the flow.
func component(v design.Decision, e estate, label []string) [][]string {
	var rows [][]string
	for _, r := range bearers(v, e) {
		for _, m := range modes() {
			against, strong := m.against(e, r)
			word := "no"
			if strong {
				word = "yes"
			}
			rows = append(rows, []string{label[0], r.Name, m.name, against, word, label[1]})
		}
	}
	if len(rows) == 0 {
		target := "none (" + string(v.Action) + ")"
		if len(v.Targets) > 0 {
			target = "fails with what uses it"
		}
		rows = [][]string{{label[0], target, "", "", "", label[1]}}
	}
	return rows
}

// bearers are the targets of a decision that fail on their own. Parts stand and
// fall with their parent, which is named where a decision has nothing but
// parts: a queue's namespace, a container's account.
func bearers(v design.Decision, e estate) []design.Resource {
	var own, parents []design.Resource
	for _, id := range v.Targets {
		r, ok := e.byID[id]
		switch {
		case !ok, auxiliary(r.Type):
		case strings.Count(string(r.Type), "/") == 1:
			own = append(own, r)
		default:
			parent, ok := e.byID[parentOf(r)]
			if ok && !auxiliary(parent.Type) && !slices.ContainsFunc(parents, func(p design.Resource) bool { return p.ID == parent.ID }) {
				parents = append(parents, parent)
			}
		}
	}
	if len(own) > 0 {
		return own
	}
	return parents
}

// parentOf returns the id of the resource that a part belongs to, its own for
// what is no part.
func parentOf(r design.Resource) cloud.ResourceID {
	id := string(r.ID)
	for range strings.Count(string(r.Type), "/") - 1 {
		for range 2 {
			id = id[:max(strings.LastIndexByte(id, '/'), 0)]
		}
	}
	return cloud.ResourceID(id)
}

// auxiliary types fail with what they belong to.
func auxiliary(t cloud.Kind) bool {
	for _, part := range []string{"networkInterfaces", "networkSecurityGroups", "applicationSecurityGroups", "roleAssignments", "diagnosticSettings", "privateEndpoints", "autoscalesettings", "privateDnsZones", "userAssignedIdentities"} {
		if strings.HasSuffix(strings.ToLower(string(t)), strings.ToLower(part)) {
			return true
		}
	}
	return false
}

func unknown(text string) string {
	if text == "" {
		return "not known"
	}
	return text
}

func duration(seconds int64) string {
	switch {
	case seconds <= 0:
		return "not known"
	case seconds%3600 == 0:
		return fmt.Sprintf("%d h", seconds/3600)
	}
	return fmt.Sprintf("%d min", seconds/60)
}

// backlog lists what is to be tried before the move: decisions that rest on
// little, and differences that users would notice.
func backlog(d *design.Design) []byte {
	const sure = 0.6
	s := begin("What to try first")
	s.line("")
	s.line("A proof of concept for each decision whose confidence is below %.0f %% and each critical or high gap. Note method and result here or in a copy; this file is printed anew.", sure*100)
	s.line("")
	rows, called := [][]string{{"risk", "resource", "to be shown", "how", "result"}}, titles(d)
	for _, v := range d.Decisions {
		if (v.Action == design.Migrate || v.Action == design.Replace) && v.Confidence < sure {
			rows = append(rows, []string{"medium", called(v), v.Why, "deploy to a non-production environment and run the workload's tests against it", ""})
		}
		for _, g := range v.Gaps {
			if g.Severity == design.Critical || g.Severity == design.High {
				rows = append(rows, []string{string(g.Severity), called(v), "the workload lives with: " + g.Title, g.Do, ""})
			}
		}
	}
	s.table(rows)
	return s.bytes()
}
