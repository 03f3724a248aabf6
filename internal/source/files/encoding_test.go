package files_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"example.com/landfall/internal/source/files"
)

// coding is a way in which a text may be written to a file.
type coding struct {
	name string
	of   func(text []byte) []byte
}

func codings() []coding {
	wide := func(order binary.AppendByteOrder, mark bool) func([]byte) []byte {
		return func(text []byte) []byte {
			var out []byte
			if mark {
				out = order.AppendUint16(out, 0xfeff)
			}
			for _, unit := range utf16.Encode([]rune(strings.TrimPrefix(string(text), "\ufeff"))) {
				out = order.AppendUint16(out, unit)
			}
			return out
		}
	}
	pack := func(text []byte) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(text) // a bytes.Buffer takes everything
		_ = z.Close()
		return b.Bytes()
	}
	plain := func(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }
	return []coding{
		{"utf-8", plain},
		{"utf-8 with mark", func(text []byte) []byte { return append([]byte("\ufeff"), plain(text)...) }},
		{"crlf", func(text []byte) []byte {
			return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		}},
		{"utf-16 le with mark", wide(binary.LittleEndian, true)},
		{"utf-16 be with mark", wide(binary.BigEndian, true)},
		{"utf-16 le", wide(binary.LittleEndian, false)},
		{"utf-16 be", wide(binary.BigEndian, false)},
		{"gzip", pack},
		{"gzip twice", func(text []byte) []byte { return pack(pack(text)) }},
		{"gzip of utf-16", func(text []byte) []byte { return pack(wide(binary.LittleEndian, true)(text)) }},
		{"several gzip members", func(text []byte) []byte {
			return append(pack(text[:len(text)/2]), pack(text[len(text)/2:])...)
		}},
	}
}

// Every fixture says the same in every coding, and under a name that tells
// nothing of its format.
func TestCodingsAndNamesChangeNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"terraform/terraform.tfstate", "terraform/v3.tfstate", "terraform/show.json", "terraform-plan/plan.json", "config/history.json",
		"config-api/batch-get-resource-config.json", "config-api/select-resource-config.json", "discovery/shop.csv", "discovery/diagram-1.json", "discovery/plain.drawio",
		"discovery/address.txt", "list/cmdb.csv", "list/tag-editor.csv", "cloudformation/shop.yaml", "describe/eu-west-1/describe-instances.json", "describe/eu-west-1/clusters.json",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			var want string
			for _, c := range codings() {
				// The path is the same each time, for it stands in the origins.
				path := filepath.Join(t.TempDir(), "x")
				write(t, path, c.of(content))
				got := said(t, path)
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%s: differs from %s\ngot  %s\nwant %s", c.name, codings()[0].name, got, want)
				}
			}
			if !strings.Contains(want, `"ID"`) && !strings.Contains(want, `"id"`) {
				t.Errorf("nothing was found: %s", want)
			}
		})
	}
}

// said is what a file says, without its path.
func said(t *testing.T, path string) string {
	t.Helper()
	g := scan(t, files.Input{Format: files.Auto, Path: path})
	out, err := json.Marshal([]any{g.Observations, g.UnreadList, g.RefusedList})
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(out), path, "PATH")
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
