package ledger_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/ledger"
)

func exported(t testing.TB, path string) (string, ledger.Head) {
	t.Helper()
	l, err := ledger.OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var b bytes.Buffer
	head, err := l.Export(t.Context(), &b)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), head
}

func TestExport(t *testing.T) {
	t.Parallel()
	path := filled(t, 3)
	text, head := exported(t, path)
	again, _ := exported(t, path)
	if text != again {
		t.Error("two exports differ")
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[0], `{"created":"2026-01-02T03:04:06.678901Z","id":"`) ||
		!strings.HasPrefix(lines[1], `{"actor":"ann","body":{"i":0,"text":"<é>"},"hash":"sha256:`) || !strings.HasPrefix(lines[4], `{"head":{`) {
		t.Errorf("export:\n%s", text)
	}
	v, err := ledger.VerifyExport(t.Context(), strings.NewReader(text), head)
	if err != nil || v.Entries != 3 || v.Head != head || v.Ledger != head.Ledger {
		t.Errorf("verify: %+v, %v", v, err)
	}
	// Laid out by another tool.
	var pretty strings.Builder
	for _, line := range lines {
		var value any
		if err := json.Unmarshal([]byte(line), &value); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(value) // escapes "<"
		if err != nil {
			t.Fatal(err)
		}
		pretty.WriteString(" " + strings.ReplaceAll(string(b), `,"`, ` , "`) + "\r\n\r\n")
	}
	if v, err := ledger.VerifyExport(t.Context(), strings.NewReader(pretty.String()), head); err != nil || v.Entries != 3 {
		t.Errorf("verify of another layout: %+v, %v", v, err)
	}
	empty, head := exported(t, filled(t, 0))
	if v, err := ledger.VerifyExport(t.Context(), strings.NewReader(empty), head); err != nil || v.Entries != 0 {
		t.Errorf("verify of an empty ledger: %+v, %v", v, err)
	}
}

func TestBrokenExports(t *testing.T) {
	t.Parallel()
	text, head := exported(t, filled(t, 4))
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	join := func(parts ...string) string { return strings.Join(parts, "\n") }
	for name, c := range map[string]struct {
		text string
		seq  int64
	}{
		"empty":              {"", 1},
		"no first line":      {strings.Join(lines[1:], ""), 0},
		"another version":    {strings.Replace(text, `"ledgerExport":1`, `"ledgerExport":2`, 1), 0},
		"no last line":       {strings.Join(lines[:5], ""), 5},
		"cut":                {text[:len(text)-len(lines[5])-20], 4},
		"an entry missing":   {strings.Join(append(append([]string{}, lines[:2]...), lines[3:]...), ""), 2},
		"the last missing":   {strings.Join(append(append([]string{}, lines[:4]...), lines[5]), ""), 4},
		"exchanged":          {lines[0] + lines[2] + lines[1] + lines[3] + lines[4] + lines[5], 1},
		"twice":              {lines[0] + lines[1] + lines[1] + lines[2] + lines[3] + lines[4] + lines[5], 1},
		"changed":            {strings.Replace(text, `"i":2`, `"i":7`, 1), 3},
		"a member more":      {strings.Replace(text, `"seq":3`, `"seq":3,"x":1`, 1), 3},
		"a member twice":     {strings.Replace(text, `"seq":2`, `"seq":2,"seq":2`, 1), 2},
		"a line more":        {text + lines[4], 5},
		"not JSON":           {lines[0] + "hello\n" + text, 1},
		"a long line":        {lines[0] + strings.Repeat("x", 2<<20), 1},
		"two ledgers":        {text + text, 5},
		"a first line again": {join(strings.TrimSpace(lines[0]), text), 1},
	} {
		v, err := ledger.VerifyExport(t.Context(), strings.NewReader(c.text), head)
		if !fault.Is(err, fault.Found) || v.Break == nil || v.Break.Seq != c.seq || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %+v, %v, want a break at %d", name, v.Break, err, c.seq)
		}
	}
}

// Any single changed character of an export is found, except where it does not
// change the data.
func TestAnyChangedCharacterIsFound(t *testing.T) {
	t.Parallel()
	text, head := exported(t, filled(t, 3))
	rapid.Check(t, func(r *rapid.T) {
		at := rapid.IntRange(0, len(text)-1).Draw(r, "at")
		c := rapid.ByteRange(' ', '~').Draw(r, "character")
		changed := text[:at] + string(c) + text[at+1:]
		_, err := ledger.VerifyExport(t.Context(), strings.NewReader(changed), head)
		if changed == text {
			if err != nil {
				r.Fatalf("%v", err)
			}
			return
		}
		// The last line's end is the only character without a meaning.
		if !fault.Is(err, fault.Found) && at != len(text)-1 {
			r.Fatalf("character %d changed from %q to %q: %v", at, text[at], c, err)
		}
	})
}

func FuzzVerifyExport(f *testing.F) {
	text, _ := exported(f, filled(f, 2))
	f.Add([]byte(text))
	f.Add([]byte(strings.ToUpper(text)))
	f.Add([]byte("{}\n[]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ledger.VerifyExport(t.Context(), bytes.NewReader(data))
		if err == nil != (v.Break == nil) || err != nil && !fault.Is(err, fault.Found) {
			t.Fatalf("%q: %+v, %v", data, v, err)
		}
	})
}
