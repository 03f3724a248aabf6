package preflight_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
	"example.com/landfall/internal/move/postgres/preflight/roles"
)

const people = `
CREATE ROLE owner_team; CREATE ROLE app LOGIN PASSWORD 'hunter2' CONNECTION LIMIT 7; CREATE ROLE "Report Reader" LOGIN NOINHERIT PASSWORD 'hunter2' VALID UNTIL '2031-05-01 00:00:00+00';
CREATE ROLE readers; CREATE ROLE outsider LOGIN; CREATE ROLE azure_friend; CREATE ROLE cdc LOGIN REPLICATION BYPASSRLS; CREATE ROLE deploy LOGIN CREATEDB;
GRANT owner_team TO deploy WITH ADMIN OPTION; GRANT readers TO "Report Reader"; GRANT pg_monitor TO app; GRANT rds_superuser TO deploy; GRANT rds_iam TO app;
CREATE SCHEMA shop AUTHORIZATION owner_team; CREATE TABLE shop.orders (id int PRIMARY KEY); ALTER TABLE shop.orders OWNER TO owner_team;
GRANT USAGE ON SCHEMA shop TO readers, app, azure_friend; GRANT SELECT ON shop.orders TO readers, azure_friend; GRANT ALL ON shop.orders TO app, cdc;
COMMENT ON ROLE app IS 'it''s the shop'; ALTER ROLE app SET search_path = shop, "Odd, one"; ALTER ROLE app IN DATABASE shop SET work_mem = '64MB'; ALTER ROLE app SET app.jwt_secret = 'hunter2';
ALTER DATABASE shop SET statement_timeout = '30s'; REVOKE TEMPORARY ON DATABASE shop FROM PUBLIC; GRANT TEMPORARY ON DATABASE shop TO app; ALTER ROLE outsider SET work_mem = '1MB'`

