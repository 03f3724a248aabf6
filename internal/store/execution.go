package store

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

// executionsFolder holds a file for each run of a runbook and the runbook that
// it executes, inside the private folder. It is the register of runs: the
// engine's own lists are lost with its file.
const executionsFolder = "executions"

// executionForm keeps names of runs apart from paths.
var executionForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,99}$`)

// Execution is one run of an approved runbook.
type Execution struct {
	// Run is the name of the run: lower-case letters, digits and hyphens.
	Run string `json:"run"`
	// Fingerprint of the runbook.
	Fingerprint string    `json:"fingerprint"`
	Environment string    `json:"environment"`
	Begun       time.Time `json:"begun"`
	By          string    `json:"by"`
	// Engine is the address of the cluster, "" for the embedded engine.
	Engine string `json:"engine,omitempty"`
	// Queue is where the engine looks for the worker of the run, "" for one that
	// was begun before queues were named by the id of the workspace.
	Queue string `json:"queue,omitempty"`
	// Rehearsal runs are carried out in the sandbox.
	Rehearsal bool `json:"rehearsal,omitempty"`
	// Ended and Result are those of a run that is over: "done", "rolled back",
	// "aborted", "drained" while it waits for another engine, or how an engine
	// closed it.
	Ended  *time.Time `json:"ended,omitempty"`
	Result string     `json:"result,omitempty"`
}

// KeepExecution writes what is known of a run.
func (w *Workspace) KeepExecution(x Execution) error {
	path, err := w.executionPath(x.Run, ".json")
	if err != nil {
		return err
	}
	content, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return fault.Of(fault.Internal, "keep the run", path, err)
	}
	return durable.Replace(path, append(content, '\n'), 0o600)
}

// Execution returns what is known of a run; of none the error's kind is NotFound.
func (w *Workspace) Execution(run string) (Execution, error) {
	path, err := w.executionPath(run, ".json")
	if err != nil {
		return Execution{}, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return Execution{}, fault.Wrap(err, "read the run", path)
	}
	return asExecution(run, path, content)
}

func asExecution(run, path string, content []byte) (Execution, error) {
	var x Execution
	if err := json.Unmarshal(content, &x); err != nil || x.Run != run {
		return Execution{}, fault.Newf(fault.Invalid, "read the run %q: the file is broken", path).Hintf("bring it back from a copy, or move it away")
	}
	return x, nil
}

// Executions returns the runs that are known, oldest first.
func (w *Workspace) Executions() ([]Execution, error) {
	folder, err := w.Private(executionsFolder)
	if err != nil {
		return nil, err
	}
	files, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, "list the runs", folder)
	}
	var out []Execution
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".json")
		if !ok || !executionForm.MatchString(name) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			return nil, fault.Wrap(err, "read the run", f.Name())
		}
		x, err := asExecution(name, filepath.Join(folder, f.Name()), content)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Execution) int {
		if c := a.Begun.Compare(b.Begun); c != 0 {
			return c
		}
		return strings.Compare(a.Run, b.Run)
	})
	return out, nil
}

// KeepFor keeps a document of a run beside its entry: its runbook, its last
// checkpoint. what is one word.
func (w *Workspace) KeepFor(run, what string, content []byte) error {
	if !executionForm.MatchString(what) || what == "json" {
		return fault.Newf(fault.Internal, "%q is no name of a document of a run", what)
	}
	path, err := w.executionPath(run, "."+what)
	if err != nil {
		return err
	}
	return durable.Replace(path, content, 0o600)
}

// KeptFor returns what KeepFor kept; without it the error's kind is NotFound.
func (w *Workspace) KeptFor(run, what string) ([]byte, error) {
	path, err := w.executionPath(run, "."+what)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path)
	return content, fault.Wrap(err, "read "+what+" of the run", run)
}

func (w *Workspace) executionPath(run, suffix string) (string, error) {
	if !executionForm.MatchString(run) {
		return "", fault.Newf(fault.Invalid, "%q is no name of a run", run).Hintf("landfall status")
	}
	folder, err := w.Private(executionsFolder)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fault.Of(fault.Storage, "create folder", folder, cause(err))
	}
	return filepath.Join(folder, run+suffix), nil
}
