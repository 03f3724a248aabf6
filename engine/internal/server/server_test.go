package server_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/server/common/dynamicconfig"

	"example.com/landfall/engine/internal/server"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
)

func TestParseLimits(t *testing.T) {
	t.Parallel()
	limits, err := server.ParseLimits([]string{
		"limit.historyCount.error=100", "limit.historyCount.error=60", "history.longPollExpirationInterval=300ms",
	})
	if err != nil || len(limits) != 2 {
		t.Fatalf("%v, %v", limits, err)
	}
	if limits[dynamicconfig.HistoryCountLimitError.Key()] != 60 || limits[dynamicconfig.HistoryLongPollExpirationInterval.Key()] != 300*time.Millisecond {
		t.Errorf("read %v", limits)
	}
	for setting, says := range map[string]string{
		"limit.historyCount.error":               "not NAME=VALUE",
		"limit.historycount=5":                   "no such limit",
		"limit.historyCount.error=many":          "whole number",
		"limit.historyCount.error=0":             "whole number",
		"limit.historyCount.error=-1":            "whole number",
		"limit.historyCount.error=":              "whole number",
		"history.longPollExpirationInterval=2":   "duration",
		"history.longPollExpirationInterval=-2s": "duration",
	} {
		if _, err := server.ParseLimits([]string{setting}); !fault.Is(err, fault.Usage) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", setting, err, says)
		}
	}
	if names := server.LimitNames(); !slices.IsSorted(names) || !slices.Contains(names, "limit.historycount.error") {
		t.Errorf("names %v", names)
	}
}

func choose(t *testing.T, dir string) []int {
	t.Helper()
	p, err := server.ChoosePorts(dir)
	if err != nil {
		t.Fatal(err)
	}
	return []int{p.Frontend, p.History, p.Matching, p.Worker}
}

// The ports stay from one start to the next, except one that another program
// took meanwhile; and no two are the same.
func TestPortsStay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := choose(t, dir)
	if len(slices.Compact(slices.Sorted(slices.Values(first)))) != 4 || slices.Contains(first, 0) {
		t.Fatalf("ports %v", first)
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(first[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	second := choose(t, dir)
	if second[0] == first[0] || second[0] == 0 {
		t.Errorf("the first of %v was taken, and %v were chosen", first, second)
	}
	// Others of the machine may take a free port at any time: one of three
	// must have stayed, or nothing is remembered.
	if second[1] != first[1] && second[2] != first[2] && second[3] != first[3] {
		t.Errorf("%v were free, and %v were chosen", first[1:], second[1:])
	}
}

func TestBrokenPortsFile(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", `{"frontend":-1,"history":70000,"matching":0}`, `{"frontend":"x"}`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, host.FilePorts), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if ports := choose(t, dir); slices.Contains(ports, 0) {
			t.Errorf("%q: ports %v", text, ports)
		}
	}
}
