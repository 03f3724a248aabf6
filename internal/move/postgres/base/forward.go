package base

import (
	"context"
	"errors"
	"fmt"

	"example.com/landfall/internal/fault"
)

// errCut says that the target ended a COPY before the source did.
var errCut = errors.New("the target stopped taking rows")

// sided is an error of one of the two servers.
type sided struct {
	source bool
	err    error
}

func (s *sided) Error() string { return s.err.Error() }
func (s *sided) Unwrap() error { return s.err }

func atSource(err error) error {
	if err == nil {
		return nil
	}
	return &sided{true, err}
}

func atTarget(err error) error {
	if err == nil {
		return nil
	}
	return &sided{false, err}
}

// ended is how a query ended.
type ended struct {
	answer
	err error
}

// forward carries what the query read tells into the COPY that the query write
// begins, and returns what both said. took is told of the bytes before they are
// sent, and may wait. Afterwards the target's transaction is open if there is no
// error; otherwise it is rolled back, or the session broken.
func forward(ctx context.Context, source, target *wire, read, write string, took func(context.Context, int) error) (from, to answer, err error) {
	defer source.bound(ctx)()
	defer target.bound(ctx)()
	if err := source.begin(read, msgCopyOut); err != nil {
		return from, to, atSource(errors.Join(err, settle(source)))
	}
	if err := target.begin(write, msgCopyIn); err != nil {
		source.broken = true // it is in the middle of sending
		return from, to, atTarget(errors.Join(err, settle(target)))
	}
	// The target may end the COPY at any time: its answer is awaited from now on.
	done := make(chan ended, 1)
	go func() {
		a, err := target.finish()
		done <- ended{a, err}
	}()
	sent := 0
	err = pass(source, func(b []byte) error {
		if len(done) > 0 {
			return errCut
		}
		if err := took(ctx, len(b)); err != nil {
			return err
		}
		sent += len(b)
		return atTarget(target.write(b))
	})
	if err == nil {
		from, err = source.finish()
		err = atSource(err)
	}
	if err != nil {
		return from, to, giveUp(ctx, source, target, err, done)
	}
	if err := target.send(msgCopyDone, ""); err != nil {
		return from, to, atTarget(err)
	}
	e := <-done
	if e.err != nil {
		return from, e.answer, atTarget(errors.Join(e.err, settle(target)))
	}
	if n, m := from.copied(), e.copied(); n != m {
		target.broken = true
		return from, e.answer, fault.Newf(fault.Internal, "copy rows: the source sent %d and the target took %d", n, m)
	}
	return from, e.answer, nil
}

// pass reads a COPY to its end.
func pass(source *wire, to func([]byte) error) error {
	for {
		if err := source.pump(to); err != nil {
			if source.broken {
				return atSource(err)
			}
			source.broken = true
			return err
		}
		kind, body, err := source.next()
		switch {
		case err != nil:
			return atSource(err)
		case kind == msgCopyDone:
			return nil
		case kind == msgError:
			failed := serverError(body)
			_, err := source.finish()
			return atSource(errors.Join(failed, err, settle(source)))
		}
	}
}

// giveUp ends the target's COPY without keeping anything of it. Where the target
// itself was the reason, its own words are the error.
func giveUp(ctx context.Context, source, target *wire, err error, done <-chan ended) error {
	if errors.Is(err, errCut) {
		e := <-done
		if e.err == nil {
			target.broken = true
			return atTarget(fault.Newf(fault.Internal, "copy rows: the target ended the copy before its end"))
		}
		return atTarget(errors.Join(e.err, settle(target)))
	}
	if ctx.Err() != nil || target.broken {
		target.broken = true
		target.close()
		if e := <-done; target.broken && e.err != nil && !source.broken {
			return atTarget(errors.Join(err, e.err))
		}
		return err
	}
	if failed := target.send(msgCopyFail, "the source failed", 0); failed != nil {
		target.close()
	}
	<-done // the error is the one that was asked for
	if failed := settle(target); failed != nil {
		target.broken = true
	}
	return err
}

// settle rolls back what a failed query left open.
func settle(w *wire) error {
	if w.broken {
		return nil
	}
	if _, err := w.query("ROLLBACK"); err != nil {
		w.broken = true
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}
