package format_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"example.com/landfall/internal/source/files/filestest"
	"example.com/landfall/internal/source/files/format"
)

func TestRows(t *testing.T) {
	t.Parallel()
	const table = "a,b\n1,2\n\n3\n"
	var got []string
	read := func(ctx context.Context, text string, header, row error) error {
		got = nil
		return format.Rows(ctx, filestest.NewRequests().Of("table.csv", []byte(text)), func(titles []string) error {
			got = append(got, strings.Join(titles, "|"))
			return header
		}, func(cells []string, place string) error {
			got = append(got, place+" "+strings.Join(cells, "|"))
			return row
		})
	}
	if err := read(t.Context(), table, nil, nil); err != nil || strings.Join(got, ";") != "a|b;:2 1|2;:4 3" {
		t.Errorf("%q, %v", got, err)
	}
	no := errors.New("no")
	if err := read(t.Context(), table, no, nil); !errors.Is(err, no) || len(got) != 1 {
		t.Errorf("a header that is refused: %q, %v", got, err)
	}
	if err := read(t.Context(), table, nil, no); !errors.Is(err, no) || len(got) != 2 {
		t.Errorf("a row that ends it: %q, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := read(ctx, table, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a reading that is cancelled ends with %v", err)
	}
	if err := read(t.Context(), "", nil, nil); err == nil {
		t.Error("an empty table is read")
	}
}
