package document

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"example.com/landfall/internal/fault"
)

// layersOfGzip is how often a file may be compressed. Twice happens when a
// folder of .gz files is compressed once more.
const layersOfGzip = 3

// sniffBytes is how much is looked at to tell an encoding.
const sniffBytes = 4096

// decoded returns the text of a file: unpacked, in UTF-8, without byte order
// mark, and no longer than the limit.
func decoded(r io.Reader, limits Limits) (io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	for layer := 0; ; layer++ {
		head, err := buffered.Peek(2)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if !bytes.Equal(head, []byte{0x1f, 0x8b}) {
			break
		}
		if layer == layersOfGzip {
			return nil, fault.Newf(fault.Invalid, "unpack: compressed more than %d times over", layersOfGzip)
		}
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, fault.Of(fault.Invalid, "unpack gzip", "", err)
		}
		// Each layer is bounded, or a small file could keep the next one busy
		// for ever without giving any text.
		bounded := &capped{r: &packed{unpacked}, left: limits.TextBytes, limit: limits.TextBytes}
		buffered = bufio.NewReaderSize(bounded, 64<<10)
	}
	head, err := buffered.Peek(sniffBytes)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return nil, err
	}
	return &capped{r: utf8Reader(buffered, head), left: limits.TextBytes, limit: limits.TextBytes}, nil
}

// packed names the layer in which unpacking went wrong.
type packed struct{ z *gzip.Reader }

func (p *packed) Read(b []byte) (int, error) {
	n, err := p.z.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the compressed file ends in the middle")
		}
		return n, fault.Of(fault.Invalid, "unpack gzip", "", err)
	}
	return n, err
}

// utf8Reader returns r in UTF-8 without byte order mark; head is its
// beginning.
func utf8Reader(r *bufio.Reader, head []byte) io.Reader {
	order, mark := wideOrder(head)
	if mark > 0 {
		// Peek has these bytes already, so Discard cannot come short.
		_, _ = r.Discard(mark)
	}
	if order == nil {
		return r
	}
	return transform.NewReader(r, unicode.UTF16(*order, unicode.IgnoreBOM).NewDecoder())
}

// wideOrder tells the byte order of UTF-16, nil for UTF-8, and the length of
// the byte order mark. Without a mark, text of mostly western letters is known
// by its zero bytes: every second byte is zero, and no UTF-8 text has any.
func wideOrder(head []byte) (order *unicode.Endianness, mark int) {
	little, big := unicode.LittleEndian, unicode.BigEndian
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		return nil, 3
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return &little, 2
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return &big, 2
	case len(head) < 4: // the shortest text that means something has two characters
		return nil, 0
	}
	var even, odd int
	pairs := len(head) / 2
	for i := range pairs {
		if head[2*i] == 0 {
			even++
		}
		if head[2*i+1] == 0 {
			odd++
		}
	}
	switch {
	case odd*10 >= pairs*6 && even*10 < pairs:
		return &little, 0
	case even*10 >= pairs*6 && odd*10 < pairs:
		return &big, 0
	}
	return nil, 0
}

// capped gives an error, not the end, where the limit is passed.
type capped struct {
	r           io.Reader
	left, limit int64
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		// The limit is passed only if there is another byte.
		var one [1]byte
		n, err := c.r.Read(one[:])
		if n == 0 {
			return 0, err
		}
		return 0, tooLarge("the unpacked text", c.limit)
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.left -= int64(n)
	return n, err
}

func tooLarge(what string, limit int64) error {
	return fault.Newf(fault.Invalid, "%s is larger than the limit of %s", what, size(limit))
}

func size(n int64) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
