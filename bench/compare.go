package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// compare measures both readers on both kinds and prints a table. Runs
// alternate, so that what else the machine does hits both.
func compare(ctx context.Context, o options, to io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Fprintln(to, "| log | compressed MiB | reader | median s | MiB/s | CPU s | peak RSS MiB | times as fast as DuckDB | by CPU |\n|---|---|---|---|---|---|---|---|---|")
	for _, what := range []string{whatFlow, whatTrail, whatResidual} {
		if o.what != what && (o.what != "" || what == whatResidual) {
			continue
		}
		size, err := sizeOf(filepath.Join(o.dir, folderOf(what)))
		if err != nil {
			return err
		}
		runs := map[string][]measured{}
		for range o.runs {
			for _, reader := range readersOf(what) {
				m, err := child(ctx, self, o, what, reader)
				if err != nil {
					return err
				}
				runs[reader] = append(runs[reader], m)
			}
		}
		duck := median(runs[readerDuck])
		for _, reader := range readersOf(what) {
			m := median(runs[reader])
			if m.answer != duck.answer {
				return fmt.Errorf("%s: the answers of %s and %s differ: %+v and %+v", what, reader, readerDuck, m.answer, duck.answer)
			}
			fmt.Fprintf(to, "| %s | %.0f | %s | %.1f | %.0f | %.1f | %d | %.2f | %.2f |\n", what, size, reader, m.Seconds, size/m.Seconds, m.CPUSeconds, m.RSSMiB,
				duck.Seconds/m.Seconds, duck.CPUSeconds/m.CPUSeconds)
		}
	}
	return nil
}

// readersOf are the readers that are compared on one question.
func readersOf(what string) []string {
	if what == whatResidual {
		return []string{readerOurs, readerDuck, readerJQ}
	}
	return []string{readerOurs, readerDuck}
}

// folderOf is where the files of a question lie.
func folderOf(what string) string {
	if what == whatResidual {
		return whatTrail
	}
	return what
}

func child(ctx context.Context, self string, o options, what, reader string) (measured, error) {
	c := exec.CommandContext(ctx, self, "read", "--dir", o.dir, "--what", what, "--reader", reader, "--threads", strconv.Itoa(o.threads))
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return measured{}, fmt.Errorf("read %s with %s: %w", what, reader, err)
	}
	var m measured
	return m, json.Unmarshal(out, &m)
}

func median(list []measured) measured {
	slices.SortFunc(list, func(a, b measured) int {
		switch {
		case a.Seconds < b.Seconds:
			return -1
		case a.Seconds > b.Seconds:
			return 1
		}
		return 0
	})
	return list[len(list)/2]
}

// sizeOf is the size of a folder in MiB.
func sizeOf(dir string) (float64, error) {
	var total int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return float64(total) / (1 << 20), err
}
