package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strconv"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

const headDomain = "landfall ledger head 1"

// headFile is the copy of the head beside the ledger.
type headFile struct {
	Head
	// Check tells a damaged copy from one that disagrees.
	Check string `json:"check"`
}

func (h headFile) sum() string {
	return chained(headDomain, h.Ledger, strconv.FormatInt(h.Seq, 10), h.Hash)
}

func headPath(path string) string { return path + ".head" }

// ReadHeadFile returns the copy of the head that stands beside a ledger, in
// PATH.head. Without one the error's kind is NotFound.
func ReadHeadFile(path string) (Head, error) {
	const op = "read head of ledger"
	content, err := os.ReadFile(headPath(path))
	if err != nil {
		return Head{}, fault.Of(fault.KindOf(err), op, headPath(path), errors.Unwrap(err))
	}
	var h headFile
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&h); err != nil {
		return Head{}, fault.Of(fault.Invalid, op, headPath(path), err)
	}
	if h.Check != h.sum() {
		return Head{}, fault.Newf(fault.Invalid, "%s %q: the file is damaged or was edited", op, headPath(path))
	}
	return h.Head, nil
}

// keepHead writes the copy of the head. It holds the write lock meanwhile, so
// that of two processes the later head stays; a copy that is ahead of the
// ledger is left alone, because it is what shows that entries are missing.
func (l *Ledger) keepHead(ctx context.Context, conn *sql.Conn) error {
	return l.locked(context.WithoutCancel(ctx), conn, func() error {
		head, err := readHead(ctx, conn)
		if err != nil {
			return err
		}
		kept, err := ReadHeadFile(l.path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !fault.Is(err, fault.Invalid) {
			return err
		}
		if err == nil && kept.Ledger == head.Ledger && kept.Seq >= head.Seq {
			return nil
		}
		if err == nil && kept.Ledger != head.Ledger {
			return fault.Newf(fault.Found, "the copy is of another ledger")
		}
		h := headFile{Head: head}
		h.Check = h.sum()
		content, err := json.Marshal(h)
		if err != nil {
			return err
		}
		return durable.Replace(headPath(l.path), append(content, '\n'), 0o600)
	})
}
