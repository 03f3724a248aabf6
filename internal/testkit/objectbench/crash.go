package main

import (
	"context"
	"fmt"
	"time"
)

// crashes kills each mover in the middle of the large set and counts what it
// sends again.
func (b *bench) crashes(ctx context.Context) error {
	s := setOf(setBig, b.scale)
	if err := b.fill(ctx, s); err != nil {
		return err
	}
	fmt.Fprintf(b.to, "kill -9 after half of %d MiB was sent, then the same command again:\n\n", s.bytes()/mebibyte)
	fmt.Fprintln(b.to, "| mover | sent before MiB | sent by the second run MiB | sent twice MiB |\n|---|---|---|---|")
	for _, m := range b.movers {
		if err := b.crash(ctx, m, s); err != nil {
			return err
		}
	}
	fmt.Fprintln(b.to)
	return nil
}

func (b *bench) crash(ctx context.Context, m mover, s set) error {
	to, err := b.servers.place(ctx, targetSink)
	if err != nil {
		return err
	}
	defer to.close()
	w, err := b.work(s.name, to)
	if err != nil {
		return err
	}
	r := record{Target: targetSink, Set: s.name, Run: 1, Objects: s.objects, Bytes: s.bytes()}
	half, done := make(chan struct{}), make(chan struct{})
	go func() {
		for to.sent() < s.bytes()/2 {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
		close(half)
	}()
	r.Pass = passKill
	first, err := b.once(ctx, m, w, r, half)
	close(done)
	if err != nil {
		return err
	}
	if !first.Killed {
		return fmt.Errorf("kill %s: it had ended before", m.name)
	}
	r.Pass = passAfter
	second, err := b.once(ctx, m, w, r, nil)
	if err != nil {
		return err
	}
	if err := b.check(ctx, m, to, s); err != nil {
		return fmt.Errorf("%s after a kill: %w", m.name, err)
	}
	fmt.Fprintf(b.to, "| %s | %d | %d | %d |\n", m.name, first.Sent/mebibyte, second.Sent/mebibyte, (first.Sent+second.Sent-s.bytes())/mebibyte)
	return nil
}
