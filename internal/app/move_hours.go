package app

import (
	"context"
	"time"
)

// hoursEvery is how often the clock is looked at.
const hoursEvery = time.Second

// keepHours pauses the mover outside of its hours.
func (r *moving) keepHours(ctx context.Context) (stop func()) {
	if r.schedule == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	open := true
	look := func() {
		was := open
		open = r.schedule.open(r.setup.Now())
		m := r.current.Load()
		switch {
		case open:
			m.Resume()
		default:
			m.Pause()
		}
		if open != was && open {
			r.show.Say("it is within %s: goes on", r.schedule.text)
		} else if open != was {
			r.show.Say("it is outside of %s: paused until %s", r.schedule.text, r.schedule.begins())
		}
	}
	look() // before the first request
	go func() {
		defer close(done)
		ticker := time.NewTicker(hoursEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				look()
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}
