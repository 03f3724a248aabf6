package config_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
)

const minimal = "schemaVersion: 1\nworkload:\n  name: bookshop\n"

func load(t *testing.T, content string) *config.Config {
	t.Helper()
	c, err := config.Load(config.Input{Path: "landfall.yaml", Data: []byte(content)})
	if err != nil {
		t.Fatalf("load:\n%v", err)
	}
	return c
}

func TestEveryKeyIsRead(t *testing.T) {
	t.Parallel()
	c := load(t, `
schemaVersion: 1
workload: {name: bookshop}
source:
  provider: aws
  regions: [us-east-1, eu-west-1]
  accounts:
    - {id: 012345678901, roleArn: "arn:aws:iam::012345678901:role/reader"}
    - id: "123456789012"
  profile: shop
  endpoint: http://127.0.0.1:4566
  ratePercent: 25
  concurrency: 4
target:
  subscription: 00000000-0000-0000-0000-000000000001
  tenant: contoso.onmicrosoft.com
  region: eastus2
  resourceGroup: rg-shop
  endpoint: https://127.0.0.1:8443
  authority: https://127.0.0.1:8443/login
  pricesEndpoint: https://prices.example.com
  storageKeys: true
  caFile: ca.pem
sandbox:
  objects: 0
  historyDays: 90
  seed: 9007199254740991
  awsPort: 5000
  shopPort: 8080
  load: {ratePerSecond: 7, seconds: 8}
approvals: {twoPersons: false, identity: oidc, signersFile: keys, issuer: "https://id.example.com", audience: shop, roles: {ann: business-owner}, may: {abort: "lead, operations", pause: "*"}}
engine: {address: "temporal:7233", namespace: shop, insecure: true, caFile: ca, certFile: cert, keyFile: key, apiKeyVariable: KEY, queues: {source: near}, idleMinutes: 3}
notify: {webhooks: {"*": HOOK}, smtp: "mail:25", from: a@b, to: {network: c@d}, userVariable: MU, passwordVariable: MP}
boundary:
  seeds:
    tags: {Workload: bookshop, Empty: ""}
    vpc: [vpc-0a1b2c3d]
    stacks: [Shop-1]
    names: ["shop-*"]
    ids: ["arn:aws:s3:::shop"]
  answers: {"arn:aws:s3:::logs": shared}
assess: {windowDays: 9}
residual: {expect: ["name=audit,principal=*:role/auditor", "address=203.0.113.0/24"]}
design:
  overrides: [{source: "shop-*", action: retain, size: Standard_D4s_v5, target: Microsoft.Sql/servers, reason: it says so}]
  accept: {network.web: the shop calls out}
  addressSpaces: {vpc-0a1b2c3d: 10.40.0.0/16}
  onPremises: [10.0.0.0/12]
  mergeSubnets: true
  tags: {cost-centre: "4100"}
environments: [{name: test, stage: non-production, subscription: 00000000-0000-0000-0000-000000000002, resourceGroup: rg-test, region: westeurope}]
runbook:
  strategy: canary
  window: {opens: "2027-03-06T22:00:00+01:00", lengthMinutes: 240, rollbackMinutes: 60, zone: Europe/Berlin}
  contacts: [{role: lead, name: A. Miller, reach: "+1 555 0100", does: decides}]
  checks:
    - {name: front, url: "https://shop.example.com/", status: 301, contains: moved}
    - {name: load, command: make load, for: load}
  ttlSeconds: 60
  observationHours: 24
  shares: [10, 100]
  tolerancePercent: 7
  data: [{of: shop-db, method: offline, gib: 250}]
  owners: {database: data team}
  resolvers: "192.0.2.53, [2001:db8::53]:5353"
  nameServerPort: 5353
`)
	want := config.Config{
		SchemaVersion: 1, Workload: config.Workload{Name: "bookshop"}, Assess: config.Assess{WindowDays: 9}, Residual: config.Residual{Expect: []string{"name=audit,principal=*:role/auditor", "address=203.0.113.0/24"}},
		Source: config.Source{
			Provider: cloud.AWS, Regions: []cloud.Region{"us-east-1", "eu-west-1"},
			Accounts: []config.Account{{ID: "012345678901", RoleARN: "arn:aws:iam::012345678901:role/reader"}, {ID: "123456789012"}},
			Profile:  "shop", Endpoint: "http://127.0.0.1:4566", RatePercent: 25, Concurrency: 4,
		},
		Target: config.Target{
			Subscription: "00000000-0000-0000-0000-000000000001", Tenant: "contoso.onmicrosoft.com", Region: "eastus2", ResourceGroup: "rg-shop",
			Endpoint: "https://127.0.0.1:8443", Authority: "https://127.0.0.1:8443/login", PricesEndpoint: "https://prices.example.com", CAFile: "ca.pem", StorageKeys: true,
		},
		Sandbox:   config.Sandbox{HistoryDays: 90, Seed: 1<<53 - 1, AWSPort: 5000, ShopPort: 8080, Load: config.SandboxLoad{RatePerSecond: 7, Seconds: 8}},
		Approvals: config.Approvals{Identity: "oidc", SignersFile: "keys", Issuer: "https://id.example.com", Audience: "shop", Roles: map[string]string{"ann": "business-owner"}, May: map[string]string{"abort": "lead, operations", "pause": "*"}},
		Engine: config.Engine{Address: "temporal:7233", Namespace: "shop", Insecure: true, CAFile: "ca", CertFile: "cert", KeyFile: "key", APIKeyVariable: "KEY",
			Queues: map[string]string{"source": "near"}, IdleMinutes: 3},
		Notify: config.Notify{Webhooks: map[string]string{"*": "HOOK"}, SMTP: "mail:25", From: "a@b", To: map[string]string{"network": "c@d"}, UserVariable: "MU", PasswordVariable: "MP"},
		Boundary: config.Boundary{Seeds: config.Seeds{Tags: cloud.Tags{"Workload": "bookshop", "Empty": ""}, VPC: []string{"vpc-0a1b2c3d"}, Stacks: []string{"Shop-1"}, Names: []string{"shop-*"}, IDs: []string{"arn:aws:s3:::shop"}},
			Answers: map[string]string{"arn:aws:s3:::logs": "shared"}},
		Design: config.Design{
			Overrides:     []config.Override{{Source: "shop-*", Action: "retain", Size: "Standard_D4s_v5", Target: "Microsoft.Sql/servers", Reason: "it says so"}},
			Accept:        map[string]string{"network.web": "the shop calls out"},
			AddressSpaces: map[string]string{"vpc-0a1b2c3d": "10.40.0.0/16"}, OnPremises: []string{"10.0.0.0/12"}, MergeSubnets: true, Tags: cloud.Tags{"cost-centre": "4100"},
		},
		Environments: []config.Environment{{Name: "test", Stage: config.NonProduction, Subscription: "00000000-0000-0000-0000-000000000002", ResourceGroup: "rg-test", Region: "westeurope"}},
	}
	if !reflect.DeepEqual(c.Design, want.Design) || !slices.Equal(c.Environments, want.Environments) {
		t.Errorf("got %+v %+v", c.Design, c.Environments)
	}
	opens := time.Date(2027, 3, 6, 21, 0, 0, 0, time.UTC)
	runbook := config.Runbook{
		Strategy: "canary", Window: config.Window{Opens: &opens, LengthMinutes: 240, RollbackMinutes: 60, Zone: "Europe/Berlin"},
		Contacts:   []config.Contact{{Role: "lead", Name: "A. Miller", Reach: "+1 555 0100", Does: "decides"}},
		Checks:     []config.Check{{Name: "front", URL: "https://shop.example.com/", Status: 301, Contains: "moved"}, {Name: "load", Command: "make load", For: "load"}},
		TTLSeconds: 60, ObservationHours: 24, Shares: []int{10, 100}, TolerancePercent: 7,
		Data: []config.Data{{Of: "shop-db", Method: "offline", GiB: 250}}, Owners: map[string]string{"database": "data team"},
		Resolvers: []string{"192.0.2.53", "[2001:db8::53]:5353"}, NameServerPort: 5353,
	}
	if got := c.Runbook.Window.Opens; got == nil || !got.Equal(opens) {
		t.Errorf("the window opens at %v", got)
	}
	c.Runbook.Window.Opens = &opens // the same moment in another zone
	if !reflect.DeepEqual(c.Runbook, runbook) {
		t.Errorf("got %+v, want %+v", c.Runbook, runbook)
	}
	same(t, c, &want)
	for _, s := range c.Effective() {
		if !strings.HasPrefix(s.Origin, "landfall.yaml:") {
			t.Errorf("%s has the origin %q, want the file", s.Key, s.Origin)
		}
	}
}

