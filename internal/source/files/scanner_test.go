package files_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/source/files"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/filestest"
)

func TestParseInput(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want files.Input
		kind fault.Kind
	}{
		{"auto=exports", files.Input{Format: files.Auto, Path: "exports"}, ""},
		{"terraform-state=a=b.tfstate", files.Input{Format: files.TerraformState, Path: "a=b.tfstate"}, ""},
		{"exports", files.Input{}, fault.Usage},
		{"describe=", files.Input{}, fault.Usage},
		{"=x", files.Input{}, fault.Usage},
		{"bicep=x", files.Input{}, fault.Usage},
	} {
		got, err := files.ParseInput(c.text)
		if got != c.want || fault.KindOf(err) != c.kind {
			t.Errorf("ParseInput(%q) = %v, %v; want %v of kind %q", c.text, got, err, c.want, c.kind)
		}
		if err != nil && fault.HintOf(err) == "" {
			t.Errorf("ParseInput(%q): %v has no hint", c.text, err)
		}
	}
}

const vpcs = `{"Vpcs": [{"VpcId": "vpc-0aaaaaaaaaaaaaaaa", "CidrBlock": "10.0.0.0/16", "InstanceTenancy": "default", "OwnerId": "210987654321"}]}`

func TestNothingBehindAnInput(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "full", "a.json"), []byte(vpcs))
	if err := os.Mkdir(filepath.Join(folder, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"none.json", "none/**/*.json", "full/*.yaml", "empty", "none/x.json"} {
		inputs := []files.Input{{Format: files.Auto, Path: filepath.Join(folder, "full")}, {Format: files.Describe, Path: filepath.Join(folder, path)}}
		g := &gathered{}
		err := files.NewScanner(inputs, files.Options{Kinds: converter()}).Scan(t.Context(), g)
		if !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v", path, err)
		}
		if len(g.Observations) > 0 {
			t.Errorf("%s: something was read before the error", path)
		}
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for i, name := range []string{"a.json", "b/a.json", "b/c/d/a.json", "b/c/x.txt", ".git/a.json", "b/.terraform/a.json", "[1].json"} {
		write(t, filepath.Join(folder, name), []byte(strings.Replace(vpcs, "vpc-0", "vpc-"+string(rune('1'+i)), 1)))
	}
	for _, c := range []struct {
		pattern string
		want    int
	}{
		{"*.json", 2}, {"**/*.json", 4}, {"b/**", 3}, {"b/*", 3}, {"{a,b}*", 4}, {".", 5}, {"[1].json", 1}, {"?.json", 1}, {"b/.terraform", 1}, {"**/c", 2},
	} {
		g := scan(t, files.Input{Format: files.Describe, Path: filepath.Join(folder, c.pattern)})
		if n := len(g.Observations); n != c.want {
			t.Errorf("%q: %d resources, want %d (refused %v)", c.pattern, n, c.want, g.RefusedList)
		}
	}
}

// Links inside of the folder are followed, circles end, and what leads out is
// refused by name; so is what would block for ever when it is opened.
func TestWalkStaysInside(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	write(t, filepath.Join(outside, "secret.json"), []byte(vpcs))
	folder := t.TempDir()
	write(t, filepath.Join(folder, "real", "a.json"), []byte(vpcs))
	link := func(to, at string) {
		if err := os.Symlink(to, filepath.Join(folder, at)); err != nil {
			t.Fatal(err)
		}
	}
	link("real", "again")
	link("..", "real/up")
	link(folder, "self")
	link(filepath.Join(outside, "secret.json"), "out.json")
	link(outside, "outside")
	link("nowhere.json", "broken.json")
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, filepath.Join(folder, "*")} {
		g := scan(t, files.Input{Format: files.Auto, Path: path})
		if len(g.Observations) != 1 || len(g.Inputs) != 1 {
			t.Errorf("%s: %d resources of %v, want the one file inside", path, len(g.Observations), g.Inputs)
		}
		var refused []string
		for _, r := range g.RefusedList {
			refused = append(refused, filepath.Base(r.File))
		}
		for _, name := range []string{"out.json", "broken.json", "pipe.json"} {
			if !strings.Contains(strings.Join(refused, " "), name) {
				t.Errorf("%s: %s is not refused: %v", path, name, refused)
			}
		}
	}
	// Given by itself, a link is what the user means.
	if g := scan(t, files.Input{Format: files.Auto, Path: filepath.Join(folder, "out.json")}); len(g.Observations) != 1 {
		t.Errorf("a link given by itself: %v", g.RefusedList)
	}
}

