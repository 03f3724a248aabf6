package metrics

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
)

// history is one line that Load reads: a run of samples of one metric. It has
// either values (null where there is no sample) or stats.
type history struct {
	Namespace     string            `json:"namespace"`
	Name          string            `json:"name"`
	Dimensions    map[string]string `json:"dimensions"`
	Unit          string            `json:"unit"`
	Start         time.Time         `json:"start"`
	PeriodSeconds int64             `json:"periodSeconds"`
	Values        run               `json:"values"`
	Stats         []*set            `json:"stats"`
}

// run is a list of numbers, NaN where it has null. It reads itself, because
// that takes a third of the time and there are millions of them.
type run []float64

// UnmarshalJSON reads a list whose syntax the decoder has checked.
func (r *run) UnmarshalJSON(raw []byte) error {
	text := strings.TrimSpace(string(raw))
	if text == "null" {
		*r = nil
		return nil
	}
	if len(text) < 2 || text[0] != '[' {
		return errors.New("values must be a list of numbers")
	}
	text = strings.TrimSpace(text[1 : len(text)-1])
	if text == "" {
		*r = nil
		return nil
	}
	list := make(run, 0, strings.Count(text, ",")+1)
	for one := range strings.SplitSeq(text, ",") {
		one = strings.TrimSpace(one)
		if one == "null" {
			list = append(list, math.NaN())
			continue
		}
		v, err := strconv.ParseFloat(one, 64)
		if err != nil {
			return fmt.Errorf("value %d is no number", len(list))
		}
		list = append(list, v)
	}
	*r = list
	return nil
}

// set is one statistic set; with values (and counts, by default 1 each) the
// other fields may be left out, because the values say them.
type set struct {
	Sum    float64   `json:"sum"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	Count  float64   `json:"count"`
	Values []float64 `json:"values"`
	Counts []float64 `json:"counts"`
}

// Loaded counts what Load stored.
type Loaded struct {
	Lines   int `json:"lines"`
	Samples int `json:"samples"`
}

// Load stores metric history: JSON values, one per line,
//
//	{"namespace":"AWS/EC2","name":"CPUUtilization","dimensions":{"InstanceId":"i-1"},
//	 "unit":"Percent","start":"2026-01-02T03:00:00Z","periodSeconds":300,"values":[1.5,null,2]}
//
// or, instead of values, "stats":[{"sum":9,"min":1,"max":5,"count":3,"values":[1,3,5],"counts":[1,1,1]}].
// Unlike PutMetricData it takes any time and any namespace. Lines before the
// first bad one are stored; the error names the bad one.
func (s *Service) Load(r io.Reader) (Loaded, error) {
	var done Loaded
	decoder := json.NewDecoder(bufio.NewReaderSize(r, 1<<20))
	decoder.DisallowUnknownFields()
	for {
		var h history
		err := decoder.Decode(&h)
		if errors.Is(err, io.EOF) {
			return done, nil
		}
		if err != nil {
			return done, fault.Of(fault.Invalid, fmt.Sprintf("read metric history, line %d", done.Lines+1), "", err)
		}
		samples, err := h.samples()
		if err != nil {
			return done, fault.Of(fault.Invalid, fmt.Sprintf("read metric history, line %d", done.Lines+1), "", err)
		}
		if !s.store.add(h.identity(), h.Unit, samples) {
			return done, fault.Newf(fault.Invalid, "store metric history, line %d: more than %d samples", done.Lines+1, s.opt.MaxSamples)
		}
		done.Lines++
		done.Samples += len(samples)
	}
}

func (h *history) identity() identity {
	id := identity{namespace: h.Namespace, name: h.Name}
	for name, value := range h.Dimensions {
		id.dims = append(id.dims, dimension{name, value})
	}
	sortDimensions(id.dims)
	return id
}

func (h *history) samples() ([]sample, error) {
	if h.Unit == "" {
		h.Unit = "None"
	}
	switch {
	case h.Namespace == "" || h.Name == "":
		return nil, errors.New("namespace and name are required")
	case !plain(h.Namespace + h.Name):
		return nil, errors.New("namespace and name must be ASCII without control characters")
	case !isUnit(h.Unit):
		return nil, fmt.Errorf("unit %q is not a standard unit", h.Unit)
	case h.Start.IsZero():
		return nil, errors.New("start is required")
	case !isPeriod(h.PeriodSeconds):
		return nil, fmt.Errorf("periodSeconds %d must be 1, 5, 10, 20, 30 or a multiple of 60", h.PeriodSeconds)
	case (len(h.Values) > 0) == (len(h.Stats) > 0):
		return nil, errors.New("one of values and stats is required")
	}
	for name, value := range h.Dimensions {
		if name == "" || value == "" || !plain(name+value) {
			return nil, fmt.Errorf("dimension %q must have a name and a value of ASCII characters", name)
		}
	}
	start := h.Start.Unix()
	out := make([]sample, 0, len(h.Values)+len(h.Stats))
	for i, v := range h.Values {
		if math.IsNaN(v) {
			continue
		}
		if !storable(v) {
			return nil, fmt.Errorf("value %d is out of range", i)
		}
		out = append(out, valueSample(start+int64(i)*h.PeriodSeconds, v))
	}
	for i, one := range h.Stats {
		if one == nil {
			continue
		}
		s, err := one.sample(start + int64(i)*h.PeriodSeconds)
		if err != nil {
			return nil, fmt.Errorf("stats %d: %w", i, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func (one *set) sample(at int64) (sample, error) {
	for len(one.Counts) < len(one.Values) {
		if len(one.Counts) > 0 {
			return sample{}, errors.New("values and counts differ in length")
		}
		for range one.Values {
			one.Counts = append(one.Counts, 1)
		}
	}
	if len(one.Counts) > len(one.Values) {
		return sample{}, errors.New("values and counts differ in length")
	}
	for i, v := range one.Values {
		if !storable(v) || !storable(one.Counts[i]) || one.Counts[i] < 0 {
			return sample{}, errors.New("values or counts are out of range")
		}
	}
	fromValues := distributionSample(at, one.Values, one.Counts)
	if one.Count == 0 {
		if fromValues.count == 0 {
			return sample{}, errors.New("count or values are required")
		}
		return fromValues, nil
	}
	s := sample{at: at, sum: one.Sum, low: one.Min, high: one.Max, count: one.Count}
	if !storable(s.sum) || !storable(s.low) || !storable(s.high) || !storable(s.count) || s.count < 0 || s.low > s.high {
		return sample{}, errors.New("sum, min, max and count do not fit together")
	}
	// A distribution that says something else than the set would give
	// percentiles outside minimum and maximum.
	if len(one.Values) > 0 {
		if fromValues.count != s.count || fromValues.low != s.low || fromValues.high != s.high {
			return sample{}, errors.New("values and counts do not add up to min, max and count")
		}
		s.values, s.counts = one.Values, one.Counts
	}
	return s, nil
}
