package base

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

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

// carrying is what forward carries: the query that reads has as many COPYs as the
// one that writes, and took is told of the bytes of each before they are sent. It may
// wait.
type carrying struct {
	read, write string
	copies      int
	took        func(ctx context.Context, i, bytes int) error
}

// forward carries what one query tells into the COPYs that another begins, and
// returns what both said. Afterwards the target's transaction is open if there is no
// error; otherwise it is rolled back, or the session broken.
func forward(ctx context.Context, source, target *wire, c carrying) (from, to answer, err error) {
	defer source.bound(ctx)()
	defer target.bound(ctx)()
	if from, err = source.begin(c.read, msgCopyOut); err != nil {
		return from, to, atSource(errors.Join(err, settle(source)))
	}
	before, err := target.begin(c.write, msgCopyIn)
	if err != nil {
		source.broken = true // it is in the middle of sending
		return from, to, atTarget(errors.Join(err, settle(target)))
	}
	// The target may end the COPY at any time: its answer is awaited from now on. One
	// that is not begun there yet finds its rows waiting (the server reads messages in
	// their order, and passes over those of a COPY that failed).
	done := make(chan ended, 1)
	go func() {
		a, err := target.finish()
		a.tags = append(before.tags, a.tags...)
		done <- ended{a, err}
	}()
	if err := stream(ctx, source, target, &from, c, done); err != nil {
		return from, to, giveUp(ctx, source, target, err, done)
	}
	if err := target.send(msgCopyDone, ""); err != nil {
		return from, to, atTarget(err)
	}
	e := <-done
	if e.err != nil {
		return from, e.answer, atTarget(errors.Join(e.err, settle(target)))
	}
	if n, m := from.copied(), e.copied(); !slices.Equal(n, m) {
		target.broken = true
		return from, e.answer, fault.Newf(fault.Internal, "copy rows: the source sent %d and the target took %d", n, m)
	}
	return from, e.answer, nil
}

// stream carries all COPYs and ends all of the target's but the last: whether the
// source's query comes to a good end is to be known by then.
func stream(ctx context.Context, source, target *wire, from *answer, c carrying, done <-chan ended) error {
	for i := range c.copies {
		err := pass(source, func(b []byte) error {
			if len(done) > 0 {
				return errCut
			}
			if err := c.took(ctx, i, len(b)); err != nil {
				return err
			}
			return atTarget(target.gather(b))
		})
		if err != nil {
			return err
		}
		next, last := source.finish, i == c.copies-1
		if !last {
			if err := target.gather(binary.BigEndian.AppendUint32([]byte{msgCopyDone}, 4)); err != nil {
				return atTarget(err)
			}
			next = func() (answer, error) { return source.await(msgCopyOut) }
		}
		said, err := next()
		from.tags, from.values = append(from.tags, said.tags...), append(from.values, said.values...)
		if err != nil {
			return atSource(errors.Join(err, settle(source)))
		}
	}
	return nil
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
		target.broken = target.broken || source.mid
		if e.err == nil {
			target.broken = true
			return atTarget(fault.Newf(fault.Internal, "copy rows: the target ended the copy before its end"))
		}
		return atTarget(errors.Join(e.err, settle(target)))
	}
	// Whatever is sent within a message is a part of it: the target would wait for more.
	if ctx.Err() != nil || target.broken || source.mid {
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
