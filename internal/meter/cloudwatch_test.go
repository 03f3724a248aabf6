package meter_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
	"example.com/landfall/internal/meter/accesslog"
	"example.com/landfall/internal/meter/cloudwatch"
	"example.com/landfall/internal/sandbox/seed/history"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/testgate"
)

// posted is a line of the metrics that the generator sent.
type posted struct {
	Namespace, Name string
	Dimensions      map[string]string
	Start           time.Time
	PeriodSeconds   int64
	Values          []*float64
	Stats           []*struct{ Values, Counts []float64 }
}

func (p *past) posted(t *testing.T) []posted {
	t.Helper()
	var list []posted
	s := bufio.NewScanner(bytes.NewReader(p.metrics))
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		var one posted
		if err := json.Unmarshal(s.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		list = append(list, one)
	}
	return list
}

func find(t *testing.T, list []posted, name string, dimensions ...string) posted {
	t.Helper()
	i := slices.IndexFunc(list, func(p posted) bool {
		for n := 0; n < len(dimensions); n += 2 {
			if p.Dimensions[dimensions[n]] != dimensions[n+1] {
				return false
			}
		}
		return p.Name == name && len(p.Dimensions) == len(dimensions)/2
	})
	if i < 0 {
		t.Fatalf("no series %s %v", name, dimensions)
	}
	return list[i]
}

// inventoryOf is what a scan finds of the resources that have a history.
func inventoryOf(w history.World) []inventory.Resource {
	var list []inventory.Resource
	add := func(kind cloud.Kind, arn string, properties inventory.Properties) {
		if !strings.HasPrefix(arn, "arn:") {
			arn = "arn:aws:" + arn
		}
		list = append(list, inventory.Resource{ID: cloud.ResourceID(arn), Kind: kind, Name: arn[strings.LastIndexAny(arn, ":/")+1:], Account: cloud.Account(w.Account), Region: cloud.Region(w.Region), Properties: properties})
	}
	at := w.Region + ":" + w.Account + ":"
	add("AWS::ElasticLoadBalancingV2::LoadBalancer", w.Balancer, nil)
	add("AWS::ElasticLoadBalancingV2::TargetGroup", w.WebGroup, inventory.Properties{"Protocol": "HTTP", "LoadBalancerArns": []any{w.Balancer}})
	add("AWS::ElasticLoadBalancingV2::TargetGroup", w.APIGroup, inventory.Properties{"Protocol": "HTTP"})
	add("AWS::ElasticLoadBalancingV2::Listener", "elasticloadbalancing:"+at+"listener/app/bookshop/50dc6c495c0c9188/1", inventory.Properties{"LoadBalancerArn": w.Balancer})
	add("AWS::ElasticLoadBalancingV2::ListenerRule", "elasticloadbalancing:"+at+"listener-rule/app/bookshop/50dc6c495c0c9188/1/2", inventory.Properties{
		"ListenerArn": "arn:aws:elasticloadbalancing:" + at + "listener/app/bookshop/50dc6c495c0c9188/1",
		"Actions":     []any{map[string]any{"Type": "forward", "ForwardConfig": map[string]any{"TargetGroups": []any{map[string]any{"TargetGroupArn": w.APIGroup}}}}}})
	for _, f := range w.Interfaces {
		if f.Instance != "" {
			add("AWS::EC2::Instance", "ec2:"+at+"instance/"+f.Instance, nil)
		}
		if strings.HasPrefix(f.Role, "nat-") {
			add("AWS::EC2::NatGateway", "ec2:"+at+"natgateway/"+f.Resource, nil)
		}
	}
	add("AWS::AutoScaling::AutoScalingGroup", "autoscaling:"+at+"autoScalingGroup:uuid:autoScalingGroupName/"+w.ScalingGroup, nil)
	add("AWS::RDS::DBInstance", "rds:"+at+"db:"+w.Database, inventory.Properties{"Engine": "postgres"})
	add("AWS::RDS::DBInstance", "rds:"+at+"db:"+w.PayrollDatabase, inventory.Properties{"Engine": "postgres"})
	add("AWS::ElastiCache::ReplicationGroup", "elasticache:"+at+"replicationgroup:"+w.CacheGroup, inventory.Properties{"NumCacheClusters": 2.0})
	add("AWS::SQS::Queue", "sqs:"+at+w.Queue, nil)
	add("AWS::DynamoDB::Table", "dynamodb:"+at+"table/"+w.Table, nil)
	for _, name := range []string{w.Mailer, w.Thumbs, w.Export} {
		add("AWS::Lambda::Function", "lambda:"+at+"function:"+name, nil)
	}
	for _, name := range []string{w.Covers, w.Invoices, w.Exports} {
		add("AWS::S3::Bucket", "arn:aws:s3:::"+name, nil)
	}
	add("AWS::CloudFront::Distribution", "arn:aws:cloudfront::"+w.Account+":distribution/"+w.Distribution, nil)
	list[len(list)-1].Region = ""
	return list
}

