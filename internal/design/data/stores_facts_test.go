package data_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

// probes designs resources of one kind, one for each set of properties, in a
// workload; it returns a look-up of the decision, and of its target of a type.
func probes(t *testing.T, kind cloud.Kind, properties ...string) (func(string) design.Decision, func(string, cloud.Kind) design.Resource) {
	t.Helper()
	var text strings.Builder
	text.WriteString("Resources:\n")
	for i, p := range properties {
		fmt.Fprintf(&text, "  Probe%dx: {Type: %s, Properties: {%s}}\n", i, kind, p)
	}
	d := designtest.Make(t, families(), designtest.FromTemplate(t, text.String())...)
	designtest.Check(t, d)
	decision := func(p string) design.Decision {
		return decisionOf(t, d, kind, fmt.Sprintf("Probe%dx", slices.Index(properties, p)))
	}
	return decision, func(p string, kind cloud.Kind) design.Resource {
		t.Helper()
		for _, r := range d.Resources {
			if r.Type == kind && slices.Contains(decision(p).Targets, r.ID) {
				return r
			}
		}
		t.Fatalf("%s has no %s among %v", p, kind, decision(p).Targets)
		return design.Resource{}
	}
}

const tableKey = "KeySchema: [{AttributeName: id, KeyType: HASH}], "

// Request units: 2 for a read of 4 KB, 6 for a write with its indexes; 400 at
// least in steps of 100, autoscale 1,000 at least in steps of 1,000.
func TestRequestUnits(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		tableKey + "ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}":        "400",
		tableKey + "ProvisionedThroughput: {ReadCapacityUnits: 50, WriteCapacityUnits: 50}":      "400",
		tableKey + "ProvisionedThroughput: {ReadCapacityUnits: 51, WriteCapacityUnits: 50}":      "500",
		tableKey + "ProvisionedThroughput: {ReadCapacityUnits: '100', WriteCapacityUnits: '50'}": "500",
		tableKey + "ProvisionedThroughput: {ReadCapacityUnits: 1000, WriteCapacityUnits: 500}":   "5000",
		tableKey + "ProvisionedThroughput: {ReadCapacityUnits: 100, WriteCapacityUnits: 50}, GlobalSecondaryIndexes: [{IndexName: g, KeySchema: [{AttributeName: a, KeyType: HASH}], Projection: {ProjectionType: ALL}, ProvisionedThroughput: {ReadCapacityUnits: 200, WriteCapacityUnits: 50}}]": "900",
		tableKey + "ProvisionedThroughput: {ReadCapacityUnits: none, WriteCapacityUnits: []}":                           "400",
		tableKey + "BillingMode: PAY_PER_REQUEST":                                                                       "",
		tableKey + "BillingMode: PAY_PER_REQUEST, ProvisionedThroughput: {ReadCapacityUnits: 0, WriteCapacityUnits: 0}": "",
	}
	_, target := probes(t, "AWS::DynamoDB::Table", slices.Sorted(maps.Keys(cases))...)
	for properties, units := range cases {
		want(t, target(properties, "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers"), map[string]string{"properties.options.throughput": units, "properties.options.autoscaleSettings.maxThroughput": ""})
	}
	for most, units := range map[string]string{"1": "1000", "500": "4000", "166": "2000"} {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, "Resources:\n  T: {Type: AWS::DynamoDB::Table, Properties: {TableName: t, "+tableKey+"ProvisionedThroughput: {ReadCapacityUnits: 50, WriteCapacityUnits: 1}}}\n"+
			"  S: {Type: AWS::ApplicationAutoScaling::ScalableTarget, Properties: {ServiceNamespace: dynamodb, ResourceId: table/t, ScalableDimension: 'dynamodb:table:WriteCapacityUnits', MinCapacity: 1, MaxCapacity: "+most+"}}\n")...)
		want(t, designtest.One(t, d, "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers"), map[string]string{"properties.options.autoscaleSettings.maxThroughput": units, "properties.options.throughput": ""})
	}
}

