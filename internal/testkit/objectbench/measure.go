package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// measured is what one run of a mover took.
type measured struct {
	Seconds float64 `json:"seconds"`
	// CPU is the user and system time of the mover and of all its children, in
	// seconds; RSS the peak of the largest of them in MiB. Own is the part of the
	// mover's that is no page of a file, such as its program: the highest of many
	// looks.
	CPU  float64 `json:"cpuSeconds"`
	RSS  float64 `json:"peakMiB"`
	Own  float64 `json:"ownMiB"`
	Exit int     `json:"exit"`
	// Killed says that it was ended from outside.
	Killed bool `json:"killed,omitempty"`
}

// command is how a mover is started.
type command struct {
	path string
	args []string
	// env is added to the environment; it also carries what is secret.
	env []string
	// dir is the working directory.
	dir string
}

// String is the command as it is typed.
func (c command) String() string { return strings.Join(append([]string{c.path}, c.args...), " ") }

// childVariable makes a test binary behave as the program.
const childVariable = "LANDFALL_OBJECTBENCH_CHILD"

// launch runs a command below a process of its own, which measures it: the peak
// memory of a child includes that of the process that it was split off from
// (getrusage(2), ru_maxrss; execve keeps it), and this one is large. What the
// mover prints goes into the log. When kill is closed, the mover is killed.
func launch(ctx context.Context, c command, log string, kill <-chan struct{}) (measured, error) {
	self, err := os.Executable()
	if err != nil {
		return measured{}, err
	}
	child := exec.CommandContext(ctx, self, append([]string{"measure", "--log", log, "--", c.path}, c.args...)...)
	child.Env = append(append(os.Environ(), c.env...), childVariable+"=1")
	child.Dir = c.dir
	child.Stderr = os.Stderr
	var out bytes.Buffer
	child.Stdout = &out
	// The end of its input tells the child to kill: also when this process dies.
	line, err := child.StdinPipe()
	if err != nil {
		return measured{}, err
	}
	if err := child.Start(); err != nil {
		return measured{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	select {
	case err = <-ended:
	case <-kill:
		line.Close()
		err = <-ended
	}
	if err != nil {
		return measured{}, fmt.Errorf("measure %s: %w", c, err)
	}
	var m measured
	if err := json.Unmarshal(out.Bytes(), &m); err != nil {
		return m, fmt.Errorf("measure %s: %w", c, err)
	}
	if m.Exit != 0 && !m.Killed {
		return m, fmt.Errorf("%s ended with %d:\n%s", c, m.Exit, tail(log))
	}
	return m, nil
}

// tail is the end of what a mover has printed.
func tail(path string) string {
	const most = 2000
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}

// measureChild is the verb measure: it runs one command and prints what it took.
func measureChild(args []string, to io.Writer) error {
	if len(args) < 4 || args[0] != "--log" || args[2] != "--" {
		return fmt.Errorf("want --log FILE -- PROGRAM ARGUMENT..., not %q", args)
	}
	log, err := os.OpenFile(args[1], os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	c := exec.Command(args[3], args[4:]...)
	c.Stdout, c.Stderr = log, log
	m, err := measure(c, os.Stdin)
	if err != nil {
		return err
	}
	return json.NewEncoder(to).Encode(m)
}
