package follow

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// What makes a stream stuck: so many errors of its worker without the log that there
// was at the first being applied; or nobody reading its slot for so long. One error
// may be a deadlock with somebody at the subscriber.
const (
	stuckAfter   = 2
	lonelyFor    = 10 * time.Second
	forsakenFor  = time.Minute
	statsVersion = 15 // pg_stat_subscription_stats
)

// worker remembers what was seen of the worker of a subscription.
type worker struct {
	pid      int
	restarts int
	// errors is apply_error_count at the last look, first at the first.
	errors, first int64
	seen          bool
	// failures counts since the subscriber had everything up to goal.
	failures int
	goal     pg.LSN
	alone    time.Time // since when nobody reads the slot
	stall    *Stall
	stallAt  pg.LSN
}

// subscription is a row of the subscriber.
type subscription struct {
	Name    string
	Enabled bool
	Worker  int
	Errors  int64
}

func (f *Follower) lookSubscriber(ctx context.Context, state *State) error {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	conn, err := f.subscriber.get(ctx)
	if err != nil {
		return err
	}
	if f.major == 0 {
		server, err := pg.Look(ctx, conn)
		if err != nil {
			return err
		}
		f.major = server.Major()
	}
	known, err := f.readSubscriptions(ctx, conn)
	if err != nil {
		return pg.Fault(err, "look at the subscriptions of", f.subscriber.at.Database())
	}
	for i := range state.Streams {
		s := &state.Streams[i]
		row, ok := known[s.Name]
		if !ok {
			s.Trouble = fmt.Sprintf("subscription %s does not exist", s.Name)
			continue
		}
		s.Enabled, s.Worker = row.Enabled, row.Worker
		f.workers[s.Name].observe(s, row, f.past.end(), f.major)
	}
	return nil
}

func (f *Follower) readSubscriptions(ctx context.Context, conn *pgx.Conn) (map[string]subscription, error) {
	errors := "0::int8"
	if f.major >= statsVersion {
		errors = "coalesce((SELECT e.apply_error_count FROM pg_catalog.pg_stat_subscription_stats e WHERE e.subname = s.subname), 0)"
	}
	// From PostgreSQL 16 on a transaction may have workers of its own, which name
	// their leader.
	rows, err := conn.Query(ctx, `SELECT s.subname, s.subenabled, coalesce((SELECT max(w.pid) FROM pg_catalog.pg_stat_subscription w
  WHERE w.subname = s.subname AND w.relid IS NULL AND (pg_catalog.row_to_json(w)->>'leader_pid') IS NULL), 0), `+errors+`
FROM pg_catalog.pg_subscription s WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[subscription])
	known := map[string]subscription{}
	for _, s := range all {
		known[s.Name] = s
	}
	return known, err
}

// observe compares what is seen with what was seen before.
func (w *worker) observe(s *StreamState, row subscription, end pg.LSN, major int) {
	if !w.seen {
		w.seen, w.pid, w.errors, w.first = true, row.Worker, row.Errors, row.Errors
	}
	failed := 0
	if row.Worker != 0 && row.Worker != w.pid {
		if w.pid != 0 {
			w.restarts++
			failed = 1
		}
		w.pid = row.Worker
	}
	if major >= statsVersion {
		// The server counts: a worker that was ended from outside has not failed. A
		// count that went down was reset.
		failed = int(max(row.Errors-w.errors, 0))
		w.errors = row.Errors
		w.first = min(w.first, row.Errors)
	}
	if w.failures > 0 && s.Confirmed >= w.goal {
		w.failures, w.stall = 0, nil
	}
	if failed > 0 && w.failures == 0 {
		w.goal = end
	}
	w.failures += failed
	s.Restarts, s.Errors = w.restarts, w.errors-w.first
	w.judge(s, time.Now())
}

// judge says what is wrong with the stream.
func (w *worker) judge(s *StreamState, now time.Time) {
	if s.Active || !s.Enabled {
		w.alone = time.Time{}
	} else if w.alone.IsZero() {
		w.alone = now
	}
	alone := time.Duration(0)
	if !w.alone.IsZero() {
		alone = now.Sub(w.alone)
	}
	switch {
	case !s.Enabled:
		s.Trouble = fmt.Sprintf("subscription %s is disabled", s.Name)
	case w.failures >= stuckAfter:
		s.Stuck = true
		s.Trouble = fmt.Sprintf("subscription %s fails again and again at the same transaction", s.Name)
	case w.failures > 0:
		s.Trouble = fmt.Sprintf("the worker of subscription %s ended with an error and tries again", s.Name)
	case alone > lonelyFor:
		s.Stuck = alone > forsakenFor
		s.Trouble = fmt.Sprintf("nobody has read slot %s for %s: the subscriber does not reach the publisher, or has no worker left for it (max_logical_replication_workers)", s.Name, alone.Round(time.Second))
	}
}

// end is the last known end of the publisher's log.
func (p past) end() pg.LSN {
	if len(p) == 0 {
		return 0
	}
	return p[len(p)-1].end
}

// diagnose looks for the reason of a failure once for each place in the log.
func (f *Follower) diagnose(ctx context.Context, state *State) {
	for i := range state.Streams {
		s, w := &state.Streams[i], f.workers[state.Streams[i].Name]
		if !s.Stuck || w.failures < stuckAfter {
			continue
		}
		if w.stall == nil || w.stallAt != s.Confirmed {
			stall, err := f.stall(ctx, f.streams[i])
			if err != nil {
				// It is tried again at the next look: the worker holds the slot at times.
				s.Trouble += fmt.Sprintf("; what it is was not found out: %v", err)
				continue
			}
			w.stall, w.stallAt = stall, s.Confirmed
		}
		s.Stall = w.stall
		s.Trouble += ": " + w.stall.String()
	}
}
