package metric

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
)

// maxBuckets bounds an answer; the service has a similar one.
const maxBuckets = 50000

var (
	durationForm = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$`)
	clauseForm   = regexp.MustCompile(`(?i)^\s*(?:'([^']+)'|([\w./ -]+?))\s+(eq|ne|sw)\s+'([^']*)'\s*$`)
	andForm      = regexp.MustCompile(`(?i)\s+and\s+`)
)

// query is a read request.
type query struct {
	start, end   time.Time
	interval     time.Duration
	names        []string
	aggregations []string
	clauses      []clause
	top          int
}

type clause struct {
	dimension, operator, value string
}

// Query answers GET .../providers/Microsoft.Insights/metrics. now stands in
// for a missing time span, which is the last hour.
func (s *Store) Query(resource, kind, region string, values url.Values, now time.Time) (map[string]any, error) {
	q, err := readQuery(values, now)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.of(resource)
	out := []any{}
	for _, name := range q.metrics(all) {
		found := slices.DeleteFunc(slices.Clone(all), func(one *series) bool { return !strings.EqualFold(one.metric, name) })
		if len(found) == 0 {
			return nil, armerror.BadRequest("BadRequest", "Failed to find metric configuration for provider: %s, resource type: %s, metric: %s.%s", namespaceOf(kind), kind, name, valid(all))
		}
		out = append(out, q.metric(resource, found))
	}
	return map[string]any{
		"cost": 0, "timespan": stamp(q.start) + "/" + stamp(q.end), "interval": isoDuration(q.interval), "namespace": kind, "resourceregion": region, "value": out,
	}, nil
}

func namespaceOf(kind string) string {
	before, _, _ := strings.Cut(kind, "/")
	return before
}

func valid(all []*series) string {
	names := map[string]bool{}
	for _, s := range all {
		names[s.metric] = true
	}
	return " Valid metrics: " + strings.Join(slices.Sorted(maps.Keys(names)), ",")
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// metrics are the names asked for, or the first of the resource when none is.
func (q query) metrics(all []*series) []string {
	if len(q.names) > 0 {
		return q.names
	}
	if len(all) > 0 {
		return []string{all[0].metric}
	}
	return nil
}

func readQuery(values url.Values, now time.Time) (query, error) {
	q := query{end: now, start: now.Add(-time.Hour), interval: time.Minute, aggregations: []string{"average"}, top: 10}
	if span := values.Get("timespan"); span != "" {
		from, to, ok := strings.Cut(span, "/")
		var err1, err2 error
		q.start, err1 = time.Parse(time.RFC3339Nano, from)
		q.end, err2 = time.Parse(time.RFC3339Nano, to)
		if !ok || err1 != nil || err2 != nil || !q.end.After(q.start) {
			return q, armerror.BadRequest("BadRequest", "Invalid time span '%s': two RFC 3339 times with a slash between them are expected.", span)
		}
	}
	if interval := values.Get("interval"); interval != "" {
		var err error
		if q.interval, err = readInterval(interval, q.end.Sub(q.start)); err != nil {
			return q, err
		}
	}
	if q.end.Sub(q.start)/q.interval > maxBuckets {
		return q, armerror.BadRequest("BadRequest", "The time span has more than %d intervals.", maxBuckets)
	}
	for name := range strings.SplitSeq(values.Get("metricnames"), ",") {
		// Azure writes a comma inside a name as %2 after decoding.
		if name = strings.TrimSpace(strings.ReplaceAll(name, "%2", ",")); name != "" {
			q.names = append(q.names, name)
		}
	}
	return q, q.rest(values)
}

func readInterval(text string, whole time.Duration) (time.Duration, error) {
	if strings.EqualFold(text, "FULL") {
		return whole, nil
	}
	m := durationForm.FindStringSubmatch(strings.ToUpper(text))
	var d time.Duration
	if m != nil {
		for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute} {
			n, err := strconv.Atoi(m[i+1])
			if m[i+1] != "" && (err != nil || n > 10000) {
				return 0, armerror.BadRequest("BadRequest", "Invalid interval '%s'.", text)
			}
			d += time.Duration(n) * unit
		}
	}
	allowed := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}
	if !slices.Contains(allowed, d) {
		return 0, armerror.BadRequest("BadRequest", "Detected invalid time grain input '%s'; supported ones are: PT1M,PT5M,PT15M,PT30M,PT1H,PT6H,PT12H,P1D", text)
	}
	return d, nil
}

func (q *query) rest(values url.Values) error {
	if text := values.Get("aggregation"); text != "" {
		q.aggregations = nil
		for word := range strings.SplitSeq(strings.ToLower(text), ",") {
			if !slices.Contains([]string{"average", "total", "count", "minimum", "maximum"}, word) {
				return armerror.BadRequest("BadRequest", "Invalid aggregation '%s': Average, Total, Count, Minimum and Maximum are supported.", word)
			}
			q.aggregations = append(q.aggregations, word)
		}
	}
	if text := values.Get("top"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return armerror.BadRequest("BadRequest", "Invalid top '%s'.", text)
		}
		q.top = n
	}
	filter := strings.TrimSpace(values.Get("$filter"))
	if filter == "" {
		return nil
	}
	for _, part := range andForm.Split(filter, -1) {
		m := clauseForm.FindStringSubmatch(part)
		if m == nil {
			return armerror.BadRequest("BadRequest", "Invalid filter '%s': clauses of the form NAME eq 'VALUE' joined by 'and' are supported.", part)
		}
		q.clauses = append(q.clauses, clause{dimension: m[1] + strings.TrimSpace(m[2]), operator: strings.ToLower(m[3]), value: m[4]})
	}
	return nil
}

// keeps reports whether a series passes the filter.
func (q query) keeps(s *series) bool {
	for _, c := range q.clauses {
		have := dimension(s, c.dimension)
		switch {
		case c.operator == "eq" && c.value != "*" && !strings.EqualFold(have, c.value):
			return false
		case c.operator == "ne" && strings.EqualFold(have, c.value):
			return false
		case c.operator == "sw" && !strings.HasPrefix(strings.ToLower(have), strings.ToLower(c.value)):
			return false
		}
	}
	return true
}

func dimension(s *series, name string) string {
	for key, value := range s.dimensions {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// metric answers one metric: series are split by the dimensions that the
// filter names, and merged over the others.
func (q query) metric(resource string, found []*series) map[string]any {
	groups := map[string][]*series{}
	for _, s := range found {
		if !q.keeps(s) {
			continue
		}
		key := ""
		for _, c := range q.clauses {
			key += c.dimension + "=" + dimension(s, c.dimension) + ";"
		}
		groups[key] = append(groups[key], s)
	}
	lines := []any{}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		if len(lines) < q.top || len(q.clauses) == 0 {
			lines = append(lines, q.line(groups[key]))
		}
	}
	one := found[0]
	unit := one.unit
	if unit == "" {
		unit = "Unspecified"
	}
	return map[string]any{"id": resource + "/providers/Microsoft.Insights/metrics/" + one.metric, "type": "Microsoft.Insights/metrics", "name": map[string]any{"value": one.metric, "localizedValue": one.metric},
		"unit": unit, "timeseries": lines, "errorCode": "Success"}
}

func (q query) line(group []*series) map[string]any {
	n := int((q.end.Sub(q.start) + q.interval - 1) / q.interval)
	buckets := make([]sample, n)
	for _, s := range group {
		for _, one := range s.samples {
			if one.at.Before(q.start) || !one.at.Before(q.end) {
				continue
			}
			i := int(one.at.Sub(q.start) / q.interval)
			buckets[i] = buckets[i].plus(one)
		}
	}
	data := make([]any, n)
	for i, b := range buckets {
		data[i] = b.answer(q.start.Add(time.Duration(i)*q.interval), q.aggregations)
	}
	labels := []any{}
	for _, c := range q.clauses {
		labels = append(labels, map[string]any{"name": map[string]any{"value": strings.ToLower(c.dimension), "localizedValue": strings.ToLower(c.dimension)}, "value": dimension(group[0], c.dimension)})
	}
	return map[string]any{"metadatavalues": labels, "data": data}
}

func (s sample) plus(o sample) sample {
	if s.count == 0 {
		return o
	}
	return sample{count: s.count + o.count, total: s.total + o.total, low: min(s.low, o.low), high: max(s.high, o.high)}
}

// answer leaves out the values of an interval without samples, as the service
// does: no data is not zero.
func (s sample) answer(at time.Time, aggregations []string) map[string]any {
	out := map[string]any{"timeStamp": stamp(at)}
	if s.count == 0 {
		return out
	}
	all := map[string]float64{"average": s.total / s.count, "total": s.total, "count": s.count, "minimum": s.low, "maximum": s.high}
	for _, a := range aggregations {
		out[a] = all[a]
	}
	return out
}

func isoDuration(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("P%dD", d/(24*time.Hour))
	case d%time.Hour == 0:
		return fmt.Sprintf("PT%dH", d/time.Hour)
	}
	return fmt.Sprintf("PT%dM", d/time.Minute)
}

// Definitions answers GET .../providers/Microsoft.Insights/metricDefinitions.
func (s *Store) Definitions(resource, kind string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := map[string]map[string]bool{}
	units := map[string]string{}
	for _, one := range s.of(resource) {
		if names[one.metric] == nil {
			names[one.metric] = map[string]bool{}
		}
		units[one.metric] = one.unit
		for d := range one.dimensions {
			names[one.metric][d] = true
		}
	}
	out := []any{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		dimensions := []any{}
		for _, d := range slices.Sorted(maps.Keys(names[name])) {
			dimensions = append(dimensions, map[string]any{"value": d, "localizedValue": d})
		}
		out = append(out, map[string]any{"id": resource + "/providers/microsoft.insights/metricdefinitions/" + name, "resourceId": resource, "namespace": kind, "name": map[string]any{"value": name, "localizedValue": name},
			"isDimensionRequired": false, "unit": units[name], "primaryAggregationType": "Average", "supportedAggregationTypes": []string{"Average", "Minimum", "Maximum", "Total", "Count"}, "dimensions": dimensions,
			"metricAvailabilities": []any{map[string]any{"timeGrain": "PT1M", "retention": "P93D"}}})
	}
	return map[string]any{"value": out}
}
