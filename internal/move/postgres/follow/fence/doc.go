// Package fence lets nobody but Landfall write into a database, proves it by
// trying, and takes it back exactly.
//
// A fence is made of: CONNECT taken from PUBLIC and every grantee but Landfall's
// login; default_transaction_read_only = on for the database, and for the roles
// whose own setting would outrank it; sessions ended; prepared transactions and
// what cannot be shut out (superusers, members of Landfall's login, subscriptions)
// named. State says what stood before, and is made before anything is changed, so
// that the caller journals it first: with it Open restores after a kill at any
// instant.
//
// What it is not: it does not decide who may write when, and it does not stop
// superusers, whom no grant binds. Called by the package postgres.
package fence
