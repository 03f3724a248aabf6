package operations_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

// Each form of a rule of a plan, as a policy for machines says it.
func TestEveryBackupRule(t *testing.T) {
	t.Parallel()
	cases := []struct{ rule, frequency, at, kept, gaps string }{
		{"ScheduleExpression: 'cron(0 3 * * ? *)', Lifecycle: {DeleteAfterDays: 35}", "Daily", "2000-01-01T03:00:00Z", "35 Days", ""},
		{"ScheduleExpression: 'cron(20 22 ? * MON,fri *)', Lifecycle: {DeleteAfterDays: 30}", "Weekly Monday,Friday", "2000-01-01T22:00:00Z", "5 Weeks", "backup.schedule"},
		{"ScheduleExpression: 'rate(12 hours)', Lifecycle: {DeleteAfterDays: 3}", "Daily", "2000-01-01T05:00:00Z", "7 Days", "backup.schedule backup.short"},
		{"ScheduleExpression: 'cron(0 5 1 * ? *)'", "Daily", "2000-01-01T05:00:00Z", "9999 Days", "backup.forever backup.schedule"},
		{"Lifecycle: {DeleteAfterDays: 90, MoveToColdStorageAfterDays: 7}, EnableContinuousBackup: true, StartWindowMinutes: 60", "Daily", "2000-01-01T05:00:00Z", "90 Days", "backup.cold backup.continuous backup.window"},
		{"Lifecycle: {DeleteAfterDays: 90}, ScheduleExpressionTimezone: Europe/Berlin, RecoveryPointTags: {a: b}, CopyActions: [{DestinationBackupVaultArn: 'arn:aws:backup:eu-west-1:123456789012:backup-vault:x'}]", "Daily", "2000-01-01T05:00:00Z", "90 Days", "backup.copy backup.extra backup.zone"},
		{"Lifecycle: {DeleteAfterDays: 90}, ScheduleExpressionTimezone: Etc/UTC", "Daily", "2000-01-01T05:00:00Z", "90 Days", ""},
	}
	var text strings.Builder
	for i, c := range cases {
		fmt.Fprintf(&text, "  Plan%d: {Type: AWS::Backup::BackupPlan, Properties: {BackupPlan: {BackupPlanName: plan%d, BackupPlanRule: [{RuleName: one, TargetBackupVault: shop, %s}]}}}\n", i, i, c.rule)
	}
	d := designed(t, families(), text.String())
	for i, c := range cases {
		body := named(t, d, "Microsoft.RecoveryServices/vaults/backupPolicies", fmt.Sprintf("plan%d-one", i))
		schedule, keep := design.At(body, "properties.schedulePolicy"), design.At(body, "properties.retentionPolicy")
		frequency := strings.TrimSpace(design.Text(schedule, "scheduleRunFrequency") + " " + strings.Join(design.Texts(design.At(schedule, "scheduleRunDays")), ","))
		kept := ""
		for _, by := range []string{"dailySchedule", "weeklySchedule"} {
			kept += strings.TrimSpace(design.Text(keep, by+".retentionDuration.count") + " " + design.Text(keep, by+".retentionDuration.durationType"))
		}
		if at := strings.Join(design.Texts(design.At(schedule, "scheduleRunTimes")), ","); frequency != c.frequency || at != c.at || kept != c.kept {
			t.Errorf("%s: %s at %s, kept %s", c.rule, frequency, at, kept)
		}
		ids := designtest.GapIDs(decision(t, d, fmt.Sprintf("Plan%d", i)))
		slices.Sort(ids)
		if gaps := strings.Join(slices.Compact(ids), " "); gaps != c.gaps {
			t.Errorf("%s meets %q, want %q", c.rule, gaps, c.gaps)
		}
		if why := decision(t, d, fmt.Sprintf("Plan%d", i)).Why; !strings.Contains(why, "has 1 rule;") {
			t.Errorf("one rule is told as %q", why)
		}
	}
}

