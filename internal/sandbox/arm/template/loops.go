package template

import (
	"fmt"
	"strings"

	"example.com/landfall/internal/sandbox/arm/document"
)

// copyLoop is a read "copy" element.
type copyLoop struct {
	name   string
	count  int64
	serial bool
	batch  int64
}

// loopOf reads name, count, mode and batchSize.
func (f *frame) loopOf(c map[string]any) (copyLoop, error) {
	l := copyLoop{name: document.Text(c, "name"), batch: 1}
	raw, found := document.Member(c, "count")
	if !found {
		return l, fmt.Errorf("the copy loop '%s' has no count", l.name)
	}
	v, err := f.value(raw)
	if err != nil {
		return l, notDeferred(err, "copy count of", l.name)
	}
	if l.count, err = asInt(v); err != nil {
		return l, fmt.Errorf("the count of copy loop '%s': %w", l.name, err)
	}
	if l.count < 0 || l.count > maxLoop {
		return l, fmt.Errorf("the count %d of copy loop '%s' is not between 0 and %d", l.count, l.name, maxLoop)
	}
	switch mode := document.Text(c, "mode"); strings.ToLower(mode) {
	case "", "parallel":
	case "serial":
		l.serial = true
	default:
		return l, fmt.Errorf("the mode '%s' of copy loop '%s' is neither Parallel nor Serial", mode, l.name)
	}
	if size, ok := document.Get(c, "batchSize").(int64); ok && size > 0 {
		l.batch = size
	}
	return l, nil
}

// propertyLoops unfolds the "copy" array of an object into named arrays.
func (f *frame) propertyLoops(loops []any, into map[string]any) error {
	for _, item := range loops {
		c, ok := item.(map[string]any)
		if !ok {
			return fmt.Errorf("an element of a copy array is not an object")
		}
		name := document.Text(c, "name")
		if name == "" {
			return fmt.Errorf("a copy loop on a property has no name")
		}
		values, err := f.loopValues(name, c, true)
		if err != nil {
			return err
		}
		into[name] = values
	}
	return nil
}

// loopValues evaluates "input" once per index.
func (f *frame) loopValues(name string, c map[string]any, property bool) (any, error) {
	l, err := f.loopOf(c)
	if err != nil {
		return nil, err
	}
	input, found := document.Member(c, "input")
	if !found {
		return nil, fmt.Errorf("the copy loop '%s' has no input", name)
	}
	out := make([]any, 0, l.count)
	for i := range l.count {
		v, err := f.with(loop{name: name, index: i, property: property}).value(input)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}
