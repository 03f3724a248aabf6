package residual

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/cloudtrail"
	"example.com/landfall/internal/records/dnslog"
	"example.com/landfall/internal/records/flowlog"
	"example.com/landfall/internal/records/weblog"
	"example.com/landfall/internal/trail"
)

// Inputs are what is known besides the logs. Both may be empty.
type Inputs struct {
	Inventory inventory.Inventory
	Graph     graph.Graph
}

// Read finds the logs and says who uses what in the window. The result does not
// depend on the order of files, and a copy of a file or of an event counts
// once. The error is for a cancelled context, a wrong question, or of the
// finder; what could not be read is in the report.
func Read(ctx context.Context, f trail.Finder, in Inputs, o Options, to trail.Sink) (Report, error) {
	if o.Since.IsZero() || !o.Until.IsZero() && !o.Until.After(o.Since) {
		return Report{}, fault.Newf(fault.Usage, "read residual use: the window ends before it begins").Hintf("--since is the time of the cutover, --until a later one")
	}
	o.Tolerated = cmp.Or(o.Tolerated, DefaultTolerated)
	o.Since, o.Until = o.Since.UTC(), o.Until.UTC()
	gaps := &gapped{Sink: to}
	found, err := f.Find(ctx, in.Inventory, trail.Window{From: o.Since.AddDate(0, 0, -1), To: o.Until}, gaps) // a day before shows what is logged at all
	if err != nil {
		return Report{}, err
	}
	rd := newReading(o, in.Inventory, found)
	var total int64
	for _, file := range rd.files {
		total += max(file.Size, 0)
	}
	to.Planned(total)
	report, err := records.Each(ctx, rd.files, records.Options{Workers: o.Workers, Progress: to.Done}, rd.read)
	if err != nil {
		return Report{}, err
	}
	rd.tell(report, gaps)
	return rd.report(in, report, gaps), nil
}

// gapped passes gaps on and keeps them for the report.
type gapped struct {
	trail.Sink
	mu      sync.Mutex
	unread  []inventory.Unread
	refused []inventory.Refused
}

func (g *gapped) Unread(u inventory.Unread) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.unread = append(g.unread, u)
	g.Sink.Unread(u)
}

func (g *gapped) Refused(r inventory.Refused) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused = append(g.refused, r)
	g.Sink.Refused(r)
}

// reading is one call of Read.
type reading struct {
	o     Options
	files []records.File
	of    map[string]*trail.Logs
	sums  *sums
	ruler *ruler
	ids   cloudtrail.IDs
	flows *flowlog.Collector

	mu      sync.Mutex
	kinds   map[string]trail.Kind
	workers map[int]*reader
}

// reader is what one goroutine reads with.
type reader struct {
	*worker
	events *cloudtrail.Reader
}

func newReading(o Options, inv inventory.Inventory, found []trail.Logs) *reading {
	rd := &reading{o: o, of: map[string]*trail.Logs{}, sums: newSums(o.Limit), ids: cloudtrail.NewIDs(o.Known), kinds: map[string]trail.Kind{}, workers: map[int]*reader{}}
	operators := map[string]bool{}
	for i := range inv.Resources {
		if slices.Contains(inv.Resources[i].Marks, inventory.Operator) {
			operators[string(inv.Resources[i].ID)] = true
		}
	}
	rd.ruler = newRuler(o.Expect, func(principal string) bool { return operators[principal] })
	for i := range found {
		for _, file := range found[i].Files {
			if rd.of[file.Name] != nil {
				continue // two settings point to one place
			}
			rd.of[file.Name] = &found[i]
			rd.files = append(rd.files, file)
		}
	}
	slices.SortFunc(rd.files, func(a, b records.File) int { return cmp.Compare(a.Name, b.Name) })
	rd.flows = flowlog.New(flowlog.Options{Limit: o.Limit, From: o.Since, To: o.Until, Format: func(name string) string {
		if l := rd.of[name]; l != nil {
			return l.Format
		}
		return ""
	}})
	return rd
}

func (rd *reading) reader(n int) *reader {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	r := rd.workers[n]
	if r == nil {
		r = &reader{newWorker(rd.sums, &rd.o, rd.ruler), cloudtrail.NewReader()}
		rd.workers[n] = r
	}
	return r
}

// headBytes is how much of a file tells what it is.
const headBytes = 16 << 10

func (rd *reading) read(ctx context.Context, c *records.Content) error {
	kind := rd.of[c.Name].Kind
	if kind == trail.Any {
		head := c.Peek(headBytes)
		if len(head) == 0 {
			return nil
		}
		if kind = trail.Recognise(c.Name, head); dnslog.Recognise(head) {
			kind = trail.DNSLog // its JSON passes for that of an access log
		}
		if kind == trail.Any {
			return fault.Newf(fault.Unsupported, "read log: neither a flow log, nor CloudTrail, nor an access log, nor a DNS query log")
		}
	}
	rd.mu.Lock()
	rd.kinds[c.Name] = kind
	rd.mu.Unlock()
	r := rd.reader(c.Worker)
	switch kind {
	case trail.FlowLogs:
		return rd.flows.Read(ctx, c)
	case trail.Events:
		return r.events.Read(ctx, c, func(e *cloudtrail.Event) bool { return r.event(e, rd.ids) })
	case trail.DNSLog:
		return dnslog.Queries(ctx, c, r.query)
	}
	return weblog.Entries(ctx, c, r.request)
}

// tell hands what was not read to the sink, and what was by its fingerprint.
func (rd *reading) tell(report records.Report, to trail.Sink) {
	for name, sum := range report.Inputs() {
		to.Input(name, sum)
	}
	for _, f := range report.Files {
		if f.Err != nil && !fault.Is(f.Err, fault.Invalid) && !fault.Is(f.Err, fault.Unsupported) {
			l := rd.of[f.Name]
			to.Unread(inventory.Unread{Source: inventory.Source(cmp.Or(l.Kind, "logs")), Operation: f.Name, Reason: f.Err.Error(), Hides: cmp.Or(l.Hides, "what this file says")})
			f.Err = nil
		}
		for _, p := range (records.Report{Files: []records.Result{f}}).Problems() {
			to.Refused(inventory.Refused{File: p.Place(), Reason: p.Reason})
		}
	}
}

// fileName matches the names that AWS gives to the files of CloudTrail and of
// flow logs: account, region and the time they were written.
var fileName = regexp.MustCompile(`(\d{12})_(?:CloudTrail|vpcflowlogs)_([a-z0-9-]+)_(?:fl-[0-9a-z]+_)?(\d{8}T\d{4}Z)`)

// fileGaps are the files of which something is missing.
func (rd *reading) fileGaps(report records.Report) []fileGap {
	var list []fileGap
	for i := range report.Files {
		f := &report.Files[i]
		if f.Err == nil && f.Truncated == "" && f.Broken == 0 {
			continue
		}
		g := fileGap{log: string(cmp.Or(rd.of[f.Name].Kind, rd.kinds[f.Name]))}
		if m := fileName.FindStringSubmatch(f.Name); m != nil {
			g.account, g.region = m[1], m[2]
			if at, err := time.Parse("20060102T1504Z", m[3]); err == nil {
				g.at = at
			}
		}
		switch {
		case f.Err != nil:
			g.why = fmt.Sprintf("%s could not be read", f.Name)
		case f.Truncated != "":
			g.why = fmt.Sprintf("%s was read in part only", f.Name)
		default:
			g.why = fmt.Sprintf("%d of %d records of %s could not be read", f.Broken, f.Lines, f.Name)
		}
		list = append(list, g)
	}
	return list
}
