package data_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

func TestDynamoDB(t *testing.T) {
	t.Parallel()
	text := `
Resources:
  Key: {Type: AWS::KMS::Key, Properties: {Description: data, KeyPolicy: {}}}
  Sessions:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: sessions
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: customer, AttributeType: S}, {AttributeName: at, AttributeType: N}, {AttributeName: shop, AttributeType: S}]
      KeySchema: [{AttributeName: customer, KeyType: HASH}, {AttributeName: at, KeyType: RANGE}]
      GlobalSecondaryIndexes: [{IndexName: by-shop, KeySchema: [{AttributeName: shop, KeyType: HASH}, {AttributeName: at, KeyType: RANGE}], Projection: {ProjectionType: ALL}}]
      TimeToLiveSpecification: {AttributeName: expires, Enabled: true}
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      ProvisionedThroughput: {ReadCapacityUnits: 100, WriteCapacityUnits: 50}
      SSESpecification: {SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !Ref Key}
      TableClass: STANDARD_INFREQUENT_ACCESS
      DeletionProtectionEnabled: true
  Scaled:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: scaled
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 5}
  Target:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties: {ServiceNamespace: dynamodb, ResourceId: !Sub "table/${Scaled}", ScalableDimension: "dynamodb:table:WriteCapacityUnits", MinCapacity: 5, MaxCapacity: 500}
  World:
    Type: AWS::DynamoDB::GlobalTable
    Properties:
      TableName: world
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      Replicas: [{Region: us-east-1}, {Region: eu-west-1}]
`
	d := designtest.Shuffled(t, append(families(), keys()), designtest.FromTemplate(t, text)...)
	designtest.Check(t, d)
	containers := map[string]design.Resource{}
	for _, r := range resources(d, "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers") {
		containers[r.Name[strings.LastIndexByte(r.Name, '/')+1:]] = r
	}
	want(t, containers["sessions"], map[string]string{"properties.resource.id": "sessions", "properties.resource.defaultTtl": "-1", "properties.resource.partitionKey.kind": "Hash"})
	if paths := design.Texts(design.At(containers["sessions"].Body, "properties.resource.partitionKey.paths")); len(paths) != 1 || paths[0] != "/customer" {
		t.Errorf("partition key %v", paths)
	}
	if pairs := design.List(design.At(containers["sessions"].Body, "properties.resource.indexingPolicy.compositeIndexes")); len(pairs) != 2 {
		t.Errorf("composite indexes %v", pairs)
	}
	want(t, containers["orders"], map[string]string{"properties.options.throughput": "500"})
	want(t, containers["scaled"], map[string]string{"properties.options.autoscaleSettings.maxThroughput": "4000"})
	want(t, containers["world"], map[string]string{"properties.options.autoscaleSettings.maxThroughput": "4000"})
	accounts := resources(d, "Microsoft.DocumentDB/databaseAccounts")
	if len(accounts) != 4 {
		t.Errorf("%d accounts for serverless with backups, key, plain and several regions", len(accounts))
	}
	for _, a := range accounts {
		switch {
		case strings.Contains(a.Name, "serverless"):
			want(t, a, map[string]string{"properties.backupPolicy.type": "Continuous", "properties.backupPolicy.continuousModeProperties.tier": "Continuous30Days", "properties.capabilities.name": "EnableServerless", "properties.disableLocalAuth": "true"})
		case at(a, "properties.enableMultipleWriteLocations") == "true":
			if n := len(design.List(design.At(a.Body, "properties.locations"))); n != 2 {
				t.Errorf("%d regions", n)
			}
		}
	}
	wantGaps(t, decisionOf(t, d, "AWS::DynamoDB::Table", "sessions"), "dynamodb.api", "dynamodb.gsi", "dynamodb.ttl", "dynamodb.stream", "dynamodb.sort-key", "dynamodb.recovery")
	wantGaps(t, decisionOf(t, d, "AWS::DynamoDB::Table", "orders"), "dynamodb.class", "dynamodb.throughput")
	wantGaps(t, decisionOf(t, d, "AWS::DynamoDB::GlobalTable", "world"), "dynamodb.global")
}

