package picture

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// routes leads links between the boxes: from gutter to gutter, and through the
// gaps between the rows of every stack on the way, never behind a box.
type routes struct {
	xs []float64
	// stacks are the boxes above each other at each x, from the top.
	stacks [][]rect
	// used counts the links that pass a gap already.
	used map[lane]int
}

// lane is a gap in a stack.
type lane struct {
	stack int
	y     float64
}

// clear is how far a passing line keeps from boxes.
const clear = 5.0

func newRoutes(boxes []rect) *routes {
	r := &routes{used: map[lane]int{}}
	for _, b := range boxes {
		r.xs = append(r.xs, b.x)
	}
	slices.Sort(r.xs)
	r.xs = slices.Compact(r.xs)
	r.stacks = make([][]rect, len(r.xs))
	for _, b := range boxes {
		i := r.stack(b)
		r.stacks[i] = append(r.stacks[i], b)
	}
	for _, list := range r.stacks {
		slices.SortFunc(list, func(a, b rect) int {
			if a.y < b.y {
				return -1
			}
			return 1
		})
	}
	return r
}

func (r *routes) stack(b rect) int {
	i, _ := slices.BinarySearch(r.xs, b.x)
	return i
}

// lead gives the curves from one box to another, one after the other.
func (r *routes) lead(from, to rect) []curve {
	i, j := r.stack(from), r.stack(to)
	y1, y2 := from.y+from.h/2, to.y+to.h/2
	if i == j {
		// Boxes above each other are joined around their right sides, in the gutter.
		bend := 18 + math.Min(math.Abs(y2-y1)/8, 40)
		return []curve{{[4]float64{from.right(), from.right() + bend, to.right() + bend, to.right()}, [4]float64{y1, y1, y2, y2}}}
	}
	way, out, in := 1, from.right(), to.x
	if j < i {
		way, out, in = -1, from.x, to.right()
	}
	var list []curve
	x, y := out, y1
	for s := i + way; s != j; s += way {
		near, far := r.xs[s]-8, r.xs[s]+boxWidth+8
		if way < 0 {
			near, far = far, near
		}
		pass := r.pass(s, y1+(y2-y1)*(r.xs[s]-from.x)/(to.x-from.x))
		list = append(list, smooth(x, y, near, pass), smooth(near, pass, far, pass))
		x, y = far, pass
	}
	return append(list, smooth(x, y, in, y2))
}

// pass finds the height nearest to the wanted one at which no box of the stack
// is in the way.
func (r *routes) pass(s int, want float64) float64 {
	list := r.stacks[s]
	k, _ := slices.BinarySearchFunc(list, want, func(b rect, y float64) int {
		if b.bottom()+clear <= y {
			return -1
		}
		return 1
	})
	if k == len(list) || list[k].y-clear >= want {
		return want
	}
	y := list[k].y - gapY/2
	if want > list[k].y+list[k].h/2 {
		y = list[k].bottom() + gapY/2
	}
	at := lane{s, y}
	r.used[at]++
	// Three lines fit beside each other; more of them go together.
	return y + [...]float64{0, -3, 3}[(r.used[at]-1)%3]
}

// curve is a cubic Bézier curve.
type curve struct{ x, y [4]float64 }

// smooth leaves and arrives level.
func smooth(x1, y1, x2, y2 float64) curve {
	bend := (x2 - x1) / 2
	return curve{[4]float64{x1, x1 + bend, x2 - bend, x2}, [4]float64{y1, y1, y2, y2}}
}

// path joins the curves to the value of a path element.
func path(list []curve) string {
	var b strings.Builder
	for i, c := range list {
		if i == 0 {
			fmt.Fprintf(&b, "M%.1f %.1f", c.x[0], c.y[0])
		}
		if c.y[0] == c.y[3] {
			fmt.Fprintf(&b, "H%.1f", c.x[3])
			continue
		}
		fmt.Fprintf(&b, "C%.1f %.1f %.1f %.1f %.1f %.1f", c.x[1], c.y[1], c.x[2], c.y[2], c.x[3], c.y[3])
	}
	return b.String()
}

func (c curve) at(t float64) (x, y float64) {
	u := 1 - t
	w := [4]float64{u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t}
	for i := range w {
		x += w[i] * c.x[i]
		y += w[i] * c.y[i]
	}
	return x, y
}
