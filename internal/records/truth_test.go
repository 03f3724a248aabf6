package records_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/cloudtrail"
	"example.com/landfall/internal/records/flowlog"
	"example.com/landfall/internal/records/weblog"
	"example.com/landfall/internal/sandbox/seed/history"
)

// The sandbox's generator counts what it writes. What the readers find in its
// files has to be exactly that.

// folder stores generated files as the buckets' layout on disk.
type folder struct{ dir string }

func (f *folder) Put(_ context.Context, file history.File) error {
	path := filepath.Join(f.dir, file.Bucket, filepath.FromSlash(file.Key))
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, file.Body, 0o600)
	}
	return err
}

func (f *folder) Post(context.Context, string, []byte) error { return nil }

func world() history.World {
	const account = "123456789012"
	balancing := "arn:aws:elasticloadbalancing:us-east-1:" + account + ":"
	w := history.World{Account: account, Region: "us-east-1", VPC: "vpc-0b", FlowLog: "fl-0b", Balancer: balancing + "loadbalancer/app/bookshop/50dc6c495c0c9188",
		BalancerName: "app/bookshop/50dc6c495c0c9188", WebGroup: balancing + "targetgroup/web/73e2d6bc24d8a067", APIGroup: balancing + "targetgroup/api/73e2d6bc24d8a068",
		Certificate: "arn:aws:acm:us-east-1:" + account + ":certificate/1", ShopName: "shop.bookshop.example", ScalingGroup: "bookshop-app", Database: "bookshop-db", DatabasePort: 15432,
		CacheGroup: "bookshop-cache", PayrollDatabase: "payroll-db", Queue: "orders", Table: "sessions", Mailer: "mailer", Thumbs: "thumbs", Export: "export",
		Key: "arn:aws:kms:us-east-1:" + account + ":key/1", Secret: "arn:aws:secretsmanager:us-east-1:" + account + ":secret:db", S3Endpoint: "vpce-s3", SQSEndpoint: "vpce-sqs",
		Distribution: "EDIST", DistributionDomain: "d1.cloudfront.net", CIKey: "AKIACI", Covers: "covers", Invoices: "invoices", Exports: "exports", Logs: "logs", TrailBucket: "trail"}
	for i, role := range []string{"alb-a", "alb-b", "app-1", "app-2", "db", "cache-1", "cache-2", "nat-a", "nat-b", "endpoint-a", "endpoint-b", "function", "payroll-app", "payroll-db", "report"} {
		w.Interfaces = append(w.Interfaces, history.Interface{Role: role, Resource: "res-" + strings.TrimRight(role, "-ab12"), ID: fmt.Sprintf("eni-%017x", i+1), Subnet: "subnet-0b",
			Address: fmt.Sprintf("10.20.1.%d", 10+i), Public: "198.51.100.7"})
	}
	for i := range w.Interfaces {
		if f := &w.Interfaces[i]; strings.HasPrefix(f.Role, "nat") {
			f.Resource = f.Role
		}
	}
	return w
}

