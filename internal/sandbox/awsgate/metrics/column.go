package metrics

import "slices"

// sample is what was sent for one moment: a single value (count 1), or a
// statistic set, or values with their counts and the set they add up to.
type sample struct {
	at                    int64
	sum, low, high, count float64
	values, counts        []float64
}

// valueSample returns the sample of one value.
func valueSample(at int64, v float64) sample {
	return sample{at: at, sum: v, low: v, high: v, count: 1}
}

// distributionSample returns the sample of values and how often each occurred.
func distributionSample(at int64, values, counts []float64) sample {
	s := sample{at: at, values: values, counts: counts}
	for i, v := range values {
		if counts[i] == 0 {
			continue
		}
		if s.count == 0 {
			s.low, s.high = v, v
		}
		s.low, s.high = min(s.low, v), max(s.high, v)
		s.sum += v * counts[i]
		s.count += counts[i]
	}
	return s
}

// column holds samples by field. Most series are single values, which need
// times and sums only; the other columns exist from the first sample that
// needs them (wide).
type column struct {
	times, ends       []int64
	sums              []float64
	lows, highs       []float64
	counts            []float64
	pairs, pairCounts []float64
	wide, ordered     bool
}

func (c *column) add(s sample) {
	if n := len(c.times); n > 0 && s.at < c.times[n-1] {
		c.ordered = false
	}
	single := s.count == 1 && s.low == s.sum && s.high == s.sum
	if !single && !c.wide {
		c.widen()
	}
	c.times = append(c.times, s.at)
	c.sums = append(c.sums, s.sum)
	if !c.wide {
		return
	}
	c.lows = append(c.lows, s.low)
	c.highs = append(c.highs, s.high)
	c.counts = append(c.counts, s.count)
	// When all observations are equal the set says it all.
	if s.low != s.high {
		c.pairs = append(c.pairs, s.values...)
		c.pairCounts = append(c.pairCounts, s.counts...)
	}
	c.ends = append(c.ends, int64(len(c.pairs)))
}

func (c *column) widen() {
	c.wide = true
	c.lows, c.highs = slices.Clone(c.sums), slices.Clone(c.sums)
	c.counts = slices.Repeat([]float64{1}, len(c.sums))
	c.ends = make([]int64, len(c.sums))
}

// get returns the sample at the index; its slices belong to the column.
func (c *column) get(i int) sample {
	if !c.wide {
		return valueSample(c.times[i], c.sums[i])
	}
	from := int64(0)
	if i > 0 {
		from = c.ends[i-1]
	}
	return sample{
		at: c.times[i], sum: c.sums[i], low: c.lows[i], high: c.highs[i], count: c.counts[i],
		values: c.pairs[from:c.ends[i]], counts: c.pairCounts[from:c.ends[i]],
	}
}

// order sorts the samples by time. Sums of floats depend on their order, so
// equal times keep the order in which they came.
func (c *column) order() {
	if c.ordered {
		return
	}
	index := make([]int, len(c.times))
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(a, b int) int { return int(min(max(c.times[a]-c.times[b], -1), 1)) })
	fresh := &column{wide: c.wide, ordered: true}
	for _, i := range index {
		fresh.add(c.get(i))
	}
	*c = *fresh
}

// fold adds the samples within the span to the aggregates of their periods.
func (c *column) fold(sp span, distribution bool, byBucket map[int64]*aggregate) {
	c.order()
	from, _ := slices.BinarySearch(c.times, max(sp.start, sp.visible))
	var a *aggregate
	for i := from; i < len(c.times) && c.times[i] < sp.end; i++ {
		bucket := sp.bucket(c.times[i])
		if at := sp.time(bucket); a == nil || a.at != at {
			if a = byBucket[bucket]; a == nil {
				a = &aggregate{at: at}
				byBucket[bucket] = a
			}
		}
		a.add(c.get(i), distribution)
	}
}
