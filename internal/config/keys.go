package config

import (
	"example.com/landfall/internal/cloud"
)

// form is the type of a key's value.
type form string

const (
	text    form = "string"
	integer form = "integer"
	boolean form = "boolean"
	texts   form = "list of strings"
	records form = "list of mappings"
	pairs   form = "mapping of strings"
)

// scalar reports whether the value can stand in an environment variable.
func (f form) scalar() bool { return f == text || f == integer || f == boolean }

// key is one row of the table of keys. A value travels as string, int64,
// bool, []string, []map[string]string or map[string]string, by form.
type key struct {
	path string
	form form
	doc  string
	// def is the value when nothing sets the key; nil is the empty value.
	def any
	// must says that a configuration without the key is wrong.
	must bool
	// fileOnly keys describe the file and cannot be set elsewhere.
	fileOnly bool
	rule     rule
	// names of the entries of a mapping.
	names rule
	// fields of each record.
	fields []key
	put    func(c *Config, value any)
}

// keys is the table: every key of landfall.yaml, in the order of the template
// and of "landfall config".
func keys() []key {
	all := []key{
		{path: "schemaVersion", form: integer, must: true, fileOnly: true,
			doc:  "version of this file's form",
			rule: rule{min: 1, max: Version},
			put:  func(c *Config, v any) { c.SchemaVersion = int(v.(int64)) }},
		{path: "workload.name", form: text, must: true,
			doc:  "name of the workload; resources at the target are named after it, and retiring asks for it to be typed",
			rule: dnsLabel(),
			put:  func(c *Config, v any) { c.Workload.Name = v.(string) }},
	}
	all = append(all, sourceKeys()...)
	all = append(all, targetKeys()...)
	all = append(all, boundaryKeys()...)
	all = append(all, assessKeys()...)
	all = append(all, residualKeys()...)
	all = append(all, designKeys()...)
	all = append(all, runbookKeys()...)
	all = append(all, approvalKeys()...)
	all = append(all, engineKeys()...)
	return append(all, sandboxKeys()...)
}

func sourceKeys() []key {
	return []key{
		{path: "source.provider", form: text, def: string(cloud.AWS),
			doc:  "cloud that the workload leaves",
			rule: rule{oneOf: []string{string(cloud.AWS)}},
			put:  func(c *Config, v any) { c.Source.Provider = cloud.Provider(v.(string)) }},
		{path: "source.regions", form: texts,
			doc:  "AWS regions to read; without any, the region of the AWS SDK's own configuration",
			rule: awsRegion(),
			put:  func(c *Config, v any) { c.Source.Regions = convert[cloud.Region](v.([]string)) }},
		{path: "source.accounts", form: records,
			doc: "AWS accounts to read; without any, the account of the credentials",
			fields: []key{
				{path: "id", form: text, must: true, doc: "account number, 12 digits", rule: accountID()},
				{path: "roleArn", form: text, doc: "role to assume in the account", rule: roleARN()},
			},
			rule: rule{unique: "id", check: roleInAccount},
			put:  func(c *Config, v any) { c.Source.Accounts = accounts(v.([]map[string]string)) }},
		{path: "source.profile", form: text,
			doc:  "profile in the AWS configuration files that supplies the credentials",
			rule: rule{pattern: `^[^\s:\[\]]+$`, wants: "a profile name without spaces, colons and brackets"},
			put:  func(c *Config, v any) { c.Source.Profile = v.(string) }},
		{path: "source.endpoint", form: text,
			doc:  "address used instead of AWS's own, for the sandbox and for private gateways",
			rule: address("http", "https"),
			put:  func(c *Config, v any) { c.Source.Endpoint = v.(string) }},
		{path: "source.ratePercent", form: integer, def: int64(50),
			doc: "share of the account's API rate that reading may take; what runs there keeps the rest",
			// AWS counts its rates per account and region, not per caller.
			rule: rule{min: 1, max: 100},
			put:  func(c *Config, v any) { c.Source.RatePercent = int(v.(int64)) }},
		{path: "source.concurrency", form: integer, def: int64(32),
			doc:  "calls under way at one time, at most",
			rule: rule{min: 1, max: 256},
			put:  func(c *Config, v any) { c.Source.Concurrency = int(v.(int64)) }},
	}
}