func TestRedis(t *testing.T) {
	t.Parallel()
	d := checked(t, `
Resources:`+network+`
  Caches: {Type: AWS::ElastiCache::SubnetGroup, Properties: {Description: d, SubnetIds: [!Ref A, !Ref B]}}
  Memory: {Type: AWS::MemoryDB::SubnetGroup, Properties: {SubnetGroupName: memory, SubnetIds: [!Ref A]}}
  Sharded:
    Type: AWS::ElastiCache::ReplicationGroup
    Properties: {ReplicationGroupDescription: d, ReplicationGroupId: sharded, Engine: valkey, CacheNodeType: cache.r6g.large, NumNodeGroups: 3, ReplicasPerNodeGroup: 1, CacheSubnetGroupName: !Ref Caches, CacheParameterGroupName: !Ref Settings, TransitEncryptionEnabled: true, AuthToken: "{{resolve:secretsmanager:x}}", SnapshotRetentionLimit: 5}
  Settings:
    Type: AWS::ElastiCache::ParameterGroup
    Properties: {CacheParameterGroupFamily: redis7, Description: d, Properties: {maxmemory-policy: allkeys-lfu, notify-keyspace-events: Ex, cluster-enabled: "yes"}}
  Plain:
    Type: AWS::ElastiCache::CacheCluster
    Properties: {ClusterName: plain, Engine: redis, CacheNodeType: cache.t3.micro, NumCacheNodes: 1, CacheSubnetGroupName: !Ref Caches}
  Old: {Type: AWS::ElastiCache::CacheCluster, Properties: {ClusterName: old, Engine: memcached, CacheNodeType: cache.m5.large, NumCacheNodes: 2}}
  Serverless: {Type: AWS::ElastiCache::ServerlessCache, Properties: {ServerlessCacheName: free, Engine: redis, SubnetIds: [!Ref A], CacheUsageLimits: {DataStorage: {Maximum: 20, Unit: GB}}}}
  Durable: {Type: AWS::MemoryDB::Cluster, Properties: {ClusterName: durable, NodeType: db.r6gd.xlarge, ACLName: open-access, NumShards: 2, NumReplicasPerShard: 1, SubnetGroupName: !Ref Memory, TLSEnabled: true, DataTiering: "true"}}
  People: {Type: AWS::ElastiCache::User, Properties: {UserId: app, UserName: app, Engine: redis, AccessString: "on ~app:* +@read"}}
`)
	caches := map[string]design.Resource{}
	for _, r := range resources(d, "Microsoft.Cache/redisEnterprise") {
		caches[strings.Split(r.Name, "-")[1]] = r
	}
	for name, values := range map[string]map[string]string{
		"sharded": {"sku.name": "MemoryOptimized_M50", "properties.highAvailability": "Enabled", "properties.publicNetworkAccess": "Disabled"},
		"plain":   {"sku.name": "Balanced_B1", "properties.highAvailability": "Disabled"},
		"free":    {"sku.name": "Balanced_B20"},
		"durable": {"sku.name": "FlashOptimized_A250"},
	} {
		want(t, caches[name], values)
	}
	for _, r := range resources(d, "Microsoft.Cache/redisEnterprise/databases") {
		switch strings.Split(r.Name, "-")[1] {
		case "sharded":
			want(t, r, map[string]string{"properties.clusteringPolicy": "OSSCluster", "properties.evictionPolicy": "AllKeysLFU", "properties.clientProtocol": "Encrypted", "properties.persistence.rdbFrequency": "12h", "properties.port": "10000"})
		case "plain":
			want(t, r, map[string]string{"properties.clusteringPolicy": "EnterpriseCluster", "properties.evictionPolicy": "VolatileLRU", "properties.clientProtocol": "Plaintext"})
		case "durable":
			want(t, r, map[string]string{"properties.persistence.aofEnabled": "true"})
		}
	}
	wantGaps(t, decisionOf(t, d, "AWS::ElastiCache::ReplicationGroup", "sharded"), "redis.valkey", "redis.parameter", "redis.snapshots", "redis.port")
	wantGaps(t, decisionOf(t, d, "AWS::ElastiCache::CacheCluster", "plain"), "redis.auth", "redis.plaintext", "redis.single-endpoint")
	wantGaps(t, decisionOf(t, d, "AWS::MemoryDB::Cluster", "durable"), "memorydb.durability", "redis.data-tiering", "redis.acl")
	if old := decisionOf(t, d, "AWS::ElastiCache::CacheCluster", "old"); old.Action != design.Manual || len(old.Targets) != 0 {
		t.Errorf("memcached: %+v", old)
	}
	if n := len(resources(d, "Microsoft.Network/privateEndpoints")); n != 4 {
		t.Errorf("%d private endpoints for four caches in subnets", n)
	}
	if group := decisionOf(t, d, "AWS::MemoryDB::SubnetGroup", "memory"); group.Action != design.Replace {
		t.Errorf("subnet group: %s", group.Why)
	}
}

