package canon

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"iter"

	"example.com/landfall/internal/fault"
)

// Object takes the fingerprint of an object that comes member by member, and
// of a list element by element, so that the whole need not be in memory. The
// names must come in canonical order; the values are what encoding/json wrote.
type Object struct {
	sum  hash.Hash
	w    writer
	last name
	open bool
}

// hashedAtOnce is how much canonical text is gathered before it is hashed.
const hashedAtOnce = 1 << 15

// NewObject returns an object without members.
func NewObject() *Object { return &Object{sum: sha256.New()} }

// Member adds a member with its value.
func (o *Object) Member(name string, value []byte) error {
	if err := o.begin(name); err != nil {
		return err
	}
	return o.add(value)
}

// List adds a member whose value is a list.
func (o *Object) List(name string, elements iter.Seq2[[]byte, error]) error {
	if err := o.begin(name); err != nil {
		return err
	}
	o.w.out = append(o.w.out, '[')
	first := true
	for element, err := range elements {
		if err != nil {
			return err
		}
		if !first {
			o.w.out = append(o.w.out, ',')
		}
		first = false
		if err := o.add(element); err != nil {
			return err
		}
	}
	o.w.out = append(o.w.out, ']')
	return nil
}

// Fingerprint closes the object and returns its fingerprint; it is called once.
func (o *Object) Fingerprint() string {
	if !o.open {
		o.w.out = append(o.w.out, '{')
	}
	o.sum.Write(append(o.w.out, '}'))
	return "sha256:" + hex.EncodeToString(o.sum.Sum(nil))
}

func (o *Object) begin(text string) error {
	next := name{text: text}
	switch {
	case !o.open:
		o.w.out = append(o.w.out, '{')
	case o.last.compare(next) >= 0:
		return fault.Newf(fault.Internal, "take fingerprint: %q comes after %q", text, o.last.text)
	default:
		o.w.out = append(o.w.out, ',')
	}
	o.open, o.last = true, next
	o.w.out = append(appendText(o.w.out, text), ':')
	return nil
}

func (o *Object) add(value []byte) error {
	o.w.in, o.w.at = value, 0
	o.w.space()
	if err := o.w.value(); err != nil {
		return err
	}
	if len(o.w.out) >= hashedAtOnce {
		o.sum.Write(o.w.out)
		o.w.out = o.w.out[:0]
	}
	return nil
}
