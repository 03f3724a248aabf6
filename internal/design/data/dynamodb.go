package data

import (
	"math"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cosmosdb/2025-10-15/cosmosdb"
)

const (
	cosmosAccount   cloud.Kind = "Microsoft.DocumentDB/databaseAccounts"
	cosmosDatabase  cloud.Kind = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases"
	cosmosContainer cloud.Kind = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers"
)

func (b *book) dynamodbRules() []design.Rule {
	const page = "Microsoft Learn, Migrate from Amazon DynamoDB to Azure Cosmos DB for NoSQL"
	return []design.Rule{
		making(b.rule("dynamodb/table", page, table, "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"), cosmosAccount, cosmosDatabase, cosmosContainer),
	}
}

// tablePlan is what decides in which account a table's container stands: the
// settings that an account has and a container has not.
type tablePlan struct {
	serverless bool
	// continuous backups restore to any second of 7 or 30 days.
	continuous string
	key        customerKey
	hasKey     bool
	regions    []cloud.Region
	// throughput in RU/s is fixed, most is the ceiling of autoscale; 0 when
	// unused.
	throughput, most int
}

func table(s *sheet) design.Decision {
	s.Knows("TableName", "TableId", "StreamArn", "AttributeDefinitions", "ImportSourceSpecification", "TableArn", "GlobalTableVersion", "MultiRegionConsistency")
	p := s.tablePlan()
	account := s.cosmos(p)
	database := s.c.Once("data/cosmos-db/"+string(account), func() cloud.ResourceID {
		id := s.c.Put(design.Target{Type: cosmosDatabase, Parent: account, Base: s.c.Options.Workload, NoLocation: true, Model: cosmosdb.SqlDatabaseCreateUpdateParameters{}})
		ownID(s.c, id)
		return id
	})
	container := s.cosmosContainer(database, p)
	s.c.Attach(s.r, account, database)
	if called(s.c, s.r) {
		s.private(account, "Sql", endpointVPCs(s.c, "dynamodb"))
	}
	s.tableGaps()
	s.Do("rewrite the data access of %s: Cosmos DB has no DynamoDB API (GetItem is a point read by id and partition key, Query a SQL query, BatchWriteItem bulk mode, TransactWriteItems a batch within one partition key)", s.r.Name)
	s.Do("give every item an id: the sort key's value as text, or the partition key's where there is no sort key")
	s.Do("give the workload's identity the data role Cosmos DB Built-in Data Contributor on account %s (keys are off)", common.LastName(account))
	s.Not("Azure Table Storage", "no secondary indexes, no change feed, 1 MiB for an item: fits only simple key lookups")
	s.Not("Cosmos DB for Table", "two keys only and no other index; fits tables without secondary indexes")
	s.Decision.EffortDays = 8
	s.Decision.Cost = s.tableCost(p)
	how := "serverless, as the table is billed by request"
	switch {
	case p.most > 0:
		how = "autoscale up to " + itoa(p.most) + " RU/s"
	case p.throughput > 0:
		how = itoa(p.throughput) + " RU/s"
	}
	return s.done(design.Migrate, 0.5, "the table with %s becomes the container %s of Cosmos DB account %s (%s)", s.keyWords(), common.LastName(container), common.LastName(account), how)
}

// schema returns the names of a key schema's partition and sort key.
func schema(v any) (hash, sort string) {
	for _, k := range design.Maps(v) {
		if strings.EqualFold(design.Text(k, "KeyType"), "RANGE") {
			sort = design.Text(k, "AttributeName")
			continue
		}
		hash = design.Text(k, "AttributeName")
	}
	return hash, sort
}

func (s *sheet) keyWords() string {
	hash, sort := schema(s.At("KeySchema"))
	words := "partition key " + orUnknown(hash)
	if sort != "" {
		words += " and sort key " + sort
	}
	if n := len(s.Maps("GlobalSecondaryIndexes")); n > 0 {
		words += " and " + common.Count(n, "GSI")
	}
	return words
}

