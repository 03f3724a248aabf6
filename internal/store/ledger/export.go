package ledger

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/canon"
)

// maxLineBytes bounds a line of an export: the largest entry, and its names.
const maxLineBytes = maxBodyBytes + 64<<10

// first and last are the lines before and after the entries of an export.
type first struct {
	Version int    `json:"ledgerExport"`
	ID      string `json:"id"`
	Created string `json:"created"`
}

type last struct {
	Head Head `json:"head"`
}

// Export writes the ledger as lines of canonical JSON: a line that names the
// ledger, one for each entry, one with the head. The export is the ledger as it
// stands at one moment and can be checked without it: see VerifyExport. A
// broken ledger is not exported as if it were whole: the error's kind is Found,
// and what was written ends without the last line.
func (l *Ledger) Export(ctx context.Context, w io.Writer) (Head, error) {
	const op = "export ledger"
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return Head{}, failure(ctx, op, l.path, err)
	}
	defer conn.Close() // gives it back to the pool
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return Head{}, failure(ctx, op, l.path, err)
	}
	out := bufio.NewWriter(w)
	head, err := export(ctx, conn, out)
	_, end := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // it was only read
	if err = errors.Join(err, end, out.Flush()); err != nil {
		return Head{}, failure(ctx, op, l.path, err)
	}
	return head, l.settled()
}

func export(ctx context.Context, q queryer, w io.Writer) (Head, error) {
	a, err := readAnchor(ctx, q)
	if err != nil {
		return Head{}, err
	}
	head, err := readHead(ctx, q)
	if err != nil {
		return Head{}, err
	}
	if err := line(w, first{Version: formVersion, ID: a.ID, Created: a.Created}); err != nil {
		return Head{}, err
	}
	rows, err := q.QueryContext(ctx, "SELECT "+columns+" FROM entry ORDER BY seq")
	if err != nil {
		return Head{}, err
	}
	defer rows.Close()
	c := &chain{}
	c.begin(a)
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return Head{}, err
		}
		if !c.add(e) {
			break
		}
		if err := line(w, e); err != nil {
			return Head{}, err
		}
	}
	if err := rows.Err(); err != nil {
		return Head{}, err
	}
	if c.broken == nil {
		c.end(head)
	}
	if c.broken != nil {
		return Head{}, fault.Newf(fault.Found, "export ledger: %s", c.broken.Why).Hintf("landfall ledger verify")
	}
	return head, line(w, last{Head: head})
}

// line writes one value in canonical form.
func line(w io.Writer, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	canonical, err := canon.JSON(encoded)
	if err != nil {
		return err
	}
	_, err = w.Write(append(canonical, '\n'))
	return err
}

// VerifyExport checks an export as Verify checks a ledger, without one. The
// lines may have been laid out anew; their data counts.
func VerifyExport(ctx context.Context, r io.Reader, expected ...Head) (Verdict, error) {
	c := &chain{heads: expected}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLineBytes)
	number := 0
	for ctx.Err() == nil && c.broken == nil && lines.Scan() {
		if number++; len(bytes.TrimSpace(lines.Bytes())) > 0 {
			c.line(number, lines.Bytes())
		}
	}
	switch err := lines.Err(); {
	case ctx.Err() != nil:
		return Verdict{}, fault.Wrap(ctx.Err(), "verify export", "")
	case errors.Is(err, bufio.ErrTooLong):
		c.fail(c.next(), "line %d is longer than any entry", number+1)
	case err != nil:
		return Verdict{}, fault.Wrap(err, "verify export", "")
	}
	if c.broken == nil && !c.complete {
		c.fail(c.next(), "the export ends after line %d without the ledger's head", number)
	}
	return c.verdict("verify export", "")
}

// line checks one line of an export: the first names the ledger, the last has
// the head, each between is an entry.
func (c *chain) line(number int, text []byte) {
	var begin first
	var end last
	var e Entry
	switch {
	case c.complete:
		c.fail(c.next(), "line %d stands behind the ledger's head", number)
	case c.anchor.ID == "":
		if err := strict(text, &begin); err != nil || begin.ID == "" || begin.Version != formVersion {
			c.fail(0, "line %d does not begin an export of this version", number)
			return
		}
		c.begin(anchor{ID: begin.ID, Created: begin.Created})
	case strict(text, &end) == nil && end.Head.Ledger != "":
		c.end(end.Head)
	default:
		if err := strict(text, &e); err != nil {
			c.fail(c.next(), "line %d is not an entry: %v", number, err)
			return
		}
		c.add(e)
	}
}

// strict decodes a line and puts an entry's body into the form that was
// hashed. The line must be exactly what line writes, but for its layout: Go's
// decoder alone would take "SEQ" for "seq" and pass over a missing member.
func strict(text []byte, into any) error {
	canonical, err := canon.JSON(text)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(canonical))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("decode line: %w", err)
	}
	var again bytes.Buffer
	if err := line(&again, into); err != nil {
		return err
	}
	if !bytes.Equal(bytes.TrimSpace(again.Bytes()), canonical) {
		return errors.New("a member is missing or misspelt")
	}
	return nil
}
