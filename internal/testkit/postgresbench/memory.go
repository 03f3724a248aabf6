package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// sampleEvery is the pause between two looks at the memory of a mover.
const sampleEvery = 200 * time.Millisecond

// peak looks at a process and all that it started until stop is called, which tells
// the most memory that they held together, in MiB: pages that are no file's and that
// nobody shares (RssAnon of proc(5)). ru_maxrss would tell that of this process as
// well, which they were for a moment after they had been forked.
func peak(pid int) (stop func() float64) {
	quit, most := make(chan struct{}), make(chan float64, 1)
	go func() {
		highest := 0.0
		for {
			highest = max(highest, anonymous(pid, 0))
			select {
			case <-quit:
				most <- highest
				return
			case <-time.After(sampleEvery):
			}
		}
	}()
	return func() float64 {
		close(quit)
		return <-most
	}
}

// deepest bounds how far children of children are looked for.
const deepest = 6

func anonymous(pid, depth int) float64 {
	dir := "/proc/" + strconv.Itoa(pid)
	text, err := os.ReadFile(dir + "/status")
	if err != nil || depth > deepest {
		return 0 // it has ended
	}
	mib := anonymousOf(string(text))
	lists, _ := filepath.Glob(dir + "/task/*/children")
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				mib += anonymous(child, depth+1)
			}
		}
	}
	return mib
}

// anonymousOf reads the RssAnon of a status, in MiB.
func anonymousOf(status string) float64 {
	_, rest, _ := strings.Cut(status, "RssAnon:")
	word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kib, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return 0
	}
	return kib / 1024
}
