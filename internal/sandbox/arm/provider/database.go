package provider

import (
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/document"
)

func databaseFillers() map[string]filler {
	return map[string]filler{
		"Microsoft.DBforPostgreSQL/flexibleServers":           func(s Subject) map[string]any { return fillFlexible(s, "postgres") },
		"Microsoft.DBforMySQL/flexibleServers":                func(s Subject) map[string]any { return fillFlexible(s, "mysql") },
		"Microsoft.DBforPostgreSQL/flexibleServers/databases": fillDatabase,
		"Microsoft.DBforMySQL/flexibleServers/databases":      fillDatabase,
		"Microsoft.DBforPostgreSQL/flexibleServers/configurations": func(s Subject) map[string]any {
			return properties(map[string]any{"source": s.property("source", "system-default"), "isReadOnly": false})
		},
		"Microsoft.Sql/servers": func(s Subject) map[string]any {
			return properties(map[string]any{"fullyQualifiedDomainName": s.ID.Name() + ".database.windows.net", "state": "Ready"})
		},
		"Microsoft.Sql/servers/databases": func(s Subject) map[string]any {
			return properties(map[string]any{"databaseId": s.GUID("database"), "status": "Online", "creationDate": s.once("properties.creationDate", s.stamp())})
		},
		"Microsoft.DocumentDB/databaseAccounts": fillCosmos,
		"Microsoft.Cache/redis": func(s Subject) map[string]any {
			return properties(map[string]any{"hostName": s.ID.Name() + ".redis.cache.windows.net", "port": int64(6379), "sslPort": int64(6380), "instances": []any{}})
		},
		"Microsoft.Cache/redisEnterprise": func(s Subject) map[string]any {
			return properties(map[string]any{"hostName": s.ID.Name() + "." + s.location() + ".redisenterprise.cache.azure.net", "resourceState": runningState(s.State)})
		},
	}
}

func runningState(state string) string {
	if state == "Succeeded" {
		return "Running"
	}
	return state
}

// fillFlexible answers a flexible server. Its state is not a provisioning
// state: Starting, Ready, Updating, Stopped, Dropping.
func fillFlexible(s Subject, engine string) map[string]any {
	out := map[string]any{"fullyQualifiedDomainName": s.ID.Name() + "." + engine + ".database.azure.com", "state": serverState(s)}
	if engine == "postgres" {
		out["minorVersion"] = s.once("properties.minorVersion", "10")
		out["replicaCapacity"] = int64(5)
		out["replicationRole"] = s.property("replicationRole", "Primary")
		out["privateEndpointConnections"] = []any{}
	}
	if s.text("properties.availabilityZone") == "" {
		out["availabilityZone"] = "1"
	}
	mode := s.property("highAvailability.mode", "Disabled")
	ha := map[string]any{"mode": mode, "state": "NotEnabled"}
	if !strings.EqualFold(mode, "Disabled") {
		ha["state"] = "Healthy"
	}
	out["highAvailability"] = ha
	if document.Object(s.Body, "properties.network") != nil || engine == "postgres" {
		access := "Enabled"
		if s.text("properties.network.delegatedSubnetResourceId") != "" {
			access = "Disabled"
		}
		out["network"] = map[string]any{"publicNetworkAccess": s.property("network.publicNetworkAccess", access)}
	}
	backup := map[string]any{"earliestRestoreDate": s.once("properties.backup.earliestRestoreDate", s.stamp()), "geoRedundantBackup": s.property("backup.geoRedundantBackup", "Disabled"), "backupRetentionDays": int64(7)}
	if days, ok := document.Get(s.Body, "properties.backup.backupRetentionDays").(int64); ok {
		backup["backupRetentionDays"] = days
	}
	out["backup"] = backup
	return properties(out)
}

func serverState(s Subject) string {
	switch s.State {
	case "Creating":
		return "Starting"
	case "Deleting":
		return "Dropping"
	case "Updating":
		return "Updating"
	case "Failed":
		return "Disabled"
	}
	switch strings.ToLower(s.Runtime[Acting]) {
	case "stop":
		return "Stopping"
	case "start":
		return "Starting"
	case "restart":
		return "Restarting"
	}
	if s.Runtime["power"] == "stopped" {
		return "Stopped"
	}
	return "Ready"
}

func fillDatabase(s Subject) map[string]any {
	return properties(map[string]any{"charset": s.property("charset", "UTF8"), "collation": s.property("collation", "en_US.utf8")})
}

func fillCosmos(s Subject) map[string]any {
	return properties(map[string]any{"documentEndpoint": "https://" + s.ID.Name() + ".documents.azure.com:443/", "instanceId": s.GUID("cosmos"), "databaseAccountOfferType": "Standard"})
}

// postgresServer is the type of a flexible server of PostgreSQL.
const postgresServer = "Microsoft.DBforPostgreSQL/flexibleServers"

func asleep(s Subject) bool {
	return strings.EqualFold(s.ID.Type(), postgresServer) && s.Runtime["power"] == "stopped"
}

// Stopped is the error of a write to a PostgreSQL server that was stopped, or
// to what lies below it: such a server takes no management operation but start
// and delete ("Server concepts" of Azure Database for PostgreSQL). nil for
// anything else.
func Stopped(s Subject) error {
	if !asleep(s) {
		return nil
	}
	return armerror.BadRequest("ServerStoppedError", "The operation cannot be performed because server '%s' is stopped. Start it and try again.", s.ID.Name())
}

// ofStarted is an action that only a started PostgreSQL server takes.
func ofStarted(do actor) actor {
	return func(a Action) (Effect, error) {
		if asleep(a.Subject) {
			return Effect{}, armerror.BadRequest("ServerIsNotReady", "Server '%s' is in state Stopped, and only a started server can be restarted or stopped.", a.ID.Name())
		}
		return do(a)
	}
}

func databaseActors() map[string]actor {
	all := map[string]actor{}
	for _, kind := range []string{postgresServer + "/", "Microsoft.DBforMySQL/flexibleServers/"} {
		all[kind+"start"] = power("running")
		all[kind+"stop"] = power("stopped")
		all[kind+"restart"] = power("running")
	}
	for _, name := range []string{"stop", "restart"} {
		all[postgresServer+"/"+name] = ofStarted(all[postgresServer+"/"+name])
	}
	key := func(a Action, name string) string { return accountKey(a.Subject, name) }
	all["Microsoft.DocumentDB/databaseAccounts/listKeys"] = func(a Action) (Effect, error) {
		out := map[string]any{}
		for _, name := range []string{"primaryMasterKey", "secondaryMasterKey", "primaryReadonlyMasterKey", "secondaryReadonlyMasterKey"} {
			out[name] = key(a, name)
		}
		return Effect{Body: out}, nil
	}
	all["Microsoft.Cache/redis/listKeys"] = func(a Action) (Effect, error) {
		return Effect{Body: map[string]any{"primaryKey": key(a, "primary"), "secondaryKey": key(a, "secondary")}}, nil
	}
	return all
}
