package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/sandbox/awsgate"
	"example.com/landfall/internal/sandbox/seed"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/testkit"
)

// seededPassword must stay in its secret.
const seededPassword = "not-the-initial-one-7Q"

// gathered is a sink that keeps all it is given.
type gathered struct {
	mu     sync.Mutex
	found  []inventory.Observation
	unread []inventory.Unread
}

var _ source.Sink = (*gathered)(nil)

func (g *gathered) Found(o ...inventory.Observation) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.found = append(g.found, o...)
	return nil
}

func (g *gathered) Unread(u inventory.Unread) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.unread = append(g.unread, u)
}

func (*gathered) Refused(inventory.Refused) {}
func (*gathered) Input(string, string)      {}
func (*gathered) Scope(string, string)      {}
func (*gathered) Planned(int64)             {}
func (*gathered) Done(int64)                {}

// live are the observations of the services' own calls, without the sweep's.
func (g *gathered) live() []inventory.Observation {
	return slices.DeleteFunc(slices.Clone(g.found), func(o inventory.Observation) bool { return o.Source != inventory.Live })
}

// seededAccount is the sandbox's account without its past.
func seededAccount(t *testing.T) (sdk.Config, seed.Summary) {
	t.Helper()
	moto, store := testkit.Moto(t), testkit.OwnObjectStore(t)
	upstream, objects := mustParse(t, moto.URL), mustParse(t, store.URL)
	g, err := awsgate.New(awsgate.Options{Upstream: upstream, ObjectStore: objects, ObjectKey: store.Key, ObjectSecret: store.Secret, Seed: 1, UnlimitedLookups: true, DeliverEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	t.Cleanup(func() {
		server.Close()
		if err := g.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	config := testkit.AWSConfig(t, server.URL)
	sum, err := seed.Run(t.Context(), seed.Options{AWS: config, Account: testkit.Account, Region: testkit.Region, DatabaseHost: "127.0.0.1", DatabasePort: 15432,
		DatabasePassword: seededPassword, FrontPort: 18080, Objects: 100, HistoryDays: 1, Seed: 42, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return config, sum
}

func mustParse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Every resource that the sandbox's account holds is found, with its tags, in
// canonical form, once; what could not be read is what the control plane
// behind the sandbox does not have, and nothing else.
func TestEverySeededResourceIsFound(t *testing.T) {
	t.Parallel()
	config, sum := seededAccount(t)
	sink := &gathered{}
	scanner := NewScanner(config, ScanOptions{Unlimited: true, Operator: "arn:aws:iam::" + testkit.Account + ":user/landfall-operator"})
	scanner.backoff = time.Millisecond
	if err := scanner.Scan(t.Context(), sink); err != nil {
		t.Fatal(err)
	}
	t.Run("truth", func(t *testing.T) { everyTruth(t, sink, sum) })
	t.Run("canonical", func(t *testing.T) { allCanonical(t, sink.live()) })
	t.Run("once", func(t *testing.T) { eachOnce(t, sink.found) })
	t.Run("marks", func(t *testing.T) { seededMarks(t, sink.live()) })
	t.Run("secrets", func(t *testing.T) { noSecret(t, sink, seededPassword) })
	t.Run("unread", func(t *testing.T) { onlyHoles(t, sink.unread) })
}

// everyTruth looks for each resource of the seed. One that is of a kind that
// could not be read is excused: the scan says so.
func everyTruth(t *testing.T, sink *gathered, sum seed.Summary) {
	live := sink.live()
	for _, one := range sum.Truth.Resources {
		found := seek(live, one)
		switch {
		case found == nil && hidden(sink.unread, string(one.Kind)):
		case found == nil:
			t.Errorf("%s %s (%s) is not found", one.Kind, one.ID, one.Name)
		case one.Untagged || one.Workload == "":
		case one.Kind.Service() == "Backup": // moto finds the tags of Backup only behind a slash that the SDK does not send
		case one.Workload == "platform" && found.Tags["team"] != "platform":
			t.Errorf("%s %s: tags %v, want the platform's", one.Kind, one.ID, found.Tags)
		case one.Workload != "platform" && found.Tags["workload"] != one.Workload:
			t.Errorf("%s %s: tags %v, want the workload %s", one.Kind, one.ID, found.Tags, one.Workload)
		}
	}
}

// seek finds a resource of the truth by its physical id.
func seek(found []inventory.Observation, one seed.Resource) *inventory.Observation {
	i := slices.IndexFunc(found, func(o inventory.Observation) bool {
		if o.Kind != one.Kind {
			return false
		}
		id := string(o.ID)
		return id == one.ID || slices.Contains(o.Aliases, one.ID) || strings.HasSuffix(id, "/"+one.ID) || strings.HasSuffix(id, ":"+one.ID) || strings.HasSuffix(id, "|"+one.ID) ||
			composed(o, one)
	})
	if i < 0 {
		return nil
	}
	return &found[i]
}

// composed compares the ids that the truth builds of several names.
func composed(o inventory.Observation, one seed.Resource) bool {
	switch one.Kind {
	case "AWS::Route53::RecordSet":
		return strings.TrimSuffix(o.Name, ".") == strings.TrimSuffix(one.Name, ".") && strings.Contains(string(o.ID), "|")
	case "AWS::Logs::MetricFilter", "AWS::IAM::AccessKey", "AWS::Lambda::Permission", "AWS::EC2::Route":
		return o.Name == one.Name || o.Name != "" && strings.HasSuffix(one.ID, strings.TrimLeft(o.Name, "*"))
	}
	return false
}

func hidden(unread []inventory.Unread, kind string) bool {
	return slices.ContainsFunc(unread, func(u inventory.Unread) bool {
		return strings.Contains(u.Hides+" ", kind+" ") || strings.Contains(u.Hides+",", kind+",")
	})
}

// allCanonical: every property is one of the kind's schema, and what the schema
// does not know is an attribute.
func allCanonical(t *testing.T, found []inventory.Observation) {
	t.Helper()
	converter := kinds.New()
	for _, o := range found {
		schema, known := converter.Schemas().Kind(o.Kind)
		if !known {
			continue
		}
		for name := range o.Properties {
			if field, ok := schema.Root.Field(name); !ok || field.Name != name {
				t.Errorf("%s %s: property %q is not in the schema", o.Kind, o.ID, name)
			}
		}
	}
}

// eachOnce: what is told of a resource by several calls, and by the sweep,
// makes one of it.
func eachOnce(t *testing.T, found []inventory.Observation) {
	builder := inventory.NewBuilder()
	for _, o := range found {
		if err := builder.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[cloud.ResourceID]cloud.Kind{}
	for _, r := range builder.Build().Resources {
		if other, ok := seen[r.ID]; ok {
			t.Errorf("%s is there as %s and as %s", r.ID, other, r.Kind)
		}
		seen[r.ID] = r.Kind
		if r.Name == "" || r.Account == "" || r.Region == "" {
			t.Errorf("%s %s: name %q, account %q, region %q", r.Kind, r.ID, r.Name, r.Account, r.Region)
		}
	}
}

func seededMarks(t *testing.T, found []inventory.Observation) {
	for _, o := range found {
		has := func(m inventory.Mark) bool { return slices.Contains(o.Marks, m) }
		byAWS := o.Kind == "AWS::KMS::Alias" && strings.HasPrefix(o.Name, "alias/aws/") || o.Kind == "AWS::Events::EventBus" && o.Name == "default"
		if byAWS != has(inventory.Default) && (o.Kind == "AWS::KMS::Alias" || o.Kind == "AWS::Events::EventBus") {
			t.Errorf("%s %s: marks %v", o.Kind, o.ID, o.Marks)
		}
		if o.Kind == "AWS::IAM::User" && has(inventory.Operator) != (o.Name == "landfall-operator") {
			t.Errorf("%s %s: marks %v", o.Kind, o.ID, o.Marks)
		}
		if o.Tags["workload"] != "" && len(o.Marks) > 0 {
			t.Errorf("%s %s of %s has marks %v", o.Kind, o.ID, o.Tags["workload"], o.Marks)
		}
	}
}

func noSecret(t *testing.T, sink *gathered, secrets ...string) {
	t.Helper()
	for _, o := range sink.found {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s %s holds a secret", o.Kind, o.ID)
			}
		}
	}
}

// onlyHoles: what was not read must be the server's lack of it, or one of the
// few errors that it gives in place of an empty answer.
func onlyHoles(t *testing.T, unread []inventory.Unread) {
	for _, u := range unread {
		known := strings.Contains(u.Reason, "UnknownOperationException") || slices.Contains(holes(), u.Operation)
		if !known {
			t.Errorf("%s was not read: %s (hides %s)", u.Operation, u.Reason, u.Hides)
		}
		if u.Hides == "" || u.Reason == "" {
			t.Errorf("%s: reason %q, hides %q", u.Operation, u.Reason, u.Hides)
		}
	}
	if len(unread) > 60 {
		t.Error(fmt.Sprint(len(unread), " operations were not read"))
	}
}

func holes() []string {
	return []string{
		"application-autoscaling:DescribeScalableTargets", // two namespaces are younger than moto's list
		"cloudwatch:ListMetricStreams",
		"elasticache:DescribeCacheClusters", // a replication group without its members
		"route53:ListQueryLoggingConfigs",   // moto knows its zones under another id
	}
}
