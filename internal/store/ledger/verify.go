package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"example.com/landfall/internal/fault"
)

// Verdict is what Verify found out.
type Verdict struct {
	// Ledger is the id of the ledger.
	Ledger string `json:"ledger"`
	// Entries that were read and are whole.
	Entries int64 `json:"entries"`
	// Head is the last of them.
	Head Head `json:"head"`
	// Checked are the heads from elsewhere that the ledger was held against:
	// the copy beside the file, and the expected ones.
	Checked []Head `json:"checked"`
	// Break is the first thing wrong; nil means the ledger is whole.
	Break *Break `json:"break,omitempty"`
}

// Break is where a ledger is broken.
type Break struct {
	// Seq is the number of the first bad entry; 0 is the file as a whole.
	Seq int64 `json:"seq"`
	// Why says what is wrong.
	Why string `json:"why"`
}

// Verify reads the whole ledger, as it stands at one moment, and checks that
// every entry has the content it was written with, that each continues the one
// before, that none is missing at either end, and that each expected head (and
// the copy beside the file) is in it. When something is wrong, the verdict
// names the first bad entry and the error has the kind Found; other kinds mean
// that it could not be checked.
func (l *Ledger) Verify(ctx context.Context, expected ...Head) (Verdict, error) {
	const op = "verify ledger"
	heads, wrong, err := l.withKept(expected)
	if err != nil {
		return Verdict{}, err
	}
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return Verdict{}, failure(ctx, op, l.path, err)
	}
	defer conn.Close() // gives it back to the pool
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return Verdict{}, failure(ctx, op, l.path, err)
	}
	c := &chain{heads: heads, broken: wrong}
	err = c.file(ctx, conn)
	_, end := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // it was only read
	if err != nil && (ctx.Err() != nil || !damaged(err)) {
		return Verdict{}, failure(ctx, op, l.path, err)
	}
	if err != nil {
		c.fail(c.next(), "the file is damaged: %v", err)
	} else if end != nil {
		return Verdict{}, failure(ctx, op, l.path, end)
	}
	if err := l.settled(); err != nil {
		return Verdict{}, err
	}
	return c.verdict(op, l.path)
}

// withKept adds the copy beside the file to the expected heads. A missing copy
// is no finding: a ledger that was copied alone has none. A damaged one is.
func (l *Ledger) withKept(expected []Head) ([]Head, *Break, error) {
	kept, err := ReadHeadFile(l.path)
	switch {
	case err == nil:
		return append([]Head{kept}, expected...), nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return expected, nil, nil
	case fault.Is(err, fault.Invalid):
		return expected, &Break{Seq: 0, Why: err.Error()}, nil
	}
	return nil, nil, err
}

// chain checks entries one after the other, wherever they come from.
type chain struct {
	anchor   anchor
	last     Head // what the next entry must continue
	heads    []Head
	broken   *Break
	complete bool
}

// fail records the first thing wrong.
func (c *chain) fail(seq int64, format string, args ...any) {
	if c.broken == nil || c.broken.Seq == 0 && seq > 0 {
		c.broken = &Break{Seq: seq, Why: fmt.Sprintf(format, args...)}
	}
}

func (c *chain) next() int64 { return c.last.Seq + 1 }

// begin sets the anchor.
func (c *chain) begin(a anchor) {
	c.anchor = a
	c.last = Head{Ledger: a.ID, Seq: 0, Hash: a.sum()}
	for _, h := range c.heads {
		if h.Ledger != a.ID {
			c.fail(0, "it is the ledger %s, expected was %s", a.ID, h.Ledger)
		}
	}
	c.compare()
}

// add checks one entry; false means that it breaks the chain.
func (c *chain) add(e Entry) bool {
	want := c.next()
	switch {
	case e.Seq > want:
		c.fail(want, "%s missing", span(want, e.Seq-1))
	case e.Seq < want:
		c.fail(e.Seq, "entry %d stands where entry %d belongs", e.Seq, want)
	case e.sum() != e.Hash:
		c.fail(want, "entry %d does not have the content it was written with", want)
	case e.Previous != c.last.Hash && want == 1:
		c.fail(want, "entry 1 does not continue the ledger's anchor: it or the anchor was replaced")
	case e.Previous != c.last.Hash:
		c.fail(want, "entry %d does not continue entry %d: one of them was replaced", want, want-1)
	default:
		c.last.Seq, c.last.Hash = want, e.Hash
		return c.compare()
	}
	return false
}

// compare holds the entry just added against the heads of the same number.
func (c *chain) compare() bool {
	for _, h := range c.heads {
		if h.Seq == c.last.Seq && h.Hash != c.last.Hash {
			c.fail(h.Seq, "entry %d is not the one that was expected: the ledger was rewritten", h.Seq)
			return false
		}
	}
	return true
}

// end checks that nothing is missing behind the last entry.
func (c *chain) end(head Head) {
	c.complete = true
	c.cut(head, "the ledger's head")
	for _, h := range c.heads {
		c.cut(h, "an expected head")
	}
	switch {
	case head.Seq < c.last.Seq:
		c.fail(head.Seq+1, "%s added behind the ledger's head", span(head.Seq+1, c.last.Seq))
	case head.Seq == c.last.Seq && head.Hash != c.last.Hash:
		c.fail(head.Seq, "entry %d is not the one that the ledger's head names", head.Seq)
	case head.Ledger != c.last.Ledger:
		c.fail(0, "its head is of the ledger %s", head.Ledger)
	}
}

func (c *chain) cut(h Head, name string) {
	if h.Seq > c.last.Seq {
		c.fail(c.next(), "%s missing: %s names entry %d", span(c.next(), h.Seq), name, h.Seq)
	}
}

func span(first, last int64) string {
	if first == last {
		return fmt.Sprintf("entry %d is", first)
	}
	return fmt.Sprintf("entries %d to %d are", first, last)
}

// file checks the tables of a ledger.
func (c *chain) file(ctx context.Context, conn *sql.Conn) error {
	changed, err := tampered(ctx, conn)
	if err != nil {
		return err
	}
	if changed != "" {
		c.fail(0, "%s", changed)
	}
	a, err := readAnchor(ctx, conn)
	if errors.Is(err, sql.ErrNoRows) {
		c.fail(0, "the ledger's anchor is missing")
		return nil
	}
	if err != nil {
		return err
	}
	c.begin(a)
	if whole, err := c.entries(ctx, conn); err != nil || !whole {
		return err
	}
	head, err := readHead(ctx, conn)
	if errors.Is(err, sql.ErrNoRows) {
		c.fail(c.next(), "the ledger's head is missing: entries may have been cut off")
		return nil
	}
	if err == nil {
		c.end(head)
	}
	return err
}

// entries checks every row; whole is false when one breaks the chain.
func (c *chain) entries(ctx context.Context, conn *sql.Conn) (whole bool, err error) {
	rows, err := conn.QueryContext(ctx, "SELECT "+columns+" FROM entry ORDER BY seq")
	if err != nil {
		return false, err
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return false, err
		}
		if !c.add(e) {
			return false, nil
		}
	}
	return true, rows.Err()
}

// verdict is the result.
func (c *chain) verdict(op, subject string) (Verdict, error) {
	v := Verdict{Ledger: c.anchor.ID, Entries: c.last.Seq, Head: c.last, Checked: append([]Head{}, c.heads...), Break: c.broken}
	if c.broken == nil {
		return v, nil
	}
	return v, fault.Of(fault.Found, op, subject, errors.New(c.broken.Why)).
		Hintf("compare with a copy: %q shows what each entry says", "landfall ledger export")
}
