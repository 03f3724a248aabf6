package network

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/reach"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/privatednszonegroups"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/privateendpoints"
	"github.com/hashicorp/go-azure-sdk/resource-manager/privatedns/2024-06-01/privatezones"
	"github.com/hashicorp/go-azure-sdk/resource-manager/privatedns/2024-06-01/virtualnetworklinks"
)

// What an elastic file system is made of. It speaks NFS on port 2049, as Azure
// Files does (Microsoft Learn, "NFS file shares in Azure Files").
const (
	fileSystemKind cloud.Kind = "AWS::EFS::FileSystem"
	mountKind      cloud.Kind = "AWS::EFS::MountTarget"
)

// linkKind is an endpoint of the source: of type "Interface" one with addresses
// and security groups.
const linkKind cloud.Kind = "AWS::EC2::VPCEndpoint"

const endpointKind cloud.Kind = "Microsoft.Network/privateEndpoints"

// PrivateEndpoint gives a target resource an address in the network, with the
// DNS zone that its name needs. The endpoint stands in a subnet for endpoints
// whose NSG carries the security groups of the resource's sources.
func (p *Plan) PrivateEndpoint(to cloud.ResourceID, sub string, near []any) (cloud.ResourceID, bool) {
	v, _ := p.near(near)
	if v == nil {
		return "", false
	}
	key := p.key(v) + "|" + strings.ToLower(string(to)) + "|" + strings.ToLower(sub)
	if id, ok := p.peps[key]; ok {
		return id, true
	}
	owners := p.c.SourcesOf(to)
	var groups []any
	var from *inventory.Resource
	for _, r := range owners {
		if r.Kind == fileSystemKind {
			// The file system itself is in no subnet; its mount targets are.
			owners = append(owners, p.c.Referring(r, mountKind, "FileSystemId")...)
		}
	}
	for _, r := range owners {
		if list := groupsOf(r); len(list) > 0 {
			groups, from = append(groups, list...), r
		} else if from == nil && inDefaultGroup(r) {
			from = r
		}
	}
	purpose := design.Purpose{Name: "endpoints", Bits: 27, From: from, Near: near, Groups: groups}
	if from == nil {
		purpose = p.behind(v, to, purpose)
	}
	return p.putEndpoint(key, to, sub, purpose), true
}

// behind changes the purpose of a private endpoint to a service that the source
// reached through an interface endpoint in the VPC: that one's groups guarded
// the way. Of several the first counts: their rules together would open more.
func (p *Plan) behind(v *vnet, to cloud.ResourceID, purpose design.Purpose) design.Purpose {
	for _, e := range p.c.OfKind(linkKind) {
		groups, near := groupsOf(e), append(slices.Clone(design.List(e.Properties["SubnetIds"])), design.List(e.Properties["VpcId"])...)
		if len(groups) == 0 && !inDefaultGroup(e) {
			continue // of type "Gateway": routes lead to it, and no group guards it
		}
		if at, _ := p.near(near); at == v && p.leads(kindsOf(design.Text(e.Properties, "ServiceName")), to) {
			purpose.From, purpose.Near, purpose.Groups = e, near, groups
			return purpose
		}
	}
	return purpose
}

// leads reports whether a target stands for resources of some kinds, itself or
// with its parts.
func (p *Plan) leads(kinds []string, to cloud.ResourceID) bool {
	of := func(kind string) bool {
		return slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(kind, k) || strings.HasPrefix(k, kind) })
	}
	if t, ok := p.c.Resource(to); ok && slices.ContainsFunc(servedBy(t.Type), of) {
		return true
	}
	return slices.ContainsFunc(p.c.SourcesOf(to), func(r *inventory.Resource) bool {
		return slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(string(r.Kind), k) })
	})
}

// servedBy returns the source kinds that a shared target of a kind holds the
// counterparts of: its parts are put after it.
func servedBy(kind cloud.Kind) []string {
	switch strings.ToLower(string(kind)) {
	case "microsoft.servicebus/namespaces":
		return []string{"AWS::SQS::", "AWS::SNS::"}
	case "microsoft.eventhub/namespaces":
		return []string{"AWS::Kinesis::"}
	case "microsoft.containerregistry/registries":
		return []string{"AWS::ECR::"}
	}
	return nil
}

