package data

import (
	_ "embed"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
)

//go:embed others.tsv
var othersTSV string

// other is a row for kinds whose decision needs no configuration of a target:
// those that belong to something else, that a migration makes useless, or that
// a person has to build anew with what the row says.
type other struct {
	kinds  []cloud.Kind
	action design.Action
	days   int
	// target is the counterpart that a person builds, why the reason, do what to
	// do, keep the properties whose values a person needs for it.
	target, why string
	do          []string
	keep        []string
}

const otherWidth = 7

// others reads the table. A row that cannot be read is left out; a test counts
// them.
func others() []other {
	var out []other
	for line := range strings.Lines(othersTSV) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || len(cells) != otherWidth {
			continue
		}
		o := other{action: design.Action(cells[1]), target: strings.Trim(cells[3], "."), why: cells[4]}
		o.days = design.Int(map[string]any{"v": cells[2]}, "v", 0)
		for _, k := range strings.Fields(cells[0]) {
			o.kinds = append(o.kinds, cloud.Kind("AWS::"+k))
		}
		if cells[5] != "." {
			o.do = strings.Split(cells[5], " | ")
		}
		if cells[6] != "." {
			o.keep = strings.Fields(cells[6])
		}
		out = append(out, o)
	}
	return out
}

func (b *book) otherRules() []design.Rule {
	var out []design.Rule
	for _, o := range others() {
		_, rest, _ := strings.Cut(string(o.kinds[0]), "::")
		service, kind, _ := strings.Cut(rest, "::")
		out = append(out, b.rule(strings.ToLower(service+"/"+kind), "Azure Architecture Center, AWS to Azure services comparison", o.decide, o.kinds...))
	}
	return out
}

func (o other) decide(s *sheet) design.Decision {
	var facts []string
	for _, name := range o.keep {
		if v := s.At(name); !void(v) {
			facts = append(facts, name+"="+common.Shown(v))
		}
	}
	why := o.why
	if len(facts) > 0 {
		why += " (" + strings.Join(facts, ", ") + ")"
	}
	for _, do := range o.do {
		s.Do("%s", strings.ReplaceAll(do, "{name}", s.r.Name))
	}
	if o.target != "" {
		s.Not(o.target, map[bool]string{true: "no rule writes its configuration: it is built anew from the facts above", false: "a part of it takes this over"}[o.action == design.Manual])
	}
	confidence := map[design.Action]float64{design.Manual: 0.4, design.Replace: 0.6, design.Retire: 0.8, design.Retain: 0.7, design.Migrate: 0.6}[o.action]
	if o.action == design.Manual {
		why = "no automatic mapping: " + why
		s.Decision.EffortDays = float64(o.days)
	}
	return s.done(o.action, confidence, "%s", why)
}
