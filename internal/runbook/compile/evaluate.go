package compile

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/runbook"
)

func compareText(a, b string) int { return strings.Compare(a, b) }

// evaluate adds observation, proof and sign-off. The source stays ready until
// the sign-off; only then does the way back end.
func (b *book) evaluate() {
	observation := b.Choices.observation()
	observe := b.add(b.by("observe", runbook.Step{ID: idObserve, Phase: runbook.Evaluate, Title: "Observe for " + plural(int(observation/hour), "hour", "hours"), Owner: "operations", Needs: []string{idSettle}, WaitSeconds: observation, Gates: b.health(hour, b.all()),
		Probe: "the time of observation is over and the gates hold", Do: "watch trends, anomalies, cost and alarms; the source stays ready", Verify: "the gates held to the end; anomalies have an explanation", UndoReason: "watching changes nothing", ExpectedSeconds: 10 * minute, ExpectedBasis: "assumed"}))
	b.add(b.by("verdict", runbook.Step{ID: "evaluate.verdict", Phase: runbook.Evaluate, Title: "Compare the KPIs with the baseline", Owner: "lead", Needs: []string{observe},
		Probe: "verdict.json is of this run", Do: "landfall evaluate: each KPI of the frozen baseline against the target, under the same statistic, season and load", Verify: "no KPI fails; what is inconclusive is measured longer", UndoReason: "comparing changes nothing", ExpectedSeconds: 30 * minute, ExpectedBasis: "assumed"}))
	b.add(b.by("residual", runbook.Step{ID: "evaluate.residual", Phase: runbook.Evaluate, Title: "Look for use of the source", Owner: "lead", Place: runbook.NearSource, Needs: []string{observe},
		Probe: "a report since the cutover is there", Do: "landfall residual since the cutover: trails, flow logs, access logs, name queries, sessions; whoever still calls the source is named and moved", Verify: "nobody but the expected ones uses the source", UndoReason: "looking changes nothing", ExpectedSeconds: hour, ExpectedBasis: "assumed"}))
	for _, step := range []runbook.Step{
		{ID: "evaluate.restore", Title: "Restore a backup of each set of data", Owner: "database", Do: "restore each backup of the target beside it and compare; measure the time", Verify: "contents are right, and the time is within the RTO", ExpectedSeconds: 4 * hour},
		{ID: "evaluate.drills", Title: "Do the routine work once", Owner: "operations", Do: "restart, scale, renew a certificate, give and take access, fail a zone over, roll a release back, at the target", Verify: "each was done by those who do it from now on; runbooks are updated", ExpectedSeconds: 8 * hour},
		{ID: "evaluate.security", Title: "Settle the security findings", Owner: "security", Do: "go through posture, firewall logs and unused allow rules of the target; take away what was temporary", Verify: "each finding is closed or has an owner and a date", ExpectedSeconds: 4 * hour},
		{ID: "evaluate.cost", Title: "Look for runaway cost", Owner: "lead", Do: "compare the cost of the days since the cutover with the design's estimate, by resource", Verify: "differences are explained; budgets and their alerts are on", ExpectedSeconds: hour},
		{ID: "evaluate.pipelines", Title: "Let the pipelines deploy to the target only", Owner: "application", Do: "switch the AWS part of the pipelines off, and keep it until the retirement", Verify: "a commit is deployed to the target and nowhere else", ExpectedSeconds: hour, Undo: &runbook.Undo{Do: "switch the AWS part on again", ExpectedSeconds: 5 * minute}},
	} {
		step.Phase, step.Needs, step.Probe, step.ExpectedBasis = runbook.Evaluate, []string{observe}, "a note with its evidence is there", "assumed"
		b.add(step)
	}
	b.restoreTTL(observe)
	b.todo(runbook.Evaluate, []string{observe})
	if slices.ContainsFunc(b.written(), func(s *set) bool { return s.Returns }) {
		b.still("evaluate.unchanged", "the way back ends", []string{observe}, false)
	}
	signed := b.add(runbook.Step{ID: idSignOff, Phase: runbook.Evaluate, Title: "Accept the target", Owner: "lead", Needs: b.leaves(b.inPhase(runbook.Evaluate)),
		Probe: "the sign-off is in the ledger", Do: "go through the acceptance criteria with their evidence, and sign", Verify: "the approvals are bound to the fingerprint of the evidence", UndoReason: "a sign-off is not taken back",
		Approvals: runbook.Approvals{Count: b.people(), Roles: []string{"lead", "security"}, Why: "after this the way back ends: from here on going back loses data"}, ExpectedSeconds: hour, ExpectedBasis: "assumed",
		Messages: []runbook.Message{{When: "done", To: []string{"users", "operations", "security"}, Text: b.Design.Workload + " is accepted at its new place. The old one is taken down after a time of waiting."}}})
	b.endReturn(signed)
}

// restoreTTL gives names their time to live back.
func (b *book) restoreTTL(need string) {
	for i := range b.routes {
		w := &b.routes[i]
		ttl, words := w.TTLSeconds, "as it was"
		if ttl == 0 {
			ttl, words = hour, "to an hour, as nobody knows what it was"
		}
		b.add(b.led(w, "traffic.ttl", runbook.Step{ID: "evaluate.ttl." + w.key, Phase: runbook.Evaluate, Title: "Give " + w.ID + " its time to live back", Owner: "network", Needs: []string{need}, About: w.records,
			Inputs: map[string]any{"route": w.ID, "zone": w.Zone, "ttlSeconds": ttl, "before": b.lowered(w)}, Probe: "the authoritative servers give it", Do: fmt.Sprintf("set the time to live of %s %s: %d s", w.ID, words, ttl), Verify: "all authoritative servers give it",
			After: runbook.After{TTLSeconds: map[string]int64{w.ID: ttl}}, Undo: &runbook.Undo{Do: "lower it again, and wait for one time to live before names change", ExpectedSeconds: ttl + 2*minute}, ExpectedSeconds: 5 * minute, ExpectedBasis: "assumed"}))
	}
}

