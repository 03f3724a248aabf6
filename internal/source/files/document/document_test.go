package document_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source/files/document"
)

func packed(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWholeDecodes(t *testing.T) {
	t.Parallel()
	four := packed(t, packed(t, packed(t, packed(t, []byte("x")))))
	for _, c := range []struct {
		name, content, want string
		broken              bool
	}{
		{"plain", "häuser", "häuser", false},
		{"mark", "\xef\xbb\xbfa", "a", false},
		{"utf-16 le", "\xff\xfea\x00\xe4\x00", "aä", false},
		{"utf-16 be", "\xfe\xff\x00a\x00\xe4", "aä", false},
		{"utf-16 le without mark", "{\x00\"\x00a\x00\"\x00:\x001\x00}\x00", `{"a":1}`, false},
		{"utf-16 be without mark", "\x00{\x00\"\x00a\x00\"\x00:\x001\x00}", `{"a":1}`, false},
		{"odd utf-16", "\xff\xfea\x00b", "a\uFFFD", false},
		{"surrogates", "\xff\xfe\x3d\xd8\x00\xde", "😀", false},
		{"empty", "", "", false},
		{"one byte", "x", "x", false},
		{"gzip", string(packed(t, []byte("a"))), "a", false},
		{"gzip three times", string(packed(t, packed(t, packed(t, []byte("a"))))), "a", false},
		{"gzip of nothing", string(packed(t, nil)), "", false},
		{"gzip four times", string(four), "", true},
		{"broken gzip", "\x1f\x8b\x08nonsense", "", true},
		{"cut gzip", string(packed(t, bytes.Repeat([]byte("abc"), 999))[:40]), "", true},
		{"zeros in utf-8", "a\x00b", "a\x00b", false},
	} {
		got, err := document.Bytes(c.name, []byte(c.content), document.Limits{}).Whole()
		if string(got) != c.want || (err != nil) != c.broken {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: the kind of %v is %q", c.name, err, fault.KindOf(err))
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	small := document.Limits{TextBytes: 1000, WholeBytes: 100, ItemBytes: 4096, Depth: 5}
	for _, c := range []struct {
		name    string
		content []byte
		read    func(*document.Document) error
		want    string
	}{
		{"whole", bytes.Repeat([]byte("a"), 101), whole, "limit of 100 bytes"},
		{"whole fits", bytes.Repeat([]byte("a"), 100), whole, ""},
		{"text", bytes.Repeat([]byte("a"), 1001), drain, "limit of 1000 bytes"},
		{"text fits", bytes.Repeat([]byte("a"), 1000), drain, ""},
		{"zip bomb", packed(t, make([]byte, 1<<20)), drain, "limit of 1000 bytes"},
		{"bomb in a bomb", packed(t, packed(t, make([]byte, 8<<20))), drain, "limit of 1000 bytes"},
		{"depth", []byte(`[[[[[[1]]]]]]`), value, "deeper than the limit of 5"},
		{"depth in text does not count", []byte(`["[[[[[[[\"[["]`), value, ""},
		{"depth of siblings", []byte(`[[1],[1],[[1]],[[[1]]]]`), value, ""},
	} {
		err := c.read(document.Bytes(c.name, c.content, small))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	item := document.Bytes("item", []byte(`{"a": "`+strings.Repeat("x", 200<<10)+`"}`), document.Limits{ItemBytes: 64 << 10})
	if err := value(item); err == nil || !strings.Contains(err.Error(), "one item is larger than the limit of 64 KiB") {
		t.Errorf("a large item: %v", err)
	}
}

func whole(d *document.Document) error { _, err := d.Whole(); return err }

func drain(d *document.Document) error {
	text, err := d.Text()
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, text)
	return errors.Join(err, text.Close())
}

func value(d *document.Document) error {
	text, err := d.Text()
	if err != nil {
		return err
	}
	var v any
	return errors.Join(d.JSON(text).Value(&v), text.Close())
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.gz")
	if err := os.WriteFile(path, packed(t, []byte("text")), 0o644); err != nil {
		t.Fatal(err)
	}
	plain, err := document.Bytes("x", []byte("\xef\xbb\xbftext"), document.Limits{}).Identify()
	if err != nil {
		t.Fatal(err)
	}
	var done int64
	zipped, err := document.File(path, document.Limits{}).Watched(func(n int64) { done += n }).Identify()
	if err != nil {
		t.Fatal(err)
	}
	if plain.Text == "" || plain.Text != zipped.Text || plain.Fingerprint == zipped.Fingerprint || zipped.Bytes != done {
		t.Errorf("identities %+v and %+v, %d bytes counted", plain, zipped, done)
	}
	// A file whose text breaks has a fingerprint of all its bytes, and no text.
	cut, err := document.Bytes("x", packed(t, bytes.Repeat([]byte("abc"), 999))[:30], document.Limits{}).Identify()
	if err != nil || cut.Text != "" || cut.Bytes != 30 || cut.Fingerprint == "" {
		t.Errorf("a cut file: %+v, %v", cut, err)
	}
	if _, err := document.File(filepath.Join(t.TempDir(), "none"), document.Limits{}).Identify(); !fault.Is(err, fault.NotFound) {
		t.Errorf("no file: %v", err)
	}
}

func TestJSONGoesOnBehindAnItemOfAnotherType(t *testing.T) {
	t.Parallel()
	d := document.Bytes("x", []byte("{\"a\": 1, \"items\": [{\"n\": 1}, {\"n\": \"x\"}, 7, {\"n\": 3}], \"none\": {\"items\": [1]}}\n{\"items\": {\"not\": [\"a list\"]}}\n[1"), document.Limits{})
	text, err := d.Text()
	if err != nil {
		t.Fatal(err)
	}
	j := d.JSON(text)
	var got []any
	read := func() (document.Kind, error) {
		return j.Members(func(name string) error {
			if name != "items" {
				return j.Skip()
			}
			kind, err := j.Items(func(i int) error {
				var v struct{ N int }
				if err := j.Value(&v); err != nil {
					if _, broken := errors.AsType[*document.Broken](err); broken {
						return err
					}
					got = append(got, "refused")
					return nil
				}
				got = append(got, v.N)
				return nil
			})
			got = append(got, string(kind))
			return err
		})
	}
	for n, want := range []document.Kind{document.Object, document.Object} {
		if kind, err := read(); err != nil || kind != want || !j.Next() {
			t.Fatalf("value %d: %s, %v", n, kind, err)
		}
	}
	if want := []any{1, "refused", "refused", 3, "list", "object"}; !reflect.DeepEqual(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
	_, err = read()
	broken, ok := errors.AsType[*document.Broken](err)
	if !ok || d.Line(broken.Offset) != 3 {
		t.Errorf("the end in the middle: %v", err)
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("9", 500)
	for in, want := range map[string]any{
		"1": int64(1), "-7": int64(-7), "1.5": 1.5, "1e3": int64(1000), "9007199254740993": int64(9007199254740993),
		"1e999": "1e999", "123456789012345678901234567890": 1.2345678901234568e29, long: long[:64] + "…",
	} {
		if got := document.Plain(json.Number(in)); got != want {
			t.Errorf("Plain(%.20s) = %v (%T), want %v", in, got, got, want)
		}
	}
}

func TestYAML(t *testing.T) {
	t.Parallel()
	values, err := document.Bytes("x", []byte("a: 1\nb: [x, 2025-01-01, true, ~, 1.5]\n3: {k: v}\n---\n- z\n"), document.Limits{}).YAML()
	if err != nil {
		t.Fatal(err)
	}
	want := []any{map[string]any{"a": int64(1), "b": []any{"x", "2025-01-01T00:00:00Z", true, nil, 1.5}, "3": map[string]any{"k": "v"}}, []any{"z"}}
	if !reflect.DeepEqual(values, want) {
		t.Errorf("read %#v, want %#v", values, want)
	}
	for name, content := range map[string]string{
		"deep":  strings.Repeat("[", 300) + strings.Repeat("]", 300),
		"wrong": "a: b: c",
		"large": strings.Repeat("a: b\n", 4<<20),
		"tabs":  "a:\n\t- b",
	} {
		if _, err := document.Bytes(name, []byte(content), document.Limits{}).YAML(); !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		content string
		want    [][]string
	}{
		{"a,b\n1,\"x\ny\"\n", [][]string{{"a", "b"}, {"1", "x\ny"}}},
		{"\ufeff\"a\";\"b,c\"\r\n1;2;3\r\n\r\n;;\r\n4\r\n", [][]string{{"a", "b,c"}, {"1", "2", "3"}, {"4"}}},
		{"sep=|\na|b\n1|2", [][]string{{"a", "b"}, {"1", "2"}}},
		{"a\tb\n1\t\"2", [][]string{{"a", "b"}, {"1", "2"}}},
		{"only\nx\n", [][]string{{"only"}, {"x"}}},
		{"a,b\nsay \"hi\",2\n", [][]string{{"a", "b"}, {`say "hi"`, "2"}}},
	} {
		d := document.Bytes("x", []byte(c.content), document.Limits{})
		text, err := d.Text()
		if err != nil {
			t.Fatal(err)
		}
		table, err := d.Table(text)
		if err != nil {
			t.Fatalf("%q: %v", c.content, err)
		}
		var got [][]string
		for {
			record, _, err := table.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%q: %v", c.content, err)
			}
			got = append(got, record)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %q, want %q", c.content, got, c.want)
		}
	}
}

// Whatever the bytes, reading ends, and a text that is read has no byte order
// mark and is no longer than allowed.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{"", "{}", `[{"a":[1,"x\n"]},2]`, "\xff\xfea\x00", "\x00{\x00}", "a;b\n1;\"2\n", "a: &x [1]\nb: *x\n", `{"a":` + strings.Repeat("[", 99)} {
		f.Add([]byte(seed))
		f.Add(packed(f, []byte(seed)))
	}
	limits := document.Limits{TextBytes: 1 << 16, WholeBytes: 1 << 16, ItemBytes: 1 << 14, Depth: 50}
	f.Fuzz(func(t *testing.T, content []byte) {
		d := document.Bytes("x", content, limits)
		text, err := d.Whole()
		if err == nil && int64(len(text)) > limits.WholeBytes {
			t.Errorf("%d bytes", len(text))
		}
		_ = drain(d)
		_ = value(d)
		_, _ = d.YAML()
		if _, err := d.Identify(); err != nil {
			t.Errorf("identify: %v", err)
		}
		r, err := d.Text()
		if err != nil {
			return
		}
		if table, err := d.Table(r); err == nil {
			for err == nil {
				_, _, err = table.Next()
			}
		}
		r, err = d.Text()
		if err != nil {
			return
		}
		for j := d.JSON(r); j.Next(); {
			if j.Skip() != nil {
				break
			}
		}
	})
}
