package operations_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/operations"
	"example.com/landfall/internal/inventory"
)

// watchedTargets gives what alarms watch plain targets, as the families that
// own it do.
func watchedTargets() design.Family {
	put := func(kind, target cloud.Kind, version string, body map[string]any) design.Rule {
		return design.Rule{Name: "test/" + string(kind), Kinds: []cloud.Kind{kind}, Stage: design.Data, Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
			c.Put(design.Target{Type: target, Base: r.Name, APIVersion: version, Model: body}, r)
			return design.Decision{Action: design.Migrate, Why: "the test says so", Confidence: 0.9}
		}}
	}
	queue := func(c *design.Context, r *inventory.Resource) design.Decision {
		bus := c.Once("test/bus", func() cloud.ResourceID {
			return c.Put(design.Target{Type: "Microsoft.ServiceBus/namespaces", Base: "bus", APIVersion: "2024-01-01", Model: map[string]any{"sku": map[string]any{"name": "Standard"}, "properties": map[string]any{}}})
		})
		c.Put(design.Target{Type: "Microsoft.ServiceBus/namespaces/queues", Parent: bus, Base: r.Name, NoLocation: true, APIVersion: "2024-01-01", Model: map[string]any{"properties": map[string]any{}}}, r)
		return design.Decision{Action: design.Migrate, Why: "the test says so", Confidence: 0.9}
	}
	return design.Family{Name: "watched", Rules: []design.Rule{
		put("AWS::RDS::DBInstance", "Microsoft.DBforPostgreSQL/flexibleServers", "2025-08-01", map[string]any{"sku": map[string]any{"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}, "properties": map[string]any{}}),
		put("AWS::ElasticLoadBalancingV2::LoadBalancer", "Microsoft.Network/applicationGateways", "2025-07-01", map[string]any{"properties": map[string]any{}}),
		{Name: "test/sqs", Kinds: []cloud.Kind{"AWS::SQS::Queue"}, Stage: design.Integration, Apply: queue},
	}}
}

func families() []design.Family { return []design.Family{watchedTargets(), operations.Family()} }

const watchedShop = `
Resources:
  Db: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: shop-db, Engine: postgres}}
  Alb: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: shop}}
  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: shop-orders}}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: shop-alerts, Subscription: [{Protocol: email, Endpoint: ops@shop.example}]}}
  Sub: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Topic, Protocol: https, Endpoint: "https://pager.example/hook"}}
  Cpu: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: shop-db-cpu, Namespace: AWS/RDS, MetricName: CPUUtilization, Statistic: Average, Period: 300, EvaluationPeriods: 3, Threshold: 80, ComparisonOperator: GreaterThanThreshold, Dimensions: [{Name: DBInstanceIdentifier, Value: !Ref Db}], AlarmActions: [!Ref Topic]}}
  Slow: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: shop-slow, Namespace: AWS/ApplicationELB, MetricName: TargetResponseTime, ExtendedStatistic: p95, Period: 60, EvaluationPeriods: 5, Threshold: 1.5, ComparisonOperator: GreaterThanOrEqualToThreshold, TreatMissingData: breaching, Dimensions: [{Name: LoadBalancer, Value: !GetAtt Alb.LoadBalancerFullName}], AlarmActions: [!Ref Topic]}}
  Errors: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: shop-5xx, Namespace: AWS/ApplicationELB, MetricName: HTTPCode_Target_5XX_Count, Statistic: Sum, Period: 300, EvaluationPeriods: 2, Threshold: 10, ComparisonOperator: GreaterThanThreshold, Dimensions: [{Name: LoadBalancer, Value: app/shop/50dc6c495c0c9188}]}}
  Depth: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: shop-depth, Namespace: AWS/SQS, MetricName: ApproximateNumberOfMessagesVisible, Statistic: Maximum, Period: 300, EvaluationPeriods: 1, Threshold: 100, ComparisonOperator: GreaterThanThreshold, Dimensions: [{Name: QueueName, Value: !GetAtt Orders.QueueName}]}}
  Space: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: shop-space, Namespace: AWS/RDS, MetricName: FreeStorageSpace, Statistic: Average, Period: 300, EvaluationPeriods: 1, Threshold: 1000000, ComparisonOperator: LessThanThreshold, Dimensions: [{Name: DBInstanceIdentifier, Value: !Ref Db}]}}
  Failed: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: shop-failed, Namespace: Shop, MetricName: OrdersFailed, Statistic: Sum, Period: 300, EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: GreaterThanThreshold, AlarmActions: [!Ref Topic]}}
  Odd: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: shop-odd, Namespace: AWS/RDS, MetricName: NoSuchThing, Statistic: Sum, Period: 300, EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: GreaterThanThreshold, Dimensions: [{Name: DBInstanceIdentifier, Value: !Ref Db}]}}
  Band: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: shop-band, EvaluationPeriods: 2, ComparisonOperator: GreaterThanUpperThreshold, ThresholdMetricId: ad, Metrics: [{Id: m, MetricStat: {Stat: Average, Period: 300, Metric: {Namespace: AWS/RDS, MetricName: DatabaseConnections, Dimensions: [{Name: DBInstanceIdentifier, Value: !Ref Db}]}}}, {Id: ad, Expression: "ANOMALY_DETECTION_BAND(m, 2)"}]}}
  Math: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: shop-math, EvaluationPeriods: 2, ComparisonOperator: GreaterThanThreshold, Threshold: 1, Metrics: [{Id: e, Expression: "a/b"}]}}
  Both: {Type: AWS::CloudWatch::CompositeAlarm, Properties: {AlarmName: shop-both, AlarmRule: "ALARM(shop-5xx) AND ALARM(shop-slow)"}}
  AppLog: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /shop/app, RetentionInDays: 400}}
  FnLog: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/lambda/shop-mail, RetentionInDays: 14}}
  Ever: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /shop/audit, KmsKeyId: "arn:aws:kms:us-east-1:123456789012:key/x"}}
  Filter: {Type: AWS::Logs::MetricFilter, Properties: {LogGroupName: !Ref AppLog, FilterPattern: '{ $.msg = "order failed" }', MetricTransformations: [{MetricName: OrdersFailed, MetricNamespace: Shop, MetricValue: "1"}]}}
  Board: {Type: AWS::CloudWatch::Dashboard, Properties: {DashboardName: shop, DashboardBody: '{"widgets":[{"type":"text","properties":{"markdown":"# shop"}},{"type":"metric","properties":{"title":"db","stat":"Average","metrics":[["AWS/RDS","CPUUtilization","DBInstanceIdentifier","shop-db"],[".","DatabaseConnections",".","."]]}},{"type":"metric","properties":{"title":"cost","metrics":[["AWS/Billing","EstimatedCharges"]]}}]}'}}
  Trail: {Type: AWS::CloudTrail::Trail, Properties: {IsLogging: true, S3BucketName: logs, EnableLogFileValidation: true}}
  Vault: {Type: AWS::Backup::BackupVault, Properties: {BackupVaultName: shop, LockConfiguration: {MinRetentionDays: 7}}}
  Plan: {Type: AWS::Backup::BackupPlan, Properties: {BackupPlan: {BackupPlanName: nightly, BackupPlanRule: [{RuleName: nightly, TargetBackupVault: shop, ScheduleExpression: "cron(0 3 * * ? *)", Lifecycle: {DeleteAfterDays: 35, MoveToColdStorageAfterDays: 7}}, {RuleName: weekly, TargetBackupVault: shop, ScheduleExpression: "cron(15 4 ? * SUN *)", Lifecycle: {DeleteAfterDays: 365}}]}}}
  Selection: {Type: AWS::Backup::BackupSelection, Properties: {BackupPlanId: !Ref Plan, BackupSelection: {SelectionName: all, Resources: [!GetAtt Db.DBInstanceArn]}}}
  Money: {Type: AWS::Budgets::Budget, Properties: {Budget: {BudgetName: shop, BudgetType: COST, TimeUnit: MONTHLY, BudgetLimit: {Amount: 500, Unit: USD}}, NotificationsWithSubscribers: [{Notification: {NotificationType: ACTUAL, ComparisonOperator: GREATER_THAN, Threshold: 80}, Subscribers: [{SubscriptionType: EMAIL, Address: ops@shop.example}]}]}}
  Ssh: {Type: AWS::Config::ConfigRule, Properties: {Source: {Owner: AWS, SourceIdentifier: INCOMING_SSH_DISABLED}}}
  Detector: {Type: AWS::GuardDuty::Detector, Properties: {Enable: true}}
`

func decision(t *testing.T, d *design.Design, logicalID string) design.Decision {
	t.Helper()
	for _, one := range d.Decisions {
		if strings.HasSuffix(string(one.Source), "/"+logicalID) {
			return one
		}
	}
	t.Fatalf("no decision for %s", logicalID)
	return design.Decision{}
}

func TestWatchedShop(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, watchedShop)...)
	designtest.Check(t, d)
	designtest.Prose(t, d)
	for id, want := range map[string]string{
		"Cpu": "migrate", "Slow": "migrate alarm.missing alarm.percentile alarm.periods", "Errors": "migrate alarm.periods", "Depth": "migrate", "Space": "manual alarm.unit", "Failed": "migrate alarm.query",
		"Odd": "manual alarm.metric", "Band": "migrate alarm.anomaly", "Math": "manual alarm.expression", "Both": "manual alarm.composite", "AppLog": "migrate", "FnLog": "replace", "Ever": "migrate logs.forever logs.key",
		"Filter": "replace", "Board": "migrate dashboard.widget", "Trail": "replace trail.validation", "Vault": "migrate backup.lock", "Plan": "migrate backup.cold backup.schedule", "Selection": "replace", "Money": "migrate",
		"Ssh": "manual", "Detector": "manual",
	} {
		got := decision(t, d, id)
		ids := designtest.GapIDs(got)
		slices.Sort(ids)
		if text := strings.TrimSpace(string(got.Action) + " " + strings.Join(slices.Compact(ids), " ")); text != want {
			t.Errorf("%s: %q, want %q", id, text, want)
		}
		if got.Action == design.Migrate && len(got.Targets) == 0 {
			t.Errorf("%s has no target", id)
		}
	}
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, watchedShop)...)
	alerts := map[string]map[string]any{}
	for _, r := range designtest.Resources(d, "Microsoft.Insights/metricAlerts") {
		alerts[r.Name] = r.Body
	}
	for _, c := range []struct{ name, path, want string }{
		{"ma-shop-db-cpu", "properties.windowSize", "PT15M"}, {"ma-shop-db-cpu", "properties.criteria.allOf.metricName", "cpu_percent"}, {"ma-shop-db-cpu", "properties.criteria.allOf.threshold", "80"},
		{"ma-shop-slow", "properties.criteria.allOf.threshold", "1500"}, {"ma-shop-slow", "properties.criteria.allOf.operator", "GreaterThanOrEqual"},
		{"ma-shop-5xx", "properties.windowSize", "PT5M"}, {"ma-shop-5xx", "properties.criteria.allOf.dimensions.values", ""}, {"ma-shop-5xx", "properties.criteria.allOf.timeAggregation", "Total"},
		{"ma-shop-depth", "properties.criteria.allOf.dimensions.name", "EntityName"}, {"ma-shop-depth", "properties.targetResourceType", "Microsoft.ServiceBus/namespaces"},
		{"ma-shop-band", "properties.criteria.allOf.criterionType", "DynamicThresholdCriterion"},
	} {
		if got := design.Text(alerts[c.name], c.path); got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.name, c.path, got, c.want)
		}
	}
	if scope := design.Texts(design.At(alerts["ma-shop-depth"], "properties.scopes")); len(scope) != 1 || strings.Contains(scope[0], "/queues/") {
		t.Errorf("a queue's metric is asked of %q", scope)
	}
	query := designtest.One(t, d, "Microsoft.Insights/scheduledQueryRules")
	if got := design.Text(query.Body, "properties.criteria.allOf.query"); got != `shop_app_CL | where tostring(parse_json(RawData).msg) == "order failed"` {
		t.Errorf("the log alert asks %q", got)
	}
}

