package data

import (
	_ "embed"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

//go:embed gaps.tsv
var gapsTSV string

// Family returns the rules for data services.
func Family() design.Family {
	b := &book{}
	rules := slices.Concat(
		b.s3Rules(), b.rdsRules(), b.rdsPartRules(), b.dynamodbRules(), b.elasticacheRules(), b.memorydbRules(), b.efsRules(), b.fsxRules(),
		b.kinesisRules(), b.firehoseRules(), b.mskRules(), b.docdbRules(), b.neptuneRules(), b.cassandraRules(), b.otherRules(),
	)
	return design.Family{Name: "data", Rules: rules, Gaps: gapsTSV, Start: b.open, Finish: func(*design.Context) { b.finish() }}
}

// finish puts what needs the targets of later stages: the queues and streams
// that buckets send their events to.
func (b *book) finish() {
	for _, r := range b.OfKind("AWS::S3::Bucket") {
		bucketEvents(b, r)
	}
	for _, r := range b.OfKind("AWS::KinesisFirehose::DeliveryStream") {
		capture(b, r)
	}
}

// book is the context of one design with the tables that its rules read.
type book struct {
	*design.Context
	tables map[string][]parameter
}

// parameters are an engine's rows of the table, read once, and the extensions that
// any of its databases can have.
func (b *book) parameters(engine string) ruleset {
	if b.tables[engine] == nil {
		b.tables[engine] = parametersOf(engine)
	}
	t := ruleset{rows: b.tables[engine]}
	if engine == "postgres" {
		t.extensions = b.Catalog.Extensions()
	}
	return t
}

// open begins a new book; Make calls it before all rules. One Family serves one
// Make at a time.
func (b *book) open(c *design.Context) {
	*b = book{Context: c, tables: map[string][]parameter{}}
}

// apply decides one resource from its sheet.
type apply func(s *sheet) design.Decision

// rule wraps what every rule of the family does first: AWS's own things need
// nothing, and what others use too is left where it is.
func (b *book) rule(name, source string, do apply, kinds ...cloud.Kind) design.Rule {
	return design.Rule{
		Name: name, Kinds: kinds, Stage: design.Data, Source: source,
		Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
			if b.Context != c {
				b.open(c)
			}
			switch {
			case slices.Contains(r.Marks, inventory.Default):
				return design.Decision{Action: design.Retire, Confidence: 0.9, Why: "it is AWS's own default, which every account has and no target needs"}
			case slices.Contains(r.Marks, inventory.ServiceLinked):
				return design.Decision{Action: design.Retire, Confidence: 0.9, Why: "a service of AWS made it for itself; the target's service makes its own"}
			case c.Shared(r):
				return shared(r)
			}
			return do(read(b, r))
		},
	}
}

// making adds the target kinds that a rule can make, for the reference.
func making(r design.Rule, kinds ...cloud.Kind) design.Rule {
	r.Targets = kinds
	return r
}

// shared leaves data that others use where it is: a silent copy would begin to
// differ from the original with the first write.
func shared(r *inventory.Resource) design.Decision {
	for _, part := range []string{"Group", "Policy", "Configuration", "ACL", "User"} {
		if strings.HasSuffix(string(r.Kind), part) && r.Kind != "AWS::ElastiCache::ReplicationGroup" {
			return design.Decision{Action: design.Retain, Confidence: 0.8, Why: "its settings serve others too; what the workload needs of them is in the settings of its own targets"}
		}
	}
	return design.Decision{
		Action: design.Retain, Confidence: 0.7,
		Why: "it holds data that others write and read too; a copy would differ from the first write on",
		ToDo: []string{
			"agree with the owner of " + r.Name + " how the workload reaches it from Azure: over the VPN or ExpressRoute with a private address, or over its public name with an allow-list",
			"give the workload credentials for AWS there (workload identity federation from the managed identity to an IAM role), and plan the latency and the egress cost of each call",
		},
		EffortDays: 2,
	}
}
