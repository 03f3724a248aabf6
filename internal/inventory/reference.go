package inventory

import (
	"regexp"
	"strings"

	"example.com/landfall/internal/cloud"
)

// Reference is a reference inside a property to a resource whose physical id
// is not known, because only a template describes it.
type Reference struct {
	Resource cloud.ResourceID
	// Attribute is CloudFormation's attribute name ("Arn", "Endpoint.Address"),
	// "" for the resource's own reference value (Ref).
	Attribute string
}

var referenceForm = regexp.MustCompile(`\$\{ref:([^}#]+)(?:#([^}]*))?\}`)

// String returns the text form, "${ref:<id>}" or "${ref:<id>#<Attribute>}",
// which may stand inside a longer string.
func (r Reference) String() string {
	if r.Attribute == "" {
		return "${ref:" + string(r.Resource) + "}"
	}
	return "${ref:" + string(r.Resource) + "#" + r.Attribute + "}"
}

// References returns the references in a string, in order.
func References(s string) []Reference {
	if !strings.Contains(s, "${ref:") {
		return nil
	}
	var found []Reference
	for _, m := range referenceForm.FindAllStringSubmatch(s, -1) {
		found = append(found, Reference{cloud.ResourceID(m[1]), m[2]})
	}
	return found
}
