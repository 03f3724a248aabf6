package cloudwatch

import (
	"fmt"
	"strings"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// databaseFamilies: relational databases, caches, tables and search.
func databaseFamilies() []family {
	return []family{
		{kinds: kinds("AWS::RDS::DBInstance"), targets: byProperty("DBInstanceIdentifier", "DBInstanceIdentifier"), specs: instanceSpecs},
		{kinds: kinds("AWS::RDS::DBCluster"), targets: byProperty("DBClusterIdentifier", "DBClusterIdentifier"), specs: clusterSpecs},
		{kinds: kinds("AWS::DocDB::DBInstance", "AWS::DocDB::DBCluster"), namespace: "AWS/DocDB", targets: documentDB, specs: plain(databaseSpecs()...)},
		{kinds: kinds("AWS::Neptune::DBInstance", "AWS::Neptune::DBCluster"), namespace: "AWS/Neptune", targets: documentDB, specs: plain(gauge(kpi.CPUUtilisation, "CPUUtilization"), gauge(kpi.MemoryFree, "FreeableMemory"))},
		{kinds: kinds("AWS::ElastiCache::CacheCluster"), namespace: "AWS/ElastiCache", targets: byLast("CacheClusterId"), specs: plain(cacheSpecs()...)},
		{kinds: kinds("AWS::ElastiCache::ReplicationGroup"), namespace: "AWS/ElastiCache", targets: cacheNodes, specs: plain(cacheSpecs()...), missing: "the names of its nodes"},
		{kinds: kinds("AWS::MemoryDB::Cluster"), namespace: "AWS/MemoryDB", targets: byLast("ClusterName"), specs: plain(
			gauge(kpi.CPUUtilisation, "CPUUtilization"), gauge(kpi.CPUUtilisation, "EngineCPUUtilization").as("engine"), gauge(kpi.MemoryUtilisation, "DatabaseMemoryUsagePercentage"),
			gauge(kpi.Connections, "CurrConnections"), share("KeyspaceHits", "KeyspaceMisses"), count(kpi.Evictions, "Evictions").maybe(),
		)},
		{kinds: kinds("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"), namespace: "AWS/DynamoDB", targets: byLast("TableName"), specs: plain(tableSpecs()...)},
		{kinds: kinds("AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain"), namespace: "AWS/ES", targets: byDomain, specs: plain(
			gauge(kpi.CPUUtilisation, "CPUUtilization"), gauge(kpi.MemoryUtilisation, "JVMMemoryPressure"), gauge(kpi.StorageFree, "FreeStorageSpace").by(mebibyte),
			gauge(kpi.Latency, "SearchLatency").as("search").by(millisecond), gauge(kpi.Latency, "IndexingLatency").as("indexing").by(millisecond).maybe(),
			count(kpi.Throughput, "OpenSearchRequests").maybe(), over(kpi.ErrorRate, "OpenSearchRequests", "5xx").maybe(), over(kpi.ClientErrorRate, "OpenSearchRequests", "4xx").maybe(),
			gauge(kpi.Instances, "Nodes"), spec{metric: kpi.Availability, how: complement, names: []string{"ClusterStatus.red"}},
			gauge(kpi.ReadIOPS, "ReadIOPS").maybe(), gauge(kpi.WriteIOPS, "WriteIOPS").maybe(),
		)},
		{kinds: kinds("AWS::Redshift::Cluster"), namespace: "AWS/Redshift", targets: byProperty("ClusterIdentifier", "ClusterIdentifier"), specs: plain(
			gauge(kpi.CPUUtilisation, "CPUUtilization"), gauge(kpi.StorageUtilisation, "PercentageDiskSpaceUsed"), gauge(kpi.Connections, "DatabaseConnections"),
			gauge(kpi.ReadIOPS, "ReadIOPS"), gauge(kpi.WriteIOPS, "WriteIOPS"), gauge(kpi.ReadLatency, "ReadLatency"), gauge(kpi.WriteLatency, "WriteLatency"),
			gauge(kpi.BytesIn, "NetworkReceiveThroughput").maybe(), gauge(kpi.BytesOut, "NetworkTransmitThroughput").maybe(),
			spec{metric: kpi.Availability, how: healthy, names: []string{"HealthStatus"}},
		)},
	}
}

// databaseSpecs are what every engine of RDS and its relatives sends.
func databaseSpecs() []spec {
	return []spec{
		gauge(kpi.CPUUtilisation, "CPUUtilization"), gauge(kpi.Connections, "DatabaseConnections"), gauge(kpi.MemoryFree, "FreeableMemory"),
		gauge(kpi.ReadIOPS, "ReadIOPS"), gauge(kpi.WriteIOPS, "WriteIOPS"), gauge(kpi.ReadLatency, "ReadLatency"), gauge(kpi.WriteLatency, "WriteLatency"),
		gauge(kpi.BytesRead, "ReadThroughput").maybe(), gauge(kpi.BytesWritten, "WriteThroughput").maybe(),
		gauge(kpi.BytesIn, "NetworkReceiveThroughput").maybe(), gauge(kpi.BytesOut, "NetworkTransmitThroughput").maybe(),
		gauge(kpi.QueueDepth, "DiskQueueDepth").as("disk").maybe(), gauge(kpi.CreditBalance, "CPUCreditBalance").maybe(),
	}
}

func isAurora(r *inventory.Resource) bool {
	return strings.HasPrefix(text(r.Properties, "Engine"), "aurora")
}

func instanceSpecs(r *inventory.Resource) []spec {
	if isAurora(r) {
		// Aurora keeps its data in the cluster's volume; the instance has local
		// storage for temporary files only.
		return within("AWS/RDS", append(databaseSpecs(), gauge(kpi.StorageFree, "FreeLocalStorage").as("local").maybe(),
			gauge(kpi.ReplicationLag, "AuroraReplicaLag").by(millisecond).maybe(), gauge(kpi.CacheHitRate, "BufferCacheHitRatio").by(percent).maybe())...)
	}
	return within("AWS/RDS", append(databaseSpecs(), gauge(kpi.StorageFree, "FreeStorageSpace"),
		gauge(kpi.ReplicationLag, "ReplicaLag").maybe(), gauge(kpi.BurstBalance, "BurstBalance").maybe())...)
}

func clusterSpecs(r *inventory.Resource) []spec {
	if !isAurora(r) {
		return within("AWS/RDS", gauge(kpi.CPUUtilisation, "CPUUtilization").maybe(), gauge(kpi.StorageFree, "FreeStorageSpace").maybe(), gauge(kpi.Connections, "DatabaseConnections").maybe())
	}
	return within("AWS/RDS", gauge(kpi.CPUUtilisation, "CPUUtilization"), gauge(kpi.Connections, "DatabaseConnections"), gauge(kpi.StorageUsed, "VolumeBytesUsed"),
		count(kpi.ReadIOPS, "VolumeReadIOPs"), count(kpi.WriteIOPS, "VolumeWriteIOPs"), gauge(kpi.ReplicationLag, "AuroraReplicaLagMaximum").by(millisecond).maybe(),
		gauge(kpi.Instances, "ServerlessDatabaseCapacity").as("capacity units").maybe())
}

func documentDB(_ *world, r *inventory.Resource) []target {
	name := "DBInstanceIdentifier"
	if strings.HasSuffix(string(r.Kind), "Cluster") {
		name = "DBClusterIdentifier"
	}
	return []target{{dimensions: []dimension{{name, last(r.ID)}}}}
}

// share is hits over hits and misses.
func share(hits, misses string) spec {
	return spec{metric: kpi.CacheHitRate, how: quotient, names: []string{hits}, base: []string{hits, misses}}
}

func cacheSpecs() []spec {
	return []spec{
		gauge(kpi.CPUUtilisation, "CPUUtilization"), gauge(kpi.CPUUtilisation, "EngineCPUUtilization").as("engine").maybe(), gauge(kpi.Connections, "CurrConnections"),
		share("CacheHits", "CacheMisses").maybe(), gauge(kpi.MemoryUsed, "BytesUsedForCache").maybe(), gauge(kpi.MemoryUtilisation, "DatabaseMemoryUsagePercentage").maybe(),
		gauge(kpi.MemoryFree, "FreeableMemory").maybe(), count(kpi.Evictions, "Evictions").maybe(), gauge(kpi.ReplicationLag, "ReplicationLag").maybe(),
		amount(kpi.BytesIn, "NetworkBytesIn").maybe(), amount(kpi.BytesOut, "NetworkBytesOut").maybe(),
	}
}

// cacheNodes: a replication group sends nothing itself, its nodes do. They are
// listed by the API; otherwise they follow from the naming rule of ElastiCache
// for groups of one shard ("<group>-001", …) and of several
// ("<group>-0001-001", …).
func cacheNodes(_ *world, r *inventory.Resource) []target {
	names := textList(r.Attributes["MemberClusters"])
	if len(names) == 0 {
		names = namesOfNodes(last(r.ID), r)
	}
	var out []target
	for _, name := range names {
		out = append(out, target{dimensions: []dimension{{"CacheClusterId", name}}, detail: "node " + name})
	}
	return out
}

// maxNodes bounds what a broken file can make us ask for; ElastiCache allows
// 500 nodes in a group.
const maxNodes = 500

func namesOfNodes(group string, r *inventory.Resource) []string {
	shards, replicas := whole(r.Properties["NumNodeGroups"]), whole(r.Properties["ReplicasPerNodeGroup"])
	nodes := whole(r.Properties["NumCacheClusters"])
	var names []string
	if shards > 1 {
		for s := 1; s <= min(shards, maxNodes); s++ {
			for n := 1; n <= min(replicas+1, 6); n++ {
				names = append(names, fmt.Sprintf("%s-%04d-%03d", group, s, n))
			}
		}
		return names
	}
	for n := 1; n <= min(max(nodes, replicas+1), 6); n++ {
		names = append(names, fmt.Sprintf("%s-%03d", group, n))
	}
	return names
}

// tableSpecs: latency and errors of a table come by operation.
func tableSpecs() []spec {
	list := []spec{
		count(kpi.ConsumedRead, "ConsumedReadCapacityUnits").quiet(), count(kpi.ConsumedWrite, "ConsumedWriteCapacityUnits").quiet(),
		count(kpi.Throttles, "ReadThrottleEvents").as("reads").quiet().maybe(), count(kpi.Throttles, "WriteThrottleEvents").as("writes").quiet().maybe(),
	}
	for _, operation := range []string{"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems"} {
		d := dimension{"Operation", operation}
		list = append(list, timed(kpi.Latency, "SuccessfulRequestLatency", millisecond).as(operation).with(d).quiet().maybe(),
			count(kpi.Failures, "SystemErrors").as(operation).with(d).quiet().maybe())
	}
	return list
}

// byDomain: a domain is known by its name and its account.
func byDomain(_ *world, r *inventory.Resource) []target {
	return []target{{dimensions: []dimension{{"DomainName", last(r.ID)}, {"ClientId", string(r.Account)}}}}
}
