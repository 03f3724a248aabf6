package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"strconv"

	"github.com/klauspost/compress/zstd"

	"example.com/landfall/internal/fault"
)

const (
	// A manifest of ours has windows of 256 KiB. What needs more is refused, so
	// that a hostile one cannot take the memory.
	maxWindow = 8 << 20
	maxMemory = 64 << 20
	maxSigned = 64
)

// Reader reads a manifest line by line and checks it on the way. It is not
// safe for concurrent use.
type Reader struct {
	zstd    *zstd.Decoder
	in      *bufio.Reader
	line    int64
	text    []byte
	head    Head
	summary Summary
	headRaw []byte
	err     error

	segments tree
	counts   Counts
	inside   int64
	segment  Segment
	lines    tree
	ordered  bool
	lastKey  string

	// watch finds the line to be proved.
	watch func(*Line) bool
	found *found
}

// Open reads the head. What is no manifest is refused with fault.Invalid, a
// newer one with fault.Unsupported.
func Open(from io.Reader) (*Reader, error) {
	decoder, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow),
		zstd.WithDecoderMaxMemory(maxMemory), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fault.Of(fault.Invalid, "open the manifest", "", err)
	}
	r, err := openText(decoder)
	if err != nil {
		decoder.Close()
		return nil, err
	}
	r.zstd = decoder
	return r, nil
}

// openText reads what is not compressed.
func openText(from io.Reader) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(from, 64<<10), counts: newCounts(), ordered: true}
	r.begin()
	text, err := r.next()
	if err == io.EOF {
		err = fault.Newf(fault.Invalid, "read the manifest: it is empty")
	}
	if err == nil {
		err = r.readHead(text)
	}
	return r, err
}

func (r *Reader) readHead(text []byte) error {
	var version struct {
		Manifest int `json:"manifest"`
	}
	if json.Unmarshal(text, &version) == nil && version.Manifest > Version {
		return fault.Newf(fault.Unsupported, "read the manifest: it has form %d, this program knows %d", version.Manifest, Version)
	}
	if !strict(text, &r.head) || r.head.Manifest != Version {
		return r.broken("it is no head of an object manifest")
	}
	r.headRaw = bytes.Clone(text)
	return nil
}

// strict reads a line in its one spelling.
func strict(text []byte, into any) bool {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if decoder.Decode(into) != nil {
		return false
	}
	again, err := json.Marshal(into)
	return err == nil && bytes.Equal(again, text)
}

// Head says what the manifest is of.
func (r *Reader) Head() Head { return r.head }

// Ordered reports whether all keys so far stood in the order of their bytes.
func (r *Reader) Ordered() bool { return r.ordered }

// Close frees the reader.
func (r *Reader) Close() { r.zstd.Close() }

// Summary is what the manifest as a whole says; false before Next has returned
// io.EOF, because only then it is checked.
func (r *Reader) Summary() (Summary, bool) { return r.summary, r.err == io.EOF }

// Next returns the next line. io.EOF means that the manifest is whole: all
// counts and hashes were checked. Any other error is final, and what was read
// before it proves nothing.
func (r *Reader) Next() (Line, error) {
	if r.err != nil {
		return Line{}, r.err
	}
	line, err := r.advance()
	if err != nil {
		r.err = err
	}
	return line, err
}

func (r *Reader) advance() (Line, error) {
	for {
		text, err := r.next()
		switch {
		case err == io.EOF:
			return Line{}, r.broken("it is cut off")
		case err != nil:
			return Line{}, err
		case bytes.HasPrefix(text, []byte(`{"segment":`)):
			if err := r.closeSegment(text); err != nil {
				return Line{}, err
			}
		case bytes.HasPrefix(text, []byte(`{"end":`)):
			return Line{}, r.readEnd(text)
		default:
			return r.readLine(text)
		}
	}
}

