package compile

import (
	"fmt"
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/runbook"
)

// cutover adds the switch by the strategy.
func (b *book) cutover() {
	switch b.strategy {
	case runbook.BigBang:
		b.bigBang()
	case runbook.BlueGreen:
		b.blueGreen()
	case runbook.Canary:
		b.canary()
	case runbook.Phased:
		b.phased()
	}
}

// bigBang: stop, carry over, start the target, switch all names.
func (b *book) bigBang() {
	open := b.open([]string{b.still(idStill, "the cutover", []string{idGo}, false)})
	moved := b.moveAll(open, true)
	start := b.add(b.by("start", runbook.Step{ID: "execute.start", Phase: runbook.Execute, Title: "Start the target and try it", Owner: "application", Place: runbook.NearTarget, Needs: moved, InWindow: true,
		Probe: "the target answers its health checks", Do: "start the components of the target on their own data, and run the smoke tests by the target's own addresses", Verify: "every smoke test passes, alerts are green",
		After: b.serves(runbook.AtTarget, true), Undo: &runbook.Undo{Do: "stop the components of the target", ExpectedSeconds: 5 * minute}, ExpectedSeconds: 20 * minute, ExpectedBasis: "assumed"}))
	b.conclude(b.shiftAll(100, []string{start}, true), true)
}

// blueGreen: both sides run; in the window the data changes hands and all
// traffic goes at one time.
func (b *book) blueGreen() {
	warm := b.add(b.by("start", runbook.Step{ID: "execute.warm", Phase: runbook.Execute, Title: "Run the target beside the source", Owner: "application", Place: runbook.NearTarget, Needs: []string{idGo},
		Probe: "the target answers its health checks", Do: "start and warm the target at full size on its copy, without users: caches, connections, scale", Verify: "smoke tests pass by the target's own addresses",
		Undo: &runbook.Undo{Do: "scale the target down", ExpectedSeconds: 5 * minute}, ExpectedSeconds: hour, ExpectedBasis: "assumed"}))
	open := b.open([]string{b.still(idStill, "the cutover", []string{warm}, false)})
	moved := b.moveAll(open, true)
	release := b.add(b.by("start", runbook.Step{ID: "execute.release", Phase: runbook.Execute, Title: "Try the target on its own data", Owner: "application", Place: runbook.NearTarget, Needs: moved, InWindow: true,
		Probe: "the target answers on its own data", Do: "let the target write, and run the smoke tests by its own addresses", Verify: "every smoke test passes, alerts are green",
		After: b.serves(runbook.AtTarget, true), Undo: &runbook.Undo{Do: "take the target out of service", ExpectedSeconds: 2 * minute}, ExpectedSeconds: 10 * minute, ExpectedBasis: "assumed"}))
	b.conclude(b.shiftAll(100, []string{release}, true), true)
}

// canary: users move in shares while the source keeps the data; before the
// last share the data changes hands in a short window.
func (b *book) canary() {
	last := []string{b.cross([]string{b.still(idStill, "the cutover", []string{idGo}, false)})}
	shares := b.Choices.shares()
	for _, share := range shares {
		if share >= 100 {
			break
		}
		shifted := b.shiftAll(share, last, false)
		last = []string{b.watch(fmt.Sprintf("execute.watch.%d", share), fmt.Sprintf("Watch %d %% of the users", share), shifted, hour, b.all())}
	}
	inWindow := len(b.written()) > 0
	if inWindow {
		last = b.moveAll(b.open(last), true)
	}
	b.conclude(b.shiftAll(100, last, inWindow), inWindow)
}

// phased: one set of data after the other changes hands, each at a moment that
// its users agreed to; then the names go one by one.
func (b *book) phased() {
	last := b.cross([]string{b.still(idStill, "the cutover", []string{idGo}, false)})
	sets := b.written()
	slices.SortStableFunc(sets, func(x, y *set) int { return rank(!x.Returns) - rank(!y.Returns) })
	users := b.users()
	for _, s := range sets {
		if !s.Returns && !b.inBook[idLast] {
			last = b.still(idLast, "the point of no return", []string{last}, false)
		}
		moved := b.move(s, moving{begin: []string{last}})
		last = b.watch("execute.watch."+s.key, "Watch the users of "+s.name, []string{moved}, 30*minute, users(s))
	}
	for i := range b.routes {
		w := &b.routes[i]
		shifted := b.shift(w, 100, []string{last}, false)
		last = b.watch("execute.watch."+w.key, "Watch "+w.ID, []string{shifted}, 30*minute, []*route{w})
	}
	b.conclude([]string{last}, false)
}

