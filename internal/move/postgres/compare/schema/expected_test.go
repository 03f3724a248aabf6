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
	old := pg.Server{Version: 100023, Platform: pg.Plain}
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
		{"view that writes XML", view("SELECT XMLSERIALIZE(CONTENT x AS text)"), view("SELECT XMLSERIALIZE(CONTENT x AS text NO INDENT)"), plain15, plain17, schema.Known{}, schema.ByVersion},
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
		{"trigger of PostgreSQL 11", of("trigger", "g on s.t", "definition", "WHEN (' EXECUTE FUNCTION ') EXECUTE PROCEDURE s.f()"), of("trigger", "g on s.t", "definition", "WHEN (' EXECUTE FUNCTION ') EXECUTE FUNCTION s.f()"), old, plain15, schema.Known{}, schema.ByVersion},
		{"trigger of another function", of("trigger", "g on s.t", "definition", "EXECUTE PROCEDURE s.f()"), of("trigger", "g on s.t", "definition", "EXECUTE FUNCTION s.g()"), old, plain15, schema.Known{}, ""},
		{"function of a multirange", nil, of("function", "s.m()", "made with", "s.m"), old, plain15, schema.Known{}, schema.ByVersion},
		{"function of a multirange that both should have", nil, of("function", "s.m()", "made with", "s.m"), plain15, plain17, schema.Known{}, ""},
		{"function of one's own", nil, of("function", "s.m()"), old, plain15, schema.Known{}, ""},
		{"view that the other's system lacks", nil, &schema.Object{Kind: "privileges", Name: "information_schema.new_view", Owner: "postgres", Grants: []string{"PUBLIC: SELECT", "postgres: SELECT, UPDATE"}}, old, plain15, schema.Known{}, schema.ByVersion},
		{"view that somebody was granted", &schema.Object{Kind: "privileges", Name: "information_schema.a_view", Owner: "postgres", Grants: []string{"app: SELECT", "postgres: SELECT"}}, nil, old, plain15, schema.Known{}, ""},
		{"view of the same version", nil, &schema.Object{Kind: "privileges", Name: "information_schema.a_view", Owner: "postgres", Grants: []string{"PUBLIC: SELECT"}}, plain15, plain15, schema.Known{}, ""},
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

// A restore names the constraints of partitions anew; that explains one constraint of
// the table with the same definition, and neither another one nor one of its own.
func TestConstraintsNamedAfterTheirParents(t *testing.T) {
	t.Parallel()
	of := func(name, definition, inherited string) schema.Object {
		return schema.Object{Kind: "constraint", Name: name, Schema: "s", Fields: map[string]string{"definition": definition, "inherited": inherited}}
	}
	a := schema.Catalogue{Objects: []schema.Object{of("own_fkey on s.p1", "FOREIGN KEY (a)", "1"), of("other_fkey on s.p1", "FOREIGN KEY (b)", "1"), of("x_fkey on s.p2", "FOREIGN KEY (a)", "1 and local"), of("y_fkey on s.p2", "FOREIGN KEY (a)", "1")}}
	b := schema.Catalogue{Objects: []schema.Object{of("parent_fkey on s.p1", "FOREIGN KEY (a)", "1"), of("parent_fkey on s.p2", "FOREIGN KEY (a)", "1")}}
	r := schema.Compare(a, b, schema.Known{})
	got := map[string]string{}
	for _, d := range append(r.Missing, r.Extra...) {
		got[d.Name] = d.Expected
	}
	if want := map[string]string{"own_fkey on s.p1": schema.ByParent, "parent_fkey on s.p1": schema.ByParent, "other_fkey on s.p1": "", "x_fkey on s.p2": "", "y_fkey on s.p2": schema.ByParent, "parent_fkey on s.p2": schema.ByParent}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
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
