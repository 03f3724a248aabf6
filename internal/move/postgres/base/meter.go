package base

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres/pg"
)

const (
	tick = 250 * time.Millisecond
	// past is how many ticks a rate is of: ten seconds.
	past = 40
	// mostUnderWay bounds the tables that progress tells one by one.
	mostUnderWay = 16
)

// meter counts how far a pass is.
type meter struct {
	bytes   atomic.Int64 // that have passed
	indexes atomic.Int64
	mu      sync.Mutex
	phase   string
	why     string
}

func (m *meter) carried(t *table, bytes int) {
	m.bytes.Add(int64(bytes))
	t.live.Add(int64(bytes))
}

func (m *meter) made(e *entry) {
	if e.Kind == kindIndex || e.Kind == kindConstraint {
		m.indexes.Add(1)
	}
}

func (m *meter) doing(phase string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phase, m.why = phase, ""
}

func (m *meter) slow(why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.why = why
}

// sample is the state at one tick.
type sample struct {
	at          time.Time
	bytes, rows int64
	items       int64
}

// watch tells the progress until stop is called, and once more then.
func (b *Base) watch(ctx context.Context) (stop func()) {
	tell := b.Hooks.Progress
	if tell == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		var samples []sample
		for ctx.Err() == nil {
			samples = b.tell1(tell, samples)
			_ = pg.Sleep(ctx, tick) // the context ends the loop
		}
		b.tell1(tell, samples)
	})
	return func() {
		cancel()
		done.Wait()
	}
}

func (b *Base) tell1(tell func(Progress), samples []sample) []sample {
	p := b.progress()
	now := sample{time.Now(), b.meter.bytes.Load(), p.Rows, p.Items}
	samples = append(samples, now)
	if len(samples) > past {
		samples = samples[1:]
	}
	if elapsed := now.at.Sub(samples[0].at).Seconds(); elapsed > 0 {
		p.BytesPerSecond = float64(now.bytes-samples[0].bytes) / elapsed
		p.ItemsPerSecond = float64(now.items-samples[0].items) / elapsed
		p.RowsPerSecond = float64(now.rows-samples[0].rows) / elapsed
	}
	if p.BytesPerSecond > 0 && p.TotalBytes > p.Bytes {
		p.Left = time.Duration(float64(p.TotalBytes-p.Bytes) / p.BytesPerSecond * float64(time.Second))
	}
	tell(p)
	return samples
}

// progress is the state without the rates.
func (b *Base) progress() Progress {
	b.meter.mu.Lock()
	p := Progress{Progress: move.Progress{Doing: cmp.Or(b.meter.phase, "connect"), Slowed: cmp.Or(b.meter.why, b.pace.slowed())}}
	b.meter.mu.Unlock()
	p.Indexes = b.meter.indexes.Load()
	b.mu.Lock()
	defer b.mu.Unlock()
	p.Listed = b.tables != nil
	for _, t := range b.tables {
		p.TotalItems++
		p.TotalBytes += t.Bytes
		p.Rows += t.moved.Rows
		switch {
		case t.failed != nil:
			p.Failed++
		case t.left == 0:
			p.Items++
			p.Bytes += t.Bytes
		default:
			p.Bytes += min(max(t.live.Load(), t.moved.Bytes), t.Bytes)
		}
		if t.doing != "" {
			p.UnderWay = append(p.UnderWay, TableProgress{Table: t.Name, Doing: t.doing, Moved: Moved{t.moved.Rows, max(t.live.Load(), t.moved.Bytes)},
				TotalBytes: t.Bytes, Chunks: t.chunks - t.left, TotalChunks: t.chunks, Since: t.since})
		}
	}
	if b.known != nil {
		for _, e := range b.known.entries {
			if (e.Kind == kindIndex || e.Kind == kindConstraint) && e.LeftOut == "" {
				p.TotalIndexes++
			}
		}
	}
	slices.SortFunc(p.UnderWay, func(a, b TableProgress) int {
		return cmp.Or(cmp.Compare(b.TotalBytes, a.TotalBytes), a.Table.Compare(b.Table))
	})
	p.UnderWay = p.UnderWay[:min(len(p.UnderWay), mostUnderWay)]
	return p
}
