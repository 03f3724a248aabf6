package cloudwatch

import (
	"strings"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// networkFamilies: what traffic passes through on its way.
func networkFamilies() []family {
	return []family{
		{kinds: kinds("AWS::EC2::NatGateway"), namespace: "AWS/NATGateway", targets: byLast("NatGatewayId"), specs: plain(
			amount(kpi.BytesOut, "BytesOutToDestination"), amount(kpi.BytesIn, "BytesInFromDestination").maybe(), gauge(kpi.Connections, "ActiveConnectionCount"),
			count(kpi.Failures, "ErrorPortAllocation").as("port allocation"), count(kpi.Failures, "PacketsDropCount").as("dropped packets").maybe(),
			count(kpi.NewConnections, "ConnectionAttemptCount").maybe(),
		)},
		{kinds: kinds("AWS::EC2::TransitGateway"), namespace: "AWS/TransitGateway", targets: byLast("TransitGateway"), specs: plain(
			amount(kpi.BytesIn, "BytesIn"), amount(kpi.BytesOut, "BytesOut"), count(kpi.Failures, "PacketDropCountNoRoute").as("packets without route").maybe(),
		)},
		{kinds: kinds("AWS::EC2::VPNConnection"), namespace: "AWS/VPN", targets: byLast("VpnId"), specs: plain(
			spec{metric: kpi.Availability, how: healthy, names: []string{"TunnelState"}}, amount(kpi.BytesIn, "TunnelDataIn"), amount(kpi.BytesOut, "TunnelDataOut"),
		)},
		{kinds: kinds("AWS::EC2::VPCEndpoint"), namespace: "AWS/PrivateLinkEndpoints", targets: byEndpoint, specs: plain(
			amount(kpi.BytesOut, "BytesProcessed").as("both directions").maybe(), gauge(kpi.Connections, "ActiveConnections").maybe(),
		)},
		{kinds: kinds("AWS::WAFv2::WebACL"), namespace: "AWS/WAFV2", targets: byWebACL, specs: plain(
			count(kpi.Throughput, "AllowedRequests").as("allowed").quiet().maybe(), count(kpi.Throughput, "BlockedRequests").as("blocked").quiet().maybe(),
		)},
		// Route 53 and CloudFront send to us-east-1 only, wherever the workload is.
		{kinds: kinds("AWS::Route53::HealthCheck"), namespace: "AWS/Route53", region: "us-east-1", targets: byLast("HealthCheckId"), specs: plain(
			spec{metric: kpi.Availability, how: healthy, names: []string{"HealthCheckStatus"}}, timed(kpi.FirstByteLatency, "TimeToFirstByte", millisecond).maybe(),
		)},
		{kinds: kinds("AWS::CloudFront::Distribution"), namespace: "AWS/CloudFront", region: "us-east-1", targets: byDistribution, specs: plain(
			count(kpi.Throughput, "Requests").quiet(),
			spec{metric: kpi.ErrorRate, how: weighted, names: []string{"5xxErrorRate"}, base: []string{"Requests"}, sparse: true, optional: true},
			spec{metric: kpi.ClientErrorRate, how: weighted, names: []string{"4xxErrorRate"}, base: []string{"Requests"}, sparse: true, optional: true},
			spec{metric: kpi.CacheHitRate, how: weighted, names: []string{"CacheHitRate"}, base: []string{"Requests"}, sparse: true, optional: true},
			amount(kpi.BytesOut, "BytesDownloaded").quiet().maybe(), amount(kpi.BytesIn, "BytesUploaded").quiet().maybe(),
			timed(kpi.TargetLatency, "OriginLatency", millisecond).quiet().maybe(),
		)},
		{kinds: kinds("AWS::DirectConnect::Connection"), namespace: "AWS/DX", targets: byLast("ConnectionId"), specs: plain(
			spec{metric: kpi.Availability, how: healthy, names: []string{"ConnectionState"}},
			gauge(kpi.BytesIn, "ConnectionBpsIngress").by(1.0/8), gauge(kpi.BytesOut, "ConnectionBpsEgress").by(1.0/8),
		)},
	}
}

func byDistribution(_ *world, r *inventory.Resource) []target {
	return []target{{dimensions: []dimension{{"DistributionId", last(r.ID)}, {"Region", "Global"}}}}
}

// byEndpoint: the metrics of interface endpoints come under four dimensions;
// gateway endpoints send none.
func byEndpoint(_ *world, r *inventory.Resource) []target {
	kind := text(r.Properties, "VpcEndpointType")
	vpc, service := text(r.Properties, "VpcId"), text(r.Properties, "ServiceName")
	if kind == "" || kind == "Gateway" || vpc == "" || service == "" {
		return nil
	}
	return []target{{dimensions: []dimension{{"Endpoint Type", kind}, {"Service Name", service}, {"VPC Endpoint Id", last(r.ID)}, {"VPC Id", vpc}}}}
}

// byWebACL: "regional/webacl/<name>/<id>", or "global/…" at a distribution.
func byWebACL(_ *world, r *inventory.Resource) []target {
	parts := strings.Split(resourcePart(r.ID), "/")
	if len(parts) != 4 {
		return nil
	}
	d := []dimension{{"WebACL", parts[2]}, {"Rule", "ALL"}}
	if parts[0] == "regional" {
		d = append(d, dimension{"Region", string(r.Region)})
	}
	return []target{{dimensions: d}}
}
