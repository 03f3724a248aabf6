package compile

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/runbook"
)

// before adds what is executed before the window: freeze, backups, the way
// between the clouds, copies that follow, names that expire sooner, tests, and
// the word that it may begin.
func (b *book) before() {
	ready := b.add(runbook.Step{ID: idReady, Phase: runbook.Prepare, Title: "Are we ready?", Owner: "lead", Needs: b.leaves(append(b.inPhase(runbook.Plan), b.inPhase(runbook.Prepare)...)),
		Probe: "the review of readiness is in the ledger", Do: "go through acceptance criteria, rollback triggers, contacts and on-call of both days; confirm that the schedule was sent",
		Verify: "everyone named in the contacts has said yes", UndoReason: "a review changes nothing", Approvals: runbook.Approvals{Count: b.people(), Roles: []string{"lead"}, Why: "execution writes at the source for the first time"},
		ExpectedSeconds: hour, ExpectedBasis: "assumed"})
	freeze := b.add(b.by("freeze", runbook.Step{ID: idFreeze, Phase: runbook.Execute, Title: "Freeze changes at the source", Owner: "lead", Place: runbook.NearSource, Needs: []string{ready},
		Probe: "the freeze is announced and changes are being watched", Do: "block deployments to the source and begin to watch it for changes of configuration, by reading only",
		Verify: "a comparison with inventory.json finds no change that nobody announced", Undo: &runbook.Undo{Do: "lift the freeze", ExpectedSeconds: 5 * minute}, ExpectedSeconds: 15 * minute, ExpectedBasis: "assumed",
		Messages: []runbook.Message{{When: "begun", To: []string{"application", "operations"}, Text: "From here to the sign-off nothing is changed at the source. Emergencies go through the lead of the migration."}}}))
	connect := b.add(runbook.Step{ID: "execute.connect", Phase: runbook.Execute, Title: "Open the way for the data", Owner: "network", Needs: []string{freeze},
		Probe: "the rules of the list are there", Do: "apply the firewall, security group and route changes that copying needs, one by one, each with an end and an owner",
		Verify: "each change is tried from both ends: what must pass does, nothing else", Undo: &runbook.Undo{Do: "take the temporary rules back, last first", ExpectedSeconds: 15 * minute}, ExpectedSeconds: hour, ExpectedBasis: "assumed"})
	copied := b.copies(connect)
	lowered := b.lower(freeze)
	tested := b.tests(runbook.Execute, "execute.test", append(slices.Clone(copied), connect))
	needs := append(append(tested, copied...), lowered...)
	b.add(runbook.Step{ID: idGo, Phase: runbook.Execute, Title: "Go, or not", Owner: "lead", Needs: needs,
		Probe: "the decision is in the ledger", Do: "decide on tests, copies, lag and names; whoever may stop the cutover is asked", Verify: "the decision and who took it are recorded", UndoReason: "a decision changes nothing",
		Gates:     []runbook.Gate{b.unchanged()},
		Approvals: runbook.Approvals{Count: b.people(), Roles: []string{"lead"}, Why: "users are concerned from here on"}, ExpectedSeconds: 30 * minute, ExpectedBasis: "assumed"})
}

// unchanged is the gate that nobody has changed the source during the freeze.
func (b *book) unchanged() runbook.Gate {
	return runbook.Gate{ID: "frozen", Expr: "changes == 0.0", EverySeconds: 5 * minute, TimeoutSeconds: day, Why: "the target was made from the source as it was; a change since then is missing there",
		Facts: []runbook.Fact{{Name: "changes", Source: "probe", Inputs: map[string]any{"what": "source-changes", "since": idFreeze}, Type: "number", MaxAgeSeconds: hour}}}
}

// copies adds the copies that are made while the source is written, wave by
// wave: what others need comes first. It returns what the tests wait for.
func (b *book) copies(connect string) []string {
	var last []string
	needs, wave := []string{connect}, -1
	var current []string
	for i := range b.data {
		s := &b.data[i]
		if s.Kind == "images" || s.Kind == "secrets" || s.Kind == "queue" {
			continue
		}
		if s.wave != wave {
			if len(current) > 0 {
				next := 0
				for _, other := range b.data[i:] {
					if other.wave == s.wave {
						next++
					}
				}
				needs = b.gather(fmt.Sprintf("execute.wave-%02d", wave+1), fmt.Sprintf("Wave %d of the data is copied", wave+1), current, next)
			}
			wave, current = s.wave, nil
		}
		own := slices.Clone(needs)
		if !s.ReadOnly {
			own = append(own, b.backup(s, idFreeze))
		}
		id := b.copy(s, own)
		current = append(current, id)
		last = append(last, id)
	}
	return b.leaves(last)
}

