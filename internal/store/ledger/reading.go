package ledger

import (
	"context"
	"errors"
	"time"

	"example.com/landfall/internal/fault"
)

// errMoved is under the error of a reader that took a file for one that nobody
// writes, and was wrong.
var errMoved = errors.New("it changed meanwhile")

// Read opens a ledger for reading, gives it to read, and closes it. A ledger
// that a writer opened while it was read is read again: read has to begin anew
// each time it is called, and keep nothing of a call that gave an error.
func Read(ctx context.Context, path string, read func(*Ledger) error) error {
	const (
		most = 20
		wait = 5 * time.Millisecond
	)
	for try := 1; ; try++ {
		l, err := OpenReadOnly(ctx, path)
		if err != nil {
			return err
		}
		err = read(l)
		if err != nil && l.settled() != nil {
			err = l.settled() // what it read was never written so
		}
		if err = errors.Join(err, l.Close()); !errors.Is(err, errMoved) {
			return err
		}
		if try == most {
			return err
		}
		select {
		case <-ctx.Done():
			return fault.Wrap(ctx.Err(), "read ledger", path)
		case <-time.After(time.Duration(try) * wait):
		}
	}
}