// A cache read live names its subnet group at its nodes, or nowhere.
func TestRedisLive(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(),
		designtest.Live(t, "AWS::ElastiCache::ReplicationGroup", "replicationgroup:basket", `{"ReplicationGroupId":"basket","CacheNodeType":"cache.m6g.large","Engine":"redis","NumNodeGroups":1,"ReplicasPerNodeGroup":0,"TransitEncryptionEnabled":false}`),
		designtest.Live(t, "AWS::ElastiCache::CacheCluster", "cluster:basket-001", `{"CacheClusterId":"basket-001","ReplicationGroupId":"basket","CacheSubnetGroupName":"rack","CacheNodeType":"cache.m6g.large","Engine":"redis"}`),
		designtest.Live(t, "AWS::ElastiCache::SubnetGroup", "subnetgroup:rack", `{"CacheSubnetGroupName":"rack","SubnetIds":["subnet-1","subnet-2"]}`),
	)
	designtest.Check(t, d)
	if n := len(resources(d, "Microsoft.Network/privateEndpoints")); n != 1 {
		t.Errorf("%d private endpoints", n)
	}
	node := decisionOf(t, d, "AWS::ElastiCache::CacheCluster", "basket-001")
	if node.Action != design.Replace || len(node.Targets) != 1 {
		t.Errorf("node: %+v", node)
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	d := checked(t, `
Resources:`+network+`
  Docs: {Type: AWS::DocDB::DBSubnetGroup, Properties: {DBSubnetGroupDescription: d, SubnetIds: [!Ref A]}}
  Cluster: {Type: AWS::DocDB::DBCluster, Properties: {DBClusterIdentifier: docs, EngineVersion: 5.0.0, MasterUsername: root, MasterUserPassword: "{{resolve:secretsmanager:x}}", DBSubnetGroupName: !Ref Docs, DeletionProtection: true, StorageEncrypted: true}}
  One: {Type: AWS::DocDB::DBInstance, Properties: {DBClusterIdentifier: !Ref Cluster, DBInstanceClass: db.r6g.xlarge}}
  Two: {Type: AWS::DocDB::DBInstance, Properties: {DBClusterIdentifier: !Ref Cluster, DBInstanceClass: db.r6g.xlarge}}
  Elastic: {Type: AWS::DocDBElastic::Cluster, Properties: {ClusterName: elastic, ShardCapacity: 8, ShardCount: 2, AuthType: PLAIN_TEXT, AdminUserName: app}}
  Graph: {Type: AWS::Neptune::DBCluster, Properties: {DBClusterIdentifier: graph, EngineVersion: "1.3"}}
  Space: {Type: AWS::Cassandra::Keyspace, Properties: {KeyspaceName: events}}
  Table: {Type: AWS::Cassandra::Table, Properties: {KeyspaceName: !Ref Space, TableName: clicks, PartitionKeyColumns: [{ColumnName: day, ColumnType: date}], ClusteringKeyColumns: [{Column: {ColumnName: at, ColumnType: timestamp}, OrderBy: DESC}], RegularColumns: [{ColumnName: url, ColumnType: text}], DefaultTimeToLive: 60}}
`)
	for _, r := range resources(d, "Microsoft.DocumentDB/mongoClusters") {
		if strings.HasPrefix(r.Name, "mongo-docs") {
			want(t, r, map[string]string{"properties.compute.tier": "M50", "properties.highAvailability.targetMode": "ZoneRedundantPreferred", "properties.administrator.userName": "dbadmin"})
		} else {
			want(t, r, map[string]string{"properties.compute.tier": "M50", "properties.sharding.shardCount": "2", "properties.administrator.userName": "app"})
		}
	}
	if graph := decisionOf(t, d, "AWS::Neptune::DBCluster", "graph"); graph.Action != design.Manual || len(graph.Alternatives) < 2 {
		t.Errorf("graph: %+v", graph)
	}
	wantToDo(t, decisionOf(t, d, "AWS::Cassandra::Table", "clicks"), "(day date, at timestamp, url text, PRIMARY KEY ((day), at)) WITH CLUSTERING ORDER BY (at DESC)")
	wantGaps(t, decisionOf(t, d, "AWS::DocDB::DBCluster", "docs"), "documentdb.compatibility", "documentdb.version")
}

// The catalogue knows which classes of RDS have which size; a size chosen in
// landfall.yaml wins.
func TestSizeOfLandfallYAML(t *testing.T) {
	t.Parallel()
	d := designtest.Case{
		Families:  families(),
		Resources: designtest.FromTemplate(t, "Resources:\n  Db: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: db, Engine: postgres, DBInstanceClass: db.m5.large, AllocatedStorage: 50, EngineVersion: '16'}}\n"),
		Options:   design.Options{Overrides: []design.Override{{Source: "db", Size: "Standard_E4ds_v5", Reason: "more memory"}}},
	}.Make(t)
	designtest.Check(t, d)
	want(t, resources(d, pgServers)[0], map[string]string{"sku.name": "Standard_E4ds_v5", "sku.tier": catalog.MemoryOptimized, "properties.version": "16", "properties.network.publicNetworkAccess": "Disabled"})
	wantToDo(t, decisionOf(t, d, "AWS::RDS::DBInstance", "db"), "a way in")
}
