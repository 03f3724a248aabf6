package terraform

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
)

// change is a member of resource_changes. Terraform lists there every managed
// resource of the plan, also those that stay as they are.
type change struct {
	Address  string `json:"address"`
	Mode     string `json:"mode"`
	Type     string `json:"type"`
	Name     string `json:"name"`
	Provider string `json:"provider_name"`
	Deposed  string `json:"deposed"`
	Change   struct {
		Actions         []string       `json:"actions"`
		Before          map[string]any `json:"before"`
		After           map[string]any `json:"after"`
		AfterUnknown    any            `json:"after_unknown"`
		BeforeSensitive any            `json:"before_sensitive"`
		AfterSensitive  any            `json:"after_sensitive"`
	} `json:"change"`
}

// planReader adds to a reader what only a plan has: the configuration, whose
// references say what a value will be that is not known yet.
type planReader struct {
	*reader
	configuration *module
	// changed are the addresses of resource_changes; what prior_state has
	// beyond them was left out of the plan (-target).
	changed map[string]bool
	planned bool
}

func readPlan(ctx context.Context, q format.Request, out *format.Output) error {
	p := &planReader{reader: newReader(q, out), changed: map[string]bool{}}
	quiet := visitor{
		instance: func(i *instance) error { p.places.learn(i); p.changed[i.address] = true; return ctx.Err() },
		refused:  func(string, error) {}, // the second reading tells
	}
	learn := quiet
	learn.instance = func(i *instance) error { p.places.learn(i); return ctx.Err() }
	err := open(p.Document.Watched(nil), func(j *document.JSON) error {
		return p.walk(j, quiet, learn)
	})
	if err != nil && !isBroken(err) {
		return err
	}
	if err == nil && !p.planned {
		return fault.Newf(fault.Invalid, "read plan: it has no resource_changes").
			Hintf("a plan in JSON is the output of: terraform show -json PLANFILE")
	}
	main := visitor{refused: out.Refused, instance: func(i *instance) error { p.convert(i); return ctx.Err() }}
	prior := main
	prior.instance = func(i *instance) error {
		if i.mode == "data" || !p.changed[i.address] {
			p.convert(i)
		}
		return ctx.Err()
	}
	err = open(p.Document, func(j *document.JSON) error { return p.walk(j, main, prior) })
	p.settle()
	return p.finish(err)
}

// walk visits the changes of a plan and its prior state, and reads the
// configuration when it comes by.
func (p *planReader) walk(j *document.JSON, changes, prior visitor) error {
	kind, err := j.Members(func(name string) error {
		switch name {
		case "resource_changes":
			p.planned = true
			return p.walkChanges(j, changes)
		case "planned_values":
			p.planned = true
		case "prior_state":
			return walkPrior(j, prior)
		case "configuration":
			if p.configuration == nil {
				return p.readConfiguration(j)
			}
		}
		return j.Skip()
	})
	if err == nil && kind != document.Object {
		err = fault.Newf(fault.Invalid, "read plan: a plan is a JSON object, this is a %s", kind)
	}
	return err
}

func walkPrior(j *document.JSON, v visitor) error {
	_, err := j.Members(func(name string) error {
		if name == "values" {
			return walkValues(j, v, "#/prior_state/values")
		}
		return j.Skip()
	})
	return err
}

func (p *planReader) walkChanges(j *document.JSON, v visitor) error {
	_, err := j.Items(func(i int) error {
		var c change
		place := "#/resource_changes/" + strconv.Itoa(i)
		if err := j.Value(&c); err != nil {
			return refuse(v, place, err)
		}
		if c.Address == "" || c.Type == "" {
			v.refused(place, fault.Newf(fault.Invalid, "read change: no address or no type"))
			return nil
		}
		return v.instance(p.instance(&c, place))
	})
	return err
}

