package history

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// binLoad is what one bin put on the shop; the metrics are made from it.
type binLoad struct {
	load
	lines, forwarded, redirected int
	http                         [6]int // answers of targets by class
	balancer5xx                  int
	groups                       [2]int     // forwarded, per target group
	millis                       [2][]int32 // target time per target group
	connections                  int
	bytes                        int64
}

// dayJob is one UTC day of logs, made by one worker.
type dayJob struct {
	m          *model
	sink       Sink
	pack       *packer
	first, end int // bins
	loads      []binLoad
	access     [2][]byte // open file per node of the balancer
	flow       flowLog
	window     load
	truth      Truth
	flows      []flowSamples
}

// flowSamples are the target times of one endpoint.
type flowSamples struct {
	requests, errors int
	millis           []int64
}

// Generate makes the whole history and gives it to the sink.
func Generate(ctx context.Context, o Options, sink Sink) (Truth, error) {
	m, err := newModel(o)
	if err != nil {
		return Truth{}, err
	}
	pack := &packer{}
	loads := make([]binLoad, m.bins())
	jobs := m.days(loads, sink, pack)
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(m.Workers)
	trail := &trailJob{m: m, sink: sink, pack: pack}
	group.Go(func() error { return trail.run(inner) })
	for _, job := range jobs {
		group.Go(func() error { return job.run(inner) })
	}
	if err := group.Wait(); err != nil {
		return Truth{}, err
	}
	truth := mergeDays(jobs)
	trail.tell(&truth)
	if err := m.metrics(ctx, loads, sink, &truth); err != nil {
		return Truth{}, err
	}
	if err := m.nodes(ctx, sink, &truth); err != nil {
		return Truth{}, err
	}
	for _, b := range m.bursts {
		truth.Bursts = append(truth.Bursts, Burst{b.start.Format(time.RFC3339), b.end.Format(time.RFC3339)})
	}
	return truth, nil
}

// days cuts the history at midnights.
func (m *model) days(loads []binLoad, sink Sink, pack *packer) []*dayJob {
	var jobs []*dayJob
	for first := 0; first < m.bins(); {
		day := m.binStart(first).Truncate(24*time.Hour).AddDate(0, 0, 1)
		end := min(m.bins(), int(day.Sub(m.start)/bin))
		jobs = append(jobs, &dayJob{m: m, sink: sink, pack: pack, first: first, end: end, loads: loads,
			flow: flowLog{m: m, edges: map[edgeKey]*Edge{}}, flows: make([]flowSamples, len(endpoints()))})
		first = end
	}
	return jobs
}

func (j *dayJob) run(ctx context.Context) error {
	table, userAgents := endpoints(), agents()
	for i := j.first; i < j.end; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		start := j.m.binStart(i)
		t := j.m.traffic(start, table)
		for n := range t.requests {
			q := &t.requests[n]
			j.access[q.node] = j.m.albLine(j.access[q.node], q, table, userAgents)
			j.loads[i].see(q, table[q.endpoint])
			j.window.add(q, table[q.endpoint])
			j.see(q)
		}
		j.customers(&t, &j.loads[i])
		next := start.Add(bin)
		if next.Unix()%windowSeconds == 0 || i == j.end-1 {
			j.flow.inside(next.Add(-1).Truncate(windowSeconds*time.Second), &j.window)
			j.window = load{}
		}
		if next.Minute() == 0 || i == j.end-1 {
			if err := j.flush(ctx, start, next); err != nil {
				return err
			}
		}
	}
	j.truth.Days = []DayCount{j.dayCount()}
	return j.smallLogs(ctx)
}

// see counts a request for the metrics.
func (b *binLoad) see(q *request, e endpoint) {
	b.add(q, e)
	b.lines++
	b.bytes += q.received + q.sent
	group := 0
	if e.api {
		group = 1
	}
	switch {
	case !q.tls:
		b.redirected++
	case q.target >= 0:
		b.forwarded++
		b.groups[group]++
	}
	if q.targetStatus != 0 {
		b.http[q.targetStatus/100]++
	} else if q.status >= 500 {
		b.balancer5xx++
	}
	if q.targetMs >= 0 {
		b.millis[group] = append(b.millis[group], int32(q.targetMs))
	}
}

