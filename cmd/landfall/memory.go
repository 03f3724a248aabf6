package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The program keeps within usualMemory as long as what it holds leaves room in
// it, and grows by closeRoom beyond what it holds up to largeMemory: 100,000
// resources with 1,050,000 edges run in a control group of 1 GiB; see
// docs/benchmarks.md. Beyond that room grows with what is held.
const (
	usualMemory = 720 << 20
	closeRoom   = 100 << 20
	largeMemory = 850 << 20
)

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
			want := max(int64(usualMemory), held+closeRoom)
			if held > largeMemory {
				want = held + held/4
			}
			if want > limit || want < limit-limit/16 {
				limit = want
				debug.SetMemoryLimit(limit)
			}
		}
	}()
}
