package preflight

import (
	"slices"
	"strconv"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

// direction is a way in which changes flow: forward, and back after the cutover.
type direction struct {
	from, to side
	// severity is that of what is in its way.
	severity Severity
}

// directions are those that the move will use and whose servers are there.
func (j *judge) directions() []direction {
	if j.t == nil {
		return []direction{{from: side{Source, j.s}, severity: Blocks}}
	}
	s, t := side{Source, j.s}, side{Target, j.t}
	out := []direction{{s, t, Blocks}}
	if !j.o.NoReturn {
		out = append(out, direction{t, s, Loses})
	}
	return out
}

func (j *judge) replication() {
	for _, d := range j.directions() {
		j.publisher(d.from, d.severity)
		if d.to.Facts != nil {
			j.subscriber(d.to, d.severity)
			j.password(d)
		}
	}
	j.slots()
	j.links()
	const truncates = 11
	if major := j.s.Server.Major(); major < truncates {
		j.add(Finding{ID: "truncate-missed"}, "the source is PostgreSQL %d", major)
	}
}

// What one run takes: a slot and its subscription, and one of each in reserve
// for a second generation after a lost snapshot.
const needed = 2

// publisher judges the side that changes come from.
func (j *judge) publisher(s side, severity Severity) {
	if level := s.Text("wal_level"); level != "logical" {
		p := Parameter{"wal_level", "logical", true}
		if s.Server.Platform == pg.RDS || s.Server.Platform == pg.Aurora {
			p = Parameter{"rds.logical_replication", "1", true}
		}
		j.add(Finding{ID: "wal-level", Side: s.Side, Severity: severity, Subject: "wal_level", Fix: set(p)}, "wal_level is %s", level)
	}
	used := 0
	for _, slot := range s.Replication.Slots {
		if !j.ours(slot.Name) {
			used++
		}
	}
	j.room(Finding{ID: "slots-few", Side: s.Side, Severity: severity, Subject: "max_replication_slots"}, s, used)
	j.room(Finding{ID: "senders-few", Side: s.Side, Severity: severity, Subject: "max_wal_senders"}, s, s.Replication.Senders)
	if !s.Rights.Replicates {
		j.add(Finding{ID: "replication-denied", Side: s.Side, Severity: severity, Subject: s.Server.User, Fix: j.replicates(s)}, "%s", s.Rights.Refusal)
	}
	if !s.Rights.Creates {
		j.add(Finding{ID: "publication-denied", Side: s.Side, Severity: severity, Subject: s.Server.User, Fix: sql("GRANT CREATE ON DATABASE " + pg.Quote(s.Database) + " TO " + s.login())},
			"the login %s has no CREATE on database %s", s.Server.User, s.Database)
	}
	j.publisherLimits(s)
}

// tooMany is what a server says that has no sender left (too_many_connections).
const tooMany = "53300"

// replicates is what lets the login replicate. A superuser needs no attribute; on RDS
// a role stands for it, on Flexible Server its administrator gives the attribute
// (Amazon RDS user guide, "Performing logical replication for Amazon RDS for
// PostgreSQL"; Microsoft Learn, "Logical replication and logical decoding").
func (j *judge) replicates(s side) Fix {
	senders, _ := s.Number("max_wal_senders")
	switch platform := s.Server.Platform; {
	case s.Rights.RefusalCode == tooMany:
		return set(Parameter{"max_wal_senders", strconv.Itoa(int(senders) + needed), true})
	case platform == pg.RDS || platform == pg.Aurora:
		return sql("GRANT rds_replication TO " + s.login())
	case !s.Server.Replication && !s.Rights.Superuser:
		return sql("ALTER ROLE " + s.login() + " WITH REPLICATION")
	case platform == pg.Flexible:
		return Fix{Action: "Let the login in from here (firewall rule, private network), and see that a sender is free."}
	}
	return Fix{Action: "Let the login in (pg_hba.conf: for logical replication a line for the database itself), and see that a sender is free."}
}

// room judges whether a parameter leaves room for a run.
func (j *judge) room(f Finding, s side, used int) {
	have, ok := s.Number(f.Subject)
	if !ok || int(have)-used >= needed {
		return
	}
	f.Fix = set(Parameter{f.Subject, strconv.Itoa(used + needed), true})
	j.add(f, "%s is %d, of which %d are in use; the move wants %d", f.Subject, have, used, needed)
}

// The bounds of what is called short and small.
const (
	shortTimeout = 30_000  // ms
	slotShare    = 4       // of the database's size
	leastKeep    = 1 << 30 // bytes
	fewProcesses = 8
)

func (j *judge) publisherLimits(s side) {
	if ms, ok := s.Number("wal_sender_timeout"); ok && ms > 0 && ms < shortTimeout {
		j.add(Finding{ID: "sender-timeout", Side: s.Side, Subject: "wal_sender_timeout", Fix: set(Parameter{"wal_sender_timeout", "0", false})}, "wal_sender_timeout is %d ms", ms)
	}
	if keep, ok := s.Number("max_slot_wal_keep_size"); ok && s.Side == Source {
		// The unit of the parameter is MB.
		want := max(int64(leastKeep), s.Server.Size/slotShare)
		switch {
		case keep < 0:
			j.add(Finding{ID: "slot-keep-unlimited", Subject: "max_slot_wal_keep_size"}, "max_slot_wal_keep_size is -1")
		case keep < want:
			j.add(Finding{ID: "slot-keep-size", Subject: "max_slot_wal_keep_size", Fix: set(Parameter{"max_slot_wal_keep_size", strconv.FormatInt(want>>20, 10) + "MB", false})},
				"max_slot_wal_keep_size is %s, the database has %s", size(keep), size(s.Server.Size))
		}
	}
	// Without unit in PostgreSQL's catalogue it is seconds, which Number gives in ms.
	if idle, ok := s.Number("idle_replication_slot_timeout"); ok && idle > 0 {
		j.add(Finding{ID: "slot-idle-timeout", Side: s.Side, Subject: "idle_replication_slot_timeout", Fix: set(Parameter{"idle_replication_slot_timeout", "0", false})},
			"idle_replication_slot_timeout is %s s", strconv.FormatInt(idle/1000, 10))
	}
}

// subscriber judges the side that changes go to.
func (j *judge) subscriber(s side, severity Severity) {
	j.room(Finding{ID: "workers-few", Side: s.Side, Severity: severity, Subject: "max_logical_replication_workers"}, s, s.Replication.Workers)
	// Before PostgreSQL 18 origins were bounded by the parameter of the slots.
	origins := "max_replication_slots"
	if _, own := s.Number("max_active_replication_origins"); own {
		origins = "max_active_replication_origins"
	}
	j.room(Finding{ID: "origins-few", Side: s.Side, Severity: severity, Subject: origins}, s, s.Replication.Origins)
	if have, ok := s.Number("max_worker_processes"); ok && have < fewProcesses && s.Side == Target {
		j.add(Finding{ID: "processes-few", Side: s.Side, Subject: "max_worker_processes", Fix: set(Parameter{"max_worker_processes", "16", true})}, "max_worker_processes is %d", have)
	}
	if !s.Rights.Subscribes && !s.Missing {
		fix := Fix{Action: "Let a superuser make the login a member of one, or move to PostgreSQL 16 or newer, where the role pg_create_subscription is enough."}
		if s.Server.Major() >= 16 {
			fix = sql("GRANT pg_create_subscription TO "+s.login(), "GRANT CREATE ON DATABASE "+pg.Quote(s.Database)+" TO "+s.login())
		}
		j.add(Finding{ID: "subscription-denied", Side: s.Side, Severity: severity, Subject: s.Server.User, Fix: fix}, "the login %s may not create subscriptions", s.Server.User)
	}
}

// password judges whether the subscription has a password to connect with: one
// that belongs to no superuser wants one (PostgreSQL manual, CREATE SUBSCRIPTION,
// password_required, since 16).
func (j *judge) password(d direction) {
	if d.from.Password || d.to.Server.Major() < 16 || d.to.Rights.Superuser {
		return
	}
	j.add(Finding{ID: "password-missing", Side: d.from.Side, Severity: d.severity, Subject: d.from.Server.User}, "the URL of the %s has no password", d.from.Side)
}

func (j *judge) slots() {
	for _, s := range j.sides() {
		for _, slot := range s.Replication.Slots {
			switch {
			case j.ours(slot.Name):
			case !slot.Active:
				j.add(Finding{ID: "slot-inactive", Side: s.Side, Subject: slot.Name, Fix: sql("SELECT pg_catalog.pg_drop_replication_slot(" + literal(slot.Name) + ")")},
					"nobody reads from slot %s, which keeps %s of the log", slot.Name, size(slot.Retained))
			case slot.Plugin != "" && s.Side == Source && slot.Database == s.Database:
				j.add(Finding{ID: "slot-foreign", Subject: slot.Name}, "somebody reads from slot %s (%s)", slot.Name, slot.Plugin)
			}
		}
	}
}

func (j *judge) links() {
	for _, p := range j.s.Replication.Publications {
		if !j.ours(p.Name) {
			j.add(Finding{ID: "publication-foreign", Subject: p.Name}, "publication %s of %s", p.Name, p.Owner)
		}
	}
	for _, s := range j.sides() {
		for _, sub := range s.Replication.Subscriptions {
			if !j.ours(sub.Name) && !sub.Enabled && s.Side == Source {
				j.add(Finding{ID: "subscription-disabled", Subject: sub.Name}, "subscription %s of %s is disabled", sub.Name, sub.Owner)
			}
			if !j.ours(sub.Name) && sub.Enabled {
				j.add(Finding{ID: "subscription-foreign", Side: s.Side, Subject: sub.Name, Fix: sql("ALTER SUBSCRIPTION " + pg.Quote(sub.Name) + " DISABLE")}, "subscription %s of %s is enabled", sub.Name, sub.Owner)
			}
		}
	}
}

// waits are what a new slot waits for.
func (j *judge) waits() {
	for _, p := range j.s.Activity.Prepared {
		j.add(Finding{ID: "prepared-transaction", Subject: p.ID, Fix: sql("ROLLBACK PREPARED " + literal(p.ID))}, "prepared by %s %.0f s ago", p.Owner, p.Seconds)
	}
	for _, x := range j.s.Activity.Long {
		reads := "has written nothing yet"
		if x.Writes {
			reads = "has written"
		}
		j.add(Finding{ID: "long-transaction", Subject: "process " + strconv.Itoa(x.PID), Fix: sql("SELECT pg_catalog.pg_terminate_backend(" + strconv.Itoa(x.PID) + ")")},
			"a transaction of %s is open for %.0f s (%s) and %s", x.User, x.Seconds, x.State, reads)
	}
}

func (j *judge) network() {
	if j.t == nil || j.t.Missing {
		return
	}
	tried := map[Side]bool{}
	for _, p := range j.probed {
		tried[p.side] = true
		if p.refused == "" {
			continue
		}
		f := Finding{ID: "network-refused", Side: p.side}
		if p.side == Source {
			f.Severity = Loses
		}
		j.add(f, "%s", p.refused)
	}
	if !tried[Target] {
		j.add(Finding{ID: "network-untried", Side: Target}, "nothing was tried; --probe makes a subscription that reads nothing, and drops it at once")
	}
}

func (j *judge) rights() {
	for _, s := range j.sides() {
		severity := Blocks
		if s.Side == Target {
			if severity = Loses; j.o.NoReturn {
				continue
			}
		}
		if !s.Rights.Owns && !s.Missing {
			j.add(Finding{ID: "database-not-owned", Side: s.Side, Severity: severity, Subject: s.Server.User, Fix: sql("GRANT " + pg.Quote(s.Owner) + " TO " + s.login())},
				"database %s belongs to %s", s.Database, s.Owner)
		}
		if !s.Rights.Signals {
			j.add(Finding{ID: "sessions-not-ended", Side: s.Side, Severity: severity, Subject: s.Server.User, Fix: sql("GRANT pg_signal_backend TO " + s.login())},
				"the login %s is no member of pg_signal_backend", s.Server.User)
		}
		if n := s.Activity.Superusers; n > 0 && !s.Rights.Superuser && s.Side == Source {
			j.add(Finding{ID: "superuser-sessions"}, "%s of superusers on database %s", count(n, "session"), s.Database)
		}
		if n := s.Activity.Shared; n > 0 && !s.Rights.Superuser && s.Side == Source {
			j.add(Finding{ID: "login-shared", Subject: s.Server.User}, "%s of others with the login %s on database %s", count(n, "session"), s.Server.User, s.Database)
		}
	}
	if j.t != nil && j.s != nil && !j.t.Rights.Superuser && j.t.Server.User != j.s.Server.User && slices.ContainsFunc(j.s.Roles, func(r facts.Role) bool { return r.Login && r.Name == j.t.Server.User }) {
		j.add(Finding{ID: "login-taken", Side: Target, Subject: j.t.Server.User}, "the login %s is also one of the source's server", j.t.Server.User)
	}
	if j.t != nil && !j.t.Missing && !j.t.Rights.Creates {
		t := side{Target, j.t}
		j.add(Finding{ID: "create-denied", Side: Target, Subject: t.Server.User, Fix: sql("GRANT CREATE ON DATABASE " + pg.Quote(t.Database) + " TO " + t.login())},
			"the login %s has no CREATE on database %s", t.Server.User, t.Database)
	}
}
