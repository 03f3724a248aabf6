package trail

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/cloudtrail"
	"example.com/landfall/internal/records/flowlog"
	"example.com/landfall/internal/records/weblog"
)

// Options say how logs are read.
type Options struct {
	Window Window
	// Workers is how many files are read at once; 0 means the number of processors.
	Workers int
	// Limit is the cap on conversations, on uses and on requests that are kept
	// apart; 0 means the packages' defaults.
	Limit int
}

// Seen is what the logs say, in the graph's terms and in their own.
type Seen struct {
	graph.Observed
	// Flows, Events and Requests have what the graph does not need: counts per
	// principal, interfaces, what was outside of the window.
	Flows    flowlog.Result
	Events   cloudtrail.Result
	Requests weblog.Result
	Report   records.Report
}

// Read finds the logs and reads them, several files at a time. The result does
// not depend on the order of files, and a copy of a file counts once. The error
// is for a cancelled context, or of the finder.
func Read(ctx context.Context, f Finder, inv inventory.Inventory, o Options, to Sink) (Seen, error) {
	found, err := f.Find(ctx, inv, o.Window, to)
	if err != nil {
		return Seen{}, err
	}
	r := newReading(o, found)
	var total int64
	for _, file := range r.files {
		total += max(file.Size, 0)
	}
	to.Planned(total)
	report, err := records.Each(ctx, r.files, records.Options{Workers: o.Workers, Progress: to.Done}, r.read)
	if err != nil {
		return Seen{}, err
	}
	seen := Seen{Flows: r.flows.Result(), Events: r.events.Result(), Requests: r.requests.Result(), Report: report}
	seen.Observed = observed(&seen)
	r.tell(&seen, to)
	return seen, nil
}

// reading is one call of Read.
type reading struct {
	files    []records.File
	of       map[string]*Logs // by file
	flows    *flowlog.Collector
	events   *cloudtrail.Collector
	requests *weblog.Collector

	mu    sync.Mutex
	kinds map[string]Kind
}

func newReading(o Options, found []Logs) *reading {
	r := &reading{of: map[string]*Logs{}, kinds: map[string]Kind{}}
	for i := range found {
		for _, file := range found[i].Files {
			if r.of[file.Name] != nil {
				continue // two settings point to one place
			}
			r.of[file.Name] = &found[i]
			r.files = append(r.files, file)
		}
	}
	slices.SortFunc(r.files, func(a, b records.File) int { return cmp.Compare(a.Name, b.Name) })
	from, end := o.Window.From, o.Window.To
	r.flows = flowlog.New(flowlog.Options{Limit: o.Limit, From: from, To: end, Format: func(name string) string {
		if l := r.of[name]; l != nil {
			return l.Format
		}
		return ""
	}})
	r.events = cloudtrail.New(cloudtrail.Options{Limit: o.Limit, From: from, To: end})
	r.requests = weblog.NewCollector(weblog.Options{Limit: o.Limit, From: from, To: end})
	return r
}

// headBytes is how much of a file tells what it is.
const headBytes = 16 << 10

func (r *reading) read(ctx context.Context, c *records.Content) error {
	kind := r.of[c.Name].Kind
	if kind == Any {
		head := c.Peek(headBytes)
		if len(head) == 0 {
			return nil
		}
		if kind = Recognise(c.Name, head); kind == Any {
			return fault.Newf(fault.Unsupported, "read log: neither a flow log, nor CloudTrail, nor an access log")
		}
	}
	r.mu.Lock()
	r.kinds[c.Name] = kind
	r.mu.Unlock()
	switch kind {
	case FlowLogs:
		return r.flows.Read(ctx, c)
	case Events:
		return r.events.Read(ctx, c)
	}
	return r.requests.Read(ctx, c)
}

// Recognise tells the kind of a log by how it begins, Any when it is none.
func Recognise(name string, head []byte) Kind {
	switch {
	case flowlog.Recognise(head):
		return FlowLogs
	case cloudtrail.Recognise(name, head):
		return Events
	case weblog.Recognise(head):
		return AccessLog
	}
	return Any
}

// tell hands everything that was not read, and the fingerprints of what was,
// to the sink.
func (r *reading) tell(seen *Seen, to Sink) {
	for name, sum := range seen.Inputs {
		to.Input(name, sum)
	}
	for i := range seen.Report.Files {
		r.tellFile(&seen.Report.Files[i], to)
	}
	capped := func(source, what string, n int64, limit int, hides string) {
		if n > 0 {
			to.Unread(inventory.Unread{Source: inventory.Source(source), Operation: "sum up", Reason: fmt.Sprintf("more than %d %s", limit, what), Hides: fmt.Sprintf(hides, n)})
		}
	}
	capped("flow-logs", "conversations", seen.Flows.Overflow.Records, seen.Flows.Limit, "%d records of further conversations")
	capped("cloudtrail", "uses", seen.Events.Overflow, seen.Events.Limit, "which sessions and resources %d events are of")
	capped("access-logs", "sums of requests", seen.Requests.Overflow, seen.Requests.Limit, "%d records of further sums of requests")
	// Logs that reach beyond the window are usual; logs of which nothing is in it
	// would else be as silent as none.
	late := func(source string, kept, outside int64) {
		if kept == 0 && outside > 0 {
			to.Unread(inventory.Unread{Source: inventory.Source(source), Operation: "sum up", Reason: "none is of the time that is assessed", Hides: fmt.Sprintf("all %d records", outside)})
		}
	}
	late("flow-logs", seen.Flows.Records, seen.Flows.Outside)
	late("cloudtrail", seen.Events.Events, seen.Events.Outside)
	late("access-logs", seen.Requests.Entries, seen.Requests.Outside)
	if n := seen.Flows.SkipData; n > 0 {
		to.Unread(inventory.Unread{Source: "flow-logs", Operation: "SKIPDATA", Reason: "AWS skipped records for lack of capacity", Hides: fmt.Sprintf("traffic in %d windows", n)})
	}
	if n := seen.Events.Forgot; n > 0 {
		to.Unread(inventory.Unread{Source: "cloudtrail", Operation: "sum up", Reason: "no event ID, or more of them than are remembered", Hides: fmt.Sprintf("whether %d events were delivered twice", n)})
	}
}

// tellFile tells what of a file was not read: what it says wrong is refused,
// what could not be fetched is unread.
func (r *reading) tellFile(found *records.Result, to Sink) {
	f := *found
	if f.Err != nil && !fault.Is(f.Err, fault.Invalid) && !fault.Is(f.Err, fault.Unsupported) {
		l := r.of[f.Name]
		to.Unread(inventory.Unread{Source: inventory.Source(cmp.Or(l.Kind, "logs")), Operation: f.Name, Reason: f.Err.Error(), Hides: cmp.Or(l.Hides, "what this file says")})
		f.Err = nil
	}
	for _, p := range (records.Report{Files: []records.Result{f}}).Problems() {
		to.Refused(inventory.Refused{File: p.Place(), Reason: p.Reason})
	}
}

// span widens [from, to] by another one.
func span(from, to, otherFrom, otherTo time.Time) (time.Time, time.Time) {
	if from.IsZero() || !otherFrom.IsZero() && otherFrom.Before(from) {
		from = otherFrom
	}
	if otherTo.After(to) {
		to = otherTo
	}
	return from, to
}
