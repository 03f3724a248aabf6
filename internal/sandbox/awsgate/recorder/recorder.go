package recorder

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// Options configure a recorder.
type Options struct {
	// Upstream is the control plane that is read.
	Upstream *url.URL
	// Account and Region of the sandbox.
	Account, Region string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Recorder answers the discovery operations of AWS Config.
type Recorder struct {
	opt      Options
	http     *http.Client
	families []family

	mu      sync.Mutex
	dirty   map[string]bool // by kind
	failing map[string]bool // by kind
	history *history
	// refreshing is closed when the refresh under way has ended; nil without one.
	refreshing chan struct{}

	// life ends with Close. A refresh is for everyone who waits, so it belongs
	// to the recorder and not to the call that started it.
	life context.Context
	end  context.CancelFunc
}

var (
	_ awsapi.Service  = (*Recorder)(nil)
	_ awsapi.Observer = (*Recorder)(nil)
)

// New returns a recorder that has seen nothing yet; the first query reads
// everything.
func New(opt Options) *Recorder {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	transport := asAccount{opt.Account, &http.Transport{MaxIdleConnsPerHost: readersAtOnce, IdleConnTimeout: 30 * time.Second}}
	r := &Recorder{
		opt:     opt,
		http:    &http.Client{Transport: transport, Timeout: readTimeout},
		history: newHistory(),
		dirty:   map[string]bool{},
		failing: map[string]bool{},
	}
	r.families = families(newReader(opt, r.http))
	r.life, r.end = context.WithCancel(context.Background())
	for _, f := range r.families {
		r.mark(f)
	}
	return r
}

// Close stops a refresh under way and waits for it. Queries after it are
// answered from what was recorded.
func (r *Recorder) Close() {
	r.end()
	r.mu.Lock()
	under := r.refreshing
	r.mu.Unlock()
	if under != nil {
		<-under
	}
	r.http.CloseIdleConnections()
}

// Answers reports whether the operation is one about recorded items.
func (r *Recorder) Answers(service, operation string) bool {
	if service != "config" {
		return false
	}
	switch operation {
	case "ListDiscoveredResources", "GetDiscoveredResourceCounts", "GetResourceConfigHistory",
		"BatchGetResourceConfig", "SelectResourceConfig":
		return true
	}
	return false
}

// Answer does one operation, on what is there now.
func (r *Recorder) Answer(ctx context.Context, call *awsapi.Call) (map[string]any, error) {
	operations := map[string]func(map[string]any) (map[string]any, error){
		"ListDiscoveredResources":     r.list,
		"GetDiscoveredResourceCounts": r.counts,
		"GetResourceConfigHistory":    r.configHistory,
		"BatchGetResourceConfig":      r.batch,
		"SelectResourceConfig":        r.selected,
	}
	do, ok := operations[call.Operation]
	if !ok {
		return nil, refuse("InvalidAction", "operation %s is not one of the recorder", call.Operation)
	}
	if err := r.Refresh(ctx); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return do(call.Params)
}

func refuse(code, format string, args ...any) error {
	return awsapi.Refuse(code, fmt.Sprintf(format, args...))
}
