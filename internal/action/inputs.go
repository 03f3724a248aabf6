package action

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"example.com/landfall/internal/fault"
)

// inputs decodes the inputs of a step into a value of its kind. What the kind
// does not know is an error: a setting that nobody reads is one that somebody
// rests on.
func inputs(c *Call, into any) error {
	data, err := json.Marshal(c.Step.Inputs)
	if err != nil {
		return fault.Of(fault.Invalid, "read the inputs of step", c.Step.ID, err)
	}
	if err := strict(data, into); err != nil {
		return fault.Of(fault.Invalid, "read the inputs of step", c.Step.ID, err).Hintf("make the runbook anew with: landfall plan")
	}
	return nil
}

// timeout is a bound in seconds, with one for what gives none.
func timeout(seconds int64, otherwise time.Duration) time.Duration {
	if seconds <= 0 {
		return otherwise
	}
	return time.Duration(min(seconds, 24*3600)) * time.Second
}

func number(n int) string { return strconv.Itoa(n) }

// stopped reports whether the attempt was asked to stop.
func (c *Call) stopped() bool {
	select {
	case <-c.Stop:
		return true
	default:
		return false
	}
}

// beat tells that the attempt lives, to whoever listens.
func (c *Call) beat(p Progress) {
	if c.Beat != nil {
		c.Beat(p)
	}
}

func strict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
