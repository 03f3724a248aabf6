package roles

import (
	"slices"
	"strings"

	"example.com/landfall/internal/move/postgres/pg"
)

// provider reports whether a role belongs to who runs the source, why it is left
// out, and the role of the target that stands for it.
//
// Sources: Amazon RDS user guide, "Understanding PostgreSQL roles and permissions"
// and "Using the rds_superuser role"; Microsoft Learn, "Create users in Azure
// Database for PostgreSQL".
func provider(source pg.Platform, name string, target pg.Platform) (why, instead string, ok bool) {
	admin := map[pg.Platform]string{pg.RDS: "rds_superuser", pg.Aurora: "rds_superuser", pg.Flexible: "azure_pg_admin"}
	switch source {
	case pg.RDS, pg.Aurora:
		switch {
		case name == "rds_superuser":
			return "the role of RDS for administrators", admin[target], true
		case name == "rds_replication":
			return "RDS has it in place of the attribute REPLICATION", "", true
		case name == "rds_iam":
			return "RDS has it for logins by IAM; Microsoft Entra ID has logins of its own", "", true
		case strings.HasPrefix(name, "rds_"), slices.Contains([]string{"rdsadmin", "rdsrepladmin", "rdsproxyadmin", "rdstopmgr", "rdswriteforwarduser", "rdsgrpadmin"}, name):
			return "a role of RDS itself", "", true
		}
	case pg.Flexible:
		switch {
		case name == "azure_pg_admin":
			return "the role of the service for administrators", admin[target], true
		case name == "azuresu", strings.HasPrefix(name, "azure_"), name == "replication":
			return "a role of the service itself", "", true
		}
	}
	return "", "", false
}

// Forbidden reports whether a platform lets nobody make a role of a name. Names
// that begin with pg_ are the server's on every platform (PostgreSQL manual,
// "Predefined Roles").
func Forbidden(platform pg.Platform, name string) bool {
	lower := strings.ToLower(name)
	if strings.HasPrefix(name, "pg_") || lower == "public" || lower == "none" {
		return true
	}
	switch platform {
	case pg.Flexible:
		return lower == "azuresu" || strings.HasPrefix(lower, "azure_")
	case pg.RDS, pg.Aurora:
		return strings.HasPrefix(lower, "rds_") || lower == "rdsadmin"
	}
	return false
}

// since are the roles of the server by the major version that brought them
// (PostgreSQL manual, "Predefined Roles" and the release notes).
func since(name string) int {
	switch name {
	case "pg_monitor", "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables", "pg_signal_backend":
		return 10
	case "pg_read_server_files", "pg_write_server_files", "pg_execute_server_program":
		return 11
	case "pg_read_all_data", "pg_write_all_data", "pg_database_owner":
		return 14
	case "pg_checkpoint":
		return 15
	case "pg_create_subscription", "pg_use_reserved_connections":
		return 16
	case "pg_maintain":
		return 17
	case "pg_signal_autovacuum_worker":
		return 18
	}
	return 0
}
