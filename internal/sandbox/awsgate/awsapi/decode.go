package awsapi

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"example.com/landfall/internal/fault"
)

// decodeJSON decodes an awsJson body. Numbers stay json.Number, so that ids
// and byte counts beyond 2^53 keep every digit.
func decodeJSON(body []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return map[string]any{}, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var out map[string]any
	if err := d.Decode(&out); err != nil {
		return nil, Refuse("SerializationException", "the body is not a JSON object")
	}
	if out == nil {
		out = map[string]any{}
	}
	return out, nil
}

func cborMode() (cbor.DecMode, error) {
	return cbor.DecOptions{
		DefaultMapType:  reflect.TypeFor[map[string]any](),
		MaxNestedLevels: 64, MaxArrayElements: 1 << 20, MaxMapPairs: 1 << 20,
	}.DecMode()
}

func decodeCBOR(body []byte) (map[string]any, error) {
	if len(body) == 0 {
		return map[string]any{}, nil
	}
	mode, err := cborMode()
	if err != nil {
		return nil, fault.Of(fault.Internal, "set up CBOR", "", err)
	}
	var out map[string]any
	if err := mode.Unmarshal(body, &out); err != nil {
		return nil, Refuse("SerializationException", "the body is not a CBOR map")
	}
	if out == nil {
		out = map[string]any{}
	}
	return out, nil
}

// maxXMLDepth bounds the nesting of a document that is decoded.
const maxXMLDepth = 64

// DecodeXML decodes a document into nested values: elements named "member" or
// "item" and elements that repeat become lists, text becomes a string, an
// empty element "". Attributes are dropped. The root's own name is not kept.
func DecodeXML(body []byte) (map[string]any, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict = true
	for {
		token, err := d.Token()
		if err == io.EOF {
			return nil, fault.Newf(fault.Invalid, "read XML: no element")
		}
		if err != nil {
			return nil, fault.Of(fault.Invalid, "read XML", "", err)
		}
		if _, ok := token.(xml.StartElement); ok {
			v, err := element(d, 1)
			if err != nil {
				return nil, err
			}
			if m, ok := v.(map[string]any); ok {
				return m, nil
			}
			return map[string]any{}, nil
		}
	}
}

// element decodes the content of the element that was just opened.
func element(d *xml.Decoder, depth int) (any, error) {
	if depth > maxXMLDepth {
		return nil, fault.Newf(fault.Invalid, "read XML: more than %d levels", maxXMLDepth)
	}
	var text strings.Builder
	var node map[string]any
	for {
		token, err := d.Token()
		if err != nil {
			return nil, fault.Of(fault.Invalid, "read XML", "", err)
		}
		switch t := token.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			v, err := element(d, depth+1)
			if err != nil {
				return nil, err
			}
			if node == nil {
				node = map[string]any{}
			}
			join(node, t.Name.Local, v)
		case xml.EndElement:
			return content(node, text.String()), nil
		}
	}
}

func join(node map[string]any, name string, v any) {
	have, repeated := node[name]
	list, isList := have.([]any)
	switch {
	case isList && repeats(name):
		node[name] = append(list, v)
	case repeats(name):
		node[name] = []any{v}
	case !repeated:
		node[name] = v
	default:
		if more, ok := have.(repeatedList); ok {
			node[name] = append(more, v)
		} else {
			node[name] = repeatedList{have, v}
		}
	}
}

// repeatedList marks a list made of an element that happened to repeat, until
// its parent is complete: the value of one occurrence may itself be a list.
type repeatedList []any

// repeats: the element names that always stand for members of a list.
func repeats(name string) bool { return name == "member" || name == "item" }

func content(node map[string]any, text string) any {
	if node == nil {
		return text
	}
	if len(node) == 1 {
		if list, ok := node["member"].([]any); ok {
			return list
		}
		if list, ok := node["item"].([]any); ok {
			return list
		}
	}
	for name, v := range node {
		if list, ok := v.(repeatedList); ok {
			node[name] = []any(list)
		}
	}
	return node
}

// DecodeOutcome decodes what a service answered into an outcome without its
// duration. body may be nil when it was too long to keep.
func DecodeOutcome(c *Call, status int, header http.Header, body []byte) Outcome {
	o := Outcome{Status: status, RequestID: requestID(header)}
	decoded := decodeAnswer(c, header, body)
	if status >= 400 {
		o.ErrorCode, o.ErrorMessage = errorOf(header, decoded)
		if o.ErrorCode == "" {
			// Some answers (HEAD, a crash) carry no document; S3 clients
			// know them by their status alone, and so does CloudTrail.
			o.ErrorCode = strings.ReplaceAll(http.StatusText(status), " ", "")
		}
		return o
	}
	if meta := Map(decoded, "ResponseMetadata"); meta != nil && o.RequestID == "" {
		o.RequestID = String(meta, "RequestId")
	}
	if id := String(decoded, "requestId"); id != "" && o.RequestID == "" {
		o.RequestID = id
	}
	o.Result = decoded
	if inner, ok := decoded[c.Operation+"Result"]; ok && c.Protocol == Query {
		o.Result, _ = inner.(map[string]any)
	} else {
		delete(o.Result, "ResponseMetadata")
	}
	return o
}

func requestID(header http.Header) string {
	for _, name := range []string{"X-Amzn-Requestid", "X-Amz-Request-Id"} {
		if id := header.Get(name); id != "" {
			return id
		}
	}
	return ""
}

func decodeAnswer(c *Call, header http.Header, body []byte) map[string]any {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	var out map[string]any
	var err error
	switch content := header.Get("Content-Type"); {
	case c.Protocol == CBOR:
		out, err = decodeCBOR(body)
	case c.Protocol == JSON10, c.Protocol == JSON11, c.Protocol == RestJSON:
		out, err = decodeJSON(body)
	case c.Protocol == Query, c.Protocol == EC2, strings.Contains(content, "xml"):
		out, err = DecodeXML(body)
	}
	if err != nil {
		// An answer that does not decode is passed on to the caller all the
		// same; observers see it as one without members.
		return nil
	}
	return out
}

// errorOf finds code and message wherever the protocol keeps them.
func errorOf(header http.Header, doc map[string]any) (code, message string) {
	for _, inner := range []map[string]any{Map(doc, "Error"), Map(Map(doc, "Errors"), "Error"), doc} {
		for _, name := range []string{"Code", "__type", "code"} {
			if code == "" {
				code = String(inner, name)
			}
		}
		for _, name := range []string{"Message", "message", "errorMessage"} {
			if message == "" {
				message = String(inner, name)
			}
		}
	}
	if h := header.Get("X-Amzn-Errortype"); h != "" {
		code = h
	}
	// "ns#Code" (awsJson's __type) and "Code:http://..." (rest-json's header)
	// both carry more than the code.
	if i := strings.LastIndex(code, "#"); i >= 0 {
		code = code[i+1:]
	}
	code, _, _ = strings.Cut(code, ":")
	return code, message
}
