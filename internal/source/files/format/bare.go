package format

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
)

// First returns the first text that is not empty.
func First[T ~string](texts ...T) T {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// Bare is a resource of which a list says little more than that it exists.
type Bare struct {
	// ARN, or Kind and ID, must be known.
	ARN   string
	Kind  string // in any spelling: "AWS::EC2::Instance", "ec2:instance"
	ID    string // what identifies it within its kind
	Name  string
	Place kinds.Place
	Tags  cloud.Tags
	Extra map[string]any // further facts, under the list's own names
}

// Resource is the resource, or false if the list does not say which it is.
func (b Bare) Resource(c *kinds.Converter) (inventory.Resource, bool) {
	r := inventory.Resource{
		Name: b.Name, Account: b.Place.Account, Region: b.Place.Region, Tags: b.Tags,
		Properties: inventory.Properties{}, Attributes: kinds.Redact(b.Extra),
	}
	r.Kind = KindOf(c, b.Kind)
	id := First(b.ARN, b.ID)
	named, isARN := kinds.ParseARN(id)
	switch {
	case isARN:
		r.ID = cloud.ResourceID(id)
		if kind, name, ok := c.Identify(id); ok {
			// What the ARN says is surer than a list's word for it, unless the
			// list's is a kind whose ARNs look the same.
			if _, known := c.Kind(r.Kind); !known || kind.Service() != r.Kind.Service() {
				r.Kind = kind
			}
			r.Name = First(r.Name, name)
		}
		if r.Kind == "" {
			r.Kind = cloud.Kind(named.Service + ":" + leading(named.Resource))
		}
		r.Account = First(named.Place.Account, r.Account)
		r.Region = First(named.Place.Region, r.Region)
	case r.Kind != "" && b.ID != "":
		r.ID = cloud.ResourceID(kinds.ARN(r.Kind, b.Place, b.ID))
	}
	if r.ID == "" || r.Kind == "" {
		return inventory.Resource{}, false
	}
	if b.ID != "" && b.ID != string(r.ID) {
		r.Aliases = []string{b.ID}
	}
	if r.Name == "" {
		r.Name = lastPart(string(r.ID))
	}
	return r, true
}

// leading is the type in the resource part of an ARN: "instance/i-1".
func leading(resource string) string {
	if i := strings.IndexAny(resource, ":/"); i > 0 {
		return resource[:i]
	}
	return "resource"
}

func lastPart(id string) string {
	if i := strings.LastIndexAny(id, ":/|"); i >= 0 && i+1 < len(id) {
		return id[i+1:]
	}
	return id
}

// KindOf is the kind that a list means: CloudFormation's own name in any case,
// or Resource Explorer's "service:type". "" if it is neither.
func KindOf(c *kinds.Converter, text string) cloud.Kind {
	text = strings.TrimSpace(text)
	if kind, ok := c.Kind(cloud.Kind(text)); ok {
		return kind
	}
	if strings.Count(text, "::") == 2 && strings.HasPrefix(strings.ToUpper(text), "AWS::") {
		return cloud.Kind(text)
	}
	service, kind, ok := strings.Cut(strings.ToLower(text), ":")
	if !ok || kind == "" {
		return ""
	}
	// An ARN of that type with a made-up name, in the forms that ARNs have.
	for _, region := range []string{"us-east-1", ""} {
		for _, name := range []string{"/x", ":x", "/x/x", "/app/x/x", "/x/x/x", "x"} {
			if found, _, ok := c.Identify("arn:aws:" + service + ":" + region + ":123456789012:" + kind + name); ok {
				return found
			}
		}
	}
	return ""
}