// instance is the resource as it will be; one that is to be deleted, as it is.
func (p *planReader) instance(c *change, place string) *instance {
	before, after := c.Change.Before, c.Change.After
	document.Plain(before)
	document.Plain(after)
	hideMarked(before, c.Change.BeforeSensitive)
	hideMarked(after, c.Change.AfterSensitive)
	i := &instance{
		address: c.Address, base: baseOf(c.Address), module: moduleOf(c.Address), mode: c.Mode, kind: c.Type, name: c.Name,
		provider: providerName(c.Provider), deposed: c.Deposed, action: actionOf(c.Change.Actions), place: place,
	}
	i.values = after
	if after == nil {
		i.values = before
	}
	if i.values == nil {
		i.values = map[string]any{}
	}
	for _, name := range []string{"id", "arn"} {
		// What replaces a resource has no id yet; until then it has the old one.
		if _, known := i.values[name].(string); !known && before[name] != nil {
			i.values[name] = before[name]
		}
	}
	if after != nil {
		i.unknown = marked(c.Change.AfterUnknown, "")
	}
	if p.configuration != nil {
		p.configure(i)
	}
	return i
}

// actionOf is one word for the actions of a change: Terraform writes a
// replacement as delete and create, in the order in which they are done.
func actionOf(actions []string) string {
	if len(actions) == 2 && slices.Contains(actions, "delete") && slices.Contains(actions, "create") {
		return "replace"
	}
	return strings.Join(actions, ",")
}

// configure adds what the configuration says of an instance: what it refers
// to, and for a value that is not known yet, whose it will be.
func (p *planReader) configure(i *instance) {
	block := p.configuration.find(i.base)
	if block == nil {
		return
	}
	if block.provider != "" {
		i.provider = block.provider
	}
	for _, name := range sortedKeys(block.expressions) {
		targets := block.targets(block.expressions[name])
		for _, t := range targets {
			i.needs = append(i.needs, t.address)
		}
		if _, known := i.values[name]; known && i.values[name] != nil || !slices.Contains(i.unknown, name) || len(targets) != 1 {
			continue
		}
		i.values[name] = placeholder(targets[0])
	}
	for _, text := range block.dependsOn {
		for _, t := range block.targets([]string{text}) {
			i.needs = append(i.needs, t.address)
		}
	}
}

// placeholder is the reference to a planned resource by its address; settle
// puts the ID in its place once all are known.
func placeholder(t target) string {
	attribute := t.attribute
	switch attribute {
	case "id":
		attribute = ""
	case "arn":
		attribute = "Arn"
	}
	return inventory.Reference{Resource: terraformID(t.address), Attribute: attribute}.String()
}

// settle replaces references by address with references by ID.
func (p *planReader) settle() {
	for _, c := range p.done {
		if len(c.unknown) == 0 {
			continue
		}
		for _, resource := range c.resources {
			for name, value := range resource.Properties {
				resource.Properties[name] = p.settled(c.instance, value)
			}
		}
	}
}

func (p *planReader) settled(i *instance, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			value[name] = p.settled(i, member)
		}
	case []any:
		for n, member := range value {
			value[n] = p.settled(i, member)
		}
	case string:
		for _, ref := range inventory.References(value) {
			if id := p.idFor(i, ref.Resource); id != "" {
				value = strings.ReplaceAll(value, ref.String(), inventory.Reference{Resource: id, Attribute: ref.Attribute}.String())
			}
		}
		return value
	}
	return value
}

// idFor is the ID of the instance that another refers to: of several, the one
// with the same index ("count.index", "each.key"), else the first.
func (p *planReader) idFor(i *instance, ref cloud.ResourceID) cloud.ResourceID {
	base, found := strings.CutPrefix(string(ref), "terraform:")
	if !found || len(p.ids[base]) == 0 {
		return ""
	}
	index := strings.TrimPrefix(i.address, baseOf(i.address))
	for _, id := range p.ids[base] {
		if index != "" && strings.HasSuffix(string(id), index) {
			return id
		}
	}
	return p.ids[base][0]
}
