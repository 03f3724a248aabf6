package seed

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// alarmRow is one alarm on one metric.
type alarmRow struct {
	name, namespace, metric, percentile string
	statistic                           types.Statistic
	dimensions                          [][2]string
	threshold                           float64
	periods                             int32
}

// alarms are what the shop's operators watch. The 5xx alarm treats silence as
// good because the balancer sends no data point when there is no error.
func (s *scope) alarms() {
	alb := [][2]string{{"LoadBalancer", balancerTail(s.id("alb"))}}
	for _, row := range []alarmRow{
		{"bookshop-p95-latency", "AWS/ApplicationELB", "TargetResponseTime", "p95", "", alb, 0.8, 3},
		{"bookshop-5xx", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "", types.StatisticSum, alb, 10, 2},
		{"bookshop-cpu", "AWS/EC2", "CPUUtilization", "", types.StatisticAverage, [][2]string{{"AutoScalingGroupName", autoScalingGroup}}, 75, 3},
		{"bookshop-db-cpu", "AWS/RDS", "CPUUtilization", "", types.StatisticAverage, [][2]string{{"DBInstanceIdentifier", database}}, 80, 3},
		{"bookshop-queue-age", "AWS/SQS", "ApproximateAgeOfOldestMessage", "", types.StatisticMaximum, [][2]string{{"QueueName", "bookshop-orders"}}, 300, 2},
	} {
		s.alarm(row)
	}
	named(s, Resource{Kind: "AWS::CloudWatch::Dashboard", Name: "bookshop", Untagged: true}, s.clients.cloudwatch.PutDashboard, &cloudwatch.PutDashboardInput{
		DashboardName: aws.String("bookshop"), DashboardBody: aws.String(s.dashboard(alb[0][1])),
	})
}

func (s *scope) alarm(row alarmRow) {
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &row.name, Namespace: &row.namespace, MetricName: &row.metric, Statistic: row.statistic, Threshold: &row.threshold, Period: aws.Int32(300), EvaluationPeriods: &row.periods,
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("notBreaching"), AlarmActions: []string{s.id("alerts")},
		Tags: tagList(tagsOf(s.owner), func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} }),
	}
	if row.percentile != "" {
		in.ExtendedStatistic = &row.percentile
	}
	for _, d := range row.dimensions {
		in.Dimensions = append(in.Dimensions, types.Dimension{Name: aws.String(d[0]), Value: aws.String(d[1])})
	}
	named(s, Resource{Kind: "AWS::CloudWatch::Alarm", Name: row.name}, s.clients.cloudwatch.PutMetricAlarm, in)
}

func (s *seeder) dashboard(balancer string) string {
	widget := func(x, y int, title, stat string, metrics ...[]any) map[string]any {
		return map[string]any{"type": "metric", "x": x, "y": y, "width": 12, "height": 6, "properties": map[string]any{
			"title": title, "region": string(s.o.Region), "period": 300, "stat": stat, "metrics": metrics}}
	}
	return mustJSON(map[string]any{"widgets": []any{
		widget(0, 0, "requests", "Sum", []any{"AWS/ApplicationELB", "RequestCount", "LoadBalancer", balancer}),
		widget(12, 0, "p95", "p95", []any{"AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", balancer}),
		widget(0, 6, "cpu", "Average", []any{"AWS/EC2", "CPUUtilization", "AutoScalingGroupName", autoScalingGroup}),
		widget(12, 6, "database", "Average", []any{"AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", database}, []any{"AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", database}),
	}})
}

// logGroups makes the groups with retention, a metric filter and some lines.
func (s *scope) logGroups() {
	for _, g := range []struct {
		name string
		days int32
	}{{"/bookshop/app", 30}, {"/aws/lambda/bookshop-order-mailer", 14}, {"/aws/lambda/bookshop-cover-thumbs", 14}, {"/aws/rds/instance/bookshop-db/postgresql", 7}} {
		s.logGroup(g.name, g.days)
	}
	app, stream := aws.String("/bookshop/app"), aws.String("app-1")
	named(s, Resource{Kind: "AWS::Logs::MetricFilter", Name: "order-failed", Untagged: true}, s.logs.PutMetricFilter, &cloudwatchlogs.PutMetricFilterInput{
		LogGroupName: app, FilterName: aws.String("order-failed"), FilterPattern: aws.String(`{ $.msg = "order failed" }`),
		MetricTransformations: []logtypes.MetricTransformation{{MetricName: aws.String("OrdersFailed"), MetricNamespace: aws.String("Bookshop"), MetricValue: aws.String("1")}},
	})
	do(s, s.logs.CreateLogStream, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: app, LogStreamName: stream})
	var lines []logtypes.InputLogEvent
	for i := range 50 {
		at := s.o.Now.Add(-time.Duration(50-i) * time.Minute)
		lines = append(lines, logtypes.InputLogEvent{Timestamp: aws.Int64(at.UnixMilli()), Message: aws.String(mustJSON(map[string]any{
			"time": at.UTC().Format(time.RFC3339), "level": "INFO", "msg": "order placed", "instance": "app-1", "order": i}))})
	}
	do(s, s.logs.PutLogEvents, &cloudwatchlogs.PutLogEventsInput{LogGroupName: app, LogStreamName: stream, LogEvents: lines})
}

func (s *scope) logGroup(name string, days int32) {
	named(s, Resource{Kind: "AWS::Logs::LogGroup", Name: name, Untagged: s.owner == stray}, s.logs.CreateLogGroup, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: tagsOf(s.owner)})
	if days > 0 {
		do(s, s.logs.PutRetentionPolicy, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &name, RetentionInDays: &days})
	}
}
