package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/klauspost/compress/zstd"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

// Options say which journal is wanted.
type Options struct {
	// Work names the piece of work, with everything that its pages depend on
	// (accounts, regions, the program's version). A journal of another work is
	// dropped.
	Work string
	// MaxAge is how old a journal may be to be gone on with; 0 is a day. Pages
	// of last week and of today do not make one inventory.
	MaxAge time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

const (
	magic      = "landfall journal 1\n"
	headerSize = 12 // length of key, length of page, checksum
	// maxKey and maxPage bound a record, so that a broken length cannot ask for
	// the machine's memory.
	maxKey  = 64 << 10
	maxPage = 1 << 30
	day     = 24 * time.Hour
)

// Journal is an open journal. It is safe for concurrent use.
type Journal struct {
	path string
	lock *flock.Flock
	file *os.File
	pack *zstd.Encoder
	open *zstd.Decoder
	// point is called at the named moments of a write; a test kills there.
	point func(name string)

	mu    sync.Mutex
	pages map[string]place
	end   int64

	syncing sync.Mutex
	synced  int64
	broken  error // of a sync: what is on the disk is not known any more
}

type place struct {
	at   int64
	size int
	sum  uint32
}

// Open opens the journal at the path, with what an earlier process has kept of
// the same work, or begins a new one. Error kinds: fault.Conflict (another
// process has it), fault.Storage, fault.Denied.
func Open(path string, o Options) (*Journal, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxAge <= 0 {
		o.MaxAge = day
	}
	j := &Journal{path: path, lock: flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR), flock.SetPermissions(0o600)), pages: map[string]place{}, point: func(string) {}}
	locked, err := j.lock.TryLock()
	if err != nil {
		return nil, storage("open journal", path, err)
	}
	if !locked {
		return nil, fault.Of(fault.Conflict, "open journal", path, errors.New("another process uses it")).
			Hintf("wait until the other scan of this workspace has ended, then run the command again")
	}
	if err := j.load(o); err != nil {
		return nil, errors.Join(storage("open journal", path, err), j.Close())
	}
	return j, nil
}

func (j *Journal) load(o Options) (err error) {
	if j.file, err = os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if j.pack, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)); err != nil {
		return err
	}
	if j.open, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPage)); err != nil {
		return err
	}
	if j.resume(o) {
		j.synced = j.end
		return j.file.Truncate(j.end)
	}
	return j.begin(o)
}

// begin writes the head of a new journal over whatever is there.
func (j *Journal) begin(o Options) error {
	j.pages, j.end = map[string]place{}, 0
	if err := j.file.Truncate(0); err != nil {
		return err
	}
	started, err := o.Now().UTC().MarshalText()
	if err != nil {
		return err
	}
	head := append([]byte(magic), record(o.Work, started)...)
	if _, err := j.file.WriteAt(head, 0); err != nil {
		return err
	}
	j.end = int64(len(head))
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.synced = j.end
	return durable.SyncFolder(filepath.Dir(j.path))
}

// resume reads the index of a journal of the same work that is young enough.
func (j *Journal) resume(o Options) bool {
	info, err := j.file.Stat()
	if err != nil || info.Size() < int64(len(magic)+headerSize) {
		return false
	}
	in := io.NewSectionReader(j.file, 0, info.Size())
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(in, head); err != nil || string(head) != magic {
		return false
	}
	j.end = int64(len(magic))
	work, started, _, err := next(in)
	var at time.Time
	if err != nil || work != o.Work || at.UnmarshalText(started) != nil {
		return false
	}
	if age := o.Now().Sub(at); age < 0 || age > o.MaxAge {
		return false
	}
	j.end += int64(headerSize + len(work) + len(started))
	for {
		key, page, sum, err := next(in)
		if err != nil { // the end, or a record that was cut short
			return true
		}
		at := j.end + int64(headerSize+len(key))
		if _, known := j.pages[key]; !known {
			j.pages[key] = place{at, len(page), sum}
		}
		j.end = at + int64(len(page))
	}
}

// record is the form of a record: the lengths, the checksum of lengths and
// content, the key, the page.
func record(key string, page []byte) []byte {
	b := make([]byte, headerSize, headerSize+len(key)+len(page))
	binary.LittleEndian.PutUint32(b[0:], uint32(len(key)))
	binary.LittleEndian.PutUint32(b[4:], uint32(len(page)))
	b = append(append(b, key...), page...)
	binary.LittleEndian.PutUint32(b[8:], checksum(b))
	return b
}

func checksum(record []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(record[:8], table), table, record[headerSize:])
}

