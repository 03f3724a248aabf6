package objectkit

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/landfall/internal/move/objects/checksum"
)

// Sink is one container of block blobs that keeps everything but the content.
// It checks what Azure checks: the length, Content-MD5 or x-ms-content-crc64 (one
// of them), conditions, one length of block ids, and block lists. It takes any
// credential, and any container.
//
// Facts relied on: Azure Storage REST reference, "Put Blob", "Put Block", "Put
// Block List", "Get Block List", "List Blobs", "Get Blob Properties".
type Sink struct {
	buffers sync.Pool
	counts  [operations]struct{ requests, bytes atomic.Int64 }
	tags    atomic.Int64

	mu    sync.RWMutex
	blobs map[string]*SinkBlob
	// staged are the uncommitted blocks of a name, in the order in which they
	// came.
	staged map[string][]sinkBlock
	// sorted are the names for listings, nil when it has to be made again.
	sorted []string
}

// SinkBlob is a blob as the sink keeps it.
type SinkBlob struct {
	Name, ETag string
	Size       int64
	// CRC64 is that of the content.
	CRC64    uint64
	MD5      string // base64, as stored
	Metadata map[string]string
	Tier     string
	Tags     string
	Modified time.Time
	headers  map[string]string
	blocks   []sinkBlock
}

type sinkBlock struct {
	id   string
	size int64
	crc  uint64
}

// Operation is a kind of request.
type Operation int

// The operations that are counted.
const (
	PutBlob Operation = iota
	PutBlock
	PutBlockList
	GetBlockList
	ListBlobs
	HeadBlob
	DeleteBlob
	OtherOperation
	operations
)

// NewSink returns an empty sink.
func NewSink() *Sink {
	return &Sink{
		buffers: sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }},
		blobs:   map[string]*SinkBlob{}, staged: map[string][]sinkBlock{},
	}
}

// Count returns how many requests of a kind came, and the bytes of their bodies.
func (s *Sink) Count(o Operation) (requests, bytes int64) {
	return s.counts[o].requests.Load(), s.counts[o].bytes.Load()
}

// Requests returns how many requests came at all.
func (s *Sink) Requests() (n int64) {
	for i := range s.counts {
		n += s.counts[i].requests.Load()
	}
	return n
}

// Blob returns what is kept of a blob.
func (s *Sink) Blob(name string) (SinkBlob, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, ok := s.blobs[name]
	if !ok {
		return SinkBlob{}, false
	}
	return *b, true
}

// Len returns how many blobs there are.
func (s *Sink) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.blobs)
}

// refusal is an answer that is an error.
type refusal struct {
	status int
	code   string
}

func (r *refusal) Error() string { return r.code }

func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/") // the account
	_, name, _ := strings.Cut(path, "/")
	query := r.URL.Query()
	if err := s.answer(w, r, name, query.Get("comp")); err != nil {
		refuse(w, err)
	}
}

func refuse(w http.ResponseWriter, err error) {
	no, ok := errors.AsType[*refusal](err)
	if !ok {
		no = &refusal{http.StatusBadRequest, "IncompleteBody"}
	}
	w.Header().Set("X-Ms-Error-Code", no.code)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(no.status)
	fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code><Message>Refused by the sink.</Message></Error>", no.code)
}

func (s *Sink) answer(w http.ResponseWriter, r *http.Request, name, comp string) error {
	switch {
	case r.Method == http.MethodGet && comp == "list":
		s.count(ListBlobs, 0)
		return s.list(w, r)
	case name == "":
		s.count(OtherOperation, 0)
		w.WriteHeader(http.StatusCreated) // a container is there
		return nil
	case r.Method == http.MethodPut && comp == "block":
		return s.putBlock(w, r, name)
	case r.Method == http.MethodPut && comp == "blocklist":
		return s.putBlockList(w, r, name)
	case r.Method == http.MethodPut && comp == "":
		return s.putBlob(w, r, name)
	case r.Method == http.MethodGet && comp == "blocklist":
		s.count(GetBlockList, 0)
		return s.getBlockList(w, r, name)
	case r.Method == http.MethodHead:
		s.count(HeadBlob, 0)
		return s.head(w, name)
	case r.Method == http.MethodDelete:
		s.count(DeleteBlob, 0)
		return s.remove(w, r, name)
	}
	s.count(OtherOperation, 0)
	return &refusal{http.StatusNotImplemented, "NotImplemented"}
}

func (s *Sink) count(o Operation, bytes int64) {
	s.counts[o].requests.Add(1)
	s.counts[o].bytes.Add(bytes)
}

