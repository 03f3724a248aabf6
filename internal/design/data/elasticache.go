package data

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/redisenterprise/2025-07-01/redisenterprise"
)

// redisVersion is what Azure Managed Redis runs (Microsoft Learn, "What is Azure
// Managed Redis?": Redis 7.4).
const redisVersion = 7

const (
	managedRedis  cloud.Kind = "Microsoft.Cache/redisEnterprise"
	redisDatabase cloud.Kind = "Microsoft.Cache/redisEnterprise/databases"
)

func (b *book) elasticacheRules() []design.Rule {
	const page = "Microsoft Learn, Migrate from Amazon ElastiCache to Azure Managed Redis"
	return []design.Rule{
		making(b.rule("elasticache/group", page, redis, "AWS::ElastiCache::ReplicationGroup"), managedRedis, redisDatabase),
		making(b.rule("elasticache/serverless", page, redis, "AWS::ElastiCache::ServerlessCache"), managedRedis, redisDatabase),
		making(b.rule("elasticache/cluster", page, cacheCluster, "AWS::ElastiCache::CacheCluster"), managedRedis, redisDatabase),
		b.rule("elasticache/user", page, redisUser, "AWS::ElastiCache::User", "AWS::ElastiCache::UserGroup", "AWS::MemoryDB::User", "AWS::MemoryDB::ACL"),
		b.rule("elasticache/parametergroup", page, redisParameters, "AWS::ElastiCache::ParameterGroup", "AWS::MemoryDB::ParameterGroup"),
	}
}

// cacheCluster is a node of a replication group, a single Redis, or Memcached.
func cacheCluster(s *sheet) design.Decision {
	group := s.At("ReplicationGroupId")
	if group == nil {
		group = s.r.Attributes["ReplicationGroupId"]
	}
	if owner, ok := s.c.Find(s.r, group, "AWS::ElastiCache::ReplicationGroup"); ok {
		if id, put := s.c.TargetOf(owner, managedRedis); put {
			s.c.Attach(s.r, id)
		}
		s.skipAll()
		return s.done(design.Replace, 0.9, "a node of replication group %s, whose cache at the target has nodes of its own", owner.Name)
	}
	if strings.EqualFold(s.text("Engine"), "memcached") {
		return s.memcached()
	}
	return redis(s)
}

// memcached has no managed counterpart.
func (s *sheet) memcached() design.Decision {
	size := s.nodeType()
	s.skipAll()
	s.Not("Azure Managed Redis", "another protocol: the client library changes from memcached to Redis, with keys, values and expiry kept")
	s.Not("Memcached on virtual machines or containers", "keeps the client, and has to be run and patched by the workload")
	s.Do("replace the memcached client by a Redis client, or run memcached in a container: %s nodes of %s", design.Text(s.r.Properties, "NumCacheNodes"), size)
	s.Decision.EffortDays = 4
	return s.done(design.Manual, 0.4, "no automatic mapping: Azure has no managed Memcached; the cluster has %s nodes of %s", orUnknown(design.Text(s.r.Properties, "NumCacheNodes")), cmp.Or(size, "a size that is not named"))
}

// cachePlan is a cache in the target's words.
type cachePlan struct {
	gib        float64
	sku        redisenterprise.SkuName
	skuGiB     float64
	clustered  bool
	standby    bool
	tls        bool
	eviction   redisenterprise.EvictionPolicy
	snapshots  bool
	appendOnly bool
	key        customerKey
	hasKey     bool
}

func redis(s *sheet) design.Decision {
	if engine := strings.ToLower(s.text("Engine")); engine == "valkey" {
		s.Meets("redis.valkey", "Engine")
	} else if engine == "memcached" {
		return s.memcached()
	}
	p := s.cachePlan()
	id := s.putRedis(p)
	if !s.private(id, "redisEnterprise", s.cacheSubnets()) {
		s.Do("give cache %s a private endpoint: nothing says in which VPC the source stands", common.LastName(id))
	}
	s.redisGaps()
	s.Do("point clients to the target's name and port 10000, and check DBSIZE after the import of an RDB file")
	s.Not("Azure Cache for Redis", "the older service, which Microsoft retires in favour of Azure Managed Redis")
	s.Decision.EffortDays = 2
	s.Decision.Cost = s.cacheCost(p)
	words := "one shard"
	if p.clustered {
		words = common.Count(s.shards(), "shard")
	}
	return s.done(design.Migrate, 0.8, "%s (%s, about %.1f GiB) becomes Azure Managed Redis %s with %g GiB: %s%s", s.cacheWords(), words, p.gib, p.sku, p.skuGiB, s.cacheReason(p), map[bool]string{true: ", with a replica in another zone", false: ""}[p.standby])
}

