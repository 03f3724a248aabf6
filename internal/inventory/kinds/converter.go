package kinds

import (
	"cmp"
	"maps"
	"slices"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
)

// Converter converts; New makes one. It is safe for concurrent use, and costly
// enough to be made once per scan.
type Converter struct {
	schemas   *cfn.Catalog
	rules     map[cloud.Kind]compiled
	arns      arnTable
	terraform map[string]terraformType
}

// New returns a converter with the rules of all families.
func New() *Converter {
	c := &Converter{schemas: cfn.Load(), rules: map[cloud.Kind]compiled{}, arns: readARNs(arnForms), terraform: readTerraform(terraformTypes)}
	for _, family := range families() {
		for _, rule := range family {
			c.rules[rule.Kind] = compile(rule)
		}
	}
	return c
}

// families are the rules of all kinds that have one.
func families() [][]Rule { return append(networkFamilies(), serviceFamilies()...) }

// Schemas returns the CloudFormation schemas that the converter works with.
func (c *Converter) Schemas() *cfn.Catalog { return c.schemas }

// Kind returns the kind in CloudFormation's own spelling, and whether
// CloudFormation knows it. A kind it does not know is returned as it is.
func (c *Converter) Kind(kind cloud.Kind) (cloud.Kind, bool) {
	switch kind {
	// AWS Config has names of its own for these (AWS Config Developer Guide,
	// supported resource types).
	case "AWS::ACM::Certificate":
		kind = "AWS::CertificateManager::Certificate"
	case "AWS::OpenSearch::Domain":
		kind = "AWS::OpenSearchService::Domain"
	}
	if s, ok := c.schemas.Kind(kind); ok {
		return s.Kind, true
	}
	return kind, false
}

// ConfigKind returns the kind that a resource type of AWS Config means: its
// AWS::IAM::Policy is a managed policy, where CloudFormation calls those that
// are part of a role so.
func (c *Converter) ConfigKind(resourceType string) (cloud.Kind, bool) {
	if resourceType == "AWS::IAM::Policy" {
		resourceType = "AWS::IAM::ManagedPolicy"
	}
	return c.Kind(cloud.Kind(resourceType))
}

// FromAPI converts one element of an API answer, as a JSON tree: of the SDK's
// struct, of the AWS CLI's output, or the configuration of an AWS Config item.
// The case of a name's letters makes no difference. Of a kind that
// CloudFormation does not know, all values are properties, in the API's names.
func (c *Converter) FromAPI(kind cloud.Kind, at Place, item map[string]any) (inventory.Resource, error) {
	r, _, err := c.read(kind, at, item)
	return r, err
}

// AllFromAPI is FromAPI with the resources of their own that the answer nests
// (the routes of a route table). The first is the resource itself.
func (c *Converter) AllFromAPI(kind cloud.Kind, at Place, item map[string]any) ([]inventory.Resource, error) {
	return c.readAll(kind, at, item, 0)
}

