package listing

import (
	"context"
	"strconv"
	"strings"

	"example.com/landfall/internal/move/objects/object"
)

// Pair is what stands under one name. Both pointers lead into pages that nobody
// writes again.
type Pair struct {
	Object *object.Object
	Blob   *object.Blob
	// Name is that of the blob, or of an object that is apart the place of its key.
	Name string
	// Apart says that the blob's name is not simply the key: it is nowhere near in
	// order, and was not looked for.
	Apart bool
}

// Names maps a key. apart as in Pair; the name of an apart object is where it
// would stand if its key were a name, and is never that of its blob.
type Names func(o *object.Object) (name string, apart bool)

// Disorder is the error of a side that does not list in the order of bytes.
type Disorder struct {
	// Target says which side it is.
	Target        bool
	Before, After string
}

func (d *Disorder) Error() string {
	side := "source"
	if d.Target {
		side = "target"
	}
	return "list the " + side + ": " + strconv.Quote(d.After) + " comes after " + strconv.Quote(d.Before)
}

// Merge goes through both sides at once, in the order of names, and yields each
// name once. It holds one page of each. Entries that a side lists twice in a row
// count once. A side out of order ends it with a *Disorder: what was yielded till
// then about names that only one side had means nothing.
func Merge(ctx context.Context, source Pages[object.Object], target Pages[object.Blob], names Names, yield func(Pair) error) error {
	s := sourceSide{pages: source, names: names}
	t := targetSide{pages: target}
	if err := t.step(ctx); err != nil {
		return err
	}
	for {
		if err := s.step(ctx); err != nil {
			return err
		}
		if s.object == nil {
			break
		}
		for t.blob != nil && t.blob.Name < s.name {
			if err := t.pass(ctx, yield); err != nil {
				return err
			}
		}
		pair := Pair{Object: s.object, Name: s.name, Apart: s.apart}
		if t.blob != nil && t.blob.Name == s.name && !s.apart {
			pair.Blob = t.blob
			if err := t.step(ctx); err != nil {
				return err
			}
		}
		if err := yield(pair); err != nil {
			return err
		}
	}
	for t.blob != nil {
		if err := t.pass(ctx, yield); err != nil {
			return err
		}
	}
	return nil
}

type sourceSide struct {
	pages Pages[object.Object]
	names Names
	page  []object.Object
	at    int

	object *object.Object
	name   string
	apart  bool
	last   string
	began  bool
}

// step goes to the next object; nil at the end.
func (s *sourceSide) step(ctx context.Context) error {
	for {
		if s.at == len(s.page) {
			page, err := s.pages.Next(ctx)
			s.page, s.at, s.object = page, 0, nil
			if err != nil || len(page) == 0 {
				return err
			}
		}
		s.object = &s.page[s.at]
		s.at++
		s.name, s.apart = s.names(s.object)
		switch order := strings.Compare(s.name, s.last); {
		case order > 0 || !s.began:
			s.began, s.last = true, s.name
			return nil
		case order < 0:
			return &Disorder{Before: s.last, After: s.name}
		}
	}
}

type targetSide struct {
	pages Pages[object.Blob]
	page  []object.Blob
	at    int
	blob  *object.Blob
}

func (t *targetSide) pass(ctx context.Context, yield func(Pair) error) error {
	extra := Pair{Blob: t.blob, Name: t.blob.Name}
	if err := t.step(ctx); err != nil {
		return err
	}
	return yield(extra)
}

func (t *targetSide) step(ctx context.Context) error {
	last := t.blob
	for {
		if t.at == len(t.page) {
			page, err := t.pages.Next(ctx)
			t.page, t.at, t.blob = page, 0, nil
			if err != nil || len(page) == 0 {
				return err
			}
		}
		t.blob = &t.page[t.at]
		t.at++
		if last == nil {
			return nil
		}
		switch order := strings.Compare(t.blob.Name, last.Name); {
		case order > 0:
			return nil
		case order < 0:
			return &Disorder{Target: true, Before: last.Name, After: t.blob.Name}
		}
	}
}