// cacheSubnets are those of the cache's subnet group. The API names it at the
// nodes only, so that a group read live is found by its nodes or its name.
func (s *sheet) cacheSubnets() []any {
	if near := s.subnets(); len(near) > 0 {
		return near
	}
	for _, g := range s.c.OfKind("AWS::ElastiCache::SubnetGroup", "AWS::MemoryDB::SubnetGroup") {
		if slices.Contains(cachesIn(s.c, g), s.r) {
			return design.List(g.Properties["SubnetIds"])
		}
	}
	return nil
}

// cachesIn are the caches that stand in a subnet group: by their own property,
// by a node's, or, where none says, by the same name.
func cachesIn(c *book, group *inventory.Resource) []*inventory.Resource {
	var out []*inventory.Resource
	for _, r := range c.OfKind("AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::ServerlessCache", "AWS::MemoryDB::Cluster") {
		said := r.Properties["CacheSubnetGroupName"] != nil || r.Properties["SubnetGroupName"] != nil || r.Properties["SubnetIds"] != nil
		if !said && (r.Name == group.Name || nodeIn(c, r, group)) {
			out = append(out, r)
		}
	}
	return out
}

func nodeIn(c *book, r, group *inventory.Resource) bool {
	for _, node := range c.Referring(group, "AWS::ElastiCache::CacheCluster", "CacheSubnetGroupName") {
		for _, value := range []any{node.Properties["ReplicationGroupId"], node.Attributes["ReplicationGroupId"]} {
			if owner, ok := c.Find(node, value, r.Kind); ok && owner == r {
				return true
			}
		}
	}
	return false
}

func (s *sheet) cacheWords() string {
	class := s.nodeType()
	if t, ok := s.c.Catalog.NodeType(class); ok {
		return class + " with " + gibibytes(cacheMiB(class, t.MiB))
	}
	if class == "" {
		return "a serverless cache"
	}
	return class
}

// cacheMiB is the memory of a node: the burstable ones give a cache about half
// to three quarters of their machine's (Amazon ElastiCache User Guide, "Redis OSS
// node-type specific parameters").
func cacheMiB(class string, machine int) int {
	parts := strings.Split(class, ".")
	if len(parts) == 3 && parts[0] == "cache" && slices.Contains([]string{"t2", "t3", "t4g"}, parts[1]) {
		if mib, ok := map[string]int{"micro": 512, "small": 1403, "medium": 3164}[parts[2]]; ok {
			return mib
		}
	}
	return machine
}

func (s *sheet) nodeType() string {
	if t := s.text("CacheNodeType"); t != "" {
		return t
	}
	return s.text("NodeType")
}

func (s *sheet) shards() int {
	return max(1, s.int("NumNodeGroups", s.int("NumShards", max(1, len(s.List("NodeGroupConfiguration"))))))
}

func (s *sheet) cachePlan() cachePlan {
	p := cachePlan{eviction: redisenterprise.EvictionPolicyVolatileLRU, tls: true}
	class := s.nodeType()
	node, ok := s.c.Catalog.NodeType(class)
	switch {
	case ok:
		p.gib = float64(cacheMiB(class, node.MiB)) / 1024 * float64(s.shards())
	case s.Has("CacheUsageLimits"):
		p.gib = float64(s.int("CacheUsageLimits.DataStorage.Maximum", 1))
	default:
		p.gib = 1
		s.Do("set the size of the cache of %s: its memory is not known, and 1 GiB was taken", s.r.Name)
	}
	p.sku, p.skuGiB = s.redisSKU(class, p.gib)
	mode := strings.ToLower(s.text("ClusterMode"))
	p.clustered = s.shards() > 1 || mode == "enabled" || s.r.Kind == "AWS::ElastiCache::ServerlessCache" || s.r.Kind == "AWS::MemoryDB::Cluster"
	replicas := s.int("ReplicasPerNodeGroup", s.int("NumReplicasPerShard", s.int("NumCacheClusters", 1)-1))
	for _, group := range s.Maps("NodeGroupConfiguration") {
		replicas = max(replicas, design.Int(group, "ReplicaCount", 0))
	}
	p.standby = s.yes("MultiAZEnabled") || s.yes("AutomaticFailoverEnabled") || replicas > 0 || strings.HasPrefix(string(s.r.Kind), "AWS::MemoryDB") || class == ""
	// ElastiCache's nodes speak TLS when told to, MemoryDB's unless told not to,
	// serverless caches always (AWS CloudFormation User Guide).
	switch {
	case s.r.Kind == "AWS::MemoryDB::Cluster":
		p.tls = !strings.EqualFold(s.text("TLSEnabled"), "false")
	case s.r.Kind != "AWS::ElastiCache::ServerlessCache":
		p.tls = s.yes("TransitEncryptionEnabled")
	}
	if strings.EqualFold(s.text("TransitEncryptionMode"), "preferred") {
		s.Do("move all clients of %s to TLS: the source takes both, the target's database takes one", s.r.Name)
	}
	p.snapshots = s.int("SnapshotRetentionLimit", 0) > 0
	s.cacheParameters(&p)
	p.key, p.hasKey = s.key("KmsKeyId")
	return p
}