func (c *Converter) readAll(kind cloud.Kind, at Place, item map[string]any, depth int) ([]inventory.Resource, error) {
	r, children, err := c.read(kind, at, item)
	if err != nil {
		return nil, err
	}
	all := []inventory.Resource{r}
	if depth > 3 { // a child of a child's child nests nothing any more
		return all, nil
	}
	for _, child := range children {
		more, err := c.readAll(child.Kind, at, child.Item, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// read converts one thing and tells its children.
func (c *Converter) read(kind cloud.Kind, at Place, item map[string]any) (inventory.Resource, []Child, error) {
	kind, _ = c.Kind(kind)
	if kind == "" {
		return inventory.Resource{}, nil, fault.Newf(fault.Invalid, "convert a resource without a kind")
	}
	if len(item) == 0 {
		return inventory.Resource{}, nil, fault.Newf(fault.Invalid, "convert an empty %s", kind)
	}
	r := c.reading(kind, at, item)
	r.ID = c.id(r)
	if r.ID == "" {
		return inventory.Resource{}, nil, fault.Newf(fault.Invalid, "convert a %s: nothing in it identifies it", kind)
	}
	c.ownID(r)
	rule := c.rules[kind]
	resource := inventory.Resource{ID: r.ID, Kind: kind}
	resource.Account, resource.Region = c.where(r)
	// CloudFormation tags what it makes (CloudFormation User Guide, resource
	// tags).
	resource.Stack, resource.LogicalID = r.Tags["aws:cloudformation:stack-name"], r.Tags["aws:cloudformation:logical-id"]
	if rule.Marks != nil {
		resource.Marks = rule.Marks(r)
	}
	resource.Marks = union(resource.Marks, commonMarks(r))
	resource.Name = c.name(r)
	resource.Aliases = c.aliases(r)
	var children []Child
	if rule.Children != nil {
		children = rule.Children(r)
	}
	c.clean(r)
	resource.Properties, resource.Attributes, resource.Tags = r.Properties, r.Attributes, r.Tags
	resource.Name = cmp.Or(scrubText(resource.Name), lastPart(string(r.ID)))
	return resource, children, nil
}

// reading puts what was read into the properties, attributes and tags of the
// kind.
func (c *Converter) reading(kind cloud.Kind, at Place, item map[string]any) *Reading {
	rule := c.rules[kind]
	schema, _ := c.schemas.Kind(kind)
	work := cloneObject(item, 0)
	r := &Reading{Kind: kind, Place: at.filled(), Item: item, Properties: map[string]any{}, Attributes: map[string]any{}}
	r.Tags = takeTags(work, schema)
	for _, path := range rule.drop {
		visit(work, path, nil, func([]int, any) bool { return true })
	}
	for _, path := range rule.attribute {
		visit(work, path, nil, func(at []int, v any) bool {
			put(r.Attributes, path, at, v)
			return true
		})
	}
	for _, m := range rule.moves {
		c.move(schema, m, work, r.Properties)
	}
	take(schema, work, r)
	if schema != nil {
		respell(schema.Root, r.Properties, 0)
	}
	if rule.Shape != nil {
		rule.Shape(r)
	}
	settle(schema, r)
	for _, path := range rule.unordered {
		visit(r.Properties, path, nil, func(_ []int, v any) bool {
			if list, ok := v.([]any); ok {
				inventory.SortValues(list)
			}
			return false
		})
	}
	return r
}

// move takes values from one path to another. A value whose form the target
// cannot have stays: it has canonical form already, or it is another thing of
// the same name.
func (c *Converter) move(schema *cfn.Schema, m move, work, properties map[string]any) {
	var target *cfn.Type
	if schema != nil {
		target, _ = schema.At(m.target)
	}
	visit(work, m.from, nil, func(at []int, v any) bool {
		if _, isMap := v.(map[string]any); isMap && target != nil && target.Form != cfn.Object && target.Form != cfn.Map && target.Form != cfn.Any && target.Form != cfn.List {
			return false
		}
		if v == nil || v == "" {
			return true
		}
		put(properties, m.to, at, v)
		return true
	})
}

// take gives the properties that have the name of a property of the schema,
// and makes attributes of all else.
func take(schema *cfn.Schema, work map[string]any, r *Reading) {
	for _, name := range sortedKeys(work) {
		v := work[name]
		if schema == nil {
			if v = tidy(v); v != nil {
				if text, ok := v.(string); ok {
					v = moment(text)
				}
				r.Properties[exported(name)] = v
			}
			continue
		}
		field, ok := schema.Root.Field(name)
		if !ok {
			lift(schema, name, v, r)
			if v = tidy(v); v != nil && !emptyObject(v) {
				r.Attributes[exported(name)] = v
			}
			continue
		}
		if old, known := r.Properties[field.Name]; known {
			r.Properties[field.Name] = merged(old, v)
			continue
		}
		r.Properties[field.Name] = v
	}
}

func emptyObject(v any) bool {
	m, ok := v.(map[string]any)
	return ok && len(m) == 0
}

// lift takes what an object that is no property says of a property: the API
// answers {"DBSubnetGroup": {"DBSubnetGroupName": ...}} where the property is
// DBSubnetGroupName.
func lift(schema *cfn.Schema, name string, v any, r *Reading) {
	m, ok := v.(map[string]any)
	if !ok {
		return
	}
	for _, inner := range sortedKeys(m) {
		folded := cfn.Fold(inner)
		if folded == cfn.Fold(name) || len(folded) <= len(name) || folded[:len(cfn.Fold(name))] != cfn.Fold(name) {
			continue
		}
		field, ok := schema.Root.Field(inner)
		if _, scalar := scalarText(m[inner]); !ok || !scalar || field.Type.Form != cfn.Text {
			continue
		}
		if _, known := r.Properties[field.Name]; !known {
			r.Properties[field.Name] = m[inner]
		}
	}
}

// settle brings the properties into the schema's types. What they have no
// place for is an attribute under the property's name.
func settle(schema *cfn.Schema, r *Reading) {
	r.Attributes, _ = clone(r.Attributes, 0).(map[string]any)
	if schema == nil {
		r.Properties, _ = clone(r.Properties, 0).(map[string]any)
		return
	}
	out := make(map[string]any, len(r.Properties))
	for _, name := range sortedKeys(r.Properties) {
		v := clone(r.Properties[name], 0)
		field, ok := schema.Root.Field(name)
		if !ok {
			if _, known := r.Attributes[name]; !known && tidy(v) != nil {
				r.Attributes[name] = tidy(v)
			}
			continue
		}
		value, rest := typed(field.Type, v, 0)
		if value != nil && !emptyObject(value) {
			out[field.Name] = value
		}
		if _, known := r.Attributes[field.Name]; rest != nil && !known {
			r.Attributes[field.Name] = rest
		}
	}
	r.Properties = out
}

func union(a, b []inventory.Mark) []inventory.Mark {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
