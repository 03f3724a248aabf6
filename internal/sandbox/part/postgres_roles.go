package part

import (
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
)

// The superusers of the two managed services. Nobody is given their password.
const (
	RDSOwner            = "rdsadmin"
	FlexibleServerOwner = "azuresu"
)

// RDSStatements makes a new cluster look as Amazon RDS for PostgreSQL hands it
// out: a master user that is no superuser but a member of rds_superuser, and
// the databases, which belong to the master user.
//
// Source of the roles: "Understanding PostgreSQL roles and permissions" and
// "Replication roles" in the Amazon RDS user guide.
func RDSStatements(master, password string, databases ...string) []Statement {
	sql := []string{
		"CREATE ROLE rds_superuser NOLOGIN CREATEDB CREATEROLE",
		"CREATE ROLE rds_replication NOLOGIN",
		"CREATE ROLE rds_password NOLOGIN",
		"CREATE ROLE rds_iam NOLOGIN",
		"GRANT pg_monitor, pg_signal_backend, pg_checkpoint, rds_replication, rds_password TO rds_superuser WITH ADMIN OPTION",
		// RDS patches the server so that members of rds_replication may stream;
		// the plain server asks for the attribute, which says the same.
		"CREATE ROLE " + quoteName(master) + " LOGIN CREATEDB CREATEROLE REPLICATION VALID UNTIL 'infinity' PASSWORD " + quoteText(password),
		"GRANT rds_superuser TO " + quoteName(master),
	}
	sql = append(sql, patched("rds_service", "rds_superuser")...)
	return append(statements(sql), owned(master, databases, "rdsadmin")...)
}

// MoverStatements make a login of its own for whoever moves a database of which the
// master user is the application's own login too: a member of the owner, with the
// rights of an administrator. They are those of the guide "Moving PostgreSQL", but
// for the attribute, which stands for the membership in rds_replication.
func MoverStatements(login, password, owner string) []Statement {
	return statements([]string{
		"CREATE ROLE " + quoteName(login) + " LOGIN CREATEDB CREATEROLE REPLICATION PASSWORD " + quoteText(password),
		"GRANT rds_superuser, " + quoteName(owner) + " TO " + quoteName(login),
	})
}

// FlexibleServerStatements makes a new cluster look as Azure Database for
// PostgreSQL, Flexible Server, hands it out: an administrator that is no
// superuser but a member of azure_pg_admin.
//
// Source of the roles: "Manage users" in the documentation of Azure Database
// for PostgreSQL.
func FlexibleServerStatements(admin, password string, databases ...string) []Statement {
	sql := []string{
		"CREATE ROLE azure_pg_admin NOLOGIN CREATEDB CREATEROLE",
		"GRANT pg_monitor, pg_signal_backend, pg_checkpoint, pg_read_all_settings, pg_read_all_stats, pg_stat_scan_tables TO azure_pg_admin WITH ADMIN OPTION",
		"CREATE ROLE " + quoteName(admin) + " LOGIN CREATEDB CREATEROLE REPLICATION PASSWORD " + quoteText(password),
		"GRANT azure_pg_admin TO " + quoteName(admin),
		// Since PostgreSQL 16 this role may create subscriptions; before, the
		// service's patched server lets the administrator, and the plain server
		// only a superuser.
		"DO $$ BEGIN IF current_setting('server_version_num')::int >= 160000 THEN EXECUTE 'GRANT pg_create_subscription TO azure_pg_admin WITH ADMIN OPTION'; END IF; END $$",
	}
	sql = append(sql, patched("azure_service", "azure_pg_admin")...)
	return append(statements(sql), owned(admin, databases, "azure_maintenance", "azure_sys")...)
}

// patched stands for what the patched servers of the two services let their
// administrators do beyond a plain server: making subscriptions before PostgreSQL
// 16, for one. They may become the superuser with SET ROLE, and a member that does
// not has nothing of it: the role between the two inherits nothing. Sources:
// "Performing logical replication for Amazon RDS for PostgreSQL" in the Amazon RDS
// user guide; "Logical replication and logical decoding" in the documentation of
// Azure Database for PostgreSQL.
func patched(between, administrators string) []string {
	return []string{
		"CREATE ROLE " + between + " NOLOGIN NOINHERIT",
		"DO $$ BEGIN EXECUTE pg_catalog.format('GRANT %I TO " + between + "', current_user); END $$",
		"GRANT " + between + " TO " + administrators,
	}
}

// loginName is what Landfall takes as an administrator's name. Azure forbids
// the names of its own roles and those of the server besides.
var loginName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// AdministratorSQL makes the administrator of a flexible server, or gives one
// that is there a new password.
func AdministratorSQL(login, password string) ([]string, error) {
	lower := strings.ToLower(login)
	reserved := []string{"azure_superuser", "azuresu", "azure_pg_admin", "admin", "administrator", "root", "guest", "public"}
	if !loginName.MatchString(login) || strings.HasPrefix(lower, "pg_") || slices.Contains(reserved, lower) {
		return nil, fault.Newf(fault.Invalid, "make administrator %q: the name is reserved, or holds other than letters, digits and underscores", login)
	}
	role, rights := quoteName(login), " LOGIN CREATEDB CREATEROLE REPLICATION PASSWORD "+quoteText(password)
	return []string{
		"DO $make$ BEGIN CREATE ROLE " + role + "; EXCEPTION WHEN duplicate_object THEN NULL; END $make$",
		"ALTER ROLE " + role + rights,
		"GRANT azure_pg_admin TO " + role,
	}, nil
}

// owned makes the databases of a user, and those that the service keeps for
// itself and lets nobody into.
func owned(owner string, databases []string, services ...string) []Statement {
	var sql []string
	for _, db := range databases {
		if db != "postgres" {
			sql = append(sql, "CREATE DATABASE "+quoteName(db)+" OWNER "+quoteName(owner))
		}
	}
	for _, db := range services {
		if !slices.Contains(databases, db) {
			sql = append(sql, "CREATE DATABASE "+quoteName(db), "REVOKE ALL ON DATABASE "+quoteName(db)+" FROM PUBLIC")
		}
	}
	return statements(sql)
}

func statements(sql []string) []Statement {
	out := make([]Statement, len(sql))
	for i, s := range sql {
		out[i] = Statement{Database: "postgres", SQL: s}
	}
	return out
}

func quoteName(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// quoteText quotes for the standard_conforming_strings that every supported
// server has on.
func quoteText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
