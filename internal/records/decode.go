package records

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"hash"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxLayers bounds compression inside compression: a .gz object of a bucket
// that was stored with Content-Encoding has two.
const maxLayers = 3

// measured counts and hashes what is read from the store.
type measured struct {
	r        io.Reader
	sum      hash.Hash
	n        int64
	err      error
	progress func(int64)
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if n > 0 {
		m.sum.Write(p[:n])
		m.n += int64(n)
		if m.progress != nil {
			m.progress(int64(n))
		}
	}
	if err != nil {
		m.err = err
	}
	return n, err
}

// decoder is the chain from stored bytes to UTF-8 text.
type decoder struct {
	close []func()
}

// open looks at the first bytes and puts what is needed on top of r. Names are
// not trusted: objects are often compressed without an ending that says so.
func (d *decoder) open(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	for range maxLayers {
		head, _ := b.Peek(4)
		inner, err := d.layer(b, head)
		if err != nil || inner == nil {
			return d.text(b), err
		}
		b = bufio.NewReaderSize(inner, 64<<10)
	}
	return d.text(b), nil
}

func (d *decoder) layer(b *bufio.Reader, head []byte) (io.Reader, error) {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		// Readers of many members (concatenated .gz files) go on by themselves.
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		return z, nil
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return nil, err
		}
		d.close = append(d.close, z.Close)
		return z, nil
	case bytes.HasPrefix(head, []byte("BZh")):
		return bzip2.NewReader(b), nil
	}
	return nil, nil
}

func (d *decoder) end() {
	for _, f := range d.close {
		f()
	}
}

// text drops a byte order mark and turns UTF-16 into UTF-8. Without a mark,
// text whose every second byte is zero is UTF-16 as PowerShell's ">" writes it.
func (d *decoder) text(b *bufio.Reader) io.Reader {
	head, _ := b.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		_, _ = b.Discard(3)
		return b
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		_, _ = b.Discard(2)
		return &wide{r: b, order: binary.LittleEndian}
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		_, _ = b.Discard(2)
		return &wide{r: b, order: binary.BigEndian}
	case len(head) == 4 && head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0:
		return &wide{r: b, order: binary.LittleEndian}
	case len(head) == 4 && head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0:
		return &wide{r: b, order: binary.BigEndian}
	}
	return b
}

// wide reads UTF-16.
type wide struct {
	r     *bufio.Reader
	order binary.ByteOrder
	rest  []byte
	err   error
}

func (w *wide) Read(p []byte) (int, error) {
	for len(w.rest) == 0 {
		if w.err != nil {
			return 0, w.err
		}
		w.more()
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

func (w *wide) more() {
	w.rest = w.rest[:0]
	for len(w.rest) < 16<<10 {
		unit, err := w.unit()
		if err != nil {
			w.err = err
			return
		}
		r := rune(unit)
		if utf16.IsSurrogate(r) {
			low, err := w.unit()
			if err != nil {
				w.rest, w.err = utf8.AppendRune(w.rest, utf8.RuneError), err
				return
			}
			r = utf16.DecodeRune(r, rune(low))
		}
		w.rest = utf8.AppendRune(w.rest, r)
	}
}

// unit reads two bytes; a single one at the end is left out.
func (w *wide) unit() (uint16, error) {
	var two [2]byte
	if _, err := io.ReadFull(w.r, two[:]); err != nil {
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		return 0, err
	}
	return w.order.Uint16(two[:]), nil
}