// take reads a body, checks it and returns its size and hash. The MD5 is only
// computed where one came.
func (s *Sink) take(r *http.Request) (size int64, crc uint64, err error) {
	buffer := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buffer)
	// Of Put Blob the hash to be stored is checked before the other one.
	wantMD5, wantCRC := r.Header.Get("X-Ms-Blob-Content-Md5"), r.Header.Get("X-Ms-Content-Crc64")
	if wantMD5 == "" {
		wantMD5 = r.Header.Get("Content-Md5")
	}
	if wantMD5 != "" && wantCRC != "" {
		return 0, 0, &refusal{http.StatusBadRequest, "BothCrc64AndMd5HeaderPresent"}
	}
	var sum hash.Hash
	if wantMD5 != "" {
		sum = md5.New()
	}
	for {
		n, err := r.Body.Read(*buffer)
		size += int64(n)
		crc = checksum.UpdateCRC64(crc, (*buffer)[:n])
		if sum != nil {
			sum.Write((*buffer)[:n])
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, 0, err
		}
	}
	switch {
	case r.ContentLength != size:
		return 0, 0, &refusal{http.StatusLengthRequired, "MissingContentLengthHeader"}
	case sum != nil && base64.StdEncoding.EncodeToString(sum.Sum(nil)) != wantMD5:
		return 0, 0, &refusal{http.StatusBadRequest, "Md5Mismatch"}
	case wantCRC != "" && checksum.AzureCRC64(crc) != wantCRC:
		return 0, 0, &refusal{http.StatusBadRequest, "Crc64Mismatch"}
	}
	return size, crc, nil
}

func (s *Sink) putBlob(w http.ResponseWriter, r *http.Request, name string) error {
	size, crc, err := s.take(r)
	s.count(PutBlob, size)
	if err != nil {
		return err
	}
	if r.Header.Get("X-Ms-Blob-Type") != "BlockBlob" {
		return &refusal{http.StatusBadRequest, "InvalidHeaderValue"}
	}
	b := s.made(r, name)
	b.Size, b.CRC64 = size, crc
	if b.MD5 == "" {
		b.MD5 = r.Header.Get("Content-Md5")
	}
	w.Header()["X-Ms-Content-Crc64"] = []string{checksum.AzureCRC64(crc)}
	return s.keep(w, r, b)
}

// made reads what a write says of a blob besides its content.
func (s *Sink) made(r *http.Request, name string) *SinkBlob {
	b := &SinkBlob{Name: name, ETag: fmt.Sprintf("0x8D%012X", s.tags.Add(1)), Modified: time.Now().UTC().Truncate(time.Second),
		Tier: r.Header.Get("X-Ms-Access-Tier"), Tags: r.Header.Get("X-Ms-Tags"), MD5: r.Header.Get("X-Ms-Blob-Content-Md5")}
	const meta, property = "X-Ms-Meta-", "X-Ms-Blob-"
	for header, values := range r.Header {
		switch {
		case strings.HasPrefix(header, meta):
			if b.Metadata == nil {
				b.Metadata = make(map[string]string, 2)
			}
			b.Metadata[strings.ToLower(header[len(meta):])] = values[0]
		case strings.HasPrefix(header, property) && header != "X-Ms-Blob-Type" && header != "X-Ms-Blob-Content-Md5":
			if b.headers == nil {
				b.headers = make(map[string]string, 2)
			}
			b.headers[header[len(property):]] = values[0]
		}
	}
	return b
}

// keep puts a blob in its place, if the conditions hold. It drops what was
// staged under the name, as Azure does.
func (s *Sink) keep(w http.ResponseWriter, r *http.Request, b *SinkBlob) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.allowed(r, b.Name); err != nil {
		return err
	}
	if _, there := s.blobs[b.Name]; !there {
		s.sorted = nil
	}
	s.blobs[b.Name] = b
	delete(s.staged, b.Name)
	h := w.Header()
	h["Etag"] = []string{`"` + b.ETag + `"`}
	h["Last-Modified"] = []string{b.Modified.Format(http.TimeFormat)}
	w.WriteHeader(http.StatusCreated)
	return nil
}

func (s *Sink) allowed(r *http.Request, name string) error {
	b, there := s.blobs[name]
	if r.Header.Get("If-None-Match") == "*" && there {
		return &refusal{http.StatusConflict, "BlobAlreadyExists"}
	}
	if want := r.Header.Get("If-Match"); want != "" && (!there || want != "*" && want != `"`+b.ETag+`"`) {
		return &refusal{http.StatusPreconditionFailed, "ConditionNotMet"}
	}
	return nil
}

