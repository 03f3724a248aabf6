package listing_test

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/object"
)

// However little memory there is, all records come back, sorted, equal keys in
// the order in which they came, and no file stays.
func TestSorterSortsStablyInLittleMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 0, 3, -1), 0, 300).Draw(t, "keys")
		s := listing.NewSorter(dir, rapid.IntRange(1, 2000).Draw(t, "memory"))
		defer s.Close()
		type entry struct{ key, value string }
		var want []entry
		for i, k := range keys {
			v := fmt.Sprint(i)
			want = append(want, entry{k, v})
			if err := s.Add(k, []byte(v)); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(want, func(a, b entry) int {
			switch {
			case a.key < b.key:
				return -1
			case a.key > b.key:
				return 1
			}
			return 0
		})
		sorted, err := s.Sorted()
		if err != nil {
			t.Fatal(err)
		}
		var got []entry
		for {
			k, v, ok, err := sorted.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			got = append(got, entry{k, string(v)})
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

func TestSorterSaysWhenItCannotWrite(t *testing.T) {
	t.Parallel()
	s := listing.NewSorter(t.TempDir()+"/absent", 1)
	defer s.Close()
	if err := s.Add("a", nil); err == nil {
		t.Error("a folder that does not exist was written to")
	}
}

func TestEntriesSurviveTheDisk(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, bit := rapid.String(), rapid.Bool()
		at := time.Unix(0, rapid.Int64().Draw(t, "at")).UTC()
		o := object.Object{
			Key: text.Draw(t, "key"), Version: text.Draw(t, "version"), ETag: text.Draw(t, "etag"), Size: rapid.Int64().Draw(t, "size"), Modified: at,
			Class: text.Draw(t, "class"), Restored: bit.Draw(t, "r"), Restoring: bit.Draw(t, "s"), Latest: bit.Draw(t, "l"), Marker: bit.Draw(t, "m"),
		}
		back, err := listing.ObjectOf(listing.AppendObject(nil, &o))
		if err != nil || back != o && !o.Modified.IsZero() && o.Modified.UnixNano() != 0 {
			t.Fatalf("got %+v, %v, want %+v", back, err, o)
		}
		b := object.Blob{
			Name: text.Draw(t, "name"), ETag: text.Draw(t, "blob etag"), Size: rapid.Int64().Draw(t, "blob size"), Tier: "Hot", Kind: "BlockBlob",
			MD5: rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "md5"), Metadata: rapid.MapOfN(text, text, 1, 5).Draw(t, "metadata"),
			Headers: object.Headers{Type: text.Draw(t, "type"), CacheControl: text.Draw(t, "cache")}, Directory: bit.Draw(t, "d"),
		}
		encoded := listing.AppendBlob(nil, &b)
		again, err := listing.BlobOf(encoded)
		if err != nil || !reflect.DeepEqual(again, b) || !maps.Equal(again.Metadata, b.Metadata) {
			t.Fatalf("got %+v, %v, want %+v", again, err, b)
		}
		if torn := encoded[:rapid.IntRange(0, len(encoded)-1).Draw(t, "torn")]; true {
			if _, err := listing.BlobOf(torn); err == nil {
				t.Fatalf("%d of %d bytes are a blob", len(torn), len(encoded))
			}
		}
	})
}
