package preflight_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/testkit"
)

// What needs roles and slots of its own runs on one pair of servers, one after the
// other: a cluster costs seconds.
func TestOnServers(t *testing.T) {
	t.Parallel()
	settings := []part.Setting{{Name: "max_prepared_transactions", Value: "5"}, {Name: "autovacuum", Value: "off"}}
	source, target := rds(t, settings...), flexible(t, settings...)
	run(t, source.login, `CREATE TABLE orders AS SELECT i AS id, repeat('x', 200) AS v FROM generate_series(1, 20000) i; ALTER TABLE orders ADD PRIMARY KEY (id)`, `ANALYZE`)
	for _, c := range []struct {
		name string
		run  func(*testing.T, managed, managed)
	}{
		{"reads only", readsOnly}, {"probe", probes}, {"estimate and effects", estimates}, {"no database", noDatabase}, {"no target", noTarget}, {"refused", func(t *testing.T, _, target managed) { aRefusedStatementDoesNotStopTheRest(t, target) }},
		{"roles", rolesArrive}, {"findings", eachFindingAndItsFix},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, source, target) })
	}
}

func check(t testing.TB, source, target pg.Endpoint, o preflight.Options) preflight.Report {
	t.Helper()
	if o.Sample == 0 {
		o.Sample = -1
	}
	report, err := preflight.Check(t.Context(), source, target, o)
	if err != nil {
		t.Fatal(err)
	}
	secrets(t, report)
	return report
}

