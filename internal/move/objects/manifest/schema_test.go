package manifest_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/landfall/internal/move/objects/manifest"
)

// Every line that is written is as the published schema says, and a line that
// is not is no manifest's.
func TestLinesFitTheSchema(t *testing.T) {
	t.Parallel()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("../../../../docs/reference/schemas/object-manifest.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	all := append([]manifest.Line{{Key: "\xff", Result: manifest.Refused, Reason: "key-utf8"}}, lines(30)...)
	content, summary := file(t, part(t, "a", all), part(t, "", nil))
	b := bytes.NewBuffer(content)
	if _, err := manifest.Sign(context.Background(), b, summary, newKeyring(1)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := readAll(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	fits := func(line []byte) error {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(document)
	}
	seen := 0
	for line := range bytes.Lines(decompress(t, b.Bytes())) {
		if err := fits(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		seen++
	}
	if seen != 1+31+2+1+1 {
		t.Errorf("%d lines", seen)
	}
	for _, bad := range []string{`{}`, `{"key":"a"}`, `{"key":"a","size":-1,"result":"same"}`, `{"key":"a","size":1,"result":"lost"}`, `{"key":"a","key64":"YQ==","size":1,"result":"same"}`,
		`{"key":"a","size":1,"result":"same","crc64":"` + strings.Repeat("A", 16) + `"}`} {
		if fits([]byte(bad)) == nil {
			t.Errorf("%s fits", bad)
		}
	}
}
