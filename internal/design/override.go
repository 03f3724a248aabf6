package design

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/go-azure-sdk/resource-manager/redisenterprise/2025-07-01/redisenterprise"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// Override changes one decision.
type Override struct {
	// Source is a resource's id, alias or name, or KIND/NAME where resources of
	// several kinds share a name; * stands for any run of characters.
	Source string
	// Action replaces the rule's action, "" leaves it.
	Action Action
	// Size is the size or SKU to take, "" leaves it to the rule.
	Size string
	// Target chooses one of the rule's alternatives by its kind, "" leaves it.
	Target string
	// Reason is kept in the decision.
	Reason string
}

var qualified = regexp.MustCompile(`^([A-Za-z0-9]+::[A-Za-z0-9]+::[A-Za-z0-9]+)/(.+)$`)

func (o Override) matches(r *inventory.Resource) bool {
	source := o.Source
	if m := qualified.FindStringSubmatch(source); m != nil {
		if m[1] != string(r.Kind) {
			return false
		}
		source = m[2]
	}
	for _, name := range append([]string{string(r.ID), r.Name, r.LogicalID}, r.Aliases...) {
		if name == "" {
			continue
		}
		if ok, err := path.Match(source, name); name == source || (err == nil && ok) {
			return true
		}
	}
	return false
}

// many reports whether the override means several resources on purpose.
func (o Override) many() bool { return strings.ContainsAny(o.Source, "*?[") }

// settles reports whether the override takes the resource away from its rule.
func (o Override) settles() bool {
	return o.Action == Retain || o.Action == Retire || o.Action == Manual
}

// OverrideFault is something of landfall.yaml that cannot be what was meant.
type OverrideFault struct {
	// Index counts the overrides from 0, Field is "source", "size" or "target".
	Index int
	Field string
	Text  string
}

// CheckOverrides finds overrides that hit several resources of a name, and sizes
// and targets that do not exist. The error is that of Make.
func CheckOverrides(in Input) ([]OverrideFault, error) {
	if len(in.Options.Overrides) == 0 {
		return nil, nil
	}
	c, rules, err := newContext(in)
	if err != nil {
		return nil, err
	}
	var out []OverrideFault
	for i, o := range in.Options.Overrides {
		hit := slices.DeleteFunc(slices.Clone(c.ordered), func(r *inventory.Resource) bool { return !o.matches(r) })
		if len(hit) > 1 && !o.many() {
			out = append(out, OverrideFault{i, "source", ambiguous(o, hit)})
			continue
		}
		for _, check := range []struct{ field, value, text string }{
			{"size", o.Size, c.wrongSize(o, hit)}, {"target", o.Target, wrongTarget(o, hit, rules)},
		} {
			if check.value != "" && check.text != "" {
				out = append(out, OverrideFault{i, check.field, check.text})
			}
		}
	}
	return out, nil
}

// ambiguous lists what shares a name, and how to say which one is meant.
func ambiguous(o Override, hit []*inventory.Resource) string {
	const shown = 6
	kinds := map[cloud.Kind]int{}
	for _, r := range hit {
		kinds[r.Kind]++
	}
	var list []string
	for _, r := range hit[:min(len(hit), shown)] {
		way := string(r.Kind) + "/" + o.Source
		if kinds[r.Kind] > 1 || qualified.MatchString(o.Source) {
			way = string(r.ID)
		}
		list = append(list, way)
	}
	more := ""
	if n := len(hit) - shown; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%q is the name of %d resources; say which one: %s%s", o.Source, len(hit), strings.Join(list, ", "), more)
}

// wrongSize says why a size cannot be taken, "" when it can or nothing is known
// of the sizes of that kind.
func (c *Context) wrongSize(o Override, hit []*inventory.Resource) string {
	for _, r := range hit {
		known, of := c.sizes(r)
		if len(known) == 0 {
			continue
		}
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, o.Size) }) {
			return fmt.Sprintf("%q is no size of %s; %s", o.Size, of, orNearest(o.Size, known))
		}
		sold, told := c.Catalog.SoldIn(o.Size, string(c.Place.Location))
		if of == machines && told && !sold {
			offered := slices.DeleteFunc(known, func(k string) bool { ok, _ := c.Catalog.SoldIn(k, string(c.Place.Location)); return !ok })
			return fmt.Sprintf("region %s does not sell %q; %s", c.Place.Location, o.Size, orNearest(o.Size, offered))
		}
	}
	return ""
}

const machines = "a virtual machine"

// sizes returns what a size of a kind can be, and of what it is the size; none
// where the catalogue has no list.
func (c *Context) sizes(r *inventory.Resource) (known []string, of string) {
	switch service := r.Kind.Service(); {
	case slices.Contains([]string{"EC2", "AutoScaling", "EKS", "Batch", "ElasticBeanstalk"}, service):
		for _, s := range c.Catalog.VMSizes() {
			known = append(known, s.Name)
		}
		return known, machines
	case service == "RDS" && !strings.Contains(Text(r.Properties, "Engine"), "sqlserver") && !strings.Contains(Text(r.Properties, "Engine"), "oracle"):
		for _, s := range c.Catalog.DatabaseSkus(Text(r.Properties, "Engine")) {
			known = append(known, s.Name)
		}
		return known, "a flexible server"
	case service == "ElastiCache" || service == "MemoryDB":
		return redisenterprise.PossibleValuesForSkuName(), "Azure Managed Redis"
	}
	return nil, ""
}

