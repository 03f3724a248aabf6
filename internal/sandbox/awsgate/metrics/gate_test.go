package metrics_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"

	"example.com/landfall/internal/sandbox/tools"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/testgate"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// gate starts a gate in front of moto and returns its address.
func gate(t *testing.T) string {
	t.Helper()
	address, _ := testgate.Open(t)
	return address
}

// load posts two hours of latencies: per five minutes 98 requests of 10 ms and
// two of 900 ms.
func load(t *testing.T, address string, start time.Time) {
	t.Helper()
	var stats []map[string]any
	for range 24 {
		stats = append(stats, map[string]any{"values": []float64{10, 900}, "counts": []float64{98, 2}})
	}
	line, err := json.Marshal(map[string]any{
		"namespace": "AWS/ApplicationELB", "name": "TargetResponseTime", "dimensions": map[string]string{"LoadBalancer": "app/shop/1"},
		"unit": "Milliseconds", "start": start, "periodSeconds": 300, "stats": stats,
	})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(address+"/_landfall/metrics", "application/x-ndjson", strings.NewReader(string(line)))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("loading answers %s %s, %v", response.Status, body, err)
	}
}

// The Go SDK speaks rpc-v2-cbor to CloudWatch.
func TestGoSDK(t *testing.T) {
	t.Parallel()
	address := gate(t)
	client := cloudwatch.NewFromConfig(testkit.AWSConfig(t, address))
	ctx := t.Context()
	start := time.Now().UTC().Truncate(time.Hour).Add(-2 * time.Hour)
	load(t, address, start)
	_, err := client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: []types.MetricDatum{{
		MetricName: aws.String("Orders"), Values: []float64{1, 2}, Counts: []float64{3, 1}, Timestamp: aws.Time(start), Unit: types.StandardUnitCount,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	listed, err := client.ListMetrics(ctx, &cloudwatch.ListMetricsInput{Namespace: aws.String("AWS/ApplicationELB")})
	if err != nil || len(listed.Metrics) != 1 || *listed.Metrics[0].Dimensions[0].Value != "app/shop/1" {
		t.Fatalf("metrics are %+v, %v", listed, err)
	}
	statistics, err := client.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("TargetResponseTime"), Period: aws.Int32(3600), StartTime: &start, EndTime: aws.Time(start.Add(2 * time.Hour)),
		Dimensions:         []types.Dimension{{Name: aws.String("LoadBalancer"), Value: aws.String("app/shop/1")}},
		ExtendedStatistics: []string{"p95", "p99", "tm98"},
	})
	if err != nil || len(statistics.Datapoints) != 2 {
		t.Fatalf("statistics are %+v, %v", statistics, err)
	}
	first := statistics.Datapoints[0]
	if got := first.ExtendedStatistics; got["p95"] != 10 || got["p99"] != 900 || got["tm98"] != 10 || first.Unit != types.StandardUnitMilliseconds || !first.Timestamp.Equal(start) {
		t.Errorf("the first data point is %+v", first)
	}
	values := metricData(t, client, start)
	for id, want := range map[string]string{"p99": "900 900", "slow": "1 1", "orders": "5", "share": "0.2"} {
		if values[id] != want {
			t.Errorf("%s is %q, want %q", id, values[id], want)
		}
	}
}

// metricData goes through the pages of one request and joins them by id.
func metricData(t *testing.T, client *cloudwatch.Client, start time.Time) map[string]string {
	t.Helper()
	latency := &types.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("TargetResponseTime"), Dimensions: []types.Dimension{{Name: aws.String("LoadBalancer"), Value: aws.String("app/shop/1")}}}
	pages := cloudwatch.NewGetMetricDataPaginator(client, &cloudwatch.GetMetricDataInput{
		StartTime: &start, EndTime: aws.Time(start.Add(2 * time.Hour)), MaxDatapoints: aws.Int32(1), ScanBy: types.ScanByTimestampAscending,
		MetricDataQueries: []types.MetricDataQuery{
			{Id: aws.String("p99"), MetricStat: &types.MetricStat{Metric: latency, Period: aws.Int32(3600), Stat: aws.String("p99")}},
			{Id: aws.String("slow"), Expression: aws.String("IF(p99 > 500, 1, 0)")},
			{Id: aws.String("orders"), MetricStat: &types.MetricStat{Metric: &types.Metric{Namespace: aws.String("Shop"), MetricName: aws.String("Orders")}, Period: aws.Int32(3600), Stat: aws.String("Sum")}},
			{Id: aws.String("share"), Expression: aws.String("orders / 25")},
		},
	})
	joined := map[string]string{}
	for count := 0; pages.HasMorePages(); count++ {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if count > 10 {
			t.Fatal("the pages do not end")
		}
		for _, r := range out.MetricDataResults {
			for _, v := range r.Values {
				joined[*r.Id] = strings.TrimSpace(joined[*r.Id] + " " + fmt.Sprint(v))
			}
		}
	}
	return joined
}