// Time to live, keys, recovery and streams of a table.
func TestTableSettings(t *testing.T) {
	t.Parallel()
	const container, account = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers", "Microsoft.DocumentDB/databaseAccounts"
	cases := map[string]struct{ ttl, backup, gaps string }{
		tableKey + "BillingMode: PAY_PER_REQUEST": {"", "Periodic ", ""},
		tableKey + "BillingMode: PAY_PER_REQUEST, TimeToLiveSpecification: {AttributeName: until, Enabled: true}":                                                               {"-1", "Periodic ", "dynamodb.ttl"},
		tableKey + "BillingMode: PAY_PER_REQUEST, TimeToLiveSpecification: {AttributeName: until, Enabled: false}":                                                              {"", "Periodic ", ""},
		tableKey + "BillingMode: PAY_PER_REQUEST, PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}":                                                         {"", "Continuous Continuous30Days", "dynamodb.recovery"},
		tableKey + "BillingMode: PAY_PER_REQUEST, PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 30}":                               {"", "Continuous Continuous30Days", ""},
		tableKey + "BillingMode: PAY_PER_REQUEST, PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 31}":                               {"", "Continuous Continuous30Days", "dynamodb.recovery"},
		tableKey + "BillingMode: PAY_PER_REQUEST, PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7}":                                {"", "Continuous Continuous7Days", ""},
		tableKey + "BillingMode: PAY_PER_REQUEST, PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 8}":                                {"", "Continuous Continuous30Days", ""},
		tableKey + "BillingMode: PAY_PER_REQUEST, PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: false}":                                                        {"", "Periodic ", ""},
		tableKey + "BillingMode: PAY_PER_REQUEST, StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}":                                                                    {"", "Continuous Continuous7Days", "dynamodb.stream"},
		tableKey + "BillingMode: PAY_PER_REQUEST, StreamSpecification: {StreamViewType: KEYS_ONLY}":                                                                             {"", "Periodic ", "dynamodb.stream"},
		tableKey + "BillingMode: PAY_PER_REQUEST, TableClass: STANDARD_INFREQUENT_ACCESS, KinesisStreamSpecification: {StreamArn: s}, ResourcePolicy: {PolicyDocument: {a: b}}": {"", "Periodic ", "dynamodb.class dynamodb.kinesis dynamodb.policy"},
	}
	decision, target := probes(t, "AWS::DynamoDB::Table", slices.Sorted(maps.Keys(cases))...)
	for properties, c := range cases {
		want(t, target(properties, container), map[string]string{"properties.resource.defaultTtl": c.ttl, "properties.resource.partitionKey.kind": "Hash", "properties.resource.partitionKey.version": "2"})
		a := target(properties, account)
		want(t, a, map[string]string{"properties.disableLocalAuth": "true", "properties.capabilities.name": "EnableServerless", "properties.consistencyPolicy.defaultConsistencyLevel": "Session"})
		if got := at(a, "properties.backupPolicy.type") + " " + at(a, "properties.backupPolicy.continuousModeProperties.tier"); got != c.backup {
			t.Errorf("%s: backups %q, want %q", properties, got, c.backup)
		}
		exactly(t, properties, decision(properties), "dynamodb.ttl dynamodb.rec dynamodb.stream dynamodb.class dynamodb.kinesis dynamodb.policy", c.gaps)
	}
}

