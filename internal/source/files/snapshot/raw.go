package snapshot

import (
	"encoding/json"
	"errors"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source/files/document"
)

// rawItem is an item as it stands in the file.
type rawItem struct{ raw json.RawMessage }

// UnmarshalJSON keeps the bytes.
func (r *rawItem) UnmarshalJSON(b []byte) error {
	r.raw = append(r.raw[:0], b...)
	return nil
}

func (r *rawItem) decode(into any, limits document.Limits) error {
	raw := r.raw
	if len(raw) > 0 && raw[0] == '"' {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return fault.Of(fault.Invalid, "decode item", "", err)
		}
		raw = []byte(text)
	}
	d := document.Bytes("", raw, limits)
	text, err := d.Text()
	if err != nil {
		return err
	}
	err = d.JSON(text).Value(into)
	if broken, ok := errors.AsType[*document.Broken](err); ok {
		// The text within the text is broken, not the file.
		return fault.Of(fault.Invalid, "decode item", "", broken.Err)
	}
	return err
}