func TestErrorsReachTheGoSDK(t *testing.T) {
	t.Parallel()
	client := cloudwatch.NewFromConfig(testkit.AWSConfig(t, gate(t)))
	_, err := client.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("N"), MetricName: aws.String("M"), Period: aws.Int32(61), StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now()), Statistics: []types.Statistic{types.StatisticSum},
	})
	if typed, ok := errors.AsType[*types.InvalidParameterValueException](err); !ok || !strings.Contains(typed.ErrorMessage(), "Period 61") {
		t.Errorf("error is %v", err)
	}
	_, err = client.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now()), MetricDataQueries: []types.MetricDataQuery{
		{Id: aws.String("e"), Expression: aws.String("ANOMALY_DETECTION_BAND(m1)")},
	}})
	if api, ok := errors.AsType[smithy.APIError](err); !ok || !strings.Contains(api.ErrorMessage(), "ANOMALY_DETECTION_BAND is not supported") {
		t.Errorf("error is %v", err)
	}
}

// Alarms stay with the control plane behind the gate.
func TestAlarmsPassThrough(t *testing.T) {
	t.Parallel()
	client := cloudwatch.NewFromConfig(testkit.AWSConfig(t, gate(t)))
	_, err := client.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("busy"), Namespace: aws.String("N"), MetricName: aws.String("M"), Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, Statistic: types.StatisticSum,
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	if err != nil || len(out.MetricAlarms) != 1 || *out.MetricAlarms[0].AlarmName != "busy" {
		t.Errorf("alarms are %+v, %v", out, err)
	}
}

// The aws command line speaks another protocol than the SDK for Go.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	address := gate(t)
	start := time.Now().UTC().Truncate(time.Hour).Add(-2 * time.Hour)
	load(t, address, start)
	stamp := func(at time.Time) string { return at.Format(time.RFC3339) }
	out := cli(t, address, "get-metric-statistics", "--namespace", "AWS/ApplicationELB", "--metric-name", "TargetResponseTime", "--dimensions", "Name=LoadBalancer,Value=app/shop/1",
		"--period", "3600", "--start-time", stamp(start), "--end-time", stamp(start.Add(2*time.Hour)), "--extended-statistics", "p99.9", "p50")
	if strings.Count(out, `"p99.9": 900`) != 2 || strings.Count(out, `"p50": 10`) != 2 {
		t.Errorf("get-metric-statistics prints %s", out)
	}
	out = cli(t, address, "get-metric-data", "--start-time", stamp(start), "--end-time", stamp(start.Add(2*time.Hour)), "--metric-data-queries",
		`[{"Id":"n","MetricStat":{"Metric":{"Namespace":"AWS/ApplicationELB","MetricName":"TargetResponseTime","Dimensions":[{"Name":"LoadBalancer","Value":"app/shop/1"}]},"Period":3600,"Stat":"SampleCount"},"ReturnData":false},
		  {"Id":"rate","Expression":"n / PERIOD(n)","Label":"requests per second"}]`)
	var answer struct {
		MetricDataResults []struct {
			Label, StatusCode string
			Values            []float64
		}
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil || len(answer.MetricDataResults) != 1 || len(answer.MetricDataResults[0].Values) != 2 ||
		answer.MetricDataResults[0].Values[0] != 1200.0/3600 || answer.MetricDataResults[0].StatusCode != "Complete" || answer.MetricDataResults[0].Label != "requests per second" {
		t.Errorf("get-metric-data prints %s, %v", out, err)
	}
	cli(t, address, "put-metric-data", "--namespace", "Shop", "--metric-name", "Orders", "--value", "3", "--dimensions", "Front=a")
	if out = cli(t, address, "list-metrics", "--namespace", "Shop"); !strings.Contains(out, `"MetricName": "Orders"`) {
		t.Errorf("list-metrics prints %s", out)
	}
}

// Older programs send forms and read XML.
func TestQueryProtocol(t *testing.T) {
	t.Parallel()
	address := gate(t)
	start := time.Now().UTC().Truncate(time.Hour).Add(-2 * time.Hour)
	load(t, address, start)
	form := url.Values{
		"Action": {"GetMetricStatistics"}, "Version": {"2010-08-01"}, "Namespace": {"AWS/ApplicationELB"}, "MetricName": {"TargetResponseTime"}, "Period": {"7200"},
		"StartTime": {start.Format(time.RFC3339)}, "EndTime": {start.Add(2 * time.Hour).Format(time.RFC3339)}, "ExtendedStatistics.member.1": {"p99"},
		"Dimensions.member.1.Name": {"LoadBalancer"}, "Dimensions.member.1.Value": {"app/shop/1"},
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(body), "<ExtendedStatistics><entry><key>p99</key><value>900</value></entry></ExtendedStatistics>") {
		t.Errorf("the answer is %s, %v", body, err)
	}
}

// cli runs `aws cloudwatch` against the gate and returns what it printed.
func cli(t *testing.T, address string, args ...string) string {
	t.Helper()
	cache, err := tools.CacheDir(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	tool, err := tools.Locate(cache, tools.AWSCLI)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), tool.Command[0], append(append(tool.Command[1:], "--endpoint-url", address, "--output", "json", "cloudwatch"), args...)...)
	command.Env = append(append(os.Environ(), tool.Env...), "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret", "AWS_DEFAULT_REGION="+testkit.Region, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
