package cloudwatch

import (
	"strings"
	"time"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// computeFamilies: EC2, Auto Scaling, Lambda, ECS and EKS. Facts from each
// service's list of CloudWatch metrics.
func computeFamilies() []family {
	return []family{
		{kinds: kinds("AWS::EC2::Instance"), namespace: "AWS/EC2", targets: byLast("InstanceId"), specs: plain(
			// Basic monitoring sends every five minutes, detailed every minute.
			gauge(kpi.CPUUtilisation, "CPUUtilization"), amount(kpi.BytesIn, "NetworkIn"), amount(kpi.BytesOut, "NetworkOut"),
			spec{metric: kpi.Availability, how: complement, names: []string{"StatusCheckFailed"}},
			gauge(kpi.CreditBalance, "CPUCreditBalance").maybe(),
			count(kpi.ReadIOPS, "EBSReadOps").maybe(), count(kpi.WriteIOPS, "EBSWriteOps").maybe(),
			amount(kpi.BytesRead, "EBSReadBytes").maybe(), amount(kpi.BytesWritten, "EBSWriteBytes").maybe(),
		)},
		{kinds: kinds("AWS::AutoScaling::AutoScalingGroup"), namespace: "AWS/EC2", targets: by("AutoScalingGroupName", scalingGroup), specs: plain(
			gauge(kpi.CPUUtilisation, "CPUUtilization"), amount(kpi.BytesIn, "NetworkIn").maybe(), amount(kpi.BytesOut, "NetworkOut").maybe(),
			// The group's own metrics are sent only once they are switched on.
			gauge(kpi.Instances, "GroupInServiceInstances").in("AWS/AutoScaling").maybe(),
		)},
		{kinds: kinds("AWS::Lambda::Function"), namespace: "AWS/Lambda", targets: by("FunctionName", lambdaName), specs: plain(
			count(kpi.Throughput, "Invocations").quiet(), over(kpi.ErrorRate, "Invocations", "Errors").quiet(),
			timed(kpi.Latency, "Duration", millisecond).quiet(), count(kpi.Throttles, "Throttles").quiet().maybe(), gauge(kpi.Concurrency, "ConcurrentExecutions").quiet().maybe(),
			timed(kpi.QueueAge, "IteratorAge", millisecond).quiet().maybe(),
		)},
		{kinds: kinds("AWS::ECS::Service"), namespace: "AWS/ECS", targets: ecsService, specs: plain(
			gauge(kpi.CPUUtilisation, "CPUUtilization"), gauge(kpi.MemoryUtilisation, "MemoryUtilization"),
			gauge(kpi.Instances, "RunningTaskCount").in("ECS/ContainerInsights").maybe(),
		), missing: "the name of the cluster"},
		{kinds: kinds("AWS::ECS::Cluster"), namespace: "AWS/ECS", targets: byLast("ClusterName"), specs: plain(
			gauge(kpi.CPUUtilisation, "CPUUtilization").maybe(), gauge(kpi.MemoryUtilisation, "MemoryUtilization").maybe(),
			gauge(kpi.Instances, "TaskCount").in("ECS/ContainerInsights").maybe(),
		)},
		{kinds: kinds("AWS::EKS::Cluster"), namespace: "ContainerInsights", targets: byLast("ClusterName"), specs: plain(
			gauge(kpi.CPUUtilisation, "node_cpu_utilization").maybe(), gauge(kpi.MemoryUtilisation, "node_memory_utilization").maybe(),
			gauge(kpi.StorageUtilisation, "node_filesystem_utilization").maybe(), gauge(kpi.Instances, "cluster_node_count").maybe(),
		)},
		{kinds: kinds("AWS::Batch::JobQueue"), namespace: "AWS/Batch", targets: byLast("JobQueue"), specs: plain(gauge(kpi.QueueDepth, "RunnableJobs").every(time.Hour).maybe())},
	}
}

// scalingGroup: "…:autoScalingGroup:<uuid>:autoScalingGroupName/<name>".
func scalingGroup(r *inventory.Resource) string {
	if _, name, ok := strings.Cut(string(r.ID), "autoScalingGroupName/"); ok {
		return name
	}
	return text(r.Properties, "AutoScalingGroupName")
}

// lambdaName is the third part of "function:<name>", which a version or an
// alias may follow.
func lambdaName(r *inventory.Resource) string {
	name, _, _ := strings.Cut(after(r.ID, "function:"), ":")
	return name
}

// ecsService: "service/<cluster>/<name>"; the older form of the ARN has no
// cluster, which is a property then.
func ecsService(_ *world, r *inventory.Resource) []target {
	cluster, name, ok := strings.Cut(after(r.ID, "service/"), "/")
	if !ok {
		cluster, name = text(r.Properties, "Cluster"), last(r.ID)
		cluster = cluster[strings.LastIndex(cluster, "/")+1:]
	}
	if cluster == "" || name == "" {
		return nil
	}
	return []target{{dimensions: []dimension{{"ClusterName", cluster}, {"ServiceName", name}}}}
}