// The defaults are the public cloud's: Resource Manager at
// management.azure.com, tokens from login.microsoftonline.com.
func targetKeys() []key {
	return []key{
		{path: "target.subscription", form: text,
			doc: "Azure subscription that receives the workload", rule: uuid(),
			put: func(c *Config, v any) { c.Target.Subscription = cloud.Account(v.(string)) }},
		{path: "target.tenant", form: text,
			doc: "directory of the subscription: its id, or one of its domains", rule: tenant(),
			put: func(c *Config, v any) { c.Target.Tenant = v.(string) }},
		{path: "target.region", form: text,
			doc: "Azure region that receives the workload", rule: azureRegion(),
			put: func(c *Config, v any) { c.Target.Region = cloud.Region(v.(string)) }},
		{path: "target.resourceGroup", form: text,
			doc: "resource group that receives the workload; named after it when empty", rule: group(),
			put: func(c *Config, v any) { c.Target.ResourceGroup = v.(string) }},
		{path: "target.endpoint", form: text, def: "https://management.azure.com",
			doc: "address of Azure Resource Manager", rule: address("https"),
			put: func(c *Config, v any) { c.Target.Endpoint = v.(string) }},
		{path: "target.authority", form: text, def: "https://login.microsoftonline.com",
			doc: "address that issues the tokens", rule: address("https"),
			put: func(c *Config, v any) { c.Target.Authority = v.(string) }},
		{path: "target.pricesEndpoint", form: text, def: "https://prices.azure.com",
			doc: "address of the retail prices, which \"landfall catalog refresh\" reads", rule: address("http", "https"),
			put: func(c *Config, v any) { c.Target.PricesEndpoint = v.(string) }},
		{path: "target.caFile", form: text,
			doc:  "PEM file with certificates to trust besides the system's; relative to this file",
			rule: rule{besideFile: true},
			put:  func(c *Config, v any) { c.Target.CAFile = v.(string) }},
		{path: "target.storageKeys", form: boolean, def: false,
			doc: "write to storage accounts with their keys instead of tokens, for accounts that no data role can be assigned on",
			put: func(c *Config, v any) { c.Target.StorageKeys = v.(bool) }},
	}
}

func boundaryKeys() []key {
	return []key{
		{path: "boundary.seeds.tags", form: pairs,
			doc: "a resource that carries all of these tags belongs to the workload",
			// The limits of AWS for a tag's key and value.
			names: rule{pattern: `^.{1,128}$`, wants: "a name of 1 to 128 characters"},
			rule:  rule{pattern: `^.{0,256}$`, wants: "at most 256 characters", empty: true},
			put:   func(c *Config, v any) { c.Boundary.Seeds.Tags = v.(map[string]string) }},
		{path: "boundary.seeds.vpc", form: texts,
			doc:  "what stands in one of these VPCs belongs to the workload",
			rule: rule{pattern: `^vpc-[0-9a-f]{8,17}$`, wants: "a VPC id such as vpc-0a1b2c3d4e5f67890"},
			put:  func(c *Config, v any) { c.Boundary.Seeds.VPC = v.([]string) }},
		{path: "boundary.seeds.stacks", form: texts,
			doc: "what one of these CloudFormation stacks made belongs to the workload",
			// CloudFormation: a letter first, letters, digits and hyphens, at most 128.
			rule: rule{pattern: `^[A-Za-z][A-Za-z0-9-]{0,127}$`, wants: "a CloudFormation stack name: letters, digits and hyphens, a letter first"},
			put:  func(c *Config, v any) { c.Boundary.Seeds.Stacks = v.([]string) }},
		{path: "boundary.seeds.names", form: texts,
			doc:  "a resource with one of these names belongs to the workload; * stands for any run of characters",
			rule: rule{pattern: `^.{1,256}$`, wants: "1 to 256 characters"},
			put:  func(c *Config, v any) { c.Boundary.Seeds.Names = v.([]string) }},
		{path: "boundary.seeds.ids", form: texts,
			doc:  "resources that belong to the workload, by ARN or id",
			rule: rule{pattern: `^\S+$`, wants: "an ARN or an id, without spaces"},
			put:  func(c *Config, v any) { c.Boundary.Seeds.IDs = v.([]string) }},
		{path: "boundary.answers", form: pairs,
			doc:   "what a person settled: the id of a resource, and whether it is in, out or shared",
			names: rule{pattern: `^\S+$`, wants: "an ARN or an id, without spaces"},
			rule:  rule{pattern: `^(in|out|shared)$`, wants: "in, out or shared"},
			put:   func(c *Config, v any) { c.Boundary.Answers = v.(map[string]string) }},
	}
}

