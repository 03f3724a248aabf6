package operations_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/app"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/operations"
)

const (
	metricAlerts cloud.Kind = "Microsoft.Insights/metricAlerts"
	queryAlerts  cloud.Kind = "Microsoft.Insights/scheduledQueryRules"
	actionGroups cloud.Kind = "Microsoft.Insights/actionGroups"
)

func named(t *testing.T, d *design.Design, kind cloud.Kind, ends string) map[string]any {
	t.Helper()
	for _, r := range designtest.Resources(d, kind) {
		if strings.HasSuffix(r.Name, ends) {
			return r.Body
		}
	}
	t.Fatalf("no %s ends in %q", kind, ends)
	return nil
}

func designed(t *testing.T, families []design.Family, resources string) *design.Design {
	t.Helper()
	d := designtest.Make(t, families, designtest.FromTemplate(t, "Resources:\n"+resources)...)
	designtest.Check(t, d)
	designtest.Prose(t, d)
	return d
}

// Every way in which an alarm compares, counts, waits and minds missing data.
func TestEveryAlarm(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("  Db: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: shop-db, Engine: postgres}}\n")
	cases := []struct{ name, properties, operator, aggregation, window, gaps string }{
		{"Gt", "Statistic: Average, Period: 300, EvaluationPeriods: 3, Threshold: 5, ComparisonOperator: GreaterThanThreshold", "GreaterThan", "Average", "PT15M", ""},
		{"Ge", "Statistic: Minimum, Period: 60, EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: GreaterThanOrEqualToThreshold", "GreaterThanOrEqual", "Minimum", "PT1M", ""},
		{"Lt", "Statistic: Maximum, Period: 3600, EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: LessThanThreshold", "LessThan", "Maximum", "PT1H", ""},
		{"Le", "Statistic: Average, Period: 300, EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: LessThanOrEqualToThreshold, TreatMissingData: ignore", "LessThanOrEqual", "Average", "PT5M", "alarm.missing"},
		{"Sum", "Statistic: Sum, Period: 300, EvaluationPeriods: 2, DatapointsToAlarm: 1, Threshold: 5, ComparisonOperator: GreaterThanThreshold, TreatMissingData: breaching", "GreaterThan", "Total", "PT5M", "alarm.missing alarm.periods"},
		{"Count", "Statistic: SampleCount, Period: 300, EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: GreaterThanThreshold, TreatMissingData: notBreaching", "GreaterThan", "Count", "PT5M", ""},
		{"P99", "ExtendedStatistic: p99, Period: 300, EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: GreaterThanThreshold, TreatMissingData: missing", "GreaterThan", "Average", "PT5M", "alarm.percentile"},
		{"Odd", "Statistic: Sum, Period: 120, EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: GreaterThanThreshold", "GreaterThan", "Total", "PT5M", "alarm.window"},
		{"Long", "Statistic: Average, Period: 86400, EvaluationPeriods: 7, Threshold: 5, ComparisonOperator: GreaterThanThreshold", "GreaterThan", "Average", "P1D", "alarm.window"},
		{"Mute", "Statistic: Average, Period: 300, EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: GreaterThanThreshold, ActionsEnabled: false, InsufficientDataActions: ['arn:aws:sns:us-east-1:123456789012:x']", "GreaterThan", "Average", "PT5M", "alarm.insufficient"},
	}
	for _, c := range cases {
		fmt.Fprintf(&text, "  %s: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: shop-%s, Namespace: AWS/RDS, MetricName: CPUUtilization, Dimensions: [{Name: DBInstanceIdentifier, Value: !Ref Db}], %s}}\n", c.name, strings.ToLower(c.name), c.properties)
	}
	d := designed(t, families(), text.String())
	for _, c := range cases {
		body := named(t, d, metricAlerts, "shop-"+strings.ToLower(c.name))
		one := design.At(body, "properties.criteria.allOf")
		got := []string{design.Text(one, "operator"), design.Text(one, "timeAggregation"), design.Text(body, "properties.windowSize")}
		if want := []string{c.operator, c.aggregation, c.window}; !slices.Equal(got, want) {
			t.Errorf("%s asks %q, want %q", c.name, got, want)
		}
		if design.True(body, "properties.enabled") == (c.name == "Mute") {
			t.Errorf("%s is on: %v", c.name, design.True(body, "properties.enabled"))
		}
		ids := designtest.GapIDs(decision(t, d, c.name))
		slices.Sort(ids)
		if gaps := strings.Join(ids, " "); gaps != c.gaps {
			t.Errorf("%s meets %q, want %q", c.name, gaps, c.gaps)
		}
	}
}

