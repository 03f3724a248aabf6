package pgworld

import (
	_ "embed"
	"fmt"
)

//go:embed ordinary.sql
var ordinary string

//go:embed superuser.sql
var superuser string

//go:embed rows.sql
var rows string

// The roles that own and are granted things. Roles belong to a cluster: the
// statements make them where they are missing.
const (
	Owner  = "pgworld_owner"
	Reader = "pgworld Reader"
)

// Roles makes the roles. It may run in many databases of one cluster at once.
func Roles() string {
	var sql string
	for _, role := range []string{Owner, Reader} {
		sql += fmt.Sprintf("DO $$ BEGIN CREATE ROLE %q NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;\n", role)
	}
	return sql
}

// Ordinary makes, in an empty database, all that a login without superuser can
// make if it is a member of Owner and may create extensions that are trusted.
func Ordinary() string { return ordinary }

// Everything makes the roles and every kind of object; only a superuser can.
func Everything() string { return Roles() + ordinary + superuser }

// Rows fills what Ordinary made, the large tables with n rows each, the same ones
// each time. It is one text of statements.
func Rows(n int) string {
	return fmt.Sprintf("SELECT pg_catalog.set_config('pgworld.rows', '%d', false);\n", n) + rows
}
