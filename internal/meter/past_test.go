package meter_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/seed/history"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// shop is the smallest world that the traffic model needs for access logs.
func shop() history.World {
	w := history.World{
		Account: "123456789012", Region: "us-east-1", VPC: "vpc-0a", FlowLog: "fl-0a", Balancer: "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/bookshop/50dc6c495c0c9188",
		BalancerName: "app/bookshop/50dc6c495c0c9188", WebGroup: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/73e2d6bc24d8a067",
		APIGroup: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/api/73e2d6bc24d8a068", Certificate: "arn:aws:acm:us-east-1:123456789012:certificate/1", ShopName: "shop.bookshop.example",
		ScalingGroup: "bookshop-app", Database: "bookshop-db", DatabasePort: 15432, CacheGroup: "bookshop-cache", PayrollDatabase: "payroll-db", Queue: "bookshop-orders", Table: "bookshop-sessions",
		Mailer: "mailer", Thumbs: "thumbs", Export: "export", Key: "arn:aws:kms:us-east-1:123456789012:key/1", Secret: "arn:secret", S3Endpoint: "vpce-s3", SQSEndpoint: "vpce-sqs",
		Distribution: "EDIST", DistributionDomain: "d1.cloudfront.net", CIKey: "AKIACI", Covers: "covers", Invoices: "invoices", Exports: "exports", Logs: "logs", TrailBucket: "trail",
	}
	for i, role := range []string{"alb-a", "alb-b", "app-1", "app-2", "db", "cache-1", "cache-2", "nat-a", "nat-b", "endpoint-a", "endpoint-b", "function", "payroll-app", "payroll-db", "report"} {
		n := string(rune('a' + i))
		f := history.Interface{Role: role, Resource: "res-" + role, ID: "eni-" + n, Subnet: "subnet-0a", Address: "10.20.0." + string(rune('1'+i/10)) + string(rune('0'+i%10))}
		switch role {
		case "app-1", "app-2", "payroll-app", "report":
			f.Instance, f.Resource = "i-"+n, "i-"+n
		case "alb-a", "alb-b", "nat-a", "nat-b":
			f.Public = "198.51.100." + string(rune('1'+i))
		}
		w.Interfaces = append(w.Interfaces, f)
	}
	return w
}

// past is a generated history: the access logs of the balancer below a
// folder, the metrics as they were posted, and what was counted.
type past struct {
	root    string
	metrics []byte
	truth   history.Truth
	now     time.Time
}

func (f *past) Put(_ context.Context, file history.File) error {
	if !strings.Contains(file.Key, "/elasticloadbalancing/") {
		return nil
	}
	path := filepath.Join(f.root, filepath.FromSlash(file.Key))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, file.Body, 0o644)
}

func (f *past) Post(_ context.Context, endpoint string, lines []byte) error {
	if endpoint == "metrics" {
		f.metrics = append(f.metrics, lines...)
	}
	return nil
}

const days = 14

// generated makes the two weeks before now: the gate's clock is the real one.
func generated(t testing.TB) *past {
	t.Helper()
	f := &past{root: t.TempDir(), now: time.Now().UTC().Truncate(5 * time.Minute)}
	var err error
	f.truth, err = history.Generate(t.Context(), history.Options{World: shop(), Seed: 42, Now: f.now, Days: days, Objects: 20_000}, f)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTwoWeeksOfTheShop(t *testing.T) {
	t.Parallel()
	p := generated(t)
	t.Run("access logs", func(t *testing.T) { t.Parallel(); flowsAndDays(t, p) })
	t.Run("CloudWatch", func(t *testing.T) { t.Parallel(); metricsAsPosted(t, p) })
}
