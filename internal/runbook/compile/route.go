package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/runbook"
)

// route is a way in with what the steps want to know of it.
type route struct {
	runbook.Route
	key     string
	records []cloud.ResourceID
	kind    cloud.Kind // of the front
	percent int        // how much slower the target may be
	guide   string     // that says so
	only6   bool       // it has no record but those of IPv6 addresses
	share   int        // of the target, in percent, as the steps so far have it
}

// aliasTTL is the time to live of an alias record, which has none of its own:
// that of the addresses it stands for, 60 seconds at load balancers and
// distributions (Amazon Route 53 Developer Guide, "Choosing between alias and
// non-alias records").
const aliasTTL = 60

// unknownTTL is waited for where nobody can say how long resolvers keep a name.
const unknownTTL = day

// ways finds the routes: public names whose records lead to something that
// moves, and entry points that no record of the inventory leads to.
func (b *book) ways() {
	leads := map[cloud.ResourceID][]cloud.ResourceID{}
	for _, e := range b.Graph.Edges {
		if !e.Potential && e.Relation == graph.ResolvesTo {
			leads[e.From] = append(leads[e.From], e.To)
		}
	}
	decided := map[cloud.ResourceID]*design.Decision{}
	for _, v := range b.decisions {
		decided[v.Source] = v
	}
	byName := map[string]*route{}
	reached := map[cloud.ResourceID]bool{}
	for _, v := range b.decisions {
		r := b.byID[v.Source]
		if r == nil || r.Kind != "AWS::Route53::RecordSet" || !addresses(r) || b.private(r) {
			continue
		}
		name := strings.ToLower(strings.TrimSuffix(cmp.Or(text(r, "Name"), r.Name), "."))
		way := byName[name]
		if way == nil {
			way = &route{Route: runbook.Route{ID: name, By: "person", Zone: text(r, "HostedZoneId")}, only6: true}
			byName[name] = way
		}
		way.records = append(way.records, r.ID)
		way.only6 = way.only6 && text(r, "Type") == "AAAA"
		way.TTLSeconds = max(way.TTLSeconds, ttlOf(r))
		for _, front := range follow(leads, r.ID) {
			reached[front] = true
			if d := decided[front]; d != nil && entry(d.Kind) && (way.Front == "" || front < way.Front) {
				way.Front, way.kind = front, d.Kind
				way.Target = b.answering(d.Targets)
			}
		}
		if way.Target == "" && v.Action != design.Retain && v.Action != design.Retire {
			way.Target = b.answering(v.Targets)
		}
		if way.Front == "" {
			way.Front = r.ID
		}
		if z := b.zoneOf(r); z != "" {
			way.By, way.Zone = "dns-switch", z
		}
	}
	b.unnamed(byName, reached)
	keys := unique{}
	for _, name := range sortedKeys(byName) {
		way := byName[name]
		if d := decided[way.Front]; way.Target == "" && (d == nil || d.Action == design.Retain || d.Action == design.Retire) {
			b.leave(way.Front, "the name "+name, "nothing that moves answers to it")
			continue
		}
		way.key = keys.name(slug(name))
		way.percent, way.guide = b.tolerance(way)
		if b.Choices.TolerancePercent > 0 {
			way.percent, way.guide = b.Choices.TolerancePercent, "landfall.yaml"
		}
		if way.By != "person" && b.strategy != runbook.BigBang && b.strategy != runbook.Phased {
			way.By = "dns-weights"
		}
		slices.Sort(way.records)
		b.routes = append(b.routes, *way)
	}
}

// unnamed adds the entry points of flows that no name of the inventory leads
// to: their callers use another name, which a person has to switch.
func (b *book) unnamed(byName map[string]*route, reached map[cloud.ResourceID]bool) {
	for _, v := range b.decisions {
		if !public(v.Kind) || reached[v.Source] || v.Action == design.Retain || v.Action == design.Retire {
			continue
		}
		r := b.byID[v.Source]
		if r == nil || text(r, "Scheme") == "internal" {
			continue
		}
		way := &route{Route: runbook.Route{ID: strings.ToLower(v.Name), Front: v.Source, Target: b.answering(v.Targets), By: "person"}, kind: v.Kind}
		for n := 2; byName[way.ID] != nil; n++ {
			way.ID = fmt.Sprintf("%s-%d", strings.ToLower(v.Name), n)
		}
		byName[way.ID] = way
	}
}

// follow returns everything that a record leads to, through other records too.
func follow(leads map[cloud.ResourceID][]cloud.ResourceID, from cloud.ResourceID) []cloud.ResourceID {
	seen := map[cloud.ResourceID]bool{from: true}
	var out []cloud.ResourceID
	for queue := []cloud.ResourceID{from}; len(queue) > 0; queue = queue[1:] {
		for _, next := range leads[queue[0]] {
			if !seen[next] {
				seen[next] = true
				out = append(out, next)
				queue = append(queue, next)
			}
		}
	}
	slices.Sort(out)
	return out
}

// all are the routes.
func (b *book) all() []*route {
	list := make([]*route, 0, len(b.routes))
	for i := range b.routes {
		list = append(list, &b.routes[i])
	}
	return list
}

