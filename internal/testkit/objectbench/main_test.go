package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/testkit"
)

// TestMain makes children of the test binary behave as the program.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		testkit.Main(m)
		return
	}
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"--movers", "pipeline,rclone", "--scale", "0.01", "--runs", "2", "--landfall", "bin/landfall"})
	if err != nil || strings.Join(o.movers, " ") != "pipeline rclone" || o.scale != 0.01 || o.runs != 2 || !filepath.IsAbs(o.landfall) || o.rclone != "rclone" {
		t.Errorf("%+v, %v", o, err)
	}
	for _, args := range []string{"--scale 0", "--scale 2", "--runs 0", "--movers gzip", "--parts all", "--targets s3", "--sets huge", "more", "--nothing"} {
		if _, err := parse(strings.Fields(args)); err == nil {
			t.Errorf("%s: no error", args)
		}
	}
	for _, verb := range [][]string{nil, {"walk"}, {"measure"}, {"measure", "--log", "x", "y", "z"}} {
		if err := run(t.Context(), verb, &bytes.Buffer{}); err == nil {
			t.Errorf("%q: no error", verb)
		}
	}
}

func TestMoversThatAreNotThere(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"--movers", "pipeline,azcopy"})
	if err != nil {
		t.Fatal(err)
	}
	movers, notes, err := find(t.Context(), o)
	if err != nil || len(movers) != 1 || len(notes) != 1 || !strings.Contains(notes[0], "AzCopy") {
		t.Errorf("%v, %q, %v", movers, notes, err)
	}
	o.movers, o.rclone = list{moverRclone}, filepath.Join(t.TempDir(), "rclone")
	if _, _, err = find(t.Context(), o); err == nil || !strings.Contains(err.Error(), o.rclone) {
		t.Errorf("got %v", err)
	}
	o.movers = list{moverAzCopy}
	if _, _, err = find(t.Context(), o); err == nil {
		t.Error("nothing to compare, and no error")
	}
}

