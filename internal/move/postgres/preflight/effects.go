package preflight

import (
	"strings"

	"example.com/landfall/internal/move/postgres/pg"
)

// effects lists everything that a move writes. It is the whole of it: the parts of
// the mover write nothing that does not stand here.
func (j *judge) effects() []Effect {
	run := j.o.Run
	if run == "" {
		run = "RUN"
	}
	name := "landfall_" + run + "_1"
	out := []Effect{{Side: Source, When: "copy", What: "Rows are read by several sessions in one snapshot, which keeps vacuum from removing what it still sees, until the copy is done.", Undone: "when the copy ends, or its sessions do"}}
	if !j.o.Offline {
		out = append(out,
			Effect{Source, "copy", "A logical replication slot: the server keeps its log from there on until the target has applied it.", []string{"CREATE_REPLICATION_SLOT " + pg.Quote(name) + " LOGICAL pgoutput"}, "dropped at the cutover, when the run is given up, and by the guard before the log outgrows its bound"},
			Effect{Source, "follow", "A publication of the tables.", []string{"CREATE PUBLICATION " + pg.Quote(name) + " FOR TABLE ..."}, "dropped at the cutover and when the run is given up"},
			Effect{Source, "follow", "A small message in the log from time to time, so that an idle slot moves on. No table is touched.", []string{"SELECT pg_logical_emit_message(false, 'landfall', '')"}, "nothing stays"},
		)
		if ids := j.identities(); len(ids) > 0 {
			out = append(out, Effect{Source, "follow", "Replica identities of tables that have none.", ids, "set back to what they were at sign-off and when the run is given up"})
		}
	}
	database := pg.Quote(j.s.Database)
	out = append(out, Effect{Source, "cutover", "The fence: new transactions are read only, CONNECT is taken from everybody but Landfall, sessions of others are ended.",
		[]string{"ALTER DATABASE " + database + " SET default_transaction_read_only = on", "REVOKE CONNECT ON DATABASE " + database + " FROM PUBLIC, ...", "SELECT pg_terminate_backend(...)"},
		"what was there before is noted first and set back by the rollback; after sign-off the fence stays"})
	if !j.o.NoReturn && !j.o.Offline {
		out = append(out, Effect{Source, "way back", "A subscription that applies what is written on the target after the cutover, and values of sequences. Its connection string holds the password of Landfall's login on the target and stands in the server's catalogue.",
			[]string{"CREATE SUBSCRIPTION " + pg.Quote(name) + " CONNECTION '...' PUBLICATION ... WITH (copy_data = false, create_slot = false)"}, "dropped at sign-off, or after the rollback"})
	}
	return append(out, j.targetEffects(name, run)...)
}

// identities are the statements that Landfall executes when it is asked to.
func (j *judge) identities() []string {
	var out []string
	for _, f := range j.out {
		if j.o.Identity && f.ID == "identity-missing" && strings.HasPrefix(f.Fix.SQL[0], "ALTER TABLE") {
			out = append(out, f.Fix.SQL...)
		}
	}
	return out
}

func (j *judge) targetEffects(name, run string) []Effect {
	var statements []string
	for _, s := range j.roles.Statements {
		statements = append(statements, s.SQL)
	}
	out := []Effect{{Target, "copy", "Roles, memberships, settings and rights on the database.", statements, "memberships of Landfall's login are taken back at sign-off; the rest stays"},
		{Target, "copy", "The schema, all rows, indexes, constraints, triggers.", nil, "stays"},
		{Target, "copy", "A schema with a table of what has been copied.", []string{"CREATE SCHEMA " + pg.Quote("landfall_"+run)}, "dropped when the run ends"}}
	if j.o.Offline {
		return out
	}
	out = append(out, Effect{Target, "follow", "A subscription. Its connection string holds the password of Landfall's login at the source and stands in the server's catalogue.",
		[]string{"CREATE SUBSCRIPTION " + pg.Quote(name) + " CONNECTION '...' PUBLICATION ... WITH (copy_data = false, create_slot = false)"}, "dropped at the cutover and when the run is given up"})
	if !j.o.NoReturn {
		out = append(out, Effect{Target, "way back", "A replication slot and a publication; the fence, when the workload goes back.", nil, "dropped at sign-off"})
	}
	return out
}
