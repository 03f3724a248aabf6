package paper

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// regions prints what is known of regions and limits.
func regions(d *design.Design) []byte {
	s := begin("Regions and quotas")
	s.title("Regions")
	rows := [][]string{{"region", "chosen", "km", "zones", "why"}}
	for _, r := range d.Regions {
		chosen, far := "", "not known"
		if r.Chosen {
			chosen = "yes"
		}
		if r.Kilometres > 0 {
			far = fmt.Sprint(r.Kilometres)
		}
		rows = append(rows, []string{string(r.Region), chosen, far, fmt.Sprint(r.Zones), r.Why})
	}
	s.table(rows)
	s.title("Quotas")
	s.line("Limits of a subscription in one region. Where the limit is empty only the subscription itself knows it: `landfall deploy` asks before it deploys.")
	s.line("")
	rows = [][]string{{"provider", "limit", "needed", "default", "why"}}
	for _, q := range d.Quotas {
		limit := ""
		if q.Limit > 0 {
			limit = fmt.Sprint(q.Limit)
		}
		rows = append(rows, []string{q.Provider, q.Name, fmt.Sprint(q.Needed), limit, q.Why})
	}
	s.table(rows)
	return s.bytes()
}

func cost(d *design.Design) []byte {
	s := begin("Cost a month")
	s.line("")
	s.line("Estimates from list prices, for a month of 730 hours. What has no known price is not counted as zero: it is listed as not known.")
	s.line("")
	rows, unpriced, called := [][]string{{"resource", "kind", "before", "after", "basis"}}, unpriced(d), titles(d)
	var before, after string
	if len(unpriced) > 1 {
		before, after = "at least ", "at least "
	}
	for _, v := range d.Decisions {
		if v.Cost == nil {
			continue
		}
		if v.Cost.Before == nil {
			before = "at least "
		}
		if v.Cost.After == nil {
			after = "at least "
		}
		rows = append(rows, []string{called(v), string(v.Kind), dollars(v.Cost.Before), dollars(v.Cost.After), v.Cost.Basis})
	}
	both := max(before, after) // "at least " once either side is partial
	s.line("- where both sides have a known price (%s): before $%.2f, after $%.2f", counted(d.Cost.Compared, "decision", "decisions"), d.Cost.ComparedBefore, d.Cost.ComparedAfter)
	s.line("- all that is known: before %s$%.2f, after %s$%.2f, while both run %s$%.2f", before, d.Cost.Before, after, d.Cost.After, both, d.Cost.DoubleRun)
	egress := "not known"
	if d.Cost.EgressKnown() {
		egress = fmt.Sprintf("$%.2f", d.Cost.Egress)
	}
	s.line("- moving the known data out of AWS, once: %s", egress)
	s.line("- decisions with something that costs and no known price: %d, named below", len(unpriced)-1)
	for _, n := range d.Cost.Notes {
		s.line("- %s", n)
	}
	s.title("By resource")
	s.table(rows)
	if len(unpriced) > 1 {
		s.title("Not known")
		s.line("These cost something, and no sum above holds it.")
		s.line("")
		s.table(unpriced)
	}
	return s.bytes()
}

// unpriced lists the decisions with a target that Azure bills and no price for
// the target, below a heading. What only joins such a target (a listener its
// gateway) is left out.
func unpriced(d *design.Design) [][]string {
	e := estateOf(d)
	priced, owned := map[cloud.ResourceID]bool{}, map[cloud.ResourceID]bool{}
	for _, v := range d.Decisions {
		for _, r := range billed(v, e) {
			switch {
			case v.Cost != nil && v.Cost.After != nil:
				priced[r.ID] = true
			case v.Action == design.Migrate:
				owned[r.ID] = true
			}
		}
	}
	rows, called := [][]string{{"resource", "kind", "what costs"}}, titles(d)
	for _, v := range d.Decisions {
		if strings.HasSuffix(string(v.Kind), "Association") || strings.HasSuffix(string(v.Kind), "Attachment") {
			continue // what they join costs, and has a decision of its own
		}
		var open []string
		for _, r := range billed(v, e) {
			if !priced[r.ID] && (v.Action == design.Migrate || !owned[r.ID]) {
				open = append(open, string(r.Type)+" "+r.Name)
			}
		}
		if len(open) > 0 {
			rows = append(rows, []string{called(v), string(v.Kind), strings.Join(open, ", ")})
		}
	}
	return rows
}

// billed are the targets of a decision that cost something: its own, and what
// its parts belong to.
func billed(v design.Decision, e estate) []design.Resource {
	var out []design.Resource
	for _, id := range v.Targets {
		r, ok := e.byID[id]
		if !ok || free(r) {
			continue
		}
		if parent, ok := e.byID[parentOf(r)]; ok && !ownPrice(r) {
			r = parent
		}
		if !free(r) && !slices.ContainsFunc(out, func(o design.Resource) bool { return o.ID == r.ID }) {
			out = append(out, r)
		}
	}
	return out
}

// ownPrice are parts that are billed beside their parent.
func ownPrice(r design.Resource) bool {
	return isType(r, "Microsoft.Sql/servers/databases", "Microsoft.ContainerService/managedClusters/agentPools", "Microsoft.NetApp/netAppAccounts/capacityPools")
}

// free are the types that Azure does not bill: rules, routes, rights, records,
// settings, and what another resource's price holds.
func free(r design.Resource) bool {
	kind := strings.ToLower(string(r.Type))
	for _, prefix := range []string{
		"microsoft.authorization/", "microsoft.managedidentity/", "microsoft.network/virtualnetworks", "microsoft.network/networksecuritygroups", "microsoft.network/applicationsecuritygroups",
		"microsoft.network/routetables", "microsoft.network/networkinterfaces", "microsoft.network/ipgroups", "microsoft.network/serviceendpointpolicies", "microsoft.network/dnszones/",
		"microsoft.network/privatednszones/", "microsoft.network/privateendpoints/", "microsoft.insights/diagnosticsettings", "microsoft.insights/autoscalesettings",
		"microsoft.insights/actiongroups", "microsoft.insights/workbooks", "microsoft.insights/datacollection", "microsoft.compute/availabilitysets", "microsoft.compute/proximityplacementgroups",
		"microsoft.compute/diskencryptionsets", "microsoft.compute/sshpublickeys", "microsoft.resources/", "microsoft.portal/dashboards", "microsoft.network/localnetworkgateways",
		"microsoft.network/applicationgatewaywebapplicationfirewallpolicies", "microsoft.network/frontdoorwebapplicationfirewallpolicies", "microsoft.network/firewallpolicies",
		"microsoft.documentdb/databaseaccounts/sqlrole", "microsoft.policyinsights/",
	} {
		if strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return strings.HasSuffix(kind, "/tags")
}