// Budgets of money by month, quarter and year move; others are a person's.
func TestEveryBudget(t *testing.T) {
	t.Parallel()
	for budget, want := range map[string]string{
		"BudgetType: COST, TimeUnit: MONTHLY, BudgetLimit: {Amount: 500, Unit: USD}":                                                        "migrate Monthly 500",
		"BudgetType: COST, TimeUnit: QUARTERLY, BudgetLimit: {Amount: '1500.5', Unit: USD}":                                                 "migrate Quarterly 1500.5",
		"BudgetType: COST, TimeUnit: ANNUALLY, BudgetLimit: {Amount: 6000, Unit: USD}, CostFilters: {Service: [Amazon EC2]}":                "migrate Annually 6000 budget.filter",
		"BudgetType: COST, TimeUnit: DAILY, BudgetLimit: {Amount: 5, Unit: USD}":                                                            "manual budget.kind",
		"BudgetType: USAGE, TimeUnit: MONTHLY, BudgetLimit: {Amount: 5, Unit: GB}":                                                          "manual budget.kind",
		"BudgetType: COST, TimeUnit: MONTHLY, AutoAdjustData: {AutoAdjustType: HISTORICAL, HistoricalOptions: {BudgetAdjustmentPeriod: 3}}": "manual budget.kind",
	} {
		d := designed(t, families(), "  Money: {Type: AWS::Budgets::Budget, Properties: {Budget: {BudgetName: shop, "+budget+"}, NotificationsWithSubscribers: [{Notification: {NotificationType: FORECASTED, ComparisonOperator: GREATER_THAN, Threshold: 400, ThresholdType: ABSOLUTE_VALUE}, Subscribers: [{SubscriptionType: SNS, Address: 'arn:aws:sns:us-east-1:123456789012:x'}]}]}}\n")
		one := decision(t, d, "Money")
		got := string(one.Action)
		for _, r := range designtest.Resources(d, "Microsoft.Consumption/budgets") {
			got += " " + design.Text(r.Body, "properties.timeGrain") + " " + design.Text(r.Body, "properties.amount")
		}
		if got = strings.TrimSpace(got + " " + strings.Join(designtest.GapIDs(one), " ")); got != want {
			t.Errorf("%s: %q, want %q", budget, got, want)
		}
	}
}

// Each pattern of a metric filter, as the query of its alert asks it.
func TestEveryPattern(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"":                            "shop_app_CL",
		"ERROR":                       `shop_app_CL | where RawData has_cs "ERROR"`,
		`ERROR "order failed" -debug`: `shop_app_CL | where RawData has_cs "ERROR" and RawData has_cs "order failed" and RawData !has_cs "debug"`,
		`{ $.level = "error" }`:       `shop_app_CL | where tostring(parse_json(RawData).level) == "error"`,
		`{ $.http.status = 500 }`:     `shop_app_CL | where tostring(parse_json(RawData).http.status) == "500"`,
		`{ $.a = "b" && $.c = 1 }`:    "",
		`[ip, user, status=5*]`:       "",
		`?ERROR ?WARN`:                "",
		`%ERR[0-9]%`:                  "",
	} {
		d := designed(t, families(), fmt.Sprintf("  Log: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /shop/app, RetentionInDays: 1}}\n  Filter: {Type: AWS::Logs::MetricFilter, Properties: {LogGroupName: !Ref Log, FilterPattern: '%s', MetricTransformations: [{MetricName: Bad, MetricNamespace: Shop, MetricValue: '1'}]}}\n"+
			"  Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: bad, Namespace: Shop, MetricName: Bad, Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 1, ComparisonOperator: GreaterThanOrEqualToThreshold}}\n", pattern))
		one, got := decision(t, d, "Alarm"), ""
		for _, r := range designtest.Resources(d, queryAlerts) {
			got = design.Text(r.Body, "properties.criteria.allOf.query")
			if design.Text(r.Body, "properties.windowSize") != "PT5M" || design.Text(r.Body, "properties.criteria.allOf.operator") != "GreaterThanOrEqual" {
				t.Errorf("%s: asked over %s", pattern, design.Text(r.Body, "properties.windowSize"))
			}
		}
		if got != want || (want == "") != (one.Action == design.Manual) {
			t.Errorf("%s is asked as %q (%s), want %q", pattern, got, one.Action, want)
		}
	}
}