// planned reads both sides and plans.
func planned(t testing.TB, source, target managed) (roles.Plan, *facts.Facts) {
	t.Helper()
	s, err := facts.Read(t.Context(), source.login, facts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := facts.Read(t.Context(), target.login, facts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return roles.New(s, roles.Target{Platform: f.Server.Platform, Major: f.Server.Major(), Facts: f, Database: "shop"}), f
}

// Roles arrive as far as they are needed, without passwords and attributes of
// superusers, and the plan can be applied twice, by a login that is no superuser.
func rolesArrive(t *testing.T, source, target managed) {
	run(t, source.super, people)
	plan, f := planned(t, source, target)
	again, _ := planned(t, source, target)
	if !slices.Equal(plan.Statements, again.Statements) {
		t.Error("the plan is another one the second time")
	}
	conn := open(t, target.login)
	defer conn.Close(t.Context())
	for round := range 2 {
		applied, err := roles.Apply(t.Context(), conn, plan)
		if err != nil || len(applied.Refused) > 0 {
			t.Fatalf("round %d: %v %+v", round, err, applied.Refused)
		}
		if made := len(applied.Present) == 0; made != (round == 0) {
			t.Errorf("round %d: %q were there", round, applied.Present)
		}
	}
	assertRoles(t, target)
	var left []string
	for _, l := range plan.Left {
		left = append(left, l.Name+">"+l.Instead)
	}
	slices.Sort(left)
	if want := []string{"azure_friend>azadmin", "rds_iam>", "rds_password>", "rds_replication>", "rds_service>", "rds_superuser>azure_pg_admin"}; !slices.Equal(left, want) {
		t.Errorf("left: %q", left)
	}
	if want := []string{"outsider", "testkit"}; !slices.Equal(plan.Unneeded, want) {
		t.Errorf("unneeded: %q", plan.Unneeded)
	}
	if want := []string{"Report Reader", "app", "cdc", "deploy", "master"}; !slices.Equal(plan.Passwords, want) {
		t.Errorf("passwords: %q", plan.Passwords)
	}
	if _, err := roles.Undo(t.Context(), conn, plan); err != nil {
		t.Fatal(err)
	}
	after, err := facts.Read(t.Context(), target.login, facts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range after.Members {
		if m.Member == f.Server.User && m.Role == "owner_team" {
			t.Errorf("after undo: %+v", m)
		}
	}
}

func assertRoles(t *testing.T, target managed) {
	t.Helper()
	conn := open(t, target.super)
	defer conn.Close(t.Context())
	for _, c := range []struct{ what, sql, want string }{
		{"roles", `SELECT rolname FROM pg_roles WHERE oid >= 16384 AND rolname NOT IN ('azadmin', 'azure_pg_admin', 'azure_service') ORDER BY 1`, "Report Reader,app,cdc,deploy,master,owner_team,readers"},
		{"passwords", `SELECT rolname FROM pg_authid WHERE rolpassword IS NOT NULL AND rolname NOT IN ('testkit', 'azadmin')`, ""},
		{"powers", `SELECT rolname FROM pg_roles WHERE (rolsuper OR rolreplication OR rolbypassrls) AND oid >= 16384 AND rolname <> 'azadmin'`, ""},
		{"attributes", `SELECT concat_ws('/', rolname, rolcanlogin, rolinherit, rolcreatedb, rolconnlimit, rolvaliduntil AT TIME ZONE 'UTC') FROM pg_roles WHERE rolname IN ('app', 'Report Reader', 'deploy') ORDER BY 1`,
			"Report Reader/t/f/f/-1/2031-05-01 00:00:00,app/t/t/f/7,deploy/t/t/t/-1"},
		{"members", `SELECT concat_ws('/', g.rolname, u.rolname, admin_option) FROM pg_auth_members m JOIN pg_roles g ON g.oid = roleid JOIN pg_roles u ON u.oid = member WHERE u.rolname IN ('app', 'deploy', 'Report Reader', 'azadmin') AND g.rolname <> 'azure_pg_admin' ORDER BY 1`,
			"master/azadmin/f,owner_team/azadmin/f,owner_team/deploy/t,pg_monitor/app/f,readers/Report Reader/f"},
		{"administrators", `SELECT u.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = roleid JOIN pg_roles u ON u.oid = member WHERE g.rolname = 'azure_pg_admin' ORDER BY 1`, "azadmin,deploy,master"},
		{"settings", `SELECT concat_ws('/', setdatabase <> 0, r.rolname, array_to_string(setconfig, ';')) FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = setrole ORDER BY 1`,
			`f/app/search_path=shop, "Odd, one",t/app/work_mem=64MB,t/statement_timeout=30s`},
		{"comment", `SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 'app'`, "it's the shop"},
		{"temporary", `SELECT concat_ws('/', has_database_privilege('readers', 'shop', 'TEMPORARY'), has_database_privilege('app', 'shop', 'TEMPORARY'), has_database_privilege('readers', 'shop', 'CONNECT'), has_database_privilege('master', 'shop', 'CREATE'))`, "f/t/t/t"},
	} {
		rows, err := conn.Query(t.Context(), c.sql)
		if err != nil {
			t.Fatal(c.what, err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(c.what, err)
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: %q, want %q", c.what, strings.Join(got, ","), c.want)
		}
	}
}

// A statement that may not be executed is listed, and the rest is done.
func aRefusedStatementDoesNotStopTheRest(t *testing.T, target managed) {
	conn := open(t, target.login)
	defer conn.Close(t.Context())
	plan := roles.Plan{Statements: []roles.Statement{{SQL: `CREATE ROLE one`, Role: "one"}, {SQL: `ALTER ROLE one SUPERUSER`, Role: "one"}, {SQL: `CREATE ROLE two`, Role: "two"}}}
	applied, err := roles.Apply(t.Context(), conn, plan)
	if err != nil || len(applied.Done) != 2 || len(applied.Refused) != 1 || applied.Refused[0].Role != "one" || !strings.Contains(applied.Refused[0].Why, "42501") {
		t.Errorf("%v %+v", err, applied)
	}
	run(t, target.super, "DROP ROLE one, two")
	conn.Close(t.Context())
	if _, err := roles.Apply(t.Context(), conn, plan); err == nil {
		t.Error("a closed connection is no error")
	}
}

// Statements depend on the version and the platform of the target.
func TestPlansByVersionAndPlatform(t *testing.T) {
	t.Parallel()
	source := sound(pg.Plain, 16)
	source.Owner = "boss"
	source.Roles = []facts.Role{{Name: "boss", Owns: true, Login: true, Superuser: true, Inherit: true, Limit: -1}, {Name: "group", Inherit: true, Holds: true, Limit: -1}, {Name: "user", Login: true, Inherit: true, Limit: -1}, {Name: "pg_maintain", Limit: -1}}
	source.Members = []facts.Member{{Role: "group", Member: "user", Admin: true, Inherit: false, Set: true, Explicit: true}, {Role: "pg_maintain", Member: "user", Inherit: true, Set: true}}
	source.Grants = []facts.Grant{{Right: "CONNECT"}, {Right: "TEMPORARY"}}
	for _, c := range []struct {
		major int
		want  string
	}{
		{15, `CREATE ROLE "boss" LOGIN|CREATE ROLE "group"|CREATE ROLE "user" LOGIN|GRANT "boss" TO "mover"|GRANT "group" TO "user" WITH ADMIN OPTION`},
		{17, `CREATE ROLE "boss" LOGIN|CREATE ROLE "group"|CREATE ROLE "user" LOGIN|GRANT "boss" TO "mover" WITH INHERIT TRUE, SET TRUE|GRANT "group" TO "user" WITH ADMIN TRUE, INHERIT FALSE, SET TRUE|GRANT "pg_maintain" TO "user"`},
	} {
		var got []string
		for _, s := range roles.New(source, roles.Target{Platform: pg.Flexible, Major: c.major, Facts: sound(pg.Flexible, c.major), Database: "d"}).Statements {
			if !strings.Contains(s.SQL, " DATABASE ") {
				got = append(got, s.SQL)
			}
		}
		if strings.Join(got, "|") != c.want {
			t.Errorf("%d: %s", c.major, strings.Join(got, "|"))
		}
	}
}

func TestForbiddenNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		platform pg.Platform
		name     string
		want     bool
	}{{pg.Flexible, "azuresu", true}, {pg.Flexible, "azure_pg_admin", true}, {pg.Flexible, "AZURE_x", true}, {pg.Flexible, "rds_x", false}, {pg.RDS, "rds_x", true}, {pg.Plain, "pg_x", true}, {pg.Plain, "azuresu", false}, {pg.Plain, "public", true}, {pg.Flexible, "admin", false}} {
		if got := roles.Forbidden(c.platform, c.name); got != c.want {
			t.Errorf("%s on %s: %t", c.name, c.platform, got)
		}
	}
}
