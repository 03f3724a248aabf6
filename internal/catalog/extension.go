package catalog

import (
	_ "embed"
	"slices"
)

//go:embed data/postgres-extensions.tsv
var postgresExtensionsTSV string

//go:embed data/postgres-aws-extensions.tsv
var postgresAWSExtensionsTSV string

// The major versions of PostgreSQL that the table of extensions has a column
// for, newest first.
const (
	newestPostgres = 18
	oldestPostgres = 13
)

// Extension is an extension of PostgreSQL on Azure Database for PostgreSQL
// flexible server.
type Extension struct {
	Name string
	// Library has to stand in shared_preload_libraries, "" for none.
	Library string
	// versions are those with PostgreSQL 18, 17 and so on, "" for not supported.
	versions []string
}

// Version is the version that the service has with a major version of
// PostgreSQL, "" where it does not have the extension. A major version that the
// table does not know yet is read as the newest one; the zero Extension is on
// none.
func (e Extension) Version(major int) string {
	if major < oldestPostgres || len(e.versions) == 0 {
		return ""
	}
	return e.versions[newestPostgres-min(major, newestPostgres)]
}

// PostgresExtensions are the extensions of Azure Database for PostgreSQL flexible
// server in the order of their names. An error is a mistake in the table.
func PostgresExtensions() ([]Extension, error) {
	const before, width = 2, 2 + newestPostgres - oldestPostgres + 1
	var out []Extension
	err := readTable("postgres-extensions.tsv", postgresExtensionsTSV, width, func(r *cells) {
		out = append(out, Extension{r.at(0), r.at(1), slices.Clone(r.text[before:])})
	})
	return out, err
}

// Extensions are those of PostgresExtensions. They are the catalogue's own: not to be
// changed.
func (c *Catalog) Extensions() []Extension { return c.extensions }

// AWSExtensions are the extensions that only Amazon RDS and Aurora have, with the
// extension of Azure that does the like, "" for none.
func AWSExtensions() (map[string]string, error) {
	out := map[string]string{}
	err := readTable("postgres-aws-extensions.tsv", postgresAWSExtensionsTSV, 2, func(r *cells) { out[r.at(0)] = r.at(1) })
	return out, err
}

// PostgresSizes are the compute sizes of Azure Database for PostgreSQL flexible
// server, for who needs nothing else of the catalog.
func PostgresSizes() ([]DBSku, error) { return loadSkus("postgres-skus.tsv", postgresTSV) }
