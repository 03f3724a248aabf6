package testaction

import (
	"context"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
)

// Inputs are those of a step of this kind. The counts are of attempts of the
// step in all processes.
type Inputs struct {
	// File holds the effects.
	File string `json:"file"`
	// SlowMillis is how long it takes, each batch of it when there are any.
	SlowMillis int `json:"slowMillis,omitempty"`
	// Batches are parts between which it may be stopped.
	Batches int `json:"batches,omitempty"`
	// Parts is how many parts it falls into, Leaves that each leaves something to
	// be kept.
	Parts  int  `json:"parts,omitempty"`
	Leaves bool `json:"leaves,omitempty"`
	// Fails is how often it fails before its effect, BadProofs how often it is
	// not right afterwards, Blind how often a look cannot tell once the effect is
	// there.
	Fails     int `json:"fails,omitempty"`
	BadProofs int `json:"badProofs,omitempty"`
	Blind     int `json:"blind,omitempty"`
	// Crash is the moment at which it kills its process, once: one of
	// action.Points.
	Crash string `json:"crash,omitempty"`
	// Denied makes a failure one that trying again does not help.
	Denied bool `json:"denied,omitempty"`
}

// Action is the action.
type Action struct{}

var _ action.Action = Action{}

// of reads the inputs and the lines of a step. Its key is that of doing it:
// taking it back is about the same effect.
func of(c *action.Call) (in Inputs, key string, all []string, err error) {
	data, err := json.Marshal(c.Step.Inputs)
	if err == nil {
		err = json.Unmarshal(data, &in)
	}
	if err != nil || in.File == "" {
		return in, "", nil, fault.Of(fault.Invalid, "read the inputs of step", c.Step.ID, err)
	}
	key = strings.Replace(c.Key, "/undo", "/do", 1)
	all, err = lines(in.File, key)
	return in, key, all, err
}

func there(all []string) bool { return count(all, did) > count(all, undid) }

// Check reads the file.
func (Action) Check(_ context.Context, c *action.Call) (action.Seen, string, error) {
	in, key, all, err := of(c)
	if err != nil {
		return action.CannotTell, "", err
	}
	if there(all) && count(all, looked) < in.Blind {
		return action.CannotTell, "told to be blind", write(in.File, looked, key)
	}
	switch batches := count(all, batch); {
	case there(all):
		return action.There, "", nil
	case batches > 0 && count(all, undid)+count(all, dropped) == 0:
		return action.Partly, number(batches) + " batches", nil
	default:
		return action.NotThere, "", nil
	}
}

// Apply writes a line, after as many batches as the inputs say.
func (Action) Apply(ctx context.Context, c *action.Call) error {
	in, key, all, err := of(c)
	if err != nil {
		return err
	}
	if count(all, failed) < in.Fails {
		kind := fault.Unavailable
		if in.Denied {
			kind = fault.Denied
		}
		if err := write(in.File, failed, key); err != nil {
			return err
		}
		return fault.Newf(kind, "do what step %q is told to fail at", c.Step.ID)
	}
	for n := count(all, batch); n < in.Batches; n++ {
		if err := rest(ctx, c, in.SlowMillis, n); err != nil {
			return err
		}
		if err := write(in.File, batch, key); err != nil {
			return err
		}
	}
	if in.Batches == 0 {
		if err := rest(ctx, c, in.SlowMillis, 0); err != nil {
			return err
		}
	}
	if err := crash(in, key, all, action.BeforeEffect); err != nil {
		return err
	}
	if err := write(in.File, did, key); err != nil {
		return err
	}
	return crash(in, key, all, action.AfterEffect)
}

// rest waits, and yields when it is asked to.
func rest(ctx context.Context, c *action.Call, millis, n int) error {
	timer := time.NewTimer(time.Duration(millis) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.Stop:
		cursor, err := json.Marshal(n)
		if err != nil {
			return err
		}
		return &action.Yield{Cursor: cursor, At: "batch " + number(n)}
	}
	if c.Beat != nil {
		c.Beat(action.Progress{Text: "batch " + number(n), Done: int64(n)})
	}
	return nil
}

// crash kills the process, once for a key.
func crash(in Inputs, key string, all []string, point string) error {
	if in.Crash != point || count(all, killed) > 0 {
		return nil
	}
	if err := write(in.File, killed, key); err != nil {
		return err
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	if err := self.Kill(); err != nil {
		return err
	}
	select {} // the kill is on its way
}

// Verify reads the file once more.
func (Action) Verify(_ context.Context, c *action.Call) ([]action.Evidence, error) {
	in, key, all, err := of(c)
	if err != nil {
		return nil, err
	}
	if count(all, proved) < in.BadProofs {
		if err := write(in.File, proved, key); err != nil {
			return nil, err
		}
		return nil, fault.Newf(fault.Found, "verify step %q: told not to be right", c.Step.ID)
	}
	if !there(all) {
		return nil, fault.Newf(fault.Found, "verify step %q: no line for it", c.Step.ID)
	}
	if err := crash(in, key, all, action.AfterProof); err != nil {
		return nil, err
	}
	return []action.Evidence{{Kind: "effect", Text: "a line for " + key, Data: map[string]string{"key": key}}}, nil
}

// Undo writes the line that takes the other back.
func (Action) Undo(ctx context.Context, c *action.Call) ([]action.Evidence, error) {
	in, key, all, err := of(c)
	if err != nil {
		return nil, err
	}
	if err := rest(ctx, c, in.SlowMillis, 0); err != nil {
		return nil, err
	}
	word := undid
	if !there(all) {
		word = dropped
	}
	return []action.Evidence{{Kind: "effect", Text: "taken back: " + key}}, write(in.File, word, key)
}

func number(n int) string { return strconv.Itoa(n) }
