package graph_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/testkit/bookshop"
)

// ofTemplate is the graph of the bookshop as its template describes it.
func ofTemplate(t *testing.T) graph.Graph {
	t.Helper()
	return graph.Build(bookshop.Template(t), graph.Observed{}, graph.Options{Seeds: graph.Seeds{Tags: cloud.Tags{"workload": "bookshop"}, Stacks: []string{"bookshop"}}})
}

// unsaid is what one side cannot say, by name. Instances of the group, their
// volumes and interfaces, and snapshots are no part of the comparison at all:
// see graph.Compare.
func unsaid() map[string]string {
	return map[string]string{
		"AWS::AutoScaling::ScalingPolicy bookshop-app":         "CloudFormation gives a policy a name of its own",
		"AWS::Route53::RecordSet _":                            "the record with which ACM validates a certificate is named by ACM",
		"AWS::SSM::Parameter /bookshop/production/session-key": "CloudFormation makes no SecureString",

		// The control plane behind the sandbox does not give back what AWS does.
		"AWS::Backup::BackupPlan bookshop-nightly":                                        "it forgets the tags of a plan",
		"AWS::CloudFront::OriginAccessControl bookshop-covers":                            "it forgets which distribution uses a control",
		"AWS::ElastiCache::ReplicationGroup bookshop-cache -guarded-by-> ":                "it makes no member clusters, which alone tell the groups",
		"AWS::ElastiCache::ReplicationGroup bookshop-cache -in-subnet-> ":                 "nor the subnets",
		"AWS::ElasticLoadBalancingV2::LoadBalancer bookshop -protected-by-> AWS::WAFv2::": "it lists no resources of a web ACL",
	}
}

// sameAsTemplate: the account that was seeded and the template that describes
// it are the same workload.
func sameAsTemplate(t *testing.T, live graph.Graph) {
	t.Helper()
	d := graph.Compare(ofTemplate(t), live)
	used := map[string]bool{}
	settled := func(line string) bool {
		for name := range unsaid() {
			if strings.Contains(line, name) {
				used[name] = true
				return true
			}
		}
		return false
	}
	for _, list := range []*[]string{&d.OnlyFirstNodes, &d.OnlySecondNodes, &d.OnlyFirstEdges, &d.OnlySecondEdges} {
		*list = slices.DeleteFunc(*list, settled)
	}
	if !d.Empty() {
		t.Errorf("only in the template:\n%s\nonly in the account:\n%s", strings.Join(slices.Concat(d.OnlyFirstNodes, d.OnlyFirstEdges), "\n"), strings.Join(slices.Concat(d.OnlySecondNodes, d.OnlySecondEdges), "\n"))
	}
	for name, why := range unsaid() {
		if !used[name] {
			t.Errorf("%q is left out (%s) and makes no difference", name, why)
		}
	}
}