func rank(later bool) int {
	if later {
		return 1
	}
	return 0
}

// open begins the window.
func (b *book) open(needs []string) string {
	return b.add(runbook.Step{ID: idOpen, Phase: runbook.Execute, Title: "Begin the window", Owner: "lead", Needs: needs, InWindow: true,
		Probe: "the window is open and everyone is on the call", Do: "open the call, read the contacts and the rollback triggers aloud, put up the notice for users", Verify: "everyone named in the contacts is there",
		Undo: &runbook.Undo{Do: "take the notice down and tell users that the service is as before", ExpectedSeconds: 5 * minute}, ExpectedSeconds: 5 * minute, ExpectedBasis: "assumed",
		Messages: []runbook.Message{
			{When: "before", To: []string{"users"}, Text: b.Design.Workload + " is in maintenance soon: for a short time nothing can be saved."},
			{When: "begun", To: []string{"users", "operations"}, Text: "The maintenance of " + b.Design.Workload + " has begun."},
			{When: "failed", To: []string{"lead"}, Text: "The window of " + b.Design.Workload + " could not begin."}}})
}

// cross lets the target's components work on the data at the source, through
// the flags that say for each dependency which cloud it is in.
func (b *book) cross(needs []string) string {
	do := "start the target; the flags of every dependency say aws, so that it reads and writes at the source through the way between the clouds; try it by its own addresses"
	if len(b.written()) == 0 {
		do = "start the target and try it by its own addresses"
	}
	return b.add(b.by("start", runbook.Step{ID: "execute.cross", Phase: runbook.Execute, Title: "Let the target serve on the data at the source", Owner: "application", Place: runbook.NearTarget, Needs: needs,
		Probe: "the target answers, and what it saves is found at the source", Do: do, Verify: "smoke tests pass; latency to the data is within what the flows bear",
		After: b.serves(runbook.AtTarget, true), Undo: &runbook.Undo{Do: "take the target out of service", ExpectedSeconds: 2 * minute}, ExpectedSeconds: hour, ExpectedBasis: "assumed"}))
}

func (b *book) serves(side runbook.Side, yes bool) runbook.After {
	return runbook.After{Serves: map[runbook.Side]bool{side: yes}}
}

// moving says how a set changes hands.
type moving struct {
	begin    []string // steps before the fence
	inWindow bool
}

// moveAll lets all sets change hands at one time: queues are drained first,
// while those who empty them can still write; then every other set is fenced;
// none is switched before all are whole.
func (b *book) moveAll(open string, inWindow bool) []string {
	sets := b.written()
	if len(sets) == 0 {
		return []string{open}
	}
	var drained, whole []string
	for _, queues := range []bool{true, false} {
		begin := []string{open}
		if !queues && len(drained) > 0 {
			begin = []string{b.together("execute.drained", "All queues are empty", "every queue is fenced and empty; those who empty them have no work left", drained, inWindow)}
		}
		for _, s := range sets {
			if (s.Kind == "queue") != queues {
				continue
			}
			id := b.carry(s, moving{begin: begin, inWindow: inWindow})
			whole = append(whole, id)
			if queues {
				drained = append(drained, id)
			}
		}
	}
	// What cannot be had back changes hands last: until then going back loses
	// nothing.
	all := b.together("execute.whole", "Everything is there", "each set of data was compared behind its fence and nothing differs: until here lifting the fences is all that going back takes", whole, inWindow)
	var moved []string
	for _, returns := range []bool{true, false} {
		needs := []string{all}
		if !returns && len(moved) > 0 {
			needs = []string{b.together("execute.handed", "What can be had back has changed hands", "the target writes every set of data whose changes are carried back; what follows cannot be had back without a loss", moved, inWindow)}
		}
		if !returns && slices.ContainsFunc(sets, func(s *set) bool { return !s.Returns }) {
			needs = []string{b.still(idLast, "the point of no return", needs, inWindow)}
		}
		for _, s := range sets {
			if s.Returns == returns {
				moved = append(moved, b.hand(s, needs, inWindow))
			}
		}
	}
	return b.leaves(moved)
}

// together is a moment at which several things have to be so.
func (b *book) together(id, title, do string, needs []string, inWindow bool) string {
	return b.add(runbook.Step{ID: id, Phase: runbook.Execute, Title: title, Owner: "lead", Needs: needs, InWindow: inWindow, Probe: "the lead has said so", Do: "look at the steps before it: " + do, Verify: "nobody on the call objects",
		UndoReason: "it is a word and changes nothing", ExpectedSeconds: minute, ExpectedBasis: "assumed"})
}

