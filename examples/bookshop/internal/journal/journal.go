package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Outcome is what became of an order, as far as the client knows.
type Outcome string

// The outcomes.
const (
	Accepted Outcome = "accepted" // the shop said so
	Refused  Outcome = "refused"  // the shop said that nothing was written
	Unknown  Outcome = "unknown"  // no answer, or none by the shop itself
)

// line is one line of the file. Kind says which fields it has.
type line struct {
	Kind     string    `json:"kind"` // "run", "try", "end"
	Run      string    `json:"run,omitempty"`
	ID       string    `json:"id,omitempty"`
	Customer string    `json:"customer,omitempty"`
	Sequence int64     `json:"sequence,omitempty"`
	Hash     string    `json:"hash,omitempty"`
	Attempt  int       `json:"attempt,omitempty"`
	Outcome  Outcome   `json:"outcome,omitempty"`
	Status   int       `json:"status,omitempty"`
	At       time.Time `json:"at"`
}

// Try is an order that is about to be sent.
type Try struct {
	ID, Customer string
	Sequence     int64
	Hash         string
	Attempt      int
}

// Writer appends to a journal. It is safe for concurrent use.
type Writer struct {
	mu   sync.Mutex
	file *os.File
	now  func() time.Time
}

// Create starts the journal of a run in a new file; an existing file is
// trouble.Conflict.
func Create(path, run string, now func() time.Time) (*Writer, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil, trouble.Of(trouble.Conflict, "create journal", path, errors.New("it exists: give another name, a journal holds one run"))
	}
	if err != nil {
		return nil, trouble.Of(trouble.Usage, "create journal", path, err)
	}
	w := &Writer{file: file, now: now}
	if err := w.write(line{Kind: "run", Run: run}); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return w, nil
}

// Try writes down that an order is about to be sent.
func (w *Writer) Try(t Try) error {
	return w.write(line{Kind: "try", ID: t.ID, Customer: t.Customer, Sequence: t.Sequence, Hash: t.Hash, Attempt: t.Attempt})
}

// End writes down what became of an order.
func (w *Writer) End(id string, outcome Outcome, status int) error {
	return w.write(line{Kind: "end", ID: id, Outcome: outcome, Status: status})
}

// write puts one line into the file with one system call and no buffer in
// between: that is what a kill of this process cannot take back.
func (w *Writer) write(l line) error {
	l.At = w.now().UTC()
	text, err := json.Marshal(l)
	if err != nil {
		return trouble.Of(trouble.Internal, "encode journal line", l.ID, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.file.Write(append(text, '\n')); err != nil {
		return trouble.Of(trouble.Unavailable, "write journal", w.file.Name(), err)
	}
	return nil
}

// Close brings the file to the disk and closes it.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := errors.Join(w.file.Sync(), w.file.Close()); err != nil {
		return trouble.Of(trouble.Unavailable, "close journal", w.file.Name(), err)
	}
	return nil
}

// Entry is what a journal says about one order.
type Entry struct {
	ID, Customer string
	Sequence     int64
	Hash         string
	Attempts     int
	Outcome      Outcome // Unknown when the journal ends before it
}

// Journal is a journal that was read.
type Journal struct {
	Run       string
	Entries   []Entry // in the order of the first tries
	Truncated int     // unfinished lines at the end: 0 or 1
}

// maxLine bounds a line; the longest has three names of 64 letters.
const maxLine = 64 << 10

// Read reads a journal. name is for errors.
func Read(r io.Reader, name string) (*Journal, error) {
	j := &Journal{}
	index := map[string]int{}
	lines := bufio.NewReaderSize(r, maxLine)
	for number := 1; ; number++ {
		text, err := lines.ReadSlice('\n')
		if err == io.EOF {
			if len(text) > 0 {
				j.Truncated++
			}
			break
		}
		if err == nil {
			err = j.add(text, index)
		}
		if err != nil {
			return nil, trouble.Of(trouble.Invalid, "read journal", fmt.Sprintf("%s:%d", name, number), err)
		}
	}
	if j.Run == "" {
		return nil, trouble.Of(trouble.Invalid, "read journal", name, errors.New("it does not begin with a run"))
	}
	return j, nil
}

func (j *Journal) add(text []byte, index map[string]int) error {
	var l line
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&l); err != nil {
		return err
	}
	if (l.Kind == "run") != (j.Run == "") {
		return errors.New("a journal begins with its run, and holds one")
	}
	switch l.Kind {
	case "run":
		if l.Run == "" {
			return errors.New("the run has no name")
		}
		j.Run = l.Run
		return nil
	case "try":
		return j.tried(l, index)
	case "end":
		return j.ended(l, index)
	}
	return fmt.Errorf("unknown kind %q", l.Kind)
}

func (j *Journal) tried(l line, index map[string]int) error {
	entry := Entry{ID: l.ID, Customer: l.Customer, Sequence: l.Sequence, Hash: l.Hash, Attempts: l.Attempt, Outcome: Unknown}
	at, again := index[l.ID]
	if !again {
		index[l.ID] = len(j.Entries)
		j.Entries = append(j.Entries, entry)
		return nil
	}
	old := j.Entries[at]
	if old.Customer != l.Customer || old.Sequence != l.Sequence || old.Hash != l.Hash || old.Outcome != Unknown {
		return fmt.Errorf("order %q is tried again with another content, or after its outcome", l.ID)
	}
	j.Entries[at].Attempts = l.Attempt
	return nil
}

func (j *Journal) ended(l line, index map[string]int) error {
	at, found := index[l.ID]
	if !found {
		return fmt.Errorf("order %q has an outcome, but was not tried", l.ID)
	}
	switch l.Outcome {
	case Accepted, Refused, Unknown:
		j.Entries[at].Outcome = l.Outcome
		return nil
	}
	return fmt.Errorf("unknown outcome %q", l.Outcome)
}
