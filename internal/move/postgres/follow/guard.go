package follow

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// keepShare is the share of max_slot_wal_keep_size at which a run gives up before
// the server does. Landfall then drops the slot in order; a slot that the server
// invalidates stays in its list, and keeps nothing.
const keepShare = 0.9

// Guard bounds the WAL that the slots may keep on the publisher. The zero value
// keeps to max_slot_wal_keep_size alone, with its default share.
type Guard struct {
	// Bytes of WAL that a slot may keep; 0 for no bound of its own.
	Bytes int64 `json:"bytes,omitempty"`
	// Share of max_slot_wal_keep_size at which the run gives up following, before
	// the server takes the slot away; 0 means 0.9.
	Share float64 `json:"share,omitempty"`
}

// Bound is the most that a slot may keep on the server, -1 for no bound: where it
// is -1, nothing but the disk ends a slot whose reader is away.
func (g Guard) Bound(ctx context.Context, conn *pgx.Conn) (int64, error) {
	var megabytes, segment int64
	// The unit of the setting is the megabyte (PostgreSQL manual, "Replication"). It
	// came with PostgreSQL 13.
	err := conn.QueryRow(ctx, `SELECT coalesce((SELECT setting::int8 FROM pg_catalog.pg_settings WHERE name = 'max_slot_wal_keep_size'), -1),
pg_catalog.pg_size_bytes(current_setting('wal_segment_size'))`).Scan(&megabytes, &segment)
	if err != nil {
		return 0, pg.Fault(err, "read max_slot_wal_keep_size", "")
	}
	bound := int64(-1)
	if megabytes >= 0 {
		share := g.Share
		if share <= 0 || share > 1 {
			share = keepShare
		}
		// The server counts whole segments, and never takes the one that it writes.
		bound = max(int64(float64(megabytes<<20)*share), segment)
	}
	if g.Bytes > 0 && (bound < 0 || g.Bytes < bound) {
		bound = g.Bytes
	}
	return bound, nil
}

// verdict says why a slot must go, "" when it may stay. The statuses are those of
// pg_replication_slots: "unreserved" means that the next checkpoint may take WAL away
// that the slot needs.
func verdict(s Slot, bound int64) string {
	switch {
	case s.Status == "lost":
		return fmt.Sprintf("slot %s is invalid: the server has removed log that it needs (max_slot_wal_keep_size)", s.Name)
	case s.Status == "unreserved":
		return fmt.Sprintf("slot %s keeps %d bytes of log, more than max_slot_wal_keep_size lets it", s.Name, s.Retained)
	case bound >= 0 && s.Retained > bound:
		return fmt.Sprintf("slot %s keeps %d bytes of log, and may keep %d", s.Name, s.Retained, bound)
	}
	return ""
}

// Safe gives up following for the sake of the publisher: slots dropped,
// subscriptions disabled. The subscriber need not answer. The run has to begin anew;
// its publications and subscriptions stay until Clean.
func (f *Follower) Safe(ctx context.Context) (Leftovers, error) {
	var left Leftovers
	for _, s := range f.streams {
		// The slot first: it is what fills the disk. Its worker asks for it in vain
		// until it is disabled.
		err := within(ctx, s.Publisher, func(conn *pgx.Conn) error { return dropSlot(ctx, conn, s.Name) })
		if err != nil {
			left = append(left, fmt.Sprintf("slot %q of %s: %v", s.Name, s.Publisher, err))
		}
	}
	for _, s := range f.streams {
		if err := s.disableSoon(ctx); err != nil {
			left = append(left, fmt.Sprintf("subscription %q of %s is not disabled: %v", s.Name, s.Subscriber, err))
		}
	}
	return left, ctx.Err()
}

// disableSoon does not wait for a subscriber that hangs.
func (s Stream) disableSoon(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cleanWithin)
	defer cancel()
	return s.Disable(ctx)
}
