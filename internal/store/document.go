package store

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"slices"
	"strings"

	"example.com/landfall/internal/store/canon"
)

// document is an artefact that is encoded member by member, and list element
// by element: the JSON of a graph of a million edges is never in memory as a
// whole. Several goroutines may read it at once.
type document struct{ members []field }

// field is a member of the artefact's object.
type field struct {
	name  string
	value reflect.Value
	// list says that the value is written element by element.
	list bool
}

// documentOf takes an artefact apart and checks the rule of Artefact.
func documentOf(value Artefact) (document, error) {
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct || encodesItself(v.Type()) {
		return document{}, fmt.Errorf("%T is no plain struct", value)
	}
	var d document
	for i := range v.NumField() {
		f, err := fieldOf(v.Type().Field(i), v.Field(i))
		if err != nil {
			return document{}, err
		}
		if f.name != "" {
			d.members = append(d.members, f)
		}
	}
	return d, d.obeys(value)
}

// fieldOf is the member that encoding/json makes of a field; its name is ""
// when it makes none.
func fieldOf(t reflect.StructField, v reflect.Value) (field, error) {
	tag := t.Tag.Get("json")
	name, options, _ := strings.Cut(tag, ",")
	switch {
	case t.Anonymous:
		return field{}, fmt.Errorf("the field %s is embedded", t.Name)
	case !t.IsExported() || tag == "-" || options == "omitempty" && empty(v):
		return field{}, nil
	case options != "" && options != "omitempty":
		return field{}, fmt.Errorf("the field %s has the JSON options %q", t.Name, options)
	}
	list := v.Kind() == reflect.Slice && !v.IsNil() && t.Type.Elem().Kind() != reflect.Uint8 && !encodesItself(t.Type)
	return field{name: cmp.Or(name, t.Name), value: v, list: list}, nil
}

// empty is what encoding/json leaves out under omitempty.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	default:
		return v.IsZero()
	}
}

// encodesItself reports whether encoding/json asks the type for its form.
func encodesItself(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// obeys checks the two members that every artefact has.
func (d document) obeys(value Artefact) error {
	head := map[string]json.RawMessage{}
	e := newEncoder()
	for _, f := range d.members {
		if f.name != "schemaVersion" && f.name != "inputs" {
			continue
		}
		text, err := e.encoded(f.value)
		if err != nil {
			return err
		}
		head[f.name] = bytes.Clone(text)
	}
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	return obeys(text, value)
}

// encoder gives the compact JSON of values, each valid until the next.
type encoder struct {
	b    bytes.Buffer
	json *json.Encoder
}

func newEncoder() *encoder {
	e := &encoder{}
	e.json = json.NewEncoder(&e.b)
	e.json.SetEscapeHTML(false)
	return e
}

func (e *encoder) encoded(v reflect.Value) ([]byte, error) {
	e.b.Reset()
	if err := e.json.Encode(v.Interface()); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(e.b.Bytes(), []byte("\n")), nil
}

// elements gives the compact JSON of a list's elements. They are handed over
// by address, as encoding/json sees the elements of a list.
func (e *encoder) elements(list reflect.Value) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range list.Len() {
			if !yield(e.encoded(list.Index(i).Addr())) {
				return
			}
		}
	}
}

// fingerprint is that of the whole document: canon.Fingerprint of its JSON.
func (d document) fingerprint() (string, error) {
	members := slices.Clone(d.members)
	slices.SortFunc(members, func(a, b field) int { return strings.Compare(a.name, b.name) })
	e, o := newEncoder(), canon.NewObject()
	for _, f := range members {
		if f.list {
			if err := o.List(f.name, e.elements(f.value)); err != nil {
				return "", err
			}
			continue
		}
		text, err := e.encoded(f.value)
		if err == nil {
			err = o.Member(f.name, text)
		}
		if err != nil {
			return "", err
		}
	}
	return o.Fingerprint(), nil
}

// write writes the document with two spaces of indentation and a final newline.
func (d document) write(to io.Writer) error {
	e, w := newEncoder(), newIndenter(to)
	w.open('{')
	for i, f := range d.members {
		if i > 0 {
			w.comma()
		}
		name, err := e.encoded(reflect.ValueOf(f.name))
		if err != nil {
			return err
		}
		w.value(name)
		w.value([]byte(":"))
		if !f.list || f.value.Len() == 0 {
			text, err := e.encoded(f.value)
			if err != nil {
				return err
			}
			w.value(text)
			continue
		}
		if err := w.list(e.elements(f.value)); err != nil {
			return err
		}
	}
	w.close('}')
	w.b.WriteByte('\n') // the writer keeps its first error for Flush
	return w.b.Flush()
}

// printed writes the document and takes its fingerprint at the same time. A
// document without one is not written: the error comes before the end.
func (d document) printed(to io.Writer) (fingerprint string, err error) {
	type outcome struct {
		fingerprint string
		err         error
	}
	hashed := make(chan outcome, 1)
	go func() {
		var o outcome
		o.fingerprint, o.err = d.fingerprint()
		hashed <- o
	}()
	err = d.write(to)
	o := <-hashed
	return o.fingerprint, errors.Join(o.err, err)
}
