package objects

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// Limits of a chunked body. S3 allows chunks of up to the object's size; lines
// hold a size, a signature of 64 (or, for ECDSA, 144) digits, or a checksum.
const (
	maxChunkLine    = 4 << 10
	maxTrailerLines = 16
)

// chunkReader decodes the aws-chunked encoding: lines "SIZE[;chunk-signature=...]"
// each followed by that many bytes, a chunk of size 0, and trailer lines.
// Signatures of chunks are not verified, like all signatures.
type chunkReader struct {
	source  *bufio.Reader
	left    int64 // of the chunk
	decoded int64
	want    int64 // announced length, -1 for any
	trailer http.Header
	err     error
}

func newChunkReader(source io.Reader, want int64) *chunkReader {
	return &chunkReader{source: bufio.NewReaderSize(source, copyBytes), want: want, trailer: http.Header{}}
}

// Read returns the decoded bytes. At the end the trailer is complete.
func (c *chunkReader) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if c.left == 0 {
		if c.err = c.next(); c.err != nil {
			return 0, c.err
		}
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.source.Read(p)
	c.left -= int64(n)
	c.decoded += int64(n)
	if err != nil {
		c.err = incomplete()
		return n, c.err
	}
	if c.want >= 0 && c.decoded > c.want {
		c.err = incomplete()
		return n, c.err
	}
	if c.left == 0 {
		c.err = c.blank()
	}
	return n, c.err
}

// next reads the head of the next chunk; io.EOF after the last one.
func (c *chunkReader) next() error {
	line, err := c.line()
	if errors.Is(err, errNoMore) {
		return incomplete()
	}
	if err != nil {
		return err
	}
	size, _, _ := strings.Cut(line, ";")
	c.left, err = strconv.ParseInt(strings.TrimSpace(size), 16, 64)
	if err != nil || c.left < 0 {
		return awsapi.Refuse("InvalidChunkSizeError", "a chunk's size is no number")
	}
	if c.left > 0 {
		return nil
	}
	return c.finish()
}

func (c *chunkReader) finish() error {
	for range maxTrailerLines {
		line, err := c.line()
		if err != nil && !errors.Is(err, errNoMore) {
			return err
		}
		if line == "" {
			if c.want >= 0 && c.decoded != c.want {
				return incomplete()
			}
			return io.EOF
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return awsapi.Refuse("MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
		}
		c.trailer.Add(textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value))
	}
	return awsapi.Refuse("MalformedTrailerError", "the trailer has too many lines")
}

// errNoMore is the end of the body where a line was looked for.
var errNoMore = errors.New("no more lines")

// line reads up to CRLF. The end of the body is errNoMore with what was read:
// some clients leave out the last CRLF.
func (c *chunkReader) line() (string, error) {
	var b strings.Builder
	for {
		part, err := c.source.ReadSlice('\n')
		b.Write(part)
		switch {
		case b.Len() > maxChunkLine:
			return "", awsapi.Refuse("InvalidChunkSizeError", "a chunk's head is too long")
		case err == nil:
			return strings.TrimRight(b.String(), "\r\n"), nil
		case errors.Is(err, io.EOF):
			return strings.TrimRight(b.String(), "\r\n"), errNoMore
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", incomplete()
		}
	}
}

func (c *chunkReader) blank() error {
	if line, err := c.line(); err != nil || line != "" {
		return incomplete()
	}
	return nil
}

func incomplete() error {
	return awsapi.Refuse("IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header.")
}

// chunkSize of what goes to the store.
const chunkSize = 64 << 10

// chunkWriter encodes a body as unsigned chunks, with a trailer where there is
// one.
type chunkWriter struct {
	source  io.Reader
	trailer string      // name, lower case; "" for none
	values  http.Header // holds the trailer's value once source has ended
	length  int64       // of the trailer's value
	left    int64       // of the source
	buffer  []byte
	pending []byte
	ended   bool
}

// newChunkWriter returns the encoder and the length of all it will give.
func newChunkWriter(source io.Reader, length int64, trailer string, values http.Header) (io.Reader, int64, error) {
	w := &chunkWriter{source: source, values: values, trailer: strings.ToLower(strings.TrimSpace(trailer)), left: length,
		buffer: make([]byte, chunkSize+32)}
	end := int64(len("0\r\n\r\n"))
	if w.trailer != "" {
		size, ok := checksumBytes(strings.TrimPrefix(w.trailer, "x-amz-checksum-"))
		if !ok {
			return nil, 0, awsapi.Refuse("InvalidRequest", "the trailer "+strconv.Quote(trailer)+" is no checksum")
		}
		w.length = int64(base64.StdEncoding.EncodedLen(size))
		end += int64(len(w.trailer)+len(":\r\n")) + w.length
	}
	full, last := length/chunkSize, length%chunkSize
	total := full*(int64(len(chunkHead(chunkSize)))+chunkSize+2) + end
	if last > 0 {
		total += int64(len(chunkHead(last))) + last + 2
	}
	return w, total, nil
}

func chunkHead(size int64) string { return fmt.Sprintf("%x\r\n", size) }

// checksumBytes is the size of a checksum by S3's name of its algorithm.
func checksumBytes(algorithm string) (int, bool) {
	switch algorithm {
	case "crc32", "crc32c", "xxhash32":
		return 4, true
	case "crc64nvme", "xxhash64", "xxhash3":
		return 8, true
	case "md5", "xxhash128":
		return 16, true
	case "sha1":
		return 20, true
	case "sha256":
		return 32, true
	case "sha512":
		return 64, true
	}
	return 0, false
}

// Read returns the encoded bytes.
func (w *chunkWriter) Read(p []byte) (int, error) {
	if len(w.pending) == 0 {
		if w.ended {
			return 0, io.EOF
		}
		if err := w.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.pending)
	w.pending = w.pending[n:]
	return n, nil
}

func (w *chunkWriter) fill() error {
	if w.left == 0 {
		return w.finish()
	}
	size := min(w.left, chunkSize)
	head := copy(w.buffer, chunkHead(size))
	if _, err := io.ReadFull(w.source, w.buffer[head:head+int(size)]); err != nil {
		if e, ok := errors.AsType[*awsapi.Error](err); ok {
			return e
		}
		return incomplete()
	}
	w.left -= size
	end := head + int(size)
	end += copy(w.buffer[end:], "\r\n")
	w.pending = w.buffer[:end]
	return nil
}

func (w *chunkWriter) finish() error {
	// Reads the last chunk and the trailer, and finds surplus bytes.
	if n, err := io.Copy(io.Discard, w.source); err != nil || n > 0 {
		if e, ok := errors.AsType[*awsapi.Error](err); ok {
			return e
		}
		return incomplete()
	}
	w.ended = true
	if w.trailer == "" {
		w.pending = []byte("0\r\n\r\n")
		return nil
	}
	value := w.values.Get(w.trailer)
	if int64(len(value)) != w.length {
		return awsapi.Refuse("MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
	}
	w.pending = []byte("0\r\n" + w.trailer + ":" + value + "\r\n\r\n")
	return nil
}
