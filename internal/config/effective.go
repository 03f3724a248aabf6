package config

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Setting is the effective value of one key.
type Setting struct {
	// Key is its path: "sandbox.historyDays".
	Key string `json:"key"`
	// Value is a string, int64, bool, []string, map[string]string or
	// []map[string]string, never nil.
	Value any `json:"value"`
	// Origin is "default", "FILE:LINE", "env NAME" or "flag --NAME".
	Origin string `json:"origin"`
}

// Text is the value for a table: a scalar as it is, anything else as JSON.
func (s Setting) Text() string {
	switch v := s.Value.(type) {
	case string, int64, bool:
		return fmt.Sprint(v)
	}
	b, err := json.Marshal(s.Value)
	if err != nil { // strings, lists and maps of strings always encode
		panic(err)
	}
	return string(b)
}

// Effective lists every key with its value and where it came from, in the
// order of the table.
func (c *Config) Effective() []Setting { return slices.Clone(c.settings) }

// Key describes one key of the configuration, for command-line flags and for
// the reference page.
type Key struct {
	// Path as in the file: "sandbox.historyDays", "source.accounts[].id".
	Path string `json:"path"`
	// Type in words.
	Type string `json:"type"`
	// Doc is what the key means.
	Doc string `json:"doc"`
	// Default in the form of Setting.Text; "" when there is none.
	Default string `json:"default,omitempty"`
	// Required keys must stand in the file.
	Required bool `json:"required,omitempty"`
	// Env and Flag set the key from outside; "" when only the file can. Flag
	// has no dashes.
	Env  string `json:"env,omitempty"`
	Flag string `json:"flag,omitempty"`
}

// Keys describes every key, in the order of the table.
func Keys() []Key {
	var out []Key
	for _, k := range keys() {
		row := Key{Path: k.path, Type: string(k.form), Doc: k.doc, Required: k.must}
		if k.def != nil {
			row.Default = Setting{Value: k.def}.Text()
		}
		if k.form.scalar() && !k.fileOnly {
			row.Env, row.Flag = EnvName(k.path), FlagName(k.path)
		}
		out = append(out, row)
		for _, f := range k.fields {
			out = append(out, Key{Path: k.path + "[]." + f.path, Type: string(f.form), Doc: f.doc, Required: f.must})
		}
	}
	return out
}
