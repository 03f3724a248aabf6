package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// usualMemory is what the program keeps within, as long as what it holds leaves
// room in it: 100,000 resources with 779,000 edges do, and run in a control
// group of 1 GiB; see docs/benchmarks.md.
const usualMemory = 800 << 20

// boundMemory has the garbage collector work more often near usualMemory. What
// holds more than that gets more: a limit below what is held would only burn
// time (Go documentation, "A Guide to the Go Garbage Collector", memory limit).
// Who sets GOGC or GOMEMLIMIT decides for himself.
func boundMemory() {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if _, set := os.LookupEnv(name); set {
			return
		}
	}
	limit := int64(usualMemory)
	debug.SetMemoryLimit(limit)
	go func() {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		for range time.Tick(200 * time.Millisecond) {
			metrics.Read(live)
			held := int64(live[0].Value.Uint64())
			want := int64(usualMemory)
			if held > want {
				want = held + held/4
			}
			if want > limit || want < limit-limit/8 {
				limit = want
				debug.SetMemoryLimit(limit)
			}
		}
	}()
}
