package sandbox

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/part"
)

// flexibleDatabase is the type of databases of flexible servers, as provisioners
// are found by.
const flexibleDatabase = "microsoft.dbforpostgresql/flexibleservers/databases"

// databaseServer makes the databases of the Resource Manager in the clusters of
// their servers, so that what is deployed can be written to. They belong to the
// role of the administrators. The collation is the cluster's own: those that
// Azure names are not on every machine.
type databaseServer struct{ servers *flexibleServers }

var _ arm.Provisioner = databaseServer{}

// Provision makes the database. One that is there stays as it is.
func (d databaseServer) Provision(ctx context.Context, r arm.Resource) (map[string]any, error) {
	return nil, d.execute(ctx, r, "create", "CREATE DATABASE "+pgx.Identifier{r.Name}.Sanitize()+" OWNER azure_pg_admin", "42P04")
}

// Remove drops the database, whoever is connected to it, as Azure does.
func (d databaseServer) Remove(ctx context.Context, r arm.Resource) error {
	err := d.execute(ctx, r, "drop", "DROP DATABASE "+pgx.Identifier{r.Name}.Sanitize()+" WITH (FORCE)", "3D000")
	if fault.Is(err, fault.NotFound) {
		return nil // the server went first
	}
	return err
}

// execute runs a statement as the owner of the server's cluster. An error with
// the code is none.
func (d databaseServer) execute(ctx context.Context, r arm.Resource, verb, sql, but string) error {
	server, _, _ := strings.Cut(strings.ToLower(r.ID), "/databases/")
	p := d.servers.placeOf(arm.Resource{ID: server})
	if p == nil || d.servers.standing(p) == nil {
		return fault.Of(fault.NotFound, "find the server of database", r.ID, nil)
	}
	o := d.servers.options.Cluster
	conn, err := pgx.Connect(ctx, part.PostgresURL(d.servers.standing(p).Address(0), o.Superuser, o.Password, "postgres", "require"))
	if err != nil {
		return fault.Of(fault.Unavailable, verb+" database", r.Name, err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what counts is done
	_, err = conn.Exec(ctx, sql)
	if said, ok := errors.AsType[*pgconn.PgError](err); ok && said.Code == but {
		return nil
	}
	if err != nil {
		return fault.Of(fault.Invalid, verb+" database", r.Name, err)
	}
	return nil
}
