package roles_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
	"example.com/landfall/internal/move/postgres/preflight/roles"
)

func source(platform pg.Platform, names ...facts.Role) *facts.Facts {
	return &facts.Facts{Server: pg.Server{Platform: platform, Version: 150000}, Database: "shop", Owner: "boss", Roles: names,
		Grants: []facts.Grant{{Right: "CONNECT"}, {Right: "TEMPORARY"}}}
}

func target(major int, present ...string) roles.Target {
	f := &facts.Facts{Server: pg.Server{Platform: pg.Flexible, Version: major * 10000, User: "azadmin"}, Rights: facts.Rights{CreatesRoles: true}}
	for _, name := range present {
		f.Roles = append(f.Roles, facts.Role{Name: name})
	}
	return roles.Target{Platform: pg.Flexible, Major: major, Facts: f, Database: "shop"}
}

func names(p roles.Plan) (out []string) {
	for _, r := range p.Roles {
		out = append(out, r.Name)
	}
	return out
}

// Who is needed draws in the roles it is a member of, and those that are members
// of it, and theirs; the roles of the server and of a provider draw in nobody.
func TestMembershipsDrawIn(t *testing.T) {
	t.Parallel()
	all := []facts.Role{{Name: "a", Owns: true}, {Name: "b"}, {Name: "c"}, {Name: "d"}, {Name: "e"}, {Name: "f"}, {Name: "pg_monitor"}, {Name: "rds_superuser"}}
	for _, c := range []struct {
		members []facts.Member
		want    string
	}{
		{nil, "a"}, {[]facts.Member{{Role: "b", Member: "a"}}, "a b"}, {[]facts.Member{{Role: "a", Member: "b"}, {Role: "b", Member: "c"}, {Role: "d", Member: "c"}}, "a b c d"},
		{[]facts.Member{{Role: "pg_monitor", Member: "a"}, {Role: "pg_monitor", Member: "b"}, {Role: "rds_superuser", Member: "a"}, {Role: "rds_superuser", Member: "c"}}, "a"},
		{[]facts.Member{{Role: "e", Member: "f"}}, "a"},
	} {
		s := source(pg.RDS, all...)
		s.Members = c.members
		if got := strings.Join(names(roles.New(s, target(15))), " "); got != c.want {
			t.Errorf("%v: %s, want %s", c.members, got, c.want)
		}
	}
}

// Landfall's login at the source is a member of the owners so that it can move what
// they have: nobody needs it on the target for that.
func TestTheMoversLoginStays(t *testing.T) {
	t.Parallel()
	s := source(pg.RDS, facts.Role{Name: "app", Owns: true}, facts.Role{Name: "mover", Login: true}, facts.Role{Name: "boss"})
	s.Members = []facts.Member{{Role: "app", Member: "mover"}, {Role: "app", Member: "boss"}}
	s.Server.User = "mover"
	p := roles.New(s, target(15))
	if got := strings.Join(names(p), " "); got != "app boss" || !slices.Equal(p.Unneeded, []string{"mover"}) || p.Passwords != nil {
		t.Errorf("%s, and not %v; passwords of %v", got, p.Unneeded, p.Passwords)
	}
	s.Roles[1].Owns = true
	if got := strings.Join(names(roles.New(s, target(15))), " "); got != "app mover boss" {
		t.Errorf("%s", got)
	}
}

// What is left out has its reason, and what it owns has another owner.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	s := source(pg.RDS, facts.Role{Name: "rdsadmin", Owns: true, Superuser: true}, facts.Role{Name: "rds_superuser", Holds: true}, facts.Role{Name: "rds_iam"}, facts.Role{Name: "azuresu", Holds: true},
		facts.Role{Name: "idle"}, facts.Role{Name: "app", Login: true, Holds: true, Superuser: true, Replication: true, Bypass: true})
	p := roles.New(s, target(15))
	var left []string
	for _, l := range p.Left {
		if l.Why == "" {
			t.Errorf("%s without a reason", l.Name)
		}
		left = append(left, l.Name+">"+l.Instead)
	}
	if want := []string{"rdsadmin>azadmin", "rds_superuser>azure_pg_admin", "rds_iam>", "azuresu>azadmin"}; !slices.Equal(left, want) {
		t.Errorf("%q", left)
	}
	if !slices.Equal(p.Unneeded, []string{"idle"}) || !slices.Equal(p.Passwords, []string{"app"}) || !slices.Equal(p.Roles[0].Without, []string{"SUPERUSER", "REPLICATION", "BYPASSRLS"}) {
		t.Errorf("%+v", p)
	}
	// A superuser of the target gives what only superusers give, and never SUPERUSER.
	powerful := target(15)
	powerful.Facts.Rights.Superuser = true
	p = roles.New(s, powerful)
	if got := p.Statements[0].SQL; got != `CREATE ROLE "app" LOGIN NOINHERIT REPLICATION BYPASSRLS CONNECTION LIMIT 0` || !slices.Equal(p.Roles[0].Without, []string{"SUPERUSER"}) {
		t.Errorf("%s %q", got, p.Roles[0].Without)
	}
}

