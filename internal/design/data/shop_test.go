package data_test

import (
	"os"
	"testing"

	"example.com/landfall/internal/design/designtest"
)

const template = "../../source/files/cloudformation/testdata/bookshop.yaml"

// The example workload gives bodies that the published types accept, in any
// order of its resources.
func TestBookshop(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	d := designtest.Shuffled(t, families(), designtest.FromTemplate(t, string(text))...)
	designtest.Check(t, d)
	for kind, n := range map[string]int{
		"Microsoft.Storage/storageAccounts": 4, "Microsoft.DBforPostgreSQL/flexibleServers": 1, "Microsoft.DocumentDB/databaseAccounts": 1, "Microsoft.Cache/redisEnterprise": 1,
		"Microsoft.EventGrid/systemTopics": 0, "Microsoft.Network/privateEndpoints": 3,
	} {
		if got := len(resources(d, kind)); got != n {
			t.Errorf("%d of %s, want %d", got, kind, n)
		}
	}
	db := decisionOf(t, d, "AWS::RDS::DBInstance", "bookshop-db")
	if len(db.Targets) < 9 || db.Cost == nil || db.Cost.After == nil {
		t.Errorf("database: %+v", db)
	}
	want := map[string]string{"wal_level": "logical", "max_replication_slots": "20", "max_wal_senders": "20", "log_min_duration_statement": "500", "shared_preload_libraries": "pg_stat_statements", "azure.extensions": "pg_stat_statements"}
	if got := settings(d, "Microsoft.DBforPostgreSQL/flexibleServers/configurations"); !same(got, want) {
		t.Errorf("parameters %v, want %v", got, want)
	}
}