// reason says what the size was chosen by.
func (s *sheet) cacheReason(p cachePlan) string {
	switch o, ok := s.c.Override(s.r); {
	case ok && o.Size != "":
		return "landfall.yaml asks for it"
	case p.skuGiB < p.gib*1.2:
		return "the largest of its tier, which is less than 1.2 times the memory in use"
	}
	return "the smallest of its tier with 1.2 times the memory in use"
}

// redisSize is a size of Azure Managed Redis (Microsoft Learn, "Azure Managed
// Redis, tiers and SKUs").
type redisSize struct {
	suffix string
	gib    float64
}

// redisSKU takes the smallest size with 1.2 times the memory (Microsoft Learn,
// "Migrate from Amazon ElastiCache to Azure Managed Redis"); the tier follows
// the family of the node.
func (s *sheet) redisSKU(class string, gib float64) (redisenterprise.SkuName, float64) {
	if o, ok := s.c.Override(s.r); ok && o.Size != "" {
		return redisenterprise.SkuName(o.Size), sizeOf(o.Size, gib*1.2)
	}
	family := strings.TrimPrefix(strings.TrimPrefix(class, "cache."), "db.")
	prefix := "Balanced_B"
	switch {
	case strings.Contains(strings.SplitN(family, ".", 2)[0], "gd"):
		s.Gap("redis.data-tiering", "CacheNodeType="+class)
		prefix = "FlashOptimized_A"
	case strings.HasPrefix(family, "r"):
		prefix = "MemoryOptimized_M"
	case strings.HasPrefix(family, "c"):
		prefix = "ComputeOptimized_X"
	}
	sizes := redisSizes()[prefix]
	for _, size := range sizes {
		if size.gib >= gib*1.2 {
			return redisenterprise.SkuName(prefix + size.suffix), size.gib
		}
	}
	s.Gap("redis.too-large", s.cacheWords())
	largest := sizes[len(sizes)-1]
	return redisenterprise.SkuName(prefix + largest.suffix), largest.gib
}

// redisSizes are the sizes of each tier, smallest first.
func redisSizes() map[string][]redisSize {
	return map[string][]redisSize{
		"Balanced_B":         {{"0", 0.5}, {"1", 1}, {"3", 3}, {"5", 6}, {"10", 12}, {"20", 24}, {"50", 60}, {"100", 120}, {"150", 180}, {"250", 240}, {"350", 360}, {"500", 480}, {"700", 720}, {"1000", 960}},
		"FlashOptimized_A":   {{"250", 250}, {"500", 500}, {"700", 700}, {"1000", 1000}, {"1500", 1500}, {"2000", 2000}, {"4500", 4500}},
		"MemoryOptimized_M":  {{"10", 12}, {"20", 24}, {"50", 60}, {"100", 120}, {"150", 180}, {"250", 240}, {"350", 360}, {"500", 480}, {"700", 720}, {"1000", 960}, {"1500", 1440}, {"2000", 1920}},
		"ComputeOptimized_X": {{"3", 3}, {"5", 6}, {"10", 12}, {"20", 24}, {"50", 60}, {"100", 120}, {"150", 180}, {"250", 240}, {"350", 360}, {"500", 480}, {"700", 720}},
	}
}

// sizeOf is the memory of a size that was asked for by name, other for one
// that is not in the tables.
func sizeOf(name string, other float64) float64 {
	for prefix, sizes := range redisSizes() {
		for _, size := range sizes {
			if prefix+size.suffix == name {
				return size.gib
			}
		}
	}
	return other
}

