package picture

import (
	"bufio"
	"fmt"
	"math"
	"strings"

	"example.com/landfall/internal/graph"
)

// style is the picture's own: it answers to light and dark, and to paper. The
// colours are those of Okabe and Ito, which colour-blind people tell apart;
// meaning is in line and shape as well.
const style = `
.bg{fill:#ffffff}.t{fill:#1b1f24;font:13px ui-sans-serif,system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}
.k{fill:#57606a;font-size:10.5px}.h{font-size:19px;font-weight:600}.c{fill:#57606a;font-size:12px;font-weight:600;letter-spacing:.06em;text-transform:uppercase}
.band{fill:#f3f5f8;stroke:#c9d1d9}.free{fill:none;stroke:#c9d1d9;stroke-dasharray:2 4}.bt{fill:#57606a;font-size:12px;font-weight:600}
.n .b{fill:#ffffff;stroke:#57606a;stroke-width:1.2}.in .b{stroke:#0072b2;stroke-width:1.8}.shared .b{stroke:#b3590a;stroke-width:1.8;stroke-dasharray:7 3}.out .b{stroke:#6e7781;stroke-dasharray:2 3}
.focus .b{stroke-width:3.4}.q{fill:#57606a;fill-opacity:.12}
.e{fill:none;stroke:#6e7781;stroke-opacity:.6}.seen{stroke:#0072b2;stroke-opacity:.75}.may{stroke-dasharray:2 4}.p{font-size:10px;fill:#24292f;paint-order:stroke;stroke:#ffffff;stroke-width:3px}
.a{fill:#6e7781}.as{fill:#0072b2}
@media (prefers-color-scheme:dark){.bg{fill:#0d1117}.t{fill:#e6edf3}.k,.c,.bt{fill:#a5afba}.band{fill:#161b22;stroke:#30363d}.free{stroke:#484f58}.n .b{fill:#0d1117;stroke:#9aa4af}.in .b{stroke:#56b4e9}.shared .b{stroke:#e69f00}.out .b{stroke:#8b949e}.q{fill:#a5afba;fill-opacity:.18}
.e{stroke:#8b949e}.seen{stroke:#56b4e9}.p{fill:#e6edf3;stroke:#0d1117}.a{fill:#8b949e}.as{fill:#56b4e9}}
@media print{.bg,.n .b{fill:#ffffff}.t,.p{fill:#000000}.k,.c,.bt{fill:#333333}.band{fill:#ffffff;stroke:#999999}.p{stroke:#ffffff}}
`

// Sizes of text, and the room of a box for it.
const (
	nameSize = 13.0
	kindSize = 10.5
	boxPad   = 9.0
	textRoom = boxWidth - 2*boxPad
	// legendWidth is what the legend takes at least.
	legendWidth = 1330.0
	// mostLabels is the number of links above which ports are not written: they
	// could not be read, and finding room for each takes long.
	mostLabels = 1500
)

// drawing is a scene with its layout.
type drawing struct {
	*scene
	layout
	*routes
	title  string
	labels []rect
}

func newDrawing(s *scene, title string) *drawing {
	if title == "" {
		title = "dependencies"
	}
	d := &drawing{scene: s, layout: arrange(s), title: title}
	d.routes = newRoutes(d.boxes)
	d.layout.width = math.Max(d.layout.width, legendWidth)
	if len(s.nodes) == 0 {
		d.height = headHeight + margin
	}
	return d
}

