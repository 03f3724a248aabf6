package tools

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
)

// oldestPython is what the pinned packages need (networkx 3.6 is the one that asks for most).
const oldestPython = 11

// maxScriptBytes bounds the scripts whose first line is mended; pip writes
// them with a few hundred bytes.
const maxScriptBytes = 64 << 10

// pythonTool is a virtual environment with exactly the packages of a
// requirements file, started as a module.
type pythonTool struct {
	requirements string
	module       string
}

var _ builder = pythonTool{}

func (p pythonTool) pins() []byte { return []byte(p.module + "\n" + p.requirements) }

// command starts the module by the environment's own interpreter: unlike the
// scripts beside it, the interpreter finds its packages by where it lies.
func (p pythonTool) command(dir string) (command, env []string) {
	command = []string{filepath.Join(dir, "bin", "python"), "-P", "-m", p.module}
	// Packages of the user's must not shadow pinned ones, and set order must
	// not differ from run to run.
	return command, []string{"PYTHONPATH=", "PYTHONHOME=", "PYTHONSTARTUP=", "PYTHONNOUSERSITE=1", "PYTHONHASHSEED=0"}
}

func (p pythonTool) build(j *job) error {
	python, err := findPython(j.ctx)
	if err != nil {
		return err
	}
	env := []string{"PYTHONPATH=", "PYTHONHOME=", "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_INPUT=1"}
	if err := makeVenv(j, python, env); err != nil {
		return err
	}
	file := filepath.Join(j.dir, "requirements.txt")
	if err := os.WriteFile(file, []byte(p.requirements), 0o644); err != nil {
		return fault.Wrap(err, "write requirements", file)
	}
	pip := []string{filepath.Join(j.dir, "bin", "python"), "-P", "-m", "pip"}
	// Without resolving, nothing but the pinned versions can come in; without
	// source packages, nobody's set-up script runs and no compiler is needed.
	install := append(pip, "install", "--no-deps", "--only-binary", ":all:", "--progress-bar", "off", "-r", file)
	if err := j.run(step{what: "downloading packages", argv: install, env: env, dir: j.dir, download: true}); err != nil {
		return err
	}
	if err := j.run(step{what: "checking packages", argv: append(pip, "check"), env: env, dir: j.dir}); err != nil {
		return err
	}
	return mendScripts(filepath.Join(j.dir, "bin"), j.dir, j.final)
}

// makeVenv makes the environment. Debian's python3 comes without ensurepip
// until python3-venv is installed.
func makeVenv(j *job, python string, env []string) error {
	if !hasEnsurepip(j.ctx, python) {
		if os.Geteuid() != 0 || !hasApt() {
			return fault.Newf(fault.Missing, "make a Python environment: %q has no ensurepip", python).
				Hintf("%s", setupHint(j.spec.setup(), []need{{"", "python3-venv", "Python's venv module"}}, hasApt()))
		}
		if err := aptInstall(j, []string{"python3-venv"}); err != nil {
			return err
		}
	}
	return j.run(step{what: "making a Python environment", argv: []string{python, "-m", "venv", j.dir}, env: env})
}

func hasEnsurepip(ctx context.Context, python string) bool {
	_, err := ask(ctx, python, "-c", "import ensurepip, venv")
	return err == nil
}

// findPython returns an interpreter that is new enough: python3 where it is,
// else a versioned one beside it.
func findPython(ctx context.Context) (string, error) {
	for _, name := range []string{"python3", "python3.14", "python3.13", "python3.12", "python3.11"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		version, err := ask(ctx, path, "-c", "import sys; print(*sys.version_info[:2])")
		if err == nil && pythonServes(version) {
			return path, nil
		}
	}
	return "", fault.Newf(fault.Missing, "find Python 3.%d or newer", oldestPython).
		Hintf("install Python 3.%d or newer with its venv module, then run: %s", oldestPython, setupCommand)
}

// pythonServes judges the "3 11" that an interpreter says of itself.
func pythonServes(version string) bool {
	major, minor, ok := strings.Cut(strings.TrimSpace(version), " ")
	n, err := strconv.Atoi(minor)
	return ok && major == "3" && err == nil && n >= oldestPython
}

// pythonBinary is the name that an interpreter has at the end of its links.
var pythonBinary = regexp.MustCompile(`^python3\.\d+$`)

// intact notices an interpreter that is gone or was upgraded: packages lie in
// lib/python3.N, which the next minor version does not look into.
func (p pythonTool) intact(dir string) error {
	real, err := filepath.EvalSymlinks(filepath.Join(dir, "bin", "python"))
	if err != nil {
		return errors.New("the Python interpreter it was made with is gone")
	}
	name := filepath.Base(real)
	if !pythonBinary.MatchString(name) {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "lib", name)); err != nil {
		return errors.New("the Python interpreter was upgraded")
	}
	return nil
}

// mendScripts puts the final folder into the scripts that pip wrote with the
// folder of the build. Nothing here starts them; people do.
func mendScripts(bin, built, final string) error {
	entries, err := os.ReadDir(bin)
	if err != nil {
		return fault.Wrap(err, "read scripts", bin)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxScriptBytes {
			continue
		}
		path := filepath.Join(bin, e.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			return fault.Wrap(err, "read script", path)
		}
		mended := bytes.ReplaceAll(text, []byte(built), []byte(final))
		if bytes.Equal(mended, text) {
			continue
		}
		if err := os.WriteFile(path, mended, info.Mode().Perm()); err != nil {
			return fault.Wrap(err, "mend script", path)
		}
	}
	return nil
}
