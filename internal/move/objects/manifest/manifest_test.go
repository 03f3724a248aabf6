package manifest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
)

func head() manifest.Head {
	return manifest.Head{Verb: "copy", Source: "s3://shop/in/", Target: "az://shop/in", Filters: []string{"--metadata rename"},
		Began: "2026-11-20T08:00:00Z", Ended: "2026-11-20T09:00:00Z", Complete: true, Run: "r1"}
}

// lines are n of them, in order, with something of everything.
func lines(n int) []manifest.Line {
	results := manifest.Results()
	var out []manifest.Line
	for i := range n {
		l := manifest.Line{Key: fmt.Sprintf("photos/%05d.jpg", i), ETag: fmt.Sprintf("%032x", i), Size: int64(i) * 1000, Result: results[i%len(results)],
			Sums: object.Sums{Known: object.CRC64, CRC64: uint64(i) * 0x9e3779b97f4a7c15}, Proof: move.Proof(i % 4)}
		switch i % 5 {
		case 1:
			l.Version, l.Name = fmt.Sprintf("v%d", i), "photos/renamed~x2E"
		case 2:
			l.Reason = `key-dot-end: no segment may end with a "dot"` + "\n"
			l.Losses = []string{`metadata-name metadata "a-b"`, "two"}
		case 3:
			l.Sums.Known |= object.SHA256 | object.MD5 | object.CRC32 | object.CRC32C | object.SHA1
			l.Sums.Composite, l.Parts, l.Sums.CRC32, l.Sums.SHA1[19] = true, i, uint32(i), 7
		}
		out = append(out, l)
	}
	return out
}

// part is a segment in memory.
func part(t testing.TB, shard string, lines []manifest.Line) manifest.Part {
	t.Helper()
	var b bytes.Buffer
	w, err := manifest.NewSegment(&b, shard)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if err := w.Add(l); err != nil {
			t.Fatal(err)
		}
	}
	file, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return manifest.Part{File: file, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }}
}

func file(t testing.TB, parts ...manifest.Part) ([]byte, manifest.Summary) {
	t.Helper()
	var b bytes.Buffer
	summary, err := manifest.Join(context.Background(), &b, head(), parts)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), summary
}

