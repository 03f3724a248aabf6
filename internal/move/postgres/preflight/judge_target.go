package preflight

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
	"example.com/landfall/internal/move/postgres/preflight/roles"
)

// roomFor is how much storage a target needs, as a multiple of the source's size
// (Microsoft Learn, "Best practices for the migration service").
const roomFor = 1.25

func (j *judge) target() {
	need := int64(float64(j.s.Server.Size) * roomFor)
	switch have := j.o.Planned.Storage; {
	case have == 0:
		j.add(Finding{ID: "disk-unknown", Side: Target}, "the source has %s, the target should have %s or more", size(j.s.Server.Size), size(need))
	case have < need:
		j.add(Finding{ID: "disk-small", Side: Target, Fix: Fix{Action: "Give the server " + size(need) + " or more; it can grow, never shrink."}}, "the source has %s, the target %s", size(j.s.Server.Size), size(have))
	}
	if j.burstable() {
		j.add(Finding{ID: "compute-burstable", Side: Target, Subject: j.o.Planned.SKU}, "the compute size is %s", j.o.Planned.SKU)
	}
	j.connections()
	if j.t != nil && !j.t.Missing {
		j.collisions()
	}
}

func (j *judge) burstable() bool {
	name := j.o.Planned.SKU
	return name != "" && slices.ContainsFunc(j.sizes, func(s catalog.DBSku) bool { return s.Name == name && s.Tier == catalog.Burstable })
}

// others are the connections that a move opens besides its jobs: snapshot
// holders, the watch over changes of the schema, lag, fence, replication.
const others = 8

func (j *judge) connections() {
	for _, s := range j.sides() {
		most, ok := s.Number("max_connections")
		if !ok {
			continue
		}
		reserved, _ := s.Number("superuser_reserved_connections")
		more, _ := s.Number("reserved_connections")
		free, want := int(most-reserved-more)-s.Activity.Connections, jobs(j.o)+others
		if free < want {
			f := Finding{ID: "connections-few", Side: s.Side, Subject: "max_connections", Fix: set(Parameter{"max_connections", strconv.Itoa(int(most) + want - free), true})}
			if free >= others {
				f.Severity = Warns
			}
			j.add(f, "max_connections is %d, %d are in use, %d are free; the move wants %d", most, s.Activity.Connections, max(free, 0), want)
		}
	}
	if j.t == nil {
		return
	}
	from, _ := j.s.Number("max_connections")
	if to, ok := j.t.Number("max_connections"); ok && to < from {
		j.add(Finding{ID: "connections-fewer", Side: Target, Subject: "max_connections", Fix: set(Parameter{"max_connections", strconv.FormatInt(from, 10), true})}, "max_connections is %d at the source, %d on the target", from, to)
	}
}

// collisions are objects of one name on both sides. What an earlier part of the
// run has made is expected.
func (j *judge) collisions() {
	there := map[string]bool{}
	for _, n := range j.t.Names {
		there[n] = true
	}
	both := 0
	for _, n := range j.s.Names {
		if !there[n] || strings.HasPrefix(n, "index ") {
			continue
		}
		both++
		if j.o.Run != "" {
			continue
		}
		j.add(Finding{ID: "target-objects", Side: Target, Subject: n}, "%s is there already", n)
	}
	if both > 0 && j.o.Run != "" {
		j.add(Finding{ID: "target-objects", Side: Target, Severity: Notes}, "%s of the source are there, as a run that has begun leaves them", count(both, "object"))
	}
	more := 0
	for _, n := range j.t.Names {
		if !slices.Contains(j.s.Names, n) && !strings.Contains(n, " landfall_") {
			more++
		}
	}
	if more > 0 {
		j.add(Finding{ID: "target-others", Side: Target}, "%s that the source has not", count(more, "object"))
	}
}

// behaviour are the parameters that change what statements do or give, and not
// only how fast they are.
func behaviour() []string {
	return []string{
		"array_nulls", "backslash_quote", "bytea_output", "DateStyle", "default_tablespace", "default_text_search_config", "default_transaction_deferrable", "default_transaction_isolation",
		"escape_string_warning", "extra_float_digits", "idle_in_transaction_session_timeout", "idle_session_timeout", "IntervalStyle", "lc_messages", "lc_monetary", "lc_numeric", "lc_time",
		"lo_compat_privileges", "lock_timeout", "max_locks_per_transaction", "max_prepared_transactions", "password_encryption", "plpgsql.variable_conflict", "quote_all_identifiers", "row_security",
		"search_path", "session_replication_role", "standard_conforming_strings", "statement_timeout", "synchronous_commit", "temp_file_limit", "TimeZone", "timezone_abbreviations",
		"track_commit_timestamp", "transaction_timeout", "transform_null_equals", "xmlbinary", "xmloption",
	}
}

