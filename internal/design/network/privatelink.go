package network

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

const privatePage = "Microsoft Learn, What is a private endpoint?"

func privateLinkRules() []design.Rule {
	return []design.Rule{
		// When all that an endpoint may lead to has been put.
		ruleTargets{endpointKind, "Microsoft.Network/privateDnsZones"}.of(ruled("vpcendpoint/endpoint", design.Operations, privatePage, endpointRule, "AWS::EC2::VPCEndpoint")),
		ruled("vpcendpoint/service", design.Operations, "Microsoft Learn, What is Azure Private Link service?", serviceRule, "AWS::EC2::VPCEndpointService"),
		ruled("vpcendpoint/permissions", design.Operations, "Microsoft Learn, What is Azure Private Link service?", func(p *Plan, r *inventory.Resource) design.Decision {
			return manual("a Private Link service knows its users by subscription, not by account or role", 0.25, "list the subscriptions of the users of "+r.Name+" as visible and approved at the Private Link service")
		}, "AWS::EC2::VPCEndpointServicePermissions"),
		ruled("vpcendpoint/notification", design.Operations, privatePage, func(p *Plan, r *inventory.Resource) design.Decision {
			return manual("it tells of new connections to an endpoint service", 0.25, "make an activity log alert for changes of private endpoint connections")
		}, "AWS::EC2::VPCEndpointConnectionNotification"),
	}
}

// kindsOf returns the prefixes of the source kinds behind a service name
// ("com.amazonaws.us-east-1.s3").
func kindsOf(service string) []string {
	parts := strings.Split(service, ".")
	if len(parts) < 3 || unresolved(service) && !strings.Contains(service, "}.") {
		return nil
	}
	name := strings.Join(parts[3:], ".")
	if len(parts) == 3 {
		name = parts[2]
	}
	known := map[string][]string{
		"s3": {"AWS::S3::"}, "s3express": {"AWS::S3Express::"}, "dynamodb": {"AWS::DynamoDB::"}, "sqs": {"AWS::SQS::"}, "sns": {"AWS::SNS::"},
		"secretsmanager": {"AWS::SecretsManager::"}, "kms": {"AWS::KMS::"}, "ssm": {"AWS::SSM::Parameter"}, "ecr.api": {"AWS::ECR::"}, "ecr.dkr": {"AWS::ECR::"},
		"kinesis-streams": {"AWS::Kinesis::"}, "events": {"AWS::Events::"}, "lambda": {"AWS::Lambda::"}, "elasticfilesystem": {"AWS::EFS::"},
		"execute-api": {"AWS::ApiGateway::", "AWS::ApiGatewayV2::"}, "glue": {"AWS::Glue::"}, "redshift": {"AWS::Redshift::"}, "rds": {"AWS::RDS::"},
		"athena": {"AWS::Athena::"}, "appconfig": {"AWS::AppConfig::"}, "acm-pca": {"AWS::ACMPCA::"}, "transfer": {"AWS::Transfer::"}, "elasticache": {"AWS::ElastiCache::"},
		"kinesis-firehose": {"AWS::KinesisFirehose::"}, "states": {"AWS::StepFunctions::"}, "eks": {"AWS::EKS::"}, "memory-db": {"AWS::MemoryDB::"}, "git-codecommit": {"AWS::CodeCommit::"},
	}
	return known[name]
}

// spared tells what takes the place of an endpoint to a service that has no
// counterpart with a private address of its own.
func spared(service string) string {
	for name, text := range map[string]string{
		".sts":         "managed identities get their tokens at an address inside each machine, so nothing needs an endpoint to sign in",
		".logs":        "agents send logs to Azure Monitor; a private link scope keeps that inside the network if it has to be",
		".monitoring":  "agents send metrics to Azure Monitor; a private link scope keeps that inside the network if it has to be",
		".ec2":         "machines need no call to the control plane",
		".ec2messages": "Bastion and Run Command take the place of Session Manager and need no endpoint in the network",
		".ssmmessages": "Bastion and Run Command take the place of Session Manager and need no endpoint in the network",
		".ssm":         "Bastion and Run Command take the place of Session Manager and need no endpoint in the network",
		".ecs":         "Container Apps talk with their control plane inside the platform",
		".ecs-agent":   "Container Apps talk with their control plane inside the platform", ".ecs-telemetry": "Container Apps talk with their control plane inside the platform",
		".autoscaling": "scale sets need no call from inside the network", ".elasticloadbalancing": "balancers need no call from inside the network",
		".cloudformation": "deployments run outside of the network", ".xray": "Application Insights takes its place",
		".email-smtp": "see the decision for the service that sends mail",
	} {
		if strings.HasSuffix(service, name) {
			return text
		}
	}
	return ""
}