// The same content twice counts once, also packed, recoded, and given under
// two inputs; the fingerprint of each file is told.
func TestCopiesCountOnce(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/terraform/terraform.tfstate")
	if err != nil {
		t.Fatal(err)
	}
	once, often := t.TempDir(), t.TempDir()
	write(t, filepath.Join(once, "a.tfstate"), content)
	want := scan(t, files.Input{Format: files.Auto, Path: once})
	for i, c := range codings() {
		write(t, filepath.Join(often, string(rune('a'+i))+".tfstate"), c.of(content))
	}
	got := scan(t, files.Input{Format: files.Auto, Path: often}, files.Input{Format: files.TerraformState, Path: filepath.Join(often, "*")}, files.Input{Format: files.Auto, Path: often})
	// The form with other line ends is another text.
	if len(got.Observations) != 2*len(want.Observations) {
		t.Errorf("%d observations, want twice %d", len(got.Observations), len(want.Observations))
	}
	if len(got.Inputs) != len(codings()) {
		t.Errorf("%d inputs, want %d", len(got.Inputs), len(codings()))
	}
	for name, fingerprint := range got.Inputs {
		if !strings.HasPrefix(fingerprint, "sha256:") || len(fingerprint) != 71 {
			t.Errorf("%s: fingerprint %q", name, fingerprint)
		}
	}
}

// Of several raw states of one lineage the newest counts.
func TestOldStatesAreRefused(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/terraform/terraform.tfstate")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write(t, filepath.Join(folder, "terraform.tfstate"), content)
	write(t, filepath.Join(folder, "terraform.tfstate.backup"), []byte(strings.Replace(string(content), `"serial": 42`, `"serial": 41`, 1)))
	g := scan(t, files.Input{Format: files.TerraformState, Path: folder})
	if len(g.RefusedList) != 1 || !strings.HasSuffix(g.RefusedList[0].File, ".backup") || !strings.Contains(g.RefusedList[0].Reason, "serial 41 is older") {
		t.Errorf("refused %v", g.RefusedList)
	}
	for _, o := range g.Observations {
		if strings.Contains(o.Origin, ".backup") {
			t.Errorf("%s comes from the backup", o.ID)
		}
	}
}

// A bad file is named with reason and line, and the rest goes on.
func TestBadFilesAmongGoodOnes(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "good.json"), []byte(vpcs))
	bomb := codings()[7].of([]byte(`{"Vpcs": ["` + strings.Repeat("a", 4<<20) + `"]}`))
	for name, content := range map[string]string{
		"cut.json":          `{"Vpcs": [` + "\n" + `{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/8", "InstanceTenancy": "default"},` + "\n" + `{"VpcId":`,
		"deep.json":         `{"Vpcs": ` + strings.Repeat("[", 5000),
		"nul.json":          "{\"Vpcs\": [\x00]}",
		"aliases.yaml":      "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\nVpcs: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n",
		"bomb.json.gz":      string(bomb),
		"number.json":       `{"Vpcs": [{"VpcId": "vpc-2", "CidrBlock": 1e99999, "InstanceTenancy": ` + strings.Repeat("9", 5000) + `}]}`,
		"plan.bin":          "PK\x03\x04\x14\x00\x08\x00tfplan and more",
		"state2.tfstate":    `{"version": 2, "serial": 1, "modules": []}`,
		"empty.json":        ``,
		"table.txt":         "-----------------\n| DescribeVpcs |\n",
		"half.json.gz":      string(codings()[7].of([]byte(vpcs))[:80]),
		"arm.json":          `{"$schema": "x", "contentVersion": "1.0", "resources": []}`,
		"quote.csv":         "ARN,Name\n\"arn:aws:s3:::b,\n" + strings.Repeat("x\n", 2<<20),
		"readme.md":         "# read me",
		"main.tf":           "resource {}",
		"truncated.tfstate": `{"version": 4, "terraform_version": "1.0.0", "serial": 1, "lineage": "x", "resources": [{"mode": "managed", "type": "aws_sqs_queue", "name": "q", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]", "instances": [{"attributes": {"arn": "arn:aws:sqs:eu-west-1:210987654321:q", "name": "q"}}]},` + "\n{",
	} {
		write(t, filepath.Join(folder, name), []byte(content))
	}
	g := scanWith(t, files.Options{Limits: document.Limits{TextBytes: 3 << 20, ItemBytes: 1 << 20}}, files.Input{Format: files.Auto, Path: folder})
	for id, origin := range map[string]string{"arn:aws:ec2::210987654321:vpc/vpc-0aaaaaaaaaaaaaaaa": "good.json", "arn:aws:sqs:eu-west-1:210987654321:q": "truncated.tfstate"} {
		if o := g.Find(id); o == nil || !strings.Contains(o.Origin, origin) {
			t.Errorf("%s of %s is missing", id, origin)
		}
	}
	reasons := map[string]string{}
	for _, r := range g.RefusedList {
		reasons[strings.TrimPrefix(r.File, folder+"/")] = r.Reason
	}
	for place, part := range map[string]string{
		"cut.json:3": "ends in the middle", "deep.json": "nest deeper than the limit of 200", "nul.json": "is no text", "aliases.yaml": "excessive aliasing",
		"bomb.json.gz": "larger than the limit of", "plan.bin": "terraform show -json", "state2.tfstate": "version 2", "empty.json": "is empty", "table.txt": "pass over",
		"half.json.gz": "ends in the middle", "arm.json": "fits none", "quote.csv": "one record is larger", "truncated.tfstate:2": "the 1 resources before that are kept", folder: "pass over 3 files",
	} {
		found := ""
		for at, reason := range reasons {
			if strings.HasPrefix(at, place) || place == "table.txt" && strings.Contains(reason, "table.txt") {
				found += reason
			}
		}
		if !strings.Contains(found, part) {
			t.Errorf("%s: reason %q, want %q in it", place, found, part)
		}
	}
	if t.Failed() {
		out, _ := json.MarshalIndent(reasons, "", " ")
		t.Logf("%s", out)
	}
}

