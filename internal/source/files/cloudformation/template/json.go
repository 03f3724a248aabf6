package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"
)

// jsonReader reads a JSON text token by token, because only so duplicate keys
// and places are seen.
type jsonReader struct {
	*builder
	data  []byte
	dec   *json.Decoder
	lines []int // offsets of the line starts
	// last is where the last place was asked for. Places are asked for in the
	// order of the text, so that a template on one line is not counted again
	// from its start for every value.
	last struct{ line, offset, column int }
}

func parseJSON(data []byte) (*Template, error) {
	r := &jsonReader{builder: newBuilder(), data: data, dec: json.NewDecoder(bytes.NewReader(data)), lines: lineStarts(data)}
	r.dec.UseNumber()
	start := r.place()
	root, err := r.value("", 0)
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &syntax{r.place(), "there is text after the end of the template"}
	}
	return r.finish(root, start)
}

func lineStarts(data []byte) []int {
	starts := []int{0}
	for i, c := range data {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// place is where the next token begins.
func (r *jsonReader) place() Place {
	at := int(r.dec.InputOffset())
	for at < len(r.data) && bytes.IndexByte([]byte(" \t\r\n,:"), r.data[at]) >= 0 {
		at++
	}
	return r.placeOf(at)
}

func (r *jsonReader) placeOf(at int) Place {
	at = min(max(at, 0), len(r.data))
	line, exact := slices.BinarySearch(r.lines, at)
	if !exact {
		line--
	}
	if line != r.last.line || at < r.last.offset {
		r.last.line, r.last.offset, r.last.column = line, r.lines[line], 0
	}
	r.last.column += utf8.RuneCount(r.data[r.last.offset:at])
	r.last.offset = at
	return Place{line + 1, r.last.column + 1}
}

// broken gives a decoder's error its place.
func (r *jsonReader) broken(err error) error {
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		if s.Offset == r.dec.InputOffset() { // what follows the last token is wrong, else what was read last
			return &syntax{r.place(), s.Error()}
		}
		return &syntax{r.placeOf(int(s.Offset) - 1), s.Error()}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &syntax{r.placeOf(len(r.data)), "the text ends in the middle of a value"}
	}
	return &syntax{r.place(), err.Error()}
}

func (r *jsonReader) value(path string, depth int) (any, error) {
	at := r.place()
	if err := r.enter(depth, at); err != nil {
		return nil, err
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, r.broken(err)
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return r.object(path, depth)
		}
		return r.array(path, depth)
	default:
		return token, nil
	}
}

func (r *jsonReader) object(path string, depth int) (any, error) {
	out := map[string]any{}
	for r.dec.More() {
		at := r.place()
		token, err := r.dec.Token()
		if err != nil {
			return nil, r.broken(err)
		}
		key, ok := token.(string)
		if !ok {
			return nil, &syntax{at, fmt.Sprintf("a key is text, this is %v", token)}
		}
		inner := join(path, key)
		if _, twice := out[key]; twice {
			r.repeated(inner, at)
		}
		r.remember(inner, depth+1, at)
		if out[key], err = r.value(inner, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := r.dec.Token()
	if err != nil {
		return nil, r.broken(err)
	}
	return out, nil
}

func (r *jsonReader) array(path string, depth int) (any, error) {
	out := []any{}
	for i := 0; r.dec.More(); i++ {
		v, err := r.value(join(path, strconv.Itoa(i)), depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	_, err := r.dec.Token()
	if err != nil {
		return nil, r.broken(err)
	}
	return out, nil
}

// stripComments overwrites // and /* */ comments and commas before a closing
// bracket with spaces, so that places stay true. With onlyLeading it stops at
// the first character that belongs to no comment.
func stripComments(data []byte, onlyLeading bool) []byte {
	out := bytes.Clone(data)
	for i := 0; i < len(out); {
		switch {
		case out[i] == '"' && !onlyLeading:
			i = skipString(out, i)
		case bytes.HasPrefix(out[i:], []byte("//")), bytes.HasPrefix(out[i:], []byte("/*")):
			i = blankComment(out, i)
		case out[i] == ',' && !onlyLeading:
			i = blankTrailingComma(out, i)
		case onlyLeading && bytes.IndexByte([]byte(" \t\r\n"), out[i]) < 0:
			return out
		default:
			i++
		}
	}
	return out
}

func skipString(data []byte, i int) int {
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return i
}

func blankComment(data []byte, i int) int {
	end := bytes.IndexByte(data[i:], '\n')
	if data[i+1] == '*' {
		if end = bytes.Index(data[i:], []byte("*/")); end >= 0 {
			end += len("*/")
		}
	}
	stop := i + end
	if end < 0 {
		stop = len(data)
	}
	for ; i < stop; i++ {
		if data[i] != '\n' {
			data[i] = ' '
		}
	}
	return stop
}

func blankTrailingComma(data []byte, comma int) int {
	i := comma + 1
	for i < len(data) {
		switch {
		case bytes.IndexByte([]byte(" \t\r\n"), data[i]) >= 0:
			i++
		case bytes.HasPrefix(data[i:], []byte("//")), bytes.HasPrefix(data[i:], []byte("/*")):
			i = blankComment(data, i)
		case data[i] == '}', data[i] == ']':
			data[comma] = ' '
			return i
		default:
			return i
		}
	}
	return i
}