func endpointRule(p *Plan, r *inventory.Resource) design.Decision {
	service := design.Text(r.Properties, "ServiceName")
	kind := design.Text(r.Properties, "VpcEndpointType")
	if kind == "" {
		kind = "Gateway"
	}
	if strings.EqualFold(kind, "GatewayLoadBalancer") {
		d := manual("it sends traffic through appliances in another VPC", 3, "put the appliances behind a Gateway Load Balancer of Azure and chain it to the public front ends, or send the traffic to Azure Firewall by routes")
		d.Gaps = []design.Gap{p.c.Gap("route.inspection", service)}
		return d
	}
	if strings.Contains(service, ".vpce.") || strings.Contains(service, "vpce-svc") || r.Properties["ServiceNetworkArn"] != nil || r.Properties["ResourceConfigurationArn"] != nil {
		return manual("it leads to "+service+", which its owner offers at AWS only", 1, "ask the owner of "+service+" for a Private Link service at Azure, or reach it over the Internet or VPN")
	}
	made := p.leadTo(r, kindsOf(service))
	if len(made) == 0 {
		p.idle = append(p.idle, r)
	}
	return p.ledTo(r, made)
}

// ledTo is the decision for an endpoint when some private endpoints take its
// place.
func (p *Plan) ledTo(r *inventory.Resource, made []cloud.ResourceID) design.Decision {
	service, kind := design.Text(r.Properties, "ServiceName"), cmp.Or(design.Text(r.Properties, "VpcEndpointType"), "Gateway")
	policy := policyGap(p, r)
	if len(made) == 0 {
		if text := spared(service); text != "" {
			return replaced(0.7, "endpoint to "+service+": "+text, policy...)
		}
		d := replaced(0.5, "endpoint to "+service+": nothing of the workload that stands for a resource of it takes a private endpoint", policy...)
		d.ToDo = []string{"if machines call " + service + " itself, decide how they reach its counterpart"}
		return d
	}
	d := migrated(0.8, fmt.Sprintf("%s to what stands for the workload's resources of %s, with DNS zones so that their public names resolve to private addresses", verbOf(len(made), "private endpoint", "leads", "lead"), service), policy...)
	if strings.EqualFold(kind, "Gateway") {
		d.Gaps = append(d.Gaps, p.c.Gap("vpcendpoint.gateway", service))
		d.Alternatives = []design.Alternative{{Target: "service endpoint of the subnet", WhyNot: "it leaves the public address in use, and cannot be reached from peered networks"}}
	}
	if design.Text(r.Properties, "PrivateDnsEnabled") == "false" && strings.EqualFold(kind, "Interface") {
		d.Gaps = append(d.Gaps, p.c.Gap("vpcendpoint.dns", "PrivateDnsEnabled=false"))
	}
	return d
}

// policyGap names an endpoint policy that narrows what the endpoint leads to.
func policyGap(p *Plan, r *inventory.Resource) []design.Gap {
	for _, m := range design.Maps(design.At(r.Properties, "PolicyDocument.Statement")) {
		if design.Text(m, "Effect") != "Allow" || design.Text(m, "Resource") != "*" || design.Text(m, "Action") != "*" || m["Condition"] != nil {
			return []design.Gap{p.c.Gap("vpcendpoint.policy", "PolicyDocument")}
		}
	}
	return nil
}

// leadTo puts private endpoints to what stands for the resources of some kinds.
func (p *Plan) leadTo(r *inventory.Resource, kinds []string) []cloud.ResourceID {
	near := append(slices.Clone(design.List(r.Properties["SubnetIds"])), design.List(r.Properties["VpcId"])...)
	v, _ := p.near(near)
	if v == nil {
		return nil
	}
	var out []cloud.ResourceID
	for _, source := range p.c.Everything() {
		if !slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(string(source.Kind), k) }) {
			continue
		}
		for _, id := range p.c.TargetsOf(source) {
			t, ok := p.c.Resource(id)
			if !ok {
				continue
			}
			for _, sub := range subsOf(t) {
				key := p.key(v) + "|" + strings.ToLower(string(id)) + "|" + strings.ToLower(sub)
				made, ok := p.peps[key]
				if !ok {
					made = p.putEndpoint(key, id, sub, p.behind(v, id, design.Purpose{Name: "endpoints", Bits: 27, From: r, Near: near}))
				}
				if !slices.Contains(out, made) {
					out = append(out, made)
				}
			}
		}
	}
	for _, id := range p.standing(v, kinds) {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	p.c.Attach(r, out...)
	return out
}

