package pipeline

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

func shop() *design.Design {
	place := design.Place{Subscription: "11111111-2222-3333-4444-555555555555", Group: "rg-shop", Location: "eastus", Suffix: "abc234"}
	add := func(kind, name string, body map[string]any) design.Resource {
		return design.Resource{ID: cloud.ResourceID(string(place.GroupID()) + "/providers/" + kind + "/" + name), Type: cloud.Kind(kind), Name: name, Body: body}
	}
	account := add("Microsoft.Storage/storageAccounts", "stsiteabc234", nil)
	return &design.Design{
		Workload: "shop", Place: place,
		Decisions: []design.Decision{{Kind: "AWS::S3::Bucket", Name: "shop-site", Targets: []cloud.ResourceID{account.ID}}},
		Resources: []design.Resource{
			account, add("Microsoft.ContainerRegistry/registries", "crshopabc234", nil), add("Microsoft.App/containerApps", "ca-web", nil), add("Microsoft.App/containerApps", "ca-other", nil),
			add("Microsoft.Web/sites", "func-orders-abc234", map[string]any{"kind": "functionapp,linux"}), add("Microsoft.Web/sites", "app-shop-abc234", map[string]any{"kind": "app"}),
			add("Microsoft.ContainerService/managedClusters", "aks-shop", nil), add("Microsoft.Compute/virtualMachineScaleSets", "vmss-web", nil), add("Microsoft.Cdn/profiles", "afd-shop", nil),
		},
	}
}

func options() Options {
	return Options{Environments: []Environment{{Environment: design.Environment{Name: "test"}}, {Environment: design.Environment{Name: "prod", Location: "westeurope"}, Production: true}}}
}

const workflowText = `name: "Deliver: shop's"
on:
  push:
    branches: [main, 'release/**']
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: aws-actions/configure-aws-credentials@v4
        with:
          aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}
      - uses: aws-actions/amazon-ecr-login@v2
      - run: docker push x
      # - run: aws kinesis put-record
      - run: aws ecs update-service --cluster c --service s
      - run: aws s3 sync public s3://shop-site/ --delete
      - run: aws s3 sync "$OUT" s3://$BUCKET
      - run: aws cloudfront create-invalidation --distribution-id x
      - run: aws --region us-east-1 sns publish --topic-arn x
      - run: aws sts get-caller-identity
      - run: npx cdk deploy
`

func checkout() map[string][]byte {
	return map[string][]byte{
		".github/workflows/deploy.yml": []byte(workflowText),
		".github/workflows/lint.yaml":  []byte("name: lint\non: [push]\njobs: {}\n"),
		".gitlab-ci.yml":               []byte("stages: [build, deploy]\n\nbuild:\n  stage: build\n  script:\n    - docker push x\nship:\n  stage: deploy\n  script:\n    - aws lambda update-function-code --function-name orders\n"),
		"ci/buildspec.yml":             []byte("version: 0.2\nphases:\n  build:\n    commands:\n      - sam deploy\n"),
		"Jenkinsfile":                  []byte("pipeline { agent any\n stages { stage('x') { steps { sh 'eb deploy' } } } }\n"),
		"web/Dockerfile":               []byte("FROM scratch\n"),
		"Dockerfile.worker":            []byte("FROM scratch\n"),
		"README.md":                    []byte("aws s3 sync a s3://b\n"),
	}
}

func write(t *testing.T, files map[string][]byte, o Options) (map[string]string, []design.Finding) {
	t.Helper()
	got, findings, err := Write(files, shop(), o)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := Write(files, shop(), o)
	if err != nil || !reflect.DeepEqual(got, again) {
		t.Fatal("two runs give different files")
	}
	out := map[string]string{}
	for _, f := range got {
		if !strings.HasPrefix(f.Path, "pipelines/") || out[f.Path] != "" {
			t.Errorf("path %s", f.Path)
		}
		out[f.Path] = string(f.Content)
	}
	return out, findings
}

