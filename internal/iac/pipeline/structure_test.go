package pipeline

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"example.com/landfall/internal/design"
)

var (
	pinned     = regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40}$`)
	assignment = regexp.MustCompile(`(?m)^\s*(?:local )?([A-Za-z_]+)=|^\s*local ([a-z ]+)$|^: "\$\{([A-Z_]+):|(?:for|read -r) ([a-z ]+)`)
	variables  = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)`)
)

// odd is the checkout with names that were made to break what is written.
func odd() map[string][]byte {
	files := checkout()
	files[".github/workflows/odd 'name\".yml"] = []byte("name: 'a \"b\" ${{ secrets.X }} \\ '\non: {push: {branches: ['x\"y', \"n\\nm\"]}}\njobs: {j: {steps: [{run: sam deploy}]}}\n")
	files[".github/workflows/broken.yml"] = []byte("name: [\n  aws lambda update-function-code\n")
	files[".github/workflows/flow.yml"] = []byte("jobs: {j: {steps: [{run: aws s3 sync public s3://shop-site}]}}\n")
	files[".gitlab/more.yml"] = []byte("include:\n  - local: a.yml\n\"jo\\\"b\": {script: [aws ecs update-service]}\n")
	files["keep/.gitlab-ci.yml"] = []byte("pack: {script: [make], artifacts: {paths: [build]}}\nship: {needs: [pack], script: [aws lambda update-function-code --function-name orders --zip-file fileb://build/orders.zip]}\n")
	return files
}

// checkouts are what the structure of the files is held against.
func checkouts() map[string]map[string][]byte {
	return map[string]map[string][]byte{
		"odd": odd(), "none": nil, "one workflow": {".github/workflows/deploy.yml": []byte(workflowText)},
		"no packages":        {".github/workflows/d.yml": []byte("name: d\njobs: {j: {steps: [{run: docker build -t web . && docker push web}]}}\n"), ".gitlab-ci.yml": []byte("ship: {script: [aws ecs update-service]}\n")},
		"branches in a text": {".github/workflows/d.yml": []byte("on: push\njobs: {j: {steps: [{run: eb deploy}]}}\n")},
	}
}

// TestFilesAreReadable parses what is written and checks the form of each
// system, also for names that were made to break it.
func TestFilesAreReadable(t *testing.T) {
	t.Parallel()
	for name, checkout := range checkouts() {
		for _, format := range []string{"bicep", "terraform"} {
			o := options()
			o.Format = format
			files, _ := write(t, checkout, o)
			for _, path := range slices.Sorted(maps.Keys(files)) {
				at, text := name+" "+path, files[path]
				if strings.Contains(text, "<no value>") || strings.Contains(text, "[[template") || strings.Contains(text, "|| echo") || strings.Contains(text, "|| true") {
					t.Errorf("%s holds words of a template, or swallows an error:\n%s", at, text)
				}
				switch {
				case filepath.Ext(path) == ".yml":
					var out map[string]any
					if err := yaml.Unmarshal([]byte(text), &out); err != nil || len(out) == 0 {
						t.Fatalf("%s: %v\n%s", at, err, text)
					}
					checkPipeline(t, at, out, text)
				case filepath.Ext(path) == ".sh":
					checkShell(t, at, text)
				case strings.Contains(path, "/jenkins/"):
					checkJenkins(t, at, text)
				}
			}
		}
	}
}

func checkPipeline(t *testing.T, at string, out map[string]any, text string) {
	t.Helper()
	switch {
	case strings.Contains(at, "/github/"):
		checkWorkflow(t, at, out, text)
	case strings.Contains(at, "/gitlab/"):
		checkGitLab(t, at, out)
	case strings.HasSuffix(at, "-stages.yml"):
		checkStages(t, at, out)
	case strings.Contains(at, "/codebuild/"):
		phases := out["phases"].(map[string]any)
		for name, phase := range phases {
			commands := lines(phase.(map[string]any)["commands"])
			if len(commands) == 0 {
				t.Errorf("%s: phase %s does nothing", at, name)
			}
			checkShell(t, at, strings.Join(commands, "\n"))
		}
	}
}

// checkWorkflow holds a workflow against what GitHub takes and what we promise:
// each job may do only what it says, each action is pinned, each step uses or
// runs, each expression has something behind it, and production waits for the
// comparison of the environment before it.
func checkWorkflow(t *testing.T, at string, out map[string]any, text string) {
	t.Helper()
	jobs, _ := out["jobs"].(map[string]any)
	if out["on"] == nil || out["permissions"] == nil || len(jobs) == 0 {
		t.Fatalf("%s lacks on, permissions or jobs:\n%s", at, text)
	}
	for name, value := range jobs {
		job := value.(map[string]any)
		permissions, _ := job["permissions"].(map[string]any)
		if job["runs-on"] == nil || permissions["contents"] != "read" || name != "build" && permissions["id-token"] != "write" {
			t.Errorf("%s: job %s says too little of what it may do", at, name)
		}
		for _, need := range lines(job["needs"]) {
			if jobs[need] == nil {
				t.Errorf("%s: job %s needs %s, which is not there", at, name, need)
			}
		}
		downloads := false
		for _, step := range job["steps"].([]any) {
			step := step.(map[string]any)
			uses, run := step["uses"], step["run"]
			if (uses == nil) == (run == nil) {
				t.Errorf("%s: a step of %s neither uses nor runs, or both: %v", at, name, step)
			}
			if action, ok := uses.(string); ok && name != "build" && !pinned.MatchString(action) {
				t.Errorf("%s: %s is not pinned", at, action)
			}
			if action, ok := uses.(string); ok && strings.HasPrefix(action, "actions/download-artifact@") {
				downloads = true
				if with := step["with"].(map[string]any); strings.Contains(text, "workflow_run:") && (with["run-id"] == nil || with["github-token"] == nil || permissions["actions"] != "read") {
					t.Errorf("%s: job %s cannot read the build of the other run", at, name)
				}
			}
			if script, ok := run.(string); ok && name != "build" {
				checkShell(t, at, script)
			}
		}
		if !downloads && strings.HasPrefix(name, "azure-") && strings.Contains(text, "actions/download-artifact@") {
			t.Errorf("%s: job %s has no build", at, name)
		}
		for _, m := range expression.FindAllStringSubmatch(fmt.Sprint(job), -1) {
			for _, word := range strings.FieldsFunc(m[1], func(r rune) bool { return strings.ContainsRune(" =!&|'", r) }) {
				root, _, _ := strings.Cut(word, ".")
				if strings.Contains(word, ".") && !slices.Contains([]string{"github", "vars", "secrets", "runner"}, root) {
					t.Errorf("%s: nothing is behind ${{%s}}", at, m[1])
				}
			}
		}
	}
	gate := "parity-test"
	if strings.HasSuffix(at, "-only.yml") {
		gate = "azure-test"
	}
	if prod, _ := jobs["azure-prod"].(map[string]any); !slices.Contains(lines(prod["needs"]), gate) {
		t.Errorf("%s: production does not wait for %s", at, gate)
	}
}

func checkGitLab(t *testing.T, at string, out map[string]any) {
	t.Helper()
	base, _ := out[".azure"].(map[string]any)
	if base["stage"] != ".post" || base["id_tokens"] == nil {
		t.Errorf("%s: no base", at)
	}
	dual := !strings.HasSuffix(at, "-only.yml")
	for name, value := range out {
		job := value.(map[string]any)
		if job["script"] == nil {
			continue
		}
		checkShell(t, at, strings.Join(append(lines(base["before_script"]), lines(job["script"])...), "\n"))
		needs := map[string]bool{}
		for _, n := range job["needs"].([]any) {
			if m, ok := n.(map[string]any); ok {
				needs[m["job"].(string)] = m["artifacts"].(bool)
			} else {
				needs[n.(string)] = true
			}
		}
		for need := range needs {
			_, ours := out[need]
			// ".gitlab-ci.yml" has the others; "jo\"b" is one that is made to break.
			if !ours && !slices.Contains([]string{"ship", "pack", `jo"b`}, need) {
				t.Errorf("%s: job %s needs %s, which is not there", at, name, need)
			}
		}
		if name != "azure-prod" {
			continue
		}
		_, compared := needs["parity-test"]
		_, delivered := needs["azure-test"]
		rules := fmt.Sprint(job["rules"])
		if dual && !compared || !dual && !delivered || !strings.Contains(rules, "manual") || job["allow_failure"] != false {
			t.Errorf("%s: production does not wait: %v", at, job)
		}
		if strings.Contains(at, "/gitlab-ci-azure.yml") && strings.HasPrefix(at, "odd") && !needs["ship"] && !needs["pack"] {
			t.Errorf("%s: nobody hands over the build: %v", at, job["needs"])
		}
	}
}

