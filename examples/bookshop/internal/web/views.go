package web

import (
	"context"
	"log/slog"
	"time"

	"example.com/landfall/examples/bookshop/internal/metrics"
	"example.com/landfall/examples/bookshop/internal/store"
)

// Page views are statistics: they are written in bulk behind the request, and
// when the database cannot keep up or takes no writes they are dropped and
// counted rather than queued without bound.
const (
	viewBuffer = 4096
	viewBatch  = 500
	viewPause  = time.Second
)

type viewWriter struct {
	store   *store.Store
	metrics *metrics.Set
	log     *slog.Logger
	buffer  chan store.View
	stop    chan struct{}
	done    chan struct{}
}

func newViewWriter(s *store.Store, m *metrics.Set, log *slog.Logger) *viewWriter {
	v := &viewWriter{store: s, metrics: m, log: log, buffer: make(chan store.View, viewBuffer), stop: make(chan struct{}), done: make(chan struct{})}
	go v.run()
	return v
}

func (v *viewWriter) add(view store.View) {
	select {
	case v.buffer <- view:
	default:
		v.metrics.Views.WithLabelValues("dropped").Inc()
	}
}

func (v *viewWriter) run() {
	defer close(v.done)
	tick := time.NewTicker(viewPause)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			v.flush()
		case <-v.stop:
			v.flush()
			return
		}
	}
}

// flush writes what is in the buffer now, in batches.
func (v *viewWriter) flush() {
	for left := len(v.buffer); left > 0; {
		batch := make([]store.View, 0, viewBatch)
		for ; left > 0 && len(batch) < viewBatch; left-- {
			batch = append(batch, <-v.buffer)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err := v.store.AddViews(ctx, batch)
		cancel()
		result := "written"
		if err != nil {
			result = "dropped"
			v.log.Warn("page views dropped", "count", len(batch), "error", err)
		}
		v.metrics.Views.WithLabelValues(result).Add(float64(len(batch)))
	}
}

func (v *viewWriter) close(ctx context.Context) {
	close(v.stop)
	select {
	case <-v.done:
	case <-ctx.Done():
	}
}
