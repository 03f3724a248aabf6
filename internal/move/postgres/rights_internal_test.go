package postgres

import (
	"testing"

	"example.com/landfall/internal/move/postgres/compare/schema"
)

// The target's database belongs to whoever made it, and its fence takes the right to
// connect away: neither stops a move. Any other right does.
func TestRightsOnTheDatabase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fields         []string
		source, target string
		want           bool
	}{
		"fence":                   {[]string{"grants"}, "grants: \n  PUBLIC: CONNECT, TEMPORARY\n  shop: CONNECT, CREATE*, TEMPORARY", "grants: \n  PUBLIC: TEMPORARY\n  mover: CONNECT\n  shop: CREATE*, TEMPORARY", true},
		"one line":                {[]string{"grants"}, "grants: \n  PUBLIC: CONNECT\n  shop: CONNECT, CREATE", "grants: shop: CREATE", true},
		"another owner":           {[]string{"grants", "owner"}, "grants: shop: CONNECT, CREATE\nowner: shop", "grants: \n  azure_pg_admin: CONNECT, CREATE, TEMPORARY\n  shop: CREATE\nowner: azure_pg_admin", true},
		"another owner, and less": {[]string{"grants", "owner"}, "grants: \n  PUBLIC: CONNECT, TEMPORARY\n  shop: CONNECT, CREATE\nowner: shop", "grants: \n  azure_pg_admin: CREATE\n  shop: CREATE\nowner: azure_pg_admin", false},
		// An administrator of the target who is called like the owner of the source.
		"owner is our login":  {[]string{"grants", "owner"}, "grants: \n  PUBLIC: CONNECT, TEMPORARY\n  mover: CONNECT, CREATE, TEMPORARY\nowner: mover", "grants: \n  PUBLIC: TEMPORARY\n  azure_pg_admin: CREATE, TEMPORARY\n  mover: CONNECT\nowner: azure_pg_admin", true},
		"our login, and less": {[]string{"grants", "owner"}, "grants: \n  PUBLIC: CONNECT, TEMPORARY\n  mover: CREATE\nowner: mover", "grants: azure_pg_admin: CREATE\nowner: azure_pg_admin", false},
		"less":                {[]string{"grants"}, "grants: shop: CONNECT, CREATE", "grants: shop: CONNECT", false},
		"something besides":   {[]string{"collate", "grants"}, "collate: C\ngrants: shop: CONNECT", "collate: en_US\ngrants: shop: CONNECT", false},
	} {
		if got := sameRights(schema.Difference{Kind: "database", Fields: c.fields, Source: c.source, Target: c.target}, "mover"); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
