package ledger_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"example.com/landfall/internal/store/ledger"
)

// writer is another process that appends.
type writer struct {
	actor string
	cmd   *exec.Cmd
	lines *bufio.Scanner
	acked []int64 // numbers that it was told are safe
}

func start(t *testing.T, path, actor string, count int) *writer {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, actor, strconv.Itoa(count))
	cmd.Env = append(os.Environ(), roleVariable+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &writer{actor: actor, cmd: cmd, lines: bufio.NewScanner(out)}
}

// read takes acknowledged numbers until there are n, or, with 0, to the end.
func (w *writer) read(t *testing.T, n int) {
	t.Helper()
	for (n == 0 || len(w.acked) < n) && w.lines.Scan() {
		seq, err := strconv.ParseInt(w.lines.Text(), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		w.acked = append(w.acked, seq)
	}
}

// byActor counts the entries of each actor and remembers who wrote which.
func byActor(t *testing.T, path string) (count map[string]int, author map[int64]string) {
	t.Helper()
	l, err := ledger.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	count, author = map[string]int{}, map[int64]string{}
	for e, err := range l.Entries(t.Context(), 1, ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		count[e.Actor]++
		author[e.Seq] = e.Actor
	}
	return count, author
}

// Four processes that make the ledger together and append 200 entries each.
func TestManyProcesses(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	var writers []*writer
	for i := range 4 {
		writers = append(writers, start(t, path, fmt.Sprintf("writer %d", i), 200))
	}
	for _, w := range writers {
		w.read(t, 0)
		if err := w.cmd.Wait(); err != nil {
			t.Errorf("%s: %v", w.actor, err)
		}
	}
	v, err := verify(t, path)
	if err != nil || v.Entries != 800 || len(v.Checked) != 1 || v.Checked[0] != v.Head {
		t.Errorf("verify: %+v, %v", v, err)
	}
	count, author := byActor(t, path)
	for _, w := range writers {
		if count[w.actor] != 200 || len(w.acked) != 200 {
			t.Errorf("%s: %d entries, %d acknowledged", w.actor, count[w.actor], len(w.acked))
		}
		for _, seq := range w.acked {
			if author[seq] != w.actor {
				t.Fatalf("entry %d is by %q, acknowledged to %q", seq, author[seq], w.actor)
			}
		}
	}
}

// A writer that is killed in the middle, beside one that goes on: what was
// acknowledged to either is there, the chain is whole, nothing hangs.
func TestKilledWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	victim, other := start(t, path, "victim", 1_000_000), start(t, path, "other", 100)
	victim.read(t, 30)
	if err := victim.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	victim.read(t, 0) // what it printed before it died
	if err := victim.cmd.Wait(); err == nil {
		t.Error("the victim ended by itself")
	}
	other.read(t, 0)
	if err := other.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if v, err := verify(t, path); err != nil {
		t.Errorf("verify: %+v, %v", v, err)
	}
	count, author := byActor(t, path)
	for _, w := range []*writer{victim, other} {
		for _, seq := range w.acked {
			if author[seq] != w.actor {
				t.Errorf("entry %d is by %q, acknowledged to %q", seq, author[seq], w.actor)
			}
		}
	}
	// The victim may have had one entry in the file that it had not reported.
	if extra := count["victim"] - len(victim.acked); extra < 0 || extra > 1 || count["other"] != 100 {
		t.Errorf("entries %v, acknowledged to the victim %d", count, len(victim.acked))
	}
}

// The only writer is killed: its WAL is left behind, and a reader finds every
// acknowledged entry, also without the right to write into the folder.
func TestKilledOnlyWriter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.db")
	w := start(t, path, "victim", 1_000_000)
	w.read(t, 20)
	if err := w.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	w.read(t, 0)
	if err := w.cmd.Wait(); err == nil {
		t.Error("the victim ended by itself")
	}
	v, err := verify(t, path)
	if err != nil || v.Entries < int64(len(w.acked)) || v.Entries > int64(len(w.acked))+1 {
		t.Errorf("verify: %+v, %v; acknowledged %d", v, err, len(w.acked))
	}
	l := open(t, path)
	if e, err := l.Append(t.Context(), ledger.Record{Kind: "test.written", Actor: "heir"}); err != nil || e.Seq != v.Entries+1 {
		t.Errorf("append after the kill: %+v, %v", e, err)
	}
}
