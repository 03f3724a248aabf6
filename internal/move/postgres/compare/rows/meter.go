package rows

import (
	"context"
	"sync"
	"time"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres/pg"
)

// meter counts how far a comparison is, and tells.
type meter struct {
	lock  sync.Mutex
	tell  func(move.Progress)
	began time.Time
	now   move.Progress
	// marks are what was done at moments of the last ten seconds.
	marks []mark
	slow  string
}

type mark struct {
	at           time.Time
	items, bytes int64
}

// window is what the rates are of.
const window = 10 * time.Second

func newMeter(tell func(move.Progress), pairs []pair, slow string) *meter {
	m := &meter{tell: tell, began: time.Now(), slow: slow}
	m.now = move.Progress{Doing: "compare", Listed: true, Slowed: slow}
	for _, p := range pairs {
		m.now.TotalBytes += p.size()
		if p.source != nil {
			m.now.TotalItems += int64(p.source.Rows)
		}
	}
	m.marks = []mark{{at: m.began}}
	return m
}

// did counts rows and bytes of the source that were read.
func (m *meter) did(rows, bytes int64) {
	m.lock.Lock()
	defer m.lock.Unlock()
	p := &m.now
	p.Items += rows
	p.Bytes += bytes
	// The planner's estimates and the size of what is outside the heap are not exact.
	p.TotalItems, p.TotalBytes = max(p.TotalItems, p.Items), max(p.TotalBytes, p.Bytes)
	at := time.Now()
	for len(m.marks) > 1 && at.Sub(m.marks[1].at) > window {
		m.marks = m.marks[1:]
	}
	first := m.marks[0]
	m.marks = append(m.marks, mark{at, p.Items, p.Bytes})
	if past := at.Sub(first.at).Seconds(); past > 0 {
		p.ItemsPerSecond = float64(p.Items-first.items) / past
		p.BytesPerSecond = float64(p.Bytes-first.bytes) / past
	}
	if p.BytesPerSecond > 0 {
		p.Left = time.Duration(float64(p.TotalBytes-p.Bytes) / p.BytesPerSecond * float64(time.Second))
	}
	m.say()
}

func (m *meter) failed() {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.now.Failed++
	m.say()
}

// say is called with the lock held: one call at a time, in order.
func (m *meter) say() {
	if m.tell != nil {
		m.tell(m.now)
	}
}

// pace holds the reading of one side to so many bytes per second.
type pace struct {
	perSecond int64
	lock      sync.Mutex
	free      time.Time
}

// take waits until the bytes may be read.
func (p *pace) take(ctx context.Context, bytes int64) error {
	if p.perSecond <= 0 {
		return nil
	}
	p.lock.Lock()
	now := time.Now()
	if p.free.Before(now) {
		p.free = now
	}
	wait := p.free.Sub(now)
	p.free = p.free.Add(time.Duration(float64(bytes) / float64(p.perSecond) * float64(time.Second)))
	p.lock.Unlock()
	return pg.Sleep(ctx, wait)
}
