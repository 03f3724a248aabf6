package tally

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/pace"
)

// Prices are in US dollars: per thousand requests, and per GB (10^9 bytes) that
// leaves the source.
type Prices struct {
	Get, List, Restore, Egress    float64
	Write, Enumerate, Read, Other float64
}

// Use is what was used up.
type Use struct {
	// Gets, Lists, Restores and Egress bytes are of the source.
	Gets, Lists, Restores, Egress int64
	// Writes, Enumerations, Reads and Others are requests to the target.
	Writes, Enumerations, Reads, Others int64
}

// Cost of what was used up.
func (u Use) Cost(p Prices) float64 {
	requests := float64(u.Gets)*p.Get + float64(u.Lists)*p.List + float64(u.Restores)*p.Restore +
		float64(u.Writes)*p.Write + float64(u.Enumerations)*p.Enumerate + float64(u.Reads)*p.Read + float64(u.Others)*p.Other
	return requests/1e3 + float64(u.Egress)/1e9*p.Egress
}

// Requests is how many there were to each side.
func (u Use) Requests() (source, target int64) {
	return u.Gets + u.Lists + u.Restores, u.Writes + u.Enumerations + u.Reads + u.Others
}

// Add sums up what two have used.
func (u Use) Add(more Use) Use {
	return Use{
		u.Gets + more.Gets, u.Lists + more.Lists, u.Restores + more.Restores, u.Egress + more.Egress,
		u.Writes + more.Writes, u.Enumerations + more.Enumerations, u.Reads + more.Reads, u.Others + more.Others,
	}
}

// Less is what was used since an earlier moment.
func (u Use) Less(earlier Use) Use {
	return Use{
		u.Gets - earlier.Gets, u.Lists - earlier.Lists, u.Restores - earlier.Restores, u.Egress - earlier.Egress,
		u.Writes - earlier.Writes, u.Enumerations - earlier.Enumerations, u.Reads - earlier.Reads, u.Others - earlier.Others,
	}
}

// Tally counts. The zero value is ready; Source and Target bound the rates of
// requests, Bytes that of bodies.
type Tally struct {
	Source, Target, Bytes pace.Bucket

	gets, lists, restores, egress       atomic.Int64
	writes, enumerations, reads, others atomic.Int64
}

// Use so far.
func (t *Tally) Use() Use {
	return Use{
		t.gets.Load(), t.lists.Load(), t.restores.Load(), t.egress.Load(),
		t.writes.Load(), t.enumerations.Load(), t.reads.Load(), t.others.Load(),
	}
}

// one counts a request and waits for its turn.
func one(ctx context.Context, counter *atomic.Int64, rate *pace.Bucket) error {
	counter.Add(1)
	return rate.Take(ctx, 1)
}

// OfSource counts what goes to a source.
func (t *Tally) OfSource(s object.Source) object.Source {
	counted := source{s, t}
	if parted, ok := s.(object.Parted); ok {
		return partedSource{counted, parted}
	}
	return counted
}

type source struct {
	object.Source
	tally *Tally
}

type partedSource struct {
	source
	parted object.Parted
}

func (s partedSource) Parts(ctx context.Context, ref object.Ref) ([]int64, error) {
	if err := one(ctx, &s.tally.gets, &s.tally.Source); err != nil {
		return nil, err
	}
	return s.parted.Parts(ctx, ref)
}

func (s source) Page(ctx context.Context, within object.Range, delimiter, next string) (object.Listed[object.Object], error) {
	if err := one(ctx, &s.tally.lists, &s.tally.Source); err != nil {
		return object.Listed[object.Object]{}, err
	}
	return s.Source.Page(ctx, within, delimiter, next)
}

func (s source) Versions(ctx context.Context, within object.Range, next string) (object.Listed[object.Object], error) {
	if err := one(ctx, &s.tally.lists, &s.tally.Source); err != nil {
		return object.Listed[object.Object]{}, err
	}
	return s.Source.Versions(ctx, within, next)
}

func (s source) Open(ctx context.Context, ref object.Ref, span object.Span) (object.Head, io.ReadCloser, error) {
	if err := one(ctx, &s.tally.gets, &s.tally.Source); err != nil {
		return object.Head{}, nil, err
	}
	head, body, err := s.Source.Open(ctx, ref, span)
	if err == nil {
		size := span.Size
		if span == (object.Span{}) {
			size = head.Size
		}
		s.tally.egress.Add(size)
		if err := s.tally.Bytes.Take(ctx, float64(size)); err != nil {
			_ = body.Close()
			return head, nil, err
		}
	}
	return head, body, err
}

func (s source) Head(ctx context.Context, ref object.Ref) (object.Head, error) {
	if err := one(ctx, &s.tally.gets, &s.tally.Source); err != nil {
		return object.Head{}, err
	}
	return s.Source.Head(ctx, ref)
}

func (s source) Tags(ctx context.Context, ref object.Ref) (map[string]string, error) {
	if err := one(ctx, &s.tally.gets, &s.tally.Source); err != nil {
		return nil, err
	}
	return s.Source.Tags(ctx, ref)
}

func (s source) Restore(ctx context.Context, ref object.Ref, days int, tier string) error {
	if err := one(ctx, &s.tally.restores, &s.tally.Source); err != nil {
		return err
	}
	return s.Source.Restore(ctx, ref, days, tier)
}

// Presign makes no request.
func (s source) Presign(ctx context.Context, ref object.Ref, valid time.Duration) (string, error) {
	return s.Source.Presign(ctx, ref, valid)
}
