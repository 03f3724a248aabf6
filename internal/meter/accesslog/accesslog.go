package accesslog

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/weblog"
)

// Options say which logs are read and how.
type Options struct {
	// Paths are files, folders and globs; see records.Find.
	Paths []string
	// Files are opened besides: objects of a bucket.
	Files []records.File
	// Workers is how many files are read at once, 0 for as many as processors.
	Workers int
	// MaxFlows is how many flows are told apart, the busiest first; 0 means 200.
	// All others together are the flow "other".
	MaxFlows int
	// Progress is told how many bytes were read.
	Progress func(n int64)
	Log      *slog.Logger
}

const defaultFlows = 200

// Meter measures from access logs.
type Meter struct{ o Options }

var _ meter.Meter = (*Meter)(nil)

// New returns a meter of the logs.
func New(o Options) *Meter {
	if o.MaxFlows <= 0 {
		o.MaxFlows = defaultFlows
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Meter{o}
}

// Query reads all logs. Entries outside of the window are left out.
func (m *Meter) Query(ctx context.Context, r meter.Request) (meter.Answer, error) {
	found, problems := records.Find(m.o.Paths...)
	files := append(found, m.o.Files...)
	options := records.Options{Workers: m.o.Workers, Progress: m.o.Progress}
	shards := make([]*shard, options.Count(len(files)))
	for i := range shards {
		shards[i] = newShard()
	}
	report, err := records.Each(ctx, files, options, func(ctx context.Context, c *records.Content) error {
		return read(ctx, c, shards[c.Worker], r.Window)
	})
	if err != nil {
		return meter.Answer{}, fault.Wrap(err, "read access logs", "")
	}
	whole := shards[0]
	for _, s := range shards[1:] {
		whole.merge(s)
	}
	m.o.Log.Info("access logs read", "files", len(files), "entries", whole.entries)
	a := answer{window: r.Window, names: byFront(r.Resources)}
	a.tell(whole, m.o.MaxFlows)
	for _, p := range append(problems, report.Problems()...) {
		a.Unmeasured = append(a.Unmeasured, kpi.Unmeasured{Detail: p.Place(), Source: kpi.AccessLog, Reason: p.Reason})
	}
	a.Inputs = report.Inputs()
	return a.Answer, nil
}

// checkEvery is after how many lines a worker looks whether it should stop.
const checkEvery = 4096

func read(ctx context.Context, c *records.Content, s *shard, w kpi.Window) error {
	var parser weblog.Parser
	var e weblog.Entry
	for n := 1; ; n++ {
		if n%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, more := c.Next()
		if !more {
			return nil
		}
		entry, err := parser.Line(line, &e)
		if err != nil {
			c.Bad(err)
			continue
		}
		if !entry {
			continue
		}
		c.Result.Entries++
		if !w.From.IsZero() && e.Time.Before(w.From) || !w.To.IsZero() && !e.Time.Before(w.To) {
			continue
		}
		s.add(&e)
	}
}

// byFront finds the resource that a log calls by this name.
func byFront(resources []inventory.Resource) map[string]*inventory.Resource {
	names := map[string]*inventory.Resource{}
	for i := range resources {
		r := &resources[i]
		if slices.Contains(r.Marks, inventory.Deleted) || !isFront(r.Kind) {
			continue
		}
		for _, name := range append([]string{string(r.ID), r.Name, tail(string(r.ID))}, r.Aliases...) {
			if name != "" && names[name] == nil {
				names[name] = r
			}
		}
	}
	return names
}

// isFront names the kinds that write access logs, and their target groups.
func isFront(k cloud.Kind) bool {
	switch k {
	case "AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::ElasticLoadBalancing::LoadBalancer",
		"AWS::CloudFront::Distribution", "AWS::S3::Bucket":
		return true
	}
	return false
}

// tail is how an access log names a load balancer: what follows
// "loadbalancer/" in its ARN.
func tail(arn string) string {
	for i := len(arn) - 1; i >= 0; i-- {
		if arn[i] == ':' {
			rest := arn[i+1:]
			if len(rest) > len("loadbalancer/") && rest[:len("loadbalancer/")] == "loadbalancer/" {
				return rest[len("loadbalancer/"):]
			}
			if len(rest) > len("distribution/") && rest[:len("distribution/")] == "distribution/" {
				return rest[len("distribution/"):]
			}
			return rest
		}
	}
	return arn
}

// span is the time that a tally covers: whole minutes around its entries, or
// the window that was asked for.
func span(first, last time.Time, w kpi.Window) kpi.Window {
	got := kpi.Window{From: first.UTC().Truncate(time.Minute), To: last.UTC().Truncate(time.Minute).Add(time.Minute)}
	if !w.From.IsZero() {
		got.From = w.From.UTC()
	}
	if !w.To.IsZero() {
		got.To = w.To.UTC()
	}
	return got
}
