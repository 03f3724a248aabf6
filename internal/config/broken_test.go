package config_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
)

// Each case: a file that is wrong, and the lines that must be reported, all of
// them and in this order.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	for name, c := range brokenFiles() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(config.Input{Path: "landfall.yaml", Data: []byte(c.content)})
			if err == nil {
				t.Fatal("no error")
			}
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("kind %q", fault.KindOf(err))
			}
			got := strings.Split(err.Error(), "\n")
			if len(got) != len(c.want) {
				t.Fatalf("got %d problems, want %d:\n%v", len(got), len(c.want), err)
			}
			for i, want := range c.want {
				if !strings.HasPrefix(got[i], "landfall.yaml:"+want) {
					t.Errorf("problem %d:\n got %s\nwant %s", i, got[i], want)
				}
			}
		})
	}
}

type broken struct {
	content string
	want    []string // "line:column: beginning of the text"
}

func brokenFiles() map[string]broken {
	all := brokenTexts()
	for name, c := range brokenValues() {
		all[name] = c
	}
	return all
}

func brokenTexts() map[string]broken {
	const invalid = "the file is not valid YAML: "
	return map[string]broken{
		"empty":                {"", []string{"1:1: the file is empty"}},
		"only comments":        {"# a\n---\n# b\n", []string{"1:1: the file is empty"}},
		"only a mark":          {"\ufeff", []string{"1:1: the file is empty"}},
		"null":                 {"~\n", []string{"1:1: the file must be a mapping"}},
		"a list":               {"- a\n", []string{"1:1: the file must be a mapping of keys to values, not a list"}},
		"a word":               {"hello\n", []string{`1:1: the file must be a mapping of keys to values, not the string "hello"`}},
		"utf-16 with mark":     {"\xff\xfea\x00", []string{"1:1: the file is UTF-16"}},
		"utf-16 without mark":  {"a\x00:\x00 \x001\x00", []string{"1:1: the file is UTF-16"}},
		"utf-16 big endian":    {"\x00a\x00:\x00 \x001", []string{"1:1: the file is UTF-16"}},
		"latin-1":              {minimal + "# caf\xe9\n", []string{"4:6: the file is not text: byte 0xe9 is not UTF-8"}},
		"a zero byte":          {"a: \x00\n", []string{"1:4: the file is not text: character U+0000"}},
		"an escape":            {"a: 1\nb: \x1b[1m\n", []string{"2:4: the file is not text: character U+001B"}},
		"a line separator":     {"a: 1\u2028b: 2\n", []string{"1:5: the file is not text: character U+2028"}},
		"gzip":                 {"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", []string{"1:1: the file is not text"}},
		"tabs":                 {"a:\n\tb: 1\n# ok:\n\t# comment\n \tc: 1\n\t\n", []string{"2:1: the line is indented with a tab", "5:2: the line is indented with a tab"}},
		"two documents":        {minimal + "---\n" + minimal, []string{"4:1: the file has a second document"}},
		"an empty document":    {minimal + "---\n", []string{"4:1: the file has a second document"}},
		"a broken second":      {minimal + "---\na: [\n", []string{"6:1: " + invalid}},
		"open list":            {"a: [1\n", []string{"2:1: " + invalid + "did not find expected ',' or ']'"}},
		"colon in value":       {"schemaVersion: 1\nworkload:\n  name: a: b\n", []string{"3:3: " + invalid + "mapping values"}},
		"wrong indentation":    {"a:\n  - b\n c: d\n", []string{"3:2: " + invalid + "did not find expected key"}},
		"open quote":           {"a: 1\nb: 'x\n", []string{"2:1: " + invalid + "found unexpected end of stream"}},
		"deep":                 {strings.Repeat("[", 20_000), []string{"1:1: " + invalid + "exceeded max depth"}},
		"unknown alias":        {"a: 1\nworkload: *shop\n", []string{"2:1: " + invalid + "anchors and aliases are not allowed"}},
		"an anchor":            {minimal + "boundary: &b\n  seeds:\n    names: [*n, &n x]\n", []string{"6:5: " + invalid + "anchors and aliases"}},
		"a bomb":               {minimal + "boundary:\n  seeds:\n    names: &a [x]\n    stacks: &b [*a,*a,*a]\n    vpc: [*b,*b,*b]\n", []string{"6:12: anchors and aliases are not allowed; the file has 8"}},
		"anchor and alias":     {minimal + "approvals: &a {twoPersons: true}\nsandbox: *a\n", []string{"4:12: anchors and aliases are not allowed; the file has 2"}},
		"a merge key":          {minimal + "approvals:\n  <<: {twoPersons: true}\n", []string{"5:3: merge keys are not allowed"}},
		"a tag":                {minimal + "engine:\n  address: !!binary aGk=\n", []string{`5:12: type tags such as "!!binary" are not allowed`}},
		"a mapping as a key":   {minimal + "{a: b}: c\n", []string{"4:1: a key must be a plain word, not a mapping"}},
		"a newer file":         {"schemaVersion: 2\nunheardOf: 1\n", []string{"1:16: schemaVersion 2 is newer than this program reads (1)"}},
		"a newer form of text": {"schemaVersion: 99999999999999999999\nworkload: {name: a}\n", []string{"1:16: "}},
	}
}

