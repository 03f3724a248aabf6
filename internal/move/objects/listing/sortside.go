package listing

import (
	"context"

	"example.com/landfall/internal/move/objects/object"
)

const sortedPage = 1000

// SortObjects reads a side to its end and yields it in the order of its names.
// Files go to dir.
func SortObjects(pages Pages[object.Object], names Names, dir string) Pages[object.Object] {
	return &sorted[object.Object]{pages: pages, sorter: NewSorter(dir, 0), decode: ObjectOf,
		add: func(s *Sorter, o *object.Object) error {
			name, _ := names(o)
			return s.Add(name, AppendObject(nil, o))
		}}
}

// SortBlobs is SortObjects of the target.
func SortBlobs(pages Pages[object.Blob], dir string) Pages[object.Blob] {
	return &sorted[object.Blob]{pages: pages, sorter: NewSorter(dir, 0), decode: BlobOf,
		add: func(s *Sorter, b *object.Blob) error { return s.Add(b.Name, AppendBlob(nil, b)) }}
}

type sorted[T any] struct {
	pages  Pages[T]
	sorter *Sorter
	add    func(*Sorter, *T) error
	decode func([]byte) (T, error)
	out    *Sorted
}

func (s *sorted[T]) Next(ctx context.Context) ([]T, error) {
	if s.out == nil {
		if err := s.fill(ctx); err != nil {
			return nil, err
		}
	}
	var page []T
	for len(page) < sortedPage {
		_, value, ok, err := s.out.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		item, err := s.decode(value)
		if err != nil {
			return nil, err
		}
		page = append(page, item)
	}
	return page, ctx.Err()
}

func (s *sorted[T]) fill(ctx context.Context) error {
	for {
		page, err := s.pages.Next(ctx)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for i := range page {
			if err := s.add(s.sorter, &page[i]); err != nil {
				return err
			}
		}
	}
	var err error
	s.out, err = s.sorter.Sorted()
	return err
}

func (s *sorted[T]) Close() {
	s.sorter.Close()
	s.pages.Close()
}
