package engine

import "encoding/json"

// FanKind says what a worker is asked about the parts of an attempt. The reducer
// knows nothing of parts: it sees one attempt with one outcome. What a worker is
// asked here it answers as any attempt, with a StepResult.
type FanKind string

// What a worker is asked.
const (
	// FanAsk asks a worker that does not cut an attempt itself whether it falls
	// into parts: Parts without any says that it does. One that does not is carried
	// out.
	FanAsk FanKind = "ask"
	// FanSplit asks for the parts of an attempt. One that does not fall into parts
	// is carried out.
	FanSplit FanKind = "split"
	// FanPart carries out one part. It may be asked again for one that was begun,
	// or done, before.
	FanPart FanKind = "part"
	// FanKeep keeps what a part left with a worker that keeps nothing itself.
	FanKeep FanKind = "keep"
	// FanClose ends the attempt, whether all parts are done or not: its answer is
	// the outcome, or the parts of another stage.
	FanClose FanKind = "close"
)

// Fan is one question about the parts of an attempt. Only what its kind needs is
// set.
type Fan struct {
	Do FanKind `json:"do"`
	// Work is what Parts said that all of them share.
	Work json.RawMessage `json:"work,omitempty"`
	Part Part            `json:"part,omitzero"`
	// Left is what a part left.
	Left  []byte `json:"left,omitempty"`
	Ended Fanned `json:"ended,omitzero"`
}

// Parts are what an attempt falls into.
type Parts struct {
	Work json.RawMessage `json:"work,omitempty"`
	All  []Part          `json:"all,omitempty"`
	// Done counts those of before, which are not in All.
	Done int `json:"done,omitempty"`
}

// Part is one of them. Its id is unique among them; neither holds a secret.
type Part struct {
	ID   string          `json:"id"`
	Work json.RawMessage `json:"work,omitempty"`
}

// Fanned is what the parts of an attempt came to. Those that are neither done
// nor failed were not begun, or stopped where they were.
type Fanned struct {
	Done   int `json:"done"`
	Of     int `json:"of"`
	Failed int `json:"failed,omitempty"`
	// Why are the first reasons of those that failed.
	Why []string `json:"why,omitempty"`
	// Final says that trying one of them again cannot help.
	Final bool `json:"final,omitempty"`
	// Stopped says that they were asked to stop, Late that their time was over.
	Stopped bool `json:"stopped,omitempty"`
	Late    bool `json:"late,omitempty"`
}