// written is one generated history, shared by the tests of this file.
func written(t *testing.T, days int) (string, history.World, history.Truth) {
	t.Helper()
	dir := t.TempDir()
	w := world()
	truth, err := history.Generate(t.Context(), history.Options{World: w, Seed: 7, Now: time.Date(2026, 11, 22, 13, 7, 0, 0, time.UTC), Days: days, Objects: 500, RequestsPerDay: 4000}, &folder{dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return dir, w, truth
}

func collect(t *testing.T, read func(context.Context, *records.Content) error, workers int, paths ...string) records.Report {
	t.Helper()
	files, problems := records.Find(paths...)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	report, err := records.Each(t.Context(), files, records.Options{Workers: workers}, read)
	if err != nil {
		t.Fatal(err)
	}
	if p := report.Problems(); len(p) > 0 {
		t.Fatalf("problems: %+v", p)
	}
	return report
}

// edges brings conversations into the form of the truth: resources instead of
// interfaces, the internet instead of its addresses.
func edges(t *testing.T, w history.World, res flowlog.Result) []history.Edge {
	t.Helper()
	resource := map[string]string{}
	for _, f := range w.Interfaces {
		resource[f.ID] = f.Resource
	}
	name := func(e flowlog.Endpoint) string {
		switch {
		case e.Interface != "":
			return resource[e.Interface]
		case e.Service != "":
			return strings.ToLower(e.Service)
		}
		return history.Internet
	}
	sum := map[history.Edge]*history.Edge{}
	for c := range res.Conversations {
		if c.Protocol != "tcp" || c.Refused {
			t.Errorf("%+v", c)
		}
		k := history.Edge{From: name(c.Client), To: name(c.Server), Port: c.Port, Accepted: !c.Refused && !c.Rejected}
		if len(c.Via) > 0 {
			k.Via = resource[c.Via[0]]
		}
		if slices.Contains(c.Paths, 7) {
			k.Via = w.S3Endpoint
		}
		e := sum[k]
		if e == nil {
			e = &history.Edge{From: k.From, To: k.To, Port: k.Port, Via: k.Via, Accepted: k.Accepted}
			sum[k] = e
		}
		e.Connections += int(c.Opened)
		e.Records += int(c.Records)
		e.BytesOut += c.BytesOut
		e.BytesBack += c.BytesBack
	}
	var list []history.Edge
	for _, e := range sum {
		list = append(list, *e)
	}
	slices.SortFunc(list, compareEdges)
	return list
}

func compareEdges(a, b history.Edge) int {
	accepted := func(e history.Edge) int {
		if e.Accepted {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Via, b.Via), cmp.Compare(accepted(a), accepted(b)))
}

func TestConversationsAreTheTruth(t *testing.T) {
	t.Parallel()
	dir, w, truth := written(t, 2)
	c := flowlog.New(flowlog.Options{})
	collect(t, c.Read, 2, filepath.Join(dir, "logs", "AWSLogs", "*", "vpcflowlogs"))
	res := c.Result()
	if int(res.Records+res.NoData) != truth.FlowRecords {
		t.Errorf("%d records and %d without data, the truth is %d", res.Records, res.NoData, truth.FlowRecords)
	}
	want := slices.SortedFunc(slices.Values(truth.Edges), compareEdges)
	got := edges(t, w, res)
	if !slices.Equal(got, want) {
		for _, e := range got {
			if !slices.Contains(want, e) {
				t.Errorf("found, and not true: %+v", e)
			}
		}
		for _, e := range want {
			if !slices.Contains(got, e) {
				t.Errorf("true, and not found: %+v", e)
			}
		}
	}
}

func TestPrincipalsAreTheTruth(t *testing.T) {
	t.Parallel()
	dir, _, truth := written(t, 15)
	c := cloudtrail.New(cloudtrail.Options{})
	collect(t, c.Read, 2, filepath.Join(dir, "trail"))
	var got []history.PrincipalCount
	for _, p := range c.Result().Principals {
		got = append(got, history.PrincipalCount{Principal: p.Principal, Management: int(p.Management), Data: int(p.Data), ReadOnly: int(p.ReadOnly), Errors: int(p.Errors)})
	}
	if !slices.Equal(got, truth.Principals) {
		t.Errorf("got  %+v\nwant %+v", got, truth.Principals)
	}
}

func TestRequestsAreTheTruth(t *testing.T) {
	t.Parallel()
	dir, _, truth := written(t, 1)
	for _, c := range []struct {
		source weblog.Source
		glob   string
		want   int
	}{
		{weblog.ALB, "logs/alb", truth.AccessLines},
		{weblog.S3, "logs/s3", truth.BucketLines},
		{weblog.CloudFront, "logs/cdn", truth.CDNLines},
	} {
		w := weblog.NewCollector(weblog.Options{})
		collect(t, w.Read, 2, filepath.Join(dir, c.glob))
		n := 0
		for _, s := range w.Result().Sums {
			if s.Source != c.source {
				t.Errorf("%s: an entry of %s", c.glob, s.Source)
			}
			n += int(s.Count)
		}
		if n != c.want {
			t.Errorf("%s: %d entries, the truth is %d", c.glob, n, c.want)
		}
	}
}

// Order, workers, cutting files anyhow and giving them twice change nothing.
func TestHowFilesAreCutChangesNothing(t *testing.T) {
	t.Parallel()
	dir, _, _ := written(t, 1)
	flows, _ := records.Find(filepath.Join(dir, "logs", "AWSLogs", "*", "vpcflowlogs"))
	whole := flowlog.New(flowlog.Options{})
	report, err := records.Each(t.Context(), flows, records.Options{Workers: 1}, whole.Read)
	if err != nil || len(report.Problems()) > 0 {
		t.Fatal(err, report.Problems())
	}
	want := whole.Result()
	conversations := slices.Collect(want.Conversations)
	want.Conversations = nil
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 1))
		pieces := cut(t, flows, r)
		c := flowlog.New(flowlog.Options{})
		report, err := records.Each(t.Context(), pieces, records.Options{Workers: 3}, c.Read)
		if err != nil || len(report.Problems()) > 0 {
			t.Fatal(err, report.Problems())
		}
		got := c.Result()
		same := slices.EqualFunc(slices.Collect(got.Conversations), conversations, func(a, b flowlog.Conversation) bool { return reflect.DeepEqual(a, b) })
		got.Conversations = nil
		if !same || !reflect.DeepEqual(got, want) {
			t.Errorf("seed %d: cut into %d pieces, the result differs", seed, len(pieces))
		}
	}
}

// cut puts all lines into new files in random portions, each with a header,
// and adds copies of some of them.
func cut(t *testing.T, files []records.File, r *rand.Rand) []records.File {
	t.Helper()
	var header string
	var lines []string
	_, err := records.Each(t.Context(), files, records.Options{Workers: 1}, func(_ context.Context, c *records.Content) error {
		for line, ok := c.Next(); ok; line, ok = c.Next() {
			if strings.HasPrefix(string(line), "version") {
				header = string(line)
				continue
			}
			lines = append(lines, string(line))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	var pieces []records.File
	for i := 0; len(lines) > 0; i++ {
		n := min(len(lines), 1+r.IntN(4000))
		// The flow log's name is part of a file's name.
		name := fmt.Sprintf("%d_vpcflowlogs_us-east-1_fl-0b_%d.log", r.Uint64(), i)
		body := []byte(header + "\n" + strings.Join(lines[:n], "\n"))
		pieces = append(pieces, records.Bytes(name, body))
		if r.IntN(3) == 0 {
			pieces = append(pieces, records.Bytes("copy/"+name, body))
		}
		lines = lines[n:]
	}
	r.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
	return pieces
}