// A role that is there is not made again, and keeps its attributes.
func TestARoleThatIsThere(t *testing.T) {
	t.Parallel()
	s := source(pg.Plain, facts.Role{Name: "app", Login: true, Holds: true, Inherit: true, Limit: -1})
	p := roles.New(s, target(15, "app"))
	if !p.Roles[0].Exists || !slices.Equal(p.Passwords, []string{"app"}) || slices.ContainsFunc(p.Statements, func(s roles.Statement) bool { return strings.HasPrefix(s.SQL, "CREATE") }) {
		t.Errorf("%+v", p)
	}
	// Without a server nobody is there, and nothing is granted to a login.
	p = roles.New(s, roles.Target{Platform: pg.Flexible, Major: 16, Database: "shop"})
	if p.Roles[0].Exists || p.Statements[0].SQL != `CREATE ROLE "app" LOGIN` {
		t.Errorf("%+v", p)
	}
}

// Settings go where they were, apart from those of a provider, those that may be
// secret, and those of all roles of the server.
func TestSettings(t *testing.T) {
	t.Parallel()
	s := source(pg.RDS, facts.Role{Name: "app", Holds: true, Inherit: true, Limit: -1})
	s.Overrides = []facts.Override{
		{Role: "app", Name: "work_mem", Value: "64MB"}, {Role: "app", Database: "shop", Name: "search_path", Value: `"$user", "Odd ""x", public`}, {Database: "shop", Name: "app.tenant", Value: "it's"},
		{Role: "app", Name: "app.key", Secret: true}, {Role: "app", Name: "rds.force_autovacuum_logging_level", Value: "x"}, {Name: "work_mem", Value: "1MB"}, {Role: "idle", Name: "work_mem", Value: "2MB"},
	}
	p := roles.New(s, target(15))
	var got []string
	for _, x := range p.Statements {
		if strings.HasPrefix(x.SQL, "ALTER") {
			got = append(got, x.SQL)
		}
	}
	want := []string{`ALTER ROLE "app" SET "work_mem" TO '64MB'`, `ALTER ROLE "app" IN DATABASE "shop" SET "search_path" TO '$user', 'Odd "x', 'public'`, `ALTER DATABASE "shop" SET "app"."tenant" TO 'it''s'`}
	if !slices.Equal(got, want) || len(p.Omitted) != 3 {
		t.Errorf("%q %+v", got, p.Omitted)
	}
}

// Rights on the database go over; what PUBLIC has lost is taken from it.
func TestRightsOnTheDatabase(t *testing.T) {
	t.Parallel()
	s := source(pg.Plain, facts.Role{Name: "app", Holds: true, Inherit: true, Limit: -1})
	s.Grants = []facts.Grant{{Right: "CONNECT", Grantee: "app", Grantable: true}, {Right: "TEMPORARY", Grantee: "gone"}}
	p := roles.New(s, target(15))
	var got []string
	for _, x := range p.Statements[1:] {
		got = append(got, x.SQL)
	}
	if want := []string{`GRANT CONNECT ON DATABASE "shop" TO "app" WITH GRANT OPTION`, `REVOKE CONNECT ON DATABASE "shop" FROM PUBLIC`, `REVOKE TEMPORARY ON DATABASE "shop" FROM PUBLIC`}; !slices.Equal(got, want) || len(p.Omitted) != 1 {
		t.Errorf("%q %+v", got, p.Omitted)
	}
}

// A list of names survives being quoted and split, whatever is in the names.
func TestListsOfNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.StringMatching(`[a-zA-Z ,"'$]{1,8}`), 1, 4).Draw(t, "names")
		var quoted []string
		for _, name := range want {
			quoted = append(quoted, pg.Quote(name))
		}
		if got := roles.Elements(strings.Join(quoted, ", ")); !slices.Equal(got, want) {
			t.Fatalf("%q: %q", want, got)
		}
	})
	if got := roles.Elements(`a, "b,c" ,d`); !slices.Equal(got, []string{"a", "b,c", "d"}) {
		t.Errorf("%q", got)
	}
	if got := roles.Value("search_path", ""); got != "''" {
		t.Error(got)
	}
	if got := roles.Name("pg_stat_statements.track") + roles.Name("work_mem"); got != `"pg_stat_statements"."track""work_mem"` {
		t.Error(got)
	}
}

// The order in which a server lists roles and memberships changes no role and no
// reason of the plan.
func TestThePlanIsOfTheSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := source(pg.Plain)
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			s.Roles = append(s.Roles, facts.Role{Name: name, Owns: rapid.Bool().Draw(t, "owns"), Login: rapid.Bool().Draw(t, "login"), Inherit: true, Limit: -1})
		}
		member := rapid.Custom(func(t *rapid.T) facts.Member {
			one := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})
			return facts.Member{Role: one.Draw(t, "role"), Member: one.Draw(t, "member"), Inherit: true, Set: true}
		})
		s.Members = rapid.SliceOfN(member, 0, 6).Draw(t, "members")
		before := roles.New(s, target(16))
		seed := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		seed.Shuffle(len(s.Members), func(i, j int) { s.Members[i], s.Members[j] = s.Members[j], s.Members[i] })
		if after := roles.New(s, target(16)); !slices.Equal(names(before), names(after)) || len(before.Statements) != len(after.Statements) {
			t.Fatalf("%v\n%v", before, after)
		}
	})
}
