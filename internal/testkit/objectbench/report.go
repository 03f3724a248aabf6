package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// record is one run: a line of the file.
type record struct {
	Time   string  `json:"time"`
	Mover  string  `json:"mover"`
	Target string  `json:"target"`
	Set    string  `json:"set"`
	Pass   string  `json:"pass"`
	Run    int     `json:"run"`
	Scale  float64 `json:"scale"`
	measured
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
	// Requests are those that the sink counted, Sent the bytes of content that
	// came there.
	Requests map[string]int64 `json:"requests,omitempty"`
	Sent     int64            `json:"sent,omitempty"`
	// Load is the machine's before the run.
	Load    float64 `json:"load"`
	Command string  `json:"command"`
}

// The passes.
const (
	passFirst = "first copy"
	passAgain = "no change"
	passKill  = "until the kill"
	passAfter = "after the kill"
)

// book collects records.
type book struct {
	lines   io.Writer
	records []record
}

func (b *book) add(r record) error {
	b.records = append(b.records, r)
	return json.NewEncoder(b.lines).Encode(r)
}

// row is the median of the runs of one mover.
type row struct {
	record
	// Medians, with the least and the most of the first two.
	wall, cpu, rss, own        float64
	leastWall, mostWall        float64
	leastCPU, mostCPU          float64
	timesAsLong, timesAsCostly float64
}

// rows sums up the records by target, set and pass; the first mover of each is
// what the others are held against.
func (b *book) rows(passes ...string) []row {
	type place struct{ target, set, pass, mover string }
	groups := map[place][]record{}
	var order []place
	for _, r := range b.records {
		if !slices.Contains(passes, r.Pass) {
			continue
		}
		at := place{r.Target, r.Set, r.Pass, r.Mover}
		if groups[at] == nil {
			order = append(order, at)
		}
		groups[at] = append(groups[at], r)
	}
	// In the order in which they came, all movers of one pass together.
	index := map[place]int{}
	for i, at := range order {
		at.mover = ""
		if _, ok := index[at]; !ok {
			index[at] = i
		}
	}
	slices.SortStableFunc(order, func(a, b place) int {
		a.mover, b.mover = "", ""
		return cmp.Compare(index[a], index[b])
	})
	var out []row
	first := map[place]row{}
	for _, at := range order {
		r := rowOf(groups[at])
		at.mover = ""
		if _, ok := first[at]; !ok {
			first[at] = r
		}
		r.timesAsLong, r.timesAsCostly = r.wall/first[at].wall, r.cpu/first[at].cpu
		out = append(out, r)
	}
	return out
}

func rowOf(all []record) row {
	of := func(value func(record) float64) (least, middle, most float64) {
		values := make([]float64, 0, len(all))
		for _, r := range all {
			values = append(values, value(r))
		}
		slices.Sort(values)
		return values[0], median(values), values[len(values)-1]
	}
	r := row{record: all[0]}
	r.leastWall, r.wall, r.mostWall = of(func(r record) float64 { return r.Seconds })
	r.leastCPU, r.cpu, r.mostCPU = of(func(r record) float64 { return r.CPU })
	_, r.rss, _ = of(func(r record) float64 { return r.RSS })
	_, r.own, _ = of(func(r record) float64 { return r.Own })
	return r
}

// median of sorted values.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// table prints the rows of some passes.
func (b *book) table(to io.Writer, passes ...string) {
	fmt.Fprintln(to, "| target | set | pass | mover | median s [least-most] | CPU s [least-most] | a CPU second | peak MiB (own) | requests to the target | times as long | times the CPU | load |")
	fmt.Fprintln(to, "|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, r := range b.rows(passes...) {
		per := fmt.Sprintf("%.0f objects", float64(r.Objects)/r.cpu)
		if r.Set == setBig && r.Pass == passFirst {
			per = fmt.Sprintf("%.0f MiB", float64(r.Bytes)/mebibyte/r.cpu)
		}
		fmt.Fprintf(to, "| %s | %s | %s | %s | %.2f [%.2f-%.2f] | %.2f [%.2f-%.2f] | %s | %.0f (%.0f) | %s | %.2f | %.2f | %.1f |\n", r.Target, r.Set, r.Pass, r.Mover,
			r.wall, r.leastWall, r.mostWall, r.cpu, r.leastCPU, r.mostCPU, per, r.rss, r.own, asked(r.Requests), r.timesAsLong, r.timesAsCostly, r.Load)
	}
	fmt.Fprintln(to)
}

// asked writes counts of requests in a fixed order.
func asked(counts map[string]int64) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		words = append(words, fmt.Sprintf("%d %s", counts[name], name))
	}
	return strings.Join(words, ", ")
}

// commands prints each command once, as it was given.
func (b *book) commands(to io.Writer) {
	seen := map[string]bool{}
	for _, r := range b.records {
		at := r.Mover + " " + r.Pass
		if seen[at] {
			continue
		}
		seen[at] = true
		fmt.Fprintf(to, "- %s, %s: `%s`\n", r.Mover, r.Pass, r.Command)
	}
	fmt.Fprintln(to)
}
