package paper

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
)

// mode is a way in which a component fails. The list follows the failure modes
// of the Azure Well-Architected Framework, "Failure mode analysis".
type mode struct {
	name string
	// against says from the target's body what stands against it, and whether
	// that is enough to go on without people.
	against func(r design.Resource) (mitigation string, strong bool)
}

func modes() []mode {
	return []mode{
		{"a zone fails", zone},
		{"the region fails", region},
		{"the service fails", func(design.Resource) (string, bool) {
			return "none of its own: the platform's own redundancy", false
		}},
		{"overload", overload},
		{"a person deletes or misconfigures it", mistake},
	}
}

// redundant are the values that mean more than one zone.
func zone(r design.Resource) (string, bool) {
	zones := design.Texts(r.Body["zones"])
	switch {
	case len(zones) > 1:
		return "spread over zones " + strings.Join(zones, ", "), true
	case strings.Contains(design.Text(r.Body, "sku.name"), "ZRS"):
		return "copies in three zones (" + design.Text(r.Body, "sku.name") + ")", true
	case strings.EqualFold(design.Text(r.Body, "properties.highAvailability.mode"), "ZoneRedundant"):
		return "standby in another zone, automatic failover", true
	case design.True(r.Body, "properties.zoneRedundant"), strings.EqualFold(design.Text(r.Body, "properties.zoneRedundancy"), "Enabled"), design.True(r.Body, "properties.locations.isZoneRedundant"):
		return "zone redundant", true
	case len(zones) == 1:
		return "stands in zone " + zones[0] + " alone", false
	}
	return "not zone redundant by its configuration", false
}

func region(r design.Resource) (string, bool) {
	sku := design.Text(r.Body, "sku.name")
	switch {
	case strings.Contains(sku, "GRS"), strings.Contains(sku, "GZRS"):
		return "copies in the paired region (" + sku + "), failover by people", false
	case strings.EqualFold(design.Text(r.Body, "properties.backup.geoRedundantBackup"), "Enabled"):
		return "backups in the paired region, restored by people", false
	case len(design.List(design.At(r.Body, "properties.locations"))) > 1:
		return "in several regions", true
	case r.Location == "global":
		return "served from many places", true
	}
	return "built again from the infrastructure code and the last backup", false
}

func overload(r design.Resource) (string, bool) {
	switch t := strings.ToLower(string(r.Type)); {
	case t == "microsoft.compute/virtualmachinescalesets", t == "microsoft.app/containerapps", t == "microsoft.web/sites":
		return "scales out by its rules", true
	case design.At(r.Body, "properties.autoscaleConfiguration") != nil:
		return "scales out by itself", true
	case strings.EqualFold(design.Text(r.Body, "properties.storage.autoGrow"), "Enabled"):
		return "storage grows by itself; compute is scaled by people", false
	}
	return "fixed size, scaled by people", false
}

func mistake(r design.Resource) (string, bool) {
	switch {
	case design.True(r.Body, "properties.enablePurgeProtection"):
		return "kept after deletion, purge protection", true
	case design.Int(r.Body, "properties.backup.backupRetentionDays", 0) > 0:
		return fmt.Sprintf("restore to any moment of %d days", design.Int(r.Body, "properties.backup.backupRetentionDays", 0)), false
	}
	return "built again from the infrastructure code", false
}

// failures prints the failure modes of each critical flow: component by
// component, before and after, with what stands against each.
func failures(d *design.Design, g *graph.Graph) []byte {
	s := begin("Failure modes of the critical flows")
	targets, resources := map[cloud.ResourceID]design.Decision{}, map[cloud.ResourceID]design.Resource{}
	for _, v := range d.Decisions {
		targets[v.Source] = v
	}
	for _, r := range d.Resources {
		resources[r.ID] = r
	}
	if len(g.Flows) == 0 {
		s.line("")
		s.line("The graph has no critical flow.")
	}
	for _, f := range g.Flows {
		s.title("%s", escape(f.Name))
		s.line("Criticality: %s. Recovery time: %s. Data loss: %s.", unknown(string(f.Criticality)), duration(f.RTOSeconds), duration(f.RPOSeconds))
		for _, fact := range f.Facts {
			s.line("- before: %s", escape(fact))
		}
		s.line("")
		rows := [][]string{{"component", "target", "failure", "what stands against it", "without people", "cuts the flow"}}
		for _, id := range f.Components {
			v, ok := targets[id]
			if !ok {
				continue
			}
			cuts := "no"
			if slices.Contains(f.SinglePoints, id) {
				cuts = "yes"
			}
			rows = append(rows, component(v, resources, cuts)...)
		}
		s.table(rows)
	}
	return s.bytes()
}

func component(v design.Decision, resources map[cloud.ResourceID]design.Resource, cuts string) [][]string {
	var rows [][]string
	for _, id := range v.Targets {
		r, ok := resources[id]
		if !ok || strings.Count(string(r.Type), "/") > 1 || auxiliary(r.Type) {
			continue // parts stand and fall with their parent
		}
		for _, m := range modes() {
			against, strong := m.against(r)
			word := "no"
			if strong {
				word = "yes"
			}
			rows = append(rows, []string{v.Name, r.Name, m.name, against, word, cuts})
		}
	}
	if len(rows) == 0 {
		rows = [][]string{{v.Name, "none (" + string(v.Action) + ")", "", "", "", cuts}}
	}
	return rows
}

// auxiliary types fail with what they belong to.
func auxiliary(t cloud.Kind) bool {
	for _, part := range []string{"networkInterfaces", "networkSecurityGroups", "applicationSecurityGroups", "roleAssignments", "diagnosticSettings", "privateEndpoints", "autoscalesettings", "privateDnsZones", "userAssignedIdentities"} {
		if strings.HasSuffix(strings.ToLower(string(t)), strings.ToLower(part)) {
			return true
		}
	}
	return false
}

func unknown(text string) string {
	if text == "" {
		return "not known"
	}
	return text
}

func duration(seconds int64) string {
	switch {
	case seconds <= 0:
		return "not known"
	case seconds%3600 == 0:
		return fmt.Sprintf("%d h", seconds/3600)
	}
	return fmt.Sprintf("%d min", seconds/60)
}

// backlog lists what is to be tried before the move: decisions that rest on
// little, and differences that users would notice.
func backlog(d *design.Design) []byte {
	const sure = 0.6
	s := begin("What to try first")
	s.line("")
	s.line("A proof of concept for each decision whose confidence is below %.0f %% and each critical or high gap. Note method and result here or in a copy; this file is printed anew.", sure*100)
	s.line("")
	rows := [][]string{{"risk", "resource", "to be shown", "how", "result"}}
	for _, v := range d.Decisions {
		if (v.Action == design.Migrate || v.Action == design.Replace) && v.Confidence < sure {
			rows = append(rows, []string{"medium", v.Name, v.Why, "deploy to a non-production environment and run the workload's tests against it", ""})
		}
		for _, g := range v.Gaps {
			if g.Severity == design.Critical || g.Severity == design.High {
				rows = append(rows, []string{string(g.Severity), v.Name, "the workload lives with: " + g.Title, g.Do, ""})
			}
		}
	}
	s.table(rows)
	return s.bytes()
}
