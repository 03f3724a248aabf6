package data_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

// An instance costs today what its class, its standby and its storage cost; a
// licence is in no known price.
func TestInstancesArePricedBefore(t *testing.T) {
	t.Parallel()
	const month = 730
	for _, c := range []struct {
		engine, class, more string
		want                float64
		basis               string
	}{
		{"postgres", "db.t3.medium", "", 0.068*month + 11.5, "by its size from db.t3"},
		{"mysql", "db.t3.large", "", 0.136*month + 11.5, "db.t3.large"},
		{"mariadb", "db.m5.2xlarge", "", 0.684*month + 11.5, "from db.m5.large"},
		{"postgres", "db.m5.large", ", MultiAZ: true", 2 * (0.171*month + 11.5), "standby"},
		{"postgres", "db.m5.large", ", StorageType: io1, Iops: 1000", 0.171*month + 12.5 + 100, "storage"},
		{"postgres", "db.m5.large", ", StorageType: standard", 0.171*month + 10, "storage"},
		{"postgres", "db.x2g.large", "", -1, "no unit price of db.x2g.large"},
		{"sqlserver-se", "db.m5.xlarge", "", -1, "the licence of sqlserver-se"},
	} {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, fmt.Sprintf(`
Resources:
  Probe: {Type: AWS::RDS::DBInstance, Properties: {Engine: %s, DBInstanceClass: %s, AllocatedStorage: "100"%s}}
`, c.engine, c.class, c.more))...)
		designtest.Check(t, d)
		one := designtest.Decision(t, d, "Probe")
		switch {
		case one.Cost == nil:
			t.Errorf("%+v has no cost", c)
		case (one.Cost.Before == nil) != (c.want < 0) || one.Cost.Before != nil && math.Abs(*one.Cost.Before-c.want) > 0.011:
			t.Errorf("%+v: %s, %s", c, text(one.Cost.Before), one.Cost.Basis)
		case !strings.Contains(one.Cost.Basis, c.basis):
			t.Errorf("%+v: the basis is %q", c, one.Cost.Basis)
		}
	}
}

func text(v *float64) string {
	if v == nil {
		return "not known"
	}
	return fmt.Sprintf("%.2f", *v)
}

// Nodes of a cache are counted with their replicas, and priced by their class.
func TestCachesArePricedBefore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		class, more string
		want        float64
	}{
		{"cache.m4.large", "NumCacheClusters: 1", 0.156 * 730},
		{"cache.m4.xlarge", "NumCacheClusters: 2, AutomaticFailoverEnabled: true", 2 * 0.312 * 730},
		{"cache.m4.large", "NumNodeGroups: 3, ReplicasPerNodeGroup: 1, AutomaticFailoverEnabled: true", 6 * 0.156 * 730},
	} {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, `
Resources:
  Probe: {Type: AWS::ElastiCache::ReplicationGroup, Properties: {ReplicationGroupDescription: x, Engine: redis, CacheNodeType: `+c.class+`, `+c.more+`}}
`)...)
		one := designtest.Decision(t, d, "Probe")
		if one.Cost == nil || one.Cost.Before == nil || math.Abs(*one.Cost.Before-c.want) > 0.011 {
			t.Errorf("%+v: %+v, want %.2f", c, one.Cost, c.want)
		}
	}
}

// classes are sizes that are tried with a version: the unusual ones with few.
func classes(version string) []string {
	if version == "16.3" || version == "8.4.3" {
		return []string{"db.t4g.medium", "db.x2iedn.32xlarge", "db.unheard.large"}
	}
	return []string{"db.m6g.large"}
}

// Every engine and version that RDS sells gets a server that the oracle takes,
// a decision that names the version, and no version that the target lacks.
func TestEveryEngineAndVersion(t *testing.T) {
	t.Parallel()
	oracle := designtest.NewOracle(t)
	for _, c := range []struct {
		engine   string
		versions []string
		target   string
	}{
		{"postgres", []string{"11.22", "12.19", "13.15", "14.12", "15.7", "16.3", "17.2", "17", "9.6.22", ""}, "Microsoft.DBforPostgreSQL/flexibleServers"},
		{"mysql", []string{"5.7.44", "8.0.35", "8.0", "8.4.3", "5.6.51", ""}, "Microsoft.DBforMySQL/flexibleServers"},
		{"mariadb", []string{"10.4.29", "10.6.18", "10.11.8", "11.4.3", ""}, "Microsoft.DBforMySQL/flexibleServers"},
	} {
		for _, version := range c.versions {
			for _, class := range classes(version) {
				text := fmt.Sprintf("\nResources:\n  Probe: {Type: AWS::RDS::DBInstance, Properties: {Engine: %s, EngineVersion: %q, DBInstanceClass: %s, AllocatedStorage: \"100\"}}\n", c.engine, version, class)
				d := designtest.Make(t, families(), designtest.FromTemplate(t, text)...)
				for _, fault := range oracle.Faults(d) {
					t.Errorf("%s %s on %s: %s", c.engine, version, class, fault)
				}
				server := designtest.One(t, d, cloud.Kind(c.target))
				one := designtest.Decision(t, d, "Probe")
				got := strings.ReplaceAll(design.Text(server.Body, "properties.version"), newest, "8.4")
				if got == "" || one.Why == "" {
					t.Errorf("%s %s on %s: version %q, %s", c.engine, version, class, got, one.Why)
				}
				// Another major version than the source's is said.
				// "8.0.21" is how the API names all of 8.0.
				if major := strings.TrimSuffix(got, ".21"); c.engine != "mariadb" && version != "" && !strings.HasPrefix(version, major) && !strings.Contains(strings.Join(designtest.GapIDs(one), " ")+strings.Join(one.ToDo, " "), "version") {
					t.Errorf("%s %s becomes %s without a word: %v %v", c.engine, version, got, designtest.GapIDs(one), one.ToDo)
				}
			}
		}
	}
}
