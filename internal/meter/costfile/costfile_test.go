package costfile

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
	"example.com/landfall/internal/records"
)

const legacy = `identity/LineItemId,lineItem/ProductCode,lineItem/UsageStartDate,lineItem/UsageEndDate,lineItem/LineItemType,lineItem/ResourceId,lineItem/CurrencyCode,lineItem/UnblendedCost
1,AmazonEC2,2026-11-01T00:00:00Z,2026-11-01T01:00:00Z,Usage,i-1,USD,0.10
2,AmazonEC2,2026-11-01T01:00:00Z,2026-11-01T02:00:00Z,Usage,i-1,USD,0.2
3,AmazonEC2,2026-11-02T00:00:00Z,2026-11-02T01:00:00Z,DiscountedUsage,i-1,USD,3E-1
4,AmazonRDS,2026-11-02T00:00:00Z,2026-11-02T01:00:00Z,Usage,arn:aws:rds:us-east-1:1:db:shop,USD,6
5,AmazonRDS,2026-11-01T00:00:00Z,2026-11-02T01:00:00Z,Tax,arn:aws:rds:us-east-1:1:db:shop,USD,100
6,AWSSupport,2026-11-01T00:00:00Z,2026-11-02T01:00:00Z,Usage,,USD,1.255
7,AmazonS3,2026-11-01T00:00:00Z,2026-11-02T01:00:00Z,Usage,somebody-elses-bucket,USD,2
8,AmazonEC2,2026-11-01T00:00:00Z,2026-11-02T01:00:00Z,Usage,i-1,USD,a lot
9,AmazonEC2,yesterday,2026-11-02T01:00:00Z,Usage,i-1,USD,1
10,AmazonEC2
`

func resources() []inventory.Resource {
	return []inventory.Resource{
		{ID: "arn:aws:ec2:us-east-1:1:instance/i-1", Kind: "AWS::EC2::Instance", Name: "web"},
		{ID: "arn:aws:rds:us-east-1:1:db:shop", Kind: "AWS::RDS::DBInstance", Name: "shop"},
		{ID: "arn:aws:sqs:us-east-1:1:orders", Kind: "AWS::SQS::Queue"},
		{ID: "arn:aws:sqs:us-east-1:1:old", Kind: "AWS::SQS::Queue", Marks: []inventory.Mark{inventory.Deleted}},
	}
}

func ask(t interface {
	Fatal(...any)
	Context() context.Context
}, w kpi.Window, files ...records.File) (kpi.Baseline, meter.Answer) {
	a, err := New(Options{Files: files, Workers: 2}).Query(t.Context(), meter.Request{Resources: resources(), Window: w})
	if err != nil {
		t.Fatal(err)
	}
	return kpi.Build(a.Measurements, a.Unmeasured, a.Inputs), a
}

func monthly(t *testing.T, b *kpi.Baseline, id string) float64 {
	t.Helper()
	k, _ := b.Find(kpi.Subject{Kind: kpi.Component, ID: cloud.ResourceID(id)}, kpi.Cost, "USD")
	v, ok := k.Value(kpi.Mean)
	if !ok {
		t.Fatalf("no cost of %s: %+v", id, b.Unmeasured)
	}
	return v.Value
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCostPerResource(t *testing.T) {
	t.Parallel()
	second := strings.NewReplacer("lineItem/", "line_item_", "ProductCode", "product_code", "UsageStartDate", "usage_start_date", "UsageEndDate", "usage_end_date", "LineItemType", "line_item_type",
		"ResourceId", "resource_id", "CurrencyCode", "currency_code", "UnblendedCost", "unblended_cost", "T00:00:00Z", " 00:00:00.000").Replace(legacy)
	focus := strings.NewReplacer("lineItem/ProductCode", "ServiceName", "lineItem/UsageStartDate", "ChargePeriodStart", "lineItem/UsageEndDate", "ChargePeriodEnd", "lineItem/LineItemType", "ChargeCategory",
		"lineItem/ResourceId", "ResourceId", "lineItem/CurrencyCode", "BillingCurrency", "lineItem/UnblendedCost", "BilledCost").Replace(legacy)
	for form, content := range map[string][]byte{"legacy": []byte(legacy), "second": []byte(second), "FOCUS": []byte(focus), "gzip": zipped(t, legacy)} {
		b, a := ask(t, kpi.Window{}, records.Bytes("cur.csv", content))
		// 0.6 USD in two days are 9 in thirty; the database cost nothing on the
		// first day, and the tax is not its own.
		if got := monthly(t, &b, "arn:aws:ec2:us-east-1:1:instance/i-1"); math.Abs(got-9) > 1e-9 {
			t.Errorf("%s: the instance costs %v", form, got)
		}
		if got := monthly(t, &b, "arn:aws:rds:us-east-1:1:db:shop"); math.Abs(got-90) > 1e-9 {
			t.Errorf("%s: the database costs %v", form, got)
		}
		var reasons []string
		for _, u := range b.Unmeasured {
			reasons = append(reasons, string(u.Subject)+u.Detail+": "+u.Reason)
		}
		text := strings.Join(reasons, "\n")
		for _, want := range []string{"AWSSupport: 1.2", "2.00 USD of 1 resources", "orders: the cost file does not name it", "cur.csv:9: the cost is no number", "cur.csv:10: the start is no time", "cur.csv:11: "} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is missing in\n%s", form, want, text)
			}
		}
		if len(b.Unmeasured) != 6 || len(a.Inputs) != 1 {
			t.Errorf("%s: %d unmeasured:\n%s", form, len(b.Unmeasured), text)
		}
	}
}

