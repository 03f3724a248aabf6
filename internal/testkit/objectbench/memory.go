package main

import (
	"context"
	"crypto/sha256"
	"fmt"

	"example.com/landfall/internal/testkit/objectkit"
)

// listings are how many objects are listed, on both sides.
func listings(scale float64) []int {
	return []int{10_000, max(10_000, int(1e6*scale)), max(10_000, int(1e7*scale))}
}

// memory lists made-up objects that are all there, and prints the peak. Only
// Landfall is measured: the peers know no marks, so they would find nothing
// equal, and no object can be read.
func (b *bench) memory(ctx context.Context) error {
	fmt.Fprintln(b.to, "Nothing to do, all listed on both sides by a synthetic server:\n\n| mover | objects | s | CPU s | objects a CPU second | peak MiB (own) | load |\n|---|---|---|---|---|---|---|")
	for _, n := range listings(b.scale) {
		for _, m := range b.movers {
			if m.name != moverLandfall && m.name != moverPipeline {
				continue
			}
			r, err := b.list(ctx, m, n)
			if err != nil {
				return err
			}
			fmt.Fprintf(b.to, "| %s | %d | %.2f | %.2f | %.0f | %.0f (%.0f) | %.1f |\n", m.name, n, r.Seconds, r.CPU, float64(n)/r.CPU, r.RSS, r.Own, r.Load)
		}
	}
	fmt.Fprintln(b.to)
	return nil
}

func (b *bench) list(ctx context.Context, m mover, n int) (record, error) {
	listing := &objectkit.Listing{N: n, Shape: objectkit.Deep}
	source, stopSource, err := objectkit.Listen(listing)
	if err != nil {
		return record{}, err
	}
	defer stopSource()
	url, stopTarget, err := objectkit.Listen(listing.Blobs(func(i int) map[string]string {
		return map[string]string{"landfall": mark(listing, i)}
	}))
	if err != nil {
		return record{}, err
	}
	defer stopTarget()
	w, err := b.work(listingBucket, place{url: url + "/" + account, key: b.servers.key, container: "target"})
	if err != nil {
		return record{}, err
	}
	w.store.url = source
	return b.once(ctx, m, w, record{Target: "listing", Set: fmt.Sprintf("%d listed", n), Pass: passAgain, Run: 1, Objects: n}, nil)
}

const listingBucket = "listing"

// mark is that of a copy that was proved by a hash:
// "1:ETag:version:size:CRC64:proof:time:origin".
func mark(l *objectkit.Listing, i int) string {
	origin := sha256.Sum256([]byte(listingBucket))
	return fmt.Sprintf("1:%s:-:%d:0011223344556677:b:%d:%x", l.ETag(i), l.Size(i), l.Modified().Unix(), origin[:4])
}
