package follow

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// Pauses of Watch and Await for callers that set none.
const (
	lookEvery = time.Second
	beatEvery = 10 * time.Second
	// lookWithin bounds a look at one server: one that hangs must not keep the guard
	// from looking at the other.
	lookWithin = 30 * time.Second
)

// Options of a Follower. The zero value is sensible.
type Options struct {
	Guard Guard
	// Every is the pause between two looks of Watch, 0 means 1 s; Beat is the pause
	// between two heartbeats, 0 means 10 s.
	Every, Beat time.Duration
}

// Follower watches the streams of one publisher and one subscriber. It opens
// sessions again that were cut. Its methods may not be called at the same time.
type Follower struct {
	streams               []Stream
	options               Options
	publisher, subscriber session
	major                 int // of the subscriber, 0 as long as it is not known
	past                  past
	workers               map[string]*worker
}

// NewFollower returns a Follower of the streams, which have publisher and
// subscriber in common. It opens no session.
func NewFollower(streams []Stream, o Options) *Follower {
	if o.Every <= 0 {
		o.Every = lookEvery
	}
	if o.Beat <= 0 {
		o.Beat = beatEvery
	}
	f := &Follower{streams: streams, options: o, workers: map[string]*worker{}}
	for _, s := range streams {
		f.publisher.at, f.subscriber.at = s.Publisher, s.Subscriber
		f.workers[s.Name] = &worker{}
	}
	return f
}

// Close ends the sessions.
func (f *Follower) Close() {
	f.publisher.close()
	f.subscriber.close()
}

// Look asks both servers how the streams stand. Trouble of a stream is in State. A
// server that does not answer is State.Unreachable: what the other says stands
// nevertheless, since a slot fills the publisher's disk above all while the
// subscriber is away. The error is that of a server that refuses to answer, or of
// the context.
func (f *Follower) Look(ctx context.Context) (State, error) {
	if len(f.streams) == 0 {
		return State{At: time.Now(), Known: true}, nil
	}
	state := State{}
	end, err := f.lookPublisher(ctx, &state)
	if err == nil {
		f.measure(&state, end)
	}
	if err = f.reached(ctx, &state, f.publisher.at, err); err != nil || state.Unreachable != "" {
		return state, err
	}
	err = f.lookSubscriber(ctx, &state)
	if err = f.reached(ctx, &state, f.subscriber.at, err); err != nil {
		return state, err
	}
	f.diagnose(ctx, &state)
	return state, nil
}

// reached turns an error of a server that is away into a word of the state.
func (f *Follower) reached(ctx context.Context, state *State, at pg.Endpoint, err error) error {
	state.At = time.Now()
	if err == nil || ctx.Err() != nil {
		return err
	}
	if fault.Retryable(err) {
		state.Unreachable = fmt.Sprintf("%s: %v", at, err)
		return nil
	}
	return err
}

func (f *Follower) lookPublisher(ctx context.Context, state *State) (pg.LSN, error) {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	conn, err := f.publisher.get(ctx)
	if err != nil {
		return 0, err
	}
	bound, err := f.options.Guard.Bound(ctx, conn)
	if err != nil {
		return 0, err
	}
	// The end first: what is confirmed later than it was read may only be more.
	end, err := pg.Now(ctx, conn)
	if err != nil {
		return 0, err
	}
	rows, err := conn.Query(ctx, slots)
	if err != nil {
		return 0, pg.Fault(err, "look at the slots of", f.publisher.at.Database())
	}
	all, err := pgx.CollectRows(rows, scanSlot)
	if err != nil {
		return 0, pg.Fault(err, "look at the slots of", f.publisher.at.Database())
	}
	byName := map[string]Slot{}
	for _, s := range all {
		byName[s.Name] = s
	}
	for _, s := range f.streams {
		slot, ok := byName[s.Name]
		why := fmt.Sprintf("slot %s is gone", s.Name)
		if ok {
			why = verdict(slot, bound)
		}
		if why != "" && state.Lost == "" {
			state.Lost = why
		}
		slot.Name = s.Name
		state.Streams = append(state.Streams, StreamState{Slot: slot})
	}
	return end, nil
}

func (f *Follower) measure(state *State, end pg.LSN) {
	now := time.Now()
	f.past = f.past.add(sample{now, end})
	state.Known = true
	for i := range state.Streams {
		s := &state.Streams[i]
		if s.Confirmed == 0 {
			state.Known = false
			continue
		}
		if end > s.Confirmed {
			s.Bytes = int64(end - s.Confirmed)
		}
		behind, known := f.past.behind(s.Confirmed)
		s.Seconds = behind.Seconds()
		state.Known = state.Known && known
		state.Bytes, state.Seconds = max(state.Bytes, s.Bytes), max(state.Seconds, s.Seconds)
	}
}