func (s *sheet) tablePlan() tablePlan {
	p := tablePlan{regions: s.replicaRegions()}
	onDemand := strings.EqualFold(s.text("BillingMode"), "PAY_PER_REQUEST")
	p.serverless = onDemand && len(p.regions) == 0
	reads, writes := s.int("ProvisionedThroughput.ReadCapacityUnits", 0), s.int("ProvisionedThroughput.WriteCapacityUnits", 0)
	if n := s.int("WriteProvisionedThroughputSettings.WriteCapacityAutoScalingSettings.MaxCapacity", 0); n > writes {
		writes = n
	}
	for _, index := range s.Maps("GlobalSecondaryIndexes") {
		// Reads of an index have a capacity of their own; what its writes cost is
		// in the estimate of a write.
		reads += max(0, design.Int(index, "ProvisionedThroughput.ReadCapacityUnits", 0))
	}
	maxReads, maxWrites := s.scaling("ReadCapacityUnits"), s.scaling("WriteCapacityUnits")
	switch {
	case p.serverless:
	case onDemand:
		p.most = 4000
		s.Gap("dynamodb.throughput", "BillingMode=PAY_PER_REQUEST")
	case maxReads > 0 || maxWrites > 0 || s.r.Kind == "AWS::DynamoDB::GlobalTable":
		p.most = max(1000, up(requestUnits(max(reads, maxReads), max(writes, maxWrites)), 1000))
		s.Gap("dynamodb.throughput", "autoscaling up to "+itoa(max(reads, maxReads))+" RCU and "+itoa(max(writes, maxWrites))+" WCU")
	default:
		p.throughput = max(400, up(requestUnits(reads, writes), 100))
		s.Gap("dynamodb.throughput", itoa(reads)+" RCU and "+itoa(writes)+" WCU")
	}
	if s.yes("PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled") || s.replicaPITR() {
		p.continuous = "Continuous30Days"
		if days := s.int("PointInTimeRecoverySpecification.RecoveryPeriodInDays", 35); days <= 7 {
			p.continuous = "Continuous7Days"
		} else if days > 30 {
			s.Gap("dynamodb.recovery", "RecoveryPeriodInDays="+itoa(days))
		}
	}
	if view := s.text("StreamSpecification.StreamViewType"); view != "" {
		s.Meets("dynamodb.stream", "StreamSpecification.StreamViewType")
		if strings.Contains(view, "OLD") && p.continuous == "" {
			// Old images and deletes are in the change feed only with continuous
			// backups (Microsoft Learn, "Change feed modes in Azure Cosmos DB").
			p.continuous = "Continuous7Days"
		}
	}
	if s.yes("SSESpecification.SSEEnabled") {
		p.key, p.hasKey = s.key("SSESpecification.KMSMasterKeyId")
	}
	return p
}

// requestUnits estimates: a strongly consistent read of 4 KB about 2 RU, a
// write of 1 KB with indexes about 6 RU (Microsoft Learn, "Request Units in
// Azure Cosmos DB": 1 RU for a point read of 1 KB, about 5 for a write).
func requestUnits(reads, writes int) int {
	const perRead, perWrite = 2, 6
	return reads*perRead + writes*perWrite
}

func up(n, step int) int { return int(math.Ceil(float64(n)/float64(step))) * step }

// scaling is the upper limit that Application Auto Scaling gives the table.
func (s *sheet) scaling(dimension string) int {
	for _, t := range s.c.OfKind("AWS::ApplicationAutoScaling::ScalableTarget") {
		if !strings.HasSuffix(design.Text(t.Properties, "ScalableDimension"), "table:"+dimension) {
			continue
		}
		id := design.Text(t.Properties, "ResourceId")
		name := strings.TrimPrefix(id, "table/")
		if other, ok := s.c.Find(t, name, "AWS::DynamoDB::Table"); name == s.r.Name || (ok && other == s.r) {
			return design.Int(t.Properties, "MaxCapacity", 0)
		}
	}
	return 0
}

// replicaRegions are the target regions of the other replicas.
func (s *sheet) replicaRegions() []cloud.Region {
	home := s.r.Region
	if home == "" {
		home = s.c.Options.SourceRegion
	}
	var out []cloud.Region
	for _, replica := range s.Maps("Replicas") {
		name := cloud.Region(design.Text(replica, "Region"))
		if name == "" || name == home || strings.Contains(string(name), "${") {
			continue
		}
		near := s.c.Catalog.DefaultRegion(string(name))
		s.Gap("dynamodb.global", "Replicas.Region="+string(name))
		if near.Name != "" && near.Name != s.c.Place.Location {
			out = append(out, near.Name)
		}
	}
	return out
}