// groupsOf returns the references to security groups of a resource, whatever
// its kind calls them.
func groupsOf(r *inventory.Resource) []any {
	for _, path := range []string{
		reach.GroupPath(r.Kind),
		"SecurityGroupIds", "VPCSecurityGroups", "VpcSecurityGroupIds", "VpcConfig.SecurityGroupIds", "SecurityGroups", "VPCOptions.SecurityGroupIds",
		"ResourcesVpcConfig.SecurityGroupIds", "SecurityGroupIdList",
	} {
		if path == "" {
			continue
		}
		if list := design.List(design.At(r.Properties, path)); len(list) > 0 {
			return list
		}
	}
	return nil
}

func (p *Plan) putEndpoint(key string, to cloud.ResourceID, sub string, purpose design.Purpose) cloud.ResourceID {
	d := p.dedicate(purpose)
	for _, r := range p.c.SourcesOf(to) {
		d.pair(sourcePort(r), portOf(sub))
	}
	if purpose.From != nil && purpose.From.Kind == linkKind && !d.outside {
		// What AWS serves at an interface endpoint is HTTPS.
		d.pair(443, portOf(sub))
	}
	name := string(to[strings.LastIndexByte(string(to), '/')+1:]) + "-" + sub
	model := privateendpoints.PrivateEndpoint{Properties: &privateendpoints.PrivateEndpointProperties{
		Subnet: &privateendpoints.Subnet{Id: new(string(d.id))},
		PrivateLinkServiceConnections: &[]privateendpoints.PrivateLinkServiceConnection{{
			Name: new(sub), Properties: &privateendpoints.PrivateLinkServiceConnectionProperties{PrivateLinkServiceId: new(string(to)), GroupIds: &[]string{sub}},
		}},
	}}
	id := p.c.Put(design.Target{Type: endpointKind, Base: name, Model: model}, p.c.SourcesOf(to)...)
	p.peps[key] = id
	d.endpoints = append(d.endpoints, to)
	if zone := p.zoneFor(to, sub); zone != "" {
		zoneID := p.ZoneLinked(zone, d.net)
		p.c.Put(design.Target{
			Type: "Microsoft.Network/privateEndpoints/privateDnsZoneGroups", Parent: id, Base: "default", Exact: true, NoLocation: true,
			Model: privatednszonegroups.PrivateDnsZoneGroup{Properties: &privatednszonegroups.PrivateDnsZoneGroupPropertiesFormat{
				PrivateDnsZoneConfigs: &[]privatednszonegroups.PrivateDnsZoneConfig{{
					Name:       new(strings.ReplaceAll(zone, ".", "-")),
					Properties: &privatednszonegroups.PrivateDnsZonePropertiesFormat{PrivateDnsZoneId: new(string(zoneID))},
				}},
			}},
		})
	}
	p.refresh()
	return id
}

// pair notes that a service listens on another port at the target.
func (d *dedicated) pair(source, target int) {
	if x := (portPair{source, target}); source > 0 && target > 0 && source != target && !slices.Contains(d.ports, x) {
		d.ports = append(d.ports, x)
	}
}

// ZoneLinked returns a private DNS zone that the network resolves.
func (p *Plan) ZoneLinked(zone string, v *vnet) cloud.ResourceID {
	id := p.c.Once("network|zone|"+strings.ToLower(zone), func() cloud.ResourceID {
		return p.c.Put(design.Target{Type: "Microsoft.Network/privateDnsZones", Base: zone, Exact: true, Location: "global", Model: privatezones.PrivateZone{Properties: &privatezones.PrivateZoneProperties{}}})
	})
	if !v.links[zone] {
		v.links[zone] = true
		p.c.Put(design.Target{
			Type: "Microsoft.Network/privateDnsZones/virtualNetworkLinks", Parent: id, Base: v.name, Location: "global",
			Model: virtualnetworklinks.VirtualNetworkLink{Properties: &virtualnetworklinks.VirtualNetworkLinkProperties{
				RegistrationEnabled: new(false), VirtualNetwork: &virtualnetworklinks.SubResource{Id: new(string(p.putVNet(v)))},
			}},
		})
	}
	return id
}

// sub is a sub-resource of a target kind that takes private endpoints.
type sub struct {
	group string
	zone  string
	port  int
}

