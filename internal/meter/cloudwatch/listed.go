package cloudwatch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

const (
	// maxListPages bounds ListMetrics: pages have up to 500 metrics, and there
	// is no way to leave out those of AWS's own namespaces.
	maxListPages = 200
	// maxCustom bounds how many custom metrics of a region are read.
	maxCustom = 500
	// agentNamespace is the default of the CloudWatch agent.
	agentNamespace = "CWAgent"
)

// listed finds the metrics that no table can know: those of the CloudWatch
// agent, whose dimensions depend on its configuration, and of namespaces of
// one's own. ListMetrics knows metrics with a data point in the last fourteen
// days.
func listed(ctx context.Context, api reader, at site, resources []inventory.Resource) ([]item, []kpi.Unmeasured) {
	var found []types.Metric
	var unmeasured []kpi.Unmeasured
	problem := func(why string) {
		unmeasured = append(unmeasured, kpi.Unmeasured{Subject: "", Metric: kpi.Custom, Detail: "metrics of the agent and of custom namespaces", Source: kpi.CloudWatch, Region: at.region, Reason: why})
	}
	in := &cloudwatch.ListMetricsInput{}
	for page := 0; ; page++ {
		if page == maxListPages {
			problem(fmt.Sprintf("only the first %d pages of ListMetrics were read", maxListPages))
			break
		}
		out, err := api.ListMetrics(ctx, in)
		if err != nil {
			problem(reason(err))
			break
		}
		for _, metric := range out.Metrics {
			if isOwn(aws.ToString(metric.Namespace)) {
				found = append(found, metric)
			}
		}
		if aws.ToString(out.NextToken) == "" {
			break
		}
		in.NextToken = out.NextToken
	}
	list := own(found, at, resources)
	if len(list) > maxCustom {
		problem(fmt.Sprintf("only %d of %d custom metrics were read", maxCustom, len(list)))
		list = list[:maxCustom]
	}
	return list, unmeasured
}

// isOwn leaves out the namespaces of AWS and those that the table has.
func isOwn(namespace string) bool {
	return !strings.HasPrefix(namespace, "AWS/") && namespace != "ContainerInsights" && namespace != "ECS/ContainerInsights"
}

// own makes items of listed metrics, in order, and of several that the agent
// sends for one thing under more and fewer dimensions the one with the fewest.
func own(found []types.Metric, at site, resources []inventory.Resource) []item {
	names := byPhysicalName(at, resources)
	var list []item
	for _, metric := range found {
		it := item{region: at.region, account: at.account, namespace: aws.ToString(metric.Namespace)}
		name := aws.ToString(metric.MetricName)
		for _, d := range metric.Dimensions {
			it.dimensions = append(it.dimensions, dimension{aws.ToString(d.Name), aws.ToString(d.Value)})
		}
		slices.SortFunc(it.dimensions, func(a, b dimension) int { return strings.Compare(a.name, b.name) })
		it.spec, it.detail = ownSpec(it.namespace, name, it.dimensions)
		it.subject = ownSubject(it.namespace, it.dimensions, names)
		if it.subject.ID == "" {
			continue
		}
		list = append(list, it)
	}
	slices.SortFunc(list, func(a, b item) int {
		return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.names[0], b.names[0]), cmp.Compare(a.subject.ID, b.subject.ID), strings.Compare(a.detail, b.detail),
			cmp.Compare(len(a.dimensions), len(b.dimensions)), strings.Compare(label("", "", a.dimensions), label("", "", b.dimensions)))
	})
	return slices.CompactFunc(list, func(a, b item) bool {
		return a.namespace == b.namespace && a.names[0] == b.names[0] && a.subject.ID == b.subject.ID && a.detail == b.detail
	})
}

// ownSpec knows the agent's names on Linux for memory and disks (CloudWatch
// user guide, "Metrics collected by the CloudWatch agent").
func ownSpec(namespace, name string, dimensions []dimension) (spec, string) {
	if namespace == agentNamespace {
		switch name {
		case "mem_used_percent":
			return gauge(kpi.MemoryUtilisation, name), ""
		case "disk_used_percent":
			return gauge(kpi.StorageUtilisation, name), valueOf(dimensions, "path")
		case "Memory % Committed Bytes In Use":
			return gauge(kpi.MemoryUtilisation, name), ""
		}
	}
	var rest []string
	for _, d := range dimensions {
		rest = append(rest, d.name+"="+d.value)
	}
	return gauge(kpi.Custom, name), strings.Join(append([]string{namespace + " " + name}, rest...), " ")
}

func valueOf(dimensions []dimension, name string) string {
	for _, d := range dimensions {
		if d.name == name {
			return d.value
		}
	}
	return ""
}

// ownSubject is the resource that a dimension names. A metric of a namespace
// of one's own that names none belongs to the namespace; one of the agent to a
// machine outside of the request, so it is left out.
func ownSubject(namespace string, dimensions []dimension, names map[string]*inventory.Resource) kpi.Subject {
	for _, d := range dimensions {
		if r := names[d.value]; r != nil {
			return kpi.Subject{Kind: kpi.Component, ID: r.ID, Name: r.Name}
		}
	}
	if namespace == agentNamespace || namespace == "LambdaInsights" {
		return kpi.Subject{}
	}
	return kpi.Subject{Kind: kpi.Component, ID: cloud.ResourceID("metrics:" + namespace), Name: namespace}
}

// byPhysicalName finds a resource by a value that a dimension may have: its
// ARN, or the last part of it. A name that two resources share says nothing.
func byPhysicalName(at site, resources []inventory.Resource) map[string]*inventory.Resource {
	names := map[string]*inventory.Resource{}
	twice := map[string]bool{}
	for i := range resources {
		r := &resources[i]
		if r.Region != at.region || !isLive(r.ID) {
			continue
		}
		for _, name := range []string{string(r.ID), last(r.ID)} {
			if name == "" {
				continue
			}
			if names[name] != nil && names[name].ID != r.ID {
				twice[name] = true
			}
			names[name] = r
		}
	}
	for name := range twice {
		delete(names, name)
	}
	return names
}
