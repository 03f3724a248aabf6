package view

import (
	"fmt"
	"strconv"

	"example.com/landfall/internal/kpi"
)

// Probed is the result of "landfall probe".
type Probed struct {
	File string `json:"file"`
	kpi.Baseline
	// Evidence is the ledger entry that records it.
	Evidence int64 `json:"evidence"`
}

// Text writes the result for a person.
func (r Probed) Text(p *Paper) {
	rows := [][]string{{"FLOW", "KPI", "STATISTIC", "VALUE", "SAMPLES"}}
	for _, k := range r.KPIs {
		metric := string(k.Metric)
		if k.Detail != "" {
			metric += " (" + k.Detail + ")"
		}
		if len(k.Values) == 0 {
			rows = append(rows, []string{k.Subject.Name, metric, "", "unknown: " + k.Unknown, fmt.Sprint(k.Samples)})
		}
		for _, v := range k.Values {
			rows = append(rows, []string{k.Subject.Name, metric, string(v.Statistic), strconv.FormatFloat(v.Value, 'g', 4, 64) + " " + string(k.Unit), fmt.Sprint(k.Samples)})
		}
	}
	p.Table(rows)
	for _, u := range r.Unmeasured {
		p.Line("%s %s %s: %s", p.Mark(Unknown), u.Subject, u.Metric, u.Reason)
	}
	p.Line("")
	p.Line("wrote %s, ledger entry %d", r.File, r.Evidence)
	p.Line("")
	p.Line("next: landfall assess takes it into the baseline")
}
