package paper

import (
	"net/netip"
	"regexp"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// nameless matches what a cloud numbers and nobody calls by name: numbers, the
// ids that AWS makes up ("subnet-0a1b..."), GUIDs, masked keys.
var nameless = regexp.MustCompile(`^([0-9]+|[a-z]+-[0-9a-f]{8,17}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\*+[0-9A-Za-z]*)$`)

// titles returns how the documents call a decision: by its name, and with that
// of what it is a part of where the name alone says nothing ("100 (of
// shop-data)"). The id of a part is its parent's, "|" and the part.
func titles(d *design.Design) func(design.Decision) string {
	names := map[cloud.ResourceID]string{}
	for _, v := range d.Decisions {
		names[v.Source] = v.Name
	}
	return func(v design.Decision) string {
		parent, _, part := strings.Cut(string(v.Source), "|")
		if !part || !unnamed(v.Name) {
			return v.Name
		}
		name := names[cloud.ResourceID(parent)]
		if name == "" {
			name = parent[strings.LastIndexAny(parent, "/:")+1:]
		}
		return v.Name + " (of " + name + ")"
	}
}

func unnamed(name string) bool {
	if _, err := netip.ParsePrefix(name); err == nil {
		return true
	}
	_, err := netip.ParseAddr(name)
	return err == nil || nameless.MatchString(name)
}