// subResources are those of Microsoft Learn, "Azure Private Endpoint private
// DNS zone values". {region} stands for the location.
func subResources() map[string]sub {
	return map[string]sub{
		"blob":                {"blob", "privatelink.blob.core.windows.net", 443},
		"file":                {"file", "privatelink.file.core.windows.net", 445},
		"queue":               {"queue", "privatelink.queue.core.windows.net", 443},
		"table":               {"table", "privatelink.table.core.windows.net", 443},
		"web":                 {"web", "privatelink.web.core.windows.net", 443},
		"dfs":                 {"dfs", "privatelink.dfs.core.windows.net", 443},
		"vault":               {"vault", "privatelink.vaultcore.azure.net", 443},
		"managedhsm":          {"managedhsm", "privatelink.managedhsm.azure.net", 443},
		"sql":                 {"Sql", "privatelink.documents.azure.com", 443},
		"mongodb":             {"MongoDB", "privatelink.mongo.cosmos.azure.com", 10255},
		"mongocluster":        {"MongoCluster", "privatelink.mongocluster.cosmos.azure.com", 10260},
		"cassandra":           {"Cassandra", "privatelink.cassandra.cosmos.azure.com", 10350},
		"gremlin":             {"Gremlin", "privatelink.gremlin.cosmos.azure.com", 443},
		"sqlserver":           {"sqlServer", "privatelink.database.windows.net", 1433},
		"postgresqlserver":    {"postgresqlServer", "privatelink.postgres.database.azure.com", 5432},
		"mysqlserver":         {"mysqlServer", "privatelink.mysql.database.azure.com", 3306},
		"redisenterprise":     {"redisEnterprise", "privatelink.redis.azure.net", 10000},
		"rediscache":          {"redisCache", "privatelink.redis.cache.windows.net", 6380},
		"registry":            {"registry", "privatelink.azurecr.io", 443},
		"namespace":           {"namespace", "privatelink.servicebus.windows.net", 5671},
		"topic":               {"topic", "privatelink.eventgrid.azure.net", 443},
		"domain":              {"domain", "privatelink.eventgrid.azure.net", 443},
		"sites":               {"sites", "privatelink.azurewebsites.net", 443},
		"configurationstores": {"configurationStores", "privatelink.azconfig.io", 443},
		"searchservice":       {"searchService", "privatelink.search.windows.net", 443},
		"gateway":             {"Gateway", "privatelink.azure-api.net", 443},
		"managedenvironments": {"managedEnvironments", "privatelink.{region}.azurecontainerapps.io", 443},
		"management":          {"management", "privatelink.{region}.azmk8s.io", 443},
		"datafactory":         {"dataFactory", "privatelink.datafactory.azure.net", 443},
		"account":             {"account", "privatelink.cognitiveservices.azure.com", 443},
		"cluster":             {"cluster", "privatelink.{region}.kusto.windows.net", 443},
	}
}

func (p *Plan) zoneFor(to cloud.ResourceID, group string) string {
	zone := subResources()[strings.ToLower(group)].zone
	if strings.Contains(zone, "{region}") {
		if p.c.Place.Location == "" {
			return ""
		}
		zone = strings.ReplaceAll(zone, "{region}", string(p.c.Place.Location))
	}
	return zone
}

func portOf(group string) int { return subResources()[strings.ToLower(group)].port }

// sourcePort returns the port that a source resource listens on.
func sourcePort(r *inventory.Resource) int {
	for _, path := range []string{"Port", "Endpoint.Port", "ConfigurationEndPoint.Port", "PrimaryEndPoint.Port", "ClusterEndpoint.Port"} {
		if n := design.Int(r.Properties, path, 0); n > 0 {
			return n
		}
	}
	switch {
	case strings.HasPrefix(string(r.Kind), "AWS::ElastiCache::"):
		if strings.EqualFold(design.Text(r.Properties, "Engine"), "memcached") {
			return 11211
		}
		return 6379
	case strings.HasPrefix(string(r.Kind), "AWS::MemoryDB::"):
		return 6379
	case strings.HasPrefix(string(r.Kind), "AWS::DocDB::"):
		return 27017
	}
	return 0
}

// endpointsOf returns the subnets of endpoints to what stands for a service of
// AWS ("com.amazonaws.us-east-1.s3").
func (p *Plan) endpointsOf(service string, v *vnet) []*dedicated {
	var out []*dedicated
	kinds := kindsOf(service)
	for _, d := range p.special {
		if v != nil && d.net != v {
			continue
		}
		for _, to := range d.endpoints {
			if slices.ContainsFunc(p.c.SourcesOf(to), func(r *inventory.Resource) bool {
				return slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(string(r.Kind), k) })
			}) {
				out = append(out, d)
				break
			}
		}
	}
	return out
}
