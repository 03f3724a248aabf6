package cloudwatch

import (
	"cmp"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// gatewayFamilies: API gateways and user pools.
func gatewayFamilies() []family {
	return []family{
		// REST APIs are told apart by name, not by id (API Gateway developer
		// guide, "Amazon API Gateway dimensions and metrics").
		{kinds: kinds("AWS::ApiGateway::RestApi"), namespace: "AWS/ApiGateway", targets: by("ApiName", func(r *inventory.Resource) string { return cmp.Or(text(r.Properties, "Name"), r.Name) }), specs: plain(
			count(kpi.Throughput, "Count").quiet(), timed(kpi.Latency, "Latency", millisecond).quiet(), timed(kpi.TargetLatency, "IntegrationLatency", millisecond).quiet(),
			over(kpi.ErrorRate, "Count", "5XXError").quiet(), over(kpi.ClientErrorRate, "Count", "4XXError").quiet(), share("CacheHitCount", "CacheMissCount").quiet().maybe(),
		)},
		{kinds: kinds("AWS::ApiGatewayV2::Api"), namespace: "AWS/ApiGateway", targets: byLast("ApiId"), specs: httpSpecs},
		{kinds: kinds("AWS::AppSync::GraphQLApi"), namespace: "AWS/AppSync", targets: byLast("GraphQLAPIId"), specs: plain(
			timed(kpi.Latency, "Latency", millisecond).quiet(), count(kpi.Failures, "5XXError").as("5xx").quiet().maybe(), count(kpi.Failures, "4XXError").as("4xx").quiet().maybe(),
		)},
	}
}

func httpSpecs(r *inventory.Resource) []spec {
	if text(r.Properties, "ProtocolType") == "WEBSOCKET" {
		return []spec{
			count(kpi.NewConnections, "ConnectCount").quiet(), count(kpi.Throughput, "MessageCount").quiet(), timed(kpi.TargetLatency, "IntegrationLatency", millisecond).quiet(),
			over(kpi.ErrorRate, "MessageCount", "IntegrationError", "ExecutionError").quiet(), over(kpi.ClientErrorRate, "MessageCount", "ClientError").quiet(),
		}
	}
	return []spec{
		count(kpi.Throughput, "Count").quiet(), timed(kpi.Latency, "Latency", millisecond).quiet(), timed(kpi.TargetLatency, "IntegrationLatency", millisecond).quiet(),
		over(kpi.ErrorRate, "Count", "5xx").quiet(), over(kpi.ClientErrorRate, "Count", "4xx").quiet(),
	}
}
