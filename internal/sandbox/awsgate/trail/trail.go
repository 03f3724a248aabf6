package trail

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// Options configure a trail.
type Options struct {
	// Dir keeps the records. Required.
	Dir string
	// Temporary: Close removes Dir.
	Temporary bool
	Account   string
	Region    string
	// LimitLookups switches on CloudTrail's rate limit.
	LimitLookups bool
	// MaxBytes bounds the file of records; 0 is 2 GiB.
	MaxBytes int64
	// Ask calls an operation of CloudTrail at the control plane.
	Ask func(ctx context.Context, region, operation string, input map[string]any) (map[string]any, error)
	// Put writes an object.
	Put func(ctx context.Context, bucket, key string, body []byte) error
	// NewIDs returns a source of event ids. Another generation gives other ids:
	// a trail that is opened again must not repeat those in its file.
	NewIDs func(generation uint64) func() string
	Now    func() time.Time
	Log    *slog.Logger
}

// Trail is CloudTrail. It is safe for concurrent use.
type Trail struct {
	options  Options
	store    *store
	newID    func() string
	limit    rateLimit
	delivery delivery
	once     sync.Once
	closed   error
}

// New opens the records in the folder.
func New(o Options) (*Trail, error) {
	if o.Dir == "" || o.NewIDs == nil || o.Now == nil {
		return nil, fault.Newf(fault.Invalid, "start trail: folder, ids and clock are required")
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 2 << 30
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fault.Of(fault.Storage, "make folder", o.Dir, err)
	}
	s, err := openStore(o.Dir, o.MaxBytes)
	if err != nil {
		return nil, err
	}
	t := &Trail{options: o, store: s, newID: o.NewIDs(uint64(len(s.entries)))}
	t.delivery.regions = map[string]bool{o.Region: true}
	t.delivery.changed = 1
	return t, nil
}

var (
	_ awsapi.Service  = (*Trail)(nil)
	_ awsapi.Observer = (*Trail)(nil)
)

// Observed implements awsapi.Observer: it records the call.
func (t *Trail) Observed(ctx context.Context, call *awsapi.Call, outcome awsapi.Outcome) {
	kind := classify(call)
	if call.EventSource == "" || kind.data && kind.dataType == "" {
		return
	}
	t.delivery.noteConfiguration(call)
	if kind.data && !t.delivery.wantsData() {
		return // the usual case, spared the work
	}
	r := newRecord(call, outcome, t.options.Account, t.newID())
	line, err := encode(r)
	if err != nil {
		t.options.Log.Error("encode trail record", "operation", call.Operation, "error", err)
		return
	}
	if !kind.data {
		became, err := t.store.add([]*Record{r}, [][]byte{line})
		if err != nil || became[0] == duplicate {
			t.options.Log.Error("write trail record", "operation", call.Operation, "id", r.EventID, "error", err)
		}
	}
	t.queue(ctx, r, kind.dataType, line)
}

// encode writes a record as CloudTrail does: on one line, "<" and "&" as they
// are.
func encode(r *Record) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return nil, fault.Of(fault.Internal, "encode record", r.EventName, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Stats returns the sizes of the trail.
func (t *Trail) Stats() Stats {
	s := t.store.stats()
	t.delivery.addTo(&s)
	return s
}

// Close delivers what is owed and closes the file. It may be called twice.
func (t *Trail) Close(ctx context.Context) error {
	t.once.Do(func() {
		t.closed = errors.Join(t.Deliver(ctx), t.store.close())
		if t.options.Temporary {
			t.closed = errors.Join(t.closed, os.RemoveAll(t.options.Dir))
		}
	})
	return t.closed
}

func compress(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		return nil, fault.Of(fault.Internal, "compress", "", err)
	}
	if err := w.Close(); err != nil {
		return nil, fault.Of(fault.Internal, "compress", "", err)
	}
	return b.Bytes(), nil
}