func same(t *testing.T, got, want *config.Config) {
	t.Helper()
	pairs := []struct{ got, want any }{
		{got.Workload, want.Workload}, {got.Source.Provider, want.Source.Provider}, {got.Source.Profile, want.Source.Profile},
		{got.Source.Endpoint, want.Source.Endpoint}, {got.Target, want.Target}, {got.Approvals, want.Approvals},
		{got.Sandbox, want.Sandbox}, {got.Engine, want.Engine}, {got.Notify, want.Notify}, {got.Assess, want.Assess},
		{got.Source.RatePercent, want.Source.RatePercent}, {got.Source.Concurrency, want.Source.Concurrency}, {got.SchemaVersion, want.SchemaVersion},
	}
	for _, p := range pairs {
		if !reflect.DeepEqual(p.got, p.want) {
			t.Errorf("got %+v, want %+v", p.got, p.want)
		}
	}
	seeds, wantSeeds := got.Boundary.Seeds, want.Boundary.Seeds
	if !slices.Equal(got.Source.Regions, want.Source.Regions) || !slices.Equal(got.Source.Accounts, want.Source.Accounts) ||
		!slices.Equal(seeds.VPC, wantSeeds.VPC) || !slices.Equal(seeds.Stacks, wantSeeds.Stacks) || !slices.Equal(seeds.Names, wantSeeds.Names) ||
		!slices.Equal(got.Residual.Expect, want.Residual.Expect) || !slices.Equal(seeds.IDs, wantSeeds.IDs) || !maps.Equal(got.Boundary.Answers, want.Boundary.Answers) ||
		!slices.Equal(seeds.Tags.Keys(), wantSeeds.Tags.Keys()) || seeds.Tags["Workload"] != wantSeeds.Tags["Workload"] {
		t.Errorf("got %+v %+v, want %+v %+v", got.Source, seeds, want.Source, wantSeeds)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := load(t, minimal+"target:\nsandbox:\n  # all commented out\n")
	want := config.Config{
		SchemaVersion: 1, Workload: config.Workload{Name: "bookshop"}, Source: config.Source{Provider: cloud.AWS, RatePercent: 50, Concurrency: 32},
		Assess:    config.Assess{WindowDays: 14},
		Target:    config.Target{Endpoint: "https://management.azure.com", Authority: "https://login.microsoftonline.com", PricesEndpoint: "https://prices.azure.com"},
		Approvals: config.Approvals{TwoPersons: true, Identity: "local", Roles: map[string]string{}, May: map[string]string{}},
		Engine:    config.Engine{Namespace: "landfall", Queues: map[string]string{}, IdleMinutes: 15},
		Notify:    config.Notify{Webhooks: map[string]string{}, To: map[string]string{}},
		Sandbox:   config.Sandbox{Objects: 20_000, HistoryDays: 14, Seed: 42, Load: config.SandboxLoad{RatePerSecond: 50, Seconds: 15}},
	}
	same(t, c, &want)
}

func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

func setting(t *testing.T, c *config.Config, key string) config.Setting {
	t.Helper()
	all := c.Effective()
	i := slices.IndexFunc(all, func(s config.Setting) bool { return s.Key == key })
	if i < 0 {
		t.Fatalf("no setting %q", key)
	}
	return all[i]
}

// Each layer on top of the one below, and the origin that goes with it.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	file := minimal + "sandbox:\n  seed: 1\n  objects: 1\n  historyDays: 1\n"
	c, err := config.Load(config.Input{
		Path: "w/landfall.yaml", Data: []byte(file),
		Getenv: environment(map[string]string{
			"LANDFALL_SANDBOX_SEED": "2", "LANDFALL_SANDBOX_OBJECTS": "2", "LANDFALL_SANDBOX_HISTORY_DAYS": "",
			"LANDFALL_APPROVALS_TWO_PERSONS": "false",
		}),
		Flags: map[string]string{"sandbox-seed": "3", "target-ca-file": "/x.pem"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []config.Setting{
		{Key: "sandbox.seed", Value: int64(3), Origin: "flag --sandbox-seed"},
		{Key: "sandbox.objects", Value: int64(2), Origin: "env LANDFALL_SANDBOX_OBJECTS"},
		{Key: "sandbox.historyDays", Value: int64(1), Origin: "w/landfall.yaml:7"},
		{Key: "sandbox.load.seconds", Value: int64(15), Origin: "default"},
		{Key: "approvals.twoPersons", Value: false, Origin: "env LANDFALL_APPROVALS_TWO_PERSONS"},
		{Key: "target.caFile", Value: "/x.pem", Origin: "flag --target-ca-file"},
	} {
		if got := setting(t, c, want.Key); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if c.Sandbox.Seed != 3 || c.Approvals.TwoPersons {
		t.Errorf("the configuration does not hold what Effective says: %+v", c)
	}
}

// An empty flag takes back what the file says; a required key cannot be taken
// back.
func TestEmptyFlag(t *testing.T) {
	t.Parallel()
	in := config.Input{Path: "landfall.yaml", Data: []byte(minimal + "target:\n  endpoint: https://127.0.0.1:1\n"),
		Flags: map[string]string{"target-endpoint": ""}}
	c, err := config.Load(in)
	if err != nil {
		t.Fatal(err)
	}
	if c.Target.Endpoint != "https://management.azure.com" {
		t.Errorf("endpoint = %q", c.Target.Endpoint)
	}
	in.Flags = map[string]string{"workload-name": ""}
	if _, err := config.Load(in); !fault.Is(err, fault.Usage) {
		t.Errorf("an empty workload name gives %v", err)
	}
}

// A relative path in the file is relative to the file, whatever the working
// folder is; from a flag it is the user's, relative to where the user stands.
func TestPathsAreRelativeToTheFile(t *testing.T) {
	t.Parallel()
	in := config.Input{Path: "/w/landfall.yaml", Data: []byte(minimal + "target:\n  caFile: tls/ca.pem\n")}
	c, err := config.Load(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join("/w", "tls", "ca.pem"); c.Target.CAFile != want || setting(t, c, "target.caFile").Value != want {
		t.Errorf("caFile = %q, want %q", c.Target.CAFile, want)
	}
	in.Flags = map[string]string{"target-ca-file": "ca.pem"}
	if c, err = config.Load(in); err != nil || c.Target.CAFile != "ca.pem" {
		t.Errorf("caFile = %v, %v", c, err)
	}
}

func TestNamesAreDerived(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range config.Keys() {
		if k.Doc == "" || seen[k.Path] {
			t.Errorf("key %q: doc %q, twice %v", k.Path, k.Doc, seen[k.Path])
		}
		seen[k.Path] = true
		if k.Env == "" {
			continue
		}
		if k.Env != config.EnvName(k.Path) || k.Flag != config.FlagName(k.Path) || seen[k.Env] || seen[k.Flag] {
			t.Errorf("key %q: env %q, flag %q", k.Path, k.Env, k.Flag)
		}
		seen[k.Env], seen[k.Flag] = true, true
	}
	if got := config.EnvName("sandbox.load.ratePerSecond"); got != "LANDFALL_SANDBOX_LOAD_RATE_PER_SECOND" {
		t.Errorf("EnvName = %q", got)
	}
	if got := config.FlagName("target.caFile"); got != "target-ca-file" {
		t.Errorf("FlagName = %q", got)
	}
}

func TestLoadReadsTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, config.FileName)
	_, err := config.Load(config.Input{Path: path})
	if !fault.Is(err, fault.NotFound) || !strings.Contains(fault.HintOf(err), "landfall init") {
		t.Errorf("a missing file gives %v, hint %q", err, fault.HintOf(err))
	}
	if err := os.WriteFile(path, []byte("\ufeff"+strings.ReplaceAll(minimal, "\n", "\r\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(config.Input{Path: path}); err != nil {
		t.Errorf("a file with byte order mark and CRLF gives %v", err)
	}
	if _, err := config.Load(config.Input{Path: dir}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a folder gives %v", err)
	}
	big := filepath.Join(dir, "big.yaml")
	if err := os.WriteFile(big, []byte(minimal+strings.Repeat("#", 1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(config.Input{Path: big}); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "\n") {
		t.Errorf("a huge file gives %v", err)
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Input{Path: "landfall.yaml", Data: []byte(minimal), Flags: map[string]string{"sandbox-sed": "1"}})
	if !fault.Is(err, fault.Usage) || fault.ExitCode(err) != 2 {
		t.Errorf("a wrong flag gives %v", err)
	}
	_, err = config.Load(config.Input{Path: "landfall.yaml", Data: []byte("x: 1\n"), Flags: map[string]string{"sandbox-sed": "1"}})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("a wrong file and a wrong flag give %v", err)
	}
	if problems, ok := errors.AsType[config.Problems](err); !ok || len(problems) != 4 {
		t.Errorf("got %v, want four problems", err)
	}
}

func TestManyProblemsAreCut(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 500 {
		b.WriteString("zz" + strconv.Itoa(i) + ": 1\n")
	}
	_, err := config.Load(config.Input{Path: "landfall.yaml", Data: []byte(b.String())})
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 101 || lines[100] != "and 402 more problems" {
		t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
}
