package kinds

import (
	"cmp"
	"slices"
	"strings"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// id tells the ID of a resource: what its rule says, its own ARN, the ARN of
// its kind's form with the schema's identifier, or, when the form of its ARN
// is not known, kind, account, region and identifier.
func (c *Converter) id(r *Reading) cloud.ResourceID {
	if rule := c.rules[r.Kind]; rule.ID != nil {
		if said := rule.ID(r); said != "" {
			return c.idOf(r, said)
		}
	}
	schema, known := c.schemas.Kind(r.Kind)
	if own := ownARN(schema, r); own != "" {
		return cloud.ResourceID(own)
	}
	if known {
		if parts := identifier(schema.Identifier, r); parts != "" {
			return c.idOf(r, parts)
		}
		for _, other := range schema.Alternatives {
			if parts := identifier(other, r); parts != "" {
				return c.idOf(r, parts)
			}
		}
	}
	short := shortKind(r.Kind)
	for _, name := range []string{short + "Id", short + "Identifier", short + "Name", "Id", "ResourceId", "Name", "ResourceName"} {
		if s := cmp.Or(LookupText(r.Properties, name), LookupText(r.Attributes, name)); s != "" {
			return c.idOf(r, s)
		}
	}
	return ""
}

// idOf makes an ID of what identifies a resource within its kind. An ARN, and
// a composed id ("<ARN>|<rest>"), is one already.
func (c *Converter) idOf(r *Reading, said string) cloud.ResourceID {
	if strings.HasPrefix(said, "arn:") {
		return cloud.ResourceID(said)
	}
	if form, ok := c.arns.byKind[r.Kind]; ok {
		if arn := form.fill(r.Place, said); arn != "" {
			return cloud.ResourceID(arn)
		}
	}
	return unnamed(r.Kind, r.Place, said)
}

// ownID writes the ARN of a resource where the schema has a property for it,
// and nowhere else: some answers hold it and some do not.
func (c *Converter) ownID(r *Reading) {
	if r.Attributes["Arn"] == string(r.ID) {
		delete(r.Attributes, "Arn")
	}
	schema, known := c.schemas.Kind(r.Kind)
	if _, isARN := ParseARN(string(r.ID)); !known || !isARN || strings.Contains(string(r.ID), "|") {
		return
	}
	for _, name := range []string{"Arn", shortKind(r.Kind) + "Arn"} {
		if field, ok := schema.Root.Field(name); ok && slices.Contains(schema.ReadOnly, field.Name) && r.Properties[field.Name] == nil {
			r.Properties[field.Name] = string(r.ID)
			return
		}
	}
}

// where tells account and region: what the ARN says, otherwise where it was
// found. Kinds whose ARN has no region are in "global", as AWS Config calls
// it; a bucket has a region all the same.
func (c *Converter) where(r *Reading) (cloud.Account, cloud.Region) {
	account, region := r.Place.Account, r.Place.Region
	if form, ok := c.arns.byKind[r.Kind]; ok && form.global {
		region = "global"
	}
	named, ok := ParseARN(string(r.ID))
	if !ok {
		return account, region
	}
	if len(named.Place.Account) == 12 {
		account = named.Place.Account
	}
	if named.Place.Region != "" {
		region = named.Place.Region
	}
	return account, region
}

// unnamed is the ID of a resource whose kind's ARN is not known.
func unnamed(kind cloud.Kind, at Place, said string) cloud.ResourceID {
	return cloud.ResourceID(string(kind) + "|" + string(at.Account) + "|" + string(at.Region) + "|" + said)
}

// ownARN finds the ARN of the resource itself among what was read: "Arn", or
// the kind's name and "Arn" ("DBInstanceArn", "TopicArn").
func ownARN(schema *cfn.Schema, r *Reading) string {
	short := shortKind(r.Kind)
	names := []string{"Arn", short + "Arn", "ResourceArn"}
	if schema != nil && len(schema.Identifier) == 1 && strings.HasSuffix(strings.ToLower(schema.Identifier[0]), "arn") {
		names = slices.Insert(names, 0, schema.Identifier[0])
	}
	for _, name := range names {
		if name == "ResourceArn" && schema != nil && schema.Has(name) && !slices.Contains(schema.Identifier, name) && !slices.Contains(schema.ReadOnly, name) {
			continue // the ARN of what it belongs to
		}
		for _, tree := range []map[string]any{r.Properties, r.Attributes} {
			if s, _ := tree[name].(string); strings.HasPrefix(s, "arn:") {
				return s
			}
		}
	}
	return ""
}

// identifier joins the values of an identifier, "" if one is missing.
func identifier(paths []string, r *Reading) string {
	parts := make([]string, 0, len(paths))
	for _, path := range paths {
		s := LookupText(r.Properties, path)
		if s == "" {
			return ""
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "|")
}

func shortKind(kind cloud.Kind) string {
	s := string(kind)
	return s[strings.LastIndex(s, ":")+1:]
}

// name tells what people call a resource.
func (c *Converter) name(r *Reading) string {
	if rule := c.rules[r.Kind]; rule.Name != nil {
		if s := rule.Name(r); s != "" {
			return s
		}
	}
	if s := r.Tags["Name"]; s != "" {
		return s
	}
	short := shortKind(r.Kind)
	for _, name := range []string{"Name", short + "Name", short + "Identifier"} {
		for _, tree := range []map[string]any{r.Properties, r.Attributes} {
			if s, _ := tree[name].(string); s != "" {
				return s
			}
		}
	}
	return lastPart(string(r.ID))
}

// lastPart is what follows the last "/", ":" or "|" of an id.
func lastPart(id string) string { return id[strings.LastIndexAny(id, "/:|")+1:] }

// aliases are the other names of a resource: its identifiers, its ARN, and
// what its rule says.
func (c *Converter) aliases(r *Reading) []string {
	var all []string
	add := func(v any) {
		if s, ok := scalarText(v); ok && s != "" && s != string(r.ID) && len(s) <= 2048 {
			all = append(all, s)
		}
	}
	if schema, ok := c.schemas.Kind(r.Kind); ok && len(schema.Identifier) == 1 {
		for _, v := range Lookup(r.Properties, schema.Identifier[0]) {
			add(v)
		}
	}
	add(ownARN(nil, r))
	for _, path := range c.rules[r.Kind].aliases {
		for _, tree := range []map[string]any{r.Properties, r.Attributes} {
			for _, v := range Lookup(tree, path) {
				if list, ok := v.([]any); ok {
					for _, member := range list {
						add(member)
					}
				}
				add(v)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// commonMarks are the marks that every kind shares: AWS's own paths of IAM
// names, and the tag of the operator's identity.
func commonMarks(r *Reading) []inventory.Mark {
	if strings.EqualFold(r.Tags["landfall:role"], "operator") {
		return []inventory.Mark{inventory.Operator}
	}
	return nil
}

// exported gives a name the first letter that the API's own names have:
// "launchTime" of AWS Config and "launch_time" of Terraform are LaunchTime.
func exported(name string) string {
	if name == "" || name[0] >= 'A' && name[0] <= 'Z' && !strings.Contains(name, "_") {
		return name
	}
	var out strings.Builder
	for i, part := range strings.Split(name, "_") {
		if part == "" {
			continue
		}
		if i > 0 && part[0] >= '0' && part[0] <= '9' {
			out.WriteByte('_')
		}
		out.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return out.String()
}
