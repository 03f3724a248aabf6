package view

import (
	"cmp"
	"fmt"
	"strings"

	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/move"
)

// Moving shows how far a mover is: one line that is drawn again and again on a
// terminal, a line every few seconds elsewhere. It is safe for concurrent use.
type Moving struct {
	p     *Progress
	drawn bool
	last  move.Progress
	begun bool
	// written is when the last plain line was.
	written int64
}

// Moving begins to show a mover.
func (p *Progress) Moving() *Moving { return &Moving{p: p, written: p.now().UnixNano()} }

// Set shows how far it is.
func (m *Moving) Set(now move.Progress) {
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	m.last, m.begun = now, true
	if m.p.terminal {
		m.p.wipe()
		fmt.Fprintf(m.p.w, "\r\x1b[K%s", line(now))
		m.drawn = true
		return
	}
	at := m.p.now().UnixNano()
	if at-m.written >= plainEvery.Nanoseconds() {
		m.written = at
		fmt.Fprintln(m.p.w, line(now))
	}
}

// Say writes one line of talk above it.
func (m *Moving) Say(format string, args ...any) {
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	m.clear()
	fmt.Fprintf(m.p.w, format+"\n", args...)
}

// Done takes the line off a terminal, and writes how it ended.
func (m *Moving) Done() {
	m.p.mu.Lock()
	defer m.p.mu.Unlock()
	m.clear()
	if m.begun {
		last := m.last
		last.Left, last.Slowed = 0, ""
		fmt.Fprintln(m.p.w, line(last))
	}
}

func (m *Moving) clear() {
	m.p.wipe()
	if m.drawn {
		fmt.Fprint(m.p.w, "\r\x1b[K")
		m.drawn = false
	}
}

// line tells progress in one line.
func line(p move.Progress) string {
	var b strings.Builder
	total, all := "", ""
	if p.TotalItems > 0 {
		more := "+" // the listing goes on
		if p.Listed {
			more = ""
		}
		total, all = fmt.Sprintf(" of %d%s", p.TotalItems, more), " of "+graph.Volume(p.TotalBytes)+more
	}
	unit := cmp.Or(p.Unit, "objects")
	fmt.Fprintf(&b, "%s: %d%s %s, %s%s", p.Doing, p.Items, total, unit, graph.Volume(p.Bytes), all)
	if p.ItemsPerSecond > 0 {
		fmt.Fprintf(&b, ", %.0f %s/s, %s/s", p.ItemsPerSecond, unit, graph.Volume(int64(p.BytesPerSecond)))
	}
	if p.Left > 0 {
		fmt.Fprintf(&b, ", ETA %s", round(p.Left))
	}
	if p.Refused > 0 {
		fmt.Fprintf(&b, ", %d not moved", p.Refused)
	}
	if p.Failed > 0 {
		fmt.Fprintf(&b, ", %d failed", p.Failed)
	}
	if p.Slowed != "" {
		b.WriteString(", " + p.Slowed)
	}
	return b.String()
}
