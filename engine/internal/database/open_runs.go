package database

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"example.com/landfall/internal/fault"
)

// States of a run in the store (server module, WorkflowExecutionState).
const (
	stateCreated = 1
	stateRunning = 2
)

// OpenRuns counts the runs of the namespace that have not ended, in the store
// itself. The list for visibility is written a moment later than the store
// and empty when it was made anew; the store is neither.
func OpenRuns(ctx context.Context, path, namespaceID string) (int, error) {
	id, err := uuid.Parse(namespaceID)
	if err != nil {
		return 0, fault.Of(fault.Internal, "count open runs of namespace", namespaceID, err)
	}
	db, err := connect(path, "ro")
	if err != nil {
		return 0, err
	}
	var count int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM current_executions WHERE namespace_id = ? AND state IN (?, ?)", id[:], stateCreated, stateRunning).Scan(&count)
	return count, fault.Wrap(errors.Join(err, db.Close()), "count open runs", path)
}
