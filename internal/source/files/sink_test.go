package files_test

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/inventory/kinds"
	"example.com/landfall/internal/source/files"
	"example.com/landfall/internal/source/files/filestest"
	"example.com/landfall/internal/testkit"
)

// converter is made once for all tests.
var converter = sync.OnceValue(kinds.New)

func TestMain(m *testing.M) { testkit.Main(m) }

// gathered is a sink that keeps everything and can show it.
type gathered struct{ filestest.Sink }

// sorted puts what was gathered into one order: that of the sink is not fixed.
func (g *gathered) sorted() *gathered {
	slices.SortStableFunc(g.Observations, func(a, b inventory.Observation) int {
		return strings.Compare(a.Origin+"\x00"+string(a.ID), b.Origin+"\x00"+string(b.ID))
	})
	slices.SortFunc(g.UnreadList, func(a, b inventory.Unread) int {
		return strings.Compare(a.Operation+a.Reason+a.Hides, b.Operation+b.Reason+b.Hides)
	})
	slices.SortFunc(g.RefusedList, func(a, b inventory.Refused) int {
		return strings.Compare(a.File+a.Reason, b.File+b.Reason)
	})
	return g
}

// golden is what was gathered, for a golden file.
func (g *gathered) golden(t *testing.T) []byte {
	t.Helper()
	g.sorted()
	out, err := json.MarshalIndent(map[string]any{"observations": g.Observations, "unread": g.UnreadList, "refused": g.RefusedList}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

// scan reads inputs and expects no error.
func scan(t testing.TB, inputs ...files.Input) *gathered {
	t.Helper()
	return scanWith(t, files.Options{}, inputs...)
}

func scanWith(t testing.TB, o files.Options, inputs ...files.Input) *gathered {
	t.Helper()
	g := &gathered{}
	o.Kinds = converter()
	if err := files.NewScanner(inputs, o).Scan(t.Context(), g); err != nil {
		t.Fatalf("scan: %v", err)
	}
	if g.PlannedBytes != g.DoneBytes {
		t.Errorf("progress: %d bytes planned, %d done", g.PlannedBytes, g.DoneBytes)
	}
	return g.sorted()
}
