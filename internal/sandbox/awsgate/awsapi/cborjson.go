package awsapi

import (
	"encoding/base64"
	"encoding/json"
)

// The control plane behind the gate speaks no CBOR, while the SDKs prefer it
// for the services that offer it. All of these also speak awsJson, so a call
// goes on as that and its answer comes back as CBOR.

// JSONInput is the call's input as an awsJson body.
func (c *Call) JSONInput() ([]byte, error) {
	if c.Params == nil {
		return []byte("{}"), nil
	}
	return encodeJSON(c.Params)
}

// FromJSON gives the members of an awsJson answer the types that CBOR has for
// them: times and blobs, known by name from the model. It changes its argument.
func (m *Model) FromJSON(result map[string]any) map[string]any {
	for name, v := range result {
		result[name] = m.fromJSON(name, v)
	}
	return result
}

func (m *Model) fromJSON(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		return m.FromJSON(v)
	case []any:
		for i := range v {
			v[i] = m.fromJSON(name, v[i])
		}
		return v
	case json.Number:
		if t, ok := Time(map[string]any{"t": v}, "t"); ok && m.times[name] {
			return t
		}
	case string:
		if t, ok := Time(map[string]any{"t": v}, "t"); ok && m.times[name] {
			return t
		}
		if raw, err := base64.StdEncoding.DecodeString(v); err == nil && m.blobs[name] {
			return raw
		}
	}
	return v
}
