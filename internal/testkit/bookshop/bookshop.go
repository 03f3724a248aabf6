package bookshop

import (
	"context"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/sandbox/awsgate"
	"example.com/landfall/internal/sandbox/seed"
	source "example.com/landfall/internal/source/aws"
	"example.com/landfall/internal/source/files"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/trail"
	trailaws "example.com/landfall/internal/trail/aws"
)

// Where the workload stands.
const (
	Account cloud.Account = "123456789012"
	Region  cloud.Region  = "us-east-1"
)

// findings keeps what a scan finds.
type findings struct {
	mu    sync.Mutex
	build *inventory.Builder
}

func (f *findings) Found(list ...inventory.Observation) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range list {
		if err := f.build.Add(o); err != nil {
			return err
		}
	}
	return nil
}
func (f *findings) Unread(u inventory.Unread)      { f.build.Unread(u) }
func (f *findings) Refused(r inventory.Refused)    { f.build.Refused(r) }
func (f *findings) Input(name, fingerprint string) { f.build.Input(name, fingerprint) }
func (f *findings) Scope(account, region string)   { f.build.Scope(account, region) }
func (f *findings) Planned(int64)                  {}
func (f *findings) Done(int64)                     {}

// Seeded seeds an account and reads it: everything that the live scan and the
// logs give.
func Seeded(t *testing.T) (inventory.Inventory, graph.Observed, seed.Summary) {
	t.Helper()
	moto, store := testkit.Moto(t), testkit.OwnObjectStore(t)
	address := func(text string) *url.URL {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	g, err := awsgate.New(awsgate.Options{Upstream: address(moto.URL), ObjectStore: address(store.URL), ObjectKey: store.Key, ObjectSecret: store.Secret, Seed: 1, UnlimitedLookups: true, DeliverEvery: time.Hour})
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
	cfg := testkit.AWSConfig(t, server.URL)
	sum, err := seed.Run(t.Context(), seed.Options{AWS: cfg, Admin: address(server.URL + "/_landfall/"), Account: Account, Region: Region, DatabaseHost: "127.0.0.1", DatabasePort: 5432,
		DatabasePassword: "none-of-the-real-ones", FrontPort: 8443, Objects: 20, HistoryDays: 2, Seed: 42, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	found := &findings{build: inventory.NewBuilder()}
	if err := source.NewScanner(cfg, source.ScanOptions{Unlimited: true}).Scan(t.Context(), found); err != nil {
		t.Fatal(err)
	}
	inv := found.build.Build()
	seen, err := trail.Read(t.Context(), trailaws.New(cfg, trailaws.Options{}), inv, trail.Options{}, found)
	if err != nil {
		t.Fatal(err)
	}
	return inv, seen.Observed, sum
}

// Template is the workload as its template describes it.
func Template(t *testing.T) inventory.Inventory {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for root != filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		root = filepath.Dir(root)
	}
	path := filepath.Join(root, "internal", "source", "files", "cloudformation", "testdata", "bookshop.yaml")
	found := &findings{build: inventory.NewBuilder()}
	scanner := files.NewScanner([]files.Input{{Format: files.CloudFormation, Path: path}}, files.Options{Account: Account, Region: Region,
		Parameters: map[string]string{"ImageId": "ami-12345678", "DatabasePassword": "none-of-the-real-ones", "PaymentKey": "none"}})
	if err := scanner.Scan(t.Context(), found); err != nil {
		t.Fatal(err)
	}
	inv := found.build.Build()
	if len(inv.Refused) > 0 {
		t.Fatalf("the template is refused: %+v", inv.Refused)
	}
	return inv
}