// beat keeps an idle slot moving: on a server that writes for itself alone there is
// nothing that the subscriber could confirm. The message is no part of a transaction.
func (f *Follower) beat(ctx context.Context) error {
	conn, err := f.publisher.get(ctx)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "SELECT pg_catalog.pg_logical_emit_message(false, 'landfall', 'beat')")
	return pg.Fault(err, "write a heartbeat into the log of", f.publisher.at.Database())
}

// Mark returns a place in the publisher's log behind every transaction that has
// committed there, asynchronous commits too, and has the log written and sent up to
// there: Await of it ends when all of them are visible at the subscriber.
func (f *Follower) Mark(ctx context.Context) (pg.LSN, error) {
	conn, err := f.publisher.get(ctx)
	if err != nil {
		return 0, err
	}
	return Mark(ctx, conn)
}

// Mark is the same in a session with the publisher. The end is that of what is
// inserted: an asynchronous commit is visible before it is written, and
// pg_current_wal_lsn lies before it. The message is a transaction, whose commit has
// the log flushed beyond that end; a walsender sends only what is flushed.
func Mark(ctx context.Context, conn *pgx.Conn) (pg.LSN, error) {
	var text string
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.pg_current_wal_insert_lsn()::text").Scan(&text); err != nil {
		return 0, pg.Fault(err, "ask for the end of the log of", conn.Config().Database)
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return 0, pg.Fault(err, "write a mark into the log of", conn.Config().Database)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it is over, or never began
	// Locally: a synchronous standby that is away would keep the commit waiting.
	_, err = tx.Exec(ctx, "SET LOCAL synchronous_commit = 'local'")
	if err == nil {
		_, err = tx.Exec(ctx, "SELECT pg_catalog.pg_logical_emit_message(true, 'landfall', 'mark')")
	}
	if err == nil {
		err = tx.Commit(ctx)
	}
	if err != nil {
		return 0, pg.Fault(err, "write a mark into the log of", conn.Config().Database)
	}
	return pg.ParseLSN(text)
}

// Await returns when everything that was committed at the publisher before lsn is
// applied, visible and durable at the subscriber, by every stream: when every slot
// has confirmed it. It returns fault.Refused when a stream is lost, and
// fault.Conflict with the reason as far as it can be seen when one is stuck, or is not
// enabled. A server
// that does not answer is waited for; ctx bounds that and everything else.
func (f *Follower) Await(ctx context.Context, lsn pg.LSN) error {
	return until(ctx, func() (bool, error) {
		state, err := f.Look(ctx)
		switch {
		case err != nil:
			return false, err
		case state.Lost != "":
			return false, lost(state.Lost)
		case state.Unreachable != "":
			return false, nil
		}
		done := true
		for _, s := range state.Streams {
			if s.Confirmed >= lsn {
				continue
			}
			if done = false; s.Stuck || !s.Enabled {
				return false, fault.Newf(fault.Conflict, "wait until %q has %s: %s", f.subscriber.at.String(), lsn, s.Trouble)
			}
		}
		return done, nil
	})
}

func lost(why string) error {
	return fault.Newf(fault.Refused, "follow: %s", why).Hintf("begin the move anew: what was copied since cannot be brought up to date")
}

// Watch looks at intervals, keeps the slots moving, and gives each look to each,
// until ctx ends or each returns an error. Looks that cannot be made because a
// server does not answer are told as State.Unreachable, and repeated. When following
// is lost, or the guard gives it up, that is told, the streams are dropped to safe,
// and the error is of kind fault.Refused.
func (f *Follower) Watch(ctx context.Context, each func(State) error) error {
	var beaten time.Time
	for {
		if time.Since(beaten) >= f.options.Beat {
			if err := f.beat(ctx); err == nil {
				beaten = time.Now()
			} else if !fault.Retryable(err) {
				return err
			}
		}
		state, err := f.Look(ctx)
		if err != nil {
			return err
		}
		if err := each(state); err != nil {
			return err
		}
		if state.Lost != "" {
			left, err := f.Safe(ctx)
			if err != nil {
				return err
			}
			return leave(state.Lost, left)
		}
		if err := pg.Sleep(ctx, f.options.Every); err != nil {
			return err
		}
	}
}

func leave(why string, left Leftovers) error {
	for _, l := range left {
		why += "; left over: " + l
	}
	return lost(why)
}