func assessKeys() []key {
	return []key{
		{path: "assess.windowDays", form: integer, def: int64(14),
			doc: "days before now that the baseline, the flow logs and the trail are read for",
			// CloudWatch keeps hourly values for 455 days.
			rule: rule{min: 1, max: 455},
			put:  func(c *Config, v any) { c.Assess.WindowDays = int(v.(int64)) }},
	}
}

func residualKeys() []key {
	return []key{
		{path: "residual.expect", form: texts,
			doc:  "whose use of the source is expected after the cutover (backup, audit): rules such as name=audit,principal=*:role/auditor",
			rule: rule{pattern: `^[a-z]+=[^,]+(,[a-z]+=[^,]+)*$`, wants: "fields with patterns, such as principal=*:role/auditor,action=config:*"},
			put:  func(c *Config, v any) { c.Residual.Expect = v.([]string) }},
	}
}

func sandboxKeys() []key {
	return []key{
		{path: "sandbox.objects", form: integer, def: int64(20_000),
			doc:  "number of small objects in the sandbox's bucket",
			rule: rule{min: 0, max: 10_000_000},
			put:  func(c *Config, v any) { c.Sandbox.Objects = int(v.(int64)) }},
		{path: "sandbox.historyDays", form: integer, def: int64(14),
			doc: "days of metrics, logs and trail before now",
			// CloudTrail's event history holds 90 days.
			rule: rule{min: 1, max: 90},
			put:  func(c *Config, v any) { c.Sandbox.HistoryDays = int(v.(int64)) }},
		{path: "sandbox.seed", form: integer, def: int64(42),
			doc: "seed of every random number; the same seed gives the same sandbox",
			// A JSON number holds whole numbers exactly up to 2^53-1.
			rule: rule{min: 0, max: 1<<53 - 1},
			put:  func(c *Config, v any) { c.Sandbox.Seed = uint64(v.(int64)) }},
		{path: "sandbox.awsPort", form: integer, def: int64(0),
			doc:  "port of the AWS endpoint on 127.0.0.1; 0 takes one that is free",
			rule: rule{min: 0, max: 65_535},
			put:  func(c *Config, v any) { c.Sandbox.AWSPort = int(v.(int64)) }},
		{path: "sandbox.shopPort", form: integer, def: int64(0),
			doc:  "port of the sample workload; 0 takes one that is free",
			rule: rule{min: 0, max: 65_535},
			put:  func(c *Config, v any) { c.Sandbox.ShopPort = int(v.(int64)) }},
		{path: "sandbox.load.ratePerSecond", form: integer, def: int64(50),
			doc:  "requests a second of the load generator",
			rule: rule{min: 1, max: 100_000},
			put:  func(c *Config, v any) { c.Sandbox.Load.RatePerSecond = int(v.(int64)) }},
		{path: "sandbox.load.seconds", form: integer, def: int64(15),
			doc:  "seconds that the load lasts",
			rule: rule{min: 1, max: 86_400},
			put:  func(c *Config, v any) { c.Sandbox.Load.Seconds = int(v.(int64)) }},
	}
}

func accounts(rows []map[string]string) []Account {
	out := make([]Account, 0, len(rows))
	for _, row := range rows {
		out = append(out, Account{ID: cloud.Account(row["id"]), RoleARN: row["roleArn"]})
	}
	return out
}

func convert[T ~string](in []string) []T {
	out := make([]T, 0, len(in))
	for _, s := range in {
		out = append(out, T(s))
	}
	return out
}
