package objects_test

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"syscall"
	"testing"
	"time"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit/objectworld"
)

// made is a source and a target that cost as little as possible, so that what is
// measured is our own.
type made struct {
	objects int
	body    []byte
	sums    object.Sums
	there   bool
}

func (m *made) key(i int) string { return "photos/2024/" + strconv.Itoa(100_000_000+i) + ".jpg" }

func (m *made) object(i int) object.Object {
	return object.Object{Key: m.key(i), ETag: "9a0364b9e99bb480dd25e1f0284c8555", Size: int64(len(m.body)), Modified: time.Unix(1_700_000_000, 0)}
}

type madeSource struct {
	*made
	object.Source
}

type madeTarget struct {
	*made
	object.Target
}

func page[T any](n, size int, next string, item func(int) T) object.Listed[T] {
	from, _ := strconv.Atoi(next)
	to := min(from+size, n)
	l := object.Listed[T]{Items: make([]T, 0, to-from)}
	for i := from; i < to; i++ {
		l.Items = append(l.Items, item(i))
	}
	if to < n {
		l.Next = strconv.Itoa(to)
	}
	return l
}

func (m madeSource) Page(_ context.Context, _ object.Range, _, next string) (object.Listed[object.Object], error) {
	return page(m.objects, 1000, next, m.object), nil
}

func (m madeSource) Open(context.Context, object.Ref, object.Span) (object.Head, io.ReadCloser, error) {
	return object.Head{Size: int64(len(m.body)), Sums: m.sums, Parts: 1}, io.NopCloser(bytes.NewReader(m.body)), nil
}

func (m madeTarget) Page(_ context.Context, _, _, next string) (object.Listed[object.Blob], error) {
	if !m.there {
		return object.Listed[object.Blob]{}, nil
	}
	return page(m.objects, 1000, next, func(i int) object.Blob {
		text := "1:9a0364b9e99bb480dd25e1f0284c8555:-:" + strconv.Itoa(len(m.body)) + ":0123456789abcdef:b:1700000000:3e23e816"
		return object.Blob{Name: m.key(i), ETag: "0x8D", Size: int64(len(m.body)), Mark: text}
	}), nil
}

func (m madeTarget) Put(context.Context, object.Write, []byte, object.Sums) (object.Receipt, error) {
	return object.Receipt{}, nil
}

// cpu is the user and system time of the process in seconds.
func cpu(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func bench(b *testing.B, n int, there bool) {
	m := &made{objects: n, body: body(1, 4096), there: there}
	m.sums = object.Sums{Known: object.CRC64, CRC64: objectworld.CRC(m.body)}
	s := objects.Settings{Source: "s3://b", Target: "az://a/c", Shards: 1}
	var used float64
	for b.Loop() {
		mover, err := objects.New(objects.Ports{Source: madeSource{made: m}, Target: madeTarget{made: m}, Folder: b.TempDir()}, s, move.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		before := cpu(b)
		r, err := mover.Copy(b.Context(), objects.Pass{ID: "p"}, io.Discard)
		if err != nil || r.Counts.Lines != int64(n) || r.Err() != nil {
			b.Fatalf("%v, %+v", err, r.Counts)
		}
		used += cpu(b) - before
	}
	b.ReportMetric(float64(n)*float64(b.N)/used, "objects/cpu-s")
}

// The aim is 150,000 of objects that are there, and 60,000 small copies.
func BenchmarkSame(b *testing.B)  { bench(b, 200_000, true) }
func BenchmarkSmall(b *testing.B) { bench(b, 100_000, false) }