func TestWriteStandsBesideEveryPipeline(t *testing.T) {
	t.Parallel()
	files, findings := write(t, checkout(), options())
	for path, wants := range map[string][]string{
		"pipelines/github/deploy-azure.yml":            {"id-token: write", "ref: ${{ github.event.workflow_run.head_sha }}", `branches: ["main", "release/**"]`, `workflows: ["Deliver: shop's"]`, "azure/login@v2", "parity.sh prod"},
		"pipelines/github/deploy-azure-only.yml":       {"needs: azure-test", "environment: azure-prod # let the environment ask a person first"},
		"pipelines/gitlab/gitlab-ci-azure.yml":         {`needs: ["ship"]`, "aud: api://AzureADTokenExchange", `"$CI_COMMIT_SHA"`},
		"pipelines/gitlab/gitlab-ci-azure-only.yml":    {"when: manual"},
		"pipelines/gitlab/gitlab-ci.patch":             {"+include:", "+  - local: iac/pipelines/gitlab/gitlab-ci-azure.yml"},
		"pipelines/codebuild/buildspec-azure.yml":      {"get-web-identity-token", "CODEBUILD_RESOLVED_SOURCE_VERSION"},
		"pipelines/jenkins/jenkinsfile-azure":          {"credentialsId: 'azure-oidc'", "[name: params.COMMIT]"},
		"pipelines/jenkins/jenkinsfile-azure-only":     {"Deliver to production?"},
		"pipelines/codebuild/buildspec-azure-only.yml": {"deliver.sh"},
		"pipelines/deliver.sh": {`az acr build --registry "crshop${SUFFIX}" --image "web:$commit" --file "web/Dockerfile" "web"`, `--name "ca-web" --image "crshop${SUFFIX}.azurecr.io/web:$commit"`, "# Container app ca-other",
			`"func-orders-${SUFFIX}"`, "az stack group create", `--account-name "stsite${SUFFIX}"`, "aks-shop", "afd-shop", "vmss-web"},
		"pipelines/environments/prod.env": {"GROUP='rg-shop-prod'", "LOCATION='westeurope'"},
		"pipelines/README.md":             {"images (line 12)", "workload identity federation", "rg-shop-test"},
		"pipelines/parity.sh":             {"tags.commit"},
	} {
		text, ok := files[path]
		if !ok {
			t.Errorf("no file %s", path)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", path, want, text)
			}
		}
	}
	if _, ok := files["pipelines/github/lint-azure.yml"]; ok {
		t.Error("a pipeline that delivers nothing has a twin")
	}
	var ids []string
	for _, f := range findings {
		ids = append(ids, f.ID)
		if f.Text == "" || f.Do == "" || f.About == nil || f.Severity == "" {
			t.Errorf("%+v is incomplete", f)
		}
	}
	text := strings.Join(ids, "\n")
	for _, want := range []string{"pipeline.keys..github/workflows/deploy.yml", "pipeline.step..github/workflows/deploy.yml:19", "pipeline.image.ca-other", "pipeline.functions", "pipeline.site..github/workflows/deploy.yml:17", "pipeline.infrastructure..github/workflows/deploy.yml:21"} {
		if !strings.Contains(text, want) {
			t.Errorf("no finding %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "kinesis") || strings.Contains(text, ":20") {
		t.Errorf("a comment or a login is a finding:\n%s", text)
	}
}

// TestFilesAreReadable parses what is written, also for names that were made
// to break it.
func TestFilesAreReadable(t *testing.T) {
	t.Parallel()
	odd := checkout()
	odd[".github/workflows/odd 'name\".yml"] = []byte("name: 'a \"b\" ${{ secrets.X }} \\ '\non: {push: {branches: ['x\"y', \"n\\nm\"]}}\njobs: {j: {steps: [{run: sam deploy}]}}\n")
	odd[".github/workflows/broken.yml"] = []byte("name: [\n  aws lambda update-function-code\n")
	odd[".gitlab/more.yml"] = []byte("include:\n  - local: a.yml\n\"jo\\\"b\": {script: [aws ecs update-service]}\n")
	dir := t.TempDir()
	for _, format := range []string{"bicep", "terraform"} {
		o := options()
		o.Format = format
		files, _ := write(t, odd, o)
		for path, text := range files {
			switch filepath.Ext(path) {
			case ".yml":
				var out map[string]any
				if err := yaml.Unmarshal([]byte(text), &out); err != nil || len(out) == 0 {
					t.Errorf("%s: %v\n%s", path, err, text)
				}
			case ".sh":
				name := filepath.Join(dir, filepath.Base(path))
				if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.CommandContext(t.Context(), "sh", "-n", name).CombinedOutput(); err != nil {
					t.Errorf("%s: %s", path, out)
				}
			case "":
				if strings.Count(text, "{") != strings.Count(text, "}") {
					t.Errorf("%s: braces do not match\n%s", path, text)
				}
			}
			if strings.Contains(text, "[[") || strings.Contains(text, "<no value>") {
				t.Errorf("%s holds template words:\n%s", path, text)
			}
		}
	}
}

// TestPatchApplies lets patch itself add the include.
func TestPatchApplies(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"plain": "stages: [a]\n\nb:\n  script: [x]\n", "short": "a: {script: [x]}\n", "empty": "", "listed": "stages: [a]\nvariables: {}\ninclude:\n  - local: x.yml\nb:\n  script: [x]\nc: {}\n", "first": "include:\n- local: x.yml\n",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "ci.yml"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		command := exec.CommandContext(t.Context(), "git", "apply", "--unsafe-paths", "-p1", "--directory="+dir, "-")
		command.Dir = dir
		command.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
		command.Stdin = bytes.NewReader(include("ci.yml", content, "azure.yml"))
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s\n%s", name, err, out, include("ci.yml", content, "azure.yml"))
			continue
		}
		got, err := os.ReadFile(filepath.Join(dir, "ci.yml"))
		if err != nil {
			t.Fatal(err)
		}
		var out struct{ Include []map[string]string }
		if err := yaml.Unmarshal(got, &out); err != nil || len(out.Include) == 0 || out.Include[0]["local"] != "azure.yml" {
			t.Errorf("%s: %v %+v\n%s", name, err, out, got)
		}
	}
	if include("ci.yml", "include: other.yml\n", "azure.yml") != nil {
		t.Error("an include in one line was patched")
	}
}

