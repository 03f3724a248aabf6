package pipeline

import (
	"example.com/landfall/internal/testkit"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// folder writes the files and returns where, with a folder "bin" in front of
// PATH for programs of the test's own.
func folder(t *testing.T, files map[string]string) (put func(name, text string), run func(env []string, script string, args ...string) (string, error)) {
	t.Helper()
	dir := t.TempDir()
	put = func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		testkit.WriteProgram(t, path, text)
	}
	for path, text := range files {
		put(path, text)
	}
	return put, func(env []string, script string, args ...string) (string, error) {
		command := exec.CommandContext(t.Context(), "bash", append([]string{filepath.Join(dir, script)}, args...)...)
		command.Dir = dir
		command.Env = append([]string{"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH")}, env...)
		out, err := command.CombinedOutput()
		return string(out), err
	}
}

// TestParityScriptCompares runs the script against two answers, with an az of our
// own that knows the commit.
func TestParityScriptCompares(t *testing.T) {
	t.Parallel()
	files, _ := write(t, checkout(), options())
	put, run := folder(t, files)
	env := files["pipelines/environments/test.env"]
	put("pipelines/environments/test.env", strings.Replace(env, "VERSION_PATH=''", "VERSION_PATH=/version", 1))
	put("pipelines/parity.paths", "# paths\n/same\n/body body\n/other body\n/down")
	put("bin/az", "#!/bin/sh\ncase \"$1 $2\" in 'containerapp show') echo cr.azurecr.io/web:0a1b ;; *) echo 0a1b ;; esac\n")
	put("bin/curl", "#!/bin/sh\nfor last; do :; done\nwhile [ $# -gt 0 ]; do [ \"$1\" = --output ] && out=$2; shift; done\ncase $last in */down) exit 7 ;; *azure*other) echo other >\"$out\" ;; *azure*version) echo 0a1b >\"$out\" ;; *aws*version) echo \"${AWS_RUNS:-0a1b}\" >\"$out\" ;; *) echo same >\"$out\" ;; esac\nprintf '200 text/html'\n")
	urls := []string{"AWS_URL=https://aws.example/", "AZURE_URL=https://azure.example"}
	const running = "equal: aws runs 0a1b\nequal: azure runs 0a1b\n"
	out, err := run(urls, "pipelines/parity.sh", "test", "0a1b")
	if err == nil || out != running+"equal: /same: 200 text/html\nequal: /body: 200 text/html\ndiffers: /other: the bodies are not equal\ndiffers: /down: no answer at AWS, no answer at Azure\n" {
		t.Errorf("%v\n%s", err, out)
	}
	put("pipelines/parity.paths", "/same\n")
	if out, err := run(urls, "pipelines/parity.sh", "test", "0a1b"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(append(urls, "AWS_RUNS=9999"), "pipelines/parity.sh", "test", "0a1b"); err == nil || !strings.Contains(out, "differs: aws does not run commit 0a1b: 9999") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := run(urls, "pipelines/parity.sh", "test", "ffff"); err == nil || !strings.Contains(out, "differs: commit ffff at AWS, 0a1b delivered to Azure") || !strings.Contains(out, "runs cr.azurecr.io/web:0a1b") {
		t.Errorf("%v\n%s", err, out)
	}
	put("pipelines/environments/test.env", env)
	if out, err := run(urls, "pipelines/parity.sh", "test", "0a1b"); err == nil || !strings.Contains(out, "set VERSION_PATH") {
		t.Errorf("without a path that tells the version: %v\n%s", err, out)
	}
}

// TestDeliverScript runs the script with an az that notes what it is told: each
// part is delivered alone, a build that is missing or a command that fails
// stops everything, and the commit is noted only at the end.
func TestDeliverScript(t *testing.T) {
	t.Parallel()
	files, _ := write(t, checkout(), options())
	put, run := folder(t, files)
	put("bin/az", "#!/bin/sh\n[ \"$1 $2\" = \"${FAIL:-}\" ] && exit 3\necho az \"$@\"\n")
	env := []string{"ARTIFACTS=built"}
	if out, err := run(env, "pipelines/deliver.sh", "prod", "0a1b", "functions"); err == nil || !strings.Contains(out, "built/build/orders.zip is missing") || strings.Contains(out, "group update") {
		t.Errorf("without the build: %v\n%s", err, out)
	}
	put("built/build/orders.zip", "zip")
	out, err := run(env, "pipelines/deliver.sh", "prod", "0a1b", "functions")
	if err != nil || !strings.Contains(out, "--src built/build/orders.zip") || strings.Contains(out, "acr build") || strings.Contains(out, "stack") || !strings.HasSuffix(out, "delivered 0a1b to prod\n") {
		t.Errorf("functions: %v\n%s", err, out)
	}
	if out, err := run(env, "pipelines/deliver.sh", "test", "0a1b", "infrastructure", "images", "machines"); err != nil || !strings.Contains(out, "az stack group create") || !strings.Contains(out, "update-instances") {
		t.Errorf("infrastructure, images and machines: %v\n%s", err, out)
	}
	for _, fail := range []string{"acr build", "vmss update-instances", "account set", "group update"} {
		if out, err := run(append(env, "FAIL="+fail), "pipelines/deliver.sh", "test", "0a1b", "images", "machines"); err == nil || strings.Contains(out, "delivered") {
			t.Errorf("az %s fails: %v\n%s", fail, err, out)
		}
	}
	if out, err := run(env, "pipelines/deliver.sh", "test", "0a1b", "web-apps"); err == nil || !strings.Contains(out, "set PACKAGE_WEBAPP_APP_SHOP in environments/test.env") {
		t.Errorf("a package that nobody knows: %v\n%s", err, out)
	}
	if out, err := run(env, "pipelines/deliver.sh", "test", "main"); err == nil || !strings.Contains(out, "is no commit") {
		t.Errorf("a branch: %v\n%s", err, out)
	}
}
