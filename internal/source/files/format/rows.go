package format

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Rows reads a table: header looks at its first record and may refuse the
// table, row takes each later one with its place in the file. The first error
// of either ends the reading.
func Rows(ctx context.Context, q Request, header func(titles []string) error, row func(cells []string, place string) error) error {
	text, err := q.Document.Text()
	if err != nil {
		return err
	}
	defer func() { _ = text.Close() }() // it was only read
	table, err := q.Document.Table(text)
	if err != nil {
		return err
	}
	titles, _, err := table.Next()
	if err != nil {
		return err
	}
	if err := header(titles); err != nil {
		return err
	}
	for {
		cells, line, err := table.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := errors.Join(row(cells, fmt.Sprintf(":%d", line)), ctx.Err()); err != nil {
			return err
		}
	}
}