func TestWriteWithoutPipelines(t *testing.T) {
	t.Parallel()
	files, findings := write(t, nil, Options{})
	if len(files) != 5 || files["pipelines/environments/main.env"] == "" {
		t.Errorf("files %v", files)
	}
	if len(findings) == 0 || findings[len(findings)-1].ID != "pipeline.none" {
		t.Errorf("findings %+v", findings)
	}
}

// TestParityScriptCompares runs the script against two answers, with an az of our
// own that knows the commit.
func TestParityScriptCompares(t *testing.T) {
	t.Parallel()
	files, _ := write(t, checkout(), options())
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for path, text := range files {
		put(path, text)
	}
	put("pipelines/parity.paths", "# paths\n/same\n/body body\n/other body\n")
	put("bin/az", "#!/bin/sh\necho 0a1b\n")
	put("bin/curl", "#!/bin/sh\nfor last; do :; done\nwhile [ $# -gt 0 ]; do [ \"$1\" = --output ] && out=$2; shift; done\ncase $last in *azure*other) echo other >\"$out\" ;; *) echo same >\"$out\" ;; esac\nprintf '200 text/html'\n")
	run := func(commit string) (string, error) {
		command := exec.CommandContext(t.Context(), "sh", filepath.Join(dir, "pipelines/parity.sh"), "test", commit)
		command.Env = []string{"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "AWS_URL=https://aws.example/", "AZURE_URL=https://azure.example"}
		out, err := command.CombinedOutput()
		return string(out), err
	}
	out, err := run("0a1b")
	if err == nil || out != "equal: /same: 200 text/html\nequal: /body: 200 text/html\ndiffers: /other: the bodies are not equal\n" {
		t.Errorf("%v\n%s", err, out)
	}
	put("pipelines/parity.paths", "/same\n")
	if out, err := run("0a1b"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run("ffff"); err == nil || !strings.Contains(out, "differs: commit ffff at AWS, 0a1b at Azure") {
		t.Errorf("%v\n%s", err, out)
	}
}
