package design

import (
	"fmt"
	"slices"
	"testing"

	"example.com/landfall/internal/cloud"
	"pgregory.net/rapid"
)

// Any cut of any design can be deployed part after part, and loses nothing.
func TestSplitKeepsTheOrderAndEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "resources")
		d := &Design{Parameters: []Parameter{{Name: "a"}, {Name: "b"}}}
		for i := range n {
			r := Resource{ID: cloud.ResourceID(fmt.Sprintf("/r%02d", i)), Body: map[string]any{"x": fmt.Sprintf("[parameters('%s')]", rapid.SampledFrom([]string{"a", "b", "none"}).Draw(t, "p"))}}
			for _, j := range rapid.SliceOfN(rapid.IntRange(0, max(i-1, 0)), 0, 3).Draw(t, "needs") {
				if j < i {
					r.DependsOn = append(r.DependsOn, cloud.ResourceID(fmt.Sprintf("/r%02d", j)))
				}
			}
			d.Resources = append(d.Resources, r)
		}
		most := rapid.IntRange(1, 10).Draw(t, "most")
		seen := map[cloud.ResourceID]bool{}
		for _, part := range Split(d, most) {
			if len(part.Resources) == 0 || len(part.Resources) > most {
				t.Fatalf("a part of %d", len(part.Resources))
			}
			inside := map[cloud.ResourceID]bool{}
			for _, r := range part.Resources {
				inside[r.ID] = true
			}
			for _, r := range part.Resources {
				at := slices.IndexFunc(d.Resources, func(o Resource) bool { return o.ID == r.ID })
				for _, need := range d.Resources[at].DependsOn {
					if !seen[need] && !inside[need] {
						t.Fatalf("%s stands before %s", r.ID, need)
					}
					if inside[need] != slices.Contains(r.DependsOn, need) {
						t.Fatalf("%s waits for %v", r.ID, r.DependsOn)
					}
				}
				name, _ := ParameterIn(r.Body["x"].(string))
				if name != "none" && !slices.ContainsFunc(part.Parameters, func(p Parameter) bool { return p.Name == name }) {
					t.Fatalf("parameter %q is missing", name)
				}
			}
			for id := range inside {
				seen[id] = true
			}
		}
		if len(seen) != n {
			t.Fatalf("%d of %d", len(seen), n)
		}
	})
}
