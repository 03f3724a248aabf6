package recorder

import (
	"encoding/base64"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// camel returns an SDK structure as AWS Config writes the kinds of before
// 2022: the API's members with a small first letter ("DBInstanceClass" is
// "dBInstanceClass", which is what its Java serialiser made of them). Members
// without a value are left out, empty lists stay.
func camel(v any) map[string]any { return object(v, true) }

// pascal returns an SDK structure with the API's own member names, which are
// the CloudFormation property names for many kinds.
func pascal(v any) map[string]any { return object(v, false) }

func object(v any, small bool) map[string]any {
	out, _ := shape(reflect.ValueOf(v), small).(map[string]any)
	if out == nil {
		out = map[string]any{}
	}
	return out
}

// camels is camel for a list.
func camels[T any](list []T) []any { return shapeList(reflect.ValueOf(list), true) }

func pascals[T any](list []T) []any { return shapeList(reflect.ValueOf(list), false) }

// shape returns nil for what has no value.
func shape(v reflect.Value, small bool) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return shape(v.Elem(), small)
	case reflect.Struct:
		if t, ok := v.Interface().(time.Time); ok {
			return t.UTC().Format(timeForm)
		}
		return shapeStruct(v, small)
	case reflect.Slice:
		if raw, ok := v.Interface().([]byte); ok {
			return base64.StdEncoding.EncodeToString(raw)
		}
		return shapeList(v, small)
	case reflect.Map:
		out := map[string]any{}
		for _, key := range v.MapKeys() {
			out[key.String()] = shape(v.MapIndex(key), small)
		}
		return out
	case reflect.String:
		// An enumeration without a value is the empty text.
		if v.Len() == 0 && v.Type().PkgPath() != "" {
			return nil
		}
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Float32, reflect.Float64:
		return v.Float()
	}
	return nil
}

func shapeStruct(v reflect.Value, small bool) map[string]any {
	out := map[string]any{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		// ResultMetadata belongs to the SDK, not to the answer.
		if !field.IsExported() || field.Name == "ResultMetadata" {
			continue
		}
		if value := shape(v.Field(i), small); value != nil {
			name := field.Name
			if small {
				name = lowerFirst(name)
			}
			out[name] = value
		}
	}
	return out
}

func shapeList(v reflect.Value, small bool) []any {
	out := make([]any, 0, v.Len())
	for i := range v.Len() {
		out = append(out, shape(v.Index(i), small))
	}
	return out
}

func lowerFirst(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(r)) + name[size:]
}

// text returns what a pointer points to; "" for nil.
func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// when returns the time a pointer points to; zero for nil.
func when(p *time.Time) time.Time {
	if p == nil {
		return time.Time{}
	}
	return p.UTC()
}

// without removes members that change by themselves, such as counters: an item
// must change only when the configuration does.
func without(configuration map[string]any, names ...string) map[string]any {
	for _, name := range names {
		delete(configuration, name)
	}
	return configuration
}

// tagged turns a service's own tag type into a map.
func tagged[T any](tags []T, pair func(T) (key, value *string)) map[string]string {
	out := map[string]string{}
	for _, tag := range tags {
		key, value := pair(tag)
		out[text(key)] = text(value)
	}
	return out
}

// afterLast returns what stands behind the last separator: the id in an ARN.
func afterLast(s, separator string) string { return s[strings.LastIndex(s, separator)+len(separator):] }

// sortedKeys returns the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