// A band is learned from single periods, which are counted by the alert itself.
func TestBands(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("  Db: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: shop-db, Engine: postgres}}\n")
	for name, operator := range map[string]string{"Over": "GreaterThanUpperThreshold", "Under": "LessThanLowerThreshold", "Out": "LessThanLowerOrGreaterThanUpperThreshold"} {
		fmt.Fprintf(&text, "  %s: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: shop-%s, EvaluationPeriods: 3, DatapointsToAlarm: 2, ComparisonOperator: %s, ThresholdMetricId: ad, Metrics: [{Id: m, MetricStat: {Stat: Average, Period: 60, Metric: {Namespace: AWS/RDS, MetricName: CPUUtilization, Dimensions: [{Name: DBInstanceIdentifier, Value: !Ref Db}]}}}, {Id: ad, Expression: \"ANOMALY_DETECTION_BAND(m, 2)\"}]}}\n", name, strings.ToLower(name), operator)
	}
	d := designed(t, families(), text.String())
	for name, want := range map[string]string{"over": "GreaterThan", "under": "LessThan", "out": "GreaterOrLessThan"} {
		body := named(t, d, metricAlerts, "shop-"+name)
		one := design.At(body, "properties.criteria.allOf")
		got := []string{design.Text(one, "operator"), design.Text(one, "failingPeriods.numberOfEvaluationPeriods"), design.Text(one, "failingPeriods.minFailingPeriodsToAlert"), design.Text(body, "properties.windowSize"), design.Text(body, "properties.evaluationFrequency")}
		if !slices.Equal(got, []string{want, "3", "2", "PT5M", "PT5M"}) {
			t.Errorf("%s is %q", name, got)
		}
	}
}

// A composite alarm is about those whose states it asks, by name or reference,
// and about no other whose name begins so.
func TestComposite(t *testing.T) {
	t.Parallel()
	alarm := "  %s: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: %s, Namespace: AWS/RDS, MetricName: CPUUtilization, Statistic: Average, Period: 300, EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: GreaterThanThreshold, Dimensions: [{Name: DBInstanceIdentifier, Value: !Ref Db}]}}\n"
	d := designed(t, families(), "  Db: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: shop-db, Engine: postgres}}\n"+
		fmt.Sprintf(alarm, "Cpu", "shop-cpu")+fmt.Sprintf(alarm, "Load", "shop-cpu-load")+fmt.Sprintf(alarm, "Far", "shop-far")+`
  Named: {Type: AWS::CloudWatch::CompositeAlarm, Properties: {AlarmName: named, AlarmRule: "ALARM(\"shop-cpu-load\") AND NOT OK(shop-far)", ActionsSuppressor: quiet, ActionsSuppressorWaitPeriod: 60}}
  Ref: {Type: AWS::CloudWatch::CompositeAlarm, Properties: {AlarmName: ref, AlarmRule: !Sub "ALARM(${Cpu}) OR ALARM(${Far.Arn})"}}
`)
	for name, want := range map[string][]string{"Named": {"shop-cpu-load", "shop-far"}, "Ref": {"shop-cpu", "shop-far"}} {
		got := decision(t, d, name)
		var about []string
		for _, id := range got.Targets {
			about = append(about, strings.TrimPrefix(string(id[strings.LastIndexByte(string(id), '/')+1:]), "ma-"))
		}
		slices.Sort(about)
		if !slices.Equal(about, want) || got.Action != design.Manual {
			t.Errorf("%s is %s, about %q, want %q", name, got.Action, about, want)
		}
	}
}

// The group that a topic became is the one that its alarms call, whichever
// family made it.
func TestOneGroupForATopic(t *testing.T) {
	t.Parallel()
	both := []design.Family{watchedTargets(), app.Family(), operations.Family()}
	// The application's own family decides queues here.
	both[0].Rules = slices.DeleteFunc(both[0].Rules, func(r design.Rule) bool { return r.Name == "test/sqs" })
	alarm := "  Cpu: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: shop-cpu, Namespace: AWS/RDS, MetricName: CPUUtilization, Statistic: Average, Period: 300, EvaluationPeriods: 1, Threshold: 5, ComparisonOperator: GreaterThanThreshold, Dimensions: [{Name: DBInstanceIdentifier, Value: !Ref Db}], AlarmActions: [!Ref Topic], OKActions: [!Ref Topic]}}\n  Db: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: shop-db, Engine: postgres}}\n"
	people := "  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: shop-alerts, Subscription: [{Protocol: email, Endpoint: ops@shop.example}]}}\n"
	d := designed(t, both, people+alarm)
	group := designtest.One(t, d, actionGroups)
	body := named(t, d, metricAlerts, "shop-cpu")
	if got := design.Text(body, "properties.actions.actionGroupId"); got != string(group.ID) || len(design.Maps(design.At(body, "properties.actions"))) != 1 {
		t.Errorf("the alarm calls %q, not %s", got, group.ID)
	}
	if got := design.Text(group.Body, "properties.emailReceivers.emailAddress"); got != "ops@shop.example" {
		t.Errorf("the group tells %q", got)
	}
	// A topic that carries messages too stays one, and its people get a group.
	mixed := people + "  Orders: {Type: AWS::SQS::Queue, Properties: {QueueName: orders}}\n  Sub: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Orders.Arn}}\n"
	d = designed(t, both, mixed+alarm)
	body = named(t, d, metricAlerts, "shop-cpu")
	if got := design.Text(body, "properties.actions.actionGroupId"); got != string(designtest.One(t, d, actionGroups).ID) {
		t.Errorf("the alarm calls %q", got)
	}
	if to := strings.Join(decision(t, d, "Cpu").ToDo, " "); !strings.Contains(to, "also tells") {
		t.Errorf("nothing is said of the queue: %q", to)
	}
}
