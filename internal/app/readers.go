package app

import (
	"context"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/meter"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/target"
	"example.com/landfall/internal/trail"
)

// Readers builds what an assessment reads with, from the configuration. Wire
// makes it; a reader that cannot be built says why when it is asked for.
type Readers struct {
	// Live returns the scanner of the accounts; the journal keeps the pages of
	// a scan that is killed.
	Live func(ctx context.Context, journal source.Journal) (source.Scanner, error)
	// Files returns the scanner of exported files, each FORMAT=PATH.
	Files func(f Files) (source.Scanner, error)
	// LiveLogs returns the finder of the logs that the accounts hold.
	LiveLogs func(ctx context.Context, journal source.Journal) (trail.Finder, error)
	// LogFiles returns the finder of log files.
	LogFiles func(f LogFiles) trail.Finder
	// Metrics returns the meter of the accounts' own monitoring.
	Metrics func(ctx context.Context) (meter.Meter, error)
	// Requests returns the meter of access logs: patterns, and files that a
	// finder found. progress hears the bytes that were read.
	Requests func(patterns []string, found []records.File, progress func(int64)) meter.Meter
	// Costs returns the meter of cost and usage reports.
	Costs func(patterns []string) meter.Meter
	// Probe returns the meter that sends requests of its own.
	Probe func(o ProbeOptions) (meter.Meter, error)
	// Deployer returns the deployer for a subscription.
	Deployer func(subscription cloud.Account) (target.Deployer, error)
	// Dialer tries connections from this machine.
	Dialer target.Dialer
	// SourceFacts and TargetFacts return the readers of what the clouds offer.
	SourceFacts func(ctx context.Context, region cloud.Region) (source.Facts, error)
	TargetFacts func() (target.Facts, error)
}

// Files are exported files and what is known beside them.
type Files struct {
	From            []string
	Account, Region string
}

// LogFiles are patterns of log files, by what they hold.
type LogFiles struct {
	FlowLogs, CloudTrail, AccessLogs []string
	// DNSLogs are read for residual use only.
	DNSLogs []string
}
