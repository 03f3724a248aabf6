package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	"golang.org/x/sync/errgroup"

	"example.com/landfall/internal/awserror"
	"example.com/landfall/internal/fault"
)

// reader is the part of CloudWatch that is used: reads only.
type reader interface {
	GetMetricData(context.Context, *cloudwatch.GetMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error)
	ListMetrics(context.Context, *cloudwatch.ListMetricsInput, ...func(*cloudwatch.Options)) (*cloudwatch.ListMetricsOutput, error)
}

const (
	// batchSize is the most that GetMetricData takes.
	batchSize = 500
	// maxPages bounds one batch: 500 metrics of 455 days by the minute would
	// be some 3,300 pages of 100,800 data points.
	maxPages = 4000
)

// series is what came of one query.
type series struct {
	points map[int64]float64 // by seconds since 1970
	// trouble is why the series is not whole.
	trouble string
	// notes are messages of CloudWatch about it.
	notes []string
}

// fetcher asks one site.
type fetcher struct {
	api   reader
	found map[string]*series
}

// fetch answers the queries of a site, batch by batch, a few at a time. Its
// error is only for a cancelled context.
func fetch(ctx context.Context, api reader, queries []query, concurrency int) (map[string]*series, error) {
	f := &fetcher{api: api, found: map[string]*series{}}
	var batches [][]query
	for _, group := range alike(queries) {
		batches = append(batches, slices.Collect(slices.Chunk(group, batchSize))...)
	}
	results := make([]map[string]*series, len(batches))
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(max(concurrency, 1))
	for i, batch := range batches {
		group.Go(func() error {
			results[i] = f.batch(inner, batch)
			return inner.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fault.Wrap(err, "read CloudWatch", "")
	}
	for _, r := range results {
		for key, s := range r {
			f.found[key] = s
		}
	}
	return f.found, nil
}

// alike groups queries, each once, that one request can hold: of one window,
// and with the long periods apart, since a refusal of them must not take the
// others along.
func alike(queries []query) [][]query {
	type window struct {
		from, to time.Time
		long     bool
	}
	var order []window
	groups := map[window][]query{}
	seen := map[string]bool{}
	for _, q := range queries {
		key := q.key()
		if seen[key] {
			continue
		}
		seen[key] = true
		w := window{q.from, q.to, q.period > 24*time.Hour}
		if groups[w] == nil {
			order = append(order, w)
		}
		groups[w] = append(groups[w], q)
	}
	out := make([][]query, 0, len(order))
	for _, w := range order {
		out = append(out, groups[w])
	}
	return out
}

// batch reads all pages of one request. What was read before an error counts,
// and is marked as not whole.
func (f *fetcher) batch(ctx context.Context, queries []query) map[string]*series {
	in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(queries[0].from), EndTime: aws.Time(queries[0].to), ScanBy: types.ScanByTimestampAscending}
	list := make([]*series, len(queries))
	found := map[string]*series{}
	for i, q := range queries {
		list[i] = &series{points: map[int64]float64{}}
		found[q.key()] = list[i]
		in.MetricDataQueries = append(in.MetricDataQueries, metricQuery(i, q))
	}
	for page := 0; ; page++ {
		out, err := f.api.GetMetricData(ctx, in)
		if err == nil && page >= maxPages {
			err = errors.New("more than " + strconv.Itoa(maxPages) + " pages")
		}
		if err != nil {
			for _, s := range list {
				s.trouble = reason(err)
			}
			return found
		}
		collect(out, list)
		if aws.ToString(out.NextToken) == "" {
			return found
		}
		in.NextToken = out.NextToken
	}
}

func metricQuery(i int, q query) types.MetricDataQuery {
	metric := &types.Metric{Namespace: &q.namespace, MetricName: &q.name}
	for _, d := range q.dimensions {
		metric.Dimensions = append(metric.Dimensions, types.Dimension{Name: aws.String(d.name), Value: aws.String(d.value)})
	}
	return types.MetricDataQuery{Id: aws.String("q" + strconv.Itoa(i)), ReturnData: aws.Bool(true),
		MetricStat: &types.MetricStat{Metric: metric, Period: aws.Int32(int32(q.period / time.Second)), Stat: &q.statistic}}
}

// collect adds the data points of a page to their series. A series that goes
// on behind the page is PartialData until its last page.
func collect(out *cloudwatch.GetMetricDataOutput, list []*series) {
	for _, r := range out.MetricDataResults {
		i, err := strconv.Atoi(strings.TrimPrefix(aws.ToString(r.Id), "q"))
		if err != nil || i < 0 || i >= len(list) {
			continue
		}
		s := list[i]
		for n := range min(len(r.Timestamps), len(r.Values)) {
			s.points[r.Timestamps[n].Unix()] = r.Values[n]
		}
		s.trouble = ""
		if r.StatusCode != types.StatusCodeComplete && r.StatusCode != "" {
			s.trouble = "CloudWatch says " + string(r.StatusCode)
		}
		s.note(r.Messages)
	}
	for _, s := range list {
		s.note(out.Messages)
	}
}

func (s *series) note(messages []types.MessageData) {
	for _, m := range messages {
		text := strings.TrimPrefix(aws.ToString(m.Code)+": "+aws.ToString(m.Value), ": ")
		if !slices.Contains(s.notes, text) && len(s.notes) < 10 {
			s.notes = append(s.notes, text)
		}
	}
}

// reason is one line: the kind of the error, and AWS's own code and words.
func reason(err error) string {
	kind, text := fault.KindOf(err), err.Error()
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		kind, text = awserror.Kind(err), api.ErrorCode()+": "+api.ErrorMessage()
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%s: %s", kind, text)), " ")
}
