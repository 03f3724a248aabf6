package ledger_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/ledger"
)

// appendOnce opens the ledger as a short-lived writer does, and leaves it.
func appendOnce(t *testing.T, path string) {
	t.Helper()
	l, err := ledger.Open(t.Context(), path, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Append(t.Context(), ledger.Record{Kind: "test.written", Actor: "ann"})
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
}

// Writers that come and go while a ledger is read make it be read again, until
// a reading has seen one state of it from beginning to end.
func TestReadBesideWritersThatComeAndGo(t *testing.T) {
	t.Parallel()
	path := filled(t, 3)
	calls, verdict := 0, ledger.Verdict{}
	err := ledger.Read(t.Context(), path, func(l *ledger.Ledger) (err error) {
		if calls++; calls <= 3 {
			appendOnce(t, path)
		}
		verdict, err = l.Verify(t.Context())
		return err
	})
	if err != nil || calls != 4 || verdict.Entries != 6 {
		t.Errorf("%d calls, %+v, %v", calls, verdict, err)
	}
}

func TestReadGivesUp(t *testing.T) {
	t.Parallel()
	path := filled(t, 3)
	if err := ledger.Read(t.Context(), path, func(l *ledger.Ledger) error {
		appendOnce(t, path)
		_, err := l.Head(t.Context())
		return err
	}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a ledger that never stands still: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := ledger.Read(ctx, path, func(l *ledger.Ledger) error {
		appendOnce(t, path)
		_, err := l.Head(t.Context())
		cancel()
		return err
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits for it: %v", err)
	}
	calls, own := 0, errors.New("it says nothing")
	if err := ledger.Read(t.Context(), path, func(*ledger.Ledger) error {
		calls++
		return own
	}); !errors.Is(err, own) || calls != 1 {
		t.Errorf("an error of the reader's own after %d calls: %v", calls, err)
	}
	if err := ledger.Read(t.Context(), filepath.Join(t.TempDir(), "none.db"), nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("no ledger: %v", err)
	}
}