// rclone and Landfall get their secrets by the environment: the commands are
// printed.
func TestCommandsHoldNoSecret(t *testing.T) {
	t.Parallel()
	w := work{store: store{url: "http://127.0.0.1:1", key: "AKID", secret: "hush"}, bucket: "small", folder: t.TempDir(), to: place{url: "http://127.0.0.1:2/bench", key: "aHVzaA==", container: "target"}}
	for name, make := range map[string]func(mover, work) command{moverLandfall: mover.landfall, moverRcloneTuned: mover.rclone, moverPipeline: mover.pipeline} {
		c := make(mover{name: name, path: name}, w)
		text, env := c.String(), strings.Join(c.env, "\n")
		if strings.Contains(text, "hush") || strings.Contains(text, "aHVzaA") || !strings.Contains(env, "hush") || !strings.Contains(env, "aHVzaA==") {
			t.Errorf("%s: %s with %s", name, text, env)
		}
		w.again = true
		if again := make(mover{name: name, path: name}, w).String(); strings.Contains(again, "--checksum") != (name == moverRcloneTuned) {
			t.Errorf("%s", again)
		}
		w.again = false
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	// A child of the command burns time: the whole tree counts.
	burn := command{path: "/bin/sh", args: []string{"-c", "echo $WORD; sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done'; pwd"}, env: []string{"WORD=hello"}, dir: dir}
	m, err := launch(t.Context(), burn, log, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.CPU < 0.01 || m.Seconds < m.CPU/4 || m.RSS <= 0 || m.RSS > 30 || m.Exit != 0 || m.Killed {
		t.Errorf("%+v", m)
	}
	text, err := os.ReadFile(log)
	if err != nil || !strings.HasPrefix(string(text), "hello\n") || !strings.HasSuffix(strings.TrimSpace(string(text)), filepath.Base(dir)) {
		t.Errorf("%q, %v", text, err)
	}

	if _, err = launch(t.Context(), command{path: "/bin/sh", args: []string{"-c", "echo reason; exit 3"}}, log, nil); err == nil || !strings.Contains(err.Error(), "ended with 3") || !strings.Contains(err.Error(), "reason") {
		t.Errorf("got %v", err)
	}
	if _, err = launch(t.Context(), command{path: filepath.Join(dir, "nothing")}, log, nil); err == nil {
		t.Error("a program that is not there ran")
	}
}

func TestKill(t *testing.T) {
	t.Parallel()
	kill := make(chan struct{})
	time.AfterFunc(200*time.Millisecond, func() { close(kill) })
	began := time.Now()
	m, err := launch(t.Context(), command{path: "/bin/sh", args: []string{"-c", "sleep 600 & sleep 600"}}, filepath.Join(t.TempDir(), "log"), kill)
	if err != nil || !m.Killed || time.Since(began) > time.Minute {
		t.Errorf("%+v, %v after %v", m, err, time.Since(began))
	}
}

func TestSets(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]set{
		setSmall: {name: setSmall, objects: 20_000, size: 4096, prefixes: 20},
		setMid:   {name: setMid, objects: 2_000, size: 1 << 20, prefixes: 4},
		setBig:   {name: setBig, objects: 8, size: 512 << 20, prefixes: 1, part: 8 << 20},
	} {
		if got := setOf(name, 1); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		tiny := setOf(name, 0.0001)
		if tiny.objects < 2 || tiny.bytes() > 48<<20 || tiny.part > 0 && tiny.size < 2*tiny.part {
			t.Errorf("%+v", tiny)
		}
		keys := map[string]bool{}
		for i := range tiny.objects {
			keys[tiny.key(i)] = true
		}
		if len(keys) != tiny.objects {
			t.Errorf("%s: %d keys for %d objects", name, len(keys), tiny.objects)
		}
	}
	a, b, again := make([]byte, 64), make([]byte, 64), make([]byte, 64)
	s := setOf(setSmall, 0.01)
	s.noise(1).Read(a)
	s.noise(2).Read(b)
	s.noise(1).Read(again)
	if bytes.Equal(a, b) || !bytes.Equal(a, again) {
		t.Error("the same object has other bytes, or another one the same")
	}
	if got := listings(1); fmt.Sprint(got) != "[10000 1000000 10000000]" {
		t.Errorf("%v", got)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	b := &book{lines: &lines}
	for run, seconds := range []float64{3, 1, 2} {
		for mover, factor := range map[string]float64{"ours": 1, "theirs": 4} {
			for _, pass := range []string{passFirst, passAgain} {
				r := record{Mover: mover, Target: targetSink, Set: setSmall, Pass: pass, Run: run + 1, Objects: 100, Bytes: 100 * 4096, Command: mover + " copy", Requests: map[string]int64{"Put Blob": 100, "List Blobs": 1}}
				r.measured = measured{Seconds: seconds * factor, CPU: seconds * factor / 2, RSS: 10 * factor, Own: 5}
				if err := b.add(r); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	var one record
	if err := json.NewDecoder(&lines).Decode(&one); err != nil || one.Set != setSmall || one.Seconds != 3 && one.Seconds != 12 {
		t.Errorf("%+v, %v", one, err)
	}
	rows := b.rows(passFirst)
	if len(rows) != 2 || rows[0].Pass != passFirst || rows[0].timesAsLong != 1 || rows[0].timesAsCostly != 1 {
		t.Fatalf("%+v", rows)
	}
	for _, r := range rows {
		factor := map[string]float64{"ours": 1, "theirs": 4}[r.Mover]
		if r.wall != 2*factor || r.leastWall != factor || r.mostWall != 3*factor || r.cpu != factor || r.rss != 10*factor || r.own != 5 {
			t.Errorf("%+v", r)
		}
	}
	if ratio := rows[1].timesAsLong; ratio != 4 && ratio != 0.25 {
		t.Errorf("the ratio is %v", ratio)
	}
	var page bytes.Buffer
	b.table(&page, passFirst, passAgain)
	b.commands(&page)
	for _, want := range []string{"| sink | small | first copy | ours | 2.00 [1.00-3.00] | 1.00 [0.50-1.50] | 100 objects | 10 (5) | 1 List Blobs, 100 Put Blob |", "- theirs, no change: `theirs copy`"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("%s\nhas no %s", page.String(), want)
		}
	}
	if m := median([]float64{1, 2, 3, 10}); m != 2.5 {
		t.Errorf("median %v", m)
	}
}
