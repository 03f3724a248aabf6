package report

import (
	"fmt"
	"reflect"
)

// table is the beginning of a list, as a template shows it.
type table struct {
	Rows    any
	Total   int
	Omitted int
	File    string
}

// With names the file that holds the whole list.
func (t table) With(file string) table { t.File = file; return t }

// shown is how many rows of a list of gaps stand before the fold: they come
// first on the page, and must not push the rest of it away.
const shown = 10

// Head are the rows before the fold; some few more are not worth one.
func (t table) Head() any {
	v := reflect.ValueOf(t.Rows)
	if v.Len() <= shown+shown/4 {
		return t.Rows
	}
	return v.Slice(0, shown).Interface()
}

// Rest are the rows behind the fold.
func (t table) Rest() any {
	v := reflect.ValueOf(t.Rows)
	return v.Slice(reflect.ValueOf(t.Head()).Len(), v.Len()).Interface()
}

// cut takes the first rows of any list.
func cut(list any) (table, error) {
	v := reflect.ValueOf(list)
	if v.Kind() != reflect.Slice {
		return table{}, fmt.Errorf("%T is no list", list)
	}
	n := min(v.Len(), MaxRows)
	return table{Rows: v.Slice(0, n).Interface(), Total: v.Len(), Omitted: v.Len() - n}, nil
}