// backup adds the copy that stays at the source whatever happens.
func (b *book) backup(s *set, need string) string {
	return b.add(b.by("backup", runbook.Step{ID: "execute.backup." + s.key, Phase: runbook.Execute, Title: "Back up " + s.name, Owner: owner(b.byID[s.Source].Kind), Place: runbook.NearSource, Needs: []string{need}, About: []cloud.ResourceID{s.Source},
		Inputs: map[string]any{"data": s.ID, "source": string(s.Source)}, Probe: "a backup from after the freeze is there", Do: backupWords(s.Kind), Verify: "the backup is complete; restoring it was tried in the rehearsal",
		UndoReason: "a backup is only added; it is kept until the retirement deals with it", ExpectedSeconds: 30 * minute, ExpectedBasis: "assumed"}))
}

func backupWords(kind string) string {
	switch kind {
	case "postgres", "mysql", "sqlserver":
		return "take a snapshot of the database"
	case "objects":
		return "switch versioning on where it is off, so that nothing that is overwritten is lost"
	case "dynamodb":
		return "take an on-demand backup of the table"
	case "redis":
		return "write a snapshot of the cache"
	case "files", "disks":
		return "take a recovery point, with the writing programs paused for the moment"
	}
	return "take a backup by the service's own means, and try to read it"
}

// copy adds the copy of one set and its verification; it returns the latter.
func (b *book) copy(s *set, needs []string) string {
	seconds, basis := copySeconds(s)
	role := owner(b.byID[s.Source].Kind)
	step := runbook.Step{Phase: runbook.Execute, Owner: role, Place: runbook.NearTarget, Needs: needs, About: []cloud.ResourceID{s.Source}, Inputs: b.moveInputs(s, "copy"), ExpectedSeconds: seconds, ExpectedBasis: basis}
	if s.Method == "online" {
		step.ID, step.Title = "execute.copy."+s.key, "Copy "+s.name+" and follow its changes"
		step.Probe, step.Do = "the copy is complete and follows", copyWords(s)
		step.Verify = "the first copy is complete and the lag falls"
		step.After = runbook.After{Replicates: map[string]runbook.Side{s.ID: runbook.AtTarget}}
		step.Undo = &runbook.Undo{Do: "stop following, take the replication slot or the trigger at the source back, and empty the copy", ExpectedSeconds: 10 * minute}
	} else {
		step.ID, step.Title = "execute.trial."+s.key, "Try the copy of "+s.name
		step.Probe, step.Do = "a trial copy with its time is there", "make a whole copy as it will be made in the window, measure it, verify it, and empty the target again: "+copyWords(s)
		step.Verify = "the trial was verified, and fits into the window"
		step.Undo = &runbook.Undo{Do: "empty the trial copy", ExpectedSeconds: 10 * minute}
	}
	id := b.add(b.by(mover("move", s), step))
	return b.add(b.by(mover("verify", s), runbook.Step{ID: "execute.verify." + s.key, Phase: runbook.Execute, Title: "Compare both copies of " + s.name, Owner: role, Place: runbook.NearTarget, Needs: []string{id}, About: []cloud.ResourceID{s.Source},
		Inputs: b.moveInputs(s, "verify"), Probe: "a comparison of this copy is there", Do: verifyWords(s.Kind), Verify: "nothing differs, or each difference is explained", UndoReason: "comparing changes nothing",
		ExpectedSeconds: verifySeconds(s), ExpectedBasis: "assumed: a third of the copy"}))
}

// mover is the kind of a step that copies or compares a set. A database that is
// copied while nobody writes, and tried before, is people's: the mover of databases
// makes one copy and follows it.
func mover(verb string, s *set) runbook.StepKind {
	kind := runbook.StepKind(verb + "." + s.Kind)
	if s.Kind == "postgres" && s.Method != "online" {
		kind += ".offline"
	}
	return kind
}

// own is the kind of a step around the switch of a set: one of the set's own kind
// where Landfall carries it out, otherwise that of all sets.
func (b *book) own(kind runbook.StepKind, s *set) runbook.StepKind {
	verb := strings.TrimPrefix(string(kind), "move.")
	if k := mover(verb, s); b.Kinds[k] {
		return k
	}
	return kind
}

func (b *book) moveInputs(s *set, what string) map[string]any {
	return s.withPolicies(map[string]any{"data": s.ID, "source": string(s.Source), "target": string(s.Target), "method": s.Method, "what": what})
}

