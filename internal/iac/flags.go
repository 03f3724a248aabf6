package iac

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
)

// Flags prints a flag file in the format of flagd, the reference provider of
// OpenFeature, with one flag for each dependency that the code can take from
// either side: its variants are "aws" and "azure", and all begin at "aws". The
// code asks the flag where it makes the client, so that a dependency is switched,
// and switched back, without a delivery. The metadata of a flag name the target
// in each environment, as "target-<environment>", or as "target" where there is
// none.
func Flags(d *design.Design, environments ...design.Environment) (design.File, error) {
	type entry struct {
		name string
		flag object
	}
	moved := []*design.Design{d}
	if len(environments) > 0 {
		moved = nil
		for _, e := range environments {
			moved = append(moved, design.ForEnvironment(d, e))
		}
	}
	var entries []entry
	taken := map[string]bool{}
	decisions := slices.Clone(d.Decisions)
	slices.SortStableFunc(decisions, func(a, b design.Decision) int { return strings.Compare(string(a.Source), string(b.Source)) })
	for _, decision := range decisions {
		if _, ok := dependency(decision); !ok {
			continue
		}
		metadata := object{{"kind", string(decision.Kind)}, {"source", string(decision.Source)}}
		for _, other := range moved {
			metadata = append(metadata, targetIn(other, decision.Source, len(environments) > 0)...)
		}
		words := append(splitWords(decision.Kind.Service()), splitWords(decision.Name)...)
		name := strings.Join(append(words, "provider"), "-")
		for base, n := name, 2; taken[name]; n++ {
			name = base + "-" + strconv.Itoa(n)
		}
		taken[name] = true
		entries = append(entries, entry{name, object{
			{"state", "ENABLED"},
			{"variants", object{{"aws", "aws"}, {"azure", "azure"}}},
			{"defaultVariant", "aws"},
			{"metadata", metadata},
		}})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	flags := object{}
	for _, e := range entries {
		flags = append(flags, member{e.name, e.flag})
	}
	encoded, err := plainJSON(object{{"$schema", "https://flagd.dev/schema/v0/flags.json"}, {"flags", flags}})
	if err != nil {
		return design.File{}, fault.Of(fault.Internal, "print flags of workload", d.Workload, err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, encoded, "", "  "); err != nil {
		return design.File{}, fault.Of(fault.Internal, "print flags of workload", d.Workload, err)
	}
	out.WriteByte('\n')
	return design.File{Path: "flags/providers.flagd.json", Content: out.Bytes()}, nil
}

// targetIn is the member of a flag's metadata that names its target in one
// environment.
func targetIn(d *design.Design, source cloud.ResourceID, named bool) object {
	for _, decision := range d.Decisions {
		if decision.Source != source {
			continue
		}
		name := "target"
		if named {
			name += "-" + d.Place.Environment
		}
		if id, ok := dependency(decision); ok {
			return object{{name, string(id)}}
		}
	}
	return nil
}

// dependency returns the target of a source resource that code talks to
// through a client of its own: data, queues, topics, secrets.
func dependency(d design.Decision) (cloud.ResourceID, bool) {
	if d.Action != design.Migrate && d.Action != design.Replace || !slices.Contains(dependencyKinds(), d.Kind) {
		return "", false
	}
	for _, id := range d.Targets {
		_, kind, _, ok := splitID(string(id))
		provider, _, _ := strings.Cut(strings.ToLower(kind), "/")
		if ok && slices.Contains(dependencyProviders(), provider) {
			return id, true
		}
	}
	return "", false
}

func dependencyKinds() []cloud.Kind {
	return []cloud.Kind{
		"AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable", "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster", "AWS::Cassandra::Table",
		"AWS::ElastiCache::CacheCluster", "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::ServerlessCache", "AWS::MemoryDB::Cluster", "AWS::OpenSearchService::Domain", "AWS::Elasticsearch::Domain",
		"AWS::Redshift::Cluster", "AWS::S3::Bucket", "AWS::EFS::FileSystem", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::Events::EventBus", "AWS::Kinesis::Stream", "AWS::KinesisFirehose::DeliveryStream",
		"AWS::MSK::Cluster", "AWS::AmazonMQ::Broker", "AWS::SecretsManager::Secret", "AWS::SSM::Parameter", "AWS::Cognito::UserPool",
	}
}

func dependencyProviders() []string {
	return []string{
		"microsoft.dbforpostgresql", "microsoft.dbformysql", "microsoft.sql", "microsoft.documentdb", "microsoft.cache", "microsoft.storage", "microsoft.netapp", "microsoft.servicebus", "microsoft.eventhub",
		"microsoft.eventgrid", "microsoft.keyvault", "microsoft.appconfiguration", "microsoft.search", "microsoft.kusto", "microsoft.synapse", "microsoft.azureactivedirectory", "microsoft.sqlvirtualmachine",
	}
}
