package data

import "example.com/landfall/internal/design"

func (b *book) memorydbRules() []design.Rule {
	const page = "Azure Architecture Center, Compare relational database services on Azure and AWS"
	return []design.Rule{
		making(b.rule("memorydb/cluster", page, memorydb, "AWS::MemoryDB::Cluster"), managedRedis, redisDatabase),
	}
}

// memorydb is a cache at the target that persists once a second: MemoryDB
// confirms a write only when several zones have it, and no service of Azure
// with the Redis protocol does.
func memorydb(s *sheet) design.Decision {
	s.Gap("memorydb.durability", "Kind=AWS::MemoryDB::Cluster")
	s.Do("decide whether %s is the only place of its data: if it is, keep the data in Cosmos DB or PostgreSQL as well, and treat the cache as one", s.r.Name)
	s.Not("Azure Cosmos DB with Azure Managed Redis in front", "a durable store and a cache: the application writes to both")
	return redis(s)
}