func (s *sheet) replicaPITR() bool {
	for _, replica := range s.Maps("Replicas") {
		if design.True(replica, "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled") {
			return true
		}
	}
	return false
}

// cosmos is the account for the plan's settings; tables with the same settings
// share it.
func (s *sheet) cosmos(p tablePlan) cloud.ResourceID {
	mode := "provisioned"
	if p.serverless {
		mode = "serverless"
	}
	label := []string{mode, p.continuous, p.key.Name}
	for _, r := range p.regions {
		label = append(label, string(r))
	}
	return s.c.Once("data/cosmos/"+strings.Join(label, "|"), func() cloud.ResourceID {
		zones := s.zonesKnown()
		locations := []cosmosdb.Location{{LocationName: new(string(s.c.Place.Location)), FailoverPriority: new(int64(0)), IsZoneRedundant: new(zones)}}
		for i, r := range p.regions {
			locations = append(locations, cosmosdb.Location{LocationName: new(string(r)), FailoverPriority: new(int64(i + 1)), IsZoneRedundant: new(false)})
		}
		properties := cosmosdb.DatabaseAccountCreateUpdateProperties{
			DatabaseAccountOfferType: cosmosdb.DatabaseAccountOfferTypeStandard, Locations: locations,
			ConsistencyPolicy:   &cosmosdb.ConsistencyPolicy{DefaultConsistencyLevel: cosmosdb.DefaultConsistencyLevelSession},
			PublicNetworkAccess: new(cosmosdb.PublicNetworkAccessEnabled), DisableLocalAuth: new(true), MinimalTlsVersion: new(cosmosdb.MinimalTlsVersionTlsOneTwo),
			EnableAutomaticFailover: new(len(p.regions) > 0), EnableMultipleWriteLocations: new(len(p.regions) > 0),
			BackupPolicy: cosmosdb.PeriodicModeBackupPolicy{Type: cosmosdb.BackupPolicyTypePeriodic, PeriodicModeProperties: &cosmosdb.PeriodicModeProperties{
				BackupIntervalInMinutes: new(int64(240)), BackupRetentionIntervalInHours: new(int64(8)),
			}},
		}
		if p.continuous != "" {
			properties.BackupPolicy = cosmosdb.ContinuousModeBackupPolicy{Type: cosmosdb.BackupPolicyTypeContinuous, ContinuousModeProperties: &cosmosdb.ContinuousModeProperties{
				Tier: new(cosmosdb.ContinuousTier(p.continuous)),
			}}
		}
		if p.serverless {
			properties.Capabilities = &[]cosmosdb.Capability{{Name: new("EnableServerless")}}
		}
		if p.hasKey {
			properties.KeyVaultKeyUri, properties.DefaultIdentity = new(p.key.Versionless), new("UserAssignedIdentity="+string(p.key.Identity))
		}
		id := s.c.Put(design.Target{Type: cosmosAccount, Base: s.c.Options.Workload + "-" + mode, After: p.key.after(), Model: cosmosdb.DatabaseAccountCreateUpdateParameters{
			Kind: new(cosmosdb.DatabaseAccountKindGlobalDocumentDB), Properties: properties,
		}})
		if p.hasKey {
			setBody(s.c, id, "identity", p.key.identityBody())
		}
		return id
	})
}

// zonesKnown reports whether the target region has zones, without a note.
func (s *sheet) zonesKnown() bool {
	region, ok := s.c.Catalog.Region(string(s.c.Place.Location))
	return !ok || len(region.Zones) > 0
}

func path(attribute string) string { return "/" + strings.ReplaceAll(attribute, "/", "_") }