// write draws frames first, then links, then nodes above them.
func (d *drawing) write(b *bufio.Writer) {
	wide := d.layout.width
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">`+"\n", wide, d.height, wide, d.height, esc(brief(d.title, 200)))
	fmt.Fprintf(b, "<title>%s</title>\n<style>%s</style>\n", esc(brief(d.title, 200)), style)
	b.WriteString(`<defs><marker id="m" viewBox="0 0 8 8" refX="7.4" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path class="a" d="M0 0.6 8 4 0 7.4z"/></marker>` +
		`<marker id="ms" viewBox="0 0 8 8" refX="7.4" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path class="as" d="M0 0.6 8 4 0 7.4z"/></marker>`)
	fmt.Fprintf(b, `<clipPath id="box"><rect x="4" y="2" width="%.0f" height="%.0f"/></clipPath></defs>`+"\n", boxWidth-8, boxHeight-4)
	fmt.Fprintf(b, `<rect class="bg" width="%.0f" height="%.0f"/>`+"\n", wide, d.height)
	d.head(b)
	for _, f := range d.frames {
		class, name := "band", "VPC "+f.name
		if f.id == "" {
			class, name = "free", "regional and global services"
		}
		fmt.Fprintf(b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="10"/><text class="t bt" x="%.1f" y="%.1f">%s</text>`+"\n",
			class, f.x, f.y, f.w, f.h, f.x+14, f.y+19, esc(brief(label(name), 80)))
	}
	d.labels = append(d.labels, d.boxes...)
	b.WriteString("<g>\n")
	for i, l := range d.links {
		if !l.observed {
			d.link(b, i)
		}
	}
	for i, l := range d.links {
		if l.observed {
			d.link(b, i)
		}
	}
	b.WriteString("</g>\n<g>\n")
	for i := range d.nodes {
		d.node(b, i)
	}
	b.WriteString("</g>\n</svg>\n")
}

func (d *drawing) head(b *bufio.Writer) {
	fmt.Fprintf(b, `<text class="t h" x="%.0f" y="34">%s</text>`+"\n", margin, esc(fit(label(d.title), legendWidth-2*margin, 19)))
	x := margin
	legend := func(wide float64, shape, text string) {
		fmt.Fprintf(b, `<g transform="translate(%.0f 44)">%s<text class="t k" x="34" y="12">%s</text></g>`+"\n", x, shape, esc(text))
		x += wide
	}
	box := func(class string) string {
		return `<g class="n ` + class + `"><rect class="b" x="1" y="3" width="26" height="12" rx="3"/></g>`
	}
	legend(140, box("in"), "in the workload")
	legend(96, box("shared"), "shared")
	legend(100, box("out"), "outside")
	legend(214, `<path class="e seen" stroke-width="3" d="M1 9H27"/>`, "seen in logs, wider with bytes")
	legend(170, `<path class="e" d="M1 9H27"/>`, "from the configuration")
	legend(166, `<path class="e may" d="M1 9H27"/>`, "only allowed by rules")
	text := "parts and what else it needs"
	if d.hidden > 0 && d.focus == "" {
		text += fmt.Sprintf(": %d in the workload have no box", d.hidden)
	}
	legend(0, `<rect class="q" x="1" y="3" width="26" height="12" rx="6"/><text class="t k" text-anchor="middle" x="14" y="12.5">+1</text>`, text)
	for _, c := range d.columns {
		fmt.Fprintf(b, `<text class="t c" x="%.1f" y="%.1f">%s</text>`+"\n", c.x, headHeight-14, esc(string(c.tier)))
	}
}

// node draws a box with a name, a kind, and how much is folded into it.
func (d *drawing) node(b *bufio.Writer, i int) {
	n, r := d.nodes[i], d.boxes[i]
	class := "n"
	switch n.Boundary {
	case graph.In, graph.Shared, graph.Out:
		class += " " + string(n.Boundary)
	}
	if n.ID == d.focus && d.focus != "" {
		class += " focus"
	}
	fmt.Fprintf(b, `<g class="%s" data-i="%d" transform="translate(%.1f %.1f)" tabindex="0" role="listitem" aria-label="%s"><title>%s</title><rect class="b" width="%.0f" height="%.0f" rx="6"/>`,
		class, i, r.x, r.y, esc(brief(label(n.Name), 120)+", "+kindOf(n)+", "+string(n.Boundary)), esc(describe(n)), r.w, r.h)
	fmt.Fprintf(b, `<g clip-path="url(#box)"><text class="t" x="%.0f" y="18">%s</text>`, boxPad, esc(fit(label(n.Name), textRoom, nameSize)))
	room := textRoom
	if extra := folds(n); extra > 0 {
		pill := fmt.Sprintf("+%d", extra)
		w := width(pill, kindSize) + 8
		room -= w + 4
		fmt.Fprintf(b, `<rect class="q" x="%.1f" y="24.5" width="%.1f" height="13" rx="6.5"/><text class="t k" text-anchor="middle" x="%.1f" y="34.5">%s</text>`,
			boxWidth-boxPad-w+3, w, boxWidth-boxPad-w/2+3, pill)
	}
	fmt.Fprintf(b, `<text class="t k" x="%.0f" y="34">%s</text></g></g>`+"\n", boxPad, esc(fit(subtitle(n), room, kindSize)))
}

// kindOf is the kind as people say it.
func kindOf(n node) string {
	if n.Kind == graph.ExternalAsked {
		// The id has what people called it: "external:partner/acme".
		if kind, _, ok := strings.Cut(strings.TrimPrefix(string(n.ID), "external:"), "/"); ok {
			return kind
		}
	}
	text := strings.TrimPrefix(strings.TrimPrefix(string(n.Kind), "AWS::"), "External::")
	text = strings.Replace(text, "ElasticLoadBalancing", "ELB", 1)
	// A service's name that the kind's own name begins with says nothing more.
	if service, name, ok := strings.Cut(text, "::"); ok && strings.HasPrefix(name, service) {
		text = name
	}
	return strings.ReplaceAll(text, "::", " ")
}

// subtitle is the kind, and how many the box stands for.
func subtitle(n node) string {
	members := 0
	for _, p := range n.parts {
		if p.Member {
			members++
		}
	}
	if members == 0 {
		return kindOf(n)
	}
	return fmt.Sprintf("%s of %d", kindOf(n), members)
}

// folds counts what belongs to a node without a box of its own.
func folds(n node) int {
	count := len(n.parts)
	for _, k := range n.folded {
		count += k
	}
	return count
}

// mostParts bounds how many parts the text over a node names.
const mostParts = 20

// describe is the text that appears over a node.
func describe(n node) string {
	lines := []string{brief(n.Name, 300), string(n.Kind), brief(string(n.ID), 300), string(n.Boundary) + ": " + brief(n.Reason, 300)}
	for i, p := range n.parts {
		if i == mostParts {
			lines = append(lines, fmt.Sprintf("and %d more", len(n.parts)-mostParts))
			break
		}
		lines = append(lines, "+ "+brief(label(p.Name), 80)+" ("+strings.TrimPrefix(string(p.Kind), "AWS::")+")")
	}
	var folded []string
	for _, t := range tiers() {
		if k := n.folded[t]; k > 0 {
			folded = append(folded, fmt.Sprintf("%d %s", k, t))
		}
	}
	if len(folded) > 0 {
		lines = append(lines, "also needs: "+strings.Join(folded, ", "))
	}
	return strings.Join(lines, "\n")
}

// link draws a line from box to box, and its ports where there is room.
func (d *drawing) link(b *bufio.Writer, i int) {
	l := d.links[i]
	curves := d.lead(d.boxes[l.from], d.boxes[l.to])
	class, marker, thick := "e", "m", 1.0
	switch {
	case l.potential:
		class = "e may"
	case l.observed:
		class, marker = "e seen", "ms"
		thick = 1.2 + math.Min(math.Log10(float64(max(l.bytes, 0))+1)/5, 2.2)
	}
	fmt.Fprintf(b, `<path class="%s" data-f="%d" data-t="%d" stroke-width="%.1f" marker-end="url(#%s)" d="%s"><title>%s</title></path>`+"\n",
		class, l.from, l.to, thick, marker, path(curves), esc(d.says(l)))
	if len(l.ports) == 0 || len(d.links) > mostLabels {
		return
	}
	text := brief(strings.Join(l.ports, ","), 16)
	w := width(text, 10) + 4
	for _, c := range curves {
		for _, t := range []float64{0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8} {
			x, y := c.at(t)
			spot := rect{x - w/2, y - 7, w, 14}
			if d.free(spot) {
				d.labels = append(d.labels, spot)
				fmt.Fprintf(b, `<text class="t p" data-f="%d" data-t="%d" text-anchor="middle" x="%.1f" y="%.1f">%s</text>`+"\n", l.from, l.to, x, y+3.5, esc(text))
				return
			}
		}
	}
}

func (d *drawing) free(spot rect) bool {
	for _, r := range d.labels {
		if r.meets(spot) {
			return false
		}
	}
	return true
}