// gateWith starts a gate that knows the metrics.
func gateWith(t *testing.T, p *past) func(context.Context, cloud.Account, cloud.Region) (aws.Config, error) {
	t.Helper()
	address, _ := testgate.Open(t)
	response, err := http.Post(address+"/_landfall/metrics", "application/x-ndjson", bytes.NewReader(p.metrics))
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("loading answers %s, %v", response.Status, err)
	}
	return func(_ context.Context, _ cloud.Account, region cloud.Region) (aws.Config, error) {
		config := testkit.AWSConfig(t, address)
		config.Region = string(region)
		return config, nil
	}
}

// CloudWatch against what was posted, and against the access log of the same
// two weeks: any two of the generator's records agree, so must the meters.
func metricsAsPosted(t *testing.T, p *past) {
	resources := inventoryOf(shop())
	m := cloudwatch.New(cloudwatch.Options{Config: gateWith(t, p)})
	a, err := m.Query(t.Context(), meter.Request{Resources: resources, Window: kpi.Window{From: p.now.AddDate(0, 0, -days), To: p.now}})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range a.Unmeasured {
		t.Errorf("unmeasured %+v", u)
	}
	b := kpi.Build(a.Measurements, a.Unmeasured, a.Inputs)
	balancer := kpi.Subject{Kind: kpi.Component, ID: cloud.ResourceID(shop().Balancer)}
	forwarded, errors := 0, 0
	for _, d := range p.truth.Days {
		forwarded, errors = forwarded+d.Forwarded, errors+d.Errors5xx
	}
	if got := int(value(t, &b, balancer, kpi.Throughput, kpi.Total)); got != forwarded {
		t.Errorf("%d requests, want %d", got, forwarded)
	}
	if got := int(value(t, &b, balancer, kpi.ErrorRate, kpi.Total)); got != errors {
		t.Errorf("%d errors, want %d", got, errors)
	}
	percentiles(t, &b, balancer, p)
	shapes(t, &b, p)
	agree(t, &b, p, resources)
	seen := series(t, &b, p.posted(t))
	t.Logf("%d KPIs of %d series, all %d posted were read", len(b.KPIs), p.truth.MetricSeries, seen)
}

// percentiles of the window as a whole are those of all requests together.
func percentiles(t *testing.T, b *kpi.Baseline, balancer kpi.Subject, p *past) {
	t.Helper()
	var all kpi.Sketch
	for _, s := range find(t, p.posted(t), "TargetResponseTime", "LoadBalancer", shop().BalancerName).Stats {
		if s != nil {
			for i, v := range s.Values {
				all.Add(v, int64(s.Counts[i]))
			}
		}
	}
	for _, s := range kpi.Percentiles() {
		want, _ := all.Percentile(s.Percent)
		if got := value(t, b, balancer, kpi.TargetLatency, s.Statistic); got != want {
			t.Errorf("%s is %v, want %v", s.Statistic, got, want)
		}
	}
	k, _ := b.Find(balancer, kpi.TargetLatency, "")
	if k.Samples != all.Count() || k.Series == nil || len(k.Series.P95) == 0 || !k.Seasonality.Daily {
		t.Errorf("%d samples (want %d), seasonality %+v", k.Samples, all.Count(), k.Seasonality)
	}
}