// wrongTarget says why a rule cannot make a kind, "" when it can, or when no
// rule decides and a person builds it.
func wrongTarget(o Override, hit []*inventory.Resource, rules map[cloud.Kind]*Rule) string {
	for _, r := range hit {
		rule := rules[r.Kind]
		if rule == nil {
			continue
		}
		var known []string
		for _, k := range rule.Targets {
			known = append(known, string(k))
		}
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, o.Target) }) {
			return fmt.Sprintf("%q is nothing that %s can become; %s", o.Target, r.Kind, orNearest(o.Target, known))
		}
	}
	return ""
}

// orNearest names what may have been meant: the nearest, else the first ones.
func orNearest(word string, known []string) string {
	const most = 4
	if near := Nearest(word, known, most); len(near) > 0 {
		return "nearest: " + strings.Join(near, ", ")
	}
	if len(known) == 0 {
		return "there is none"
	}
	return "known: " + strings.Join(known[:min(len(known), most)], ", ")
}

// ineffective finds overrides whose size or target shows in nothing that was
// made: the rule does not ask for one.
func (c *Context) ineffective() {
	for _, o := range c.Options.Overrides {
		if o.settles() {
			continue
		}
		for _, r := range c.ordered {
			if !o.matches(r) || c.decided[r.ID].Rule == unmappedRule {
				continue
			}
			for _, wish := range [][2]string{{"size", o.Size}, {"target", o.Target}} {
				if wish[1] == "" || c.shows(r, wish[1]) {
					continue
				}
				c.Finding(Finding{
					ID: "override.ineffective:" + word(cmp.Or(r.Name, string(r.ID))) + ":" + wish[0], Severity: Medium, About: []cloud.ResourceID{r.ID},
					Text: fmt.Sprintf("landfall.yaml asks for %s %q of %s (%s), and its rule takes none: the design is as without it", wish[0], wish[1], r.Name, r.Kind),
					Do:   "take it out of design.overrides, or decide the resource as manual and build it by hand",
				})
			}
		}
	}
}

// shows reports whether a text is a type, or stands in the body, of what was
// made for a resource.
func (c *Context) shows(r *inventory.Resource, text string) bool {
	for _, id := range c.targets[r.ID] {
		t := c.byID[key(id)]
		if t == nil {
			continue
		}
		found := strings.EqualFold(string(t.Type), text)
		walk(t.Body, func(s string) { found = found || strings.EqualFold(s, text) })
		if found {
			return true
		}
	}
	return false
}

// ruled designs without what landfall.yaml takes away from the rules, so that
// the record of such a decision says what the rule would have done and why. It
// returns nil where nothing is taken away.
func ruled(in Input) (map[cloud.ResourceID]*Ruled, error) {
	if !slices.ContainsFunc(in.Options.Overrides, Override.settles) {
		return nil, nil
	}
	all := in.Options.Overrides
	in.Options.Overrides = slices.Clone(all)
	for i := range in.Options.Overrides {
		if o := &in.Options.Overrides[i]; o.settles() {
			o.Action = ""
		}
	}
	d, err := Make(in)
	if err != nil {
		return nil, err
	}
	kinds := map[cloud.ResourceID]cloud.Kind{}
	for _, r := range d.Resources {
		kinds[r.ID] = r.Type
	}
	out := map[cloud.ResourceID]*Ruled{}
	for i := range d.Decisions {
		out[d.Decisions[i].Source] = recordOf(&d.Decisions[i], kinds)
	}
	return out, nil
}

// recordOf keeps a rule's decision beside the one that takes its place.
func recordOf(d *Decision, kinds map[cloud.ResourceID]cloud.Kind) *Ruled {
	out := &Ruled{Action: d.Action, Why: d.Why, Rule: d.Rule, Confidence: d.Confidence, Targets: []cloud.Kind{}, Gaps: append([]Gap{}, d.Gaps...)}
	for _, id := range d.Targets {
		if k := kinds[id]; k != "" && !slices.Contains(out.Targets, k) {
			out.Targets = append(out.Targets, k)
		}
	}
	slices.Sort(out.Targets)
	return out
}

// overridden is the decision on a resource that landfall.yaml takes away from
// its rule.
func (c *Context) overridden(base Decision, o Override) Decision {
	base.Action, base.Rule, base.Override, base.Confidence = o.Action, "landfall.yaml", o.Reason, 1
	base.Why = cmp.Or(o.Reason, "landfall.yaml decides so without a reason")
	base.Ruled = c.ruled[base.Source]
	if o.Action != Manual {
		return base
	}
	do := "do by hand what landfall.yaml decides for " + cmp.Or(base.Name, string(base.Source))
	if base.Ruled != nil {
		base.Gaps = slices.Clone(base.Ruled.Gaps)
		if len(base.Ruled.Targets) > 0 {
			do += "; the rule would have made " + joinKinds(base.Ruled.Targets)
		}
	}
	base.ToDo = []string{do}
	return base
}

func joinKinds(kinds []cloud.Kind) string {
	var out []string
	for _, k := range kinds {
		out = append(out, string(k))
	}
	return strings.Join(out, ", ")
}

// chosen is what landfall.yaml says of a kind that no rule decides.
func chosen(d Decision, o Override, service catalog.Service) Decision {
	d.Override = o.Reason
	if o.Action != "" {
		d.Action = o.Action
	}
	target := cmp.Or(o.Target, service.Azure)
	if o.Target != "" && o.Action == "" {
		d.Action = Replace
	}
	if target != "" {
		d.ToDo = []string{"configure " + target + " for " + cmp.Or(d.Name, string(d.Source)) + " by hand, as landfall.yaml decides"}
		d.Alternatives = nil
	}
	return d
}
