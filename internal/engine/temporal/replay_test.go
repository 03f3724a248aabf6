package temporal_test

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	common "go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/protojson"

	"example.com/landfall/internal/engine/codec"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/engine/temporal"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/enginekit"
)

// recorded are the histories of this and of earlier versions. None is ever
// made anew: a new version adds its own.
const recorded = "testdata/replay"

// Histories that were recorded on a real engine are replayed: what this release
// would do is what was done. Otherwise a run under way would hang with it.
func TestRecordedHistoriesAreReplayed(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(recorded, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d recorded histories, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflowWithOptions(temporal.Run, workflow.RegisterOptions{Name: "landfall.run"})
			replayer.RegisterWorkflowWithOptions(temporal.FanOut, workflow.RegisterOptions{Name: "landfall.fan"})
			replayer.RegisterWorkflowWithOptions(temporal.CarryParts, workflow.RegisterOptions{Name: "landfall.parts"})
			quiet := log.NewStructuredLogger(slog.New(slog.DiscardHandler))
			if err := replayer.ReplayWorkflowHistoryFromJSONFile(quiet, path); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRecordHistories records the histories of this version, with -update, of
// those that are not there: of a run over all kinds of steps and back, and of
// its last part after many histories.
func TestRecordHistories(t *testing.T) {
	if f := flag.Lookup("update"); f == nil || f.Value.String() != "true" {
		return // the histories that are there are checked above
	}
	for name, flags := range map[string][]string{
		"v1-all-kinds": nil, "v1-after-others": {"--limit", "limit.historyCount.suggestContinueAsNew=150"},
		"v2-all-kinds": nil, "v2-after-others": {"--limit", "limit.historyCount.suggestContinueAsNew=150"}, // with queues beside that of the run
	} {
		path := filepath.Join(recorded, name+".json")
		if _, err := os.Stat(path); err == nil {
			continue
		}
		e := enginekit.NewEngine(t, flags...)
		w := enginekit.NewWorld(t, e.Server(), "recorded", enginekit.AllKinds)
		w.Back = true
		finish(t, w, testkit.Crash{})
		if err := record(t, e, "landfall-run/"+w.Run, path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRecordHistoriesOfParts records, with -update, those of a step in parts that
// are not there: of the run, of the workflow of all parts, and of one child.
func TestRecordHistoriesOfParts(t *testing.T) {
	if f := flag.Lookup("update"); f == nil || f.Value.String() != "true" {
		return // the histories that are there are checked above
	}
	const fan = "landfall-run/recorded/step long 1 1"
	ids := map[string]string{"v3-parts-run": "landfall-run/recorded", "v3-parts-fan": fan, "v3-parts-child": fan + "/1"}
	for name := range ids {
		if _, err := os.Stat(filepath.Join(recorded, name+".json")); err == nil {
			return
		}
	}
	e := enginekit.NewEngine(t)
	w := enginekit.NewWorld(t, e.Server(), "recorded", enginekit.InParts(12, 20))
	w.Bound(temporal.Fans{Children: 2, PerChild: 4})
	leave := w.Workers(t, testkit.Crash{At: testkit.Point{Name: "do long part ended", Hit: 3}})
	w.Begin(t, nil)
	w.Operate(t, nil)
	leave()
	for name, id := range ids {
		if err := record(t, e, id, filepath.Join(recorded, name+".json")); err != nil {
			t.Fatal(err)
		}
	}
}

// record writes the last history of a run, with its payloads opened.
func record(t *testing.T, e *enginekit.Engine, id, path string) error {
	t.Helper()
	config, err := e.Server().Config()
	if err != nil {
		return err
	}
	c, err := host.Dial(t.Context(), config)
	if err != nil {
		return err
	}
	defer c.Close()
	keyring, err := host.Keyring(e.Dir, nil)
	if err != nil {
		return err
	}
	opener, err := codec.New(keyring)
	if err != nil {
		return err
	}
	all := &history.History{}
	for events := c.GetWorkflowHistory(t.Context(), id, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		event, err := events.Next()
		if err != nil {
			return err
		}
		all.Events = append(all.Events, event)
	}
	err = proxy.VisitPayloads(context.Background(), all, proxy.VisitPayloadsOptions{SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, p []*common.Payload) ([]*common.Payload, error) {
			return opener.Decode(p)
		}})
	if err != nil {
		return err
	}
	data, err := protojson.MarshalOptions{Multiline: true, Indent: " "}.Marshal(all)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(recorded, 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
