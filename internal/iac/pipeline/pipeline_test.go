package pipeline

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
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
	covers := add("Microsoft.Storage/storageAccounts", "stcoversabc234", nil)
	service := design.Resource{ID: account.ID + "/blobServices/default", Type: "Microsoft.Storage/storageAccounts/blobServices", Name: "default", Body: map[string]any{"properties": map[string]any{"staticWebsite": map[string]any{"enabled": true}}}}
	container := design.Resource{ID: covers.ID + "/blobServices/default/containers/covers", Type: "Microsoft.Storage/storageAccounts/blobServices/containers", Name: "covers"}
	function := add("Microsoft.Web/sites", "func-orders-abc234", map[string]any{"kind": "functionapp,linux"})
	return &design.Design{
		Workload: "shop", Place: place,
		Decisions: []design.Decision{
			{Kind: "AWS::S3::Bucket", Name: "shop-site", Targets: []cloud.ResourceID{account.ID, service.ID, account.ID + "/blobServices/default/containers/shop-site"}},
			{Kind: "AWS::S3::Bucket", Name: "shop-covers", Targets: []cloud.ResourceID{covers.ID, container.ID}},
			{Kind: "AWS::Lambda::Function", Name: "orders", Targets: []cloud.ResourceID{function.ID}},
		},
		Resources: []design.Resource{
			account, covers, service, container, function, add("Microsoft.ContainerRegistry/registries", "crshopabc234", nil), add("Microsoft.App/containerApps", "ca-web", nil), add("Microsoft.App/containerApps", "ca-other", nil),
			add("Microsoft.Web/sites", "app-shop-abc234", map[string]any{"kind": "app"}),
			add("Microsoft.ContainerService/managedClusters", "aks-shop", nil), add("Microsoft.Compute/virtualMachineScaleSets", "vmss-web", nil), add("Microsoft.Cdn/profiles", "afd-shop", nil),
		},
	}
}

func options() Options {
	return Options{Environments: []Environment{{Environment: design.Environment{Name: "prod", Location: "westeurope"}, Production: true}, {Environment: design.Environment{Name: "test"}}}}
}

