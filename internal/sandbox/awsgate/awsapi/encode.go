package awsapi

import (
	"encoding/json"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/fxamacker/cbor/v2"

	"example.com/landfall/internal/fault"
)

// Answer is an encoded answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// EncodeResult encodes a result in the protocol of the call. See Service for
// the values it may hold.
func EncodeResult(c *Call, result map[string]any) (*Answer, error) {
	a := &Answer{Status: http.StatusOK, Header: http.Header{}}
	a.Header.Set("X-Amzn-Requestid", c.RequestID)
	if result == nil {
		result = map[string]any{}
	}
	var err error
	switch c.Protocol {
	case JSON10, JSON11, RestJSON:
		a.Header.Set("Content-Type", contentType(c.Protocol))
		a.Body, err = encodeJSON(result)
	case CBOR:
		a.Header.Set("Content-Type", contentType(CBOR))
		a.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
		a.Body, err = encodeCBOR(result)
	case Query:
		a.Header.Set("Content-Type", contentType(Query))
		a.Body, err = encodeQuery(c, result)
	default:
		// What the gate answers by itself is RPC; for these protocols a
		// result needs the shapes (ec2's set names, rest-xml's root).
		err = fault.Newf(fault.Unsupported, "encode a result of %q in %q", c.Service, c.Protocol)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

func contentType(p Protocol) string {
	switch p {
	case JSON10:
		return "application/x-amz-json-1.0"
	case JSON11:
		return "application/x-amz-json-1.1"
	case RestJSON:
		return "application/json"
	case CBOR:
		return "application/cbor"
	case RestXML:
		return "application/xml"
	}
	return "text/xml"
}

// plain turns a result into what the encoders know: map[string]any, Entries,
// []any and leaves. at converts the leaves that protocols differ in.
func plain(v any, at func(any) any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case time.Time, []byte, float64, float32:
		return at(v)
	case string, bool, int, int32, int64, uint64, json.Number:
		return v
	case *string:
		if v == nil {
			return nil
		}
		return *v
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Slice, reflect.Array:
		out := make([]any, r.Len())
		for i := range out {
			out[i] = plain(r.Index(i).Interface(), at)
		}
		return out
	case reflect.Map:
		return plainMap(r, at)
	case reflect.String:
		return r.String()
	case reflect.Pointer, reflect.Interface:
		if r.IsNil() {
			return nil
		}
		return plain(r.Elem().Interface(), at)
	case reflect.Int8, reflect.Int16:
		return r.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return r.Uint()
	}
	// A value outside the contract of Service is a defect of that service,
	// and the encoder that meets this reports it.
	return unencodable{kind: r.Kind()}
}

type unencodable struct{ kind reflect.Kind }

func plainMap(r reflect.Value, at func(any) any) any {
	out := make(map[string]any, r.Len())
	for iter := r.MapRange(); iter.Next(); {
		if v := plain(iter.Value().Interface(), at); v != nil {
			out[iter.Key().String()] = v
		}
	}
	if r.Type() == reflect.TypeFor[Entries]() {
		return Entries(out)
	}
	return out
}

// check finds a value that no encoder knows.
func check(v any) error {
	switch v := v.(type) {
	case unencodable:
		return fault.Newf(fault.Internal, "encode a value of kind %q", v.kind)
	case []any:
		for _, e := range v {
			if err := check(e); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, e := range v {
			if err := check(e); err != nil {
				return err
			}
		}
	case Entries:
		return check(map[string]any(v))
	}
	return nil
}

func encodeJSON(result map[string]any) ([]byte, error) {
	v := plain(result, func(leaf any) any {
		switch leaf := leaf.(type) {
		case time.Time:
			// awsJson writes times as epoch seconds, with milliseconds.
			return json.Number(epoch(leaf))
		case float64:
			return jsonFloat(leaf)
		case float32:
			return jsonFloat(float64(leaf))
		}
		return leaf // []byte is base64 in encoding/json and in awsJson
	})
	if err := check(v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// jsonFloat: awsJson sends what JSON has no number for as text.
func jsonFloat(f float64) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return f
}

func epoch(t time.Time) string {
	ms := t.UnixMilli()
	if ms%1000 == 0 {
		return strconv.FormatInt(ms/1000, 10)
	}
	return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64)
}

func encodeCBOR(result map[string]any) ([]byte, error) {
	v := plain(result, func(leaf any) any {
		switch leaf := leaf.(type) {
		case time.Time:
			// rpc-v2-cbor: tag 1, epoch seconds, here with milliseconds.
			ms := leaf.UnixMilli()
			if ms%1000 == 0 {
				return cbor.Tag{Number: 1, Content: ms / 1000}
			}
			return cbor.Tag{Number: 1, Content: float64(ms) / 1000}
		case float32:
			return float64(leaf)
		}
		return leaf
	})
	if err := check(v); err != nil {
		return nil, err
	}
	mode, err := cbor.EncOptions{Sort: cbor.SortBytewiseLexical}.EncMode()
	if err != nil {
		return nil, fault.Of(fault.Internal, "set up CBOR", "", err)
	}
	return mode.Marshal(numbersOf(v))
}

// numbersOf replaces json.Number, which CBOR would write as text.
func numbersOf(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = numbersOf(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = numbersOf(v[k])
		}
	case Entries:
		return numbersOf(map[string]any(v))
	}
	return v
}
