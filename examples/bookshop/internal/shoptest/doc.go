// Package shoptest prepares databases for the shop's tests: owned by a role
// that is no superuser, as on RDS and Flexible Server, migrated, and stocked.
//
// Only test files import it. It starts no server; the caller hands it the
// superuser's URL of an empty database.
package shoptest
