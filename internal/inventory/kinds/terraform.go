package kinds

import (
	_ "embed"
	"strings"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
)

// terraformTypes names the kinds of the types of Terraform's AWS provider, and
// where their attributes are named otherwise than in AWS's API. The names are
// those of the provider's reference.
//
//go:embed terraform.txt
var terraformTypes string

// terraformType is a line of the table.
type terraformType struct {
	kind cloud.Kind
	// part says that the type tells some properties of a resource that another
	// type is for: aws_s3_bucket_versioning.
	part  bool
	moves []move
	drop  [][]leg
}

func readTerraform(text string) map[string]terraformType {
	types := map[string]terraformType{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] == "#" {
			continue
		}
		kind, part := strings.CutPrefix(fields[1], "~")
		rule := Rule{Move: map[string]string{}, Drop: []string{"timeouts"}}
		for _, field := range fields[2:] {
			if name, drops := strings.CutPrefix(field, "-"); drops {
				rule.Drop = append(rule.Drop, name)
			} else if from, to, ok := strings.Cut(field, ">"); ok {
				rule.Move[from] = to
			}
		}
		compiled := compile(rule)
		types[fields[0]] = terraformType{cloud.Kind(kind), part, compiled.moves, compiled.drop}
	}
	return types
}

// TerraformKind returns the kind that a Terraform type stands for, and whether
// it is known. A type of the AWS provider that is not known has the kind that
// its name fits ("aws_thing_widget" is AWS::Thing::Widget if CloudFormation
// has that); all else has the kind "Terraform::<type>".
func (c *Converter) TerraformKind(typ string) (cloud.Kind, bool) {
	if t, ok := c.terraform[typ]; ok {
		return t.kind, true
	}
	if rest, ok := strings.CutPrefix(typ, "aws_"); ok {
		if kind, ok := c.guess(rest); ok {
			return kind, true
		}
	}
	return cloud.Kind("Terraform::" + typ), false
}

// TerraformPart reports whether a type only tells some properties of a
// resource that another type is for: aws_security_group_rule, or
// aws_s3_bucket_versioning.
func (c *Converter) TerraformPart(typ string) bool { return c.terraform[typ].part }

// guess finds the kind whose service and name, folded, are the words.
func (c *Converter) guess(words string) (cloud.Kind, bool) {
	plain := cfn.Fold(words)
	for _, kind := range c.schemas.Kinds() {
		parts := strings.Split(string(kind), "::")
		if len(parts) == 3 && parts[0] == "AWS" && cfn.Fold(parts[1])+cfn.Fold(parts[2]) == plain {
			return kind, true
		}
	}
	return "", false
}

// FromTerraform converts the attributes of one instance of a resource in a
// Terraform state or plan. typ is Terraform's type ("aws_db_instance"). The
// place fills what the attributes do not say.
//
// A type that only tells some properties of a resource ("aws_s3_bucket_policy")
// gives that resource with those properties; the builder puts them together.
// Resources of other providers have the kind "Terraform::<type>".
func (c *Converter) FromTerraform(typ string, at Place, attributes map[string]any) ([]inventory.Resource, error) {
	if len(attributes) == 0 {
		return nil, fault.Newf(fault.Invalid, "convert a %q without attributes", typ)
	}
	kind, _ := c.TerraformKind(typ)
	if strings.HasPrefix(string(kind), "Terraform::") {
		return []inventory.Resource{foreign(kind, typ, at, attributes)}, nil
	}
	work := cloneObject(attributes, 0)
	at = terraformPlace(at, work)
	t := c.terraform[typ]
	for _, special := range terraformSpecials(typ) {
		special(work)
	}
	if other, _ := work["\x00kind"].(string); other != "" {
		kind = cloud.Kind(other)
		delete(work, "\x00kind")
	}
	item := c.renamed(kind, t, work)
	all, err := c.readAll(kind, at, item, 0)
	if err != nil {
		return nil, err
	}
	if t.part {
		all = all[:1]
		partial(&all[0], typ, attributes)
	}
	return all, nil
}

// partial leaves of a part of a resource what it says of the whole. What no
// property exists for stands under the type and the id of the part, because
// several parts may say it.
func partial(r *inventory.Resource, typ string, attributes map[string]any) {
	r.Name, r.Tags = "", nil
	if len(r.Attributes) > 0 {
		id, _ := scalarText(attributes["id"])
		r.Attributes = map[string]any{typ: map[string]any{scrubText(id): r.Attributes}}
	}
	named, ok := ParseARN(string(r.ID))
	if !ok || named.Service != "iam" {
		return
	}
	// The part names the role, not its path, so its ARN is not known.
	for _, name := range []string{"RoleName", "UserName", "GroupName"} {
		if s, _ := r.Properties[name].(string); s != "" {
			r.ID = unnamed(r.Kind, Place{Account: r.Account, Region: r.Region}, s)
		}
	}
}

