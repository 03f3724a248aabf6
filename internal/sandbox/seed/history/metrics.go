package history

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"example.com/landfall/internal/fault"
)

// series is one line for the metrics endpoint.
type series struct {
	Namespace     string            `json:"namespace"`
	Name          string            `json:"name"`
	Dimensions    map[string]string `json:"dimensions"`
	Unit          string            `json:"unit"`
	Start         time.Time         `json:"start"`
	PeriodSeconds int64             `json:"periodSeconds"`
	Values        []*float64        `json:"values,omitempty"`
	Stats         []*set            `json:"stats,omitempty"`
}

// set is a statistic set with its distribution: each value and how often.
type set struct {
	Values []float64 `json:"values"`
	Counts []float64 `json:"counts"`
}

// gauge makes one metric from the bins: a namespace, a name, a unit, and the
// value of a bin or nothing.
type gauge struct {
	namespace, name, unit string
	dimensions            map[string]string
	value                 func(i int) (float64, bool)
}

// metrics posts all series.
func (m *model) metrics(ctx context.Context, loads []binLoad, sink Sink, truth *Truth) error {
	var lines []byte
	emit := func(s series) error {
		for _, v := range s.Values {
			if v != nil {
				truth.MetricSamples++
			}
		}
		for _, v := range s.Stats {
			if v != nil {
				truth.MetricSamples++
			}
		}
		line, err := json.Marshal(s)
		if err != nil {
			return fault.Of(fault.Internal, "encode metric", s.Name, err)
		}
		lines = append(append(lines, line...), '\n')
		truth.MetricSeries++
		return nil
	}
	post := func() error {
		defer func() { lines = lines[:0] }()
		return sink.Post(ctx, "metrics", lines)
	}
	for _, s := range m.responseTimes(loads) {
		if err := emit(s); err != nil {
			return err
		}
	}
	// The distributions are most of the bytes, so they go first and alone.
	if err := post(); err != nil {
		return err
	}
	gauges := slices.Concat(m.balancerGauges(loads), m.instanceGauges(loads), m.databaseGauges(loads), m.serviceGauges(loads))
	for _, g := range gauges {
		if err := emit(m.series(g)); err != nil {
			return err
		}
	}
	for _, s := range m.storage() {
		if err := emit(s); err != nil {
			return err
		}
	}
	return post()
}

func (m *model) series(g gauge) series {
	s := series{Namespace: g.namespace, Name: g.name, Dimensions: g.dimensions, Unit: g.unit, Start: m.start, PeriodSeconds: binSeconds, Values: make([]*float64, m.bins())}
	for i := range s.Values {
		if v, ok := g.value(i); ok {
			v = math.Round(v*1000) / 1000
			s.Values[i] = &v
		}
	}
	return s
}

// responseTimes are the distributions behind p95: one sample per request.
func (m *model) responseTimes(loads []binLoad) []series {
	var list []series
	for _, d := range []struct {
		dimensions map[string]string
		groups     []int
	}{
		{map[string]string{"LoadBalancer": m.World.BalancerName}, []int{0, 1}},
		{map[string]string{"LoadBalancer": m.World.BalancerName, "TargetGroup": groupName(m.World.WebGroup)}, []int{0}},
		{map[string]string{"LoadBalancer": m.World.BalancerName, "TargetGroup": groupName(m.World.APIGroup)}, []int{1}},
	} {
		s := series{Namespace: "AWS/ApplicationELB", Name: "TargetResponseTime", Dimensions: d.dimensions, Unit: "Seconds", Start: m.start, PeriodSeconds: binSeconds}
		s.Stats = make([]*set, len(loads))
		for i := range loads {
			var all []int32
			for _, g := range d.groups {
				all = append(all, loads[i].millis[g]...)
			}
			s.Stats[i] = distribution(all)
		}
		list = append(list, s)
	}
	return list
}

func distribution(millis []int32) *set {
	if len(millis) == 0 {
		return nil
	}
	slices.Sort(millis)
	s := &set{}
	for i, v := range millis {
		if i == 0 || v != millis[i-1] {
			s.Values = append(s.Values, float64(v)/1000)
			s.Counts = append(s.Counts, 0)
		}
		s.Counts[len(s.Counts)-1]++
	}
	return s
}

// groupName is the tail of a target group's ARN: "targetgroup/name/id".
func groupName(arn string) string {
	for i := len(arn) - 1; i >= 0; i-- {
		if arn[i] == ':' {
			return arn[i+1:]
		}
	}
	return arn
}