// cacheParameters reads the parameter group: eviction and persistence have
// counterparts, the rest is a gap or the service's own.
func (s *sheet) cacheParameters(p *cachePlan) {
	group, ok := s.c.Find(s.r, s.At("CacheParameterGroupName"), "AWS::ElastiCache::ParameterGroup")
	if !ok {
		if group, ok = s.c.Find(s.r, s.At("ParameterGroupName"), "AWS::MemoryDB::ParameterGroup"); !ok {
			s.outside("CacheParameterGroupName")
			s.outside("ParameterGroupName")
			return
		}
	}
	values := mapping(group.Properties["Properties"])
	if len(values) == 0 {
		values = mapping(group.Properties["Parameters"])
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := plain(values[name])
		switch strings.ToLower(name) {
		case "maxmemory-policy":
			if policy, known := evictionOf(value); known {
				p.eviction = policy
				continue
			}
			s.Gap("redis.parameter", name+"="+value)
		case "appendonly":
			p.appendOnly = strings.EqualFold(value, "yes")
		case "cluster-enabled":
			p.clustered = p.clustered || strings.EqualFold(value, "yes")
		case "reserved-memory", "reserved-memory-percent", "maxmemory-samples", "activedefrag", "repl-backlog-size", "repl-backlog-ttl", "tcp-keepalive", "lazyfree-lazy-eviction", "lazyfree-lazy-expire":
		default:
			s.Gap("redis.parameter", name+"="+value)
		}
	}
}

func evictionOf(policy string) (redisenterprise.EvictionPolicy, bool) {
	for _, p := range []redisenterprise.EvictionPolicy{
		redisenterprise.EvictionPolicyAllKeysLFU, redisenterprise.EvictionPolicyAllKeysLRU, redisenterprise.EvictionPolicyAllKeysRandom, redisenterprise.EvictionPolicyNoEviction,
		redisenterprise.EvictionPolicyVolatileLFU, redisenterprise.EvictionPolicyVolatileLRU, redisenterprise.EvictionPolicyVolatileRandom, redisenterprise.EvictionPolicyVolatileTTL,
	} {
		if strings.EqualFold(string(p), strings.ReplaceAll(policy, "-", "")) {
			return p, true
		}
	}
	return "", false
}

func (s *sheet) putRedis(p cachePlan) cloud.ResourceID {
	properties := redisenterprise.ClusterCreateProperties{
		HighAvailability: new(redisenterprise.HighAvailabilityDisabled), MinimumTlsVersion: new(redisenterprise.TlsVersionOnePointTwo), PublicNetworkAccess: redisenterprise.PublicNetworkAccessDisabled,
	}
	if p.standby {
		properties.HighAvailability = new(redisenterprise.HighAvailabilityEnabled)
	}
	if p.hasKey {
		properties.Encryption = &redisenterprise.ClusterPropertiesEncryption{CustomerManagedKeyEncryption: &redisenterprise.ClusterPropertiesEncryptionCustomerManagedKeyEncryption{
			KeyEncryptionKeyURL: new(p.key.URI),
			KeyEncryptionKeyIdentity: &redisenterprise.ClusterPropertiesEncryptionCustomerManagedKeyEncryptionKeyEncryptionKeyIdentity{
				IdentityType: new(redisenterprise.CmkIdentityTypeUserAssignedIdentity), UserAssignedIdentityResourceId: new(string(p.key.Identity)),
			},
		}}
	}
	id := s.c.Put(design.Target{Type: managedRedis, Base: base(s.r), After: p.key.after(), Model: redisenterprise.Cluster{Sku: redisenterprise.Sku{Name: p.sku}, Properties: &properties}}, s.r)
	if p.hasKey {
		setBody(s.c, id, "identity", p.key.identityBody())
	}
	database := redisenterprise.DatabaseCreateProperties{
		ClientProtocol: new(redisenterprise.ProtocolEncrypted), ClusteringPolicy: new(redisenterprise.ClusteringPolicyEnterpriseCluster), EvictionPolicy: new(p.eviction), Port: new(int64(10000)),
		AccessKeysAuthentication: new(redisenterprise.AccessKeysAuthenticationEnabled),
	}
	if !p.tls {
		database.ClientProtocol = new(redisenterprise.ProtocolPlaintext)
		s.Gap("redis.plaintext", "TransitEncryptionEnabled=false")
	}
	if p.clustered {
		database.ClusteringPolicy = new(redisenterprise.ClusteringPolicyOSSCluster)
	} else {
		s.Gap("redis.single-endpoint", "ClusterMode=disabled")
	}
	switch {
	case p.appendOnly || s.r.Kind == "AWS::MemoryDB::Cluster":
		database.Persistence = &redisenterprise.Persistence{AofEnabled: new(true), AofFrequency: new(redisenterprise.AofFrequencyOnes), RdbEnabled: new(false)}
	case p.snapshots:
		database.Persistence = &redisenterprise.Persistence{RdbEnabled: new(true), RdbFrequency: new(redisenterprise.RdbFrequencyOneTwoh), AofEnabled: new(false)}
		s.Meets("redis.snapshots", "SnapshotRetentionLimit")
	}
	s.c.Put(design.Target{Type: redisDatabase, Parent: id, Base: "default", Exact: true, NoLocation: true, Model: redisenterprise.Database{Properties: &database}}, s.r)
	return id
}