func (r *Reader) readLine(text []byte) (Line, error) {
	l, err := parseLine(text)
	if err != nil {
		return Line{}, fault.Of(fault.Invalid, r.place(), "", err)
	}
	watched := r.watch != nil && r.found == nil && r.watch(&l)
	if watched {
		r.found = &found{line: string(text), segment: r.segments.count}
	}
	r.lines.add(leaf(text), watched)
	r.segment.follow(&l)
	if l.Key < r.lastKey {
		r.ordered = false
	}
	r.lastKey = l.Key
	r.inside++
	return l, nil
}

func (r *Reader) begin() {
	r.inside, r.lines, r.segment = 0, tree{}, Segment{Ordered: true, Counts: newCounts()}
}

func (r *Reader) closeSegment(text []byte) error {
	var closing segmentLine
	if !strict(text, &closing) {
		return r.broken("it is no line that closes a segment")
	}
	said, seen := closing.Segment, r.segment
	seen.Shard, seen.Root = said.Shard, r.lines.root().String()
	if !equalSegments(said, seen) {
		return r.broken("the segment is not the one that was closed: a line is missing, changed or added")
	}
	watched := r.found != nil && r.found.segment == r.segments.count
	if watched {
		r.found.closing, r.found.path = string(text), r.lines.path
	}
	r.segments.add(leaf(text), watched)
	r.counts.Add(seen.Counts)
	r.begin()
	return nil
}

func equalSegments(a, b Segment) bool {
	return a.Shard == b.Shard && a.Root == b.Root && a.Ordered == b.Ordered && a.First == b.First && a.Last == b.Last && equalCounts(a.Counts, b.Counts)
}

func equalCounts(a, b Counts) bool {
	return a.Lines == b.Lines && a.Bytes == b.Bytes && a.Losses == b.Losses && maps.Equal(a.Results, b.Results) && maps.Equal(a.Proofs, b.Proofs)
}

func (r *Reader) readEnd(text []byte) error {
	var last endLine
	if !strict(text, &last) {
		return r.broken("it is no end of an object manifest")
	}
	segments := r.segments.count
	root := r.segments.root().String()
	switch end := last.End; {
	case r.inside > 0:
		return r.broken("lines stand outside of any segment")
	case end.Segments != segments, end.Root != root, !equalCounts(end.Counts, r.counts):
		return r.broken("the end is not that of these segments: one is missing, changed or added")
	}
	r.summary = Summary{Head: r.head, End: last.End, Digest: digestOf(r.headRaw, text)}
	if r.found != nil {
		r.found.end = string(text)
	}
	return r.readSignatures()
}

func (r *Reader) readSignatures() error {
	for {
		text, err := r.next()
		if err != nil {
			return err // io.EOF: all is read
		}
		var signed signatureLine
		if !strict(text, &signed) || len(r.summary.Signatures) == maxSigned {
			return r.broken("something stands behind the end that is no signature")
		}
		r.summary.Signatures = append(r.summary.Signatures, signed.Signature)
	}
}

// next returns the next line without its end. It stays valid until the next
// call.
func (r *Reader) next() ([]byte, error) {
	r.text = r.text[:0]
	r.line++
	for {
		chunk, err := r.in.ReadSlice('\n')
		if len(r.text)+len(chunk) > maxLine+1 {
			return nil, r.broken("it has more than 256 KiB")
		}
		r.text = append(r.text, chunk...)
		switch {
		case err == nil:
			return r.text[:len(r.text)-1], nil
		case errors.Is(err, bufio.ErrBufferFull):
		case err == io.EOF && len(r.text) == 0:
			return nil, io.EOF
		case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
			return nil, r.broken("it is cut off")
		default:
			return nil, fault.Of(kindOf(err), r.place(), "", err)
		}
	}
}

// kindOf tells a broken file from a broken disk.
func kindOf(err error) fault.Kind {
	if kind := fault.KindOf(err); kind != fault.Internal {
		return kind
	}
	return fault.Invalid
}

func (r *Reader) place() string {
	return "read the manifest, line " + strconv.FormatInt(r.line, 10)
}

func (r *Reader) broken(what string) error {
	return fault.Newf(fault.Invalid, "%s: %s", r.place(), what)
}
