package tools

import (
	"os"
	"os/exec"
	"strings"

	"example.com/landfall/internal/fault"
)

// setupCommand is the one command that installs what the sandbox needs.
const setupCommand = "landfall sandbox setup"

// setup is the one command that installs the tool.
func (s Spec) setup() string {
	if s.TestsOnly {
		return setupCommand + " --tests"
	}
	return setupCommand
}

// Locate returns how the tool is started. It only looks: nothing is run
// except the PostgreSQL server with --version, and nothing is written. A tool
// that is not there, not completely, or from other pins is fault.Missing, with
// the command that installs it as the hint.
func Locate(cacheDir string, name Name) (Tool, error) {
	spec, err := specOf(name)
	if err != nil {
		return Tool{}, err
	}
	return locate(cacheDir, spec)
}

func locate(cacheDir string, spec Spec) (Tool, error) {
	if spec.system {
		return locatePostgres(postgresPlaces(os.Getenv("PATH")))
	}
	dir := spec.dir(cacheDir)
	if err := spec.check(dir); err != nil {
		return Tool{}, missing(spec, err)
	}
	command, env := spec.build.command(dir)
	return Tool{Name: spec.Name, Version: spec.Version, Dir: dir, Command: command, Env: env}, nil
}

// missing is the error for a tool that is not there. Its hint includes what
// the set-up itself lacks, since a hint that leads to a second error is none.
func missing(spec Spec, cause error) error {
	return fault.Of(fault.Missing, "find tool", string(spec.Name), cause).Hintf("%s", setupHint(spec.setup(), absent(spec.needs), hasApt()))
}

// setupHint is the command line to type when the needs are absent.
func setupHint(setup string, needs []need, apt bool) string {
	var packages, words []string
	for _, n := range needs {
		if apt && n.debian != "" {
			packages = append(packages, n.debian)
			continue
		}
		words = append(words, n.words)
	}
	hint := setup
	if len(packages) > 0 {
		hint = "apt-get install -y " + strings.Join(packages, " ") + " && " + hint
	}
	if len(words) > 0 {
		hint = "install " + strings.Join(words, " and ") + ", then run: " + hint
	}
	return hint
}

// absent returns the needs whose program is not on PATH.
func absent(needs []need) []need {
	var out []need
	for _, n := range needs {
		if _, err := exec.LookPath(n.program); err != nil {
			out = append(out, n)
		}
	}
	return out
}

func hasApt() bool {
	_, err := exec.LookPath("apt-get")
	return err == nil
}
