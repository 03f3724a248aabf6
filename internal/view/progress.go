package view

import (
	"fmt"
	"io"
	"math"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"example.com/landfall/internal/graph"
)

// plainEvery is how often a plain progress line is written at most: often
// enough to see life in a CI log, seldom enough to keep it readable.
const plainEvery = 5 * time.Second

// bytesUnit is the unit of a bar that counts bytes.
const bytesUnit = "bytes"

// Progress shows long work to a person: a bar with rate and ETA on a
// terminal, plain lines otherwise. It is safe for use by several goroutines,
// and all of it goes to one writer, normally standard error.
type Progress struct {
	w        io.Writer
	terminal bool
	now      func() time.Time
	mu       sync.Mutex
	// drawn is the bar on the terminal's last line, or nil. There is one at a
	// time: another that moves takes its place.
	drawn *Bar
}

// NewProgress returns a progress on w. terminal says whether w understands a
// carriage return; now is the clock.
func NewProgress(w io.Writer, terminal bool, now func() time.Time) *Progress {
	return &Progress{w: w, terminal: terminal, now: now}
}

// Say writes one line of talk.
func (p *Progress) Say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
	fmt.Fprintf(p.w, format+"\n", args...)
}

// wipe takes the drawn bar off the terminal's last line.
func (p *Progress) wipe() {
	if p.drawn != nil {
		_ = p.drawn.bar.Clear() // a bar that cannot be drawn must not stop the work
		p.drawn = nil
	}
}

// Bar is the progress of one piece of work.
type Bar struct {
	p       *Progress
	label   string
	unit    string
	total   int64
	done    int64
	began   time.Time
	moved   time.Time
	written time.Time
	bar     *progressbar.ProgressBar
}

// Begin starts a bar. total is in the unit ("objects", "rows", "bytes"); 0
// means that it is not known.
func (p *Progress) Begin(label string, total int64, unit string) *Bar {
	b := &Bar{p: p, label: label, unit: unit, total: total, began: p.now()}
	b.written, b.moved = b.began, b.began
	if p.terminal {
		size := total
		if size <= 0 {
			size = -1
		}
		b.bar = progressbar.NewOptions64(size,
			progressbar.OptionSetWriter(p.w), progressbar.OptionSetDescription(label),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetWidth(24), progressbar.OptionClearOnFinish())
	}
	return b
}

// Set says how much is done so far.
func (b *Bar) Set(done int64) {
	b.p.mu.Lock()
	defer b.p.mu.Unlock()
	now := b.p.now()
	b.done, b.moved = done, now
	if b.total > 0 {
		b.total = max(b.total, done) // more work was found on the way
	}
	if b.bar != nil {
		if b.p.drawn != b {
			b.p.wipe()
			b.p.drawn = b
		}
		_ = b.bar.Set64(min(done, b.bar.GetMax64())) // as in wipe; the library refuses more than its total
		return
	}
	if now.Sub(b.written) >= plainEvery {
		b.written = now
		fmt.Fprintln(b.p.w, b.line(now))
	}
}

// Plan says how much there is to do in all, as far as is known by now.
func (b *Bar) Plan(total int64) {
	b.p.mu.Lock()
	defer b.p.mu.Unlock()
	b.total = total
	if b.bar != nil && total > 0 {
		b.bar.ChangeMax64(total)
	}
}

// Done ends the bar and writes one closing line with the overall rate. The
// time is that of the last Set: work may be called done later than it was.
func (b *Bar) Done() {
	b.p.mu.Lock()
	defer b.p.mu.Unlock()
	b.p.wipe()
	took := b.moved.Sub(b.began)
	fmt.Fprintf(b.p.w, "%s: %s in %s%s\n", b.label, b.amount(b.done), round(took), b.rate(took))
}

func (b *Bar) line(now time.Time) string {
	took := now.Sub(b.began)
	if b.total <= 0 {
		return fmt.Sprintf("%s: %s%s", b.label, b.amount(b.done), b.rate(took))
	}
	eta := "unknown"
	if b.done > 0 {
		left := time.Duration(float64(took) / float64(b.done) * float64(max(b.total-b.done, 0)))
		eta = round(left).String()
	}
	done := fmt.Sprint(b.done)
	if b.unit == bytesUnit {
		done = b.amount(b.done)
	}
	return fmt.Sprintf("%s: %s of %s (%d%%)%s, ETA %s", b.label, done, b.amount(b.total), b.done*100/b.total, b.rate(took), eta)
}

// amount is a number with its unit; bytes are shown in one that people read.
func (b *Bar) amount(n int64) string {
	if b.unit == bytesUnit {
		return graph.Volume(n)
	}
	return fmt.Sprintf("%d %s", n, b.unit)
}

func (b *Bar) rate(took time.Duration) string {
	if took < time.Millisecond || b.done == 0 {
		return ""
	}
	return fmt.Sprintf(", %s/s", b.amount(int64(math.Round(float64(b.done)/took.Seconds()))))
}

// round keeps durations readable: tenths below ten seconds, seconds above.
func round(d time.Duration) time.Duration {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Second)
}
