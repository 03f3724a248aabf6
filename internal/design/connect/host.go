package connect

import (
	"strings"

	"example.com/landfall/internal/design"
)

// hostOf is the name under which Azure serves a resource. ok is false for what
// takes no connections.
func hostOf(r design.Resource) (host string, ok bool) {
	zone := map[string]string{
		"microsoft.dbforpostgresql/flexibleservers": "postgres.database.azure.com", "microsoft.dbformysql/flexibleservers": "mysql.database.azure.com",
		"microsoft.sql/servers": "database.windows.net", "microsoft.storage/storageaccounts": "blob.core.windows.net", "microsoft.keyvault/vaults": "vault.azure.net",
		"microsoft.servicebus/namespaces": "servicebus.windows.net", "microsoft.eventhub/namespaces": "servicebus.windows.net", "microsoft.documentdb/databaseaccounts": "documents.azure.com",
		"microsoft.containerregistry/registries": "azurecr.io", "microsoft.web/sites": "azurewebsites.net", "microsoft.appconfiguration/configurationstores": "azconfig.io",
		"microsoft.apimanagement/service": "azure-api.net", "microsoft.cache/redisenterprise": string(r.Location) + ".redis.azure.net",
	}
	kind := strings.ToLower(string(r.Type))
	if suffix, ok := zone[kind]; ok {
		return r.Name + "." + suffix, true
	}
	switch kind {
	case "microsoft.compute/virtualmachines", "microsoft.compute/virtualmachinescalesets", "microsoft.network/applicationgateways", "microsoft.network/loadbalancers", "microsoft.app/containerapps", "microsoft.documentdb/mongoclusters":
		return "", true // its address is given when it exists
	}
	return "", false
}

// spoken is the protocol to try on a port: what a server there answers to
// without being asked to authenticate.
func spoken(port int) string {
	switch port {
	case 53:
		return "dns"
	case 80, 8080:
		return "http"
	case 443, 8443:
		return "https"
	case 5671, 6380, 10000:
		return "tls"
	}
	return "tcp"
}

// portAt is the port of a connection at one end: the managed services of the
// target have ports of their own, whatever the source used. The numbers are
// those of Microsoft Learn: "Azure Managed Redis: networking", "Networking
// overview" of Azure Database for PostgreSQL and for MySQL, "Azure SQL Database
// connectivity architecture", "Connect to Azure Cosmos DB for MongoDB" and "...
// for Apache Cassandra", "Azure Event Hubs for Apache Kafka".
func (p *planner) portAt(to End, port int) int {
	r := p.targets[to.ID]
	if to.Side != Target || r == nil {
		return port
	}
	switch strings.ToLower(string(r.Type)) {
	case "microsoft.cache/redisenterprise":
		if own := p.redis[r.ID]; own > 0 {
			return own
		}
		return 10000
	case "microsoft.cache/redis":
		return 6380
	case "microsoft.dbforpostgresql/flexibleservers":
		return 5432
	case "microsoft.dbformysql/flexibleservers":
		return 3306
	case "microsoft.sql/servers", "microsoft.sql/managedinstances":
		return 1433
	case "microsoft.documentdb/mongoclusters":
		return 10260
	case "microsoft.documentdb/databaseaccounts":
		return cosmosPort(port)
	case "microsoft.eventhub/namespaces":
		if port >= 9092 && port <= 9198 {
			return 9093
		}
	}
	return port
}

func cosmosPort(port int) int {
	switch port {
	case 27017:
		return 10255
	case 9042, 9142:
		return 10350
	}
	return port
}
