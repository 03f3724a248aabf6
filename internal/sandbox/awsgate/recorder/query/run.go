package query

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Passes reports whether the document fulfils the query's condition.
func (q *Query) Passes(document map[string]any) bool {
	return q.where == nil || q.where.holds(document)
}

// Follows reports whether the query gives one row per document that passes, in
// the order of the documents. Such a query can be cut into pages by document.
func (q *Query) Follows() bool { return !q.aggregated() && len(q.orders) == 0 }

// Run returns the rows of the query over the documents, which are JSON
// objects. Without ORDER BY, rows follow the order of the documents.
func (q *Query) Run(documents []map[string]any) []map[string]any {
	var passed []map[string]any
	for _, d := range documents {
		if q.Passes(d) {
			passed = append(passed, d)
		}
	}
	if q.aggregated() {
		return q.fold(passed)
	}
	q.sort(passed, func(d map[string]any, f field) string { return first(values(d, f.path)) })
	rows := make([]map[string]any, len(passed))
	for i, d := range passed {
		row := map[string]any{}
		for _, f := range q.fields {
			merge(row, d, f.path)
		}
		rows[i] = row
	}
	return rows
}

func (q *Query) sort(rows []map[string]any, key func(map[string]any, field) string) {
	slices.SortStableFunc(rows, func(a, b map[string]any) int {
		for _, o := range q.orders {
			c := compare(key(a, o.field), key(b, o.field))
			if o.descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
}

func first(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// merge copies what stands at the path from a document into a row, with the
// objects and arrays around it, as SelectResourceConfig returns it.
func merge(row, from map[string]any, path []string) {
	name := path[0]
	value, ok := from[name]
	if !ok {
		return
	}
	if part, ok := project(value, path[1:], row[name]); ok {
		row[name] = part
	}
}

// project returns value reduced to the path, joined with what is there already.
func project(value any, path []string, there any) (any, bool) {
	if len(path) == 0 {
		return value, true
	}
	switch value := value.(type) {
	case map[string]any:
		row, _ := there.(map[string]any)
		if row == nil {
			row = map[string]any{}
		}
		merge(row, value, path)
		return row, len(row) > 0
	case []any:
		old, _ := there.([]any)
		list := make([]any, 0, len(value))
		for i, item := range value {
			var before any
			if i < len(old) {
				before = old[i]
			}
			// Elements without the property stay as empty objects, so that two
			// fields of one array stay side by side.
			part, ok := project(item, path, before)
			if !ok {
				part = map[string]any{}
			}
			list = append(list, part)
		}
		return list, len(list) > 0
	}
	return nil, false
}

// group is the documents that share the values of GROUP BY.
type group struct {
	of  map[string]any
	all []map[string]any
}

// fold returns one row per group, in the order of the groups' values.
func (q *Query) fold(documents []map[string]any) []map[string]any {
	groups := map[string]*group{}
	var keys []string
	for _, d := range documents {
		parts := make([]string, len(q.groups))
		for i, f := range q.groups {
			parts[i] = strings.Join(values(d, f.path), "\x01")
		}
		key := strings.Join(parts, "\x00")
		if groups[key] == nil {
			groups[key] = &group{of: d}
			keys = append(keys, key)
		}
		groups[key].all = append(groups[key].all, d)
	}
	// Aggregates without GROUP BY have a row also when nothing passed.
	if len(q.groups) == 0 && len(keys) == 0 {
		keys, groups[""] = []string{""}, &group{of: map[string]any{}}
	}
	slices.Sort(keys)
	rows := make([]map[string]any, 0, len(keys))
	for _, key := range keys {
		row := map[string]any{}
		for _, f := range q.fields {
			if f.function == "" {
				merge(row, groups[key].of, f.path)
			} else {
				row[f.name] = f.aggregate(groups[key].all)
			}
		}
		rows = append(rows, row)
	}
	q.sort(rows, func(row map[string]any, f field) string {
		if f.function != "" {
			value, _ := scalar(row[f.name])
			return value
		}
		return first(values(row, f.path))
	})
	return rows
}

// aggregate computes the function over the documents; nil when none of them
// has a value it can work on.
func (f field) aggregate(documents []map[string]any) any {
	if f.path == nil {
		return int64(len(documents))
	}
	var all []string
	for _, d := range documents {
		all = append(all, values(d, f.path)...)
	}
	switch f.function {
	case "COUNT":
		return int64(len(all))
	case "MIN", "MAX":
		if len(all) == 0 {
			return nil
		}
		best := slices.MinFunc(all, compare)
		if f.function == "MAX" {
			best = slices.MaxFunc(all, compare)
		}
		if n, err := strconv.ParseFloat(best, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
			return n
		}
		return best
	}
	total, count := 0.0, 0
	for _, one := range all {
		if n, err := strconv.ParseFloat(one, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
			total += n
			count++
		}
	}
	switch {
	case count == 0:
		return nil
	case f.function == "AVG":
		return total / float64(count)
	}
	return total
}
