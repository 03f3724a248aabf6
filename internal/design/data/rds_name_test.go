package data_test

import "testing"

// A first database whose name the target refuses is made by hand.
func TestFirstDatabaseNames(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"postgres", "mysql"} {
		for name, made := range map[string]int{"shop": 1, "_shop-1": 1, "My Thing / 5": 0, "1shop": 0,
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": 0} {
			d := checked(t, `
Resources:
  Db:
    Type: AWS::RDS::DBInstance
    Properties: {DBInstanceIdentifier: db, Engine: `+engine+`, DBInstanceClass: db.t3.medium, AllocatedStorage: "20", DBName: "`+name+`", MasterUsername: shop, ManageMasterUserPassword: true}
`)
			kind := map[string]string{"postgres": "Microsoft.DBforPostgreSQL/flexibleServers/databases", "mysql": "Microsoft.DBforMySQL/flexibleServers/databases"}[engine]
			if got := len(resources(d, kind)); got != made {
				t.Errorf("%s %q: %d databases", engine, name, got)
			}
			if made == 0 {
				wantToDo(t, decisionOf(t, d, "AWS::RDS::DBInstance", "db"), "create the first database of db by hand")
			}
		}
	}
}
