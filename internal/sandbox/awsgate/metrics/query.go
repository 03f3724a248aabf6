package metrics

import (
	"fmt"
	"regexp"
	"slices"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
	"example.com/landfall/internal/sandbox/awsgate/metrics/expr"
)

const (
	maxQueries = 500
	maxID      = 255
)

var idForm = regexp.MustCompile(`^[a-z][A-Za-z0-9_]*$`)

// metricStat is what a query about one metric asks for.
type metricStat struct {
	id        identity
	period    int64
	text      string
	statistic statistic
	unit      string
}

// query is one MetricDataQuery: a metric or an expression.
type query struct {
	id         string
	label      string
	period     int64
	returned   bool
	metric     *metricStat
	expression *expr.Expression
}

// readQueries reads and checks MetricDataQueries.
func (s *Service) readQueries(params map[string]any) ([]query, error) {
	sent := awsapi.Maps(params, "MetricDataQueries")
	switch {
	case len(sent) == 0:
		return nil, refuse(codeMissing, "parameter MetricDataQueries is required")
	case len(sent) > maxQueries:
		return nil, refuse(codeValidation, "parameter MetricDataQueries has %d members, the limit is %d", len(sent), maxQueries)
	}
	queries := make([]query, len(sent))
	seen := map[string]bool{}
	returned := false
	for i, one := range sent {
		q, err := s.readQuery(one, fmt.Sprintf("MetricDataQueries.member.%d.", i+1))
		if err != nil {
			return nil, err
		}
		if seen[q.id] {
			return nil, refuse(codeValidation, "id %q stands for two queries", q.id)
		}
		seen[q.id] = true
		returned = returned || q.returned
		queries[i] = q
	}
	if !returned {
		return nil, refuse(codeValidation, "parameter MetricDataQueries has no query with ReturnData true")
	}
	for _, q := range queries {
		if q.expression == nil {
			continue
		}
		for _, name := range q.expression.Names() {
			if !seen[name] {
				return nil, refuse(codeValidation, "expression of query %q refers to %q, which no query has as its id", q.id, name)
			}
		}
	}
	return queries, nil
}

func (s *Service) readQuery(one map[string]any, where string) (query, error) {
	q := query{id: awsapi.String(one, "Id"), label: awsapi.String(one, "Label"), returned: true}
	if len(q.id) > maxID || !idForm.MatchString(q.id) {
		return q, refuse(codeValidation, "parameter %sId %q must start with a lower-case letter and hold letters, digits and underscores", where, q.id)
	}
	if returned, ok := awsapi.Bool(one, "ReturnData"); ok {
		q.returned = returned
	}
	if account := awsapi.String(one, "AccountId"); account != "" && account != s.opt.Account {
		return q, refuse(codeValidation, "parameter %sAccountId %q is no linked account of the sandbox", where, account)
	}
	if awsapi.Has(one, "Period") {
		period, ok := awsapi.Int(one, "Period")
		if !ok || !isPeriod(period) {
			return q, refuse(codeValidation, "parameter %sPeriod must be 1, 5, 10, 20, 30 or a multiple of 60", where)
		}
		q.period = period
	}
	text, stat := awsapi.String(one, "Expression"), awsapi.Map(one, "MetricStat")
	if (text == "") == (stat == nil) {
		return q, refuse(codeValidation, "query %q must have one of MetricStat and Expression", q.id)
	}
	if stat != nil {
		var err error
		q.metric, err = readMetricStat(stat, where+"MetricStat.")
		return q, err
	}
	parsed, err := expr.Parse(text)
	if err != nil {
		return q, refuse(codeValidation, "expression of query %q: %v", q.id, err)
	}
	q.expression = parsed
	return q, nil
}

func readMetricStat(stat map[string]any, where string) (*metricStat, error) {
	metric := awsapi.Map(stat, "Metric")
	namespace, err := readNamespace(metric, where+"Metric.")
	if err != nil {
		return nil, err
	}
	id, err := readIdentity(namespace, metric, where+"Metric.")
	if err != nil {
		return nil, err
	}
	unit, err := readUnit(stat, where)
	if err != nil {
		return nil, err
	}
	period, ok := awsapi.Int(stat, "Period")
	if !ok || !isPeriod(period) {
		return nil, refuse(codeValidation, "parameter %sPeriod must be 1, 5, 10, 20, 30 or a multiple of 60", where)
	}
	text := awsapi.String(stat, "Stat")
	parsed, ok := parseStatistic(text)
	if !ok {
		return nil, refuse(codeValidation, "parameter %sStat %q is no statistic", where, text)
	}
	return &metricStat{id, period, text, parsed, unit}, nil
}

// shortest returns the shortest period of the request's metrics, or 5 minutes
// when it has none.
func shortest(queries []query) int64 {
	var periods []int64
	for _, q := range queries {
		if q.metric != nil {
			periods = append(periods, q.metric.period)
		}
	}
	if len(periods) == 0 {
		return 300
	}
	return slices.Min(periods)
}
