package metrics

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"time"
)

// page is the part of a GetMetricData answer that is handed out: data points
// skip to skip+most, counted through all results in their order.
type page struct {
	skip, most int
	descending bool
	// request is the fingerprint of what was asked, so that the token of one
	// request is no use in another.
	request uint64
}

// fingerprint of the request without what may differ between its pages.
func fingerprint(params map[string]any) uint64 {
	rest := maps.Clone(params)
	delete(rest, "NextToken")
	delete(rest, "MaxDatapoints")
	h := fnv.New64a()
	// Marshal sorts the keys; what it cannot write (nothing that a request
	// holds) would only make the fingerprint less specific.
	_ = json.NewEncoder(h).Encode(rest)
	return h.Sum64()
}

func (p page) token() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%x", p.skip+p.most, p.request))
}

func (p page) parse(token string) (skip int, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, false
	}
	var request uint64
	if _, err := fmt.Sscanf(string(raw), "%d.%x", &skip, &request); err != nil {
		return 0, false
	}
	return skip, skip > 0 && request == p.request
}

// cut returns the answer for this page. A result stands in every page that
// holds points of it; one without points stands in the first page. StatusCode
// is PartialData while points of the result are still to come.
func (p page) cut(results []result) map[string]any {
	out := []any{}
	passed := 0
	for _, r := range results {
		n := len(r.series.Times)
		from := min(max(p.skip-passed, 0), n)
		to := min(max(p.skip+p.most-passed, 0), n)
		passed += n
		if from == to && !(n == 0 && p.skip == 0) {
			continue
		}
		status := "Complete"
		if to < n {
			status = "PartialData"
		}
		times, values := p.points(r, from, to)
		out = append(out, map[string]any{
			"Id": r.id, "Label": r.label, "StatusCode": status, "Timestamps": times, "Values": values,
		})
	}
	answer := map[string]any{"MetricDataResults": out}
	if passed > p.skip+p.most {
		answer["NextToken"] = p.token()
	}
	return answer
}

// points returns the points from from to to in the order of the scan.
func (p page) points(r result, from, to int) (times, values []any) {
	times, values = []any{}, []any{}
	for i := from; i < to; i++ {
		at := i
		if p.descending {
			at = len(r.series.Times) - 1 - i
		}
		times = append(times, time.Unix(r.series.Times[at], 0).UTC())
		values = append(values, r.series.Values[at])
	}
	return times, values
}
