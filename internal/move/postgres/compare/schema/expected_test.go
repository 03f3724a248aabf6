package schema_test

import (
	"reflect"
	"testing"

	"example.com/landfall/internal/move/postgres/compare/schema"
	"example.com/landfall/internal/move/postgres/pg"
)

// expectation is a pair of objects, and why they may differ.
type expectation struct {
	name           string
	source, target *schema.Object
	a, b           pg.Server
	known          schema.Known
	want           string
}

func expectations() []expectation {
	plain15, plain17 := pg.Server{Version: 150000, Platform: pg.Plain}, pg.Server{Version: 170000, Platform: pg.Plain}
	rds14 := pg.Server{Version: 140000, Platform: pg.RDS}
	azure := pg.Server{Version: 150000, Platform: pg.Flexible}
	table := func(owner string, grants ...string) *schema.Object {
		return &schema.Object{Kind: "table", Name: "s.t", Owner: owner, Grants: grants}
	}
	view := func(text string) *schema.Object {
		return &schema.Object{Kind: "view", Name: "s.v", Fields: map[string]string{"definition": text}}
	}
	base := func(owner string, grants ...string) *schema.Object {
		return &schema.Object{Kind: "database", Name: "database", Owner: owner, Grants: grants}
	}
	of := func(kind, name string, fields ...string) *schema.Object {
		o := &schema.Object{Kind: kind, Name: name, Fields: map[string]string{}}
		for i := 0; i+1 < len(fields); i += 2 {
			o.Fields[fields[i]] = fields[i+1]
		}
		return o
	}
	return []expectation{
		{"owner not there", table("old", "old: SELECT"), table("admin", "admin: SELECT"), plain15, azure, schema.Known{}, "the role old is not on the target"},
		{"owner is another", table("app"), table("admin"), plain15, azure, schema.Known{}, ""},
		{"owner is renamed", table("old", "old: SELECT"), table("app", "app: SELECT"), plain15, azure, schema.Known{Roles: map[string]string{"old": "app"}}, "equal"},
		{"grantee not there", table("app", "app: SELECT", "ghost: SELECT"), table("app", "app: SELECT"), plain15, azure, schema.Known{}, "the role ghost is not on the target"},
		{"grantee not there, and less", table("app", "PUBLIC: SELECT", "ghost: SELECT"), table("app"), plain15, azure, schema.Known{}, ""},
		{"maintain", table("app", "app: MAINTAIN, SELECT"), table("app", "app: SELECT"), plain17, plain15, schema.Known{}, "equal"},
		{"maintain alone", table("app", "app: MAINTAIN"), table("app"), plain17, plain17, schema.Known{}, ""},
		{"view of another version", view("SELECT t.a,\n t.b FROM s.t"), view("SELECT a,\n    b\n   FROM s.t"), plain15, plain17, schema.Known{}, schema.ByVersion},
		{"view of another table", view("SELECT a FROM s.t"), view("SELECT a FROM u.t"), plain15, plain17, schema.Known{}, ""},
		{"view with other parentheses", view("SELECT (a + b) * c"), view("SELECT a + (b * c)"), plain15, plain17, schema.Known{}, ""},
		{"view of the same version", view("SELECT t.a FROM s.t"), view("SELECT a FROM s.t"), plain15, azure, schema.Known{}, ""},
		{"extension's version", of("extension", "hstore", "version", "1.7"), of("extension", "hstore", "version", "1.8"), plain15, plain17, schema.Known{}, schema.ByVersion},
		{"extension of the service", nil, of("extension", "azure", "version", "1.1"), plain15, azure, schema.Known{}, schema.ByProvider},
		{"extension of ours", nil, of("extension", "hstore"), plain15, azure, schema.Known{}, ""},
		{"function of the service", &schema.Object{Kind: "function", Name: "f", Owner: "rdsadmin"}, nil, rds14, azure, schema.Known{}, schema.ByProvider},
		{"operator class", of("operator class", "s.c"), nil, plain15, azure, schema.Known{}, schema.BySuperuser},
		{"operator class on a plain server", of("operator class", "s.c"), nil, plain15, plain15, schema.Known{}, ""},
		{"function in C", of("function", "s.f()", "definition", "CREATE FUNCTION\n LANGUAGE c\nAS"), nil, plain15, azure, schema.Known{}, schema.BySuperuser},
		{"function in SQL", of("function", "s.f()", "definition", "CREATE FUNCTION\n LANGUAGE sql\nAS"), nil, plain15, azure, schema.Known{}, ""},
		{"system's privileges", of("privileges", "pg_catalog.pg_ls_dir(text)"), nil, plain15, azure, schema.Known{}, schema.BySuperuser},
		{"extension's privileges", of("privileges", "public.pg_stat_statements"), nil, rds14, azure, schema.Known{}, ""},
		{"publication", of("publication", "p"), nil, plain15, azure, schema.Known{}, schema.NotCarried},
		{"fence", of("setting", "default_transaction_read_only", "value", "on"), nil, plain15, azure, schema.Known{Fenced: true}, schema.ByFence},
		{"no fence", of("setting", "default_transaction_read_only", "value", "on"), nil, plain15, azure, schema.Known{}, ""},
		{"fence on both", of("setting", "default_transaction_read_only", "value", "on"), of("setting", "default_transaction_read_only", "value", "off"), plain15, azure, schema.Known{Fenced: true}, schema.ByFence},
		{"fenced database", &schema.Object{Kind: "database", Name: "database", Grants: []string{"a: CONNECT"}}, of("database", "database"), plain15, azure, schema.Known{Fenced: true}, schema.ByFence},
		{"database of another", base("app", "app: CONNECT, CREATE", "PUBLIC: CONNECT"), base("admin", "admin: CONNECT, CREATE", "app: CONNECT, CREATE", "PUBLIC: CONNECT"), rds14, azure, schema.Known{}, schema.OwnDatabase},
		{"database of another, with fewer rights", base("app", "app: CONNECT, CREATE"), base("admin", "admin: CONNECT, CREATE", "app: CONNECT"), rds14, azure, schema.Known{}, ""},
		{"database of the same, with fewer rights", base("app", "app: CONNECT, CREATE"), base("app", "app: CONNECT"), rds14, azure, schema.Known{}, ""},
		{"public of 14", &schema.Object{Kind: "schema", Name: "public", Owner: "postgres", Grants: []string{"PUBLIC: CREATE"}}, &schema.Object{Kind: "schema", Name: "public", Owner: "pg_database_owner"}, rds14, azure, schema.Known{}, schema.ByVersion},
		{"inherited columns", of("table", "s.t", "parents", "s.p", "column order", "b\na"), of("table", "s.t", "parents", "s.p", "column order", "a\nb"), plain15, plain15, schema.Known{}, schema.ByInheritance},
		{"columns", of("table", "s.t", "column order", "b\na"), of("table", "s.t", "column order", "a\nb"), plain15, plain15, schema.Known{}, ""},
		{"known to the caller", of("table", "s.t"), nil, plain15, azure, schema.Known{Expect: func(d schema.Difference) string { return d.Name }}, "s.t"},
	}
}

