// Package roles plans and makes the roles that a moved database needs on its
// target: owners of objects, those who hold rights, and those who are members of
// them or have them as members. Superuser attributes are left out, because no
// managed service gives them; so are the roles that belong to a provider.
// Passwords are neither read nor made: pg_authid is never asked, and a role that
// logs in arrives without one, which the plan says by name.
//
// What it is not: rights on objects in the database come with the schema, not
// from here; those on the database itself do, because no dump of a schema has
// them.
//
// Called by package preflight, which plans, and by the orchestration of the
// mover, which applies.
package roles
