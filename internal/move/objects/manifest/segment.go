package manifest

import (
	"crypto/sha256"
	"encoding/json"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
)

// Count is a number of objects and their bytes.
type Count struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

func (c *Count) add(more Count) { c.Objects, c.Bytes = c.Objects+more.Objects, c.Bytes+more.Bytes }

// Counts are the sums of a manifest or of a part of it.
type Counts struct {
	Lines int64 `json:"lines"`
	Bytes int64 `json:"bytes"`
	// Results counts by result, Proofs by what the claim rests on, of those whose
	// result is good.
	Results map[Result]Count `json:"results"`
	Proofs  map[string]Count `json:"proofs,omitempty"`
	// Losses counts the lines that have any.
	Losses int64 `json:"losses,omitempty"`
}

func newCounts() Counts { return Counts{Results: map[Result]Count{}, Proofs: map[string]Count{}} }

func (c *Counts) line(l *Line) {
	one := Count{1, l.Size}
	c.Lines++
	c.Bytes += l.Size
	if len(l.Losses) > 0 {
		c.Losses++
	}
	result := c.Results[l.Result]
	result.add(one)
	c.Results[l.Result] = result
	if !l.Result.Good() || l.Result == Deleted {
		return
	}
	name := proofName(l.Proof)
	if l.Proof == move.Unproved {
		name = "unproved"
	}
	proof := c.Proofs[name]
	proof.add(one)
	c.Proofs[name] = proof
}

// Add sums up two counts.
func (c *Counts) Add(more Counts) {
	if c.Results == nil {
		*c = newCounts()
	}
	c.Lines, c.Bytes, c.Losses = c.Lines+more.Lines, c.Bytes+more.Bytes, c.Losses+more.Losses
	for result, n := range more.Results {
		sum := c.Results[result]
		sum.add(n)
		c.Results[result] = sum
	}
	for proof, n := range more.Proofs {
		sum := c.Proofs[proof]
		sum.add(n)
		c.Proofs[proof] = sum
	}
}

// Segment is the line that closes a segment. The journal keeps it, so that
// Join knows what it puts together.
type Segment struct {
	Shard string `json:"shard"`
	// Root is that of the hash tree over the lines.
	Root string `json:"root"`
	// Ordered says that the keys stand in the order of their bytes; First and Last
	// are the first and the last one then.
	Ordered bool   `json:"ordered"`
	First   string `json:"first,omitempty"`
	Last    string `json:"last,omitempty"`
	Counts  Counts `json:"counts"`

	// last is the last key as it is, which may be no text.
	last string
}

type segmentLine struct {
	Segment Segment `json:"segment"`
}

// SegmentWriter writes the lines of one shard. It is not safe for concurrent
// use.
type SegmentWriter struct {
	zstd    *zstd.Encoder
	sum     hash.Hash
	line    []byte
	lines   tree
	segment Segment
}

// File is a finished segment: its closing line and the SHA-256 of the file as
// it was written, which Join checks.
type File struct {
	Segment Segment `json:"segment"`
	SHA256  string  `json:"sha256"`
}

// NewSegment begins the segment of a shard. Close must be called to make it one.
func NewSegment(to io.Writer, shard string) (*SegmentWriter, error) {
	w := &SegmentWriter{sum: sha256.New(), segment: Segment{Shard: shard, Ordered: true, Counts: newCounts()}}
	encoder, err := newEncoder(io.MultiWriter(to, w.sum))
	if err != nil {
		return nil, err
	}
	w.zstd = encoder
	return w, nil
}

// newEncoder is small and quick: there is one per shard, and keys next to each
// other are alike.
func newEncoder(to io.Writer) (*zstd.Encoder, error) {
	encoder, err := zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fault.Of(fault.Internal, "compress the manifest", "", err)
	}
	return encoder, nil
}

// Add writes the line of one object.
func (w *SegmentWriter) Add(l Line) error {
	w.line = appendLine(w.line[:0], &l)
	if len(w.line) > maxLine {
		return fault.Newf(fault.Invalid, "write the line of %q: it has %d bytes", cut(l.Key, 100), len(w.line))
	}
	w.lines.add(leaf(w.line), false)
	w.segment.follow(&l)
	w.line = append(w.line, '\n')
	_, err := w.zstd.Write(w.line)
	return fault.Wrap(err, "write the manifest of", w.segment.Shard)
}

// follow counts a line, in writing and in reading.
func (s *Segment) follow(l *Line) {
	switch {
	case !s.Ordered:
	case s.Counts.Lines == 0:
		s.First, s.Last, s.last = valid(l.Key), valid(l.Key), l.Key
	case l.Key < s.last:
		s.Ordered, s.First, s.Last = false, "", ""
	case l.Key != s.last:
		s.Last, s.last = valid(l.Key), l.Key
	}
	s.Counts.line(l)
}

// Close ends the segment. What it returns belongs into the journal, with the
// file itself made durable before.
func (w *SegmentWriter) Close() (File, error) {
	w.segment.Root = w.lines.root().String()
	closing, err := json.Marshal(segmentLine{w.segment})
	if err != nil {
		return File{}, fault.Of(fault.Internal, "close the manifest of", w.segment.Shard, err)
	}
	_, err = w.zstd.Write(append(closing, '\n'))
	if err == nil {
		err = w.zstd.Close()
	}
	if err != nil {
		return File{}, fault.Wrap(err, "close the manifest of", w.segment.Shard)
	}
	return File{Segment: w.segment, SHA256: digest(w.sum.Sum(nil)).String()}, nil
}

// Abandon frees what the writer holds, when the shard is not finished.
func (w *SegmentWriter) Abandon() { _ = w.zstd.Close() }
