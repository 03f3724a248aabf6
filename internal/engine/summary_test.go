package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/runbook"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	g, q, p, w := step("g", "a"), step("q", "a"), step("p", "a"), step("w", "a")
	g.Gates = []runbook.Gate{{ID: "lag", EverySeconds: 5}}
	q.Approvals = runbook.Approvals{Count: 2, Roles: []string{"lead"}}
	p.Kind, w.WaitSeconds = kindManual, 500
	m := begun(t, planOf(step("a"), g, q, p, w, step("z", "w", "g")))
	sum := Summarize(m.plan, m.s)
	if sum.Percent != 0 || sum.LeftSeconds != 11+511+11 || !slices.Equal(sum.Next, []string{"g", "q", "p", "w"}) {
		t.Errorf("at the beginning: %+v", sum)
	}
	m.ends("a", runbook.Succeeded)
	sum = Summarize(m.plan, m.s)
	waits := map[string]string{}
	commands := map[string]string{}
	for _, a := range sum.Active {
		waits[a.ID], commands[a.ID] = a.Waits, a.Command
	}
	for id, want := range map[string]string{"g": "the gates lag", "q": "2 more approvals of lead", "p": "ops to carry it out", "w": "until 2026-03-01T08:08:20Z"} {
		if waits[id] != want {
			t.Errorf("%s waits for %q, want %q", id, waits[id], want)
		}
	}
	if commands["q"] != "landfall approve q --role lead" || commands["p"] != "landfall confirm p --reason TEXT" || commands["w"] != "" {
		t.Errorf("commands %v", commands)
	}
	if want := []StatusCount{{Pending, 1}, {Waiting, 1}, {Gated, 1}, {Asked, 1}, {Person, 1}, {Done, 1}}; !slices.Equal(sum.Counts, want) {
		t.Errorf("counts %v", sum.Counts)
	}
	if !slices.Equal(sum.Next, []string{"z"}) || sum.Ends != m.s.Now.Add(time.Duration(sum.LeftSeconds)*time.Second) {
		t.Errorf("next %v, ends %s", sum.Next, sum.Ends)
	}
	m.must(by(Rollback, ""))
	sum = Summarize(m.plan, m.s)
	if sum.Mode != Back || !slices.Equal(sum.Next, []string{"a"}) || sum.LeftSeconds != 5 {
		t.Errorf("on the way back: %+v", sum)
	}
	if other := Summarize(planOf(step("x")), m.s); other.Total != 6 || len(other.Active) != 0 {
		t.Errorf("of another plan: %+v", other)
	}
}

func TestSummaryOfARunThatIsHeld(t *testing.T) {
	t.Parallel()
	a, b := step("a"), step("b", "a")
	a.Phase = runbook.Prepare
	m := newSim(t, planOf(a, b))
	m.must(Event{Kind: Begin, By: "ana", Until: runbook.Prepare})
	m.ends("a", runbook.Unknown)
	m.probed("a", nil)
	if sum := Summarize(m.plan, m.s); len(sum.Next) != 0 || sum.Active[0].Command != "landfall settle a --there --reason TEXT" || !strings.Contains(sum.Active[0].Waits, "--not-there") {
		t.Errorf("next %v, %+v", sum.Next, sum.Active)
	}
	e := by(Settle, "a")
	e.Effect = yesNo(true)
	m.must(e)
	if sum := Summarize(m.plan, m.s); !sum.Held || sum.Percent != 100 || len(sum.Next) != 0 || !sum.Ends.IsZero() {
		t.Errorf("%+v", sum)
	}
}

func TestSummaryOfManyStaysSmall(t *testing.T) {
	t.Parallel()
	m := begun(t, layered(1, 300))
	sum := Summarize(m.plan, m.s)
	if len(sum.Active) != 50 || sum.MoreActive != 250 {
		t.Errorf("%d active and %d more", len(sum.Active), sum.MoreActive)
	}
}

func TestStatusesAreAll(t *testing.T) {
	t.Parallel()
	all := Statuses()
	slices.Sort(all)
	if len(slices.Compact(all)) != 15 {
		t.Errorf("%d statuses", len(all))
	}
}

// What a person is told to say is complete: as it stands there it is taken.
func TestCommandsAreComplete(t *testing.T) {
	t.Parallel()
	opens := day().Add(-48 * time.Hour)
	late, one, any := step("late"), step("one"), step("any")
	late.InWindow = true
	one.Approvals = runbook.Approvals{Count: 2, Roles: []string{"lead", "security"}}
	any.Approvals = runbook.Approvals{Count: 1}
	plan := planOf(late, one, any)
	plan.Window = &runbook.Window{Opens: &opens, Seconds: 3600}
	m := begun(t, plan)
	yes := by(Approve, "one")
	m.must(yes)
	texts := map[string][2]string{}
	for _, a := range Summarize(m.plan, m.s).Active {
		texts[a.ID] = [2]string{a.Waits, a.Command}
	}
	want := map[string][2]string{
		"late": {"a decision of ops", "landfall retry late --accept --reason TEXT"},
		"one":  {"1 more approval of lead or security", "landfall approve one --role lead"},
		"any":  {"1 more approval of anyone who may approve", "landfall approve any"},
	}
	for id, w := range want {
		if texts[id] != w {
			t.Errorf("%s: %q, want %q", id, texts[id], w)
		}
	}
}
