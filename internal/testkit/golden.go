package testkit

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// updateFlag writes golden files instead of comparing them.
const updateFlag = "update"

// around is how many equal lines are shown before the first difference.
const around = 2

// Golden compares got with the file at path, below testdata as a rule. With
// -update it writes the file, in a package whose TestMain calls Main; the
// change is then read in the diff like any other.
func Golden(t testing.TB, path string, got []byte) {
	t.Helper()
	if updating() {
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("read golden file: %v\nhint: go test . -run %s -update", err, t.Name())
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs\n%s\nhint: go test . -run %s -update", path, firstDifference(got, want), t.Name())
	}
}

func updating() bool {
	f := flag.Lookup(updateFlag)
	return f != nil && f.Value.String() == "true"
}

// firstDifference shows where two texts part.
func firstDifference(got, want []byte) string {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	i := 0
	for i < len(g) && i < len(w) && bytes.Equal(g[i], w[i]) {
		i++
	}
	var b bytes.Buffer
	for n := max(0, i-around); n < i; n++ {
		fmt.Fprintf(&b, "  %d   %s\n", n+1, g[n])
	}
	line := func(lines [][]byte) string {
		if i < len(lines) {
			return string(lines[i])
		}
		return "(end of text)"
	}
	fmt.Fprintf(&b, "  %d - %s\n  %d + %s", i+1, line(w), i+1, line(g))
	return b.String()
}
