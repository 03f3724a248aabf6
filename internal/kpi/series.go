package kpi

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Series are the sufficient statistics of the steps of a window, a column
// each: what a later comparison needs to take any part of the window.
type Series struct {
	From        time.Time `json:"from"`
	StepSeconds int64     `json:"stepSeconds"`
	// Count is the number of observations of a step, 0 where nothing happened
	// and unknown where nothing was measured.
	Count Column `json:"count"`
	Sum   Column `json:"sum"`
	// SumSquares add up the squares of the observations. A source that gives
	// sums alone (CloudWatch) has those of the means of its periods.
	SumSquares Column `json:"sumSquares"`
	Min        Column `json:"min"`
	Max        Column `json:"max"`
	// P50 and P95 are the percentiles of a step, where the source has them.
	P50 Column `json:"p50,omitempty"`
	P95 Column `json:"p95,omitempty"`
}

// Column is a list of numbers in which NaN stands for unknown. In JSON it is
// one text, numbers with blanks between, "-" for unknown: as a list it would
// take a line per number.
type Column []float64

// MarshalJSON writes the text.
func (c Column) MarshalJSON() ([]byte, error) {
	var b []byte
	for i, v := range c {
		if i > 0 {
			b = append(b, ' ')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b = append(b, '-')
			continue
		}
		b = strconv.AppendFloat(b, v, 'g', -1, 64)
	}
	return json.Marshal(string(b))
}

// UnmarshalJSON reads the text.
func (c *Column) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	var read Column
	for i, field := range strings.Fields(text) {
		if field == "-" {
			read = append(read, math.NaN())
			continue
		}
		v, err := strconv.ParseFloat(field, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("series: value %d is no number", i)
		}
		read = append(read, v)
	}
	*c = read
	return nil
}

func unknowns(n int) Column {
	c := make(Column, n)
	for i := range c {
		c[i] = math.NaN()
	}
	return c
}

// maxSteps bounds a series: hours for over a year, days beyond.
const maxSteps = 12_000

// fold adds the bins, which are in the order of time, to steps.
func fold(m *Measurement, bins []Bin) *Series {
	if len(bins) == 0 {
		return nil
	}
	step := max(time.Hour, m.Period)
	if m.Window.To.Sub(m.Window.From)/step > maxSteps {
		step = max(step, 24*time.Hour)
	}
	from := bins[0].At.Truncate(step)
	n := int(min(bins[len(bins)-1].At.Sub(from)/step, maxSteps-1)) + 1
	s := &Series{From: from, StepSeconds: int64(step / time.Second), Count: unknowns(n), Sum: unknowns(n), SumSquares: unknowns(n), Min: unknowns(n), Max: unknowns(n)}
	for _, b := range bins {
		i := int(b.At.Sub(from) / step)
		if i >= n {
			break
		}
		if math.IsNaN(s.Count[i]) {
			s.Count[i], s.Sum[i], s.SumSquares[i] = 0, 0, 0
		}
		s.Count[i] += float64(b.Count)
		s.Sum[i] += b.Sum
		s.SumSquares[i] += b.SumSquares
		if b.Count == 0 {
			continue
		}
		if math.IsNaN(s.Min[i]) {
			s.Min[i], s.Max[i] = b.Min, b.Max
		}
		s.Min[i], s.Max[i] = min(s.Min[i], b.Min), max(s.Max[i], b.Max)
	}
	s.P50, s.P95 = s.quantiles(m, P50), s.quantiles(m, P95)
	return s
}

// quantiles are the percentiles whose stretch is one step.
func (s *Series) quantiles(m *Measurement, statistic Statistic) Column {
	step := time.Duration(s.StepSeconds) * time.Second
	var c Column
	for _, q := range m.Quantiles {
		i := int(q.Window.From.Sub(s.From) / step)
		if q.Statistic != statistic || q.Window.To.Sub(q.Window.From) != step || q.Window.From.Before(s.From) || i >= len(s.Count) || !q.Window.From.Equal(s.From.Add(time.Duration(i)*step)) {
			continue
		}
		if c == nil {
			c = unknowns(len(s.Count))
		}
		c[i] = q.Value
	}
	return c
}
