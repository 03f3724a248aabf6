package objects

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/manifest"
)

// ahead is how many objects of a shard may be done while one before them is not.
const ahead = 4096

// lines puts what workers are done with back into the order of the listing, and
// writes it. Whoever finds it full waits: an object that takes so long keeps all
// workers busy with its blocks.
type lines struct {
	mu    sync.Mutex
	room  sync.Cond
	ring  []lineSlot
	head  uint64 // the next to be written
	tail  uint64 // the next to be given out
	out   *segments
	meter *meter
	err   error
}

type lineSlot struct {
	line *manifest.Line
	// before are lines of the same key that come first.
	before []*manifest.Line
	done   bool
}

func newLines(out *segments, m *meter) *lines {
	l := &lines{out: out, meter: m}
	l.room.L = &l.mu
	return l
}

// now writes a line that is done at once. The caller may use it again.
func (l *lines) now(line *manifest.Line) error {
	l.meter.done(line)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.head == l.tail {
		return l.write(line)
	}
	seq, err := l.give()
	if err != nil {
		return err
	}
	kept := *line
	l.ring[seq%ahead] = lineSlot{line: &kept, done: true}
	return l.err
}

// reserve gives out the place of a line that comes later.
func (l *lines) reserve() (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.give()
}

func (l *lines) give() (uint64, error) {
	if l.ring == nil {
		l.ring = make([]lineSlot, ahead)
	}
	for l.tail-l.head == ahead && l.err == nil {
		l.room.Wait()
	}
	if l.err != nil {
		return 0, l.err
	}
	l.tail++
	return l.tail - 1, nil
}

// fill brings the line of a place.
func (l *lines) fill(seq uint64, line *manifest.Line, before []*manifest.Line) {
	for _, earlier := range before {
		// The listing counted its key once.
		l.meter.listed(earlier.Size)
		l.meter.worked(earlier)
	}
	l.meter.worked(line)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[seq%ahead] = lineSlot{line: line, before: before, done: true}
	if seq != l.head {
		return
	}
	for l.head < l.tail && l.ring[l.head%ahead].done && l.err == nil {
		slot := &l.ring[l.head%ahead]
		for _, line := range slot.before {
			if l.err == nil {
				l.err = l.write(line)
			}
		}
		if l.err == nil {
			l.err = l.write(slot.line)
		}
		*slot = lineSlot{}
		l.head++
	}
	l.room.Signal()
}

// stop makes all who wait, and all who come, give up.
func (l *lines) stop(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	l.room.Broadcast()
}

// write is called with the lock held. A nil line is none: its object is another
// shard's.
func (l *lines) write(line *manifest.Line) error {
	if line == nil {
		return nil
	}
	err := l.out.add(line)
	if err != nil && l.err == nil {
		l.err = err
	}
	return err
}

// segments writes the lines of a shard into files: a new one wherever the keys
// go past a prefix that is another shard's, so that all files together can be put
// into the order of the keys.
type segments struct {
	folder, stem string
	shard        listing.Shard
	next         int // of shard.Except
	writer       *manifest.SegmentWriter
	file         *os.File
	lines        int64
	done         []Segment
	// held keeps the lines from the first one on that is decided at the end.
	held *listing.Sorter
}

// Segment is a finished part of a manifest: the name of its file in the folder,
// and what it holds.
type Segment struct {
	Name string        `json:"name"`
	File manifest.File `json:"file"`
}

// hold keeps back what comes, in memory and on disk, for lines are still missing
// that come before it.
func (s *segments) hold() {
	if s.held == nil {
		s.held = listing.NewSorter(s.folder, 4<<20)
	}
}

func (s *segments) add(l *manifest.Line) error {
	if s.held == nil {
		return s.write(l)
	}
	// A key may be no text, which JSON would change.
	text, err := json.Marshal(heldLine{[]byte(l.Key), *l})
	if err != nil {
		return fault.Of(fault.Internal, "hold the line of", l.Key, err)
	}
	return s.held.Add(l.Key, text)
}

type heldLine struct {
	Key  []byte
	Line manifest.Line
}

func (s *segments) write(l *manifest.Line) error {
	for s.next < len(s.shard.Except) && l.Key > s.shard.Except[s.next] {
		s.next++
		if s.lines > 0 {
			if err := s.end(); err != nil {
				return err
			}
		}
	}
	if s.writer == nil {
		if err := s.begin(); err != nil {
			return err
		}
	}
	s.lines++
	return s.writer.Add(*l)
}

func (s *segments) begin() error {
	path := filepath.Join(s.folder, s.stem+"-"+strconv.Itoa(len(s.done))+".segment")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.Of(fault.KindOf(err), "write the manifest", path, err)
	}
	s.writer, err = manifest.NewSegment(file, s.shard.ID()+"/"+strconv.Itoa(len(s.done)))
	if err != nil {
		_ = file.Close()
		return err
	}
	s.file, s.lines = file, 0
	return nil
}

// end makes the present file a finished one, and durable.
func (s *segments) end() error {
	file, err := s.writer.Close()
	if err == nil {
		err = s.file.Sync()
	}
	if failed := s.file.Close(); err == nil {
		err = failed
	}
	if err != nil {
		return fault.Of(fault.Storage, "write the manifest", s.file.Name(), err)
	}
	s.done = append(s.done, Segment{filepath.Base(s.file.Name()), file})
	s.writer, s.file, s.lines = nil, nil, 0
	return nil
}

// finish writes what was held back and ends the last file.
func (s *segments) finish(ctx context.Context) ([]Segment, error) {
	if err := s.release(ctx); err != nil {
		return nil, err
	}
	if s.writer == nil && len(s.done) == 0 {
		if err := s.begin(); err != nil {
			return nil, err
		}
	}
	if s.writer != nil {
		if err := s.end(); err != nil {
			return nil, err
		}
	}
	return s.done, syncFolder(s.folder)
}

func (s *segments) release(ctx context.Context) error {
	if s.held == nil {
		return nil
	}
	defer s.held.Close()
	sorted, err := s.held.Sorted()
	if err != nil {
		return err
	}
	for {
		_, text, ok, err := sorted.Next()
		if err != nil || !ok {
			return err
		}
		var held heldLine
		if err := json.Unmarshal(text, &held); err != nil {
			return fault.Of(fault.Internal, "read a line that was held", "", err)
		}
		held.Line.Key = string(held.Key)
		if err := s.write(&held.Line); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// abandon removes what is not finished.
func (s *segments) abandon() {
	if s.held != nil {
		s.held.Close()
		s.held = nil
	}
	if s.writer != nil {
		s.writer.Abandon()
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
		s.writer = nil
	}
	for _, done := range s.done {
		_ = os.Remove(filepath.Join(s.folder, done.Name))
	}
	s.done = nil
}

// syncFolder makes the names of new files durable. Not every system can.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fault.Of(fault.KindOf(err), "open the folder of the manifest", path, err)
	}
	defer folder.Close()
	_ = folder.Sync()
	return nil
}