// shapes compares one metric of each way of counting with what was posted.
func shapes(t *testing.T, b *kpi.Baseline, p *past) {
	t.Helper()
	list, w := p.posted(t), shop()
	at := "us-east-1:" + w.Account + ":"
	sum := func(s posted) (total, n, high float64) {
		for _, v := range s.Values {
			if v != nil {
				total, n, high = total+*v, n+1, max(high, *v)
			}
		}
		return total, n, high
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	component := func(id string) kpi.Subject {
		return kpi.Subject{Kind: kpi.Component, ID: cloud.ResourceID("arn:aws:" + id)}
	}
	db := component("rds:" + at + "db:" + w.Database)
	total, n, high := sum(find(t, list, "CPUUtilization", "DBInstanceIdentifier", w.Database))
	near("mean cpu", value(t, b, db, kpi.CPUUtilisation, kpi.Mean), total/n)
	near("max cpu", value(t, b, db, kpi.CPUUtilisation, kpi.Max), high)
	queue, _ := b.Find(component("sqs:"+at+w.Queue), kpi.Throughput, "sent")
	sent, _ := queue.Value(kpi.Mean)
	total, n, _ = sum(find(t, list, "NumberOfMessagesSent", "QueueName", w.Queue))
	near("messages per second", sent.Value, total/(n*300))
	mailer := component("lambda:" + at + "function:" + w.Mailer)
	calls, _, _ := sum(find(t, list, "Invocations", "FunctionName", w.Mailer))
	failed, _, _ := sum(find(t, list, "Errors", "FunctionName", w.Mailer))
	near("error rate", value(t, b, mailer, kpi.ErrorRate, kpi.Mean), failed/calls)
	near("duration", value(t, b, mailer, kpi.Latency, kpi.Max), func() float64 {
		_, _, high := sum(find(t, list, "Duration", "FunctionName", w.Mailer))
		return high / 1000
	}())
	up := value(t, b, component("ec2:"+at+"instance/"+w.Interfaces[2].Instance), kpi.Availability, kpi.Mean)
	near("availability", up, 1)
	cache, _ := b.Find(component("elasticache:"+at+"replicationgroup:"+w.CacheGroup), kpi.CacheHitRate, "node bookshop-cache-001")
	hits, _, _ := sum(find(t, list, "CacheHits", "CacheClusterId", w.CacheGroup+"-001"))
	misses, _, _ := sum(find(t, list, "CacheMisses", "CacheClusterId", w.CacheGroup+"-001"))
	rate, _ := cache.Value(kpi.Mean)
	near("hit rate", rate.Value, hits/(hits+misses))
	bucket, _ := b.Find(component("s3:::"+w.Covers), kpi.StorageUsed, "StandardStorage")
	if last, ok := bucket.Value(kpi.Last); !ok || last.Value != 38_000*20_000 || bucket.PeriodSeconds != 86_400 || bucket.Stars < 5 {
		t.Errorf("bucket size %+v, period %d, %d stars", bucket.Values, bucket.PeriodSeconds, bucket.Stars)
	}
}

// agree compares the two meters where both measure the same.
func agree(t *testing.T, b *kpi.Baseline, p *past, resources []inventory.Resource) {
	t.Helper()
	logs, _ := query(t, accesslog.Options{Paths: []string{p.root}}, meter.Request{Resources: resources})
	for _, arn := range []string{shop().Balancer, shop().WebGroup, shop().APIGroup} {
		s := kpi.Subject{Kind: kpi.Component, ID: cloud.ResourceID(arn)}
		if x, y := value(t, b, s, kpi.Throughput, kpi.Total), value(t, &logs, s, kpi.Throughput, kpi.Total); x != y {
			t.Errorf("%s: CloudWatch counts %v requests, the log %v", arn, x, y)
		}
		if x, y := value(t, b, s, kpi.TargetLatency, kpi.P95), value(t, &logs, s, kpi.TargetLatency, kpi.P95); x != y {
			t.Errorf("%s: p95 is %v by CloudWatch, %v by the log", arn, x, y)
		}
	}
}

// series checks that each posted series is the evidence of a KPI.
func series(t *testing.T, b *kpi.Baseline, list []posted) int {
	t.Helper()
	used := map[string]bool{}
	for i := range b.KPIs {
		for _, e := range b.KPIs[i].Evidence {
			used[e.From] = true
		}
	}
	missing := 0
	for _, s := range list {
		found := false
		for from := range used {
			ok := strings.HasPrefix(from, s.Namespace+" "+s.Name+" ") && strings.Count(from, "=") == len(s.Dimensions)
			for name, v := range s.Dimensions {
				ok = ok && strings.Contains(from+" ", " "+name+"="+v+" ")
			}
			found = found || ok
		}
		// Two counts of the balancer are parts of others; 2xx and 3xx are no KPI.
		if !found && !slices.Contains([]string{"HTTPCode_ELB_502_Count", "HTTPCode_Target_2XX_Count", "HTTPCode_Target_3XX_Count"}, s.Name) {
			missing++
			t.Errorf("series %s %s %v is in no KPI", s.Namespace, s.Name, s.Dimensions)
		}
	}
	return len(list) - missing
}

// A service that throttles every other call is read whole; one that throttles
// every call leaves nothing measured, and each metric listed.
func TestThrottledCloudWatch(t *testing.T) {
	t.Parallel()
	address, _ := testgate.Open(t)
	w := shop()
	at := time.Now().UTC().Truncate(time.Hour).Add(-24 * time.Hour)
	line := `{"namespace":"AWS/SQS","name":"NumberOfMessagesSent","dimensions":{"QueueName":"` + w.Queue + `"},"unit":"Count","start":"` + at.Format(time.RFC3339) + `","periodSeconds":300,"values":[5,6,7]}`
	admin := func(method, endpoint, body string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, address+"/_landfall/"+endpoint, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil || response.StatusCode >= 300 {
			t.Fatalf("%s %s: %s, %v", method, endpoint, response.Status, err)
		}
	}
	admin(http.MethodPost, "metrics", line)
	config := testkit.AWSConfig(t, address)
	config.RetryMaxAttempts = 0
	config.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.RateLimiter = 4, ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Millisecond, nil })
		})
	}
	m := cloudwatch.New(cloudwatch.Options{Config: func(context.Context, cloud.Account, cloud.Region) (aws.Config, error) { return config, nil }})
	queue := inventory.Resource{ID: cloud.ResourceID("arn:aws:sqs:us-east-1:1:" + w.Queue), Kind: "AWS::SQS::Queue", Region: "us-east-1"}
	ask := func() meter.Answer {
		t.Helper()
		a, err := m.Query(t.Context(), meter.Request{Resources: []inventory.Resource{queue}})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	admin(http.MethodPost, "faults", `{"kind":"throttle","every":2}`)
	a := ask()
	b := kpi.Build(a.Measurements, a.Unmeasured, a.Inputs)
	k, _ := b.Find(kpi.Subject{Kind: kpi.Component, ID: queue.ID}, kpi.Throughput, "sent")
	if v, ok := k.Value(kpi.Total); !ok || v.Value != 18 || len(a.Unmeasured) != 0 {
		t.Errorf("every other call throttled: %+v, unmeasured %v", k.Values, a.Unmeasured)
	}
	admin(http.MethodDelete, "faults", "")
	admin(http.MethodPost, "faults", `{"kind":"throttle","every":1}`)
	a = ask()
	reasons := 0
	for _, u := range a.Unmeasured {
		if strings.HasPrefix(u.Reason, "throttled: ") {
			reasons++
		}
	}
	// Five metrics of a queue and an optional one, and the list of custom ones.
	if len(a.Measurements) != 0 || reasons != 6 || reasons != len(a.Unmeasured) {
		t.Errorf("every call throttled: %d measured, %+v", len(a.Measurements), a.Unmeasured)
	}
}
