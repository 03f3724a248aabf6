package cli_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/cli"
	"example.com/landfall/internal/wire"
)

// Colour is for a person at a terminal who did not say no: not for a pipe, not
// with NO_COLOR, not on a dumb terminal, and never in JSON.
func TestColour(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, c := range map[string]struct {
		terminal bool
		env      map[string]string
		args     []string
		want     bool
	}{
		"terminal":             {true, nil, nil, true},
		"pipe":                 {false, nil, nil, false},
		"NO_COLOR":             {true, map[string]string{"NO_COLOR": "1"}, nil, false},
		"NO_COLOR of any text": {true, map[string]string{"NO_COLOR": "false"}, nil, false},
		"empty NO_COLOR":       {true, map[string]string{"NO_COLOR": ""}, nil, true},
		"dumb terminal":        {true, map[string]string{"TERM": "dumb"}, nil, false},
		"json":                 {true, nil, []string{"--json"}, false},
	} {
		var out, err bytes.Buffer
		cli.Main(t.Context(), cli.Streams{
			In: strings.NewReader(""), Out: &out, Err: &err, OutTerminal: c.terminal, ErrTerminal: c.terminal, Dir: dir, Now: time.Now,
			Getenv: func(variable string) (string, bool) {
				v, ok := c.env[variable]
				return v, ok
			},
		}, wire.Build, append([]string{"doctor"}, c.args...))
		if got := strings.Contains(out.String(), "\x1b["); got != c.want || out.Len() == 0 {
			t.Errorf("%s: colour %v, want %v: %q", name, got, c.want, out.String())
		}
	}
}

// Each way to use the command line wrongly is exit code 2, with a way on.
func TestWrongUse(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"nonsense"}, {"help", "nonsense"}, {"help", "sandbox", "nonsense"}, {"completion", "csh"}, {"completion", "bash", "surplus"},
		{"ledger", "nonsense"}, {"sandbox", "upp"}, {"init"}, {"init", "a", "b"}, {"doctor", "surplus"}, {"config", "--no-such-flag"},
		{"ledger", "verify", "--file", "a", "--export", "b"}, {"ledger", "verify", "--head", "nonsense"}, {"doctor", "--log-level", "loud"}, {"demo", "--keep=perhaps"},
	} {
		code, stdout, stderr := landfall(t, t.TempDir(), args...)
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		if code != 2 || stdout != "" || len(lines) > 2 || !strings.HasPrefix(lines[0], "landfall: ") {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q; want 2, nothing, and one line with a hint", args, code, stdout, stderr)
		}
	}
	for _, args := range [][]string{{}, {"help"}, {"help", "sandbox", "up"}, {"help", "exit-codes"}, {"help", "environment"}, {"sandbox"}, {"ledger", "--help"}, {"completion"}} {
		if code, stdout, stderr := landfall(t, t.TempDir(), args...); code != 0 || stdout == "" || stderr != "" {
			t.Errorf("%q: exit code %d, stderr %q; want help", args, code, stderr)
		}
	}
}
