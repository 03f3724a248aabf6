package view

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"example.com/landfall/internal/kpi"
)

// probedWidth bounds the name of a flow in the table.
const probedWidth = 48

// Probed is the result of "landfall probe".
type Probed struct {
	File string `json:"file"`
	kpi.Baseline
	// Evidence is the ledger entry that records it.
	Evidence int64 `json:"evidence"`
}

// Text writes the result for a person: a line per metric. The file has every
// statistic.
func (r Probed) Text(p *Paper) {
	rows := [][]string{{"FLOW", "KPI", "TYPICAL", "P95", "P99", "HIGHEST", "SAMPLES"}}
	for _, k := range r.KPIs {
		metric := string(k.Metric)
		if k.Detail != "" {
			metric += " (" + k.Detail + ")"
		}
		row := []string{narrow(k.Subject.Name, probedWidth), metric, "", "", "", "", fmt.Sprint(k.Samples)}
		if len(k.Values) == 0 {
			row[2] = "unknown: " + k.Unknown
		}
		for i, wanted := range [][]kpi.Statistic{{kpi.P50, kpi.Mean}, {kpi.P95}, {kpi.P99}, {kpi.Max}} {
			row[2+i] = cmp.Or(row[2+i], statistic(k, wanted))
		}
		rows = append(rows, row)
	}
	p.Table(rows)
	for _, u := range r.Unmeasured {
		p.Line("%s %s %s: %s", p.Mark(Unknown), u.Subject, u.Metric, u.Reason)
	}
	r.failures(p)
	p.Line("")
	p.Line("wrote %s, ledger entry %d", r.File, r.Evidence)
	p.Line("")
	p.Line("next: landfall assess, which takes it into the baseline")
}

// failures says which requests did not get what they asked for: their latency
// is that of a refusal, and no measure of the workload.
func (r Probed) failures(p *Paper) {
	said := map[kpi.Metric]string{
		kpi.ErrorRate:       "of the requests failed",
		kpi.ClientErrorRate: "of the requests were refused (4xx); check them in the list",
		kpi.Dropped:         "of the requests were not sent, because too many were on the way",
	}
	for _, k := range r.KPIs {
		for _, v := range k.Values {
			if words, ok := said[k.Metric]; ok && v.Statistic == kpi.Mean && v.Value > 0 {
				p.Line("%s %s: %s %s", p.Mark(Warn), k.Subject.Name, percent(v.Value), words)
			}
		}
	}
}

// statistic shows the first of the wanted ones that the KPI has.
func statistic(k kpi.KPI, wanted []kpi.Statistic) string {
	for _, w := range wanted {
		for _, v := range k.Values {
			if v.Statistic != w {
				continue
			}
			switch k.Unit {
			case kpi.Seconds:
				return fmt.Sprintf("%s ms", strconv.FormatFloat(v.Value*float64(time.Second/time.Millisecond), 'g', 3, 64))
			case kpi.Ratio:
				return percent(v.Value)
			case kpi.PerSecond:
				return strconv.FormatFloat(v.Value, 'g', 4, 64) + "/s"
			}
			return strconv.FormatFloat(v.Value, 'g', 4, 64) + " " + string(k.Unit)
		}
	}
	return ""
}

func percent(share float64) string {
	return strconv.FormatFloat(100*share, 'g', 3, 64) + " %"
}