func brokenValues() map[string]broken {
	return map[string]broken{
		"nothing required": {"source:\n", []string{`1:1: key "schemaVersion" is missing`, `1:1: key "workload.name" is missing`}},
		"unknown keys": {minimal + "sorce: 1\nsandbox:\n  hystoryDays: 3\n  loads: 1\nfoo: 1\nregions: []\n", []string{
			`4:1: unknown key "sorce"; the nearest key is "source"`,
			`6:3: unknown key "hystoryDays" in "sandbox"; the nearest key is "historyDays"`,
			`7:3: unknown key "loads" in "sandbox"; the nearest key is "load"`,
			`8:1: unknown key "foo"; known here: schemaVersion, workload, source, target, boundary, assess, residual, design, environments, runbook, approvals, engine, notify, sandbox`,
			`9:1: unknown key "regions"; the nearest key is "source.regions"`}},
		"other spellings": {minimal + "approvals:\n  two_persons: true\ntarget:\n  CAFILE: x\n", []string{
			`5:3: unknown key "two_persons" in "approvals"; the nearest key is "twoPersons"`,
			`7:3: unknown key "CAFILE" in "target"; the nearest key is "caFile"`}},
		"credentials": {minimal + "source:\n  secretKey: wJalrXUtnFEMI\npassword: hunter2\n", []string{
			`5:3: unknown key "secretKey" in "source"; it looks like a credential`,
			`6:1: unknown key "password"; it looks like a credential`}},
		"twice": {minimal + "workload:\n  name: b\nsandbox:\n  seed: 1\n  seed: 2\n", []string{
			`4:1: key "workload" stands twice; the first is on line 2`,
			`8:3: key "seed" stands twice in "sandbox"; the first is on line 7`}},
		"wrong types": {"schemaVersion: one\nworkload: bookshop\nsource: []\nsandbox:\n  seed: \"14\"\n  objects: 1e3\n  historyDays: [1]\n", []string{
			`1:1: key "workload.name" is missing`,
			`1:16: "schemaVersion" wants a whole number, got the string "one"`,
			`2:11: "workload" wants a mapping of keys to values, got the string "bookshop"`,
			`3:9: "source" wants a mapping of keys to values, got a list`,
			`5:9: "sandbox.seed" wants a whole number, got the string "14"`,
			`6:12: "sandbox.objects" wants a whole number, got the number "1e3"`,
			`7:16: "sandbox.historyDays" wants a whole number, got a list`}},
		"not strings": {minimal + "approvals:\n  twoPersons: yes\ntarget:\n  region: 5\n  tenant: 2020-01-01\n  caFile: true\n  subscription:\n  endpoint: {}\n", []string{
			`5:15: "approvals.twoPersons" wants true or false, got the string "yes"`,
			`7:11: "target.region" wants a string, got the number "5"; put it in quotes`,
			`8:11: "target.tenant" wants a string, got the date "2020-01-01"; put it in quotes`,
			`9:11: "target.caFile" wants a string, got "true", which is true or false in YAML; put it in quotes`,
			`10:3: "target.subscription" has no value`,
			`11:13: "target.endpoint" wants a string, got a mapping`}},
		"numbers": {minimal + "sandbox:\n  objects: 010\n  historyDays: 91\n  seed: 9007199254740992\n  load:\n    ratePerSecond: 1_000\n    seconds: -0\n", []string{
			`5:12: "sandbox.objects" wants a whole number in plain digits, got "010"`,
			`6:16: "sandbox.historyDays" wants a whole number from 1 to 90, got "91"`,
			`7:9: "sandbox.seed" wants a whole number from 0 to 9007199254740991`,
			`9:20: "sandbox.load.ratePerSecond" wants a whole number in plain digits, got "1_000"`,
			`10:14: "sandbox.load.seconds" wants a whole number in plain digits, got "-0"`}},
		"bad values": {"schemaVersion: 0\nworkload:\n  name: -shop\nsource:\n  provider: gcp\n  regions: [us-east-1, us_east, us-east-1, 7]\n  profile: \"\"\n  endpoint: ftp://h\n", []string{
			`1:16: "schemaVersion" wants 1, got "0"`,
			`3:9: "workload.name" wants a DNS label`,
			`5:13: "source.provider" wants "aws", got "gcp"`,
			`6:24: "source.regions[1]" wants an AWS region such as us-east-1, got "us_east"`,
			`6:33: "us-east-1" stands twice in "source.regions"; the first is on line 6`,
			`6:44: "source.regions[3]" wants a string, got the number "7"`,
			`7:12: "source.profile" is empty`,
			`8:13: "source.endpoint" wants an address such as http://host:port`}},
		"addresses": {minimal + "target:\n  endpoint: http://h\n  authority: https://u:hunter2@h\n  region: East US\nengine:\n  address: h:70000\nsource:\n  endpoint: http://h:0/\n", []string{
			`5:13: "target.endpoint" wants an address such as https://host:port`,
			`6:14: "target.authority" holds a user name; credentials have no place`,
			`7:11: "target.region" wants an Azure region such as eastus2`,
			`9:12: "engine.address" is not host:port with a port from 1 to 65535`,
			`11:13: "source.endpoint" has a port that does not exist`}},
		"odd texts": {minimal + "target:\n  caFile: \" a\"\n  region: |\n    eastus\nboundary:\n  seeds:\n    names: [\"" + strings.Repeat("x", 257) + "\"]\n    tags: {1: a, b: 2, c: [], d: }\n    vpc: vpc-1\n", []string{
			`5:11: "target.caFile" begins or ends with a space`,
			`6:11: "target.region" holds a line break`,
			`10:13: "boundary.seeds.names[0]" wants 1 to 256 characters`,
			`11:12: "boundary.seeds.tags" wants a string, got the number "1"`,
			`11:21: "boundary.seeds.tags.b" wants a string, got the number "2"`,
			`11:27: "boundary.seeds.tags.c" wants a string, got a list`,
			`11:3`,
			`12:10: "boundary.seeds.vpc" wants a list of strings, got the string "vpc-1"`}},
		"accounts": {minimal + "source:\n  accounts:\n    - id: 12345\n    - id: 123456789012\n      roleArn: arn:aws:iam::999999999999:role/r\n    - {roleArn: x, role: y}\n    - 123456789012\n    - {id: 111111111111}\n    - {id: \"111111111111\"}\n", []string{
			`6:11: "source.accounts[0].id" wants an AWS account number of 12 digits, got "12345"`,
			`7:7: "source.accounts[1]" has a role of account 999999999999`,
			`9:7: key "source.accounts[2].id" is missing`,
			`9:17: "source.accounts[2].roleArn" wants the ARN of an IAM role`,
			`9:20: unknown key "role" in "source.accounts[2]"; the nearest key is "roleArn"`,
			`10:7: "source.accounts[3]" wants a mapping of keys to values, got the number "123456789012"`,
			`12:7: id "111111111111" stands twice in "source.accounts"; the first is on line 11`}},
	}
}

