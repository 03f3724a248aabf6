package listing_test

import (
	"context"
	"runtime"
	"strconv"
	"testing"

	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/object"
)

// made makes the listings of n entries, of which every tenth is missing at the
// source and every seventh at the target.
func made[T any](n, without int, entry func(name string) T) listing.Pages[T] {
	return &generator[T]{n: n, without: without, entry: entry}
}

type generator[T any] struct {
	at, n, without int
	entry          func(name string) T
}

func (g *generator[T]) Next(ctx context.Context) ([]T, error) {
	page := make([]T, 0, 1000)
	for ; g.at < g.n && len(page) < 1000; g.at++ {
		if g.at%g.without != 0 {
			number := strconv.Itoa(1_000_000_000 + g.at)
			page = append(page, g.entry("photos/2024/"+number+".jpg"))
		}
	}
	return page, ctx.Err()
}

func (g *generator[T]) Close() {}

func objects(name string) object.Object { return object.Object{Key: name, ETag: name[7:], Size: 4096} }

func blobs(name string) object.Blob {
	return object.Blob{Name: name, ETag: name, Size: 4096, Metadata: map[string]string{"landfall": "1:" + name}}
}

// peak merges n entries and returns the most memory in use, besides what was in
// use before, and how many names there were.
func peak(tb testing.TB, n int) (bytes uint64, names int) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapInuse
	source := listing.Ahead(tb.Context(), made(n, 10, objects), 2)
	target := listing.Ahead(tb.Context(), made(n, 7, blobs), 2)
	defer source.Close()
	defer target.Close()
	err := listing.Merge(tb.Context(), source, target, same, func(listing.Pair) error {
		if names++; names%(n/20) == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			if m.HeapInuse > before {
				bytes = max(bytes, m.HeapInuse-before)
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return bytes, names
}

// Not parallel: it measures the heap of the process.
func TestMemoryIsFlat(t *testing.T) {
	few, _ := peak(t, 10_000)
	many, names := peak(t, 1_000_000)
	if names < 980_000 {
		t.Errorf("merged %d names", names)
	}
	const bound = 16 << 20
	if few > bound || many > bound {
		t.Errorf("10,000 entries took %d KiB, 1,000,000 took %d KiB, want at most %d", few>>10, many>>10, bound>>10)
	}
}

// BenchmarkTenMillion is the memory of ten million entries; -benchtime 1x.
func BenchmarkTenMillion(b *testing.B) {
	for b.Loop() {
		bytes, names := peak(b, 10_000_000)
		b.ReportMetric(float64(bytes)/(1<<20), "MiB")
		b.ReportMetric(float64(names), "names")
		if bytes > 16<<20 {
			b.Errorf("took %d KiB", bytes>>10)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10e6, "ns/entry")
}
