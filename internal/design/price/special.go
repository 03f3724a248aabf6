package price

import (
	"cmp"
	"strconv"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// special prices what no single unit says, nil for what one does.
func (p *pricer) special(how string, of thing) *amount {
	var out amount
	switch how {
	case "replicas":
		out = p.replicas(of.properties)
	case "tasks":
		out = p.tasks(of.properties)
	case "keys":
		out = p.keys(of.properties)
	case "bus":
		out = p.bus(of.properties)
	case "plans":
		out = p.plans(of.properties)
	case "endpoints":
		out = p.endpoints(of.properties)
	case "files":
		out = p.files(of.properties)
	case "parameters":
		out = p.parameters(of.properties)
	case "acls":
		out = join(p.units("aws_wafv2_web_acl", "Web ACL usage", 1), p.units("aws_wafv2_web_acl", "Rules", float64(len(design.List(of.properties["Rules"])))))
	case "members":
		out = p.members(of)
	case "rules":
		out = p.rules(of.properties)
	case "circuits":
		out = p.circuits(of.properties)
	case "clusters":
		out = p.clusters(of.properties)
	default:
		return nil
	}
	return &out
}

// replicas prices the least number of replicas of a container app, which run
// all month, at the active rate.
func (p *pricer) replicas(body map[string]any) amount {
	if profile := design.Text(body, "properties.workloadProfileName"); profile != "" && profile != "Consumption" {
		return unknown("the catalogue has no unit price of workload profile " + profile)
	}
	least := design.Int(body, "properties.template.scale.minReplicas", 0)
	var cpu, gib float64
	for _, container := range design.Maps(design.At(body, "properties.template.containers")) {
		c, _ := design.Number(container, "resources.cpu")
		memory, err := strconv.ParseFloat(strings.TrimSuffix(design.Text(container, "resources.memory"), "Gi"), 64)
		if err != nil {
			return unknown("its size is not known")
		}
		cpu, gib = cpu+c, gib+memory
	}
	if least == 0 {
		return unknown("it runs only when there is work, and how long is not known")
	}
	return join(p.units("azurerm_container_app", "vCPU active", cpu*float64(least)), p.units("azurerm_container_app", "Memory", gib*float64(least)))
}

// tasks prices a service on Fargate by the size of its tasks.
func (p *pricer) tasks(service map[string]any) amount {
	fargate := strings.EqualFold(design.Text(service, "LaunchType"), "FARGATE")
	for _, s := range design.Maps(service["CapacityProviderStrategy"]) {
		fargate = fargate || strings.EqualFold(design.Text(s, "CapacityProvider"), "FARGATE")
	}
	if !fargate {
		return unknown("its tasks run on machines that are priced themselves, or at the price of the day")
	}
	task, _ := service[taskSize].(map[string]any)
	cpu, gib := shares(task, "Cpu", "vcpu"), shares(task, "Memory", "gb")
	if cpu == 0 || gib == 0 {
		return unknown("the size of its tasks is not known")
	}
	count := float64(design.Int(service, "DesiredCount", 1))
	return join(p.units("aws_ecs_service", "Per vCPU per hour", cpu*count), p.units("aws_ecs_service", "Per GB per hour", gib*count))
}

// shares reads 256, "256" or ".25 vCPU" as whole vCPU, and memory as GB.
func shares(task map[string]any, name, word string) float64 {
	text := strings.ToLower(design.Text(task, name))
	head, worded := strings.CutSuffix(text, word)
	n, err := strconv.ParseFloat(strings.TrimSpace(head), 64)
	switch {
	case err != nil || n < 0:
		return 0
	case worded:
		return n
	}
	return n / 1024
}

// keys prices a key by the month: software keys by the operation only
// (Azure pricing, "Key Vault").
func (p *pricer) keys(body map[string]any) amount {
	kind := design.Text(body, "properties.kty")
	if !strings.HasSuffix(kind, "-HSM") {
		return amount{known: true}
	}
	if kind == "RSA-HSM" && design.Int(body, "properties.keySize", 2048) == 2048 {
		return p.units("azurerm_key_vault_key", "HSM-protected keys", 1)
	}
	return p.units("azurerm_key_vault_key", "HSM-protected keys (first 250)", 1)
}

// bus prices a namespace: Basic has no base charge.
func (p *pricer) bus(body map[string]any) amount {
	switch design.Text(body, "sku.name") {
	case "Premium":
		return p.units("azurerm_servicebus_namespace", "Messaging units", float64(max(design.Int(body, "sku.capacity", 1), 1)))
	case "Standard":
		return p.units("azurerm_servicebus_namespace", "Base charge", 1)
	}
	return amount{known: true}
}

// plans prices a plan of App Service. Premium plans of Functions are billed by
// vCPU and memory of each instance (Azure Functions, "Premium plan": EP1 has 1
// vCPU and 3.5 GB, EP2 and EP3 twice and four times as much).
func (p *pricer) plans(body map[string]any) amount {
	name := design.Text(body, "sku.name")
	count := float64(max(design.Int(body, "sku.capacity", 1), 1))
	switch name {
	case "FC1", "Y1":
		return unknown("functions are billed by run and memory, and how often they run is not known")
	case "EP1", "EP2", "EP3":
		size := map[string]float64{"EP1": 1, "EP2": 2, "EP3": 4}[name] * count
		return join(p.units("azurerm_linux_function_app", "vCPU ("+name+")", size), p.units("azurerm_linux_function_app", "Memory ("+name+")", size*3.5))
	}
	return p.units("azurerm_service_plan", "Instance usage ("+name+")", count)
}

// endpoints prices an endpoint: one interface in each subnet, and gateways for
// nothing (AWS PrivateLink guide, "Gateway endpoints").
func (p *pricer) endpoints(properties map[string]any) amount {
	kind := cmp.Or(design.Text(properties, "VpcEndpointType"), "Gateway")
	if kind == "Gateway" {
		return amount{known: true}
	}
	return p.units("aws_vpc_endpoint", "Endpoint ("+kind+")", float64(max(len(design.List(properties["SubnetIds"])), 1)))
}

// files prices a file system of FSx that is provisioned.
func (p *pricer) files(properties map[string]any) amount {
	size := float64(design.Int(properties, "StorageCapacity", 0))
	kind := cmp.Or(design.Text(properties, "StorageType"), "SSD")
	switch family := strings.ToUpper(design.Text(properties, "FileSystemType")); {
	case size == 0:
		return unknown("its size is not known")
	case family == "WINDOWS":
		return join(p.units("aws_fsx_windows_file_system", kind+" storage", size), p.units("aws_fsx_windows_file_system", "Throughput capacity", float64(design.Int(properties, "WindowsConfiguration.ThroughputCapacity", 0))))
	case family == "OPENZFS":
		return join(p.units("aws_fsx_openzfs_file_system", kind+" storage", size), p.units("aws_fsx_openzfs_file_system", "Throughput capacity", float64(design.Int(properties, "OpenZFSConfiguration.ThroughputCapacity", 0))))
	}
	return unknown("the catalogue has no unit price of its kind of file system")
}

func (p *pricer) parameters(properties map[string]any) amount {
	if design.Text(properties, "Tier") != "Advanced" {
		return amount{known: true}
	}
	return p.units("aws_ssm_parameter", "Parameter storage (advanced)", 1)
}

// circuits prices a port of 1 Gbit/s, the one that the unit prices have.
func (p *pricer) circuits(properties map[string]any) amount {
	if speed := design.Text(properties, "Bandwidth"); speed != "" && speed != "1Gbps" {
		return unknown("the catalogue has no unit price of a port of " + speed)
	}
	return p.units("aws_dx_connection", "DX connection", 1)
}

// clusters prices the control plane of EKS: six times as much from the day on
// which its version leaves standard support, unless its upgrade policy has it
// raised then (Amazon EKS pricing; Amazon EKS User Guide, "Understand the
// Kubernetes version lifecycle on EKS"). What is newer than the catalogue is in
// standard support.
func (p *pricer) clusters(properties map[string]any) amount {
	component := "EKS cluster"
	if version := catalog.Minor(design.Text(properties, "Version")); version != "" && !strings.EqualFold(design.Text(properties, "UpgradePolicy.SupportType"), "STANDARD") {
		r, known := p.catalog.Release("eks", version)
		oldest := p.catalog.Releases("eks")
		if known && r.Ends <= p.catalog.Day() || !known && len(oldest) > 0 && catalog.Newer(oldest[0].Version, version) {
			component += " (extended support)"
		}
	}
	return p.units("aws_eks_cluster", component, 1)
}

// rules prices a load balancer by its rules.
func (p *pricer) rules(body map[string]any) amount {
	n := len(design.List(design.At(body, "properties.loadBalancingRules"))) + len(design.List(design.At(body, "properties.outboundRules")))
	e, ok := p.catalog.BalancerRules(n)
	if !ok {
		return unknown("the catalogue has no unit price of rules")
	}
	return amount{usd: round(e.Month()), known: true, billed: true, basis: strconv.Itoa(n) + " rules"}
}

// members prices one instance of a cluster. What is no member was priced by its
// own family, as far as it could be.
func (p *pricer) members(of thing) amount {
	engine := strings.ToLower(design.Text(of.properties, "Engine"))
	resource := map[cloud.Kind]string{"AWS::DocDB::DBInstance": "aws_docdb_cluster_instance", "AWS::Neptune::DBInstance": "aws_neptune_cluster_instance", "AWS::RDS::DBInstance": "aws_rds_cluster_instance"}[of.kind]
	if of.kind == "AWS::RDS::DBInstance" && !strings.HasPrefix(engine, "aurora") {
		return unknown("")
	}
	class := design.Text(of.properties, "DBInstanceClass")
	e, ok := p.catalog.DatabaseClass(resource, "Database instance (on-demand, ", class)
	if !ok {
		return unknown("the catalogue has no unit price of " + cmp.Or(class, "its class"))
	}
	name, _, _ := strings.Cut(e.Basis, ":")
	return amount{usd: round(e.Month()), known: true, billed: true, basis: name}
}
