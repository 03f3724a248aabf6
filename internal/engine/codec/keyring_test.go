package codec_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/engine/codec"
	"example.com/landfall/internal/fault"
)

const (
	zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	short = "c2VjcmV0LXNlY3JldA=="
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		document string
		kind     fault.Kind
		says     string
	}{
		"nothing":          {``, fault.Invalid, "expected form"},
		"no JSON":          {`key: ` + zeros, fault.Invalid, "expected form"},
		"unknown field":    {`{"schemaVersion":1,"current":"a","keys":[{"id":"a","key":"` + zeros + `","secret":"hunter2"}]}`, fault.Invalid, "expected form"},
		"second document":  {`{"schemaVersion":1,"current":"a","keys":[{"id":"a","key":"` + zeros + `"}]}{}`, fault.Invalid, "follows"},
		"another version":  {`{"schemaVersion":2,"current":"a","keys":[{"id":"a","key":"` + zeros + `"}]}`, fault.Unsupported, "schemaVersion 2"},
		"no keys":          {`{"schemaVersion":1,"current":"a","keys":[]}`, fault.Invalid, `current key "a"`},
		"current missing":  {`{"schemaVersion":1,"current":"b","keys":[{"id":"a","key":"` + zeros + `"}]}`, fault.Invalid, `current key "b"`},
		"short key":        {`{"schemaVersion":1,"current":"a","keys":[{"id":"a","key":"` + short + `"}]}`, fault.Invalid, `key "a" is not 32 bytes`},
		"key not base64":   {`{"schemaVersion":1,"current":"a","keys":[{"id":"a","key":"hunter2!"}]}`, fault.Invalid, `key "a" is not 32 bytes`},
		"same id twice":    {`{"schemaVersion":1,"current":"a","keys":[{"id":"a","key":"` + zeros + `"},{"id":"a","key":"` + zeros + `"}]}`, fault.Invalid, "twice"},
		"id with a space":  {`{"schemaVersion":1,"current":"a b","keys":[{"id":"a b","key":"` + zeros + `"}]}`, fault.Invalid, "no id"},
		"id without words": {`{"schemaVersion":1,"current":"","keys":[{"id":"","key":"` + zeros + `"}]}`, fault.Invalid, "no id"},
	} {
		_, err := codec.Parse([]byte(c.document))
		if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %s with %q", name, err, c.kind, c.says)
			continue
		}
		for _, secret := range []string{"hunter2", short, zeros} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error shows a key: %v", name, err)
			}
		}
	}
}

// Whatever the bytes are, Parse answers with a keyring that writes itself
// back, or with an error: it never panics.
func TestParseAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		valid := codec.NewKeyring().Marshal()
		at := rapid.IntRange(0, len(valid)-1).Draw(t, "at")
		data := append(append([]byte{}, valid[:at]...), rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "bytes")...)
		if rapid.Bool().Draw(t, "rest") {
			data = append(data, valid[at+1:]...)
		}
		k, err := codec.Parse(data)
		if err != nil {
			return
		}
		again, err := codec.Parse(k.Marshal())
		if err != nil || again.Current() != k.Current() {
			t.Fatalf("a keyring does not read what it wrote: %v", err)
		}
	})
}
