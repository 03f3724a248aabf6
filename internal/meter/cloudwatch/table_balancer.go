package cloudwatch

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

func kinds(list ...cloud.Kind) []cloud.Kind { return list }

// balancerFamilies: the load balancers and their target groups. Most of their
// metrics are only sent when they are not zero ("Reporting criteria" of the
// metric lists in the Elastic Load Balancing user guides).
func balancerFamilies() []family {
	return []family{
		{kinds: kinds("AWS::ElasticLoadBalancingV2::LoadBalancer"), targets: byBalancer, specs: balancerSpecs},
		{kinds: kinds("AWS::ElasticLoadBalancingV2::TargetGroup"), targets: byTargetGroup, specs: groupSpecs, missing: "the load balancer that uses it"},
		{kinds: kinds("AWS::ElasticLoadBalancing::LoadBalancer"), namespace: "AWS/ELB", targets: byLast("LoadBalancerName"), specs: plain(
			count(kpi.Throughput, "RequestCount").quiet(), timed(kpi.TargetLatency, "Latency", 1).quiet(),
			over(kpi.ErrorRate, "RequestCount", "HTTPCode_Backend_5XX", "HTTPCode_ELB_5XX").quiet(), over(kpi.ClientErrorRate, "RequestCount", "HTTPCode_Backend_4XX", "HTTPCode_ELB_4XX").quiet(),
			gauge(kpi.HealthyTargets, "HealthyHostCount"), gauge(kpi.UnhealthyTargets, "UnHealthyHostCount"),
			gauge(kpi.QueueDepth, "SurgeQueueLength").quiet().maybe(), count(kpi.Failures, "SpilloverCount").as("spilled requests").quiet().maybe(),
			count(kpi.Failures, "BackendConnectionErrors").as("connections to targets").quiet().maybe(),
		)},
	}
}

// shape is the kind of a load balancer by the form of its ARN:
// "loadbalancer/app/…", "/net/…", "/gwy/…".
func shape(name string) string { kind, _, _ := strings.Cut(name, "/"); return kind }

func byBalancer(_ *world, r *inventory.Resource) []target {
	name := after(r.ID, "loadbalancer/")
	if name == "" {
		return nil
	}
	return []target{{dimensions: []dimension{{"LoadBalancer", name}}}}
}

func balancerNamespace(kind string) string {
	switch kind {
	case "net":
		return "AWS/NetworkELB"
	case "gwy":
		return "AWS/GatewayELB"
	}
	return "AWS/ApplicationELB"
}

func balancerSpecs(r *inventory.Resource) []spec {
	kind := shape(after(r.ID, "loadbalancer/"))
	if kind != "app" {
		return within(balancerNamespace(kind),
			gauge(kpi.Connections, "ActiveFlowCount"), count(kpi.NewConnections, "NewFlowCount"), amount(kpi.BytesOut, "ProcessedBytes").as("both directions"),
			count(kpi.Failures, "TCP_Target_Reset_Count").as("resets by targets").quiet().maybe(), count(kpi.Failures, "TCP_ELB_Reset_Count").as("resets by the balancer").quiet().maybe())
	}
	return within("AWS/ApplicationELB", append(requests(),
		// 5xx of the balancer itself: no target, or none that answered.
		over(kpi.ErrorRate, "RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count").quiet(),
		gauge(kpi.Connections, "ActiveConnectionCount").quiet(), count(kpi.NewConnections, "NewConnectionCount").quiet(),
		amount(kpi.BytesOut, "ProcessedBytes").as("both directions").quiet(), count(kpi.Failures, "RejectedConnectionCount").as("rejected connections").quiet().maybe(),
		count(kpi.Throughput, "HTTP_Redirect_Count").as("redirects by the balancer").quiet().maybe(),
	)...)
}

func requests() []spec {
	return []spec{
		count(kpi.Throughput, "RequestCount").quiet(), timed(kpi.TargetLatency, "TargetResponseTime", 1).quiet(),
		over(kpi.ClientErrorRate, "RequestCount", "HTTPCode_Target_4XX_Count").quiet(),
	}
}

func within(namespace string, list ...spec) []spec {
	for i := range list {
		if list[i].namespace == "" {
			list[i].namespace = namespace
		}
	}
	return list
}

// byTargetGroup needs the balancer as well: most metrics of a group come under
// both dimensions only.
func byTargetGroup(w *world, r *inventory.Resource) []target {
	group := resourcePart(r.ID)
	var out []target
	for _, arn := range w.balancers[string(r.ID)] {
		balancer := after(cloud.ResourceID(arn), "loadbalancer/")
		if balancer == "" {
			continue
		}
		t := target{dimensions: []dimension{{"TargetGroup", group}, {"LoadBalancer", balancer}}}
		if len(w.balancers[string(r.ID)]) > 1 {
			t.detail = "from " + balancer
		}
		out = append(out, t)
	}
	return out
}

func groupSpecs(r *inventory.Resource) []spec {
	health := []spec{gauge(kpi.HealthyTargets, "HealthyHostCount"), gauge(kpi.UnhealthyTargets, "UnHealthyHostCount").maybe()}
	switch strings.ToUpper(text(r.Properties, "Protocol")) {
	case "TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC":
		return within("AWS/NetworkELB", health...)
	case "GENEVE":
		return within("AWS/GatewayELB", health...)
	}
	if text(r.Properties, "TargetType") == "lambda" {
		health = nil // functions have no health check by default, and no such metric
	}
	return within("AWS/ApplicationELB", append(append(requests(), over(kpi.ErrorRate, "RequestCount", "HTTPCode_Target_5XX_Count").quiet()), health...)...)
}