// state is what a write would change: the number of the next transaction, rows
// written, and objects there.
func state(t testing.TB, m managed) string {
	t.Helper()
	conn := open(t, m.super)
	defer conn.Close(t.Context())
	// A session counts what it wrote when it ends, which is after its client has
	// left.
	testkit.Eventually(t, time.Minute, func() error {
		var others int
		err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others)
		if err == nil && others > 0 {
			err = fmt.Errorf("%d sessions have not ended", others)
		}
		return err
	})
	var out string
	if err := conn.QueryRow(t.Context(), `SELECT concat_ws(' ', pg_snapshot_xmax(pg_current_snapshot()), (SELECT sum(tup_inserted + tup_updated + tup_deleted) FROM pg_stat_database),
(SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_subscription), (SELECT count(*) FROM pg_publication), (SELECT count(*) FROM pg_replication_slots),
(SELECT md5(string_agg(r::text, ',' ORDER BY oid)) FROM pg_roles r), (SELECT md5(string_agg(d::text, ',' ORDER BY oid)) FROM pg_database d), (SELECT count(*) FROM pg_db_role_setting))`).Scan(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A check changes nothing on either side: no transaction of it has a number. It
// works where new transactions are read only, gives the same report twice, and
// tells how far it is.
func readsOnly(t *testing.T, source, target managed) {
	run(t, source.super, `ALTER DATABASE shop SET default_transaction_read_only = on`)
	before := state(t, source) + state(t, target)
	var parts []string
	first := check(t, source.login, target.login, preflight.Options{Sample: time.Millisecond, Progress: func(p move.Progress) { parts = append(parts, p.Doing) }})
	second := check(t, source.login, target.login, preflight.Options{})
	if after := state(t, source) + state(t, target); after != before {
		t.Errorf("before %s, after %s", before, after)
	}
	run(t, source.super, `ALTER DATABASE shop RESET default_transaction_read_only`)
	one, _ := json.Marshal(first.Findings)
	two, _ := json.Marshal(second.Findings)
	if string(one) != string(two) {
		t.Errorf("%s\n%s", one, two)
	}
	if parts[len(parts)-1] != "done" || !slices.Contains(parts, "tables") {
		t.Errorf("%q", parts)
	}
	for _, f := range first.Findings {
		if f.Severity == preflight.Blocks {
			t.Errorf("%+v", f)
		}
	}
	if first.Source.Server.Platform != pg.RDS || first.Target.Server.Platform != pg.Flexible || !first.Ready() {
		t.Errorf("%s %s", first.Source.Server.Platform, first.Target.Server.Platform)
	}
}

// The probe finds out whether the servers reach each other, and leaves nothing.
func probes(t *testing.T, source, target managed) {
	ids := func(r preflight.Report) (out []string) {
		for _, f := range r.Findings {
			if strings.HasPrefix(f.ID, "network") {
				out = append(out, f.ID+" "+string(f.Side)+" "+string(f.Severity))
			}
		}
		return out
	}
	if got := ids(check(t, source.login, target.login, preflight.Options{Probe: true})); got != nil {
		t.Errorf("%q", got)
	}
	for _, m := range []managed{source, target} {
		conn := open(t, m.super)
		var left int
		if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_subscription`).Scan(&left); err != nil || left != 0 {
			t.Errorf("%d subscriptions are left, %v", left, err)
		}
		conn.Close(t.Context())
	}
}

// The estimate comes from a timed read, says what it stands on, and the effects
// name everything that is written.
func estimates(t *testing.T, source, target managed) {
	r := check(t, source.login, target.login, preflight.Options{Sample: time.Second, Planned: preflight.Planned{SKU: "Standard_B1ms", Storage: 1 << 40}})
	e := r.Estimate
	if e.Tables != 1 || e.Rows != 20000 || len(e.Samples) != 1 || e.BytesPerSecond <= 0 || e.BytesPerSecond > 10<<20 || e.LowSeconds <= 0 || e.HighSeconds < e.LowSeconds || len(e.Basis) < 4 || !strings.Contains(e.Basis[0], "estimate") {
		t.Errorf("%+v", e)
	}
	var effects []string
	for _, f := range r.Effects {
		if f.What == "" || f.Undone == "" {
			t.Errorf("%+v", f)
		}
		effects = append(effects, string(f.Side)+" "+f.When)
	}
	if want := []string{"source copy", "source copy", "source follow", "source follow", "source cutover", "source way back", "target copy", "target copy", "target copy", "target follow", "target way back"}; !slices.Equal(effects, want) {
		t.Errorf("%q", effects)
	}
	offline := check(t, source.login, target.login, preflight.Options{Offline: true})
	if len(offline.Effects) != 5 || offline.Estimate.BytesPerSecond != 0 || !strings.Contains(offline.Estimate.Basis[0], "Nothing") {
		t.Errorf("%+v %+v", offline.Effects, offline.Estimate)
	}
}

// A target database that is not there is a finding whose fix makes it; a source
// database that is not there is an error.
func noDatabase(t *testing.T, source, target managed) {
	r := check(t, source.login, target.login.WithDatabase("later"), preflight.Options{})
	i := slices.IndexFunc(r.Findings, func(f preflight.Finding) bool { return f.ID == "database-missing" })
	if i < 0 || r.Ready() {
		t.Fatalf("%+v", r.Findings)
	}
	run(t, target.login, r.Findings[i].Fix.SQL...)
	if after := check(t, source.login, target.login.WithDatabase("later"), preflight.Options{}); !after.Ready() {
		t.Errorf("%+v", after.Findings[0])
	}
	run(t, target.super, `DROP DATABASE later`)
	for _, c := range []struct {
		e    pg.Endpoint
		kind fault.Kind
	}{{source.login.WithDatabase("nowhere"), fault.NotFound}, {pg.Endpoint{}, fault.Usage}, {endpoint(t, "postgres://x:y@127.0.0.1:1/z?sslmode=disable"), fault.Unavailable}} {
		if _, err := preflight.Check(t.Context(), c.e, target.login, preflight.Options{}); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v", c.e, err)
		}
	}
}

func noTarget(t *testing.T, source, _ managed) {
	r := check(t, source.login, pg.Endpoint{}, preflight.Options{Planned: preflight.Planned{Major: 14}})
	if r.Target != nil || r.Findings[0].ID != "version-downgrade" || len(r.Roles.Passwords) != 1 {
		t.Errorf("%+v %+v", r.Findings[0], r.Roles)
	}
}
