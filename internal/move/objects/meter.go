package objects

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/manifest"
)

const (
	tick = 250 * time.Millisecond
	// past is how many ticks a rate is of: ten seconds.
	past = 40
)

// meter counts how far a pass is.
type meter struct {
	items, bytes           atomic.Int64
	totalItems, totalBytes atomic.Int64
	failed, refused        atomic.Int64
	// partial is what has been carried over of objects that are not done.
	partial atomic.Int64
	// open are listings that have not come to their end.
	open atomic.Int64
}

func (m *meter) reset() {
	for _, n := range []*atomic.Int64{&m.items, &m.bytes, &m.totalItems, &m.totalBytes, &m.failed, &m.refused, &m.partial, &m.open} {
		n.Store(0)
	}
}

func (m *meter) listed(bytes int64) {
	m.totalItems.Add(1)
	m.totalBytes.Add(bytes)
}

func (m *meter) done(l *manifest.Line) {
	if l == nil || l.Result == manifest.Extra || l.Result == manifest.Deleted {
		return
	}
	m.items.Add(1)
	m.bytes.Add(l.Size)
	switch l.Result {
	case manifest.Refused, manifest.Archived, manifest.Denied:
		m.refused.Add(1)
	case manifest.Failed, manifest.Changing, manifest.Different, manifest.Missing:
		m.failed.Add(1)
	}
}

// worked counts a line of the source's listing, of which a delete marker is one.
func (m *meter) worked(l *manifest.Line) {
	if l != nil && l.Result == manifest.Deleted {
		m.items.Add(1)
		return
	}
	m.done(l)
}

// sample is the state at one tick.
type sample struct {
	at           time.Time
	items, bytes int64
}

// watch calls the progress function until stop is called, and once more then.
func (m *Mover) watch(ctx context.Context, doing string) (stop func()) {
	if m.ports.Progress == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		var samples []sample
		for {
			var p move.Progress
			p, samples = m.progress(doing, samples)
			m.ports.Progress(p)
			select {
			case <-ticker.C:
			case <-ctx.Done():
				p, _ = m.progress(doing, samples)
				m.ports.Progress(p)
				return
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

func (m *Mover) progress(doing string, samples []sample) (move.Progress, []sample) {
	now := sample{m.ports.Now(), m.meter.items.Load(), m.meter.bytes.Load() + m.meter.partial.Load()}
	samples = append(samples, now)
	if len(samples) > past {
		samples = samples[1:]
	}
	p := move.Progress{
		Doing: doing, Items: now.items, Bytes: now.bytes, TotalItems: m.meter.totalItems.Load(), TotalBytes: m.meter.totalBytes.Load(),
		Listed: m.meter.open.Load() == 0, Failed: m.meter.failed.Load(), Refused: m.meter.refused.Load(), Slowed: m.slowed(),
	}
	if elapsed := now.at.Sub(samples[0].at).Seconds(); elapsed > 0 {
		p.ItemsPerSecond = float64(now.items-samples[0].items) / elapsed
		p.BytesPerSecond = float64(now.bytes-samples[0].bytes) / elapsed
	}
	p.Left = left(p)
	return p, samples
}

// left is the longer of what objects and bytes say.
func left(p move.Progress) time.Duration {
	if !p.Listed {
		return 0
	}
	var seconds float64
	if p.ItemsPerSecond > 0 {
		seconds = float64(p.TotalItems-p.Items) / p.ItemsPerSecond
	}
	if p.BytesPerSecond > 0 {
		seconds = max(seconds, float64(p.TotalBytes-p.Bytes)/p.BytesPerSecond)
	}
	const most = 10 * 365 * 24 * time.Hour
	return min(time.Duration(min(seconds, most.Seconds())*float64(time.Second)), most)
}

func (m *Mover) slowed() string {
	if why := m.gate.Why(); why != "" {
		return why
	}
	switch {
	case m.tally.Bytes.Bound():
		return "limit of bytes per second"
	case m.tally.Source.Bound():
		return "limit of requests per second"
	}
	return ""
}
