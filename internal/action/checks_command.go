package action

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"os/exec"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
)

// command is a program of the team's that must end with a code.
type command struct {
	Name string `json:"name"`
	// Run is a line for the shell; Argv is a program and its arguments.
	Run  string   `json:"run"`
	Argv []string `json:"argv"`
	// Env names what it gets of the environment, beside what every program
	// needs.
	Env            []string `json:"env"`
	TimeoutSeconds int64    `json:"timeoutSeconds"`
	// Exit is the code with which it must end.
	Exit int `json:"exit"`
}

// errStopped says that a command was killed because the attempt was asked to
// stop.
var errStopped = errors.New("the command was stopped")

// everyProgram names what programs need of the environment.
func everyProgram() []string { return []string{"PATH", "HOME", "LANG", "TMPDIR", "TZ", "SYSTEMROOT"} }

// killGrace is how long a group of processes has to end by itself.
const killGrace = 5 * time.Second

func (m command) name() string {
	switch {
	case m.Name != "":
		return m.Name
	case len(m.Argv) > 0:
		return m.Argv[0]
	default:
		return "a command"
	}
}

func (m command) argv() ([]string, error) {
	switch {
	case len(m.Argv) > 0 && m.Run == "":
		return m.Argv, nil
	case m.Run != "" && len(m.Argv) == 0:
		return []string{"/bin/sh", "-c", m.Run}, nil
	default:
		return nil, fault.Newf(fault.Invalid, "run %q: it takes either run or argv", m.name())
	}
}

// try runs the command in a process group of its own, which is ended as a whole:
// what a test leaves running would disturb what comes after.
func (m command) try(ctx context.Context, c *Call, a Checks) (Evidence, error) {
	e := Evidence{Kind: "command", Text: m.name(), Data: map[string]string{}}
	argv, err := m.argv()
	if err != nil {
		return e, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout(m.TimeoutSeconds, time.Hour))
	defer cancel()
	p := exec.CommandContext(ctx, argv[0], argv[1:]...)
	p.Dir, p.Env = a.Dir, m.environ(a.Environ)
	out, trouble := &printed{sum: sha256.New()}, &printed{sum: sha256.New()}
	p.Stdout, p.Stderr = out, trouble
	p.WaitDelay = killGrace
	ownGroup(p)
	began := time.Now()
	if err := p.Start(); err != nil {
		return e, fault.Of(startKind(err), "start", m.name(), err)
	}
	halted := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		select {
		case <-c.Stop:
			close(halted)
			endGroup(p)
		case <-ended:
		}
	}()
	err = p.Wait()
	close(ended)
	endGroup(p)
	code := p.ProcessState.ExitCode()
	e.Text += ": ended with " + number(code) + " after " + millis(time.Since(began)) + " ms"
	e.Data["exit"], e.Data["millis"] = number(code), millis(time.Since(began))
	e.Data["stdout"], e.Data["stderr"] = out.print(), trouble.print()
	select {
	case <-halted:
		return e, errStopped
	default:
	}
	switch {
	case ctx.Err() != nil:
		return e, fault.Newf(fault.Timeout, "it did not end in %s", timeout(m.TimeoutSeconds, time.Hour))
	case code == m.Exit:
		return e, nil
	case code < 0 && err != nil:
		return e, fault.Newf(fault.Found, "it was ended: %s", err)
	default:
		return e, fault.Newf(fault.Found, "it ended with %d, not %d: %s", code, m.Exit, trouble.last())
	}
}

func startKind(err error) fault.Kind {
	if errors.Is(err, exec.ErrNotFound) {
		return fault.Missing
	}
	return fault.KindOf(err)
}

func (m command) environ(all []string) []string {
	out := []string{}
	for _, pair := range all {
		name, _, _ := strings.Cut(pair, "=")
		if slices.Contains(everyProgram(), name) || slices.Contains(m.Env, name) {
			out = append(out, pair)
		}
	}
	return out
}

// printed takes what a program prints, keeps its fingerprint and its end.
type printed struct {
	sum   hash.Hash
	bytes int
	tail  []byte
}

// Write never fails.
func (p *printed) Write(b []byte) (int, error) {
	p.sum.Write(b) //nolint:errcheck // a hash never fails
	p.bytes += len(b)
	const kept = 500
	p.tail = append(p.tail, b...)
	p.tail = p.tail[max(len(p.tail)-kept, 0):]
	return len(b), nil
}

func (p *printed) print() string { return "sha256:" + hex.EncodeToString(p.sum.Sum(nil)) }

// last is the last line: what a program that fails says goes there.
func (p *printed) last() string {
	lines := strings.Split(strings.TrimSpace(string(p.tail)), "\n")
	return lines[len(lines)-1]
}
