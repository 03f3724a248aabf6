package objects

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
)

const (
	// serverBlock is how much the target is asked to fetch at once.
	serverBlock = 256 << 20
	// presigned is for how long a URL is good: longer than any block takes.
	presigned = 12 * time.Hour
)

// route is whether the target can fetch from the source, found out once.
type route struct {
	mu     sync.Mutex
	known  bool
	closed string // why it cannot
}

// reason is why objects are streamed although the other path was to be tried.
func (r *route) reason() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// open tries the path once: whoever comes meanwhile waits for the answer.
func (r *route) open(try func() string) (closed string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.known {
		r.closed = try()
		r.known = true
	}
	return r.closed
}

// serverSide lets the target fetch the object. tried is false when it is to be
// streamed instead.
func (m *Mover) serverSide(ctx context.Context, t *task) (line *manifest.Line, err error, tried bool) {
	url, err := m.source.Presign(ctx, object.Ref{Key: t.object.Key, Version: t.object.Version}, presigned)
	if err != nil {
		return nil, atSource(err), m.settings.Path == ServerSide
	}
	// An object that cannot be read says nothing about the path.
	head, err := m.source.Head(ctx, t.object.Ref())
	if err != nil {
		return nil, atSource(err), true
	}
	s := server{m: m, t: t, url: url, head: head, of: identity(&t.object)}
	var probe error
	closed := m.route.open(func() string {
		if probe = s.probe(ctx); errors.Is(probe, object.ErrForeignBlocks) {
			// What somebody else has left under the name says nothing about the path.
			if probe = m.unstage(ctx, t); probe == nil {
				probe = s.probe(ctx)
			}
		}
		if probe == nil || ctx.Err() != nil {
			return ""
		}
		return s.hide(probe)
	})
	if closed != "" {
		if m.settings.Path == ServerSide {
			return nil, fault.Newf(fault.Refused, "let the target fetch from the source: %s", closed).
				Hintf("choose the path %q, which streams where this does not work", EitherPath), true
		}
		return nil, nil, false
	}
	line, err = s.transfer(ctx)
	if err != nil && errors.Is(err, object.ErrForeignBlocks) {
		if err := m.unstage(ctx, t); err != nil {
			return nil, err, true
		}
		return nil, errDamaged, true
	}
	return line, err, true
}

// server is one object that the target fetches.
type server struct {
	m   *Mover
	t   *task
	url string
	// head is as it was before anything was fetched.
	head object.Head
	of   [8]byte
}

// hide takes the URL, which is a secret, out of what a service says.
func (s server) hide(err error) string {
	text := reasonOf(err)
	if _, query, ok := strings.Cut(s.url, "?"); ok && query != "" && strings.Contains(text, query[:min(len(query), 20)]) {
		return "the target cannot fetch it (" + string(fault.KindOf(err)) + ")"
	}
	return text
}

// probe lets the target fetch one byte.
func (s server) probe(ctx context.Context) error {
	_, err := s.m.target.StageFrom(ctx, s.t.name, block{size: min(s.t.object.Size, 1)}.fetchedID(s.of), s.url, object.Span{Size: 1})
	return err
}

func (s server) transfer(ctx context.Context) (*manifest.Line, error) {
	m, t := s.m, s.t
	total := checksum.NewTotal(t.object.Size)
	summed := true
	var ids []string
	for _, b := range blocks(t.object.Size, serverBlock) {
		id := b.fetchedID(s.of)
		receipt, err := s.fetch(ctx, b, id)
		if err != nil {
			return nil, err
		}
		summed = summed && receipt.Known.Has(object.CRC64)
		if summed {
			if err := total.Add(b.from, b.size, receipt.CRC64); err != nil {
				return nil, err
			}
		}
		ids = append(ids, id)
	}
	// A URL has no condition: that the object is still the same is asked for once
	// all of it is there, and before anybody sees it.
	after, err := m.source.Head(ctx, t.object.Ref())
	if err != nil {
		return nil, atSource(err)
	}
	if !after.Modified.Equal(s.head.Modified) {
		// It was another one meanwhile, and then this one again.
		return nil, atSource(fault.Of(fault.Conflict, "let the target fetch", t.object.Key, nil))
	}
	source := m.sideOf(s.head, t)
	there := checksum.Side{Size: t.object.Size}
	crc, _ := total.Sum()
	if summed {
		there.Sums = object.Sums{Known: object.CRC64, CRC64: crc}
	}
	verdict := checksum.Compare(source, there)
	if verdict.Differ {
		return nil, t.damaged(crc)
	}
	write, line, err := m.dress(ctx, t, s.head, dressing{crc: crc, noCRC: !summed, verdict: verdict})
	if write == nil || err != nil {
		return line, err
	}
	if _, err := m.target.Commit(ctx, *write, ids); err != nil {
		return nil, atTarget(err)
	}
	line.Sums = known(source.Sums, there.Sums)
	return line, nil
}

func (s server) fetch(ctx context.Context, b block, id string) (object.Receipt, error) {
	if err := s.m.gate.Enter(ctx); err != nil {
		return object.Receipt{}, err
	}
	defer s.m.gate.Leave(0)
	if err := s.m.spent(); err != nil {
		return object.Receipt{}, err
	}
	receipt, err := s.m.target.StageFrom(ctx, s.t.name, id, s.url, object.Span{From: b.from, Size: b.size})
	if err != nil {
		if errors.Is(err, object.ErrForeignBlocks) {
			return receipt, atTarget(object.ErrForeignBlocks)
		}
		return receipt, atTarget(fault.Newf(fault.KindOf(err), "let the target fetch %q: %s", s.t.object.Key, s.hide(err)))
	}
	return receipt, nil
}
