package common

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// plainWidth is the number of cells in a line of a table of plain rules.
const plainWidth = 6

// Plain reads a table of rules for kinds whose decision needs no look at their
// properties beyond naming them: lines of rule name, kinds (parted by
// blanks), action, why, what a person does (parted by "; ", "." for nothing) and
// source, parted by tabs; # begins a comment.
func Plain(text string, stage design.Stage) ([]design.Rule, error) {
	var out []design.Rule
	for n, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != plainWidth || slices.Contains(cells, "") {
			return nil, fmt.Errorf("rule line %d: want six cells that say something", n+1)
		}
		action := design.Action(cells[2])
		if !slices.Contains([]design.Action{design.Replace, design.Retire, design.Retain, design.Manual, design.Migrate}, action) {
			return nil, fmt.Errorf("rule line %d: unknown action %q", n+1, cells[2])
		}
		rule := design.Rule{Name: cells[0], Stage: stage, Source: cells[5]}
		for _, kind := range strings.Fields(cells[1]) {
			rule.Kinds = append(rule.Kinds, cloud.Kind(kind))
		}
		rule.Apply = plainly(action, cells[3], cells[4])
		out = append(out, rule)
	}
	return out, nil
}

func plainly(action design.Action, why, todo string) func(*design.Context, *inventory.Resource) design.Decision {
	confidence := map[design.Action]float64{design.Retire: LikeForLike, design.Retain: LikeForLike, design.Replace: NamedGaps, design.Migrate: NamedGaps}[action]
	if confidence == 0 {
		confidence = Redesign
	}
	return func(c *design.Context, r *inventory.Resource) design.Decision {
		s := Open(c, r)
		s.Decide(action, confidence, "%s", strings.ReplaceAll(why, "{name}", r.Name))
		if slices.Contains(r.Marks, inventory.ServiceLinked) || slices.Contains(r.Marks, inventory.Default) {
			s.Decide(design.Retire, LikeForLike, "AWS made %s by itself; the target's services bring their own", r.Name)
			return s.Decision
		}
		if todo != "." {
			for _, step := range strings.Split(todo, "; ") {
				s.Do("%s", strings.ReplaceAll(step, "{name}", r.Name))
			}
		}
		return s.Done()
	}
}