// balancerGauges count what the access log holds. CloudWatch has no data
// point for a count of zero, and neither have these.
func (m *model) balancerGauges(loads []binLoad) []gauge {
	lb := map[string]string{"LoadBalancer": m.World.BalancerName}
	count := func(name string, of func(b *binLoad) int) gauge {
		return gauge{"AWS/ApplicationELB", name, "Count", lb, func(i int) (float64, bool) { n := of(&loads[i]); return float64(n), n > 0 }}
	}
	list := []gauge{
		count("RequestCount", func(b *binLoad) int { return b.forwarded }),
		count("HTTP_Redirect_Count", func(b *binLoad) int { return b.redirected }),
		count("HTTPCode_ELB_5XX_Count", func(b *binLoad) int { return b.balancer5xx }),
		count("HTTPCode_ELB_502_Count", func(b *binLoad) int { return b.balancer5xx }),
		count("NewConnectionCount", func(b *binLoad) int { return b.connections }),
		{"AWS/ApplicationELB", "ProcessedBytes", "Bytes", lb, func(i int) (float64, bool) { return float64(loads[i].bytes), loads[i].bytes > 0 }},
		{"AWS/ApplicationELB", "ActiveConnectionCount", "Count", lb, func(i int) (float64, bool) { return float64(loads[i].connections*2 + 4), true }},
	}
	for class := 2; class <= 5; class++ {
		list = append(list, count("HTTPCode_Target_"+strconv.Itoa(class)+"XX_Count", func(b *binLoad) int { return b.http[class] }))
	}
	for n, arn := range []string{m.World.WebGroup, m.World.APIGroup} {
		group := map[string]string{"LoadBalancer": m.World.BalancerName, "TargetGroup": groupName(arn)}
		list = append(list,
			gauge{"AWS/ApplicationELB", "HealthyHostCount", "Count", group, func(int) (float64, bool) { return 2, true }},
			gauge{"AWS/ApplicationELB", "RequestCount", "Count", group, func(i int) (float64, bool) {
				v := loads[i].groups[n]
				return float64(v), v > 0
			}})
	}
	return list
}

// instanceGauges are CPU and network of every instance and of the group.
func (m *model) instanceGauges(loads []binLoad) []gauge {
	cpu := func(app int) func(i int) (float64, bool) {
		return func(i int) (float64, bool) {
			b := &loads[i]
			return math.Min(99, 4+0.42*float64(b.requests[app])+1.1*float64(b.orders[app])+m.noise("cpu", i, app, 1.2)), true
		}
	}
	var list []gauge
	for app := range 2 {
		id := map[string]string{"InstanceId": m.app(app).Instance}
		list = append(list, gauge{"AWS/EC2", "CPUUtilization", "Percent", id, cpu(app)},
			gauge{"AWS/EC2", "NetworkIn", "Bytes", id, func(i int) (float64, bool) {
				return float64(loads[i].received[0][app]+loads[i].received[1][app]) + 2650*float64(loads[i].requests[app]) + 40_000, true
			}},
			gauge{"AWS/EC2", "NetworkOut", "Bytes", id, func(i int) (float64, bool) {
				return float64(loads[i].sent[0][app]+loads[i].sent[1][app]) + 35_000, true
			}},
			gauge{"AWS/EC2", "StatusCheckFailed", "Count", id, func(int) (float64, bool) { return 0, true }})
	}
	both := [2]func(int) (float64, bool){cpu(0), cpu(1)}
	list = append(list, gauge{"AWS/EC2", "CPUUtilization", "Percent", map[string]string{"AutoScalingGroupName": m.World.ScalingGroup}, func(i int) (float64, bool) {
		a, _ := both[0](i)
		b, _ := both[1](i)
		return (a + b) / 2, true
	}})
	for n, role := range []string{"payroll-app", "report"} {
		list = append(list, gauge{"AWS/EC2", "CPUUtilization", "Percent", map[string]string{"InstanceId": m.faces[role].Instance}, func(i int) (float64, bool) {
			at := m.binStart(i)
			busy := n == 0 && at.Weekday() != time.Saturday && at.Weekday() != time.Sunday && at.Hour() >= 13 && at.Hour() < 22 || n == 1 && at.Hour() == 1 && at.Minute() < 40
			v := 2.0
			if busy {
				v = 34
			}
			return v + m.noise(role, i, 0, 1), true
		}})
	}
	return list
}

// noise is a small disturbance that belongs to a bin; it is never negative.
func (m *model) noise(purpose string, i, n int, width float64) float64 {
	return width * m.random(purpose, m.binStart(i).Unix()+int64(n)).Float64()
}

// storage is what S3 reports once a day.
func (m *model) storage() []series {
	var list []series
	first := m.start.Truncate(24*time.Hour).AddDate(0, 0, 1)
	days := max(1, int(m.end.Sub(first)/(24*time.Hour))+1)
	for _, b := range []struct {
		bucket  string
		bytes   float64
		objects float64
	}{
		{m.World.Covers, 38_000 * float64(m.Objects), float64(m.Objects)},
		{m.World.Invoices, 104e6, 420}, {m.World.Exports, 9e6, 60},
	} {
		for _, kind := range []struct{ name, storage, unit string }{{"BucketSizeBytes", "StandardStorage", "Bytes"}, {"NumberOfObjects", "AllStorageTypes", "Count"}} {
			top := b.bytes
			if kind.unit == "Count" {
				top = b.objects
			}
			s := series{Namespace: "AWS/S3", Name: kind.name, Dimensions: map[string]string{"BucketName": b.bucket, "StorageType": kind.storage}, Unit: kind.unit, Start: first, PeriodSeconds: 86_400}
			for d := range days {
				v := math.Floor(top * (1 - 0.004*float64(days-1-d)))
				s.Values = append(s.Values, &v)
			}
			list = append(list, s)
		}
	}
	slices.SortStableFunc(list, func(a, b series) int {
		return cmp.Compare(a.Dimensions["BucketName"], b.Dimensions["BucketName"])
	})
	return list
}
