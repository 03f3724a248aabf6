package compile

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/runbook"
)

const gib = 1 << 30

// sizeOf returns how many bytes a data store holds at most, 0 when it is not
// known, and who says so.
func (b *book) sizeOf(r *inventory.Resource) (bytes int64, from string) {
	if measured := b.stored(r); measured > 0 {
		return measured, "measured"
	}
	for _, at := range []struct {
		tree any
		path string
		unit float64
	}{
		{r.Properties, "AllocatedStorage", gib}, {r.Properties, "Size", gib}, {r.Properties, "StorageCapacity", gib},
		{r.Attributes, "TableSizeBytes", 1}, {r.Attributes, "SizeInBytes.Value", 1},
	} {
		if n, ok := design.Number(at.tree, at.path); ok && n > 0 && n*at.unit < math.MaxInt64/4 {
			return int64(n * at.unit), "allocated, an upper bound"
		}
	}
	return 0, ""
}

// stored adds up what the baseline says of the stored bytes of a resource.
func (b *book) stored(r *inventory.Resource) int64 {
	if b.Baseline == nil {
		return 0
	}
	total := 0.0
	for _, k := range b.Baseline.KPIs {
		if v, ok := k.Value(kpi.Max); ok && k.Subject.ID == r.ID && k.Metric == kpi.StorageUsed && v.Value > 0 && v.Value < math.MaxInt64/4 {
			total += v.Value
		}
	}
	return int64(total)
}

// sized kinds take time by their size.
func sized(kind string) bool { return !slices.Contains([]string{"queue", "secrets"}, kind) }

// point is a measured size and time.
type point struct{ gigabytes, minutes float64 }

// postgresTimes are Microsoft's own measurements of the migration service on a
// target of size D4ds_v4 (Microsoft Learn, "Best practices for seamless migration
// into Azure Database for PostgreSQL").
func postgresTimes() []point {
	return []point{{0, 1}, {1, 1}, {10, 8}, {50, 35}, {100, 60}, {500, 240}, {1024, 420}}
}

// throughput in bytes a second that is assumed until a rehearsal has measured
// it: modest figures, because a plan that is too slow does less harm than one
// that is too fast.
func throughput(kind string) float64 {
	const mib = 1 << 20
	switch kind {
	case "objects":
		return 100 * mib
	case "files", "redis", "sqlserver":
		return 50 * mib
	case "disks":
		return 60 * mib
	case "images":
		return 30 * mib
	case "dynamodb":
		return 10 * mib
	}
	return 25 * mib
}

// copySeconds is how long one whole copy takes, and how that is known.
func copySeconds(s *set) (seconds int64, basis string) {
	const fixed = 2 * minute // to begin and to end
	switch {
	case !sized(s.Kind):
		return fixed, "assumed: a few small items"
	case s.Bytes == 0:
		return hour, "assumed: its size is not known"
	case s.Kind == "postgres":
		return fixed + int64(interpolate(postgresTimes(), float64(s.Bytes)/gib)*minute), fmt.Sprintf("stated: Microsoft's measurements of the migration service, for %s (%s)", bytesText(s.Bytes), s.sizeFrom)
	}
	rate := throughput(s.Kind)
	return fixed + int64(float64(s.Bytes)/rate), fmt.Sprintf("assumed: %.0f MiB/s for %s (%s); a rehearsal measures it", rate/(1<<20), bytesText(s.Bytes), s.sizeFrom)
}

// interpolate goes straight from point to point, and on as the last two go.
func interpolate(points []point, x float64) float64 {
	for i := 1; i < len(points); i++ {
		if x <= points[i].gigabytes || i == len(points)-1 {
			a, b := points[i-1], points[i]
			return a.minutes + (x-a.gigabytes)*(b.minutes-a.minutes)/(b.gigabytes-a.gigabytes)
		}
	}
	return 0
}

// verifySeconds is how long it takes to compare both sides, which read their
// own copies at the same time.
func verifySeconds(s *set) int64 {
	copying, _ := copySeconds(s)
	return max(copying/3, 2*minute)
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<40:
		return strconv.FormatFloat(float64(n)/(1<<40), 'f', 1, 64) + " TiB"
	case n >= gib:
		return strconv.FormatFloat(float64(n)/gib, 'f', 0, 64) + " GiB"
	}
	return strconv.FormatFloat(math.Ceil(float64(n)/(1<<20)), 'f', 0, 64) + " MiB"
}

// canFollow says that changes can be carried over while the source is written.
// RDS for SQL Server goes to Azure SQL Database off line only, and on line to a
// managed instance or a machine (Microsoft Learn, "Azure Database Migration
// Service supported scenarios").
func canFollow(s *set) bool {
	switch s.Kind {
	case "postgres", "mysql", "objects", "files", "dynamodb", "images", "secrets":
		return true
	case "sqlserver":
		return strings.Contains(string(s.target), "managedInstances") || strings.Contains(string(s.target), "virtualMachines")
	}
	return false
}

// method chooses between following and one copy under the fence. One copy is
// simpler and leaves nothing running at the source, so it is taken where it
// fits well into the window of a strategy that has one; else what can be
// followed is followed.
func (b *book) method(s *set) string {
	if !canFollow(s) {
		return "offline"
	}
	copying, _ := copySeconds(s)
	forward := b.Choices.Window.Seconds - b.Choices.Window.RollbackSeconds
	if forward <= 0 {
		forward = hour // a window is one to two hours long, with half an hour of buffer
	}
	if b.strategy == runbook.BigBang && s.Bytes > 0 && copying+verifySeconds(s) <= forward/4 {
		return "offline"
	}
	return "online"
}
