package terraform

import (
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// instance is one instance of a resource, whichever form of file it came from.
type instance struct {
	// address is as Terraform prints it: "module.db.aws_db_instance.main[0]".
	address string
	// base is the address without the index of the instance.
	base string
	// module is the address of the module, "" for the root.
	module   string
	mode     string // "managed" or "data"
	kind     string // Terraform's type
	name     string
	provider string // "aws", "aws.west", "random"
	values   map[string]any
	// needs are the addresses of what it depends on.
	needs   []string
	tainted bool
	deposed string
	action  string // what a plan does to it
	unknown []string
	place   string // in the file
	// part says that it tells properties of a resource that another address is
	// for: the versioning of a bucket, a rule of a security group.
	part bool
}

// aws reports whether the resource is one of the AWS providers.
func (i *instance) aws() bool {
	return strings.HasPrefix(i.kind, "aws_") || strings.HasPrefix(i.kind, "awscc_")
}

// resources are what an instance was converted to; the first is its own.
type converted struct {
	*instance
	resources []inventory.Resource
}

// indexed is an address with the index of the instance: [0] or ["key"].
func indexed(base string, index any) string {
	switch index := index.(type) {
	case nil:
		return base
	case string:
		return base + "[" + strconv.Quote(index) + "]"
	case int64:
		return base + "[" + strconv.FormatInt(index, 10) + "]"
	}
	return base + "[?]"
}

// baseOf is an address without the index at its end and within its modules:
// dependencies are named that way.
func baseOf(address string) string {
	var out strings.Builder
	depth, quoted, escaped := 0, false, false
	for _, c := range address {
		switch {
		case escaped:
			escaped = false
			continue
		case quoted && c == '\\':
			escaped = true
			continue
		case depth > 0 && c == '"':
			quoted = !quoted
			continue
		case c == '[' && !quoted:
			depth++
			continue
		case c == ']' && !quoted && depth > 0:
			depth--
			continue
		}
		if depth == 0 {
			out.WriteRune(c)
		}
	}
	return out.String()
}

// providerName shortens the ways in which Terraform writes a provider:
// `provider["registry.terraform.io/hashicorp/aws"].west` (state v4),
// "module.x.provider.aws.west" (v3), "registry.terraform.io/hashicorp/aws"
// (show), "aws" (before 0.13). The alias stays.
func providerName(text string) string {
	alias := ""
	if head, rest, ok := strings.Cut(text, `provider["`); ok {
		_ = head
		source, tail, _ := strings.Cut(rest, `"]`)
		text, alias = source, strings.TrimPrefix(tail, ".")
	} else if _, rest, ok := strings.Cut(text, "provider."); ok {
		text, alias, _ = strings.Cut(rest, ".")
	}
	if i := strings.LastIndexByte(text, '/'); i >= 0 {
		text = text[i+1:]
	}
	if alias != "" {
		return text + "." + alias
	}
	return text
}

// terraformID is the ID of a resource that only Terraform's address names.
func terraformID(address string) cloud.ResourceID {
	return cloud.ResourceID("terraform:" + address)
}
