package pg_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

func TestSleep(t *testing.T) {
	t.Parallel()
	began := time.Now()
	if err := pg.Sleep(t.Context(), 5*time.Millisecond); err != nil || time.Since(began) < 5*time.Millisecond {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	if err := pg.Sleep(t.Context(), -time.Hour); err != nil {
		t.Error(err)
	}
	// The end of the context ends the wait, and one that came before wins over no wait.
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	for _, d := range []time.Duration{time.Hour, 0} {
		if err := pg.Sleep(ctx, d); !errors.Is(err, context.Canceled) || !fault.Is(err, fault.Canceled) {
			t.Errorf("%s: %v", d, err)
		}
	}
	why := errors.New("why")
	ctx, end := context.WithCancelCause(t.Context())
	end(why)
	if err := pg.Sleep(ctx, time.Hour); !errors.Is(err, why) {
		t.Error(err)
	}
}
