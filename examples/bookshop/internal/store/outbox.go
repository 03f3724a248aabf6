package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/examples/bookshop/internal/schema"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// maxAttempts bounds how often a message is sent for one order. After that
// the order stays in the outbox, where the metrics and the audit show it.
const maxAttempts = 50

// Letter is a message that the outbox owes the queue.
type Letter struct {
	OutboxID int64
	Body     string
}

// Claim takes up to limit letters that were never sent, or were sent longer
// than resend ago without the order being fulfilled since, and marks them as
// sent. The mark is committed before anything is sent, so no row lock is held
// while the queue answers; a crash in between costs one resend interval and
// loses nothing.
func (s *Store) Claim(ctx context.Context, limit int, resend time.Duration) ([]Letter, error) {
	rows, err := s.pool.Query(ctx, `UPDATE outbox SET sent_at = clock_timestamp(), attempts = attempts + 1
		WHERE outbox_id IN (
			SELECT outbox_id FROM outbox
			WHERE (sent_at IS NULL OR sent_at < clock_timestamp() - $2::interval) AND attempts < $3
			ORDER BY outbox_id LIMIT $1 FOR UPDATE SKIP LOCKED)
		RETURNING outbox_id, message::text`, limit, resend, maxAttempts)
	if err != nil {
		return nil, s.wrote(err, "claim letters", "")
	}
	letters, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Letter])
	return letters, s.wrote(err, "claim letters", "")
}

// Unclaim gives letters back that could not be sent, so that they are sent
// soon instead of after the resend interval.
func (s *Store) Unclaim(ctx context.Context, letters []Letter) error {
	ids := make([]int64, len(letters))
	for i, l := range letters {
		ids[i] = l.OutboxID
	}
	_, err := s.pool.Exec(ctx, "UPDATE outbox SET sent_at = NULL, attempts = greatest(attempts - 1, 0) WHERE outbox_id = ANY($1)", ids)
	return s.wrote(err, "give letters back", "")
}

// Owed returns how many accepted orders wait for fulfilment.
func (s *Store) Owed(ctx context.Context) (int64, error) {
	var owed int64
	err := s.pool.QueryRow(ctx, "SELECT count(*) FROM outbox").Scan(&owed)
	return owed, schema.Trouble(err, "count letters", "")
}

// Fulfil books the sale of an order and marks it fulfilled. Calling it again
// changes nothing and returns false, because a queue may deliver a message
// more than once. trouble.NotFound when there is no such order.
func (s *Store) Fulfil(ctx context.Context, id string) (first bool, err error) {
	err = s.settle(ctx, "fulfil order", id, func(tx pgx.Tx, number int64, settled bool) error {
		first = !settled
		if settled {
			return nil
		}
		batch := &pgx.Batch{}
		batch.Queue(`INSERT INTO ledger_entry (order_no, account, amount)
			SELECT order_no, side.account, side.sign * total_cents / 100.0
			FROM orders, (VALUES ('receivable', 1), ('revenue', -1)) AS side (account, sign) WHERE order_no = $1`, number)
		batch.Queue("UPDATE orders SET status = 'fulfilled', fulfilled_at = now() WHERE order_no = $1", number)
		batch.Queue("INSERT INTO order_event (order_no, kind) VALUES ($1, 'fulfilled')", number)
		batch.Queue("DELETE FROM outbox WHERE order_no = $1", number)
		return tx.SendBatch(ctx, batch).Close()
	})
	return first, err
}

// GiveUp marks an order as dead: its message could not be worked off. A
// fulfilled order stays fulfilled.
func (s *Store) GiveUp(ctx context.Context, id, reason string) error {
	return s.settle(ctx, "give up order", id, func(tx pgx.Tx, number int64, settled bool) error {
		if settled {
			return nil
		}
		batch := &pgx.Batch{}
		batch.Queue("UPDATE orders SET status = 'dead' WHERE order_no = $1", number)
		batch.Queue("INSERT INTO order_event (order_no, kind, detail) VALUES ($1, 'dead', jsonb_build_object('reason', $2::text))", number, reason)
		batch.Queue("DELETE FROM outbox WHERE order_no = $1", number)
		return tx.SendBatch(ctx, batch).Close()
	})
}

// settle locks the order, so that two deliveries of its message work one
// after the other, and runs body in the same transaction.
func (s *Store) settle(ctx context.Context, op, id string, body func(tx pgx.Tx, number int64, settled bool) error) error {
	return s.write(ctx, op, id, func(tx pgx.Tx) error {
		var number int64
		var status string
		err := tx.QueryRow(ctx, "SELECT order_no, status::text FROM orders WHERE client_order_id = $1 FOR UPDATE", id).Scan(&number, &status)
		if errors.Is(err, pgx.ErrNoRows) {
			return trouble.Of(trouble.NotFound, op, id, nil)
		}
		if err != nil {
			return err
		}
		return body(tx, number, status != "accepted")
	})
}

// upkeepLock is held while one instance does the upkeep; the others skip it.
const upkeepLock = 0x75706b656570 // "upkeep"

// Upkeep refreshes the best sellers and creates the event partitions of this
// month and the next two. It returns false when another instance is at it.
func (s *Store) Upkeep(ctx context.Context, now time.Time) (done bool, err error) {
	err = s.write(ctx, "do the upkeep", "", func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock($1)", upkeepLock).Scan(&done); err != nil || !done {
			return err
		}
		if _, err := tx.Exec(ctx, "SELECT shop.ensure_event_months($1, $2)", schema.Month(now, 0), schema.Month(now, 2)); err != nil {
			return err
		}
		// CONCURRENTLY, so that the home page can be read meanwhile.
		_, err := tx.Exec(ctx, "REFRESH MATERIALIZED VIEW CONCURRENTLY shop.best_seller")
		return err
	})
	return done && err == nil, err
}
