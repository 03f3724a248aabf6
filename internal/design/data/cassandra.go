package data

import (
	"fmt"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cosmosdb/2025-10-15/cosmosdb"
)

func (b *book) cassandraRules() []design.Rule {
	const page = "Microsoft Learn, Azure Cosmos DB for Apache Cassandra"
	return []design.Rule{
		making(b.rule("cassandra/keyspace", page, keyspace, "AWS::Cassandra::Keyspace"), cosmosAccount),
		making(b.rule("cassandra/table", page, cassandraTable, "AWS::Cassandra::Table"), cosmosAccount),
		b.rule("cassandra/type", page, cassandraType, "AWS::Cassandra::Type"),
	}
}

// cassandraAccount is one account for all keyspaces; they are made in it by the
// CQL that the clients speak anyway.
func cassandraAccount(s *sheet) cloud.ResourceID {
	return s.c.Once("data/cassandra", func() cloud.ResourceID {
		return s.c.Put(design.Target{Type: cosmosAccount, Base: s.c.Options.Workload + "-cassandra", Model: cosmosdb.DatabaseAccountCreateUpdateParameters{
			Kind: new(cosmosdb.DatabaseAccountKindGlobalDocumentDB), Properties: cosmosdb.DatabaseAccountCreateUpdateProperties{
				DatabaseAccountOfferType: cosmosdb.DatabaseAccountOfferTypeStandard, Capabilities: &[]cosmosdb.Capability{{Name: new("EnableCassandra")}},
				Locations:         []cosmosdb.Location{{LocationName: new(string(s.c.Place.Location)), FailoverPriority: new(int64(0)), IsZoneRedundant: new(s.zonesKnown())}},
				ConsistencyPolicy: &cosmosdb.ConsistencyPolicy{DefaultConsistencyLevel: cosmosdb.DefaultConsistencyLevelStrong},
				BackupPolicy: cosmosdb.PeriodicModeBackupPolicy{Type: cosmosdb.BackupPolicyTypePeriodic, PeriodicModeProperties: &cosmosdb.PeriodicModeProperties{
					BackupIntervalInMinutes: new(int64(240)), BackupRetentionIntervalInHours: new(int64(8)),
				}},
				PublicNetworkAccess: new(cosmosdb.PublicNetworkAccessEnabled), MinimalTlsVersion: new(cosmosdb.MinimalTlsVersionTlsOneTwo),
			},
		}})
	})
}

func keyspace(s *sheet) design.Decision {
	id := cassandraAccount(s)
	s.c.Attach(s.r, id)
	s.private(id, "Cassandra", endpointVPCs(s.c, "cassandra"))
	s.Knows("KeyspaceName")
	s.gapIf("cassandra.regions", "ReplicationSpecification")
	s.Gap("cassandra.api", "Kind="+string(s.r.Kind))
	s.Do("create the keyspace in account %s: CREATE KEYSPACE %s WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}", common.LastName(id), cqlName(s.r.Name))
	s.Not("Azure Managed Instance for Apache Cassandra", "Apache Cassandra itself on virtual machines of its own; needed for lightweight transactions across partitions and server-side settings")
	s.Decision.EffortDays = 4
	return s.done(design.Migrate, 0.65, "the keyspace goes to Cosmos DB for Apache Cassandra account %s, where CQL makes it", common.LastName(id))
}

func cqlName(name string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') || r == '_' {
			return r
		}
		return '_'
	}, name))
}

// cql is the statement that makes a table like the source's.
func cql(r *inventory.Resource) string {
	var columns, hash, sort, order []string
	column := func(m map[string]any) string {
		return cqlName(design.Text(m, "ColumnName")) + " " + design.Text(m, "ColumnType")
	}
	for _, m := range design.Maps(r.Properties["PartitionKeyColumns"]) {
		columns, hash = append(columns, column(m)), append(hash, cqlName(design.Text(m, "ColumnName")))
	}
	for _, m := range design.Maps(r.Properties["ClusteringKeyColumns"]) {
		inner := mapping(m["Column"])
		columns, sort = append(columns, column(inner)), append(sort, cqlName(design.Text(inner, "ColumnName")))
		if o := design.Text(m, "OrderBy"); o != "" {
			order = append(order, cqlName(design.Text(inner, "ColumnName"))+" "+o)
		}
	}
	for _, m := range design.Maps(r.Properties["RegularColumns"]) {
		columns = append(columns, column(m))
	}
	key := "(" + strings.Join(hash, ", ") + ")"
	if len(sort) > 0 {
		key += ", " + strings.Join(sort, ", ")
	}
	text := fmt.Sprintf("CREATE TABLE %s.%s (%s, PRIMARY KEY (%s))", cqlName(design.Text(r.Properties, "KeyspaceName")), cqlName(r.Name), strings.Join(columns, ", "), key)
	if len(order) > 0 {
		text += " WITH CLUSTERING ORDER BY (" + strings.Join(order, ", ") + ")"
	}
	return text
}

func cassandraTable(s *sheet) design.Decision {
	id := cassandraAccount(s)
	s.c.Attach(s.r, id)
	s.Knows("TableName", "KeyspaceName", "PartitionKeyColumns", "ClusteringKeyColumns", "RegularColumns", "ClientSideTimestampsEnabled")
	s.Do("create the table in account %s: %s", common.LastName(id), cql(s.r))
	for _, row := range [][2]string{{"cassandra.throughput", "BillingMode"}, {"cassandra.recovery", "PointInTimeRecoveryEnabled"}, {"cassandra.ttl", "DefaultTimeToLive"}, {"cassandra.key", "EncryptionSpecification"}, {"cassandra.throughput", "AutoScalingSpecifications"}, {"cassandra.cdc", "CdcSpecification"}, {"cassandra.regions", "ReplicaSpecifications"}} {
		s.gapIf(row[0], row[1])
	}
	s.Decision.EffortDays = 1
	return s.done(design.Migrate, 0.65, "the table goes to Cosmos DB for Apache Cassandra account %s; its CREATE TABLE stands in the list of things to do", common.LastName(id))
}

func cassandraType(s *sheet) design.Decision {
	s.Knows("KeyspaceName", "TypeName", "DirectReferringTables", "DirectParentTypes", "MaxNestingDepth", "LastModifiedTimestamp", "KeyspaceArn")
	s.Do("create the type %s with the fields %s in the target's keyspace", s.r.Name, common.Shown(s.At("Fields")))
	return s.done(design.Manual, 0.5, "user-defined types are made by CQL in the target's keyspace")
}
