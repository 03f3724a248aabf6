package network

import "strings"

// platform returns what Azure demands of the NSG of a subnet beside the rules
// of the workload: rules for the first places of both directions, and for the
// last place outwards. Their names begin with "platform-": what they let
// through is Azure's own control and no packet of the workload.
func platform(d *dedicated) (in, out, lastOut []rule) {
	own := []peer{{block: d.target}}
	inside := rule{protocol: "*", ports: everyPort(), peers: own, own: own, name: "platform-inside"}
	from := func(tag, protocol string, ports ...span) rule {
		return rule{protocol: protocol, ports: ports, peers: []peer{{tag: tag}}, name: "platform-" + tag}
	}
	balancer := from("AzureLoadBalancer", "*", everyPort()...)
	name := strings.ToLower(d.name)
	switch d.delegation {
	case "Microsoft.Network/applicationGateways":
		return gatewayRules(from)
	case "Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.DBforMySQL/flexibleServers":
		// Microsoft Learn, "Networking overview for Azure Database for
		// PostgreSQL with private access": replicas within the subnet, write-ahead
		// logs to Storage, sign-in at Entra ID.
		return []rule{inside}, []rule{inside, from("Storage", "tcp", span{443, 443}), from("AzureActiveDirectory", "tcp", span{443, 443})}, nil
	case "Microsoft.App/environments":
		// Microsoft Learn, "Securing a virtual network in Azure Container Apps".
		return []rule{inside, from("AzureLoadBalancer", "tcp", span{30000, 32767})}, []rule{
			inside, from("MicrosoftContainerRegistry", "tcp", span{443, 443}), from("AzureFrontDoor.FirstParty", "tcp", span{443, 443}),
			from("AzureActiveDirectory", "tcp", span{443, 443}), from("AzureMonitor", "tcp", span{443, 443}),
		}, nil
	case "Microsoft.Sql/managedInstances":
		return []rule{inside, balancer}, []rule{inside, from("AzureActiveDirectory", "tcp", span{443, 443}), from("Storage", "tcp", span{443, 443})}, nil
	case "Microsoft.Web/serverFarms":
		return nil, []rule{from("Storage", "tcp", span{443, 443}, span{445, 445})}, nil
	case "":
	default:
		return []rule{inside}, []rule{inside}, nil
	}
	switch {
	case strings.HasPrefix(name, "batch"):
		// Microsoft Learn, "Create an Azure Batch pool in a virtual network", for
		// simplified node communication.
		return []rule{inside}, []rule{inside, from("BatchNodeManagement", "tcp", span{443, 443}), from("Storage", "tcp", span{443, 443})}, nil
	case strings.HasPrefix(name, "api"):
		return apiRules(from)
	case strings.Contains(name, "gateway"), strings.HasPrefix(name, "agw"), strings.HasPrefix(name, "alb"):
		return gatewayRules(from)
	case strings.Contains(name, "aks"), strings.Contains(name, "node"), strings.Contains(name, "cluster"):
		return []rule{inside, balancer}, []rule{inside}, nil
	}
	return nil, nil, nil
}

// gatewayRules are those of Application Gateway v2: the ports of its own
// control, probes of the platform, and no deny on the way to the Internet
// (Microsoft Learn, "Application Gateway infrastructure configuration").
func gatewayRules(from func(string, string, ...span) rule) (in, out, lastOut []rule) {
	manager := from("GatewayManager", "tcp", span{65200, 65535})
	internet := from("Internet", "*", everyPort()...)
	return []rule{manager, from("AzureLoadBalancer", "*", everyPort()...)}, nil, []rule{internet}
}

// apiRules are those of API Management inside a VNet (Microsoft Learn, "Virtual
// network configuration reference: API Management").
func apiRules(from func(string, string, ...span) rule) (in, out, lastOut []rule) {
	in = []rule{from("ApiManagement", "tcp", span{3443, 3443}), from("AzureLoadBalancer", "tcp", span{6390, 6390})}
	out = []rule{
		from("Storage", "tcp", span{443, 443}), from("Sql", "tcp", span{1433, 1433}), from("AzureKeyVault", "tcp", span{443, 443}),
		from("AzureMonitor", "tcp", span{443, 443}, span{1886, 1886}), from("AzureActiveDirectory", "tcp", span{443, 443}),
	}
	return in, out, nil
}
