package page

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"example.com/landfall/internal/runbook"
)

// style answers to light and dark, and to paper. The colours are those of Okabe
// and Ito, which colour-blind people tell apart; meaning is in shape as well.
const style = `
.bg{fill:#ffffff}.t{fill:#1b1f24;font:12px ui-sans-serif,system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
.h{font-size:18px;font-weight:600}.s{font-size:14px;font-weight:600}.k{fill:#57606a;font-size:11px}.m{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:11px}
.g{stroke:#d0d7de;stroke-width:1}.row{fill:#f6f8fa}.bar{fill:#56b4e9;stroke:#0072b2}.crit{fill:#e69f00;stroke:#8a5a00;stroke-width:1.6}.wait{fill:none;stroke:#6e7781;stroke-dasharray:3 3}
.win{fill:#009e73;fill-opacity:.10;stroke:#009e73}.back{fill:#cc79a7;fill-opacity:.18;stroke:#cc79a7}.end{stroke:#d55e00;stroke-width:2;stroke-dasharray:7 3}.endt{fill:#b34700;font-weight:600}
@media (prefers-color-scheme:dark){.bg{fill:#0d1117}.t{fill:#e6edf3}.k{fill:#a5afba}.g{stroke:#30363d}.row{fill:#161b22}.bar{fill:#0072b2;stroke:#56b4e9}.crit{fill:#b37700;stroke:#e69f00}.wait{stroke:#9aa4af}.endt{fill:#ff9d66}}
@media print{.bg{fill:#ffffff}.t{fill:#000000}.k{fill:#333333}}
`

// Sizes of the picture.
const (
	wide      = 1280.0
	edge      = 24.0
	nameWidth = 430.0
	rowHeight = 19.0
	mostRows  = 160
)

// panel is one chart: rows of slots over a scale of time.
type panel struct {
	title, note string
	index       map[string]int // of the steps
	slots       []runbook.Slot
	critical    map[string]bool
	// at gives the place of a time.
	at func(seconds int64) float64
	// ticks are the times with a line.
	ticks []int64
	// whole, kept: length of the window and of the part kept for going back.
	whole, kept int64
	// omitted counts the steps for which there is no room.
	omitted int
}

