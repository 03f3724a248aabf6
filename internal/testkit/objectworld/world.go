package objectworld

import (
	"cmp"
	"crypto/md5" //nolint:gosec // the ETag of S3 is one
	"encoding/hex"
	"fmt"
	"hash/crc64"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/move/objects/object"
)

// Call is one call of a port: the method's name, the key or blob name, for what
// goes by spans the offset, and for what stages a block its id.
type Call struct {
	Op, Name string
	Offset   int64
	ID       string
}

// World is a bucket and a container. The zero value is empty and usable.
type World struct {
	// Before is asked before each call, After when it has taken effect: what they
	// return is what the caller gets. They are called one at a time; Before may
	// change the world, After may not.
	Before, After func(Call) error
	// PageSize of both listings, 0 for 1,000.
	PageSize int
	// SourceOrder and TargetOrder compare names; nil is the order of bytes.
	SourceOrder, TargetOrder func(a, b string) int
	// Seeks lets Target begin its listings anywhere.
	Seeks bool
	// Keeps lets the container keep the versions of its blobs.
	Keeps bool

	hook     sync.Mutex
	mu       sync.Mutex
	calls    []Call
	versions map[string][]*Content // the newest last
	blobs    map[string]*blob
	staged   map[string][]block
	earlier  map[string][]object.Blob
	clock    int64
}

// Content is one version of an object at the source.
type Content struct {
	Object   object.Object
	Body     []byte
	Headers  object.Headers
	Metadata map[string]string
	Tags     map[string]string
	Sums     object.Sums
	Parts    int
	// PartSize is that of the parts it was uploaded in, for Parted.
	PartSize int64
	// Denied reads are refused, whatever the reason.
	Denied     bool
	Encryption string
}

type block struct {
	id   string
	body []byte
}

type blob struct {
	object.Blob
	body []byte
	tags map[string]string
}

// now is a clock that goes on by a second with each question.
func (w *World) now() time.Time {
	w.clock++
	return time.Unix(1_700_000_000+w.clock, 0).UTC()
}

// Add puts an object, with the sums that S3 computes by itself: a CRC64NVME of
// all of it, and an ETag that is its MD5.
func (w *World) Add(key string, body []byte) *Content {
	sum := md5.Sum(body)
	return w.Put(&Content{
		Object: object.Object{Key: key, ETag: hex.EncodeToString(sum[:])}, Body: body, Parts: 1,
		Sums: object.Sums{Known: object.CRC64 | object.MD5, CRC64: CRC(body), MD5: sum},
	})
}

// Put adds a version of an object as it is given; size and time are filled in.
func (w *World) Put(c *Content) *Content {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.Object.Size, c.Object.Modified, c.Object.Latest = int64(len(c.Body)), w.now(), true
	key := c.Object.Key
	if w.versions == nil {
		w.versions = map[string][]*Content{}
	}
	for _, older := range w.versions[key] {
		older.Object.Latest = false
	}
	if c.Object.ETag == "" && !c.Object.Marker {
		c.Object.ETag = "etag-" + strconv.FormatInt(w.clock, 10)
	}
	w.versions[key] = append(w.versions[key], c)
	return c
}

// Edit changes the newest version of an object in place, as no service lets one.
func (w *World) Edit(key string, change func(c *Content)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w.latest(key))
}

// Drop removes an object with all its versions.
func (w *World) Drop(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.versions, key)
}

// Damage changes a blob beneath the service, which does not notice.
func (w *World) Damage(name string, change func(body []byte) []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.blobs[name]
	b.body = change(slices.Clone(b.body))
	b.Size = int64(len(b.body))
}

// Overwrite is a write by somebody else: nothing of what was there stays.
func (w *World) Overwrite(name string, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := md5.Sum(body)
	w.store(object.Write{Name: name}, body, sum[:])
}

// Erase removes a blob.
func (w *World) Erase(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.blobs, name)
}

// Leave stages a block as another program leaves it behind.
func (w *World) Leave(name, id string, body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stage(name, id, body)
}

// Keys are those at the source, whose newest version is no delete marker.
func (w *World) Keys() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var keys []string
	for key := range w.versions {
		if !w.latest(key).Object.Marker {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Source content of a key, its newest version.
func (w *World) Content(key string) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.latest(key).Body
}

// Names are those at the target.
func (w *World) Names() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Keys(w.blobs))
}

// Blob returns what is at the target under a name.
func (w *World) Blob(name string) (listed object.Blob, body []byte, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.blobs[name]
	if b == nil {
		return object.Blob{}, nil, false
	}
	return b.Blob, b.body, true
}

// BlobTags returns the tags of a blob.
func (w *World) BlobTags(name string) map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.blobs[name].tags)
}

// Uncommitted counts the staged blocks of a name.
func (w *World) Uncommitted(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.staged[name])
}

// Calls returns what was asked since the last time, and forgets it.
func (w *World) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

// Count counts calls by their method.
func Count(calls []Call, ops ...string) int {
	n := 0
	for _, c := range calls {
		if slices.Contains(ops, c.Op) {
			n++
		}
	}
	return n
}

// CRC is the CRC-64/NVME of a body, computed by the standard library.
func CRC(body []byte) uint64 {
	return crc64.Checksum(body, crc64.MakeTable(0x9A6C9329AC4BC9B5))
}

// enter begins a call: it holds the lock till leave.
func (w *World) enter(op, name string, offset int64) (Call, error) {
	return w.ask(Call{Op: op, Name: name, Offset: offset})
}

func (w *World) ask(c Call) (Call, error) {
	var err error
	if w.Before != nil {
		w.hook.Lock()
		err = w.Before(c)
		w.hook.Unlock()
	}
	w.mu.Lock()
	w.calls = append(w.calls, c)
	return c, err
}

// leave ends a call that has taken effect.
func (w *World) leave(c Call, err error) error {
	if err == nil && w.After != nil {
		return w.After(c)
	}
	return err
}

func (w *World) latest(key string) *Content {
	all := w.versions[key]
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// entry is a line of a listing: an item or a common prefix.
type entry struct {
	name   string
	prefix bool
}

// within cuts a page out of sorted names. next is the name that was listed last.
func (w *World) within(names []string, r object.Range, delimiter, next string, order func(a, b string) int) (page []entry, more string) {
	size := cmp.Or(w.PageSize, 1000)
	if order != nil {
		slices.SortFunc(names, order)
	}
	from := 0
	if next != "" {
		n, err := strconv.Atoi(next)
		if err != nil {
			panic(fmt.Sprintf("continuation %q is none of ours", next))
		}
		from = n
	}
	for i := from; i < len(names); i++ {
		name := names[i]
		if !strings.HasPrefix(name, r.Prefix) || name <= r.After || r.To != "" && name > r.To {
			continue
		}
		e := entry{name: name}
		if at := strings.Index(name[len(r.Prefix):], delimiter); delimiter != "" && at >= 0 {
			e = entry{name: name[:len(r.Prefix)+at+len(delimiter)], prefix: true}
		}
		if len(page) > 0 && e.prefix && page[len(page)-1] == e {
			continue
		}
		if len(page) == size {
			return page, strconv.Itoa(i)
		}
		page = append(page, e)
	}
	return page, ""
}
