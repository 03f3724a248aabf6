package preflight

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

func (j *judge) servers() {
	if j.major < j.s.Server.Major() {
		j.add(Finding{ID: "version-downgrade", Side: Target}, "the source is PostgreSQL %d, the target %d", j.s.Server.Major(), j.major)
	}
	for _, s := range j.sides() {
		if s.Server.Standby {
			j.add(Finding{ID: "standby", Side: s.Side}, "the server is in recovery")
		}
		if slices.Contains([]string{"disable", "prefer"}, s.Mode) {
			state := "is not encrypted"
			if s.Encrypted {
				state = "is encrypted, and would not have to be"
			}
			j.add(Finding{ID: "tls-off", Side: s.Side}, "the connection %s (sslmode=%s)", state, s.Mode)
		}
		for _, u := range s.Unread {
			j.add(Finding{ID: "unread", Side: s.Side, Subject: u.What}, "%s", u.Why)
		}
		if s.Text("default_transaction_read_only") == "on" {
			f := Finding{ID: "read-only-default", Side: s.Side, Subject: "default_transaction_read_only", Fix: sql("ALTER DATABASE " + pg.Quote(s.Database) + " RESET default_transaction_read_only")}
			if s.Side == Source {
				f.Severity = Warns
			}
			if source := s.Settings["default_transaction_read_only"].Source; source != "database" {
				f.Fix = set(Parameter{Name: "default_transaction_read_only", Value: "off"})
			}
			j.add(f, "new transactions on %s are read only by default", s.Database)
		}
	}
	j.same()
	if j.t != nil && j.t.Missing {
		j.add(Finding{ID: "database-missing", Side: Target, Subject: j.t.Database, Fix: Fix{Side: Target, SQL: []string{j.createDatabase()}}}, "the target has no database %q", j.t.Database)
	}
}

// programsFit judges the pg_dump of this machine. None reads from a newer server
// (pg_dump's page in the PostgreSQL manual, "Notes").
func (j *judge) programsFit() {
	newer := max(j.s.Server.Major(), j.major)
	switch {
	case j.unread != "":
		j.add(Finding{ID: "program-missing", Subject: "pg_dump", Fix: Fix{Action: fmt.Sprintf("Install the client programs of PostgreSQL %d here: apt-get install postgresql-client-%d, or dnf install postgresql%d.", newer, newer, newer)}}, "%s", j.unread)
	case j.programs.Major > 0 && j.programs.Major < j.major:
		j.add(Finding{ID: "program-older", Subject: "pg_dump"}, "%s is of PostgreSQL %d, the target is %d", j.programs.Dump, j.programs.Major, j.major)
	}
}

// same finds out whether both sides are one. A login that may not ask for the
// number of the cluster is not told apart.
func (j *judge) same() {
	if j.t == nil || j.s.Server.SystemID == 0 || j.s.Server.SystemID != j.t.Server.SystemID {
		return
	}
	if j.s.Database == j.t.Database {
		j.add(Finding{ID: "same-database", Side: Target, Subject: j.t.Database}, "both URLs lead to database %q of the same server", j.t.Database)
		return
	}
	j.add(Finding{ID: "same-server", Side: Target}, "databases %q and %q are on the same server", j.s.Database, j.t.Database)
}

// createDatabase is the statement that makes the target's database like the
// source's.
func (j *judge) createDatabase() string {
	l := j.s.Locale
	out := "CREATE DATABASE " + pg.Quote(j.database) + " TEMPLATE template0 ENCODING " + literal(l.Encoding) + " LC_COLLATE " + literal(l.Collate) + " LC_CTYPE " + literal(l.CType)
	switch {
	case l.Provider == "icu" && j.major >= 15:
		out += " LOCALE_PROVIDER icu ICU_LOCALE " + literal(l.ICU)
	case l.Provider == "builtin" && j.major >= 17:
		out += " LOCALE_PROVIDER builtin BUILTIN_LOCALE " + literal(l.ICU)
	}
	return out
}

func literal(s string) string { return strings.TrimSpace(pg.Literal(s)) }

func (j *judge) locales() {
	s := j.s.Locale
	if s.Recorded != "" && s.Version != "" && s.Recorded != s.Version {
		j.add(Finding{ID: "collation-version-stale", Subject: s.Collate, Fix: sql("REINDEX DATABASE "+pg.Quote(j.s.Database), "ALTER DATABASE "+pg.Quote(j.s.Database)+" REFRESH COLLATION VERSION")},
			"the database was made with version %s of its collation, the library has %s", s.Recorded, s.Version)
	}
	for _, o := range j.s.Objects {
		if o.Kind == facts.Collation {
			j.add(Finding{ID: "collation-own", Subject: o.Label()}, "a collation of %s", o.Detail)
		}
	}
	if j.t == nil || j.t.Missing {
		return
	}
	t := j.t.Locale
	switch {
	case s.Encoding == t.Encoding:
	case s.Encoding == "SQL_ASCII":
		j.add(Finding{ID: "encoding-none", Side: Target}, "the source is SQL_ASCII, the target %s", t.Encoding)
	default:
		j.add(Finding{ID: "encoding-differs", Side: Target}, "the source is %s, the target %s", s.Encoding, t.Encoding)
	}
	j.ordering(s, t)
	for _, o := range j.s.Objects {
		if o.Kind == facts.CollationUsed && !t.Collations[o.Name.String()] && !t.Collations[pg.Name{Schema: o.Name.Schema, Name: libcName(o.Name.Name)}.String()] {
			j.add(Finding{ID: "collation-missing", Side: Target, Subject: o.Label()}, "tables use collation %s, which the target has not", o.Label())
		}
	}
}

// ordering compares how the two databases sort.
func (j *judge) ordering(s, t facts.Locale) {
	if sorts(s) != sorts(t) || libcName(s.CType) != libcName(t.CType) {
		j.add(Finding{ID: "locale-differs", Side: Target}, "the source sorts by %s (LC_CTYPE %s), the target by %s (LC_CTYPE %s)", sorts(s), s.CType, sorts(t), t.CType)
		return
	}
	if s.Version != "" && t.Version != "" && s.Version != t.Version {
		j.add(Finding{ID: "collation-version-differs", Side: Target, Subject: sorts(s)}, "the source has version %s of it, the target %s", s.Version, t.Version)
	}
}

func sorts(l facts.Locale) string {
	if l.Provider == "libc" {
		return "libc " + libcName(l.Collate)
	}
	return l.Provider + " " + l.ICU
}

// libcName writes a locale of the library as "en_US.utf8", which is the same as
// "en_US.UTF-8".
func libcName(name string) string {
	head, codeset, found := strings.Cut(name, ".")
	if !found {
		return name
	}
	return head + "." + strings.ReplaceAll(strings.ToLower(codeset), "-", "")
}
