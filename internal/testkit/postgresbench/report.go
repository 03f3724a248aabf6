package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// table tells the medians of each mover in Markdown.
func table(title string, all []measured) string {
	var names []string
	for _, m := range all {
		if !slices.Contains(names, m.Mover) {
			names = append(names, m.Mover)
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "\n| %s | runs | s | CPU s: tool | source | target | sum | peak MiB | WAL MiB |\n|---|---|---|---|---|---|---|---|---|\n", title)
	for _, name := range names {
		var of []measured
		for _, m := range all {
			if m.Mover == name {
				of = append(of, m)
			}
		}
		fmt.Fprintf(&out, "| %s | %d | %s |\n", name, len(of), strings.Join([]string{
			spread("%.1f", of, func(m measured) float64 { return m.Seconds }),
			middle("%.2f", of, func(m measured) float64 { return m.Tool }),
			middle("%.2f", of, func(m measured) float64 { return m.Source }),
			middle("%.2f", of, func(m measured) float64 { return m.Target }),
			spread("%.2f", of, func(m measured) float64 { return m.Tool + m.Source + m.Target }),
			middle("%.0f", of, func(m measured) float64 { return m.Memory }),
			middle("%.0f", of, func(m measured) float64 { return m.WAL }),
		}, " | "))
	}
	return out.String()
}

func values(all []measured, value func(measured) float64) []float64 {
	var out []float64
	for _, m := range all {
		out = append(out, value(m))
	}
	slices.Sort(out)
	return out
}

func middle(form string, all []measured, value func(measured) float64) string {
	return fmt.Sprintf(form, median(values(all, value)))
}

// spread is the median with the least and the most.
func spread(form string, all []measured, value func(measured) float64) string {
	v := values(all, value)
	if len(v) == 1 {
		return fmt.Sprintf(form, v[0])
	}
	return fmt.Sprintf(form+" ["+form+"-"+form+"]", median(v), v[0], v[len(v)-1])
}

func median(values []float64) float64 {
	slices.SortFunc(values, cmp.Compare[float64])
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}
