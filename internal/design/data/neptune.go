package data

import (
	"strings"

	"example.com/landfall/internal/design"
)

func (b *book) neptuneRules() []design.Rule {
	const page = "Azure Architecture Center, Compare relational database services on Azure and AWS"
	return []design.Rule{
		b.rule("neptune/cluster", page, neptuneCluster, "AWS::Neptune::DBCluster"),
		b.rule("neptune/part", page, neptunePart, "AWS::Neptune::DBInstance", "AWS::Neptune::DBClusterParameterGroup", "AWS::Neptune::DBParameterGroup"),
		b.rule("neptune/graph", page, neptuneGraph, "AWS::NeptuneGraph::Graph", "AWS::NeptuneGraph::GraphSnapshot", "AWS::NeptuneGraph::PrivateGraphEndpoint"),
	}
}

// neptuneCluster stays with a person: which of Neptune's languages the workload
// speaks, and with it whether there is a counterpart at all, is in its code
// only.
func neptuneCluster(s *sheet) design.Decision {
	s.skipAll()
	s.Gap("neptune.rdf", "Kind="+string(s.r.Kind))
	s.Do("find out which language the workload speaks: Gremlin has a counterpart, openCypher none of the same kind, SPARQL (RDF) none at all")
	s.Do("for Gremlin: an Azure Cosmos DB account with the capability EnableGremlin, a database and a graph, whose partition key every vertex carries; export with neptune-export, load with the bulk executor")
	s.Not("Azure Cosmos DB for Apache Gremlin", "a subset of TinkerPop, a partition key in every vertex, request units instead of instances")
	s.Not("Apache AGE on Azure Database for PostgreSQL", "openCypher inside PostgreSQL; another engine, and another way to query")
	s.Not("Neo4j or GraphDB on virtual machines", "openCypher or RDF as they are, run by the workload itself")
	s.Decision.EffortDays = 15
	size := ""
	for _, m := range docdbMembers(s.c, s.r) {
		size = ", instances of " + design.Text(m.Properties, "DBInstanceClass")
	}
	return s.done(design.Manual, 0.3, "no automatic mapping: nothing in the configuration says which graph language the cluster serves (engine version %s%s)", orUnknown(strings.TrimSpace(design.Text(s.r.Properties, "EngineVersion"))), size)
}

func neptunePart(s *sheet) design.Decision {
	s.skipAll()
	s.Do("decide for %s together with its cluster", s.r.Name)
	return s.done(design.Manual, 0.3, "no automatic mapping of its own: it goes with its Neptune cluster")
}

func neptuneGraph(s *sheet) design.Decision {
	s.skipAll()
	s.Gap("neptune.rdf", "Kind="+string(s.r.Kind))
	s.Do("move the analysis of %s to a graph library on Spark or to Azure Data Explorer's graph operators: no service of Azure keeps a graph in memory for algorithms", s.r.Name)
	s.Decision.EffortDays = 15
	return s.done(design.Manual, 0.3, "no automatic mapping: Azure has no counterpart of Neptune Analytics (provisioned memory %s)", orUnknown(design.Text(s.r.Properties, "ProvisionedMemory")))
}
