package preflight

import (
	"fmt"
	"slices"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

// defaultJobs is how many tables are copied at once when nobody says otherwise.
const defaultJobs = 4

func jobs(o Options) int {
	if o.Jobs > 0 {
		return o.Jobs
	}
	return defaultJobs
}

// The rates that nothing here measures. indexRate is what one worker built of a
// primary key of ten million rows (214 MB in 5.8 s on an idle core); compareShare is
// how much of a copy's time reading and hashing on the two servers takes.
const (
	indexRate    = 35 << 20
	compareShare = 0.5
	// slack is how far the whole may exceed what was added up: applying, waiting, a
	// target that is slower than the source was read.
	slack = 2
)

// estimate adds up what there is to do and how long the sample says it takes.
func (j *judge) estimate(samples []facts.Sample) Estimate {
	e := Estimate{Tables: len(j.s.Tables), Samples: samples, Basis: []string{}}
	for _, t := range j.s.Tables {
		e.Rows += t.Rows
		e.Bytes += t.Bytes
		e.Indexes += t.Indexes
		e.IndexBytes += t.IndexBytes
	}
	var stored int64
	var seconds float64
	for _, s := range samples {
		stored, seconds = stored+s.Stored, seconds+s.Seconds
	}
	if seconds == 0 || stored == 0 {
		e.Basis = append(e.Basis, "Nothing was measured: no table is large enough to tell, or the sample was left out.")
		return e
	}
	one := float64(stored) / seconds
	e.Basis = append(e.Basis, fmt.Sprintf("An estimate. %s were read from this computer, %s of table in %.1f s by one session.", count(len(samples), "sample"), size(stored), seconds))
	streams := float64(min(jobs(j.o), max(1, e.Tables)))
	best := one * streams
	if most := j.throughput(); most > 0 && best > most {
		best = most
		e.Basis = append(e.Basis, fmt.Sprintf("The target's compute size %s writes at most %s a second.", j.o.Planned.SKU, size(int64(most))))
	}
	e.BytesPerSecond = best
	e.CopySeconds = float64(e.Bytes) / best
	e.IndexSeconds = float64(e.IndexBytes) / (indexRate * streams)
	e.CompareSeconds = e.CopySeconds * compareShare
	e.LowSeconds = e.CopySeconds + e.IndexSeconds
	e.HighSeconds = slack * (float64(e.Bytes)/min(one, best) + float64(e.IndexBytes)/indexRate + e.CompareSeconds)
	e.Basis = append(e.Basis,
		fmt.Sprintf("The low end has %.0f sessions at that speed each, the high end one, and twice the time of everything, because how fast the target writes was not measured.", streams),
		fmt.Sprintf("Indexes at %s a second and session, which was measured for a primary key on an idle core.", size(indexRate)),
		"Comparing every row takes about half as long as copying; it runs while changes are followed.")
	return e
}

// throughput is what the target's compute size can write in bytes a second, 0
// when it is not known.
func (j *judge) throughput() float64 {
	i := slices.IndexFunc(j.sizes, func(s catalog.DBSku) bool { return s.Name == j.o.Planned.SKU })
	if i < 0 {
		return 0
	}
	return j.sizes[i].MBps * (1 << 20)
}