func (s *Sink) putBlock(w http.ResponseWriter, r *http.Request, name string) error {
	size, crc, err := s.take(r)
	s.count(PutBlock, size)
	if err != nil {
		return err
	}
	id, err := base64.StdEncoding.DecodeString(r.URL.Query().Get("blockid"))
	if err != nil || len(id) == 0 || len(id) > 64 {
		return &refusal{http.StatusBadRequest, "InvalidQueryParameterValue"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	blocks := s.staged[name]
	if len(blocks) > 0 && len(blocks[0].id) != len(id) {
		return &refusal{http.StatusBadRequest, "InvalidBlobOrBlock"}
	}
	blocks = slices.DeleteFunc(blocks, func(b sinkBlock) bool { return b.id == string(id) })
	s.staged[name] = append(blocks, sinkBlock{string(id), size, crc})
	w.Header()["X-Ms-Content-Crc64"] = []string{checksum.AzureCRC64(crc)}
	w.WriteHeader(http.StatusCreated)
	return nil
}

func (s *Sink) putBlockList(w http.ResponseWriter, r *http.Request, name string) error {
	var list struct {
		Blocks []struct {
			XMLName xml.Name
			ID      string `xml:",chardata"`
		} `xml:",any"`
	}
	body, err := io.ReadAll(r.Body)
	s.count(PutBlockList, int64(len(body)))
	if err != nil {
		return err
	}
	if err := xml.Unmarshal(body, &list); err != nil {
		return &refusal{http.StatusBadRequest, "InvalidXmlDocument"}
	}
	b := s.made(r, name)
	s.mu.RLock()
	known := map[string]sinkBlock{}
	if old := s.blobs[name]; old != nil {
		for _, one := range old.blocks {
			known["Committed"+one.id], known["Latest"+one.id] = one, one
		}
	}
	for _, one := range s.staged[name] {
		known["Uncommitted"+one.id], known["Latest"+one.id] = one, one
	}
	s.mu.RUnlock()
	for _, one := range list.Blocks {
		id, err := base64.StdEncoding.DecodeString(one.ID)
		block, ok := known[one.XMLName.Local+string(id)]
		if err != nil || !ok {
			return &refusal{http.StatusBadRequest, "InvalidBlockList"}
		}
		b.CRC64 = checksum.Combine(b.CRC64, block.crc, block.size)
		b.Size += block.size
		b.blocks = append(b.blocks, block)
	}
	return s.keep(w, r, b)
}

func (s *Sink) getBlockList(w http.ResponseWriter, r *http.Request, name string) error {
	s.mu.RLock()
	b, staged := s.blobs[name], slices.Clone(s.staged[name])
	s.mu.RUnlock()
	if b == nil && len(staged) == 0 {
		return &refusal{http.StatusNotFound, "BlobNotFound"}
	}
	write := func(element string, blocks []sinkBlock) {
		fmt.Fprintf(w, "<%s>", element)
		for _, one := range blocks {
			fmt.Fprintf(w, "<Block><Name>%s</Name><Size>%d</Size></Block>", base64.StdEncoding.EncodeToString([]byte(one.id)), one.size)
		}
		fmt.Fprintf(w, "</%s>", element)
	}
	which := r.URL.Query().Get("blocklisttype")
	io.WriteString(w, `<?xml version="1.0" encoding="utf-8"?><BlockList>`)
	if b != nil && which != "uncommitted" {
		write("CommittedBlocks", b.blocks)
	}
	if which == "uncommitted" || which == "all" {
		write("UncommittedBlocks", staged)
	}
	_, err := io.WriteString(w, "</BlockList>")
	return err
}

func (s *Sink) head(w http.ResponseWriter, name string) error {
	b, ok := s.Blob(name)
	if !ok {
		return &refusal{http.StatusNotFound, "BlobNotFound"}
	}
	h := w.Header()
	h.Set("Etag", `"`+b.ETag+`"`)
	h.Set("Last-Modified", b.Modified.Format(http.TimeFormat))
	h.Set("Content-Length", strconv.FormatInt(b.Size, 10))
	for header, value := range b.headers {
		h.Set(header, value)
	}
	for meta, value := range b.Metadata {
		h.Set("X-Ms-Meta-"+meta, value)
	}
	if b.MD5 != "" {
		h.Set("Content-Md5", b.MD5)
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Sink) remove(w http.ResponseWriter, r *http.Request, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blobs[name] == nil {
		return &refusal{http.StatusNotFound, "BlobNotFound"}
	}
	if err := s.allowed(r, name); err != nil {
		return err
	}
	delete(s.blobs, name)
	s.sorted = nil
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// names returns all names in order.
func (s *Sink) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sorted == nil {
		s.sorted = slices.Sorted(maps.Keys(s.blobs))
	}
	return s.sorted
}