// redisGaps notes what differs whatever the configuration says, and what has
// no counterpart.
func (s *sheet) redisGaps() {
	s.Gap("redis.port", "Port="+itoa(s.int("Port", 6379)))
	switch {
	case s.Has("UserGroupIds") || s.Has("UserGroupId") || s.Has("ACLName"):
		s.Gap("redis.acl", common.Shown(s.At("UserGroupIds"))+common.Shown(s.At("UserGroupId"))+common.Shown(s.At("ACLName")))
	case !s.Has("AuthToken") && !design.True(s.r.Attributes, "AuthTokenEnabled"):
		s.Gap("redis.auth", "AuthToken is not set")
	}
	for _, row := range [][2]string{
		{"redis.windows", "SnapshotWindow"}, {"redis.windows", "PreferredMaintenanceWindow"}, {"redis.windows", "MaintenanceWindow"}, {"redis.windows", "DailySnapshotTime"},
		{"redis.notifications", "NotificationTopicArn"}, {"redis.notifications", "SnsTopicArn"}, {"redis.logs", "LogDeliveryConfigurations"}, {"redis.global", "GlobalReplicationGroupId"}, {"redis.global", "MultiRegionClusterName"},
	} {
		s.gapIf(row[0], row[1])
	}
	for _, path := range []string{"NetworkType", "IpDiscovery"} {
		if kind := strings.ToLower(s.text(path)); kind == "ipv6" || kind == "dual_stack" {
			s.Meets("redis.ipv6", path)
		}
	}
	major, _, _ := strings.Cut(s.text("EngineVersion"), ".")
	if n, err := strconv.Atoi(major); err == nil && n < redisVersion {
		s.Meets("redis.version", "EngineVersion")
	}
	s.Knows("AutomaticFailoverEnabled", "MultiAZEnabled", "TransitEncryptionEnabled", "TLSEnabled", "ReplicationGroupId", "ReplicationGroupDescription", "ClusterName", "ServerlessCacheName", "Description", "EngineVersion", "MajorEngineVersion", "AutoMinorVersionUpgrade", "AtRestEncryptionEnabled", "DataTieringEnabled", "DataTiering", "SecurityGroupIds", "CacheSecurityGroupNames",
		"IpDiscovery", "NetworkType", "PrimaryEndPoint", "ConfigurationEndPoint", "ReadEndPoint", "ReaderEndPoint", "SnapshottingClusterId", "SnapshotArns", "SnapshotName", "PreferredCacheClusterAZs", "PreferredAvailabilityZone", "PreferredAvailabilityZones", "AZMode", "NumCacheNodes", "ARN", "AuthToken",
		"TransitEncryptionMode", "ClusterEndpoint", "Endpoint", "ReaderEndpoint", "CreateTime", "Status", "PrimaryClusterId", "FullEngineVersion", "ParameterGroupStatus", "FinalSnapshotName", "SnapshotArnsToRestore", "CacheUsageLimits", "CacheNodeType", "ClusterName", "CacheClusterId", "NodeGroupConfiguration", "RedisEndpoint", "VpcSecurityGroupIds", "FinalSnapshotIdentifier")
}

func redisUser(s *sheet) design.Decision {
	s.skipAll()
	s.Gap("redis.acl", "AccessString="+common.Shown(s.r.Properties["AccessString"]))
	s.Do("give the workload's identity an access policy assignment on the database of the cache: it has one policy with all rights, and no key patterns")
	return s.done(design.Replace, 0.5, "users of the target are identities of Microsoft Entra; the rights of %s cannot be narrowed to commands or key patterns there", s.r.Name)
}

func redisParameters(s *sheet) design.Decision {
	s.skipAll()
	of := redisUsers(s.c, s.r)
	if len(of) == 0 {
		return s.done(design.Retire, 0.8, "no cache of the workload uses the parameter group")
	}
	return s.done(design.Replace, 0.8, "eviction and persistence of %s are settings of its database; what has no counterpart is a gap there", names(of))
}

func redisUsers(c *book, r *inventory.Resource) []*inventory.Resource {
	out := users(c, r, "CacheParameterGroupName")
	return append(out, users(c, r, "ParameterGroupName")...)
}