// move lets one set change hands by itself.
func (b *book) move(s *set, m moving) string {
	return b.hand(s, []string{b.carry(s, m)}, m.inWindow)
}

// carry fences a set at the source and carries over what is left of it; it
// returns the step that proves it whole.
func (b *book) carry(s *set, m moving) string {
	role := owner(b.byID[s.Source].Kind)
	about := []cloud.ResourceID{s.Source}
	fence := runbook.Step{ID: "execute.fence." + s.key, Phase: runbook.Execute, Title: "Let nobody write " + s.name + " at the source", Owner: role, Place: runbook.NearSource, Needs: m.begin, InWindow: m.inWindow, About: about,
		Inputs: map[string]any{"data": s.ID, "source": string(s.Source)}, Probe: "an attempt to write is refused", Do: fenceWords(s.Kind), Verify: "a real attempt to write is refused, for every writer that is known",
		After: runbook.After{Writers: map[string]runbook.Side{s.ID: runbook.Nowhere}}, Undo: &runbook.Undo{Do: "let the writers at the source write again, and try it", ExpectedSeconds: 2 * minute}, ExpectedSeconds: 3 * minute, ExpectedBasis: "assumed"}
	if s.Method == "online" {
		fence.Gates = []runbook.Gate{lagGate(s)}
	}
	if !m.inWindow {
		fence.Inputs["stated"] = "nobody can write " + s.name + " from here until it is handed over; its users agreed to the moment"
		fence.Approvals = runbook.Approvals{Count: 1, Roles: []string{role}, Why: "the users of " + s.name + " agree to the moment"}
	}
	kind := b.own("fence", s)
	if kind != "fence" {
		fence.Inputs["target"] = string(s.Target)
	}
	last := b.add(b.by(kind, fence))
	switch {
	case s.Kind == "queue":
		last = b.add(b.by("drain", runbook.Step{ID: "execute.drain." + s.key, Phase: runbook.Execute, Title: "Let " + s.name + " run empty", Owner: role, Place: runbook.NearSource, Needs: []string{last}, InWindow: m.inWindow, About: about,
			Inputs: map[string]any{"data": s.ID, "source": string(s.Source), "target": string(s.Target)}, Probe: "no message is visible, delayed or in flight", Do: "let the consumers go on until nothing is left; carry over what stays in a dead-letter queue and count it",
			Verify: "three counts in a row are zero: visible, delayed, in flight", After: runbook.After{Replicates: map[string]runbook.Side{s.ID: runbook.AtTarget}},
			Undo: &runbook.Undo{Do: "nothing to take back: consumers at the source go on", ExpectedSeconds: 10}, ExpectedSeconds: 10 * minute, ExpectedBasis: "assumed: the visibility timeout and what waits"}))
	case s.Method != "online":
		seconds, basis := copySeconds(s)
		undo := &runbook.Undo{Do: "leave the copy: it is made anew the next time", ExpectedSeconds: 10}
		if s.Kind == "objects" && b.Kinds["move.objects"] {
			undo.Inputs = map[string]any{"keep": true}
		}
		last = b.add(b.by(mover("move", s), runbook.Step{ID: "execute.copy." + s.key, Phase: runbook.Execute, Title: "Copy " + s.name, Owner: role, Place: runbook.NearTarget, Needs: []string{last}, InWindow: m.inWindow, About: about,
			Inputs: b.moveInputs(s, "copy"), Probe: "a copy from after the fence is there", Do: copyWords(s), Verify: "the copy is complete", After: runbook.After{Replicates: map[string]runbook.Side{s.ID: runbook.AtTarget}},
			Undo: undo, ExpectedSeconds: seconds, ExpectedBasis: basis}))
	}
	return b.add(b.by(mover("verify", s), runbook.Step{ID: "execute.final." + s.key, Phase: runbook.Execute, Title: "Prove that all of " + s.name + " is there", Owner: role, Place: runbook.NearTarget, Needs: []string{last}, InWindow: m.inWindow, About: about,
		Inputs: b.moveInputs(s, "final"), Probe: "a comparison from after the fence is there", Do: "wait until everything is carried over, then " + verifyWords(s.Kind), Verify: "nothing differs", UndoReason: "comparing changes nothing",
		ExpectedSeconds: finalSeconds(s), ExpectedBasis: finalBasis(s)}))
}

// finalSeconds: what is followed was compared before, so only what changed
// since then is compared again.
func finalSeconds(s *set) int64 {
	if s.Method == "online" || s.Kind == "queue" {
		return 5 * minute
	}
	return verifySeconds(s)
}

