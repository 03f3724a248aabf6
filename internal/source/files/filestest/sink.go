package filestest

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/format"
)

// Sink keeps what a scanner finds.
type Sink struct {
	Observations []inventory.Observation
	UnreadList   []inventory.Unread
	RefusedList  []inventory.Refused
	Inputs       map[string]string
	PlannedBytes int64
	DoneBytes    int64
	// Fail is what Found returns.
	Fail error

	mu sync.Mutex
}

var _ source.Sink = (*Sink)(nil)

// Found keeps observations.
func (s *Sink) Found(o ...inventory.Observation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Observations = append(s.Observations, o...)
	return s.Fail
}

// Unread keeps what was not read.
func (s *Sink) Unread(u inventory.Unread) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.UnreadList = append(s.UnreadList, u)
}

// Refused keeps what was not understood.
func (s *Sink) Refused(r inventory.Refused) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.RefusedList = append(s.RefusedList, r)
}

// Input keeps a fingerprint.
func (s *Sink) Input(name, fingerprint string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Inputs == nil {
		s.Inputs = map[string]string{}
	}
	s.Inputs[name] = fingerprint
}

// Scope keeps nothing.
func (s *Sink) Scope(string, string) {}

// Planned adds up.
func (s *Sink) Planned(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.PlannedBytes += n
}

// Done adds up.
func (s *Sink) Done(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.DoneBytes += n
}

// Find returns the first observation with that ID, nil if there is none.
func (s *Sink) Find(id string) *inventory.Observation {
	for i := range s.Observations {
		if string(s.Observations[i].ID) == id {
			return &s.Observations[i]
		}
	}
	return nil
}

// Whole fails the test if an observation does not say what it is of.
func (s *Sink) Whole(t testing.TB) {
	t.Helper()
	for _, o := range s.Observations {
		if o.ID == "" || o.Kind == "" || o.Origin == "" {
			t.Errorf("an observation without ID, kind or origin: %+v", o)
		}
	}
}

// Requests makes requests that share one converter, which is costly to make.
type Requests struct{ kinds *kinds.Converter }

// NewRequests returns a maker of requests.
func NewRequests() *Requests { return &Requests{kinds.New()} }

// Of is the request to read a text under a name.
func (r *Requests) Of(name string, content []byte) format.Request {
	return format.Request{Document: document.Bytes(name, content, Small()), Kinds: r.kinds, Log: slog.New(slog.DiscardHandler)}
}

// Small are limits with which a hostile text costs little.
func Small() document.Limits {
	return document.Limits{WholeBytes: 1 << 20, TextBytes: 1 << 20, ItemBytes: 1 << 18, Depth: 100}
}

// Fixture returns a file of the fixtures, from the folder of a format's
// package.
func Fixture(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Reasons are all that was refused, a line each.
func (s *Sink) Reasons() string {
	var out strings.Builder
	for _, r := range s.RefusedList {
		out.WriteString(r.File + ": " + r.Reason + "\n")
	}
	return out.String()
}