// users returns what finds the routes whose requests reach a set of data: all,
// where the graph shows no way; none, where that would be a gate for each of
// many names that have nothing to do with it.
func (b *book) users() func(s *set) []*route {
	const many = 12
	q := graph.NewQuery(b.Graph)
	reach := map[cloud.ResourceID][]*route{}
	for i := range b.routes {
		w := &b.routes[i]
		for _, r := range q.Needs(w.Front) {
			reach[r.ID] = append(reach[r.ID], w)
		}
	}
	return func(s *set) []*route {
		if list := reach[s.Source]; len(list) > 0 || len(b.routes) > many {
			return list
		}
		return b.all()
	}
}

// addresses reports whether a record says where a name stands.
func addresses(r *inventory.Resource) bool {
	name := text(r, "Name")
	return slices.Contains([]string{"A", "AAAA", "CNAME"}, text(r, "Type")) && !strings.HasPrefix(name, "_") && !strings.Contains(name, "._domainkey.")
}

func ttlOf(r *inventory.Resource) int64 {
	if _, alias := r.Properties["AliasTarget"]; alias {
		return aliasTTL
	}
	if n, ok := design.Number(map[string]any(r.Properties), "TTL"); ok && n > 0 && n <= 7*day {
		return int64(n)
	}
	return 0
}

// zoneOf returns the id of the record's zone where the inventory has it.
func (b *book) zoneOf(r *inventory.Resource) string {
	if z := b.zone(r); z != nil {
		return string(z.ID)
	}
	return ""
}

func (b *book) zone(r *inventory.Resource) *inventory.Resource {
	if zone := b.zones[r.ID]; zone != "" {
		return b.byID[zone]
	}
	id := strings.TrimPrefix(text(r, "HostedZoneId"), "/hostedzone/")
	for _, v := range b.decisions {
		z := b.byID[v.Source]
		if z == nil || z.Kind != "AWS::Route53::HostedZone" {
			continue
		}
		if id != "" && strings.HasSuffix(string(z.ID), "/"+id) || z.LogicalID != "" && id == "${ref:"+string(z.ID)+"}" {
			return z
		}
	}
	return nil
}

// private says that only machines inside a network resolve the name.
func (b *book) private(r *inventory.Resource) bool {
	z := b.zone(r)
	if z == nil {
		return false
	}
	vpcs, _ := z.Properties["VPCs"].([]any)
	return len(vpcs) > 0
}

// entry kinds take requests of users.
func entry(k cloud.Kind) bool {
	return public(k) || k == "AWS::EC2::Instance" || k == "AWS::EC2::EIP" || k == "AWS::S3::Bucket"
}

// public kinds take requests of users by a name of their own.
func public(k cloud.Kind) bool {
	switch k {
	case "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer", "AWS::CloudFront::Distribution", "AWS::ApiGateway::RestApi",
		"AWS::ApiGatewayV2::Api", "AWS::AppSync::GraphQLApi", "AWS::GlobalAccelerator::Accelerator", "AWS::AppRunner::Service", "AWS::Transfer::Server":
		return true
	}
	return false
}

// tolerance is how much slower the target may be by the guide for the kind of
// entry point.
func (b *book) tolerance(w *route) (percent int, guide string) {
	r := b.byID[w.Front]
	switch {
	case w.kind == "AWS::ElasticLoadBalancingV2::LoadBalancer" && r != nil && text(r, "Type") == "network":
		return 5, `Microsoft Learn, "Migrate from AWS Network Load Balancer to Azure Load Balancer": 5 % of latency`
	case w.kind == "AWS::ElasticLoadBalancingV2::LoadBalancer":
		return 10, `Microsoft Learn, "Migrate from AWS Application Load Balancer to Azure Application Gateway": 10 % of response time`
	}
	return 10, "assumed: 10 %, as for an application load balancer"
}

// answering is the one of the targets that users are led to: those that take
// requests before those that only help them to.
func (b *book) answering(ids []cloud.ResourceID) cloud.ResourceID {
	takes := []string{"Microsoft.Cdn/profiles/afdEndpoints", "Microsoft.Cdn/profiles", "Microsoft.Network/frontDoors", "Microsoft.Network/applicationGateways", "Microsoft.ApiManagement/service", "Microsoft.Network/loadBalancers",
		"Microsoft.Network/publicIPAddresses", "Microsoft.Network/trafficManagerProfiles", "Microsoft.App/containerApps", "Microsoft.Web/sites", "Microsoft.ContainerInstance/containerGroups", "Microsoft.Compute/virtualMachines", "Microsoft.Storage/storageAccounts"}
	best, rank := cloud.ResourceID(""), len(takes)
	for _, id := range ids {
		at := slices.Index(takes, string(b.types[id]))
		if at < 0 && strings.HasPrefix(string(b.types[id]), "Microsoft.Authorization/") {
			continue
		}
		if at < 0 {
			at = len(takes)
		}
		if best == "" || at < rank || at == rank && id < best {
			best, rank = id, at
		}
	}
	return best
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// oldTTL is what resolvers may have kept, with the margin of those that keep
// names longer than they were told.
func (w *route) oldTTL() (seconds int64, words string) {
	const margin = 5 * minute
	if w.TTLSeconds == 0 {
		return unknownTTL + margin, "not known, so a day is waited for"
	}
	return w.TTLSeconds + margin, strconv.FormatInt(w.TTLSeconds, 10) + " s"
}
