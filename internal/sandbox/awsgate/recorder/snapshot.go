package recorder

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"example.com/landfall/internal/fault"
)

// Snapshot writes the current items as a configuration snapshot file, after
// reading what may have changed. The snapshot's id is made of the items, so
// that the same items give the same file.
func (r *Recorder) Snapshot(ctx context.Context, w io.Writer) error {
	if err := r.Refresh(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	items := []any{}
	seed := ""
	for _, c := range r.history.current() {
		items = append(items, c.snapshotItem())
		seed += c.hash
	}
	r.mu.Unlock()
	id := fingerprint(map[string]any{"items": seed})
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	err := encoder.Encode(map[string]any{
		"fileVersion":        "1.0",
		"configSnapshotId":   fmt.Sprintf("%016s", id),
		"configurationItems": items,
	})
	return fault.Wrap(err, "write configuration snapshot", "")
}
