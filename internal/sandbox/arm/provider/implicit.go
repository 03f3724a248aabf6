package provider

import (
	"strings"

	"example.com/landfall/internal/sandbox/arm/armid"
)

// Implicit is a child that a service makes together with its parent: it can be
// read and written at once and is never created.
type Implicit struct {
	// Type is the last type segment, Name the name.
	Type, Name string
	// Body is what it has before anybody wrote to it.
	Body map[string]any
}

// Implicits lists the children that come with a type, by lower-case type.
func Implicits(kind string) []Implicit {
	switch strings.ToLower(kind) {
	case "microsoft.storage/storageaccounts":
		return []Implicit{
			{"blobServices", "default", properties(map[string]any{"deleteRetentionPolicy": map[string]any{"enabled": false}, "isVersioningEnabled": false})},
			{"fileServices", "default", properties(map[string]any{"shareDeleteRetentionPolicy": map[string]any{"enabled": true, "days": int64(7)}})},
			{"queueServices", "default", properties(map[string]any{})},
			{"tableServices", "default", properties(map[string]any{})},
		}
	case "microsoft.dbforpostgresql/flexibleservers":
		return append(databases("postgres", "azure_maintenance", "azure_sys"), parameters()...)
	case "microsoft.dbformysql/flexibleservers":
		return databases("mysql", "information_schema", "performance_schema", "sys")
	case "microsoft.sql/servers":
		return databases("master")
	case "microsoft.web/sites", "microsoft.web/sites/slots":
		var out []Implicit
		for _, name := range []string{"web", "appsettings", "connectionstrings", "logs", "authsettingsV2", "slotConfigNames", "backup", "metadata"} {
			out = append(out, Implicit{"config", name, properties(map[string]any{})})
		}
		return out
	case "microsoft.servicebus/namespaces", "microsoft.eventhub/namespaces":
		return []Implicit{{"authorizationRules", "RootManageSharedAccessKey", properties(map[string]any{"rights": []any{"Listen", "Manage", "Send"}})}}
	}
	return nil
}

func databases(names ...string) []Implicit {
	out := make([]Implicit, len(names))
	for i, n := range names {
		out[i] = Implicit{"databases", n, properties(map[string]any{})}
	}
	return out
}

// parameters are server parameters of PostgreSQL that a migration reads or
// sets, with the defaults of a general-purpose server.
func parameters() []Implicit {
	var out []Implicit
	for _, pair := range [][2]string{
		{"azure.extensions", ""}, {"max_connections", "859"}, {"max_logical_replication_workers", "4"}, {"max_replication_slots", "10"}, {"max_wal_senders", "10"}, {"max_worker_processes", "8"},
		{"max_sync_workers_per_subscription", "2"}, {"pgbouncer.enabled", "false"}, {"require_secure_transport", "on"}, {"shared_preload_libraries", "pg_cron,pg_stat_statements"}, {"TimeZone", "UTC"},
		{"wal_level", "replica"}, {"work_mem", "4096"}, {"log_min_duration_statement", "-1"}, {"idle_in_transaction_session_timeout", "0"}, {"password_encryption", "md5"}, {"default_transaction_read_only", "off"},
		{"session_replication_role", "origin"}, {"maintenance_work_mem", "157696"}, {"max_wal_size", "8192"}, {"wal_sender_timeout", "60000"}, {"wal_receiver_timeout", "60000"},
	} {
		out = append(out, Implicit{"configurations", pair[0], properties(map[string]any{"value": pair[1], "source": "system-default"})})
	}
	return out
}

// ImplicitOf finds the implicit child that an id names.
func ImplicitOf(id armid.ID) (Implicit, bool) {
	if !id.IsChild() {
		return Implicit{}, false
	}
	for _, c := range Implicits(id.Parent().Type()) {
		if strings.EqualFold(c.Type, lastSegment(id.Type())) && strings.EqualFold(c.Name, id.Name()) {
			return c, true
		}
	}
	return Implicit{}, false
}
