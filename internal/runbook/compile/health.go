package compile

import (
	"fmt"
	"slices"
	"strconv"

	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/runbook"
)

// measured is what the baseline says of an entry point.
type measured struct {
	errorRate, p95 float64
	hasErrors      bool
	hasP95         bool
}

// baselineOf takes the worst flow of an entry point, so that no gate is
// narrower than what users have now.
func (b *book) baselineOf(w *route) measured {
	var m measured
	if b.Baseline == nil {
		return m
	}
	for i := range b.Baseline.KPIs {
		k := &b.Baseline.KPIs[i]
		if k.Subject.ID != w.Front && k.Subject.Front != w.Front {
			continue
		}
		switch k.Metric {
		case kpi.ErrorRate:
			if v, ok := k.Value(kpi.Mean); ok {
				m.errorRate, m.hasErrors = max(m.errorRate, v.Value), true
			}
		case kpi.Latency:
			if v, ok := k.Value(kpi.P95); ok {
				m.p95, m.hasP95 = max(m.p95, v.Value), true
			}
		}
	}
	return m
}

// Limits that are taken where the baseline is silent: an error in a hundred
// requests, a second for 95 of them.
const (
	statedErrors = 0.01
	statedP95    = 1.0
)

func number(v float64) string {
	text := strconv.FormatFloat(v, 'f', 6, 64)
	for text[len(text)-1] == '0' && text[len(text)-2] != '.' {
		text = text[:len(text)-1]
	}
	return text
}

// health are the gates of entry points: error rate and p95 at the target
// against the baseline. A gate stays closed without data.
func (b *book) health(hold int64, routes []*route) []runbook.Gate {
	var gates []runbook.Gate
	for _, w := range routes {
		errors, p95, why := b.limits(w)
		gates = append(gates, runbook.Gate{ID: "kpi-" + w.key, Expr: "error_rate <= " + number(errors) + " && p95_seconds <= " + number(p95), Facts: kpiFacts(w), HoldSeconds: hold, EverySeconds: minute, TimeoutSeconds: 4 * hour, Why: why})
	}
	return gates
}

// limits are the highest error rate and p95 that pass.
func (b *book) limits(w *route) (errors, p95 float64, why string) {
	m := b.baselineOf(w)
	errors, p95, why = statedErrors, statedP95, "the baseline is silent on "+w.ID+": an error in a hundred and a second at p95 are assumed"
	if m.hasErrors {
		// A rate of nought would close the gate for a single error.
		errors = max(m.errorRate*(1+float64(w.percent)/100), m.errorRate+0.001)
	}
	if m.hasP95 {
		p95 = m.p95 * (1 + float64(w.percent)/100)
	}
	switch {
	case m.hasErrors && m.hasP95:
		why = fmt.Sprintf("the baseline of %s and %d %% (%s)", w.ID, w.percent, w.guide)
	case m.hasErrors || m.hasP95:
		why = fmt.Sprintf("the baseline of %s and %d %% (%s); what it lacks is assumed", w.ID, w.percent, w.guide)
	}
	return errors, p95, why
}

func kpiFacts(w *route) []runbook.Fact {
	fact := func(name, metric, statistic, unit string) runbook.Fact {
		return runbook.Fact{Name: name, Source: "kpi", Inputs: map[string]any{"subject": string(w.Front), "route": w.ID, "metric": metric, "statistic": statistic, "side": "target"}, Type: "number", Unit: unit, MaxAgeSeconds: 5 * minute}
	}
	return []runbook.Fact{fact("error_rate", string(kpi.ErrorRate), string(kpi.Mean), ""), fact("p95_seconds", string(kpi.Latency), string(kpi.P95), "s")}
}

// triggers make the run go back by itself while the cutover can be undone
// without a loss, and ask a person once it cannot.
func (b *book) triggers() []runbook.Trigger {
	out := []runbook.Trigger{}
	from, to := "", ""
	lossy := false
	for i := range b.steps {
		s := &b.steps[i]
		if len(s.After.Weights) > 0 && from == "" {
			from = s.ID
		}
		lossy = lossy || s.Phase == runbook.Execute && s.Undo != nil && s.Undo.Loses != ""
	}
	if from == "" {
		return out
	}
	to = b.firstOfCutover()
	action, decides := "rollback", b.Choices.owner("lead")
	reason := "rolls back to the source"
	if lossy {
		action, reason = "ask", "asks the lead: going back loses what the plan names"
	}
	for i := range b.routes {
		w := &b.routes[i]
		errors, p95, _ := b.limits(w)
		out = append(out, runbook.Trigger{ID: "errors-" + w.key, Expr: "error_rate > " + number(max(3*errors, statedErrors)), Facts: kpiFacts(w)[:1], HoldSeconds: 5 * minute, EverySeconds: 30,
			From: b.trafficOf(w), Until: idSignOff, Action: action, To: rollbackTo(action, to), Decides: decides, Why: fmt.Sprintf("three times the errors that the gate bears, for five minutes, at %s: %s", w.ID, reason)})
		out = append(out, runbook.Trigger{ID: "slow-" + w.key, Expr: "p95_seconds > " + number(2*p95), Facts: kpiFacts(w)[1:], HoldSeconds: 10 * minute, EverySeconds: 30,
			From: b.trafficOf(w), Until: idSignOff, Action: "ask", Decides: decides, Why: "twice the latency that the gate bears, for ten minutes, at " + w.ID + ": fixing forward may be better than going back"})
	}
	return out
}

func rollbackTo(action, to string) string {
	if action == "rollback" {
		return to
	}
	return ""
}

// trafficOf is the first step that sends users of a name to the target.
func (b *book) trafficOf(w *route) string {
	for i := range b.steps {
		if _, ok := b.steps[i].After.Weights[w.ID]; ok {
			return b.steps[i].ID
		}
	}
	return ""
}

// firstOfCutover is the step before which everything is as it was for users.
func (b *book) firstOfCutover() string {
	for _, id := range []string{"execute.cross", "execute.warm", idOpen} {
		if b.inBook[id] {
			return id
		}
	}
	return idGo
}

// acceptance is what has to hold before the sign-off.
func (b *book) acceptance() []runbook.Criterion {
	hours := b.Choices.observation() / hour
	out := []runbook.Criterion{
		{ID: "data", Text: "every set of data was compared after the fence, and nothing differs that is not explained"},
		{ID: "tests", Text: "the functional, load and fault tests are green at the target"},
		{ID: "residual", Text: "no component and no client of the workload still uses the source: landfall residual names nobody"},
		{ID: "restore", Text: "a backup of each set of data was restored at the target, and the time is within its RTO"},
		{ID: "drills", Text: "the routine work was done once at the target: restart, scale, certificate, access, restore"},
		{ID: "findings", Text: "no security finding of the target is open that was not there at the source"},
	}
	for i, gate := range b.health(hour, b.all()) {
		w := &b.routes[i]
		out = append(out, runbook.Criterion{ID: "stable-" + w.key, Text: fmt.Sprintf("%s is stable for %s: errors and p95 within the gate", w.ID, plural(int(hours), "hour", "hours")), Gate: &gate})
	}
	slices.SortFunc(out, func(x, y runbook.Criterion) int { return compareText(x.ID, y.ID) })
	return out
}
