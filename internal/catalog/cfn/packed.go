package cfn

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"io"
)

// packed holds a line of JSON per kind, in order of the kinds' names.
//
//go:embed schemas.jsonl.gz
var packed []byte

// packedSchema is one line of the embedded file.
type packedSchema struct {
	Name         string                `json:"n"`
	Root         packedType            `json:"t"`
	Definitions  map[string]packedType `json:"d,omitempty"`
	ReadOnly     []string              `json:"r,omitempty"`
	WriteOnly    []string              `json:"w,omitempty"`
	CreateOnly   []string              `json:"c,omitempty"`
	Identifier   []string              `json:"i,omitempty"`
	Alternatives [][]string            `json:"a,omitempty"`
	Tags         string                `json:"g,omitempty"`
}

// packedType is a type in the embedded file. A type of which only the form is
// known is written as the form's letter alone, a reference as "#" and the
// name of the definition.
type packedType struct {
	Form      string                `json:"f"`
	Ref       string                `json:"-"`
	Fields    map[string]packedType `json:"p,omitempty"`
	Item      *packedType           `json:"e,omitempty"`
	Unordered bool                  `json:"u,omitempty"`
	Unique    bool                  `json:"U,omitempty"`
	Required  []string              `json:"q,omitempty"`
	Default   any                   `json:"D,omitempty"`
	Enum      []string              `json:"E,omitempty"`
	Refers    []string              `json:"R,omitempty"`
}

// longType is packedType without its short form.
type longType packedType

// MarshalJSON writes the short form where it says everything.
func (t packedType) MarshalJSON() ([]byte, error) {
	if t.Ref != "" {
		return json.Marshal("#" + t.Ref)
	}
	if t.Fields == nil && t.Item == nil && !t.Unordered && !t.Unique && t.Required == nil && t.Default == nil && t.Enum == nil && t.Refers == nil {
		return json.Marshal(t.Form)
	}
	return json.Marshal(longType(t))
}

// UnmarshalJSON reads both forms.
func (t *packedType) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		var short string
		if err := json.Unmarshal(data, &short); err != nil {
			return err
		}
		if short != "" && short[0] == '#' {
			t.Ref = short[1:]
		} else {
			t.Form = short
		}
		return nil
	}
	return json.Unmarshal(data, (*longType)(t))
}

// unpack returns the lines. The file is part of the program: if it is not what
// the generator wrote, the program was built wrongly, and a test fails before
// that.
func unpack(file []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil
	}
	return text
}
