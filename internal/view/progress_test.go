package view_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/view"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// clock is a clock that the test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time           { return c.at }
func (c *clock) forward(by time.Duration) { c.at = c.at.Add(by) }

func newClock() *clock { return &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

// Without a terminal there are whole lines only, one every five seconds at
// most, with rate and ETA, and one at the end.
func TestPlainProgress(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := newClock()
	p := view.NewProgress(&out, false, c.now)
	bar := p.Begin("copy", 1000, "objects")
	for second := range int64(10) {
		c.forward(time.Second)
		bar.Set((second + 1) * 50)
	}
	p.Say("%s is up", "moto")
	c.forward(10 * time.Second)
	bar.Set(1000)
	bar.Done()
	want := `copy: 250 of 1000 objects (25%), 50 objects/s, ETA 15s
copy: 500 of 1000 objects (50%), 50 objects/s, ETA 10s
moto is up
copy: 1000 of 1000 objects (100%), 50 objects/s, ETA 0s
copy: 1000 objects in 20s, 50 objects/s
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPlainProgressWithoutATotal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := newClock()
	bar := view.NewProgress(&out, false, c.now).Begin("scan", 0, "calls")
	c.forward(6 * time.Second)
	bar.Set(12)
	bar.Done()
	want := "scan: 12 calls, 2 calls/s\nscan: 12 calls in 6s, 2 calls/s\n"
	if got := out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Nothing done yet has no rate, and no ETA that somebody could believe.
func TestPlainProgressThatStandsStill(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := newClock()
	bar := view.NewProgress(&out, false, c.now).Begin("copy", 10, "rows")
	c.forward(6 * time.Second)
	bar.Set(0)
	if got, want := out.String(), "copy: 0 of 10 rows (0%), ETA unknown\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// On a terminal a bar is drawn over itself and is gone at the end; what is
// said meanwhile, and the closing lines, stand on lines of their own.
func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := newClock()
	p := view.NewProgress(&out, true, c.now)
	first, second := p.Begin("objects", 100, "objects"), p.Begin("rows", 100, "rows")
	first.Set(10)
	second.Set(20)
	p.Say("moto is up")
	c.forward(2 * time.Second)
	first.Set(100)
	first.Done()
	second.Set(90)
	second.Done()
	text := out.String()
	for _, want := range []string{"objects  10%", "10/100", "\r", "objects: 100 objects in 2s, 50 objects/s", "rows: 90 rows in 2s, 45 rows/s"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %q", want, text)
		}
	}
	if strings.Contains(text, "\x1b[3") {
		t.Errorf("%q has colours", text)
	}
	want := []string{"moto is up", "objects: 100 objects in 2s, 50 objects/s", "rows: 90 rows in 2s, 45 rows/s"}
	if got := screen(text); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the screen shows %q, want %q", got, want)
	}
}

// screen returns the lines that a terminal shows after the text, without
// trailing spaces and empty lines.
func screen(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		var cells []rune
		at := 0
		for _, r := range line {
			if r == '\r' {
				at = 0
				continue
			}
			if at == len(cells) {
				cells = append(cells, ' ')
			}
			cells[at] = r
			at++
		}
		if shown := strings.TrimRight(string(cells), " "); shown != "" {
			lines = append(lines, shown)
		}
	}
	return lines
}
