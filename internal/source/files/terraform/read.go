package terraform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
)

// ReadState reads a state: raw, or as "terraform show -json" prints it. Its
// error ends the scan; what is wrong with the file is refused.
func ReadState(ctx context.Context, q format.Request, to source.Sink) error {
	out := format.NewOutput(to, inventory.TerraformState, q.Document)
	return out.Finish(readState(ctx, q, out))
}

// ReadPlan reads the JSON form of a plan.
func ReadPlan(ctx context.Context, q format.Request, to source.Sink) error {
	out := format.NewOutput(to, inventory.TerraformPlan, q.Document)
	return out.Finish(readPlan(ctx, q, out))
}

// reader converts the instances of one file. The file is read twice: where a
// resource is may only be told by a later one.
type reader struct {
	format.Request
	out    *format.Output
	places *places
	done   []converted
	// ids are the IDs of all instances of a resource or data source, by its
	// address without index.
	ids map[string][]cloud.ResourceID
}

func newReader(q format.Request, out *format.Output) *reader {
	q.Document = q.Document.Held()
	fallback := kinds.Place{Account: q.Account, Region: q.Region}
	return &reader{Request: q, out: out, places: newPlaces(fallback), ids: map[string][]cloud.ResourceID{}}
}

func readState(ctx context.Context, q format.Request, out *format.Output) error {
	r := newReader(q, out)
	err := open(r.Document.Watched(nil), func(j *document.JSON) error {
		return walkAny(j, visitor{
			instance: func(i *instance) error { r.places.learn(i); return ctx.Err() },
			refused:  func(string, error) {}, // the second reading tells
		})
	})
	if err != nil && !isBroken(err) {
		return err
	}
	err = open(r.Document, func(j *document.JSON) error {
		return walkAny(j, visitor{
			instance: func(i *instance) error { r.convert(i); return ctx.Err() },
			refused:  out.Refused,
		})
	})
	return r.finish(err)
}

// finish hands over what was read, also what stands before a break of the
// text, and gives back the error of reading.
func (r *reader) finish(err error) error {
	if err != nil && !isBroken(err) {
		return err
	}
	if ended := r.emit(); ended != nil {
		return ended
	}
	return err
}

func isBroken(err error) bool {
	_, broken := errors.AsType[*document.Broken](err)
	return broken
}

// walkAny visits the instances of a state of either form. Both are objects
// whose members do not overlap.
func walkAny(j *document.JSON, v visitor) error {
	var version int64
	kind, err := j.Members(func(name string) error {
		switch name {
		case "version":
			if err := j.Value(&version); err != nil {
				return err
			}
			return knownVersion(version)
		case "resources":
			return walkV4(j, v)
		case "modules":
			return walkV3(j, v)
		case "values":
			return walkValues(j, v, "#/values")
		}
		return j.Skip()
	})
	if err == nil && kind != document.Object {
		err = fault.Newf(fault.Invalid, "read state: a state is a JSON object, this is a %s", kind)
	}
	return err
}

// convert turns an instance into resources and remembers its ID.
func (r *reader) convert(i *instance) {
	c := converted{instance: i}
	switch {
	case i.mode == "data":
		r.remember(i.base, r.lookedUp(i))
		return
	case i.aws():
		c.resources = r.fromAWS(i)
	default:
		c.resources = []inventory.Resource{external(i)}
	}
	r.remember(i.base, c.resources[0].ID)
	i.values = nil // converted; the tree is not needed any more
	r.done = append(r.done, c)
}

func (r *reader) remember(base string, id cloud.ResourceID) {
	if id != "" {
		r.ids[base] = append(r.ids[base], id)
	}
}

// lookedUp is the ID of what a data source found, "" if it is no resource.
func (r *reader) lookedUp(i *instance) cloud.ResourceID {
	if !i.aws() || len(i.values) == 0 {
		return ""
	}
	resources, err := r.Kinds.FromTerraform(i.kind, r.places.of(i), inlined(i.kind, i.values))
	if err != nil || len(resources) == 0 {
		return ""
	}
	return resources[0].ID
}

