package design

import (
	"slices"

	"example.com/landfall/internal/cloud"
)

// TemplateLimit is how many resources one ARM template takes (Microsoft Learn,
// "Best practices for ARM templates", template limits).
const TemplateLimit = 800

// Split cuts a design into parts of at most most resources that can be
// deployed one after the other: what a resource needs stands in the same part
// or in an earlier one. dependsOn keeps only what is in the same part. Each part
// has all parameters that its bodies name.
func Split(d *Design, most int) []*Design {
	order := waves(d.Resources)
	var parts []*Design
	for at := 0; at < len(order); at += most {
		part := *d
		part.Resources = slices.Clone(order[at:min(at+most, len(order))])
		inside := map[cloud.ResourceID]bool{}
		for _, r := range part.Resources {
			inside[r.ID] = true
		}
		for i, r := range part.Resources {
			part.Resources[i].DependsOn = slices.DeleteFunc(slices.Clone(r.DependsOn), func(id cloud.ResourceID) bool { return !inside[id] })
		}
		slices.SortFunc(part.Resources, func(a, b Resource) int { return compareID(a.ID, b.ID) })
		part.Parameters = used(part.Resources, d.Parameters)
		parts = append(parts, &part)
	}
	return parts
}

// waves orders resources so that each stands behind what it needs; within a
// wave by id. What is in a cycle comes last.
func waves(resources []Resource) []Resource {
	left := map[cloud.ResourceID]Resource{}
	for _, r := range resources {
		left[r.ID] = r
	}
	var out []Resource
	for len(left) > 0 {
		var wave []Resource
		for _, r := range left {
			if !slices.ContainsFunc(r.DependsOn, func(id cloud.ResourceID) bool { _, waits := left[id]; return waits }) {
				wave = append(wave, r)
			}
		}
		if len(wave) == 0 {
			for _, r := range left {
				wave = append(wave, r)
			}
		}
		slices.SortFunc(wave, func(a, b Resource) int { return compareID(a.ID, b.ID) })
		for _, r := range wave {
			delete(left, r.ID)
		}
		out = append(out, wave...)
	}
	return out
}

func used(resources []Resource, all []Parameter) []Parameter {
	named := map[string]bool{}
	for _, r := range resources {
		walk(r.Body, func(text string) {
			if name, ok := ParameterIn(text); ok {
				named[name] = true
			}
		})
	}
	out := []Parameter{}
	for _, p := range all {
		if named[p.Name] {
			out = append(out, p)
		}
	}
	return out
}
