package proof

import (
	"strings"

	"example.com/landfall/internal/reach"
)

// tags pairs service tags of Azure with the prefix lists of AWS whose place
// they take: the addresses differ, what is meant does not.
func tags() map[string]string {
	return map[string]string{
		"Storage": "aws:s3", "AzureCosmosDB": "aws:dynamodb", "AzureFrontDoor.Backend": "aws:cloudfront.origin-facing", "AzureTrafficManager": "aws:route53-healthchecks",
	}
}

// demand is a rule that a service of Azure cannot do without.
type demand struct {
	in bool
	// tag is the service tag of the far end, "" for the subnet itself.
	tag string
	// ports are all that it may open, none for all.
	ports  []reach.Range
	reason string
}

// demands lists what the pages of Azure's services ask for. A rule of the
// design that opens more than one of these is a widening like any other.
func demands() []demand {
	https := []reach.Range{{First: 443, Last: 443}}
	return []demand{
		{true, "AzureLoadBalancer", nil, "health probes come from the host itself (Microsoft Learn, \"Azure Load Balancer health probes\")"},
		{true, "GatewayManager", []reach.Range{{First: 65200, Last: 65535}}, "Azure steers the gateway through these ports (Microsoft Learn, \"Application Gateway infrastructure configuration\")"},
		{false, "Internet", nil, "an Application Gateway works only where nothing forbids it the way to the Internet (Microsoft Learn, \"Application Gateway infrastructure configuration\")"},
		{true, "ApiManagement", []reach.Range{{First: 3443, Last: 3443}}, "Azure steers the gateway through this port (Microsoft Learn, \"Virtual network configuration reference: API Management\")"},
		{false, "Storage", append([]reach.Range{{First: 445, Last: 445}}, https...), "the service keeps its own logs and files there (Microsoft Learn, \"Networking overview for Azure Database for PostgreSQL with private access\")"},
		{false, "Sql", []reach.Range{{First: 1433, Last: 1433}}, "the service keeps its own settings there (Microsoft Learn, \"Virtual network configuration reference: API Management\")"},
		{false, "AzureKeyVault", https, "the service reads its own certificates there (Microsoft Learn, \"Virtual network configuration reference: API Management\")"},
		{false, "AzureMonitor", append([]reach.Range{{First: 1886, Last: 1886}}, https...), "the service writes its own logs there (Microsoft Learn, \"Virtual network configuration reference: API Management\")"},
		{false, "AzureActiveDirectory", https, "the service signs in there (Microsoft Learn, \"Securing a virtual network in Azure Container Apps\")"},
		{false, "MicrosoftContainerRegistry", https, "the service loads its own images there (Microsoft Learn, \"Securing a virtual network in Azure Container Apps\")"},
		{false, "AzureFrontDoor.FirstParty", https, "the registry of the service's own images hands them out there (Microsoft Learn, \"Securing a virtual network in Azure Container Apps\")"},
		{false, "BatchNodeManagement", https, "the nodes of a pool ask the service for their tasks there (Microsoft Learn, \"Create an Azure Batch pool in a virtual network\")"},
		{true, "", nil, "the nodes of one service share the subnet and talk to each other"},
		{false, "", nil, "the nodes of one service share the subnet and talk to each other"},
	}
}

// demanded finds the rules of the design that are such demands: named so, and
// no wider than the page says.
func demanded(target reach.Network) []reach.Expected {
	var out []reach.Expected
	for _, f := range target.Filters {
		for _, in := range []bool{true, false} {
			rules := f.In
			if !in {
				rules = f.Out
			}
			for i := range rules {
				if reason, ok := reasonFor(&rules[i], in); ok {
					out = append(out, reach.Expected{Rule: f.Name + ": " + rules[i].Name, Reason: reason})
				}
			}
		}
	}
	return out
}

func reasonFor(r *reach.Rule, in bool) (string, bool) {
	if !strings.HasPrefix(r.Name, "platform-") || r.Deny {
		return "", false
	}
	far, near := r.From, r.To
	if !in {
		far, near = near, far
	}
	for _, d := range demands() {
		if d.in != in || !within(r.Ports, d.ports) {
			continue
		}
		if d.tag != "" && len(far.Tags) == 1 && far.Tags[0] == d.tag && !far.Any && len(far.Prefixes)+len(far.Labels) == 0 {
			return d.reason, true
		}
		if d.tag == "" && len(far.Prefixes) == 1 && len(near.Prefixes) == 1 && far.Prefixes[0] == near.Prefixes[0] && len(far.Tags)+len(far.Labels) == 0 && !far.Any {
			return d.reason, true
		}
	}
	return "", false
}

// within reports whether ports are no more than allowed; none means all.
func within(ports, allowed []reach.Range) bool {
	if len(allowed) == 0 {
		return true
	}
	for _, p := range ports {
		inside := false
		for _, a := range allowed {
			inside = inside || a.First <= p.First && p.Last <= a.Last
		}
		if !inside {
			return false
		}
	}
	return len(ports) > 0
}
