package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// bench is one run of everything.
type bench struct {
	options
	to      io.Writer
	servers *servers
	movers  []mover
	book    *book
	// filled is what lies in the buckets.
	filled map[string]map[string]content
	// folders numbers the folders of movers.
	folders int
}

// compare is the verb run.
func compare(ctx context.Context, o options, to io.Writer) (err error) {
	movers, notes, err := find(ctx, o)
	if err != nil {
		return err
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "objectbench-"); err != nil {
			return err
		}
		defer os.RemoveAll(o.dir)
	}
	file, err := os.OpenFile(o.out, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	b := &bench{options: o, to: to, movers: movers, book: &book{lines: file}, filled: map[string]map[string]content{}}
	azurite := slices.Contains(o.parts, partCopy) && slices.Contains(o.targets, targetAzurite)
	if b.servers, err = start(ctx, o.dir, azurite); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.servers.stop()) }()
	fmt.Fprint(to, heading(o, movers, notes))
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{partCopy, b.copies}, {partCrash, b.crashes}, {partMemory, b.memory}} {
		if !slices.Contains(o.parts, part.name) {
			continue
		}
		if err := part.run(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintln(to, "Commands:")
	b.book.commands(to)
	return nil
}

// fill makes the bucket of a set once.
func (b *bench) fill(ctx context.Context, s set) (err error) {
	if b.filled[s.name] == nil {
		b.filled[s.name], err = b.servers.store.fill(ctx, s)
	}
	return err
}

// copies measures the first copy and the pass without a change, of all movers
// in turn.
func (b *bench) copies(ctx context.Context) error {
	for _, name := range b.sets {
		s := setOf(name, b.scale)
		if err := b.fill(ctx, s); err != nil {
			return err
		}
		for _, target := range b.targets {
			if target == targetAzurite && s.name == setBig {
				continue // it would be measured, not the movers
			}
			for run := range b.runs {
				for _, m := range b.movers {
					if err := b.both(ctx, m, s, record{Target: target, Run: run + 1}); err != nil {
						return err
					}
				}
			}
		}
	}
	b.book.table(b.to, passFirst, passAgain)
	return nil
}

// both are the two passes of one mover.
func (b *bench) both(ctx context.Context, m mover, s set, r record) error {
	to, err := b.servers.place(ctx, r.Target)
	if err != nil {
		return err
	}
	defer to.close()
	w, err := b.work(s.name, to)
	if err != nil {
		return err
	}
	r.Set, r.Objects, r.Bytes = s.name, s.objects, s.bytes()
	for _, pass := range []string{passFirst, passAgain} {
		r.Pass = pass
		w.again = pass == passAgain
		if _, err := b.once(ctx, m, w, r, nil); err != nil {
			return err
		}
		if err := b.check(ctx, m, to, s); err != nil {
			return fmt.Errorf("%s, %s of %s to %s: %w", m.name, pass, s.name, r.Target, err)
		}
	}
	return nil
}

// check compares what a mover has made with the bucket. What Landfall has copied
// must also be proved: the comparison is with verification on.
func (b *bench) check(ctx context.Context, m mover, to place, s set) error {
	if err := to.check(ctx, b.filled[s.name]); err != nil {
		return err
	}
	if m.name != moverLandfall && m.name != moverPipeline {
		return nil
	}
	return to.proved(b.filled[s.name])
}

// work makes a folder for a mover.
func (b *bench) work(bucket string, to place) (work, error) {
	b.folders++
	w := work{store: b.servers.store, bucket: bucket, to: to, folder: filepath.Join(b.dir, "movers", fmt.Sprint(b.folders))}
	return w, os.MkdirAll(w.folder, 0o700)
}

// once runs a mover once and writes the record. Where kill is given, the mover
// is killed when it is closed.
func (b *bench) once(ctx context.Context, m mover, w work, r record, kill <-chan struct{}) (record, error) {
	c := m.command(m, w)
	before, sent := map[string]int64{}, int64(0)
	if w.to.sink != nil {
		before, sent = w.to.requests(nil), w.to.sent()
	}
	r.Mover, r.Scale, r.Load, r.Time, r.Command = m.name, b.scale, load(), time.Now().UTC().Format(time.RFC3339), c.String()
	var err error
	r.measured, err = launch(ctx, c, filepath.Join(w.folder, strings.ReplaceAll(r.Pass, " ", "-")+".log"), kill)
	if err != nil {
		return r, err
	}
	if w.to.sink != nil {
		r.Requests, r.Sent = w.to.requests(before), w.to.sent()-sent
	}
	return r, b.book.add(r)
}
