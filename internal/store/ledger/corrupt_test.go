package ledger_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/ledger"
)

// Whatever happens to the bytes of the file, opening and verifying it gives
// one clear error or the same entries as before, never a panic and never
// other entries.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	content := contents(t, filled(t, 40))
	random := rand.New(rand.NewPCG(7, 7))
	damages := map[string]func([]byte) []byte{
		"cut to a page":     func(b []byte) []byte { return b[:4096] },
		"cut in a page":     func(b []byte) []byte { return b[:len(b)-100] },
		"cut in the header": func(b []byte) []byte { return b[:60] },
		"a page of zeros":   func(b []byte) []byte { clear(b[8192:12288]); return b },
		"first page zeros":  func(b []byte) []byte { clear(b[:4096]); return b },
		"pages exchanged": func(b []byte) []byte {
			return append(append(append(append([]byte{}, b[:8192]...), b[12288:16384]...), b[8192:12288]...), b[16384:]...)
		},
		"more at the end": func(b []byte) []byte { return append(b, bytes.Repeat([]byte{0xff}, 5000)...) },
	}
	for name, damage := range damages {
		damagedFile(t, name, damage(bytes.Clone(content)), content)
	}
	for range 300 {
		b := bytes.Clone(content)
		for range 1 + random.IntN(4) {
			b[random.IntN(len(b))] ^= byte(1 + random.IntN(255))
		}
		damagedFile(t, "flipped bytes", b, content)
	}
	// The header and the schema, where a flip does most.
	for range 200 {
		b := bytes.Clone(content)
		b[random.IntN(200)] ^= byte(1 + random.IntN(255))
		damagedFile(t, "flipped byte in the header", b, content)
	}
}

func damagedFile(t *testing.T, name string, damaged, original []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := verify(t, path)
	if err == nil {
		if v.Entries != 40 || v.Break != nil {
			t.Errorf("%s: taken for whole: %+v", name, v)
		}
		return
	}
	kind := fault.KindOf(err)
	if strings.Contains(err.Error(), "\n") || kind != fault.Found && kind != fault.Invalid && kind != fault.Unsupported && kind != fault.Storage {
		t.Errorf("%s: %v (%s) at %d", name, err, kind, difference(damaged, original))
	}
	// A writer must not make it worse, and must answer as well.
	l, err := ledger.Open(t.Context(), path, options())
	if err != nil {
		return
	}
	defer l.Close()
	if _, err := l.Append(t.Context(), ledger.Record{Kind: "test.written", Actor: "ann"}); err != nil && strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: append gives %v", name, err)
	}
}

func difference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

// A copy alone, in a folder where nobody may write, is verified; and verifying
// leaves no file behind.
func TestVerifyOfACopy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "copy.db")
	if err := os.WriteFile(path, contents(t, filled(t, 5)), 0o400); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if v, err := verify(t, path); err != nil || v.Entries != 5 {
		t.Errorf("verify: %+v, %v", v, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

// A ledger that somebody has open is verified as it stands.
func TestVerifyBesideAWriter(t *testing.T) {
	t.Parallel()
	path := filled(t, 3)
	l := open(t, path)
	for i := range 5 {
		if _, err := l.Append(t.Context(), ledger.Record{Kind: "test.written", Actor: "ann"}); err != nil {
			t.Fatal(err)
		}
		if v, err := verify(t, path); err != nil || v.Entries != int64(4+i) {
			t.Errorf("verify: %+v, %v", v, err)
		}
	}
	reader, err := ledger.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if _, err := reader.Append(t.Context(), ledger.Record{Kind: "test.written", Actor: "ann"}); err == nil {
		t.Error("a read-only ledger takes an entry")
	}
}

// A file that was opened as one nobody writes, and is written after all.
func TestChangedWhileReading(t *testing.T) {
	t.Parallel()
	path := filled(t, 3)
	reader, err := ledger.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	l := open(t, path)
	if _, err := l.Append(t.Context(), ledger.Record{Kind: "test.written", Actor: "ann"}); err != nil {
		t.Fatal(err)
	}
	if v, err := reader.Verify(t.Context()); !fault.Is(err, fault.Conflict) {
		t.Errorf("verify: %+v, %v", v, err)
	}
}
