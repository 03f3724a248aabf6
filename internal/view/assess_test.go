package view_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/view"
)

// columns is the width that the tables keep to.
const columns = 120

func within(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > columns {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func holds(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(text, w) {
			t.Errorf("lacks %q:\n%s", w, text)
		}
	}
}

func TestAssessedFitsAndSaysWhereToSettle(t *testing.T) {
	t.Parallel()
	r := view.Assessed{
		Workload: "shop", Resources: 3, Evidence: 2,
		Unread:    []inventory.Unread{{Operation: "backup:ListBackupSelections", Account: "123456789012", Region: "us-east-1", Reason: "denied: AccessDenied", Hides: "AWS::Backup::BackupSelection of AWS::Backup::BackupPlan nightly"}},
		Questions: []graph.Question{{Text: "Does batch (AWS::EC2::Instance) belong to the workload?", Why: "nothing says whose it is"}},
		Flows:     []graph.Flow{{Rank: 1, Name: strings.Repeat("static.", 20) + "shop.example to covers", RTOSeconds: 900}},
	}
	got := text(r, false)
	within(t, got)
	holds(t, got, "  unknown backup:ListBackupSelections, 123456789012 us-east-1: denied: AccessDenied\n          hides AWS::Backup::BackupSelection",
		"boundary.answers in landfall.yaml", "landfall assess --questions", "static.static.", "…", "shop.example to covers", "15m",
		"next: look at assessment.html, settle the questions, then: landfall assess\n")
	r.Questions, r.Workspace = nil, "/w"
	holds(t, text(r, false), "landfall graph --workspace /w --out graph.svg\n")
}

func TestReachedNamesTheWayAndFits(t *testing.T) {
	t.Parallel()
	group := cloud.ResourceID("arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:b9249377-4b0e-40a4-81c9-565c2e7c6534:autoScalingGroupName/app")
	stranger := cloud.ResourceID("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/bookshop/cf61b293115b4b04")
	r := view.Reached{Name: "web", Verb: "needs", Nodes: []view.ReachedNode{
		{Reach: graph.Reach{ID: group, Depth: 1, Path: []cloud.ResourceID{"web", group}}, Kind: "AWS::AutoScaling::AutoScalingGroup", Name: "app", Boundary: graph.In},
		{Reach: graph.Reach{ID: "lt", Depth: 2, Path: []cloud.ResourceID{"web", group, "lt"}}, Kind: "AWS::ElasticLoadBalancingV2::LoadBalancer", Name: strings.Repeat("template", 12), Boundary: graph.Shared},
		{Reach: graph.Reach{ID: "x", Depth: 12, Path: []cloud.ResourceID{"web", stranger, "x"}}, Kind: "External::Host", Name: "192.0.2.1", Boundary: graph.Out},
	}}
	got := text(r, false)
	within(t, got)
	holds(t, got, "web needs 3 nodes", "  app\n", "arn:aws:elastic…", "External::Host", "2 steps")
	if strings.Contains(got, "b9249377") {
		t.Errorf("an id where a name would do:\n%s", got)
	}
	holds(t, text(view.Drawn{File: "g.svg", Format: "svg", Bytes: 45_370}, false), "wrote g.svg (svg, 44.3 KiB)")
}

func TestProbedIsALinePerMetricAndTellsOfRefusals(t *testing.T) {
	t.Parallel()
	all := func(unit kpi.Unit, metric kpi.Metric, v float64) kpi.KPI {
		return kpi.KPI{Subject: kpi.Subject{Name: "GET shop.example/books"}, Metric: metric, Unit: unit, Samples: 19, Values: []kpi.Value{
			{Statistic: kpi.Mean, Value: v}, {Statistic: kpi.P95, Value: 2 * v}, {Statistic: kpi.Max, Value: 3 * v}, {Statistic: kpi.Total, Value: 777}}}
	}
	r := view.Probed{File: "probe.json", Evidence: 4, Baseline: kpi.Baseline{
		KPIs: []kpi.KPI{all(kpi.PerSecond, kpi.Throughput, 2.5), all(kpi.Seconds, kpi.Latency, 0.0012), all(kpi.Ratio, kpi.ErrorRate, 0),
			all(kpi.Ratio, kpi.ClientErrorRate, 0.25), {Subject: kpi.Subject{Name: "GET /x"}, Metric: kpi.Latency, Unknown: "no answer came"}},
		Unmeasured: []kpi.Unmeasured{{Subject: "GET /y", Metric: kpi.Latency, Reason: "no request was due"}},
	}}
	got := text(r, false)
	within(t, got)
	holds(t, got, "2.5/s", "1.2 ms", "2.4 ms", "3.6 ms", "25 %", "unknown: no answer came", "no request was due",
		"warn    GET shop.example/books: 25 % of the requests were refused (4xx)", "wrote probe.json, ledger entry 4")
	if strings.Contains(got, "777") || strings.Contains(got, "of the requests failed") {
		t.Errorf("a total without a unit, or a failure that was none:\n%s", got)
	}
}

func TestProgressShowsBytesInUnits(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	bar := view.NewProgress(&out, false, func() time.Time { return now }).Begin("read logs", 20<<20, "bytes")
	now = now.Add(5 * time.Second)
	bar.Set(10 << 20)
	now = now.Add(5 * time.Second)
	bar.Set(20 << 20)
	bar.Done()
	holds(t, out.String(), "read logs: 10.0 MiB of 20.0 MiB (50%), 2.0 MiB/s, ETA 5s\n", "read logs: 20.0 MiB in 10s, 2.0 MiB/s\n")
}
