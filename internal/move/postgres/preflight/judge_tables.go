package preflight

import (
	"strings"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

func (j *judge) tables() {
	var generated, identities, inherits, partitions []string
	for _, t := range j.s.Tables {
		name := t.Name.String()
		j.access(t)
		if !j.o.Offline {
			j.identity(t)
			j.followed(t)
		}
		j.columns(t)
		if len(t.Generated) > 0 {
			generated = append(generated, name)
		}
		if len(t.Identities) > 0 {
			identities = append(identities, name)
		}
		if len(t.Inherits) > 0 {
			inherits = append(inherits, name)
		}
		if t.Partition != "" {
			partitions = append(partitions, name)
		}
	}
	for _, n := range []struct {
		id, noun string
		names    []string
	}{{"generated-columns", "table", generated}, {"identity-columns", "table", identities}, {"inheritance", "table", inherits}, {"partitions", "partition", partitions}} {
		if len(n.names) > 0 {
			j.add(Finding{ID: n.id}, "%s: %s", count(len(n.names), n.noun), some(n.names))
		}
	}
}

// access judges whether the rows can be read and the changes be published.
func (j *judge) access(t facts.Table) {
	s := side{Source, j.s}
	subject := t.Name.String()
	switch {
	case t.Readable:
	case t.Secured && !s.Rights.Bypasses && (!t.Owned || t.Forced):
		j.add(Finding{ID: "row-security", Subject: subject, Fix: sql("ALTER ROLE " + s.login() + " BYPASSRLS")}, "the login %s is bound by row security", s.Server.User)
	default:
		j.add(Finding{ID: "table-unreadable", Subject: subject, Fix: sql("GRANT USAGE ON SCHEMA "+pg.Quote(t.Name.Schema)+" TO "+s.login(), "GRANT SELECT ON TABLE "+t.Name.SQL()+" TO "+s.login())},
			"the login %s may not read it", s.Server.User)
	}
	if !t.Owned && !j.o.Offline && !t.Unlogged {
		j.add(Finding{ID: "table-not-owned", Subject: subject, Fix: sql("GRANT " + pg.Quote(t.Owner) + " TO " + s.login())}, "it belongs to %s", t.Owner)
	}
	if t.Forced && j.t != nil && !j.t.Rights.Bypasses && !j.o.Offline {
		target := side{Target, j.t}
		j.add(Finding{ID: "row-security-target", Side: Target, Subject: subject, Fix: sql("ALTER ROLE " + target.login() + " BYPASSRLS")}, "the login %s of the target does not bypass it", target.Server.User)
	}
}

// slowRows is from how many rows on reading a whole table for one change is slow.
const slowRows = 10_000

// identity judges whether updates and deletes can be replicated.
func (j *judge) identity(t facts.Table) {
	f := Finding{Subject: t.Name.String()}
	alter := "ALTER TABLE ONLY " + t.Name.SQL() + " REPLICA IDENTITY "
	using := sql(alter + "USING INDEX " + pg.Quote(t.Candidate))
	switch {
	case t.Unlogged:
	case t.Replicated && len(t.GeneratedKey) > 0:
		if f.ID, f.Fix = "identity-generated", sql(alter+"FULL"); t.Candidate != "" {
			f.Fix = using
		}
		j.add(f, "the generated column %s is part of its replica identity", strings.Join(t.GeneratedKey, ", "))
	case t.Replicated && t.Identity == "f":
		j.full(t, using)
	case t.Replicated:
	case t.Candidate != "":
		f.ID, f.Fix, f.Severity = "identity-missing", using, j.unlessSet()
		j.add(f, "%s; the unique index %s fits", j.lacks(t), t.Candidate)
	case len(t.Unequal) > 0:
		f.ID = "identity-unequal"
		j.add(f, "%s, no unique index fits, and it cannot be FULL for %s", j.lacks(t), strings.Join(t.Unequal, ", "))
	default:
		f.ID, f.Fix, f.Severity = "identity-missing", sql(alter+"FULL"), j.unlessSet()
		j.add(f, "%s, and no unique index fits", j.lacks(t))
	}
}

// unlessSet is the severity of an identity that is missing: Landfall may be asked
// to set it.
func (j *judge) unlessSet() Severity {
	if j.o.Identity {
		return Notes
	}
	return Loses
}

func (j *judge) lacks(t facts.Table) string {
	switch t.Identity {
	case "n":
		return "its replica identity is NOTHING"
	case "i":
		return "the index of its replica identity is gone"
	}
	return "it has no primary key"
}

// full judges an identity of all columns. On the target the row is found by the
// primary key nevertheless, where there is one, and else by comparing whole rows;
// from PostgreSQL 16 on an index that is not unique narrows them down (functions
// GetRelationIdentityOrPK and FindUsableIndexForReplicaIdentityFull of the server).
func (j *judge) full(t facts.Table, using Fix) {
	f := Finding{Subject: t.Name.String()}
	if t.Candidate != "" {
		f.Fix = using
	}
	const usesAny = 16
	switch {
	case t.Primary:
	case len(t.Unequal) > 0:
		f.ID = "identity-unequal"
		j.add(f, "its replica identity is FULL, it has no primary key, and %s cannot be compared", strings.Join(t.Unequal, ", "))
	case t.Rows >= slowRows && (j.major < usesAny || t.Indexes == 0):
		f.ID = "identity-slow"
		j.add(f, "its replica identity is FULL, about %.0f rows, and no primary key", t.Rows)
	}
}

// followed judges what changes of a table do not get through.
func (j *judge) followed(t facts.Table) {
	subject := t.Name.String()
	if t.Unlogged {
		j.add(Finding{ID: "unlogged", Subject: subject, Fix: sql("ALTER TABLE " + t.Name.SQL() + " SET LOGGED")}, "it is unlogged (%s)", size(t.Bytes))
	}
	if len(t.Money) > 0 && j.t != nil && libcName(j.s.Text("lc_monetary")) != libcName(j.t.Text("lc_monetary")) {
		j.add(Finding{ID: "money-locale", Side: Target, Subject: subject, Fix: sql("ALTER DATABASE " + pg.Quote(j.database) + " SET lc_monetary TO " + literal(j.s.Text("lc_monetary")))},
			"column %s; lc_monetary is %s at the source and %s on the target", strings.Join(t.Money, ", "), j.s.Text("lc_monetary"), j.t.Text("lc_monetary"))
	}
}

func (j *judge) columns(t facts.Table) {
	subject := t.Name.String()
	if t.OIDs {
		j.add(Finding{ID: "table-oids", Subject: subject, Fix: sql("ALTER TABLE " + t.Name.SQL() + " SET WITHOUT OIDS")}, "it was created WITH OIDS")
	}
	if len(t.Types) > 0 {
		j.add(Finding{ID: "type-local", Subject: subject}, "column %s", strings.Join(t.Types, ", "))
	}
}

func (j *judge) partitions() {
	for _, o := range j.s.Objects {
		switch o.Kind {
		case facts.EnumHash:
			j.add(Finding{ID: "partition-hash-enum", Subject: o.Label()}, "its partition key %s is an enum", o.Detail)
		case facts.TextPartition:
			if j.t == nil || j.t.Missing || (sorts(j.s.Locale) == sorts(j.t.Locale) && j.s.Locale.Version == j.t.Locale.Version) {
				continue
			}
			j.add(Finding{ID: "partition-text", Subject: o.Label()}, "its partition key is the text %s", o.Detail)
		}
	}
}