func finalBasis(s *set) string {
	if s.Method == "online" || s.Kind == "queue" {
		return "assumed: only what changed since the first comparison"
	}
	return "assumed: a third of the copy"
}

func fenceWords(kind string) string {
	switch kind {
	case "postgres", "mysql", "sqlserver":
		return "make the workload's users of the database read-only and end their sessions, so that what is in flight is refused and not lost"
	case "queue":
		return "take the right to send away from every producer; consumers keep theirs"
	case "objects", "dynamodb":
		return "deny writing to the workload's roles by a policy on the resource; reading stays"
	case "disks", "files":
		return "stop the programs that write and remount read-only"
	}
	return "take the right to write away from everything that writes, and leave reading"
}

// hand gives a set to the target; changes there are carried back first, where
// they can be.
func (b *book) hand(s *set, needs []string, inWindow bool) string {
	role := owner(b.byID[s.Source].Kind)
	about := []cloud.ResourceID{s.Source}
	if s.Returns {
		needs = []string{b.add(b.by(b.own("move.return", s), runbook.Step{ID: "execute.return." + s.key, Phase: runbook.Execute, Title: "Prepare the way back of " + s.name, Owner: role, Place: runbook.NearTarget, Needs: needs, InWindow: inWindow, About: about,
			Inputs: b.moveInputs(s, "return"), Probe: "a change at the target would be carried to the source", Do: returnWords(s.Kind), Verify: "a marker that is written at the target arrives at the source",
			After: runbook.After{Replicates: map[string]runbook.Side{s.ID: runbook.AtSource}}, Undo: &runbook.Undo{Do: "stop carrying back", ExpectedSeconds: 2 * minute}, ExpectedSeconds: 5 * minute, ExpectedBasis: "assumed"}))}
	}
	undo := &runbook.Undo{Do: "fence the target, wait until everything is carried back, and prove it", ExpectedSeconds: 5 * minute, After: &runbook.After{Writers: map[string]runbook.Side{s.ID: runbook.Nowhere}}}
	if !s.Returns {
		undo.Do = "fence the target; what was written there since the switch has to be carried back by hand, or is given up"
		undo.Loses = losesWords(s)
	}
	return b.add(b.by(b.own("writers", s), runbook.Step{ID: "execute.switch." + s.key, Phase: runbook.Execute, Title: "Let the target write " + s.name, Owner: role, Place: runbook.NearTarget, Needs: needs, InWindow: inWindow, About: about,
		Inputs: map[string]any{"data": s.ID, "source": string(s.Source), "target": string(s.Target)}, Gates: []runbook.Gate{zeroGate(s)},
		Probe: "the target takes writes and the source refuses them", Do: "let the target take writes and point every component to it; the source stays fenced", Verify: "a write at the target succeeds, one at the source is refused",
		After: runbook.After{Writers: map[string]runbook.Side{s.ID: runbook.AtTarget}}, Undo: undo, ExpectedSeconds: 3 * minute, ExpectedBasis: "assumed"}))
}

func returnWords(kind string) string {
	switch kind {
	case "postgres":
		return "set logical replication up from the target to the source, from the point of the switch; sequences are set ahead"
	case "mysql":
		return "let the source follow the target's binary log from the point of the switch (mysql.rds_set_external_master)"
	case "queue":
		return "keep the way ready to drain the target's queue before consumers at the source begin again"
	}
	return "carry what changes at the target back to the source, pass after pass, from the point of the switch"
}

func losesWords(s *set) string {
	switch s.Kind {
	case "redis":
		return "what was kept in " + s.name + " since the switch: sessions and counters; cached values fill again by themselves"
	case "dynamodb":
		return "items of " + s.name + " that were written since the switch"
	case "sqlserver":
		return "transactions of " + s.name + " since the switch: nothing carries them back"
	}
	return "what was written to " + s.name + " since the switch"
}

// lagGate lets the fence begin only when little is left to carry over: less
// than a second for what is critical, five for the rest (Cloud Adoption
// Framework, "Execute migration").
func lagGate(s *set) runbook.Gate {
	return runbook.Gate{ID: "lag", Expr: fmt.Sprintf("lag_seconds < %d", s.lagLimit), HoldSeconds: 5 * minute, EverySeconds: 15, TimeoutSeconds: 4 * hour,
		Facts: []runbook.Fact{{Name: "lag_seconds", Source: "lag", Inputs: map[string]any{"data": s.ID}, Type: "number", Unit: "s", MaxAgeSeconds: 60}},
		Why:   "the time without writes is as long as what is left to carry over"}
}

