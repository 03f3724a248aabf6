package resourcelist

import (
	"context"
	"regexp"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/source/files/format"
)

// meaning is what a column holds.
type meaning string

const (
	arn        meaning = "arn"
	identifier meaning = "identifier"
	kind       meaning = "kind"
	service    meaning = "service"
	region     meaning = "region"
	account    meaning = "account"
	name       meaning = "name"
	tags       meaning = "tags"
	tag        meaning = "tag" // one column per tag
	other      meaning = "other"
)

// meanings are the names of columns, lower case and without anything but
// letters.
func meanings() map[string]meaning {
	out := map[string]meaning{}
	for m, names := range map[meaning]string{
		arn:        "arn resourcearn amazonresourcename awsarn",
		identifier: "identifier id resourceid physicalid physicalresourceid instanceid resourceidentifier externalid ciid cloudid",
		kind:       "resourcetype type kind awstype citype resourcekind awsresourcetype cloudresourcetype",
		service:    "service awsservice product servicename",
		region:     "region awsregion location datacenter",
		account:    "account awsaccount accountid accountnumber awsaccountid owner owningaccount owningaccountid owneraccountid subscription",
		name:       "name resourcename displayname ciname hostname title tagname",
		tags:       "tags alltags labels",
	} {
		for _, n := range strings.Fields(names) {
			out[n] = m
		}
	}
	return out
}

var notLetters = regexp.MustCompile(`[^a-z]+`)

// tagColumn is a column of one tag: "Tag: env", "tag:env", "tags.env",
// "resource_tags_user_env".
var tagColumn = regexp.MustCompile(`(?i)^(?:tags?\s*[:./]\s*|resource_?tags?[:/_]user[:_])(.+)$`)

// column is one column of a table.
type column struct {
	means meaning
	title string // as given; the key of a tag
}

func columns(header []string) []column {
	known := meanings()
	out := make([]column, len(header))
	for i, title := range header {
		if m := tagColumn.FindStringSubmatch(title); m != nil {
			out[i] = column{tag, strings.TrimSpace(m[1])}
			continue
		}
		out[i] = column{other, title}
		if m, ok := known[notLetters.ReplaceAllString(strings.ToLower(title), "")]; ok {
			out[i].means = m
		}
	}
	return out
}

func has(columns []column, m meaning) bool {
	for _, c := range columns {
		if c.means == m {
			return true
		}
	}
	return false
}

// Usable reports whether a header tells which resources its rows mean, and why
// not.
func Usable(header []string) error {
	cs := columns(header)
	switch {
	case has(cs, arn), has(cs, identifier) && (has(cs, kind) || has(cs, service)), has(cs, name) && has(cs, kind):
		return nil
	}
	return fault.Newf(fault.Invalid, "read table: the columns are %q; one named ARN is needed, or Identifier and Resource type", format.Cut(strings.Join(header, ", ")))
}

// Read reads a table. Its error ends the scan.
func Read(ctx context.Context, q format.Request, to source.Sink) error {
	out := format.NewOutput(to, inventory.ResourceList, q.Document)
	return out.Finish(read(ctx, q, out))
}

func read(ctx context.Context, q format.Request, out *format.Output) error {
	var cs []column
	return format.Rows(ctx, q, func(header []string) error {
		cs = columns(header)
		return Usable(header)
	}, func(record []string, place string) error {
		resource, err := row(q, cs, record)
		if err != nil {
			out.Refused(place, err)
			return nil
		}
		return out.Found(place, resource)
	})
}

// row is the resource of one record. Cells beyond the header have no meaning
// that can be known, except an ARN.
func row(q format.Request, cs []column, record []string) (inventory.Resource, error) {
	cells := map[meaning]string{}
	b := format.Bare{Tags: cloud.Tags{}, Extra: map[string]any{}}
	for i, value := range record {
		if blank(value) {
			continue
		}
		if i >= len(cs) {
			if strings.HasPrefix(value, "arn:") && cells[arn] == "" {
				cells[arn] = value
			}
			continue
		}
		c := cs[i]
		switch c.means {
		case tag:
			b.Tags[c.title] = value
		case tags:
			readTags(value, b.Tags)
		case other:
			b.Extra[c.title] = value
		default:
			if cells[c.means] == "" {
				cells[c.means] = value
			}
		}
	}
	fill(q, &b, cells)
	resource, ok := b.Resource(q.Kinds)
	if !ok {
		return inventory.Resource{}, fault.Newf(fault.Invalid, "read row: neither an ARN nor a known resource type with an identifier (type %q, identifier %q)", format.Cut(b.Kind), format.Cut(b.ID))
	}
	return resource, nil
}

