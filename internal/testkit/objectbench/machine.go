package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/sandbox/tools"
)

// load is the average of the last minute, 0 where it cannot be told.
func load() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	value, _ := strconv.ParseFloat(first, 64)
	return value
}

// machine says in one line what the figures are of.
func machine() string {
	line := fmt.Sprintf("%s %s/%s, %d processors", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if model := field("/proc/cpuinfo", "model name"); model != "" {
		line += " (" + model + ")"
	}
	if memory := field("/proc/meminfo", "MemTotal"); memory != "" {
		if kib, err := strconv.Atoi(strings.TrimSuffix(memory, " kB")); err == nil {
			line += fmt.Sprintf(", %d GiB", (kib+1<<19)>>20)
		}
	}
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		line += ", kernel " + strings.TrimSpace(string(kernel))
	}
	return line
}

// field is the value behind the first such name of a file of /proc.
func field(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// heading is what stands above the tables.
func heading(o options, movers []mover, notes []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s; load %.1f; scale %g, %d runs, interleaved\n\n", time.Now().UTC().Format(time.RFC3339), machine(), load(), o.scale, o.runs)
	for _, m := range movers {
		fmt.Fprintf(&b, "- %s: %s\n", m.name, m.version)
	}
	for _, note := range notes {
		fmt.Fprintf(&b, "- %s\n", note)
	}
	if cache, err := tools.CacheDir(os.Getenv); err == nil {
		for _, name := range []tools.Name{tools.Versitygw, tools.Azurite} {
			if tool, err := tools.Locate(cache, name); err == nil {
				fmt.Fprintf(&b, "- %s %s\n", name, tool.Version)
			}
		}
	}
	fmt.Fprintln(&b)
	return b.String()
}