// A secret in a wrong place must not come back in the message about it.
func TestProblemsHideSecrets(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"password: hunter2\n",
		"source:\n  endpoint: https://user:hunter2@host\n",
		"engine:\n  address: postgres://user:hunter2@host/x\n",
		"engine: postgres://user:hunter2@host/x\n",
		"postgres://user:hunter2@host/x: 1\n",
		"boundary:\n  seeds:\n    vpc: [postgres://user:hunter2@host/x]\n",
	} {
		_, err := config.Load(config.Input{Path: "landfall.yaml", Data: []byte(content)})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q gives %v", content, err)
		}
	}
	_, err := config.Load(config.Input{Path: "landfall.yaml", Data: []byte(minimal),
		Getenv: environment(map[string]string{"LANDFALL_ENGINE_ADDRESS": "postgres://user:hunter2@host/x"})})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a variable gives %v", err)
	}
}

func TestBrokenEnvironmentAndFlags(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Input{
		Path: "landfall.yaml", Data: []byte("bad: 1\n" + minimal),
		Getenv: environment(map[string]string{
			"LANDFALL_SANDBOX_SEED": "x", "LANDFALL_APPROVALS_TWO_PERSONS": "1",
			"LANDFALL_SOURCE_REGIONS": "us-east-1", "LANDFALL_SCHEMA_VERSION": "1",
		}),
		Flags: map[string]string{"sandbox-sed": "1", "source-regions": "x", "target-region": "East US"},
	})
	want := []string{
		`landfall.yaml:1:1: unknown key "bad"`,
		`env LANDFALL_APPROVALS_TWO_PERSONS: "approvals.twoPersons" wants true or false, got "1"`,
		`env LANDFALL_SANDBOX_SEED: "sandbox.seed" wants a whole number in plain digits, got "x"`,
		`env LANDFALL_SCHEMA_VERSION: "schemaVersion" can only be set in the file`,
		`env LANDFALL_SOURCE_REGIONS: "source.regions" can only be set in the file`,
		`flag --sandbox-sed: no key of the configuration has this flag; the nearest is --sandbox-seed`,
		`flag --source-regions: no key of the configuration has this flag`,
		`flag --target-region: "target.region" wants an Azure region`,
	}
	if err == nil {
		t.Fatal("no error")
	}
	got := strings.Split(err.Error(), "\n")
	if len(got) != len(want) {
		t.Fatalf("got %d problems, want %d:\n%v", len(got), len(want), err)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
}