func (s *sheet) cosmosContainer(database cloud.ResourceID, p tablePlan) cloud.ResourceID {
	hash, sort := schema(s.At("KeySchema"))
	if hash == "" {
		s.Do("name the partition key of %s: its key schema is not known, and /id was taken", s.r.Name)
		hash = "id"
	}
	resource := cosmosdb.SqlContainerResource{
		PartitionKey: &cosmosdb.ContainerPartitionKey{Kind: new(cosmosdb.PartitionKindHash), Paths: &[]string{path(hash)}, Version: new(int64(2))},
		IndexingPolicy: &cosmosdb.IndexingPolicy{
			Automatic: new(true), IndexingMode: new(cosmosdb.IndexingModeConsistent), IncludedPaths: &[]cosmosdb.IncludedPath{{Path: new("/*")}}, ExcludedPaths: &[]cosmosdb.ExcludedPath{{Path: new(`/"_etag"/?`)}},
		},
	}
	var composites [][]cosmosdb.CompositePath
	pair := func(a, b string) {
		if a != "" && b != "" {
			composites = append(composites, []cosmosdb.CompositePath{{Path: new(path(a)), Order: new(cosmosdb.CompositePathSortOrderAscending)}, {Path: new(path(b)), Order: new(cosmosdb.CompositePathSortOrderAscending)}})
		}
	}
	pair(hash, sort)
	for _, list := range []string{"GlobalSecondaryIndexes", "LocalSecondaryIndexes"} {
		for _, index := range s.Maps(list) {
			pair(schema(index["KeySchema"]))
		}
	}
	if composites != nil {
		resource.IndexingPolicy.CompositeIndexes = &composites
	}
	if s.text("TimeToLiveSpecification.AttributeName") != "" && !strings.EqualFold(s.text("TimeToLiveSpecification.Enabled"), "false") {
		resource.DefaultTtl = new(int64(-1))
		s.Meets("dynamodb.ttl", "TimeToLiveSpecification.AttributeName")
	}
	options := &cosmosdb.CreateUpdateOptions{}
	switch {
	case p.most > 0:
		options.AutoScaleSettings = &cosmosdb.AutoScaleSettings{MaxThroughput: new(int64(p.most))}
	case p.throughput > 0:
		options.Throughput = new(int64(p.throughput))
	}
	id := s.c.Put(design.Target{Type: cosmosContainer, Parent: database, Base: base(s.r), NoLocation: true, Model: cosmosdb.SqlContainerCreateUpdateParameters{
		Properties: cosmosdb.SqlContainerCreateUpdateProperties{Resource: resource, Options: options},
	}}, s.r)
	ownID(s.c, id)
	return id
}

// ownID repeats a resource's name in its body, as Cosmos DB wants it; only Put
// knows the name.
func ownID(c *book, id cloud.ResourceID) {
	if r, ok := c.Resource(id); ok {
		mapping(mapping(r.Body["properties"])["resource"])["id"] = common.LastName(id)
	}
}

func (s *sheet) tableGaps() {
	s.Gap("dynamodb.api", "Kind="+string(s.r.Kind))
	if hash, sort := schema(s.At("KeySchema")); sort != "" {
		s.Gap("dynamodb.sort-key", hash+", "+sort)
	}
	for _, index := range s.Maps("GlobalSecondaryIndexes") {
		s.Gap("dynamodb.gsi", design.Text(index, "IndexName"))
	}
	for _, row := range [][2]string{
		{"dynamodb.kinesis", "KinesisStreamSpecification"}, {"dynamodb.insights", "ContributorInsightsSpecification.Enabled"}, {"dynamodb.policy", "ResourcePolicy"}, {"dynamodb.policy", "StreamSpecification.ResourcePolicy"}, {"dynamodb.warm", "WarmThroughput"},
		{"dynamodb.limits", "OnDemandThroughputSpecification"}, {"dynamodb.limits", "WriteOnDemandThroughputSettings"},
	} {
		s.gapIf(row[0], row[1])
	}
	if strings.EqualFold(s.text("TableClass"), "STANDARD_INFREQUENT_ACCESS") {
		s.Meets("dynamodb.class", "TableClass")
	}
	for _, attribute := range s.Maps("AttributeDefinitions") {
		if design.Text(attribute, "AttributeType") == "B" {
			s.Do("write the binary key %s of %s as text (base64) when its items are copied: JSON has no bytes", design.Text(attribute, "AttributeName"), s.r.Name)
		}
	}
	if s.yes("DeletionProtectionEnabled") {
		s.Do("put a CanNotDelete lock on the container of %s after the cutover: the source has deletion protection", s.r.Name)
	}
	s.Knows("WriteProvisionedThroughputSettings", "ProvisionedThroughput", "LocalSecondaryIndexes", "SSESpecification")
}
