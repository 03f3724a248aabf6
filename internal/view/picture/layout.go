package picture

import (
	"cmp"
	"math"
	"slices"

	"example.com/landfall/internal/graph"
)

// Sizes in the units of the picture.
const (
	boxWidth  = 196.0
	boxHeight = 44.0
	// gapX is wide enough for the curves between two stacks, gapY for the lines
	// that pass between two boxes.
	gapX       = 52.0
	gapY       = 16.0
	columnGap  = 88.0
	bandGap    = 24.0
	bandHead   = 30.0
	bandPad    = 16.0
	margin     = 28.0
	headHeight = 100.0
	// lowest and highest bound how many boxes stand above each other before a
	// second stack of them begins beside; which it is follows from the shape.
	lowest  = 4
	highest = 24
	// shape is the picture's width by its height that layouts aim at: a page
	// on its side.
	shape = 1.6
	// sweeps of the reduction of crossings.
	sweeps = 12
)

// tiers are the columns, from the outside to the inside.
func tiers() []graph.Tier {
	return []graph.Tier{graph.TierExternal, graph.TierEdge, graph.TierCompute, graph.TierIntegration, graph.TierData,
		graph.TierIdentity, graph.TierNetwork, graph.TierOperations, graph.TierOther}
}

// rect is a place in the picture.
type rect struct{ x, y, w, h float64 }

func (r rect) right() float64  { return r.x + r.w }
func (r rect) bottom() float64 { return r.y + r.h }
func (r rect) meets(o rect) bool {
	return r.x < o.right() && o.x < r.right() && r.y < o.bottom() && o.y < r.bottom()
}

// frame is the frame of a network.
type frame struct {
	rect
	network
}

// column is the heading of a tier.
type column struct {
	tier graph.Tier
	x, w float64
}

// layout is where everything stands.
type layout struct {
	boxes   []rect
	frames  []frame
	columns []column
	width   float64
	height  float64
}

// cell are the nodes of one tier in one band.
type cell struct{ band, column int }

// table are the nodes in their cells.
type table struct {
	*scene
	columns []graph.Tier
	cells   map[cell][]int
	// tall is how many boxes stand above each other.
	tall int
}

// arrange places the nodes: a row of frames for each network, a column for
// each tier, and within them such an order that few links cross.
func arrange(s *scene) layout {
	t := table{scene: s, cells: map[cell][]int{}}
	at := map[graph.Tier]int{}
	for _, tier := range tiers() {
		if slices.ContainsFunc(s.nodes, func(n node) bool { return columnOf(n) == tier }) {
			at[tier] = len(t.columns)
			t.columns = append(t.columns, tier)
		}
	}
	for i, n := range s.nodes {
		c := cell{n.band, at[columnOf(n)]}
		if outside(n) {
			c.band = len(s.bands)
		}
		t.cells[c] = append(t.cells[c], i)
	}
	t.tall = t.bestShape()
	best, least := t.place(), math.Inf(1)
	for range sweeps {
		l := t.place()
		if cost := l.length(s.links); cost < least {
			best, least = l, cost
		}
		t.reorder(l)
	}
	return best
}

// outside reports whether a node stands outside of all frames.
func outside(n node) bool { return columnOf(n) == graph.TierExternal }

func columnOf(n node) graph.Tier {
	if n.External && n.Boundary == graph.Out {
		return graph.TierExternal
	}
	if slices.Contains(tiers(), n.Tier) {
		return n.Tier
	}
	return graph.TierOther
}

// bestShape tries how tall the stacks should be.
func (t table) bestShape() int {
	best, least := lowest, math.Inf(1)
	for t.tall = lowest; t.tall <= highest; t.tall++ {
		l := t.place()
		if off := math.Abs(math.Log(l.width / l.height / shape)); off < least-1e-9 {
			best, least = t.tall, off
		}
	}
	return best
}

// length is how far links go up and down.
func (l layout) length(links []link) float64 {
	sum := 0.0
	for _, k := range links {
		sum += math.Abs(l.boxes[k.from].y - l.boxes[k.to].y)
	}
	return sum
}

// place gives each node its box. A cell with many nodes has several stacks
// beside each other.
func (t table) place() layout {
	l := layout{boxes: make([]rect, len(t.nodes))}
	stacks, rows := t.measure()
	tops := make([]float64, len(t.bands)+1)
	y := headHeight
	for i, b := range t.bands {
		if rows[i] == 0 {
			continue
		}
		h := bandHead + bandPad + float64(rows[i])*(boxHeight+gapY) - gapY
		tops[i] = y + bandHead
		l.frames = append(l.frames, frame{rect{margin, y, 0, h}, b})
		y += h + bandGap
	}
	outer := len(t.bands)
	l.height = math.Max(y-bandGap, headHeight+float64(rows[outer])*(boxHeight+gapY)-gapY) + margin
	tops[outer] = headHeight + (l.height-margin-headHeight-float64(rows[outer])*(boxHeight+gapY)+gapY)/2
	x, left := margin, margin
	for i, tier := range t.columns {
		if tier != graph.TierExternal && (i == 0 || t.columns[i-1] == graph.TierExternal) {
			left = x
			x += bandPad
		}
		w := float64(stacks[i])*(boxWidth+gapX) - gapX
		l.columns = append(l.columns, column{tier, x, w})
		x += w + columnGap
	}
	l.width = x - columnGap + bandPad + margin
	for i := range l.frames {
		l.frames[i].x, l.frames[i].w = left, l.width-margin-left
	}
	for c, list := range t.cells {
		for k, i := range list {
			stack, row := k/rows[c.band], k%rows[c.band]
			l.boxes[i] = rect{l.columns[c.column].x + float64(stack)*(boxWidth+gapX), tops[c.band] + float64(row)*(boxHeight+gapY), boxWidth, boxHeight}
		}
	}
	return l
}

// measure counts the stacks of each column and the rows of each band. What
// stands outside has all the height that the bands take.
func (t table) measure() (stacks, rows []int) {
	stacks, rows = make([]int, len(t.columns)), make([]int, len(t.bands)+1)
	outer := len(t.bands)
	for c, list := range t.cells {
		if c.band != outer {
			stacks[c.column] = max(stacks[c.column], over(len(list), t.tall))
		}
	}
	total := 0
	for c, list := range t.cells {
		if c.band != outer {
			rows[c.band] = max(rows[c.band], over(len(list), stacks[c.column]))
		}
	}
	for _, n := range rows {
		total += n
	}
	for c, list := range t.cells {
		if c.band == outer {
			stacks[c.column] = over(len(list), max(total, t.tall))
			rows[outer] = over(len(list), stacks[c.column])
		}
	}
	return stacks, rows
}

// over divides and rounds up.
func over(n, by int) int { return (n + by - 1) / by }

// reorder sorts each cell by the mean height of the nodes' neighbours, nearer
// columns counting more (the barycentre method).
func (t table) reorder(l layout) {
	sum, weight := make([]float64, len(t.nodes)), make([]float64, len(t.nodes))
	pull := func(a, b int) {
		near := 1 / (1 + math.Abs(l.boxes[a].x-l.boxes[b].x)/boxWidth)
		sum[a] += near * l.boxes[b].y
		weight[a] += near
	}
	for _, k := range t.links {
		pull(k.from, k.to)
		pull(k.to, k.from)
	}
	want := func(i int) float64 {
		if weight[i] == 0 {
			return l.boxes[i].y
		}
		return sum[i] / weight[i]
	}
	for _, list := range t.cells {
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Or(cmp.Compare(want(a), want(b)), cmp.Compare(a, b)) })
	}
}
