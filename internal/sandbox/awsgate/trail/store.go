package trail

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/google/uuid"

	"example.com/landfall/internal/fault"
)

// fileName of the records, within the trail's folder.
const fileName = "cloudtrail.ndjson"

// maxRecordBytes bounds one record; CloudTrail's own bound is 256 kB.
const maxRecordBytes = 1 << 20

// entry is where a record lies and what LookupEvents may ask of it. Names are
// numbers of a table, because a million records name few things.
type entry struct {
	second    int64 // eventTime
	sequence  int64 // order of arrival
	offset    int64
	length    int32
	readOnly  bool
	eventName uint32
	source    uint32
	user      uint32
	key       uint32
	region    uint32
	id        uuid.UUID
	resources []pair
}

type pair struct{ kind, name uint32 }

// store is the file and its index. It is safe for concurrent use.
type store struct {
	mu       sync.RWMutex
	file     *os.File
	size     int64
	maxBytes int64
	kinds    kinds
	names    map[string]uint32
	texts    []string
	entries  []entry
	ids      map[uuid.UUID]struct{}
	unsorted bool
	dropped  int64
}

// openStore opens the file in the folder and indexes what it holds. A last
// line that a crash cut short is removed.
func openStore(folder string, maxBytes int64) (*store, error) {
	file, err := os.OpenFile(filepath.Join(folder, fileName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.Of(fault.Storage, "open trail", folder, err)
	}
	s := &store{file: file, maxBytes: maxBytes, kinds: newKinds(), names: map[string]uint32{"": 0}, texts: []string{""},
		ids: map[uuid.UUID]struct{}{}}
	if err := s.index(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

func (s *store) index() error {
	reader := bufio.NewReaderSize(s.file, maxRecordBytes)
	for {
		line, err := reader.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fault.Of(fault.Storage, "read trail", s.file.Name(), err)
		}
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			return fault.Of(fault.Invalid, "read trail", s.file.Name(), err).Hintf("remove the file; it holds only the sandbox's own history")
		}
		if err := s.note(&r, int64(len(line))); err != nil {
			return err
		}
	}
	if err := s.file.Truncate(s.size); err != nil {
		return fault.Of(fault.Storage, "mend trail", s.file.Name(), err)
	}
	return nil
}

// note indexes a record that lies at the end of the file.
func (s *store) note(r *Record, length int64) error {
	id, err := uuid.Parse(r.EventID)
	if err != nil {
		return fault.Of(fault.Invalid, "read eventID", r.EventID, err)
	}
	at, err := r.time()
	if err != nil {
		return fault.Of(fault.Invalid, "read eventTime", r.EventTime, err)
	}
	e := entry{second: at.Unix(), sequence: int64(len(s.entries)), offset: s.size, length: int32(length), readOnly: r.ReadOnly,
		eventName: s.number(r.EventName), source: s.number(r.EventSource), user: s.number(r.UserIdentity.userName()),
		key: s.number(r.UserIdentity.AccessKeyID), region: s.number(r.AWSRegion), id: id}
	for _, n := range s.kinds.named(r) {
		e.resources = append(e.resources, pair{s.number(n.Type), s.number(n.Name)})
	}
	if n := len(s.entries); n > 0 && s.entries[n-1].second > e.second {
		s.unsorted = true
	}
	s.entries = append(s.entries, e)
	s.ids[id] = struct{}{}
	s.size += length
	return nil
}

func (s *store) number(text string) uint32 {
	if n, ok := s.names[text]; ok {
		return n
	}
	n := uint32(len(s.texts))
	s.names[text] = n
	s.texts = append(s.texts, text)
	return n
}

// added says what became of a record.
type added int

const (
	kept added = iota
	duplicate
	full
)

// add appends records with one write; line i is the JSON of record i without a
// newline. A record that is known by its id is left out.
func (s *store) add(records []*Record, lines [][]byte) ([]added, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	result := make([]added, len(records))
	var buffer bytes.Buffer
	room := s.maxBytes - s.size
	taken := map[uuid.UUID]bool{}
	for i, r := range records {
		id, err := uuid.Parse(r.EventID)
		if err != nil {
			return nil, fault.Of(fault.Invalid, "read eventID", r.EventID, err)
		}
		if _, known := s.ids[id]; known || taken[id] {
			result[i] = duplicate
			continue
		}
		if int64(buffer.Len()+len(lines[i])+1) > room {
			result[i] = full
			s.dropped++
			continue
		}
		taken[id] = true
		buffer.Write(lines[i])
		buffer.WriteByte('\n')
	}
	if _, err := s.file.WriteAt(buffer.Bytes(), s.size); err != nil {
		// What was written lies behind the end and is written over.
		return nil, fault.Of(fault.Storage, "append to trail", s.file.Name(), err)
	}
	for i, r := range records {
		if result[i] != kept {
			continue
		}
		if err := s.note(r, int64(len(lines[i])+1)); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// sorted makes the entries stand by time and, within a second, by arrival.
func (s *store) sorted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.unsorted {
		return
	}
	slices.SortFunc(s.entries, func(a, b entry) int {
		if a.second != b.second {
			if a.second < b.second {
				return -1
			}
			return 1
		}
		return int(a.sequence - b.sequence)
	})
	s.unsorted = false
}

// read returns the JSON of a record.
func (s *store) read(e entry) ([]byte, error) {
	line := make([]byte, e.length-1)
	if _, err := s.file.ReadAt(line, e.offset); err != nil {
		return nil, fault.Of(fault.Storage, "read trail", s.file.Name(), err)
	}
	return line, nil
}

// Stats are the sizes of a trail.
type Stats struct {
	Records int   `json:"records"`
	Bytes   int64 `json:"bytes"`
	// Dropped records found no room in the file.
	Dropped int64 `json:"dropped"`
	// Undelivered events wait for the next delivery; Lost ones found no room.
	Undelivered int   `json:"undelivered"`
	Lost        int64 `json:"lost"`
	// Delivered counts the files written to buckets.
	Delivered int64 `json:"delivered"`
}

func (s *store) stats() Stats {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Stats{Records: len(s.entries), Bytes: s.size, Dropped: s.dropped}
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.file.Close(); err != nil {
		return fault.Of(fault.Storage, "close trail", s.file.Name(), err)
	}
	return nil
}
