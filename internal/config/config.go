package config

import (
	"io"
	"os"
	"path/filepath"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
)

// FileName is the name of the configuration file; the folder that holds it is
// the workspace.
const FileName = "landfall.yaml"

// Version is the schemaVersion that this program reads and writes.
const Version = 1

// maxFileBytes bounds the configuration file. The YAML parser needs a few
// hundred times the size of hostile input in memory, and a real file has a few
// kilobytes.
const maxFileBytes = 1 << 20

// Config is the effective configuration.
type Config struct {
	// SchemaVersion is always Version.
	SchemaVersion int
	// Workload is what is carried from AWS to Azure.
	Workload Workload
	// Source is the AWS side.
	Source Source
	// Target is the Azure side.
	Target Target
	// Approvals says who must agree to dangerous steps.
	Approvals Approvals
	// Sandbox sizes the local rehearsal clouds.
	Sandbox Sandbox
	// Engine is where durable execution runs.
	Engine Engine
	// Notify says where people are told.
	Notify Notify
	// Boundary says where the search for the workload's resources begins.
	Boundary Boundary
	// Assess says how far back the assessment looks.
	Assess Assess
	// Residual says whose use of the source is expected after the cutover.
	Residual Residual
	// Design says what a person wants differently from the rules.
	Design Design
	// Environments are the places that the design is deployed to.
	Environments []Environment
	// Runbook says how the runbook is to be made.
	Runbook Runbook

	settings []Setting
}

// Workload is the one workload of a workspace.
type Workload struct {
	// Name is a DNS label; names at the target are derived from it.
	Name string
}

// Source is the AWS side. Credentials come from the AWS SDK's own places.
type Source struct {
	// Provider is always cloud.AWS.
	Provider cloud.Provider
	// Regions to read; empty means the region of the SDK's own configuration.
	Regions []cloud.Region
	// Accounts to read; empty means the account of the credentials.
	Accounts []Account
	// Profile in the AWS configuration files, or "".
	Profile string
	// Endpoint replaces AWS's own addresses, or "".
	Endpoint string
	// RatePercent is the share of the account's API rate that reading may take.
	RatePercent int
	// Concurrency is how many calls are under way at one time, at most.
	Concurrency int
}

// Account is an AWS account to read.
type Account struct {
	// ID is the account number, 12 digits.
	ID cloud.Account
	// RoleARN is the role to assume in the account, or "".
	RoleARN string
}

// Target is the Azure side. Credentials come from the Azure SDK's own places.
type Target struct {
	// Subscription that receives the workload.
	Subscription cloud.Account
	// Tenant is the directory of the subscription: an id or a domain.
	Tenant string
	// Region that receives the workload.
	Region cloud.Region
	// ResourceGroup that receives the workload, or "".
	ResourceGroup string
	// Endpoint of the Resource Manager.
	Endpoint string
	// Authority issues the tokens.
	Authority string
	// PricesEndpoint is the address of the retail prices.
	PricesEndpoint string
	// CAFile holds PEM certificates trusted besides the system's, or "".
	CAFile string
	// StorageKeys lets data be written with the keys of storage accounts.
	StorageKeys bool
}

// Sandbox sizes the local rehearsal clouds.
type Sandbox struct {
	// Objects is the number of objects in the seeded bucket.
	Objects int
	// HistoryDays is how far metrics, logs and trail reach back.
	HistoryDays int
	// Seed of every random number in the sandbox.
	Seed uint64
	// AWSPort is the port of the AWS endpoint, ShopPort that of the sample
	// workload; 0 means any that is free.
	AWSPort, ShopPort int
	// Load is what the load generator does.
	Load SandboxLoad
}

// SandboxLoad is what the load generator does.
type SandboxLoad struct {
	// RatePerSecond of requests, held whatever the answers take.
	RatePerSecond int
	// Seconds that the load lasts.
	Seconds int
}

// Boundary says where the search for the workload's resources begins.
type Boundary struct {
	// Seeds are the starting points; a resource that matches any is in.
	Seeds Seeds
	// Answers are what a person settled: "in", "out" or "shared" by id.
	Answers map[string]string
}

// Residual says whose use of the source is expected after the cutover.
type Residual struct {
	// Expect are rules, each as "landfall residual --expect" takes one.
	Expect []string
}

// Assess says how far back the assessment looks.
type Assess struct {
	// WindowDays before now.
	WindowDays int
}

// Seeds are the starting points of the boundary.
type Seeds struct {
	// Tags that a resource must carry, all of them, to match.
	Tags cloud.Tags
	// VPC ids.
	VPC []string
	// Stacks are CloudFormation stack names.
	Stacks []string
	// Names of resources; "*" stands for any run of characters.
	Names []string
	// IDs are ARNs or ids of resources.
	IDs []string
}

// Input is everything that Load looks at.
type Input struct {
	// Path of the file, for reading and for the texts of problems.
	Path string
	// Data is the content of the file; nil means Load reads Path.
	Data []byte
	// Getenv looks up an environment variable; nil means there are none. A
	// variable that is set and empty counts as not set.
	Getenv func(name string) (string, bool)
	// Flags are the flags that the user gave, by name without dashes (see
	// Key.Flag). An empty value takes back what the file says.
	Flags map[string]string
}

// Load reads, checks and merges the configuration. When the file is there but
// something in it, in the environment or in the flags is wrong, the error is a
// Problems value with one line for each finding.
func Load(in Input) (*Config, error) {
	data := in.Data
	if data == nil {
		var err error
		if data, err = readFile(in.Path); err != nil {
			return nil, err
		}
	}
	l := newLoader(in.Path)
	l.file(data)
	l.environment(in.Getenv)
	l.flags(in.Flags)
	return l.result()
}

func readFile(path string) ([]byte, error) {
	const op = "read configuration"
	info, err := os.Stat(path)
	if err != nil {
		e := fault.Of(fault.KindOf(err), op, path, reason(err))
		if e.Kind == fault.NotFound {
			return nil, e.Hintf("run %q to write one", "landfall init NAME")
		}
		return nil, e
	}
	// Opening a pipe or a device could block for ever.
	if !info.Mode().IsRegular() {
		return nil, fault.Newf(fault.Invalid, "%s %q: it is not a regular file", op, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Of(fault.KindOf(err), op, path, reason(err))
	}
	defer f.Close() // nothing was written, so nothing can be lost
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fault.Of(fault.KindOf(err), op, path, reason(err))
	}
	return data, nil
}

// besideFile makes a relative path that stands in the file relative to the
// folder of the file, so that it means the same from every working folder.
func besideFile(file, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}
