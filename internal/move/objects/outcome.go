package objects

import (
	"context"
	"errors"
	"strconv"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
)

// side says which port an error came out of.
type side int

const (
	noSide side = iota
	sourceSide
	targetSide
)

// sided is an error of one port.
type sided struct {
	error
	side side
}

func (s *sided) Unwrap() error { return s.error }

func atSource(err error) error { return at(sourceSide, err) }
func atTarget(err error) error { return at(targetSide, err) }

func at(where side, err error) error {
	if err == nil {
		return nil
	}
	return &sided{err, where}
}

func sideOf(err error) side {
	if s, ok := errors.AsType[*sided](err); ok {
		return s.side
	}
	return noSide
}

// errDamaged is of a content that is not the one that the source holds a hash
// of: it was damaged on the way to us.
var errDamaged = errors.New("what was read is not what the source has a hash of")

// outcome makes the line of an object out of the error that it met. What
// concerns more than the object ends the shard.
func (m *Mover) outcome(ctx context.Context, t *task, err error) (*manifest.Line, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if errors.Is(err, errSpent) {
		return nil, err
	}
	line := t.line()
	line.Reason = reasonOf(err)
	kind := fault.KindOf(err)
	switch {
	case errors.Is(err, object.ErrArchived):
		line.Result = manifest.Archived
	case errors.Is(err, errGone), kind == fault.NotFound && sideOf(err) != targetSide, kind == fault.Conflict:
		line.Result = manifest.Changing
	case kind == fault.Denied:
		line.Result = manifest.Denied
		if sideOf(err) == targetSide {
			return m.bear(line, err)
		}
	case kind == fault.Refused, kind == fault.Unsupported, errors.Is(err, object.ErrCustomerKey):
		line.Result = manifest.Refused
	case kind == fault.Storage:
		return nil, err
	case kind == fault.NotFound, fault.Retryable(err):
		line.Result = manifest.Failed
		return m.bear(line, err)
	default:
		line.Result = manifest.Failed
	}
	return line, nil
}

// bear counts what may be the service's own trouble, and ends the shard when
// there is nothing else any more.
func (m *Mover) bear(line *manifest.Line, err error) (*manifest.Line, error) {
	if m.health.bad() {
		return nil, err
	}
	return line, nil
}

// reasonOf is an error in one line.
func reasonOf(err error) string {
	text := err.Error()
	const most = 500
	if len(text) > most {
		text = text[:most] + "..."
	}
	return text
}

func isMismatch(err error) bool { return errors.Is(err, object.ErrMismatch) }

func quoted(s string) string { return strconv.Quote(s) }