// Azure Managed Redis: 1.2 times the memory of the nodes, a tier by family.
func TestRedisSizes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ sku, ha, protocol, policy, gaps string }{
		"CacheNodeType: cache.t3.micro":                    {"Balanced_B1", "Disabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.plaintext redis.single-endpoint"},
		"CacheNodeType: cache.t4g.small":                   {"Balanced_B3", "Disabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.plaintext redis.single-endpoint"},
		"CacheNodeType: cache.m6g.large":                   {"Balanced_B10", "Disabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.plaintext redis.single-endpoint"},
		"CacheNodeType: cache.r6g.large":                   {"MemoryOptimized_M20", "Disabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.plaintext redis.single-endpoint"},
		"CacheNodeType: cache.r6g.large, NumNodeGroups: 3": {"MemoryOptimized_M50", "Disabled", "Plaintext", "OSSCluster", "redis.auth redis.plaintext"},
		"CacheNodeType: cache.r6g.large, TransitEncryptionEnabled: true, AuthToken: secret-secret-secret": {"MemoryOptimized_M20", "Disabled", "Encrypted", "EnterpriseCluster", "redis.single-endpoint"},
		"CacheNodeType: cache.r6g.large, TransitEncryptionEnabled: false":                                 {"MemoryOptimized_M20", "Disabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.plaintext redis.single-endpoint"},
		"CacheNodeType: cache.r6g.large, AutomaticFailoverEnabled: true":                                  {"MemoryOptimized_M20", "Enabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.plaintext redis.single-endpoint"},
		"CacheNodeType: cache.r6g.large, NumCacheClusters: 2":                                             {"MemoryOptimized_M20", "Enabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.plaintext redis.single-endpoint"},
		"CacheNodeType: cache.r6g.large, NodeGroupConfiguration: [{ReplicaCount: 1}]":                     {"MemoryOptimized_M20", "Enabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.plaintext redis.single-endpoint"},
		"CacheNodeType: cache.r6g.large, ClusterMode: enabled":                                            {"MemoryOptimized_M20", "Disabled", "Plaintext", "OSSCluster", "redis.auth redis.plaintext"},
		"CacheNodeType: cache.r6g.large, EngineVersion: 5.0.6":                                            {"MemoryOptimized_M20", "Disabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.plaintext redis.single-endpoint redis.version"},
		"CacheNodeType: cache.r6g.large, EngineVersion: 7.1, Engine: redis":                               {"MemoryOptimized_M20", "Disabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.plaintext redis.single-endpoint"},
		"CacheNodeType: cache.r6g.large, Engine: valkey, EngineVersion: '8.0', NetworkType: ipv6":         {"MemoryOptimized_M20", "Disabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.ipv6 redis.plaintext redis.single-endpoint redis.valkey"},
		"CacheNodeType: cache.r6gd.xlarge":                                                                {"FlashOptimized_A250", "Disabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.data-tiering redis.plaintext redis.single-endpoint"},
		"CacheNodeType: cache.r6g.16xlarge, NumNodeGroups: 20":                                            {"MemoryOptimized_M2000", "Disabled", "Plaintext", "OSSCluster", "redis.auth redis.plaintext redis.too-large"},
		"CacheNodeType: [nothing]":                                                                        {"Balanced_B3", "Disabled", "Plaintext", "EnterpriseCluster", "redis.auth redis.plaintext redis.single-endpoint"},
	}
	decision, target := probes(t, "AWS::ElastiCache::ReplicationGroup", slices.Sorted(maps.Keys(cases))...)
	for properties, c := range cases {
		want(t, target(properties, "Microsoft.Cache/redisEnterprise"), map[string]string{"sku.name": c.sku, "properties.highAvailability": c.ha, "properties.publicNetworkAccess": "Disabled", "properties.minimumTlsVersion": "1.2"})
		want(t, target(properties, "Microsoft.Cache/redisEnterprise/databases"), map[string]string{"properties.clientProtocol": c.protocol, "properties.clusteringPolicy": c.policy, "properties.port": "10000"})
		one := decision(properties)
		one.Gaps = slices.DeleteFunc(slices.Clone(one.Gaps), func(g design.Gap) bool { return g.ID == "redis.port" })
		exactly(t, properties, one, "redis.", c.gaps)
		if short := strings.Contains(one.Why, "is less than 1.2 times"); short != strings.Contains(c.gaps, "redis.too-large") {
			t.Errorf("%s: %s", properties, one.Why)
		}
	}
	for properties, protocol := range map[string]string{"TLSEnabled: false": "Plaintext", "TLSEnabled: true": "Encrypted", "Description: d": "Encrypted"} {
		_, target := probes(t, "AWS::MemoryDB::Cluster", "NodeType: db.r6g.large, ACLName: open-access, "+properties)
		want(t, target("NodeType: db.r6g.large, ACLName: open-access, "+properties, "Microsoft.Cache/redisEnterprise/databases"), map[string]string{"properties.clientProtocol": protocol, "properties.persistence.aofEnabled": "true"})
	}
}

// The memory of a size that a person asks for is the size's own, and what is
// said of the source's is round.
func TestRedisSizeThatIsAskedFor(t *testing.T) {
	t.Parallel()
	for size, want := range map[string]string{
		"MemoryOptimized_M50": "cache.t4g.small with 1.37 GiB (one shard, about 1.4 GiB) becomes Azure Managed Redis MemoryOptimized_M50 with 60 GiB: landfall.yaml asks for it",
		"":                    "cache.t4g.small with 1.37 GiB (one shard, about 1.4 GiB) becomes Azure Managed Redis Balanced_B3 with 3 GiB: the smallest of its tier with 1.2 times the memory in use",
	} {
		d := designtest.Case{
			Families:  families(),
			Resources: designtest.FromTemplate(t, "Resources:\n  Cache: {Type: AWS::ElastiCache::ReplicationGroup, Properties: {CacheNodeType: cache.t4g.small}}\n"),
			Options:   design.Options{Overrides: []design.Override{{Source: "Cache", Size: size, Reason: "measured"}}},
		}.Make(t)
		if why := designtest.Decision(t, d, "Cache").Why; why != want {
			t.Errorf("%q: %q, want %q", size, why, want)
		}
	}
}

