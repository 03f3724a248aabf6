package listing

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"io"
	"os"
	"slices"

	"example.com/landfall/internal/fault"
)

const (
	// sortMemory is what a sorter holds before it writes a run.
	sortMemory = 16 << 20
	// recordCost is what a record takes besides its bytes.
	recordCost = 48
	// fanIn is how many runs are open at once; more of them are merged first.
	fanIn   = 64
	runRead = 32 << 10
)

// Sorter sorts records by their keys with bounded memory: what does not fit
// goes into files of a scratch folder. Records of equal keys keep their order. It
// is for one goroutine.
type Sorter struct {
	dir    string
	memory int
	held   []record
	size   int
	// levels keep the runs: fanIn of one become one of the next, which is older
	// than all that are below.
	levels [][]*os.File
}

type record struct {
	key   string
	value []byte
}

// NewSorter sorts with files in dir, which must exist. memory 0 is a default.
func NewSorter(dir string, memory int) *Sorter {
	return &Sorter{dir: dir, memory: cmp.Or(memory, sortMemory)}
}

// Add adds a record; the value is kept as it is given.
func (s *Sorter) Add(key string, value []byte) error {
	s.held = append(s.held, record{key, value})
	if s.size += len(key) + len(value) + recordCost; s.size < s.memory {
		return nil
	}
	return s.spill()
}

// Close removes the files. It may be called twice, and after Sorted.
func (s *Sorter) Close() {
	for _, f := range s.runs() {
		discard(f)
	}
	s.levels, s.held, s.size = nil, nil, 0
}

// runs are all of them, the oldest first.
func (s *Sorter) runs() []*os.File {
	var all []*os.File
	for _, level := range slices.Backward(s.levels) {
		all = append(all, level...)
	}
	return all
}

// discard closes and removes a file. On the systems where an open file can lose
// its name it has none already, so that not even a kill leaves it behind.
func discard(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

func (s *Sorter) sortHeld() {
	slices.SortStableFunc(s.held, func(a, b record) int { return cmp.Compare(a.key, b.key) })
}

func (s *Sorter) spill() error {
	s.sortHeld()
	at := 0
	err := s.writeRun(0, func() (record, bool, error) {
		if at == len(s.held) {
			return record{}, false, nil
		}
		at++
		return s.held[at-1], true, nil
	})
	clear(s.held)
	s.held, s.size = s.held[:0], 0
	for level := 0; err == nil && len(s.levels[level]) == fanIn; level++ {
		err = s.compact(level)
	}
	return err
}

// compact makes one run of those of a level.
func (s *Sorter) compact(level int) error {
	old := s.levels[level]
	merged, err := openRuns(old, nil)
	if err != nil {
		return err
	}
	if err := s.writeRun(level+1, merged.next); err != nil {
		return err
	}
	s.levels[level] = nil
	for _, f := range old {
		discard(f)
	}
	return nil
}

func (s *Sorter) writeRun(level int, next func() (record, bool, error)) error {
	f, err := os.CreateTemp(s.dir, "sort-*")
	if err != nil {
		return fault.Of(fault.KindOf(err), "sort a listing", s.dir, err)
	}
	_ = os.Remove(f.Name())
	if level == len(s.levels) {
		s.levels = append(s.levels, nil)
	}
	s.levels[level] = append(s.levels[level], f)
	w := bufio.NewWriterSize(f, 64<<10)
	var head []byte
	for {
		r, ok, err := next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		head = binary.AppendUvarint(head[:0], uint64(len(r.key)))
		head = binary.AppendUvarint(head, uint64(len(r.value)))
		_, _ = w.Write(head)
		_, _ = w.WriteString(r.key)
		if _, err := w.Write(r.value); err != nil {
			return fault.Of(fault.Storage, "sort a listing", s.dir, err)
		}
	}
	if err := w.Flush(); err != nil {
		return fault.Of(fault.Storage, "sort a listing", s.dir, err)
	}
	return nil
}

// Sorted goes through what was added, in the order of keys.
type Sorted struct {
	heap runHeap
}

// Sorted begins to read; nothing may be added any more. The sorter must stay
// open for as long as it is read.
func (s *Sorter) Sorted() (*Sorted, error) {
	s.sortHeld()
	return openRuns(s.runs(), s.held)
}

func (s *Sorted) next() (r record, ok bool, err error) {
	if len(s.heap) == 0 {
		return record{}, false, nil
	}
	top := s.heap[0]
	r = top.head
	more, err := top.read()
	if err != nil {
		return record{}, false, err
	}
	if more {
		heap.Fix(&s.heap, 0)
	} else {
		heap.Pop(&s.heap)
	}
	return r, true, nil
}

// Next returns the next record; ok is false at the end.
func (s *Sorted) Next() (key string, value []byte, ok bool, err error) {
	r, ok, err := s.next()
	return r.key, r.value, ok, err
}

// run is one sorted sequence: a file, or what is in memory.
type run struct {
	order int
	head  record
	file  *bufio.Reader
	held  []record
}

func openRuns(files []*os.File, held []record) (*Sorted, error) {
	s := &Sorted{}
	for i, f := range files {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, fault.Of(fault.Storage, "sort a listing", "", err)
		}
		s.heap = append(s.heap, &run{order: i, file: bufio.NewReaderSize(f, runRead)})
	}
	s.heap = append(s.heap, &run{order: len(files), held: held})
	var failed error
	s.heap = slices.DeleteFunc(s.heap, func(r *run) bool {
		more, err := r.read()
		failed = cmp.Or(failed, err)
		return !more
	})
	if failed != nil {
		return nil, failed
	}
	heap.Init(&s.heap)
	return s, nil
}

func (r *run) read() (more bool, err error) {
	if r.file == nil {
		if len(r.held) == 0 {
			return false, nil
		}
		r.head, r.held = r.held[0], r.held[1:]
		return true, nil
	}
	n, err := binary.ReadUvarint(r.file)
	if err == io.EOF {
		return false, nil
	}
	var m uint64
	if err == nil {
		m, err = binary.ReadUvarint(r.file)
	}
	var buf []byte
	if err == nil {
		buf = make([]byte, n+m)
		_, err = io.ReadFull(r.file, buf)
	}
	if err != nil {
		return false, fault.Of(fault.Storage, "read a sorted run", "", err)
	}
	r.head = record{key: string(buf[:n]), value: bytes.Clone(buf[n:])}
	return true, nil
}

type runHeap []*run

func (h runHeap) Len() int { return len(h) }
func (h runHeap) Less(i, j int) bool {
	if h[i].head.key != h[j].head.key {
		return h[i].head.key < h[j].head.key
	}
	return h[i].order < h[j].order
}
func (h runHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *runHeap) Push(x any)   { *h = append(*h, x.(*run)) }
func (h *runHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
