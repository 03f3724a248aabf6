package metric

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
)

// maxPoints bounds the store: two weeks of minutes of 250 series.
const maxPoints = 5_000_000

// maxLine bounds one loaded line.
const maxLine = 64 << 10

// Point is one loaded line.
type Point struct {
	// Resource is the id of the resource.
	Resource string `json:"resource"`
	// Namespace is the metric namespace; empty is the resource's type.
	Namespace string `json:"namespace,omitempty"`
	// Metric is the name: "Percentage CPU".
	Metric string `json:"metric"`
	// Unit is as in the API: "Percent", "Count", "Bytes".
	Unit string `json:"unit,omitempty"`
	// Dimensions of the point.
	Dimensions map[string]string `json:"dimensions,omitempty"`
	// Time of the sample.
	Time time.Time `json:"time"`
	// Value is one sample. With Count the point stands for several, whose sum
	// is Total.
	Value   *float64 `json:"value,omitempty"`
	Count   *float64 `json:"count,omitempty"`
	Total   *float64 `json:"total,omitempty"`
	Minimum *float64 `json:"minimum,omitempty"`
	Maximum *float64 `json:"maximum,omitempty"`
}

func (p Point) sample() (sample, error) {
	switch {
	case p.Resource == "" || p.Metric == "" || p.Time.IsZero():
		return sample{}, fmt.Errorf("resource, metric or time is missing")
	case p.Value != nil && p.Count == nil:
		return sample{at: p.Time, count: 1, total: *p.Value, low: *p.Value, high: *p.Value}, nil
	case p.Count != nil && p.Total != nil && *p.Count > 0:
		s := sample{at: p.Time, count: *p.Count, total: *p.Total, low: *p.Total / *p.Count, high: *p.Total / *p.Count}
		if p.Minimum != nil {
			s.low = *p.Minimum
		}
		if p.Maximum != nil {
			s.high = *p.Maximum
		}
		return s, nil
	}
	return sample{}, fmt.Errorf("neither a value, nor a count with a total")
}

// sample is a point without its labels.
type sample struct {
	at                      time.Time
	count, total, low, high float64
}

// series is one metric of one resource with one set of dimension values.
type series struct {
	resource, namespace, metric, unit string
	dimensions                        map[string]string
	samples                           []sample
	sorted                            bool
}

// Store holds the series.
type Store struct {
	mu     sync.Mutex
	series map[string]*series
	points int
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{series: map[string]*series{}} }

// Load reads points, one JSON object per line. It stops at the first bad one
// and says which; the lines before it are loaded.
func (s *Store) Load(r io.Reader) (int, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	loaded := 0
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		var p Point
		if err := d.Decode(&p); err != nil {
			return loaded, fault.Of(fault.Invalid, fmt.Sprintf("read metric on line %d", n), "", err)
		}
		if err := s.add(p); err != nil {
			return loaded, fault.Of(fault.Invalid, fmt.Sprintf("read metric on line %d", n), "", err)
		}
		loaded++
	}
	if err := lines.Err(); err != nil {
		return loaded, fault.Of(fault.Invalid, "read metrics", "", err)
	}
	return loaded, nil
}

func (s *Store) add(p Point) error {
	one, err := p.sample()
	if err != nil {
		return err
	}
	key := strings.ToLower(p.Resource + "|" + p.Metric + "|" + label(p.Dimensions))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.points >= maxPoints {
		return fmt.Errorf("more than %d points", maxPoints)
	}
	at := s.series[key]
	if at == nil {
		at = &series{resource: p.Resource, namespace: p.Namespace, metric: p.Metric, unit: p.Unit, dimensions: p.Dimensions, sorted: true}
		s.series[key] = at
	}
	if n := len(at.samples); n > 0 && one.at.Before(at.samples[n-1].at) {
		at.sorted = false
	}
	at.samples = append(at.samples, one)
	s.points++
	return nil
}

func label(dimensions map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		b.WriteString(name + "=" + dimensions[name] + ";")
	}
	return b.String()
}

// Len is the number of points.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.points
}

// of returns the series of a resource in order, sorted by time.
func (s *Store) of(resource string) []*series {
	var out []*series
	for _, key := range slices.Sorted(maps.Keys(s.series)) {
		one := s.series[key]
		if !strings.EqualFold(one.resource, resource) {
			continue
		}
		if !one.sorted {
			slices.SortStableFunc(one.samples, func(a, b sample) int { return a.at.Compare(b.at) })
			one.sorted = true
		}
		out = append(out, one)
	}
	return out
}
