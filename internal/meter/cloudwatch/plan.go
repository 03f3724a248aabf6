package cloudwatch

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// item is one KPI to be made: of a subject, under one set of dimensions.
type item struct {
	subject    kpi.Subject
	region     cloud.Region
	account    cloud.Account
	namespace  string
	dimensions []dimension
	detail     string
	spec
}

// site is where is asked: an account and a region.
type site struct {
	account cloud.Account
	region  cloud.Region
}

func (a site) compare(b site) int {
	return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.region, b.region))
}

// items makes the list from the table, in order.
func items(resources []inventory.Resource) ([]item, []kpi.Unmeasured) {
	byKind := map[cloud.Kind][]family{}
	for _, f := range families() {
		for _, kind := range f.kinds {
			byKind[kind] = append(byKind[kind], f)
		}
	}
	w := newWorld(resources)
	var list []item
	var unmeasured []kpi.Unmeasured
	for i := range resources {
		r := &resources[i]
		if slices.Contains(r.Marks, inventory.Deleted) || len(byKind[r.Kind]) == 0 {
			continue
		}
		if !isLive(r.ID) {
			unmeasured = append(unmeasured, kpi.Unmeasured{Subject: r.ID, Source: kpi.CloudWatch, Region: r.Region, Reason: "no id of AWS is known, as only a file describes it"})
			continue
		}
		for _, f := range byKind[r.Kind] {
			found := itemsOf(w, f, r)
			if len(found) == 0 && f.missing != "" {
				unmeasured = append(unmeasured, kpi.Unmeasured{Subject: r.ID, Source: kpi.CloudWatch, Region: r.Region, Reason: "the inventory does not tell " + f.missing})
			}
			list = append(list, found...)
		}
	}
	return list, unmeasured
}

func itemsOf(w *world, f family, r *inventory.Resource) []item {
	var list []item
	region := cmp.Or(f.region, r.Region)
	if r.Kind == "AWS::WAFv2::WebACL" && strings.HasPrefix(resourcePart(r.ID), "global/") {
		region = "us-east-1"
	}
	for _, t := range f.targets(w, r) {
		for _, s := range f.specs(r) {
			list = append(list, item{subject: kpi.Subject{Kind: kpi.Component, ID: r.ID, Name: r.Name}, region: region, account: r.Account,
				namespace: cmp.Or(s.namespace, f.namespace), dimensions: slices.Concat(t.dimensions, s.extra), detail: joinDetail(t.detail, s.detail), spec: s})
		}
	}
	return list
}

func joinDetail(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

// query is one statistic of one metric.
type query struct {
	namespace, name, statistic string
	dimensions                 []dimension
	period                     time.Duration
	from, to                   time.Time
}

// key tells queries apart, so that a sum that several KPIs need is asked once.
func (q query) key() string {
	var b strings.Builder
	for _, part := range []string{q.namespace, q.name, q.statistic, q.period.String(), q.from.Format(time.RFC3339)} {
		b.WriteString(part)
		b.WriteByte(0)
	}
	for _, d := range q.dimensions {
		b.WriteString(d.name + "\x00" + d.value + "\x00")
	}
	return b.String()
}

// label is how evidence names a metric.
func label(namespace, name string, dimensions []dimension) string {
	text := namespace + " " + name
	for _, d := range dimensions {
		text += " " + d.name + "=" + d.value
	}
	return text
}

// queries lists what an item needs. The percentiles are asked for the window
// as a whole, because those of parts do not add up, and for each hour.
func (it *item) queries(r resolution) []query {
	r = r.of(it.spec)
	var list []query
	ask := func(name string, period time.Duration, statistics ...string) {
		for _, s := range statistics {
			list = append(list, query{it.namespace, name, s, it.dimensions, period, r.window.From, r.window.To})
		}
	}
	for _, name := range it.names {
		switch it.how {
		case counter, volume, quotient:
			ask(name, r.period, "Sum")
		case weighted:
			ask(name, r.period, "Average")
		case complement, healthy:
			ask(name, r.period, "Sum", "SampleCount")
		case level:
			ask(name, r.period, "Sum", "SampleCount", "Minimum", "Maximum")
		case duration:
			ask(name, r.period, "Sum", "SampleCount", "Minimum", "Maximum")
			ask(name, r.stretch(), "p50", "p90", "p95", "p99")
			if r.stretch() > time.Hour {
				ask(name, time.Hour, "p50", "p95")
			}
		}
	}
	for _, name := range it.base {
		ask(name, r.period, "Sum")
	}
	return list
}
