package files_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/source/files"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/filestest"
)

// fixture is a file of testdata with its format.
type fixture struct {
	path    string
	content []byte
	format  files.Format
}

// fixtures are all files of testdata that a format fits.
func fixtures(t testing.TB) []fixture {
	t.Helper()
	reader := files.NewReader()
	var all []fixture
	err := filepath.WalkDir("testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path, "golden") || strings.Contains(path, "fuzz") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		format, err := reader.Recognise(document.Bytes(path, content, document.Limits{}))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		all = append(all, fixture{path, content, format})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// mutants is how many variants all fixtures together are read in.
const mutants = 10_000

// Nothing that is wrong with a file makes a reader panic, takes longer than a
// moment, or is an error of the scan.
func TestNoVariantOfAFixtureBreaksAReader(t *testing.T) {
	t.Parallel()
	const seed = 20251122
	random := rand.New(rand.NewPCG(seed, seed))
	reader := files.NewReader()
	all := fixtures(t)
	limits := filestest.Small()
	for n := range mutants {
		f := all[n%len(all)]
		content := mutated(random, f.content)
		d := document.Bytes(f.path, content, limits)
		format := f.format
		if found, err := reader.Recognise(d); err == nil && n%3 == 0 {
			format = found
		}
		started := time.Now()
		if err := reader.Read(t.Context(), format, d, &gathered{}); err != nil {
			t.Fatalf("variant %d of %s as %s (seed %d): %v", n, f.path, format, seed, err)
		}
		// Generous, as the machine is shared: a variant of a few kilobytes
		// takes well under a millisecond.
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("variant %d of %s took %s", n, f.path, took)
		}
	}
}

// mutated cuts, repeats, overwrites and exchanges parts of a text.
func mutated(random *rand.Rand, content []byte) []byte {
	out := bytes.Clone(content)
	if len(out) == 0 {
		out = []byte("{")
	}
	at := func() int { return random.IntN(len(out)) }
	for range 1 + random.IntN(3) {
		switch random.IntN(8) {
		case 0:
			out = out[:at()+1]
		case 1:
			out[at()] = byte(random.IntN(256))
		case 2:
			i, j := at(), at()
			out = append(bytes.Clone(out[:max(i, j)]), out[min(i, j):]...)
		case 3:
			i, j := at(), at()
			out = append(bytes.Clone(out[:min(i, j)]), out[max(i, j):]...)
		case 4:
			odd := []string{"null", "[]", "{}", "1e999", `"\u0000"`, "-1", "[[[[", `{"a":`, "true", strings.Repeat("9", 400), "\x00", `"arn:aws:ec2:::"`, "AWS::", "${ref:x}"}
			i := at()
			out = append(bytes.Clone(out[:i]), append([]byte(odd[random.IntN(len(odd))]), out[i:]...)...)
		case 5:
			// Another type for a value: a text becomes an object.
			out = bytes.Replace(out, []byte(`: "`), []byte(`: {"x": "`), 1+random.IntN(3))
		case 6:
			values := []string{`: null`, `: []`, `: {}`, `: 7`, `: "x"`, `: true`}
			parts := bytes.SplitN(out, []byte(`": `), 2+random.IntN(40))
			last := parts[len(parts)-1]
			if end := bytes.IndexAny(last, ",}"); end > 0 && len(parts) > 1 {
				parts[len(parts)-1] = append([]byte(values[random.IntN(len(values))][2:]), last[end:]...)
				out = bytes.Join(parts, []byte(`": `))
			}
		case 7:
			out = bytes.ReplaceAll(out, []byte("Id"), []byte("id"))
		}
		if len(out) == 0 {
			return []byte("[")
		}
	}
	return out
}

// Fuzz reads any text as any format.
func FuzzRead(f *testing.F) {
	for i, one := range fixtures(f) {
		f.Add(one.content, i%8)
	}
	reader := files.NewReader()
	limits := filestest.Small()
	f.Fuzz(func(t *testing.T, content []byte, which int) {
		formats := files.Formats()[1:]
		d := document.Bytes("eu-west-1/describe-instances.json", content, limits)
		format := formats[uint(which)%uint(len(formats))]
		if found, err := reader.Recognise(d); err == nil && which%2 == 0 {
			format = found
		}
		if err := reader.Read(t.Context(), format, d, &gathered{}); err != nil && !errors.Is(err, t.Context().Err()) {
			t.Errorf("read as %s: %v", format, err)
		}
	})
}
