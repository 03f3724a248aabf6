package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"example.com/landfall/internal/fault"
)

// JSON reads a JSON text piece by piece, so that a text of any length needs no
// more memory than its largest item. It reads several values after one another
// as well ("JSON lines"). Not for concurrent use.
type JSON struct {
	decoder *json.Decoder
	guard   *guard
}

// JSON returns a reader of the text, which the caller closes.
func (d *Document) JSON(text io.Reader) *JSON {
	g := &guard{r: text, limits: d.limits}
	g.renew()
	decoder := json.NewDecoder(g)
	decoder.UseNumber()
	return &JSON{decoder: decoder, guard: g}
}

// Broken is an error of the text itself: what follows cannot be read. Errors
// of one value (of another type than expected) are not Broken; reading goes on
// behind that value.
type Broken struct {
	// Offset is the byte of the text up to which it was understood.
	Offset int64
	Err    error
}

// Error says what is wrong, without the place.
func (b *Broken) Error() string { return b.Err.Error() }

// Unwrap returns the cause.
func (b *Broken) Unwrap() error { return b.Err }

// Next reports whether there is another value: at the top of the text, or in
// the object or list that is being read.
func (j *JSON) Next() bool { return j.decoder.More() }

// Offset is the byte of the text behind the last thing that was read.
func (j *JSON) Offset() int64 { return j.decoder.InputOffset() }

// Value decodes the next value into v, a pointer. Numbers stay json.Number
// where v leaves their type open.
func (j *JSON) Value(v any) error {
	j.guard.renew()
	err := j.decoder.Decode(v)
	if _, mistyped := errors.AsType[*json.UnmarshalTypeError](err); mistyped {
		return fault.Of(fault.Invalid, "decode", "", errors.New(plainType(err)))
	}
	return j.broken(err)
}

// plainType says which member has another type than expected, in words that
// need no Go.
func plainType(err error) string {
	e, _ := errors.AsType[*json.UnmarshalTypeError](err)
	if e.Field == "" {
		return fmt.Sprintf("another value was expected than the %s that is there", e.Value)
	}
	return fmt.Sprintf("member %q is a %s, which was not expected", e.Field, e.Value)
}

// Skip reads over the next value.
func (j *JSON) Skip() error {
	for depth := 0; ; {
		token, err := j.token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// Kind tells what a value is.
type Kind string

// The kinds of values.
const (
	Object Kind = "object"
	List   Kind = "list"
	Scalar Kind = "scalar"
)

// Open enters the next value if it is an object or a list and tells which; a
// scalar is returned with its kind. An opened one must be closed, after its
// last member, with Close.
func (j *JSON) Open() (Kind, any, error) {
	token, err := j.token()
	switch token {
	case json.Delim('{'):
		return Object, nil, err
	case json.Delim('['):
		return List, nil, err
	}
	return Scalar, token, err
}

// Close leaves the object or list of which Next said that there is no more.
func (j *JSON) Close() error {
	_, err := j.token()
	return err
}

// Name reads the name of the next member of an object.
func (j *JSON) Name() (string, error) {
	token, err := j.token()
	if err != nil {
		return "", err
	}
	name, ok := token.(string)
	if !ok {
		return "", j.broken(errors.New("a member without a name"))
	}
	return name, nil
}

// Members enters an object, calls member for each of its members, and leaves
// it. member must consume the value. A value that is no object is skipped;
// found says which it was.
func (j *JSON) Members(member func(name string) error) (found Kind, err error) {
	return j.walk(Object, func() error {
		name, err := j.Name()
		if err != nil {
			return err
		}
		return member(name)
	})
}

// Items enters a list and calls item for each of its values, which item must
// consume. A value that is no list is skipped; found says which it was.
func (j *JSON) Items(item func(i int) error) (found Kind, err error) {
	i := -1
	return j.walk(List, func() error {
		i++
		return item(i)
	})
}

func (j *JSON) walk(want Kind, each func() error) (Kind, error) {
	kind, _, err := j.Open()
	if err != nil || kind == Scalar {
		return kind, err
	}
	for j.Next() {
		if kind != want {
			if err := j.skipMember(kind); err != nil {
				return kind, err
			}
			continue
		}
		if err := each(); err != nil {
			return kind, err
		}
	}
	return kind, j.Close()
}

func (j *JSON) skipMember(kind Kind) error {
	if kind == Object {
		if _, err := j.Name(); err != nil {
			return err
		}
	}
	return j.Skip()
}

func (j *JSON) token() (json.Token, error) {
	j.guard.renew()
	token, err := j.decoder.Token()
	return token, j.broken(err)
}

func (j *JSON) broken(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Broken{Offset: j.guard.seen, Err: errors.New("the text ends in the middle")}
	}
	return &Broken{Offset: j.Offset(), Err: err}
}

// guard watches what passes to the decoder: it ends the text where nesting is
// too deep or one item too large. The decoder itself would hold any of them in
// memory, and nests up to 10,000 levels.
type guard struct {
	r        io.Reader
	limits   Limits
	left     int64
	seen     int64
	depth    int
	inString bool
	escaped  bool
}

// renew starts the count of a new item. The decoder reads ahead, but never by
// more than what it has in hand.
func (g *guard) renew() { g.left = g.limits.ItemBytes }

func (g *guard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, tooLarge("one item", g.limits.ItemBytes)
	}
	n, err := g.r.Read(p)
	g.left -= int64(n)
	g.seen += int64(n)
	for _, c := range p[:n] {
		g.see(c)
		if g.depth > g.limits.Depth {
			return 0, fault.Newf(fault.Invalid, "values nest deeper than the limit of %d", g.limits.Depth)
		}
	}
	return n, err
}

func (g *guard) see(c byte) {
	switch {
	case g.escaped:
		g.escaped = false
	case g.inString:
		g.escaped = c == '\\'
		g.inString = c != '"'
	case c == '"':
		g.inString = true
	case c == '{' || c == '[':
		g.depth++
	case c == '}' || c == ']':
		g.depth--
	}
}

// longestNumber bounds the digits of a number: no fact of AWS has more, and
// the conversion of a million digits takes minutes.
const longestNumber = 64

// Plain returns the value with its numbers as int64 where they are whole and
// fit, otherwise as float64. A number that is neither (too large, too long)
// becomes its text, cut to a bearable length. v is changed in place.
func Plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		return number(string(v))
	case map[string]any:
		for name, member := range v {
			v[name] = Plain(member)
		}
	case []any:
		for i, member := range v {
			v[i] = Plain(member)
		}
	}
	return v
}

func number(text string) any {
	if len(text) > longestNumber {
		return text[:longestNumber] + "…"
	}
	if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
		return whole
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return text
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return f
}

// Parse decodes a JSON text that stands inside another one, such as the
// configuration of an AWS Config item.
func Parse(text string, limits Limits) (any, error) {
	d := Bytes("", []byte(text), limits)
	raw, err := d.Text()
	if err != nil {
		return nil, err
	}
	var v any
	if err := d.JSON(raw).Value(&v); err != nil {
		return nil, err
	}
	return Plain(v), nil
}
