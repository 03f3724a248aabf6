package cloudwatch

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
)

// Options configure the meter.
type Options struct {
	// Config gives the SDK's configuration for an account and a region; the
	// account is "" where the inventory does not say it. Config is required.
	Config func(ctx context.Context, account cloud.Account, region cloud.Region) (aws.Config, error)
	// Concurrency is how many requests are under way at once in one region; 0
	// means 2. CloudWatch limits data points per second, not requests alone.
	Concurrency int
	// Now is the clock; nil means time.Now. What CloudWatch still keeps depends
	// on it.
	Now func() time.Time
	Log *slog.Logger
}

// Meter measures from CloudWatch.
type Meter struct{ o Options }

var _ meter.Meter = (*Meter)(nil)

// New returns a meter.
func New(o Options) *Meter {
	if o.Concurrency <= 0 {
		o.Concurrency = 2
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Meter{o}
}

// Query asks for every metric of the table that the resources may have, for
// those of the CloudWatch agent and of namespaces of one's own. A zero window
// is the last fourteen days.
func (m *Meter) Query(ctx context.Context, r meter.Request) (meter.Answer, error) {
	var out meter.Answer
	list, unmeasured := items(r.Resources)
	out.Unmeasured = unmeasured
	sites := sitesOf(list, r.Resources)
	for _, at := range sites {
		if err := m.site(ctx, at, list, r, &out); err != nil {
			return meter.Answer{}, err
		}
	}
	out.Inputs = map[string]string{}
	return out, nil
}

// sitesOf are the accounts and regions of the items, and those in which there
// is a resource: custom metrics may be there.
func sitesOf(list []item, resources []inventory.Resource) []site {
	var sites []site
	add := func(account cloud.Account, region cloud.Region) {
		// Kinds without a region (IAM, Route 53 zones) have no metrics to ask for.
		if region != "" && region != "global" {
			sites = append(sites, site{account, region})
		}
	}
	for i := range list {
		add(list[i].account, list[i].region)
	}
	for i := range resources {
		if r := &resources[i]; isLive(r.ID) {
			add(r.Account, r.Region)
		}
	}
	slices.SortFunc(sites, site.compare)
	return slices.Compact(sites)
}

// site measures what one account has in one region.
func (m *Meter) site(ctx context.Context, at site, all []item, r meter.Request, out *meter.Answer) error {
	var list []item
	for i := range all {
		if all[i].account == at.account && all[i].region == at.region {
			list = append(list, all[i])
		}
	}
	config, err := m.o.Config(ctx, at.account, at.region)
	if err != nil {
		if ctx.Err() != nil {
			return fault.Wrap(ctx.Err(), "read CloudWatch", string(at.region))
		}
		out.Unmeasured = append(out.Unmeasured, troubles(list, reason(err))...)
		return nil
	}
	api := connect(config)
	own, unlisted := listed(ctx, api, at, r.Resources)
	if ctx.Err() != nil {
		return fault.Wrap(ctx.Err(), "read CloudWatch", string(at.region))
	}
	out.Unmeasured = append(out.Unmeasured, unlisted...)
	list = append(list, own...)
	resolved, err := resolve(r.Window, m.o.Now(), len(list))
	if err != nil {
		return fault.Of(fault.Usage, "read CloudWatch", "", err)
	}
	var queries []query
	for i := range list {
		queries = append(queries, list[i].queries(resolved)...)
	}
	found, err := fetch(ctx, api, queries, m.o.Concurrency)
	if err != nil {
		return err
	}
	a := &answer{r: resolved, found: found}
	for i := range list {
		measured, trouble := a.make(&list[i])
		if trouble != "" {
			out.Unmeasured = append(out.Unmeasured, troubles(list[i:i+1], trouble)...)
			continue
		}
		if measured != nil {
			out.Measurements = append(out.Measurements, *measured)
		}
	}
	m.o.Log.Info("metrics read", "account", at.account, "region", at.region, "metrics", len(list), "queries", len(found))
	return nil
}

// connect makes a client that slows down by itself when it is throttled, and
// tries for minutes rather than seconds: half a baseline is none. A retryer of
// the configuration is kept.
func connect(config aws.Config) reader {
	if config.Retryer != nil {
		return cloudwatch.NewFromConfig(config)
	}
	return cloudwatch.NewFromConfig(config, func(o *cloudwatch.Options) {
		o.Retryer = retry.NewAdaptiveMode(func(a *retry.AdaptiveModeOptions) {
			a.StandardOptions = append(a.StandardOptions, func(s *retry.StandardOptions) {
				s.MaxAttempts, s.MaxBackoff = max(config.RetryMaxAttempts, 8), 20*time.Second
			})
		})
	})
}

// troubles lists items that could not be measured.
func troubles(list []item, why string) []kpi.Unmeasured {
	var out []kpi.Unmeasured
	for i := range list {
		it := &list[i]
		out = append(out, kpi.Unmeasured{Subject: it.subject.ID, Metric: it.metric, Detail: label(it.namespace, it.names[0], it.dimensions), Source: kpi.CloudWatch, Region: it.region, Reason: why})
	}
	return out
}