// next reads a record; any error means that there is no further one.
func next(in io.Reader) (key string, page []byte, sum uint32, err error) {
	b := make([]byte, headerSize)
	if _, err := io.ReadFull(in, b); err != nil {
		return "", nil, 0, err
	}
	keySize, pageSize := binary.LittleEndian.Uint32(b[0:]), binary.LittleEndian.Uint32(b[4:])
	sum = binary.LittleEndian.Uint32(b[8:])
	if keySize > maxKey || pageSize > maxPage {
		return "", nil, 0, io.ErrUnexpectedEOF
	}
	// The content is read as it comes, so that a broken length costs no more
	// memory than the file is long.
	content, err := io.ReadAll(io.LimitReader(in, int64(keySize)+int64(pageSize)))
	if err != nil || len(content) < int(keySize)+int(pageSize) {
		return "", nil, 0, io.ErrUnexpectedEOF
	}
	if b = append(b, content...); checksum(b) != sum {
		return "", nil, 0, io.ErrUnexpectedEOF
	}
	return string(content[:keySize]), content[keySize:], sum, nil
}

// Page returns what was kept under the key, and whether there is any.
func (j *Journal) Page(key string) ([]byte, bool) {
	j.mu.Lock()
	at, ok := j.pages[key]
	j.mu.Unlock()
	if !ok {
		return nil, false
	}
	b := make([]byte, at.size)
	if _, err := j.file.ReadAt(b, at.at); err != nil {
		return nil, false
	}
	if whole := record(key, b); binary.LittleEndian.Uint32(whole[8:]) != at.sum {
		return nil, false
	}
	page, err := j.open.DecodeAll(b, nil)
	return page, err == nil
}

// Keep stores a page durably. Equal keys keep the first. Error kinds:
// fault.Storage, fault.Invalid (a key or page beyond the bounds).
func (j *Journal) Keep(key string, page []byte) error {
	packed := j.pack.EncodeAll(page, nil)
	if len(key) > maxKey || len(packed) > maxPage {
		return fault.Newf(fault.Invalid, "keep page: a key of %d bytes with a page of %d is too long", len(key), len(page))
	}
	j.point("before write")
	end, err := j.write(key, record(key, packed), len(packed))
	if err != nil {
		return storage("keep page in", j.path, err)
	}
	j.point("after write")
	if err := j.sync(end); err != nil {
		return storage("keep page in", j.path, err)
	}
	j.point("after sync")
	return nil
}

func (j *Journal) write(key string, r []byte, size int) (end int64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, known := j.pages[key]; known {
		return j.end, nil
	}
	if _, err := j.file.WriteAt(r, j.end); err != nil {
		// What was written of it stands behind the end, and the next record goes
		// over it.
		return 0, errors.Join(err, j.file.Truncate(j.end))
	}
	j.pages[key] = place{j.end + int64(len(r)-size), size, binary.LittleEndian.Uint32(r[8:])}
	j.end += int64(len(r))
	return j.end, nil
}

// sync makes everything up to the end durable. Those who wait for the same
// sync share it.
func (j *Journal) sync(end int64) error {
	j.syncing.Lock()
	defer j.syncing.Unlock()
	if j.broken != nil || j.synced >= end {
		return j.broken
	}
	j.mu.Lock()
	now := j.end
	j.mu.Unlock()
	// After a sync that did not succeed Linux may drop the pages and call the
	// next one a success (fsync(2), "Errors"): the first error stays.
	if j.broken = j.file.Sync(); j.broken == nil {
		j.synced = now
	}
	return j.broken
}

// Len returns how many pages are kept.
func (j *Journal) Len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.pages)
}

// Close leaves the journal for the next process.
func (j *Journal) Close() error {
	var errs []error
	if j.open != nil {
		j.open.Close()
	}
	if j.file != nil {
		errs = append(errs, j.file.Close())
	}
	errs = append(errs, j.lock.Unlock())
	if err := errors.Join(errs...); err != nil {
		return storage("close journal", j.path, err)
	}
	return nil
}

// Discard closes the journal of a finished piece of work and removes it.
func (j *Journal) Discard() error {
	err := os.Remove(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return errors.Join(storage("remove journal", j.path, err), j.Close())
	}
	return j.Close()
}

// storage gives an error of the operating system its kind.
func storage(op, path string, err error) error {
	if kind := fault.KindOf(err); kind == fault.Denied {
		return fault.Of(kind, op, path, err)
	}
	return fault.Of(fault.Storage, op, path, err).
		Hintf("make room or mend the disk (%q), then run the command again", "df -h "+filepath.Dir(path))
}
