package web

import (
	"fmt"
	"testing"

	"example.com/landfall/examples/bookshop/internal/blob"
)

// Whatever header comes, a range that is accepted is one the header asked for.
func FuzzParseRange(f *testing.F) {
	for _, seed := range []string{"", "bytes=0-", "bytes=1-", "bytes=2-5", "bytes=-5", "bytes=5-2", "bytes=0-0,2-3", "bytes=9223372036854775807-", "items=1-2", "bytes=+1-2", "bytes=1-99999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		part, partial := parseRange(header)
		if part.Offset < 0 || part.Length < 0 || part.Offset+part.Length < 0 {
			t.Errorf("%q gave %+v", header, part)
		}
		if !partial && part != (blob.Range{}) {
			t.Errorf("%q gave %+v, and is not partial", header, part)
		}
		if partial && part.Length > 0 {
			again, ok := parseRange(fmt.Sprintf("bytes=%d-%d", part.Offset, part.Offset+part.Length-1))
			if !ok || again != part {
				t.Errorf("%q gave %+v, which reads back as %+v", header, part, again)
			}
		}
	})
}

func FuzzSameETag(f *testing.F) {
	f.Add(`"a", W/"b"`, `"b"`)
	f.Add("*", `"b"`)
	f.Add("", "")
	f.Fuzz(func(t *testing.T, header, etag string) {
		if header == "" && sameETag(header, etag) {
			t.Errorf("no condition matches %q", etag)
		}
	})
}
