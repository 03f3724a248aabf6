package listing

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"

	"example.com/landfall/internal/move/objects/object"
)

var errTorn = errors.New("a record of a sorted listing is torn")

// AppendObject encodes an object.
func AppendObject(to []byte, o *object.Object) []byte {
	to = text(to, o.Key)
	to = text(to, o.Version)
	to = text(to, o.ETag)
	to = binary.AppendVarint(to, o.Size)
	to = moment(to, o.Modified)
	to = text(to, o.Class)
	var bits byte
	for i, set := range []bool{o.Restored, o.Restoring, o.Latest, o.Marker} {
		if set {
			bits |= 1 << i
		}
	}
	return append(to, bits)
}

// ObjectOf decodes what AppendObject wrote.
func ObjectOf(from []byte) (object.Object, error) {
	d := decoder{from: from}
	o := d.object()
	return o, d.err
}

func (d *decoder) object() object.Object {
	o := object.Object{Key: d.text(), Version: d.text(), ETag: d.text(), Size: d.number(), Modified: d.moment(), Class: d.text()}
	bits := d.byte()
	o.Restored, o.Restoring, o.Latest, o.Marker = bits&1 != 0, bits&2 != 0, bits&4 != 0, bits&8 != 0
	return o
}

// AppendBlob encodes a blob.
func AppendBlob(to []byte, b *object.Blob) []byte {
	to = text(to, b.Name)
	to = text(to, b.ETag)
	to = binary.AppendVarint(to, b.Size)
	to = moment(to, b.Modified)
	to = text(to, b.Tier)
	to = text(to, b.Kind)
	to = text(to, string(b.MD5))
	to = binary.AppendUvarint(to, uint64(len(b.Metadata)))
	for _, name := range slices.Sorted(maps.Keys(b.Metadata)) {
		to = text(text(to, name), b.Metadata[name])
	}
	to = text(to, b.Mark)
	h := b.Headers
	for _, value := range []string{h.Type, h.Encoding, h.Language, h.Disposition, h.CacheControl, h.Expires, h.Redirect} {
		to = text(to, value)
	}
	if b.Directory {
		return append(to, 1)
	}
	return append(to, 0)
}

// BlobOf decodes what AppendBlob wrote.
func BlobOf(from []byte) (object.Blob, error) {
	d := decoder{from: from}
	b := object.Blob{Name: d.text(), ETag: d.text(), Size: d.number(), Modified: d.moment(), Tier: d.text(), Kind: d.text()}
	if md5 := d.text(); md5 != "" {
		b.MD5 = []byte(md5)
	}
	if n := d.count(); n > 0 {
		b.Metadata = make(map[string]string, min(n, 64))
		for range n {
			name := d.text()
			b.Metadata[name] = d.text()
		}
	}
	b.Mark = d.text()
	h := &b.Headers
	for _, value := range []*string{&h.Type, &h.Encoding, &h.Language, &h.Disposition, &h.CacheControl, &h.Expires, &h.Redirect} {
		*value = d.text()
	}
	b.Directory = d.byte() != 0
	return b, d.err
}

func text(to []byte, s string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}

func moment(to []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.AppendVarint(to, 0)
	}
	return binary.AppendVarint(to, t.UnixNano())
}

// decoder reads one record; its first trouble stays.
type decoder struct {
	from []byte
	err  error
}

func (d *decoder) skip(n int) {
	if n <= 0 {
		d.err, d.from = errTorn, nil
		return
	}
	d.from = d.from[n:]
}

func (d *decoder) number() int64 {
	v, n := binary.Varint(d.from)
	d.skip(n)
	return v
}

// count is of things that take a byte each at least.
func (d *decoder) count() int {
	v, n := binary.Uvarint(d.from)
	d.skip(n)
	if v > uint64(len(d.from)) {
		d.err, d.from = errTorn, nil
		return 0
	}
	return int(v)
}

func (d *decoder) text() string {
	n := d.count()
	if d.err != nil {
		return ""
	}
	s := string(d.from[:n])
	d.from = d.from[n:]
	return s
}

func (d *decoder) byte() byte {
	if len(d.from) == 0 {
		d.err = errTorn
		return 0
	}
	b := d.from[0]
	d.from = d.from[1:]
	return b
}

func (d *decoder) moment() time.Time {
	v := d.number()
	if v == 0 {
		return time.Time{}
	}
	return time.Unix(0, v).UTC()
}