// see counts a request for the truth.
func (j *dayJob) see(q *request) {
	j.truth.AccessLines++
	f := &j.flows[q.endpoint]
	if q.target < 0 {
		return
	}
	f.requests++
	if q.status >= 500 {
		f.errors++
	}
	if q.targetMs >= 0 {
		f.millis = append(f.millis, q.targetMs)
	}
}

// customers writes the flow records of the customers' connections.
func (j *dayJob) customers(t *binTraffic, b *binLoad) {
	b.connections = len(t.connections)
	for _, c := range t.connections {
		port := portTLS
		overhead := int64(2600)
		if !c.tls {
			port, overhead = 80, 200
		}
		j.flow.arriving(c.client, j.m.node(c.node), port, talk{port: c.port, out: c.in + overhead/2, back: c.out + overhead,
			start: c.start / 1e6, end: c.end / 1e6})
	}
}

func (j *dayJob) dayCount() DayCount {
	d := DayCount{Day: j.m.binStart(j.first).Format(time.DateOnly)}
	for _, b := range j.loads[j.first:j.end] {
		d.Requests += b.lines
		d.Forwarded += b.forwarded
		d.Errors5xx += b.http[5] + b.balancer5xx
	}
	return d
}

// flush closes the files of the hour that ends at next.
func (j *dayJob) flush(ctx context.Context, last, next time.Time) error {
	day := last.Format("2006/01/02")
	for n, text := range j.access {
		if len(text) == 0 {
			continue
		}
		node := j.m.node(n)
		key := j.m.World.albKey("alb", next.Format("20060102T1504Z"), day, node.Public, j.m.tag("alb-"+node.Role, next.Unix(), 8))
		if err := j.put(ctx, key, text); err != nil {
			return err
		}
		j.access[n] = text[:0]
	}
	hour := last.Truncate(time.Hour)
	key := j.m.World.flowKey(day, hour.Format("20060102T1504Z"), j.m.tag("flow", hour.Unix(), 8))
	text := append([]byte(flowHeader()), j.flow.text...)
	j.flow.text = j.flow.text[:0]
	return j.put(ctx, key, text)
}

// put compresses a log file and hands it over.
func (j *dayJob) put(ctx context.Context, key string, text []byte) error {
	body, err := j.pack.pack(text)
	if err != nil {
		return err
	}
	j.truth.Files++
	return j.sink.Put(ctx, File{Bucket: j.m.World.Logs, Key: key, ContentType: "application/octet-stream", Body: body})
}

// mergeDays adds up what the days counted.
func mergeDays(jobs []*dayJob) Truth {
	var t Truth
	var edges []map[edgeKey]*Edge
	table := endpoints()
	sums := make([]flowSamples, len(table))
	for _, j := range jobs {
		t.AccessLines += j.truth.AccessLines
		t.FlowRecords += j.flow.records
		t.BucketLines += j.truth.BucketLines
		t.CDNLines += j.truth.CDNLines
		t.Files += j.truth.Files
		t.Days = append(t.Days, j.truth.Days...)
		edges = append(edges, j.flow.edges)
		for i, f := range j.flows {
			sums[i].requests += f.requests
			sums[i].errors += f.errors
			sums[i].millis = append(sums[i].millis, f.millis...)
		}
	}
	t.Edges = mergeEdges(edges)
	for i, f := range sums {
		slices.Sort(f.millis)
		t.Flows = append(t.Flows, FlowCount{Name: table[i].name, Method: table[i].method, Requests: f.requests, Errors5xx: f.errors,
			P50Millis: rank(f.millis, 50), P95Millis: rank(f.millis, 95)})
	}
	return t
}

// rank is the nearest-rank percentile of ordered values.
func rank(ordered []int64, percent int) int64 {
	if len(ordered) == 0 {
		return 0
	}
	return ordered[(len(ordered)*percent+99)/100-1]
}