func TestWindowCutsDays(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	b, _ := ask(t, kpi.Window{From: day, To: day.AddDate(0, 0, 1)}, records.Bytes("cur.csv", []byte(legacy)))
	if got := monthly(t, &b, "arn:aws:rds:us-east-1:1:db:shop"); got != 180 {
		t.Errorf("the database costs %v", got)
	}
}

func TestFilesThatAreNoReport(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "EOF", "a,b\n1,2\n": "resource ids is needed", "PAR1\x00\x00": "Parquet", "\xff\xfe": "EOF"} {
		b, a := ask(t, kpi.Window{}, records.Bytes("x", []byte(text)))
		if len(a.Measurements) != 0 || len(a.Unmeasured) != 1 || !strings.Contains(a.Unmeasured[0].Reason, want) {
			t.Errorf("%q: %+v", text, b.Unmeasured)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(Options{Files: []records.File{records.Bytes("x", []byte(legacy))}}).Query(ctx, meter.Request{}); !fault.Is(err, fault.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// The order of lines, and in which file they stand, change nothing: sums are
// exact.
func TestOrderChangesNothing(t *testing.T) {
	t.Parallel()
	header, rest, _ := strings.Cut(legacy, "\n")
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		lines := strings.Split(strings.TrimSpace(rest), "\n")[:7]
		for i := range 60 {
			lines = append(lines, fmt.Sprintf("x,AmazonEC2,2026-11-%02dT00:00:00Z,,Usage,i-1,USD,%.17g", 1+i%9, r.Float64()/3))
		}
		want, _ := ask(t, kpi.Window{}, records.Bytes("a", []byte(header+"\n"+strings.Join(lines, "\n"))))
		r.Shuffle(len(lines), func(a, b int) { lines[a], lines[b] = lines[b], lines[a] })
		cut := r.IntN(len(lines))
		got, _ := ask(t, kpi.Window{}, records.Bytes("b", []byte(header+"\n"+strings.Join(lines[:cut], "\n"))), records.Bytes("c", []byte(header+"\n"+strings.Join(lines[cut:], "\n"))))
		got.Inputs, want.Inputs = nil, nil
		a, err := json.Marshal(got)
		b, err2 := json.Marshal(want)
		if err != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Fatalf("%s\nwant\n%s", a, b)
		}
	})
}

func TestMoney(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"1": 1, "-2.5": -2.5, "+3": 3, ".5": 0.5, "1.": 1, "1e3": 1000, "2.5E-3": 0.0025, "0.0000000001": 1e-10, " 7 ": 7, "1e-18": 1e-18, "12345678901234567890.123456789012345678901": 12345678901234567890.123} {
		var m money
		if err := m.parse(text); err != nil || math.Abs(m.float()-want) > 1e-9*math.Abs(want) {
			t.Errorf("%q is %v, %v", text, m.float(), err)
		}
	}
	for _, text := range []string{"", " ", "x", "1x", "0x10", "--1", "1-1", "-", ".", "1/2", "1_0", "NaN", "Inf", "1e", "1e999", "e5", strings.Repeat("9", 65), "1,5"} {
		var m money
		if err := m.parse(text); err == nil {
			t.Errorf("%q is %v", text, m.float())
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(legacy))
	f.Add([]byte("ResourceId,ChargePeriodStart,BilledCost\nx,2026-01-01T00:00:00Z,1e-9\n\"x"))
	f.Fuzz(func(t *testing.T, content []byte) { checkReport(t, content) })
}

func checkReport(t *testing.T, contents ...[]byte) {
	t.Helper()
	var files []records.File
	for i, content := range contents {
		files = append(files, records.Bytes(fmt.Sprint("f", i), content))
	}
	b, _ := ask(t, kpi.Window{}, files...)
	for _, k := range b.KPIs {
		if v, ok := k.Value(kpi.Mean); !ok || math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
			t.Errorf("the cost is %+v", k.Values)
		}
	}
}

func TestBrokenReportsNeverPanic(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		var contents [][]byte
		for range 100 {
			content := bytes.Clone([]byte(legacy)[:r.IntN(len(legacy)+1)])
			for range r.IntN(8) {
				if len(content) > 0 {
					content[r.IntN(len(content))] = "\x00\xff,\"\n\r-.eE9/"[r.IntN(12)]
				}
			}
			contents = append(contents, content)
		}
		checkReport(t, contents...)
	}
}
