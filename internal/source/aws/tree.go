package aws

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"time"
)

// maxTreeDepth bounds the depth of a tree. The deepest recursive shape that an
// AWS API answers (WAF's nested statements) stays far below it.
const maxTreeDepth = 64

// Tree returns the JSON tree of a value of the SDK: what encoding/json would
// decode, with these forms: a struct is an object under its Go names without
// the members that are not set and without ResultMetadata; a time is RFC 3339
// text in UTC; bytes are base64; a document is the value it holds; a union is
// an object of one member, named as in the API; a whole number is an int64.
// What has no JSON form (a stream, NaN) is left out.
func Tree(v any) any {
	tree, _ := treeOf(reflect.ValueOf(v), 0)
	return tree
}

// document is what the SDK's document types (free JSON) have in common. They
// are interfaces in the structs, with an implementation per service.
type document interface {
	MarshalSmithyDocument() ([]byte, error)
}

func treeOf(v reflect.Value, depth int) (tree any, ok bool) {
	if !v.IsValid() || depth > maxTreeDepth {
		return nil, false
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return treeBehind(v, depth)
	case reflect.Struct:
		return treeOfStruct(v, depth)
	case reflect.Map:
		return treeOfMap(v, depth)
	case reflect.Slice, reflect.Array:
		return treeOfList(v, depth)
	case reflect.String:
		// An enumeration that is not a pointer is "" when it is not set.
		return v.String(), true
	case reflect.Bool:
		return v.Bool(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n := v.Uint(); n <= math.MaxInt64 {
			return int64(n), true
		}
		return float64(v.Uint()), true
	case reflect.Float32, reflect.Float64:
		f := v.Float()
		return f, !math.IsNaN(f) && !math.IsInf(f, 0)
	}
	return nil, false
}

func treeBehind(v reflect.Value, depth int) (any, bool) {
	if v.IsNil() {
		return nil, false
	}
	if d, ok := v.Interface().(document); ok {
		return treeOfDocument(d)
	}
	if v.Kind() == reflect.Interface {
		if member, ok := unionMember(v.Elem()); ok {
			value, ok := treeOf(v.Elem().Elem().FieldByName("Value"), depth+1)
			return map[string]any{member: value}, ok
		}
	}
	return treeOf(v.Elem(), depth)
}

// unionMember returns the API's name of a union's member: the SDK names the
// types <Union>Member<Name>, and each has one field, Value.
func unionMember(v reflect.Value) (string, bool) {
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct || !v.Elem().FieldByName("Value").IsValid() {
		return "", false
	}
	_, member, ok := strings.Cut(v.Elem().Type().Name(), "Member")
	return member, ok && member != ""
}

func treeOfDocument(d document) (any, bool) {
	text, err := d.MarshalSmithyDocument()
	if err != nil {
		return nil, false
	}
	value, err := decodeTree(text)
	return value, err == nil && value != nil
}

func treeOfStruct(v reflect.Value, depth int) (any, bool) {
	if at, ok := v.Interface().(time.Time); ok {
		return at.UTC().Format(time.RFC3339Nano), !at.IsZero()
	}
	object := map[string]any{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Name == "ResultMetadata" {
			continue
		}
		if value, ok := treeOf(v.Field(i), depth+1); ok && value != "" {
			object[field.Name] = value
		}
	}
	return object, true
}

func treeOfMap(v reflect.Value, depth int) (any, bool) {
	if v.IsNil() || v.Type().Key().Kind() != reflect.String {
		return nil, false
	}
	object := make(map[string]any, v.Len())
	for _, key := range v.MapKeys() {
		if value, ok := treeOf(v.MapIndex(key), depth+1); ok {
			object[key.String()] = value
		}
	}
	return object, true
}

func treeOfList(v reflect.Value, depth int) (any, bool) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return nil, false
	}
	if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
		return base64.StdEncoding.EncodeToString(v.Bytes()), true
	}
	list := make([]any, 0, v.Len())
	for i := range v.Len() {
		if value, ok := treeOf(v.Index(i), depth+1); ok {
			list = append(list, value)
		}
	}
	return list, true
}

// decodeTree reads JSON into the form that Tree gives.
func decodeTree(text []byte) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return plainNumbers(value), nil
}

func plainNumbers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			v[key] = plainNumbers(member)
		}
	case []any:
		for i, member := range v {
			v[i] = plainNumbers(member)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	}
	return value
}
