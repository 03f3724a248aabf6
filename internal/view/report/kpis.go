package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/kpi"
)

// kpiRow is a KPI as the table shows it.
type kpiRow struct {
	kpi.KPI
	// Anchor is set on the first row of a subject.
	Anchor string
	Cells  []cell
	Spark  template.HTML
}

// OfFlow says that the subject is a kind of request, and no resource.
func (r kpiRow) OfFlow() bool { return r.Subject.Kind == kpi.Flow }

// GapCount counts also those that the KPI does not list.
func (r kpiRow) GapCount() int { return len(r.Gaps) + r.GapsOmitted }

// cell is a number: as people read it, as tables sort by it, and what it is.
type cell struct{ Text, Sort, Title string }

// kpiRows puts flows first, and what has a value before what has none.
func kpiRows(b kpi.Baseline) []kpiRow {
	rows := make([]kpiRow, 0, len(b.KPIs))
	for _, k := range b.KPIs {
		row := kpiRow{KPI: k}
		if len(k.Values) == 0 {
			row.Unknown = cmp.Or(k.Unknown, "nothing was observed")
		} else {
			row.Unknown = ""
			row.Cells = []cell{pick(k, kpi.P50, kpi.Mean, kpi.Last, kpi.Total), pick(k, kpi.P95), pick(k, kpi.Max)}
		}
		if k.Series != nil {
			row.Spark = spark(thin(hourly(k), sparkPoints))
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b kpiRow) int { return cmp.Compare(a.order(), b.order()) })
	seen := map[string]bool{}
	for i := range rows[:min(len(rows), MaxRows)] {
		if id := "kpi:" + string(rows[i].Subject.ID); !seen[id] {
			seen[id], rows[i].Anchor = true, id
		}
	}
	return rows
}

func (r kpiRow) order() int {
	n := 0
	if !r.OfFlow() {
		n = 1
	}
	if len(r.Values) == 0 {
		n += 2
	}
	return n
}

// pick shows the first of the statistics that the KPI has; all of them are in
// the title.
func pick(k kpi.KPI, wanted ...kpi.Statistic) cell {
	var all []string
	for _, v := range k.Values {
		all = append(all, string(v.Statistic)+" "+number(v.Value))
	}
	for _, w := range wanted {
		for _, v := range k.Values {
			if v.Statistic != w {
				continue
			}
			c := cell{Text: number(v.Value), Sort: strconv.FormatFloat(v.Value, 'g', -1, 64), Title: strings.Join(all, ", ") + " " + string(k.Unit)}
			if k.Unit == kpi.Bytes {
				c.Text = graph.Volume(int64(v.Value))
			}
			return c
		}
	}
	return cell{}
}

// hourly is what a reader expects of the metric: the median where there is one,
// the total of a rate, else the mean.
func hourly(k kpi.KPI) []float64 {
	s := k.Series
	if len(s.P50) == len(s.Sum) && len(s.P50) > 0 {
		return s.P50
	}
	if strings.HasSuffix(string(k.Unit), "per-second") {
		return s.Sum
	}
	out := make([]float64, len(s.Sum))
	for i := range out {
		out[i] = math.NaN()
		if i < len(s.Count) && s.Count[i] > 0 {
			out[i] = s.Sum[i] / s.Count[i]
		}
	}
	return out
}

// number keeps four digits, and whole numbers whole.
func number(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "unknown"
	case v == math.Trunc(v) && size < 1e15, size >= 1000 && size < 1e15:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case size >= 1e-4 && size < 1e15:
		digits := 3 - int(math.Floor(math.Log10(size)))
		return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', digits, 64), "0"), ".")
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// sparkPoints is what a line of some centimetres can show.
const sparkPoints = 84

// thin takes the mean of neighbours until at most n values are left; where
// none of them was measured is still a hole.
func thin(values []float64, n int) []float64 {
	if len(values) <= n {
		return values
	}
	out := make([]float64, n)
	for i := range out {
		sum, count := 0.0, 0
		for _, v := range values[i*len(values)/n : (i+1)*len(values)/n] {
			if !math.IsNaN(v) {
				sum, count = sum+v, count+1
			}
		}
		out[i] = math.NaN()
		if count > 0 {
			out[i] = sum / float64(count)
		}
	}
	return out
}

// spark draws a series as a line; what was not measured is a hole in it.
func spark(values []float64) template.HTML {
	const width, height = 160.0, 26.0
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	if len(values) < 2 || math.IsInf(low, 0) {
		return ""
	}
	var path strings.Builder
	pen := "M"
	for i, v := range values {
		if math.IsNaN(v) {
			pen = "M"
			continue
		}
		y := height / 2
		if high > low {
			y = height - 2 - (v-low)/(high-low)*(height-4)
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", pen, float64(i)*width/float64(len(values)-1), y)
		pen = "L"
	}
	// Only numbers go into it.
	return template.HTML(fmt.Sprintf(`<svg class="spark" viewBox="0 0 %.0f %.0f" aria-hidden="true"><path d="%s"/></svg>`, width, height, path.String()))
}
