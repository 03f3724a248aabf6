package seed_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate"
	"example.com/landfall/internal/sandbox/seed"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const password = "not-the-initial-one-7Q"

// run is one seeded account.
type run struct {
	cfg     aws.Config
	options seed.Options
	sum     seed.Summary
}

// gate starts a control plane, an object store and the gate before them.
func gate(t testing.TB) (aws.Config, *url.URL) {
	t.Helper()
	moto, store := testkit.Moto(t), testkit.OwnObjectStore(t)
	g, err := awsgate.New(awsgate.Options{Upstream: parse(t, moto.URL), ObjectStore: parse(t, store.URL), ObjectKey: store.Key, ObjectSecret: store.Secret,
		Seed: 1, UnlimitedLookups: true, DeliverEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	t.Cleanup(func() {
		server.Close()
		if err := g.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return testkit.AWSConfig(t, server.URL), parse(t, server.URL+"/_landfall/")
}

func parse(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func pathStyle(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

// options are for a short history, which ends now: CloudWatch and CloudTrail
// answer for the last weeks only.
func options(cfg aws.Config, admin *url.URL) seed.Options {
	return seed.Options{AWS: cfg, Admin: admin, Account: "123456789012", Region: "us-east-1", DatabaseHost: "127.0.0.1", DatabasePort: 15432, DatabasePassword: password,
		FrontPort: 18080, Objects: 20_000, HistoryDays: 2, Seed: 42, Now: time.Now()}
}

// Seeding takes seconds, so one account serves all that only read it.
func TestRun(t *testing.T) {
	t.Parallel()
	cfg, admin := gate(t)
	r := run{cfg: cfg, options: options(cfg, admin)}
	var err error
	if r.sum, err = seed.Run(t.Context(), r.options); err != nil {
		t.Fatal(err, fault.HintOf(err))
	}
	t.Run("every resource is there with its tags", func(t *testing.T) { everyResource(t, r) })
	t.Run("no dangling ids", func(t *testing.T) { noDanglingIDs(t, cfg) })
	t.Run("network", func(t *testing.T) { network(t, cfg, r) })
	t.Run("references", func(t *testing.T) { references(t, r) })
	t.Run("boundary", func(t *testing.T) { boundary(t, r) })
	t.Run("password", func(t *testing.T) { passwordStaysInItsSecret(t, r) })
	t.Run("odd keys", func(t *testing.T) { oddKeys(t, r) })
	t.Run("versions", func(t *testing.T) { versions(t, r) })
	t.Run("headers", func(t *testing.T) { headers(t, r) })
	t.Run("large objects", func(t *testing.T) { largeObjects(t, r) })
	t.Run("log files", func(t *testing.T) { logFiles(t, r) })
	t.Run("metrics", func(t *testing.T) { metrics(t, r) })
	t.Run("trail", func(t *testing.T) { trail(t, r) })
	t.Run("recorder", func(t *testing.T) { recorder(t, r) })
	t.Run("nodes", func(t *testing.T) { nodes(t, r) })
	t.Run("a second run is refused", func(t *testing.T) { secondRun(t, r) })
}

func everyResource(t *testing.T, r run) {
	ctx := t.Context()
	found := map[string]map[string]string{}
	kinds := ec2Kinds(ctx, ec2.NewFromConfig(r.cfg))
	for kind, describe := range kinds {
		list, _, err := describe()
		if err != nil {
			t.Fatal(kind, err)
		}
		for _, d := range list {
			found[string(kind)+" "+d.id] = d.tags
		}
	}
	ask := lookups(r.cfg)
	seen := map[string]bool{}
	for _, one := range r.sum.Truth.Resources {
		name := string(one.Kind) + " " + one.ID
		if seen[name] {
			t.Errorf("%s is in the truth twice", name)
		}
		seen[name] = true
		tags, ok := found[name]
		if look := ask[one.Kind]; look != nil {
			var err error
			if tags, err = look(ctx, one.ID); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			ok = true
		}
		if !ok {
			if kinds[one.Kind] != nil {
				t.Errorf("%s is not there", name)
			} else if !one.Untagged {
				t.Errorf("%s: no test looks this kind up", one.Kind)
			}
			continue
		}
		checkTags(t, one, tags)
	}
	if total := len(r.sum.Truth.Resources); total < 150 {
		t.Errorf("only %d resources", total)
	}
}

func checkTags(t *testing.T, one seed.Resource, tags map[string]string) {
	t.Helper()
	switch {
	case one.Workload == "" || one.Untagged:
		for key := range tags {
			if !strings.HasPrefix(key, "aws:") {
				t.Errorf("%s %s: a stray with tag %q", one.Kind, one.ID, key)
			}
		}
	case one.Workload == "platform":
		if tags["team"] != "platform" || tags["workload"] != "" {
			t.Errorf("%s %s: tags %v", one.Kind, one.ID, tags)
		}
	case tags["workload"] != one.Workload || tags["cost-centre"] == "" || tags["env"] != "production":
		t.Errorf("%s %s: tags %v, want those of %s", one.Kind, one.ID, tags, one.Workload)
	}
}

func secondRun(t *testing.T, r run) {
	before := answer(t, ec2.NewFromConfig(r.cfg).DescribeVpcs, &ec2.DescribeVpcsInput{}).Vpcs
	_, err := seed.Run(t.Context(), r.options)
	if !fault.Is(err, fault.Conflict) || fault.HintOf(err) == "" {
		t.Errorf("got %v (%s), want a conflict with a hint", err, fault.KindOf(err))
	}
	if after := answer(t, ec2.NewFromConfig(r.cfg).DescribeVpcs, &ec2.DescribeVpcsInput{}).Vpcs; len(after) != len(before) {
		t.Errorf("the refused run changed %d VPCs into %d", len(before), len(after))
	}
}

func TestSummaryIsStable(t *testing.T) {
	t.Parallel()
	sum := seed.Summary{Services: map[string]int{"S3": 1, "EC2": 2}}
	first, err := json.Marshal(sum)
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(sum)
	if err != nil || string(first) != string(second) {
		t.Error("equal summaries give different text", err)
	}
}

func TestRunRefusesIncompleteOptions(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(o *seed.Options){
		"no account":  func(o *seed.Options) { o.Account = "" },
		"no region":   func(o *seed.Options) { o.Region = "" },
		"no port":     func(o *seed.Options) { o.DatabasePort = 0 },
		"no password": func(o *seed.Options) { o.DatabasePassword = "" },
		"no clock":    func(o *seed.Options) { o.Now = time.Time{} },
		"no sense":    func(o *seed.Options) { o.Objects = -1 },
	} {
		o := options(testkit.AWSConfig(t, "http://127.0.0.1:1"), nil)
		change(&o)
		if _, err := seed.Run(t.Context(), o); !fault.Is(err, fault.Usage) {
			t.Errorf("%s: %v, want kind usage", name, err)
		}
	}
}

// A control plane that does not answer is unavailable, and a cancelled run says so.
func TestRunWithoutAControlPlane(t *testing.T) {
	t.Parallel()
	cfg := testkit.AWSConfig(t, "http://127.0.0.1:1")
	cfg.RetryMaxAttempts = 1
	if _, err := seed.Run(t.Context(), options(cfg, nil)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v (%s), want kind unavailable", err, fault.KindOf(err))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := seed.Run(ctx, options(cfg, nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancelled context's error", err)
	}
}

// The whole of a sandbox: two weeks of history behind 20,000 covers.
func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		cfg, admin := gate(b)
		o := options(cfg, admin)
		o.HistoryDays = 14
		b.StartTimer()
		if _, err := seed.Run(b.Context(), o); err != nil {
			b.Fatal(err)
		}
	}
}
