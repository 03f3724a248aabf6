package residual

import (
	"slices"
	"strings"

	"example.com/landfall/internal/inventory"
)

// logging is what one trail of the inventory is told to log.
type logging struct {
	name string
	// noReads and without say which management events it leaves out.
	noReads, noManagement bool
	without               []string
	data                  []selected
}

// selected are data events that a trail logs, both reads and writes.
type selected struct {
	kind string
	// prefixes of ARNs; none means all.
	prefixes []string
}

// loggings reads the selectors of the trails (CloudTrail API reference,
// EventSelector and AdvancedEventSelector).
func loggings(inv inventory.Inventory) []logging {
	var list []logging
	for i := range inv.Resources {
		r := &inv.Resources[i]
		if r.Kind != "AWS::CloudTrail::Trail" || slices.Contains(r.Marks, inventory.Deleted) || r.Properties["IsLogging"] == false || r.Properties["IsLogging"] == "false" {
			continue
		}
		l := logging{name: r.Name}
		for _, one := range listOf(r.Properties["EventSelectors"]) {
			l.basic(one)
		}
		advanced := listOf(r.Properties["AdvancedEventSelectors"])
		if len(advanced) > 0 {
			l.noManagement = true // unless one of them selects management events
		}
		for _, one := range advanced {
			l.advanced(listOf(one["FieldSelectors"]))
		}
		list = append(list, l)
	}
	return list
}

func (l *logging) basic(m map[string]any) {
	both := m["ReadWriteType"] == nil || m["ReadWriteType"] == "All"
	l.noReads = l.noReads || !both
	if v := m["IncludeManagementEvents"]; v == false || v == "false" {
		l.noManagement = true
	}
	l.without = append(l.without, textsOf(m["ExcludeManagementEventSources"])...)
	for _, d := range listOf(m["DataResources"]) {
		if kind, _ := d["Type"].(string); both && kind != "" {
			l.data = append(l.data, selected{kind, textsOf(d["Values"])})
		}
	}
}

func (l *logging) advanced(fields []map[string]any) {
	var s selected
	management, whole := false, true
	for _, f := range fields {
		name, _ := f["Field"].(string)
		equals, starts := textsOf(f["Equals"]), textsOf(f["StartsWith"])
		plain := len(textsOf(f["NotEquals"]))+len(textsOf(f["NotStartsWith"]))+len(textsOf(f["EndsWith"]))+len(textsOf(f["NotEndsWith"])) == 0
		switch {
		case name == "eventCategory":
			management = slices.Contains(equals, "Management")
		case name == "resources.type" && plain && len(equals) > 0:
			s.kind = equals[0]
		case name == "resources.ARN" && plain:
			s.prefixes = append(equals, starts...)
		case name == "eventSource" && len(textsOf(f["NotEquals"])) > 0:
			l.without = append(l.without, textsOf(f["NotEquals"])...)
		default:
			whole = false // it leaves something out
		}
	}
	switch {
	case management:
		l.noManagement = false
		l.noReads = l.noReads || !whole
	case whole && s.kind != "":
		l.data = append(l.data, s)
	}
}

// covers reports whether the selection has everything about a resource.
func (s *selected) covers(kind, arn string) bool {
	if s.kind != kind {
		return false
	}
	if len(s.prefixes) == 0 {
		return true
	}
	if kind == "AWS::S3::Object" {
		arn += "/"
	}
	return slices.ContainsFunc(s.prefixes, func(p string) bool { return strings.HasPrefix(arn, p) })
}

// dataLogged tells whether both reads and writes of a resource are logged as
// data events; known says whether the inventory can tell.
func (j *judge) dataLogged(kind, arn string) (logged, known bool) {
	for i := range j.trails {
		if slices.ContainsFunc(j.trails[i].data, func(s selected) bool { return s.covers(kind, arn) }) {
			return true, true
		}
	}
	return false, len(j.trails) > 0
}

// managementHidden says what of a service's management events no trail logs,
// "" when one logs all or the inventory does not tell.
func (j *judge) managementHidden(service string) string {
	why := ""
	for i := range j.trails {
		t := &j.trails[i]
		switch {
		case t.noManagement:
			why = "no trail logs management events"
		case slices.Contains(t.without, service+".amazonaws.com"):
			why = "trail " + t.name + " leaves out the events of " + service
		case t.noReads:
			why = "trail " + t.name + " logs no reading calls"
		default:
			return ""
		}
	}
	return why
}

func listOf(v any) []map[string]any {
	var list []map[string]any
	all, _ := v.([]any)
	for _, one := range all {
		if m, ok := one.(map[string]any); ok {
			list = append(list, m)
		}
	}
	return list
}

func textsOf(v any) []string {
	var list []string
	all, _ := v.([]any)
	for _, one := range all {
		if s, ok := one.(string); ok {
			list = append(list, s)
		}
	}
	return list
}