// readAll returns the lines up to an error, which is nil at a whole end.
func readAll(b []byte) ([]manifest.Line, manifest.Summary, error) {
	r, err := manifest.Open(bytes.NewReader(b))
	if err != nil {
		return nil, manifest.Summary{}, err
	}
	defer r.Close()
	var out []manifest.Line
	for {
		l, err := r.Next()
		if err == io.EOF {
			s, _ := r.Summary()
			return out, s, nil
		}
		if err != nil {
			if _, again := r.Next(); again != err {
				return nil, manifest.Summary{}, fmt.Errorf("the error is not final: %v, then %v", err, again)
			}
			if _, whole := r.Summary(); whole {
				return nil, manifest.Summary{}, fmt.Errorf("there is a summary after %v", err)
			}
			return out, manifest.Summary{}, err
		}
		out = append(out, l)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	want := lines(100)
	b, summary := file(t, part(t, "a", want[:60]), part(t, "", nil), part(t, "b", want[60:]))
	got, read, err := readAll(b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("the lines are others")
	}
	if !reflect.DeepEqual(read, summary) || read.Digest == "" || read.End.Segments != 3 || read.End.Counts.Lines != 100 || read.Head.Source != "s3://shop/in/" {
		t.Errorf("the summary is %+v, it was %+v", read, summary)
	}
	sum := int64(0)
	for result, n := range read.End.Counts.Results {
		sum += n.Objects
		if !slices.Contains(manifest.Results(), result) {
			t.Errorf("result %q is counted", result)
		}
	}
	if sum != 100 || read.End.Counts.Losses != 20 || read.End.Counts.Results[manifest.Copied].Objects != 10 {
		t.Errorf("the counts are %+v", read.End.Counts)
	}
	if again, _ := file(t, part(t, "a", want[:60]), part(t, "", nil), part(t, "b", want[60:])); !bytes.Equal(again, b) {
		t.Error("the same lines give another file")
	}
}

// Whatever stands in a line comes back, but for text that is no UTF-8, which
// only keys may have.
func TestAnyLineComesBack(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[\x00-\x20"\\<>&\x{2028}\x{FFFD}a-c]{0,20}`))
	raw := rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 12), func(b []byte) string { return string(b) })
	rapid.Check(t, func(rt *rapid.T) {
		l := manifest.Line{Key: rapid.OneOf(text, raw).Draw(rt, "key"), Version: text.Draw(rt, "version"), Name: text.Draw(rt, "name"), ETag: text.Draw(rt, "etag"),
			Size: rapid.Int64Min(0).Draw(rt, "size"), Parts: rapid.IntRange(0, 10000).Draw(rt, "parts"), Proof: move.Proof(rapid.IntRange(0, 3).Draw(rt, "proof")),
			Result: rapid.SampledFrom(manifest.Results()).Draw(rt, "result"), Reason: text.Draw(rt, "reason"), Losses: rapid.SliceOfN(text, 0, 3).Draw(rt, "losses")}
		if len(l.Losses) == 0 {
			l.Losses = nil
		}
		if rapid.Bool().Draw(rt, "sums") {
			l.Sums = object.Sums{Known: object.CRC64 | object.CRC32C | object.MD5, CRC64: rapid.Uint64().Draw(rt, "crc"), CRC32C: rapid.Uint32().Draw(rt, "crc32c"), Composite: rapid.Bool().Draw(rt, "composite")}
			l.Sums.MD5[0] = rapid.Byte().Draw(rt, "md5")
		}
		b, _ := file(t, part(t, "s", []manifest.Line{l}))
		got, _, err := readAll(b)
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], l) {
			rt.Fatalf("%+v comes back as %+v, %v", l, got, err)
		}
	})
}

func TestLongTextsAreBounded(t *testing.T) {
	t.Parallel()
	l := manifest.Line{Key: strings.Repeat("\x01", 1024), Result: manifest.Failed, Reason: strings.Repeat("\u00e9", 5000) + "\xff", ETag: "\xff", Losses: slices.Repeat([]string{strings.Repeat("x", 1000)}, 100)}
	b, _ := file(t, part(t, "s", []manifest.Line{l}))
	got, _, err := readAll(b)
	if err != nil || len(got[0].Reason) > 2048 || got[0].ETag != "\uFFFD" || len(got[0].Losses) != 66 || got[0].Losses[65] != "and 35 more" {
		t.Errorf("got %d characters, %q, %d losses, %v", len(got[0].Reason), got[0].ETag, len(got[0].Losses), err)
	}
	w, err := manifest.NewSegment(io.Discard, "s")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abandon()
	if err := w.Add(manifest.Line{Key: strings.Repeat("k", 300<<10), Result: manifest.Same}); !fault.Is(err, fault.Invalid) {
		t.Errorf("an endless key gives %v", err)
	}
}

func decompress(t testing.TB, b []byte) []byte {
	t.Helper()
	d, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	text, err := io.ReadAll(d)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func compress(t testing.TB, text []byte) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return e.EncodeAll(text, nil)
}

func refused(t *testing.T, what string, b []byte) {
	t.Helper()
	if _, _, err := readAll(b); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: %v", what, err)
	}
}

