package wire

import (
	"context"
	"net/http"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/meter"
	"example.com/landfall/internal/meter/accesslog"
	"example.com/landfall/internal/meter/cloudwatch"
	"example.com/landfall/internal/meter/costfile"
	"example.com/landfall/internal/meter/probe"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/source/aws"
	"example.com/landfall/internal/source/files"
	"example.com/landfall/internal/target"
	"example.com/landfall/internal/target/dial"
	"example.com/landfall/internal/trail"
	trailaws "example.com/landfall/internal/trail/aws"
	trailfiles "example.com/landfall/internal/trail/files"
)

// readers builds what an assessment reads with.
func readers(s app.Setup, c *config.Config) app.Readers {
	live := sync.OnceValues(func() (sdk.Config, error) { return aws.SDK(context.Background(), settings(c)) })
	r := app.Readers{
		Files: func(f app.Files) (source.Scanner, error) { return fileScanner(s, c, f) },
		Live: func(_ context.Context, journal source.Journal) (source.Scanner, error) {
			conf, err := live()
			if err != nil {
				return nil, err
			}
			return aws.NewScanner(conf, aws.ScanOptions{
				Accounts: roles(c), Regions: c.Source.Regions, Share: float64(c.Source.RatePercent) / 100,
				Concurrency: c.Source.Concurrency, Journal: journal, Now: s.Now, Log: s.Log,
			}), nil
		},
		LiveLogs: func(_ context.Context, journal source.Journal) (trail.Finder, error) {
			conf, err := live()
			if err != nil {
				return nil, err
			}
			return trailaws.New(conf, trailaws.Options{Config: aws.ForAccounts(conf, roles(c)), Journal: journal, Now: s.Now, Log: s.Log}), nil
		},
		LogFiles: logFiles,
		Metrics: func(context.Context) (meter.Meter, error) {
			conf, err := live()
			if err != nil {
				return nil, err
			}
			at := aws.ForAccounts(conf, roles(c))
			return cloudwatch.New(cloudwatch.Options{
				Config: func(_ context.Context, account cloud.Account, region cloud.Region) (sdk.Config, error) {
					return at(account, region), nil
				},
				Now: s.Now, Log: s.Log,
			}), nil
		},
		Requests: func(patterns []string, found []records.File, progress func(int64)) meter.Meter {
			return accesslog.New(accesslog.Options{Paths: patterns, Files: found, Progress: progress, Log: s.Log})
		},
		Costs:  func(patterns []string) meter.Meter { return costfile.New(costfile.Options{Paths: patterns}) },
		Probe:  func(o app.ProbeOptions) (meter.Meter, error) { return prober(s, o) },
		Dialer: dial.New(dial.Options{Now: s.Now}),
		SourceFacts: func(_ context.Context, region cloud.Region) (source.Facts, error) {
			conf, err := live()
			if err != nil {
				return nil, err
			}
			return aws.NewFacts(aws.ForAccounts(conf, nil)("", region)), nil
		},
		TargetFacts: func() (target.Facts, error) { return targetFacts(c) },
		Deployer:    func(subscription cloud.Account) (target.Deployer, error) { return deployer(s, c, subscription) },
	}
	return r
}

func prober(s app.Setup, o app.ProbeOptions) (meter.Meter, error) {
	targets, err := probe.Parse(o.Content)
	if err != nil {
		return nil, fault.Wrap(err, "read list of requests", o.List)
	}
	m, err := probe.New(probe.Options{
		Targets: targets, Rate: o.Rate, Duration: o.Duration, WarmUp: o.WarmUp, Arrivals: probe.Arrivals(o.Arrivals), Seed: o.Seed,
		MaxInFlight: o.MaxInFlight, Timeout: o.Timeout, Follow: o.Follow, Allow: o.Allow, Unsafe: o.Unsafe,
		Proxy: http.ProxyFromEnvironment, Now: s.Now, Log: s.Log,
	})
	if err != nil {
		return nil, err // and no typed nil in the port
	}
	return m, nil
}

func settings(c *config.Config) aws.Settings {
	settings := aws.Settings{Profile: c.Source.Profile, Endpoint: c.Source.Endpoint}
	if len(c.Source.Regions) > 0 {
		settings.Region = string(c.Source.Regions[0])
	}
	return settings
}

func roles(c *config.Config) []aws.AccountRole {
	var out []aws.AccountRole
	for _, a := range c.Source.Accounts {
		out = append(out, aws.AccountRole{ID: a.ID, RoleARN: a.RoleARN})
	}
	return out
}

func fileScanner(s app.Setup, c *config.Config, f app.Files) (source.Scanner, error) {
	var inputs []files.Input
	for _, text := range f.From {
		in, err := files.ParseInput(text)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, in)
	}
	o := files.Options{Account: cloud.Account(f.Account), Region: cloud.Region(f.Region), Log: s.Log}
	// What the workspace reads is what its files most likely speak of.
	if o.Account == "" && len(c.Source.Accounts) == 1 {
		o.Account = c.Source.Accounts[0].ID
	}
	if o.Region == "" && len(c.Source.Regions) == 1 {
		o.Region = c.Source.Regions[0]
	}
	return files.NewScanner(inputs, o), nil
}

func logFiles(f app.LogFiles) trail.Finder {
	var inputs []trailfiles.Input
	for _, group := range []struct {
		kind     trail.Kind
		patterns []string
	}{{trail.FlowLogs, f.FlowLogs}, {trail.Events, f.CloudTrail}, {trail.AccessLog, f.AccessLogs}, {trail.DNSLog, f.DNSLogs}} {
		for _, p := range group.patterns {
			inputs = append(inputs, trailfiles.Input{Kind: group.kind, Path: p})
		}
	}
	return trailfiles.New(inputs...)
}
