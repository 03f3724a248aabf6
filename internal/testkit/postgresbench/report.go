package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// table tells the medians of each mover for a data set.
func table(set string, all []measured) string {
	var names []string
	for _, m := range all {
		if m.Set == set && !slices.Contains(names, m.Mover) {
			names = append(names, m.Mover)
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%-10s %-28s %3s %8s %8s %8s %8s %8s %8s\n", set, "mover", "n", "wall s", "tool", "source", "target", "sum CPU", "WAL MiB")
	for _, name := range names {
		of := func(value func(measured) float64) float64 {
			var values []float64
			for _, m := range all {
				if m.Set == set && m.Mover == name {
					values = append(values, value(m))
				}
			}
			return median(values)
		}
		n := 0
		for _, m := range all {
			if m.Set == set && m.Mover == name {
				n++
			}
		}
		fmt.Fprintf(&out, "%-10s %-28s %3d %8.2f %8.2f %8.2f %8.2f %8.2f %8.0f\n", "", name, n,
			of(func(m measured) float64 { return m.Seconds }), of(func(m measured) float64 { return m.Tool }), of(func(m measured) float64 { return m.Source }),
			of(func(m measured) float64 { return m.Target }), of(func(m measured) float64 { return m.Tool + m.Source + m.Target }), of(func(m measured) float64 { return m.WAL }))
	}
	return out.String()
}

func median(values []float64) float64 {
	slices.SortFunc(values, cmp.Compare[float64])
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}