// checkStages: a person stands between the last environment and production.
func checkStages(t *testing.T, at string, out map[string]any) {
	t.Helper()
	var names []string
	for _, stage := range out["Stages"].([]any) {
		stage := stage.(map[string]any)
		names = append(names, stage["Name"].(string))
		for _, action := range stage["Actions"].([]any) {
			if kind := action.(map[string]any)["ActionTypeId"].(map[string]any); kind["Category"] == nil || kind["Provider"] == nil {
				t.Errorf("%s: %v", at, action)
			}
		}
	}
	if got := strings.Join(names, " "); got != "Azure-test Approve-prod Azure-prod" {
		t.Errorf("%s: stages %s", at, got)
	}
}

func checkJenkins(t *testing.T, at, text string) {
	t.Helper()
	if strings.Count(text, "{") != strings.Count(text, "}") {
		t.Errorf("%s: braces do not match\n%s", at, text)
	}
	parts := strings.Split(text, "'''")
	for i := 1; i < len(parts); i += 2 {
		checkShell(t, at, parts[i])
	}
	if !strings.Contains(text, "message 'Deliver to production?'") {
		t.Errorf("%s: nobody is asked before production", at)
	}
}

// checkShell lets bash read a script, which has to stop at the first error.
func checkShell(t *testing.T, at, text string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", "-n")
	command.Stdin = strings.NewReader(text)
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%s: %s\n%s", at, out, text)
	}
	if !strings.Contains(text, "set -euo pipefail") && !strings.Contains(at, "/codebuild/") {
		t.Errorf("%s goes on after an error:\n%s", at, text)
	}
}

