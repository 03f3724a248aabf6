package operations

import (
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

// sheetOf opens a sheet inside a design, where gaps have their catalogue.
func sheetOf(t *testing.T, do func(s *common.Sheet)) {
	t.Helper()
	facts, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	inv := inventory.Inventory{Resources: []inventory.Resource{{ID: "plan", Kind: "AWS::Backup::BackupPlan", Name: "plan"}}}
	g := graph.Graph{Nodes: []graph.Node{{ID: "plan", Kind: "AWS::Backup::BackupPlan", Boundary: graph.In}}}
	family := design.Family{Name: "test", Gaps: gapsTSV, Rules: []design.Rule{{Name: "test/plan", Kinds: []cloud.Kind{"AWS::Backup::BackupPlan"}, Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
		do(common.Open(c, r))
		return design.Decision{Action: design.Retire, Why: "the test says so"}
	}}}}
	if _, err := design.Make(design.Input{Inventory: &inv, Graph: &g, Catalog: facts, Options: design.Options{Workload: "shop"}, Families: []design.Family{family}}); err != nil {
		t.Fatal(err)
	}
}

func TestBackupSchedule(t *testing.T) {
	t.Parallel()
	sheetOf(t, func(s *common.Sheet) {
		for _, c := range []struct {
			text, time string
			weekly     int
			ok         bool
		}{
			{"cron(0 3 * * ? *)", "2000-01-01T03:00:00Z", 0, true}, {"cron(45 4 ? * SUN,WED *)", "2000-01-01T04:30:00Z", 2, true}, {"", "2000-01-01T05:00:00Z", 0, true},
			{"rate(1 hour)", "2000-01-01T05:00:00Z", 0, false}, {"cron(0/15 * * * ? *)", "2000-01-01T05:00:00Z", 0, false}, {"cron(0 3 1 * ? *)", "2000-01-01T03:00:00Z", 0, false}, {"cron(0 3 ? * X *)", "2000-01-01T03:00:00Z", 0, false},
		} {
			got, ok := backupSchedule(s, map[string]any{"ScheduleExpression": c.text})
			if got.time != c.time || len(got.weekly) != c.weekly || ok != c.ok {
				t.Errorf("%q gives %+v %v", c.text, got, ok)
			}
		}
		for days, want := range map[float64]int{0: 9999, 1: 7, 35: 35, 20000: 9999} {
			if got := retention(s, map[string]any{"Lifecycle": map[string]any{"DeleteAfterDays": days}}); got != want {
				t.Errorf("%v days are kept %d, want %d", days, got, want)
			}
		}
	})
}

func TestWindow(t *testing.T) {
	t.Parallel()
	sheetOf(t, func(s *common.Sheet) {
		for _, c := range []struct {
			statistic string
			period    int
			want      string
		}{{"Average", 60, "PT1M"}, {"Sum", 300, "PT5M"}, {"Maximum", 7200, "PT6H"}, {"Sum", 90000, "P1D"}, {"Sum", 0, "PT1M"}} {
			a := &watch{Sheet: s, statistic: c.statistic, period: c.period}
			if got := a.window(); got != c.want {
				t.Errorf("%s over %d seconds looks back %s, want %s", c.statistic, c.period, got, c.want)
			}
		}
	})
}