// standing returns the private endpoints in a network, whoever asked for them,
// that lead to what stands for resources of some kinds.
func (p *Plan) standing(v *vnet, kinds []string) []cloud.ResourceID {
	var out []cloud.ResourceID
	for _, d := range p.special {
		for _, to := range d.endpoints {
			if d.net != v || !p.leads(kinds, to) {
				continue
			}
			prefix := p.key(v) + "|" + strings.ToLower(string(to)) + "|"
			for key, id := range p.peps {
				if strings.HasPrefix(key, prefix) && !slices.Contains(out, id) {
					out = append(out, id)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// recall decides again the endpoints that led nowhere and the groups that
// nothing carried, when others have put private endpoints since.
func (p *Plan) recall() {
	p.unworn = slices.DeleteFunc(p.unworn, func(r *inventory.Resource) bool {
		g := p.groups[r.ID]
		worn := slices.ContainsFunc(p.special, func(d *dedicated) bool { return d.set != nil && slices.Contains(d.set.groups, g) })
		if worn {
			p.c.Amend(r, p.remarked(r, groupRule(p, r)))
		}
		return worn
	})
	p.idle = slices.DeleteFunc(p.idle, func(r *inventory.Resource) bool {
		v, _ := p.near(append(slices.Clone(design.List(r.Properties["SubnetIds"])), design.List(r.Properties["VpcId"])...))
		made := p.standing(v, kindsOf(design.Text(r.Properties, "ServiceName")))
		if v == nil || len(made) == 0 {
			return false
		}
		p.c.Attach(r, made...)
		p.c.Amend(r, p.remarked(r, p.ledTo(r, made)))
		return true
	})
}

// Spared reports whether a resource is an endpoint that nothing at the target
// needs to take the place of.
func Spared(r *inventory.Resource) bool {
	return r.Kind == linkKind && spared(design.Text(r.Properties, "ServiceName")) != ""
}

// subsOf returns the sub-resources of a target that get a private endpoint,
// none for one whose SKU takes none.
func subsOf(t *design.Resource) []string {
	sku := strings.ToLower(design.Text(t.Body, "sku.name"))
	switch strings.ToLower(string(t.Type)) {
	case "microsoft.storage/storageaccounts":
		if strings.EqualFold(design.Text(t.Body, "kind"), "FileStorage") {
			return []string{"file"}
		}
		if design.True(t.Body, "properties.isHnsEnabled") {
			return []string{"blob", "dfs"}
		}
		return []string{"blob"}
	case "microsoft.keyvault/vaults":
		return []string{"vault"}
	case "microsoft.documentdb/databaseaccounts":
		if strings.EqualFold(design.Text(t.Body, "kind"), "MongoDB") {
			return []string{"MongoDB"}
		}
		return []string{"Sql"}
	case "microsoft.servicebus/namespaces":
		// Only Premium (Microsoft Learn, "Allow access to Azure Service Bus
		// namespaces via private endpoints").
		if sku == "premium" {
			return []string{"namespace"}
		}
	case "microsoft.eventhub/namespaces":
		if sku != "basic" {
			return []string{"namespace"}
		}
	case "microsoft.containerregistry/registries":
		if sku == "premium" {
			return []string{"registry"}
		}
	case "microsoft.appconfiguration/configurationstores":
		if sku == "standard" || sku == "premium" {
			return []string{"configurationStores"}
		}
	case "microsoft.eventgrid/topics":
		return []string{"topic"}
	case "microsoft.web/sites":
		return []string{"sites"}
	case "microsoft.cache/redisenterprise":
		return []string{"redisEnterprise"}
	case "microsoft.sql/servers":
		return []string{"sqlServer"}
	case "microsoft.datafactory/factories":
		return []string{"dataFactory"}
	}
	return nil
}

func serviceRule(p *Plan, r *inventory.Resource) design.Decision {
	d := manual("others reach "+r.Name+" by private endpoints of their own; a Private Link service in front of the internal load balancer does that", 2,
		"make a Private Link service with the front end of the load balancer, a subnet with its network policies off, and the users' subscriptions",
		"give the users the alias of the service, and approve their endpoints")
	d.Gaps = []design.Gap{p.c.Gap("vpcendpoint.service", "NetworkLoadBalancerArns")}
	return d
}