func (r *reader) fromAWS(i *instance) []inventory.Resource {
	at := r.places.of(i)
	resources, err := r.Kinds.FromTerraform(i.kind, at, inlined(i.kind, i.values))
	if err != nil && i.action == "create" {
		resources, err = r.planned(i, at)
	}
	if err == nil && len(resources) == 0 {
		err = fault.Newf(fault.Unsupported, "convert %q: the type has no resource of its own", i.kind)
	}
	if err != nil {
		r.out.Refused(i.place, fmt.Errorf("%s: %w", i.address, err))
		kept := external(i)
		kept.Account, kept.Region = at.Account, at.Region
		return []inventory.Resource{kept}
	}
	own := &resources[0]
	// The id of a type without a kind is unique in its own way only: that of an
	// aws_s3_object is its key, in whatever bucket.
	if own.ID == "" || strings.HasPrefix(string(own.ID), "Terraform::") {
		own.ID = terraformID(i.address)
	}
	if r.Kinds.TerraformPart(i.kind) {
		i.part = true
		own.Attributes = attributesWith(own.Attributes, "terraformParts", map[string]any{i.address: i.kind})
		return resources
	}
	own.LogicalID = i.address
	return resources
}

func attributesWith(attributes map[string]any, name string, value any) map[string]any {
	if attributes == nil {
		attributes = map[string]any{}
	}
	attributes[name] = value
	return attributes
}

// external is a resource of which no more is known than that Terraform
// manages it. Its values stay out: of other providers' resources nobody has
// said which of them are secrets.
func external(i *instance) inventory.Resource {
	return inventory.Resource{
		ID: terraformID(i.address), Kind: cloud.Kind("Terraform::" + i.kind),
		Name: i.name, LogicalID: i.address, Properties: inventory.Properties{},
	}
}

// emit hands everything over, with what each depends on.
func (r *reader) emit() error {
	for _, c := range r.done {
		own := &c.resources[0]
		r.annotate(c.instance, own)
		for n := range c.resources {
			if c.part {
				continue // the address is that of another resource
			}
			// A nested resource lives and dies with its parent's address.
			c.resources[n].LogicalID = format.First(c.resources[n].LogicalID, c.address)
		}
		if err := r.out.Found(c.place, c.resources...); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) annotate(i *instance, own *inventory.Resource) {
	set := func(name string, value string) {
		if value != "" {
			own.Attributes = attributesWith(own.Attributes, name, value)
		}
	}
	set("terraformProvider", i.provider)
	set("plannedAction", i.action)
	set("deposed", i.deposed)
	if i.tainted {
		own.Attributes = attributesWith(own.Attributes, "tainted", true)
	}
	if len(i.unknown) > 0 {
		own.Attributes = attributesWith(own.Attributes, "unknownUntilApply", anyList(i.unknown))
	}
	if needs := r.needs(i, own.ID); len(needs) > 0 {
		own.Attributes = attributesWith(own.Attributes, "dependsOn", anyList(needs))
	}
}

// needs are the IDs behind the addresses that an instance depends on. A module
// among them stands for nothing that has an ID.
func (r *reader) needs(i *instance, self cloud.ResourceID) []string {
	var ids []string
	for _, address := range i.needs {
		for _, id := range r.ids[baseOf(address)] {
			if id != self {
				ids = append(ids, string(id))
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func anyList(texts []string) []any {
	out := make([]any, len(texts))
	for i, text := range texts {
		out[i] = text
	}
	return out
}

// moduleOf is the module of an address: everything before the type.
func moduleOf(address string) string {
	base, end := address, 0
	for strings.HasPrefix(base[end:], "module.") {
		next := endOfLeg(base, end+len("module."))
		if next >= len(base) || base[next] != '.' {
			break
		}
		end = next + 1
	}
	return strings.TrimSuffix(address[:end], ".")
}

// endOfLeg is where the name that begins at i ends, with its index.
func endOfLeg(address string, i int) int {
	depth, quoted := 0, false
	for ; i < len(address); i++ {
		switch c := address[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == '.' && depth == 0:
			return i
		}
	}
	return len(address)
}
