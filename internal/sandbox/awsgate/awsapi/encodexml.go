package awsapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// encodeQuery writes the answer of a query service:
// <OpResponse><OpResult>...</OpResult><ResponseMetadata>...</OpResponse>.
func encodeQuery(c *Call, result map[string]any) ([]byte, error) {
	v := plain(result, xmlLeaf)
	if err := check(v); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	fmt.Fprintf(&b, "<%sResponse", c.Operation)
	if c.Namespace != "" {
		b.WriteString(` xmlns="` + escape(c.Namespace) + `"`)
	}
	b.WriteString(">")
	if members, _ := v.(map[string]any); len(members) > 0 {
		open(&b, c.Operation+"Result")
		writeXML(&b, members)
		shut(&b, c.Operation+"Result")
	}
	b.WriteString("<ResponseMetadata><RequestId>" + escape(c.RequestID) + "</RequestId></ResponseMetadata>")
	fmt.Fprintf(&b, "</%sResponse>\n", c.Operation)
	return b.Bytes(), nil
}

func xmlLeaf(leaf any) any {
	switch leaf := leaf.(type) {
	case time.Time:
		return leaf.UTC().Format("2006-01-02T15:04:05.999Z")
	case []byte:
		return base64.StdEncoding.EncodeToString(leaf)
	case float32:
		return float64(leaf)
	}
	return leaf
}

func writeXML(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			open(b, name)
			writeXML(b, v[name])
			shut(b, name)
		}
	case Entries:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			b.WriteString("<entry><key>" + escape(key) + "</key><value>")
			writeXML(b, v[key])
			b.WriteString("</value></entry>")
		}
	case []any:
		for _, e := range v {
			open(b, "member")
			writeXML(b, e)
			shut(b, "member")
		}
	default:
		b.WriteString(escape(scalar(v)))
	}
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	case float64:
		switch {
		case math.IsInf(v, 1):
			return "Infinity"
		case math.IsInf(v, -1):
			return "-Infinity"
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func open(b *bytes.Buffer, name string) { b.WriteString("<" + name + ">") }
func shut(b *bytes.Buffer, name string) { b.WriteString("</" + name + ">") }

// escape also replaces what XML 1.0 cannot hold at all (control characters),
// as encoding/xml does, so that the answer parses whatever a caller sent.
func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a bytes.Buffer takes every write
	return b.String()
}