func TestActionGroups(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, watchedShop)...)
	for _, r := range designtest.Resources(d, "Microsoft.Insights/actionGroups") {
		if r.Name != "ag-shop-alerts" {
			continue
		}
		if design.Text(r.Body, "properties.emailReceivers.emailAddress") != "ops@shop.example" || design.Text(r.Body, "properties.webhookReceivers.serviceUri") != "https://pager.example/hook" {
			t.Errorf("the group tells %v", r.Body)
		}
		return
	}
	t.Error("the topic has no group")
}

func TestKept(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, watchedShop)...)
	for _, r := range designtest.Resources(d, "Microsoft.OperationalInsights/workspaces/tables") {
		want := map[string]string{"shop_app_CL": "400", "shop_audit_CL": "4383"}[r.Name[strings.LastIndex(r.Name, "/")+1:]]
		if got := design.Text(r.Body, "properties.totalRetentionInDays"); got != want {
			t.Errorf("%s is kept %s days, want %s", r.Name, got, want)
		}
	}
	var policies []string
	for _, r := range designtest.Resources(d, "Microsoft.RecoveryServices/vaults/backupPolicies") {
		policies = append(policies, design.Text(r.Body, "properties.schedulePolicy.scheduleRunFrequency")+" "+design.Text(r.Body, "properties.retentionPolicy.dailySchedule.retentionDuration.count")+design.Text(r.Body, "properties.retentionPolicy.weeklySchedule.retentionDuration.count"))
	}
	if !slices.Equal(policies, []string{"Daily 35", "Weekly 53"}) {
		t.Errorf("policies are %q", policies)
	}
	vault := designtest.One(t, d, "Microsoft.RecoveryServices/vaults")
	if design.Text(vault.Body, "properties.securitySettings.immutabilitySettings.state") != "Unlocked" {
		t.Errorf("a locked vault becomes %v", vault.Body)
	}
	budget := designtest.One(t, d, "Microsoft.Consumption/budgets")
	if design.Text(budget.Body, "properties.amount") != "500" || design.Text(budget.Body, "properties.timeGrain") != "Monthly" {
		t.Errorf("the budget is %v", budget.Body)
	}
}

