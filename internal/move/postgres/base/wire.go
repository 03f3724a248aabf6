package base

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

const (
	// wireBuffer is how much is read from a server at once.
	wireBuffer = 256 << 10
	// gatherBytes is up to which size pieces wait for more before they are sent.
	gatherBytes = 64 << 10
)

// The types of messages that are looked at ("Message Formats" in the manual of
// PostgreSQL). Their bodies are read by pgproto3.
const (
	msgCopyData  = 'd'
	msgCopyDone  = 'c'
	msgCopyFail  = 'f'
	msgCopyIn    = 'G'
	msgCopyOut   = 'H'
	msgData      = 'D'
	msgError     = 'E'
	msgReady     = 'Z'
	msgTag       = 'C'
	msgQuery     = 'Q'
	headerLength = 5
)

// wire is a session whose messages are read and written here, so that rows pass
// from one to another as bytes. It speaks the simple query protocol alone. One
// goroutine may read while another writes.
type wire struct {
	conn   net.Conn
	reader io.Reader
	buf    []byte
	r, w   int
	// out are bytes that wait for more, so that small tables go together.
	out []byte
	pid uint32 // of the server's process, where it was asked for
	// mid says that what was passed on last ends within a message.
	mid bool
	// broken says that what comes next cannot be known: the session is to be closed.
	broken bool
}

func openWire(ctx context.Context, e pg.Endpoint, purpose string) (*wire, error) {
	conn, reader, err := e.Raw(ctx, purpose)
	if err != nil {
		return nil, err
	}
	return &wire{conn: conn, reader: reader, buf: make([]byte, wireBuffer)}, nil
}

func (w *wire) close() {
	if w != nil {
		_ = w.conn.Close() // nothing is told to a server that has rolled back by then
	}
}

// bound makes reading and writing fail when the context ends; the session is of no
// use then.
func (w *wire) bound(ctx context.Context) (release func()) {
	stop := context.AfterFunc(ctx, func() { _ = w.conn.SetDeadline(time.Unix(1, 0)) })
	return func() {
		if !stop() {
			w.broken = true
		}
	}
}

func (w *wire) send(kind byte, body string, end ...byte) error {
	message := make([]byte, 0, headerLength+len(body)+len(end))
	message = append(message, kind)
	message = binary.BigEndian.AppendUint32(message, uint32(4+len(body)+len(end)))
	message = append(append(message, body...), end...)
	return w.write(message)
}

func (w *wire) write(b []byte) error {
	if len(w.out) > 0 {
		b = append(w.out, b...)
		w.out = w.out[:0]
	}
	_, err := w.conn.Write(b)
	if err != nil {
		w.broken = true
	}
	return err
}

// gather is write, which may wait until there is more.
func (w *wire) gather(b []byte) error {
	if len(w.out)+len(b) >= gatherBytes {
		return w.write(b)
	}
	w.out = append(w.out, b...)
	return nil
}

// fill reads more into the buffer; need is how many bytes have to fit.
func (w *wire) fill(need int) error {
	if w.r > 0 {
		w.w = copy(w.buf, w.buf[w.r:w.w])
		w.r = 0
	}
	if need > len(w.buf) {
		w.buf = slices.Grow(w.buf, need-len(w.buf))[:need]
	}
	n, err := w.reader.Read(w.buf[w.w:])
	w.w += n
	if n > 0 {
		return nil
	}
	w.broken = true
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// next is one whole message; its body is valid until the next call.
func (w *wire) next() (kind byte, body []byte, err error) {
	need := headerLength
	for {
		if w.w-w.r >= headerLength {
			need = 1 + int(binary.BigEndian.Uint32(w.buf[w.r+1:]))
			if w.w-w.r >= need {
				break
			}
		}
		if err := w.fill(need); err != nil {
			return 0, nil, err
		}
	}
	kind, body = w.buf[w.r], w.buf[w.r+headerLength:w.r+need]
	w.r += need
	return kind, body, nil
}

// answer is what a query text came to.
type answer struct {
	tags []string
	// values are the first columns of the rows, as text.
	values []string
}

func (a *answer) tag(body []byte) { a.tags = append(a.tags, string(body[:max(len(body)-1, 0)])) }

// copied is the number of rows of each COPY of the text.
func (a answer) copied() []int64 {
	var rows []int64
	for _, tag := range a.tags {
		if strings.HasPrefix(tag, "COPY ") {
			rows = append(rows, pgconn.NewCommandTag(tag).RowsAffected())
		}
	}
	return rows
}

func (w *wire) query(sql string) (answer, error) {
	if err := w.send(msgQuery, sql, 0); err != nil {
		return answer{}, err
	}
	return w.finish()
}

// begin sends a query and reads until the first COPY in it begins.
func (w *wire) begin(sql string, until byte) (answer, error) {
	if err := w.send(msgQuery, sql, 0); err != nil {
		return answer{}, err
	}
	return w.await(until)
}

// await reads until the next COPY of a query begins.
func (w *wire) await(until byte) (a answer, err error) {
	var failed error
	for {
		kind, body, err := w.next()
		if err != nil {
			return a, err
		}
		switch kind {
		case until:
			return a, nil
		case msgTag:
			a.tag(body)
		case msgError:
			failed = serverError(body)
		case msgReady:
			if failed == nil {
				failed = fault.Newf(fault.Internal, "begin to copy: the server ended the query")
			}
			return a, failed
		}
	}
}

// finish reads until the server is ready for the next query. The first error of
// the query is returned, with what came before it.
func (w *wire) finish() (answer, error) {
	var a answer
	var failed error
	for {
		kind, body, err := w.next()
		if err != nil {
			if failed != nil {
				err = failed // the last words of a server that is closing
			}
			return a, err
		}
		switch kind {
		case msgReady:
			return a, failed
		case msgError:
			if failed == nil {
				failed = serverError(body)
			}
		case msgTag:
			a.tag(body)
		case msgData:
			var row pgproto3.DataRow
			if err := row.Decode(body); err == nil && len(row.Values) > 0 {
				a.values = append(a.values, string(row.Values[0]))
			}
		}
	}
}

func serverError(body []byte) error {
	var m pgproto3.ErrorResponse
	if err := m.Decode(body); err != nil {
		return err
	}
	return pgconn.ErrorResponseToPgError(&m)
}

// pump passes CopyData messages on as they come, whole or in parts, until another
// message is next in the buffer.
func (w *wire) pump(pass func([]byte) error) error {
	left := 0 // of the message that is passing
	for {
		at, other := w.r, false
		for !other {
			n := min(left, w.w-at)
			at += n
			left -= n
			if left > 0 || w.w-at < headerLength {
				break
			}
			if other = w.buf[at] != msgCopyData; !other {
				left = 1 + int(binary.BigEndian.Uint32(w.buf[at+1:]))
			}
		}
		if at > w.r {
			if err := pass(w.buf[w.r:at]); err != nil {
				return err
			}
			w.r, w.mid = at, left > 0
		}
		if other {
			return nil
		}
		if err := w.fill(0); err != nil {
			return err
		}
	}
}
