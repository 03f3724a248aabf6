package awsgate

import (
	"net/http"
)

// maxCapturedBytes bounds how much of an answer is kept for the observers. An
// answer beyond it is passed on whole all the same; CloudTrail itself drops
// response elements over 100 kB.
const maxCapturedBytes = 1 << 20

// capture passes an answer on and keeps its head.
type capture struct {
	http.ResponseWriter
	keep   bool
	status int
	body   []byte
	// long: the body did not fit and body is only its beginning.
	long bool
	// begun is closed over by the gate: it is called once, before the first
	// byte of the answer leaves.
	begun func()
	// lost: the client went away before it had all.
	lost bool
}

// WriteHeader passes the status on.
func (c *capture) WriteHeader(status int) {
	if c.status == 0 && status >= 200 {
		c.status = status
		c.begun()
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write passes bytes on.
func (c *capture) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.WriteHeader(http.StatusOK)
	}
	if c.keep && !c.long {
		if len(c.body)+len(b) > maxCapturedBytes {
			c.long = true
		} else {
			c.body = append(c.body, b...)
		}
	}
	if c.lost {
		return len(b), nil
	}
	n, err := c.ResponseWriter.Write(b)
	if err != nil && c.keep && !c.long {
		// The rest is still read, so that observers learn what happened
		// although the client does not.
		c.lost = true
		return len(b), nil
	}
	return n, err
}

// Unwrap lets http.ResponseController reach flush and hijack.
func (c *capture) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// whole is the body as far as observers may decode it: nil when it was longer.
func (c *capture) whole() []byte {
	if c.long {
		return nil
	}
	return c.body
}
