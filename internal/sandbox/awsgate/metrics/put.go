package metrics

import (
	"fmt"
	"math"
	"time"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

const (
	maxDatums  = 1000 // metrics in one PutMetricData
	maxValues  = 150  // MetricDatum.Values
	maxPast    = 14 * 24 * time.Hour
	maxFuture  = 2 * time.Hour
	maxDoubles = 360 // values lie between -2^360 and 2^360
)

// batch is one checked MetricDatum.
type batch struct {
	id     identity
	unit   string
	sample sample
}

// put is PutMetricData: all of it is checked before any of it is stored.
func (s *Service) put(params map[string]any) (map[string]any, error) {
	namespace, err := readNamespace(params, "")
	if err != nil {
		return nil, err
	}
	// The real service keeps "AWS/" for its own services; the sandbox loads
	// those as history instead.
	if len(namespace) >= 4 && namespace[:4] == "AWS/" {
		return nil, refuse(codeInvalidValue, "parameter Namespace %q must not begin with AWS/", namespace)
	}
	batches, err := s.readData(namespace, params, "")
	if err != nil {
		return nil, err
	}
	for i, entity := range awsapi.Maps(params, "EntityMetricData") {
		more, err := s.readData(namespace, entity, fmt.Sprintf("EntityMetricData.member.%d.", i+1))
		if err != nil {
			return nil, err
		}
		batches = append(batches, more...)
	}
	switch {
	case len(batches) == 0:
		return nil, refuse(codeMissing, "parameter MetricData is required")
	case len(batches) > maxDatums:
		return nil, refuse(codeInvalidValue, "parameter MetricData has %d members, the limit is %d", len(batches), maxDatums)
	}
	weight := 0
	for _, b := range batches {
		weight += weigh([]sample{b.sample})
	}
	if !s.store.fits(weight) {
		return nil, s.full()
	}
	for _, b := range batches {
		if !s.store.add(b.id, b.unit, []sample{b.sample}) {
			return nil, s.full()
		}
	}
	return nil, nil
}

func (s *Service) full() error {
	return refuse(codeLimit, "the sandbox keeps at most %d metric samples", s.opt.MaxSamples)
}

func (s *Service) readData(namespace string, params map[string]any, where string) ([]batch, error) {
	var out []batch
	for i, datum := range awsapi.Maps(params, "MetricData") {
		b, err := s.readDatum(namespace, datum, fmt.Sprintf("%sMetricData.member.%d.", where, i+1))
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

func (s *Service) readDatum(namespace string, datum map[string]any, where string) (batch, error) {
	id, err := readIdentity(namespace, datum, where)
	if err != nil {
		return batch{}, err
	}
	unit, err := readUnit(datum, where)
	if err != nil {
		return batch{}, err
	}
	if unit == "" {
		unit = "None"
	}
	at, err := s.readMoment(datum, where)
	if err != nil {
		return batch{}, err
	}
	one, err := readSample(datum, at, where)
	return batch{id, unit, one}, err
}

// readMoment reads Timestamp, by default now, at the storage resolution.
func (s *Service) readMoment(datum map[string]any, where string) (int64, error) {
	now := s.opt.Now()
	at, ok := awsapi.Time(datum, "Timestamp")
	switch {
	case !ok && awsapi.Has(datum, "Timestamp"):
		return 0, refuse(codeInvalidValue, "parameter %sTimestamp is no time", where)
	case !ok:
		at = now
	case at.Before(now.Add(-maxPast)):
		return 0, refuse(codeInvalidValue, "parameter %sTimestamp must lie within the past two weeks", where)
	case at.After(now.Add(maxFuture)):
		return 0, refuse(codeInvalidValue, "parameter %sTimestamp must be at most two hours in the future", where)
	}
	resolution, ok := awsapi.Int(datum, "StorageResolution")
	if ok && resolution != 1 && resolution != 60 {
		return 0, refuse(codeInvalidValue, "parameter %sStorageResolution must be 1 or 60", where)
	}
	if resolution == 1 {
		return at.Unix(), nil
	}
	return at.Truncate(time.Minute).Unix(), nil
}

func readSample(datum map[string]any, at int64, where string) (sample, error) {
	forms := 0
	for _, form := range []string{"Value", "Values", "StatisticValues"} {
		if awsapi.Has(datum, form) {
			forms++
		}
	}
	if forms == 0 {
		return sample{}, refuse(codeMissing, "parameter %sValue, Values or StatisticValues is required", where)
	}
	if forms > 1 {
		return sample{}, refuse(codeCombination, "parameters %sValue, Values and StatisticValues exclude each other", where)
	}
	if awsapi.Has(datum, "Value") {
		v, ok := awsapi.Float(datum, "Value")
		if !ok || !storable(v) {
			return sample{}, refuse(codeInvalidValue, "parameter %sValue is no number between -2^360 and 2^360", where)
		}
		return valueSample(at, v), nil
	}
	if awsapi.Has(datum, "Values") {
		return readValues(datum, at, where)
	}
	set := awsapi.Map(datum, "StatisticValues")
	out := sample{at: at}
	for _, field := range []struct {
		name string
		to   *float64
	}{{"Sum", &out.sum}, {"Minimum", &out.low}, {"Maximum", &out.high}, {"SampleCount", &out.count}} {
		v, ok := awsapi.Float(set, field.name)
		if !ok {
			return sample{}, refuse(codeMissing, "parameter %sStatisticValues.%s is required", where, field.name)
		}
		if !storable(v) {
			return sample{}, refuse(codeInvalidValue, "parameter %sStatisticValues.%s is not valid", where, field.name)
		}
		*field.to = v
	}
	if out.count <= 0 || out.low > out.high {
		return sample{}, refuse(codeInvalidValue, "parameter %sStatisticValues is not valid: count above 0, Minimum at most Maximum", where)
	}
	return out, nil
}

func readValues(datum map[string]any, at int64, where string) (sample, error) {
	values, counts := awsapi.List(datum, "Values"), awsapi.List(datum, "Counts")
	if len(values) == 0 || len(values) > maxValues {
		return sample{}, refuse(codeInvalidValue, "parameter %sValues must have 1 to %d members", where, maxValues)
	}
	if counts != nil && len(counts) != len(values) {
		return sample{}, refuse(codeInvalidValue, "parameters %sValues and Counts must have as many members", where)
	}
	v, ok := readNumbers(values)
	if !ok {
		return sample{}, refuse(codeInvalidValue, "parameter %sValues holds what is no number between -2^360 and 2^360", where)
	}
	c, ok := readNumbers(counts)
	if !ok {
		return sample{}, refuse(codeInvalidValue, "parameter %sCounts holds what is no number", where)
	}
	for len(c) < len(v) {
		c = append(c, 1)
	}
	for _, n := range c {
		if n < 0 {
			return sample{}, refuse(codeInvalidValue, "parameter %sCounts holds a negative number", where)
		}
	}
	return distributionSample(at, v, c), nil
}

func readNumbers(list []any) ([]float64, bool) {
	out := make([]float64, len(list))
	for i, item := range list {
		v, ok := awsapi.Float(map[string]any{"": item}, "")
		if !ok || !storable(v) {
			return nil, false
		}
		out[i] = v
	}
	return out, true
}

// storable: CloudWatch takes neither NaN nor infinities nor what lies beyond
// 2^360.
func storable(v float64) bool { return math.Abs(v) <= math.Ldexp(1, maxDoubles) }