// blank reports whether a cell says nothing: Tag Editor writes "(not tagged)"
// where a resource has no such tag.
func blank(value string) bool {
	switch strings.ToLower(value) {
	case "", "-", "(not tagged)", "n/a", "null", "none":
		return true
	}
	return false
}

func fill(q format.Request, b *format.Bare, cells map[meaning]string) {
	b.ARN, b.ID, b.Name = cells[arn], cells[identifier], cells[name]
	if b.ARN == "" && strings.HasPrefix(b.ID, "arn:") {
		b.ARN, b.ID = b.ID, ""
	}
	// A CMDB's row may hold an id where the ARN should be.
	if b.ARN != "" && !strings.HasPrefix(b.ARN, "arn:") {
		b.ID, b.ARN = format.First(b.ID, b.ARN), ""
	}
	b.Kind = kindOf(q, cells[kind], cells[service])
	if b.ID == "" && b.ARN == "" {
		b.ID = cells[name]
	}
	if b.Name == "" {
		b.Name = b.Tags["Name"]
	}
	pathAccount, pathRegion := format.FromPath(q.Document.Name)
	b.Place = kinds.Place{Account: format.First(accountIn(cells[account]), pathAccount, q.Account), Region: format.First(regionIn(cells[region]), pathRegion, q.Region)}
}

// kindOf puts together what tables write: "AWS::EC2::Instance",
// "ec2:instance", "EC2 Instance", "Instance" with the service "EC2".
func kindOf(q format.Request, text, serviceText string) string {
	if found := format.KindOf(q.Kinds, text); found != "" {
		return string(found)
	}
	plain := func(s string) string {
		s = strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(s), "amazon "), "aws ")
		return strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), "-", "")
	}
	head, rest, two := strings.Cut(strings.TrimSpace(text), " ")
	guesses := []string{"AWS::" + plain(serviceText) + "::" + plain(text), plain(serviceText) + ":" + strings.ReplaceAll(strings.ToLower(text), " ", "-")}
	if two {
		guesses = append(guesses, "AWS::"+plain(head)+"::"+plain(rest), plain(head)+":"+strings.ReplaceAll(strings.ToLower(rest), " ", "-"))
	}
	for _, guess := range guesses {
		if found, known := q.Kinds.Kind(cloud.Kind(guess)); known {
			return string(found)
		}
		if found := format.KindOf(q.Kinds, guess); found != "" && !strings.HasPrefix(guess, "AWS::") {
			return string(found)
		}
	}
	return text
}

func accountIn(text string) cloud.Account {
	digits := strings.NewReplacer("-", "", " ", "", "'", "", "=", "", `"`, "").Replace(text)
	// Spreadsheets drop the zeros at the beginning of an account number.
	if len(digits) >= 9 && len(digits) < 12 && strings.Trim(digits, "0123456789") == "" {
		digits = strings.Repeat("0", 12-len(digits)) + digits
	}
	if format.IsAccount(digits) {
		return cloud.Account(digits)
	}
	account, _ := format.FromPath(text)
	return account
}

func regionIn(text string) cloud.Region {
	text = strings.ToLower(strings.TrimSpace(text))
	if format.IsRegion(text) || text == "global" {
		return cloud.Region(text)
	}
	if zone := format.RegionOfZone(text); zone != "" {
		return zone
	}
	_, found := format.FromPath(text)
	return found
}

// readTags takes the tags of one cell: JSON ({"a":"b"} or [{"Key":..,
// "Value":..}]), "a=b; c=d", or "a:b,c:d".
func readTags(cell string, into cloud.Tags) {
	if strings.HasPrefix(cell, "{") || strings.HasPrefix(cell, "[") {
		jsonTags(cell, into)
		return
	}
	for _, pair := range strings.FieldsFunc(cell, func(r rune) bool { return r == ';' || r == ',' || r == '|' || r == '\n' }) {
		key, value, found := strings.Cut(pair, "=")
		if !found {
			key, value, found = strings.Cut(pair, ":")
		}
		if key = strings.TrimSpace(key); found && key != "" {
			into[key] = strings.TrimSpace(value)
		}
	}
}
