package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/runbook"
)

// Rebuild is the method of a cache that nobody carries over: it fills again by
// itself at the target.
const Rebuild = "rebuild"

// set is a set of data with what the steps want to know of it.
type set struct {
	runbook.DataSet
	name string // what people call it
	key  string // the part of ids that stands for it
	wave int    // data of an earlier wave is needed by data of a later one
	// lagLimit in seconds is what replication may lag behind before the fence.
	lagLimit int
	sizeFrom string
	target   cloud.Kind
	// names and metadata are the policies of a bucket, "" of all else.
	names, metadata string
}

// form is how one kind of source resource becomes a set of data.
type form struct {
	kind   string // of the set
	prefix string // of its id
	// returns says that changes at the target can be carried back.
	returns  bool
	readOnly bool
	targets  []string // types of the target that holds it, best first
}

func forms() map[cloud.Kind]form {
	return map[cloud.Kind]form{
		"AWS::S3::Bucket":                    {kind: "objects", prefix: "bucket", returns: true, targets: []string{"blobServices/containers", "storageAccounts"}},
		"AWS::S3Express::DirectoryBucket":    {kind: "objects", prefix: "bucket", returns: true, targets: []string{"blobServices/containers", "storageAccounts"}},
		"AWS::DynamoDB::Table":               {kind: "dynamodb", prefix: "table", targets: []string{"sqlDatabases/containers", "databaseAccounts"}},
		"AWS::DynamoDB::GlobalTable":         {kind: "dynamodb", prefix: "table", targets: []string{"sqlDatabases/containers", "databaseAccounts"}},
		"AWS::ElastiCache::ReplicationGroup": {kind: "redis", prefix: "cache", targets: []string{"redisEnterprise/databases", "redisEnterprise", "Cache/redis"}},
		"AWS::ElastiCache::CacheCluster":     {kind: "redis", prefix: "cache", targets: []string{"redisEnterprise/databases", "redisEnterprise", "Cache/redis"}},
		"AWS::ElastiCache::ServerlessCache":  {kind: "redis", prefix: "cache", targets: []string{"redisEnterprise/databases", "redisEnterprise", "Cache/redis"}},
		"AWS::MemoryDB::Cluster":             {kind: "redis", prefix: "cache", targets: []string{"redisEnterprise/databases", "redisEnterprise", "Cache/redis"}},
		"AWS::EFS::FileSystem":               {kind: "files", prefix: "files", returns: true, targets: []string{"fileServices/shares", "storageAccounts"}},
		"AWS::FSx::FileSystem":               {kind: "files", prefix: "files", returns: true, targets: []string{"fileServices/shares", "storageAccounts", "netAppAccounts"}},
		"AWS::SQS::Queue":                    {kind: "queue", prefix: "queue", returns: true, targets: []string{"namespaces/queues", "queueServices/queues"}},
		"AWS::AmazonMQ::Broker":              {kind: "queue", prefix: "queue", returns: true, targets: []string{"ServiceBus/namespaces"}},
		"AWS::Kinesis::Stream":               {kind: "queue", prefix: "stream", returns: true, targets: []string{"namespaces/eventhubs"}},
		"AWS::MSK::Cluster":                  {kind: "queue", prefix: "stream", returns: true, targets: []string{"EventHub/namespaces"}},
		"AWS::SecretsManager::Secret":        {kind: "secrets", prefix: "secret", readOnly: true, targets: []string{"vaults/secrets", "vaults"}},
		"AWS::ECR::Repository":               {kind: "images", prefix: "images", readOnly: true, targets: []string{"registries"}},
		"AWS::EC2::Volume":                   {kind: "disks", prefix: "disk", targets: []string{"Compute/disks"}},
		"AWS::Redshift::Cluster":             {kind: "other", prefix: "warehouse"},
		"AWS::OpenSearchService::Domain":     {kind: "other", prefix: "index"},
		"AWS::Elasticsearch::Domain":         {kind: "other", prefix: "index"},
		"AWS::Neptune::DBCluster":            {kind: "other", prefix: "db"},
		"AWS::DocDB::DBCluster":              {kind: "other", prefix: "db"},
		"AWS::Timestream::Table":             {kind: "other", prefix: "table"},
		"AWS::Cassandra::Table":              {kind: "other", prefix: "table"},
		"AWS::Cognito::UserPool":             {kind: "other", prefix: "users"},
	}
}

// formOf returns the form of a resource that holds data.
func formOf(r *inventory.Resource) (form, bool) {
	if r.Kind != "AWS::RDS::DBInstance" && r.Kind != "AWS::RDS::DBCluster" {
		f, ok := forms()[r.Kind]
		return f, ok
	}
	// A member of a cluster, and a replica, hold what the writer holds.
	if r.Kind == "AWS::RDS::DBInstance" && (text(r, "DBClusterIdentifier") != "" || text(r, "SourceDBInstanceIdentifier") != "") {
		return form{}, false
	}
	f := form{kind: "other", prefix: "db", targets: []string{"flexibleServers/databases", "flexibleServers", "servers/databases", "managedInstances"}}
	switch engine := strings.ToLower(text(r, "Engine")); {
	case strings.Contains(engine, "postgres"):
		f.kind, f.returns = "postgres", true
	case strings.Contains(engine, "mysql"), strings.Contains(engine, "mariadb"), engine == "aurora":
		f.kind, f.returns = "mysql", true
	case strings.HasPrefix(engine, "sqlserver"), strings.HasPrefix(engine, "custom-sqlserver"):
		f.kind = "sqlserver"
	}
	return f, true
}

