package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
)

func now() time.Time { return time.Date(2026, 11, 22, 12, 34, 56, 0, time.UTC) }

// fake answers GetMetricData with a value per period that depends on the
// statistic alone, so many data points to a page.
type fake struct {
	mu       sync.Mutex
	perPage  int
	requests []*cloudwatch.GetMetricDataInput
	// refuse returns an error for a request, or nil.
	refuse func(n int, in *cloudwatch.GetMetricDataInput) error
	status types.StatusCode
	listed []types.Metric
	deny   error
}

func (f *fake) ListMetrics(_ context.Context, in *cloudwatch.ListMetricsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.ListMetricsOutput, error) {
	if f.deny != nil {
		return nil, f.deny
	}
	// One metric a page.
	var at int
	if in.NextToken != nil {
		if _, err := fmt.Sscan(*in.NextToken, &at); err != nil {
			return nil, err
		}
	}
	out := &cloudwatch.ListMetricsOutput{}
	if at < len(f.listed) {
		out.Metrics = f.listed[at : at+1]
	}
	if at+1 < len(f.listed) {
		out.NextToken = aws.String(fmt.Sprint(at + 1))
	}
	return out, nil
}

func (f *fake) GetMetricData(ctx context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	f.mu.Lock()
	copied := *in
	f.requests = append(f.requests, &copied)
	n := len(f.requests)
	f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.refuse != nil {
		if err := f.refuse(n, in); err != nil {
			return nil, err
		}
	}
	from := 0
	if in.NextToken != nil {
		if _, err := fmt.Sscan(*in.NextToken, &from); err != nil {
			return nil, err
		}
	}
	out := &cloudwatch.GetMetricDataOutput{}
	more := false
	for _, q := range in.MetricDataQueries {
		r := types.MetricDataResult{Id: q.Id, StatusCode: types.StatusCodeComplete}
		if f.status != "" {
			r.StatusCode = f.status
		}
		period := time.Duration(*q.MetricStat.Period) * time.Second
		value := map[string]float64{"Sum": 30, "SampleCount": 10, "Minimum": 1, "Maximum": 9, "Average": 3, "p50": 3, "p90": 6, "p95": 7, "p99": 8}[*q.MetricStat.Stat]
		for i := from; i < from+f.perPage; i++ {
			at := in.StartTime.Add(time.Duration(i) * period)
			if !at.Before(*in.EndTime) {
				break
			}
			r.Timestamps, r.Values = append(r.Timestamps, at), append(r.Values, value)
		}
		if in.StartTime.Add(time.Duration(from+f.perPage) * period).Before(*in.EndTime) {
			more = true
			r.StatusCode = types.StatusCodePartialData
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
	}
	if more {
		out.NextToken = aws.String(fmt.Sprint(from + f.perPage))
	}
	return out, nil
}

func balancer() inventory.Resource {
	return inventory.Resource{ID: "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/shop/50dc6c495c0c9188", Kind: "AWS::ElasticLoadBalancingV2::LoadBalancer", Name: "shop", Region: "us-east-1"}
}

// measure runs the items of the resources over the last days.
func measure(t *testing.T, f *fake, days int, resources ...inventory.Resource) ([]kpi.Measurement, []string) {
	t.Helper()
	list, _ := items(resources)
	r, err := resolve(kpi.Window{From: now().AddDate(0, 0, -days)}, now(), len(list))
	if err != nil {
		t.Fatal(err)
	}
	var queries []query
	for i := range list {
		queries = append(queries, list[i].queries(r)...)
	}
	found, err := fetch(t.Context(), f, queries, 2)
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{r: r, found: found}
	var out []kpi.Measurement
	var troubled []string
	for i := range list {
		m, trouble := a.make(&list[i])
		if trouble != "" {
			troubled = append(troubled, trouble)
		} else if m != nil {
			out = append(out, *m)
		}
	}
	return out, troubled
}

func latency(t *testing.T, list []kpi.Measurement) kpi.KPI {
	t.Helper()
	for _, m := range list {
		if m.Metric == kpi.TargetLatency {
			return kpi.Of(m)
		}
	}
	t.Fatalf("no latency in %d measurements", len(list))
	return kpi.KPI{}
}

func TestPagesMakeWholeSeries(t *testing.T) {
	t.Parallel()
	f := &fake{perPage: 7}
	list, troubled := measure(t, f, 2, balancer())
	k := latency(t, list)
	p95, _ := k.Value(kpi.P95)
	if len(troubled) != 0 || k.Coverage != 1 || k.Samples != 10*int64(k.Window.To.Sub(k.Window.From)/(5*time.Minute)) || p95.Value != 7 || p95.Low != nil || k.Series.P50[3] != 3 {
		t.Errorf("%v: coverage %v, %d samples, p95 %+v", troubled, k.Coverage, k.Samples, p95)
	}
	for _, e := range k.Evidence {
		if e.Note != "" {
			t.Errorf("a note on what is whole: %+v", e)
		}
	}
	seen := map[string]bool{}
	for _, q := range f.requests[0].MetricDataQueries {
		key := fmt.Sprint(*q.MetricStat.Metric.MetricName, *q.MetricStat.Stat, *q.MetricStat.Period)
		if seen[key] {
			t.Errorf("%s is asked twice", key)
		}
		seen[key] = true
	}
}

// Many resources are asked for in batches of at most 500.
func TestBatches(t *testing.T) {
	t.Parallel()
	var resources []inventory.Resource
	for i := range 60 {
		resources = append(resources, inventory.Resource{ID: cloud.ResourceID(fmt.Sprintf("arn:aws:rds:us-east-1:1:db:db%02d", i)), Kind: "AWS::RDS::DBInstance", Region: "us-east-1"})
	}
	f := &fake{perPage: 1000}
	list, _ := measure(t, f, 2, resources...)
	if len(f.requests) < 3 || len(list) < 60*10 {
		t.Errorf("%d requests, %d measurements", len(f.requests), len(list))
	}
	for _, r := range f.requests {
		if len(r.MetricDataQueries) > 500 {
			t.Errorf("%d queries in a request", len(r.MetricDataQueries))
		}
	}
}

func denied() error {
	return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no\nway"}
}

func TestTroubleIsSaid(t *testing.T) {
	t.Parallel()
	_, troubled := measure(t, &fake{perPage: 100, refuse: func(int, *cloudwatch.GetMetricDataInput) error { return denied() }}, 2, balancer())
	if len(troubled) < 5 || troubled[0] != "denied: AccessDeniedException: no way" {
		t.Errorf("denied: %q", troubled)
	}
	// The second page is lost: what came counts, and is marked.
	list, troubled := measure(t, &fake{perPage: 100, refuse: func(_ int, in *cloudwatch.GetMetricDataInput) error {
		if in.NextToken != nil {
			return &smithy.GenericAPIError{Code: "Throttling", Message: "slow"}
		}
		return nil
	}}, 2, balancer())
	k := latency(t, list)
	if len(troubled) != 0 || k.Coverage <= 0 || k.Coverage >= 0.5 || len(k.Gaps) == 0 || !strings.Contains(fmt.Sprint(k.Evidence), "is not whole: throttled: Throttling: slow") {
		t.Errorf("%q, coverage %v, gaps %v, %v", troubled, k.Coverage, k.Gaps, k.Evidence)
	}
	// A period that CloudWatch does not take costs the exact percentiles, and
	// nothing else.
	list, troubled = measure(t, &fake{perPage: 10_000, refuse: func(_ int, in *cloudwatch.GetMetricDataInput) error {
		if *in.MetricDataQueries[0].MetricStat.Period > 86_400 {
			return &smithy.GenericAPIError{Code: "ValidationError", Message: "period"}
		}
		return nil
	}}, 10, balancer())
	k = latency(t, list)
	if p, ok := k.Value(kpi.P95); len(troubled) != 0 || !ok || p.Value != 7 || k.Coverage != 1 || !strings.Contains(fmt.Sprint(k.Evidence), "p99 is not whole: invalid: ValidationError") {
		t.Errorf("%q, p95 %+v, %v", troubled, p, k.Evidence)
	}
	list, _ = measure(t, &fake{perPage: 10_000, status: types.StatusCodeInternalError}, 2, balancer())
	if k = latency(t, list); !strings.Contains(fmt.Sprint(k.Evidence), "CloudWatch says InternalError") {
		t.Errorf("%v", k.Evidence)
	}
}

// No data point is no value; of optional metrics it is nothing at all.
func TestNothingIsNoZero(t *testing.T) {
	t.Parallel()
	list, troubled := measure(t, &fake{perPage: 0, refuse: func(_ int, in *cloudwatch.GetMetricDataInput) error {
		in.EndTime = in.StartTime // ends the pages
		return nil
	}}, 2, balancer())
	if len(troubled) != 0 || len(list) == 0 {
		t.Fatalf("%q, %d", troubled, len(list))
	}
	for _, m := range list {
		if k := kpi.Of(m); len(k.Values) != 0 || k.Unknown == "" || k.Stars != 0 || k.Metric == kpi.Failures {
			t.Errorf("%s %q: %+v %q", k.Metric, k.Detail, k.Values, k.Unknown)
		}
	}
}

func TestResolution(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for _, c := range []struct {
		from, to time.Duration // before now
		items    int
		period   time.Duration
		note     string
	}{
		{12 * time.Hour, 0, 10, time.Minute, ""},
		{14 * day, 0, 10, 5 * time.Minute, ""},
		{20 * day, 19 * day, 10, 5 * time.Minute, ""},
		{62 * day, 0, 10, 5 * time.Minute, ""},
		{63 * day, 0, 10, time.Hour, ""},
		{70 * day, 69 * day, 10, time.Hour, ""},
		{500 * day, 0, 10, time.Hour, "455 days"},
		{14 * day, 0, 2000, time.Hour, "2000 metrics"},
		{14 * day, -day, 10, 5 * time.Minute, ""}, // ends in the future
	} {
		r, err := resolve(kpi.Window{From: now().Add(-c.from), To: now().Add(-c.to)}, now(), c.items)
		if err != nil || r.period != c.period || !strings.Contains(r.note, c.note) || (c.note == "") != (r.note == "") || r.window.To.After(now()) || r.window.From.Minute() != 0 || now().Sub(r.window.From) > 455*day {
			t.Errorf("from %v to %v with %d items: %+v, %v", c.from, c.to, c.items, r, err)
		}
	}
	if r, err := resolve(kpi.Window{}, now(), 1); err != nil || r.window.To.Sub(r.window.From) < 14*day {
		t.Errorf("by default %+v, %v", r, err)
	}
	if _, err := resolve(kpi.Window{From: now().Add(time.Hour)}, now(), 1); err == nil {
		t.Error("a window in the future has periods")
	}
	r, _ := resolve(kpi.Window{}, now(), 1)
	if d := r.of(gauge(kpi.Objects, "NumberOfObjects").daily()); d.period != day || d.window.From.Hour() != 0 {
		t.Errorf("daily %+v", d)
	}
}

// meterOf is a whole query against the fake's errors of connecting.
func TestSiteThatCannotBeReached(t *testing.T) {
	t.Parallel()
	m := New(Options{Now: now, Config: func(_ context.Context, _ cloud.Account, region cloud.Region) (aws.Config, error) {
		return aws.Config{}, fault.Of(fault.Denied, "assume role", string(region), nil)
	}})
	template := inventory.Resource{ID: "cloudformation:stack/Web", Kind: "AWS::EC2::Instance"}
	gone := inventory.Resource{ID: "arn:aws:ec2:us-east-1:1:instance/i-9", Kind: "AWS::EC2::Instance", Region: "us-east-1", Marks: []inventory.Mark{inventory.Deleted}}
	lonely := inventory.Resource{ID: "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/x/1", Kind: "AWS::ElasticLoadBalancingV2::TargetGroup", Region: "us-east-1"}
	a, err := m.Query(t.Context(), meter.Request{Resources: []inventory.Resource{balancer(), template, gone, lonely}})
	if err != nil || len(a.Measurements) != 0 {
		t.Fatalf("%v, %d", err, len(a.Measurements))
	}
	reasons := map[cloud.ResourceID]string{}
	for _, u := range a.Unmeasured {
		reasons[u.Subject] = u.Reason
	}
	if !strings.HasPrefix(reasons[balancer().ID], "denied") || !strings.Contains(reasons[template.ID], "only a file") || !strings.Contains(reasons[lonely.ID], "load balancer") || reasons[gone.ID] != "" {
		t.Errorf("%q", reasons)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Query(ctx, meter.Request{Resources: []inventory.Resource{balancer()}}); !fault.Is(err, fault.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := fetch(ctx, &fake{perPage: 1}, []query{{namespace: "x", from: now(), to: now()}}, 1); !fault.Is(err, fault.Canceled) {
		t.Errorf("cancelled while reading: %v", err)
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	if got := reason(errors.New("odd\nthing")); got != "internal: odd thing" {
		t.Errorf("%q", got)
	}
}
