package assess

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
)

// hostForm finds DNS names of at least two labels and a top level of letters
// inside longer texts.
var hostForm = regexp.MustCompile(`(?i)\b(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]{2,24}\b`)

// names lists the records of the workload's zones, and the hosts outside AWS
// that its configuration names.
func (w *workload) names() []Name {
	found := map[string]*Name{}
	for _, r := range w.relevant() {
		if r.Kind != "AWS::Route53::RecordSet" {
			continue
		}
		n := Name{
			Name: strings.TrimSuffix(strings.ToLower(text(r, "Name")), "."), Type: text(r, "Type"),
			Values: texts(list(r, "ResourceRecords")), Record: r.ID, Zone: text(r, "HostedZoneName"),
			Boundary: w.boundary(r.ID), UsedBy: w.usedBy(r.ID),
		}
		if n.Type == "NS" || n.Type == "SOA" {
			continue // the zone's own records are made anew with the zone
		}
		if n.Zone == "" {
			n.Zone = text(r, "HostedZoneId")
		}
		if target := text(r, "AliasTarget.DNSName"); target != "" {
			n.Type, n.Values = "alias "+n.Type, []string{strings.TrimSuffix(target, ".")}
		} else if ttl, err := strconv.ParseInt(text(r, "TTL"), 10, 64); err == nil {
			n.TTLSeconds = &ttl
		}
		found[n.Name+" "+n.Type+" "+string(r.ID)] = &n
	}
	w.external(found)
	out := make([]Name, 0, len(found))
	for _, n := range found {
		out = append(out, *n)
	}
	slices.SortFunc(out, func(a, b Name) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Record, b.Record))
	})
	return out
}

// external adds the hosts that the graph knows as nodes outside.
func (w *workload) external(found map[string]*Name) {
	for _, n := range w.Graph.Nodes {
		if n.Kind != graph.ExternalHost || !hostForm.MatchString(n.Name) {
			continue
		}
		users := slices.DeleteFunc(slices.Clone(w.usedBy(n.ID)), func(id cloud.ResourceID) bool { return w.boundary(id) == graph.Out })
		if len(users) == 0 {
			continue
		}
		found[n.Name] = &Name{Name: strings.ToLower(n.Name), Values: []string{}, Boundary: graph.Out, UsedBy: users}
	}
}