func TestWorkbook(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, watchedShop)...)
	data := design.Text(designtest.One(t, d, "Microsoft.Insights/workbooks").Body, "properties.serializedData")
	for _, part := range []string{"# shop", "microsoft.dbforpostgresql/flexibleservers--cpu_percent", "microsoft.dbforpostgresql/flexibleservers--active_connections", "Notebook/1.0"} {
		if !strings.Contains(data, part) {
			t.Errorf("the workbook lacks %q: %s", part, data)
		}
	}
}

func TestScalingAlarm(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.Live(t, "AWS::CloudWatch::Alarm", "alarm:up", `{"AlarmName":"up","Namespace":"AWS/EC2","MetricName":"CPUUtilization","AlarmActions":["arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x:autoScalingGroupName/g:policyName/p"]}`))
	if got := designtest.Decision(t, d, "up"); got.Action != design.Replace {
		t.Errorf("an alarm that only scales is %s: %s", got.Action, got.Why)
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	designtest.Gaps(t, operations.Family())
}

func TestEveryKind(t *testing.T) {
	t.Parallel()
	services := []string{"CloudWatch", "Logs", "CloudTrail", "Config", "Backup", "DLM", "GuardDuty", "SecurityHub", "Inspector", "InspectorV2", "Macie", "Detective", "AuditManager", "XRay", "Budgets", "CE", "CUR", "Synthetics", "RUM", "Grafana", "APS", "ResilienceHub", "DevOpsGuru", "Chatbot", "Notifications", "SSMIncidents", "SSMContacts", "SecurityLake", "Oam"}
	if left := designtest.Uncovered([]design.Family{operations.Family()}, cfn.Load().Kinds(), services...); len(left) > 0 {
		t.Errorf("no rule for %v", left)
	}
}
