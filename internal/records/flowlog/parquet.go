package flowlog

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/records"
)

// parquet takes a file of the Parquet form, whose columns are called like the
// fields, with underscores (VPC user guide, "Flow log files").
func (r *reader) parquet(ctx context.Context, c *records.Content) (err error) {
	// The library checks much, but not all, of what a hostile file can say.
	defer func() {
		if p := recover(); p != nil {
			err = fault.Newf(fault.Invalid, "read Parquet file: its index contradicts its data")
		}
	}()
	at, size, done, err := c.Random(ctx)
	if err != nil {
		return err
	}
	defer done()
	f, err := parquet.OpenFile(at, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fault.Of(fault.Invalid, "read Parquet file", "", err)
	}
	l := &layout{}
	wanted := map[int]field{}
	for i, column := range f.Schema().Columns() {
		if len(column) != 1 {
			continue
		}
		if name, ok := r.c.known[normal(column[0])]; ok && name != skip {
			wanted[i] = name
			l.columns = append(l.columns, name)
		}
	}
	if !l.enough() {
		return fault.Newf(fault.Invalid, "read Parquet file: its columns are no fields of a flow log")
	}
	r.use(l)
	for _, group := range f.RowGroups() {
		if err := r.group(ctx, c, group, wanted); err != nil {
			return err
		}
	}
	return nil
}

// parquetBatch is how many rows are looked at together.
const parquetBatch = 1024

// column reads the values of one column as text.
type column struct {
	to     field
	pages  parquet.Pages
	values parquet.ValueReader
	text   [parquetBatch][]byte
	buf    [parquetBatch]parquet.Value
	arena  []byte
}

func (r *reader) group(ctx context.Context, c *records.Content, group parquet.RowGroup, wanted map[int]field) error {
	var columns []*column
	defer func() {
		for _, col := range columns {
			_ = col.pages.Close()
		}
	}()
	for i, chunk := range group.ColumnChunks() {
		if to, ok := wanted[i]; ok {
			columns = append(columns, &column{to: to, pages: chunk.Pages()})
		}
	}
	for left := group.NumRows(); left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := int(min(left, parquetBatch))
		for _, col := range columns {
			if err := col.fill(n); err != nil {
				return fault.Of(fault.Invalid, "read Parquet file", "", err)
			}
		}
		r.rowsOf(c, columns, n)
		left -= int64(n)
	}
	return nil
}

func (r *reader) rowsOf(c *records.Content, columns []*column, n int) {
	for i := range n {
		c.Result.Lines++
		for _, col := range columns {
			r.r.text[col.to] = col.text[i]
		}
		if _, err := r.take(); err != nil {
			c.Result.Bad(c.Result.Lines, err)
			continue
		}
		c.Result.Entries++
	}
}

// fill reads the next n values.
func (col *column) fill(n int) error {
	col.arena = col.arena[:0]
	for have := 0; have < n; {
		if col.values == nil {
			page, err := col.pages.ReadPage()
			if err != nil {
				if errors.Is(err, io.EOF) {
					return io.ErrUnexpectedEOF
				}
				return err
			}
			col.values = page.Values()
		}
		got, err := col.values.ReadValues(col.buf[:n-have])
		for i, v := range col.buf[:got] {
			col.text[have+i] = col.string(v)
		}
		have += got
		if errors.Is(err, io.EOF) || err == nil && got == 0 {
			col.values = nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// string gives a value in the form that text files have.
func (col *column) string(v parquet.Value) []byte {
	if v.IsNull() {
		return nil
	}
	start := len(col.arena)
	switch v.Kind() {
	case parquet.Int32:
		col.arena = strconv.AppendInt(col.arena, int64(v.Int32()), 10)
	case parquet.Int64:
		col.arena = strconv.AppendInt(col.arena, v.Int64(), 10)
	case parquet.ByteArray, parquet.FixedLenByteArray:
		col.arena = append(col.arena, v.ByteArray()...)
	default:
		return nil
	}
	return col.arena[start:len(col.arena):len(col.arena)]
}