func text(r *inventory.Resource, property string) string {
	s, _ := r.Properties[property].(string)
	return s
}

// collect finds the sets of data that move, and says of those that do not why.
func (b *book) collect() {
	names, keys := unique{}, unique{}
	var ids []cloud.ResourceID
	for _, v := range b.decisions {
		r := b.byID[v.Source]
		if r == nil {
			continue
		}
		f, holds := formOf(r)
		if !holds {
			continue
		}
		if v.Action == design.Retain || v.Action == design.Retire {
			continue // unplanned says so with every other decision
		}
		s := set{DataSet: runbook.DataSet{Kind: f.kind, Source: v.Source, Returns: f.returns, ReadOnly: f.readOnly}, name: v.Name}
		s.ID = names.name(f.prefix + ":" + slug(v.Name))
		s.key = keys.name(f.prefix + "-" + slug(v.Name))
		s.Target, s.target = b.holder(v, f)
		if f.kind == "objects" && b.history(v.Source) {
			s.ReadOnly = true
		}
		if f.kind == "redis" && b.Choices.choice(&s.DataSet, v.Name).Method == Rebuild {
			b.leave(v.Source, "moving what "+v.Name+" holds", "landfall.yaml says that it fills again by itself")
			continue
		}
		s.Bytes, s.sizeFrom = b.sizeOf(r)
		s.lagLimit = 5 // seconds; 1 for what is critical: Cloud Adoption Framework, "Execute migration"
		ids = append(ids, v.Source)
		b.data = append(b.data, s)
	}
	b.arrange(ids)
	for i := range b.data {
		b.settle(&b.data[i])
	}
	for _, n := range b.Graph.Nodes {
		if n.Boundary != graph.Shared || n.External {
			continue
		}
		if r := b.byID[n.ID]; r != nil {
			if _, holds := formOf(r); holds {
				b.leave(n.ID, "moving the data of "+n.Name, "others use it too, so it stays at the source: "+n.Reason)
			}
		}
	}
}

// history says that a bucket takes records of AWS's own services only: nobody
// has to stop writing for its copy to be whole.
func (b *book) history(id cloud.ResourceID) bool {
	records := false
	for _, e := range b.Graph.Edges {
		if e.To != id || e.Potential {
			continue
		}
		switch e.Relation {
		case graph.LogsTo:
			records = true
		case graph.AttachedTo, graph.PartOf, graph.Records, graph.BacksUp, graph.Operates, graph.Inspects, graph.ProtectedBy:
		default:
			return false
		}
	}
	return records
}

// holder finds the target that holds the data.
func (b *book) holder(v *design.Decision, f form) (cloud.ResourceID, cloud.Kind) {
	for _, want := range f.targets {
		for _, id := range v.Targets {
			if strings.HasSuffix(string(b.types[id]), want) {
				return id, b.types[id]
			}
		}
	}
	return "", ""
}

// arrange gives the sets their waves: what others need comes first.
func (b *book) arrange(ids []cloud.ResourceID) {
	waves := graph.NewQuery(b.Graph).Order(ids)
	wave := map[cloud.ResourceID]int{}
	for i, w := range waves {
		for _, id := range w {
			wave[id] = len(waves) - 1 - i
		}
	}
	critical := map[cloud.ResourceID]bool{}
	for _, n := range b.Graph.Nodes {
		critical[n.ID] = n.Criticality == graph.CriticalityHigh
	}
	for i := range b.data {
		b.data[i].wave = wave[b.data[i].Source]
		if critical[b.data[i].Source] {
			b.data[i].lagLimit = 1
		}
	}
	slices.SortStableFunc(b.data, func(x, y set) int { return cmp.Or(cmp.Compare(x.wave, y.wave), cmp.Compare(x.ID, y.ID)) })
}

// settle decides size and method of one set.
func (b *book) settle(s *set) {
	said := b.Choices.choice(&s.DataSet, s.name)
	if said.Bytes > 0 {
		s.Bytes, s.sizeFrom = said.Bytes, "landfall.yaml"
	}
	s.Method = b.method(s)
	b.policies(s, said)
	if said.Method == Rebuild {
		b.find(runbook.Finding{ID: "method:" + s.ID, Text: fmt.Sprintf("landfall.yaml says that %s fills again by itself, and %s does not", s.name, s.Kind), Do: "take the method out of runbook.data: only a cache can be rebuilt", Blocks: true})
	} else if said.Method == "online" && !canFollow(s) {
		b.find(runbook.Finding{ID: "method:" + s.ID, Text: fmt.Sprintf("landfall.yaml wants %s to be moved online, and nothing follows the changes of %s", s.name, s.Kind), Do: "take the method out of runbook.data, or move it offline in a longer window", Blocks: true})
	} else if said.Method != "" {
		s.Method = said.Method
	}
	if s.Bytes == 0 && sized(s.Kind) {
		b.find(runbook.Finding{ID: "size:" + s.ID, Text: fmt.Sprintf("nobody says how large %s is; one hour is assumed for its copy", s.name), Do: "measure it with landfall assess, or set its gib under runbook.data in landfall.yaml"})
	}
	if s.Target == "" {
		b.find(runbook.Finding{ID: "target:" + s.ID, Text: fmt.Sprintf("the design names no target that takes the data of %s (%s)", s.name, s.Kind), Do: "decide about it: landfall explain " + s.name})
	}
}

// written are the sets that the workload writes, in order.
func (b *book) written() []*set {
	var out []*set
	for i := range b.data {
		if !b.data[i].ReadOnly {
			out = append(out, &b.data[i])
		}
	}
	return out
}
