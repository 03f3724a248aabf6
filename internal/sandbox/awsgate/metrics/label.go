package metrics

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/metrics/expr"
)

// dynamic is one part of a label that CloudWatch fills in.
var dynamic = regexp.MustCompile(`\$\{(LABEL|MIN|MAX|AVG|SUM|FIRST|LAST|PROP\('[^']*'\))\}`)

// label returns the label of a result. An array gives several results, which
// are told apart by the label of each series behind that of the query. A
// dynamic part that the sandbox does not know stays as it was written.
func (r *request) label(i int, s expr.Series, array bool) string {
	q := r.queries[i]
	fallback := q.id
	switch {
	case q.metric != nil:
		fallback = r.metricLabel(*q.metric)
	case array && s.Label != "":
		fallback = s.Label
	}
	if q.label == "" {
		return fallback
	}
	plain := true
	text := dynamic.ReplaceAllStringFunc(q.label, func(part string) string {
		plain = plain && part != "${LABEL}"
		return r.part(q, s, fallback, part[2:len(part)-1])
	})
	if array && plain && s.Label != "" {
		return text + " " + s.Label
	}
	return text
}

// metricLabel is the metric's name, with its dimension values when another
// query of the request is about a metric of the same name.
func (r *request) metricLabel(m metricStat) string {
	alike := 0
	for _, q := range r.queries {
		if q.metric != nil && q.metric.id.name == m.id.name {
			alike++
		}
	}
	if alike < 2 || len(m.id.dims) == 0 {
		return m.id.name
	}
	return describe(m.id)
}

// describe is dimension values and name, as the console shows them.
func describe(id identity) string {
	parts := make([]string, 0, len(id.dims)+1)
	for _, d := range id.dims {
		parts = append(parts, d.value)
	}
	return strings.Join(append(parts, id.name), " ")
}

func (r *request) part(q query, s expr.Series, fallback, name string) string {
	if name == "LABEL" {
		return fallback
	}
	if property, ok := strings.CutPrefix(name, "PROP('"); ok {
		return r.property(q, strings.TrimSuffix(property, "')"))
	}
	if len(s.Values) == 0 {
		return "--"
	}
	total := 0.0
	for _, v := range s.Values {
		total += v
	}
	value := map[string]float64{
		"MIN": slices.Min(s.Values), "MAX": slices.Max(s.Values), "SUM": total, "AVG": total / float64(len(s.Values)),
		"FIRST": s.Values[0], "LAST": s.Values[len(s.Values)-1],
	}[name]
	return strconv.FormatFloat(math.Round(value*1000)/1000, 'f', -1, 64)
}

func (r *request) property(q query, name string) string {
	switch name {
	case "AccountId":
		return r.service.opt.Account
	case "Region":
		return r.service.opt.Region
	}
	if q.metric == nil {
		return ""
	}
	switch name {
	case "MetricName":
		return q.metric.id.name
	case "Namespace":
		return q.metric.id.namespace
	case "Stat":
		return q.metric.text
	case "Period":
		return strconv.FormatInt(q.metric.period, 10)
	}
	dim, _ := strings.CutPrefix(name, "Dim.")
	value, _ := q.metric.id.value(dim)
	return value
}