// picture draws the window to scale, and below it the whole way from the freeze
// to the end of the cutover with long waits drawn short.
func picture(r *runbook.Runbook) []byte {
	var panels []panel
	if r.Window != nil {
		panels = append(panels, windowPanel(r))
	}
	panels = append(panels, cutoverPanel(r))
	height := 84.0
	for i := range panels {
		height += panels[i].height()
	}
	index := r.Index()
	for i := range panels {
		panels[i].index = index
	}
	var b bytes.Buffer
	title := fmt.Sprintf("Cutover of %s, %s", r.Workload, r.Strategy)
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">`+"\n<title>%s</title>\n<style>%s</style>\n", wide, height, wide, height, esc(title), esc(title), style)
	fmt.Fprintf(&b, `<rect class="bg" width="%.0f" height="%.0f"/>`+"\n", wide, height)
	fmt.Fprintf(&b, `<text class="t h" x="%.0f" y="34">%s</text>`+"\n", edge, esc(title))
	legend(&b, r)
	y := 84.0
	for i := range panels {
		panels[i].draw(&b, r, y)
		y += panels[i].height()
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

func legend(b *bytes.Buffer, r *runbook.Runbook) {
	x := edge
	add := func(shape, text string, room float64) {
		fmt.Fprintf(b, `<g transform="translate(%.0f 48)">%s<text class="t k" x="34" y="12">%s</text></g>`+"\n", x, shape, esc(text))
		x += room
	}
	add(`<rect class="crit" x="1" y="2" width="26" height="12" rx="2"/>`, "critical path", 120)
	add(`<rect class="bar" x="1" y="2" width="26" height="12" rx="2"/>`, "other steps", 110)
	add(`<rect class="wait" x="1" y="2" width="26" height="12"/>`, "waits, gates that have to hold", 210)
	if r.Window != nil {
		add(`<rect class="back" x="1" y="2" width="26" height="12"/>`, "kept for going back", 160)
	}
	text := "no point of no return: every step can be undone"
	if r.PointOfNoReturn != "" {
		text = "point of no return"
	}
	add(`<path class="end" d="M1 8H27"/>`, text, 0)
	fmt.Fprintf(b, `<text class="t k" text-anchor="end" x="%.0f" y="34">right of each name stands who is needed; + 2 yes: two people approve</text>`+"\n", wide-edge)
}

func windowPanel(r *runbook.Runbook) panel {
	slots := r.Schedule(runbook.InWindow)
	critical, _ := runbook.Longest(slots)
	span := float64(max(r.Window.Seconds, last(slots), 1))
	p := panel{title: "In the window", slots: slots, critical: setOf(critical), whole: r.Window.Seconds, kept: r.Window.RollbackSeconds}
	p.note = fmt.Sprintf("to scale; the window is %s long, of which %s are kept for going back", lasts(r.Window.Seconds), lasts(r.Window.RollbackSeconds))
	p.at = func(seconds int64) float64 { return float64(seconds) / span }
	unit := int64(15 * 60)
	for int64(span)/unit > 12 {
		unit *= 2
	}
	for t := int64(0); t <= int64(span); t += unit {
		p.ticks = append(p.ticks, t)
	}
	p.cut(r.PointOfNoReturn)
	return p
}

func last(slots []runbook.Slot) int64 {
	var end int64
	for _, s := range slots {
		end = max(end, s.End)
	}
	return end
}

func cutoverPanel(r *runbook.Runbook) panel {
	slots := r.Schedule(runbook.InCutover)
	p := panel{title: "From the freeze of changes to the end of the cutover", slots: slots, critical: setOf(r.CriticalPath), note: "not to scale: long stretches are drawn short, the times on top are exact"}
	p.at, p.ticks = squeezed(slots)
	p.cut(r.PointOfNoReturn)
	return p
}

// squeezed makes a scale on which an hour is longer than a minute, but not
// sixty times: each stretch between two events takes room by its logarithm.
func squeezed(slots []runbook.Slot) (at func(int64) float64, ticks []int64) {
	times := []int64{0}
	for _, s := range slots {
		times = append(times, s.Ready, s.Begin, s.End)
	}
	slices.Sort(times)
	times = slices.Compact(times)
	places := make([]float64, len(times))
	for i := 1; i < len(times); i++ {
		places[i] = places[i-1] + math.Log2(1+float64(times[i]-times[i-1])/60)
	}
	whole := math.Max(places[len(places)-1], 1)
	at = func(seconds int64) float64 {
		i, _ := slices.BinarySearch(times, seconds)
		return places[min(i, len(places)-1)] / whole
	}
	room := -1.0
	for _, t := range times {
		if x := at(t); x-room > 0.085 {
			ticks, room = append(ticks, t), x
		}
	}
	return at, ticks
}

// cut leaves out rows that do not fit. Those of the critical path are the last
// to go, and of equals those that take the least time; the point of no return
// stays.
func (p *panel) cut(noReturn string) {
	if len(p.slots) <= mostRows {
		return
	}
	rank := func(s runbook.Slot) int {
		switch {
		case s.ID == noReturn:
			return 0
		case p.critical[s.ID]:
			return 1
		}
		return 2
	}
	best := slices.Clone(p.slots)
	slices.SortStableFunc(best, func(a, b runbook.Slot) int {
		return cmp.Or(rank(a)-rank(b), cmp.Compare(b.End-b.Ready, a.End-a.Ready))
	})
	fit := map[string]bool{}
	for _, s := range best[:mostRows] {
		fit[s.ID] = true
	}
	p.omitted = len(p.slots) - mostRows
	p.slots = slices.DeleteFunc(p.slots, func(s runbook.Slot) bool { return !fit[s.ID] })
}

func setOf(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

func (p *panel) height() float64 { return 78 + rowHeight*float64(len(p.slots)) + 24 }

func (p *panel) x(seconds int64) float64 {
	const right = 24
	return edge + nameWidth + p.at(seconds)*(wide-2*edge-nameWidth-right)
}

func (p *panel) draw(b *bytes.Buffer, r *runbook.Runbook, top float64) {
	note := p.note
	if p.omitted > 0 {
		note += fmt.Sprintf("; %d steps are not drawn for want of room: %s has all of them", p.omitted, Document)
	}
	fmt.Fprintf(b, `<text class="t s" x="%.0f" y="%.1f">%s</text><text class="t k" x="%.0f" y="%.1f">%s</text>`+"\n", edge, top+18, esc(p.title), edge, top+36, esc(note))
	first, bottom := top+66, top+66+rowHeight*float64(len(p.slots))
	for i := 0; i < len(p.slots); i += 2 {
		fmt.Fprintf(b, `<rect class="row" x="%.0f" y="%.1f" width="%.0f" height="%.1f"/>`+"\n", edge, first+rowHeight*float64(i), wide-2*edge, rowHeight)
	}
	if p.whole > 0 {
		from, to := p.x(0), p.x(p.whole)
		fmt.Fprintf(b, `<rect class="win" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`+"\n", from, first, to-from, bottom-first)
		fmt.Fprintf(b, `<rect class="back" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`+"\n", p.x(p.whole-p.kept), first, to-p.x(p.whole-p.kept), bottom-first)
		fmt.Fprintf(b, `<text class="t k" text-anchor="middle" x="%.1f" y="%.1f">kept for going back: %s</text>`+"\n", (p.x(p.whole-p.kept)+to)/2, first+14, esc(lasts(p.kept)))
	}
	for _, t := range p.ticks {
		fmt.Fprintf(b, `<path class="g" d="M%.1f %.1fV%.1f"/><text class="t k" text-anchor="middle" x="%.1f" y="%.1f">+%s</text>`+"\n", p.x(t), first-6, bottom, p.x(t), first-10, esc(brief(t)))
	}
	for i := range p.slots {
		p.row(b, r, &p.slots[i], first+rowHeight*float64(i))
	}
}

// row draws one step, and the line below the last one that can be undone.
func (p *panel) row(b *bytes.Buffer, r *runbook.Runbook, s *runbook.Slot, y float64) {
	class := "bar"
	if p.critical[s.ID] {
		class = "crit"
	}
	title := s.ID
	i, known := p.index[s.ID]
	if known {
		title = r.Steps[i].Title
	}
	fmt.Fprintf(b, `<g><title>%s</title><text class="t" x="%.0f" y="%.1f">%s</text>`, esc(fmt.Sprintf("%s (%s): +%s to +%s", title, s.ID, lasts(s.Ready), lasts(s.End))), edge+4, y+13.5, esc(fit(title)))
	if known {
		fmt.Fprintf(b, `<text class="t k" text-anchor="end" x="%.0f" y="%.1f">%s</text>`, edge+nameWidth-8, y+13.5, esc(who(&r.Steps[i])))
	}
	if s.Begin > s.Ready {
		fmt.Fprintf(b, `<rect class="wait" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, p.x(s.Ready), y+4.5, math.Max(p.x(s.Begin)-p.x(s.Ready), 1), rowHeight-9)
	}
	fmt.Fprintf(b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="2"/></g>`+"\n", class, p.x(s.Begin), y+3, math.Max(p.x(s.End)-p.x(s.Begin), 2.5), rowHeight-6)
	if s.ID == r.PointOfNoReturn {
		fmt.Fprintf(b, `<path class="end" d="M%.0f %.1fH%.0f"/><path class="end" d="M%.1f %.1fv%.1f"/><text class="t k endt" text-anchor="end" x="%.0f" y="%.1f">everything above can be undone</text><text class="t k endt" text-anchor="end" x="%.0f" y="%.1f">%s</text>`+"\n",
			edge, y, wide-edge, p.x(s.Begin), y, rowHeight, wide-edge-4, y-5, wide-edge-4, y+13.5, esc(cut(lossOf(r), 80)))
	}
}

// brief writes a time under a tick.
func brief(seconds int64) string {
	switch {
	case seconds >= 2*86_400:
		return fmt.Sprintf("%.1f d", float64(seconds)/86_400)
	case seconds >= 3600:
		return fmt.Sprintf("%d:%02d h", seconds/3600, seconds%3600/60)
	}
	return fmt.Sprintf("%d min", seconds/60)
}

// who is needed for a step: its owner, and those who have to say yes to it.
func who(s *runbook.Step) string {
	text := cut(s.Owner, 16)
	if s.Approvals.Count > 0 {
		text += fmt.Sprintf(" + %d yes", s.Approvals.Count)
	}
	return text
}

// lossOf says what going back over the point of no return loses.
func lossOf(r *runbook.Runbook) string {
	for i := range r.Steps {
		if s := &r.Steps[i]; s.ID == r.PointOfNoReturn && s.Undo != nil {
			return "point of no return: going back loses " + s.Undo.Loses
		}
	}
	return "point of no return: what follows cannot be undone"
}

// fit cuts a title to the room of its column.
func fit(title string) string {
	const most = 50
	return cut(title, most)
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// esc writes a text for XML, without what XML cannot hold.
func esc(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xFFFE || r == 0xFFFF || r == '\uFFFD' {
			return ' '
		}
		return r
	}, text)
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(text)
}
