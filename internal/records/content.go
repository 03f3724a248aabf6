package records

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"

	"example.com/landfall/internal/fault"
)

// chunkBytes is how much of a file is looked at at once; MaxLine bounds a line.
const (
	chunkBytes = 64 << 10
	// MaxLine is the longest line that is read; a longer one is counted as broken.
	MaxLine = 8 << 20
)

// Content is one open file, decompressed and in UTF-8. It belongs to the
// function that Each calls with it.
type Content struct {
	Name string
	// Worker is the number of the goroutine that reads: 0 to Workers-1. Two
	// files with the same number are never read at the same time.
	Worker int
	// Result is what the reading counts into.
	Result *Result

	file       File
	raw        *measured
	text       io.Reader
	buf        []byte // read and not yet used: buf[start:end]
	start, end int
	done       bool
	line       int64
}

// Peek returns up to n bytes of the beginning without using them up. It gives
// fewer when the file is shorter.
func (c *Content) Peek(n int) []byte {
	n = min(n, len(c.buf))
	for c.end-c.start < n && !c.done {
		c.fill()
	}
	return c.buf[c.start:min(c.end, c.start+n)]
}

// fill reads more behind what is there. Trouble ends the content: what was
// readable counts, and the rest is named.
func (c *Content) fill() {
	if c.start > 0 {
		copy(c.buf, c.buf[c.start:c.end])
		c.start, c.end = 0, c.end-c.start
	}
	if c.end == len(c.buf) {
		grown := make([]byte, 2*len(c.buf))
		copy(grown, c.buf)
		c.buf = grown
	}
	for range 100 {
		n, err := c.text.Read(c.buf[c.end:])
		c.end += n
		if err != nil {
			c.done = true
			c.ended(err)
			return
		}
		if n > 0 {
			return
		}
	}
	c.done = true
	c.ended(io.ErrNoProgress)
}

func (c *Content) ended(err error) {
	if errors.Is(err, io.EOF) {
		return
	}
	if c.raw.err != nil && !errors.Is(c.raw.err, io.EOF) {
		// The store gave up, not the content: that is an error of the reading.
		c.Result.Err = fault.Wrap(c.raw.err, "read log file", c.Name)
		return
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		c.Result.Truncated = "the compressed data ends too early"
		return
	}
	c.Result.Truncated = "the compressed data is broken: " + err.Error()
}

// Next returns the next line without its end, and false after the last. The
// slice is valid until the next call.
func (c *Content) Next() ([]byte, bool) {
	searched := c.start
	for {
		if i := bytes.IndexByte(c.buf[searched:c.end], '\n'); i >= 0 {
			line := c.buf[c.start : searched+i]
			c.start = searched + i + 1
			c.count()
			return trimReturn(line), true
		}
		if c.done {
			if c.start == c.end {
				return nil, false
			}
			line := c.buf[c.start:c.end]
			c.start = c.end
			c.count()
			return trimReturn(line), true
		}
		if c.end-c.start >= MaxLine {
			c.skipLine()
			searched = c.start
			continue
		}
		searched = c.end - c.start // fill moves what is there to the front
		c.fill()
	}
}

func trimReturn(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

func (c *Content) count() {
	c.line++
	c.Result.Lines++
}

// skipLine leaves out the rest of a line that is too long.
func (c *Content) skipLine() {
	c.count()
	c.Result.Bad(c.line, fault.Newf(fault.Invalid, "read line: longer than %d bytes", MaxLine))
	for {
		if i := bytes.IndexByte(c.buf[c.start:c.end], '\n'); i >= 0 {
			c.start += i + 1
			return
		}
		c.start, c.end = 0, 0
		if c.done {
			return
		}
		c.fill()
	}
}

// Line is the number of the line that Next returned last.
func (c *Content) Line() int64 { return c.line }

// Bad counts the line that Next returned last as broken.
func (c *Content) Bad(why error) { c.Result.Bad(c.line, why) }

// Read gives the content as it comes, for formats that are not made of lines.
func (c *Content) Read(p []byte) (int, error) {
	if c.start == c.end && !c.done {
		c.start, c.end = 0, 0
		c.fill()
	}
	if c.start == c.end {
		return 0, io.EOF
	}
	n := copy(p, c.buf[c.start:c.end])
	c.start += n
	return n, nil
}

// Window is what was read and not yet used. It is valid until the next call.
func (c *Content) Window() []byte { return c.buf[c.start:c.end] }

// More reads more behind the window; false says that there is none.
func (c *Content) More() bool {
	before := c.end - c.start
	if !c.done {
		c.fill()
	}
	return c.end-c.start > before
}

// Use drops n bytes from the front of the window.
func (c *Content) Use(n int) { c.start += min(n, c.end-c.start) }

// maxMemory bounds a file that has to be read at random places and does not
// lie on this machine.
const maxMemory = 1 << 30

// Random gives access to any place of the file as stored, for Parquet, whose
// index is at its end. The function closes what it opened.
func (c *Content) Random(ctx context.Context) (io.ReaderAt, int64, func(), error) {
	r, err := c.file.Open(ctx)
	if err != nil {
		return nil, 0, nil, err
	}
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil {
			return f, info.Size(), func() { _ = f.Close() }, nil
		}
	}
	defer r.Close()
	all, err := io.ReadAll(io.LimitReader(r, maxMemory+1))
	if err != nil {
		return nil, 0, nil, fault.Wrap(err, "read log file", c.Name)
	}
	if len(all) > maxMemory {
		return nil, 0, nil, fault.Of(fault.Unsupported, "read Parquet file of more than 1 GiB out of a bucket", c.Name, nil).
			Hintf("copy it here first: aws s3 cp %q .", c.Name)
	}
	return bytes.NewReader(all), int64(len(all)), func() {}, nil
}