// copyWords tells a person how a set is copied, with the limits of the service.
func copyWords(s *set) string {
	switch s.Kind {
	case "postgres":
		return "roles and parameters by hand first; every table needs a primary key or REPLICA IDENTITY FULL; logical replication on (rds.logical_replication=1), slots and senders enough, wal_sender_timeout=0; high availability and read replicas of the target off meanwhile; then copy and follow"
	case "mysql":
		return "same version, InnoDB and primary keys only, same character set, GTID mode equal, binary logs kept for 96 hours (mysql.rds_set_configuration), zone-redundant high availability of the target off meanwhile; load, then follow the binary log"
	case "sqlserver":
		return "full backup, differential and log backups to a container, restored in order; logins and agent jobs by script"
	case "objects":
		return "copy all objects from service to service, with metadata, versions as decided, and archived ones restored first; then pass after pass over what changed; " + policyWords(s)
	case "dynamodb":
		return "export to a bucket, transform, write to the container; then replay the stream, which keeps 24 hours"
	case "redis":
		return "write an RDB file, carry it over, import it (the import empties the target), compare DBSIZE"
	case "files":
		return "copy all files with owners, modes and times; then pass after pass over what changed"
	case "disks":
		return "replicate the disk or make the machine anew from its configuration and copy its files"
	}
	return "copy by the means that the design names for " + s.name + ", and note what it leaves out"
}

// verifyWords tells what is compared.
func verifyWords(kind string) string {
	switch kind {
	case "postgres", "mysql", "sqlserver":
		return "compare schema objects, row counts, smallest and largest keys, sequences and checksums of rows; sizes prove nothing"
	case "objects", "files":
		return "compare number, names, sizes and hashes; a sample is read in full"
	case "dynamodb":
		return "compare the number of items and hashes by range of keys"
	case "redis":
		return "compare DBSIZE and a sample of keys with their time to live"
	}
	return "compare counts and a sample of contents at both sides"
}

// lower adds the steps that let names expire sooner: the new value, and the
// wait until the old one has left every cache.
func (b *book) lower(need string) []string {
	var waits []string
	for i := range b.routes {
		w := &b.routes[i]
		ttl := b.lowered(w)
		old, words := w.oldTTL()
		if w.TTLSeconds == 0 {
			b.find(runbook.Finding{ID: "ttl:" + w.ID, Text: "nobody says how long resolvers keep " + w.ID + ": a day is waited for", Do: "add the zone that has it to the inventory, or tell its owner to lower the time to live two days before"})
		}
		id := b.add(b.led(w, "traffic.ttl", runbook.Step{ID: "execute.ttl." + w.key, Phase: runbook.Execute, Title: "Let " + w.ID + " expire sooner", Owner: "network", Place: runbook.NearSource, Needs: []string{need}, About: w.records,
			Inputs: map[string]any{"route": w.ID, "zone": w.Zone, "ttlSeconds": ttl, "before": w.TTLSeconds}, Probe: "the authoritative servers give the new time to live", Do: fmt.Sprintf("lower the time to live of %s to %d s (before: %s)%s", w.ID, ttl, words, b.aliasWords(w)),
			Verify: "all authoritative servers give it", After: runbook.After{TTLSeconds: map[string]int64{w.ID: ttl}}, Undo: &runbook.Undo{Do: "set the time to live that it had", ExpectedSeconds: 2 * minute}, ExpectedSeconds: 5 * minute, ExpectedBasis: "assumed"}))
		waits = append(waits, b.add(b.asked(w, runbook.Step{ID: "execute.expired." + w.key, Phase: runbook.Execute, Title: "Wait until caches have let go of " + w.ID, Owner: "network", Needs: []string{id}, About: w.records, WaitSeconds: old,
			Inputs: question(w, ttl), Probe: "resolvers give at most the new time to live", Do: "wait for one old time to live and five minutes more, then ask the authoritative servers and several public resolvers",
			Verify: "no resolver gives more than the new time to live", UndoReason: "waiting changes nothing", ExpectedSeconds: 2 * minute, ExpectedBasis: "assumed"})))
	}
	return waits
}

// led is a step that leads a name: of the kind that does it, or of a person who
// keeps the name.
func (b *book) led(w *route, kind runbook.StepKind, s runbook.Step) runbook.Step {
	if w.By == "person" {
		return s
	}
	return b.by(kind, s)
}

// asked is a step that asks name servers; an entry point that no record leads
// to has no name to ask for, and a person knows who calls it how.
func (b *book) asked(w *route, s runbook.Step) runbook.Step {
	if len(w.records) == 0 {
		return s
	}
	return b.by("traffic.expired", s)
}

// question is what name servers are asked for a route.
func question(w *route, ttl int64) map[string]any {
	in := map[string]any{"route": w.ID, "ttlSeconds": ttl}
	if w.only6 {
		in["type"] = "AAAA"
	}
	return in
}

// aliasWords says what is different at an alias.
func (b *book) aliasWords(w *route) string {
	if w.TTLSeconds == aliasTTL && b.lowered(w) == aliasTTL {
		return "; an alias has none of its own and needs nothing"
	}
	return ""
}

// lowered is the time to live during the cutover: never longer than before.
func (b *book) lowered(w *route) int64 {
	if w.TTLSeconds > 0 {
		return min(b.Choices.ttl(), w.TTLSeconds)
	}
	return b.Choices.ttl()
}