// renamed gives attributes the names of the API or of the schema.
func (c *Converter) renamed(kind cloud.Kind, t terraformType, work map[string]any) map[string]any {
	schema, _ := c.schemas.Kind(kind)
	for _, path := range t.drop {
		visit(work, path, nil, func([]int, any) bool { return true })
	}
	item := map[string]any{}
	for _, m := range t.moves {
		visit(work, m.from, nil, func(at []int, v any) bool {
			if v != nil && v != "" {
				put(item, m.to, at, v)
			}
			return true
		})
	}
	id, _ := work["id"].(string)
	arn, _ := work["arn"].(string)
	if t.part {
		delete(work, "id")
		delete(work, "arn")
	}
	for _, name := range sortedKeys(work) {
		setMissing(item, exported(name), work[name])
	}
	if schema == nil {
		return item
	}
	if strings.HasPrefix(arn, "arn:") && !t.part {
		named(schema, item, arn)
	}
	if path := soleIdentifier(schema); path != "" && id != "" && !t.part && !strings.HasPrefix(id, "arn:") && !strings.HasSuffix(path, "Arn") {
		setMissing(item, path, id)
	}
	return item
}

// soleIdentifier is the name of the one property that identifies a kind, "" if
// it takes several or a nested one.
func soleIdentifier(schema *cfn.Schema) string {
	if len(schema.Identifier) != 1 || strings.ContainsAny(schema.Identifier[0], ".[") {
		return ""
	}
	return schema.Identifier[0]
}

// named sets the property that holds the resource's own ARN, where the kind
// has one.
func named(schema *cfn.Schema, item map[string]any, arn string) {
	for _, name := range []string{soleIdentifier(schema), shortKind(schema.Kind) + "Arn", shortKind(schema.Kind) + "ARN"} {
		if strings.HasSuffix(strings.ToLower(name), "arn") && schema.Has(name) {
			setMissing(item, name, arn)
		}
	}
}

// terraformPlace fills the place with what the attributes say.
func terraformPlace(at Place, attributes map[string]any) Place {
	for _, name := range []string{"arn", "id"} {
		text, _ := attributes[name].(string)
		named, ok := ParseARN(text)
		if !ok {
			continue
		}
		at.Partition = named.Place.Partition
		if named.Place.Account != "" {
			at.Account = named.Place.Account
		}
		if named.Place.Region != "" {
			at.Region = named.Place.Region
		}
		return at
	}
	if owner, _ := attributes["owner_id"].(string); len(owner) == 12 {
		at.Account = cloud.Account(owner)
	}
	if region, _ := attributes["region"].(string); strings.Count(region, "-") >= 2 {
		at.Region = cloud.Region(region)
	}
	return at
}

// foreign is a resource of another provider, or of a type of the AWS provider
// that no kind is known for: kept as it is, without secrets.
func foreign(kind cloud.Kind, typ string, at Place, attributes map[string]any) inventory.Resource {
	item := Redact(cloneObject(attributes, 0))
	for _, name := range []string{"result", "bcrypt_hash", "value", "content", "content_base64"} {
		// random_password.result, and their like
		if _, ok := item[name].(string); ok && guards(typ) {
			item[name] = Redacted
		}
	}
	r := inventory.Resource{Kind: kind, Attributes: map[string]any{}}
	for _, name := range sortedKeys(item) {
		if v := tidy(item[name]); v != nil && name != "tags" && name != "tags_all" {
			r.Attributes[exported(name)] = v
		}
	}
	arn, _ := attributes["arn"].(string)
	id, _ := scalarText(attributes["id"])
	if strings.HasPrefix(typ, "aws_") {
		at = terraformPlace(at, attributes)
		r.Account, r.Region = at.Account, at.Region
		r.Tags = takeTags(item, nil)
		if strings.HasPrefix(arn, "arn:") {
			r.ID = cloud.ResourceID(arn)
		}
	}
	if r.ID == "" && id != "" {
		r.ID = unnamed(kind, Place{Account: r.Account, Region: r.Region}, scrubText(id))
	}
	for _, name := range []string{"name", "id"} {
		if s, _ := item[name].(string); s != "" && r.Name == "" {
			r.Name = s
		}
	}
	return r
}
