package document

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"

	"example.com/landfall/internal/fault"
)

// Limits bound what a file may cost. A zero limit is the default of Bounds.
type Limits struct {
	// TextBytes is the largest text that is read as a stream, after
	// decompression and in UTF-8.
	TextBytes int64
	// WholeBytes is the largest text that is held in memory as a whole.
	WholeBytes int64
	// ItemBytes is the largest single item of a stream.
	ItemBytes int64
	// Depth is the deepest nesting of a value.
	Depth int
}

// Bounds returns the limits that Landfall works with. A configuration snapshot
// of a large account has some gigabytes; templates, plans and states stay far
// below 256 MiB (CloudFormation itself takes 1 MB).
func Bounds() Limits {
	return Limits{TextBytes: 16 << 30, WholeBytes: 256 << 20, ItemBytes: 64 << 20, Depth: 200}
}

func (l Limits) orDefault() Limits {
	b := Bounds()
	if l.TextBytes == 0 {
		l.TextBytes = b.TextBytes
	}
	if l.WholeBytes == 0 {
		l.WholeBytes = b.WholeBytes
	}
	if l.ItemBytes == 0 {
		l.ItemBytes = b.ItemBytes
	}
	if l.Depth == 0 {
		l.Depth = b.Depth
	}
	return l
}

// Document is one file that can be read several times.
type Document struct {
	// Name is the path as given; it stands in origins and errors.
	Name   string
	limits Limits
	raw    func() (io.ReadCloser, error)
	done   func(n int64)
}

// File returns the document of a file on disk. It is opened when it is read.
func File(path string, limits Limits) *Document {
	return &Document{Name: path, limits: limits.orDefault(), raw: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// Bytes returns a document of what is in memory.
func Bytes(name string, content []byte, limits Limits) *Document {
	return &Document{Name: name, limits: limits.orDefault(), raw: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}}
}

// Limits returns the limits of the document.
func (d *Document) Limits() Limits { return d.limits }

// Watched returns the document with a function that is told how many bytes of
// the file were read, at each read.
func (d *Document) Watched(done func(n int64)) *Document {
	w := *d
	w.done = done
	return &w
}

// Text opens the text. What the reader returns is at most TextBytes long; what
// lies beyond is an error, never silently the end.
func (d *Document) Text() (io.ReadCloser, error) {
	file, err := d.raw()
	if err != nil {
		return nil, fault.Wrap(err, "open", d.Name)
	}
	text, err := decoded(counted(file, d.done), d.limits)
	if err != nil {
		return nil, fault.Wrap(errors.Join(err, file.Close()), "read", d.Name)
	}
	return &textReader{Reader: text, file: file}, nil
}

type textReader struct {
	io.Reader
	file io.Closer
}

func (t *textReader) Close() error { return t.file.Close() }

// Whole returns the whole text, which may have at most WholeBytes.
func (d *Document) Whole() ([]byte, error) {
	text, err := d.Text()
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(text, d.limits.WholeBytes+1))
	err = errors.Join(err, text.Close())
	if err != nil {
		return nil, fault.Of(fault.Invalid, "read", d.Name, err)
	}
	if int64(len(content)) > d.limits.WholeBytes {
		return nil, fault.Of(fault.Invalid, "read", d.Name, tooLarge("the text", d.limits.WholeBytes))
	}
	return content, nil
}

// Head returns the first n bytes of the text, or fewer. A text that breaks
// within them gives what comes before, and the error.
func (d *Document) Head(n int) ([]byte, error) {
	text, err := d.Watched(nil).Text()
	if err != nil {
		return nil, err
	}
	head, err := io.ReadAll(io.LimitReader(text, int64(n)))
	return head, errors.Join(err, text.Close())
}

// RawHead returns the first n bytes of the file as it is.
func (d *Document) RawHead(n int) ([]byte, error) {
	file, err := d.raw()
	if err != nil {
		return nil, fault.Wrap(err, "open", d.Name)
	}
	head, err := io.ReadAll(io.LimitReader(file, int64(n)))
	return head, errors.Join(err, file.Close())
}

// Identity is what tells a file from others.
type Identity struct {
	// Fingerprint is "sha256:<hex>" of the file as it is, Bytes its length.
	Fingerprint string
	Bytes       int64
	// Text is the hash of the text; a file and its compressed or recoded copy
	// have the same. It is "" when the text cannot be read to its end.
	Text string
}

// Identify reads the file once, to its end.
func (d *Document) Identify() (Identity, error) {
	file, err := d.raw()
	if err != nil {
		return Identity{}, fault.Wrap(err, "open", d.Name)
	}
	rawHash, textHash := sha256.New(), sha256.New()
	all := &counter{r: io.TeeReader(file, rawHash), done: d.done}
	text, err := decoded(all, d.limits)
	if err == nil {
		_, err = io.Copy(textHash, text)
	}
	broken := err
	// The fingerprint is of the whole file, also where the text ends early.
	_, err = io.Copy(io.Discard, all)
	if err = errors.Join(err, file.Close()); err != nil {
		return Identity{}, fault.Wrap(err, "read", d.Name)
	}
	id := Identity{Fingerprint: "sha256:" + hex.EncodeToString(rawHash.Sum(nil)), Bytes: all.n}
	if broken == nil {
		id.Text = hex.EncodeToString(textHash.Sum(nil))
	}
	return id, nil
}

// Line returns the number of the line, from 1, in which the byte of the text
// lies, 0 if that cannot be told.
func (d *Document) Line(offset int64) int {
	text, err := d.Watched(nil).Text()
	if err != nil {
		return 0
	}
	lines := lineCounter{}
	_, err = io.Copy(&lines, io.LimitReader(text, offset))
	if errors.Join(err, text.Close()) != nil && lines.n == 0 {
		return 0
	}
	return lines.n + 1
}

type lineCounter struct{ n int }

func (l *lineCounter) Write(p []byte) (int, error) {
	l.n += bytes.Count(p, []byte{'\n'})
	return len(p), nil
}

type counter struct {
	r    io.Reader
	n    int64
	done func(int64)
}

func counted(r io.Reader, done func(int64)) io.Reader {
	if done == nil {
		return r
	}
	return &counter{r: r, done: done}
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.done != nil && n > 0 {
		c.done(int64(n))
	}
	return n, err
}

// Held returns the document for a reader that holds everything it reads: its
// text may be no longer than WholeBytes.
func (d *Document) Held() *Document {
	h := *d
	h.limits.TextBytes = min(h.limits.TextBytes, h.limits.WholeBytes)
	return &h
}
