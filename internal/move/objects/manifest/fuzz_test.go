package manifest

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
)

// sample is the text of a small manifest.
func sample(t testing.TB) []byte {
	t.Helper()
	var segment, whole bytes.Buffer
	w, err := NewSegment(&segment, "a")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []Line{
		{Key: "a", Size: 1, Result: Copied, Proof: 2, Sums: object.Sums{Known: object.CRC64 | object.SHA256}},
		{Key: "b\xff", Version: "v", Name: "b~xFF", Result: Failed, Reason: "\x01", Losses: []string{"x"}, Sums: object.Sums{Known: object.CRC32, Composite: true}, Parts: 3},
	} {
		if err := w.Add(l); err != nil {
			t.Fatal(err)
		}
	}
	file, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	_, err = Join(context.Background(), &whole, Head{Verb: "copy"}, []Part{{file, func() (io.ReadCloser, error) { return io.NopCloser(&segment), nil }}})
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := zstd.NewReader(&whole)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	text, err := io.ReadAll(decoder)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// However the text of a manifest is edited, a reader ends with a whole manifest
// or with one clear error that is final. Edits are drawn, and not texts: those
// that are cut and spliced at random say little beyond the first line.
func FuzzEdit(f *testing.F) {
	whole := sample(f)
	f.Add(uint16(0), uint16(0), []byte{})
	f.Add(uint16(20), uint16(3), []byte("x"))
	f.Add(uint16(200), uint16(2000), []byte("{}\n"))
	f.Fuzz(func(t *testing.T, at, cut uint16, insert []byte) {
		from := int(at) % len(whole)
		text := slices.Concat(whole[:from], insert, whole[min(from+int(cut), len(whole)):])
		r, err := openText(bytes.NewReader(text))
		lines := int64(0)
		for err == nil {
			if _, err = r.Next(); err == nil {
				lines++
			}
		}
		if err != io.EOF {
			if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.Unsupported || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%s: %v", kind, err)
			}
			return
		}
		if s, ended := r.Summary(); !ended || s.End.Counts.Lines != lines || len(s.Digest) != 64 {
			t.Fatalf("after %d lines: %+v, %v", lines, s, ended)
		}
	})
}

// A line that is read is written again as it was.
func FuzzLine(f *testing.F) {
	for line := range bytes.Lines(sample(f)) {
		f.Add(bytes.TrimSpace(line))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := parseLine(text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if again := appendLine(nil, &l); !bytes.Equal(again, text) {
			t.Fatalf("%s is written as %s", text, again)
		}
	})
}
