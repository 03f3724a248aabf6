package aws

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/trail"
)

// Options say how logs are looked for.
type Options struct {
	// Config returns the SDK's configuration for an account and region; nil
	// takes the one given to New, in the region.
	Config func(cloud.Account, cloud.Region) sdk.Config
	// Journal keeps pages of the event history, so that reading it, which takes
	// long, goes on after a kill. Nil keeps none.
	Journal Journal
	// LookupEvery is the pause between two pages of the event history; 0 means
	// half a second, which is the API's limit (CloudTrail API reference,
	// LookupEvents: two per second, account and region).
	LookupEvery time.Duration
	// LookupPages bounds the pages of one region's event history, 50 events each;
	// 0 means 20,000, the rest is unread.
	LookupPages int
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log may be nil.
	Log *slog.Logger
}

// Journal keeps pages that were read; source.Journal is one.
type Journal interface {
	Page(key string) ([]byte, bool)
	Keep(key string, page []byte) error
}

// Finder finds logs in accounts.
type Finder struct {
	config sdk.Config
	o      Options
}

var _ trail.Finder = (*Finder)(nil)

// New returns a finder. It makes no request.
func New(config sdk.Config, o Options) *Finder {
	o.LookupEvery = cmp.Or(o.LookupEvery, 500*time.Millisecond)
	o.LookupPages = cmp.Or(o.LookupPages, 20_000)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Config == nil {
		o.Config = func(_ cloud.Account, r cloud.Region) sdk.Config {
			c := config.Copy()
			if r != "" {
				c.Region = string(r)
			}
			return c
		}
	}
	return &Finder{config, o}
}

// finding is one call of Find.
type finding struct {
	*Finder
	inv     inventory.Inventory
	window  trail.Window
	to      trail.Sink
	mu      sync.Mutex
	stores  map[string]*bucket
	regions map[string]cloud.Region // of the inventory's buckets
	owners  map[string]cloud.Account
}

// Find looks at the inventory and lists what its settings point to.
func (f *Finder) Find(ctx context.Context, inv inventory.Inventory, w trail.Window, to trail.Sink) ([]trail.Logs, error) {
	g := &finding{Finder: f, inv: inv, window: w, to: to, stores: map[string]*bucket{}, regions: map[string]cloud.Region{}, owners: map[string]cloud.Account{}}
	if g.window.To.IsZero() {
		g.window.To = f.o.Now().UTC()
	}
	for _, r := range inv.Resources {
		if r.Kind == "AWS::S3::Bucket" {
			name := cmp.Or(text(r.Properties, "BucketName"), r.Name)
			g.regions[name], g.owners[name] = r.Region, r.Account
		}
	}
	var found []trail.Logs
	for _, look := range []func(context.Context) []trail.Logs{g.flowLogs, g.trails, g.balancers, g.distributions, g.buckets} {
		found = append(found, look(ctx)...)
		if err := ctx.Err(); err != nil {
			return nil, fault.Wrap(err, "find logs", "")
		}
	}
	return found, nil
}

// live are the resources of a kind that were not deleted.
func (g *finding) live(kind cloud.Kind) []inventory.Resource {
	var list []inventory.Resource
	for _, r := range g.inv.Resources {
		if r.Kind == kind && !slices.Contains(r.Marks, inventory.Deleted) {
			list = append(list, r)
		}
	}
	return list
}

// places are the accounts with their regions that the inventory is about.
func (g *finding) places() (accounts []cloud.Account, regions []cloud.Region) {
	as, rs := map[cloud.Account]bool{}, map[cloud.Region]bool{}
	for _, a := range g.inv.Scope.Accounts {
		as[a] = true
	}
	for _, r := range g.inv.Scope.Regions {
		rs[r] = true
	}
	for _, r := range g.inv.Resources {
		if len(g.inv.Scope.Accounts) == 0 && r.Account != "" && r.Account != "aws" {
			as[r.Account] = true
		}
		if len(g.inv.Scope.Regions) == 0 && r.Region != "" && r.Region != "global" {
			rs[r.Region] = true
		}
	}
	return slices.Sorted(maps.Keys(as)), slices.Sorted(maps.Keys(rs))
}

// days are the days of the window, and one more at the end, because files are
// named after the time they were closed or delivered. Nil means that the window
// has no beginning.
func (g *finding) days() []time.Time {
	if g.window.From.IsZero() {
		return nil
	}
	var list []time.Time
	for day := g.window.From.UTC().Truncate(24 * time.Hour); !day.After(g.window.To.UTC().Add(24 * time.Hour)); day = day.AddDate(0, 0, 1) {
		if len(list) == maxDays {
			return nil // longer than anybody keeps logs: take all there is
		}
		list = append(list, day)
	}
	return list
}

const maxDays = 800

// unread tells what could not be looked at.
func (g *finding) unread(operation string, a cloud.Account, r cloud.Region, err error, hides string) {
	g.to.Unread(inventory.Unread{Source: inventory.Live, Operation: operation, Account: a, Region: r, Reason: why(err), Hides: hides})
}