// parameters compares the values that a new session gets. Settings of databases
// and roles are carried over by the plan of the roles and are no difference.
func (j *judge) parameters() {
	carried := map[string]bool{}
	for _, o := range j.s.Overrides {
		label := o.Name
		if o.Role != "" {
			label += " of " + o.Role
		}
		if o.Secret {
			j.add(Finding{ID: "setting-secret", Side: Target, Subject: label}, "its value was not read")
		}
		if o.Role == "" && o.Database != "" {
			carried[strings.ToLower(o.Name)] = true
		}
	}
	if j.t == nil {
		return
	}
	for _, name := range behaviour() {
		s, here := j.s.Settings[name]
		t, there := j.t.Settings[name]
		// What Landfall's login has for itself says nothing of the application.
		own := strings.HasSuffix(s.Source, "user") || strings.HasSuffix(t.Source, "user")
		if !here || !there || own || carried[strings.ToLower(name)] || meaning(name, s.Value) == meaning(name, t.Value) {
			continue
		}
		f := Finding{ID: "parameter-differs", Side: Target, Subject: name}
		if t.Context == "user" && !j.t.Missing {
			f.Fix = sql("ALTER DATABASE " + pg.Quote(j.database) + " SET " + name + " TO " + assigned(s))
		} else {
			f.Fix = set(Parameter{name, s.Value + suffix(s), t.Context == "postmaster"})
		}
		j.add(f, "%s is %q at the source, %q on the target", name, s.Value, t.Value)
	}
}

// assigned is a value as SET takes it. search_path is a list of names and would
// be one name in quotes.
func assigned(s facts.Setting) string {
	if strings.Contains(s.Value, `"`) || strings.Contains(s.Value, ",") {
		return s.Value
	}
	return literal(s.Value + suffix(s))
}

func suffix(s facts.Setting) string {
	if _, err := strconv.Atoi(s.Value); err != nil || s.Unit == "8kB" || s.Value == "0" || s.Value == "-1" {
		return ""
	}
	return s.Unit
}

// meaning makes names of one thing equal: of locales, and of the time that needs
// no zone.
func meaning(name, value string) string {
	switch {
	case strings.HasPrefix(name, "lc_"):
		return libcName(value)
	case name == "TimeZone" && slices.Contains([]string{"UTC", "GMT", "Etc/UTC", "Etc/GMT", "UCT", "Zulu", "Universal", "Etc/UCT", "Etc/Zulu", "Etc/Universal"}, value):
		return "UTC"
	}
	return value
}

func (j *judge) judgeRoles() {
	for _, l := range j.roles.Left {
		f := Finding{ID: "role-left", Subject: l.Name}
		if !l.Owns {
			f.Severity = Notes
		}
		instead := ""
		if l.Instead != "" {
			instead = "; " + l.Instead + " stands for it"
		}
		j.add(f, "%s%s", l.Why, instead)
	}
	for _, o := range j.roles.Omitted {
		if !strings.HasSuffix(o.Why, "by hand") { // told as setting-secret
			j.add(Finding{ID: "role-omitted", Subject: o.Name}, "%s", o.Why)
		}
	}
	missing := 0
	for _, r := range j.roles.Roles {
		if !r.Exists {
			missing++
		}
		if len(r.Without) > 0 {
			j.add(Finding{ID: "role-attribute", Subject: r.Name}, "it arrives without %s", strings.Join(r.Without, ", "))
		}
	}
	for _, name := range j.roles.Passwords {
		f, there := Finding{ID: "role-password", Side: Target, Subject: name, Fix: Fix{Action: j.givePassword(name)}}, ""
		if j.planned(name).Exists {
			f.Severity, there = Notes, "; it is there already, and whether it has a password cannot be asked"
		}
		j.add(f, "it logs in at the source (%s)%s", strings.Join(j.planned(name).Why, ", "), there)
	}
	if n := len(j.roles.Unneeded); n > 0 {
		j.add(Finding{ID: "role-left", Severity: Notes}, "%s that neither own anything in this database, nor hold rights on it, nor share a membership with one that does: %s", count(n, "role"), some(j.roles.Unneeded))
	}
	if missing > 0 && j.t != nil && !j.t.Rights.CreatesRoles {
		t := side{Target, j.t}
		j.add(Finding{ID: "roles-denied", Side: Target, Subject: t.Server.User, Fix: sql("ALTER ROLE " + t.login() + " CREATEROLE")}, "%s to make, and the login %s has no CREATEROLE", count(missing, "role"), t.Server.User)
	}
}

// givePassword says where a role gets its password: not in the database that is
// moved, which takes no writes before the switch. Each service has a way without one
// (Amazon RDS user guide, "IAM database authentication"; Microsoft Learn, "Manage
// Microsoft Entra roles in Azure Database for PostgreSQL").
func (j *judge) givePassword(name string) string {
	out := "When the copy has made it: in a session of psql on the target's database " + pg.Quote(always) + ", not on the one that is moved, which takes no writes before the switch: \\password " + pg.Quote(name) + "."
	switch j.platform {
	case pg.Flexible:
		out += " Or a login of Microsoft Entra ID: SECURITY LABEL FOR pgaadauth ON ROLE " + pg.Quote(name) + " IS 'aadauth,oid=OBJECT-ID,type=service'."
	case pg.RDS, pg.Aurora:
		out += " Or tokens of IAM: GRANT rds_iam TO " + pg.Quote(name) + "."
	}
	return out
}

// always is the database that every server has.
const always = "postgres"

func (j *judge) planned(name string) roles.Role {
	i := slices.IndexFunc(j.roles.Roles, func(r roles.Role) bool { return r.Name == name })
	return j.roles.Roles[i]
}
