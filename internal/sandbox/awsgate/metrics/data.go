package metrics

import (
	"context"
	"strings"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
	"example.com/landfall/internal/sandbox/awsgate/metrics/expr"
)

// maxPage is the default and the limit of MaxDatapoints.
const maxPage = 100_800

// data is GetMetricData.
func (s *Service) data(ctx context.Context, params map[string]any) (map[string]any, error) {
	start, end, err := readRange(params)
	if err != nil {
		return nil, err
	}
	queries, err := s.readQueries(params)
	if err != nil {
		return nil, err
	}
	page, err := readPage(params)
	if err != nil {
		return nil, err
	}
	r := &request{
		service: s, ctx: ctx, start: start, end: end, now: s.opt.Now(),
		queries: queries, state: make([]progress, len(queries)), values: make([]expr.Value, len(queries)),
	}
	results, err := r.results()
	if err != nil {
		return nil, err
	}
	out := page.cut(results)
	out["Messages"] = r.messages
	if r.messages == nil {
		out["Messages"] = []any{}
	}
	return out, nil
}

// progress of one query; a query met while open refers to itself.
type progress int

const (
	untouched progress = iota
	open
	done
)

// request is one GetMetricData while it is answered.
type request struct {
	service         *Service
	ctx             context.Context
	start, end, now time.Time
	queries         []query
	state           []progress
	values          []expr.Value
	messages        []any
}

// result is one series to return.
type result struct {
	id, label string
	series    expr.Series
}

func (r *request) results() ([]result, error) {
	var out []result
	for i, q := range r.queries {
		if !q.returned {
			continue
		}
		v, err := r.value(i)
		if err != nil {
			return nil, err
		}
		if v.Kind != expr.One && v.Kind != expr.Many {
			return nil, refuse(codeValidation, "expression of query %q is %s, not a time series: use TIME_SERIES", q.id, v.Kind)
		}
		for _, series := range v.Series {
			out = append(out, result{q.id, r.label(i, series, v.Kind == expr.Many), series})
		}
	}
	return out, nil
}

// value computes a query once.
func (r *request) value(i int) (expr.Value, error) {
	q := r.queries[i]
	switch r.state[i] {
	case done:
		return r.values[i], nil
	case open:
		return expr.Value{}, refuse(codeValidation, "expression of query %q refers to itself", q.id)
	}
	if err := r.ctx.Err(); err != nil {
		return expr.Value{}, err
	}
	r.state[i] = open
	v, err := r.compute(q)
	if err != nil {
		return expr.Value{}, err
	}
	r.state[i], r.values[i] = done, v
	return v, nil
}

func (r *request) compute(q query) (expr.Value, error) {
	if q.metric != nil {
		return expr.Of(r.read(*q.metric)), nil
	}
	period := q.period
	if period == 0 {
		period = shortest(r.queries)
	}
	v, err := q.expression.Eval(expr.Env{
		Start:         func(seconds int64) int64 { return r.span(seconds).start },
		End:           ceilSeconds(r.end),
		PeriodSeconds: period,
		Lookup:        r.lookup,
		Metrics:       r.metrics,
		Search:        r.search,
	})
	if inner, ok := err.(*expr.Error); ok {
		return v, refuse(codeValidation, "expression of query %q: %v", q.id, inner)
	}
	return v, err
}

func (r *request) span(period int64) span { return spanOf(r.start, r.end, r.now, period) }

func (r *request) read(m metricStat) expr.Series {
	out := expr.Series{Label: m.id.name, PeriodSeconds: m.period}
	for _, a := range r.service.store.read(m.id, m.unit, r.span(m.period), m.statistic.distribution()) {
		if v, ok := m.statistic.of(&a); ok {
			out.Times = append(out.Times, a.at)
			out.Values = append(out.Values, v)
		}
	}
	return out
}

func (r *request) lookup(id string) (expr.Value, error) {
	for i, q := range r.queries {
		if q.id == id {
			return r.value(i)
		}
	}
	return expr.Value{}, refuse(codeValidation, "query %q does not exist", id)
}

// metrics is METRICS(): the queries about a metric, not the expressions.
func (r *request) metrics(contains string) ([]expr.Series, error) {
	var out []expr.Series
	for i, q := range r.queries {
		if q.metric == nil || !strings.Contains(q.id, contains) {
			continue
		}
		v, err := r.value(i)
		if err != nil {
			return nil, err
		}
		series := v.Series[0]
		series.Label = r.label(i, series, false)
		out = append(out, series)
	}
	return out, nil
}

// message tells the caller about the whole request.
func (r *request) message(code, text string) {
	r.messages = append(r.messages, map[string]any{"Code": code, "Value": text})
}

// readPage reads the paging members.
func readPage(params map[string]any) (page, error) {
	p := page{most: maxPage, descending: true, request: fingerprint(params)}
	if awsapi.Has(params, "MaxDatapoints") {
		most, ok := awsapi.Int(params, "MaxDatapoints")
		if !ok || most < 1 || most > maxPage {
			return p, refuse(codeValidation, "parameter MaxDatapoints must be 1 to %d", maxPage)
		}
		p.most = int(most)
	}
	switch order := awsapi.String(params, "ScanBy"); order {
	case "", "TimestampDescending":
	case "TimestampAscending":
		p.descending = false
	default:
		return p, refuse(codeValidation, "parameter ScanBy %q must be TimestampAscending or TimestampDescending", order)
	}
	if token := awsapi.String(params, "NextToken"); token != "" {
		skip, ok := p.parse(token)
		if !ok {
			return p, refuse(codeToken, "parameter NextToken is not one that this request returned")
		}
		p.skip = skip
	}
	return p, nil
}
