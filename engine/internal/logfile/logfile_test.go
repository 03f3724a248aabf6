package logfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.temporal.io/server/common/log/tag"

	"example.com/landfall/engine/internal/logfile"
)

// However much is written, the two files stay within the bound, no line is
// cut, and the last lines are there.
func TestTheFileStaysSmall(t *testing.T) {
	t.Parallel()
	const bound = 1000
	path := filepath.Join(t.TempDir(), "engine.log")
	var all sync.WaitGroup
	f, err := logfile.Open(path, bound)
	if err != nil {
		t.Fatal(err)
	}
	for writer := range 4 {
		all.Go(func() {
			for i := range 100 {
				if _, err := fmt.Fprintf(f, "writer %d line %03d\n", writer, i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Error(err)
	}
	if _, err := f.Write([]byte("late")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a write after the end: %v", err)
	}
	text := ""
	for _, name := range []string{path + ".1", path} {
		data, err := os.ReadFile(name)
		if err != nil || len(data) > bound || len(data) == 0 {
			t.Errorf("%s has %d bytes, %v", name, len(data), err)
		}
		text += string(data)
	}
	for line := range strings.Lines(text) {
		if len(line) != len("writer 0 line 000\n") {
			t.Errorf("a cut line %q", line)
		}
	}
	if !strings.Contains(text, "line 099") {
		t.Error("the last lines are not there")
	}
}

// A file is continued, a line longer than the bound is written whole, and a
// file that cannot be put aside is better than none.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "engine.log")
	for range 2 {
		f, err := logfile.Open(path, 10)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte("a line longer than the bound\n")); err != nil {
			t.Error(err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if data, err := os.ReadFile(path + ".1"); err != nil || string(data) != "a line longer than the bound\n" {
		t.Errorf("older file: %q, %v", data, err)
	}
	if _, err := logfile.Open(filepath.Join(path, "below a file"), 10); err == nil {
		t.Error("opened a file below a file")
	}
}

func TestBridge(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	last := ""
	b := logfile.NewBridge(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo})), func(text string) { last = text })
	b.Debug("not wanted")
	b.Info("one", tag.NewStringTag("step", "cutover"))
	b.With(tag.NewInt("shard", 7)).Warn("two", tag.Error(errors.New("no row")))
	b.Error("three")
	b.DPanic("four")
	b.Fatal("cannot listen", tag.Error(errors.New("in use")), tag.Address("127.0.0.1:1"), tag.NewStringTag("other", "x"))
	for _, want := range []string{"level=INFO msg=one step=cutover", "level=WARN msg=two shard=7 error=\"no row\"", "level=ERROR msg=three", "msg=four", "msg=\"cannot listen\""} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "not wanted") || last != "cannot listen, error in use, address 127.0.0.1:1" {
		t.Errorf("last words %q; log:\n%s", last, out.String())
	}
	defer func() {
		if recover() == nil {
			t.Error("Panic returned")
		}
	}()
	b.Panic("five")
}