// Cut off anywhere, or with any byte changed, before or after compression, a
// manifest is refused.
func TestDamageIsRefused(t *testing.T) {
	t.Parallel()
	all := lines(4)
	b, summary := file(t, part(t, "a", all[:3]), part(t, "b", all[3:]))
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	compressed := func(text []byte) []byte { return encoder.EncodeAll(text, nil) }
	for n := range b {
		if _, _, err := readAll(b[:n]); !fault.Is(err, fault.Invalid) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(b), err)
		}
	}
	text := decompress(t, b)
	if _, _, err := readAll(compressed(text)); err != nil {
		t.Fatalf("compressed in another way: %v", err)
	}
	for n := range text {
		if _, _, err := readAll(compressed(text[:n])); !fault.Is(err, fault.Invalid) {
			t.Fatalf("cut to %d of %d bytes of text: %v", n, len(text), err)
		}
		changed := bytes.Clone(text)
		changed[n] ^= 1
		got, s, err := readAll(compressed(changed))
		// What only the signature binds: the head may say another thing, and gives
		// another digest then.
		if err == nil && s.Digest != summary.Digest && n < bytes.IndexByte(text, '\n') {
			continue
		}
		if err == nil {
			t.Fatalf("byte %d (%q) changed: %d lines, %v", n, text[max(0, n-10):n+1], len(got), err)
		}
	}
	for n := range b {
		changed := bytes.Clone(b)
		changed[n] ^= 0x10
		// A few bits of a frame's header mean nothing.
		if got, s, err := readAll(changed); err == nil && (s.Digest != summary.Digest || !reflect.DeepEqual(got, all)) {
			t.Fatalf("byte %d of the file changed: no error", n)
		}
	}
}

