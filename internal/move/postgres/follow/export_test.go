package follow

import (
	"time"

	"example.com/landfall/internal/move/postgres/pg"
)

// Conninfo is what a subscription of the stream is given.
func (s Stream) Conninfo() string { return s.conninfo() }

// Redact takes passwords out of an error.
func (s Stream) Redact(err error) error { return s.redact(err) }

// Lags is what a Follower that saw the log end at ends, one second apart, says of a
// subscriber that has confirmed so much, and how many ends it remembers.
func Lags(confirmed pg.LSN, ends ...pg.LSN) (seconds float64, known bool, kept int) {
	var p past
	for i, end := range ends {
		p = p.add(sample{time.Unix(int64(i), 0), end})
	}
	d, known := p.behind(confirmed)
	return d.Seconds(), known, len(p)
}

// Decode reads messages of pgoutput, and counts the transactions and the rows in them.
func Decode(messages ...[]byte) (transactions, changes int, err error) {
	var d decoder
	for _, m := range messages {
		if err = d.message(m); err != nil {
			break
		}
	}
	for _, t := range d.done {
		changes += len(t.changes)
	}
	return len(d.done), changes, err
}

// Verdict says why a guard with a bound gives a slot up.
func Verdict(s Slot, bound int64) string { return verdict(s, bound) }