// endReturn stops carrying changes back: from here on the source is out of date.
func (b *book) endReturn(need string) {
	for _, s := range b.written() {
		if !s.Returns {
			continue
		}
		b.add(b.by("move.end", runbook.Step{ID: "evaluate.end-return." + s.key, Phase: runbook.Evaluate, Title: "End the way back of " + s.name, Owner: owner(b.byID[s.Source].Kind), Place: runbook.NearTarget, Needs: []string{need}, About: []cloud.ResourceID{s.Source},
			Inputs: b.moveInputs(s, "end"), Probe: "nothing is carried back any more", Do: "stop carrying changes of " + s.name + " back, and take slots and rights for it away", Verify: "nothing is carried, and nothing waits to be",
			After: runbook.After{Replicates: map[string]runbook.Side{s.ID: runbook.Nowhere}}, UndoReason: "what is written at the target from here on is missing at the source",
			ExpectedSeconds: 10 * minute, ExpectedBasis: "assumed"}))
	}
}

// retire adds the last phase: disable, wait, and take down wave by wave. Users
// of a resource go before it.
func (b *book) retire() {
	signed := b.leaves(b.inPhase(runbook.Evaluate))
	plan := b.add(b.by("retire.plan", runbook.Step{ID: "decommission.plan", Phase: runbook.Decommission, Title: "Plan the retirement", Owner: "lead", Place: runbook.NearSource, Needs: signed,
		Probe: "retirement.json is of this workload", Do: "landfall retire plan: what may go, in which order, on what evidence; what others use stays", Verify: "every resource is either in a wave or kept with a reason", UndoReason: "planning changes nothing", ExpectedSeconds: hour, ExpectedBasis: "assumed"}))
	backup := b.add(b.by("retire.backup", runbook.Step{ID: "decommission.backup", Phase: runbook.Decommission, Title: "Take the last backups, and restore them once", Owner: "database", Place: runbook.NearSource, Needs: []string{plan},
		Probe: "each set of data has a last backup that was restored", Do: "back every set of data up for the time that the law or the company asks for, and restore each once", Verify: "the restored copies are right", UndoReason: "backups are only added", ExpectedSeconds: 4 * hour, ExpectedBasis: "assumed"}))
	loses := ""
	if len(b.written()) > 0 {
		loses = "what was written at the target since the way back ended"
	}
	disable := b.add(b.by("retire.disable", runbook.Step{ID: "decommission.disable", Phase: runbook.Decommission, Title: "Switch the source off", Owner: "lead", Place: runbook.NearSource, Needs: []string{backup},
		Probe: "the source answers nobody", Do: "stop what runs at the source and deny access to what is kept, in the order of the waves", Verify: "attempts to use it are refused and counted", After: b.serves(runbook.AtSource, false),
		Undo:      &runbook.Undo{Do: "start what was stopped and allow access again", ExpectedSeconds: hour, Loses: loses},
		Approvals: runbook.Approvals{Count: b.people(), Roles: []string{"lead"}, Why: "whatever still uses the source stops"}, ExpectedSeconds: hour, ExpectedBasis: "assumed"}))
	// A month sees the work that is done once a month.
	const month = 30 * day
	last := b.add(b.by("observe", runbook.Step{ID: "decommission.wait", Phase: runbook.Decommission, Title: "Wait for whoever misses it", Owner: "lead", Place: runbook.NearSource, Needs: []string{disable}, WaitSeconds: month,
		Probe: "a month has passed without use", Do: "wait a month, so that monthly work is seen; attempts to use the source are attributed and settled", Verify: "landfall residual names nobody since the source was switched off", UndoReason: "waiting changes nothing", ExpectedSeconds: hour, ExpectedBasis: "assumed"}))
	var moved []cloud.ResourceID
	for _, v := range b.decisions {
		if v.Action != design.Retain {
			moved = append(moved, v.Source)
		}
	}
	for i, wave := range graph.NewQuery(b.Graph).Order(moved) {
		last = b.add(b.by("retire.remove", runbook.Step{ID: fmt.Sprintf("decommission.wave-%02d", i+1), Phase: runbook.Decommission, Title: fmt.Sprintf("Take down wave %d: %s", i+1, plural(len(wave), "resource", "resources")), Owner: "lead", Place: runbook.NearSource, Needs: []string{last}, About: slices.Clone(wave),
			Probe: "each is gone", Do: "landfall retire: remove what this wave of retirement.json holds; nothing in it is needed by what is still there", Verify: "each is gone by the service's own word", After: runbook.After{Gone: true},
			UndoReason: "what is deleted can only be made anew, from the last backup and the inventory", Approvals: runbook.Approvals{Count: b.people(), Roles: []string{"lead"}, Why: "deletion at the source"},
			ExpectedSeconds: 10*minute + 20*int64(len(wave)), ExpectedBasis: "assumed"}))
	}
	b.add(runbook.Step{ID: "decommission.close", Phase: runbook.Decommission, Title: "Close the books", Owner: "lead", Needs: []string{last}, Probe: "the report is filed", Do: "end contracts and reservations of the source, take back rights and keys of the migration, file landfall report, write down what was learned",
		Verify: "the bill of the source shows nothing of the workload", UndoReason: "it only closes what is over", ExpectedSeconds: 2 * hour, ExpectedBasis: "assumed"})
}