// Event Hubs: 32 partitions and 7 days in Standard, 100 and 90 days in Premium,
// 10 hubs to a Standard namespace.
func TestStreamLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ properties, sku, units, partitions, hours, gaps string }{
		{"ShardCount: 1", "Standard", "1", "1", "24", ""},
		{"ShardCount: 32, RetentionPeriodHours: 168", "Standard", "32", "32", "168", ""},
		{"ShardCount: 33", "Premium", "8", "33", "24", ""},
		{"ShardCount: 1, RetentionPeriodHours: 169", "Premium", "1", "1", "169", ""},
		{"ShardCount: 100, RetentionPeriodHours: 2160", "Premium", "16", "100", "2160", ""},
		{"ShardCount: 101, RetentionPeriodHours: 8760", "Premium", "16", "100", "2160", "kinesis.partitions kinesis.retention"},
		{"StreamModeDetails: {StreamMode: ON_DEMAND}", "Standard", "4", "4", "24", "kinesis.on-demand"},
		{"ShardCount: 2, MaxRecordSizeInKiB: 1024", "Standard", "2", "2", "24", ""},
		{"ShardCount: 2, MaxRecordSizeInKiB: 1025", "Standard", "2", "2", "24", "kinesis.record-size"},
		{"ShardCount: 2, StreamEncryption: {EncryptionType: KMS, KeyId: alias/aws/kinesis}", "Standard", "2", "2", "24", ""},
		{"ShardCount: 2, StreamEncryption: {EncryptionType: KMS, KeyId: key/x}", "Standard", "2", "2", "24", "kinesis.key"},
		{"ShardCount: few, RetentionPeriodHours: {}", "Standard", "1", "1", "24", ""},
		{"ShardCount: -3, RetentionPeriodHours: -24", "Standard", "1", "1", "1", ""},
	} {
		decision, target := probes(t, "AWS::Kinesis::Stream", c.properties)
		want(t, target(c.properties, "Microsoft.EventHub/namespaces"), map[string]string{"sku.name": c.sku, "sku.capacity": c.units, "properties.minimumTlsVersion": "1.2", "properties.disableLocalAuth": "true"})
		want(t, target(c.properties, "Microsoft.EventHub/namespaces/eventhubs"), map[string]string{"properties.partitionCount": c.partitions, "properties.retentionDescription.retentionTimeInHours": c.hours})
		exactly(t, c.properties, decision(c.properties), "kinesis.part kinesis.ret kinesis.on kinesis.rec kinesis.key", c.gaps)
	}
	var many []string
	for i := range 11 {
		many = append(many, fmt.Sprintf("ShardCount: 1, Name: stream%d", i))
	}
	for n, sku := range map[int]string{10: "Standard", 11: "Premium"} {
		_, target := probes(t, "AWS::Kinesis::Stream", many[:n]...)
		_ = target
		d := designtest.Make(t, families(), designtest.FromTemplate(t, streams(many[:n]))...)
		want(t, designtest.One(t, d, "Microsoft.EventHub/namespaces"), map[string]string{"sku.name": sku})
	}
}

func streams(properties []string) string {
	text := "Resources:\n"
	for i, p := range properties {
		text += fmt.Sprintf("  S%d: {Type: AWS::Kinesis::Stream, Properties: {%s}}\n", i, p)
	}
	return text
}

// A premium share does 100 MiB/s and 0.1 for each GiB, from 100 GiB to 100 TiB.
func TestShareQuotas(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ gib, sku, gaps string }{
		"Encrypted: true":          {"1024", "Premium_ZRS", "efs.throughput"},
		"ThroughputMode: bursting": {"1024", "Premium_ZRS", ""},
		"ThroughputMode: elastic":  {"1024", "Premium_ZRS", "efs.throughput"},
		"ThroughputMode: provisioned, ProvisionedThroughputInMibps: 100":     {"1024", "Premium_ZRS", ""},
		"ThroughputMode: provisioned, ProvisionedThroughputInMibps: 203":     {"1030", "Premium_ZRS", ""},
		"ThroughputMode: provisioned, ProvisionedThroughputInMibps: 1024":    {"9240", "Premium_ZRS", ""},
		"ThroughputMode: provisioned, ProvisionedThroughputInMibps: 20000":   {"102400", "Premium_ZRS", "efs.fast"},
		"ThroughputMode: bursting, AvailabilityZoneName: us-east-1a":         {"1024", "Premium_LRS", ""},
		"ThroughputMode: bursting, PerformanceMode: maxIO":                   {"1024", "Premium_ZRS", "efs.fast"},
		"ThroughputMode: bursting, LifecyclePolicies: [{TransitionToIA: A}]": {"1024", "Premium_ZRS", "efs.lifecycle"},
		"ThroughputMode: bursting, FileSystemPolicy: {Statement: []}":        {"1024", "Premium_ZRS", ""},
		"ThroughputMode: bursting, FileSystemPolicy: {Statement: [{a: b}]}":  {"1024", "Premium_ZRS", "efs.policy"},
	}
	decision, target := probes(t, "AWS::EFS::FileSystem", slices.Sorted(maps.Keys(cases))...)
	for properties, c := range cases {
		want(t, target(properties, "Microsoft.Storage/storageAccounts"), map[string]string{"sku.name": c.sku, "kind": "FileStorage", "properties.supportsHttpsTrafficOnly": "false"})
		want(t, target(properties, "Microsoft.Storage/storageAccounts/fileServices/shares"), map[string]string{"properties.shareQuota": c.gib, "properties.enabledProtocols": "NFS"})
		exactly(t, properties, decision(properties), "efs.throughput efs.fast efs.life efs.policy", c.gaps)
	}
}
