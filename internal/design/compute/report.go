package compute

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

const reportKind = "AWS::SSM::ManagedInstanceInventory"

// report is what Systems Manager's agent says of the system that it runs on.
type report struct {
	instance, name, version string
}

func (r report) text() string { return strings.TrimSpace(r.name + " " + r.version) }

// reportOf reads a managed node as DescribeInstanceInformation gives it, or as
// AWS Config records it: there the facts stand inside "AWS:InstanceInformation",
// below the id of the machine (AWS Config Developer Guide, "Recording software
// configuration for managed instances").
func reportOf(r *inventory.Resource) report {
	out := informed(map[string]any(r.Properties), 0)
	out.instance = cmp.Or(design.Text(r.Properties, "InstanceId"), out.instance, design.Text(r.Properties, "ResourceId"), r.Name)
	return out
}

// reportDepth is how deep the facts of a managed node may stand.
const reportDepth = 4

func informed(m map[string]any, depth int) report {
	if name := plainText(m, "PlatformName"); name != "" {
		return report{instance: plainText(m, "InstanceId"), name: name, version: plainText(m, "PlatformVersion")}
	}
	if depth == reportDepth {
		return report{}
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if inner, ok := m[key].(map[string]any); ok {
			if found := informed(inner, depth+1); found.name != "" {
				return found
			}
		}
	}
	return report{}
}

// startReports notes what is reported of each machine, of the groups that
// machines are members of, and of the images that they started from.
func (f *family) startReports(c *design.Context) {
	for _, r := range c.Known(reportKind) {
		said := reportOf(r)
		i, ok := c.Find(r, said.instance, instanceKind)
		if !ok || said.name == "" {
			continue
		}
		f.reports[string(i.ID)] = append(f.reports[string(i.ID)], said.text())
		if g := f.groups[i.ID]; g != nil {
			f.reports[string(g.ID)] = append(f.reports[string(g.ID)], said.text())
		}
		if image := plainText(i.Properties, "ImageId"); image != "" {
			f.reports[image] = append(f.reports[image], said.text())
		}
	}
}

// reported is what Systems Manager says of the machine: of itself or of its
// members, else of others that started from the same image. Members that differ
// give what most of them say.
func (m *machine) reported() string {
	for _, key := range []string{string(m.r.ID), plainText(m.R.Properties, "ImageId")} {
		if said := mostSaid(m.f.reports[key]); said != "" && key != "" {
			return said
		}
	}
	return ""
}

// mostSaid is the text that occurs most often, the first of the alphabet among equals.
func mostSaid(texts []string) string {
	counts := map[string]int{}
	for _, text := range texts {
		counts[text]++
	}
	var best string
	for _, text := range slices.Sorted(maps.Keys(counts)) {
		if counts[text] > counts[best] {
			best = text
		}
	}
	return best
}