// What was said to be a format and is another is refused with the right one.
func TestWrongFormatIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format files.Format
		path   string
		want   string
	}{
		{files.TerraformState, "terraform-plan/plan.json", "--from terraform-plan="},
		{files.TerraformPlan, "terraform/terraform.tfstate", "--from terraform-state="},
		{files.CloudFormation, "terraform/show.json", "--from terraform-state="},
		{files.ResourceList, "discovery/shop.csv", "--from workload-discovery="},
		{files.WorkloadDiscovery, "list/cmdb.csv", "--from resource-list="},
		{files.ConfigSnapshot, "describe/eu-west-1/clusters.json", "--from describe="},
	} {
		g := scan(t, files.Input{Format: c.format, Path: filepath.Join("testdata", c.path)})
		if len(g.Observations) != 0 || len(g.RefusedList) != 1 || !strings.Contains(g.RefusedList[0].Reason, c.want) {
			t.Errorf("%s as %s: %d resources, refused %v", c.path, c.format, len(g.Observations), g.RefusedList)
		}
	}
	// AWS Config's answers lie among the outputs of the other commands.
	if g := scan(t, files.Input{Format: files.Describe, Path: "testdata/config-api"}); len(g.Observations) == 0 || g.Observations[0].Source != inventory.ConfigSnapshot {
		t.Errorf("AWS Config's answers given as describe: %d resources, refused %v", len(g.Observations), g.RefusedList)
	}
}

func TestTheSinkEndsTheScan(t *testing.T) {
	t.Parallel()
	full := errors.New("no room")
	for _, folder := range []string{"describe", "config", "terraform", "terraform-plan", "discovery", "list", "cloudformation"} {
		g := &gathered{filestest.Sink{Fail: full}}
		err := files.NewScanner([]files.Input{{Format: files.Auto, Path: filepath.Join("testdata", folder)}}, files.Options{Concurrency: 1, Kinds: converter()}).Scan(t.Context(), g)
		if !errors.Is(err, full) {
			t.Errorf("%s: error %v", folder, err)
		}
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := files.NewScanner([]files.Input{{Format: files.Auto, Path: "testdata"}}, files.Options{Kinds: converter()}).Scan(ctx, &gathered{})
	if !fault.Is(err, fault.Canceled) {
		t.Errorf("error %v", err)
	}
}

// No secret of the fixtures gets through any reader.
func TestNoSecretGetsThrough(t *testing.T) {
	t.Parallel()
	g := scan(t, files.Input{Format: files.Auto, Path: "testdata"})
	out, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"t0p-secret-pw", "hunter2", "0123456789abcdef0123456789abcdef", "$2a$10$"} {
		if i := strings.Index(string(out), secret); i >= 0 {
			t.Errorf("%q is in the output: …%s…", secret, out[max(0, i-200):i+len(secret)])
		}
	}
}