// zeroGate lets the target write only when nothing is left.
func zeroGate(s *set) runbook.Gate {
	return runbook.Gate{ID: "zero-lag", Expr: "remaining == 0.0", EverySeconds: 5, TimeoutSeconds: 30 * minute,
		Facts: []runbook.Fact{{Name: "remaining", Source: "lag", Inputs: map[string]any{"data": s.ID, "of": "changes"}, Type: "number", MaxAgeSeconds: 30}},
		Why:   "a change that is not carried over would be lost"}
}

// shiftAll shifts every route to a share.
func (b *book) shiftAll(share int, needs []string, inWindow bool) []string {
	if len(b.routes) == 0 {
		return needs
	}
	needs = b.gather(fmt.Sprintf("execute.ready-for-%d", share), fmt.Sprintf("Everything is ready for %d %% of the users", share), needs, len(b.routes))
	var ids []string
	for i := range b.routes {
		ids = append(ids, b.shift(&b.routes[i], share, slices.Clone(needs), inWindow))
	}
	return ids
}

// shift sends a share of new traffic of one name to the target.
func (b *book) shift(w *route, share int, needs []string, inWindow bool) string {
	ttl := b.lowered(w)
	do := fmt.Sprintf("change the records of %s so that %d %% of the answers lead to the target", w.ID, share)
	if w.By == "person" {
		do = fmt.Sprintf("ask whoever keeps %s to lead %d %% of its users to the target", w.ID, share)
	}
	id := fmt.Sprintf("execute.traffic.%d.%s", share, w.key)
	step := runbook.Step{ID: id, Phase: runbook.Execute, Title: fmt.Sprintf("Send %d %% of %s to the target", share, w.ID), Owner: "network", Place: runbook.NearSource, Needs: needs, InWindow: inWindow, About: append(slices.Clone(w.records), w.Front),
		Inputs: map[string]any{"route": w.ID, "zone": w.Zone, "front": string(w.Front), "target": string(w.Target), "by": w.By, "share": share, "from": w.share}, Probe: "the authoritative servers answer so", Do: do,
		Verify:          "authoritative servers and public resolvers answer so; the share that is seen at both fronts is the wanted one, or older answers are still being used",
		After:           runbook.After{Weights: map[string]runbook.Weights{w.ID: {Source: 100 - share, Target: share}}},
		Undo:            &runbook.Undo{Do: "set the records as they were, and wait for one time to live", ExpectedSeconds: ttl + minute},
		ExpectedSeconds: ttl + 2*minute, ExpectedBasis: fmt.Sprintf("stated: one time to live of %d s; some resolvers take up to 15 minutes", ttl)}
	w.share = share
	return b.add(b.led(w, "traffic.dns", step))
}

// watch looks at the users of the target for a while; its gates are the KPIs.
// Without routes it waits as long.
func (b *book) watch(id, title string, needs []string, hold int64, routes []*route) string {
	gates, wait := b.health(hold, routes), int64(0)
	if len(gates) == 0 {
		wait = hold
	}
	return b.add(b.by("observe", runbook.Step{ID: id, Phase: runbook.Execute, Title: title, Owner: "operations", Needs: needs, Gates: gates,
		Probe: "the gates have held", Do: "watch error rate, latency and saturation against the baseline; say so when something looks wrong that no gate sees", Verify: "every gate has held without a break",
		UndoReason: "watching changes nothing", WaitSeconds: wait, ExpectedSeconds: minute, ExpectedBasis: "assumed"}))
}

// conclude ends the cutover: all users are at the target.
func (b *book) conclude(needs []string, inWindow bool) {
	const hold = 15 * minute
	wait := int64(0) // of a workload that has no gate to hold
	if len(b.routes) == 0 {
		wait = hold
	}
	b.add(b.by("observe", runbook.Step{ID: idSettle, Phase: runbook.Execute, Title: "Is the target well with all users?", Owner: "operations", Needs: needs, InWindow: inWindow, Gates: b.health(hold, b.all()), WaitSeconds: wait,
		Probe: "the gates have held", Do: "run the smoke tests by the names of the users, watch KPIs and security logs; keep the source ready", Verify: "smoke tests and gates are green",
		UndoReason: "watching changes nothing", ExpectedSeconds: 10 * minute, ExpectedBasis: "assumed",
		Messages: []runbook.Message{
			{When: "done", To: []string{"users", "operations", "lead"}, Text: b.Design.Workload + " is in service again, at its new place. The old one stays ready for the time of observation."},
			{When: "failed", To: []string{"lead", "operations"}, Text: "The target of " + b.Design.Workload + " is not well. Decide by the rollback triggers."}}}))
}
