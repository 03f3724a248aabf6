package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFieldsOfProc(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "status")
	if err := os.WriteFile(path, []byte("Name:\tlandfall\nRssAnon:\t  12345 kB\nRssAnon:\t 1 kB\nodd line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Name": "landfall", "RssAnon": "12345 kB", "Rss": "", "odd line": ""} {
		if got := field(path, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := field(path+"x", "Name"); got != "" {
		t.Errorf("a file that is not there has %q", got)
	}
}

func TestHeadingSaysWhatWasMeasured(t *testing.T) {
	t.Parallel()
	text := heading(options{scale: 0.5, runs: 3}, []mover{{name: "ours", version: "1.2.3"}}, []string{"theirs: absent"})
	for _, want := range []string{"processors", "load ", "scale 0.5, 3 runs", "- ours: 1.2.3\n", "- theirs: absent\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// What a mover has printed last explains its exit code.
func TestTail(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(strings.Repeat("early ", 1000)+"late"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := tail(path); len(got) != 2000 || !strings.HasSuffix(got, "late") {
		t.Errorf("%d bytes, %q", len(got), got[max(0, len(got)-20):])
	}
	if got := tail(path + "x"); !strings.Contains(got, "no such file") {
		t.Errorf("%q", got)
	}
}
