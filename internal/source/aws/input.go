package aws

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// filling builds an operation's input.
type filling[I any] struct {
	build func(above []item) *I
	check []error
}

// newStep makes a step of an SDK method. The operation's name is that of its
// input's type, as the SDK generates it: DescribeVpcsInput.
func newStep[I, O, P any](f api[I, O, P], in filling[I]) *step {
	s := &step{operation: strings.TrimSuffix(reflect.TypeFor[I]().Name(), "Input"), check: in.check, via: inventory.Live}
	paging := pagingOf(reflect.TypeFor[I](), reflect.TypeFor[O]())
	s.call = call{
		input: func(above []item) (any, error) {
			if input := in.build(above); input != nil {
				return input, nil
			}
			return nil, nil //nolint:nilnil // no call, which is no mistake
		},
		do: func(ctx context.Context, input any, token string, at cloud.Region) (any, string, error) {
			asked := *input.(*I)
			if err := paging.ask(reflect.ValueOf(&asked).Elem(), token); err != nil {
				return nil, "", err
			}
			out, err := f(ctx, &asked, func(options *P) {
				if at != "" {
					reflect.ValueOf(options).Elem().FieldByName("Region").SetString(string(at))
				}
			})
			if err != nil {
				return nil, "", err
			}
			answer := Tree(out)
			for _, path := range paging.out { // the place is no part of the answer
				remove(answer, strings.Split(path, "."))
			}
			return answer, paging.next(reflect.ValueOf(out).Elem()), nil
		},
		find: func(path string) error { return findPath(reflect.TypeFor[O](), path) },
	}
	return s
}

// checked remembers a path that the answer does not have; a test asks for it.
func (s *step) checked(path string) *step {
	if s.call.find != nil {
		if err := s.call.find(path); err != nil {
			s.check = append(s.check, fmt.Errorf("%s: %w", s.operation, err))
		}
	}
	return s
}

func findPath(t reflect.Type, path string) error {
	if path == "" {
		return nil
	}
	for _, name := range strings.Split(path, ".") {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() == reflect.Map || t.Kind() == reflect.Interface {
			return nil // free names
		}
		if t.Kind() != reflect.Struct {
			return fmt.Errorf("the answer has nothing at %q", path)
		}
		field, ok := t.FieldByName(name)
		if !ok {
			return fmt.Errorf("the answer has no %q of %q", name, path)
		}
		t = field.Type
	}
	return nil
}

// filler fills one field of an input.
type filler struct {
	field int
	from  string // of the element above; "" is fixed
	fixed string
	many  bool // a batch's list
}

// filled reads the fields (see list); the fields of many take all elements
// above, the others the first.
func filled[I any](fields []string, many ...string) filling[I] {
	t := reflect.TypeFor[I]()
	var fillers []filler
	var check []error
	add := func(text string, many bool) {
		f, err := readFiller(t, text)
		f.many = many
		if err != nil {
			check = append(check, fmt.Errorf("%s: %w", t.Name(), err))
			return
		}
		fillers = append(fillers, f)
	}
	for _, text := range fields {
		add(text, false)
	}
	for _, text := range many {
		add(text, true)
	}
	build := func(above []item) *I {
		input := new(I)
		for _, f := range fillers {
			f.fill(reflect.ValueOf(input).Elem().Field(f.field), above)
		}
		return input
	}
	return filling[I]{build, check}
}

func readFiller(t reflect.Type, text string) (filler, error) {
	name, fixed, isFixed := strings.Cut(text, ":")
	f := filler{fixed: fixed}
	if !isFixed {
		p := readPair(text)
		name, f.from = p.to, p.from
	}
	field, ok := t.FieldByName(name)
	if !ok {
		return f, fmt.Errorf("no field %q", name)
	}
	f.field = field.Index[0]
	if isFixed && !set(reflect.New(field.Type).Elem(), fixedValue(field.Type, fixed)) {
		return f, fmt.Errorf("field %q does not take %q", name, fixed)
	}
	return f, nil
}

func (f filler) fill(field reflect.Value, above []item) {
	switch {
	case f.from == "":
		set(field, fixedValue(field.Type(), f.fixed))
	case f.many:
		set(field, f.values(above))
	case len(above) > 0:
		set(field, above[0].value(f.from))
	}
}

// values returns what a batch asks for, each once.
func (f filler) values(above []item) []any {
	var values []any
	for _, i := range above {
		for _, v := range elements(map[string]any(i), f.from) {
			if !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
	}
	return values
}

// fixedValue splits a fixed text at commas where the field is a list.
func fixedValue(t reflect.Type, text string) any {
	if t.Kind() != reflect.Slice {
		return text
	}
	var list []any
	for _, part := range strings.Split(text, ",") {
		list = append(list, part)
	}
	return list
}

// set puts a value of a tree into a field of an SDK struct, converting text to
// numbers and flags, and reports whether it fits. What is nil stays unset.
func set(field reflect.Value, value any) bool {
	if value == nil {
		return true
	}
	if field.Kind() == reflect.Pointer {
		target := reflect.New(field.Type().Elem())
		if !set(target.Elem(), value) {
			return false
		}
		field.Set(target)
		return true
	}
	switch v := value.(type) {
	case []any:
		return setList(field, v)
	case string:
		return setText(field, v)
	case int64:
		if field.CanInt() {
			field.SetInt(v)
			return true
		}
		return setText(field, strconv.FormatInt(v, 10))
	case bool:
		return setText(field, strconv.FormatBool(v))
	}
	return false
}

func setList(field reflect.Value, values []any) bool {
	if field.Kind() != reflect.Slice {
		return false
	}
	list := reflect.MakeSlice(field.Type(), len(values), len(values))
	for i, v := range values {
		if !set(list.Index(i), v) {
			return false
		}
	}
	field.Set(list)
	return true
}

func setText(field reflect.Value, text string) bool {
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		field.SetBool(b)
		return err == nil
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		field.SetInt(n)
		return err == nil
	case reflect.Slice: // one value where a list is wanted
		return setList(field, []any{text})
	default:
		return false
	}
	return true
}