const workflowText = `name: "Deliver: shop's"
on:
  push:
    branches: [main, 'release/**']
jobs:
  pack:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: {node-version: '22', token: '${{ secrets.NPM }}'}
      - run: |
          npm ci
          npm run build -- ${{ matrix.kind }}
      - run: npm test
  deploy:
    runs-on: ubuntu-latest
    needs: pack
    steps:
      - uses: aws-actions/configure-aws-credentials@v4
        with:
          aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}
      - uses: aws-actions/amazon-ecr-login@v2
      - run: docker build -t $ECR/web:${{ github.sha }} -f web/Dockerfile.prod web && docker push x
      # - run: aws kinesis put-record
      - run: aws ecs update-service --cluster c --service s
      - run: aws s3 sync public s3://shop-site/ --delete
      - run: aws s3 sync ./covers s3://shop-covers
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
		".gitlab-ci.yml":               []byte("stages: [build, deploy]\n\nbuild:\n  stage: build\n  script:\n    - docker push x\nship:\n  stage: deploy\n  script:\n    - aws lambda update-function-code --function-name orders \\\n        --zip-file fileb://build/orders.zip\n"),
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
		"pipelines/github/deploy-azure.yml":            {"ref: ${{ github.event.workflow_run.head_sha }}", `branches: ["main", "release/**"]`, `workflows: ["Deliver: shop's"]`, "parity.sh prod", `"$COMMIT" infrastructure images sites`},
		"pipelines/github/deploy-azure-only.yml":       {"needs: [build, azure-test]", "environment: azure-prod # let the environment ask a person first", "npm test", "azure-packages.tgz -- covers public"},
		"pipelines/github/deploy.patch":                {"+      - name: Keep the build for Azure", "azure-packages.tgz -- covers public"},
		"pipelines/gitlab/gitlab-ci-azure.yml":         {`{job: "ship", artifacts: true}`, `paths: ["build/orders.zip"]`, "aud: api://AzureADTokenExchange", `"$CI_COMMIT_SHA" infrastructure images functions`},
		"pipelines/gitlab/gitlab-ci-azure-only.yml":    {"when: manual"},
		"pipelines/gitlab/gitlab-ci.patch":             {"+include:", "+  - local: iac/pipelines/gitlab/gitlab-ci-azure.yml"},
		"pipelines/codebuild/buildspec-azure.yml":      {"get-web-identity-token", "CODEBUILD_RESOLVED_SOURCE_VERSION", "set -euo pipefail"},
		"pipelines/codebuild/buildspec-stages.yml":     {"Provider: Manual", "Name: Azure-prod"},
		"pipelines/jenkins/jenkinsfile-azure":          {"credentialsId: 'azure-oidc'", "[name: params.COMMIT]", "Deliver to production?"},
		"pipelines/jenkins/jenkinsfile-azure-only":     {"Deliver to production?"},
		"pipelines/codebuild/buildspec-azure-only.yml": {"deliver.sh"},
		"pipelines/deliver.sh": {`az acr build --registry "$REGISTRY" --image "web:$commit" --file "web/Dockerfile.prod" "web"`, `--name "$APP_CA_WEB" --image "$REGISTRY.azurecr.io/web:$commit"`,
			`package="build/orders.zip"`, `--name "$FUNCTION_FUNC_ORDERS"`, "az stack group create", `--account-name "$ACCOUNT_STSITE" --container '$web' --source "$ARTIFACTS/public"`,
			`--account-name "$ACCOUNT_STCOVERS" --container 'covers' --source "$ARTIFACTS/./covers"`},
		"pipelines/environments/prod.env": {"GROUP='rg-shop-prod'", "LOCATION='westeurope'"},
		"pipelines/README.md":             {"images (line 23)", "workload identity federation", "rg-shop-test"},
		"pipelines/parity.sh":             {"tags.commit", "VERSION_PATH", `--name "$APP_CA_WEB"`},
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
	if only := files["pipelines/github/deploy-azure-only.yml"]; strings.Contains(only, "matrix") || strings.Contains(only, "docker") {
		t.Errorf("a step that cannot stand alone was taken:\n%s", only)
	}
	var ids []string
	for _, f := range findings {
		ids = append(ids, f.ID)
		if f.Text == "" || f.Do == "" || f.About == nil || f.Severity == "" {
			t.Errorf("%+v is incomplete", f)
		}
	}
	text := strings.Join(ids, "\n")
	for _, want := range []string{"pipeline.keys..github/workflows/deploy.yml", "pipeline.step..github/workflows/deploy.yml:31", "pipeline.package.app-shop-abc234", "pipeline.functions", "pipeline.site..github/workflows/deploy.yml:29", "pipeline.infrastructure..github/workflows/deploy.yml:33",
		"pipeline.build..github/workflows/deploy.yml", "pipeline.left-out..github/workflows/deploy.yml:12", "pipeline.version"} {
		if !strings.Contains(text, want) {
			t.Errorf("no finding %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "kinesis") || strings.Contains(text, ":32") || strings.Contains(text, "package.func-orders") {
		t.Errorf("a comment, a login or a known package is a finding:\n%s", text)
	}
}

// TestWithoutASiteNothingIsCopiedToOne holds the container against a design that
// has no static website: the bucket's own container gets the files.
func TestWithoutASiteNothingIsCopiedToOne(t *testing.T) {
	t.Parallel()
	d := shop()
	d.Resources = slices.DeleteFunc(d.Resources, func(r design.Resource) bool { return r.Name == "default" })
	files, _, err := Write(checkout(), d, options())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.Contains(string(f.Content), "$web") {
			t.Errorf("%s copies into $web:\n%s", f.Path, f.Content)
		}
		if f.Path == "pipelines/deliver.sh" && !strings.Contains(string(f.Content), "--container 'shop-site'") {
			t.Errorf("no container in\n%s", f.Content)
		}
	}
}

func TestImagesOf(t *testing.T) {
	t.Parallel()
	got := imagesOf(`
      - run: |
          docker build --build-arg A=1 -t "$REGISTRY/shop/api:$TAG" \
            -f deploy/Dockerfile services/api
          docker buildx build --platform linux/amd64 --tag=worker . && docker push worker
          docker build -t x "$DIR"
          # docker build -t no .
      - uses: docker/build-push-action@v6
        with: {tags: "${{ env.R }}/front:1"}
`)
	want := []image{{"api", "services/api", "deploy/Dockerfile"}, {"worker", ".", "Dockerfile"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("images %+v", got)
	}
	if got := imagesOf("jobs: {b: {steps: [{uses: docker/build-push-action@v6, with: {context: web, tags: 'r/front:1'}}]}}"); !reflect.DeepEqual(got, []image{{"front", "web", "web/Dockerfile"}}) {
		t.Errorf("of an action: %+v", got)
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
	if !slices.ContainsFunc(findings, func(f design.Finding) bool { return f.ID == "pipeline.none" }) {
		t.Errorf("findings %+v", findings)
	}
}
