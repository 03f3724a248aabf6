package records_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/records"
	"example.com/landfall/internal/records/mangle"
)

func packed(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t testing.TB, text string) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll([]byte(text), nil)
}

func wide(text string, order binary.ByteOrder, mark bool) []byte {
	var b []byte
	if mark {
		text = "\ufeff" + text
	}
	for _, u := range utf16.Encode([]rune(text)) {
		two := make([]byte, 2)
		order.PutUint16(two, u)
		b = append(b, two...)
	}
	return b
}

// read gives the lines of one file.
func read(t testing.TB, body []byte) ([]string, records.Result) {
	t.Helper()
	var lines []string
	report, err := records.Each(context.Background(), []records.File{records.Bytes("f", body)}, records.Options{}, func(_ context.Context, c *records.Content) error {
		for line, ok := c.Next(); ok; line, ok = c.Next() {
			lines = append(lines, string(line))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, report.Files[0]
}

func TestEveryWrappingGivesTheSameLines(t *testing.T) {
	t.Parallel()
	const text = "first ä\nsecond 😀\r\n\nlast without end"
	plain := strings.ReplaceAll(text, "\r", "")
	want := strings.Split(plain, "\n")
	for name, body := range map[string][]byte{
		"plain":               []byte(text),
		"gzip":                packed(t, text),
		"gzip of members":     append(append(packed(t, text[:9]), packed(t, "")...), packed(t, text[9:])...),
		"gzip in gzip":        packed(t, string(packed(t, text))),
		"zstd":                zstandard(t, text),
		"zstd in gzip":        packed(t, string(zstandard(t, text))),
		"with a mark":         []byte("\ufeff" + text),
		"UTF-16, little":      wide(text, binary.LittleEndian, true),
		"UTF-16, big":         wide(text, binary.BigEndian, true),
		"UTF-16 unmarked":     wide(text, binary.LittleEndian, false),
		"UTF-16 big, no mark": wide(text, binary.BigEndian, false),
		"UTF-16 in gzip":      packed(t, string(wide(text, binary.LittleEndian, true))),
	} {
		lines, res := read(t, body)
		if strings.Join(lines, "\n") != strings.Join(want, "\n") || res.Truncated != "" || res.Err != nil || res.Lines != 4 {
			t.Errorf("%s: %q %+v", name, lines, res)
		}
		if !strings.HasPrefix(res.Fingerprint, "sha256:") || res.Bytes != int64(len(body)) {
			t.Errorf("%s: %+v", name, res)
		}
	}
}

func TestFilesThatEndTooEarly(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("a line of a log that goes on and on\n", 20_000)
	whole := packed(t, text)
	lines, res := read(t, whole[:len(whole)/2])
	if len(lines) < 100 || !strings.Contains(res.Truncated, "too early") || res.Err != nil || res.Fingerprint == "" {
		t.Errorf("%d lines, %+v", len(lines), res)
	}
	if p := (records.Report{Files: []records.Result{res}}).Problems(); len(p) != 1 || !strings.Contains(p[0].Reason, "what came before was read") {
		t.Errorf("problems: %+v", p)
	}
	lines, res = read(t, append(whole, "garbage behind the end"...))
	if len(lines) != 20_000 || res.Truncated == "" {
		t.Errorf("garbage behind: %d lines, %+v", len(lines), res)
	}
	spoilt := bytes.Clone(whole)
	spoilt[len(spoilt)-8] ^= 1 // the checksum
	if lines, res = read(t, spoilt); len(lines) != 20_000 || res.Truncated == "" {
		t.Errorf("checksum: %d lines, %+v", len(lines), res)
	}
	if lines, res = read(t, nil); len(lines) != 0 || res.Truncated != "" || res.Err != nil {
		t.Errorf("empty: %q %+v", lines, res)
	}
}

func TestLongLinesAreCountedAndLeftOut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", records.MaxLine+10)
	lines, res := read(t, []byte("a\n"+long+"\nb\n"+long))
	if strings.Join(lines, ",") != "a,b" || res.Broken != 2 || res.Lines != 4 || res.Examples[0].Line != 2 {
		t.Errorf("%d lines, %+v", len(lines), res)
	}
}

func TestBrokenLinesAreNamedUpToANumber(t *testing.T) {
	t.Parallel()
	report, err := records.Each(t.Context(), []records.File{records.Bytes("dir/x.log", []byte(strings.Repeat("a\n", 50)))}, records.Options{}, func(_ context.Context, c *records.Content) error {
		for _, ok := c.Next(); ok; _, ok = c.Next() {
			c.Bad(fault.Newf(fault.Invalid, "read it"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p := report.Problems()
	if len(p) != 6 || p[0].Place() != "dir/x.log:1" || p[5].Reason != "and 45 more broken lines of 50" {
		t.Errorf("%+v", p)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"AWSLogs/1/x/2026/01/a.log.gz", "AWSLogs/1/x/2026/02/b.log.gz", "AWSLogs/1/y/c.log", "AWSLogs/1/y/[odd]/d.log"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		want     string
		problems int
		paths    []string
	}{
		{"a.log.gz b.log.gz d.log c.log", 0, []string{""}},
		{"a.log.gz b.log.gz", 0, []string{"AWSLogs/*/x/**/*.gz"}},
		{"a.log.gz b.log.gz", 0, []string{"AWSLogs/1/x/2026/*/*.gz", "AWSLogs/1/x/./2026/01"}},
		{"a.log.gz b.log.gz d.log c.log", 0, []string{"**/*.log*"}},
		{"d.log c.log", 0, []string{"AWSLogs/1/y/*"}},
		{"d.log", 0, []string{"AWSLogs/1/y/[[]odd]/d.log"}},
		{"c.log", 2, []string{"AWSLogs/1/y/c.log", "none", "AWSLogs/*.zip"}},
	} {
		paths := make([]string, len(c.paths))
		for i, p := range c.paths {
			paths[i] = filepath.Join(dir, p)
		}
		files, problems := records.Find(paths...)
		var names []string
		for _, f := range files {
			names = append(names, filepath.Base(f.Name))
		}
		if strings.Join(names, " ") != c.want || len(problems) != c.problems {
			t.Errorf("%v: %v, %+v", c.paths, names, problems)
		}
	}
}

// A copy counts once, under the first name; files of equal size that differ
// are two.
func TestCopiesCountOnce(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	files := []records.File{records.Bytes("a", []byte("one")), records.Bytes("b", []byte("two")), records.Bytes("c", []byte("one")), records.Bytes("d", nil), records.Bytes("e", nil)}
	report, err := records.Each(t.Context(), files, records.Options{Workers: 3}, func(context.Context, *records.Content) error { n.Add(1); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if n.Load() != 4 || report.Files[2].Same != "a" || report.Files[2].Fingerprint != report.Files[0].Fingerprint || len(report.Inputs()) != 5 {
		t.Errorf("%d read, %+v", n.Load(), report)
	}
}

type broken struct{ n int }

func (b *broken) Read(p []byte) (int, error) {
	if b.n--; b.n < 0 {
		return 0, fault.Newf(fault.Denied, "read object")
	}
	return copy(p, "line\n"), nil
}

func (b *broken) Close() error { return nil }

// Trouble of the store is an error of the file; the others go on.
func TestTroubleOfOneFileDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	files := []records.File{
		{Name: "denied", Size: -1, Open: func(context.Context) (io.ReadCloser, error) { return nil, fault.Newf(fault.Denied, "open") }},
		{Name: "half", Size: -1, Open: func(context.Context) (io.ReadCloser, error) { return &broken{n: 3}, nil }},
		records.Bytes("refused", []byte("x")), records.Bytes("well", []byte("a\nb\n")),
	}
	var progress atomic.Int64
	report, err := records.Each(t.Context(), files, records.Options{Progress: func(n int64) { progress.Add(n) }}, func(_ context.Context, c *records.Content) error {
		if c.Name == "refused" {
			return errors.New("no log")
		}
		for _, ok := c.Next(); ok; _, ok = c.Next() {
			c.Result.Entries++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]records.Result{}
	for _, f := range report.Files {
		got[f.Name] = f
	}
	if !fault.Is(got["denied"].Err, fault.Denied) || !fault.Is(got["half"].Err, fault.Denied) || got["half"].Entries != 3 || got["half"].Fingerprint != "" || got["refused"].Err == nil || got["well"].Entries != 2 {
		t.Errorf("%+v", got)
	}
	if report.Entries() != 5 || progress.Load() != 15+1+4 || len(report.Problems()) != 3 {
		t.Errorf("%d entries, %d bytes, %+v", report.Entries(), progress.Load(), report.Problems())
	}
}

func TestEachEndsWhenCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	files := make([]records.File, 50)
	for i := range files {
		files[i] = records.Bytes(fmt.Sprint(i), []byte(fmt.Sprint(i)))
	}
	_, err := records.Each(ctx, files, records.Options{Workers: 2}, func(context.Context, *records.Content) error { cancel(); return nil })
	if !fault.Is(err, fault.Canceled) {
		t.Errorf("got %v", err)
	}
}

// However the bytes arrive, and however lines lie across them, the lines are
// those of the text.
func TestLinesDoNotDependOnHowBytesArrive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.StringMatching(`[a-z ]{0,40}`), 1, 60).Draw(r, "lines"), "\n")
		steps := rapid.SliceOfN(rapid.IntRange(1, 50), 1, 10).Draw(r, "steps")
		file := records.File{Name: "f", Size: -1, Open: func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(&stepping{text: text, steps: steps}), nil
		}}
		var got []string
		_, err := records.Each(context.Background(), []records.File{file}, records.Options{}, func(_ context.Context, c *records.Content) error {
			for line, ok := c.Next(); ok; line, ok = c.Next() {
				got = append(got, string(line))
			}
			return nil
		})
		if err != nil || strings.Join(got, "\n") != strings.TrimSuffix(text, "\n") {
			r.Fatalf("%q: %q, %v", text, got, err)
		}
	})
}

type stepping struct {
	text  string
	steps []int
	n     int
}

func (s *stepping) Read(p []byte) (int, error) {
	if s.text == "" {
		return 0, io.EOF
	}
	n := min(len(p), len(s.text), s.steps[s.n%len(s.steps)])
	s.n++
	copy(p, s.text[:n])
	s.text = s.text[n:]
	return n, nil
}

func TestSpoiltFilesNeverPanic(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("2 1 eni-1 10.0.0.1 - ä\n", 30)
	fixtures := [][]byte{packed(t, text), zstandard(t, text), wide(text, binary.LittleEndian, true), packed(t, string(packed(t, text)))}
	mangle.Each(2, 10_000, fixtures, func(b []byte) { read(t, b) })
}