// TestNamesAreThoseOfTheEnvironment holds every name in a file of an environment
// against the design as it is deployed there, and every variable of the scripts
// against that file.
func TestNamesAreThoseOfTheEnvironment(t *testing.T) {
	t.Parallel()
	files, _ := write(t, checkout(), options())
	for _, e := range options().Environments {
		there := map[string]bool{}
		for _, r := range design.ForEnvironment(shop(), e.Environment).Resources {
			there[r.Name] = true
		}
		defined := map[string]bool{}
		for line := range strings.Lines(files["pipelines/environments/"+e.Name+".env"]) {
			name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
			if !ok || strings.HasPrefix(name, "#") {
				continue
			}
			defined[name] = true
			if value = strings.Trim(value, "'"); !slices.Contains([]string{"WORKLOAD", "SUBSCRIPTION", "GROUP", "LOCATION", "VERSION_PATH"}, name) && !there[value] {
				t.Errorf("%s: %s is %q, and the design has no resource of that name there", e.Name, name, value)
			}
		}
		for _, script := range []string{"pipelines/deliver.sh", "pipelines/parity.sh"} {
			own := map[string]bool{"BASH_SOURCE": true, "web": true}
			for _, m := range assignment.FindAllStringSubmatch(files[script], -1) {
				for _, word := range strings.Fields(strings.Join(m[1:], " ")) {
					own[word] = true
				}
			}
			for _, m := range variables.FindAllStringSubmatch(files[script], -1) {
				asked := strings.Contains(files[script], "${"+m[1]+":?")
				if !defined[m[1]] && !own[m[1]] && !asked {
					t.Errorf("%s: nothing defines $%s", script, m[1])
				}
			}
		}
	}
}

// TestHandOverPatchApplies lets git add the upload to the workflow.
func TestHandOverPatchApplies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, ".github/workflows/deploy.yml")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(workflowText), 0o600); err != nil {
		t.Fatal(err)
	}
	files, _ := write(t, checkout(), options())
	command := exec.CommandContext(t.Context(), "git", "apply", "--unsafe-paths", "-p1", "--directory="+dir, "-")
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	command.Stdin = strings.NewReader(files["pipelines/github/deploy.patch"])
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v %s\n%s", err, out, files["pipelines/github/deploy.patch"])
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, j := range jobsOf(string(got)) {
		for _, step := range j.steps {
			order = append(order, scalar(step, "uses")+scalar(step, "run"))
		}
	}
	text := strings.Join(order, "\n")
	pack, upload, copied := strings.Index(text, "tar --create"), strings.Index(text, "actions/upload-artifact@"), strings.Index(text, "aws s3 sync public")
	if pack < 0 || upload < pack || copied < upload {
		t.Errorf("steps\n%s", text)
	}
}