// The head is bound by the digest: another head is another manifest.
func TestTheDigestBindsTheHead(t *testing.T) {
	t.Parallel()
	p := part(t, "a", lines(3))
	_, summary := file(t, p)
	other := head()
	other.Target = "az://elsewhere/in"
	var b bytes.Buffer
	changed, err := manifest.Join(context.Background(), &b, other, []manifest.Part{p})
	if err != nil || changed.Digest == summary.Digest || changed.Statement() == summary.Statement() {
		t.Errorf("another target gives the digest %s as well, %v", changed.Digest, err)
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	t.Parallel()
	all := lines(6)
	b, _ := file(t, part(t, "a", all[:3]), part(t, "b", all[3:]))
	rows := strings.SplitAfter(strings.TrimSuffix(string(decompress(t, b)), "\n"), "\n")
	rows[len(rows)-1] += "\n"
	with := func(change func([]string) []string) []byte {
		return compress(t, []byte(strings.Join(change(slices.Clone(rows)), "")))
	}
	refused(t, "nothing", nil)
	refused(t, "no zstd", []byte("PK\x03\x04"))
	refused(t, "an empty frame", compress(t, nil))
	refused(t, "no head", with(func(r []string) []string { return r[1:] }))
	refused(t, "head twice", with(func(r []string) []string { return slices.Insert(r, 1, r[0]) }))
	refused(t, "a line less", with(func(r []string) []string { return slices.Delete(r, 2, 3) }))
	refused(t, "a line twice", with(func(r []string) []string { return slices.Insert(r, 2, r[1]) }))
	refused(t, "lines in another order", with(func(r []string) []string { r[1], r[2] = r[2], r[1]; return r }))
	refused(t, "segments in another order", with(func(r []string) []string { return slices.Concat(r[:1], r[5:9], r[1:5], r[9:]) }))
	refused(t, "a segment less", with(func(r []string) []string { return slices.Delete(r, 1, 5) }))
	refused(t, "no end", with(func(r []string) []string { return r[:len(r)-1] }))
	refused(t, "end twice", with(func(r []string) []string { return append(r, r[len(r)-1]) }))
	refused(t, "a line behind the end", with(func(r []string) []string { return append(r, r[1]) }))
	refused(t, "text behind the end", append(bytes.Clone(b), compress(t, []byte("more"))...))
	refused(t, "an empty line", with(func(r []string) []string { return slices.Insert(r, 1, "\n") }))
	for what, change := range map[string][2]string{
		"another spelling": {`"key":`, `"key": `}, "capitals": {`"size":`, `"Size":`}, "an unknown field": {`"size":`, `"x":1,"size":`},
		"a field twice": {`"size":0`, `"size":0,"size":0`}, "a negative size": {`"size":0`, `"size":-1`}, "an unknown result": {`"copied"`, `"stolen"`},
		"a short hash": {`"crc64":"00`, `"crc64":"`}, "no hash": {`"crc64":"00`, `"crc64":"zz`}, "an escape": {`photos`, `\u0070hotos`},
	} {
		refused(t, what, with(func(r []string) []string { r[1] = strings.Replace(r[1], change[0], change[1], 1); return r }))
	}
	// A line without an end must not fill the memory.
	refused(t, "an endless line", compress(t, append([]byte(rows[0]+`{"key":"`), make([]byte, 64<<20)...)))
	newer := with(func(r []string) []string {
		r[0] = strings.Replace(r[0], `"manifest":1`, `"manifest":2,"new":true`, 1)
		return r
	})
	if _, _, err := readAll(newer); !fault.Is(err, fault.Unsupported) {
		t.Errorf("a newer form gives %v", err)
	}
}

func TestJoinRefusesWhatWasChanged(t *testing.T) {
	t.Parallel()
	p, other := part(t, "a", lines(5)), part(t, "a", lines(4))
	p.Open = other.Open
	if _, err := manifest.Join(context.Background(), io.Discard, head(), []manifest.Part{p}); !fault.Is(err, fault.Invalid) {
		t.Errorf("another file gives %v", err)
	}
	p.Open = func() (io.ReadCloser, error) { return nil, fault.Newf(fault.NotFound, "open it") }
	if _, err := manifest.Join(context.Background(), io.Discard, head(), []manifest.Part{p}); !fault.Is(err, fault.NotFound) {
		t.Errorf("no file gives %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := manifest.Join(ctx, io.Discard, head(), []manifest.Part{p}); !fault.Is(err, fault.Canceled) {
		t.Errorf("stopped it gives %v", err)
	}
}

// Order is told, and disorder is no damage.
func TestOrderIsTold(t *testing.T) {
	t.Parallel()
	all := lines(4)
	slices.Reverse(all)
	p := part(t, "a", all)
	if p.File.Segment.Ordered || p.File.Segment.First != "" {
		t.Errorf("%+v", p.File.Segment)
	}
	b, _ := file(t, p)
	if got, _, err := readAll(b); err != nil || len(got) != 4 {
		t.Errorf("%d lines, %v", len(got), err)
	}
	p = part(t, "a", lines(4))
	if s := p.File.Segment; !s.Ordered || s.First != "photos/00000.jpg" || s.Last != "photos/00003.jpg" {
		t.Errorf("%+v", s)
	}
}

func TestCountsAddUp(t *testing.T) {
	t.Parallel()
	all := lines(40)
	var sum manifest.Counts
	for i := 0; i < 40; i += 10 {
		sum.Add(part(t, "", all[i:i+10]).File.Segment.Counts)
	}
	whole := part(t, "", all).File.Segment.Counts
	if sum.Lines != whole.Lines || sum.Bytes != whole.Bytes || !maps.Equal(sum.Results, whole.Results) || !maps.Equal(sum.Proofs, whole.Proofs) {
		t.Errorf("%+v and %+v", sum, whole)
	}
}

func BenchmarkWrite(b *testing.B) {
	all := lines(1000)
	w, err := manifest.NewSegment(io.Discard, "s")
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if err := w.Add(all[i%1000]); err != nil {
			b.Fatal(err)
		}
	}
	w.Abandon()
}

func BenchmarkRead(b *testing.B) {
	data, _ := file(b, part(b, "s", lines(10000)))
	b.ReportMetric(float64(len(data))/10000, "bytes/line")
	for b.Loop() {
		if _, _, err := readAll(data); err != nil {
			b.Fatal(err)
		}
	}
}
