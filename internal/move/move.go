package move

import "time"

// Progress is how far a piece of work is. Totals are 0 as long as they are not
// known; they may grow while the source is still being listed.
type Progress struct {
	// Doing is one word or two for people: "list", "copy", "verify".
	Doing string
	// Unit is what an item is, in the plural; "" means objects.
	Unit string
	// Items and Bytes count what is done with, Total what there is to do.
	Items, TotalItems int64
	Bytes, TotalBytes int64
	// Listed says that the totals are final.
	Listed bool
	// Failed counts what was tried and given up, Refused what is not moved and
	// why it is not is listed.
	Failed, Refused int64
	// PerSecond are the rates of about the last ten seconds.
	ItemsPerSecond, BytesPerSecond float64
	// Left is the estimate of the time that is left, 0 for unknown.
	Left time.Duration
	// Slowed is why the work goes slower than it could, "" for no reason:
	// "throttled by the target", "limit of 200 Mbit/s", "paused".
	Slowed string
}

// Limits bound what a mover takes from both sides. Zero values bound nothing.
type Limits struct {
	// BytesPerSecond of the bodies together.
	BytesPerSecond int64
	// RequestsPerSecond to each side.
	RequestsPerSecond float64
	// Requests in flight at once, at most; 0 lets the mover find out.
	Requests int
	// Buffers is the memory for bodies in bytes.
	Buffers int64
	// Cost is the most that requests and egress of this run may cost in US
	// dollars, as estimated; the run stops in order when it is reached.
	Cost float64
}

// Proof is what a claim that two sides are equal rests on, weakest first.
type Proof int

// What a claim can rest on. The zero value is nothing: it is no yes.
const (
	// Unproved: nothing that both sides say about the content agrees. Equal size
	// and name are no proof.
	Unproved Proof = iota
	// Recorded: the target carries the mark of an earlier copy of this very
	// version, which was proved then, and has not been written since.
	Recorded
	// Bound: a hash of the content that one service holds was checked or
	// answered by the other.
	Bound
	// Read: both sides were read in full, independently, and compared.
	Read
)

// Journal keeps durable notes of one piece of work under keys. What Keep has
// returned nil for survives a kill; equal keys keep the first.
type Journal interface {
	Page(key string) ([]byte, bool)
	Keep(key string, page []byte) error
}