func TestExpected(t *testing.T) {
	t.Parallel()
	for _, e := range expectations() {
		a := schema.Catalogue{Server: e.a, Roles: []string{"app", "postgres", "admin", "old", "ghost"}, Objects: []schema.Object{{Kind: "schema", Name: "s", Schema: "s"}, {Kind: "schema", Name: "u", Schema: "u"}}}
		b := schema.Catalogue{Server: e.b, Roles: []string{"app", "postgres", "admin", "pg_database_owner"}, Objects: a.Objects}
		if e.source != nil {
			a.Objects = append(a.Objects[:2:2], *e.source)
		}
		if e.target != nil {
			b.Objects = append(b.Objects[:2:2], *e.target)
		}
		r := schema.Compare(a, b, e.known)
		all := append(append(r.Missing, r.Extra...), r.Different...)
		switch {
		case e.want == "equal":
			if len(all) != 0 || !r.Same() {
				t.Errorf("%s: %+v", e.name, all)
			}
		case len(all) != 1 || all[0].Expected != e.want || (len(r.Unexpected()) == 0) != (e.want != "") || r.Same() != (e.want != ""):
			t.Errorf("%s: %+v", e.name, all)
		}
	}
}

// What a login may not see is no equality.
func TestUnread(t *testing.T) {
	t.Parallel()
	r := schema.Compare(schema.Catalogue{Unread: []schema.Unread{{What: "subscriptions", Reason: "denied"}}}, schema.Catalogue{}, schema.Known{})
	if r.Same() || !reflect.DeepEqual(r.SourceUnread, []schema.Unread{{What: "subscriptions", Reason: "denied"}}) {
		t.Errorf("%+v", r)
	}
}
