package action

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// The kinds of the tests that a team brings: all of them, or one sort. They
// take the same inputs.
const (
	KindChecks  runbook.StepKind = "checks"
	KindCommand runbook.StepKind = "command"
	KindHTTP    runbook.StepKind = "http.check"
)

// Checks carries out the tests that people who know the workload have written
// down: requests with the answers that they must get, and commands that must
// end well. All are carried out, also after one of them fails.
type Checks struct {
	only
	// Client sends the requests; it follows no redirect, as a redirect is an
	// answer. Nil takes one of its own.
	Client *http.Client
	// Environ is the environment from which commands get what they name, in the
	// form of os.Environ; Dir is where they run.
	Environ []string
	Dir     string
}

var _ Test = Checks{}

type checkInputs struct {
	HTTP     []request `json:"http"`
	Commands []command `json:"commands"`
}

// Try carries them out, in the order of the inputs.
func (a Checks) Try(ctx context.Context, c *Call) ([]Evidence, error) {
	var in checkInputs
	if err := inputs(c, &in); err != nil {
		return nil, err
	}
	all := len(in.HTTP) + len(in.Commands)
	if all == 0 {
		return nil, fault.Newf(fault.Invalid, "check step %q: it has neither requests nor commands", c.Step.ID)
	}
	var out []Evidence
	var wrong []string
	note := func(name string, e Evidence, err error) {
		out = append(out, e)
		if err != nil {
			wrong = append(wrong, name+": "+err.Error())
		}
		c.beat(Progress{Text: name, Done: int64(len(out)), Of: int64(all)})
	}
	client := a.client()
	for _, r := range in.HTTP {
		e, err := r.try(ctx, client)
		note(r.name(), e, err)
	}
	for _, m := range in.Commands {
		e, err := m.try(ctx, c, a)
		if errors.Is(err, errStopped) || c.stopped() {
			return out, &Yield{At: m.name()}
		}
		note(m.name(), e, err)
	}
	if err := ctx.Err(); err != nil {
		return out, fault.Wrap(err, "check step", c.Step.ID)
	}
	if len(wrong) > 0 {
		const shown = 5
		return out, fault.Newf(fault.Found, "check step %q: %d of %d failed: %s", c.Step.ID, len(wrong), all, strings.Join(wrong[:min(shown, len(wrong))], "; "))
	}
	return out, nil
}

func (a Checks) client() *http.Client {
	client := http.Client{}
	if a.Client != nil {
		client = *a.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// millis is a duration as tests write it down.
func millis(d time.Duration) string { return number(int(d.Milliseconds())) }
