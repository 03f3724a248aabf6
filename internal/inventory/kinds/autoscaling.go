package kinds

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/inventory"
)

// autoscalingRules are those of Auto Scaling groups.
func autoscalingRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::AutoScaling::AutoScalingGroup", ID: idAt("AutoScalingGroupARN"),
			Move:  map[string]string{"DefaultCooldown": "Cooldown"},
			Drop:  []string{"SuspendedProcesses[].SuspensionReason", "PredictedCapacity", "WarmPoolSize"},
			Shape: shapes(groupSubnets, groupMetrics, groupNotifications, groupInstances),
			// AWS gives the zones and the names in no order.
			Unordered: []string{"AvailabilityZones", "LoadBalancerNames", "TargetGroupARNs", "VPCZoneIdentifier", "TrafficSources"},
			Marks:     gone("Status"),
		},
		{
			Kind: "AWS::AutoScaling::LaunchConfiguration", ID: idAt("LaunchConfigurationARN"),
			Move: map[string]string{"InstanceMonitoring.Enabled": "InstanceMonitoring"},
		},
		{Kind: "AWS::AutoScaling::ScalingPolicy", Move: map[string]string{"PolicyARN": "Arn"}, Name: nameAt("PolicyName")},
		{
			// Time is what StartTime was called once.
			Kind: "AWS::AutoScaling::ScheduledAction", ID: idAt("ScheduledActionARN"), Drop: []string{"Time"}, Name: nameAt("ScheduledActionName"),
		},
		{Kind: "AWS::AutoScaling::LifecycleHook", Drop: []string{"GlobalTimeout"}, Name: nameAt("LifecycleHookName")},
		{Kind: "AWS::AutoScaling::WarmPool", Marks: gone("Status")},
	}
}

// groupSubnets opens the API's comma-separated text.
func groupSubnets(r *Reading) {
	text := textAt(r.Item, "VPCZoneIdentifier")
	if text == "" || strings.Contains(text, "${") {
		return
	}
	var subnets []any
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			subnets = append(subnets, part)
		}
	}
	r.Properties["VPCZoneIdentifier"] = subnets
	without("VPCZoneIdentifier")(r)
}

// groupMetrics gathers the metrics that a group collects, by granularity.
func groupMetrics(r *Reading) {
	found := map[string][]any{}
	for _, m := range objectsAt(r.Item, "EnabledMetrics") {
		found[textAt(m, "Granularity")] = append(found[textAt(m, "Granularity")], textAt(m, "Metric"))
	}
	var list []any
	for _, granularity := range slices.Sorted(maps.Keys(found)) {
		list = append(list, map[string]any{"Granularity": granularity, "Metrics": inventory.SortValues(found[granularity])})
	}
	if len(list) > 0 {
		r.Properties["MetricsCollection"] = list
		without("EnabledMetrics")(r)
	}
}

// groupNotifications gathers the API's pairs of topic and type by topic.
func groupNotifications(r *Reading) {
	found := map[string][]any{}
	for _, n := range objectsAt(r.Item, "NotificationConfigurations") {
		if kind := textAt(n, "NotificationType"); kind != "" {
			found[textAt(n, "TopicARN")] = append(found[textAt(n, "TopicARN")], kind)
		}
	}
	var list []any
	for _, topic := range slices.Sorted(maps.Keys(found)) {
		list = append(list, map[string]any{"TopicARN": topic, "NotificationTypes": inventory.SortValues(found[topic])})
	}
	if len(list) > 0 {
		r.Properties["NotificationConfigurations"] = list
	}
}

// groupInstances keeps which instances a group has; how each of them does is
// of this moment.
func groupInstances(r *Reading) {
	var ids []any
	for _, i := range objectsAt(r.Item, "Instances") {
		if id := textAt(i, "InstanceId"); id != "" {
			ids = append(ids, id)
		}
	}
	without("Instances")(r)
	if len(ids) > 0 {
		r.Attributes["Instances"] = inventory.SortValues(ids)
	}
}
