// Package facts reads from the catalogue of a PostgreSQL server what has to be
// known of it before a database is moved: settings, rights of the login, tables,
// other objects, roles, activity. It works on versions 10 to 18 and with logins
// that are no superuser; what a login may not ask is listed as unread.
//
// What it is not: it judges nothing, and writes nothing; a session for it is
// read only. It never reads pg_authid, nor any password.
//
// Called by package preflight.
package facts
