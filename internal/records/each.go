package records

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"example.com/landfall/internal/fault"
)

// Options say how files are read.
type Options struct {
	// Workers is how many files are read at once; 0 means the number of
	// processors, at most 16.
	Workers int
	// Progress is told how many bytes as stored were read since it was last
	// told. It is called concurrently.
	Progress func(n int64)
}

// Count returns the number of workers that Each uses for so many files.
func (o Options) Count(files int) int {
	n := o.Workers
	if n <= 0 {
		n = min(runtime.GOMAXPROCS(0), 16)
	}
	return max(1, min(n, files))
}

// Each calls read once per file, several at the same time, and tells what came
// of each. A copy of a file (equal bytes) is read once. The memory is bounded
// by the number of workers, whatever the files' sizes.
//
// An error of read makes that file unreadable and is in the report; the error
// of Each is only for a cancelled context. What read counted before an error
// is counted.
func Each(ctx context.Context, files []File, o Options, read func(context.Context, *Content) error) (Report, error) {
	same, err := copies(ctx, files)
	if err != nil {
		return Report{}, err
	}
	results := make([]Result, len(files))
	var next atomic.Int64
	var workers sync.WaitGroup
	for worker := range o.Count(len(files)) {
		workers.Go(func() {
			buf := make([]byte, chunkBytes)
			for ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= len(files) {
					return
				}
				results[i].Name = files[i].Name
				if of, ok := same[i]; ok {
					results[i].Same, results[i].Fingerprint = files[of.index].Name, of.sum
					if o.Progress != nil {
						o.Progress(files[i].Size)
					}
					continue
				}
				c := &Content{Name: files[i].Name, Worker: worker, Result: &results[i], file: files[i], buf: buf}
				c.readAll(ctx, o, read)
				buf = c.buf[:chunkBytes]
			}
		})
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	report := Report{Files: results}
	report.sort()
	return report, nil
}

// readAll opens, reads and finishes one file.
func (c *Content) readAll(ctx context.Context, o Options, read func(context.Context, *Content) error) {
	f, err := c.file.Open(ctx)
	if err != nil {
		c.Result.Err = err
		return
	}
	defer f.Close()
	c.raw = &measured{r: f, sum: sha256.New(), progress: o.Progress}
	var d decoder
	defer d.end()
	c.text, err = d.open(c.raw)
	if err != nil {
		c.done = true
		c.ended(err)
	} else if err := read(ctx, c); err != nil && c.Result.Err == nil {
		c.Result.Err = err
	}
	if ctx.Err() != nil {
		return
	}
	// What the parser did not need (the middle of a Parquet file, bytes behind
	// the last member) still belongs to the fingerprint.
	if _, err := io.Copy(io.Discard, c.raw); err != nil {
		if c.Result.Err == nil {
			c.Result.Err = fault.Wrap(err, "read log file", c.Name)
		}
		return
	}
	c.Result.Bytes = c.raw.n
	c.Result.Fingerprint = "sha256:" + hex.EncodeToString(c.raw.sum.Sum(nil))
}

// copied says which earlier file a file is a copy of.
type copied struct {
	index int
	sum   string
}

// copies finds the files that are copies of an earlier one. Only files of
// equal size can be, so few are looked at.
func copies(ctx context.Context, files []File) (map[int]copied, error) {
	bySize := map[int64][]int{}
	for i, f := range files {
		if f.Size > 0 {
			bySize[f.Size] = append(bySize[f.Size], i)
		}
	}
	same := map[int]copied{}
	for i, f := range files { // in order, so that the first of a group is always the same
		group := bySize[f.Size]
		if len(group) < 2 || group[0] != i {
			continue
		}
		seen := map[string]int{}
		for _, n := range group {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			sum := identity(ctx, files[n])
			if sum == "" {
				continue // the reading itself tells what is wrong with it
			}
			if first, ok := seen[sum]; ok {
				same[n] = copied{first, sum}
				continue
			}
			seen[sum] = n
		}
	}
	return same, nil
}

func identity(ctx context.Context, f File) string {
	if f.Tag != "" {
		return f.Tag
	}
	r, err := f.Open(ctx)
	if err != nil {
		return ""
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return ""
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
